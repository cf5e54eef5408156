"""Purchases: intended once, sent once, and never over the cap of the day."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from syncbridge.model.money import Money
from syncbridge.model.purchasing import PlacedOrder, PurchaseLine, PurchaseState, Quote, VendorOrderState
from syncbridge.model.shipping import Shipment
from syncbridge.rules.routing import Split
from syncbridge.store import purchases
from syncbridge.store.db import SqliteDatabase
from syncbridge.store.purchases import AlreadyIntended, CapReached, NotIntended
from syncbridge.testing.builders import cny, usd
from syncbridge.testing.clock import START
from tests.flows.conftest import ROUTE

pytestmark = pytest.mark.anyio
SPLIT = Split(ROUTE, 0, (PurchaseLine("676651652931", f"{1:032x}", 2),), usd("36.62"))
TODAY = START - timedelta(hours=9)


def quote(total: str) -> Quote:
    return Quote(cny(total), cny("0"), cny(total), "general", ("alipay",))


async def intend(db: SqliteDatabase, order_id: str = "8172481060036440") -> int:
    return await db.run(purchases.intend, "toys", order_id, SPLIT, now=START)


async def send(db: SqliteDatabase, purchase: int, total: str, *, cap: str = "100.00") -> None:
    await db.run(purchases.sent, purchase, quote(total), cap=cny(cap), day_began=TODAY, now=START)


async def state(db: SqliteDatabase, purchase: int) -> PurchaseState:
    return (await db.read(purchases.get, purchase)).state


def placed(number: str, total: str = "40.00", state: VendorOrderState = VendorOrderState.UNPAID) -> PlacedOrder:
    return PlacedOrder(number, state, cny(total), cny("5.00"))


async def test_the_same_intent_twice_is_one_purchase(db: SqliteDatabase) -> None:
    first, second = await intend(db), await intend(db)

    assert first == second
    assert await db.read(purchases.figures) == {"intended": 1}


async def test_an_intent_for_other_lines_never_hides_behind_one_of_the_same_name(db: SqliteDatabase) -> None:
    await intend(db)
    other = replace(SPLIT, line_ids=("7",))

    with pytest.raises(AlreadyIntended, match="made for other lines of order 8172481060036440"):
        await db.run(purchases.intend, "toys", "8172481060036440", other, now=START)
    assert await db.read(purchases.figures) == {"intended": 1}


async def test_a_purchase_is_sent_once(db: SqliteDatabase) -> None:
    purchase = await intend(db)
    await send(db, purchase, "40.00")

    with pytest.raises(NotIntended, match="is sent, so it is not sent"):
        await send(db, purchase, "40.00")
    assert await state(db, purchase) is PurchaseState.SENT


async def test_of_two_workers_one_sends_a_purchase(db: SqliteDatabase) -> None:
    purchase = await intend(db)

    results = await asyncio.gather(*(send(db, purchase, "1.00") for _ in range(5)), return_exceptions=True)

    assert [type(result) for result in results].count(NotIntended) == 4


async def test_two_purchases_cannot_both_take_the_last_yuan(db: SqliteDatabase) -> None:
    first, second = await intend(db, "1"), await intend(db, "2")

    results = await asyncio.gather(send(db, first, "60.00"), send(db, second, "60.00"), return_exceptions=True)

    assert sorted(type(result).__name__ for result in results) == ["CapReached", "NoneType"]
    assert await db.read(purchases.figures) == {"intended": 1, "sent": 1}


async def test_a_purchase_may_take_exactly_what_is_left(db: SqliteDatabase) -> None:
    await send(db, await intend(db, "1"), "60.00")

    await send(db, await intend(db, "2"), "40.00")
    with pytest.raises(CapReached, match=r"100\.00 CNY spent today, 0\.01 CNY more would pass the cap of 100\.00 CNY"):
        await send(db, await intend(db, "3"), "0.01")


async def test_what_was_spent_yesterday_does_not_count_today(db: SqliteDatabase) -> None:
    yesterday = TODAY - timedelta(seconds=1)
    first = await intend(db, "1")
    await db.run(
        purchases.sent, first, quote("90.00"), cap=cny("100.00"), day_began=TODAY - timedelta(days=1), now=yesterday
    )

    await send(db, await intend(db, "2"), "90.00")


@pytest.mark.parametrize("freed", [PurchaseState.REFUSED, PurchaseState.INTENDED, PurchaseState.BY_HAND])
async def test_what_was_certainly_not_bought_does_not_count(db: SqliteDatabase, freed: PurchaseState) -> None:
    first = await intend(db, "1")
    await send(db, first, "90.00")
    await db.run(purchases.move, first, freed, when=[PurchaseState.SENT])

    await send(db, await intend(db, "2"), "90.00")


async def test_an_unclear_purchase_counts_as_spent(db: SqliteDatabase) -> None:
    first = await intend(db, "1")
    await send(db, first, "90.00")
    await db.run(purchases.move, first, PurchaseState.UNKNOWN, when=[PurchaseState.SENT])

    with pytest.raises(CapReached):
        await send(db, await intend(db, "2"), "90.00")


async def test_a_purchase_moves_only_from_the_states_named(db: SqliteDatabase) -> None:
    purchase = await intend(db)

    assert not await db.run(purchases.move, purchase, PurchaseState.PAID, when=[PurchaseState.PLACED])
    assert await db.run(purchases.move, purchase, PurchaseState.STOPPED, when=[PurchaseState.INTENDED])
    assert await state(db, purchase) is PurchaseState.STOPPED


async def test_a_purchase_is_paid_with_its_last_vendor_order(db: SqliteDatabase) -> None:
    purchase = await db.read(purchases.get, await intend(db))
    await db.run(purchases.adopt, purchase, [placed("1"), placed("2")], now=START)

    await db.run(purchases.paid, purchase, placed("1", state=VendorOrderState.PAID), now=START)
    assert await state(db, purchase.id) is PurchaseState.PLACED
    await db.run(purchases.paid, purchase, placed("2", state=VendorOrderState.SHIPPED), now=START)
    assert await state(db, purchase.id) is PurchaseState.PAID


async def test_the_other_vendor_orders_of_a_purchase_are_added_up(db: SqliteDatabase) -> None:
    purchase = await db.read(purchases.get, await intend(db))
    orders = [placed("1", "40.00"), placed("2", "2.50"), placed("3", "0.01")]
    await db.run(purchases.adopt, purchase, orders, now=START)

    others = await db.read(purchases.total_of_others, purchase.id, orders[0])

    assert others == Money(Decimal("2.51"), "CNY")


async def test_an_adopted_order_stays_with_its_purchase_when_it_is_seen_again(db: SqliteDatabase) -> None:
    purchase = await db.read(purchases.get, await intend(db))
    await db.run(purchases.adopt, purchase, [placed("1")], now=START)

    await db.run(purchases.see, "main", placed("1", state=VendorOrderState.PAID), now=START)

    owner = await db.read(purchases.purchase_of, "main", "1")
    assert owner is not None
    assert owner.id == purchase.id
    assert await db.read(purchases.purchase_of, "main", "2") is None


async def test_a_parcel_is_announced_once(db: SqliteDatabase) -> None:
    purchase = await db.read(purchases.get, await intend(db))
    parcel = Shipment("YANWEN_AM", "UR000000001YP", purchase.mark)

    assert await db.run(purchases.announce, purchase, parcel) is not None
    assert await db.run(purchases.announce, purchase, parcel) is None
    assert await db.read(purchases.by_mark, purchase.mark) == purchase
    assert await db.read(purchases.by_mark, "") is None


async def test_domestic_numbers_of_an_order_are_known(db: SqliteDatabase) -> None:
    purchase = await db.read(purchases.get, await intend(db))
    await db.run(purchases.adopt, purchase, [placed("1")], now=START)
    await db.run(purchases.shipped, purchase, "1", ["YT1", "YT2"])

    assert await db.read(purchases.waybills, "toys", purchase.order_id) == {"YT1", "YT2"}
    assert await db.read(purchases.waybills, "toys", "another") == set()
