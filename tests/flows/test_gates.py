"""What stands between an order and the money, and how a person lets it pass."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest

from syncbridge.errors import NotGranted
from syncbridge.flows import start
from syncbridge.model.orders import BuyerAddress, OrderState
from syncbridge.model.paging import Cursor, Page
from syncbridge.model.purchasing import PlacedOrder, PurchaseState, VendorOrderState
from syncbridge.store import holds, purchases
from syncbridge.testing.builders import cny, make_offer, make_order_line
from tests.flows.conftest import Shop, dollars

pytestmark = pytest.mark.anyio
COOL_OFF = 601
ORDER = "8172481060036440"


async def sell_at_a_loss(shop: Shop) -> None:
    await shop.list_offer()
    await shop.sell(ORDER, replace(make_order_line(shop.code(), 2), price=dollars("0.50")))
    await shop.pass_time(COOL_OFF)


async def let_pass(shop: Shop, code: str) -> None:
    """A person approves what the queue shows."""
    (entry,) = await shop.queue()
    assert entry.code == code
    figures = await shop.db.read(holds.open_figures, [f"order toys/{ORDER}"])
    await shop.db.run(purchases.approve, 1, code, figures[code, f"order toys/{ORDER}"]["limit"])
    await shop.db.run(shop.retry, entry.id)
    await shop.work()


async def test_nothing_is_bought_before_the_ledger_was_read_since_the_start(shop: Shop) -> None:
    await shop.list_offer()
    shop.born = shop.clock.now() + timedelta(seconds=700)
    shop.connect()
    await shop.sell()
    await shop.pass_time(COOL_OFF)
    assert not shop.supplier.books
    assert [entry.code for entry in await shop.queue()] == ["ledger_unread"]


async def test_what_waited_for_the_ledger_is_bought_as_soon_as_it_was_read(shop: Shop) -> None:
    await shop.list_offer()
    shop.born = shop.clock.now() + timedelta(seconds=605)
    shop.connect()
    await shop.sell()
    await shop.pass_time(COOL_OFF)
    shop.clock.advance(5)
    await shop.poll("purchase.poll", "main")
    assert len(shop.supplier.books) == 1


async def test_a_reading_begun_before_the_start_proves_nothing(shop: Shop) -> None:
    await shop.list_offer()
    await shop.sell()
    await shop.poll("purchase.poll", "main")
    shop.born = shop.clock.now() + timedelta(seconds=1)
    shop.connect()
    await shop.pass_time(COOL_OFF)
    assert not shop.supplier.books


async def test_an_account_that_may_not_list_its_orders_is_bought_from_by_hand(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def not_granted(*, since: object) -> AsyncIterator[Page[PlacedOrder]]:
        raise NotGranted("not for this account", vendor="memory", code="acl")
        yield Page((), Cursor(""))  # type: ignore[unreachable]  # makes it a generator

    await shop.list_offer()
    shop.born = shop.clock.now() + timedelta(seconds=1)
    shop.connect()
    await shop.sell()
    await shop.pass_time(COOL_OFF)
    monkeypatch.setattr(shop.supplier, "orders", not_granted)
    await shop.poll("purchase.poll", "main")
    assert not shop.supplier.books
    assert [entry.state for entry in await shop.queue()] == ["by_hand"]


async def test_after_a_short_stop_the_first_reading_counts_at_once(shop: Shop) -> None:
    now = shop.clock.now()
    await shop.db.run(start.beat, now=now - timedelta(seconds=100))
    assert await shop.db.read(start.ledger_from, quarantine=timedelta(seconds=120), now=now) == now


@pytest.mark.parametrize("seconds_ago", [121, -1], ids=["a long stop", "a clock set back"])
async def test_after_a_stop_of_unknown_length_only_a_reading_after_the_quarantine_counts(
    shop: Shop, seconds_ago: int
) -> None:
    now, quarantine = shop.clock.now(), timedelta(seconds=120)
    await shop.db.run(start.beat, now=now - timedelta(seconds=seconds_ago))
    assert await shop.db.read(start.ledger_from, quarantine=quarantine, now=now) == now + quarantine


async def test_a_start_asks_for_the_ledger_of_every_supplier(shop: Shop) -> None:
    await shop.list_offer()
    await shop.sell()
    shop.born = shop.clock.now() + timedelta(seconds=300)
    shop.connect()
    await shop.db.run(start.begin, shop.bridge)
    await shop.pass_time(301)
    await shop.pass_time(COOL_OFF)
    assert len(shop.supplier.books) == 1


async def test_a_loss_is_bought_once_a_person_let_it_pass(shop: Shop) -> None:
    await sell_at_a_loss(shop)
    assert not shop.supplier.books
    await let_pass(shop, "margin")
    assert len(shop.supplier.books) == 1


async def test_an_approval_holds_for_the_figure_shown_and_no_worse_one(shop: Shop) -> None:
    await sell_at_a_loss(shop)
    offer = make_offer()
    dearer = replace(offer, specs=tuple(replace(spec, cost=cny("30.00")) for spec in offer.specs))
    shop.supplier.catalogue[offer.offer_id] = dearer
    await let_pass(shop, "margin")
    assert not shop.supplier.books
    assert [entry.code for entry in await shop.queue()] == ["margin"]


async def test_a_price_risen_after_the_purchase_is_paid_once_a_person_let_it_pass(shop: Shop) -> None:
    await shop.list_offer()
    shop.supplier.lose_next = True
    await shop.sell(ORDER)
    await shop.pass_time(COOL_OFF)
    (bought,) = shop.supplier.books.values()
    shop.supplier.books[bought.vendor_order_id] = replace(bought, total=bought.total + cny("1.00"))
    await shop.pass_time(121)
    assert next(iter(shop.supplier.books.values())).state is VendorOrderState.UNPAID
    await let_pass(shop, "price_changed")
    assert next(iter(shop.supplier.books.values())).state is VendorOrderState.PAID


@pytest.mark.parametrize("state", [OrderState.CANCELLING, OrderState.DISPUTED, OrderState.OTHER, OrderState.FROZEN])
async def test_what_waits_for_the_order_goes_on_when_the_order_wants_goods_again(shop: Shop, state: OrderState) -> None:
    await shop.list_offer()
    order = await shop.sell(ORDER)
    shop.channel.books[ORDER] = replace(order, state=state, modified_at=shop.clock.now())
    await shop.pass_time(COOL_OFF)
    assert not shop.supplier.books

    shop.channel.books[ORDER] = replace(order, modified_at=shop.clock.now())
    await shop.hear_of(ORDER)
    assert len(shop.supplier.books) == 1


async def test_an_order_in_dispute_is_asked_about_and_not_given_up(shop: Shop) -> None:
    await shop.list_offer()
    order = await shop.sell(ORDER)
    shop.channel.books[ORDER] = replace(order, state=OrderState.DISPUTED, modified_at=shop.clock.now())
    await shop.pass_time(COOL_OFF)
    assert [entry.code for entry in await shop.queue()] == ["disputed"]
    assert (await shop.db.read(purchases.get, 1)).state is PurchaseState.INTENDED


async def test_row_39_an_address_changed_after_the_purchase_is_seen_before_the_payment(shop: Shop) -> None:
    await shop.list_offer()
    home = BuyerAddress("Ana García", "612345678", "ES", "Madrid", "Madrid", "28001", "Calle Mayor 1")
    shop.supplier.lose_next = True
    order = await shop.sell(ORDER, address=home)
    await shop.pass_time(COOL_OFF)
    moved = replace(order, address=replace(home, street="Gran Vía 2"), modified_at=shop.clock.now())
    shop.channel.books[ORDER] = moved
    await shop.pass_time(121)
    assert next(iter(shop.supplier.books.values())).state is VendorOrderState.UNPAID

    await let_pass(shop, "address_changed")
    assert next(iter(shop.supplier.books.values())).state is VendorOrderState.PAID
