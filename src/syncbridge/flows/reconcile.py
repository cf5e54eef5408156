"""What the channel shows is held against what we believe, so that the seller's edits are kept and ours are seen to.

The channel's list costs a call for fifty listings; only those that changed are read, at a call each. What changed is
looked for every hour, so that an edit is known before our next change; the whole list, at night, shows what is gone.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session

from syncbridge.errors import NotFound, VendorError
from syncbridge.flows import drift, plan
from syncbridge.flows.attended import URGENT, Standing, Told
from syncbridge.flows.bridge import CATALOGUE_PATIENCE, Bridge
from syncbridge.model.catalog import ChangeState, ListingState, OwnListing
from syncbridge.model.paging import Cursor
from syncbridge.queue.execute import Done, Outcome, Snooze
from syncbridge.queue.job import Claim, NewJob, enqueue, is_about, is_under_way, was_done_later
from syncbridge.rules.drift import CLOCKS_DIFFER, Difference
from syncbridge.rules.planning import SMALL_RUN, Step
from syncbridge.store import catalogue, cursors, holds, listings, plans

FIRST_LOOK = timedelta(days=1)
MOST_GONE = 0.3
"""Where more of a store's listings than this share are not listed, the list is doubted before they are."""


@dataclass(frozen=True, slots=True)
class Found:
    """What reading a store's list tells."""

    listed: int
    to_read: tuple[int, ...]
    """Our numbers of the listings that must be read."""
    doubted: str = ""
    """Why those that are not listed are not believed to be gone."""


async def recent(bridge: Bridge, job: Claim) -> Outcome:
    """Ask for a reading of what changed since last time."""
    store, began = job.account, bridge.clock.now()
    last = await bridge.db.read(cursors.get, _cursor(store))
    since = datetime.fromisoformat(last) if last else began - FIRST_LOOK
    found = await find(bridge, store, since=since)
    return Done(lambda session: _ask(session, bridge, job, found, began))


async def store(bridge: Bridge, job: Claim) -> Outcome:
    """Ask for a reading of everything that changed, is gone, or does not have what it should."""
    began = bridge.clock.now()
    found = await find(bridge, job.account, since=None)
    return Done(lambda session: _ask(session, bridge, job, found, began))


async def listing(bridge: Bridge, job: Claim) -> Outcome:
    """Read a listing and settle field by field whose change it is."""
    own = await bridge.db.read(catalogue.listing, int(job.args["listing"]))
    if own.listing_id is None or own.state not in (*listings.ON_THE_CHANNEL, ListingState.GONE):
        return Done()
    if own.pushed_at is not None and bridge.clock.now() < own.pushed_at + CLOCKS_DIFFER:
        return Snooze(own.pushed_at + CLOCKS_DIFFER, "settling", "a change of ours may not show yet")
    try:
        shown = await bridge.channels[own.store].listing(own.listing_id)
    except NotFound as error:
        return _gone(bridge, own, str(error))

    def write(session: Session) -> None:
        now = bridge.clock.now()
        compared = drift.compare(session, own.id, shown, at=now)
        repair(session, bridge, own.id, drift.settle(session, compared, orders_wait=bridge.terms.orders_wait, now=now))
        _edit_late(session, own.id, now)

    return Done(write)


async def stock(bridge: Bridge, job: Claim) -> Outcome:
    """Decide whether sales explain a stock, once every order up to the time it was seen is known."""
    at = datetime.fromisoformat(job.args["at"])
    if not await bridge.db.read(_orders_known, job.account, at):
        until = bridge.clock.now() + bridge.terms.orders_wait
        return Snooze(until, "orders_unread", "orders that may explain the stock are not read yet")
    number, shown = int(job.args["listing"]), json.loads(job.args["shown"])

    def write(session: Session) -> None:
        now = bridge.clock.now()
        repair(session, bridge, number, drift.settle_stock(session, number, shown, at=at, now=now))

    return Done(write)


async def find(bridge: Bridge, store: str, *, since: datetime | None) -> Found:
    """Read the channel's list, of what changed since then or whole, and say which of our listings to read."""
    listed: set[str] = set()
    to_read: dict[int, None] = {}
    async for page in bridge.channels[store].listings(since=since):
        unreadable = [listing_id for listing_id, _ in page.failures]
        listed |= {one.listing_id for one in page.items} | set(unreadable)
        to_read |= dict.fromkeys(await bridge.db.read(listings.changed, store, page.items))
        if unreadable:
            to_read |= dict.fromkeys(await bridge.db.read(listings.numbered, store, unreadable))
    if since is not None:
        return Found(len(listed), tuple(to_read))
    missing, ours = await bridge.db.read(listings.unlisted, store, listed)
    doubted = ""
    if len(missing) >= SMALL_RUN and len(missing) > ours * MOST_GONE:
        doubted = f"{len(missing)} of {ours} listings are not in the channel's list"
        missing = []
    to_read |= dict.fromkeys([*missing, *await bridge.db.read(listings.behind, store)])
    return Found(len(listed), tuple(to_read), doubted)


def listing_jobs(store: str, numbers: Iterable[int], run: str, now: datetime, *, priority: datetime) -> list[NewJob]:
    """The jobs that read these listings; `run` tells occasions apart."""
    return [
        NewJob(
            kind="reconcile.listing",
            key=f"reconcile.listing:{number}:{run}",
            account=store,
            run_at=now,
            priority=priority,
            subject=f"listing {store}/{number}",
            lock=f"listing:{number}",
            args={"listing": str(number)},
        )
        for number in numbers
    ]


def doubt(session: Session, store: str, found: Found, *, now: datetime) -> None:
    """Tell of a list that lacks too much, or that it is whole again."""
    subject = f"listing {store}"
    if found.doubted:
        holds.open_hold(session, "listings_missing", subject, {"why": found.doubted}, now=now)
    else:
        holds.close_holds(session, "listings_missing", [subject], now=now)


@dataclass(frozen=True, slots=True)
class Look:
    """What a look at some listings, which wrote nothing, shows."""

    differences: tuple[tuple[OwnListing, Difference], ...]
    failures: tuple[tuple[int, str], ...]


async def look(bridge: Bridge, store: str, numbers: Sequence[int], told: Told) -> Look:
    """Read these listings and say what differs, writing nothing."""
    differences: list[tuple[OwnListing, Difference]] = []
    failures: list[tuple[int, str]] = []
    for done, number in enumerate(numbers, start=1):
        own = await bridge.db.read(catalogue.listing, number)
        try:
            shown = await bridge.channels[store].listing(own.listing_id or "")
        except NotFound:
            differences.append((own, drift.missing(own)))
        except VendorError as error:
            failures.append((number, str(error)))
        else:
            compared = await bridge.db.read(drift.compare, number, shown, at=bridge.clock.now())
            differences += [(own, one) for one in compared.told]
        told(Standing(len(numbers) - done, done))
    return Look(tuple(differences), tuple(failures))


def request(session: Session, store: str, found: Found, *, now: datetime) -> list[str]:
    """Write the jobs that a person waits for, before any other; answers their keys."""
    run = f"asked {now.isoformat()}"
    wanted = listing_jobs(store, found.to_read, run, now, priority=now - URGENT)
    enqueue(session, wanted, now=now)
    doubt(session, store, found, now=now)
    return [job.key for job in wanted]


def repair(session: Session, bridge: Bridge, number: int, steps: Sequence[Step], *, cause: str = "drift") -> None:
    """Plan what does not show, and push it where no push waits already."""
    own, now = catalogue.listing(session, number), bridge.clock.now()
    subject = f"listing {own.store}/{number}"
    if not steps or not own.state.is_sellable or subject in listings.pushes_waiting(session, own.store):
        return
    live = bridge.terms.of(own.store).live
    plan_id = plans.begin(session, own.store, cause, now=now)
    plans.add(
        session, plan_id, [(number, step) for step in steps], ChangeState.APPROVED if live else ChangeState.PROPOSED
    )
    plans.overtake(session, plan_id)
    if live:  # what is wanted was approved before
        fields = {"stock" if step.field == "status" else step.field for step in steps}
        enqueue(session, plan.jobs_of(own.state, number, own.store, fields, f"{cause} {plan_id}", now), now=now)


def _ask(session: Session, bridge: Bridge, job: Claim, found: Found, began: datetime) -> None:
    now, store = bridge.clock.now(), job.account
    enqueue(
        session,
        listing_jobs(store, found.to_read, job.key, now, priority=now + CATALOGUE_PATIENCE),
        now=now,
    )
    cursors.put(session, _cursor(store), Cursor(began.isoformat()))
    doubt(session, store, found, now=now)


def _edit_late(session: Session, number: int, now: datetime) -> None:
    """Words and SKUs that were approved while the channel took no change go out once it does."""
    own = catalogue.listing(session, number)
    due = plans.approved_words(session, number) or plans.approved_skus(session, number)
    if due and not is_about(session, f"listing {own.store}/{number}", ["publish.edit"]):
        jobs = plan.jobs_of(own.state, number, own.store, {"title"}, f"late {now.isoformat()}", now)
        enqueue(session, jobs, now=now)


def _gone(bridge: Bridge, own: OwnListing, why: str) -> Outcome:
    if own.state is ListingState.GONE:
        return Done()
    return Done(lambda session: drift.gone(session, own, why, now=bridge.clock.now()))


def _orders_known(session: Session, store: str, at: datetime) -> bool:
    return was_done_later(session, "orders.poll", store, now=at) and not is_under_way(session, "orders.take", store)


def _cursor(store: str) -> str:
    return f"listings:{store}"
