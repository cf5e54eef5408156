"""Whether a purchase may be sent now."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from syncbridge.model.catalog import MixRule, Offer
from syncbridge.model.money import Money
from syncbridge.model.orders import Order, OrderState
from syncbridge.model.purchasing import PlacedOrder, Purchase, PurchaseLine, SeenOrder
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


Verdict = Go | Wait | Stop | Halt


def passes(halt: Halt, approvals: Mapping[str, str]) -> bool:
    """Whether a person has let this halt pass, at this figure or a worse one."""
    approved = approvals.get(halt.code)
    if approved is None or not halt.limit:
        return False
    try:
        return Money.parse(halt.limit) <= Money.parse(approved)
    except ValueError:
        return halt.limit == approved


def gate(order: Order, *, live: bool, cap_set: bool, buy_from: datetime, now: datetime) -> Verdict:
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


def terms_problem(lines: Sequence[PurchaseLine], offers: Mapping[str, Offer | None]) -> Halt | None:
    """Hold a purchase from one shop that is below MOQ, no whole lots, or too small a mixed batch, with the figures.

    `offers` are by id. A mixed batch that reaches the seller's number of pieces or amount needs no offer's own MOQ;
    whole lots it needs all the same (1688.md §4.1, pitfall 6). Of an offer not known, the supplier's quote will tell.
    """
    known = [(line, offer) for line in lines if (offer := offers.get(line.offer_id)) is not None]
    mixed = [(line, offer) for line, offer in known if offer.mix is not None and offer.mix.general]
    pieces = Counter[str]()
    for line, _ in known:
        pieces[line.offer_id] += line.quantity
    by_id = {offer.offer_id: offer for _, offer in known}
    problems = [said for id, quantity in pieces.items() if (said := _too_few(by_id[id], quantity, mixed))]
    return Halt("below_moq", "; ".join(problems)) if problems else None


def ineligible(offers: Mapping[str, Offer | None], required: frozenset[str]) -> Halt | None:
    """Hold a purchase from a supplier without the wanted labels, such as 诚信通 and 超级工厂, with those it lacks.

    `offers` are by id. One that is not known, or shows no labels, lacks them all (1688.md §4.1, ``offerIdentities``).
    """
    lacking = {id: required - (offer.identities if offer else frozenset()) for id, offer in offers.items()}
    said = [f"the supplier of offer {id} lacks {', '.join(sorted(lost))}" for id, lost in lacking.items() if lost]
    return Halt("ineligible", (told := "; ".join(said)), told) if said else None


_Batch = Sequence[tuple[PurchaseLine, Offer]]


def _too_few(offer: Offer, quantity: int, mixed: _Batch) -> str | None:
    if offer.lot and quantity % offer.lot:
        return f"offer {offer.offer_id} is sold in lots of {offer.lot}, not {quantity}"
    bounds = _bounds(offer.mix, mixed) if offer.mix is not None and offer.mix.general else []
    if quantity >= offer.moq or any(reached for reached, _ in bounds):
        return None
    said = f"offer {offer.offer_id} is sold from {offer.moq} pieces on, not {quantity}"
    return "; ".join([said, *(missed for _, missed in bounds)])


def _bounds(rule: MixRule, mixed: _Batch) -> list[tuple[bool, str]]:
    """The bounds of a mixed batch: whether this one reaches it, and what to say if it does not."""
    bounds = []
    if rule.number:
        pieces = sum(line.quantity for line, _ in mixed)
        bounds.append((pieces >= rule.number, f"mixed batches from {rule.number} pieces on, not {pieces}"))
    if rule.amount and rule.amount.amount:
        worth = _worth(mixed, rule.amount.currency)
        bounds.append((worth >= rule.amount, f"mixed batches from {rule.amount} on, not {worth}"))
    return bounds


def _worth(mixed: _Batch, currency: str) -> Money:
    total = Money.zero(currency)
    for line, offer in mixed:
        cost = next((spec.cost for spec in offer.specs if spec.spec_id == line.spec_id), None)
        if cost is not None and cost.currency == currency:
            total += cost * line.quantity
    return total
