"""Somebody else's client runs against the mock unchanged, and makes every call the mock knows."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from syncbridge.adapters.alibaba1688.mock import app
from syncbridge.adapters.alibaba1688.mock.accounts import Account
from syncbridge.adapters.alibaba1688.mock.apis import ENDPOINTS
from syncbridge.adapters.alibaba1688.mock.endpoint import Endpoint
from syncbridge.adapters.alibaba1688.mock.params import Json
from syncbridge.adapters.alibaba1688.mock.state import State
from tests.adapters.alibaba1688.caller import ADDRESS, OFFER, settled
from tests.adapters.alibaba1688.journeys import CARGO, JOURNEYS, bought, browses, lists, paid, viewed
from tests.adapters.alibaba1688.stranger import CROSSBORDER, MESSAGES, PRODUCT, TRADE, Stranger, refused

if TYPE_CHECKING:
    from tests.adapters.alibaba1688.conftest import Bench, Opening

pytestmark = pytest.mark.anyio
LIST = f"{TRADE}/alibaba.trade.getBuyerOrderList"


async def test_a_stranger_makes_every_call_the_mock_knows(stranger: Stranger, bench: Bench) -> None:
    for journey in JOURNEYS:
        await journey(stranger, bench)

    assert stranger.called == set(ENDPOINTS)


async def test_a_call_that_reads_leaves_the_vendors_books_as_they_are(
    stranger: Stranger, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    changing: set[str] = set()

    def watched(name: str, known: Endpoint) -> Endpoint:
        def act(state: State, account: Account, params: Json) -> Json:
            before = repr(vars(state))
            answer = known.act(state, account, params)
            if repr(vars(state)) != before:
                changing.add(name)
            return answer

        return replace(known, act=act)

    monkeypatch.setattr(app, "ENDPOINTS", {name: watched(name, known) for name, known in ENDPOINTS.items()})
    for journey in JOURNEYS:
        await journey(stranger, bench)

    assert [name for name in changing if not ENDPOINTS[name].writes] == []
    assert f"{TRADE}/alibaba.trade.createCrossOrder" in changing


async def test_a_call_may_come_as_a_get_with_a_query(stranger: Stranger) -> None:
    listed = await stranger.call(LIST, by="GET", page="1")

    assert listed == {"result": [], "totalRecord": 0}


@pytest.mark.parametrize("path", ["param2/2/system/currentTime/1000001", "param2", "http/1/system/currentTime/1000002"])
async def test_what_is_no_api_is_called_so(stranger: Stranger, path: str) -> None:
    answer = await stranger.http.post(f"http://mock/openapi/{path}")

    assert (answer.status_code, answer.json()["error_code"]) == (400, "gw.APIUnsupported")


async def test_bytes_that_are_no_text_are_refused(stranger: Stranger) -> None:
    form = {"content-type": "application/x-www-form-urlencoded"}
    url = f"http://mock/openapi/param2/1/{LIST}/{stranger.key}"
    answer = await stranger.http.post(url, content=b"page=\xff\xfe", headers=form)

    assert (answer.status_code, answer.json()["error_code"]) == (400, "gw.ParamInvalid")


async def test_row_15_a_parameter_nested_without_end_is_refused(stranger: Stranger) -> None:
    deep = stranger.call(f"{TRADE}/alibaba.alipay.url.get", orderIdList="[" * 100_000)

    assert await refused(deep) == (400, "gw.ParamInvalid")


@pytest.mark.parametrize("number", ["9" * 5000, "٣", "-1", "", "0x1"])
async def test_an_id_that_is_none_is_nobodys(stranger: Stranger, number: str) -> None:
    answer = await stranger.call(f"{TRADE}/alibaba.trade.payWay.query", orderId=number)

    assert answer["errorCode"] == "500_2"


async def test_no_more_than_twenty_offers_are_pushed_at_once(stranger: Stranger) -> None:
    api = "com.alibaba.product.push/alibaba.cross.syncProductListPushed"

    assert (await stranger.call(api, productIdList=[]))["result"]["errorCode"] == "OFFERIDS_IS_NULL"
    assert (await stranger.call(api, productIdList=list(range(21))))["result"]["success"] is False


async def test_501_skus_are_too_many_for_one_order(stranger: Stranger) -> None:
    params: dict[str, Any] = {"flow": "general", "addressParam": ADDRESS, "cargoParamList": [CARGO] * 501}
    answer = await stranger.call(f"{TRADE}/alibaba.trade.createCrossOrder", **params)

    assert (answer["success"], answer["message"]) == (False, "创建订单最多允许50个SKU")


async def test_the_flow_saleproxy_wants_a_relation(stranger: Stranger, bench: Bench) -> None:
    params: dict[str, Any] = {"flow": "saleproxy", "addressParam": ADDRESS, "cargoParamList": [CARGO]}
    preview = f"{TRADE}/alibaba.createOrder.preview"

    assert (await stranger.call(preview, **params))["errorCode"] == "500_007"
    await lists(stranger, bench)
    assert (await stranger.call(preview, **params))["success"] is True


async def test_ways_to_pay_and_refunds_are_shown_to_the_main_account_only(opened: Opening) -> None:
    sub = await opened(main_account=False)
    order_id = await bought(sub)
    listed = await sub.call(f"{TRADE}/alibaba.trade.refund.buyer.queryOrderRefundList")

    assert (await sub.call(f"{TRADE}/alibaba.trade.payWay.query", orderId=order_id))["errorCode"] == "500_2"
    assert (listed["success"], "errorMsg" in listed) == (False, True)


async def test_a_memo_on_an_order_that_is_not_there_says_yes_beside_its_error(stranger: Stranger) -> None:
    answer = await stranger.call(f"{TRADE}/alibaba.order.memoAdd", orderId="5", memo="x", remarkIcon="1")

    assert (answer["success"], answer["errorCode"], "ORDER_NOT_EXIST" in answer["errorMsg"]) == (True, "400_4", True)


async def test_a_seller_may_change_the_price_of_an_unpaid_order(stranger: Stranger, bench: Bench) -> None:
    order_id = await bought(stranger)
    await bench.control(f"orders/{order_id}/price", {"discount": "-3.30", "freight": "8.00"})
    trade = await viewed(stranger, order_id)
    base = trade["baseInfo"]

    assert (base["totalAmount"], base["shippingFee"], base["discount"]) == (53.0, 8.0, -330)
    assert base["totalAmount"] == trade["productItems"][0]["itemAmount"] + base["shippingFee"]
    await paid(stranger, order_id)
    with pytest.raises(httpx.HTTPStatusError):
        await bench.control(f"orders/{order_id}/price", {"freight": "1.00"})


async def test_links_name_the_orders_that_cannot_be_paid(stranger: Stranger) -> None:
    done, open_one = await bought(stranger), await bought(stranger)
    await paid(stranger, done)
    ids = [int(done), int(open_one), 5]

    link = await stranger.call(f"{TRADE}/alibaba.alipay.url.get", orderIdList=ids)
    none = await stranger.call(f"{TRADE}/alibaba.crossBorderPay.url.get", orderIdList=[5])
    many = await stranger.call(f"{TRADE}/alibaba.alipay.url.get", orderIdList=list(range(101)))
    assert link["payFailureOrderList"] == [int(done), 5]
    assert (none["success"], none["errorCode"], "errorMsg" in none) == (False, "400_4", True)
    assert (many["success"], "erroMsg" in many) == (False, True)


@pytest.mark.parametrize("content", [b"GIF89a", b"", b"\xff\xd8\xff" + b"0" * 1024 * 1024])
async def test_only_a_jpeg_below_a_megabyte_is_proof(stranger: Stranger, content: bytes) -> None:
    answer = await stranger.upload(f"{TRADE}/alibaba.trade.uploadRefundVoucher", "imageData", content)

    assert answer["result"]["code"] == "4000"


async def test_a_file_is_taken_only_where_the_documents_name_one(stranger: Stranger) -> None:
    assert await refused(stranger.upload(LIST, "page", b"1")) == (400, "gw.ParamInvalid")


async def test_a_photo_may_come_as_base64_too(stranger: Stranger) -> None:
    answer = await stranger.call(f"{TRADE}/alibaba.trade.uploadRefundVoucher", imageData="/9j/4AAQ")

    assert answer["result"]["success"] is True


async def test_messages_nobody_took_are_kept_until_they_are_read(opened: Opening, bench: Bench) -> None:
    stranger = await opened(webhook_url="http://stranger/push")
    bench.push_answers = [500] * 8
    await bought(stranger)
    await bought(stranger)
    await settled()
    taken = [stranger.message_in(body)["msgId"] for _, body in bench.pushed]
    first = await stranger.call(
        f"{MESSAGES}/push.cursor.messageList", quantity="20", type="ORDER_BUYER_VIEW_BUYER_MAKE"
    )
    again = await stranger.call(f"{MESSAGES}/push.cursor.messageList")

    (message, _) = first["pushMessageList"]
    assert len(taken) == 8
    assert (message["topicGroup"], message["topicName"]) == ("ORDER", "BUYER_VIEW_BUYER_MAKE")
    assert (message["msgId"] in taken, again) == (True, {"pushMessageList": []})


@pytest.mark.parametrize(
    ("api", "size"), [("push.cursor.messageList", "quantity"), ("push.query.messageList", "pageSize")]
)
@pytest.mark.parametrize("number", ["19", "201"])
async def test_missed_messages_are_read_by_twenty_to_two_hundred(
    stranger: Stranger, api: str, size: str, number: str
) -> None:
    answer = await stranger.call(f"{MESSAGES}/{api}", **{size: number})

    assert answer["errorCode"] == "400"


async def test_a_message_follows_what_happens_to_an_order(opened: Opening, bench: Bench) -> None:
    stranger = await opened(webhook_url="http://stranger/push")
    first, second = await bought(stranger), await bought(stranger)
    await bench.control(f"orders/{first}/price", {"discount": "1.00"})
    await paid(stranger, first)
    await stranger.call(f"{TRADE}/alibaba.order.memoAdd", orderId=first, memo="m", remarkIcon="1")
    await bench.control(f"orders/{first}/ship", {"number": "YT100000001", "company": "YTO"})
    await bench.control(f"orders/{first}/finish")
    await bench.control(f"orders/{second}/close", {"by": "bops"})
    await settled()
    told = [stranger.message_in(body) for _, body in bench.pushed]

    assert [
        (each["type"].removeprefix("ORDER_BUYER_VIEW_"), each["data"]["currentStatus"])
        for each in told
        if each["type"] != "ORDER_BUYER_VIEW_BUYER_MAKE"
    ] == [
        ("ORDER_PRICE_MODIFY", "waitbuyerpay"),
        ("ORDER_PAY", "waitsellersend"),
        ("MODIFY_MEMO", "waitsellersend"),
        ("ANNOUNCE_SENDGOODS", "waitbuyerreceive"),
        ("ORDER_SUCCESS", "success"),
        ("ORDER_BOPS_CLOSE", "cancel"),
    ]
    base = (await viewed(stranger, second))["baseInfo"]
    assert (base["closeReason"], base["closeOperateType"]) == ("BUYER_NO_PAY", "CLOSE_TRADE_BY_BOPS")


async def test_searching_by_a_picture_wants_one_that_was_sent_in(stranger: Stranger, bench: Bench) -> None:
    query = {"beginPage": 1, "pageSize": 20, "country": "en", "imageId": "77"}
    answer = await stranger.call(f"{CROSSBORDER}/product.search.imageQuery", offerQueryParam=query)

    assert answer["result"]["success"] is False
    await browses(stranger, bench)


async def test_following_no_more_ends_the_messages(stranger: Stranger, bench: Bench) -> None:
    await stranger.call(f"{PRODUCT}/alibaba.product.follow.crossborder", productId=str(OFFER))
    await stranger.call(f"{PRODUCT}/alibaba.product.unfollow.crossborder", productId=str(OFFER))
    await bench.control(f"offers/{OFFER}/withdraw")

    assert (await stranger.call(f"{MESSAGES}/push.cursor.messageList")) == {"pushMessageList": []}
