"""The long proof: demos on many seeds, demos under kills, and thousands of seeds in process.

Run by ``make soak``; the last line is JSON.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path

import structlog

from tests.e2e.test_demo import play
from tests.simulation.sim import Sim

DEMOS = range(1, 21)
KILLED = range(101, 106)
KILLS = 20
CORES = 2


@dataclass
class Tally:
    """What was played, and what went wrong."""

    demos: int = 0
    kills: int = 0
    seeds: int = 0
    faults: int = 0
    doubled: int = 0
    lost: int = 0
    unbalanced: list[str] = field(default_factory=list)
    seconds: float = 0.0


def main() -> int:
    """Play everything; ends 1 if a single book does not balance."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=2000, help="seeds in process")
    parser.add_argument("--demos", type=int, default=len(DEMOS), help="demos over HTTP")
    parser.add_argument("--killed", type=int, default=len(KILLED), help="demos under kills")
    asked = parser.parse_args()
    began = time.monotonic()
    tally = Tally()
    with ProcessPoolExecutor(CORES) as pool:
        demos = [(seed, 0) for seed in DEMOS[: asked.demos]] + [(seed, KILLS) for seed in KILLED[: asked.killed]]
        for told in pool.map(_demo, demos):
            _count_demo(tally, told)
        for done, told in enumerate(pool.map(_seed, range(asked.seeds), chunksize=10), start=1):
            _count_seed(tally, told)
            if done % 200 == 0:
                _say(f"{done} seeds, {len(tally.unbalanced)} unbalanced")
    tally.seconds = round(time.monotonic() - began, 1)
    _say(json.dumps(asdict(tally)))
    return 1 if tally.unbalanced else 0


def _demo(asked: tuple[int, int]) -> tuple[str, dict[str, object]]:
    seed, kills = asked
    name = f"demo --seed {seed} --kills {kills}"
    try:
        with tempfile.TemporaryDirectory() as folder:
            return name, play(Path(folder), "--seed", str(seed), "--kills", str(kills))
    except AssertionError as error:
        return name, {"differences": [str(error)[-500:]]}


def _seed(seed: int) -> tuple[str, dict[str, object]]:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    with tempfile.TemporaryDirectory() as folder:
        sim = Sim(seed, Path(folder))
        try:
            books = sim.play()
        except TimeoutError as error:
            return f"seed {seed}", {"differences": [str(error)]}
        told = {"doubled": books.doubled, "lost": books.lost, "differences": list(books.differences)}
        return f"seed {seed}", {**told, "faults": sim.faults, "kills": sim.kills}


def _count_demo(tally: Tally, told: tuple[str, dict[str, object]]) -> None:
    name, plain = told
    _say(f"{name}: {plain.get('seconds')} s, {plain.get('differences')}")
    tally.demos += 1
    renamed = {**plain, "doubled": plain.get("purchase_orders_doubled", 0), "lost": plain.get("orders_lost", 0)}
    _count(tally, name, renamed)


def _count_seed(tally: Tally, told: tuple[str, dict[str, object]]) -> None:
    tally.seeds += 1
    _count(tally, *told)


def _count(tally: Tally, name: str, plain: dict[str, object]) -> None:
    for figure in ("kills", "faults", "doubled", "lost"):
        setattr(tally, figure, getattr(tally, figure) + int(str(plain.get(figure, 0))))
    if plain["differences"]:
        tally.unbalanced.append(f"{name}: {plain['differences']}")


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
