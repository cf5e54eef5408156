"""A listing goes to the channel once: intent first; after an unclear answer a look before anything is sent again."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlmodel import Session

from syncbridge.errors import MappingError, NotFound, OutcomeUnknown, Rejected, Transient
from syncbridge.flows import drift, plan, rates, reconcile
from syncbridge.flows.bridge import CATALOGUE_PATIENCE, Bridge
from syncbridge.model.catalog import (
    Binding,
    Listing,
    ListingDraft,
    ListingEdit,
    ListingState,
    ListingStatus,
    OwnListing,
)
from syncbridge.ports import Channel
from syncbridge.queue.execute import Done, Outcome, Park, Retry, Snooze, Write
from syncbridge.queue.job import Claim, NewJob, enqueue
from syncbridge.rules import planning
from syncbridge.rules.planning import Shown
from syncbridge.store import catalogue, given_texts, listings, plans, timeline

LOOK_BACK = timedelta(minutes=10)
"""Clocks differ: a listing is looked for from this long before it was sent."""


async def post(bridge: Bridge, job: Claim) -> Outcome:
    """Send a listing, or find out what became of one that was sent; a refused one is made anew and sent again."""
    listing = await bridge.db.read(catalogue.listing, int(job.args["listing"]))
    match listing.state:
        case ListingState.INTENDED:
            return await _send(bridge, listing, listing.draft)
        case ListingState.SENT | ListingState.UNKNOWN:
            return await _settle(bridge, listing)
        case ListingState.REFUSED if listing.listing_id is None:
            return await _send(bridge, listing, await bridge.db.read(_redrafted, bridge, listing))
        case _:
            return Done()


async def confirm(bridge: Bridge, job: Claim) -> Outcome:
    """Read a posted listing: how its SKUs are addressed, and whether the audit is over."""
    listing = await bridge.db.read(catalogue.listing, int(job.args["listing"]))
    if listing.listing_id is None:
        return Done()
    shown = await bridge.channels[listing.store].listing(listing.listing_id)
    match shown.status:
        case ListingStatus.AUDITING:
            until = bridge.clock.now() + bridge.terms.audit_wait
            return Snooze(until, "auditing", "the channel is auditing the listing")
        case ListingStatus.REFUSED:
            why = f"the audit refused listing {listing.listing_id}; the seller centre says why, under editing required"
            return Park("audit_refused", why, _audit_refused(listing, why))
    return Done(lambda session: _confirmed(session, bridge, listing, shown))


async def edit(bridge: Bridge, job: Claim) -> Outcome:
    """Give a listing the words and SKUs that were approved; sending them again would change nothing."""
    listing = await bridge.db.read(catalogue.listing, int(job.args["listing"]))
    words = await bridge.db.read(plans.approved_words, listing.id)
    codes = await bridge.db.read(plans.approved_skus, listing.id)
    if listing.listing_id is None or not listing.state.is_sellable or not (words or codes):
        return Done()
    draft = _current(listing.draft, await bridge.db.read(catalogue.bindings, listing.id))
    skus = tuple(sku for sku in draft.skus if sku.sku_code in codes)
    wanted = ListingEdit(words.get("title", ""), words.get("description", ""), skus)
    try:
        await bridge.channels[listing.store].edit(listing.listing_id, wanted)
    except OutcomeUnknown as error:
        return Retry("unknown", str(error))
    except Rejected as error:
        return _edit_refused(bridge, listing, [*words, *(["sku"] if codes else [])], error)
    return Done(lambda session: _edited(session, bridge, listing, words, codes))


async def _send(bridge: Bridge, listing: OwnListing, made: ListingDraft) -> Outcome:
    bindings = await bridge.db.read(catalogue.bindings, listing.id)
    draft = _current(made, bindings)
    if not any(sku.stock for sku in draft.skus):
        return Done()  # nothing to sell; the offer's next change asks again
    sent_at = bridge.clock.now()
    if not await bridge.db.run(catalogue.sent, listing, draft, now=sent_at):
        return Done()  # another worker sent it, and settles it
    try:
        listing_id = await bridge.channels[listing.store].publish(draft)
    except OutcomeUnknown as error:
        until = sent_at + bridge.terms.quarantine
        return Snooze(until, "unknown", str(error), _moves(listing, ListingState.UNKNOWN))
    except Transient as error:
        return _not_sent(bridge, listing, error)
    except Rejected as error:
        return Park(error.code, str(error), _refused(listing, str(error)))
    return Done(lambda session: _posted(session, bridge, listing, listing_id))


async def _settle(bridge: Bridge, listing: OwnListing) -> Outcome:
    """Look before sending again: the listing may be there.

    It is sent again only after two looks, a quarantine apart, found none: a channel's list may be slow to show it.
    """
    assert listing.sent_at is not None  # noqa: S101  set with the state
    now, wait = bridge.clock.now(), bridge.terms.quarantine
    until = (listing.missed_at or listing.sent_at) + wait
    if now < until:
        return Snooze(until, "unknown", "no clear answer; looking for the listing after the quarantine")
    since = (listing.first_sent_at or listing.sent_at) - LOOK_BACK
    found = await _find(bridge.channels[listing.store], listing.draft, since)
    if found is not None:
        return Done(lambda session: _posted(session, bridge, listing, found))
    if listing.missed_at is None:
        why = "the channel shows no such listing yet; it is looked for once more before it is sent again"
        return Snooze(now + wait, "unknown", why, lambda session: catalogue.missed(session, listing.id, now=now))
    why = "the channel shows no such listing, so it is sent again"
    return Snooze(now, "not_posted", why, _moves(listing, ListingState.INTENDED))


async def _find(channel: Channel, draft: ListingDraft, since: datetime) -> str | None:
    """The listing made since then, in any status, that has one of our SKU codes.

    One that the list cannot show is read, too; if it cannot be read, nobody knows, and the error goes up.
    """
    codes = {sku.sku_code for sku in draft.skus}
    async for page in channel.listings(since=since):
        for listing_id in [*(listed.listing_id for listed in page.items), *(failed for failed, _ in page.failures)]:
            with contextlib.suppress(NotFound):  # deleted while the list was read
                shown = await channel.listing(listing_id)
                if codes & {sku.sku_code for sku in shown.skus}:
                    return shown.listing_id
    return None


def _redrafted(session: Session, bridge: Bridge, listing: OwnListing) -> ListingDraft:
    """The listing as the offer and the rules make it now; as it was where they make none."""
    bridge = rates.current(session, bridge)
    offer = catalogue.offer(session, listing.supplier, listing.offer_id)
    if offer is None:
        return listing.draft
    given = given_texts.of_offers(session, listing.supplier, [listing.offer_id])
    bindings = catalogue.bindings(session, listing.id)
    shown = [Shown(b.sku_code, b.spec_id, b.price_wanted, b.stock_wanted) for b in bindings]
    try:
        wanted = planning.wanted(offer, listing.store, shown, bridge.rules)
        return planning.draft(offer, bridge.route(listing.route), wanted, given.get((listing.store, listing.offer_id)))
    except (ValueError, MappingError):
        return listing.draft


def _current(draft: ListingDraft, bindings: list[Binding]) -> ListingDraft:
    """The draft with the prices and stock wanted by now."""
    now = {binding.sku_code: binding for binding in bindings}
    skus = tuple(
        replace(sku, price=now[sku.sku_code].price_wanted or sku.price, stock=now[sku.sku_code].stock_wanted)
        for sku in draft.skus
    )
    return replace(draft, skus=skus)


def _not_sent(bridge: Bridge, listing: OwnListing, error: Transient) -> Outcome:
    at = bridge.clock.now() + timedelta(seconds=error.retry_after) if error.retry_after else None
    return Retry(error.code, str(error), _moves(listing, ListingState.INTENDED), at)


def _posted(session: Session, bridge: Bridge, listing: OwnListing, listing_id: str) -> None:
    now = bridge.clock.now()
    catalogue.posted(session, listing.id, listing_id)
    plans.settle_post(session, listing.id, catalogue.listing(session, listing.id).draft)
    timeline.note(session, f"listing {listing.store}/{listing.id}", "posted", at=now, listing_id=listing_id)
    enqueue(session, [confirm_job(listing.store, listing.id, now)], now=now)


def confirm_job(store: str, listing: int, now: datetime) -> NewJob:
    """The job that reads a listing of ours until its audit is over."""
    return NewJob(
        kind="publish.confirm",
        key=f"publish.confirm:{listing}",
        account=store,
        run_at=now,
        priority=now + CATALOGUE_PATIENCE,
        subject=f"listing {store}/{listing}",
        args={"listing": str(listing)},
    )


def _confirmed(session: Session, bridge: Bridge, listing: OwnListing, shown: Listing) -> None:
    now = bridge.clock.now()
    plans.audited(session, listing.id, "")
    catalogue.set_state(session, listing.id, ListingState.ON_SALE)
    compared = drift.compare(session, listing.id, shown, at=now)
    drift.settle(session, compared, orders_wait=bridge.terms.orders_wait, now=now)
    bindings = catalogue.bindings(session, listing.id)
    enqueue(session, plan.push_jobs(listing, bindings, now, "confirmed"), now=now)


def _refused(listing: OwnListing, why: str) -> Write:
    def write(session: Session) -> None:
        catalogue.set_state(session, listing.id, ListingState.REFUSED)
        plans.refuse(session, listing.id, "listing", why)

    return write


def _audit_refused(listing: OwnListing, why: str) -> Write:
    def write(session: Session) -> None:
        catalogue.set_state(session, listing.id, ListingState.REFUSED)
        plans.audited(session, listing.id, why)

    return write


def _edited(
    session: Session, bridge: Bridge, listing: OwnListing, words: Mapping[str, str], codes: Collection[str]
) -> None:
    now = bridge.clock.now()
    listings.reworded(session, listing, words, now=now)
    plans.settle_words(session, listing.id, words)
    plans.settle_skus(session, listing.id, codes)
    what = ", ".join([*sorted(words), *sorted(codes)])
    timeline.note(session, f"listing {listing.store}/{listing.id}", "edited", at=now, what=what)
    if codes:  # how the channel addresses them is read
        priority = now + CATALOGUE_PATIENCE
        run = f"edited {now.isoformat()}"
        enqueue(session, reconcile.listing_jobs(listing.store, [listing.id], run, now, priority=priority), now=now)


def _edit_refused(bridge: Bridge, listing: OwnListing, fields: Sequence[str], error: Rejected) -> Outcome:
    if error.code == "auditing":
        until = bridge.clock.now() + bridge.terms.audit_wait
        return Snooze(until, "auditing", "the channel is auditing the listing")

    def write(session: Session) -> None:
        for field in fields:
            plans.refuse(session, listing.id, field, str(error))

    return Park(error.code, str(error), write)


def _moves(listing: OwnListing, state: ListingState) -> Write:
    return lambda session: catalogue.set_state(session, listing.id, state)
