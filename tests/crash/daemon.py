"""The real daemon, which kills itself where it is told to: ``python -m tests.crash.daemon --config … --die-at POINT``.

What it passes is noted beside its settings in ``points.log``, with the time, whether it dies or not. Days of many lives
fork them from a process that has imported everything already, since most of a start is importing.
"""

from __future__ import annotations

import argparse
import asyncio
import faulthandler
import functools
import gc
import multiprocessing
import os
import signal
import sys
import time
from dataclasses import dataclass
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import TextIO

from syncbridge.bootstrap import App, assemble
from syncbridge.daemon import run
from syncbridge.settings import Settings, load_settings
from syncbridge.store.db import Database
from syncbridge.testing.points import Reach, WatchedDatabase, watch

_forks = multiprocessing.get_context("forkserver")
_forks.set_forkserver_preload([__name__])
gc.freeze()  # what the forks share they need not look through for garbage


@dataclass(frozen=True, slots=True)
class Doom:
    """Where a life ends: at a named point, or at the n-th call of a vendor or the database; nowhere if neither is said.

    Each call has two moments to die at, before it and after it, and both count.
    """

    point: str = ""
    call: int = 0


@dataclass(slots=True)
class Life:
    """What a daemon has passed so far."""

    doom: Doom
    notes: TextIO
    passed: int = 0

    async def reach(self, point: str) -> None:
        """Pass a point, or die there."""
        self.passed += 1
        self.notes.write(f"{time.time():.3f} {point}\n")
        if point == self.doom.point or self.passed == self.doom.call:
            os.kill(os.getpid(), signal.SIGKILL)


def fork(config: Path, doom: Doom) -> ForkServerProcess:
    """Start a daemon; what it says is in ``daemon.log`` beside its settings."""
    process = _forks.Process(target=_forked, args=(config, doom))
    process.start()
    return process


def _forked(config: Path, doom: Doom) -> None:
    with (config.parent / "daemon.log").open("ab") as log:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
    assert sys.__stderr__ is not None
    faulthandler.enable(sys.__stderr__)  # what no kill of ours ended says where it was
    live(config, doom)


def live(config: Path, doom: Doom) -> None:
    """Work until the doom, or SIGTERM."""
    with (config.parent / "points.log").open("a", buffering=1, encoding="utf-8") as notes:
        life = Life(doom, notes)
        asyncio.run(run(load_settings(config, environ={}), assemble=functools.partial(_assemble, life.reach)))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--die-at", default="", metavar="POINT")
    parser.add_argument("--die-at-call", type=int, default=0, metavar="N")
    asked = parser.parse_args()
    live(asked.config, Doom(asked.die_at, asked.die_at_call))


async def _assemble(reach: Reach, settings: Settings, db: Database) -> App:
    app = await assemble(settings, WatchedDatabase(db, reach))
    watch(app, reach)
    return app


if __name__ == "__main__":
    main()
