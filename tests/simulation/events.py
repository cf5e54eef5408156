"""What a seed may let happen beside the scenario; each is drawn by chance, at a moment of its own."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from syncbridge.demo.scenario import BuyerOrder, Change, Trouble
from syncbridge.demo.world import listed
from tests.simulation import database

if TYPE_CHECKING:
    from tests.simulation.sim import Sim

WAITS_FOR_GOODS = ("WAIT_SELLER_SEND_GOODS", "SELLER_PART_SEND_GOODS")


async def buyer_cancels(sim: Sim) -> None:
    """At any stage until it is declared: the buyer asks, and the seller agrees."""
    order = await _ordered(sim)
    await sim.right_clock.sleep(sim.dice.uniform(0, 12))
    if await _status(sim, order) not in WAITS_FOR_GOODS:
        return
    sim.cancelled[order.order_id] = sim.right_clock.now()
    await _tell_cancel(sim, order, "IN_CANCEL")
    await sim.right_clock.sleep(sim.dice.uniform(0.5, 4))
    await _tell_cancel(sim, order, "FINISH")


async def buyer_changes_their_mind(sim: Sim) -> None:
    """The buyer asks for a cancel and takes it back."""
    order = await _ordered(sim)
    await sim.right_clock.sleep(sim.dice.uniform(0, 6))
    if (before := await _status(sim, order)) not in WAITS_FOR_GOODS:
        return
    await _tell_cancel(sim, order, "IN_CANCEL")
    await sim.right_clock.sleep(sim.dice.uniform(0.5, 4))
    await _tell_cancel(sim, order, before)


async def supplier_sells_out(sim: Sim) -> None:
    """What a buyer has just ordered is gone."""
    want = (await _ordered(sim)).wants[0]
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
    """By up to ten minutes either way, and right again later."""
    by = sim.dice.uniform(-600, 600)
    for seconds in (by, -by):
        await sim.right_clock.sleep(sim.dice.uniform(1, 25))
        sim.step_clock(seconds)


async def backup_is_restored(sim: Sim) -> None:
    """The database is put back to how it was some time ago."""
    await sim.right_clock.sleep(sim.dice.uniform(2, 15))
    kept = database.copy()
    await sim.right_clock.sleep(sim.dice.uniform(1, 15))
    await sim.die(meanwhile=lambda: database.put_back(kept))


EVENTS = (
    buyer_cancels,
    buyer_changes_their_mind,
    supplier_sells_out,
    supplier_raises_a_price,
    messages_are_lost,
    clock_is_stepped,
)


async def _ordered(sim: Sim) -> BuyerOrder:
    """One of the buyers' orders, once it is made."""
    order = sim.dice.choice([order for order in sim.scenario.orders if order.trouble is Trouble.NONE])
    while await _status(sim, order) is None:
        await sim.right_clock.sleep(0.5)
    return order


async def _status(sim: Sim, order: BuyerOrder) -> str | None:
    orders = (await sim.world.channel.books())["orders"]
    return next((str(seen["status"]) for seen in orders if seen["order_id"] == order.order_id), None)


async def _tell_cancel(sim: Sim, order: BuyerOrder, status: str) -> None:
    """Where the control calls of a cancel belong once the mock has calls of its own for them."""
    await sim.world.channel.tell(f"orders/{order.order_id}/status", status=status, push=sim.dice.random() < 0.5)
