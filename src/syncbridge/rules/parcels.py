"""Stand-in until the rules of parcels are merged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from syncbridge.model.money import Money
from syncbridge.model.orders import OrderLine
from syncbridge.model.purchasing import PurchaseLine
from syncbridge.model.shipping import Declared, LineQuote
from syncbridge.rules.mapping import ParcelPolicy


@dataclass(frozen=True, slots=True)
class NoLine:
    """None may take it."""

    why: str


def choose(quotes: Sequence[LineQuote], policy: ParcelPolicy, *, country: str, battery: bool) -> LineQuote | NoLine:
    """The cheapest."""
    choice = policy.countries.get(country, policy.choice)
    fit = [q for q in quotes if not choice.lines or q.service in choice.lines]
    fit = [q for q in fit if choice.dearest is None or (q.cost is not None and q.cost <= choice.dearest)]
    if not fit:
        told = "; ".join(f"{q.name} {q.cost}" for q in quotes)
        return NoLine(f"none of the lines may take it: {told}")
    return min(fit, key=lambda q: q.cost.amount if q.cost else Decimal(0))


def goods(
    lines: Sequence[PurchaseLine],
    order_lines: Sequence[OrderLine],
    weights_g: Mapping[tuple[str, str], int],
    policies: Mapping[str, ParcelPolicy],
) -> tuple[Declared, ...]:
    """What customs are told."""
    policy = next(iter(policies.values()))
    value = policy.value if isinstance(policy.value, Money) else order_lines[0].price * policy.value
    return tuple(
        Declared(policy.name_cn, policy.name_en, line.quantity, value, 200, line_id=line.line_id)
        for line in order_lines
    )
