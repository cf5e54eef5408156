"""Stock goes to the channel; a listing of which nothing is left goes off sale, and comes back by itself."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from syncbridge.errors import OutcomeUnknown
from syncbridge.flows.bridge import Bridge
from syncbridge.model.catalog import ListingState, OwnListing, Refusal, StockUpdate
from syncbridge.queue.execute import Done, Outcome, Park, Retry, Snooze
from syncbridge.queue.job import Claim, NewJob, enqueue
from syncbridge.store import catalogue, listings, locks, plans


async def push(bridge: Bridge, job: Claim) -> Outcome:
    """Set the stock that is not what it should be; sending it again would change nothing."""
    listing = await bridge.db.read(catalogue.listing, int(job.args["listing"]))
    bindings = await bridge.db.read(catalogue.bindings, listing.id)
    if listing.listing_id is None or not listing.state.is_sellable:
        return Done()
    if listing.whole and not any(binding.stock_wanted for binding in bindings):
        return await _set_on_sale(bridge, listing, on_sale=False)
    changed = [(b.sku_code, b.sku_key, b.stock_wanted) for b in bindings if b.stock_wanted != b.stock]
    wanted = {code: amount for code, key, amount in changed if key is not None}
    stock = {key: amount for _, key, amount in changed if key is not None}
    if not stock:
        return await _set_on_sale(bridge, listing, on_sale=True)
    await bridge.db.run(catalogue.sending, listing, "stock", wanted)
    try:
        refusals = await bridge.channels[listing.store].set_stock([StockUpdate(listing.listing_id, stock)])
    except OutcomeUnknown as error:
        return Retry("unknown", str(error))
    if refusals:
        return refused(bridge, listing, "stock", refusals[0])
    return Done(lambda session: _pushed(session, bridge, job, listing, wanted))


async def online(bridge: Bridge, job: Claim) -> Outcome:
    """Put a listing that has stock again back on sale."""
    listing = await bridge.db.read(catalogue.listing, int(job.args["listing"]))
    return await _set_on_sale(bridge, listing, on_sale=True)


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
