"""However the answer to a booking is lost, a parcel is booked once, or a person is asked."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest
from sqlmodel import Session

from syncbridge.errors import AccessExpired, NotGranted, OutcomeUnknown, Rejected, VendorDown, VendorError
from syncbridge.model.orders import OrderState
from syncbridge.model.shipping import Booking, BookingState, ParcelDraft
from syncbridge.queue.execute import PAUSE
from syncbridge.rules.mapping import ShippingWay
from syncbridge.store import bookings, orders
from tests.flows.booking import (
    NUMBER_WAIT,
    ORDER,
    QUARANTINE,
    Killed,
    booking_of,
    buy,
    codes,
    declared,
    dies,
    events,
    retry,
    send,
    ship,
    the_purchase,
)
from tests.flows.conftest import Shop

pytestmark = pytest.mark.anyio
Book = Callable[[ParcelDraft], Awaitable[Booking]]


@pytest.fixture(autouse=True)
def official(shop: Shop) -> None:
    ship(shop, ShippingWay.OFFICIAL)


def answers(shop: Shop, book: Book) -> None:
    """The channel answers the next booking like this."""
    usual = shop.channel.book

    async def once(draft: ParcelDraft) -> Booking:
        shop.channel.book = usual  # type: ignore[method-assign]
        return await book(draft)

    shop.channel.book = once  # type: ignore[method-assign]


def fails(shop: Shop, error: VendorError) -> None:
    async def failing(draft: ParcelDraft) -> Booking:
        raise error

    answers(shop, failing)


async def to_the_end(shop: Shop) -> None:
    """Number and label come, and the parcel is declared."""
    await shop.pass_time(NUMBER_WAIT)
    await shop.pass_time(NUMBER_WAIT)


async def test_a_booking_whose_answer_is_lost_is_adopted_after_the_quarantine(shop: Shop) -> None:
    bought = await buy(shop)
    shop.channel.lose_next = True
    await send(shop, bought)
    assert await codes(shop) == [("waiting", "unknown")]
    assert (await booking_of(shop)).state is BookingState.UNKNOWN

    await shop.pass_time(QUARANTINE - 2)
    assert (await booking_of(shop)).state is BookingState.UNKNOWN
    await shop.pass_time(2)
    assert (await booking_of(shop)).booking_id == "WH000001"
    await to_the_end(shop)
    assert len(shop.channel.bookings) == 1
    assert declared(shop) == ["UR900000001YP"]
    assert await shop.queue() == []


async def test_a_booking_that_got_lost_before_it_arrived_is_sent_again_after_two_looks(shop: Shop) -> None:
    bought = await buy(shop)
    shop.channel.lose_next = True
    await send(shop, bought)
    shop.channel.bookings.clear()
    await shop.pass_time(QUARANTINE)
    assert shop.channel.bookings == {}
    assert (await booking_of(shop)).looks == 1

    await shop.pass_time(QUARANTINE)
    assert len(shop.channel.bookings) == 1
    await to_the_end(shop)
    assert declared(shop) == ["UR900000001YP"]


async def test_a_booking_that_shows_only_at_the_second_look_is_adopted(shop: Shop) -> None:
    bought = await buy(shop)
    shop.channel.lose_next = True
    await send(shop, bought)
    late = dict(shop.channel.bookings)
    shop.channel.bookings.clear()
    await shop.pass_time(QUARANTINE)
    shop.channel.bookings |= late
    await to_the_end(shop)
    assert len(shop.channel.bookings) == 1
    assert declared(shop) == ["UR900000001YP"]


async def test_two_living_bookings_of_a_parcel_are_a_persons(shop: Shop) -> None:
    bought = await buy(shop)
    shop.channel.lose_next = True
    await send(shop, bought)
    ((at, draft, made),) = shop.channel.bookings.values()
    shop.channel.bookings["WH000002"] = (at, draft, replace(made, booking_id="WH000002"))
    await to_the_end(shop)
    (entry,) = await shop.queue()
    assert (entry.state, entry.code) == ("parked", "booked_twice")
    assert "WH000001" in entry.reason
    assert "WH000002" in entry.reason
    assert declared(shop) == []

    shop.channel.cancel_booking("WH000001")
    await retry(shop, "booked_twice")
    await to_the_end(shop)
    assert declared(shop) == ["UR900000002YP"]


async def test_a_second_booking_that_appears_when_the_number_is_read_is_a_persons(shop: Shop) -> None:
    await send(shop, await buy(shop))
    ((at, draft, made),) = shop.channel.bookings.values()
    shop.channel.bookings["WH000002"] = (at, draft, replace(made, booking_id="WH000002"))
    await to_the_end(shop)
    assert await codes(shop) == [("parked", "booked_twice")]
    assert declared(shop) == []


async def test_a_booking_that_is_another_parcels_is_not_taken_for_this_one(shop: Shop) -> None:
    bought = await buy(shop)
    half = replace(bought.lines[0], quantity=1)
    one = replace(bought, lines=(half,))
    two = replace(one, vendor_order_id="880000000000000009", modified_at=shop.clock.now())
    shop.supplier.books = {each.vendor_order_id: each for each in (one, two)}
    await shop.poll("purchase.poll", "main")
    await send(shop, one, "YT1")
    await send(shop, two, "YT1")
    assert len(shop.channel.bookings) == 1
    mark = (await the_purchase(shop)).mark
    (entry,) = [entry for entry in await shop.queue() if entry.state == "parked"]
    assert entry.code == "booked_for_another"
    assert f"parcel {mark}" in entry.reason


async def test_parcels_of_one_order_are_booked_one_after_another(shop: Shop) -> None:
    bought = await buy(shop)
    one = replace(bought, lines=(replace(bought.lines[0], quantity=1),))
    two = replace(one, vendor_order_id="880000000000000009", modified_at=shop.clock.now())
    shop.supplier.books = {each.vendor_order_id: each for each in (one, two)}
    await shop.poll("purchase.poll", "main")
    shop.set_account("toys", live=False)
    await send(shop, one, "YT1")
    await send(shop, two, "YT1")
    shop.set_account("toys", live=True)
    book = shop.channel.book

    async def slowly(draft: ParcelDraft) -> Booking:
        await asyncio.sleep(0)
        return await book(draft)

    shop.channel.book = slowly  # type: ignore[method-assign]
    both = [entry.id for entry in await shop.queue() if entry.code == "not_live"]
    for entry_id in both:
        await shop.db.run(shop.retry, entry_id)
    await asyncio.gather(*(shop.worker.execute(int(entry_id)) for entry_id in both))
    await shop.work()
    assert len(shop.channel.bookings) == 1


async def test_a_parcel_a_person_booked_meanwhile_is_adopted_and_not_booked_again(shop: Shop) -> None:
    bought = await buy(shop)
    shop.set_account("toys", live=False)
    await send(shop, bought)
    address = shop.channel.books[ORDER].address
    assert address is not None
    draft = ParcelDraft("by hand", ORDER, 400, (20, 15, 5), (), address, "YANWEN_AM", "YTO", "YT1")
    await shop.channel.book(draft)
    shop.set_account("toys", live=True)
    await retry(shop, "not_live")
    await to_the_end(shop)
    assert len(shop.channel.bookings) == 1
    assert declared(shop) == ["UR900000001YP"]


async def test_a_database_of_yesterday_does_not_book_again(shop: Shop) -> None:
    bought = await buy(shop)
    shop.supplier.ship(bought.vendor_order_id, "YT1")
    backup = shop.back_up()
    await shop.poll("purchase.poll", "main")
    assert len(shop.channel.bookings) == 1

    await shop.restore(backup)
    await shop.poll("purchase.poll", "main")
    await to_the_end(shop)
    assert len(shop.channel.bookings) == 1
    assert declared(shop) == ["UR900000001YP"]


async def test_a_process_that_dies_before_the_call_books_once_after_two_looks(shop: Shop) -> None:
    bought = await buy(shop)

    async def killed(draft: ParcelDraft) -> Booking:
        raise Killed

    answers(shop, killed)
    await dies(shop, lambda: send(shop, bought))
    assert (await booking_of(shop)).state is BookingState.SENT
    await shop.work()
    assert (await booking_of(shop)).looks == 0
    await shop.pass_time(QUARANTINE)
    assert shop.channel.bookings == {}
    await shop.pass_time(QUARANTINE)
    await to_the_end(shop)
    assert len(shop.channel.bookings) == 1
    assert declared(shop) == ["UR900000001YP"]
    assert await shop.queue() == []


async def test_a_process_that_dies_after_the_call_finds_what_it_booked(shop: Shop) -> None:
    bought = await buy(shop)
    book = shop.channel.book

    async def killed(draft: ParcelDraft) -> Booking:
        await book(draft)
        raise Killed

    answers(shop, killed)
    await dies(shop, lambda: send(shop, bought))
    await shop.work()
    await shop.pass_time(QUARANTINE)
    await to_the_end(shop)
    assert len(shop.channel.bookings) == 1
    assert declared(shop) == ["UR900000001YP"]


@pytest.mark.parametrize("unit", ["sent", "made", "numbered", "keep_label"])
@pytest.mark.parametrize("committed", [False, True], ids=["before", "after"])
async def test_a_process_that_dies_around_a_commit_books_and_declares_once(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, unit: str, committed: bool
) -> None:
    bought = await buy(shop)
    write = getattr(bookings, unit)
    run, struck = shop.db.run, []

    def strikes(session: Session, *args: object, **kwargs: object) -> object:
        struck.append(unit)
        monkeypatch.setattr(bookings, unit, write)
        if not committed:
            raise Killed
        return write(session, *args, **kwargs)

    async def run_and_die(*args: object, **kwargs: object) -> object:
        found: object = await run(*args, **kwargs)  # type: ignore[arg-type]  # whatever is run
        if committed and struck:
            struck.clear()
            raise Killed
        return found

    async def life() -> None:
        await send(shop, bought)
        await to_the_end(shop)

    monkeypatch.setattr(bookings, unit, strikes)
    monkeypatch.setattr(shop.db, "run", run_and_die)
    await dies(shop, life)
    await shop.work()
    await shop.pass_time(QUARANTINE)
    await shop.pass_time(QUARANTINE)
    await to_the_end(shop)
    assert len(shop.channel.bookings) == 1
    assert declared(shop) == ["UR900000001YP"]
    assert (await booking_of(shop)).is_ready
    assert await shop.queue() == []


async def test_an_order_that_changes_in_the_moment_before_the_call_is_not_booked(shop: Shop) -> None:
    bought = await buy(shop)
    lines = shop.channel.lines

    async def cancelled_meanwhile(draft: ParcelDraft) -> object:
        shop.clock.advance(1)
        shop.channel.change(ORDER, state=OrderState.CANCELLED)
        await shop.db.run(orders.keep, "toys", shop.channel.books[ORDER])
        return await lines(draft)

    shop.channel.lines = cancelled_meanwhile  # type: ignore[method-assign, assignment]
    await send(shop, bought)
    assert shop.channel.bookings == {}


@pytest.mark.parametrize(
    ("error", "state", "code"),
    [
        (Rejected("the address is not served", vendor="memory", code="draft"), "parked", "draft"),
        (NotGranted("not for this account", vendor="memory", code="acl"), "parked", "acl"),
        (VendorDown("try later", vendor="memory", code="50", retry_after=60), "waiting", "50"),
        (AccessExpired("authorise again", vendor="memory", code="401"), "waiting", "401"),
        (OutcomeUnknown("no answer", vendor="memory", code="no_answer"), "waiting", "unknown"),
    ],
    ids=lambda each: type(each).__name__ if isinstance(each, VendorError) else str(each),
)
async def test_what_the_channel_says_decides_what_becomes_of_a_booking(
    shop: Shop, error: VendorError, state: str, code: str
) -> None:
    bought = await buy(shop)
    fails(shop, error)
    await send(shop, bought)
    assert await codes(shop) == [(state, code)]
    unclear = isinstance(error, OutcomeUnknown)
    assert (await booking_of(shop)).state is (BookingState.UNKNOWN if unclear else BookingState.INTENDED)


async def test_a_booking_goes_on_once_the_account_is_authorised_again(shop: Shop) -> None:
    bought = await buy(shop)
    fails(shop, AccessExpired("authorise again", vendor="memory", code="401"))
    await send(shop, bought)
    await shop.pass_time(PAUSE.total_seconds() + 1)
    assert len(shop.channel.bookings) == 1


async def test_a_rate_limit_costs_a_booking_no_attempt(shop: Shop) -> None:
    bought = await buy(shop)
    shop.supplier.ship(bought.vendor_order_id, "YT1")
    shop.channel.limit_next = True
    await shop.poll("purchase.poll", "main")
    assert shop.channel.bookings == {}
    await shop.pass_time(2)
    assert len(shop.channel.bookings) == 1
    assert "parcel booked" in await events(shop)
