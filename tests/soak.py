"""The long proof, run by ``make soak``: demos, real kills, thousands of seeds, the long state machine, and 24 days.

The line before the last is the whole tally, the last one the figures; `kills` there are real SIGKILLs only.
Interrupted, it goes on where it was as long as no file of the program, or of what plays it, has changed.
"""

from __future__ import annotations

import argparse
import functools
import hashlib
import json
import logging
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path

import structlog

from syncbridge.demo.books import Balance
from tests.crash import soak as crash
from tests.e2e.test_demo import play as play_demo
from tests.simulation import days
from tests.simulation.drawn import drawn
from tests.simulation.points import POINTS
from tests.simulation.sim import Sim

DEMOS = range(1, 21)
KILLED = range(101, 106)
KILLS_OF_A_DEMO = 20
LEAST_KILLS = 1000
CORES = 2
PLAYERS = frozenset({"crash", "e2e", "simulation"})
"""Folders of tests whose tests are played here; those of the others have no say in how a play ends."""
PROGRESS = Path(".soak.json")
"""The tally of a soak under way, and the digest of the files it is of."""
Told = dict[str, object]
"""What one play has to say: the names of `Tally` it adds to, and ``differences``."""


@dataclass
class Tally:
    """What was played, and what went wrong."""

    demos: int = 0
    kills: int = 0
    """Real ones, by SIGKILL."""
    simulated_kills: int = 0
    seeds: int = 0
    days: int = 0
    faults: int = 0
    doubled: int = 0
    lost: int = 0
    bought_after_cancel: int = 0
    outside_band: int = 0
    points: dict[str, int] = field(default_factory=dict)
    """How often seeds died at each named point."""
    unbalanced: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)

    def add(self, name: str, told: Mapping[str, object]) -> None:
        """Count one play."""
        for figure in ("demos", "kills", "simulated_kills", "seeds", "days", "faults", *WRONG):
            setattr(self, figure, getattr(self, figure) + int(str(told.get(figure, 0))))
        self.points = dict(Counter(self.points) + Counter(told.get("points", ())))  # type: ignore[call-overload]  # names
        if told["differences"]:
            self.unbalanced.append(f"{name}: {told['differences']}")

    @property
    def figures(self) -> dict[str, int]:
        """What the last line says."""
        return {name: getattr(self, name) for name in ("seeds", "kills", "faults", *WRONG)}


WRONG = ("doubled", "lost", "bought_after_cancel", "outside_band")


def main() -> int:
    """Play everything; ends 1 if a single book does not balance."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=10_000, help="seeds in process")
    parser.add_argument("--demos", type=int, default=len(DEMOS), help="demos over HTTP")
    parser.add_argument("--killed", type=int, default=len(KILLED), help="demos under kills")
    parser.add_argument("--kills", type=int, default=LEAST_KILLS, help="real SIGKILLs in all, at least")
    parser.add_argument("--days", type=int, default=1, help="times 24 days")
    asked = parser.parse_args()
    tally = _so_far()
    with ProcessPoolExecutor(CORES) as pool:
        demos = [(seed, 0) for seed in DEMOS[: asked.demos]]
        demos += [(seed, KILLS_OF_A_DEMO) for seed in KILLED[: asked.killed]]
        seeds, days_left = range(tally.seeds, asked.seeds), range(1 + tally.days // days.DAYS, asked.days + 1)
        _timed(tally, "demos", lambda: _count(tally, pool.map(_demo, demos[tally.demos :]), every=1))
        _timed(tally, "crash", lambda: _crash(tally, max(0, asked.kills - tally.kills)))
        _timed(tally, "seeds", lambda: _count(tally, pool.map(_seed, seeds, chunksize=10), every=100))
        _timed(tally, "days", lambda: _count(tally, pool.map(_days, days_left), every=1))
        _timed(tally, "machine", lambda: _machine(tally))
    PROGRESS.unlink()
    never = set(POINTS) - tally.points.keys() if asked.seeds >= len(POINTS) else set()
    tally.unbalanced += [f"no seed died at {point}" for point in sorted(never)]
    _say(json.dumps(asdict(tally)))
    _say(json.dumps(tally.figures, separators=(",", ":")))
    return 1 if tally.unbalanced else 0


def _timed(tally: Tally, what: str, play: Callable[[], None]) -> None:
    began = time.monotonic()
    play()
    tally.seconds[what] = round(tally.seconds.get(what, 0) + time.monotonic() - began, 1)
    _keep(tally)


def _so_far() -> Tally:
    """What an interrupted soak of these very files has counted."""
    if PROGRESS.exists():
        kept = json.loads(PROGRESS.read_text())
        if kept["of"] == _digest():
            return Tally(**kept["tally"])
    return Tally()


def _keep(tally: Tally) -> None:
    written = PROGRESS.with_suffix(".new")
    written.write_text(json.dumps({"of": _digest(), "tally": asdict(tally)}))
    written.replace(PROGRESS)


@functools.cache
def _digest() -> str:
    """Of everything that may decide how a play ends."""
    files = sorted(path for top in ("src", "tests", "mappings") for path in Path(top).rglob("*.*") if path.is_file())
    digest = hashlib.sha256()
    for path in files:
        if "__pycache__" not in path.parts and (not path.match("tests/*/test_*.py") or path.parts[1] in PLAYERS):
            digest.update(f"{path}\n".encode() + path.read_bytes())
    return digest.hexdigest()


def _count(tally: Tally, plays: Iterable[tuple[str, Told]], *, every: int) -> None:
    for done, (name, told) in enumerate(plays, start=1):
        tally.add(name, told)
        if done % every == 0:
            _keep(tally)
            _say(f"{name}: {len(tally.unbalanced)} unbalanced so far")


def _demo(asked: tuple[int, int]) -> tuple[str, Told]:
    seed, kills = asked
    name = f"demo --seed {seed} --kills {kills}"
    try:
        with tempfile.TemporaryDirectory() as folder:
            told = play_demo(Path(folder), "--seed", str(seed), "--kills", str(kills))
    except Exception as error:  # noqa: BLE001  a demo that ends badly is told, and ends no other
        return name, {"demos": 1, "differences": [str(error)[-500:]]}
    renamed = {"doubled": told["purchase_orders_doubled"], "lost": told["orders_lost"], "demos": 1}
    return name, told | renamed


def _crash(tally: Tally, kills: int) -> None:
    """The real daemon dies at its n-th call, for each n."""
    if kills:
        told = asdict(crash.play(kills))
        tally.add("crash", told | {"differences": told["unbalanced"]})


def _seed(seed: int) -> tuple[str, Told]:
    with tempfile.TemporaryDirectory() as folder:
        sim = drawn(seed, Path(folder))
        return f"seed {seed}", _played(sim, sim.play)


def _days(seed: int) -> tuple[str, Told]:
    with tempfile.TemporaryDirectory() as folder:
        sim = days.drawn_days(seed, Path(folder))
        return f"{days.DAYS} days of seed {seed}", {
            **_played(sim, lambda: days.play(sim)),
            "days": days.DAYS,
            "seeds": 0,
        }


def _played(sim: Sim, play: Callable[[], Balance]) -> Told:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    try:
        books = play()
    except Exception as error:  # noqa: BLE001  a play that breaks off is told, and ends no other
        return {"seeds": 1, "differences": [repr(error)]}
    told = sim.tally(books)
    return told | {"simulated_kills": told["kills"], "kills": 0, "differences": list(books.differences)}


def _machine(tally: Tally) -> None:
    """The state machine, with its long profile."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "tests/simulation/test_machine.py"],
        env=os.environ | {"MACHINE": "long"},
        capture_output=True,
        text=True,
        check=False,
    )
    _say(done.stdout.strip().splitlines()[-1])
    tally.add("machine", {"differences": [done.stdout[-2000:]] if done.returncode else []})


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
