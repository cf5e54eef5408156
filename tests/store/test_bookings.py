"""Bookings: sent once, settled once, and never told what was not theirs."""

from __future__ import annotations

from pathlib import Path

import pytest

from syncbridge.model.orders import BuyerAddress
from syncbridge.model.shipping import Booking, BookingIntent, BookingState, Label
from syncbridge.store import bookings
from syncbridge.store.db import SqliteDatabase
from syncbridge.testing.builders import make_parcel
from syncbridge.testing.clock import START
from tests.store.buying import intended

pytestmark = pytest.mark.anyio
BUYER = BuyerAddress("Kanaria Vogel", "34699887766", "ES", "Madrid", "Getafe-Canary", "28901", "Calle del Canario 77")


async def intend(db: SqliteDatabase, vendor_order_id: str = "", waybill: str = "") -> BookingIntent:
    purchase = await intended(db)
    told = {"vendor_order_id": vendor_order_id, "waybill": waybill, "waybill_carrier": "YTO"}
    return await db.run(bookings.intend, purchase, **told, now=START)


def content(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.rglob("*") if file.is_file())


async def test_of_two_who_would_send_a_booking_one_does(db: SqliteDatabase) -> None:
    booking = await intend(db)
    draft = make_parcel(booking.mark)
    assert await db.run(bookings.sent, booking, "toys", draft, now=START)
    assert not await db.run(bookings.sent, booking, "toys", draft, now=START)


async def test_a_booking_is_made_once_and_keeps_what_came_first(db: SqliteDatabase) -> None:
    booking = await intend(db)
    draft = make_parcel(booking.mark)
    await db.run(bookings.sent, booking, "toys", draft, now=START)
    first = Booking("WH1", booking.mark, "YANWEN_AM", "YANWEN_AM")
    other = Booking("WH2", booking.mark, "YANWEN_AM", "YANWEN_AM")
    assert await db.run(bookings.made, booking, "toys", draft, first, now=START)
    assert not await db.run(bookings.made, booking, "toys", draft, other, now=START)
    assert (await db.read(bookings.marked, booking.mark)).booking_id == "WH1"


async def test_what_is_not_needed_any_more_is_not_booked_by_a_late_answer(db: SqliteDatabase) -> None:
    booking = await intend(db)
    draft = make_parcel(booking.mark)
    await db.run(bookings.sent, booking, "toys", draft, now=START)
    await db.run(bookings.move, booking, BookingState.UNUSED, when=list(BookingState))
    late = Booking("WH1", booking.mark, "YANWEN_AM", "YANWEN_AM")
    assert not await db.run(bookings.made, booking, "toys", draft, late, now=START)
    assert (await db.read(bookings.marked, booking.mark)).state is BookingState.UNUSED


async def test_a_waybill_may_change_until_the_parcel_is_sent(db: SqliteDatabase) -> None:
    booking = await intend(db, "88", "YT1")
    await intend(db, "88", "YT2")
    assert (await db.read(bookings.marked, booking.mark)).waybill == "YT2"
    await db.run(bookings.sent, booking, "toys", make_parcel(booking.mark), now=START)
    await intend(db, "88", "YT3")
    assert (await db.read(bookings.marked, booking.mark)).waybill == "YT2"


async def test_no_mark_is_used_twice(db: SqliteDatabase) -> None:
    first, second = await intend(db, "88"), await intend(db, "89")
    third = await db.run(bookings.again, first, now=START)
    fourth = await db.run(bookings.again, third, now=START)
    marks = [one.mark for one in (first, second, third, fourth)]
    assert marks == [first.mark, f"{first.mark}-2", f"{first.mark}-3", f"{first.mark}-4"]
    assert fourth.vendor_order_id == "88"


async def test_a_look_up_starts_from_nothing_when_it_is_sent_again(db: SqliteDatabase) -> None:
    booking = await intend(db)
    await db.run(bookings.count_look, booking)
    assert (await db.read(bookings.marked, booking.mark)).looks == 1
    await db.run(bookings.sent, booking, "toys", make_parcel(booking.mark), now=START)
    assert (await db.read(bookings.marked, booking.mark)).looks == 0


async def test_a_label_is_that_of_its_number(db: SqliteDatabase) -> None:
    booking = await intend(db)
    await db.run(bookings.keep_label, booking, Label(b"%PDF-1.4 old"))
    assert await db.read(bookings.label_of, booking.mark) == b"%PDF-1.4 old"
    seen = Booking("WH1", booking.mark, "YANWEN_AM", "YANWEN_AM", "UR900000001YP")
    await db.run(bookings.numbered, booking, seen)
    assert await db.read(bookings.label_of, booking.mark) is None


async def test_nothing_of_a_buyer_in_a_booking_is_readable_in_the_files(db: SqliteDatabase, tmp_path: Path) -> None:
    booking = await intend(db)
    draft = make_parcel(booking.mark, receiver=BUYER)
    await db.run(bookings.sent, booking, "toys", draft, now=START)
    await db.run(bookings.keep_label, booking, Label(b"%PDF-1.4 Kanaria Vogel"))
    assert await db.read(bookings.draft_of, booking) == draft
    await db.close()
    raw = content(tmp_path)
    assert len(raw) > 10_000
    assert [canary for canary in (BUYER.name, BUYER.street, "S2FuYXJpYSBWb2dlb") if canary.encode() in raw] == []
