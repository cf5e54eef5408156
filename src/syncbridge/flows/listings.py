"""Our listings side by side: what the supplier says, the rules want, the channel shows and the seller keeps."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from syncbridge.errors import SyncBridgeError
from syncbridge.flows import plan, reconcile
from syncbridge.flows.bridge import Bridge
from syncbridge.flows.events import offer_job
from syncbridge.model.catalog import Binding, ListingState, Lock, Offer, OwnListing, Spec
from syncbridge.queue.job import enqueue
from syncbridge.rules.planning import Step
from syncbridge.store import catalogue, listings, locks

GIVEN_BACK = "given back to the rules"


@dataclass(frozen=True, slots=True)
class SkuView:
    """One SKU, side by side."""

    binding: Binding
    spec: Spec | None
    """As the supplier last showed it; None if it does no more."""
    rules: Mapping[str, str]
    """What the rules make of it, by field."""
    locks: Mapping[str, Lock]


@dataclass(frozen=True, slots=True)
class ListingView:
    """A listing with its SKUs."""

    listing: OwnListing
    locks: Mapping[str, Lock]
    """Of its own fields."""
    skus: tuple[SkuView, ...]


def view(session: Session, bridge: Bridge, number: int) -> ListingView:
    """A listing by our number; raises SyncBridgeError if there is none."""
    own = _known(session, number)
    bindings = catalogue.bindings(session, number)
    kept = {code: fields for (_, code), fields in locks.of(session, [number]).items()}
    offers = _offers(session, bindings)
    steps = _steps(session, bridge, own, offers)
    skus = [_sku(b, offers.get((b.supplier, b.offer_id)), steps, kept.get(b.sku_code, {})) for b in bindings]
    return ListingView(own, kept.get("", {}), tuple(skus))


def give_back(
    session: Session, bridge: Bridge, number: int, *, skus: Collection[str] = (), fields: Collection[str] = ()
) -> list[Lock]:
    """Unlock fields of a listing, all or those named; raises SyncBridgeError if the seller keeps none of them."""
    own, now = _known(session, number), bridge.clock.now()
    found = [
        lock
        for of_one in locks.of(session, [number]).values()
        for lock in of_one.values()
        if (not skus or lock.sku_code in skus) and (not fields or lock.field in fields)
    ]
    if not found:
        raise SyncBridgeError(f"no such field of listing {number} is locked; see: syncbridge listings show {number}")
    unlocked = [(lock.sku_code, lock.field) for lock in found if lock.sku_code]
    locks.unlock(session, own.store, unlocked, now=now)
    locks.unlock_listings(session, [(number, lock.field) for lock in found if not lock.sku_code])
    _ask_again(session, number, {code for code, _ in unlocked}, now)
    if any(lock.field == "status" for lock in found):
        reconcile.repair(session, bridge, number, _switch(session, own), cause=GIVEN_BACK)
    return found


def _known(session: Session, number: int) -> OwnListing:
    own = listings.get(session, number)
    if own is None:
        raise SyncBridgeError(f"there is no listing {number}; see: syncbridge listings list")
    return own


def _offers(session: Session, bindings: Collection[Binding]) -> dict[tuple[str, str], Offer]:
    found: dict[tuple[str, str], Offer] = {}
    for supplier in {binding.supplier for binding in bindings}:
        ids = {binding.offer_id for binding in bindings if binding.supplier == supplier}
        known = catalogue.offers(session, supplier, ids)
        found |= {(supplier, offer_id): offer for offer_id, offer in known.items() if offer is not None}
    return found


def _steps(
    session: Session, bridge: Bridge, own: OwnListing, offers: Mapping[tuple[str, str], Offer]
) -> dict[tuple[str, str], str]:
    """What the rules would change now, by (SKU code, field)."""
    changes = [
        change
        for supplier in {supplier for supplier, _ in offers}
        for change in plan.diff(session, bridge, supplier, [o for (of, _), o in offers.items() if of == supplier])
    ]
    return {(step.sku_code, step.field): step.after for listing, step in changes if listing.id == own.id}


def _sku(
    binding: Binding, offer: Offer | None, steps: Mapping[tuple[str, str], str], kept: Mapping[str, Lock]
) -> SkuView:
    spec = next((spec for spec in offer.specs if spec.spec_id == binding.spec_id), None) if offer else None
    decided = {"price": str(binding.price_wanted), "stock": str(binding.stock_wanted)}
    rules = {field: steps.get((binding.sku_code, field), value) for field, value in decided.items()}
    return SkuView(binding, spec, rules, kept)


def _ask_again(session: Session, number: int, sku_codes: Collection[str], now: datetime) -> None:
    """Read the offers of these SKUs again, so that the rules have their say."""
    fed = {(b.supplier, b.offer_id) for b in catalogue.bindings(session, number) if b.sku_code in sku_codes}
    jobs = [offer_job(supplier, offer_id, f"unlocked {now.isoformat()}", now) for supplier, offer_id in sorted(fed)]
    enqueue(session, jobs, now=now)


def _switch(session: Session, own: OwnListing) -> list[Step]:
    bindings = catalogue.bindings(session, own.id)
    wanted = ListingState.ON_SALE if any(b.stock_wanted for b in bindings) else ListingState.OFFLINE
    return [] if own.state is wanted else [Step("", "status", own.state, wanted, GIVEN_BACK)]
