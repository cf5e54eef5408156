"""The real daemon in a process of its own, which kills itself where it is told to."""

from __future__ import annotations

import asyncio
import functools
import multiprocessing
import os
import signal
from dataclasses import dataclass
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from syncbridge.bootstrap import App, assemble
from syncbridge.daemon import run
from syncbridge.settings import Settings, load_settings
from syncbridge.store.db import Database
from syncbridge.testing.points import Reach, WatchedDatabase, watch

_forks = multiprocessing.get_context("forkserver")
_forks.set_forkserver_preload([__name__])


@dataclass(frozen=True, slots=True)
class Doom:
    """Where a daemon dies: at a named point, or at the n-th point it passes; nowhere if neither is said."""

    point: str = ""
    after: int = 0

    def reached(self, point: str, passed: int) -> bool:
        return point == self.point or passed == self.after


def start(config: Path, doom: Doom) -> ForkServerProcess:
    """A daemon on its own, forked from a process that has imported everything already."""
    process = _forks.Process(target=live, args=(config, doom))
    process.start()
    return process


def live(config: Path, doom: Doom) -> None:
    """Work until doom or SIGTERM; what passes is noted beside the settings."""
    with (config.parent / "daemon.log").open("ab") as log:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
    with (config.parent / "points.log").open("a", buffering=1, encoding="utf-8") as notes:
        passed = 0

        async def reach(point: str) -> None:
            nonlocal passed
            passed += 1
            notes.write(point + "\n")
            if doom.reached(point, passed):
                os.kill(os.getpid(), signal.SIGKILL)

        asyncio.run(run(load_settings(config, environ={}), assemble=functools.partial(_assemble, reach)))


async def _assemble(reach: Reach, settings: Settings, db: Database) -> App:
    app = await assemble(settings, WatchedDatabase(db, reach))
    watch(app, reach)
    return app
