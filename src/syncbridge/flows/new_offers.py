"""Offers that are not listed yet, in the stores whose route takes them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sqlmodel import Session

from syncbridge.errors import MappingError
from syncbridge.flows.bridge import Bridge
from syncbridge.model.catalog import GivenText, ListingState, Offer, OwnListing
from syncbridge.rules import planning
from syncbridge.rules.mapping import Route
from syncbridge.rules.planning import Step, Wanted
from syncbridge.store import adoption, catalogue, given_texts, holds, imports, timeline
from syncbridge.store.catalogue import Shelved

Made = tuple[OwnListing, Sequence[Wanted]]
"""A listing, and its SKUs."""


def note_unrouted(
    session: Session, bridge: Bridge, supplier: str, offer_ids: Iterable[str], unrouted: set[str]
) -> None:
    """An offer that no route takes, and that feeds no listing, is told of."""
    now = bridge.clock.now()
    routed = [f"offer {supplier}/{offer_id}" for offer_id in offer_ids if offer_id not in unrouted]
    holds.close_holds(session, "offer_unrouted", routed, now=now)
    for offer_id in sorted(unrouted):
        _hold(session, bridge, "offer_unrouted", f"offer {supplier}/{offer_id}", "no route takes this offer")


def propose(
    session: Session,
    bridge: Bridge,
    supplier: str,
    offers: Sequence[Offer],
    routes: Mapping[str, Mapping[str, Route]],
    shelf: Mapping[str, Sequence[Shelved]],
) -> list[Made]:
    """Write the listings of offers that a store of their routes does not have yet, as proposals; one that cannot be
    made is held and stops no other.
    """
    fresh: list[Made] = []
    chosen = imports.chosen_stores(session, supplier, routes)
    given = given_texts.of_offers(session, supplier, routes)
    for offer in offers:
        there = {entry.listing.store for entry in shelf[offer.offer_id]}
        for store, route in routes[offer.offer_id].items():
            if store not in there and offer.buyable and store in chosen.get(offer.offer_id, (store,)):
                text = given.get((store, offer.offer_id))
                fresh += _drafted(session, bridge, store, route, supplier, offer, text)
    fresh = _outside_adoption(session, fresh)
    fresh = _with_codes_of_their_own(session, bridge, supplier, fresh)
    if not fresh:
        return []
    now = bridge.clock.now()
    drafted = [f"offer {supplier}/{listing.offer_id}" for listing, _ in fresh]
    holds.close_holds(session, "offer_unlistable", drafted, now=now)
    listings = catalogue.propose(session, fresh, now=now)
    return [(listing, skus) for listing, (_, skus) in zip(listings, fresh, strict=True)]


def _outside_adoption(session: Session, fresh: Sequence[Made]) -> list[Made]:
    """Without those of stores that are being adopted: what is not decided there yet may be this very offer."""
    adopted = adoption.undecided(session) if fresh else set()
    return [(listing, skus) for listing, skus in fresh if listing.store not in adopted]


def first_step(listing: OwnListing, skus: Sequence[Wanted]) -> Step:
    """The change that puts a listing on the channel."""
    rule = skus[0].rule if skus else ""
    return Step("", "listing", "none", listing.draft.title, f"offer {listing.offer_id} is new", rule=rule)


def _drafted(
    session: Session, bridge: Bridge, store: str, route: Route, supplier: str, offer: Offer, given: GivenText | None
) -> list[Made]:
    """The listing an offer makes, or none and a hold that says why."""
    try:
        wanted = planning.fresh(offer, store, route, bridge.rules)
        draft = planning.draft(offer, route, wanted, given)
    except (ValueError, MappingError) as error:
        _hold(session, bridge, "offer_unlistable", f"offer {supplier}/{offer.offer_id}", str(error))
        return []
    for sku in wanted:
        if sku.doubt is not None:
            _hold(session, bridge, sku.doubt.kind, f"sku {store}/{sku.sku_code}", sku.doubt.why)
    state = ListingState.PROPOSED
    return [(OwnListing(0, store, supplier, offer.offer_id, route.name, state, None, draft, None), wanted)]


def _with_codes_of_their_own(session: Session, bridge: Bridge, supplier: str, fresh: Sequence[Made]) -> list[Made]:
    """Those whose SKU codes nothing else in their store has; the others are held."""
    codes: dict[str, set[str]] = {}
    for listing, skus in fresh:
        codes.setdefault(listing.store, set()).update(sku.sku_code for sku in skus)
    taken = {
        (store, code): f"{bound.offer_id}/{bound.spec_id}"
        for store, wanted in codes.items()
        for code, bound in catalogue.bound_specs(session, store, wanted).items()
    }
    free: list[Made] = []
    for listing, skus in fresh:
        clash = next((sku.sku_code for sku in skus if (listing.store, sku.sku_code) in taken), None)
        if clash is None:
            free.append((listing, skus))
            taken |= {(listing.store, sku.sku_code): f"{listing.offer_id}/{sku.spec.spec_id}" for sku in skus}
        else:
            why = f"SKU code {clash} of store {listing.store} is that of {taken[listing.store, clash]} already"
            _hold(session, bridge, "offer_unlistable", f"offer {supplier}/{listing.offer_id}", why)
    return free


def _hold(session: Session, bridge: Bridge, kind: str, subject: str, why: str) -> None:
    now = bridge.clock.now()
    if holds.open_hold(session, kind, subject, {"why": why}, now=now):
        timeline.note(session, subject, f"held: {kind}", at=now, why=why)
