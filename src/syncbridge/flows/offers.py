"""Offers are read, for whatever reason; what is new is kept, watched, and planned."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from sqlmodel import Session

from syncbridge.errors import NotFound
from syncbridge.flows import plan, rates, variants
from syncbridge.flows.bridge import CATALOGUE_PATIENCE, Bridge
from syncbridge.model.catalog import Offer
from syncbridge.queue.execute import Done, Outcome
from syncbridge.queue.job import Claim, NewJob, enqueue
from syncbridge.rules.polling import Watched
from syncbridge.store import catalogue, holds, imports, readings, timeline
from syncbridge.store.readings import Reading

WITHDRAWN = "withdrawn"
"""The status of an offer that the supplier does not know any more."""


async def read(bridge: Bridge, job: Claim) -> Outcome:
    """Read one offer again: a message, a person or the clock asked for it."""
    account, offer_id = job.account, job.args["offer"]
    try:
        found = await bridge.suppliers[account].offer(offer_id)
    except NotFound:
        return Done(lambda session: withdraw(session, bridge, account, offer_id, began=job.claimed_at))
    return Done(lambda session: keep(session, bridge, account, [found], cause=job.subject, began=job.claimed_at))


def keep(
    session: Session,
    bridge: Bridge,
    account: str,
    offers: Sequence[Offer],
    *,
    cause: str,
    began: datetime,
    stores: Sequence[str] = (),
) -> None:
    """Keep these offers, read since `began`, and plan what follows; one that was read later meanwhile is passed over.

    What is unchanged and planned costs nothing but the note of when it is read again. `stores` are where a person wants
    them.
    """
    now = bridge.clock.now()
    last = readings.last(session, account, [offer.offer_id for offer in offers])
    later = {offer_id for offer_id, known in last.items() if began < known.read_at <= now}
    if stores:
        imports.widen(session, account, [offer.offer_id for offer in offers], stores)
    offers = [offer for offer in offers if offer.offer_id not in later]
    bridge = rates.current(session, bridge)
    news = catalogue.news(session, account, offers, under=bridge.basis)
    _note_readings(session, bridge, account, offers, {offer.offer_id for offer in news.changed}, last, began)
    holds.close_holds(session, "offer_unreadable", [f"offer {account}/{offer.offer_id}" for offer in offers], now=now)
    if not news.unplanned:
        return
    before = catalogue.offers(session, account, [offer.offer_id for offer in news.changed])
    catalogue.keep(session, account, news.changed, now=now, stores=stores)
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
