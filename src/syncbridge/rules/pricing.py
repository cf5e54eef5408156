"""How a cost becomes a price, and whether a purchase is worth it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from decimal import ROUND_CEILING, Decimal

from syncbridge.errors import MappingError
from syncbridge.model.money import Money
from syncbridge.rules.mapping import Aim, FreightRow, FreightTable, PricePolicy, Rate

Rates = Mapping[tuple[str, str], Rate]
CEILING, STALE, DOUBT, STEP = "price_ceiling", "rate_stale", "price_doubt", "price_step"
"""Kinds of holds: above the policy's maximum; no rate to reckon with; the cost cannot be right; too large a step."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """Why a price must not go out by itself."""

    kind: str
    """Of the hold."""
    why: str


@dataclass(frozen=True, slots=True)
class Parcel:
    """What goes abroad together."""

    units: int = 1
    weight_g: int = 0
    """Of all of it."""
    package_cm: tuple[int, int, int] = (0, 0, 0)
    """Of one unit."""
    destination: str = ""
    """Country (ISO 3166-1); empty or unknown to the freight table: the policy's."""


@dataclass(frozen=True, slots=True)
class Goods:
    """One unit as it is priced."""

    cost: Money
    parcel: Parcel = Parcel()
    category_id: str = ""
    postage_paid: bool = False
    """Whether the cost pays the way to the relay address."""


@dataclass(frozen=True, slots=True)
class Priced:
    """A price, the floor under it, and why it is what it is."""

    price: Money
    floor: Money
    passport: Mapping[str, str]
    countries: Mapping[str, Money] = field(default_factory=dict)
    """Prices of countries that have their own."""
    doubt: Doubt | None = None


@dataclass(frozen=True, slots=True)
class Margin:
    """What a purchase would leave, in the channel's currency."""

    payout: Money
    cost: Money
    profit: Money
    share: Decimal
    """Profit as a fraction of the payout."""


def convert(money: Money, currency: str, rates: Rates) -> Money:
    """The same worth in another currency, by the rates given; raises MappingError if there is none."""
    if money.currency == currency:
        return money
    rate = rates.get((money.currency, currency))
    if rate is not None:
        return Money(money.amount * rate.value, currency)
    back = rates.get((currency, money.currency))
    if back is not None:
        return Money(money.amount / back.value, currency)
    raise MappingError(f"no rate from {money.currency} to {currency}; add {money.currency}/{currency} under rates")


def price(goods: Goods, policy: PricePolicy, rates: Rates, role: str = "") -> Priced:
    """Landed cost × multiplier ÷ (1 − what others keep), or ÷ (1 − what others keep − margin), never below the floor,
    with the nearest ending. Raises MappingError if a rate is missing.
    """
    aim = policy.roles.get(role, Aim(policy.multiplier, policy.margin))
    base = _reckoned(goods, policy, rates, aim, policy.destination)
    countries = {
        country: _reckoned(goods, policy, rates, own.aim or aim, own.destination).price
        for country, own in policy.countries.items()
    }
    passport = {
        **({"role": role} if role in policy.roles else {}),
        **base.passport,
        **{f"price {country}": str(there) for country, there in countries.items()},
    }
    return Priced(base.price, base.floor, passport, countries, _doubt(base.price, policy, rates))


def margin(payout: Money, total: Money, policy: PricePolicy, parcel: Parcel, rates: Rates) -> Margin:
    """What is left of the payout after the supplier's total, the packing and the way abroad."""
    known = isinstance(policy.freight, FreightTable) and parcel.destination in policy.freight.rows
    abroad, _ = _abroad(policy, parcel, parcel.destination if known else policy.destination)
    spent = (total + policy.packing * parcel.units, abroad)
    cost = sum((_worth(part, payout.currency, policy, rates) for part in spent), Money.zero(payout.currency))
    profit = payout - cost
    share = profit.amount / payout.amount if payout.amount else Decimal(-1)
    return Margin(payout, cost.rounded(), profit.rounded(), share)


def only_the_rate_moved(before: Mapping[str, str], after: Mapping[str, str]) -> bool:
    """Whether two passports differ in nothing but the rate and what follows from it."""
    return _but_the_rate(before) == _but_the_rate(after)


def _but_the_rate(passport: Mapping[str, str]) -> dict[str, str]:
    follows = ("rate", "floor", "before ending", "ending", "rule")
    return {name: text for name, text in passport.items() if name not in follows and not name.startswith("price ")}


def _reckoned(goods: Goods, policy: PricePolicy, rates: Rates, aim: Aim, destination: str) -> Priced:
    abroad, row = _abroad(policy, goods.parcel, destination)
    terms = {"cost": goods.cost, "packing": policy.packing}
    if policy.domestic_freight is not None and not goods.postage_paid:
        terms["domestic freight"] = policy.domestic_freight
    terms["freight"] = abroad
    zero = Money.zero(policy.currency)
    landed = sum((_worth(term, policy.currency, policy, rates) for term in terms.values()), zero)
    fees = policy.fees(goods.category_id)
    floor = _divided(landed, 1 - fees - policy.minimum_margin)
    wanted = _divided(landed, 1 - fees - aim.margin) if aim.margin is not None else _multiplied(landed, aim, fees)
    chosen = max(wanted, floor, policy.minimum_price or zero)
    final = _ended(chosen, policy.endings)
    passport = {
        **{name: str(term) for name, term in terms.items()},
        **({"freight row": row} if row else {}),
        "landed": _sum_in_words(terms.values()),
        "rate": _rates_in_words(terms.values(), policy.currency, rates),
        **_shares_in_words(policy, goods.category_id, aim),
        "floor": str(floor.rounded()),
        "before ending": str(chosen.rounded()),
    }
    return Priced(final, floor, passport)


def _abroad(policy: PricePolicy, parcel: Parcel, destination: str) -> tuple[Money, str]:
    """What the way abroad costs, and by which row."""
    if isinstance(policy.freight, Money):
        return policy.freight * parcel.units, ""
    row = policy.freight.rows[destination]
    weight = max(parcel.weight_g, _volume_g(parcel, policy.freight.divisor))
    return _carried(row, weight), f"{policy.freight.name} to {destination}, {weight} g ({row.place})"


def _carried(row: FreightRow, weight_g: int) -> Money:
    """For the parcel and each step of weight that is begun."""
    steps = -(-max(0, weight_g - row.first_g) // row.step_g)
    return row.parcel + row.step * steps


def _volume_g(parcel: Parcel, divisor: int | None) -> int:
    if divisor is None:
        return 0
    length, width, height = parcel.package_cm
    return -(-length * width * height * parcel.units * 1000 // divisor)


def _worth(money: Money, currency: str, policy: PricePolicy, rates: Rates) -> Money:
    """What has to be earned in a currency to pay this: the bank keeps its spread where money is changed."""
    there = convert(money, currency, rates)
    return there if money.currency == currency else _divided(there, 1 - policy.fx_spread)


def _doubt(final: Money, policy: PricePolicy, rates: Rates) -> Doubt | None:
    for currency in sorted(policy.spent_in - {policy.currency}):
        pair, rate = _rate(currency, policy.currency, rates)
        if rate.stale:
            return Doubt(STALE, f"the rate {pair} is of {rate.day}, and {rate.source} has told no newer one")
    if policy.maximum_price is not None and final > policy.maximum_price:
        return Doubt(CEILING, f"{final} is above the policy's maximum_price of {policy.maximum_price}")
    return None


def _rate(currency: str, to: str, rates: Rates) -> tuple[str, Rate]:
    """The rate that `convert` used, under the name it is written by."""
    pair = (currency, to) if (currency, to) in rates else (to, currency)
    return "/".join(pair), rates[pair]


def _multiplied(landed: Money, aim: Aim, fees: Decimal) -> Money:
    assert aim.multiplier is not None  # noqa: S101  the reader of mapping files wants one of the two
    return _divided(landed * aim.multiplier, 1 - fees)


def _divided(money: Money, by: Decimal) -> Money:
    return Money(money.amount / by, money.currency)


def _ended(price: Money, endings: tuple[Decimal, ...]) -> Money:
    """The nearest price upwards that has one of the endings; without any, up to the smallest coin."""
    if not endings:
        return price.rounded_up()
    amount = min((price.amount - each).to_integral_value(rounding=ROUND_CEILING) + each for each in endings)
    return Money(amount, price.currency)


def _sum_in_words(terms: Collection[Money]) -> str:
    currencies = dict.fromkeys(term.currency for term in terms)
    each = (sum((t for t in terms if t.currency == currency), Money.zero(currency)) for currency in currencies)
    return " + ".join(map(str, each))


def _rates_in_words(terms: Collection[Money], currency: str, rates: Rates) -> str:
    others = sorted({term.currency for term in terms} - {currency})
    found = [_rate(other, currency, rates) for other in others]
    texts = [f"{rate.value} of {rate.day}" + (f" by {rate.source}" if rate.source else "") for _, rate in found]
    if len(texts) > 1:
        texts = [f"{pair} {text}" for (pair, _), text in zip(found, texts, strict=True)]
    return ", ".join(texts) or "none needed"


def _shares_in_words(policy: PricePolicy, category_id: str, aim: Aim) -> dict[str, str]:
    own = policy.commissions.get(category_id)
    shares = {"ads": policy.ads, "affiliate": policy.affiliate, "payment fee": policy.payment_fee}
    shares["fx spread"] = policy.fx_spread
    return {
        **({"multiplier": str(aim.multiplier)} if aim.margin is None else {"margin": str(aim.margin)}),
        "commission": str(policy.commission) if own is None else f"{own} of category {category_id}",
        **{name: str(share) for name, share in shares.items() if share},
    }
