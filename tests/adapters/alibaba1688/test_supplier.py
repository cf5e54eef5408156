"""What 1688 does beyond the contract: splits, partial refusals, loose filters, lies about payments."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
import respx
from pydantic import SecretStr, ValidationError

from syncbridge.adapters.alibaba1688 import adapter
from syncbridge.adapters.alibaba1688.mock import aftersale
from syncbridge.adapters.alibaba1688.settings import Alibaba1688Settings
from syncbridge.errors import (
    NotFound,
    NotGranted,
    OutcomeUnknown,
    OutOfStock,
    Rejected,
    Transient,
    Unreachable,
    VendorDown,
)
from syncbridge.model.catalog import Dropship, MixRule
from syncbridge.model.paging import Cursor
from syncbridge.model.purchasing import PurchaseDraft, PurchaseLine, RefundState, VendorOrderState
from syncbridge.ports import Cancels, Follows, Refunds, Supplier, Tokens
from syncbridge.testing.builders import cny, make_draft, make_key, make_offer, make_spec
from syncbridge.testing.clock import FixedClock
from syncbridge.testing.faults import Fault
from syncbridge.testing.wiring import wiring_for
from tests.adapters.alibaba1688.caller import settled

if TYPE_CHECKING:
    from tests.adapters.alibaba1688.conftest import Bench

pytestmark = pytest.mark.anyio
CREATE = "alibaba.trade.createCrossOrder"
PAY = "alibaba.trade.pay.protocolPay.preparePay"
OFFER = "676651652931"
BOTH = (PurchaseLine(OFFER, f"{1:032x}", 3), PurchaseLine(OFFER, f"{2:032x}", 2))


def priced(*lines: PurchaseLine, note: str = "mark M00001") -> PurchaseDraft:
    return replace(make_draft(*lines, note=note), flow="general", trade_type="alipay")


async def bought(bench: Bench, *lines: PurchaseLine) -> str:
    bench.publish(make_offer())
    placement = await bench.supplier.place(priced(*lines), key=make_key())
    return placement.orders[0].vendor_order_id


async def test_it_can_follow_offers(bench: Bench) -> None:
    bench.publish(make_offer())
    supplier: Supplier & Follows = bench.supplier  # type: ignore[valid-type]

    await supplier.follow(OFFER)
    await supplier.follow(OFFER)

    assert bench.account.follows == {int(OFFER)}


async def test_a_withdrawn_offer_of_the_pool_does_not_stop_its_page(bench: Bench) -> None:
    for offer_id in ("600000000001", "600000000002", "600000000003"):
        bench.publish(make_offer(offer_id))
    bench.withdraw("600000000002")

    (page,) = [page async for page in bench.supplier.offers(since=None)]

    assert [offer.offer_id for offer in page.items] == ["600000000001", "600000000003"]
    assert [offer_id for offer_id, _ in page.failures] == ["600000000002"]


async def test_an_offer_of_a_shape_nobody_documented_does_not_stop_its_page(bench: Bench) -> None:
    bench.publish(make_offer("600000000001"))
    bench.publish(make_offer("600000000002"))
    bench.mock.state.offers[600000000001]["productSkuInfos"] = {"not": "a list"}

    (page,) = [page async for page in bench.supplier.offers(since=None)]

    assert [offer.offer_id for offer in page.items] == ["600000000002"]
    ((offer_id, reason),) = page.failures
    assert offer_id == "600000000001"
    assert "shape" in reason


async def test_a_vendor_that_is_down_ends_the_reading_of_offers(bench: Bench) -> None:
    bench.publish(make_offer())
    bench.mock.state.fail("product.search.queryProductDetail", "unavailable", 3)

    with pytest.raises(VendorDown):
        await anext(aiter(bench.supplier.offers(since=None)))


async def test_without_a_pool_offers_are_imported_by_id(bench: Bench) -> None:
    connection = adapter.connect(bench.settings.model_copy(update={"offer_pool_id": ""}), bench.wiring)
    assert connection.supplier is not None

    with pytest.raises(NotGranted, match="offer_pool_id"):
        await anext(aiter(connection.supplier.offers(since=None)))


async def test_an_id_that_is_no_number_is_refused_before_the_call(bench: Bench) -> None:
    with pytest.raises(Rejected, match="no 1688 id"):
        await bench.supplier.offer("1005-x")

    assert bench.mock.books()["calls"] == {}


async def test_an_offer_without_skus_can_be_bought(bench: Bench) -> None:
    bench.publish(make_offer(OFFER, replace(make_spec(), spec_id="", sku_id="")))
    (spec,) = (await bench.supplier.offer(OFFER)).specs

    quote = await bench.supplier.preview(make_draft(PurchaseLine(OFFER, spec.spec_id, 2)))
    placement = await bench.supplier.place(priced(PurchaseLine(OFFER, spec.spec_id, 2)), key=make_key())

    assert quote.goods == cny("27.80")
    assert len(placement.orders) == 1


async def test_one_purchase_becomes_several_vendor_orders_and_all_are_found(bench: Bench) -> None:
    bench.publish(make_offer())
    bench.mock.state.switches.split_orders = True
    before = bench.clock.now()

    quote = await bench.supplier.preview(make_draft(*BOTH))
    placement = await bench.supplier.place(priced(*BOTH), key=make_key())
    found = await bench.supplier.find(make_key(), since=before)

    assert [order.total for order in placement.orders] == [cny("46.70"), cny("34.80")]
    assert quote.total == cny("81.50")
    assert {order.vendor_order_id for order in found.orders} == {order.vendor_order_id for order in placement.orders}


async def test_a_draft_without_a_flow_is_previewed_first(bench: Bench) -> None:
    with pytest.raises(Rejected, match="preview"):
        await bench.supplier.place(make_draft(), key=make_key())


@pytest.mark.parametrize("fault", [Fault.TRUNCATE, Fault.HTML, Fault.RESET])
async def test_a_purchase_whose_answer_is_spoiled_is_unclear_and_made_once(bench: Bench, fault: Fault) -> None:
    bench.publish(make_offer())
    bench.break_next(CREATE, fault)

    with pytest.raises(OutcomeUnknown):
        await bench.supplier.place(priced(), key=make_key())

    assert len(bench.vendor_orders()) == 1


@pytest.mark.parametrize("fault", [Fault.TRUNCATE, Fault.HTML, Fault.RESET, Fault.CONNECT, Fault.UNAVAILABLE])
async def test_a_read_whose_answer_is_spoiled_is_tried_again(bench: Bench, fault: Fault) -> None:
    bench.publish(make_offer())
    bench.break_next("product.search.queryProductDetail", fault)

    assert (await bench.supplier.offer(OFFER)).offer_id == OFFER


async def test_a_page_in_place_of_an_answer_leaves_a_purchase_unclear(bench: Bench) -> None:
    bench.publish(make_offer())
    bench.mock.state.fail(CREATE, "unavailable", 1)

    with pytest.raises(OutcomeUnknown):
        await bench.supplier.place(priced(), key=make_key())

    assert not bench.vendor_orders()


async def test_a_purchase_that_never_left_was_not_made(bench: Bench) -> None:
    bench.publish(make_offer())
    bench.break_next(CREATE, Fault.CONNECT)

    with pytest.raises(Unreachable):
        await bench.supplier.place(priced(), key=make_key())


async def test_stock_gone_between_preview_and_purchase_is_out_of_stock(bench: Bench) -> None:
    bench.publish(make_offer())
    await bench.supplier.preview(make_draft(PurchaseLine(OFFER, f"{2:032x}", 7)))
    await bench.supplier.place(priced(PurchaseLine(OFFER, f"{2:032x}", 7)), key=make_key())

    with pytest.raises(OutOfStock):
        await bench.supplier.place(priced(PurchaseLine(OFFER, f"{2:032x}", 1)), key=make_key(2))


async def test_some_lines_may_be_left_out_of_a_purchase(bench: Bench) -> None:
    answer = {
        "result": {
            "orderId": "218800000000000001",
            "totalSuccessAmount": 4670,
            "postFee": 500,
            "failedOfferList": [
                {"offerId": OFFER, "specId": f"{2:032x}", "errorCode": "500_004", "errorMessage": "库存不足"}
            ],
        },
        "success": "true",
    }
    with respx.mock(assert_all_called=True) as router:
        router.post(url__regex=CREATE).respond(json=answer)
        connection = adapter.connect(bench.settings, replace(bench.wiring, transport=None))
        assert connection.supplier is not None

        placement = await connection.supplier.place(priced(*BOTH), key=make_key())
        await connection.close()

    assert [order.total for order in placement.orders] == [cny("46.70")]
    assert [(refused.line, refused.code) for refused in placement.refused] == [(BOTH[1], "500_004")]


async def test_a_list_that_hides_the_outer_order_id_does_not_hide_the_order(bench: Bench) -> None:
    before = bench.clock.now()
    bench.publish(make_offer())
    bench.mock.state.switches.list_shows_out_order_id = False
    await bench.supplier.place(priced(note="no mark at all"), key=make_key())

    found = await bench.supplier.find(make_key(), since=before)

    assert [order.out_order_id for order in found.orders] == [make_key().out_order_id]


async def test_a_mark_inside_a_longer_word_is_another_mark(bench: Bench) -> None:
    before = bench.clock.now()
    bench.publish(make_offer())
    bench.buy_on_the_page(make_draft(note="mark M000012"))

    assert (await bench.supplier.find(make_key(), since=before)).orders == ()


async def test_a_list_that_lags_is_not_fresh(bench: Bench) -> None:
    bench.publish(make_offer())
    bench.mock.state.switches.list_lag_seconds = 60
    sent = bench.clock.now()
    bench.pass_time(5)
    bench.buy_on_the_page(make_draft(note="somebody else's"))

    assert not (await bench.supplier.find(make_key(), since=sent)).fresh
    bench.pass_time(60)
    assert (await bench.supplier.find(make_key(), since=sent)).fresh


async def test_an_unreadable_order_in_the_window_proves_nothing(bench: Bench) -> None:
    bench.publish(make_offer())
    sent = bench.clock.now()
    bench.pass_time(5)
    bench.buy_on_the_page(make_draft(note="somebody else's"))
    spoiled = bench.buy_on_the_page(make_draft(note="spoiled"))
    bench.mock.state.orders[int(spoiled)].status = None  # type: ignore[assignment]  # what no document shows

    assert not (await bench.supplier.find(make_key(), since=sent)).fresh


async def test_an_unreadable_order_does_not_stop_its_page(bench: Bench) -> None:
    bench.publish(make_offer())
    sound = bench.buy_on_the_page(make_draft())
    spoiled = bench.buy_on_the_page(make_draft())
    bench.mock.state.orders[int(spoiled)].status = None  # type: ignore[assignment]  # what no document shows

    (page,) = [page async for page in bench.supplier.orders(since=None)]

    assert [order.vendor_order_id for order in page.items] == [sound]
    assert [order_id for order_id, _ in page.failures] == [spoiled]


async def test_a_search_over_many_pages_misses_nothing(bench: Bench) -> None:
    bench.publish(make_offer(OFFER, make_spec(1, stock=1000)))
    before = bench.clock.now()
    await bench.supplier.place(priced(), key=make_key())
    for _ in range(45):
        bench.buy_on_the_page(make_draft(note="somebody else's"))

    found = await bench.supplier.find(make_key(), since=before - timedelta(seconds=1))

    assert len(found.orders) == 1


async def test_what_was_made_while_our_clock_was_ten_minutes_ahead_is_looked_up_and_read(bench: Bench) -> None:
    bench.publish(make_offer())
    ahead = bench.clock.now() + timedelta(minutes=10)
    await bench.supplier.place(priced(), key=make_key())

    assert len((await bench.supplier.find(make_key(), since=ahead)).orders) == 1
    (page,) = [page async for page in bench.supplier.orders(since=Cursor(ahead.isoformat()))]
    assert len(page.items) == 1


async def test_only_the_last_page_moves_the_cursor(bench: Bench) -> None:
    bench.publish(make_offer(OFFER, make_spec(1, stock=1000)))
    for _ in range(25):
        bench.buy_on_the_page(make_draft())

    first, last = [page async for page in bench.supplier.orders(since=None)]
    again = [page async for page in bench.supplier.orders(since=first.cursor)]

    assert [len(page.items) for page in again] == [20, 5]
    assert last.cursor == bench.clock.now().isoformat()


async def test_reading_no_orders_moves_the_cursor_too(bench: Bench) -> None:
    (page,) = [page async for page in bench.supplier.orders(since=None)]

    assert (page.items, page.cursor) == ((), bench.clock.now().isoformat())


async def test_a_payment_called_unpaid_may_have_moved_the_money(bench: Bench) -> None:
    vendor_order_id = await bought(bench)
    bench.mock.state.fail(PAY, "pay_says_no", 1)

    result = await bench.supplier.pay([vendor_order_id])

    assert (result.paid, result.unpaid) == ((), (vendor_order_id,))
    assert (await bench.supplier.order(vendor_order_id)).state is VendorOrderState.PAID


async def test_paying_twice_moves_the_money_once(bench: Bench) -> None:
    vendor_order_id = await bought(bench)

    first = await bench.supplier.pay([vendor_order_id])
    second = await bench.supplier.pay([vendor_order_id])

    assert (first.paid, second.unpaid) == ((vendor_order_id,), (vendor_order_id,))
    assert bench.mock.books()["money"] == [{"orderId": vendor_order_id, "amount": "46.70"}]


async def test_a_payment_without_an_answer_is_unclear(bench: Bench) -> None:
    vendor_order_id = await bought(bench)
    bench.break_next(PAY, Fault.RESET)

    with pytest.raises(OutcomeUnknown):
        await bench.supplier.pay([vendor_order_id])


async def test_it_can_take_orders_back(bench: Bench) -> None:
    assert isinstance(bench.supplier, Cancels)
    assert isinstance(bench.supplier, Refunds)


async def test_an_order_of_this_moment_is_cancelled_ten_seconds_later(bench: Bench) -> None:
    vendor_order_id = await bought(bench)

    with pytest.raises(Transient) as too_young:
        await bench.supplier.cancel(vendor_order_id)
    assert too_young.value.retry_after
    bench.pass_time(too_young.value.retry_after)
    await bench.supplier.cancel(vendor_order_id)

    assert (await bench.supplier.order(vendor_order_id)).state is VendorOrderState.CANCELLED
    assert bench.mock.books()["calls"]["alibaba.trade.cancel"] == 2  # type: ignore[index]  # the contract's own shape


async def test_a_refusal_to_cancel_keeps_its_reason(bench: Bench) -> None:
    vendor_order_id = await bought(bench)
    await bench.supplier.pay([vendor_order_id])

    with pytest.raises(Rejected) as refused:
        await bench.supplier.cancel(vendor_order_id)

    assert refused.value.code == "ORDER_STATUS_ERROR"


async def test_another_accounts_order_is_not_cancelled(bench: Bench) -> None:
    vendor_order_id = await bought(bench)
    bench.mock.state.orders[int(vendor_order_id)].account = bench.mock.state.add_account()

    with pytest.raises(Rejected) as refused:
        await bench.supplier.cancel(vendor_order_id)

    assert refused.value.code == "400_3"


async def test_goods_and_freight_of_every_line_are_asked_back(bench: Bench) -> None:
    bench.mock.state.switches.refund_delay_seconds = None
    vendor_order_id = await bought(bench, *BOTH)
    await bench.supplier.pay([vendor_order_id])

    await bench.supplier.refund(vendor_order_id, why="订单取消" * 50)

    (booked,) = bench.mock.state.orders[int(vendor_order_id)].refunds
    assert (booked.goods_fen, booked.freight_fen, booked.reason_id) == (7150, 500, 20028)
    assert len(booked.description) == 150


async def test_a_seller_who_agrees_after_a_while_gives_it_back(bench: Bench) -> None:
    vendor_order_id = await bought(bench)
    await bench.supplier.pay([vendor_order_id])

    await bench.supplier.refund(vendor_order_id, why="the buyer cancelled")
    await settled()
    (refund,) = await bench.supplier.refunds(vendor_order_id)

    assert (refund.state, refund.amount) == (RefundState.REFUNDED, cny("46.70"))


async def test_where_every_reason_wants_a_photo_a_person_is_asked(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("syncbridge.adapters.alibaba1688.mock.aftersale.REASONS", aftersale.REASONS[:1])
    vendor_order_id = await bought(bench)
    await bench.supplier.pay([vendor_order_id])

    with pytest.raises(Rejected, match="photo"):
        await bench.supplier.refund(vendor_order_id, why="the buyer cancelled")

    assert bench.mock.books()["refunds"] == []


async def test_where_no_reason_gives_freight_back_the_goods_are_asked_for(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("syncbridge.adapters.alibaba1688.mock.aftersale.REASONS", aftersale.REASONS[:2])
    vendor_order_id = await bought(bench)
    await bench.supplier.pay([vendor_order_id])

    await bench.supplier.refund(vendor_order_id, why="the buyer cancelled")

    assert bench.mock.books()["refunds"][0]["amount"] == "41.70"  # type: ignore[index]  # a list of refunds


async def test_an_order_that_names_no_refund_does_not_hide_one_that_succeeded(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("syncbridge.adapters.alibaba1688.refunds.refund_ids", lambda _: ())
    vendor_order_id = await bought(bench)
    await bench.supplier.pay([vendor_order_id])
    await bench.supplier.refund(vendor_order_id, why="the buyer cancelled")
    await settled()

    (refund,) = await bench.supplier.refunds(vendor_order_id)

    assert refund.state is RefundState.REFUNDED


async def test_a_refund_closed_by_shipping_is_still_found(bench: Bench) -> None:
    bench.mock.state.switches.refund_delay_seconds = None
    vendor_order_id = await bought(bench)
    await bench.supplier.pay([vendor_order_id])
    refund_id = await bench.supplier.refund(vendor_order_id, why="the buyer cancelled")
    bench.ship(vendor_order_id, "YT9988776655443")

    (refund,) = await bench.supplier.refunds(vendor_order_id)

    assert (refund.refund_id, refund.state) == (refund_id, RefundState.CLOSED)


@pytest.mark.parametrize(
    ("changes", "quantity", "code"),
    [
        ({"moq": 4}, 3, "500_005"),
        ({"moq": 4, "mix": MixRule(True, cny("1000"), 100)}, 3, "500_006"),
        ({"lot": 3}, 4, "500_009"),
    ],
)
async def test_terms_that_are_not_met_are_refused_by_preview_and_purchase_alike(
    bench: Bench, changes: dict[str, Any], quantity: int, code: str
) -> None:
    bench.publish(make_offer(**changes))
    line = PurchaseLine(OFFER, f"{1:032x}", quantity)

    with pytest.raises(Rejected) as previewed:
        await bench.supplier.preview(make_draft(line))
    with pytest.raises(Rejected) as placed:
        await bench.supplier.place(priced(line), key=make_key())

    assert (previewed.value.code, placed.value.code) == (code, code)
    assert not bench.vendor_orders()


async def test_offers_of_one_seller_make_a_mixed_batch_together(bench: Bench) -> None:
    mix = MixRule(True, None, 5)
    bench.publish(make_offer(moq=10, mix=mix))
    bench.publish(make_offer("600000000001", moq=10, mix=mix))
    first, second = PurchaseLine(OFFER, f"{1:032x}", 3), PurchaseLine("600000000001", f"{1:032x}", 2)

    with pytest.raises(Rejected):
        await bench.supplier.preview(make_draft(first))
    quote = await bench.supplier.preview(make_draft(first, second))

    assert quote.goods == cny("69.50")


async def test_a_parcel_has_its_couriers_name(bench: Bench) -> None:
    vendor_order_id = await bought(bench)
    await bench.supplier.pay([vendor_order_id])
    bench.ship(vendor_order_id, "YT9988776655443")

    (parcel,) = await bench.supplier.shipments(vendor_order_id)

    assert parcel.carrier == "圆通速递(YTO)"


async def test_parcels_of_an_order_that_is_not_there_are_not_found(bench: Bench) -> None:
    with pytest.raises(NotFound):
        await bench.supplier.shipments("218800000000000001")


async def test_what_is_sent_is_what_the_documents_name(bench: Bench) -> None:
    with respx.mock() as router:
        route = router.post(url__regex=CREATE).respond(json={"orderId": "1", "totalSuccessAmount": 1})
        settings = Alibaba1688Settings(app_key="1", app_secret=SecretStr("s"))
        connection = adapter.connect(settings, wiring_for(None, FixedClock(), Tokens("t")))
        assert connection.supplier is not None
        await connection.supplier.place(priced(), key=make_key())
        await connection.close()

    sent = dict(pair.split("=") for pair in route.calls.last.request.content.decode().split("&"))
    assert set(sent) == {
        "addressParam",
        "cargoParamList",
        "flow",
        "message",
        "outOrderId",
        "tradeType",
        "isvBizType",
        "access_token",
        "_aop_signature",
    }


@pytest.mark.parametrize("flaw", [{"offer_pool_id": "one"}, {"pay_channel": "cash"}, {"colour": "red"}])
def test_a_setting_nobody_knows_is_refused(flaw: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        Alibaba1688Settings.model_validate(flaw)


def test_settings_show_no_secret() -> None:
    assert "hush" not in repr(Alibaba1688Settings.model_validate({"app_secret": "hush", "access_token": "hush"}))
    assert "hush" not in json.dumps(str(Alibaba1688Settings.model_validate({"refresh_token": "hush"})))


async def test_a_dropship_price_survives_the_trip_through_the_mock(bench: Bench) -> None:
    specs = (
        replace(make_spec(1), dropship=Dropship(cny("16.00"), postage_paid=True)),
        replace(make_spec(2), dropship=Dropship(cny("15.00"), postage_paid=True)),
    )
    bench.publish(make_offer("676651652931", *specs))

    read = await bench.supplier.offer("676651652931")
    assert [spec.dropship for spec in read.specs] == [spec.dropship for spec in specs]
