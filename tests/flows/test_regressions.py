"""Things that once went wrong between an order and its purchases."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlmodel import Session

from syncbridge.errors import (
    AccessExpired,
    OutcomeUnknown,
    OutOfStock,
    RateLimited,
    Rejected,
    SyncBridgeError,
    VendorDown,
)
from syncbridge.flows import retry_queue
from syncbridge.model.orders import OrderStage, OrderState
from syncbridge.model.purchasing import Placement, PurchaseState, VendorOrderState
from syncbridge.queue import job as jobs
from syncbridge.queue.job import NewJob
from syncbridge.rules.mapping import BuyMode
from syncbridge.store import orders, purchases
from syncbridge.testing.builders import cny, make_offer, make_order_line
from tests.flows.conftest import ROUTE, Shop

pytestmark = pytest.mark.anyio
COOL_OFF = 601
QUARANTINE = 121
ORDER = "8172481060036440"


async def test_a_rate_limit_at_the_purchase_itself_costs_no_attempt(shop: Shop) -> None:
    await shop.list_offer()
    await shop.sell()
    place = shop.supplier.place

    async def limited(*_: object, **__: object) -> Placement:
        shop.supplier.place = place  # type: ignore[method-assign]  # once
        raise RateLimited("too many calls", vendor="memory", code="limit", retry_after=1.0)

    shop.supplier.place = limited  # type: ignore[method-assign]  # the quota is used up
    await shop.pass_time(COOL_OFF)

    assert [entry.attempts for entry in await shop.queue()] == [0]
    await shop.pass_time(2)
    assert len(shop.supplier.books) == 1


async def test_a_token_refused_at_the_purchase_is_a_clear_no_and_it_is_bought_after_the_pause(shop: Shop) -> None:
    await shop.list_offer()
    await shop.sell()
    place = shop.supplier.place

    async def refused(*_: object, **__: object) -> Placement:
        shop.supplier.place = place  # type: ignore[method-assign]  # authorised again meanwhile
        raise AccessExpired("the token is over", vendor="memory", code="token")

    shop.supplier.place = refused  # type: ignore[method-assign]  # the token is over
    await shop.pass_time(COOL_OFF)
    await shop.pass_time(3601)

    assert await shop.queue() == []
    assert len(shop.supplier.books) == 1


async def test_a_stores_expired_token_does_not_pause_the_supplier(shop: Shop) -> None:
    await shop.list_offer()
    await shop.sell()

    async def refused(_: str) -> object:
        raise AccessExpired("the store must be authorised again", vendor="memory", code="token")

    shop.channel.order = refused  # type: ignore[method-assign, assignment]  # the store's token is over
    await shop.pass_time(COOL_OFF)
    now = shop.clock.now()
    other = NewJob("purchase.follow", "follow", "main", now, now, args={"vendor_order": "1"})
    await shop.db.run(jobs.enqueue, [other], now=now)

    assert len(await shop.db.read(jobs.due, now=now, most=10)) == 1


async def test_all_parts_of_a_lost_purchase_are_adopted_whoever_sees_them_first(shop: Shop) -> None:
    await shop.list_offer()
    await shop.sell()
    place = shop.supplier.place

    async def in_two_parts(*args: object, **kwargs: object) -> Placement:
        placement = await place(*args, **kwargs)  # type: ignore[arg-type]  # as called
        (first,) = placement.orders
        shop.supplier.books[first.vendor_order_id] = replace(first, total=cny("20.00"))
        shop.supplier.books["2"] = replace(first, vendor_order_id="2", total=cny("12.80"))
        raise OutcomeUnknown("no answer to the purchase", vendor="memory", code="no_answer")

    shop.supplier.place = in_two_parts  # type: ignore[method-assign]  # the supplier splits the order
    await shop.pass_time(COOL_OFF)
    await shop.poll("purchase.poll", "main")
    await shop.pass_time(QUARANTINE)

    assert {order.state for order in shop.supplier.books.values()} == {VendorOrderState.PAID}
    assert await shop.db.read(purchases.figures) == {"paid": 1}


async def test_a_purchase_found_after_its_attempts_were_used_up_leaves_the_queue(shop: Shop) -> None:
    await shop.list_offer()
    await shop.sell()
    shop.supplier.lose_next = True
    await shop.pass_time(COOL_OFF)
    find = shop.supplier.find

    async def down(*_: object, **__: object) -> object:
        raise VendorDown("the list does not answer", vendor="memory", code="down")

    shop.supplier.find = down  # type: ignore[method-assign, assignment]  # for days
    for _ in range(9):
        await shop.pass_time(24 * 3600)
    assert [entry.state for entry in await shop.queue()] == ["parked"]
    shop.supplier.find = find  # type: ignore[method-assign]  # it is back
    await shop.poll("purchase.poll", "main")

    assert await shop.queue() == []
    assert await shop.db.read(purchases.figures) == {"paid": 1}


async def test_an_order_is_in_the_queue_once_however_often_it_is_told(shop: Shop) -> None:
    await shop.sell(ORDER, make_order_line("ZZ1"))
    shop.clock.advance(1)
    await shop.hear_of(ORDER)

    assert [entry.code for entry in await shop.queue()] == ["unrouted"]


async def test_an_order_cancelled_before_it_was_read_is_not_waited_for(shop: Shop) -> None:
    await shop.sell(ORDER, make_order_line("ZZ1"), state=OrderState.CANCELLED)

    assert await shop.db.read(orders.stage_of, "toys", ORDER) is OrderStage.ENDED
    assert await shop.queue() == []


async def test_an_order_that_found_its_route_by_itself_leaves_the_queue(shop: Shop) -> None:
    await shop.sell(ORDER, make_order_line(shop.code()))
    await shop.list_offer()
    shop.clock.advance(1)
    await shop.hear_of(ORDER)
    await shop.pass_time(COOL_OFF)

    assert len(shop.supplier.books) == 1
    assert await shop.queue() == []


async def test_a_purchase_the_supplier_refused_and_a_person_dropped_frees_the_cap(shop: Shop) -> None:
    shop.set_account("main", daily_cap=cny("40.00"))
    await shop.list_offer()
    await shop.sell("1")
    place = shop.supplier.place

    async def sold_out(*_: object, **__: object) -> Placement:
        shop.supplier.place = place  # type: ignore[method-assign]  # once
        raise OutOfStock("only 1 left", vendor="memory", code="stock")

    shop.supplier.place = sold_out  # type: ignore[method-assign]  # sold out meanwhile
    await shop.pass_time(COOL_OFF)
    (entry,) = await shop.queue()
    await shop.db.run(retry_queue.drop, entry.id, why="sold out", now=shop.clock.now())
    await shop.sell("2")
    await shop.pass_time(COOL_OFF)

    assert await shop.queue() == []
    assert len(shop.supplier.books) == 1


async def test_lines_that_go_to_other_places_are_not_bought_together(shop: Shop) -> None:
    by_hand = replace(ROUTE, name="fragile", prefix="TYX", goods_code="X", buy=BuyMode.BY_HAND)
    shop.rules = replace(shop.rules, routes=(ROUTE, by_hand))
    shop.connect()
    plain, fragile = make_offer("1"), make_offer("2", goods_code="X1")
    await shop.list_offer(plain)
    await shop.list_offer(fragile)
    codes = sorted(sku.sku_code for listing in shop.channel.shop.values() for sku in listing.skus)
    lines = [make_order_line(next(c for c in codes if not c.startswith("TYX")), line_id="1")]
    lines += [make_order_line(next(c for c in codes if c.startswith("TYX")), line_id="2")]
    await shop.sell(ORDER, *lines)
    await shop.pass_time(COOL_OFF)

    bought = await shop.db.read(purchases.of_order, "toys", ORDER)
    assert sorted((purchase.route, purchase.state) for purchase in bought) == [
        ("fragile", PurchaseState.BY_HAND),
        ("toys", PurchaseState.PAID),
    ]


async def test_a_route_that_is_gone_is_told_in_plain_words(shop: Shop) -> None:
    await shop.list_offer()
    await shop.sell()
    shop.rules = replace(shop.rules, routes=(replace(ROUTE, name="renamed"),))
    shop.connect()
    await shop.pass_time(COOL_OFF)

    (entry,) = await shop.queue()
    assert entry.state == "parked"
    assert "toys" in entry.reason


async def test_a_parcel_of_a_route_that_is_gone_does_not_stop_the_others(shop: Shop) -> None:
    await shop.list_offer()
    order = await shop.sell()
    await shop.pass_time(COOL_OFF)
    (bought,) = shop.supplier.books.values()
    shop.rules = replace(shop.rules, routes=(replace(ROUTE, name="renamed"),))
    shop.connect()
    shop.forwards(bought.note.split()[-1])
    await shop.poll("fulfil.collect", "forwarder")

    assert order.order_id not in shop.channel.declarations
    assert "toys" in str(await shop.queue())


async def test_a_payment_that_does_not_show_is_looked_at_again(shop: Shop) -> None:
    await shop.list_offer()
    await shop.sell()
    order = shop.supplier.order

    async def unpaid(vendor_order_id: str) -> object:
        return replace(await order(vendor_order_id), state=VendorOrderState.UNPAID)

    shop.supplier.order = unpaid  # type: ignore[method-assign, assignment]  # the payment is slow to show
    await shop.pass_time(COOL_OFF)

    assert [entry.what for entry in await shop.queue()] == ["purchase.pay"]


async def test_a_vendor_order_that_was_cancelled_unseen_is_shown(shop: Shop) -> None:
    await shop.list_offer()
    await shop.sell()
    shop.supplier.lose_next = True
    await shop.pass_time(COOL_OFF)
    (lost,) = shop.supplier.books.values()
    shop.supplier.books[lost.vendor_order_id] = replace(lost, state=VendorOrderState.CANCELLED)
    await shop.pass_time(QUARANTINE)

    assert len(await shop.queue()) == 1


async def test_a_retry_does_not_wait_for_a_payment_that_was_clearly_refused(shop: Shop) -> None:
    await shop.list_offer()
    await shop.sell()
    pay = shop.supplier.pay

    async def refused(_: object) -> object:
        raise Rejected("the balance is too low", vendor="memory", code="balance")

    shop.supplier.pay = refused  # type: ignore[method-assign, assignment]  # no money
    await shop.pass_time(COOL_OFF)
    (entry,) = await shop.queue()
    shop.supplier.pay = pay  # type: ignore[method-assign]  # topped up
    await shop.db.run(retry_queue.retry, entry.id, now=shop.clock.now())
    await shop.pass_time(1)

    assert await shop.queue() == []
    assert {order.state for order in shop.supplier.books.values()} == {VendorOrderState.PAID}


async def test_a_purchase_by_hand_is_an_entry_that_can_be_dropped(shop: Shop) -> None:
    shop.supplier.grants_orders = False
    await shop.list_offer()
    await shop.sell()
    await shop.pass_time(COOL_OFF)
    (entry,) = await shop.queue()

    def drop(session: Session) -> str:
        try:
            retry_queue.drop(session, entry.id, why="sold out", now=shop.clock.now())
        except SyncBridgeError as error:
            return str(error)
        return ""

    assert "there is no entry" not in await shop.db.run(drop)
