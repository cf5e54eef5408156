"""Offers come in: a page at a time from the pool an account follows, or one by one because something changed."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from datetime import datetime

from sqlmodel import Session

from syncbridge.errors import NotFound, NotGranted, OutcomeUnknown
from syncbridge.flows import plan, variants
from syncbridge.flows.bridge import CATALOGUE_PATIENCE, Bridge
from syncbridge.model.catalog import Offer
from syncbridge.model.paging import Cursor
from syncbridge.ports import Follows
from syncbridge.queue.execute import Done, Outcome, Retry
from syncbridge.queue.job import Claim, NewJob, enqueue
from syncbridge.rules.polling import Watched
from syncbridge.store import catalogue, holds, readings, timeline
from syncbridge.store.readings import Reading

WITHDRAWN = "withdrawn"
"""The status of an offer that the supplier does not know any more."""


async def page(bridge: Bridge, job: Claim) -> Outcome:
    """Read one page of the pool, keep what changed, plan what follows from it, and ask for the next page."""
    supplier = bridge.suppliers[job.account]
    since = Cursor(job.args["cursor"]) if "cursor" in job.args else None
    try:
        async with aclosing(supplier.offers(since=since)) as pages:  # type: ignore[type-var]  # async generators close
            read = await anext(pages, None)
    except NotGranted:
        return Done()  # the account follows no pool; its offers come one by one
    if read is None:
        return Done()

    def write(session: Session) -> None:
        now = bridge.clock.now()
        keep(session, bridge, job.account, read.items, cause=f"pool of {job.account}", began=job.claimed_at)
        report_failures(session, job.account, read.failures, now=now)
        _ask_for_next(session, job, read.cursor, now=now)

    return Done(write)


async def offer(bridge: Bridge, job: Claim) -> Outcome:
    """Re-read one offer: a message, a person or the clock asked for it."""
    offer_id = job.args["offer"]
    try:
        read = await bridge.suppliers[job.account].offer(offer_id)
    except NotFound:
        return Done(lambda session: withdraw(session, bridge, job.account, offer_id, began=job.claimed_at))
    return Done(lambda session: keep(session, bridge, job.account, [read], cause=job.subject, began=job.claimed_at))


async def follow(bridge: Bridge, job: Claim) -> Outcome:
    """Ask the supplier for messages about an offer."""
    supplier = bridge.suppliers[job.account]
    if not isinstance(supplier, Follows):
        return Done()
    try:
        await supplier.follow(job.args["offer"])
    except NotGranted:
        return Done()  # no messages for this account: its offers are polled all the same
    except OutcomeUnknown as error:
        return Retry("unknown", str(error))  # following twice changes nothing
    return Done(lambda session: catalogue.followed(session, job.account, job.args["offer"]))


def keep(
    session: Session, bridge: Bridge, account: str, offers: Sequence[Offer], *, cause: str, began: datetime
) -> None:
    """Keep these offers, read since `began`, and plan what follows; one that was read later meanwhile is passed over.

    What is unchanged and planned costs nothing but the note of when it is read again.
    """
    now = bridge.clock.now()
    last = readings.last(session, account, [offer.offer_id for offer in offers])
    later = {offer_id for offer_id, known in last.items() if began < known.read_at <= now}
    offers = [offer for offer in offers if offer.offer_id not in later]
    news = catalogue.news(session, account, offers, under=bridge.basis)
    _note_readings(session, bridge, account, offers, {offer.offer_id for offer in news.changed}, last, began)
    holds.close_holds(session, "offer_unreadable", [f"offer {account}/{offer.offer_id}" for offer in offers], now=now)
    if not news.unplanned:
        return
    before = catalogue.offers(session, account, [offer.offer_id for offer in news.changed])
    catalogue.keep(session, account, news.changed, now=now)
    enqueue(session, [_follow_job(account, offer.offer_id, now) for offer in news.changed], now=now)
    variants.changed(session, bridge, account, before, news.changed)
    plan.offers_read(session, bridge, account, news.unplanned, cause=cause)
    catalogue.planned(session, account, news.unplanned, under=bridge.basis)


def withdraw(session: Session, bridge: Bridge, account: str, offer_id: str, *, began: datetime) -> None:
    """The supplier took the offer away: what we have of it stays, but nothing of it can be sold."""
    last = catalogue.offer(session, account, offer_id)
    if last is None:
        return
    gone = replace(last, status=WITHDRAWN, buyable=False)
    if last != gone:
        timeline.note(session, f"offer {account}/{offer_id}", WITHDRAWN, at=bridge.clock.now())
    keep(session, bridge, account, [gone], cause=f"offer {offer_id} withdrawn", began=began)


def _note_readings(
    session: Session,
    bridge: Bridge,
    account: str,
    offers: Sequence[Offer],
    changed: Collection[str],
    last: Mapping[str, Reading],
    began: datetime,
) -> None:
    """When each was read, and is to be read again."""
    pacing, soonest = readings.pacing(session, account), bridge.terms.polling.soonest
    noted = []
    for offer in offers:
        known = last.get(offer.offer_id)
        watched = Watched()
        if known is not None:
            watched = known.watched.seen(began - known.read_at, changed=offer.offer_id in changed)
        noted.append(Reading(offer.offer_id, began, began + pacing.wait(watched.pace, soonest), watched))
    readings.keep(session, account, noted)


def report_failures(session: Session, account: str, failures: Iterable[tuple[str, str]], *, now: datetime) -> None:
    """Offers that could not be read are held with the reason, and keep their last good state."""
    for offer_id, why in failures:
        holds.open_hold(session, "offer_unreadable", f"offer {account}/{offer_id}", {"why": why}, now=now)


def _ask_for_next(session: Session, job: Claim, cursor: Cursor, *, now: datetime) -> None:
    run = job.args["run"]
    next_page = NewJob(
        kind="import_.page",
        key=f"import_.page:{job.account}:{run}:{cursor}",
        account=job.account,
        run_at=now,
        priority=job.priority,
        subject=job.subject,
        args={"run": run, "cursor": cursor},
    )
    enqueue(session, [next_page], now=now)


def _follow_job(account: str, offer_id: str, now: datetime) -> NewJob:
    return NewJob(
        kind="import_.follow",
        key=f"import_.follow:{account}/{offer_id}",
        account=account,
        run_at=now,
        priority=now + CATALOGUE_PATIENCE,
        subject=f"offer {account}/{offer_id}",
        args={"offer": offer_id},
    )
