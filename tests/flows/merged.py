"""Two orders of one buyer where the route merges them, and what a test of it looks at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from syncbridge.flows import decisions
from syncbridge.flows.audit import audit
from syncbridge.model.orders import BuyerAddress, OrderState
from syncbridge.model.purchasing import (
    PaymentResult,
    PlacedOrder,
    PurchaseState,
    VendorOrderState,
)
from syncbridge.queue import dead_letters
from syncbridge.store import purchases
from syncbridge.testing.builders import make_order_line
from tests.flows.conftest import Shop

COOL_OFF = 601
FIRST, SECOND = "8172481060036440", "8172481060036441"
ELSEWHERE = BuyerAddress("Ana García", "612345678", "ES", "Madrid", "Madrid", "28001", "Calle Mayor 2")


async def sell_two(shop: Shop, **changes: object) -> None:
    """One buyer orders twice at the same time; the second time three pieces, and whatever else is said."""
    await shop.list_offer()
    await shop.sell(FIRST)
    await shop.sell(SECOND, make_order_line(shop.code(), 3), **changes)


async def buy_two(shop: Shop) -> PlacedOrder:
    """Both are bought; answers the one vendor order."""
    await sell_two(shop)
    await shop.pass_time(COOL_OFF)
    return the_one(shop)


def refuse_one_payment(shop: Shop) -> None:
    """The next payment does not go through."""
    pay = shop.supplier.pay

    async def not_now(vendor_order_ids: Sequence[str]) -> PaymentResult:
        shop.supplier.pay = pay  # type: ignore[method-assign]
        return PaymentResult((), tuple(vendor_order_ids))

    shop.supplier.pay = not_now  # type: ignore[method-assign]


async def leave_unpaid(shop: Shop) -> None:
    """Both are bought, and paying takes a second try."""
    refuse_one_payment(shop)
    await buy_two(shop)


def the_one(shop: Shop) -> PlacedOrder:
    (bought,) = shop.supplier.books.values()
    return bought


def quantities(shop: Shop) -> list[list[int]]:
    """How many pieces the lines of each living vendor order are."""
    alive = [one for one in shop.supplier.books.values() if one.state is not VendorOrderState.CANCELLED]
    return [[line.quantity for line in one.lines] for one in alive]


async def change(shop: Shop, order_id: str, *, tell: bool = True, **changes: object) -> None:
    """The channel shows an order otherwise, and tells us or not."""
    shop.clock.advance(1)
    order = shop.channel.books[order_id]
    shop.channel.books[order_id] = replace(order, modified_at=shop.clock.now(), **changes)  # type: ignore[arg-type]
    if tell:
        await shop.hear_of(order_id)


async def cancel(shop: Shop, order_id: str, *, tell: bool = True) -> None:
    await change(shop, order_id, state=OrderState.CANCELLED, tell=tell)


async def states(shop: Shop) -> list[PurchaseState]:
    return [purchase.state for purchase, _ in await shop.db.read(purchases.all_of, None)]


async def marks(shop: Shop) -> list[str]:
    return [purchase.mark for purchase, _ in await shop.db.read(purchases.all_of, None)]


async def differences(shop: Shop) -> list[str]:
    """What an audit of the last week says, half an hour later."""
    await shop.pass_time(1800)
    for kind, account in (("orders.poll", "toys"), ("purchase.poll", "main")):
        await shop.poll(kind, account)
    found = await audit(shop.bridge, since=shop.clock.now() - timedelta(days=7))
    return [f"{one.kind} {one.subject}: {one.why}" for one in found.differences]


async def fulfil(shop: Shop, mark: str) -> None:
    """The supplier ships, and the forwarder sends the parcel abroad."""
    shop.supplier.ship(the_one(shop).vendor_order_id, "YT1")
    await shop.poll("purchase.poll", "main")
    shop.forwards(mark)
    await shop.poll("fulfil.collect", "forwarder")


def declared(shop: Shop) -> dict[str, list[str]]:
    return {order: [one.number for one in told] for order, told in shop.channel.declarations.items() if told}


# ---------------------------------------------------------------- bought once, for both


async def run_place(shop: Shop, purchase: int) -> None:
    """A worker takes the job that buys a purchase."""
    job = await shop.db.read(dead_letters.named, f"purchase.place:{purchase}")
    assert job is not None
    await shop.worker.execute(job.id)


async def not_placed(shop: Shop, entry_id: str) -> None:
    quarantine, now = shop.terms.quarantine, shop.clock.now()
    await shop.db.run(decisions.not_placed, entry_id, why="I looked", quarantine=quarantine, now=now)
