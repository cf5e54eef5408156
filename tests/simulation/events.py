"""What a seed may let happen beside the scenario; each is drawn by chance, at a moment of its own."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from syncbridge.demo.abroad import listed
from syncbridge.demo.scenario import MAIN, BuyerOrder, Change, Trouble
from syncbridge.demo.world import NOTHING_SENT
from tests.simulation import database, invariants

if TYPE_CHECKING:
    from tests.simulation.sim import Sim


async def buyer_cancels(sim: Sim) -> None:
    """At any stage until it is shipped: the buyer asks, and the seller agrees, or the buyer takes it back."""
    order = await _ordered(sim)
    await sim.right_clock.sleep(sim.dice.uniform(0, 12))
    if await sim.status(order.order_id) != NOTHING_SENT:
        return
    await _tell(sim, order, "ask_to_cancel")
    await sim.right_clock.sleep(sim.dice.uniform(0.5, 4))
    await _tell(sim, order, "accept_cancel" if sim.dice.random() < 0.7 else "withdraw_cancel")


async def buyer_moves(sim: Sim) -> None:
    """The buyer edits the address at any stage until something is sent: from then on the channel takes no other."""
    order = await _ordered(sim)
    await sim.right_clock.sleep(sim.dice.uniform(0, 8))
    if await sim.status(order.order_id) == NOTHING_SENT:
        await _tell(sim, order, "address", address={"street": "Calle Menor 2"})


async def supplier_sells_out(sim: Sim) -> None:
    """What a buyer has just ordered is gone."""
    want = next(want for want in (await _ordered(sim, MAIN)).wants if want.supplier == MAIN)
    await sim.right_clock.sleep(sim.dice.uniform(0, 4))
    await sim.world.supplier.tell(f"offers/{want.offer_id}/stock", spec_id=want.spec_id, stock=0)


async def supplier_raises_a_price(sim: Sim) -> None:
    """Between order and payment, by little or by much."""
    want = (await _ordered(sim)).wants[0]
    await sim.right_clock.sleep(sim.dice.uniform(0, 4))
    offers = [offer for of_account in sim.scenario.offers.values() for offer in of_account]
    specs = [spec for offer in offers for spec in listed(offer["productSkuInfos"]) if spec["specId"] == want.spec_id]
    dearer = Decimal(str(specs[0]["price"])) * Decimal(str(round(sim.dice.uniform(1.05, 1.8), 2)))
    change = Change(want.offer_id, want.spec_id, f"{dearer:.2f}")
    sim.repriced.append(change)
    await sim.world.supplier.tell(f"offers/{want.offer_id}/price", spec_id=want.spec_id, price=change.value)


async def messages_are_lost(sim: Sim) -> None:
    """Nobody reaches our receiver for a while, and vendors do not repeat for ever."""
    await sim.right_clock.sleep(sim.dice.uniform(0, 15))
    sim.deaf = True
    await sim.right_clock.sleep(sim.dice.uniform(5, 60))
    sim.deaf = False


async def clock_is_stepped(sim: Sim) -> None:
    """By up to ten minutes either way, as often by a little as by much, and right again later."""
    by = sim.dice.choice((-1, 1)) * 600 ** sim.dice.uniform(0.3, 1)
    for seconds in (by, -by):
        await sim.right_clock.sleep(sim.dice.uniform(1, 25))
        sim.step_clock(seconds)


async def backup_is_restored(sim: Sim) -> None:
    """The database is put back to how it was some time ago, when everything had been listed."""
    await _ordered(sim)
    await sim.right_clock.sleep(sim.dice.uniform(0, 8))
    kept = database.copy()
    await sim.right_clock.sleep(sim.dice.uniform(1, 10))

    def put_back() -> None:
        database.put_back(kept)
        sim.forgotten = set(invariants.written(*sim.books()))
        sim.authorise_again()  # tokens that were renewed since are lost, and a person sees to that

    await sim.die(meanwhile=put_back)


EVENTS = (
    buyer_cancels,
    buyer_moves,
    supplier_sells_out,
    supplier_raises_a_price,
    messages_are_lost,
    clock_is_stepped,
    backup_is_restored,
)


async def _ordered(sim: Sim, supplier: str = "") -> BuyerOrder:
    """One of the buyers' orders, once it is made; of one that wants something of the supplier if one is named."""
    may_be = [
        order
        for order in sim.scenario.orders
        if order.trouble is Trouble.NONE and supplier in ("", *(want.supplier for want in order.wants))
    ]
    order = sim.dice.choice(may_be)
    while await sim.status(order.order_id) is None:
        await sim.right_clock.sleep(0.5)
    return order


async def _tell(sim: Sim, order: BuyerOrder, what: str, **values: object) -> None:
    """Half of what buyers do is pushed to us; the other half the poll must find."""
    await sim.world.channel.tell(f"orders/{order.order_id}/{what}", push=sim.dice.random() < 0.5, **values)
