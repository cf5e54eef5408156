"""``syncbridge labels``: labels of booked parcels, and saving them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from sqlmodel import Session

from syncbridge.flows import abroad
from syncbridge.model.purchasing import PurchaseState
from syncbridge.model.shipping import Booking, BookingIntent, Label
from syncbridge.store import bookings, holds, purchases
from syncbridge.testing.builders import make_parcel
from tests.cli.test_queue import NOW, ORDER, Desk, parked

PDF = b"%PDF-1.4 a label"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def booked(session: Session, *, label: bool = True, vendor_order_id: str = "") -> BookingIntent:
    """A parcel of the order's purchase is booked; the label is to be handed on."""
    purchase = purchases.get(session, 1)
    purchases.move(session, 1, PurchaseState.PAID, when=[PurchaseState.INTENDED])
    booking = bookings.intend(
        session, purchase, vendor_order_id=vendor_order_id, waybill="", waybill_carrier="", now=NOW
    )
    made = Booking(f"WH{booking.id}", booking.mark, "YANWEN_AM", "YANWEN_AM", f"UR90000000{booking.id}YP")
    bookings.made(session, booking, "toys", make_parcel(booking.mark, order_id=ORDER), made, now=NOW)
    bookings.numbered(session, booking, made)
    if label:
        bookings.keep_label(session, booking, Label(PDF))
    abroad.ready(session, purchase, now=NOW)
    return bookings.marked(session, booking.mark)


def kinds(desk: Desk) -> list[str]:
    (found,) = desk.change(lambda session: [hold.kind for hold in holds.all_open(session)])
    assert isinstance(found, list)
    return found


def test_the_list_shows_each_booked_parcel_and_whether_its_label_is_there(desk: Desk) -> None:
    desk.change(parked, booked, lambda session: booked(session, label=False, vendor_order_id="2"))

    lines = desk.run("list", group="labels").stdout.splitlines()

    assert [line.split(" · ")[1:] for line in lines] == [
        [f"order toys/{ORDER}", "YANWEN_AM", "UR900000002YP", "no label yet"],
        [f"order toys/{ORDER}", "YANWEN_AM", "UR900000001YP", "label ready"],
    ]
    assert [one["label"] for one in desk.answer("list", group="labels")["labels"]] == [False, True]


def test_the_list_speaks_chinese_and_says_when_there_is_nothing(desk: Desk) -> None:
    assert desk.run("list", "--lang", "zh", group="labels").stdout == "没有在途的已下单包裹。\n"


def test_a_saved_label_is_the_file_and_only_its_owner_may_read_it(desk: Desk, tmp_path: Path) -> None:
    desk.change(parked, booked)
    assert kinds(desk) == ["label_to_hand"]
    file = tmp_path / "label.pdf"

    result = desk.run("save", ORDER, "--to", str(file), group="labels")

    assert result.exit_code == 0
    assert "UR900000001YP" in result.stderr + result.stdout
    assert file.read_bytes() == PDF
    if os.name == "posix":
        assert file.stat().st_mode & 0o777 == 0o600
    assert kinds(desk) == []
    assert desk.answer("list", group="labels")["labels"][0]["handed_at"]


def test_no_file_is_overwritten_and_the_label_still_waits_then(desk: Desk, tmp_path: Path) -> None:
    desk.change(parked, booked)
    file = tmp_path / "label.pdf"
    file.write_bytes(b"mine")

    result = desk.run("save", ORDER, "--to", str(file), group="labels")

    assert (result.exit_code, file.read_bytes()) == (2, b"mine")
    assert kinds(desk) == ["label_to_hand"]


def test_of_several_parcels_one_is_named_by_its_mark(desk: Desk, tmp_path: Path) -> None:
    _, one, _ = desk.change(parked, booked, lambda session: booked(session, vendor_order_id="2"))
    assert isinstance(one, BookingIntent)

    result = desk.run("save", ORDER, "--to", str(tmp_path / "a.pdf"), group="labels")
    assert result.exit_code == 1
    assert f"{one.mark}-2, {one.mark}" in result.stderr

    assert desk.run("save", ORDER, "--to", str(tmp_path / "a.pdf"), "--mark", one.mark, group="labels").exit_code == 0
    handed = {label["mark"]: label["handed_at"] for label in desk.answer("list", group="labels")["labels"]}
    assert (handed[one.mark] is not None, handed[f"{one.mark}-2"]) == (True, None)


def test_an_order_without_a_label_is_told_so(desk: Desk, tmp_path: Path) -> None:
    desk.change(parked, lambda session: booked(session, label=False))

    result = desk.run("save", ORDER, "--to", str(tmp_path / "a.pdf"), group="labels")

    assert result.exit_code == 1
    assert f"there is no label for order {ORDER}" in result.stderr
    assert not (tmp_path / "a.pdf").exists()
