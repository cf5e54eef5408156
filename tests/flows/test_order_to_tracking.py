"""From a buyer's order to a declared tracking number."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from syncbridge.errors import NotGranted, RateLimited, VendorDown
from syncbridge.flows import retry_queue
from syncbridge.model.orders import OrderState
from syncbridge.model.purchasing import PaymentResult, PurchaseDraft, RefusedLine, VendorOrderState
from syncbridge.store import purchases
from syncbridge.testing.builders import cny, make_offer, make_order_line, make_spec
from tests.flows.conftest import Shop

pytestmark = pytest.mark.anyio
COOL_OFF = 601


async def test_an_order_is_bought_paid_and_declared(shop: Shop) -> None:
    await shop.list_offer()
    order = await shop.sell()
    assert not shop.supplier.books

    await shop.pass_time(COOL_OFF)
    (bought,) = shop.supplier.books.values()
    assert bought.state is VendorOrderState.PAID
    assert bought.lines[0].quantity == 2

    shop.supplier.ship(bought.vendor_order_id, "YT1")
    await shop.poll("purchase.poll", "main")
    shop.forwards(bought.note.split()[-1])
    await shop.poll("fulfil.collect", "forwarder")

    assert [s.number for s in shop.channel.declarations[order.order_id]] == ["UR000000001YP"]
    assert shop.channel.books[order.order_id].state is OrderState.SHIPPED
    assert await shop.queue() == []


async def test_nothing_is_bought_during_the_cool_off(shop: Shop) -> None:
    await shop.list_offer()
    await shop.sell()
    await shop.pass_time(COOL_OFF - 10)
    assert not shop.supplier.books


async def test_the_same_order_told_three_times_is_bought_once(shop: Shop) -> None:
    await shop.list_offer()
    order = await shop.sell()
    await shop.hear_of(order.order_id)
    await shop.poll("orders.poll", "toys")
    await shop.pass_time(COOL_OFF)
    await shop.poll("orders.poll", "toys")
    await shop.pass_time(COOL_OFF)
    assert len(shop.supplier.books) == 1


async def test_an_order_no_webhook_told_of_is_found_by_the_poll(shop: Shop) -> None:
    await shop.list_offer()
    order = await shop.sell()
    shop.channel.books["8172481060036441"] = replace(order, order_id="8172481060036441")
    await shop.poll("orders.poll", "toys")
    await shop.pass_time(COOL_OFF)
    assert len(shop.supplier.books) == 2


async def test_a_lost_answer_is_looked_up_after_the_quarantine_and_adopted(shop: Shop) -> None:
    await shop.list_offer()
    await shop.sell()
    shop.supplier.lose_next = True
    await shop.pass_time(COOL_OFF)
    assert len(shop.supplier.books) == 1
    assert [entry.code for entry in await shop.queue()] == ["unknown"]

    await shop.pass_time(119)
    assert not next(iter(shop.supplier.books.values())).state.is_paid
    await shop.pass_time(2)
    (bought,) = shop.supplier.books.values()
    assert bought.state is VendorOrderState.PAID
    assert await shop.queue() == []


async def test_a_purchase_that_cannot_be_found_waits_for_a_person(shop: Shop) -> None:
    await shop.list_offer()
    await shop.sell()
    shop.supplier.lose_next = True
    await shop.pass_time(COOL_OFF)
    shop.supplier.books.clear()
    await shop.pass_time(121)
    (entry,) = await shop.queue()
    assert (entry.state, entry.code) == ("parked", "unknown")
    await shop.pass_time(100_000)
    assert not shop.supplier.books


async def test_two_fresh_look_ups_allow_a_second_try_where_the_account_says_so(shop: Shop) -> None:
    shop.set_account("main", resend_unknown=True)
    await shop.list_offer()
    await shop.sell()
    shop.supplier.lose_next = True
    await shop.pass_time(COOL_OFF)
    (lost,) = shop.supplier.books.values()
    shop.supplier.books.clear()
    shop.clock.advance(1)
    other = replace(lost, vendor_order_id="1", out_order_id="someone's", note="", created_at=shop.clock.now())
    shop.supplier.books["1"] = other
    await shop.pass_time(121)
    assert len(shop.supplier.books) == 1
    await shop.pass_time(121)
    assert Counter(order.out_order_id for order in shop.supplier.books.values()) == Counter(
        [lost.out_order_id, "someone's"]
    )


async def test_a_stale_list_never_allows_a_second_try(shop: Shop) -> None:
    shop.set_account("main", resend_unknown=True)
    await shop.list_offer()
    await shop.sell()
    shop.supplier.lose_next = True
    await shop.pass_time(COOL_OFF)
    shop.supplier.books.clear()
    await shop.pass_time(1000)
    assert not shop.supplier.books
    assert [entry.code for entry in await shop.queue()] == ["unknown"]


async def test_an_unrouted_line_keeps_the_order_and_shows_it(shop: Shop) -> None:
    await shop.list_offer()
    await shop.sell("8172481060036440", make_order_line(shop.code()), make_order_line("ZZ1", line_id="2"))
    await shop.pass_time(COOL_OFF)
    assert not shop.supplier.books
    (entry,) = await shop.queue()
    assert (entry.state, entry.code, entry.subject) == ("parked", "unrouted", "order toys/8172481060036440")
    assert "ZZ1" in entry.reason
    assert entry.ship_by is not None


async def test_a_repaired_order_is_bought_after_a_retry(shop: Shop) -> None:
    offer = make_offer()
    await shop.sell("8172481060036440", make_order_line(shop.code(0, offer)))
    (entry,) = await shop.queue()
    await shop.list_offer(offer)
    await shop.db.run(retry_queue.retry, entry.id, now=shop.clock.now())
    await shop.work()
    await shop.pass_time(COOL_OFF)
    assert len(shop.supplier.books) == 1


async def test_out_of_stock_is_parked_at_once(shop: Shop) -> None:
    await shop.list_offer()
    await shop.sell()
    shop.supplier.catalogue["676651652931"] = make_offer("676651652931", make_spec(1, stock=0), make_spec(2))
    await shop.pass_time(COOL_OFF)
    (entry,) = await shop.queue()
    assert (entry.state, entry.attempts) == ("parked", 1)
    assert "left" in entry.reason


async def test_an_account_without_the_right_buys_by_hand_and_the_order_is_adopted(shop: Shop) -> None:
    shop.supplier.grants_orders = False
    await shop.list_offer()
    await shop.sell()
    await shop.pass_time(COOL_OFF)
    (entry,) = await shop.queue()
    assert entry.state == "by_hand"

    (card,) = await shop.db.read(purchases.to_buy_by_hand)
    draft = PurchaseDraft(card.lines, card.relay, note=f"please print {card.mark}")
    bought = shop.supplier.bought_on_the_page(draft, total=cny("40.00"))
    await shop.supplier.pay([bought.vendor_order_id])
    await shop.poll("purchase.poll", "main")
    assert await shop.queue() == []
    (adopted,) = await shop.db.read(purchases.of_order, "toys", "8172481060036440")
    assert adopted.state == "paid"


async def test_a_loss_is_held_with_its_figures(shop: Shop) -> None:
    await shop.list_offer()
    dear = make_offer("676651652931", make_spec(1, cost="130.00"), make_spec(2))
    await shop.sell()
    shop.supplier.catalogue["676651652931"] = dear
    await shop.pass_time(COOL_OFF)
    (entry,) = await shop.queue()
    assert entry.code == "margin"
    assert "profit" in entry.reason
    assert not shop.supplier.books


async def test_a_cancelled_order_is_not_bought(shop: Shop) -> None:
    await shop.list_offer()
    order = await shop.sell()
    shop.channel.books[order.order_id] = replace(order, state=OrderState.FINISHED)
    await shop.pass_time(COOL_OFF)
    assert not shop.supplier.books


async def test_a_buyer_who_asks_to_cancel_stops_the_purchase(shop: Shop) -> None:
    await shop.list_offer()
    order = await shop.sell()
    shop.channel.books[order.order_id] = replace(order, state=OrderState.CANCELLING)
    await shop.pass_time(COOL_OFF)
    assert not shop.supplier.books
    assert [entry.code for entry in await shop.queue()] == ["cancelling"]


async def test_without_a_cap_nothing_is_bought(shop: Shop) -> None:
    shop.set_account("main", daily_cap=None)
    await shop.list_offer()
    await shop.sell()
    await shop.pass_time(COOL_OFF)
    assert not shop.supplier.books
    assert [entry.code for entry in await shop.queue()] == ["no_cap"]


async def test_the_cap_of_the_day_holds_the_purchase_that_would_pass_it(shop: Shop) -> None:
    shop.set_account("main", daily_cap=cny("40.00"))
    await shop.list_offer()
    await shop.sell("8172481060036440")
    await shop.sell("8172481060036441")
    await shop.pass_time(COOL_OFF)
    assert len(shop.supplier.books) == 1
    assert [entry.code for entry in await shop.queue()] == ["cap"]


async def test_a_dearer_vendor_order_is_not_paid(shop: Shop) -> None:
    await shop.list_offer()
    await shop.sell()
    place = shop.supplier.place

    async def raise_price(*args: object, **kwargs: object) -> object:
        placement = await place(*args, **kwargs)  # type: ignore[arg-type]
        (order,) = shop.supplier.books.values()
        shop.supplier.books[order.vendor_order_id] = replace(order, total=cny("99.00"))
        return placement

    shop.supplier.place = raise_price  # type: ignore[method-assign, assignment]
    await shop.pass_time(COOL_OFF)
    (order,) = shop.supplier.books.values()
    assert order.state is VendorOrderState.UNPAID
    assert [entry.code for entry in await shop.queue()] == ["price_changed"]


async def test_a_domestic_number_is_never_declared(shop: Shop) -> None:
    await shop.list_offer()
    order = await shop.sell()
    await shop.pass_time(COOL_OFF)
    (bought,) = shop.supplier.books.values()
    shop.supplier.ship(bought.vendor_order_id, "UR000000009YP")
    await shop.poll("purchase.poll", "main")
    shop.forwards(bought.note.split()[-1], "UR000000009YP")
    await shop.poll("fulfil.collect", "forwarder")
    assert order.order_id not in shop.channel.declarations
    assert [entry.code for entry in await shop.queue()] == ["tracking_refused"]


async def test_a_number_in_a_wrong_format_is_not_declared(shop: Shop) -> None:
    await shop.list_offer()
    order = await shop.sell()
    await shop.pass_time(COOL_OFF)
    (bought,) = shop.supplier.books.values()
    shop.forwards(bought.note.split()[-1], "nonsense")
    await shop.poll("fulfil.collect", "forwarder")
    assert order.order_id not in shop.channel.declarations
    (entry,) = await shop.queue()
    assert "does not look like" in entry.reason


async def test_a_lost_answer_to_a_declaration_is_read_back_and_not_repeated(shop: Shop) -> None:
    await shop.list_offer()
    order = await shop.sell()
    await shop.pass_time(COOL_OFF)
    (bought,) = shop.supplier.books.values()
    shop.forwards(bought.note.split()[-1])
    shop.channel.lose_next = True
    await shop.poll("fulfil.collect", "forwarder")
    await shop.pass_time(61)
    assert len(shop.channel.declarations[order.order_id]) == 1
    assert await shop.queue() == []


async def test_a_rate_limit_costs_no_attempt(shop: Shop) -> None:
    await shop.list_offer()
    await shop.sell()
    shop.supplier.limit_next = True
    await shop.pass_time(COOL_OFF)
    (entry,) = await shop.queue()
    assert entry.attempts == 0
    await shop.pass_time(2)
    assert len(shop.supplier.books) == 1


async def test_a_purchase_the_supplier_cancels_goes_back_to_the_queue_and_may_be_bought_again(shop: Shop) -> None:
    await shop.list_offer()
    await shop.sell()
    await shop.pass_time(COOL_OFF)
    (bought,) = shop.supplier.books.values()
    shop.clock.advance(5)
    gone = replace(bought, state=VendorOrderState.CANCELLED, modified_at=shop.clock.now())
    shop.supplier.books[bought.vendor_order_id] = gone
    await shop.poll("purchase.poll", "main")
    (entry,) = await shop.queue()
    assert (entry.state, entry.code) == ("parked", "vendor_cancelled")

    await shop.db.run(retry_queue.retry, entry.id, now=shop.clock.now())
    await shop.work()
    assert [order.state for order in shop.supplier.books.values()] == [
        VendorOrderState.CANCELLED,
        VendorOrderState.PAID,
    ]
    assert await shop.queue() == []


async def test_a_poll_that_fails_is_shown_until_the_next_one_succeeds(shop: Shop) -> None:
    orders = shop.channel.orders

    def down(**_: object) -> object:
        raise VendorDown("the list does not answer", vendor="memory", code="down")

    shop.channel.orders = down  # type: ignore[method-assign, assignment]  # an outage
    await shop.poll("orders.poll", "toys")
    await shop.poll("orders.poll", "toys")
    assert [(entry.what, entry.state) for entry in await shop.queue()] == [("orders.poll", "parked")]
    shop.channel.orders = orders  # type: ignore[method-assign]  # it is back
    await shop.poll("orders.poll", "toys")
    assert await shop.queue() == []


async def test_what_a_person_bought_and_did_not_pay_is_left_to_the_person(shop: Shop) -> None:
    shop.supplier.grants_orders = False
    await shop.list_offer()
    await shop.sell()
    await shop.pass_time(COOL_OFF)
    (card,) = await shop.db.read(purchases.to_buy_by_hand)
    draft = PurchaseDraft(card.lines, card.relay, note=f"please print {card.mark}")
    bought = shop.supplier.bought_on_the_page(draft, total=cny("40.00"))
    await shop.poll("purchase.poll", "main")
    assert shop.supplier.books[bought.vendor_order_id].state is VendorOrderState.UNPAID
    await shop.supplier.pay([bought.vendor_order_id])
    await shop.poll("purchase.poll", "main")
    (adopted,) = await shop.db.read(purchases.of_order, "toys", "8172481060036440")
    assert adopted.state == "paid"


async def test_a_restored_backup_finds_what_it_bought_before_it_buys_again(shop: Shop) -> None:
    await shop.list_offer()
    await shop.sell()
    (intended,) = await shop.db.read(purchases.of_order, "toys", "8172481060036440")
    draft = PurchaseDraft(intended.lines, intended.relay, note=f"唛头 {intended.mark}")
    shop.supplier.bought_on_the_page(draft, total=cny("32.80"), out_order_id=intended.out_order_id)
    await shop.poll("purchase.poll", "main")
    await shop.pass_time(COOL_OFF)
    (order,) = shop.supplier.books.values()
    assert order.state is VendorOrderState.PAID


async def test_an_account_that_may_not_even_quote_buys_by_hand(shop: Shop) -> None:
    async def declined(_: object) -> object:
        raise NotGranted("the app may not call this API", vendor="memory", code="acl")

    await shop.list_offer()
    await shop.sell()
    shop.supplier.preview = declined  # type: ignore[method-assign, assignment]  # no trade API at all
    await shop.pass_time(COOL_OFF)
    assert [entry.state for entry in await shop.queue()] == ["by_hand"]


async def test_an_order_paid_on_the_page_leaves_the_queue(shop: Shop) -> None:
    pay = shop.supplier.pay

    async def declined(_: object) -> object:
        raise NotGranted("no withholding was agreed", vendor="memory", code="acl")

    await shop.list_offer()
    await shop.sell()
    shop.supplier.pay = declined  # type: ignore[method-assign, assignment]  # the seller pays on the page
    await shop.pass_time(COOL_OFF)
    assert [entry.what for entry in await shop.queue()] == ["purchase.pay"]
    shop.clock.advance(5)
    await pay(list(shop.supplier.books))
    await shop.poll("purchase.poll", "main")
    assert await shop.queue() == []


async def test_a_payment_whose_re_read_fails_is_not_repeated_before_the_quarantine(shop: Shop) -> None:
    await shop.list_offer()
    await shop.sell()
    pay, order, paid = shop.supplier.pay, shop.supplier.order, []

    async def counted(ids: list[str]) -> object:
        paid.append(ids)
        return PaymentResult(tuple(ids))  # taken, and slow to show

    async def limited_after(vendor_order_id: str) -> object:
        if len(paid) == 1:
            raise RateLimited("too many calls", vendor="memory", code="limit", retry_after=1.0)
        return await order(vendor_order_id)

    shop.supplier.pay, shop.supplier.order = counted, limited_after  # type: ignore[method-assign, assignment]
    await shop.pass_time(COOL_OFF)
    await shop.pass_time(60)
    assert len(paid) == 1
    shop.supplier.pay, shop.supplier.order = pay, order  # type: ignore[method-assign]
    await pay(list(shop.supplier.books))
    await shop.pass_time(61)
    assert await shop.queue() == []


async def test_an_order_with_a_line_left_out_is_never_declared_whole(shop: Shop) -> None:
    await shop.list_offer()
    lines = make_order_line(shop.code(0), 2), make_order_line(shop.code(1), 1, line_id="2")
    order = await shop.sell("8172481060036440", *lines)
    place = shop.supplier.place

    async def without_the_second(draft: PurchaseDraft, **kwargs: object) -> object:
        placement = await place(replace(draft, lines=draft.lines[:1]), **kwargs)  # type: ignore[arg-type]
        return replace(placement, refused=(RefusedLine(draft.lines[1], "stock", "sold out"),))

    shop.supplier.place = without_the_second  # type: ignore[method-assign, assignment]
    await shop.pass_time(COOL_OFF)
    (bought,) = shop.supplier.books.values()
    shop.forwards(bought.note.split()[-1])
    await shop.poll("fulfil.collect", "forwarder")
    assert shop.channel.books[order.order_id].state is OrderState.PART_SHIPPED
