"""Which route a SKU takes, and how an order is split into purchases."""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import groupby

from syncbridge.errors import MappingError
from syncbridge.model.catalog import Offer
from syncbridge.model.money import Money
from syncbridge.model.orders import OrderLine
from syncbridge.model.purchasing import IntentKey, Purchase, PurchaseLine
from syncbridge.rules.mapping import BuyMode, Part, Route, Rules, SkuRule, Way

MOST_LINES = 50
"""A purchase takes at most so many (1688.md §5.1)."""
MOST_SPLITS = 100
"""Of one order, supplier account and alternative: there the numbers of the next alternative begin."""
REFERENCE_LENGTH = 10
SHARE_STEP = Decimal("1e-12")
"""Shares of a payout are whole multiples of this, so that they add up to it exactly."""
MOST_TRIES = 1000


@dataclass(frozen=True, slots=True)
class BoundSpec:
    """The spec that feeds a SKU, and the supplier account it is bought from."""

    supplier: str
    offer_id: str
    spec_id: str


Bindings = Mapping[str, BoundSpec]
"""By SKU code."""
Offers = Mapping[tuple[str, str], Offer]
"""Last snapshots, by supplier account and offer id."""


@dataclass(frozen=True, slots=True)
class Split:
    """Lines of an order that one purchase buys."""

    route: Route
    """Of its first line, with the supplier account it is bought from."""
    number: int
    """Tells splits of one order and supplier account apart; those of alternative k begin at 100 k."""
    lines: tuple[PurchaseLine, ...]
    payout: Money
    line_ids: tuple[str, ...] = ()
    """The order lines it feeds, wholly or in part."""
    alternative: int = 0


@dataclass(frozen=True, slots=True)
class Routing:
    """What becomes of an order's lines."""

    splits: tuple[Split, ...]
    unrouted: tuple[str, ...]
    """A sentence for each line that cannot be bought in this way."""
    own_stock: tuple[str, ...] = ()
    """SKU codes the seller ships from own stock."""


class _Unroutable(Exception):
    """A line that cannot be bought in this way, in a sentence."""


@dataclass(frozen=True, slots=True)
class _Need:
    """A part of an order line on its way into a purchase."""

    route: Route
    shop: str
    line: OrderLine
    part: Part
    payout: Money
    number: int
    """What a purchase that begins with it is called, among those of a backup."""

    @property
    def together(self) -> tuple[str, ...]:
        """What a purchase has in common."""
        route = self.route
        return (route.supplier, self.shop, str(route.relay), route.buy, route.carrier)

    @property
    def spec(self) -> tuple[str, str]:
        """What is bought."""
        return (self.part.offer_id, self.part.spec_id)


def route_for(sku_code: str, store: str, rules: Rules) -> Route | None:
    """The route of the longest prefix that fits, in this store."""
    fitting = [r for r in rules.routes if store in r.stores and sku_code.startswith(r.prefix)]
    return max(fitting, key=lambda route: len(route.prefix), default=None)


def rule_of(sku_code: str, store: str, rules: Rules) -> SkuRule | None:
    """What the mapping files say of this very SKU, beside its route."""
    return next((r for r in rules.skus if r.code == sku_code and (not r.stores or store in r.stores)), None)


def routes_of_offer(offer: Offer, supplier: str, rules: Rules) -> dict[str, Route]:
    """The route an offer is listed through, by store; the longest goods code wins."""
    chosen: dict[str, Route] = {}
    codes = [offer.goods_code or "", *(spec.goods_code or "" for spec in offer.specs)]
    for route in rules.routes:
        if route.supplier != supplier or route.buy is BuyMode.OWN_STOCK:
            continue
        if not any(code.startswith(route.goods_code) for code in codes):
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


def ways(sku_code: str, store: str, bindings: Bindings, rules: Rules) -> tuple[Way, ...]:
    """How a unit of a SKU can be bought: first in parts or as it is bound, then from its backups.

    Empty where nothing is bought. The first has no parts if the SKU is bound to no spec.
    """
    route = route_for(sku_code, store, rules)
    if route is None or route.buy is BuyMode.OWN_STOCK:
        return ()
    rule = rule_of(sku_code, store, rules)
    bound = bindings.get(sku_code)
    if rule and rule.parts:
        first = Way(route.supplier, rule.parts)
    elif bound:
        first = Way(bound.supplier, (Part(bound.offer_id, bound.spec_id, 1),))
    else:
        first = Way(route.supplier, ())
    return (first, *(rule.backups if rule else ()))


def skus_made_of(offer_ids: Collection[str], rules: Rules) -> set[tuple[str, str]]:
    """SKUs, as (store, code), that the mapping files buy in parts or elsewhere with one of these offers.

    The store is empty where a rule is for every store.
    """
    return {
        (store, rule.code)
        for rule in rules.skus
        for way in (*rule.backups, Way("", rule.parts))
        if not {part.offer_id for part in way.parts}.isdisjoint(offer_ids)
        for store in rule.stores or ("",)
    }


def alternatives(lines: Sequence[OrderLine], store: str, rules: Rules) -> int:
    """In how many ways all of these lines can be bought."""
    return min((len(ways(line.sku_code, store, {}, rules)) for line in lines), default=0)


def backup_keys(purchase: Purchase, lines: Sequence[OrderLine], rules: Rules) -> dict[str, list[IntentKey]]:
    """By supplier account, the names its lines would bear if they were bought from a later backup."""
    keys: dict[str, list[IntentKey]] = {}
    mine = [line for line in lines if line.line_id in purchase.line_ids]
    for alternative in range(purchase.alternative + 1, alternatives(mine, purchase.store, rules)):
        numbers = _numbers(lines, purchase.store, rules, alternative)
        for line in mine:
            way = ways(line.sku_code, purchase.store, {}, rules)[alternative]
            keys.setdefault(way.supplier, []).extend(
                intent_key(purchase.store, purchase.order_id, way.supplier, numbers[line.line_id] + n)
                for n in range(len(way.parts))
            )
    return keys


def split(
    lines: Sequence[OrderLine],
    store: str,
    bindings: Bindings,
    offers: Offers,
    rules: Rules,
    *,
    line_ids: Collection[str] | None = None,
    alternative: int = 0,
) -> Routing:
    """Route the lines that are ours to ship, and group what is bought and sent in the same way.

    `lines` are all lines of the order; those in `line_ids` are routed, or all if it is None.
    """
    needs: list[_Need] = []
    unrouted: list[str] = []
    own_stock: list[str] = []
    numbers = _numbers(lines, store, rules, alternative)
    for line in lines:
        if not line.ours_to_ship or (line_ids is not None and line.line_id not in line_ids):
            continue
        route = route_for(line.sku_code, store, rules)
        if route is not None and route.buy is BuyMode.OWN_STOCK:
            own_stock.append(line.sku_code)
            continue
        try:
            route, way = _chosen(line.sku_code, store, bindings, rules, alternative)
            needs += _needs(line, route, way, offers, numbers[line.line_id])
        except _Unroutable as problem:
            unrouted.append(str(problem))
    splits = _splits(needs, alternative)
    if any(part.number >= (alternative + 1) * MOST_SPLITS for part in splits):
        return Routing((), (f"the order takes {len(splits)} purchases or more; buy it on the suppliers' pages",))
    return Routing(splits, tuple(unrouted), tuple(own_stock))


def _numbers(lines: Sequence[OrderLine], store: str, rules: Rules, alternative: int) -> dict[str, int]:
    """A number for each line, with room for its parts, which does not depend on what else is bought this way.

    Lines of one order go over to their backups at different times; no two purchases may get the same name.
    """
    numbers: dict[str, int] = {}
    following = alternative * MOST_SPLITS
    for line in sorted(lines, key=lambda line: line.line_id):
        numbers[line.line_id] = following
        following += sum(len(way.parts) for way in ways(line.sku_code, store, {}, rules)[alternative : alternative + 1])
    return numbers


def _chosen(sku_code: str, store: str, bindings: Bindings, rules: Rules, alternative: int) -> tuple[Route, Way]:
    route = route_for(sku_code, store, rules)
    if route is None:
        raise _Unroutable(f"no route's prefix fits SKU {sku_code} of store {store}")
    possible = ways(sku_code, store, bindings, rules)
    if alternative >= len(possible):
        raise _Unroutable(f"SKU {sku_code} has no backup {alternative} (route {route.name}, {route.place})")
    way = possible[alternative]
    if not way.parts:
        raise _Unroutable(f"SKU {sku_code} is bound to no offer (route {route.name}, {route.place})")
    if alternative == 0 and way.supplier != route.supplier:
        raise _Unroutable(
            f"SKU {sku_code} is bound to an offer of {way.supplier}, "
            f"but route {route.name} ({route.place}) buys from {route.supplier}"
        )
    return replace(route, supplier=way.supplier), way


def _needs(line: OrderLine, route: Route, way: Way, offers: Offers, number: int) -> list[_Need]:
    known = [offers.get((way.supplier, part.offer_id)) for part in way.parts]
    payout = line.price * line.quantity * (Decimal(1) - route.price.commission)
    shares = _shares(payout, way.parts, known)
    return [
        _Need(route, _shop(line, way, part, offer), line, part, share, number + n)
        for n, (part, offer, share) in enumerate(zip(way.parts, known, shares, strict=True))
    ]


def _shop(line: OrderLine, way: Way, part: Part, offer: Offer | None) -> str:
    if offer is None:
        raise _Unroutable(
            f"offer {part.offer_id} of SKU {line.sku_code} was never read from account {way.supplier}; "
            f"add it to the pool of that account and wait for the next import"
        )
    return offer.supplier_id


def _shares(payout: Money, parts: Sequence[Part], offers: Sequence[Offer | None]) -> list[Money]:
    """What each part earns of a payout, by its cost; by its pieces where a cost is not known. Nothing gets lost."""
    costs = [_cost(part, offer) for part, offer in zip(parts, offers, strict=True)]
    weights = costs if all(costs) else [Decimal(part.quantity) for part in parts]
    whole, left = sum(weights), payout
    shares = []
    for weight in weights:
        share = Money((left.amount * weight / whole).quantize(SHARE_STEP), left.currency)
        shares.append(share)
        left, whole = left - share, whole - weight
    return shares


def _cost(part: Part, offer: Offer | None) -> Decimal:
    costs = {spec.spec_id: spec.cost for spec in offer.specs} if offer else {}
    cost = costs.get(part.spec_id)
    return cost.amount * part.quantity if cost else Decimal(0)


def _splits(needs: Sequence[_Need], alternative: int) -> tuple[Split, ...]:
    splits: list[Split] = []
    numbers: Counter[str] = Counter()
    for (supplier, *_), members in groupby(sorted(needs, key=lambda need: need.together), lambda need: need.together):
        for some in _purchases(list(members)):
            number = min(need.number for need in some) if alternative else numbers[supplier]
            numbers[supplier] += 1
            line_ids = tuple(dict.fromkeys(need.line.line_id for need in some))
            splits.append(Split(some[0].route, number, _merged(some), _payout(some), line_ids, alternative))
    return tuple(splits)


def _purchases(needs: Sequence[_Need]) -> Iterator[list[_Need]]:
    """Needs of at most 50 specs; those of one order line stay together."""
    some: list[_Need] = []
    for _, members in groupby(needs, lambda need: need.line.line_id):
        line = list(members)
        if some and len({need.spec for need in [*some, *line]}) > MOST_LINES:
            yield some
            some = []
        some += line
    yield some


def _merged(needs: Sequence[_Need]) -> tuple[PurchaseLine, ...]:
    quantities: Counter[tuple[str, str]] = Counter()
    for need in needs:
        quantities[need.spec] += need.part.quantity * need.line.quantity
    return tuple(PurchaseLine(*spec, quantity) for spec, quantity in quantities.items())


def _payout(needs: Sequence[_Need]) -> Money:
    total = Money.zero(needs[0].payout.currency)
    for need in needs:
        total += need.payout
    return total.rounded()


def _reference(name: str, length: int) -> str:
    digest = hashlib.blake2b(name.encode(), digest_size=16).digest()
    return base64.b32encode(digest).decode()[:length]
