"""Stock goes to the channel; a listing of which nothing is left goes off sale, and comes back by itself.

What is shown is what suppliers have less what our open purchases will still take; whenever that changes, the offer is
planned anew.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from itertools import islice

from sqlmodel import Session

from syncbridge.errors import OutcomeUnknown
from syncbridge.flows.bridge import CATALOGUE_PATIENCE, Bridge
from syncbridge.model.catalog import Binding, ListingState, Offer, OwnListing, Refusal, StockUpdate
from syncbridge.model.purchasing import Purchase
from syncbridge.queue.dead_letters import under_way
from syncbridge.queue.execute import Done, Outcome, Park, Retry, Snooze, Write, nothing
from syncbridge.queue.job import Claim, NewJob, enqueue
from syncbridge.rules.mapping import Rules, Way
from syncbridge.rules.planning import Wanted
from syncbridge.rules.routing import BoundSpec, route_for, skus_made_of, ways
from syncbridge.rules.stock import NOT_BOUGHT, Free, Supply, free
from syncbridge.store import catalogue, holds, listings, locks, plans, purchases, readings, timeline, unsure

UNSURE = "stock_unsure"
"""A supplier's stock is missing or cannot be right, and the last one stays."""
TOLD = 5
"""So many SKU codes, and reasons, of a listing are named; the others are counted."""


async def push(bridge: Bridge, job: Claim) -> Outcome:
    """Set the stock that is not what it should be; sending it again would change nothing.

    A stock that may be the seller's own is not set over before that is settled, except by none.
    """
    listing = await bridge.db.read(catalogue.listing, int(job.args["listing"]))
    bindings = await bridge.db.read(catalogue.bindings, listing.id)
    if listing.listing_id is None or not listing.state.is_sellable:
        return Done()
    if listing.whole and not any(binding.stock_wanted for binding in bindings):
        return await _set_on_sale(bridge, listing, on_sale=False)
    unsettled = await bridge.db.read(_unsettled, listing.id)
    changed = [binding for binding in bindings if binding.stock_wanted != binding.stock]
    waiting = [binding for binding in changed if binding.stock_wanted and binding.sku_code in unsettled]
    going = [(b.sku_code, b.sku_key, b.stock_wanted) for b in changed if b not in waiting]
    wanted = {code: amount for code, key, amount in going if key is not None}
    stock = {key: amount for _, key, amount in going if key is not None}
    if not stock:
        return _later(bridge) if waiting else await _set_on_sale(bridge, listing, on_sale=True)
    await bridge.db.run(catalogue.sending, listing, "stock", wanted)
    try:
        refusals = await bridge.channels[listing.store].set_stock([StockUpdate(listing.listing_id, stock)])
    except OutcomeUnknown as error:
        return Retry("unknown", str(error))
    if refusals:
        return refused(bridge, listing, "stock", refusals[0])
    if waiting:
        return _later(bridge, lambda session: _pushed(session, bridge, job, listing, wanted))
    return Done(lambda session: _pushed(session, bridge, job, listing, wanted))


def _unsettled(session: Session, listing: int) -> set[str]:
    """SKU codes whose stock on the channel no known order explains, and that are looked at again soon."""
    looks = under_way(session, "reconcile.stock", f"listing:{listing}")
    return {code for args in looks for code in json.loads(args["shown"])}


def _later(bridge: Bridge, write: Write = nothing) -> Snooze:
    why = "the channel shows another stock than ours, and whether the seller set it is not settled yet"
    return Snooze(bridge.clock.now() + bridge.terms.orders_wait, "stock_unsettled", why, write)


def reserve(session: Session, purchase: Purchase, occasion: str, *, now: datetime) -> None:
    """What a purchase will still take of its offers has changed: they are planned anew."""
    offer_ids = sorted({line.offer_id for line in purchase.lines})
    catalogue.unplan(session, purchase.supplier, offer_ids)
    why = f"{purchase.mark} {occasion}"
    enqueue(session, [replan_job(purchase.supplier, offer_id, why, now) for offer_id in offer_ids], now=now)


def taken(session: Session, purchase: Purchase, *, now: datetime) -> None:
    """What a purchase took, or gave back, the supplier knows: its offers are read next, and planned anew then."""
    offer_ids = sorted({line.offer_id for line in purchase.lines})
    catalogue.unplan(session, purchase.supplier, offer_ids, once_read=True)
    readings.hasten(session, purchase.supplier, offer_ids, now=now)


def replan_job(account: str, offer_id: str, occasion: str, now: datetime) -> NewJob:
    """The job that plans an offer anew from its last snapshot; `occasion` tells reasons apart."""
    return NewJob(
        kind="monitor.replan",
        key=f"monitor.replan:{account}/{offer_id}@{occasion}",
        account=account,
        run_at=now,
        priority=now + CATALOGUE_PATIENCE,
        subject=f"offer {account}/{offer_id}",
        lock=f"offer:{account}/{offer_id}",
        args={"offer": offer_id},
    )


def made_of(session: Session, rules: Rules, account: str, offer_ids: Collection[str]) -> set[tuple[str, str]]:
    """Other offers, by account and id, whose SKUs are bought with one of these as a part or from a backup."""
    skus = skus_made_of(offer_ids, rules)
    found = catalogue.offers_of_skus(session, skus) if skus else set()
    return found - {(account, offer_id) for offer_id in offer_ids}


def free_of(
    session: Session, bridge: Bridge, account: str, offers: Sequence[Offer], bindings: Iterable[Binding]
) -> dict[tuple[str, str], Free]:
    """What can still be bought of each of these SKUs, by store and SKU code; `offers` are as just read."""
    named = {(one.store, one.sku_code): BoundSpec(one.supplier, one.offer_id, one.spec_id) for one in bindings}
    bought = {sku: ways(sku[1], sku[0], {sku[1]: spec}, bridge.rules) for sku, spec in named.items()}
    wanted: defaultdict[str, set[str]] = defaultdict(set)
    for way in (way for each in bought.values() for way in each):
        wanted[way.supplier] |= {part.offer_id for part in way.parts}
    known = {(account, offer.offer_id): offer for offer in offers}
    read_at: dict[tuple[str, str], datetime] = {}
    for supplier, ids in wanted.items():
        unread = ids - {offer_id for owner, offer_id in known if owner == supplier}
        found = catalogue.offers(session, supplier, unread) if unread else {}
        known |= {(supplier, offer_id): offer for offer_id, offer in found.items() if offer is not None}
        read_at |= {(supplier, one): last.read_at for one, last in readings.last(session, supplier, ids).items()}
    supply = Supply(known, purchases.reserved(session, read_at))
    return {sku: _free(sku, each, supply, bridge.rules) for sku, each in bought.items()}


def hold_unsure(
    session: Session, fed: Iterable[tuple[OwnListing, Sequence[Binding], Sequence[Wanted]]], *, now: datetime
) -> None:
    """Tell once for each listing of how many of its SKUs the suppliers' stock is not known; no more where all is.

    `fed` are listings with those of their SKUs that were just read, as they were and as the rules want them.
    """
    reasons: dict[tuple[str, str], str] = {}
    touched: dict[int, str] = {}
    for listing, bindings, wanted in fed:
        before = {binding.sku_code: binding.unsure for binding in bindings}
        after = dict.fromkeys(before, "") | {sku.sku_code: sku.free.why for sku in wanted if sku.free.unsure}
        changed = {(listing.store, code): why for code, why in after.items() if why != before.get(code, "")}
        reasons |= changed
        touched |= {listing.id: f"listing {listing.store}/{listing.id}"} if changed else {}
    if not touched:
        return
    unsure.note(session, reasons)
    left = unsure.of(session, touched)
    holds.close_holds(session, UNSURE, [touched[one] for one in touched.keys() - left.keys()], now=now)
    found = {(UNSURE, touched[listing]): _figures(skus) for listing, skus in left.items()}
    new = holds.open_many(session, found, now=now)
    timeline.note_all(session, [(subject, f"held: {kind}", found[kind, subject]) for kind, subject in new], at=now)


def _figures(unsure: Mapping[str, str]) -> dict[str, str]:
    """How many SKUs of a listing, the first of them, and why; `unsure` are the reasons by SKU code."""
    return {
        "why": _first(list(dict.fromkeys(unsure.values())), "; "),
        "skus": str(len(unsure)),
        "codes": _first(unsure),
    }


def _first(some: Collection[str], between: str = ", ") -> str:
    return between.join([*islice(some, TOLD), *(["…"] if len(some) > TOLD else [])])


async def online(bridge: Bridge, job: Claim) -> Outcome:
    """Put a listing that has stock again back on sale."""
    listing = await bridge.db.read(catalogue.listing, int(job.args["listing"]))
    return await _set_on_sale(bridge, listing, on_sale=True)


def _free(sku: tuple[str, str], bought: Sequence[Way], supply: Supply, rules: Rules) -> Free:
    route = route_for(sku[1], sku[0], rules)
    return NOT_BOUGHT if route is None else free(bought, supply, route.stock)


def refused(bridge: Bridge, listing: OwnListing, field: str, refusal: Refusal) -> Outcome:
    """What to do about a listing the channel would not take an update of; its changes say why."""
    if refusal.code == "auditing":
        until = bridge.clock.now() + bridge.terms.audit_wait
        return Snooze(until, "auditing", "the channel is auditing the listing")
    why = f"the channel refused listing {refusal.listing_id}: {refusal.message}"
    return Park(refusal.code, why, lambda session: plans.refuse(session, listing.id, field, why))


async def _set_on_sale(bridge: Bridge, listing: OwnListing, *, on_sale: bool) -> Outcome:
    state = ListingState.ON_SALE if on_sale else ListingState.OFFLINE
    if listing.listing_id is None or not listing.state.is_sellable:
        return Done()
    if listing.state is state:
        return Done(lambda session: _settle(session, listing, state))
    if "status" in (await bridge.db.read(locks.of, [listing.id])).get((listing.id, ""), {}):
        return Done()  # whether it is on sale is the seller's choice
    await bridge.db.run(listings.switching, listing.id, state)
    try:
        refusals = await bridge.channels[listing.store].set_on_sale([listing.listing_id], on_sale=on_sale)
    except OutcomeUnknown as error:
        return Retry("unknown", str(error))
    if refusals:
        return refused(bridge, listing, "stock", refusals[0])
    return Done(lambda session: _switched(session, listing, state, bridge.clock.now()))


def _switched(session: Session, listing: OwnListing, state: ListingState, now: datetime) -> None:
    listings.switched(session, listing.id, state, now=now)
    plans.settle_status(session, listing.id)
    _settle(session, listing, state)


def _settle(session: Session, listing: OwnListing, state: ListingState) -> None:
    if state is ListingState.OFFLINE:
        plans.settle_zeros(session, listing.id)
    else:
        plans.settle(session, listing, "stock")


def _pushed(session: Session, bridge: Bridge, job: Claim, listing: OwnListing, wanted: dict[str, int]) -> None:
    catalogue.pushed(session, listing, "stock", wanted, now=bridge.clock.now())
    if listing.state is ListingState.OFFLINE:
        now = bridge.clock.now()
        back = NewJob(
            kind="stock.online",
            key=f"stock.online:{job.key}",
            account=job.account,
            run_at=now,
            priority=job.priority,
            subject=job.subject,
            lock=f"listing:{listing.id}",
            args=job.args,
        )
        enqueue(session, [back], now=now)
