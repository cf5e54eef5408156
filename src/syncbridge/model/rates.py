"""Exchange rates as a source tells them, and as prices are made with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

Pair = tuple[str, str]
"""(from, to), such as ("CNY", "USD"): what one unit of the first is worth in the second."""


@dataclass(frozen=True, slots=True)
class DailyRates:
    """What one unit of a currency is worth in others, on a day."""

    base: str
    day: date
    values: Mapping[str, Decimal]


@dataclass(frozen=True, slots=True)
class InForce:
    """The rate that prices are made with, beside the last one its source told."""

    pair: Pair
    value: Decimal
    day: date
    """Of `value`."""
    source: str
    """Account name."""
    since: datetime
    """When it took effect."""
    told: Decimal
    """The last one believed; inside the band it changes no price."""
    told_day: date

    @property
    def name(self) -> str:
        """Such as CNY/USD."""
        return "/".join(self.pair)
