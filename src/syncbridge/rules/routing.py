"""Which route a SKU takes, and how an order is split into purchases."""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import groupby

from syncbridge.model.catalog import Offer
from syncbridge.model.money import Money
from syncbridge.model.orders import Order, OrderLine
from syncbridge.model.purchasing import IntentKey, Purchase, PurchaseLine
from syncbridge.rules.countries import iso
from syncbridge.rules.mapping import Alias, BuyMode, Part, Route, Rules, SkuRule, Way

MOST_LINES = 50
"""A purchase takes at most so many (1688.md §5.1)."""
MOST_SPLITS = 100
"""Of one order, supplier account and alternative: there the numbers of the next alternative begin."""
SHARE_STEP = Decimal("1e-12")
"""Shares of a payout are whole multiples of this, so that they add up to it exactly."""


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
        lines = str(route.parcels.choices) if route.parcels and route.is_booked else ""
        return (route.supplier, self.shop, str(route.relay), route.buy, route.ship, route.carrier, lines)

    @property
    def spec(self) -> tuple[str, str]:
        """What is bought."""
        return (self.part.offer_id, self.part.spec_id)


def routes_of(sku_code: str, store: str, rules: Rules) -> list[Route]:
    """The routes of the longest prefix that fits, in this store: for listing, and for the countries they name."""
    code = meant(sku_code, store, rules)
    fitting = [r for r in rules.routes if store in r.stores and code.startswith(r.prefix)]
    longest = max((len(route.prefix) for route in fitting), default=0)
    return [route for route in fitting if len(route.prefix) == longest]


def route_for(sku_code: str, store: str, rules: Rules, country: str = "") -> Route | None:
    """The route of the longest prefix that fits, in this store; of several, the one that names the country.

    Without a country it is the one for listing: that of all destinations no route names.
    """
    fitting = routes_of(sku_code, store, rules)
    named = (route for route in fitting if iso(country) in route.destinations)
    return next(named, next((route for route in fitting if not route.destinations), None))


def alias_of(sku_code: str, store: str, rules: Rules) -> Alias | None:
    """What the mapping files say an old code stands for."""
    named = rules.aliases.get(sku_code, ())
    return next((alias for alias in named if not alias.stores or store in alias.stores), None)


def meant(sku_code: str, store: str, rules: Rules) -> str:
    """The SKU code that counts: that for which an old one stands, or itself."""
    alias = alias_of(sku_code, store, rules)
    return alias.sku if alias and alias.sku else sku_code


def rule_of(sku_code: str, store: str, rules: Rules) -> SkuRule | None:
    """What the mapping files say of this very SKU, beside its route."""
    code = meant(sku_code, store, rules)
    return next((r for r in rules.skus if r.code == code and (not r.stores or store in r.stores)), None)


def routes_of_offer(offer: Offer, supplier: str, rules: Rules) -> dict[str, Route]:
    """The route an offer is listed through, by store; the longest goods code wins."""
    chosen: dict[str, Route] = {}
    codes = [offer.goods_code or "", *(spec.goods_code or "" for spec in offer.specs)]
    for route in rules.routes:
        if route.supplier != supplier or route.buy is BuyMode.OWN_STOCK or route.destinations:
            continue
        if not any(code.startswith(route.goods_code) for code in codes):
            continue
        for store in route.stores:
            if store not in chosen or len(route.goods_code) > len(chosen[store].goods_code):
                chosen[store] = route
    return chosen


def intent_key(store: str, order_id: str, supplier: str, split: int) -> IntentKey:
    """The names of a purchase at the supplier: derived, so that the same intent has them again."""
    name = f"{store}|{order_id}|{supplier}|{split}"
    return IntentKey("SB" + short_name("out|" + name, 16), short_name("mark|" + name, 8))


def ways(sku_code: str, store: str, bindings: Bindings, rules: Rules, country: str = "") -> tuple[Way, ...]:
    """How a unit of a SKU can be bought: first as the mapping files or its binding say, then from its backups.

    Empty where nothing is bought. The first has no parts if the SKU is bound to no spec.
    """
    route = route_for(sku_code, store, rules, country)
    if route is None or route.buy is BuyMode.OWN_STOCK:
        return ()
    rule = rule_of(sku_code, store, rules)
    alias = alias_of(sku_code, store, rules)
    bound = bindings.get(meant(sku_code, store, rules)) or bindings.get(sku_code)
    if rule and rule.parts:
        first = Way(route.supplier, rule.parts)
    elif alias and alias.part:
        first = Way(route.supplier, (alias.part,))
    elif bound:
        first = Way(bound.supplier, (Part(bound.offer_id, bound.spec_id, 1),))
    else:
        first = Way(route.supplier, ())
    return (first, *(rule.backups if rule else ()))


def skus_made_of(offer_ids: Collection[str], rules: Rules) -> set[tuple[str, str]]:
    """SKUs, as (store, code), that the mapping files buy with one of these offers: in parts, elsewhere, by an alias.

    The store is empty where a rule is for every store.
    """
    named = [(rule.code, rule.stores, way.parts) for rule in rules.skus for way in (*rule.backups, Way("", rule.parts))]
    named += [(a.code, a.stores, (a.part,)) for each in rules.aliases.values() for a in each if a.part is not None]
    return {
        (store, code)
        for code, stores, parts in named
        if not {part.offer_id for part in parts}.isdisjoint(offer_ids)
        for store in stores or ("",)
    }


def alternatives(lines: Sequence[OrderLine], store: str, rules: Rules, country: str = "") -> int:
    """In how many ways all of these lines can be bought."""
    return min((len(ways(line.sku_code, store, {}, rules, country)) for line in lines), default=0)


def backup_keys(purchase: Purchase, order: Order, rules: Rules) -> dict[str, list[IntentKey]]:
    """By supplier account, the names its lines would bear if they were bought from a later backup."""
    keys: dict[str, list[IntentKey]] = {}
    mine = [line for line in order.lines if line.line_id in purchase.line_ids]
    for alternative in range(purchase.alternative + 1, alternatives(mine, purchase.store, rules, order.destination)):
        numbers = _numbers(order, purchase.store, rules, alternative)
        for line in mine:
            way = ways(line.sku_code, purchase.store, {}, rules, order.destination)[alternative]
            keys.setdefault(way.supplier, []).extend(
                intent_key(purchase.store, purchase.order_id, way.supplier, numbers[line.line_id] + n)
                for n in range(len(way.parts))
            )
    return keys


def offers_of(order: Order, store: str, bindings: Bindings, rules: Rules) -> dict[str, set[str]]:
    """By supplier account, the ids of all offers that could feed the lines of an order."""
    named: dict[str, set[str]] = {}
    for line in order.lines:
        for way in ways(line.sku_code, store, bindings, rules, order.destination):
            named.setdefault(way.supplier, set()).update(part.offer_id for part in way.parts)
    return named


def split(
    order: Order,
    store: str,
    bindings: Bindings,
    offers: Offers,
    rules: Rules,
    *,
    line_ids: Collection[str] | None = None,
    alternative: int = 0,
) -> Routing:
    """Route the lines that are ours to ship, and group what is bought and sent in the same way.

    Those in `line_ids` are routed, or all if it is None.
    """
    needs: list[_Need] = []
    unrouted: list[str] = []
    own_stock: list[str] = []
    numbers = _numbers(order, store, rules, alternative)
    for line in order.lines:
        if not line.ours_to_ship or (line_ids is not None and line.line_id not in line_ids):
            continue
        try:
            route = _route(line.sku_code, store, rules, order.destination)
            if route.buy is BuyMode.OWN_STOCK:
                own_stock.append(line.sku_code)
                continue
            possible = ways(line.sku_code, store, bindings, rules, order.destination)
            way = _chosen(line.sku_code, route, possible, alternative)
            needs += _needs(line, replace(route, supplier=way.supplier), way, offers, numbers[line.line_id])
        except _Unroutable as problem:
            unrouted.append(str(problem))
    splits = _splits(needs, alternative)
    if any(part.number >= (alternative + 1) * MOST_SPLITS for part in splits):
        return Routing((), (f"the order takes {len(splits)} purchases or more; buy it on the suppliers' pages",))
    return Routing(splits, tuple(unrouted), tuple(own_stock))


def next_backup(
    purchase: Purchase, order: Order, others: Sequence[Purchase], offers: Offers, rules: Rules
) -> tuple[Split, ...] | None:
    """How to buy what a purchase feeds from the next backup; None if a person must decide.

    That is where a line has no backup left whose offers were ever read, or is fed by one of the `others` too, those of
    its order that still go on: a bundle bought half here and half there may not fit together.
    """
    store, wanted = purchase.store, set(purchase.line_ids)
    mine = [line for line in order.lines if line.line_id in wanted]
    if wanted & {line_id for other in others for line_id in other.line_ids}:
        return None
    for alternative in range(purchase.alternative + 1, alternatives(mine, store, rules, order.destination)):
        routing = split(order, store, {}, offers, rules, line_ids=wanted, alternative=alternative)
        if {line_id for part in routing.splits for line_id in part.line_ids} == wanted:
            return routing.splits
    return None


def _numbers(order: Order, store: str, rules: Rules, alternative: int) -> dict[str, int]:
    """A number for each line, with room for its parts, which does not depend on what else is bought this way.

    Lines of one order go over to their backups at different times; no two purchases may get the same name.
    """
    numbers: dict[str, int] = {}
    following = alternative * MOST_SPLITS
    for line in sorted(order.lines, key=lambda line: line.line_id):
        numbers[line.line_id] = following
        possible = ways(line.sku_code, store, {}, rules, order.destination)
        following += sum(len(way.parts) for way in possible[alternative : alternative + 1])
    return numbers


def _route(sku_code: str, store: str, rules: Rules, country: str) -> Route:
    if not country:
        for route in routes_of(sku_code, store, rules):
            if route.destinations:
                raise _Unroutable(
                    f"the order shows no country, and for SKU {sku_code} the way depends on it "
                    f"(route {route.name}, {route.place})"
                )
    chosen = route_for(sku_code, store, rules, country)
    if chosen is None:
        raise _Unroutable(f"no route's prefix fits SKU {sku_code} of store {store}")
    return chosen


def _chosen(sku_code: str, route: Route, possible: Sequence[Way], alternative: int) -> Way:
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
    return way


def _needs(line: OrderLine, route: Route, way: Way, offers: Offers, number: int) -> list[_Need]:
    known = [offers.get((way.supplier, part.offer_id)) for part in way.parts]
    payout = line.price * line.quantity * (1 - route.price.fees(route.listing.category_id))
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


def short_name(name: str, length: int) -> str:
    """Letters and digits that stand for a longer name, always the same."""
    digest = hashlib.blake2b(name.encode(), digest_size=16).digest()
    return base64.b32encode(digest).decode()[:length]
