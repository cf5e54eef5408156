"""Whether a purchase may be sent now."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from syncbridge.model.money import Money
from syncbridge.model.orders import Order, OrderState
from syncbridge.model.purchasing import PlacedOrder, Purchase, SeenOrder
from syncbridge.rules.pricing import Margin


@dataclass(frozen=True, slots=True)
class Go:
    """Nothing stands against it."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Not yet."""

    until: datetime | None
    """None: until the order changes."""
    code: str
    why: str


@dataclass(frozen=True, slots=True)
class Stop:
    """The order no longer wants goods."""

    why: str


@dataclass(frozen=True, slots=True)
class Halt:
    """A person must decide; the figures say why."""

    code: str
    why: str
    limit: str = ""
    """What a person's approval lets pass: an amount, and all below it, or these very words."""


def passes(halt: Halt, approvals: Mapping[str, str]) -> bool:
    """Whether a person has let this halt pass, at this figure or a worse one."""
    approved = approvals.get(halt.code)
    if approved is None or not halt.limit:
        return False
    try:
        return Money.parse(halt.limit) <= Money.parse(approved)
    except ValueError:
        return halt.limit == approved


def gate(order: Order, *, live: bool, cap_set: bool, buy_from: datetime, now: datetime) -> Go | Wait | Stop | Halt:
    """Paid and out of risk control, not being cancelled, cool-off over, store live, a spending cap set."""
    if order.state is OrderState.CANCELLING:
        return Halt("cancelling", "the buyer asked to cancel; answer that on the channel first")
    if order.state in (OrderState.UNPAID, OrderState.RISK_CONTROL, OrderState.FROZEN):
        return Wait(None, "not_payable", f"the order is in state {order.state} on the channel")
    if order.state is OrderState.DISPUTED:
        return Halt("disputed", "the buyer has opened a dispute; settle that on the channel first")
    if order.state is OrderState.OTHER:
        return Halt("state_unknown", "the channel gives the order a state that syncbridge does not know; look there")
    if not order.state.wants_goods:
        return Stop(f"the order is {order.state} on the channel")
    if not live:
        return Halt("not_live", "the store is not live; set live = true for it to let purchases go out")
    if not cap_set:
        return Halt("no_cap", "the supplier account has no daily_spending_cap, so nothing is bought")
    if now < buy_from:
        return Wait(buy_from, "cool_off", "cooling off, in case the buyer cancels")
    return Go()


ORDER_CODES = ("cancelling", "not_payable", "disputed", "state_unknown")
"""Why a purchase waits for its channel order to change."""


def is_part(order: PlacedOrder, purchase: Purchase, others: Sequence[SeenOrder]) -> bool:
    """Whether a further vendor order is a part the supplier split off: its lines are among those still missing."""
    if not order.lines or not all(other.lines for other in others):
        return False  # what is not known to be missing counts as one order too many
    missing = Counter({(line.offer_id, line.spec_id): line.quantity for line in purchase.lines})
    for other in others:
        missing.subtract({(line.offer_id, line.spec_id): line.quantity for line in other.lines})
    return all(missing[line.offer_id, line.spec_id] >= line.quantity for line in order.lines)


def enough(margin: Margin, minimum: Decimal) -> Halt | None:
    """Hold a purchase that earns less than the route's minimum, with the figures."""
    if margin.profit.amount >= 0 and margin.share >= minimum:
        return None
    return Halt(
        "margin",
        f"payout {margin.payout}, cost {margin.cost}: profit {margin.profit} "
        f"({margin.share:.1%} of the payout, at least {minimum:.1%} wanted)",
        str(margin.cost),
    )
