"""How things are compared: in turns, each time on a fresh database, by the median of the rounds."""

from __future__ import annotations

import gc
import itertools
import tempfile
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TypeVar

import anyio

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Figure:
    """What one run of a case gave."""

    count: int
    seconds: float
    note: str = ""

    @property
    def rate(self) -> float:
        return self.count / self.seconds


@dataclass(frozen=True, slots=True)
class Case:
    """One way to do the work of its group; `work` is given an empty folder."""

    group: str
    name: str
    work: Callable[[Path], Figure]


@dataclass(frozen=True, slots=True)
class Line:
    """A case after all rounds."""

    case: Case
    rate: float
    ratio: float
    """Against the first case of the group, by the median of the rounds' own ratios."""
    note: str


def measure(cases: Sequence[Case], rounds: int) -> list[Line]:
    """Run every case once a round, so that a slow minute of the machine falls on all of them."""
    runs = [[_once(case) for case in cases] for _ in range(rounds)]
    return [_line(cases, place, runs) for place in range(len(cases))]


async def at_once(work: Callable[[T], Awaitable[object]], things: Iterable[T], most: int) -> None:
    """Do this with each thing, so many at a time."""
    shared = iter(things)

    async def drain() -> None:
        for thing in shared:
            await work(thing)

    async with anyio.create_task_group() as group:
        for _ in range(most):
            group.start_soon(drain)


def _once(case: Case) -> Figure:
    gc.collect()
    with tempfile.TemporaryDirectory(prefix="syncbridge-bench-") as folder:
        return case.work(Path(folder))


def _line(cases: Sequence[Case], place: int, runs: Sequence[Sequence[Figure]]) -> Line:
    case = cases[place]
    first = next(n for n in itertools.count() if cases[n].group == case.group)
    rates = [run[place].rate for run in runs]
    ratios = [run[place].rate / run[first].rate for run in runs]
    return Line(case, median(rates), median(ratios), runs[-1][place].note)
