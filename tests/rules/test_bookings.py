"""Which booking is a parcel's own."""

from __future__ import annotations

from syncbridge.model.shipping import Booking
from syncbridge.rules.bookings import ours
from syncbridge.rules.purchasing import Halt


def booking(number: int, *, cancelled: bool = False, tracking: str = "") -> Booking:
    return Booking(f"WH{number}", "SB7K2M9Q", "YANWEN_AM", "YANWEN_AM", tracking, cancelled)


def test_the_one_that_is_found_is_the_parcels() -> None:
    assert ours([booking(1)], {}) == booking(1)


def test_where_none_is_found_there_is_none() -> None:
    assert ours([], {}) is None


def test_one_that_is_cancelled_does_not_count() -> None:
    assert ours([booking(1, cancelled=True)], {}) is None
    assert ours([booking(1, cancelled=True), booking(2)], {}) == booking(2)


def test_of_two_a_person_cancels_one() -> None:
    halt = ours([booking(1, tracking="UR1"), booking(2)], {})
    assert isinstance(halt, Halt)
    assert (halt.code, "WH1 (UR1), WH2 (no number yet)" in halt.why) == ("booked_twice", True)


def test_one_that_is_another_parcels_is_not_taken() -> None:
    halt = ours([booking(1)], {"WH1": "AAAAAAAA"})
    assert isinstance(halt, Halt)
    assert (halt.code, "AAAAAAAA" in halt.why) == ("booked_for_another", True)


def test_that_another_one_is_another_parcels_does_not_matter() -> None:
    assert ours([booking(1, cancelled=True), booking(2)], {"WH1": "AAAAAAAA"}) == booking(2)
