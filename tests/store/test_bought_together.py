"""Purchases sent as one vendor order: they go together as far as the supplier is concerned, and no further."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from syncbridge.model.orders import OrderState
from syncbridge.model.purchasing import PlacedOrder, Purchase, PurchaseLine, PurchaseState, VendorOrderState
from syncbridge.rules import merging
from syncbridge.store import orders, placed_orders, purchases
from syncbridge.store.db import SqliteDatabase
from syncbridge.store.purchases import CapReached, NotIntended, NotWanted
from syncbridge.testing.builders import cny, make_order
from syncbridge.testing.clock import START
from tests.store.buying import LINE, SECOND_ACCOUNT, TODAY, adopt, get, intend, intended, move, placed, quote, see, send

pytestmark = pytest.mark.anyio
INTENDED, SENT, STOPPED = PurchaseState.INTENDED, PurchaseState.SENT, PurchaseState.STOPPED
AT_THE_SUPPLIER = [PurchaseState.UNKNOWN, PurchaseState.PLACED, PurchaseState.PAID, PurchaseState.SHIPPED]


async def send_together(db: SqliteDatabase, first: Purchase, *others: Purchase, total: str = "80.00") -> None:
    await db.run(
        purchases.sent,
        first.id,
        quote(total),
        others=[other.id for other in others],
        cap=cny("100.00"),
        day_began=TODAY,
        now=START,
    )


async def two(db: SqliteDatabase) -> tuple[Purchase, Purchase]:
    """Two purchases that were sent together; the first holds what becomes of them."""
    first, second = await intended(db, "1"), await intended(db, "2")
    await send_together(db, first, second)
    return await get(db, first.id), await get(db, second.id)


async def states(db: SqliteDatabase, *bought: Purchase) -> list[PurchaseState]:
    return [(await get(db, purchase.id)).state for purchase in bought]


def made_for(*together: Purchase) -> PlacedOrder:
    """The vendor order, as its note says."""
    return placed("1", note=merging.note(together), lines=(LINE,), created_at=START)


async def test_purchases_sent_together_are_one_that_holds_the_lines_and_the_quote_of_both(db: SqliteDatabase) -> None:
    first, second = await two(db)

    assert (first.state, second.state, first.merged_into, second.merged_into) == (SENT, SENT, None, first.id)
    assert first.lines == (PurchaseLine(LINE.offer_id, LINE.spec_id, 4),)
    assert (first.quote, second.quote, second.sent_at, second.lines) == (quote("80.00"), None, START, (LINE,))


async def test_a_purchase_that_could_have_been_sent_together_but_was_not_named_waits(db: SqliteDatabase) -> None:
    third = await intended(db, "3")

    await two(db)

    assert await get(db, third.id) == third


async def test_nothing_is_sent_together_with_a_purchase_that_is_under_way(db: SqliteDatabase) -> None:
    first, second = await intended(db, "1"), await intended(db, "2")
    await send(db, second.id, "1.00")

    with pytest.raises(NotIntended, match=f"together with {first.out_order_id} is not wanted so any more"):
        await send_together(db, first, second)
    assert await states(db, first, second) == [INTENDED, SENT]


async def test_nothing_is_sent_together_to_an_address_that_was_changed_this_moment(db: SqliteDatabase) -> None:
    first, second = await intended(db, "1"), await intended(db, "2")
    await db.run(purchases.note_address, second.id, "another")

    with pytest.raises(NotIntended):
        await send_together(db, first, second)
    assert await states(db, first, second) == [INTENDED, INTENDED]


@pytest.mark.parametrize("cancelled", ["1", "2"])
async def test_nothing_is_sent_for_an_order_that_was_cancelled_this_moment(db: SqliteDatabase, cancelled: str) -> None:
    first, second = await intended(db, "1"), await intended(db, "2")
    await db.run(orders.keep, "toys", make_order(cancelled, START, state=OrderState.CANCELLING))

    with pytest.raises(NotWanted, match=f"^order toys/{cancelled} changed this moment; it is read again before"):
        await send_together(db, first, second)
    assert await states(db, first, second) == [INTENDED, INTENDED]


@pytest.mark.parametrize("to", AT_THE_SUPPLIER)
async def test_what_happens_at_the_supplier_happens_to_both(db: SqliteDatabase, to: PurchaseState) -> None:
    first, second = await two(db)
    alone = await intended(db, "3")
    await send(db, alone.id, "1.00")

    assert await db.run(purchases.move, first.id, to, when=[SENT])

    assert await states(db, first, second, alone) == [to, to, SENT]


async def test_a_purchase_that_was_clearly_not_made_sets_the_other_free_to_be_bought_alone(db: SqliteDatabase) -> None:
    first, second = await two(db)

    assert await db.run(purchases.move, first.id, PurchaseState.REFUSED, when=[SENT])

    freed = await get(db, second.id)
    assert (freed.state, freed.merged_into, freed.lines) == (INTENDED, None, (LINE,))
    assert (await get(db, first.id)).lines == (LINE,)


async def test_a_purchase_that_does_not_move_sets_nobody_free(db: SqliteDatabase) -> None:
    first, second = await two(db)

    assert not await db.run(purchases.move, first.id, PurchaseState.REFUSED, when=[PurchaseState.PAID])

    assert (await get(db, second.id)).merged_into == first.id


async def test_what_was_spent_on_both_counts_until_nobody_wants_it(db: SqliteDatabase) -> None:
    first, second = await two(db)
    await move(db, first.id, PurchaseState.PLACED)
    later = await intended(db, "3")

    await move(db, first.id, STOPPED)
    with pytest.raises(CapReached, match=r"80\.00 CNY spent today"):
        await send(db, later.id, "30.00")

    await move(db, second.id, STOPPED)
    await send(db, later.id, "30.00")


async def test_the_one_that_holds_the_vendor_orders_is_named_told_and_shipped_for_both(db: SqliteDatabase) -> None:
    first, second = await two(db)
    await adopt(db, first, made_for(first, second))
    await db.run(placed_orders.shipped, first)

    named = await db.read(placed_orders.named_by, placed("9", out_order_id=second.out_order_id))
    told = await db.read(purchases.all_of, None)

    assert named is not None
    assert named.id == first.id
    assert [[order.vendor_order_id for order in became] for _, became in told] == [["1"], ["1"]]
    assert {(await get(db, bought.id)).state for bought in (first, second)} == {PurchaseState.SHIPPED}


async def test_one_that_was_sent_with_another_is_no_open_card(db: SqliteDatabase) -> None:
    first, second = await two(db)
    await move(db, first.id, PurchaseState.UNKNOWN)

    assert [purchase.id for purchase in await db.read(purchases.open_cards, "main")] == [first.id]
    assert await states(db, second) == [PurchaseState.UNKNOWN]


async def test_a_vendor_order_made_for_several_may_be_claimed_though_another_has_it(db: SqliteDatabase) -> None:
    first, second = await intended(db, "1"), await intended(db, "2")
    await adopt(db, first, made_for(first, second))

    async def unclaimed(purchase: Purchase) -> list[str]:
        return [order.vendor_order_id for order in await db.read(placed_orders.unclaimed, purchase)]

    assert (await unclaimed(first), await unclaimed(second)) == ([], ["1"])
    assert await unclaimed(await intended(db, "3")) == []
    await adopt(db, first, replace(made_for(first), note=f"for {second.mark}"))
    assert await unclaimed(second) == []


async def test_vendor_orders_are_kept_under_the_purchase_that_has_them_if_they_were_made_for_both(
    db: SqliteDatabase,
) -> None:
    first, second = await intended(db, "1"), await intended(db, "2")
    await adopt(db, first, made_for(first, second))

    async def holder(purchase: Purchase, order: PlacedOrder) -> int:
        return (await db.read(placed_orders.holder, purchase, [order])).id

    assert await holder(second, made_for(first, second)) == first.id
    assert await holder(second, made_for(first)) == second.id
    assert await holder(second, replace(made_for(first, second), vendor_order_id="2")) == second.id


async def test_vendor_orders_of_one_sent_with_another_are_that_others(db: SqliteDatabase) -> None:
    first, second = await two(db)

    assert await db.read(placed_orders.holder, second, [placed("9")]) == first


async def test_a_vendor_order_is_news_until_it_was_seen_in_its_state(db: SqliteDatabase) -> None:
    await see(db, placed("1"), "second")

    async def is_news(state: VendorOrderState) -> bool:
        return await db.read(placed_orders.is_news, "main", placed("1", state=state))

    assert await is_news(VendorOrderState.UNPAID)
    await see(db, placed("1"))
    assert not await is_news(VendorOrderState.UNPAID)
    assert await is_news(VendorOrderState.PAID)


async def test_a_cap_can_be_asked_before_anything_is_sent(db: SqliteDatabase) -> None:
    await send(db, await intend(db, "1"), "60.00", now=TODAY + timedelta(hours=1))
    await send(db, await intend(db, "1", SECOND_ACCOUNT), "90.00")

    await db.run(purchases.check_cap, "main", quote("40.00"), cap=cny("100.00"), day_began=TODAY)
    with pytest.raises(CapReached):
        await db.run(purchases.check_cap, "main", quote("40.01"), cap=cny("100.00"), day_began=TODAY)
