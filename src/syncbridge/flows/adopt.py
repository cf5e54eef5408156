"""A store that was there before us is read: its list page by page, and each listing that is not ours with its SKUs.

Each page and each listing is a job, so that a run that was cut off goes on where it was. Nothing is written but here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from syncbridge.errors import AccessExpired, NotFound
from syncbridge.flows.at_once import AT_ONCE, LOOK, PATIENCE, URGENT
from syncbridge.flows.bridge import CATALOGUE_PATIENCE, Bridge
from syncbridge.model.paging import Cursor
from syncbridge.queue import job as jobs
from syncbridge.queue.execute import Done, Outcome, Worker
from syncbridge.queue.job import Claim, NewJob, enqueue
from syncbridge.queue.tally import stuck, tally
from syncbridge.store import accounts, adoption, cursors

KINDS = ("adopt.page", "adopt.listing")


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the reading of a store is."""

    listings: int
    """Known so far to be read."""
    read: int
    listed: bool
    """Whether the store's list was read to its end."""
    next_at: datetime | None
    """When reading goes on; None once nothing is left."""


async def page(bridge: Bridge, job: Claim) -> Outcome:
    """Read one page of the store's list, and ask for the next page and for the listings that are not ours."""
    channel = bridge.channels[job.account]
    resume = Cursor(job.args["cursor"]) if job.args["cursor"] else None
    async with aclosing(channel.listings(since=None, resume=resume)) as pages:  # type: ignore[type-var]  # they close
        read = await anext(pages, None)
    if read is None:
        return Done()

    def write(session: Session) -> None:
        now = bridge.clock.now()
        seen = [listing.listing_id for listing in read.items] + [listing_id for listing_id, _ in read.failures]
        unknown = adoption.unknown_listings(session, job.account, seen)
        run = job.args["run"]
        wanted = [_job("adopt.listing", job.account, run, listing_id, job.priority, now) for listing_id in unknown]
        if read.cursor:
            wanted.append(_job("adopt.page", job.account, run, read.cursor, job.priority, now))
        enqueue(session, wanted, now=now)

    return Done(write)


async def listing(bridge: Bridge, job: Claim) -> Outcome:
    """Read one listing with its SKUs, and keep what it shows."""
    listing_id = job.args["listing"]
    try:
        read = await bridge.channels[job.account].listing(listing_id)
    except NotFound:  # deleted since it was listed
        return Done(lambda session: adoption.forget(session, job.account, listing_id))
    return Done(lambda session: adoption.keep(session, job.account, read, now=bridge.clock.now()))


def begin(session: Session, store: str, *, now: datetime) -> str:
    """Ask for the store to be read, or go on with a run that is not at its end; answers the run."""
    last = cursors.get(session, f"adopt:{store}")
    if last and is_unfinished(session, store):
        return last
    run = now.isoformat()
    cursors.put(session, f"adopt:{store}", Cursor(run))
    enqueue(session, [_job("adopt.page", store, run, "", now - URGENT, now)], now=now)
    return run


def is_unfinished(session: Session, store: str) -> bool:
    """Whether the store's last run was cut off."""
    last = cursors.get(session, f"adopt:{store}")
    return last is not None and progress(session, store, last).next_at is not None


def progress(session: Session, store: str, run: str) -> Progress:
    """How far a run is."""
    pages, listings = (tally(session, f"{kind}:{store}:{run}:") for kind in KINDS)
    waits = [one.next_at for one in (pages, listings) if one.next_at]
    return Progress(listings.every, listings.every - listings.open, not pages.open, min(waits, default=None))


def unread(session: Session, store: str, run: str) -> list[tuple[str, str]]:
    """(listing id, reason) of the listings that could not be read so far, and of the list itself."""
    told = [(key.rsplit(":", 1)[1], why) for key, why in stuck(session, f"adopt.listing:{store}:{run}:")]
    return told + [("the list", why) for _, why in stuck(session, f"adopt.page:{store}:{run}:")]


async def follow(bridge: Bridge, store: str, run: str, told: Callable[[Progress], None], worker: Worker | None) -> None:
    """Wait for a run to end: the worker does it here, or a daemon elsewhere. What has to wait long is left to it."""
    while True:
        now = bridge.clock.now()
        due = await bridge.db.read(jobs.due_of, KINDS, now=now, most=AT_ONCE) if worker else []
        if worker and due:
            await asyncio.gather(*(worker.execute(job_id) for job_id in due))
        seen = await bridge.db.read(progress, store, run)
        told(seen)
        if seen.next_at is None or seen.next_at > bridge.clock.now() + PATIENCE:
            return
        if not due:
            await _look_later(bridge, store)


async def _look_later(bridge: Bridge, store: str) -> None:
    """Wait a moment; raises AccessExpired where nothing will come of it."""
    paused = await bridge.db.read(accounts.pauses)
    until = paused.get(store)
    if until is not None and until > bridge.clock.now():
        raise AccessExpired(f"store {store} must be authorised again; then run the command again", vendor=store)
    await bridge.clock.sleep(LOOK)


def _job(kind: str, store: str, run: str, what: str, priority: datetime, now: datetime) -> NewJob:
    argument = "cursor" if kind == "adopt.page" else "listing"
    return NewJob(
        kind=kind,
        key=f"{kind}:{store}:{run}:{what}",
        account=store,
        run_at=now,
        priority=min(priority, now + CATALOGUE_PATIENCE),
        subject=f"store {store}" if kind == "adopt.page" else f"listing {store}/{what}",
        args={"run": run, argument: what},
    )
