"""Somebody else's client runs against the mock unchanged, and makes every call the mock knows."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from syncbridge.adapters.alibaba1688.mock.apis import ENDPOINTS
from syncbridge.testing.builders import make_offer
from tests.adapters.alibaba1688.caller import ADDRESS, OFFER, settled
from tests.adapters.alibaba1688.journeys import CARGO, JOURNEYS, bought, browses, lists, paid, viewed
from tests.adapters.alibaba1688.stranger import CROSSBORDER, MESSAGES, PRODUCT, TRADE, Refused, Stranger

if TYPE_CHECKING:
    from tests.adapters.alibaba1688.conftest import Bench

pytestmark = pytest.mark.anyio
VIEW = f"{TRADE}/alibaba.trade.get.buyerView"
LIST = f"{TRADE}/alibaba.trade.getBuyerOrderList"
Opening = Callable[..., Awaitable[Stranger]]


@pytest.fixture
async def opened(bench: Bench) -> AsyncIterator[Opening]:
    """Opens accounts at a mock that sells one offer."""
    bench.publish(make_offer())
    strangers: list[Stranger] = []

    async def opening(**account: object) -> Stranger:
        made: Any = await bench.control("accounts", {"denied": [], **account})
        urls = {"base_url": "http://mock", "auth_url": "http://mock"}
        strangers.append(Stranger(made | urls, httpx.ASGITransport(app=bench.mock.asgi())))
        return strangers[-1]

    yield opening
    for stranger in strangers:
        await stranger.close()


@pytest.fixture
async def stranger(opened: Opening) -> Stranger:
    return await opened()


async def refused(call: Awaitable[Any]) -> tuple[int, str]:
    with pytest.raises(Refused) as caught:
        await call
    return caught.value.status, caught.value.code


async def test_a_stranger_makes_every_call_the_mock_knows(stranger: Stranger, bench: Bench) -> None:
    for journey in JOURNEYS:
        await journey(stranger, bench)

    assert stranger.called == set(ENDPOINTS)


async def test_a_call_may_come_as_a_get_with_a_query(stranger: Stranger) -> None:
    listed = await stranger.call(LIST, by="GET", page="1")

    assert listed == {"result": [], "totalRecord": 0}


async def test_the_time_is_told_to_whoever_has_the_key_and_the_secret(stranger: Stranger) -> None:
    stranger.token = ""

    assert await stranger.call("system/currentTime") == "20260302090000000+0800"
    stranger.secret = "another"
    assert await refused(stranger.call("system/currentTime")) == (400, "gw.SignatureInvalid")


async def test_a_person_who_says_yes_is_sent_back_with_a_code_that_is_good_once(stranger: Stranger) -> None:
    code = stranger.code_in(await stranger.authorise())
    old, granted = stranger.token, await stranger.exchange(code)

    assert (granted["expires_in"], granted["refresh_token_timeout"]) == ("36000", "20260829090000000+0800")
    assert granted["memberId"] == f"b2b-{granted['aliId']}"
    assert (await refused(stranger.call(LIST)), old != granted["access_token"]) == ((401, "401"), True)
    stranger.token = granted["access_token"]
    assert (await stranger.call(LIST))["totalRecord"] == 0
    assert (await refused(stranger.exchange(code)))[1] == "invalid_grant"


async def test_a_code_is_good_for_two_minutes_and_for_the_address_it_was_asked_from(
    stranger: Stranger, bench: Bench
) -> None:
    late, elsewhere = [stranger.code_in(await stranger.authorise()) for _ in range(2)]

    assert (await refused(stranger.exchange(elsewhere, redirect_uri="https://other.example/")))[1] == "invalid_grant"
    bench.pass_time(120)
    assert (await refused(stranger.exchange(late)))[1] == "invalid_grant"


async def test_without_asking_for_one_no_refresh_token_comes(stranger: Stranger) -> None:
    granted = await stranger.exchange(stranger.code_in(await stranger.authorise()), need_refresh_token="false")

    assert "refresh_token" not in granted


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"state": ""}, "缺少必要参数"),
        ({"redirect_uri": ""}, "缺少必要参数"),
        ({"client_id": "7"}, "非法请求"),
        ({"site": "china"}, "非法请求"),
        ({"redirect_uri": "no address"}, "非法请求"),
        ({"redirect_uri": "http://[broken"}, "非法请求"),
    ],
)
async def test_a_flawed_authorisation_shows_a_page(stranger: Stranger, changes: dict[str, str], words: str) -> None:
    assert words in (await stranger.authorise(**changes)).text


async def test_people_are_sent_back_to_the_registered_domain_only(opened: Opening) -> None:
    mine, other = await opened(redirect_domain="stranger.example"), await opened(redirect_domain="other.example")

    assert (await mine.authorise()).status_code == 302
    assert "非法请求" in (await other.authorise()).text


async def test_the_older_page_wants_its_address_signed(stranger: Stranger) -> None:
    assert stranger.code_in(await stranger.authorise_the_old_way())
    assert "非法请求" in (await stranger.authorise_the_old_way(_aop_signature="0" * 40)).text


async def test_a_refresh_answers_no_refresh_token_and_ends_the_old_access_token(stranger: Stranger) -> None:
    renewed = await stranger.renew()

    assert "refresh_token" not in renewed
    assert await refused(stranger.call(LIST)) == (401, "401")
    stranger.token = renewed["access_token"]
    assert (await stranger.call(LIST))["totalRecord"] == 0


async def test_a_refresh_token_ends_when_its_answer_said_so_unless_it_is_postponed(
    stranger: Stranger, bench: Bench
) -> None:
    bench.pass_time(timedelta(days=170).total_seconds())
    stranger.token = (await stranger.renew())["access_token"]
    postponed = await stranger.renew(api="postponeToken")
    bench.pass_time(timedelta(days=20).total_seconds())

    assert (await stranger.renew(postponed["refresh_token"]))["access_token"]
    assert (await stranger.renew(stranger.refresh_token))["access_token"]
    bench.pass_time(timedelta(days=170).total_seconds())
    assert (await refused(stranger.renew(postponed["refresh_token"])))[1] == "invalid_grant"


async def test_an_access_token_ends_after_its_time_and_one_from_the_console_never(
    opened: Opening, bench: Bench
) -> None:
    usual, short, pasted = (
        await opened(),
        await opened(token_life_seconds=60),
        await opened(token_life_seconds=None),
    )
    bench.pass_time(60)
    assert await refused(short.call(LIST)) == (401, "401")
    bench.pass_time(36_000)
    assert await refused(usual.call(LIST)) == (401, "401")
    assert (await pasted.call(LIST))["totalRecord"] == 0


async def test_row_44_a_quota_is_kept_by_api_and_refills(stranger: Stranger, bench: Bench) -> None:
    await bench.control("quotas", {"api": "alibaba.trade.getBuyerOrderList", "calls": 2, "within_seconds": 1})
    for _ in range(2):
        await stranger.call(LIST)

    assert await refused(stranger.call(LIST)) == (400, "gw.QosAppFrequencyLimit")
    assert (await stranger.call(f"{TRADE}/alibaba.trade.receiveAddress.get"))["success"] is True
    bench.pass_time(1)
    assert (await stranger.call(LIST))["totalRecord"] == 0


async def test_a_bought_package_of_calls_is_used_up_for_good(stranger: Stranger, bench: Bench) -> None:
    await bench.control("quotas", {"api": "*", "calls": 1})
    await stranger.call(LIST)
    bench.pass_time(30_000)

    assert await refused(stranger.call(LIST)) == (400, "gw.NoUsageLeftError")


async def test_a_right_is_refused_by_api(opened: Opening) -> None:
    usual = await opened(denied=["alibaba.trade.payWay.query"])

    assert await refused(usual.call(f"{TRADE}/alibaba.trade.payWay.query", orderId="1")) == (400, "gw.APIACLDecline")
    assert (await usual.call(LIST))["totalRecord"] == 0


async def test_ordering_as_a_reseller_is_not_granted_unless_asked_for(bench: Bench) -> None:
    account: Any = await bench.control("accounts")
    urls = {"base_url": "http://mock", "auth_url": "http://mock"}
    usual = Stranger(account | urls, httpx.ASGITransport(app=bench.mock.asgi()))

    assert await refused(usual.call(f"{TRADE}/alibaba.trade.fenxiaoOrder.create")) == (400, "gw.APIACLDecline")
    await usual.close()


@pytest.mark.parametrize("path", ["param2/2/system/currentTime/1000001", "param2", "http/1/system/currentTime/1000002"])
async def test_what_is_no_api_is_called_so(stranger: Stranger, path: str) -> None:
    answer = await stranger.http.post(f"http://mock/openapi/{path}")

    assert (answer.status_code, answer.json()["error_code"]) == (400, "gw.APIUnsupported")


async def test_no_more_than_twenty_offers_are_pushed_at_once(stranger: Stranger) -> None:
    api = "com.alibaba.product.push/alibaba.cross.syncProductListPushed"

    assert (await stranger.call(api, productIdList=[]))["result"]["errorCode"] == "OFFERIDS_IS_NULL"
    assert (await stranger.call(api, productIdList=list(range(21))))["result"]["success"] is False


async def test_501_skus_are_too_many_for_one_order(stranger: Stranger) -> None:
    params = {"flow": "general", "addressParam": ADDRESS, "cargoParamList": [CARGO] * 501}
    answer = await stranger.call(f"{TRADE}/alibaba.trade.createCrossOrder", **params)

    assert (answer["success"], answer["message"]) == (False, "创建订单最多允许50个SKU")


async def test_the_flow_saleproxy_wants_a_relation(stranger: Stranger, bench: Bench) -> None:
    params = {"flow": "saleproxy", "addressParam": ADDRESS, "cargoParamList": [CARGO]}
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
