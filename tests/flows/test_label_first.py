"""Where the label comes first: booked before it is bought, and the supplier gets number and label."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import pytest
from sqlalchemy import update
from sqlmodel import Session, col

from syncbridge.flows import abroad, book, decisions, vendor_orders
from syncbridge.flows.bridge import Bridge
from syncbridge.flows.shopping import shopping_list
from syncbridge.model.orders import OrderState
from syncbridge.model.purchasing import PlacedOrder, Purchase, PurchaseDraft, PurchaseState
from syncbridge.model.shipping import Booking, BookingState, ParcelDraft, Shipment
from syncbridge.queue.execute import Outcome, Snooze
from syncbridge.queue.job import wake_waiting
from syncbridge.rules.mapping import BuyMode, LineChoice, Part, ShippingWay, SkuRule, Way
from syncbridge.rules.routing import meant
from syncbridge.store import bookings, holds, purchases
from syncbridge.store.tables.parcels import BookingRow
from syncbridge.store.tables.work import Job
from syncbridge.testing.builders import RELAY, cny, make_offer, make_spec
from tests.flows.booking import (
    COOL_OFF,
    NUMBER_WAIT,
    ORDER,
    POLICY,
    booking_of,
    codes,
    declared,
    events,
    intents,
    send,
    ship,
    the_purchase,
)
from tests.flows.conftest import Shop

pytestmark = pytest.mark.anyio
NUMBER = "UR900000001YP"


@pytest.fixture(autouse=True)
def label_first(shop: Shop) -> None:
    ship(shop, ShippingWay.LABEL_FIRST)


async def sell(shop: Shop) -> None:
    """An order whose cool-off is over."""
    await shop.list_offer()
    await shop.sell(ORDER)
    await shop.pass_time(COOL_OFF)


async def bought(shop: Shop) -> PlacedOrder:
    """The order is bought once its label is there."""
    await sell(shop)
    await shop.pass_time(NUMBER_WAIT)
    (order,) = shop.supplier.books.values()
    return order


async def test_nothing_is_booked_while_the_order_cools_off(shop: Shop) -> None:
    await shop.list_offer()
    await shop.sell(ORDER)
    await shop.pass_time(COOL_OFF - 10)
    assert shop.channel.bookings == {}


async def test_a_label_that_comes_while_its_purchase_is_looked_at_is_not_waited_for(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    look = book.label_number

    async def meanwhile(bridge: Bridge, purchase: Purchase) -> str | Outcome:
        found = await look(bridge, purchase)
        if isinstance(found, Snooze):
            await shop.pass_time(NUMBER_WAIT)  # whoever waits for the label is woken, and this one does not wait now
        return found

    await sell(shop)
    monkeypatch.setattr(book, "label_number", meanwhile)
    subject = (await the_purchase(shop)).subject
    await shop.db.run(wake_waiting, ["label_waiting"], subject=subject, now=shop.clock.now())  # by another's label
    await shop.work()

    assert len(shop.supplier.books) == 1


async def test_nothing_is_bought_before_number_and_label_are_there(shop: Shop) -> None:
    shop.channel.makes_labels = False
    await sell(shop)
    assert len(shop.channel.bookings) == 1
    assert sorted(await codes(shop)) == [("waiting", "label_waiting"), ("waiting", "number_waiting")]
    await shop.pass_time(NUMBER_WAIT)
    await shop.pass_time(4000)
    assert shop.supplier.books == {}
    assert all(entry.attempts == 0 for entry in await shop.queue())

    shop.channel.makes_labels = True
    await shop.pass_time(NUMBER_WAIT)
    assert len(shop.supplier.books) == 1


async def test_the_buyer_note_carries_mark_and_number(shop: Shop) -> None:
    order = await bought(shop)
    assert order.note == f"唛头 {(await the_purchase(shop)).mark} 面单号 {NUMBER}"
    ((_, draft, _),) = shop.channel.bookings.values()
    assert (draft.domestic_number, draft.domestic_carrier) == ("", "")


async def test_a_person_is_told_to_hand_the_label_until_it_is_saved(shop: Shop) -> None:
    await bought(shop)
    (entry,) = await shop.queue()
    assert (entry.state, entry.code) == ("held", "label_to_hand")
    assert f"syncbridge labels save {ORDER} --to FILE" in entry.reason
    assert entry.figures["number"] == NUMBER

    booking, purchase = await booking_of(shop), await the_purchase(shop)
    await shop.db.run(abroad.handed, purchase, booking, now=shop.clock.now())
    assert await shop.queue() == []
    await shop.db.run(abroad.to_hand, purchase, now=shop.clock.now())
    assert await shop.queue() == []
    assert "label saved" in await events(shop)


async def test_a_supplier_that_has_shipped_needs_no_label_any_more(shop: Shop) -> None:
    await send(shop, await bought(shop))
    assert await shop.queue() == []


async def test_the_number_is_declared_once_the_supplier_has_shipped_and_not_before(shop: Shop) -> None:
    order = await bought(shop)
    await shop.pass_time(100_000)
    assert declared(shop) == []
    assert (await the_purchase(shop)).state is PurchaseState.PAID

    await send(shop, order)
    assert declared(shop) == [NUMBER]
    assert len(shop.channel.bookings) == 1


async def test_a_number_that_comes_after_the_goods_left_is_declared_then(shop: Shop) -> None:
    ship(shop, ShippingWay.LABEL_FIRST, buy=BuyMode.BY_HAND)
    shop.channel.gives_numbers = False
    await sell(shop)
    await send(shop, await by_hand(shop))
    assert declared(shop) == []

    shop.channel.gives_numbers = True
    await shop.pass_time(NUMBER_WAIT)
    assert declared(shop) == [NUMBER]


async def test_goods_that_leave_in_the_moment_the_number_is_read_are_declared(shop: Shop) -> None:
    order = await bought(shop)
    await shop.db.run(forget_number)
    booked = shop.channel.booked

    async def shipped_meanwhile(draft: ParcelDraft, *, since: datetime) -> Sequence[Booking]:
        found = await booked(draft, since=since)
        shop.channel.booked = booked  # type: ignore[method-assign]
        parcels = [Shipment("YTO", "YT1")]
        await shop.db.run(vendor_orders.shipped, shop.bridge, "main", order.vendor_order_id, parcels)
        return found

    shop.channel.booked = shipped_meanwhile  # type: ignore[method-assign]
    await shop.work()
    assert declared(shop) == [NUMBER]


def forget_number(session: Session) -> None:
    """As if number and label had not come yet."""
    session.connection().execute(update(BookingRow).values(number="", label=None))
    session.connection().execute(update(Job).where(col(Job.kind) == "book.parcel").values(state="ready"))


async def by_hand(shop: Shop) -> PlacedOrder:
    """A person buys it on the supplier's page."""
    card = await the_purchase(shop)
    order = shop.supplier.bought_on_the_page(PurchaseDraft(card.lines, RELAY, note=card.mark), total=cny("32.80"))
    await shop.supplier.pay([order.vendor_order_id])
    await shop.poll("purchase.poll", "main")
    return order


async def test_what_is_bought_by_hand_is_shown_with_its_number(shop: Shop) -> None:
    ship(shop, ShippingWay.LABEL_FIRST, buy=BuyMode.BY_HAND)
    await sell(shop)
    await shop.pass_time(NUMBER_WAIT)
    (entry,) = await shop.queue()
    assert (entry.state, NUMBER in entry.reason) == ("by_hand", True)
    (line,) = await shop.db.read(shopping_list)
    assert line.note == f"唛头 {line.mark} 面单号 {NUMBER}"

    await by_hand(shop)
    assert await codes(shop) == [("held", "label_to_hand")]


async def test_an_order_that_is_cancelled_while_its_label_is_awaited_is_neither_booked_nor_bought(shop: Shop) -> None:
    ship(shop, ShippingWay.LABEL_FIRST, parcels=replace(POLICY, choice=LineChoice(dearest=cny("1.00"))))
    await sell(shop)
    assert ("parked", "no_line") in await codes(shop)
    shop.clock.advance(1)
    shop.channel.change(ORDER, state=OrderState.CANCELLED)
    await shop.hear_of(ORDER)
    assert (await booking_of(shop)).state is BookingState.UNUSED
    assert (shop.channel.bookings, shop.supplier.books) == ({}, {})
    assert await shop.queue() == []


async def test_a_label_of_an_order_that_is_cancelled_is_not_handed_on(shop: Shop) -> None:
    await bought(shop)
    shop.clock.advance(1)
    shop.channel.change(ORDER, state=OrderState.CANCELLED)
    await shop.hear_of(ORDER)
    assert "label_to_hand" not in [code for _, code in await codes(shop)]
    assert "booking not used" in await events(shop)
    assert await shop.db.read(bookings.of_purchase, (await the_purchase(shop)).id) == []


async def test_a_buyer_who_moves_before_it_is_bought_gets_another_label(shop: Shop) -> None:
    await sell(shop)
    shop.clock.advance(1)
    address = shop.channel.books[ORDER].address
    assert address is not None
    shop.channel.change(ORDER, address=replace(address, street="Calle Nueva 9"))
    await shop.hear_of(ORDER)
    await shop.pass_time(NUMBER_WAIT)
    assert shop.supplier.books == {}
    await shop.pass_time(NUMBER_WAIT)

    (order,) = shop.supplier.books.values()
    assert order.note.endswith("面单号 UR900000002YP")
    assert [draft.receiver.street for _, draft, _ in shop.channel.bookings.values()] == [
        "Calle Mayor 1",
        "Calle Nueva 9",
    ]
    assert (await the_purchase(shop)).mark in order.note
    assert await codes(shop) == [("held", "label_to_hand")]


async def test_a_lost_booking_is_settled_before_anything_is_bought(shop: Shop) -> None:
    await shop.list_offer()
    await shop.sell(ORDER)
    shop.channel.lose_next = True
    await shop.pass_time(COOL_OFF)
    assert len(shop.channel.bookings) == 1
    await shop.pass_time(121)
    assert shop.supplier.books == {}
    await shop.pass_time(NUMBER_WAIT)
    assert len(shop.channel.bookings) == 1
    assert len(shop.supplier.books) == 1


async def test_goods_bought_elsewhere_get_a_label_of_their_own(shop: Shop) -> None:
    await sell(shop)
    await shop.pass_time(10)
    other = make_offer("700000000001", make_spec(7), supplier_id="another shop")
    shop.supplier.catalogue[other.offer_id] = other
    await shop.poll("import_.page", "main")
    code = meant(shop.code(), "toys", shop.rules)
    way = Way("main", (Part(other.offer_id, other.specs[0].spec_id, 1),))
    shop.rules = replace(shop.rules, skus=(SkuRule(code, (), (), (way,), shop.rules.routes[0].place),))
    shop.connect()
    (entry,) = [entry for entry in await shop.queue() if entry.what == "purchase.place"]
    await shop.db.run(decisions.switch, shop.bridge, entry.id, why="too slow")
    await shop.work()
    await shop.pass_time(NUMBER_WAIT)
    await shop.pass_time(COOL_OFF)

    assert await intents(shop) == 2
    new = next(p for p in await shop.db.read(purchases.of_order, "toys", ORDER) if p.state is not PurchaseState.STOPPED)
    (order,) = shop.supplier.books.values()
    assert order.note.startswith(f"唛头 {new.mark} 面单号 UR900000002YP")
    assert "booking not used" in await events(shop)


async def test_goods_that_come_in_two_vendor_orders_have_one_label_and_a_person_is_told(shop: Shop) -> None:
    order = await bought(shop)
    half = replace(order, lines=(replace(order.lines[0], quantity=1),))
    two = replace(half, vendor_order_id="880000000000000009", modified_at=shop.clock.now())
    shop.supplier.books = {each.vendor_order_id: each for each in (half, two)}
    await shop.poll("purchase.poll", "main")
    await send(shop, half, "YT1")
    await send(shop, two, "YT2")
    kinds = {hold.kind for hold in await shop.db.read(holds.all_open)}
    assert "parcel_split" in kinds
    assert len(shop.channel.bookings) == 1
    assert declared(shop) == [NUMBER]
