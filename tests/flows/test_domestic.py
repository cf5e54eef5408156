"""Domestic parcels: each is known once, followed to the relay address, and its supplier told if the seller says so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from unittest.mock import AsyncMock

import pytest

from syncbridge.errors import OutcomeUnknown
from syncbridge.flows import domestic, events, retry_queue
from syncbridge.flows.vendor_orders import NO_PARCEL
from syncbridge.model.events import EventKind, VendorEvent
from syncbridge.model.purchasing import PlacedOrder, VendorOrderState
from syncbridge.model.shipping import Movement, Shipment, Sighting, Track, Trail
from syncbridge.queue import job as jobs
from syncbridge.store import holds, placed_orders, timeline, waybills
from tests.flows import legs
from tests.flows.conftest import Shop
from tests.flows.legs import ORDER, SUBJECT, announce, bought, held, mark_of, next_day, shipped, split_up

pytestmark = pytest.mark.anyio


async def hear(shop: Shop, order: PlacedOrder, message: str) -> None:
    """The supplier pushes a message that names a vendor order."""
    event = VendorEvent(message, EventKind.PURCHASE_CHANGED, "LOGISTICS", (order.vendor_order_id,))
    wanted = events.jobs_for("main", event, shop.clock.now())
    await shop.db.run(jobs.enqueue, wanted, now=shop.clock.now())
    await shop.work()


async def living(shop: Shop, order: PlacedOrder) -> list[str]:
    found = await shop.db.read(waybills.living, "main", order.vendor_order_id)
    return [one.number for one in found]


async def told(shop: Shop) -> list[tuple[str, dict[str, str]]]:
    """What the order's history says of domestic parcels."""
    wanted = ("shipped by the supplier", "waybill changed", "signed for by the relay address", "receipt confirmed")
    history = await shop.db.read(timeline.of, SUBJECT)
    return [(event, details) for _, event, details in history if event in wanted]


async def test_several_parcels_of_a_vendor_order_are_all_known_and_told_once(shop: Shop) -> None:
    order = await shipped(shop, "YT1")
    shop.clock.advance(60)
    shop.supplier.ship(order.vendor_order_id, "YT2")
    for _ in range(3):
        await shop.poll("purchase.poll", "main")
        await hear(shop, order, f"again {shop.clock.now()}")

    assert await living(shop, order) == ["YT1", "YT2"]
    assert await told(shop) == [
        ("shipped by the supplier", {"waybills": "YT1"}),
        ("shipped by the supplier", {"waybills": "YT2"}),
    ]


async def test_a_part_that_left_is_known_before_the_rest_does(shop: Shop) -> None:
    order = await bought(shop)
    shop.supplier.parcels[order.vendor_order_id] = [Shipment("YTO", "YT1")]
    shop.clock.advance(60)
    paid = shop.supplier.books[order.vendor_order_id]
    shop.supplier.books[order.vendor_order_id] = replace(paid, part_shipped=True, modified_at=shop.clock.now())
    await shop.poll("purchase.poll", "main")

    assert await living(shop, order) == ["YT1"]


async def test_a_message_about_a_waybill_makes_us_read_it_again(shop: Shop) -> None:
    order = await shipped(shop, "YT1")
    shop.supplier.parcels[order.vendor_order_id] = [Shipment("YTO", "YT9")]
    await hear(shop, order, "LOGISTICS_MAIL_NO_CHANGE 1")

    assert await living(shop, order) == ["YT9"]
    assert (await told(shop))[-1] == ("waybill changed", {"waybills": "YT9", "instead_of": "YT1"})
    assert await shop.db.read(waybills.is_domestic, "YT1")


async def test_an_answer_without_parcels_forgets_none(shop: Shop) -> None:
    order = await shipped(shop, "YT1")
    shop.supplier.parcels.clear()
    await hear(shop, order, "a hiccup")

    assert await living(shop, order) == ["YT1"]
    assert await held(shop, NO_PARCEL) == {}


async def test_what_was_shipped_without_a_parcel_is_shown_and_counts_as_none(shop: Shop) -> None:
    order = await shipped(shop, "")
    subject = f"vendor order main/{order.vendor_order_id}"
    assert await held(shop, NO_PARCEL) == {subject: {"order": SUBJECT}}
    (entry,) = await shop.queue()
    assert (entry.code, entry.mark) == ("shipped_without_parcel", mark_of(order))
    (purchase,) = await shop.db.read(placed_orders.seen, 1)
    assert (purchase.state, await told(shop)) == (VendorOrderState.SHIPPED, [])

    await shop.db.run(retry_queue.drop, entry.id, why="it comes by van", now=shop.clock.now())
    await hear(shop, order, "again")
    assert await shop.queue() == []


async def test_a_number_filled_in_later_ends_the_hold(shop: Shop) -> None:
    order = await shipped(shop, "")
    shop.supplier.parcels[order.vendor_order_id] = [Shipment("YTO", "YT1")]
    await hear(shop, order, "filled in")

    assert (await held(shop, NO_PARCEL), await living(shop, order)) == ({}, ["YT1"])


async def test_a_parcel_that_does_not_move_is_told_after_five_days_until_it_does(shop: Shop) -> None:
    order = await shipped(shop, "YT1")
    shop.supplier.move("YT1", "left Yiwu")
    moved_at = shop.clock.now()
    for _ in range(5):
        await next_day(shop)
        assert await held(shop, domestic.STALLED) == {} or shop.clock.now() - moved_at > timedelta(days=5)
    await next_day(shop)

    subject = f"vendor order main/{order.vendor_order_id}"
    assert await held(shop, domestic.STALLED) == {
        subject: {
            "order": f"toys/{ORDER}",
            "waybills": "YT1",
            "carrier": "YTO",
            "since": moved_at.isoformat(timespec="minutes"),
            "said": "left Yiwu",
            "supplier": "main",
        }
    }
    shop.supplier.move("YT1", "arrived in Hangzhou")
    await next_day(shop)
    assert await held(shop, domestic.STALLED) == {}


async def test_trouble_of_a_parcel_is_told_at_once(shop: Shop) -> None:
    await shipped(shop, "YT1")
    refused = Sighting(shop.clock.now(), Movement.NOT_DELIVERED, "nobody was there")
    shop.supplier.sightings["YT1"] = [refused]
    await next_day(shop)

    (figures,) = (await held(shop, domestic.STALLED)).values()
    assert figures["said"] == "nobody was there"


async def test_a_stalled_parcel_is_no_matter_once_its_number_abroad_is_declared(shop: Shop) -> None:
    order = await shipped(shop, "YT1")
    for _ in range(6):
        await next_day(shop)
    assert list(await held(shop, domestic.STALLED)) == [f"vendor order main/{order.vendor_order_id}"]

    await announce(shop, mark_of(order))
    await next_day(shop)
    assert await held(shop, domestic.STALLED) == {}


async def test_what_the_relay_address_signed_for_is_told_and_not_looked_for_again(shop: Shop) -> None:
    await shipped(shop, "YT1")
    shop.supplier.move("YT1", "signed for", signed=True)
    asked = AsyncMock(side_effect=shop.supplier.whereabouts)
    shop.supplier.whereabouts = asked  # type: ignore[method-assign]  # counted
    await next_day(shop)
    await next_day(shop)

    assert asked.await_count == 1
    assert (await told(shop))[-1] == ("signed for by the relay address", {"waybills": "YT1"})


async def test_each_vendor_order_is_looked_for_once_a_day_whatever_is_asked(shop: Shop) -> None:
    await shipped(shop, "YT1")
    asked = AsyncMock(side_effect=shop.supplier.whereabouts)
    shop.supplier.whereabouts = asked  # type: ignore[method-assign]  # counted
    for _ in range(3):
        await shop.poll("domestic.check", "main")

    assert asked.await_count == 1


async def test_a_parcel_lost_between_the_legs_is_told_until_its_number_comes(shop: Shop) -> None:
    order = await shipped(shop, "YT1")
    shop.supplier.move("YT1", "signed for", signed=True)
    for _ in range(7):
        await next_day(shop)
    subject = f"vendor order main/{order.vendor_order_id}"
    assert list(await held(shop, domestic.NOT_FORWARDED)) == [subject]
    assert "not_forwarded" in [entry.code for entry in await shop.queue()]

    await announce(shop, mark_of(order))
    await next_day(shop)
    assert await held(shop, domestic.NOT_FORWARDED) == {}


async def test_a_number_the_courier_tells_of_and_we_do_not_know_is_read(shop: Shop) -> None:
    order = await shipped(shop, "YT1")
    shop.supplier.parcels[order.vendor_order_id].append(Shipment("YTO", "YT2"))
    await next_day(shop)

    assert await living(shop, order) == ["YT1", "YT2"]


async def test_only_what_was_bought_and_not_declared_is_looked_for(shop: Shop) -> None:
    order = await shipped(shop, "YT1")
    await announce(shop, mark_of(order))
    asked = AsyncMock(side_effect=shop.supplier.whereabouts)
    shop.supplier.whereabouts = asked  # type: ignore[method-assign]  # counted
    await next_day(shop)

    assert asked.await_count == 0


class Delivered:
    """Tells that every parcel is with its buyer."""

    async def track(self, trails: Sequence[Trail]) -> Sequence[Track]:
        return [Track(trail.number, Movement.DELIVERED) for trail in trails]


async def delivered(shop: Shop, order: PlacedOrder) -> None:
    """Its parcel is declared and with the buyer."""
    shop.trackers = {"teller": Delivered()}
    shop.connect()
    await announce(shop, mark_of(order))
    await shop.pass_time(7200)
    await shop.poll("follow.poll", "toys")


def receipts(shop: Shop) -> AsyncMock:
    calls = AsyncMock(side_effect=shop.supplier.confirm)
    shop.supplier.confirm = calls  # type: ignore[method-assign]  # counted
    return calls


async def test_receipt_is_never_confirmed_unless_the_seller_says_when(shop: Shop) -> None:
    order = await shipped(shop, "YT1")
    shop.supplier.move("YT1", "signed for", signed=True)
    await delivered(shop, order)
    await next_day(shop)
    await next_day(shop)

    assert shop.supplier.books[order.vendor_order_id].state is VendorOrderState.SHIPPED


async def test_receipt_is_confirmed_once_the_relay_address_has_signed(shop: Shop) -> None:
    shop.set_account("main", confirm_receipt="signed")
    order = await shipped(shop, "YT1", "YT2")
    calls = receipts(shop)
    shop.supplier.move("YT1", "signed for", signed=True)
    await next_day(shop)
    await next_day(shop)
    assert calls.await_count == 0  # the other parcel is on its way

    shop.supplier.move("YT2", "signed for", signed=True)
    for _ in range(3):
        await next_day(shop)
    assert calls.await_count == 1
    assert shop.supplier.books[order.vendor_order_id].state is VendorOrderState.RECEIVED
    assert (await told(shop))[-1] == (
        "receipt confirmed",
        {"vendor_order": order.vendor_order_id, "rule": "signed"},
    )


async def test_receipt_is_confirmed_once_the_buyer_has_the_parcel(shop: Shop) -> None:
    shop.set_account("main", confirm_receipt="delivered")
    order = await shipped(shop, "YT1")
    shop.supplier.move("YT1", "signed for", signed=True)
    calls = receipts(shop)
    await next_day(shop)
    assert calls.await_count == 0

    await delivered(shop, order)
    await next_day(shop)
    assert calls.await_count == 1


@pytest.mark.parametrize(
    "subject", [SUBJECT, f"{SUBJECT} UR1", "vendor order main/{}"], ids=["order", "part of it", "vendor order"]
)
async def test_receipt_is_not_confirmed_while_anything_is_held(shop: Shop, subject: str) -> None:
    shop.set_account("main", confirm_receipt="signed")
    order = await shipped(shop, "YT1")
    subject = subject.format(order.vendor_order_id)
    await shop.db.run(holds.open_hold, "two_numbers", subject, {"why": "a test"}, now=shop.clock.now())
    shop.supplier.move("YT1", "signed for", signed=True)
    calls = receipts(shop)
    await next_day(shop)
    await next_day(shop)
    assert calls.await_count == 0

    await shop.db.run(holds.close_subject, subject, now=shop.clock.now())
    await next_day(shop)
    assert calls.await_count == 1


async def test_what_is_held_or_asked_back_before_the_call_puts_it_off(shop: Shop) -> None:
    shop.set_account("main", confirm_receipt="signed")
    order = await shipped(shop, "YT1")
    shop.supplier.move("YT1", "signed for", signed=True)
    await next_day(shop)
    calls = receipts(shop)
    shop.supplier.refunds = AsyncMock(  # type: ignore[method-assign]
        return_value=[await _refund_of(shop, order)]
    )
    await next_day(shop)

    assert calls.await_count == 0
    assert [(entry.what, entry.code) for entry in await shop.queue()] == [("domestic.confirm", "receipt_waits")]


async def _refund_of(shop: Shop, order: PlacedOrder) -> object:
    from syncbridge.model.purchasing import Refund, RefundState

    return Refund("TQ1", RefundState.ASKED, order.total)


async def test_a_confirmation_without_an_answer_is_looked_at_and_not_repeated(shop: Shop) -> None:
    shop.set_account("main", confirm_receipt="signed")
    order = await shipped(shop, "YT1")
    shop.supplier.move("YT1", "signed for", signed=True)
    await next_day(shop)
    calls = receipts(shop)
    shop.supplier.lose_next = True
    await next_day(shop)
    assert [entry.code for entry in await shop.queue()] == ["unknown"]
    await shop.pass_time(121)

    assert (calls.await_count, await shop.queue()) == (1, [])
    assert shop.supplier.books[order.vendor_order_id].state is VendorOrderState.RECEIVED


async def test_a_confirmation_that_never_arrived_is_sent_again_after_a_look(shop: Shop) -> None:
    shop.set_account("main", confirm_receipt="signed")
    order = await shipped(shop, "YT1")
    shop.supplier.move("YT1", "signed for", signed=True)
    await next_day(shop)
    confirm = shop.supplier.confirm
    shop.supplier.confirm = AsyncMock(  # type: ignore[method-assign]
        side_effect=OutcomeUnknown("no answer", vendor="memory", code="no_answer")
    )
    await next_day(shop)
    shop.supplier.confirm = confirm  # type: ignore[method-assign]
    assert shop.supplier.books[order.vendor_order_id].state is VendorOrderState.SHIPPED
    await shop.pass_time(121)

    assert shop.supplier.books[order.vendor_order_id].state is VendorOrderState.RECEIVED


async def test_vendor_orders_of_one_purchase_are_followed_each_by_itself(shop: Shop) -> None:
    split_up(shop)
    await bought(shop)
    one, two = shop.supplier.books
    shop.clock.advance(60)
    shop.supplier.ship(one, "YT1")
    shop.supplier.ship(two, "YT2")
    await shop.poll("purchase.poll", "main")
    shop.supplier.move("YT1", "signed for", signed=True)
    for _ in range(6):
        await next_day(shop)

    assert list(await held(shop, domestic.STALLED)) == [f"vendor order main/{two}"]
    assert legs.numbers(shop) == []
