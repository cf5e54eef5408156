# Everything runs from .venv, which is made once and again only when a lock or pyproject.toml changes.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
SEEDS ?= 10000
# Tests start many processes: each would compile every module anew.
export PYTHONDONTWRITEBYTECODE :=
SHOPS := $(patsubst %/cases,%,$(wildcard mappings/*/cases))

.PHONY: help setup demo test long check lint coverage mutants soak bench size docs lock clean

help:  ## this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/'

setup: $(READY)  ## the virtual environment, pinned and hashed

$(READY): requirements.lock requirements-dev.lock pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: setup  ## mock vendors, the daemon and 24 orders, on this machine, without a key
	$(BIN)/syncbridge demo $(ARGS)

test: setup  ## all tests but the long ones
	$(BIN)/pytest -n 4 --dist worksteal -m "not long" $(ARGS)

long: setup  ## those that take more than ten seconds of a core: an old store is adopted, thousands of malformed calls (4 minutes)
	$(BIN)/pytest -m long

lint: setup coverage  ## style, types, import contracts, mapping files, branches of the rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	set -e; for shop in mappings $(SHOPS); do $(BIN)/syncbridge rules check $$shop; done

check: lint test  ## what .ci/run runs

coverage: setup  ## fails unless the rules' own tests take every branch of the rules
	$(BIN)/coverage run -m pytest --quiet -m "not hypothesis" tests/rules tests/mappings
	$(BIN)/coverage report

mutants: setup  ## changes money and idempotency code on purpose; fails if tests notice under 90 % (5 to 10 minutes)
	rm -rf mutants
	$(BIN)/mutmut run --max-children 2
	$(BIN)/python -m tests.mutants

soak: setup coverage mutants long  ## long: mutants, demos, 1,000 real kills, $(SEEDS) seeds in process, 24 simulated days, long state machine
	$(BIN)/python -m tests.soak --seeds $(SEEDS)

bench: setup  ## figures of the store and the job path, as ratios in one run
	$(BIN)/python -m benchmarks.run

size: setup  ## a resync of 10,000, 100,000 and 1,000,000 SKUs with nothing changed: rows written, rate, memory (20 minutes)
	$(BIN)/python -m benchmarks.size

docs: setup  ## docs/reference/vendors.md, the page of all calls of all vendors, from the code
	$(BIN)/python -m tests.adapters.vendor_calls

lock: setup  ## resolve the locks again (universal, hashed, no index named)
	$(BIN)/pip install --quiet "uv==0.13.9"
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --python-version 3.11 --no-header pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --python-version 3.11 --no-header -c requirements.lock --group dev pyproject.toml requirements-build.in -o requirements-dev.lock

clean:
	rm -rf .venv
