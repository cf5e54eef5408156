"""Every documented code becomes the error that says what to do next."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from syncbridge.adapters.aliexpress.channel import AliExpressChannel
from syncbridge.errors import (
    AccessExpired,
    NotGranted,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    VendorDown,
)
from syncbridge.model.catalog import PriceUpdate, StockUpdate
from syncbridge.model.shipping import Shipment
from syncbridge.ports import Clock
from syncbridge.testing.builders import make_listing_draft, usd
from syncbridge.testing.clock import FixedClock
from tests.adapters.aliexpress.conftest import Answering

pytestmark = pytest.mark.anyio
PARCEL = Shipment("YANWEN_AM", "UR000000001YP")


def refusing(answering: Answering, clock: Clock | None = None, **fault: object) -> AliExpressChannel:
    def answers(method: str, _: object) -> object:
        if method == "/rest/auth/token/refresh":
            return {"type": "ISV", "code": "IllegalRefreshToken", "message": "expired"}
        return {"error_response": fault}

    return answering(answers, clock=clock)


async def read_and_write(channel: AliExpressChannel) -> list[type[BaseException]]:
    caught: list[type[BaseException]] = []
    for call in (channel.order("1"), channel.declare("1", PARCEL, complete=True)):
        with pytest.raises(Exception, match=r".") as raised:
            await call
        caught.append(type(raised.value))
    return caught


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("IllegalAccessToken", AccessExpired),
        ("27", AccessExpired),
        ("26", AccessExpired),
        ("IllegalRefreshToken", AccessExpired),
        ("InvalidCode", AccessExpired),
        ("isv.402", Rejected),
        ("IncompleteSignature", Rejected),
        ("25", Rejected),
        ("MissingParameter", Rejected),
        ("InvalidParameter", Rejected),
        ("40", Rejected),
        ("41", Rejected),
        ("53", Rejected),
        ("InvalidAppkey", Rejected),
        ("InvalidAppKey", Rejected),
        ("InvalidApiPath", Rejected),
        ("InsufficientPermission", NotGranted),
        ("11", NotGranted),
        ("12", NotGranted),
        ("AUTH_TYPE_UNSUPPORTED", NotGranted),
        ("AppWhiteIpLimit", NotGranted),
        ("ApiCallLimit", RateLimited),
        ("AppCallLimit", RateLimited),
        ("SellerCallLimit", RateLimited),
        (7, RateLimited),
        *((str(code), Rejected) for code in (21, 22, 23, 24, 28, 29, 30, 31, 32, 33, 34)),
        ("SomethingNew", Rejected),
    ],
)
async def test_a_code_means_the_same_for_a_read_and_a_write(
    answering: Answering, code: str | int, error: type[Exception]
) -> None:
    assert await read_and_write(refusing(answering, type="ISV", code=code, msg="no")) == [error, error]


@pytest.mark.parametrize(
    "fault",
    [
        {"type": "SYSTEM", "code": "ServiceUnavailable"},
        {"type": "SYSTEM", "code": "ServiceTimeout"},
        {"type": "ISP", "code": "SomethingBehind"},
        {"type": "SYSTEM", "code": "SomethingOfThePlatform"},
        {"type": "ISP", "code": 15, "sub_code": "isp.service-error"},
        {"code": "15"},
        {"code": "50"},
        {"code": "10"},
        {"code": "3"},
        {"code": "15", "sub_code": "S00-10-10000-001"},
    ],
)
async def test_a_failure_behind_the_gateway_leaves_a_write_open(answering: Answering, fault: dict[str, Any]) -> None:
    assert await read_and_write(refusing(answering, **fault)) == [VendorDown, OutcomeUnknown]


@pytest.mark.parametrize(
    "sub_code",
    [
        "isv.invalid-parameter",
        "isv.account-migration-check-fail",
        "F00-00-10007-009",
        "F00-00-10007-015",
        "F00-00-10020-004",
        "7090001",
        "a.code-nobody-documented",
    ],
)
async def test_a_business_sub_code_is_a_no(answering: Answering, sub_code: str) -> None:
    channel = refusing(answering, type="ISP", code="15", msg="Remote service error", sub_code=sub_code, sub_msg="bad")
    with pytest.raises(Rejected, match="bad") as caught:
        await channel.publish(make_listing_draft())
    assert caught.value.code == sub_code


async def test_an_account_the_platform_does_not_find_is_one_that_may_not(answering: Answering) -> None:
    channel = refusing(answering, type="ISV", code="15", sub_code="F00-10-10000-001", sub_msg="account not found")
    with pytest.raises(NotGranted, match="managed shops are not served yet"):
        await channel.publish(make_listing_draft())


@pytest.mark.parametrize(
    ("msg", "said"),
    [
        ("ip 203.0.113.7 is not in the whitelist", "add 203.0.113.7, the address it sees this machine at,"),
        ("request from [2001:db8::7] at 10:00:00", "add 2001:db8::7, the address"),
        ("at 10:00:00 v1.2.3: your IP is not in the whitelist", "add this machine's outward address to"),
    ],
)
async def test_an_address_that_is_not_whitelisted_is_named_as_the_vendor_sees_it(
    answering: Answering, msg: str, said: str
) -> None:
    channel = refusing(answering, type="ISV", code="AppWhiteIpLimit", msg=msg)
    with pytest.raises(NotGranted) as caught:
        await channel.order("1")
    assert said in str(caught.value)


async def test_a_code_nobody_knows_is_not_sent_again(answering: Answering) -> None:
    sent: list[str] = []

    def answers(method: str, _: object) -> object:
        sent.append(method)
        return {"error_response": {"type": "SYSTEM", "code": "SomethingNew"}}

    with pytest.raises(OutcomeUnknown):
        await answering(answers).publish(make_listing_draft())
    assert sent == ["aliexpress.offer.product.post"]


@pytest.mark.parametrize(
    ("said", "wait"),
    [
        ({"msg": "Api access frequency exceeds the limit. this ban will last 1 seconds"}, 1.0),
        ({"msg": "App Call Limited", "sub_msg": "This ban will last for 3600 more seconds"}, 3600.0),
        ({"msg": "App Call Limited", "sub_msg": "banned until 24:00 GMT+8"}, 3 * 3600.0),
        ({"msg": "5 calls in 60 seconds are too many at 10:00:00"}, 1.0),
    ],
)
async def test_a_ban_lasts_as_long_as_the_vendor_says(answering: Answering, said: dict[str, Any], wait: float) -> None:
    clock = FixedClock(datetime(2026, 3, 2, 13, 0, tzinfo=UTC))  # 21:00 in China
    channel = refusing(answering, clock, type="ISV", code="ApiCallLimit", **said)
    with pytest.raises(RateLimited) as caught:
        await channel.order("1")
    assert caught.value.retry_after == wait


async def test_a_refusal_keeps_its_code_and_request_id_and_masks_tokens(answering: Answering) -> None:
    channel = refusing(answering, code="Odd", msg="session=abcdef bad", request_id="2102x", type="ISV")
    with pytest.raises(Rejected) as caught:
        await channel.order("1")
    assert (caught.value.code, caught.value.request_id) == ("Odd", "2102x")
    assert "abcdef" not in str(caught.value) + caught.value.body


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, html="<html>sign in</html>"),
        httpx.Response(503, html="<html>down</html>"),
        httpx.Response(502, text=""),
        httpx.Response(200, text='{"result":{"product_id":1005'),
        httpx.Response(200, text="[]"),
        httpx.Response(500, json={"result": {"product_id": 1}}),
    ],
)
async def test_an_answer_nobody_can_read_is_down_for_a_read_and_unknown_for_a_write(
    answering: Answering, answer: httpx.Response
) -> None:
    channel = answering(lambda *_: httpx.Response(answer.status_code, content=answer.content))
    with pytest.raises(VendorDown):
        await channel.listing("1005")
    with pytest.raises(OutcomeUnknown):
        await channel.publish(make_listing_draft())


async def test_half_an_order_shows_no_buyer(answering: Answering) -> None:
    channel = answering(lambda *_: httpx.Response(200, text='{"target":{"receipt_address":{"contact_person":"Ana Ga'))
    with pytest.raises(VendorDown) as caught:
        await channel.order("1")
    assert "Ana" not in str(caught.value) + caught.value.body


async def test_too_many_requests_without_words_is_a_rate_limit(answering: Answering) -> None:
    channel = answering(lambda *_: httpx.Response(429, text=""))
    with pytest.raises(RateLimited):
        await channel.order("1")


async def test_a_refusal_inside_the_wrapped_answer_is_seen(answering: Answering) -> None:
    inner = {"error_response": {"code": "InsufficientPermission", "msg": "no"}}
    channel = answering(lambda *_: {"aliexpress_logistics_sellershipmentfortop_response": inner})
    with pytest.raises(NotGranted):
        await channel.declare("1", PARCEL, complete=True)


async def test_a_read_is_tried_again_and_a_write_is_not(answering: Answering) -> None:
    calls: list[str] = []

    def answers(method: str, _: object) -> object:
        calls.append(method.rsplit(".", 1)[-1])
        return {"error_response": {"code": "ServiceTimeout"}}

    await read_and_write(answering(answers))
    assert calls == ["findorderbyid"] * 3 + ["sellershipmentfortop"]


async def test_a_declaration_is_judged_by_its_flag(answering: Answering) -> None:
    refused = {"result_success": False, "result_error_code": "-1", "result_error_desc": "bad number"}
    with pytest.raises(Rejected, match="bad number"):
        await answering(lambda *_: refused).declare("1", PARCEL, complete=True)
    await answering(lambda *_: {"result_success": True, "result_error_code": "1"}).declare("1", PARCEL, complete=True)


async def test_a_write_without_its_flag_is_unknown(answering: Answering) -> None:
    with pytest.raises(OutcomeUnknown):
        await answering(lambda *_: {"request_id": "1"}).declare("1", PARCEL, complete=True)
    with pytest.raises(OutcomeUnknown):
        await answering(lambda *_: {"result": {}}).publish(make_listing_draft())


async def test_a_listing_is_made_only_if_it_has_an_id(answering: Answering) -> None:
    assert await answering(lambda *_: {"result": {"product_id": 1005, "error_code": 1}}).publish(make_listing_draft())
    with pytest.raises(Rejected):
        await answering(lambda *_: {"result": {"success": False, "error_code": 7}}).publish(make_listing_draft())


async def test_a_price_that_was_refused_keeps_the_vendors_code(answering: Answering) -> None:
    def answers(method: str, _: object) -> object:
        if method.endswith("product.query"):
            return {"result": {"product_id": 1005, "product_status_type": "onSelling"}}
        return {"result": {"success": False, "error_code": 13001030, "error_message": "in a promotion"}}

    channel = answering(answers)
    (refusal,) = await channel.set_prices([PriceUpdate("1005", {"<none>": usd("2.00")})])
    assert (refusal.listing_id, refusal.code) == ("1005", "13001030")
    assert "in a promotion" in refusal.message


async def test_a_price_in_another_currency_is_never_sent(answering: Answering) -> None:
    calls: list[str] = []

    def answers(method: str, _: object) -> object:
        calls.append(method)
        return {"result": {"product_id": 1005}}

    (refusal,) = await answering(answers, currency="EUR").set_prices([PriceUpdate("1005", {"<none>": usd("2.00")})])
    assert refusal.code == "price"
    assert calls == ["aliexpress.offer.product.query"]


async def test_a_rate_limit_in_the_middle_stops_the_run(answering: Answering) -> None:
    channel = refusing(answering, code="ApiCallLimit", msg="this ban will last 9 seconds")
    with pytest.raises(RateLimited):
        await channel.set_stock([StockUpdate("1005", {"<none>": 1})])
