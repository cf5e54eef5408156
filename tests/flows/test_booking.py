"""Parcels are booked once, under the supplier's waybill, and declared with the number that comes of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import update

from syncbridge.adapters.memory.channel import MemoryChannel
from syncbridge.flows import vendor_orders
from syncbridge.model.orders import OrderState
from syncbridge.model.purchasing import PurchaseDraft
from syncbridge.model.shipping import BookingState, ParcelDraft, Shipment
from syncbridge.rules.mapping import BuyMode, LineChoice, ShippingWay
from syncbridge.store import bookings
from syncbridge.store.tables.parcels import ParcelRow
from syncbridge.testing.builders import RELAY, cny
from tests.flows.booking import (
    COOL_OFF,
    NUMBER_WAIT,
    ORDER,
    POLICY,
    booking_of,
    buy,
    codes,
    declared,
    events,
    intents,
    retry,
    send,
    ship,
    the_purchase,
)
from tests.flows.conftest import Shop

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def official(shop: Shop) -> None:
    ship(shop, ShippingWay.OFFICIAL)


class NoBooks:
    """A channel that books no parcels."""

    def __init__(self, channel: MemoryChannel) -> None:
        self._channel = channel

    def __getattr__(self, name: str) -> object:
        if name == "book":
            raise AttributeError(name)
        return getattr(self._channel, name)


def sent(shop: Shop) -> ParcelDraft:
    """The one parcel the channel was asked to take."""
    ((_, draft, _),) = shop.channel.bookings.values()
    return draft


async def test_a_shipped_order_is_booked_once_and_declared_with_its_number(shop: Shop) -> None:
    await send(shop, await buy(shop), "YT1")
    draft, mark = sent(shop), (await the_purchase(shop)).mark
    assert (draft.mark, draft.order_id, draft.service) == (mark, ORDER, "YANWEN_AM")
    assert (draft.domestic_carrier, draft.domestic_number) == ("YTO", "YT1")
    assert await codes(shop) == [("waiting", "number_waiting")]
    assert declared(shop) == []

    await shop.pass_time(NUMBER_WAIT)
    await shop.poll("purchase.poll", "main")
    await shop.pass_time(100_000)

    assert declared(shop) == ["UR900000001YP"]
    assert len(shop.channel.bookings) == 1
    booking = await booking_of(shop)
    assert booking.is_ready
    assert await shop.queue() == []


async def test_nothing_is_booked_before_the_supplier_has_shipped(shop: Shop) -> None:
    await buy(shop)
    await shop.pass_time(100_000)
    assert shop.channel.bookings == {}
    assert await intents(shop) == 0


async def test_a_parcel_is_booked_to_where_the_buyer_lives_when_it_is_booked(shop: Shop) -> None:
    bought = await buy(shop)
    moved = replace(shop.channel.books[ORDER].address, street="Calle Nueva 9")  # type: ignore[type-var]  # it has one
    shop.channel.change(ORDER, address=moved)
    await send(shop, bought)
    assert sent(shop).receiver.street == "Calle Nueva 9"


async def test_what_a_person_buys_by_hand_is_booked_too_once_it_is_shipped(shop: Shop) -> None:
    ship(shop, ShippingWay.OFFICIAL, buy=BuyMode.BY_HAND)
    await shop.list_offer()
    await shop.sell(ORDER)
    await shop.pass_time(COOL_OFF)
    assert shop.channel.bookings == {}

    card = await the_purchase(shop)
    draft = PurchaseDraft(card.lines, RELAY, note=f"唛头 {card.mark}")
    bought = shop.supplier.bought_on_the_page(draft, total=cny("32.80"))
    await shop.supplier.pay([bought.vendor_order_id])
    await shop.poll("purchase.poll", "main")
    await send(shop, bought)
    assert len(shop.channel.bookings) == 1


async def test_nothing_is_booked_for_lines_of_the_sellers_own_stock(shop: Shop) -> None:
    await shop.list_offer()
    ship(shop, ShippingWay.OFFICIAL, buy=BuyMode.OWN_STOCK)
    await shop.sell(ORDER)
    await shop.pass_time(100_000)
    assert shop.channel.bookings == {}
    assert await intents(shop) == 0


async def test_an_order_that_is_cancelled_before_it_is_booked_is_not_booked(shop: Shop) -> None:
    bought = await buy(shop)
    shop.channel.change(ORDER, state=OrderState.CANCELLED)
    await send(shop, bought)
    assert shop.channel.bookings == {}
    assert (await booking_of(shop)).state is BookingState.UNUSED
    assert await codes(shop) == [("held", "order_ended")]


async def test_what_is_being_taken_back_is_not_booked_although_it_is_sent(shop: Shop) -> None:
    bought = await buy(shop)
    shop.clock.advance(1)
    shop.channel.change(ORDER, state=OrderState.CANCELLED)
    await shop.hear_of(ORDER)
    await send(shop, bought)
    assert await intents(shop) == 0
    assert shop.channel.bookings == {}
    await shop.pass_time(4000)
    assert ("parked", "shipped_after_cancel") in await codes(shop)


async def test_a_buyer_who_asks_to_cancel_stops_the_booking_until_it_is_answered(shop: Shop) -> None:
    bought = await buy(shop)
    shop.channel.change(ORDER, state=OrderState.CANCELLING)
    await send(shop, bought)
    assert shop.channel.bookings == {}
    assert await codes(shop) == [("parked", "cancelling")]

    shop.clock.advance(1)
    shop.channel.change(ORDER, state=OrderState.TO_SHIP)
    await shop.hear_of(ORDER)
    assert len(shop.channel.bookings) == 1


async def test_an_order_that_is_cancelled_between_the_legs_is_a_persons(shop: Shop) -> None:
    await send(shop, await buy(shop))
    shop.clock.advance(1)
    shop.channel.change(ORDER, state=OrderState.CANCELLED)
    await shop.hear_of(ORDER)
    await shop.pass_time(NUMBER_WAIT)
    assert declared(shop) == []
    assert "order_ended" in [code for _, code in await codes(shop)]


async def test_a_store_that_is_not_live_books_nothing(shop: Shop) -> None:
    bought = await buy(shop)
    shop.set_account("toys", live=False)
    await send(shop, bought)
    assert shop.channel.bookings == {}
    assert await codes(shop) == [("parked", "not_live")]


async def test_a_parcel_no_line_may_take_is_parked_with_the_figures_of_each_line(shop: Shop) -> None:
    ship(shop, ShippingWay.OFFICIAL, parcels=replace(POLICY, choice=LineChoice(dearest=cny("30.00"))))
    await send(shop, await buy(shop))
    (entry,) = await shop.queue()
    assert (entry.state, entry.code) == ("parked", "no_line")
    assert "38.00 CNY" in entry.reason
    assert shop.channel.bookings == {}

    ship(shop, ShippingWay.OFFICIAL)
    await retry(shop, "no_line")
    assert len(shop.channel.bookings) == 1


async def test_a_route_nobody_books_for_says_so(shop: Shop) -> None:
    bought = await buy(shop)
    shop.channel = NoBooks(shop.channel)  # type: ignore[assignment]  # as much of a channel
    shop.connect()
    await send(shop, bought)
    assert await codes(shop) == [("parked", "no_books")]


async def test_a_number_that_does_not_come_is_a_persons_after_two_days(shop: Shop) -> None:
    await send(shop, await buy(shop))
    shop.channel.gives_numbers = False
    await shop.pass_time(NUMBER_WAIT)
    assert await codes(shop) == [("waiting", "number_waiting")]
    shop.clock.advance(timedelta(days=2).total_seconds())
    await shop.work()
    assert await codes(shop) == [("parked", "no_number")]

    shop.channel.gives_numbers = True
    await retry(shop, "no_number")
    assert declared(shop) == ["UR900000001YP"]


async def test_the_number_is_declared_although_the_label_is_not_ready(shop: Shop) -> None:
    shop.channel.makes_labels = False
    await send(shop, await buy(shop))
    await shop.pass_time(NUMBER_WAIT)
    assert declared(shop) == ["UR900000001YP"]
    assert await codes(shop) == [("waiting", "label_not_ready")]

    shop.channel.makes_labels = True
    await shop.pass_time(NUMBER_WAIT)
    assert (await booking_of(shop)).has_label
    assert await shop.queue() == []


async def test_several_waybills_of_one_vendor_order_are_booked_as_one_and_a_person_is_told(shop: Shop) -> None:
    await send(shop, await buy(shop), "YT1", "YT2", "YT3")
    assert sent(shop).domestic_number == "YT1"
    await shop.pass_time(NUMBER_WAIT)
    (entry,) = await shop.queue()
    assert (entry.state, entry.code) == ("held", "parcel_split")
    assert "YT2, YT3" in entry.reason
    assert declared(shop) == ["UR900000001YP"]


async def test_two_vendor_orders_of_a_purchase_are_two_parcels_under_marks_of_their_own(shop: Shop) -> None:
    bought = await buy(shop)
    half = replace(bought.lines[0], quantity=1)
    one = replace(bought, lines=(half,))
    shop.supplier.books[one.vendor_order_id] = one
    two = replace(one, vendor_order_id="880000000000000009", modified_at=shop.clock.now())
    shop.supplier.books[two.vendor_order_id] = two
    await shop.poll("purchase.poll", "main")
    await send(shop, one, "YT1")
    await send(shop, two, "YT2")

    mark = (await the_purchase(shop)).mark
    drafts = [draft for _, draft, _ in shop.channel.bookings.values()]
    assert [(d.mark, d.domestic_number) for d in drafts] == [(mark, "YT1"), (f"{mark}-2", "YT2")]
    await shop.pass_time(NUMBER_WAIT)
    assert (await events(shop)).count("sent abroad") == 2


async def test_a_booking_that_is_cancelled_is_a_persons_and_booked_anew_under_the_next_mark(shop: Shop) -> None:
    await send(shop, await buy(shop))
    shop.channel.cancel_booking("WH000001")
    await shop.pass_time(NUMBER_WAIT)
    assert await codes(shop) == [("parked", "booking_cancelled")]
    await shop.pass_time(100_000)
    assert len(shop.channel.bookings) == 1

    await retry(shop, "booking_cancelled")
    await shop.pass_time(NUMBER_WAIT)
    assert declared(shop) == ["UR900000002YP"]
    assert (await booking_of(shop)).mark == f"{(await the_purchase(shop)).mark}-2"
    assert "booking not used" in await events(shop)
    assert await shop.queue() == []


async def test_a_forwarder_that_books_and_announces_is_not_believed_before_its_booking_is_read(shop: Shop) -> None:
    bought = await buy(shop)
    mark = (await the_purchase(shop)).mark
    shop.forwards(mark, "UR000000009YP")
    await shop.poll("fulfil.collect", "forwarder")
    assert declared(shop) == []
    assert await shop.queue() == []

    await send(shop, bought)
    shop.channel.cancel_booking("WH000001")
    await shop.pass_time(NUMBER_WAIT)
    await retry(shop, "booking_cancelled")
    shop.forwards(f"{mark}-2", "UR000000008YP")
    await shop.poll("fulfil.collect", "forwarder")
    assert "mark_unknown" not in [code for _, code in await codes(shop)]


async def test_a_waybill_that_changes_after_it_is_booked_is_told(shop: Shop) -> None:
    bought = await buy(shop)
    await send(shop, bought, "YT1")
    parcels = [Shipment("YTO", "YT9")]
    await shop.db.run(vendor_orders.shipped, shop.bridge, "main", bought.vendor_order_id, parcels)
    await shop.work()
    assert ("held", "waybill_changed") in await codes(shop)
    assert sent(shop).domestic_number == "YT1"


async def test_a_parcel_is_forgotten_once_it_has_arrived(shop: Shop) -> None:
    await send(shop, await buy(shop))
    await shop.pass_time(NUMBER_WAIT)
    booking = await booking_of(shop)
    await shop.poll("monitor.forget", "main")
    assert await shop.db.read(bookings.label_of, booking.mark)
    await shop.db.run(lambda session: session.connection().execute(update(ParcelRow).values(movement="delivered")))
    await shop.poll("monitor.forget", "main")
    assert await shop.db.read(bookings.label_of, booking.mark) is None
    assert await shop.db.read(bookings.draft_of, booking) is None


async def test_a_label_is_forgotten_after_sixty_days(shop: Shop) -> None:
    await send(shop, await buy(shop))
    await shop.pass_time(NUMBER_WAIT)
    mark = (await booking_of(shop)).mark
    shop.clock.advance(timedelta(days=59).total_seconds())
    await shop.poll("monitor.forget", "main")
    assert await shop.db.read(bookings.label_of, mark)
    shop.clock.advance(timedelta(days=2).total_seconds())
    await shop.poll("monitor.forget", "main")
    assert await shop.db.read(bookings.label_of, mark) is None
