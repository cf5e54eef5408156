"""A parcel that is to be booked: which line takes it, and what customs are told of the goods in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import prod

from syncbridge.errors import MappingError
from syncbridge.model.catalog import Offer
from syncbridge.model.money import Money
from syncbridge.model.orders import Order, OrderLine
from syncbridge.model.purchasing import Purchase, PurchaseLine
from syncbridge.model.shipping import Declared, LineQuote
from syncbridge.rules.costs import weight_of
from syncbridge.rules.countries import iso
from syncbridge.rules.mapping import LineChoice, ListingPolicy, ParcelPolicy, Part, Preferred, Route, Rules
from syncbridge.rules.routing import Bindings, route_for, rule_of, ways


@dataclass(frozen=True, slots=True)
class NoLine:
    """No line may take the parcel; a person decides."""

    why: str
    """Each line with why it fell out, in figures."""


@dataclass(frozen=True, slots=True)
class Sold:
    """An order line in a parcel, with what the rules say of it."""

    line: OrderLine
    parts: tuple[Part, ...]
    """What one sold unit is bought as; empty if the rules do not say so any more."""
    policy: ParcelPolicy
    listing: ListingPolicy


def choose(quotes: Sequence[LineQuote], policy: ParcelPolicy, *, country: str, battery: bool) -> LineQuote | NoLine:
    """The line that takes a parcel to a country: of those that may, the cheapest or the fastest.

    Of two alike the better by the other measure is taken, then the first by its key; one that does not say its cost
    or its days comes last. Costs in several currencies are not compared.
    """
    choice = policy.countries.get(iso(country), policy.choice)
    unfit = [_unfit(quote, choice, battery=battery) for quote in quotes]
    fit = [quote for quote, why in zip(quotes, unfit, strict=True) if not why]
    if not fit:
        offered = {quote.service for quote in quotes}
        said = [f"{_named(quote)} {why}" for quote, why in zip(quotes, unfit, strict=True)]
        said += [f"{service} is not offered for it" for service in choice.lines if service not in offered]
        goods = "a parcel with a battery" if battery else "a parcel"
        return NoLine(f"no line may take {goods} to {iso(country)}: {'; '.join(said) or 'none is offered'}")
    if choice.prefer is Preferred.FASTEST:
        soonest = min(map(_days, fit))
        fit = [quote for quote in fit if _days(quote) == soonest]
    if len({quote.cost.currency for quote in fit if quote.cost}) > 1:
        said = [f"{_named(quote)} asks {quote.cost or 'what it does not say'}" for quote in fit]
        return NoLine(
            f"lines to {iso(country)} ask in several currencies, which are not compared: {'; '.join(said)}; name those "
            "of one currency under lines of the route's parcels"
        )
    return min(fit, key=lambda quote: (_cost(quote), _days(quote), quote.service))


def sold(purchase: Purchase, order: Order, route: Route, bindings: Bindings, rules: Rules) -> tuple[Sold, ...]:
    """The order lines that a purchase feeds; `route` is its own.

    Raises MappingError if the route does not say what customs are told.
    """
    if route.parcels is None:
        raise MappingError(
            f"{route.place}: {route.name} does not say what customs are told of its goods, and a parcel is to be "
            'booked; add the line parcels: and a name under "parcels:", then retry'
        )
    found = []
    for line in (line for line in order.lines if line.line_id in purchase.line_ids):
        taken = route_for(line.sku_code, purchase.store, rules, order.destination)
        general = (taken and taken.parcels) or route.parcels
        rule = rule_of(line.sku_code, purchase.store, rules)
        possible = ways(line.sku_code, purchase.store, bindings, rules, order.destination)
        parts = [part for way in possible[purchase.alternative : purchase.alternative + 1] for part in way.parts]
        policy = (rule and rule.parcels) or general
        found.append(Sold(line, tuple(parts), policy, (taken or route).listing))
    return tuple(found)


def goods(
    lines: Sequence[PurchaseLine], sold: Sequence[Sold], offers: Mapping[str, Offer | None]
) -> tuple[Declared, ...]:
    """What customs are told of the goods in a parcel: each spec once for each order line that it fills.

    `offers` are by id, as last read. What no order line is made of any more, since the rules changed after it was
    bought, is told of the first one that is made of nothing in the parcel, else of the first. Of all the specs of a
    SKU customs are told the same name and code, so its price is shared over them by pieces: the sum is what counts.
    """
    if not sold:
        return ()
    left = Counter[_Spec]()
    for line in lines:
        left[line.offer_id, line.spec_id] += line.quantity
    pieces = [_taken(one, left) for one in sold]
    for spec, quantity in (+left).items():
        its = next((its for its in pieces if not its), pieces[0])
        its[spec] += quantity
    return tuple(told for one, its in zip(sold, pieces, strict=True) for told in _declared(one, its, offers))


def weight_g(goods: Sequence[Declared]) -> int:
    """What a parcel weighs, in grams."""
    return sum(one.weight_g * one.quantity for one in goods)


def size_cm(route: Route, sold: Sequence[Sold]) -> tuple[int, int, int]:
    """Length, width and height of a parcel: the largest package that listings of its route, or of its lines', have."""
    return max((listing.package_cm for listing in (route.listing, *(one.listing for one in sold))), key=prod)


_Spec = tuple[str, str]


def _unfit(quote: LineQuote, choice: LineChoice, *, battery: bool) -> str:
    """Why a line may not take the parcel; empty if it may."""
    if choice.lines and quote.service not in choice.lines:
        return f"is not among {', '.join(choice.lines)}"
    if battery and quote.takes_battery is False:
        return "takes no battery"
    return _too_slow(quote, choice.longest_days) or _too_dear(quote, choice.dearest)


def _too_slow(quote: LineQuote, longest: int | None) -> str:
    if longest is None or (quote.days and quote.days[1] <= longest):
        return ""
    said = f"may take {quote.days[1]} days" if quote.days else "does not say how long it takes"
    return f"{said}, and at most {longest} are allowed"


def _too_dear(quote: LineQuote, dearest: Money | None) -> str:
    if dearest is None:
        return ""
    if quote.cost is None:
        return f"does not say what it asks, and at most {dearest} is allowed"
    if quote.cost.currency != dearest.currency:
        return f"asks {quote.cost}, which cannot be held against the {dearest} that is allowed"
    return f"asks {quote.cost}, and at most {dearest} is allowed" if quote.cost > dearest else ""


def _named(quote: LineQuote) -> str:
    return quote.service if quote.name in ("", quote.service) else f"{quote.service} ({quote.name})"


def _cost(quote: LineQuote) -> tuple[bool, Decimal]:
    return quote.cost is None, quote.cost.amount if quote.cost else Decimal(0)


def _days(quote: LineQuote) -> tuple[bool, int, int]:
    """By the most days, which is what a buyer may have to wait, then by the least."""
    least, most = quote.days or (0, 0)
    return quote.days is None, most, least


def _taken(one: Sold, left: Counter[_Spec]) -> Counter[_Spec]:
    """The pieces that fill an order line, taken from those that are left."""
    its = Counter[_Spec]()
    for part in one.parts:
        spec = (part.offer_id, part.spec_id)
        quantity = min(part.quantity * one.line.quantity, left[spec])
        left[spec] -= quantity
        its[spec] += quantity
    return +its


def _declared(one: Sold, pieces: Mapping[_Spec, int], offers: Mapping[str, Offer | None]) -> Iterator[Declared]:
    policy = one.policy
    bought = -(-sum(pieces.values()) // one.line.quantity)
    value = _value(policy.value, one.line.price, max(bought, sum(part.quantity for part in one.parts)))
    for (offer_id, spec_id), quantity in pieces.items():
        yield Declared(
            name_cn=policy.name_cn,
            name_en=policy.name_en,
            quantity=quantity,
            value=value,
            weight_g=weight_of(offers.get(offer_id), spec_id) or one.listing.weight_g,
            hs_code=policy.hs_code,
            material=policy.material,
            battery=policy.battery,
            line_id=one.line.line_id,
        )


def _value(declared: Money | Decimal, price: Money, pieces: int) -> Money:
    """Of one piece, up to a whole coin and never less than one; `price` is of a sold unit of so many pieces."""
    # multiplied first: a quotient that is cut off may be a coin too much
    exact = declared if isinstance(declared, Money) else Money(price.amount * declared / pieces, price.currency)
    return max(exact.rounded_up(), Money.minor(1, exact.currency))
