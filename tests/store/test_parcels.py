"""International parcels: their numbers, whose they are, and what takes whose place."""

from __future__ import annotations

import pytest

from syncbridge.model.purchasing import Purchase, PurchaseState, VendorOrderState
from syncbridge.model.shipping import ParcelState, Shipment
from syncbridge.store import merging, parcels
from syncbridge.store.db import SqliteDatabase
from syncbridge.testing.clock import START
from tests.store.buying import SECOND_ACCOUNT, adopt, intended, move, placed

pytestmark = pytest.mark.anyio
ANNOUNCED, DOUBTFUL, REPLACED = ParcelState.ANNOUNCED, ParcelState.DOUBTFUL, ParcelState.REPLACED


async def announce(
    db: SqliteDatabase, purchase: Purchase, number: str, state: ParcelState = ANNOUNCED, mark: str | None = None
) -> int:
    announced = await db.run(parcels.announce, purchase, Shipment("YANWEN", number, mark), state)
    assert announced is not None
    return announced


async def known(db: SqliteDatabase, purchase: Purchase, mark: str | None = None) -> dict[str, ParcelState]:
    return await db.read(parcels.known, purchase, mark or purchase.mark)


async def test_the_numbers_of_a_mark_are_those_of_its_purchase_under_it(db: SqliteDatabase) -> None:
    purchase, other = await intended(db, "1"), await intended(db, "2")
    further = f"{purchase.mark}-2"
    await announce(db, purchase, "UR1")
    await announce(db, purchase, "UR2", DOUBTFUL)
    await announce(db, purchase, "UR3", mark=further)
    await announce(db, other, "UR4", mark=purchase.mark)

    assert await known(db, purchase) == {"UR1": ANNOUNCED, "UR2": DOUBTFUL}
    assert await known(db, purchase, further) == {"UR3": ANNOUNCED}
    assert await known(db, other) == {}


async def test_a_parcel_tells_the_mark_it_was_announced_under(db: SqliteDatabase) -> None:
    purchase = await intended(db)
    marks = [None, f"{purchase.mark}-2"]

    ids = [await announce(db, purchase, f"UR{mark}", mark=mark) for mark in marks]

    told = [(await db.read(parcels.get, parcel)).shipment.mark for parcel in ids]
    assert told == [purchase.mark, f"{purchase.mark}-2"]


async def test_a_number_takes_the_place_of_another_under_its_mark(db: SqliteDatabase) -> None:
    purchase, other = await intended(db, "1"), await intended(db, "2")
    theirs = await announce(db, other, "UR1")
    old = await announce(db, purchase, "UR1", mark="SB-2")
    beside = await announce(db, purchase, "UR2")

    former, new = await db.run(parcels.stand_for, purchase, "UR1", Shipment("4PX", "UR3", "told otherwise"))

    assert former == old
    assert new not in (theirs, old, beside)
    fresh = await db.read(parcels.get, new)
    assert (fresh.shipment, fresh.state, fresh.purchase) == (Shipment("4PX", "UR3", "SB-2"), ANNOUNCED, purchase)
    states = [(await db.read(parcels.get, parcel)).state for parcel in (theirs, old, beside)]
    assert states == [ANNOUNCED, REPLACED, ANNOUNCED]


async def test_a_number_that_is_known_and_takes_the_place_of_another_is_to_be_declared_anew(db: SqliteDatabase) -> None:
    purchase, other = await intended(db, "1"), await intended(db, "2")
    again = await announce(db, purchase, "UR1", DOUBTFUL, mark="SB-2")
    old = await announce(db, purchase, "UR2")
    theirs = await announce(db, other, "UR1")
    for parcel, whose in ((again, purchase), (theirs, other)):
        await db.run(parcels.declared, parcel, whose, "YANWEN_AM", now=START)

    assert await db.run(parcels.stand_for, purchase, "UR2", Shipment("4PX", "UR1")) == (old, again)

    told = [await db.read(parcels.get, parcel) for parcel in (again, theirs)]
    assert [(one.shipment.carrier, one.shipment.mark, one.state, one.declared_at) for one in told] == [
        ("4PX", purchase.mark, ANNOUNCED, None),
        ("YANWEN_AM", other.mark, ANNOUNCED, START),
    ]


async def test_only_the_doubtful_number_that_is_settled_is_one_of_its_own(db: SqliteDatabase) -> None:
    purchase = await intended(db)
    settled = await announce(db, purchase, "UR1", DOUBTFUL)
    await announce(db, purchase, "UR2", DOUBTFUL)

    await db.run(parcels.settle, settled)

    assert await known(db, purchase) == {"UR1": ANNOUNCED, "UR2": DOUBTFUL}


async def test_the_former_numbers_of_a_parcel_are_those_of_its_mark_that_were_replaced(db: SqliteDatabase) -> None:
    purchase = await intended(db)
    await announce(db, purchase, "UR1", REPLACED)
    await announce(db, purchase, "UR2", DOUBTFUL)
    await announce(db, purchase, "UR3", REPLACED, mark="SB-2")
    first, second = await announce(db, purchase, "UR4"), await announce(db, purchase, "UR5", mark="SB-2")

    former = [await db.read(parcels.former, await db.read(parcels.get, parcel)) for parcel in (first, second)]

    assert former == [{"UR1"}, {"UR3"}]


async def test_purchases_with_a_living_number_are_announced(db: SqliteDatabase) -> None:
    purchases = [await intended(db, order) for order in ("1", "2", "3", "4")]
    for purchase, state in zip(purchases, (ANNOUNCED, DOUBTFUL, REPLACED, ANNOUNCED), strict=True):
        await announce(db, purchase, "UR1", state)
    asked = [purchase.id for purchase in purchases[:3]]

    assert await db.read(parcels.announced, asked) == {purchases[0].id}
    assert await db.read(parcels.announced, []) == set()


async def test_the_parcels_of_an_order_are_told_oldest_first_in_the_stores_asked_for(db: SqliteDatabase) -> None:
    first, second = await intended(db, "1"), await intended(db, "1", SECOND_ACCOUNT)
    elsewhere, another = await intended(db, "1", store="games"), await intended(db, "2")
    ids = [
        await announce(db, purchase, number, mark=f"SB{number}")
        for purchase, number in ((second, "UR3"), (first, "UR2"), (second, "UR1"), (elsewhere, "UR4"), (another, "UR5"))
    ]

    found = await db.read(parcels.of_order, "1", ["toys", "tools"])

    assert [(one.id, one.purchase.id, one.shipment.mark) for one in found] == [
        (ids[0], second.id, "SBUR3"),
        (ids[1], first.id, "SBUR2"),
        (ids[2], second.id, "SBUR1"),
    ]
    both = await db.read(parcels.of_order, "1", ["toys", "games"])
    assert [one.id for one in both] == ids[:4]


async def test_how_an_order_is_packed_counts_what_lives_of_each_purchase(db: SqliteDatabase) -> None:
    first, second = await intended(db, "1"), await intended(db, "1", SECOND_ACCOUNT)
    await adopt(db, first, placed("1"), placed("2"), placed("3", state=VendorOrderState.CANCELLED))
    await adopt(db, await intended(db, "2"), placed("4"))
    for number, state in (("UR1", ANNOUNCED), ("UR2", DOUBTFUL), ("UR3", REPLACED)):
        await announce(db, first, number, state)
    await announce(db, await intended(db, "1", store="games"), "UR4")

    assert await db.read(parcels.packed, "toys", "1") == [("toys", 2, 1), ("toys", 0, 0)]

    await move(db, second.id, PurchaseState.STOPPED)
    assert await db.read(parcels.packed, "toys", "1") == [("toys", 2, 1)]
    assert await db.read(parcels.packed, "games", "1") == [("toys", 0, 1)]


async def test_a_purchase_made_by_the_call_of_another_is_packed_as_many_times_as_that_one(db: SqliteDatabase) -> None:
    holder, joined = await intended(db, "1"), await intended(db, "2")
    await adopt(db, holder, placed("1"), placed("2"))
    await db.run(merging.merge, holder.id, [joined.id])
    await announce(db, holder, "UR1")

    assert await db.read(parcels.packed, "toys", "2") == [("toys", 2, 0)]
