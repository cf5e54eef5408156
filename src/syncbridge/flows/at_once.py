"""What a person asked for is done now and waited for: by the daemon where one runs, else here."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Collection
from datetime import timedelta
from pathlib import Path

from syncbridge.errors import ConfigError
from syncbridge.flows.bridge import Bridge
from syncbridge.queue import job as jobs
from syncbridge.queue.execute import Worker
from syncbridge.store.owner import sole_owner

CATALOGUE_KINDS = (
    "import_.offer",
    "import_.follow",
    "publish.post",
    "publish.confirm",
    "prices.push",
    "stock.push",
    "stock.online",
    "reconcile.listing",
    "reconcile.stock",
)
AT_ONCE = 8
AHEAD = 200
"""Jobs looked up at a time: to find the most urgent ones, all that wait are sorted."""
URGENT = timedelta(days=30)
"""A person waits: before every order's deadline."""
LOOK = 0.1
"""Seconds between looks at how far it got."""
PATIENCE = timedelta(minutes=1)
"""What waits longer before its next try is not waited for."""
Told = Callable[[int], None]
"""Is given how many jobs are left."""


async def carried_out(bridge: Bridge, worker: Worker, file: Path, keys: Collection[str], told: Told) -> None:
    """Wait until these jobs are done, or wait themselves for longer than a minute; `file` is the database's."""
    left = list(keys)
    while left := await bridge.db.read(jobs.going_on, left, until=bridge.clock.now() + PATIENCE):
        told(len(left))
        with contextlib.ExitStack() as owned:
            try:
                owned.enter_context(sole_owner(file))
            except ConfigError:  # a daemon runs, and does it; should it end, this command goes on
                await bridge.clock.sleep(LOOK)
            else:
                await work(bridge, worker, left, told)
                return
    told(0)


async def work(bridge: Bridge, worker: Worker, keys: Collection[str], told: Told) -> None:
    """Do these jobs and the catalogue work that follows from them here, where no daemon runs."""
    left, free = list(keys), asyncio.Semaphore(AT_ONCE)

    async def execute(job_id: int) -> None:
        async with free:
            await worker.execute(job_id)

    while True:
        ids = await bridge.db.read(jobs.due_of, CATALOGUE_KINDS, now=bridge.clock.now(), most=AHEAD)
        if ids:
            await asyncio.gather(*map(execute, ids))
            told(await bridge.db.read(jobs.unfinished, left))
            continue
        left = await bridge.db.read(jobs.going_on, left, until=bridge.clock.now() + PATIENCE)
        if not left:
            return
        await bridge.clock.sleep(LOOK)
