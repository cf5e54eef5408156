"""The twenty-one pitfalls the vendor's documents hold, each met once (1688.md §8)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from syncbridge.adapters.alibaba1688 import wire
from syncbridge.adapters.alibaba1688.webhook import Alibaba1688Webhook
from syncbridge.errors import NotGranted, OutcomeUnknown, Rejected, Transient
from syncbridge.model.catalog import MixRule
from syncbridge.model.events import RawRequest
from syncbridge.model.purchasing import PurchaseDraft, PurchaseLine, VendorOrderState
from syncbridge.testing.builders import cny, make_draft, make_key, make_offer, make_spec
from syncbridge.testing.faults import Fault
from tests.adapters.alibaba1688.caller import ADDRESS, CARGO, OFFER, TRADE, Caller, code, settled

if TYPE_CHECKING:
    from tests.adapters.alibaba1688.conftest import Bench

pytestmark = pytest.mark.anyio
CROSSBORDER = "com.alibaba.fenxiao.crossborder"
FREIGHT = f"{CROSSBORDER}/product.freight.estimate"
PREVIEW = f"{TRADE}/alibaba.createOrder.preview"


def draft(*lines: PurchaseLine) -> PurchaseDraft:
    return replace(make_draft(*lines), flow="general")


async def placed(bench: Bench) -> str:
    """Our own purchase of what the mock sells."""
    (order,) = (await bench.supplier.place(draft(), key=make_key())).orders
    return order.vendor_order_id


async def test_pitfall_1_orders_name_specs_and_freight_and_messages_name_skus(call: Caller, bench: Bench) -> None:
    offer = await bench.supplier.offer(str(OFFER))
    spec = offer.specs[0]
    codes = {"toProvinceCode": "330000", "toCityCode": "330100", "toCountryCode": "330108"}

    async def freight(sku_id: str) -> bool:
        models = [{"skuId": sku_id, "number": 1}]
        asked = {"offerId": OFFER, "totalNum": 1, "logisticsSkuNumModels": models, **codes}
        answer = (await call(FREIGHT, productFreightQueryParamsNew=asked)).json()
        return bool(answer["result"]["success"])

    assert (await freight(spec.sku_id), await freight(spec.spec_id)) == (True, False)
    by_sku = await call.create(cargoParamList=[{**CARGO, "specId": spec.sku_id}])
    assert (by_sku["success"], by_sku["code"]) == (False, "500_003")


async def test_pitfall_2_a_quote_in_fen_and_an_order_in_yuan_are_the_same_money(call: Caller, bench: Bench) -> None:
    quote = await bench.supplier.preview(make_draft())
    order = await bench.supplier.order(await placed(bench))
    raw = (await call(PREVIEW, addressParam=ADDRESS, cargoParamList=[CARGO])).json()["orderPreviewResuslt"][0]

    assert quote.total == order.total
    assert raw["sumPaymentNoCarriage"] == raw["cargoList"][0]["amount"] * 100


async def test_pitfall_3_weights_are_grams_by_spec_and_kilograms_elsewhere(bench: Bench) -> None:
    bench.publish(make_offer())
    detail = bench.mock.state.offers[OFFER]
    detail["productShippingInfo"] = {
        "weight": 0.35,
        "skuShippingInfoList": [{"specId": f"{1:032x}", "skuId": 1, "weight": 340}],
        "skuShippingDetails": [{"skuId": "1", "weight": 0.9}],
    }
    offer = await bench.supplier.offer(str(OFFER))

    assert (offer.weight_g, offer.specs[0].weight_g) == (350, 340)


async def test_pitfall_4_an_id_beyond_a_double_is_kept_as_text(call: Caller, bench: Bench) -> None:
    vendor_order_id = await placed(bench)
    shown = (await call(f"{TRADE}/alibaba.trade.get.buyerView", webSite="1688", orderId=vendor_order_id)).json()

    assert str(shown["result"]["baseInfo"]["id"]) != vendor_order_id
    assert (await bench.supplier.order(vendor_order_id)).vendor_order_id == vendor_order_id


@pytest.mark.parametrize(
    "written",
    [
        "20260302090000000+0800",
        "20260301180000000-0700",
        "2026-03-02 09:00:00",
        1772413200000,
        "1772413200000",
    ],
)
def test_pitfall_5_a_time_is_the_same_in_each_of_the_four_formats(written: str | int) -> None:
    assert wire.time_of(written) == datetime(2026, 3, 2, 1, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("terms", "refused"),
    [({"moq": 5}, "500_005"), ({"lot": 5}, "500_009"), ({"moq": 5, "mix": MixRule(True, None, 9)}, "500_006")],
)
async def test_pitfall_6_minimum_lot_and_mixed_batch_are_checked_by_the_vendor(
    call: Caller, bench: Bench, terms: dict[str, Any], refused: str
) -> None:
    bench.publish(make_offer(str(OFFER), make_spec(1), **terms))

    with pytest.raises(Rejected) as no:
        await bench.supplier.preview(make_draft())
    assert no.value.code == refused


async def test_pitfall_7_the_flow_is_taken_from_the_preview(bench: Bench) -> None:
    bench.publish(make_offer())
    quote = await bench.supplier.preview(make_draft())

    assert quote.flow == "general"
    with pytest.raises(Rejected, match="names no flow"):
        await bench.supplier.place(make_draft(), key=make_key())
    assert not bench.vendor_orders()


async def test_pitfall_8_only_trade_types_the_api_may_use_are_quoted(call: Caller, bench: Bench) -> None:
    raw = (await call(PREVIEW, addressParam=ADDRESS, cargoParamList=[CARGO])).json()["orderPreviewResuslt"][0]
    quote = await bench.supplier.preview(make_draft())

    assert "bank" in [model["tradeType"] for model in raw["tradeModelList"]]
    assert quote.trade_types == ("assureTrade", "alipay")


async def test_pitfall_9_one_call_may_make_several_orders(bench: Bench) -> None:
    bench.publish(make_offer(str(OFFER), make_spec(1), make_spec(2)))
    bench.mock.state.switches.split_orders = True
    lines = tuple(PurchaseLine(str(OFFER), f"{number:032x}", 1) for number in (1, 2))
    placement = await bench.supplier.place(draft(*lines), key=make_key())

    assert {order.vendor_order_id for order in placement.orders} == set(bench.vendor_orders())
    assert len(placement.orders) == 2


async def test_pitfall_10_a_purchase_without_an_answer_is_not_sent_again_and_a_young_order_is_not_closed(
    bench: Bench,
) -> None:
    bench.publish(make_offer())
    bench.break_next("alibaba.trade.createCrossOrder", Fault.RESET)
    with pytest.raises(OutcomeUnknown):
        await bench.supplier.place(draft(), key=make_key())
    (vendor_order_id,) = bench.vendor_orders()

    with pytest.raises(Transient) as too_young:
        await bench.supplier.cancel(vendor_order_id)
    assert (too_young.value.code, too_young.value.retry_after) == ("CLOSE_ORDER_TOO_FAST", 10.0)


async def test_pitfall_11_a_price_changed_after_the_order_is_seen_before_it_is_paid(bench: Bench) -> None:
    bench.publish(make_offer())
    vendor_order_id = await placed(bench)
    before = (await bench.supplier.order(vendor_order_id)).total
    await bench.control(f"orders/{vendor_order_id}/price", {"discount": "-3.30", "freight": "8.00"})

    assert (await bench.supplier.order(vendor_order_id)).total == before + cny("6.30")


async def test_pitfall_12_a_payment_that_is_denied_may_have_been_made(bench: Bench) -> None:
    bench.publish(make_offer())
    vendor_order_id = await placed(bench)
    await bench.control("faults", {"api": "alibaba.trade.pay.protocolPay.preparePay", "fault": "pay_says_no"})
    result = await bench.supplier.pay([vendor_order_id])

    assert result.unpaid == (vendor_order_id,)
    assert (await bench.supplier.order(vendor_order_id)).state is VendorOrderState.PAID
    assert len(bench.mock.state.money) == 1


async def test_pitfall_13_an_order_nobody_pays_is_closed(bench: Bench) -> None:
    bench.publish(make_offer())
    vendor_order_id = await placed(bench)
    await bench.control(f"orders/{vendor_order_id}/close", {"by": "bops"})

    assert (await bench.supplier.order(vendor_order_id)).state is VendorOrderState.CANCELLED
    with pytest.raises(httpx.HTTPStatusError):
        await bench.control(f"orders/{vendor_order_id}/pay")


async def test_pitfall_14_no_parcel_yet_is_no_error(call: Caller, bench: Bench) -> None:
    vendor_order_id = await placed(bench)
    api = "com.alibaba.logistics/alibaba.trade.getLogisticsInfos.buyerView"
    raw = (await call(api, webSite="1688", orderId=vendor_order_id)).json()

    assert raw["errorCode"] == "500_2"
    assert await bench.supplier.shipments(vendor_order_id) == ()


async def test_pitfall_15_an_address_is_chinese_names_and_a_telephone_number_of_digits(call: Caller) -> None:
    wordy = await call.create(addressParam={**ADDRESS, "mobile": "15251667788 (晚上)"})
    foreign = await call.create(addressParam={**ADDRESS, "provinceText": ""})
    coded = await call.create(addressParam={**ADDRESS, "provinceText": "", "districtCode": "330108"})

    assert (wordy["success"], foreign["success"], coded["success"]) == (False, False, True)


async def test_pitfall_16_a_sub_accounts_token_sees_no_ways_to_pay(call: Caller, bench: Bench) -> None:
    vendor_order_id = await placed(bench)
    bench.account.is_main = False
    answer = (await call(f"{TRADE}/alibaba.trade.payWay.query", orderId=vendor_order_id)).json()

    assert answer["errorCode"] == "500_2"


async def test_pitfall_17_what_is_not_granted_is_one_api_and_the_rest_goes_on(bench: Bench) -> None:
    bench.publish(make_offer())
    bench.account.denied = frozenset({"alibaba.trade.createCrossOrder"})

    with pytest.raises(NotGranted):
        await bench.supplier.place(draft(), key=make_key())
    assert (await bench.supplier.preview(make_draft())).total == cny("46.70")


async def test_pitfall_18_changed_orders_are_one_list_and_not_a_call_for_each(call: Caller, bench: Bench) -> None:
    for _ in range(5):
        await call.create()
    bench.mock.state.calls.clear()
    pages = [page async for page in bench.supplier.orders(since=None)]

    assert len(pages[-1].items) == 5
    assert set(bench.mock.state.calls) == {"alibaba.trade.getBuyerOrderList"}


async def test_pitfall_19_a_message_names_what_to_read_again_and_states_are_not_taken_from_it(
    call: Caller, bench: Bench
) -> None:
    bench.account.webhook_url = "http://seller/webhooks/main"
    bench.push_answers = [500, 200]
    made = (await call.create())["result"]["orderId"]
    await settled()
    webhook = Alibaba1688Webhook(bench.settings.app_secret)
    (first,), (again,) = (webhook.events(RawRequest({}, "", body)) for _, body in bench.pushed[:2])

    assert (first, first.subjects) == (again, (made,))
    assert not hasattr(first, "state")


async def test_pitfall_20_names_are_misspelt_as_the_vendor_misspells_them(call: Caller, bench: Bench) -> None:
    preview = (await call(PREVIEW, addressParam=ADDRESS, cargoParamList=[CARGO])).json()
    bought = await call.create()
    paying = (await call(f"{TRADE}/alibaba.alipay.url.get", orderIdList=[5])).json()
    view = f"{TRADE}/alibaba.trade.get.buyerView"
    trade = (await call(view, webSite="1688", orderId=bought["result"]["orderId"])).json()["result"]

    assert "orderPreviewResuslt" in preview
    assert "orderAmmount" in bought["result"]["orderList"][0]
    assert "erroMsg" in paying
    assert trade["productItems"][0].keys() >= {"productID", "skuID", "subItemID", "subItemIDString"}
    assert trade["tradeTerms"][0].keys() >= {"phasAmount"}
    assert (
        code(await call(f"{TRADE}/alibaba.trade.cancel", webSite="1688", tradeId="5", cancelReason="other"))[0] == 400
    )


async def test_pitfall_21_pictures_are_relative_in_one_api_and_absolute_in_another(call: Caller, bench: Bench) -> None:
    bench.mock.state.offers[OFFER]["productImage"] = {"images": ["https://cbu01.alicdn.com/img/a.jpg"]}
    await call("com.alibaba.product.push/alibaba.cross.syncProductListPushed", productIdList=[OFFER])
    older = (await call("com.alibaba.product/alibaba.cross.productInfo", productId=str(OFFER))).json()

    assert older["productInfo"]["image"]["images"] == ["img/a.jpg"]
    assert (await bench.supplier.offer(str(OFFER))).images == ("https://cbu01.alicdn.com/img/a.jpg",)
