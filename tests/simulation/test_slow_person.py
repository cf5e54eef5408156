"""A person who buys from a list of some time ago: what they bought in vain is told, and the day ends with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from syncbridge.demo.scenario import BY_HAND, MAIN, Trouble
from syncbridge.model.purchasing import Purchase
from tests.simulation import database
from tests.simulation.sim import Sim

SEED = 6
"""Its order that is cancelled once it is paid wants goods of both accounts."""


async def buy_what_is_cancelled(sim: Sim) -> None:
    """The person keeps the cards of orders whose buyers will cancel, and buys once they have."""
    kept: dict[str, Purchase] = {}
    people, cards = sim.world, sim.world.desk.cards
    fickle = {order.order_id for order in sim.scenario.orders if order.trouble is Trouble.CANCELLED_PAID}

    async def of_some_time_ago() -> Sequence[Purchase]:
        shown = await cards()
        kept.update({card.mark: card for card in shown if card.order_id in fickle})
        late = [card for card in kept.values() if card.order_id in people.cancelled]
        return [*(card for card in shown if card.mark not in kept), *late]

    people.desk = replace(people.desk, cards=of_some_time_ago)


def test_what_is_bought_by_hand_after_the_buyer_cancelled_is_told(tmp_path: Path) -> None:
    sim = Sim(SEED, tmp_path, orders=7, kills=0, fault_share=0, events=[buy_what_is_cancelled])
    assert {want.supplier for want in sim.scenario.orders[6].wants} == {MAIN, BY_HAND}

    books = sim.play()

    assert books.differences == ()
    told = "SELECT count(*) FROM hold WHERE kind = 'vendor_order_extra' AND closed_at IS NULL AND subject LIKE ?"
    assert database.rows(told, f"vendor order {BY_HAND}/%") == [(1,)]
