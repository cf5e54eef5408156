"""Which of a supplier's prices is the cost of a SKU, and when it cannot be right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from syncbridge.model.catalog import Offer, Spec
from syncbridge.model.money import Money
from syncbridge.model.purchasing import PurchaseLine
from syncbridge.rules.mapping import CostBasis, PricePolicy
from syncbridge.rules.pricing import DOUBT, STEP, Doubt

PLACEHOLDER = Decimal("0.01")
"""Suppliers write it where they do not tell a price."""
_HUNDREDFOLD = (Decimal(80), Decimal(125))
"""A hundred times the last cost, give or take a quarter: yuan and fen were mixed up."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What one unit of a spec costs."""

    money: Money
    postage_paid: bool = False
    basis: str = ""
    """Which of the supplier's prices it is, in words; empty: the spec's own."""


def cost_of(offer: Offer, spec: Spec, policy: PricePolicy) -> Cost | None:
    """The cost by the policy's basis; None where the supplier shows no price."""
    if policy.basis is CostBasis.DROPSHIP and spec.dropship is not None:
        paid = spec.dropship.postage_paid
        return Cost(spec.dropship.cost, paid, "dropship price" + (", postage paid" if paid else ""))
    if policy.basis is CostBasis.TIER and offer.by_quantity and offer.tiers:
        reached = [tier for tier in offer.tiers if tier.quantity <= policy.quantity]
        tier = max(reached or offer.tiers[:1], key=lambda tier: tier.quantity)
        return Cost(tier.cost, basis=f"tier from {tier.quantity}")
    return None if spec.cost is None else Cost(spec.cost)


def weighed(lines: Sequence[PurchaseLine], offers: Mapping[str, Offer | None], otherwise: int) -> int:
    """What the goods of a purchase weigh together, in grams; `otherwise` is for a piece nobody knows the weight of."""
    return sum(line.quantity * (weight_of(offers.get(line.offer_id), line.spec_id) or otherwise) for line in lines)


def weight_of(offer: Offer | None, spec_id: str) -> int | None:
    """What a piece weighs, in grams, as its supplier says; None if nobody says."""
    if offer is None:
        return None
    return next((s.weight_g for s in offer.specs if s.spec_id == spec_id), None) or offer.weight_g


def doubtful(cost: Money, policy: PricePolicy, *, last: Money | None) -> Doubt | None:
    """Why no price may be made of a cost, held against the one that the last price was made of."""
    if cost.currency != policy.packing.currency:
        return Doubt(DOUBT, f"the cost {cost} is in {cost.currency}, the policy reckons in {policy.packing.currency}")
    if cost.amount <= PLACEHOLDER:
        return Doubt(DOUBT, f"a cost of {cost} is no real price")
    if last is not None and _hundredfold(cost, last):
        return Doubt(DOUBT, f"the cost went from {last} to {cost}, a hundredfold: yuan and fen may be mixed up")
    return None


def off_the_median(cost: Money, recent: Money | None, step: Decimal) -> Doubt | None:
    """Why a cost that crept away from its median of late is looked at: small steps pass every other brake."""
    if recent is None or recent.currency != cost.currency or not recent.amount:
        return None
    move = cost.amount / recent.amount - 1
    if abs(move) <= step:
        return None
    return Doubt(STEP, f"the cost {cost} is {move:+.0%} off {recent}, the median of late, more than {step:.0%}")


def _hundredfold(cost: Money, last: Money) -> bool:
    if last.currency != cost.currency or not last.amount:
        return False
    least, most = _HUNDREDFOLD
    factor = cost.amount / last.amount
    return least <= factor <= most or 1 / most <= factor <= 1 / least
