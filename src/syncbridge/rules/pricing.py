"""How a cost becomes a price, and whether a purchase is worth it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

from syncbridge.errors import MappingError
from syncbridge.model.money import Money
from syncbridge.rules.mapping import PricePolicy, Rate

Rates = Mapping[tuple[str, str], Rate]
_CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Priced:
    """A price, the floor under it, and why it is what it is."""

    price: Money
    floor: Money
    passport: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Margin:
    """What a purchase would leave, in the channel's currency."""

    payout: Money
    cost: Money
    profit: Money
    share: Decimal
    """Profit as a fraction of the payout."""


def convert(money: Money, currency: str, rates: Rates) -> Money:
    """The same worth in another currency, by the rate of the mapping files; raises MappingError if there is none."""
    if money.currency == currency:
        return money
    rate = rates.get((money.currency, currency))
    if rate is not None:
        return Money(money.amount * rate.value, currency)
    back = rates.get((currency, money.currency))
    if back is not None:
        return Money(money.amount / back.value, currency)
    raise MappingError(f"no rate from {money.currency} to {currency}; add {money.currency}/{currency} under rates")


def price(cost: Money, policy: PricePolicy, rates: Rates) -> Priced:
    """Landed cost × multiplier, plus the channel's commission, never below the floor, with the wanted ending."""
    landed = cost + policy.packing + policy.freight
    landed_there = convert(landed, policy.currency, rates)
    wanted = _divided(landed_there * policy.multiplier, 1 - policy.commission)
    floor = _divided(landed_there, 1 - policy.commission - policy.minimum_margin)
    chosen = max(wanted, floor)
    final = Money(_ended(chosen.amount, policy.ending), policy.currency)
    rate = rates.get((cost.currency, policy.currency))
    passport = {
        "cost": str(cost),
        "packing": str(policy.packing),
        "freight": str(policy.freight),
        "landed": str(landed),
        "rate": f"{rate.value} of {rate.day}" if rate else "none needed",
        "multiplier": str(policy.multiplier),
        "commission": str(policy.commission),
        "floor": str(floor.rounded()),
        "before ending": str(chosen.rounded()),
    }
    return Priced(final, floor, passport)


def margin(payout: Money, total: Money, policy: PricePolicy, units: int, rates: Rates) -> Margin:
    """What is left of the payout after the supplier's total, packing and the freight abroad of so many units."""
    extra = (policy.packing + policy.freight) * units
    cost = convert(total + extra, payout.currency, rates)
    profit = payout - cost
    share = profit.amount / payout.amount if payout.amount else Decimal(-1)
    return Margin(payout, cost.rounded(), profit.rounded(), share)


def _divided(money: Money, by: Decimal) -> Money:
    return Money(money.amount / by, money.currency)


def _ended(amount: Decimal, ending: Decimal | None) -> Decimal:
    if ending is None:
        return amount.quantize(_CENT, rounding=ROUND_CEILING)
    whole = (amount - ending).to_integral_value(rounding=ROUND_CEILING)
    return whole + ending
