"""Rows of the fault matrix about a purchase whose answer did not come: made or not, it is never guessed."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from syncbridge.flows import decisions, vendor_orders
from syncbridge.flows.retry_queue import Entry
from syncbridge.model.purchasing import Found, IntentKey, PurchaseDraft, VendorOrderState
from syncbridge.store import placed_orders, purchases, timeline
from syncbridge.testing.builders import RELAY, cny
from tests.flows.conftest import Shop

pytestmark = pytest.mark.anyio
ORDER = "8172481060036440"
SUBJECT = f"order toys/{ORDER}"
AFTER_COOL_OFF = 601
QUARANTINE = timedelta(seconds=120)


async def time_out(shop: Shop, *, accepted: bool) -> None:
    """The create call of a purchase gets no answer; the supplier made the order, or did not."""
    await shop.list_offer()
    await shop.sell(ORDER)
    shop.supplier.lose_next = True
    await shop.pass_time(AFTER_COOL_OFF)
    if not accepted:
        shop.supplier.books.clear()


async def the_question(shop: Shop) -> Entry:
    """After the quarantine and a look-up that found nothing a person is asked."""
    await shop.pass_time(QUARANTINE.total_seconds() + 1)
    (entry,) = await shop.queue()
    assert (entry.state, entry.code) == ("parked", "unknown")
    return entry


async def events(shop: Shop) -> list[str]:
    return [event for _, event, _ in await shop.db.read(timeline.of, SUBJECT)]


async def test_row_06_a_purchase_that_timed_out_and_was_made_is_adopted_after_the_quarantine_and_not_made_again(
    shop: Shop,
) -> None:
    await time_out(shop, accepted=True)

    await shop.pass_time(QUARANTINE.total_seconds() - 1)
    before = [order.state for order in shop.supplier.books.values()]
    await shop.pass_time(2)

    assert before == [VendorOrderState.UNPAID]
    assert [order.state for order in shop.supplier.books.values()] == [VendorOrderState.PAID]
    assert await shop.queue() == []


async def test_row_06_what_look_up_and_poll_find_at_the_same_time_is_adopted_once(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    find = shop.supplier.find

    async def find_while_the_poll_does(key: IntentKey, *, since: datetime) -> Found:
        found = await find(key, since=since)
        await shop.db.run(vendor_orders.note, shop.bridge, "main", found.orders)
        return found

    monkeypatch.setattr(shop.supplier, "find", find_while_the_poll_does)
    await time_out(shop, accepted=True)

    await shop.pass_time(QUARANTINE.total_seconds() + 1)

    assert (await events(shop)).count("placed") == 1
    assert [order.state for order in shop.supplier.books.values()] == [VendorOrderState.PAID]


async def test_row_07_a_purchase_that_timed_out_and_is_not_found_is_left_to_a_person_however_long(shop: Shop) -> None:
    await time_out(shop, accepted=False)
    await the_question(shop)

    await shop.pass_time(timedelta(days=3).total_seconds())

    assert shop.supplier.books == {}
    assert [entry.code for entry in await shop.queue()] == ["unknown"]


async def test_row_07_declared_not_placed_by_a_person_it_is_sent_again_under_the_same_intent(shop: Shop) -> None:
    await time_out(shop, accepted=False)
    entry = await the_question(shop)
    (intent,) = await shop.db.read(purchases.of_order, "toys", ORDER)

    now = shop.clock.now()
    await shop.db.run(decisions.not_placed, entry.id, why="not on the page", quarantine=QUARANTINE, now=now)
    await shop.work()

    (order,) = shop.supplier.books.values()
    assert (order.out_order_id, order.state) == (intent.out_order_id, VendorOrderState.PAID)


async def test_row_07_a_number_a_person_names_is_adopted_and_nothing_is_sent(shop: Shop) -> None:
    await time_out(shop, accepted=False)
    entry = await the_question(shop)
    (intent,) = await shop.db.read(purchases.of_order, "toys", ORDER)
    order = shop.supplier.bought_on_the_page(PurchaseDraft(intent.lines, RELAY, note="no mark"), total=cny("40.00"))

    await shop.db.run(decisions.ask_to_adopt, entry.id, [order.vendor_order_id], now=shop.clock.now())
    await shop.work()

    assert list(shop.supplier.books) == [order.vendor_order_id]
    assert list(await shop.db.read(placed_orders.of_purchase, intent.id)) == [order.vendor_order_id]


@pytest.mark.parametrize(("allowed", "fresh", "sent"), [(True, True, 1), (True, False, 0), (False, True, 0)])
async def test_row_07_it_is_sent_again_by_itself_only_where_allowed_and_after_two_fresh_look_ups(
    shop: Shop, allowed: bool, fresh: bool, sent: int
) -> None:
    shop.set_account("main", resend_unknown=allowed)
    await time_out(shop, accepted=True)
    (lost,) = shop.supplier.books.values()
    shop.supplier.books.clear()
    shop.clock.advance(1)
    if fresh:
        newer = replace(lost, vendor_order_id="1", out_order_id="other", note="", created_at=shop.clock.now())
        shop.supplier.books["1"] = newer

    await shop.pass_time(QUARANTINE.total_seconds() + 1)
    after_one = [order for order in shop.supplier.books.values() if order.out_order_id == lost.out_order_id]
    await shop.pass_time(QUARANTINE.total_seconds() + 1)

    assert after_one == []
    again = [order for order in shop.supplier.books.values() if order.out_order_id == lost.out_order_id]
    assert len(again) == sent
