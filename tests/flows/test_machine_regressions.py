"""What the state machine found, each as a story of its own."""

from __future__ import annotations

import pytest

from syncbridge.model.orders import Order, OrderState
from syncbridge.model.purchasing import PurchaseDraft, Quote, VendorOrderState
from tests.flows.conftest import Shop

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
