"""Prints every figure of the benchmark; under a minute. `python -m benchmarks.run`."""

from __future__ import annotations

import logging
import tempfile
import time

import structlog

from benchmarks import jobs, offers, orders, units, webhooks
from benchmarks.measure import Line, measure

ROUNDS = 3
CASES = [*units.CASES, *jobs.CASES, *webhooks.CASES, *offers.CASES, *orders.CASES]


def main() -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    began = time.monotonic()
    print(
        f"{ROUNDS} rounds in turns, medians; databases in {tempfile.gettempdir()} (set TMPDIR to measure another disk)"
    )
    group = ""
    for line in measure(CASES, ROUNDS):
        if line.case.group != group:
            group = line.case.group
            print(f"\n{group:<33}{'per second':>12}{'ratio':>8}")
        print(_row(line))
    print(f"\n{time.monotonic() - began:.0f} s")


def _row(line: Line) -> str:
    return f"  {line.case.name:<31}{line.rate:>12,.0f}{line.ratio:>8.2f}  {line.note}"


if __name__ == "__main__":
    main()
