"""The mock is as strict as the documents about cancels and refunds, and tells the buyer what became of them."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import httpx
import pytest

from tests.adapters.alibaba1688.caller import OFFER, TRADE, Caller, code, settled

if TYPE_CHECKING:
    from tests.adapters.alibaba1688.conftest import Bench

pytestmark = pytest.mark.anyio

CANCEL = f"{TRADE}/alibaba.trade.cancel"
REASONS = f"{TRADE}/alibaba.trade.getRefundReasonList"
MAX_FEE = f"{TRADE}/alibaba.trade.getMaxRefundFee"
CREATE_REFUND = f"{TRADE}/alibaba.trade.createRefund"
REFUND = f"{TRADE}/alibaba.trade.refund.OpQueryOrderRefund"
REFUNDS = f"{TRADE}/alibaba.trade.refund.OpQueryBatchRefundByOrderIdAndStatus"
ORDER_VIEW = f"{TRADE}/alibaba.trade.get.buyerView"
UNSHIPPED = "refundWaitSellerSend"


class Paid:
    """An order of 41.70 yuan and 5.00 yuan of freight that was paid, and what may be asked about it."""

    def __init__(self, call: Caller, order_id: str) -> None:
        self.call = call
        self.order_id = order_id
        self.entry_id = int(order_id) + 1

    async def asked(self, **changes: Any) -> dict[str, Any]:
        params = {
            "orderId": self.order_id,
            "orderEntryIds": [self.entry_id],
            "disputeRequest": "refund",
            "applyPayment": "4170",
            "applyCarriage": "500",
            "applyReasonId": "20028",
            "description": "订单取消",
            "goodsStatus": UNSHIPPED,
        }
        told: dict[str, Any] = (await self.call(CREATE_REFUND, **(params | changes))).json()["result"]
        return told

    async def view(self) -> dict[str, Any]:
        told: dict[str, Any] = (await self.call(ORDER_VIEW, webSite="1688", orderId=self.order_id)).json()["result"]
        return told


@pytest.fixture
async def paid(call: Caller, bench: Bench) -> Paid:
    bench.mock.state.switches.refund_delay_seconds = None
    order_id = (await call.create())["result"]["orderId"]
    await bench.control(f"orders/{order_id}/pay")
    return Paid(call, order_id)


def pushed(bench: Bench) -> list[dict[str, Any]]:
    return [json.loads(parse_qs(body.decode())["message"][0]) for _, body in bench.pushed]


async def cancelled(call: Caller, order_id: str, **changes: str) -> dict[str, Any]:
    params = {"webSite": "1688", "tradeID": order_id, "cancelReason": "buyerCancel"} | changes
    told: dict[str, Any] = (await call(CANCEL, **params)).json()
    return told


async def test_an_order_is_cancelled_once_it_is_ten_seconds_old(call: Caller, bench: Bench) -> None:
    order_id = (await call.create())["result"]["orderId"]

    bench.pass_time(9)
    assert (await cancelled(call, order_id))["errorCode"] == "CLOSE_ORDER_TOO_FAST"
    bench.pass_time(1)
    assert await cancelled(call, order_id) == {"success": True}
    assert (await cancelled(call, order_id))["errorCode"] == "ORDER_STATUS_ERROR"


async def test_a_cancelled_order_says_who_closed_it_and_is_not_paid(call: Caller, bench: Bench) -> None:
    order_id = (await call.create())["result"]["orderId"]
    bench.pass_time(10)
    await cancelled(call, order_id)

    trade = await Paid(call, order_id).view()
    with pytest.raises(httpx.HTTPStatusError):
        await bench.control(f"orders/{order_id}/pay")

    assert trade["baseInfo"]["status"] == "cancel"
    assert (trade["baseInfo"]["closeReason"], trade["baseInfo"]["closeOperateType"]) == ("buyerCancel", "BUYER")
    assert trade["tradeTerms"][0]["payStatus"] == "8"
    assert bench.mock.books()["cancels"] == [
        {"orderId": order_id, "amount": "46.70", "time": "2026-03-02T01:00:10+00:00"}
    ]


@pytest.mark.parametrize(
    ("changes", "refused"),
    [
        ({"tradeID": "1"}, "ORDER_NOT_EXIST"),
        ({"cancelReason": "changed my mind"}, "400"),
        ({"webSite": "alibaba"}, "400"),
    ],
)
async def test_a_cancel_the_documents_do_not_know_is_refused(
    call: Caller, bench: Bench, changes: dict[str, str], refused: str
) -> None:
    order_id = (await call.create())["result"]["orderId"]
    bench.pass_time(10)

    answer = await cancelled(call, order_id, **changes)

    assert (answer["success"], answer["errorCode"]) == (False, refused)
    assert bench.mock.books()["cancels"] == []


async def test_a_paid_order_and_another_accounts_are_not_cancelled(paid: Paid, bench: Bench) -> None:
    assert (await cancelled(paid.call, paid.order_id))["errorCode"] == "ORDER_STATUS_ERROR"
    bench.mock.state.orders[int(paid.order_id)].account = bench.mock.state.add_account()
    assert (await cancelled(paid.call, paid.order_id))["errorCode"] == "400_3"


async def test_parameters_have_the_documented_names_and_types(paid: Paid) -> None:
    flawed = (
        (CANCEL, {"webSite": "1688", "orderId": paid.order_id, "cancelReason": "other"}),
        (REASONS, {"orderId": paid.order_id, "orderEntryIds": str(paid.entry_id), "goodsStatus": UNSHIPPED}),
        (REASONS, {"orderId": paid.order_id, "orderEntryIds": [str(paid.entry_id)], "goodsStatus": UNSHIPPED}),
        (MAX_FEE, {"orderId": paid.order_id, "goodsStatus": UNSHIPPED}),
        (REFUNDS, {"orderId": paid.order_id, "queryType": "1", "dipsuteType": "1"}),
    )
    for api, params in flawed:
        assert code(await paid.call(api, **params)) == (400, "gw.ParamInvalid")
    assert code(await paid.call(REFUND)) == (400, "gw.ParamMissing")


async def test_the_most_that_can_be_asked_back_is_what_was_paid(paid: Paid) -> None:
    asked = {"orderId": int(paid.order_id), "goodsStatus": UNSHIPPED}
    counts = [{"id": paid.entry_id, "count": 3}]

    most = (await paid.call(MAX_FEE, input=asked | {"refundGoodsCountList": counts})).json()["result"]
    fewer = (await paid.call(MAX_FEE, input=asked | {"refundGoodsCountList": [counts[0] | {"count": 2}]})).json()

    assert (most["result"]["maxGoodsFee"], most["result"]["maxPostFee"], most["result"]["maxRefundFee"]) == (
        4170,
        500,
        4670,
    )
    assert fewer["result"]["code"] == "5010"


@pytest.mark.parametrize(
    ("changes", "refused"),
    [
        ({"orderId": "1"}, "5001"),
        ({"goodsStatus": "refundSomehow"}, "5003"),
        ({"goodsStatus": "refundBuyerReceived"}, "5010"),
        ({"orderEntryIds": [1]}, "5010"),
        ({"orderEntryIds": []}, "5010"),
        ({"disputeRequest": "returnRefund"}, "5010"),
        ({"applyReasonId": "1"}, "5004"),
        ({"applyReasonId": "20022"}, "5005"),
        ({"applyReasonId": "20025"}, "5006"),
        ({"applyPayment": "4169"}, "5011"),
        ({"applyPayment": "4171"}, "5011"),
        ({"applyPayment": "4670", "applyCarriage": "0"}, "5011"),
        ({"applyCarriage": "501"}, "5011"),
        ({"applyCarriage": "-1"}, "5011"),
        ({"description": "退"}, "5012"),
        ({"description": "退" * 151}, "5012"),
        ({"orderEntryCountList": [{"id": 1, "count": 1}]}, "5013"),
    ],
)
async def test_a_refund_that_breaks_a_rule_is_refused(
    paid: Paid, bench: Bench, changes: dict[str, Any], refused: str
) -> None:
    answer = await paid.asked(**changes)

    assert (answer["success"], answer["code"]) == (False, refused)
    assert bench.mock.books()["refunds"] == []


async def test_a_refund_is_asked_for_once_and_by_the_buyer(paid: Paid, bench: Bench) -> None:
    assert (await paid.asked())["result"]["refundId"].startswith("TQ")
    assert (await paid.asked())["code"] == "5010"
    await bench.control(f"orders/{paid.order_id}/refund", {"agree": False, "reason": "已打包"})
    assert (await paid.asked())["code"] == "5010"
    bench.mock.state.orders[int(paid.order_id)].account = bench.mock.state.add_account()
    assert (await paid.asked())["code"] == "5002"


@pytest.mark.parametrize("status", ["waitbuyerpay", "waitbuyerreceive", "cancel", "success"])
async def test_only_a_paid_order_that_has_not_shipped_is_refunded(paid: Paid, bench: Bench, status: str) -> None:
    bench.mock.state.orders[int(paid.order_id)].status = status

    listed = await paid.call(REASONS, orderId=paid.order_id, orderEntryIds=[paid.entry_id], goodsStatus=UNSHIPPED)

    assert listed.json()["result"]["code"] == "5010"
    assert (await paid.asked())["code"] == "5010"


async def test_money_comes_back_after_the_sellers_delay_and_the_order_is_closed(paid: Paid, bench: Bench) -> None:
    await bench.control("switches", {"refund_delay_seconds": 30})
    refund_id = (await paid.asked())["result"]["refundId"]
    asked_at = bench.clock.now()
    await settled()

    trade = await paid.view()

    assert trade["baseInfo"]["status"] == "cancel"
    assert (trade["baseInfo"]["refundStatus"], trade["baseInfo"]["refund"]) == ("refundsuccess", 46.7)
    assert trade["productItems"][0]["refundStatus"] == "REFUND_SUCCESS"
    assert trade["tradeTerms"][0]["payStatus"] == "4"
    assert bench.mock.books()["refunds"] == [
        {
            "refundId": refund_id,
            "orderId": paid.order_id,
            "status": "refundsuccess",
            "amount": "46.70",
            "description": "订单取消",
            "applyTime": asked_at.isoformat(),
            "endTime": "2026-03-02T01:00:30+00:00",
        }
    ]
    assert bench.mock.books()["cancels"] == []


async def test_a_refund_is_listed_under_way_then_succeeded_and_closed_nowhere(paid: Paid, bench: Bench) -> None:
    async def listed() -> tuple[list[str], list[str]]:
        found = [(await paid.call(REFUNDS, orderId=paid.order_id, queryType=kind)).json() for kind in ("1", "3")]
        under_way, succeeded = ([each["status"] for each in one["result"]["opOrderRefundModels"]] for one in found)
        return under_way, succeeded

    assert await listed() == ([], [])
    await paid.asked()
    assert await listed() == (["waitselleragree"], [])
    await bench.control(f"orders/{paid.order_id}/refund", {"agree": False})
    assert await listed() == (["waitbuyermodify"], [])
    await bench.control(f"orders/{paid.order_id}/ship", {"number": "YT1", "company": "圆通速递(YTO)"})
    assert await listed() == ([], [])


async def test_a_refund_is_shown_by_its_id_whatever_became_of_it(paid: Paid, bench: Bench) -> None:
    refund_id = (await paid.asked())["result"]["refundId"]
    await bench.control(f"orders/{paid.order_id}/ship", {"number": "YT1", "company": "圆通速递(YTO)"})

    shown = (await paid.call(REFUND, refundId=refund_id)).json()["result"]["opOrderRefundModelDetail"]

    assert (shown["status"], shown["applyPayment"], shown["refundPayment"]) == ("refundclose", 4170, None)


@pytest.mark.parametrize(
    ("api", "params", "cause"),
    [
        (REFUND, {"refundId": "TQ1"}, "REFUND_DATA_ERROR"),
        (REFUNDS, {"orderId": "1", "queryType": "1"}, "ORDER_NOT_EXIST"),
        (REFUNDS, {"orderId": "1", "queryType": "2"}, "INVALID_PARAM"),
    ],
)
async def test_the_queries_wrap_their_refusal_in_json(
    call: Caller, api: str, params: dict[str, str], cause: str
) -> None:
    answer = (await call(api, **params)).json()

    assert answer["errorCode"] == "500"
    assert cause in json.loads(answer["errorMessage"])["cause"]


async def test_the_buyer_is_told_of_each_step(paid: Paid, bench: Bench) -> None:
    bench.account.webhook_url = "http://seller/webhooks/main"
    refund_id = (await paid.asked())["result"]["refundId"]
    await bench.control(f"orders/{paid.order_id}/refund", {"agree": False})
    await bench.control(f"orders/{paid.order_id}/refund", {"agree": True})
    await settled()

    messages = pushed(bench)
    refund_topic = "ORDER_BUYER_VIEW_ORDER_BUYER_REFUND_IN_SALES"
    assert [(each["type"], each["data"]["currentStatus"], each["data"].get("refundAction")) for each in messages] == [
        (refund_topic, "waitselleragree", "BUYER_APPLY_REFUND"),
        (refund_topic, "waitbuyermodify", "SELLER_REJECT_REFUND"),
        (refund_topic, "refundsuccess", "SELLER_AGREE_REFUND"),
        ("ORDER_BUYER_VIEW_ORDER_SELLER_CLOSE", "cancel", None),
    ]
    assert {each["data"].get("refundId") for each in messages} == {refund_id, None}


async def test_the_buyer_is_told_of_a_cancel_and_of_a_refund_that_shipping_closed(paid: Paid, bench: Bench) -> None:
    unpaid = (await paid.call.create())["result"]["orderId"]
    await paid.asked()
    bench.pass_time(10)
    bench.account.webhook_url = "http://seller/webhooks/main"
    await cancelled(paid.call, unpaid)
    await bench.control(f"orders/{paid.order_id}/ship", {"number": "YT1", "company": "圆通速递(YTO)"})
    await settled()

    messages = pushed(bench)
    assert [
        (each["type"].removeprefix("ORDER_BUYER_VIEW_"), each["data"].get("refundAction")) for each in messages
    ] == [
        ("ORDER_BUYER_CLOSE", None),
        ("ANNOUNCE_SENDGOODS", None),
        ("ORDER_BUYER_REFUND_IN_SALES", "SELLER_SEND_GOODS_CLOSE"),
    ]


async def test_a_seller_who_was_not_asked_cannot_answer(paid: Paid, bench: Bench) -> None:
    with pytest.raises(httpx.HTTPStatusError):
        await bench.control(f"orders/{paid.order_id}/refund", {"agree": True})


async def test_a_seller_told_to_refuse_does_not_agree_later(
    paid: Paid, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    two_seconds = asyncio.Event()
    monkeypatch.setattr(bench.clock, "sleep", lambda _: two_seconds.wait())
    bench.mock.state.switches.refund_delay_seconds = 2.0
    await paid.asked()
    bench.answer_refund(paid.order_id, agree=False)
    two_seconds.set()
    await settled()

    assert (await paid.view())["baseInfo"]["refundStatus"] == "waitbuyermodify"


@pytest.mark.parametrize(
    ("terms", "refused"),
    [
        ({"minOrderQuantity": 4}, "500_005"),
        ({"minOrderQuantity": 3}, "200"),
        ({"minOrderQuantity": 4, "sellerMixSetting": {"generalHunpi": False, "mixNumber": 1}}, "500_005"),
        ({"minOrderQuantity": 4, "sellerMixSetting": {"generalHunpi": True, "mixNumber": 4}}, "500_006"),
        ({"minOrderQuantity": 4, "sellerMixSetting": {"generalHunpi": True, "mixNumber": 3}}, "200"),
        ({"minOrderQuantity": 4, "sellerMixSetting": {"generalHunpi": True, "mixAmount": 42}}, "500_006"),
        ({"minOrderQuantity": 4, "sellerMixSetting": {"generalHunpi": True, "mixAmount": 41}}, "200"),
        ({"minOrderQuantity": 4, "sellerMixSetting": {"generalHunpi": True}}, "500_006"),
        ({"sellerMixSetting": {"generalHunpi": True, "mixAmount": 100, "mixNumber": 9}}, "200"),
        ({"batchNumber": 5}, "500_009"),
        ({"batchNumber": 2}, "500_009"),
        ({"batchNumber": 3}, "200"),
        (
            {"batchNumber": 5, "minOrderQuantity": 4, "sellerMixSetting": {"generalHunpi": True, "mixNumber": 1}},
            "500_009",
        ),
    ],
)
async def test_minimum_mixed_batch_and_lots_bind(
    call: Caller, bench: Bench, terms: dict[str, Any], refused: str
) -> None:
    bench.mock.state.offers[OFFER] |= terms

    assert (await call.create())["code"] == refused


@pytest.mark.parametrize(
    ("shipped", "finished", "changes", "refused"),
    [
        (True, False, {"goodsStatus": "refundWaitBuyerReceive", "applyPayment": "100"}, None),
        (True, False, {"goodsStatus": "refundWaitBuyerReceive", "applyPayment": "4171"}, "5011"),
        (True, False, {"goodsStatus": "refundWaitBuyerReceive", "disputeRequest": "returnRefund"}, "5010"),
        (True, False, {"goodsStatus": UNSHIPPED}, "5010"),
        (True, False, {"goodsStatus": "aftersaleBuyerReceived"}, "5010"),
        (True, True, {"goodsStatus": "refundBuyerReceived"}, "5010"),
        (True, True, {"goodsStatus": "aftersaleBuyerNotReceived"}, None),
        (True, True, {"goodsStatus": "aftersaleBuyerReceived", "disputeRequest": "returnRefund"}, None),
        (False, False, {"goodsStatus": "aftersaleBuyerReceived"}, "5010"),
    ],
)
async def test_each_state_of_goods_belongs_to_one_of_the_order(
    paid: Paid, bench: Bench, shipped: bool, finished: bool, changes: dict[str, str], refused: str | None
) -> None:
    if shipped:
        await bench.control(f"orders/{paid.order_id}/ship", {"number": "YT100000001", "company": "YTO"})
    if finished:
        await bench.control(f"orders/{paid.order_id}/finish")

    assert (await paid.asked(**changes))["code"] == refused


async def test_what_was_given_back_is_not_given_twice_and_an_order_with_nothing_left_is_closed(
    paid: Paid, bench: Bench
) -> None:
    await bench.control(f"orders/{paid.order_id}/ship", {"number": "YT100000001", "company": "YTO"})
    part = {"goodsStatus": "refundWaitBuyerReceive", "applyCarriage": "0", "applyPayment": "100"}
    await paid.asked(**part)
    await bench.control(f"orders/{paid.order_id}/refund", {"agree": True})
    base = (await paid.view())["baseInfo"]

    assert (base["status"], base["refund"]) == ("waitbuyerreceive", 1.0)
    assert (await paid.asked(**(part | {"applyPayment": "4071"})))["code"] == "5011"
    assert (await paid.asked(**(part | {"applyPayment": "4070", "applyCarriage": "500"})))["code"] is None
    await bench.control(f"orders/{paid.order_id}/refund", {"agree": True})
    assert (await paid.view())["baseInfo"]["status"] == "cancel"


async def test_money_asked_for_after_the_sale_is_told_by_a_topic_of_its_own(paid: Paid, bench: Bench) -> None:
    bench.account.webhook_url = "http://seller/webhooks/main"
    await bench.control(f"orders/{paid.order_id}/ship", {"number": "YT100000001", "company": "YTO"})
    await bench.control(f"orders/{paid.order_id}/finish")
    await paid.asked(goodsStatus="aftersaleBuyerNotReceived")
    await settled()

    message = pushed(bench)[-1]
    assert message["type"] == "ORDER_BUYER_VIEW_ORDER_REFUND_AFTER_SALES"
    assert message["data"]["refundAction"] == "BUYER_APPLY_REFUND"
    assert (await paid.view())["baseInfo"]["refundStatusForAs"] == "waitselleragree"
