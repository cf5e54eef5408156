"""Domestic parcels: what is known of each, and which vendor orders are to be looked at or confirmed."""

from __future__ import annotations

from datetime import timedelta

import pytest

from syncbridge.model.purchasing import Purchase, PurchaseState, VendorOrderState
from syncbridge.model.shipping import Movement, ParcelState, Shipment, Sighting, Track
from syncbridge.rules.merging import BOUGHT
from syncbridge.store import holds, merging, parcels, placed_orders, waybills
from syncbridge.store.db import SqliteDatabase
from syncbridge.store.tables.parcels import ParcelRow
from syncbridge.testing.clock import START
from tests.store.buying import SECOND_ACCOUNT, adopt, intended, move, placed, ship

pytestmark = pytest.mark.anyio
SHIPPED = VendorOrderState.SHIPPED
LATER = START + timedelta(days=1)


def track(number: str, movement: Movement, *, seen: bool = True) -> Track:
    return Track(number, movement, (Sighting(START, movement, "said"),) if seen else ())


async def on_its_way(db: SqliteDatabase, order_id: str, *numbers: str) -> Purchase:
    """A purchase whose vendor order, of the same id, was shipped in these parcels."""
    purchase = await intended(db, order_id)
    await adopt(db, purchase, placed(order_id, state=SHIPPED))
    if numbers:
        await ship(db, purchase, order_id, *numbers)
    return purchase


async def sign(db: SqliteDatabase, vendor_order_id: str, *numbers: str) -> list[str]:
    told = {number: track(number, Movement.DELIVERED) for number in numbers}
    return await db.run(waybills.saw, "main", vendor_order_id, told, now=START)


async def confirmable(db: SqliteDatabase, rule: str = "signed") -> list[str]:
    return [one.vendor_order_id for one in await db.read(waybills.confirmable, "main", rule)]


async def test_new_and_gone_numbers_are_told_once_and_one_that_is_shown_again_lives_again(db: SqliteDatabase) -> None:
    async def keep(*numbers: str) -> tuple[list[str], list[str]]:
        shown = [Shipment("YTO", number) for number in numbers]
        return await db.run(waybills.keep, "main", "1", shown, now=START)

    assert await keep("YT1", "YT2") == (["YT1", "YT2"], [])
    assert await keep("YT1", "YT3") == (["YT3"], ["YT2"])
    assert await keep("YT1", "YT3") == ([], [])
    assert await keep("YT2") == ([], ["YT1", "YT3"])
    assert [one.number for one in await db.read(waybills.living, "main", "1")] == ["YT2"]
    assert await db.read(waybills.living, "second", "1") == []
    known = [await db.read(waybills.is_domestic, number) for number in ("YT1", "yt1", "YT3", "YT4")]
    assert known == [True, True, True, False]


async def test_how_far_a_parcel_is_is_noted_with_the_time_it_was_signed_for(db: SqliteDatabase) -> None:
    await on_its_way(db, "1", "YT1", "YT2")
    told = {"YT1": track("YT1", Movement.MOVING), "YT2": track("YT2", Movement.DELIVERED, seen=False)}

    assert await db.run(waybills.saw, "main", "1", told, now=LATER) == ["YT2"]
    assert await db.run(waybills.saw, "main", "1", told, now=LATER) == []
    assert await db.run(waybills.saw, "main", "1", {}, now=LATER) == []
    moved = [(one.movement, one.said, one.moved_at) for one in await db.read(waybills.living, "main", "1")]
    assert moved == [("moving", "said", START), ("delivered", "", LATER)]


async def test_only_shipped_orders_with_something_unsigned_are_under_way(db: SqliteDatabase) -> None:
    await on_its_way(db, "1", "YT1", "YT2")
    await on_its_way(db, "2", "YT3")
    await on_its_way(db, "3")
    declared = await on_its_way(db, "4", "YT4")
    await adopt(db, await intended(db, "5"), placed("5", state=VendorOrderState.PAID))
    other = await intended(db, "6", SECOND_ACCOUNT)
    await adopt(db, other, placed("6", state=SHIPPED))
    await move(db, declared.id, PurchaseState.DECLARED)
    await sign(db, "1", "YT1")
    await sign(db, "2", "YT3")

    found = await db.read(waybills.under_way, "main", when=BOUGHT)

    assert [(one.vendor_order_id, one.store, one.order_id) for one in found] == [("1", "toys", "1"), ("3", "toys", "3")]
    declared_too = await db.read(waybills.under_way, "main", when=[*BOUGHT, PurchaseState.DECLARED])
    assert [one.vendor_order_id for one in declared_too] == ["1", "3", "4"]


async def test_what_arrived_long_ago_and_has_no_number_abroad_is_found(db: SqliteDatabase) -> None:
    for number in ("1", "2", "3", "4"):
        await on_its_way(db, number, f"YT{number}")
    for number in ("1", "2", "3"):
        await sign(db, number, f"YT{number}")
    announced = await db.read(placed_orders.purchase_of, "main", "2")
    assert announced is not None
    await db.run(parcels.announce, announced, Shipment("YANWEN", "UR1", announced.mark))
    await move(db, 3, PurchaseState.STOPPED)

    (found,) = await db.read(waybills.not_forwarded, "main", when=BOUGHT, before=LATER)

    assert (found.vendor_order_id, found.numbers, found.signed_at) == ("1", "YT1", START)
    assert await db.read(waybills.not_forwarded, "main", when=BOUGHT, before=START) == []


async def test_a_vendor_order_may_be_confirmed_once_all_its_parcels_are_signed_for(db: SqliteDatabase) -> None:
    await on_its_way(db, "1", "YT1", "YT2")
    await sign(db, "1", "YT1")
    assert await confirmable(db) == []
    await sign(db, "1", "YT2")
    assert await confirmable(db) == ["1"]

    await db.run(placed_orders.refund_asked, "main", "1", "TQ1")
    assert await confirmable(db) == []


@pytest.mark.parametrize("state", [PurchaseState.WITHDRAWING, PurchaseState.STOPPED])
async def test_what_is_taken_back_is_not_confirmed(db: SqliteDatabase, state: PurchaseState) -> None:
    purchase = await on_its_way(db, "1", "YT1")
    await sign(db, "1", "YT1")
    await move(db, purchase.id, state)

    assert await confirmable(db) == []


async def test_a_hold_on_an_order_bought_together_with_it_keeps_a_receipt_back(db: SqliteDatabase) -> None:
    first, second = await on_its_way(db, "1", "YT1"), await intended(db, "2")
    await sign(db, "1", "YT1")
    await db.run(merging.merge, first.id, [second.id])
    for subject in ("order toys/11", "order games/1", "vendor order main/11", "order toys/1x UR1"):
        await db.run(holds.open_hold, "a_test", subject, {}, now=START)
    assert await confirmable(db) == ["1"]

    await db.run(holds.open_hold, "address_changed", second.subject, {}, now=START)
    assert await confirmable(db) == []


async def test_delivered_means_every_living_number_of_the_purchase(db: SqliteDatabase) -> None:
    purchase = await on_its_way(db, "1", "YT1")
    assert await confirmable(db, "delivered") == []

    def add(session: object) -> None:
        for number, movement, state in (
            ("UR1", Movement.DELIVERED, ParcelState.ANNOUNCED),
            ("UR2", Movement.MOVING, ParcelState.REPLACED),
        ):
            row = ParcelRow(purchase=purchase.id, carrier="Y", number=number, movement=movement, state=state)
            session.add(row)  # type: ignore[attr-defined]

    await db.run(add)
    assert await confirmable(db, "delivered") == ["1"]
    await db.run(parcels.announce, purchase, Shipment("YANWEN", "UR3", purchase.mark))
    assert await confirmable(db, "delivered") == []
