"""Rows of the fault matrix about orders coming in: messages lost, doubled and out of order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import permutations

import pytest
from sqlmodel import Session, select

from syncbridge.adapters.aliexpress import adapter
from syncbridge.adapters.aliexpress.mock import AliExpressMock
from syncbridge.adapters.aliexpress.mock.buying import Basket, Home, Wish, buy
from syncbridge.adapters.aliexpress.mock.order_book import Order as VendorsOrder
from syncbridge.adapters.aliexpress.settings import AliExpressSettings
from syncbridge.flows.events import jobs_for
from syncbridge.model.events import EventKind, VendorEvent
from syncbridge.model.orders import Order, OrderState
from syncbridge.ports import Tokens
from syncbridge.queue import inbox
from syncbridge.store.tables.buying import OrderRow
from syncbridge.testing.faults import FaultTransport
from syncbridge.testing.wiring import wiring_for
from tests.flows.conftest import Shop

pytestmark = pytest.mark.anyio
ORDER = "8172481060036440"
COOL_OFF = 601
MESSAGES = (OrderState.UNPAID, OrderState.TO_SHIP, OrderState.SHIPPED)


class LostWebhooks:
    """An AliExpress store whose messages never arrive, and whose list may show an order late."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.mock = AliExpressMock(shop.clock, self._lost)
        self.account = self.mock.world.open_account()
        keys = {"app_key": self.account.app_key, "app_secret": self.account.app_secret}
        settings = AliExpressSettings.model_validate({**keys, "base_url": "http://mock", "auth_url": "http://mock"})
        tokens = Tokens(self.account.access_token, self.account.refresh_token)
        channel = adapter.connect(settings, wiring_for(FaultTransport(self.mock.asgi()), shop.clock, tokens)).channel
        assert channel is not None
        shop.channel = channel  # type: ignore[assignment]  # the port's own type
        shop.connect()
        self.hidden: list[VendorsOrder] = []

    async def _lost(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        return 0

    def sell(self, order_id: str) -> None:
        wish = Wish(self.shop.code(), 2, "1005000000000001", "19.90")
        buy(self.mock.world, self.account, Basket([wish], Home(), order_id=order_id))

    def hide(self, order_id: str) -> None:
        """The vendor has the order, but does not list it yet."""
        self.hidden.append(self.mock.world.orders.pop(int(order_id)))

    def show(self, *, made_before: datetime) -> None:
        for order in [order for order in self.hidden if order.created_at <= made_before]:
            self.mock.world.orders[order.order_id] = order
            self.hidden.remove(order)


async def test_row_26_three_hours_of_lost_webhooks_are_caught_up_by_the_poll_and_nothing_is_bought_twice(
    shop: Shop,
) -> None:
    await shop.list_offer()
    store = LostWebhooks(shop)
    began = shop.clock.now()
    sold: list[str] = []
    while shop.clock.now() < began + timedelta(hours=3):
        sold.append(str(int(ORDER) + len(sold)))
        store.sell(sold[-1])
        if len(sold) % 5 == 0:
            store.hide(sold[-1])
        store.show(made_before=shop.clock.now() - timedelta(hours=1))  # behind the cursor, inside the overlap
        shop.clock.advance(270)
        await shop.poll("orders.poll", "toys")
    store.show(made_before=shop.clock.now())

    await shop.pass_time(COOL_OFF)
    await shop.poll("orders.poll", "toys")
    await shop.pass_time(COOL_OFF)
    assert {row.order_id for row in await shop.db.read(kept)} == set(sold)

    for order_id in sold:  # and now the messages come after all
        await shop.hear_of(order_id)
    await shop.pass_time(COOL_OFF)
    bought = [order.out_order_id for order in shop.supplier.books.values()]
    assert len(bought) == len(set(bought)) == len(sold)


def kept(session: Session) -> list[OrderRow]:
    return list(session.scalars(select(OrderRow)))


async def tell(shop: Shop, state: OrderState) -> None:
    """A message that the order is in this state; only a hint, whatever it says."""
    event = VendorEvent(f"{state}", EventKind.ORDER_CHANGED, state, (ORDER,))
    await shop.db.run(inbox.accept, "toys", [event], b"{}", jobs_for, now=shop.clock.now())
    await shop.work()


async def is_in(shop: Shop, order: Order, state: OrderState) -> None:
    shop.clock.advance(1)
    shop.channel.books[ORDER] = replace(order, state=state, modified_at=shop.clock.now())


@pytest.mark.parametrize("arriving", list(permutations(MESSAGES)))
async def test_row_22_messages_out_of_order_converge_by_reading_again(
    shop: Shop, arriving: tuple[OrderState, ...]
) -> None:
    await shop.list_offer()
    order = await shop.sell(ORDER, state=OrderState.UNPAID)
    for now, told in zip(MESSAGES, arriving, strict=True):
        await is_in(shop, order, now)
        await tell(shop, told)
    await shop.pass_time(COOL_OFF)

    (row,) = await shop.db.read(kept)
    assert row.state == OrderState.SHIPPED
    assert not shop.supplier.books  # shipped by the seller, before the cool-off was over


@pytest.mark.parametrize("arriving", [(OrderState.TO_SHIP, OrderState.UNPAID), (OrderState.UNPAID, OrderState.TO_SHIP)])
async def test_row_22_a_payment_told_before_the_order_buys_it_once(
    shop: Shop, arriving: tuple[OrderState, ...]
) -> None:
    await shop.list_offer()
    order = await shop.sell(ORDER, state=OrderState.UNPAID)
    await is_in(shop, order, OrderState.TO_SHIP)
    for told in arriving:
        await tell(shop, told)
        await shop.pass_time(COOL_OFF)

    assert len(shop.supplier.books) == 1


async def test_row_22_an_answer_that_lags_never_overwrites_a_newer_one(shop: Shop) -> None:
    await shop.list_offer()
    old = await shop.sell(ORDER, state=OrderState.TO_SHIP)
    await is_in(shop, old, OrderState.SHIPPED)
    await tell(shop, OrderState.SHIPPED)
    newest = shop.channel.books[ORDER]
    shop.channel.books[ORDER] = old  # a replica behind answers
    await tell(shop, OrderState.TO_SHIP)

    (row,) = await shop.db.read(kept)
    assert (row.state, row.modified_at) == (OrderState.SHIPPED, newest.modified_at)
