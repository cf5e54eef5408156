"""Why a SKU costs what it costs, and shows the stock it shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import Session

from syncbridge.errors import SyncBridgeError
from syncbridge.flows.bridge import Bridge
from syncbridge.flows.stock import UNSURE
from syncbridge.model.catalog import Binding, OwnListing
from syncbridge.rules.mapping import Route
from syncbridge.rules.routing import route_for
from syncbridge.store import catalogue, holds, passports
from syncbridge.store.holds import OpenHold
from syncbridge.store.passports import Planned


@dataclass(frozen=True, slots=True)
class Explanation:
    """All that is known of one SKU of a store."""

    binding: Binding
    listing: OwnListing
    route: Route | None
    """That the mapping files give it now."""
    planned: Planned | None
    """The last plan for its price."""
    supplier_stock: int | None
    """As last read; None: unknown."""
    held: Sequence[OpenHold]


def explained(session: Session, bridge: Bridge, store: str, sku_code: str) -> Explanation:
    """What is known of a SKU; raises SyncBridgeError if the store has no such SKU through us."""
    found = passports.bound(session, store, sku_code)
    if found is None:
        raise SyncBridgeError(
            f"store {store} has no SKU {sku_code} through syncbridge; "
            f"what a rule would decide about it: syncbridge rules explain {sku_code} --store {store}"
        )
    binding, listing = found
    offer = catalogue.offer(session, binding.supplier, binding.offer_id)
    stock = next((spec.stock for spec in offer.specs if spec.spec_id == binding.spec_id), None) if offer else None
    route = route_for(sku_code, store, bridge.rules)
    subjects = {f"sku {store}/{sku_code}", f"offer {binding.supplier}/{binding.offer_id}"} | _rates(bridge, route)
    of_listing = f"listing {store}/{listing.id}"
    return Explanation(
        binding,
        listing,
        route,
        passports.last_price_change(session, listing.id, sku_code),
        stock,
        [hold for hold in holds.all_open(session) if hold.subject in subjects or _holds_it(hold, of_listing, binding)],
    )


def _holds_it(hold: OpenHold, listing: str, binding: Binding) -> bool:
    """Whether a hold on the SKU's listing is about the SKU, too."""
    return hold.subject == listing and (hold.kind != UNSURE or bool(binding.unsure))


def _rates(bridge: Bridge, route: Route | None) -> set[str]:
    """The rates that its price needs, as holds name them."""
    if route is None:
        return set()
    used = route.price.spent_in | {route.price.currency}
    return {f"rate {'/'.join(pair)}" for pair in bridge.rules.followed if set(pair) <= used}
