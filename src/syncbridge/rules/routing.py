"""Which route a SKU takes, and how an order is split into purchases."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from syncbridge.errors import MappingError
from syncbridge.model.catalog import Offer
from syncbridge.model.money import Money
from syncbridge.model.orders import Order, OrderLine
from syncbridge.model.purchasing import IntentKey, PurchaseLine
from syncbridge.rules.mapping import Route, Rules

MOST_LINES = 50
"""A purchase takes at most so many (1688.md §5.1)."""
REFERENCE_LENGTH = 10
MOST_TRIES = 1000


@dataclass(frozen=True, slots=True)
class BoundSpec:
    """The spec that feeds a SKU, and the supplier account and shop it is bought from."""

    supplier: str
    offer_id: str
    spec_id: str
    shop: str


@dataclass(frozen=True, slots=True)
class Split:
    """Lines of an order that one purchase buys."""

    route: Route
    number: int
    """From 0; tells splits of one order and supplier account apart."""
    lines: tuple[PurchaseLine, ...]
    payout: Money
    line_ids: tuple[str, ...] = ()
    """The order lines it feeds."""
    alternative: int = 0


@dataclass(frozen=True, slots=True)
class Routing:
    """What becomes of an order's lines."""

    splits: tuple[Split, ...]
    unrouted: tuple[str, ...]
    """A sentence for each line that has no rule or no binding."""


def route_for(sku_code: str, store: str, rules: Rules) -> Route | None:
    """The route of the longest prefix that fits, in this store."""
    fitting = [r for r in rules.routes if store in r.stores and sku_code.startswith(r.prefix)]
    return max(fitting, key=lambda route: len(route.prefix), default=None)


def routes_of_offer(offer: Offer, supplier: str, rules: Rules) -> dict[str, Route]:
    """The route an offer is listed through, by store; the longest goods code wins."""
    chosen: dict[str, Route] = {}
    codes = [offer.goods_code or "", *(spec.goods_code or "" for spec in offer.specs)]
    for route in rules.routes:
        if route.supplier != supplier or not any(code.startswith(route.goods_code) for code in codes):
            continue
        for store in route.stores:
            if store not in chosen or len(route.goods_code) > len(chosen[store].goods_code):
                chosen[store] = route
    return chosen


def sku_code(route: Route, store: str, offer_id: str, spec_id: str, rules: Rules) -> str:
    """A code for a SKU: the route's prefix and ten characters made from the spec, which no longer prefix fits.

    Raises MappingError if another route takes all codes with this prefix.
    """
    for attempt in range(MOST_TRIES):
        code = route.prefix + _reference(f"{route.supplier}|{offer_id}|{spec_id}|{attempt}", REFERENCE_LENGTH)
        if route_for(code, store, rules) == route:
            return code
    raise MappingError(
        f"{route.place}: every SKU code of route {route.name} would be taken by another route of store {store}; "
        f"give it a prefix of its own"
    )


def intent_key(store: str, order_id: str, supplier: str, split: int) -> IntentKey:
    """The names of a purchase at the supplier: derived, so that the same intent has them again."""
    name = f"{store}|{order_id}|{supplier}|{split}"
    return IntentKey("SB" + _reference("out|" + name, 16), _reference("mark|" + name, 8))


def split(order: Order, store: str, bindings: Mapping[str, BoundSpec], rules: Rules) -> Routing:
    """Route every line that is ours to ship, and group those that are bought and sent in the same way."""
    groups: dict[tuple[str, ...], list[tuple[Route, BoundSpec, OrderLine]]] = {}
    unrouted: list[str] = []
    for line in order.lines:
        if not line.ours_to_ship:
            continue
        route = route_for(line.sku_code, store, rules)
        bound = bindings.get(line.sku_code)
        if route is None:
            unrouted.append(f"no route's prefix fits SKU {line.sku_code} of store {store}")
        elif bound is None:
            unrouted.append(f"SKU {line.sku_code} is bound to no offer (route {route.name}, {route.place})")
        elif bound.supplier != route.supplier:
            unrouted.append(
                f"SKU {line.sku_code} is bound to an offer of {bound.supplier}, "
                f"but route {route.name} ({route.place}) buys from {route.supplier}"
            )
        else:
            together = (route.supplier, bound.shop, str(route.relay), route.buy, route.carrier)
            groups.setdefault(together, []).append((route, bound, line))
    return Routing(_splits(groups), tuple(unrouted))


def _splits(groups: Mapping[tuple[str, ...], list[tuple[Route, BoundSpec, OrderLine]]]) -> tuple[Split, ...]:
    splits: list[Split] = []
    numbers: dict[str, int] = {}
    for (supplier, *_), members in sorted(groups.items(), key=lambda item: item[0]):
        for start in range(0, len(members), MOST_LINES):
            some = members[start : start + MOST_LINES]
            number = numbers.get(supplier, 0)
            numbers[supplier] = number + 1
            splits.append(Split(some[0][0], number, _merged(some), _payout(some), _line_ids(some)))
    return tuple(splits)


def _merged(members: list[tuple[Route, BoundSpec, OrderLine]]) -> tuple[PurchaseLine, ...]:
    quantities: dict[tuple[str, str], int] = {}
    for _, bound, line in members:
        spec = (bound.offer_id, bound.spec_id)
        quantities[spec] = quantities.get(spec, 0) + line.quantity
    return tuple(PurchaseLine(*spec, quantity) for spec, quantity in quantities.items())


def _line_ids(members: list[tuple[Route, BoundSpec, OrderLine]]) -> tuple[str, ...]:
    return tuple(line.line_id for _, _, line in members)


def _payout(members: list[tuple[Route, BoundSpec, OrderLine]]) -> Money:
    total = Money.zero(members[0][2].price.currency)
    for route, _, line in members:
        total += line.price * line.quantity * (Decimal(1) - route.price.commission)
    return total.rounded()


def _reference(name: str, length: int) -> str:
    digest = hashlib.blake2b(name.encode(), digest_size=16).digest()
    return base64.b32encode(digest).decode()[:length]
