"""Offers come in: a page at a time from the pool an account follows, or one by one because something changed."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import replace
from datetime import datetime

from sqlmodel import Session

from syncbridge.errors import NotFound, NotGranted, OutcomeUnknown
from syncbridge.flows import plan, rates
from syncbridge.flows.bridge import CATALOGUE_PATIENCE, Bridge
from syncbridge.model.catalog import Offer
from syncbridge.model.paging import Cursor, Page
from syncbridge.ports import Follows
from syncbridge.queue.execute import Done, Outcome, Retry
from syncbridge.queue.job import Claim, NewJob, enqueue
from syncbridge.store import catalogue, holds, timeline


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
        _keep(session, bridge, job.account, read.items, cause=f"pool of {job.account}", now=now)
        _report_failures(session, job.account, read, now=now)
        _ask_for_next(session, job, read.cursor, now=now)

    return Done(write)


async def offer(bridge: Bridge, job: Claim) -> Outcome:
    """Re-read one offer: a message, a person or the clock asked for it."""
    offer_id = job.args["offer"]
    try:
        read = await bridge.suppliers[job.account].offer(offer_id)
    except NotFound:
        return Done(lambda session: _withdraw(session, bridge, job.account, offer_id))
    return Done(lambda session: _keep(session, bridge, job.account, [read], cause=job.subject, now=bridge.clock.now()))


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


def _keep(
    session: Session, bridge: Bridge, account: str, offers: Sequence[Offer], *, cause: str, now: datetime
) -> None:
    bridge = rates.current(session, bridge)
    news = catalogue.news(session, account, offers, under=bridge.basis)
    holds.close_holds(session, "offer_unreadable", [f"offer {account}/{offer.offer_id}" for offer in offers], now=now)
    if not news.unplanned:
        return
    catalogue.keep(session, account, news.changed, now=now)
    enqueue(session, [_follow_job(account, offer.offer_id, now) for offer in news.changed], now=now)
    plan.offers_read(session, bridge, account, news.unplanned, cause=cause)
    catalogue.planned(session, account, news.unplanned, under=bridge.basis)


def _withdraw(session: Session, bridge: Bridge, account: str, offer_id: str) -> None:
    """The supplier took the offer away: what we have of it stays, but nothing of it can be sold."""
    last = catalogue.offer(session, account, offer_id)
    if last is None:
        return
    now = bridge.clock.now()
    timeline.note(session, f"offer {account}/{offer_id}", "withdrawn", at=now)
    gone = replace(last, status="withdrawn", buyable=False)
    _keep(session, bridge, account, [gone], cause=f"offer {offer_id} withdrawn", now=now)


def _report_failures(session: Session, account: str, read: Page[Offer], *, now: datetime) -> None:
    for offer_id, why in read.failures:
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
