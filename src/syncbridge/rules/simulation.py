"""What other rules would do with the same offers and orders."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from syncbridge.model.catalog import Offer
from syncbridge.model.orders import Order
from syncbridge.rules import planning
from syncbridge.rules.mapping import Rules
from syncbridge.rules.planning import Shown, Wanted
from syncbridge.rules.routing import Bindings, Offers, Routing, Split, route_for, routes_of_offer, split

KINDS = ("listing", "route", "price", "stock", "order")
NOTHING = "none"


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that would come out otherwise."""

    kind: str
    """``listing``: through which route an offer is listed; ``route``, ``price`` and ``stock``: of a SKU there is;
    ``order``: how an order would be bought."""
    store: str
    subject: str
    """An offer's id, a SKU code or an order's id."""
    before: str
    after: str


def of_offer(offer: Offer, supplier: str, old: Rules, new: Rules) -> Iterator[Difference]:
    """Through which route an offer would be listed, in each store."""
    before, after = routes_of_offer(offer, supplier, old), routes_of_offer(offer, supplier, new)
    for store in sorted({*before, *after}):
        names = [routes[store].name if store in routes else NOTHING for routes in (before, after)]
        yield from _differ("listing", store, offer.offer_id, *names)


def of_skus(offer: Offer, store: str, shown: Sequence[Shown], old: Rules, new: Rules) -> Iterator[Difference]:
    """What would become of the SKUs of a store that an offer feeds."""
    before, after = (_by_code(planning.wanted(offer, store, shown, rules)) for rules in (old, new))
    for code in (sku.sku_code for sku in shown):
        routes = [route_for(code, store, rules) for rules in (old, new)]
        yield from _differ("route", store, code, *(route.name if route else NOTHING for route in routes))
        if code in before and code in after:
            yield from _differ("price", store, code, _price(before[code]), _price(after[code]))
            yield from _differ("stock", store, code, str(before[code].stock), str(after[code].stock))


def of_order(
    order: Order, store: str, bindings: Bindings, offers: Offers, old: Rules, new: Rules
) -> Iterator[Difference]:
    """How an order would be bought, if it came in today."""
    before, after = (split(order, store, bindings, offers, rules) for rules in (old, new))
    if _essence(before) != _essence(after):
        yield Difference("order", store, order.order_id, _bought(before), _bought(after))


def _differ(kind: str, store: str, subject: str, before: str, after: str) -> Iterator[Difference]:
    if before != after:
        yield Difference(kind, store, subject, before, after)


def _by_code(skus: Sequence[Wanted]) -> dict[str, Wanted]:
    return {sku.sku_code: sku for sku in skus}


def _price(sku: Wanted) -> str:
    return str(sku.priced.price) if sku.priced else NOTHING


def _essence(routing: Routing) -> tuple[object, ...]:
    """What is the same where the same is bought: where the rules are written does not count."""
    return ([_part(part) for part in routing.splits], len(routing.unrouted), routing.own_stock)


def _bought(routing: Routing) -> str:
    own = [f"{code} from own stock" for code in routing.own_stock]
    return "; ".join([*map(_part, routing.splits), *own, *routing.unrouted]) or NOTHING


def _part(part: Split) -> str:
    route = part.route
    goods = " + ".join(f"{line.quantity} × {line.offer_id}/{line.spec_id}" for line in part.lines)
    return f"{route.name}: {goods} from {route.supplier} ({route.buy}) to {route.relay.city}, {route.way}"
