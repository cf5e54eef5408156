"""A database of yesterday does not know what was bought since; the suppliers' own ledgers do."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest

from syncbridge.errors import VendorDown
from syncbridge.flows import start
from syncbridge.model.orders import OrderState
from syncbridge.model.paging import Cursor, Page
from syncbridge.model.purchasing import PlacedOrder, PurchaseState
from syncbridge.store import purchases
from tests.flows.conftest import Shop

pytestmark = pytest.mark.anyio
COOL_OFF = 601


async def live_on(shop: Shop) -> None:
    """Half a day with all polls."""
    for _ in range(10):
        for kind, account in (("orders.poll", "toys"), ("purchase.poll", "main"), ("fulfil.collect", "forwarder")):
            await shop.poll(kind, account)
        await shop.pass_time(4000)


async def test_row_47_a_purchase_the_backup_only_intended_is_adopted_and_not_bought_again(shop: Shop) -> None:
    await shop.list_offer()
    await shop.sell()
    await shop.db.run(start.beat, now=shop.clock.now())
    backup = shop.back_up()
    await shop.pass_time(COOL_OFF)
    assert len(shop.supplier.books) == 1

    await shop.restore(backup)
    await live_on(shop)
    assert len(shop.supplier.books) == 1
    assert (await shop.db.read(purchases.get, 1)).state is PurchaseState.PAID
    assert await shop.queue() == []


async def test_row_47_an_order_the_backup_never_saw_is_not_bought_again(shop: Shop) -> None:
    await shop.list_offer()
    await shop.db.run(start.beat, now=shop.clock.now())
    backup = shop.back_up()
    await shop.sell()
    await shop.pass_time(COOL_OFF)
    assert len(shop.supplier.books) == 1

    await shop.restore(backup)
    await live_on(shop)
    assert len(shop.supplier.books) == 1
    assert (await shop.db.read(purchases.get, 1)).state is PurchaseState.PAID
    assert await shop.queue() == []


@pytest.mark.parametrize(("beaten", "told"), [(False, "refund_waiting"), (True, "vendor_order_extra")])
async def test_row_47_what_was_bought_for_an_order_that_is_cancelled_by_then_is_not_passed_over(
    shop: Shop, beaten: bool, told: str
) -> None:
    await shop.list_offer()
    if beaten:  # the ledger is read only after the quarantine, and the order before it
        await shop.db.run(start.beat, now=shop.clock.now())
    backup = shop.back_up()
    order = await shop.sell()
    await shop.pass_time(COOL_OFF)
    cancelled_at = shop.clock.now() + timedelta(seconds=1)
    shop.channel.books[order.order_id] = replace(order, state=OrderState.CANCELLED, modified_at=cancelled_at)

    await shop.restore(backup)
    await live_on(shop)

    assert [entry.code for entry in await shop.queue()] == [told]


async def test_row_47_what_a_quick_restore_finds_before_it_knows_the_order_is_not_bought_again(shop: Shop) -> None:
    await shop.list_offer()
    backup = shop.back_up()  # with no sign of life in it: the first reading counts at once
    await shop.sell()
    await shop.pass_time(COOL_OFF)
    (bought,) = shop.supplier.books.values()

    await shop.restore(backup)
    await shop.hear_of("8172481060036440")
    await live_on(shop)
    assert len(shop.supplier.books) == 1
    assert bought.out_order_id == (await shop.db.read(purchases.get, 1)).out_order_id
    assert await shop.queue() == []


async def test_row_47_nothing_is_sent_from_a_restored_backup_before_the_ledger_was_read(shop: Shop) -> None:
    await shop.list_offer()
    await shop.sell()
    await shop.db.run(start.beat, now=shop.clock.now())
    backup = shop.back_up()
    await shop.pass_time(COOL_OFF)
    shop.supplier.books.clear()  # the supplier lists it late

    await shop.restore(backup)
    await shop.pass_time(100)
    assert not shop.supplier.books
    assert [entry.code for entry in await shop.queue()] == ["ledger_unread"]


async def test_row_47_a_ledger_read_by_a_clock_since_set_back_is_read_again_before_anything_is_sent(shop: Shop) -> None:
    await shop.list_offer()
    await shop.sell()
    await shop.poll("purchase.poll", "main")
    backup = shop.back_up()
    shop.clock.advance(-300)
    shop.supplier.orders = unread  # type: ignore[method-assign]

    await shop.restore(backup)
    await shop.pass_time(1000)  # the cool-off is over

    assert not shop.supplier.books
    assert "ledger_unread" in {entry.code for entry in await shop.queue()}


async def unread(*, since: Cursor | None) -> AsyncIterator[Page[PlacedOrder]]:
    """A supplier whose list does not come."""
    raise VendorDown("no list now", vendor="memory", code="down")
    yield  # type: ignore[unreachable]  # makes it a generator


async def test_row_47_what_was_shipped_and_declared_since_is_not_declared_again(shop: Shop) -> None:
    await shop.list_offer()
    order = await shop.sell()
    await shop.db.run(start.beat, now=shop.clock.now())
    backup = shop.back_up()
    await shop.pass_time(COOL_OFF)
    (bought,) = shop.supplier.books.values()
    shop.supplier.ship(bought.vendor_order_id, "YT1")
    await shop.poll("purchase.poll", "main")
    shop.forwards(bought.note.split()[-1])
    await shop.poll("fulfil.collect", "forwarder")
    assert len(shop.channel.declarations[order.order_id]) == 1

    await shop.restore(backup)
    await live_on(shop)
    assert len(shop.supplier.books) == 1
    assert len(shop.channel.declarations[order.order_id]) == 1
    assert (await shop.db.read(purchases.get, 1)).state is PurchaseState.DECLARED
