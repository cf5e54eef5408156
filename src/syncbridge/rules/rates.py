"""Which exchange rate prices are made with: a new one once it left its band, a wild one once a person believes it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Context, Decimal

from syncbridge.model.rates import DailyRates, InForce, Pair

_DIGITS = Context(prec=8)
"""Sources round to five or six; what a division adds beyond says nothing."""
_SATURDAY = 5


@dataclass(frozen=True, slots=True)
class RateBrakes:
    """Bounds for exchange rates."""

    band: Decimal = Decimal("0.015")
    """A daily rate so near to the one in force changes no price, as a fraction."""
    outlier: Decimal = Decimal("0.05")
    """A larger move from one rate to the next is held, as a fraction."""
    stale_after: int = 3
    """Working days after which a rate that nobody confirmed makes no price any more."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of a daily rate."""

    rate: InForce
    changed: bool = False
    """Whether prices are to be made anew."""
    held: str = ""
    """Why a person has to look first; the rate in force stays."""


def decide(rate: InForce | None, told: InForce, brakes: RateBrakes, *, days: int = 1) -> Decision:
    """Hold a daily rate, `told`, against the one in force.

    A wild one stays held until a person believes it or it comes back, however many days go by; `days` are the working
    days that a move may have taken where the last rate is known to be old.
    """
    if rate is None:
        return Decision(told, changed=True)
    if told.told_day <= rate.told_day:
        return Decision(rate)
    move = told.value / rate.told - 1
    if abs(move) > brakes.outlier * days:
        return Decision(rate, held=f"{told.name} would move by {move:+.1%}, more than {brakes.outlier * days:.0%}")
    if abs(told.value / rate.value - 1) > brakes.band:
        return Decision(told, changed=True)
    return Decision(replace(rate, told=told.value, told_day=told.told_day))


def is_stale(rate: InForce, today: date, brakes: RateBrakes) -> bool:
    """Whether its source has been silent for too long. Weekends do not count, and no bank holiday is that long."""
    return working_days(rate.told_day, today) > brakes.stale_after


def working_days(after: date, until: date) -> int:
    """Mondays to Fridays after a day, up to and with another."""
    days = max(0, (until - after).days)
    weeks, rest = divmod(days, 7)
    return weeks * 5 + sum((until - timedelta(days=n)).weekday() < _SATURDAY for n in range(rest))


def crossed(rates: DailyRates, pair: Pair, *, source: str, now: datetime) -> InForce | None:
    """The rate of a pair by way of the base currency; None if the source does not know one of the two."""
    values = {rates.base: Decimal(1), **rates.values}
    here, there = (values.get(currency) for currency in pair)
    if not here or not there:
        return None
    value = _DIGITS.divide(there, here)
    return InForce(pair, value, rates.day, source, now, value, rates.day)
