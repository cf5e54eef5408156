"""Specs that a supplier adds to a listed offer: proposed as SKUs of its listings, and added when a person approves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from sqlmodel import Session

from syncbridge.errors import MappingError, SyncBridgeError
from syncbridge.flows import rates
from syncbridge.flows.bridge import Bridge
from syncbridge.model.catalog import Change, ChangeState, Offer, OwnListing, Spec
from syncbridge.rules import planning
from syncbridge.rules.mapping import NewVariants, Route
from syncbridge.rules.planning import Step, Wanted
from syncbridge.rules.rematch import wording
from syncbridge.store import catalogue, holds, plans, timeline

NEW_VARIANT = "new_variant"
"""A listed offer has specs it did not have."""
FIELD = "sku"
"""Of a change that adds a SKU to a listing."""
NONE = "none"


def propose(session: Session, bridge: Bridge, account: str, offer: Offer, specs: Sequence[Spec]) -> dict[str, int]:
    """Plan a SKU for each of these specs in each listing of their offer that wants to know; answers plans by store.

    A spec that has no price, no code of its own or no place in the listing is left out.
    """
    bridge = rates.current(session, bridge)
    rows: dict[str, list[tuple[int, Step]]] = {}
    passports: dict[str, Mapping[str, str]] = {}
    for entry in catalogue.shelf(session, account, [offer.offer_id])[offer.offer_id]:
        own = entry.listing
        route = _route(bridge, own)
        if route is None or own.sent_at is None or own.offer_id != offer.offer_id or not own.state.is_sellable:
            continue  # an adopted listing may tell its SKUs apart by anything
        for spec in specs:
            sku = _wanted(bridge, own, route, offer, spec)
            if sku is None or sku.priced is None or catalogue.bound_specs(session, own.store, [sku.sku_code]):
                continue
            said = f"{wording(spec)}: {sku.priced.price}, {sku.stock}"
            step = Step(sku.sku_code, FIELD, NONE, said, "the supplier added it", rule=sku.rule)
            rows.setdefault(own.store, []).append((own.id, step))
            passports[sku.sku_code] = {**sku.priced.passport, "spec": spec.spec_id}
    made = {store: plans.begin(session, store, "new variants", now=bridge.clock.now()) for store in rows}
    for store, of_store in rows.items():
        plans.add(session, made[store], of_store, ChangeState.PROPOSED, passports)
        plans.overtake(session, made[store])
    return made


def add(session: Session, bridge: Bridge, changes: Sequence[Change]) -> dict[int, str]:
    """Bind what a person approved, at the price and stock of now; answers why not, by change."""
    if not changes:
        return {}
    bridge = rates.current(session, bridge)
    left = {}
    for change in changes:
        if why := _add(session, bridge, change):
            left[change.id] = why
    return left


def decided(session: Session, changes: Sequence[Change], *, now: datetime) -> None:
    """Nobody is told of new variants any more whose last change was decided about."""
    for own in [catalogue.listing(session, listing) for listing in {change.listing for change in changes}]:
        if not _waiting(session, own.supplier, own.offer_id):
            holds.close_holds(session, NEW_VARIANT, [_subject(own.supplier, own.offer_id)], now=now)


def dismiss(session: Session, hold_id: int, *, now: datetime) -> None:
    """A person has seen to new variants: what waits to be added is not. Raises SyncBridgeError."""
    hold = next((one for one in holds.all_open(session) if one.id == hold_id and one.kind == NEW_VARIANT), None)
    if hold is None:
        raise SyncBridgeError(f"there are no new variants new-{hold_id}; see: syncbridge rematch list")
    dropped = dict.fromkeys(_waiting(session, *_offer(hold.subject)), "dismissed by a person")
    plans.end(session, dropped, ChangeState.DROPPED)
    holds.close(session, hold.id, now=now)
    timeline.note(session, hold.subject, "new variants dismissed by a person", at=now)


def _waiting(session: Session, account: str, offer_id: str) -> list[int]:
    """The changes that would add a SKU of this offer and that nobody has decided about."""
    shelf = catalogue.shelf(session, account, [offer_id])[offer_id]
    known = plans.undecided(session, {entry.listing.id for entry in shelf})
    return [one.id for one in known.values() if one.field == FIELD and one.state in plans.UNDECIDED]


def _subject(account: str, offer_id: str) -> str:
    return f"offer {account}/{offer_id}"


def _offer(subject: str) -> tuple[str, str]:
    account, _, offer_id = subject.removeprefix("offer ").partition("/")
    return account, offer_id


def _add(session: Session, bridge: Bridge, change: Change) -> str:
    own = catalogue.listing(session, change.listing)
    route, offer = _route(bridge, own), catalogue.offer(session, own.supplier, own.offer_id)
    spec = next((one for one in offer.specs if one.spec_id == change.passport["spec"]), None) if offer else None
    sku = _wanted(bridge, own, route, offer, spec) if route and offer and spec else None
    if route is None or sku is None or sku.sku_code != change.sku_code:
        return "the supplier or the rules no longer have it"
    try:
        draft = planning.with_sku(own.draft, sku, route)
    except ValueError as error:
        return str(error)
    catalogue.add_sku(session, replace(own, draft=draft), sku)
    return ""


def _route(bridge: Bridge, own: OwnListing) -> Route | None:
    """The listing's route, where it wants to know of new variants."""
    try:
        route = bridge.route(own.route)
    except MappingError:
        return None
    return route if route.listing.new_variants is NewVariants.PROPOSE else None


def _wanted(bridge: Bridge, own: OwnListing, route: Route, offer: Offer, spec: Spec) -> Wanted | None:
    try:
        (sku,) = planning.fresh(replace(offer, specs=(spec,)), own.store, route, bridge.rules)
    except MappingError:
        return None
    return None if sku.priced is None or sku.doubt is not None else sku
