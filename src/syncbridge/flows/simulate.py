"""Other mapping files are tried on the catalogue as last read and on past orders; nothing is written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlmodel import Session

from syncbridge.model.orders import Order
from syncbridge.rules import simulation
from syncbridge.rules.mapping import Rules
from syncbridge.rules.planning import Shown
from syncbridge.rules.routing import BoundSpec, meant, offers_of
from syncbridge.rules.simulation import Difference
from syncbridge.store import catalogue, orders, survey


@dataclass(slots=True)
class Simulation:
    """What was looked at, and what would come out otherwise."""

    offers: int = 0
    skus: int = 0
    orders: int = 0
    differences: list[Difference] = field(default_factory=list)

    @property
    def counts(self) -> dict[str, int]:
        """How many differences there are of each kind."""
        found = Counter(difference.kind for difference in self.differences)
        return {kind: found[kind] for kind in simulation.KINDS}


def simulate(session: Session, old: Rules, new: Rules, since: datetime) -> Simulation:
    """Replay both rules over every offer, and over the orders made since then."""
    result = Simulation()
    for supplier, offers in survey.every_offer(session):
        shelf = catalogue.shelf(session, supplier, [offer.offer_id for offer in offers])
        result.offers += len(offers)
        for offer in offers:
            result.differences += simulation.of_offer(offer, supplier, old, new)
            for entry in shelf[offer.offer_id]:
                shown = [Shown(b.sku_code, b.spec_id, b.price_wanted, b.stock_wanted) for b in entry.bindings]
                result.skus += len(shown)
                result.differences += simulation.of_skus(offer, entry.listing.store, shown, old, new)
    for page in orders.since(session, since):
        result.orders += len(page)
        result.differences += _of_orders(session, page, old, new)
    return result


def _of_orders(session: Session, page: Sequence[tuple[str, Order]], old: Rules, new: Rules) -> Iterator[Difference]:
    """One read of bindings a store and one of offers an account, for all orders of a page."""
    bindings: dict[str, dict[str, BoundSpec]] = {}
    for store in {store for store, _ in page}:
        sold = {line.sku_code for there, order in page if there == store for line in order.lines}
        codes = sold | {meant(code, store, rules) for code in sold for rules in (old, new)}
        bindings[store] = catalogue.bound_specs(session, store, codes)
    named: dict[str, set[str]] = {}
    for store, order in page:
        for rules in (old, new):
            for account, ids in offers_of(order, store, bindings[store], rules).items():
                named.setdefault(account, set()).update(ids)
    offers = catalogue.snapshots(session, named)
    for store, order in page:
        yield from simulation.of_order(order, store, bindings[store], offers, old, new)
