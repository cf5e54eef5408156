"""An order that is cancelled on the channel: what was bought for it is taken back, at whatever stage it was."""

from __future__ import annotations

from dataclasses import replace

import pytest

from syncbridge.errors import NotGranted, Rejected, Transient
from syncbridge.flows import withdraw
from syncbridge.model.orders import OrderStage, OrderState
from syncbridge.model.purchasing import PurchaseDraft, PurchaseState, VendorOrderState
from syncbridge.store import holds, orders, purchases, timeline
from syncbridge.testing.builders import cny
from tests.flows.conftest import Shop

pytestmark = pytest.mark.anyio
COOL_OFF = 601
ORDER = "8172481060036440"
REFUND_WAIT = withdraw.REFUND_WAIT.total_seconds()


async def buy(shop: Shop) -> str:
    """An order is bought and paid; answers the vendor order's id."""
    await shop.list_offer()
    await shop.sell(ORDER)
    await shop.pass_time(COOL_OFF)
    (vendor_order_id,) = shop.supplier.books
    return vendor_order_id


async def leave_unpaid(shop: Shop) -> str:
    """An order is bought, and its payment held, since the price rose."""
    await shop.list_offer()
    shop.supplier.lose_next = True
    await shop.sell(ORDER)
    await shop.pass_time(COOL_OFF)
    (bought,) = shop.supplier.books.values()
    shop.supplier.books[bought.vendor_order_id] = replace(bought, total=bought.total + cny("1.00"))
    await shop.pass_time(121)
    assert [entry.code for entry in await shop.queue()] == ["price_changed"]
    return bought.vendor_order_id


async def cancel(shop: Shop, state: OrderState = OrderState.CANCELLED) -> None:
    """The buyer's cancellation goes through, and we hear of it."""
    shop.clock.advance(1)
    order = shop.channel.books[ORDER]
    shop.channel.books[ORDER] = replace(order, state=state, modified_at=shop.clock.now())
    await shop.hear_of(ORDER)


async def purchase_state(shop: Shop) -> PurchaseState:
    return (await shop.db.read(purchases.get, 1)).state


async def assert_over(shop: Shop) -> None:
    """Nothing is bought, nothing waits, and the order has ended."""
    assert await purchase_state(shop) is PurchaseState.STOPPED
    assert await shop.db.read(orders.stage_of, "toys", ORDER) is OrderStage.ENDED
    assert await shop.queue() == []


async def test_row_38_an_order_cancelled_before_it_is_bought_is_not_bought(shop: Shop) -> None:
    await shop.list_offer()
    await shop.sell(ORDER)
    await cancel(shop)
    await shop.pass_time(COOL_OFF)
    assert not shop.supplier.books
    await assert_over(shop)


async def test_row_38_a_cancel_nobody_told_us_of_is_seen_before_the_purchase(shop: Shop) -> None:
    await shop.list_offer()
    order = await shop.sell(ORDER)
    shop.channel.books[ORDER] = replace(order, state=OrderState.CANCELLED, modified_at=shop.clock.now())
    await shop.pass_time(COOL_OFF)
    assert not shop.supplier.books
    assert await purchase_state(shop) is PurchaseState.STOPPED


async def test_row_38_an_unpaid_purchase_is_cancelled_at_the_supplier(shop: Shop) -> None:
    vendor_order_id = await leave_unpaid(shop)
    await cancel(shop)
    assert shop.supplier.books[vendor_order_id].state is VendorOrderState.CANCELLED
    await assert_over(shop)


async def test_row_38_a_cancel_nobody_told_us_of_is_seen_before_the_payment(shop: Shop) -> None:
    await shop.list_offer()
    shop.supplier.lose_next = True
    order = await shop.sell(ORDER)
    await shop.pass_time(COOL_OFF)
    shop.channel.books[ORDER] = replace(order, state=OrderState.CANCELLED, modified_at=shop.clock.now())
    await shop.pass_time(121)
    assert [bought.state for bought in shop.supplier.books.values()] == [VendorOrderState.CANCELLED]


async def test_row_38_a_paid_purchase_is_refunded(shop: Shop) -> None:
    vendor_order_id = await buy(shop)
    await cancel(shop)
    assert await purchase_state(shop) is PurchaseState.WITHDRAWING
    assert [entry.code for entry in await shop.queue()] == ["refund_waiting"]

    shop.supplier.answer_refund(vendor_order_id, agree=True)
    await shop.pass_time(REFUND_WAIT)
    assert len(shop.supplier.asked_back[vendor_order_id]) == 1
    await assert_over(shop)


async def test_row_38_a_refund_seen_by_the_poll_ends_the_waiting(shop: Shop) -> None:
    vendor_order_id = await buy(shop)
    await cancel(shop)
    shop.supplier.answer_refund(vendor_order_id, agree=True)
    await shop.poll("purchase.poll", "main")
    await assert_over(shop)


async def test_row_38_a_refused_refund_is_a_persons_matter(shop: Shop) -> None:
    vendor_order_id = await buy(shop)
    await cancel(shop)
    shop.supplier.answer_refund(vendor_order_id, agree=False)
    await shop.pass_time(REFUND_WAIT)
    (entry,) = await shop.queue()
    assert (entry.state, entry.code) == ("parked", "refund_refused")
    assert "CNY" in entry.reason


async def test_row_38_goods_that_left_before_the_cancel_are_a_persons_matter(shop: Shop) -> None:
    vendor_order_id = await buy(shop)
    shop.supplier.ship(vendor_order_id, "YT1")
    await cancel(shop)
    (entry,) = await shop.queue()
    assert (entry.state, entry.code) == ("parked", "shipped_after_cancel")
    assert vendor_order_id in entry.reason


async def test_row_38_a_parcel_sent_abroad_after_the_cancel_is_never_declared(shop: Shop) -> None:
    vendor_order_id = await buy(shop)
    await cancel(shop)
    shop.forwards((await shop.db.read(purchases.get, 1)).mark)
    await shop.poll("fulfil.collect", "forwarder")
    assert not shop.channel.declarations.get(ORDER)
    assert "shipped_after_cancel" in [entry.code for entry in await shop.queue()]
    assert shop.supplier.asked_back[vendor_order_id]


async def test_row_38_an_unknown_purchase_of_a_cancelled_order_is_looked_up_and_then_cancelled(shop: Shop) -> None:
    await shop.list_offer()
    shop.supplier.lose_next = True
    await shop.sell(ORDER)
    await shop.pass_time(COOL_OFF)
    await cancel(shop)
    assert await purchase_state(shop) is PurchaseState.UNKNOWN
    await shop.pass_time(121)
    assert [bought.state for bought in shop.supplier.books.values()] == [VendorOrderState.CANCELLED]
    assert await purchase_state(shop) is PurchaseState.STOPPED


async def test_a_lost_answer_to_a_cancellation_is_read_and_not_sent_again(shop: Shop) -> None:
    vendor_order_id = await leave_unpaid(shop)
    shop.supplier.lose_next = True
    await cancel(shop)
    assert shop.supplier.books[vendor_order_id].state is VendorOrderState.CANCELLED
    assert await purchase_state(shop) is PurchaseState.WITHDRAWING
    await shop.pass_time(121)
    await assert_over(shop)


async def test_a_lost_answer_to_a_refund_is_read_and_not_asked_again(shop: Shop) -> None:
    vendor_order_id = await buy(shop)
    shop.supplier.lose_next = True
    await cancel(shop)
    await shop.pass_time(121)
    assert len(shop.supplier.asked_back[vendor_order_id]) == 1
    assert [entry.code for entry in await shop.queue()] == ["refund_waiting"]


async def test_an_order_too_young_to_be_cancelled_is_cancelled_a_little_later(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    vendor_order_id = await leave_unpaid(shop)

    async def too_fast(_: str) -> None:
        raise Transient("cancelled too fast", vendor="memory", code="CLOSE_ORDER_TOO_FAST", retry_after=10.0)

    with monkeypatch.context() as patch:
        patch.setattr(shop.supplier, "cancel", too_fast)
        await cancel(shop)
    assert shop.supplier.books[vendor_order_id].state is VendorOrderState.UNPAID
    await shop.pass_time(10)
    await assert_over(shop)


async def test_a_payment_that_overtakes_the_cancellation_is_refunded(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    vendor_order_id = await leave_unpaid(shop)

    async def paid_meanwhile(_: str) -> None:
        await shop.supplier.pay([vendor_order_id])
        raise Rejected("it is paid", vendor="memory", code="ORDER_STATUS_ERROR")

    with monkeypatch.context() as patch:
        patch.setattr(shop.supplier, "cancel", paid_meanwhile)
        await cancel(shop)
    await shop.pass_time(121)
    assert len(shop.supplier.asked_back[vendor_order_id]) == 1


@pytest.mark.parametrize(("ability", "code"), [("cancel", "cancel_by_hand"), ("refunds", "refund_by_hand")])
async def test_an_account_without_the_right_leaves_it_to_a_person(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, ability: str, code: str
) -> None:
    async def refused(_: str) -> None:
        raise NotGranted("not granted", vendor="memory", code="acl")

    monkeypatch.setattr(shop.supplier, ability, refused)
    await (leave_unpaid(shop) if ability == "cancel" else buy(shop))
    await cancel(shop)
    assert [entry.code for entry in await shop.queue()] == [code]


async def test_an_order_finished_without_us_is_never_taken_back_by_itself(shop: Shop) -> None:
    vendor_order_id = await buy(shop)
    await cancel(shop, OrderState.FINISHED)
    assert shop.supplier.books[vendor_order_id].state is VendorOrderState.PAID
    assert not shop.supplier.asked_back


async def test_an_order_in_a_state_we_do_not_know_is_neither_paid_nor_taken_back(shop: Shop) -> None:
    vendor_order_id = await leave_unpaid(shop)
    (held,) = await shop.queue()
    odd = replace(shop.supplier.books[vendor_order_id], state=VendorOrderState.OTHER)
    shop.supplier.books[vendor_order_id] = odd
    await shop.db.run(shop.retry, held.id)
    await shop.work()
    assert "vendor_state" in [entry.code for entry in await shop.queue()]
    await cancel(shop)
    assert shop.supplier.books[vendor_order_id] == odd
    assert [entry.code for entry in await shop.queue()] == ["vendor_state"]


async def test_a_cancel_told_twice_is_taken_back_once(shop: Shop) -> None:
    vendor_order_id = await buy(shop)
    await cancel(shop)
    await cancel(shop)
    assert len(shop.supplier.asked_back[vendor_order_id]) == 1


async def test_a_purchase_that_turns_up_after_the_end_is_told(shop: Shop) -> None:
    await shop.list_offer()
    await shop.sell(ORDER)
    await cancel(shop)
    purchase = await shop.db.read(purchases.get, 1)
    shop.clock.advance(60)
    draft = PurchaseDraft(purchase.lines, purchase.relay, note=f"唛头 {purchase.mark}")
    order = shop.supplier.bought_on_the_page(draft, total=cny("20.00"))
    await shop.poll("purchase.poll", "main")
    (hold,) = await shop.db.read(holds.all_open)
    assert (hold.kind, hold.subject) == ("vendor_order_extra", f"vendor order main/{order.vendor_order_id}")
    assert purchase.mark in hold.figures["why"]
    assert hold.figures["order"] == purchase.subject


async def test_a_vendor_order_that_is_not_wanted_is_told_once_on_the_orders_timeline(shop: Shop) -> None:
    await buy(shop)
    purchase = await shop.db.read(purchases.get, 1)
    draft = PurchaseDraft(purchase.lines, purchase.relay, note=f"唛头 {purchase.mark}")
    order = shop.supplier.bought_on_the_page(draft, total=cny("20.00"))
    shop.clock.advance(60)
    await shop.poll("purchase.poll", "main")
    shop.clock.advance(60)
    await shop.supplier.pay([order.vendor_order_id])  # so that the ledger shows it again
    await shop.poll("purchase.poll", "main")

    noted = await shop.db.read(timeline.of, purchase.subject)
    told = [details for _, event, details in noted if event == "placed, not wanted"]
    assert told == [{"vendor_order": order.vendor_order_id, "mark": purchase.mark}]
