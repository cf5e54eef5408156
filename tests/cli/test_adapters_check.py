"""``syncbridge adapters check``, on the adapter that the how-to builds, installed as somebody else's package."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from syncbridge.cli.main import app

pytestmark = pytest.mark.process
HOW_TO = Path(__file__).parents[2] / "docs" / "how-to" / "add-an-adapter.md"
FILE = re.compile(r"^`(acme/\w+\.py)`:\n```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ENTRY_POINTS = re.compile(r"^```toml\n\[project\.entry-points\.\"(.*?)\"\]\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of installed packages, with the how-to's files and entry point in it."""
    text = HOW_TO.read_text("utf-8")
    files = dict(FILE.findall(text))
    assert files.keys() == {"acme/__init__.py", "acme/mock.py", "acme/contracts.py"}
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content, "utf-8")
    ((group, entries),) = ENTRY_POINTS.findall(text)
    about = tmp_path / "acme-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: acme\nVersion: 1.0\n")
    unquoted = entries.replace('"', "")
    (about / "entry_points.txt").write_text(f"[{group}]\n{unquoted}")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def check_at_a_shell() -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "syncbridge", "adapters", "check", "acme"]
    environ = {**os.environ, "LC_ALL": "C"}
    return subprocess.run(command, env=environ, capture_output=True, text=True, check=False)


def check(name: str = "acme", *options: str) -> Result:
    """The same without loading syncbridge again; the contracts run in a process of their own all the same."""
    return CliRunner().invoke(app, ["adapters", "check", name, *options], env={"LC_ALL": "C"})


def answer() -> dict[str, Any]:
    told: dict[str, Any] = json.loads(check("acme", "--json").stdout)
    return told


def change(site: Path, file: str, old: str, new: str) -> None:
    text = (site / file).read_text("utf-8")
    assert old in text
    (site / file).write_text(text.replace(old, new), "utf-8")


def test_the_adapter_of_the_how_to_keeps_its_contract(site: Path) -> None:
    done = check_at_a_shell()
    assert (done.returncode, done.stdout, done.stderr) == (0, "acme: Rates: 10 kept\n", "")
    assert "acme: Rates: 10 kept\n" in HOW_TO.read_text("utf-8")


def test_a_broken_contract_is_named_with_its_test(site: Path) -> None:
    change(site, "acme/__init__.py", "value = Decimal(text)", "value = Decimal(float(text))")
    done = check()
    assert done.exit_code == 1
    assert "TestAcme::test_a_days_rates_are_exactly_as_told" in done.stdout
    contract = answer()["contracts"][0]
    assert contract["contract"] == "Rates"
    assert contract["passed"] + len(contract["failures"]) == 10


def test_plugins_of_pytest_that_happen_to_be_installed_have_no_say(site: Path) -> None:
    with (site / "acme-1.0.dist-info" / "entry_points.txt").open("a") as entries:
        entries.write("[pytest11]\nstrange = strange\n")
    (site / "strange.py").write_text("raise RuntimeError('loaded all the same')\n")
    done = check()
    assert (done.exit_code, done.stdout) == (0, "acme: Rates: 10 kept\n")


def test_a_module_that_cannot_be_read_says_why(site: Path) -> None:
    change(site, "acme/contracts.py", "from acme.mock import AcmeMock", "from acme.mok import AcmeMock")
    done = check()
    assert done.exit_code == 1
    assert "acme.mok" in done.stderr


def test_a_package_without_contracts_says_which_module_is_looked_for(site: Path) -> None:
    (site / "acme" / "contracts.py").unlink()
    done = check()
    assert (done.exit_code, done.stderr) == (1, "there is no module acme.contracts\n")


def test_tests_of_its_own_run_too_and_a_module_without_any_is_no_success(site: Path) -> None:
    contracts = site / "acme" / "contracts.py"
    contracts.write_text("def test_it() -> None:\n    assert True\n")
    assert check().stdout == "acme: its own tests: 1 kept\n"
    contracts.write_text("")
    done = check()
    assert done.exit_code == 1
    assert "acme.contracts holds no tests" in done.stderr


def test_an_unknown_adapter_names_those_there_are(site: Path) -> None:
    done = check("acne")
    assert done.exit_code == 4
    assert "there is no adapter 'acne'; there are acme, alibaba1688," in done.stderr


def test_an_ability_nobody_checks_is_named(site: Path) -> None:
    booking = """

class Vendor(Bank):
    class vendor:
        async def lines(self, draft): ...
        async def book(self, draft): ...
        async def booked(self, draft, *, since): ...
        async def label(self, booking): ...

    vendor = vendor()


class TestMore(RatesContract):
    @pytest.fixture
    def harness(self) -> Vendor:
        return Vendor()
"""
    with (site / "acme" / "contracts.py").open("a") as file:
        file.write(booking)
    assert answer()["unchecked"] == ["Booking"]


def test_what_lies_about_in_the_working_directory_changes_nothing(site: Path) -> None:
    (site / "conftest.py").write_text("raise SystemExit(9)\n")
    (site / "pytest.ini").write_text("[pytest]\naddopts = --nonsense\n")
    assert check_at_a_shell().returncode == 0
