"""What the state machine found, each as a story of its own."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from syncbridge.flows import retry_queue, start
from syncbridge.model.orders import Order, OrderState
from syncbridge.model.purchasing import IntentKey, Placement, PurchaseDraft, PurchaseState, Quote, VendorOrderState
from syncbridge.store import purchases
from syncbridge.testing.builders import make_order_line
from tests.flows.conftest import Shop
from tests.flows.test_suppliers import with_backup

pytestmark = pytest.mark.anyio
COOL_OFF = 601
ORDER = "8172481060036440"


async def asks_to_cancel(shop: Shop) -> None:
    """The buyer does, and a message lets another worker read it at once."""
    shop.clock.advance(1)
    shop.channel.change(ORDER, state=OrderState.CANCELLING)
    await shop.hear_of(ORDER)


async def test_a_cancel_read_while_the_price_is_asked_stops_the_purchase(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    await shop.list_offer()
    await shop.sell(ORDER)
    preview = shop.supplier.preview

    async def slow(draft: PurchaseDraft) -> Quote:
        await asks_to_cancel(shop)
        return await preview(draft)

    monkeypatch.setattr(shop.supplier, "preview", slow)
    await shop.pass_time(COOL_OFF)
    assert not shop.supplier.books
    monkeypatch.undo()
    await shop.pass_time(COOL_OFF)
    assert [entry.code for entry in await shop.queue()] == ["cancelling"]


async def test_a_cancel_read_by_another_worker_meanwhile_stops_the_payment(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    await shop.list_offer()
    await shop.sell(ORDER)
    read = shop.channel.order

    async def late(order_id: str) -> Order:
        """The answer is on its way while the order changes."""
        order = await read(order_id)
        if shop.supplier.books and order.state is OrderState.TO_SHIP:  # the look before paying
            await asks_to_cancel(shop)
        return order

    monkeypatch.setattr(shop.channel, "order", late)
    await shop.pass_time(COOL_OFF)
    (made,) = shop.supplier.books.values()
    assert made.state is VendorOrderState.UNPAID


async def test_a_part_the_supplier_cancels_while_the_rest_goes_on_is_shown_once(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    await shop.list_offer()
    place = shop.supplier.place

    async def in_two(draft: PurchaseDraft, *, key: IntentKey) -> Placement:
        parts = [await place(replace(draft, lines=(line,)), key=key) for line in draft.lines]
        return Placement(tuple(order for part in parts for order in part.orders))

    monkeypatch.setattr(shop.supplier, "place", in_two)
    await shop.sell(ORDER, make_order_line(shop.code(0), 2), make_order_line(shop.code(1), 1, line_id="2"))
    await shop.pass_time(COOL_OFF)
    first, _ = shop.supplier.books
    cancelled = replace(
        shop.supplier.books[first],
        state=VendorOrderState.CANCELLED,
        modified_at=shop.clock.now() + timedelta(seconds=1),
    )
    shop.supplier.books[first] = cancelled
    await shop.poll("purchase.poll", "main")
    (entry,) = [entry for entry in await shop.queue() if entry.code == "line_refused"]
    assert first in entry.reason

    await shop.db.run(retry_queue.drop, entry.id, why="bought elsewhere", now=shop.clock.now())
    shop.supplier.books[first] = replace(cancelled, modified_at=shop.clock.now())
    await shop.poll("purchase.poll", "main")
    assert "line_refused" not in [entry.code for entry in await shop.queue()]


async def test_a_restored_copy_buys_nothing_again_that_a_backup_supplier_has_sold(shop: Shop) -> None:
    await with_backup(shop)
    offer = shop.supplier.catalogue["676651652931"]
    await shop.db.run(start.beat, now=shop.clock.now())
    await shop.sell(ORDER)
    copy = shop.back_up()
    sold_out = replace(offer, specs=tuple(replace(spec, stock=0) for spec in offer.specs))
    shop.supplier.catalogue[offer.offer_id] = sold_out
    await shop.pass_time(COOL_OFF)
    (bought,) = shop.supplier.books.values()

    shop.supplier.catalogue[offer.offer_id] = offer
    await shop.restore(copy)
    await shop.pass_time(COOL_OFF)
    await shop.poll("purchase.poll", "main")
    assert list(shop.supplier.books) == [bought.vendor_order_id]
    states = {each.alternative: each.state for each in await shop.db.read(purchases.of_order, "toys", ORDER)}
    assert states == {0: PurchaseState.STOPPED, 1: PurchaseState.PAID}
    assert await shop.queue() == []
