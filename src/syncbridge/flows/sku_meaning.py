"""Which spec a SKU code means, and through what: its binding, or what the code itself says."""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import Session

from syncbridge.model.catalog import Offer, Spec
from syncbridge.rules.codes import readings
from syncbridge.rules.mapping import Place, Rules
from syncbridge.rules.routing import meant
from syncbridge.store import catalogue, survey

BINDING = "binding"


@dataclass(frozen=True, slots=True)
class Meaning:
    """A spec that a SKU code may mean."""

    through: str
    """``binding``, or a word of `codes.Through`."""
    supplier: str
    offer_id: str
    spec_id: str
    place: Place | None = None
    """Of the rule that makes the code say it."""
    offer: Offer | None = None
    """None: it was never read."""

    @property
    def spec(self) -> Spec | None:
        """The spec as last read, if its offer has it."""
        return next((spec for spec in self.offer.specs if spec.spec_id == self.spec_id), None) if self.offer else None


def meanings(session: Session, rules: Rules, sku: str, store: str) -> list[Meaning]:
    """The specs a SKU code means, the one that counts first; what a code says without naming a known spec is left out.

    An alias of a spec counts before the binding, and that before anything else.
    """
    code = meant(sku, store, rules)
    bound = catalogue.bound_specs(session, store, {sku, code})
    found = []
    if spec := bound.get(code) or bound.get(sku):
        offer = catalogue.offer(session, spec.supplier, spec.offer_id)
        found.append(Meaning(BINDING, spec.supplier, spec.offer_id, spec.spec_id, offer=offer))
    for says in readings(sku, store, rules):
        if says.goods_code:
            offers = survey.with_goods_code(session, says.supplier, says.goods_code)
        else:
            offers = list(catalogue.snapshots(session, {says.supplier: [says.offer_id]}).values())
        known = [
            Meaning(says.through, says.supplier, offer.offer_id, spec.spec_id, says.place, offer)
            for offer in offers
            for spec in offer.specs
            if says.fits(offer, spec)
        ]
        if says.spec_id and not known:  # an alias names it, whether it was read or not
            known = [Meaning(says.through, says.supplier, says.offer_id, says.spec_id, says.place)]
        found = [*known, *found] if says.spec_id else [*found, *known]
    return found
