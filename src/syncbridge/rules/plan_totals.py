"""What a plan comes to, in a few numbers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from syncbridge.model.money import Money

LEAP = Decimal("0.20")
"""A price that moves by more, up or down, is counted apart."""


@dataclass(slots=True)
class Totals:
    """Changes of a plan by what they do; `leaps` are counted among the prices, too, and `held` everywhere."""

    prices_up: int = 0
    prices_down: int = 0
    leaps: int = 0
    first_prices: int = 0
    to_zero: int = 0
    back_from_zero: int = 0
    other_stock: int = 0
    new_listings: int = 0
    new_skus: int = 0
    reworded: int = 0
    """Titles and descriptions."""
    switched: int = 0
    """Listings put on sale or off."""
    held: int = 0
    kept: int = 0
    """Kept back by the seller's locks; counted nowhere else."""


def totals(changes: Iterable[tuple[str, str, str, str]]) -> Totals:
    """The totals of changes given as (field, before, after, state)."""
    sums = Totals()
    for field, before, after, state in changes:
        if state == "kept":
            sums.kept += 1
            continue
        sums.held += state == "held"
        match field:
            case "price":
                _add_price(sums, before, after)
            case "stock":
                _add_stock(sums, before, after)
            case "listing":
                sums.new_listings += 1
            case "sku":
                sums.new_skus += 1
            case "title" | "description":
                sums.reworded += 1
            case _:
                sums.switched += 1
    return sums


def move(before: str, after: str) -> Decimal | None:
    """How far a price moves, as a fraction; None where there was none, or one in another currency."""
    if before == "None":
        return None
    old, new = Money.parse(before), Money.parse(after)
    if not old.amount or old.currency != new.currency:
        return None
    return (new.amount - old.amount) / old.amount


def _add_price(sums: Totals, before: str, after: str) -> None:
    by = move(before, after)
    if by is None:
        sums.first_prices += 1
        return
    sums.prices_up += by > 0
    sums.prices_down += by < 0
    sums.leaps += abs(by) > LEAP


def _add_stock(sums: Totals, before: str, after: str) -> None:
    sums.to_zero += after == "0"
    sums.back_from_zero += before == "0"
    sums.other_stock += "0" not in (before, after)
