"""How much stock to show: what suppliers have and we have not bought yet, and no guess where that is not known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from syncbridge.model.catalog import Offer, Spec
from syncbridge.rules.mapping import Part, StockPolicy, Suppliers, Way

MOST = 100_000_000
"""No supplier has more of one spec; a figure above it is a mistake."""

Specs = Mapping[tuple[str, str, str], int]
"""Units, by supplier account, offer id and spec id."""


@dataclass(frozen=True, slots=True)
class Free:
    """How many units of a SKU can still be bought."""

    amount: int | None
    """None: nobody knows, so what is shown stays as it is."""
    why: str
    """What the suppliers say, in a sentence."""
    unsure: bool = False
    """Whether a person should look, since a supplier's figure is missing or cannot be right."""


@dataclass(frozen=True, slots=True)
class Supply:
    """What suppliers show, and what our own open purchases will still take of it."""

    offers: Mapping[tuple[str, str], Offer]
    """Last snapshots, by supplier account and offer id."""
    reserved: Specs = field(default_factory=dict)


NOT_BOUGHT = Free(None, "it is not bought from a supplier")
UNPRICED = Free(0, "the supplier shows no price")


def free(ways: Sequence[Way], supply: Supply, policy: StockPolicy) -> Free:
    """What can be bought of a SKU in any of these ways: of the first that has some, or of all together.

    Where one figure is not known, what the ways together have is not known either.
    """
    if not ways:
        return NOT_BOUGHT
    found: list[Free] = []
    for way in ways:
        found.append(_of_way(way, supply, backup=bool(found)))
        if found[-1].amount is None or (found[-1].amount and policy.suppliers is Suppliers.FIRST):
            return found[-1]
    if policy.suppliers is Suppliers.FIRST:
        return found[0]
    return Free(sum(one.amount or 0 for one in found), "; ".join(one.why for one in found))


def of_spec(offer: Offer, spec_id: str, reserved: int = 0) -> Free:
    """What can be bought of a spec. One that cannot be bought at all, or in the least quantity, is none."""
    spec = next((spec for spec in offer.specs if spec.spec_id == spec_id), None)
    if spec is None:
        return Free(0, "the supplier no longer lists this spec")
    if not offer.buyable:
        return Free(0, f"the offer is {offer.status}")
    if not _costs(offer, spec):
        return UNPRICED
    if spec.stock is None:
        return Free(None, "the supplier shows no stock", unsure=True)
    if not 0 <= spec.stock <= MOST:
        return Free(None, f"a supplier stock of {spec.stock} cannot be right", unsure=True)
    left = max(0, spec.stock - reserved)
    why = f"supplier stock {spec.stock}" + (f", {reserved} of it for open purchases" if reserved else "")
    if left < offer.moq:
        return Free(0, f"{why}; less than the supplier's minimum of {offer.moq}" if left else why)
    return Free(left, why)


def shown(amount: int | None, policy: StockPolicy, last: int) -> int:
    """What is free less the buffer, capped; an unknown amount keeps what was shown last, for null is not zero."""
    if amount is None:
        return last
    return max(0, min(amount - policy.buffer, policy.cap))


def _costs(offer: Offer, spec: Spec) -> bool:
    """Whether the supplier shows a price of any sort; which of them counts, the price policy says."""
    shown = [spec.cost, spec.dropship.cost if spec.dropship else None]
    shown += [tier.cost for tier in offer.tiers if offer.by_quantity]
    return any(cost is not None and cost.amount > 0 for cost in shown)


def _of_way(way: Way, supply: Supply, *, backup: bool) -> Free:
    """As many units as the scarcest part allows."""
    found = [_of_part(way.supplier, part, supply, backup=backup) for part in way.parts]
    unknown = next((one for one in found if one.amount is None), None)
    if unknown is not None:
        return unknown
    return min(found, key=lambda one: one.amount or 0)


def _of_part(supplier: str, part: Part, supply: Supply, *, backup: bool) -> Free:
    offer = supply.offers.get((supplier, part.offer_id))
    if offer is None:
        never = f"offer {part.offer_id} was never read from account {supplier}"
        return Free(0, never) if backup else Free(None, never, unsure=True)
    found = of_spec(offer, part.spec_id, supply.reserved.get((supplier, part.offer_id, part.spec_id), 0))
    if found.amount is None or part.quantity == 1:
        return found
    return Free(found.amount // part.quantity, f"{found.why}, {part.quantity} for each")
