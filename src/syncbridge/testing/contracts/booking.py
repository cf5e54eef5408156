"""What everybody must do whose lines take our parcels abroad."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Protocol

import pytest

from syncbridge.errors import OutcomeUnknown, RateLimited, Rejected, VendorError
from syncbridge.model.shipping import Booking, ParcelDraft
from syncbridge.ports import Books
from syncbridge.testing.contracts.faulty import Faulty, assert_nothing_leaked

_LOOKS = 10
"""After so many the number and the label are there, an hour apart."""


class BookingHarness(Faulty, Protocol):
    """The side of whoever moves the parcels."""

    @property
    def vendor(self) -> Books:
        """Our side of it."""

    def draft(self, number: int = 1) -> ParcelDraft:
        """A parcel on a line that takes it, different for each number; all may be of one order."""

    def too_heavy(self) -> ParcelDraft:
        """One that no line takes."""

    def bookings(self) -> Mapping[str, int]:
        """The vendor's own books: how often a parcel was booked, by mark."""

    def pass_time(self, seconds: float) -> None:
        """Move the clock."""


class BookingContract:
    """What everybody must do that has the ability `Books`."""

    pytestmark = pytest.mark.anyio

    async def test_lines_that_would_take_a_parcel_are_told(self, harness: BookingHarness) -> None:
        """The draft's own is among them, each once; what is told of their cost is in a currency."""
        draft = harness.draft()
        lines = await harness.vendor.lines(replace(draft, service=""))
        services = [line.service for line in lines]
        assert draft.service in services
        assert len(services) == len(set(services))
        assert all(line.name for line in lines)
        assert any(line.cost is not None and line.cost.amount > 0 for line in lines)

    async def test_a_parcel_is_booked_once_and_found_under_its_mark(self, harness: BookingHarness) -> None:
        """As what it was booked."""
        draft = harness.draft()
        made = await harness.vendor.book(draft)
        assert (made.mark, made.service) == (draft.mark, draft.service)
        (found,) = await self._found(harness, draft)
        assert (found.booking_id, found.mark, found.service) == (made.booking_id, draft.mark, draft.service)
        assert harness.bookings() == {draft.mark: 1}

    async def test_nothing_is_found_under_another_mark(self, harness: BookingHarness) -> None:
        """Neither before anything is booked, nor when another parcel is; each is found under its own."""
        one, other = harness.draft(1), harness.draft(2)
        assert list(await self._found(harness, one)) == []
        first = await harness.vendor.book(one)
        assert list(await self._found(harness, other)) == []
        second = await harness.vendor.book(other)
        found = [booking.booking_id for draft in (one, other) for booking in await self._found(harness, draft)]
        assert found == [first.booking_id, second.booking_id]

    async def test_a_lost_answer_is_not_a_no(self, harness: BookingHarness) -> None:
        """The parcel was booked once, and looking finds it."""
        draft = harness.draft()
        harness.lose_next_answer()
        with pytest.raises(OutcomeUnknown):
            await harness.vendor.book(draft)
        (found,) = await self._found(harness, draft)
        assert found.mark == draft.mark
        assert harness.bookings() == {draft.mark: 1}

    async def test_the_number_is_empty_and_then_there(self, harness: BookingHarness) -> None:
        """It stays what it is."""
        draft = harness.draft()
        assert (await harness.vendor.book(draft)).number == ""
        numbers = [(await self._look(harness, draft)).number for _ in range(_LOOKS)]
        assert numbers[0] == ""
        assert numbers[-1] != ""
        assert len(set(numbers)) == 2

    async def test_a_label_is_none_until_it_is_ready(self, harness: BookingHarness) -> None:
        """Then it is a file."""
        draft = harness.draft()
        labels = [await harness.vendor.label(await harness.vendor.book(draft))]
        for _ in range(_LOOKS):
            labels.append(await harness.vendor.label(await self._look(harness, draft)))
        assert labels[0] is None
        assert labels[-1] is not None
        assert labels[-1].content.startswith(b"%PDF-")
        assert labels[-1].media_type == "application/pdf"

    async def test_a_parcel_no_line_takes_is_rejected_with_words(self, harness: BookingHarness) -> None:
        """Both when lines are compared and when it is booked; nothing is booked."""
        draft = harness.too_heavy()
        with pytest.raises(Rejected) as compared:
            await harness.vendor.lines(draft)
        with pytest.raises(Rejected) as booked:
            await harness.vendor.book(draft)
        assert all(len(str(error.value)) > 20 for error in (compared, booked))
        assert harness.bookings() == {}

    async def test_a_rate_limit_is_said_so_and_books_nothing(self, harness: BookingHarness) -> None:
        """With a wait."""
        harness.limit_next_call()
        with pytest.raises(RateLimited) as caught:
            await harness.vendor.book(harness.draft())
        assert caught.value.retry_after
        assert harness.bookings() == {}

    async def test_no_secret_reaches_a_log_or_an_error_of_a_booking(
        self, harness: BookingHarness, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Neither a key nor a token, and nothing of the buyer in what the vendor said."""
        caplog.set_level("DEBUG")
        draft = harness.draft()
        with pytest.raises(VendorError) as refused:
            await harness.vendor.book(replace(draft, service="no-such-line"))
        harness.limit_next_call()
        with pytest.raises(VendorError) as limited:
            await harness.vendor.book(draft)
        buyer = (draft.receiver.name, draft.receiver.phone)
        assert_nothing_leaked((*harness.secrets, *buyer), caplog, capsys, refused.value, limited.value)

    async def _found(self, harness: BookingHarness, draft: ParcelDraft) -> list[Booking]:
        return [*await harness.vendor.booked(draft, since=harness.clock.now() - timedelta(days=1))]

    async def _look(self, harness: BookingHarness, draft: ParcelDraft) -> Booking:
        (found,) = await self._found(harness, draft)
        harness.pass_time(60)
        return found
