"""Work a person waits for at the command line: done here where no daemon runs, watched where one does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import timedelta

from sqlmodel import Session

from syncbridge.flows.bridge import Bridge
from syncbridge.queue import job as jobs
from syncbridge.queue.execute import Worker
from syncbridge.rules.quota import CATALOGUE
from syncbridge.store import quota

CATALOGUE_KINDS = (
    "adopt.page",
    "adopt.listing",
    "import_.page",
    "import_.search",
    "import_.batch",
    "offers.read",
    "import_.follow",
    "monitor.replan",
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
PATIENCE = timedelta(seconds=60)
"""What is due later than this is left to the daemon, or to the next command."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How far it got."""

    left: int
    """0: nothing, or nothing that goes on by itself."""
    done: int = 0
    calls_left: int | None = None
    """Of today's quota; None: nobody knows."""


Look = Callable[[Session], Standing]
Told = Callable[[Standing], None]


def goes_on(bridge: Bridge, keys: Collection[str]) -> Look:
    """How many of these jobs are left that go on soon; what waits longer, for an audit say, is not waited for."""

    def look(session: Session) -> Standing:
        left = len(jobs.going_on(session, keys, until=bridge.clock.now() + PATIENCE))
        return Standing(left, len(keys) - left)

    return look


def calls_left(session: Session, bridge: Bridge, account: str) -> int | None:
    """What is left of an account's quota today for its catalogue; None: nobody knows it."""
    terms = bridge.terms.of(account)
    if terms.quota is None:
        return None
    calls = quota.calls(session, terms.counted_as or account, now=bridge.clock.now())
    return max(terms.quota.left(CATALOGUE, calls.made), 0)


async def watch(bridge: Bridge, look: Look, told: Told, is_owned: Callable[[], bool]) -> bool:
    """Wait until the daemon, or the other command, has done it; False if that ended before."""
    while (standing := await bridge.db.read(look)).left:
        told(standing)
        if not is_owned():
            return False
        await bridge.clock.sleep(LOOK)
    told(standing)
    return True


async def work(bridge: Bridge, worker: Worker, look: Look, told: Told) -> None:
    """Do it here, with the catalogue work that follows from it."""
    free = asyncio.Semaphore(AT_ONCE)

    async def execute(job_id: int) -> None:
        async with free:
            await worker.execute(job_id)

    while True:
        now = bridge.clock.now()
        ids = await bridge.db.read(jobs.due_of, CATALOGUE_KINDS, now=now, most=AHEAD)
        await asyncio.gather(*map(execute, ids))
        standing = await bridge.db.read(look)
        told(standing)
        if ids:
            continue
        due = await bridge.db.read(jobs.next_due, CATALOGUE_KINDS) if standing.left else None
        if due is None or not now < due <= now + PATIENCE:  # one that is due and was not given waits for its account
            return
        await bridge.clock.sleep((due - now).total_seconds())
