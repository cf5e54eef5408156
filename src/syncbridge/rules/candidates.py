"""Which vendor order a purchase may have become, when nobody knows: likely ones first, and a person decides."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from syncbridge.model.purchasing import Purchase, PurchaseLine, SeenOrder

NEAR = timedelta(minutes=10)
"""A vendor order made within this of our sending was likely made by it."""


class Likeness(StrEnum):
    """What a vendor order has in common with a purchase."""

    NAME = "name"
    """It carries the purchase's out_order_id or its parcel mark."""
    LINES = "lines"
    """The same specs in the same quantities, nothing else."""
    COVERS = "covers"
    """All the specs in at least these quantities, and more."""
    SOME = "some"
    """One of the specs."""
    TIME = "time"
    """Made within `NEAR` of our sending."""


_WEIGHT = {Likeness.NAME: 100, Likeness.LINES: 50, Likeness.COVERS: 30, Likeness.SOME: 10, Likeness.TIME: 20}


@dataclass(frozen=True, slots=True)
class Candidate:
    """A vendor order without a purchase, and how like one it is."""

    order: SeenOrder
    likeness: tuple[Likeness, ...]

    @property
    def score(self) -> int:
        """Higher is likelier; nothing is ever adopted because of it."""
        return sum(_WEIGHT[like] for like in self.likeness)


def candidates(purchase: Purchase, orders: Iterable[SeenOrder]) -> list[Candidate]:
    """These vendor orders, the likeliest first."""
    found = [Candidate(order, tuple(_likeness(purchase, order))) for order in orders]
    return sorted(found, key=lambda candidate: (-candidate.score, candidate.order.vendor_order_id))


def uncovered(wanted: Sequence[PurchaseLine], bought: Sequence[PurchaseLine]) -> tuple[PurchaseLine, ...]:
    """What of the wanted lines these bought ones leave open."""
    missing = _quantities(wanted)
    missing.subtract(_quantities(bought))
    return tuple(PurchaseLine(*spec, quantity) for spec, quantity in missing.items() if quantity > 0)


def _likeness(purchase: Purchase, order: SeenOrder) -> Iterable[Likeness]:
    if order.out_order_id == purchase.out_order_id or purchase.mark in order.note:
        yield Likeness.NAME
    left = uncovered(purchase.lines, order.lines)
    if _quantities(purchase.lines) == _quantities(order.lines):
        yield Likeness.LINES
    elif not left:
        yield Likeness.COVERS
    elif left != uncovered(purchase.lines, ()):
        yield Likeness.SOME
    if purchase.sent_at and order.created_at and abs(order.created_at - purchase.sent_at) <= NEAR:
        yield Likeness.TIME


def _quantities(lines: Sequence[PurchaseLine]) -> Counter[tuple[str, str]]:
    total: Counter[tuple[str, str]] = Counter()
    for line in lines:
        total[line.offer_id, line.spec_id] += line.quantity
    return total
