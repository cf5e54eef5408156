"""A store that was there before us is read: its list page by page, and each listing that is not ours with its SKUs.

Each page and each listing is a job, so that a run that was cut off goes on where it was. Nothing is written but here.
"""

from __future__ import annotations

from contextlib import aclosing
from datetime import datetime

from sqlmodel import Session

from syncbridge.errors import NotFound
from syncbridge.flows.attended import PATIENCE, URGENT, Standing, calls_left
from syncbridge.flows.bridge import CATALOGUE_PATIENCE, Bridge
from syncbridge.model.paging import Cursor
from syncbridge.queue.execute import Done, Outcome
from syncbridge.queue.job import Claim, NewJob, enqueue
from syncbridge.queue.tally import Tally, stuck, tally
from syncbridge.store import accounts, adoption, cursors


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
    return last is not None and any(one.open for one in _tallies(session, store, last))


def standing(session: Session, bridge: Bridge, store: str, run: str) -> Standing:
    """How far a run is; nothing is left of one that waits for long, or for its account."""
    now = bridge.clock.now()
    pages, listings = _tallies(session, store, run)
    next_at = min((one.next_at for one in (pages, listings) if one.next_at), default=None)
    paused_until = accounts.pauses(session).get(store, now)
    goes_on = next_at is not None and next_at <= now + PATIENCE and paused_until <= now
    left = pages.open + listings.open if goes_on else 0
    return Standing(left, listings.every - listings.open, calls_left(session, bridge, store))


def unread(session: Session, store: str, run: str) -> list[tuple[str, str]]:
    """(listing id, reason) of the listings that could not be read so far, and of the list itself."""
    told = [(key.rsplit(":", 1)[1], why) for key, why in stuck(session, f"adopt.listing:{store}:{run}:")]
    return told + [("the list", why) for _, why in stuck(session, f"adopt.page:{store}:{run}:")]


def _tallies(session: Session, store: str, run: str) -> tuple[Tally, Tally]:
    """The pages and the listings of a run."""
    return tally(session, f"adopt.page:{store}:{run}:"), tally(session, f"adopt.listing:{store}:{run}:")


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
