"""Many real kills: the daemon dies at its n-th call, for n = 1, 2, … until a day ends before that; then the next seed.

``python -m tests.crash.soak --kills 1000`` prints its tally as one line of JSON, and exits with 1 if anything differs.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field
from itertools import count
from multiprocessing import get_context
from pathlib import Path

from syncbridge.rules.mapping import ShippingWay
from syncbridge.testing.control import MockControl
from tests.crash.books import judge
from tests.crash.daemon import Doom
from tests.crash.day import Day, Ending
from tests.crash.vendors import vendors

WORKERS = 2
ROUND = 24
"""Days that share their vendors, whose books only grow."""
ABREAST = 5
"""Days of a worker at the same time: most of a day is waiting."""


@dataclass
class Tally:
    """What happened; all but the first two must be nothing."""

    kills: int = 0
    runs: int = 0
    doubled: int = 0
    lost: int = 0
    bought_after_cancel: int = 0
    outside_band: int = 0
    unbalanced: list[str] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        """Count another's, too."""
        for name, value in asdict(other).items():
            setattr(self, name, getattr(self, name) + value)


def play(kills: int) -> Tally:
    """Play days until so many real SIGKILLs were made."""
    total = Tally()
    shares = [kills // WORKERS + (worker < kills % WORKERS) for worker in range(WORKERS)]
    with ProcessPoolExecutor(WORKERS, mp_context=get_context("forkserver")) as pool:
        for tally in pool.map(_share, range(WORKERS), shares):
            total.add(tally)
    return total


def _share(worker: int, kills: int) -> Tally:
    """What one worker plays: of every seed, the day that dies at its first call, or its second, and every other on."""
    tally = Tally()
    for seed in count():
        for first in count(1 + worker, ROUND * WORKERS):
            if tally.kills >= kills:
                return tally
            of_days = asyncio.run(_round(seed, range(first, first + ROUND * WORKERS, WORKERS)))
            for of_day in of_days:
                tally.add(of_day)
            if not any(of_day.kills for of_day in of_days):
                break
    raise AssertionError("seeds never end")


async def _round(seed: int, calls: Sequence[int]) -> list[Tally]:
    """Days of one seed, each of which dies at another call, and where the seed's dice say once more.

    The supplier is quick and slow to answer, and to list what was bought, by turns.
    """
    gate, turn = asyncio.Semaphore(ABREAST), seed + calls[0] // ROUND

    async def one(day: Day) -> Tally:
        async with gate:
            day.folder.mkdir()
            try:
                return _tally(seed, await day.play())
            except Exception as error:  # noqa: BLE001  a day that breaks off is told, and ends no other
                return Tally(day.kills, 1, unbalanced=[f"seed {seed}, call {day.number}: {error!r}"])

    with vendors() as base_url, tempfile.TemporaryDirectory() as folder:
        async with MockControl(f"{base_url}/alibaba1688") as supplier:
            delay, lag = 0.3 * (turn % 2), 0.5 * (turn % 3)
            await supplier.tell("switches", trade_delay_seconds=delay, list_lag_seconds=lag)
        days = []
        for call in calls:
            ending = list(Ending)[(seed + call) % len(Ending)]
            way = list(ShippingWay)[(seed + call // len(Ending)) % len(ShippingWay)]
            dooms = [Doom(call=call), Doom(call=random.Random(f"{seed} {call}").randint(1, call))]
            days.append(Day(call, Path(folder, str(call)), base_url, dooms, ending, way, whole=False))
        return await asyncio.gather(*(one(day) for day in days))


def _tally(seed: int, day: Day) -> Tally:
    verdict = judge(day)
    unbalanced = [f"seed {seed}, call {day.number}: {finding}" for finding in verdict.unbalanced]
    return Tally(
        day.kills, 1, verdict.doubled, verdict.lost, verdict.bought_after_cancel, verdict.outside_band, unbalanced
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=1000)
    tally = play(parser.parse_args().kills)
    sys.stdout.write(json.dumps(asdict(tally)) + "\n")
    sys.exit(1 if tally.unbalanced else 0)


if __name__ == "__main__":
    main()
