"""Vendor orders and parcels: whose they are, what is known of them, and how a purchase goes on with them."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from syncbridge.model.money import Money
from syncbridge.model.purchasing import PlacedOrder, Purchase, PurchaseState, SeenOrder, VendorOrderState
from syncbridge.model.shipping import ParcelState, Shipment
from syncbridge.rules.deadlines import Progress
from syncbridge.rules.routing import intent_key
from syncbridge.store import parcels, placed_orders, purchases, waybills
from syncbridge.store.db import SqliteDatabase
from syncbridge.store.parcels import Parcel
from syncbridge.store.purchases import UNPLACED
from syncbridge.store.tables.buying import VendorOrderRow
from syncbridge.testing.builders import cny
from syncbridge.testing.clock import START
from tests.store.buying import LINE, SECOND_ACCOUNT, adopt, get, intended, move, placed, see, send, ship

pytestmark = pytest.mark.anyio
CANCELLED = VendorOrderState.CANCELLED
SECOND = timedelta(seconds=1)


async def state(db: SqliteDatabase, purchase: int) -> PurchaseState:
    return (await get(db, purchase)).state


async def owner(db: SqliteDatabase, account: str, number: str) -> int | None:
    purchase = await db.read(placed_orders.purchase_of, account, number)
    return None if purchase is None else purchase.id


async def row(db: SqliteDatabase, number: str, account: str = "main") -> VendorOrderRow:
    return await db.read(lambda session: session.get_one(VendorOrderRow, (account, number)))


def numbers(orders: list[SeenOrder] | list[PlacedOrder]) -> list[str]:
    return [order.vendor_order_id for order in orders]


async def test_a_purchase_is_paid_with_its_last_vendor_order(db: SqliteDatabase) -> None:
    purchase = await intended(db)
    await adopt(db, purchase, placed("1"), placed("2"))

    await db.run(placed_orders.paid, purchase, placed("1", state=VendorOrderState.PAID), now=START)
    assert await state(db, purchase.id) is PurchaseState.PLACED
    await db.run(placed_orders.paid, purchase, placed("2", state=VendorOrderState.SHIPPED), now=START)
    assert await state(db, purchase.id) is PurchaseState.PAID


async def test_the_other_vendor_orders_of_a_purchase_are_added_up(db: SqliteDatabase) -> None:
    purchase = await intended(db)
    orders = [placed("1", "40.00"), placed("2", "2.50"), placed("3", "0.01")]
    await adopt(db, purchase, *orders)

    others = await db.read(placed_orders.total_of_others, purchase.id, orders[0])

    assert others == Money(Decimal("2.51"), "CNY")


async def test_an_adopted_order_stays_with_its_purchase_when_it_is_seen_again(db: SqliteDatabase) -> None:
    purchase = await intended(db)
    await adopt(db, purchase, placed("1"))

    await db.run(placed_orders.see, "main", placed("1", state=VendorOrderState.PAID), now=START)

    owner = await db.read(placed_orders.purchase_of, "main", "1")
    assert owner is not None
    assert owner.id == purchase.id
    assert await db.read(placed_orders.purchase_of, "main", "2") is None


async def test_a_parcel_is_announced_once(db: SqliteDatabase) -> None:
    purchase = await intended(db)
    parcel = Shipment("YANWEN_AM", "UR000000001YP", purchase.mark)

    assert await db.run(parcels.announce, purchase, parcel) is not None
    assert await db.run(parcels.announce, purchase, parcel) is None
    assert await db.read(purchases.by_mark, purchase.mark) == purchase
    assert await db.read(purchases.by_mark, "") is None


async def test_only_the_vendor_orders_named_are_adopted(db: SqliteDatabase) -> None:
    purchase = await intended(db)
    await see(db, placed("2"))
    await see(db, placed("1"), "second")

    await adopt(db, purchase, placed("1"))

    assert await owner(db, "main", "1") == purchase.id
    assert await owner(db, "main", "2") is None
    assert await owner(db, "second", "1") is None


@pytest.mark.parametrize("before", list(PurchaseState))
async def test_a_purchase_is_placed_with_its_vendor_order_and_never_goes_back(
    db: SqliteDatabase, before: PurchaseState
) -> None:
    purchase = await intended(db)
    await move(db, purchase.id, before)

    await adopt(db, purchase, placed("1"))

    assert await state(db, purchase.id) is (PurchaseState.PLACED if before in UNPLACED else before)


async def test_what_is_known_of_a_vendor_order_is_not_lost_to_an_answer_that_says_less(db: SqliteDatabase) -> None:
    purchase = await intended(db)
    full = placed("1", out_order_id="SB1", note="唛头 M1", lines=(LINE,), created_at=START)
    await adopt(db, purchase, full)

    await see(db, placed("1", "41.00", VendorOrderState.PAID))

    assert await db.read(placed_orders.seen, purchase.id) == [
        SeenOrder("main", "1", purchase.id, VendorOrderState.PAID, cny("41.00"), "SB1", "唛头 M1", (LINE,), START, None)
    ]


async def test_what_was_not_known_right_after_placing_is_known_once_it_is_read(db: SqliteDatabase) -> None:
    purchase = await intended(db)
    await adopt(db, purchase, placed("1"))
    (bare,) = await db.read(placed_orders.seen, purchase.id)

    full = placed(
        "1", "41.00", VendorOrderState.PAID, out_order_id="SB1", note="唛头 M1", lines=(LINE,), created_at=START
    )
    await db.run(placed_orders.see, "main", full, now=START + SECOND)

    assert (bare.out_order_id, bare.note, bare.lines, bare.created_at) == ("", "", (), None)
    assert await db.read(placed_orders.seen, purchase.id) == [
        SeenOrder("main", "1", purchase.id, VendorOrderState.PAID, cny("41.00"), "SB1", "唛头 M1", (LINE,), START, None)
    ]
    assert (await row(db, "1")).seen_at == START + SECOND


async def test_cancelled_vendor_orders_and_those_of_others_cost_a_purchase_nothing(db: SqliteDatabase) -> None:
    purchase, other = await intended(db, "1"), await intended(db, "2")
    await adopt(db, purchase, placed("1"), placed("2", "9.00", CANCELLED), placed("3", "2.50"))
    await adopt(db, other, placed("4", "100.00"))

    assert await db.read(placed_orders.total_of_others, purchase.id, placed("1")) == cny("2.50")
    assert await db.read(placed_orders.total_of_others, other.id, placed("4")) == cny("0")


async def test_a_cancelled_vendor_order_need_not_be_paid(db: SqliteDatabase) -> None:
    purchase = await intended(db)
    await adopt(db, purchase, placed("1"), placed("2", state=CANCELLED))

    await db.run(placed_orders.paid, purchase, placed("1", state=VendorOrderState.PAID), now=START)

    assert await state(db, purchase.id) is PurchaseState.PAID
    assert numbers(await db.read(placed_orders.seen, purchase.id)) == ["1"]


async def test_a_payment_pays_for_its_own_purchase(db: SqliteDatabase) -> None:
    purchase, other = await intended(db, "1"), await intended(db, "2")
    await adopt(db, purchase, placed("1"))
    await adopt(db, other, placed("2"))

    await db.run(placed_orders.paid, purchase, placed("1", state=VendorOrderState.PAID), now=START)

    assert await state(db, other.id) is PurchaseState.PLACED


async def test_a_payment_seen_late_does_not_set_a_purchase_back(db: SqliteDatabase) -> None:
    purchase = await intended(db)
    await adopt(db, purchase, placed("1"))
    await move(db, purchase.id, PurchaseState.SHIPPED)

    await db.run(placed_orders.paid, purchase, placed("1", state=VendorOrderState.PAID), now=START)

    assert await state(db, purchase.id) is PurchaseState.SHIPPED


async def test_the_states_and_the_parcels_of_vendor_orders_are_told_by_account(db: SqliteDatabase) -> None:
    purchase, other = await intended(db, "1"), await intended(db, "1", SECOND_ACCOUNT)
    await adopt(db, purchase, placed("1"), placed("2"))
    await adopt(db, other, placed("1"))

    await ship(db, purchase, "1", "YT1", "YT2")

    unpaid = VendorOrderState.UNPAID
    assert await db.read(placed_orders.of_purchase, purchase.id) == {"1": unpaid, "2": unpaid}
    assert await db.read(placed_orders.of_purchase, other.id) == {"1": unpaid}
    assert [one.number for one in await db.read(waybills.living, "main", "1")] == ["YT1", "YT2"]
    assert [await state(db, bought.id) for bought in (purchase, other)] == [PurchaseState.SHIPPED, PurchaseState.PLACED]


@pytest.mark.parametrize("before", list(PurchaseState))
async def test_a_purchase_is_shipped_if_it_was_bought_and_not_yet_declared(
    db: SqliteDatabase, before: PurchaseState
) -> None:
    purchase = await intended(db)
    await move(db, purchase.id, before)

    await ship(db, purchase, "1", "YT1")

    goes_on = before in (PurchaseState.PLACED, PurchaseState.PAID)
    assert await state(db, purchase.id) is (PurchaseState.SHIPPED if goes_on else before)


async def test_the_purchases_of_many_vendor_orders_are_told_by_account_and_id(db: SqliteDatabase) -> None:
    purchase, other = await intended(db, "1"), await intended(db, "1", SECOND_ACCOUNT)
    await adopt(db, purchase, placed("1"), placed("2"), placed("3"))
    await adopt(db, other, placed("1"), placed("4"))
    await see(db, placed("5"))
    asked = {("main", "1"), ("main", "2"), ("second", "1"), ("main", "4"), ("main", "5"), ("main", "6")}

    found = await db.read(placed_orders.purchases_of, asked)

    assert {order: one.id for order, one in found.items()} == {
        ("main", "1"): purchase.id,
        ("main", "2"): purchase.id,
        ("second", "1"): other.id,
    }


async def test_an_urging_is_noted_at_its_own_vendor_order(db: SqliteDatabase) -> None:
    purchase, other = await intended(db, "1"), await intended(db, "1", SECOND_ACCOUNT)
    await adopt(db, purchase, placed("1"), placed("2"))
    await adopt(db, other, placed("1"))

    await db.run(placed_orders.urged, "main", "1", now=START)

    assert await db.read(placed_orders.progress, [purchase.id, other.id]) == {
        purchase.id: {"1": Progress(None, None, START), "2": Progress(None, None)},
        other.id: {"1": Progress(None, None)},
    }
    assert await db.read(placed_orders.progress, [other.id]) == {other.id: {"1": Progress(None, None)}}


async def test_a_refund_is_noted_at_its_own_vendor_order(db: SqliteDatabase) -> None:
    purchase, other = await intended(db, "1"), await intended(db, "1", SECOND_ACCOUNT)
    await adopt(db, purchase, placed("1"), placed("2"))
    await adopt(db, other, placed("1"))

    await db.run(placed_orders.refund_asked, "main", "1", "TQ7")

    kept = [*await db.read(placed_orders.seen, purchase.id), *await db.read(placed_orders.seen, other.id)]
    assert [(order.supplier, order.vendor_order_id, order.refund_id) for order in kept] == [
        ("main", "1", "TQ7"),
        ("main", "2", None),
        ("second", "1", None),
    ]


async def test_living_vendor_orders_with_a_purchases_name_that_nobody_claimed_are_found(db: SqliteDatabase) -> None:
    purchase, other = await intended(db, "1"), await intended(db, "2")
    named = placed("1", out_order_id=purchase.out_order_id, note="", lines=(LINE,), created_at=START)
    noted = placed("2", note=f"唛头 {purchase.mark}")
    await see(db, named)
    await see(db, noted)
    await see(db, placed("3", state=CANCELLED, out_order_id=purchase.out_order_id))
    await see(db, placed("4", out_order_id=other.out_order_id, note=f"唛头 {other.mark}"))
    await see(db, placed("5", out_order_id=purchase.out_order_id), "second")
    await adopt(db, other, placed("6", out_order_id=purchase.out_order_id))

    found = await db.read(placed_orders.unclaimed, purchase)

    assert numbers(found) == ["1", "2"]
    assert found[0] == placed(
        "1", out_order_id=purchase.out_order_id, lines=(LINE,), created_at=START, freight=cny("0")
    )


async def test_living_vendor_orders_of_purchases_not_intended_yet_are_found_by_the_names_they_would_have(
    db: SqliteDatabase,
) -> None:
    keys = [intent_key("toys", "1", "main", number) for number in (100, 200)]
    await see(db, placed("1", out_order_id=keys[0].out_order_id, created_at=START))
    await see(db, placed("2", note=f"唛头 {keys[1].mark}", created_at=START))
    await see(db, placed("3", out_order_id="theirs", note="for the office", created_at=START))
    await see(db, placed("4", state=CANCELLED, out_order_id=keys[0].out_order_id, created_at=START))
    await see(db, placed("5", out_order_id=keys[0].out_order_id, created_at=START), "second")
    await adopt(db, await intended(db), placed("6", out_order_id=keys[0].out_order_id, created_at=START))

    assert numbers(await db.read(placed_orders.unclaimed_of, "main", keys)) == ["1", "2"]


@pytest.mark.parametrize("sent", [True, False])
async def test_vendor_orders_nobody_owns_count_since_a_purchase_was_sent_or_intended_less_some_slack(
    db: SqliteDatabase, sent: bool
) -> None:
    purchase = await intended(db, now=START - timedelta(hours=1) if sent else START)
    if sent:
        await send(db, purchase.id, "1.00")
    slack = timedelta(minutes=10)
    for number, made in (("1", START - slack), ("2", START - slack - SECOND), ("3", None), ("4", START)):
        await see(db, placed(number, created_at=made))
    await see(db, placed("5", created_at=START), "second")
    await adopt(db, await intended(db, "another"), placed("6", created_at=START))

    found = await db.read(placed_orders.unowned, purchase, slack=slack)

    assert numbers(found) == ["1", "3", "4"]
    assert all(order.purchase is None for order in found)


async def parcel_of(db: SqliteDatabase, purchase: Purchase, number: str) -> int:
    announced = await db.run(parcels.announce, purchase, Shipment("YANWEN_AM", number, purchase.mark))
    assert announced is not None
    return announced


async def test_each_parcel_has_a_number_of_its_own_with_us(db: SqliteDatabase) -> None:
    purchase, other = await intended(db, "1"), await intended(db, "2")

    ids = [
        await parcel_of(db, purchase, "UR1"),
        await parcel_of(db, purchase, "UR2"),
        await parcel_of(db, other, "UR2"),
    ]

    assert len(set(ids)) == 3
    told = [await db.read(parcels.get, number) for number in ids]
    assert told == [
        Parcel(ids[0], Shipment("YANWEN_AM", "UR1", purchase.mark), purchase, ParcelState.ANNOUNCED, None),
        Parcel(ids[1], Shipment("YANWEN_AM", "UR2", purchase.mark), purchase, ParcelState.ANNOUNCED, None),
        Parcel(ids[2], Shipment("YANWEN_AM", "UR2", other.mark), other, ParcelState.ANNOUNCED, None),
    ]


@pytest.mark.parametrize("before", [PurchaseState.PAID, PurchaseState.SHIPPED])
async def test_a_declared_parcel_is_declared_alone_and_its_purchase_with_it(
    db: SqliteDatabase, before: PurchaseState
) -> None:
    purchase = await intended(db)
    await move(db, purchase.id, before)
    first, second = await parcel_of(db, purchase, "UR1"), await parcel_of(db, purchase, "UR2")

    await db.run(parcels.declared, first, purchase, "YANWEN_EXPRESS", now=START)

    told = [await db.read(parcels.get, number) for number in (first, second)]
    assert [(one.shipment.carrier, one.declared_at) for one in told] == [("YANWEN_EXPRESS", START), ("YANWEN_AM", None)]
    assert await state(db, purchase.id) is PurchaseState.DECLARED


def _told(paid_at: datetime | None = None, shipped_at: datetime | None = None) -> PlacedOrder:
    return placed("88", state=VendorOrderState.SHIPPED, created_at=START, paid_at=paid_at, shipped_at=shipped_at)


async def test_the_suppliers_own_times_are_kept_and_not_forgotten(db: SqliteDatabase) -> None:
    await see(db, _told(paid_at=START + SECOND, shipped_at=START + 2 * SECOND))
    await see(db, _told())
    kept = await row(db, "88")
    assert (kept.paid_at, kept.shipped_at) == (START + SECOND, START + 2 * SECOND)


async def test_what_we_saw_happen_has_the_time_we_saw_it_where_the_supplier_tells_none(db: SqliteDatabase) -> None:
    states = (VendorOrderState.UNPAID, VendorOrderState.PAID, VendorOrderState.SHIPPED, VendorOrderState.RECEIVED)
    for number, state in enumerate(states):
        await db.run(placed_orders.see, "main", placed("88", state=state), now=START + number * SECOND)
    kept = await row(db, "88")
    assert (kept.paid_at, kept.shipped_at) == (START + SECOND, START + 2 * SECOND)


async def test_nobody_knows_when_that_happened_which_had_happened_when_we_first_looked(db: SqliteDatabase) -> None:
    for _ in range(2):
        await see(db, _told())
    kept = await row(db, "88")
    assert (kept.paid_at, kept.shipped_at) == (None, None)


async def test_a_purchase_whose_times_were_not_kept_is_as_far_as_its_state_says(db: SqliteDatabase) -> None:
    purchase = await intended(db)
    await adopt(db, purchase, placed("87"), placed("88", state=CANCELLED), placed("89", state=VendorOrderState.PAID))
    await see(db, placed("90", state=VendorOrderState.SHIPPED, created_at=START - SECOND))
    await adopt(db, purchase, placed("90", state=VendorOrderState.SHIPPED, created_at=START - SECOND))
    await db.run(placed_orders.urged, "main", "89", now=START)
    assert await db.read(placed_orders.progress, [purchase.id]) == {
        purchase.id: {
            "87": Progress(None, None),
            "89": Progress(START, None, START),
            "90": Progress(START - SECOND, START),
        }
    }
