"""Consent, codes, tokens and who may call at all, driven by the plain client (aliexpress.md §2, §3)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.adapters.aliexpress.plain_client import Refusal
from tests.adapters.aliexpress.shop import Shop

pytestmark = pytest.mark.anyio
CALLBACK = "https://seller.example/callback"
QUERY = "aliexpress.offer.product.query"


@pytest.fixture
async def shop() -> AsyncIterator[Shop]:
    made = await Shop().open(callback=CALLBACK)
    yield made
    await made.http.aclose()


async def code(shop: Shop, callback: str = CALLBACK, **more: str) -> str:
    answer = await shop.client.consent(callback, state="s7", **more)
    assert answer.status_code == 302
    back = parse_qs(urlsplit(answer.headers["location"]).query)
    assert back["state"] == ["s7"]
    return back["code"][0]


async def refused(call: Awaitable[object]) -> Refusal:
    with pytest.raises(Refusal) as caught:
        await call
    return caught.value


async def change(shop: Shop, **terms: object) -> None:
    await shop.tell(f"accounts/{shop.client.keys['app_key']}", **terms)


@pytest.mark.parametrize("path", ["/auth/token/create", "/auth/token/security/create"])
async def test_a_code_becomes_tokens_that_open_the_shop(shop: Shop, path: str) -> None:
    told = await shop.client.rest(path, code=await code(shop))
    assert (told["account_id"], told.get("account_platform")) == (
        None,
        "seller_center" if "security" not in path else None,
    )
    shop.client.keys |= {"access_token": told["access_token"]}
    assert not await shop.shown(7)


async def test_a_code_works_once_and_for_three_minutes(shop: Shop) -> None:
    used = await code(shop)
    await shop.client.rest("/auth/token/create", code=used)
    assert (await refused(shop.client.rest("/auth/token/create", code=used))).code == "InvalidCode"
    late = await code(shop)
    await shop.clock.sleep(180)
    assert (await refused(shop.client.rest("/auth/token/create", code=late))).code == "InvalidCode"
    secure = await refused(shop.client.rest("/auth/token/security/create", code="guess"))
    assert secure.code == "isv.402"


async def test_a_uuid_spoils_the_code(shop: Shop) -> None:
    asked = shop.client.rest("/auth/token/create", code=await code(shop), uuid="u1")
    assert (await refused(asked)).code == "InvalidCode"


@pytest.mark.parametrize(
    ("callback", "more"),
    [
        ("https://elsewhere.example/", {}),
        (CALLBACK, {"client_id": "9"}),
        (CALLBACK, {"response_type": "token"}),
        ("javascript:alert(1)", {}),
    ],
)
async def test_consent_goes_to_the_app_s_own_callback_only(shop: Shop, callback: str, more: dict[str, str]) -> None:
    assert (await shop.client.consent(callback, **more)).status_code == 400


async def test_a_renewal_does_not_move_the_day_to_authorise_again(shop: Shop) -> None:
    await shop.clock.sleep(86400)
    told = await shop.client.rest("/auth/token/refresh", refresh_token=shop.client.keys["refresh_token"])
    assert (told["expires_in"], told["refresh_expires_in"]) == (30 * 86400, 59 * 86400)
    assert told["refresh_token"] != shop.client.keys["refresh_token"]
    spent = shop.client.rest("/auth/token/refresh", refresh_token=shop.client.keys["refresh_token"])
    assert (await refused(spent)).code == "IllegalRefreshToken"
    again = await shop.client.rest("/auth/token/create", code=await code(shop))
    assert again["refresh_expires_in"] == 60 * 86400


async def test_an_app_in_test_status_has_tokens_of_a_day(shop: Shop) -> None:
    await change(shop, in_test=True)
    told = await shop.client.rest("/auth/token/create", code=await code(shop))
    assert (told["expires_in"], told["refresh_expires_in"]) == (86400, 172800)


async def test_a_buyer_s_token_opens_nothing(shop: Shop) -> None:
    await change(shop, platform="buyerApp")
    told = await shop.client.rest("/auth/token/create", code=await code(shop))
    assert told["account_platform"] == "buyerApp"
    shop.client.keys |= {"access_token": told["access_token"]}
    assert (await refused(shop.shown(7))).sub_code == "F00-10-10000-001"


async def test_a_token_may_be_sent_under_either_name(shop: Shop) -> None:
    shop.client.token_parameter = "access_token"
    assert not await shop.shown(7)


async def test_an_address_that_is_not_on_the_whitelist_is_told_itself(shop: Shop) -> None:
    await change(shop, ip_whitelist=["203.0.113.7"])
    said = await refused(shop.shown(7))
    assert said.code == "AppWhiteIpLimit"
    assert "127.0.0.1" in str(said)
    await change(shop, ip_whitelist=["127.0.0.1"])
    assert not await shop.shown(7)


async def test_what_the_app_was_not_granted_is_refused_and_the_rest_is_not(shop: Shop) -> None:
    await change(shop, withdrawn=["aliexpress.issue."])
    asked = shop.call("aliexpress.issue.detail.get", buyer_login_id="b", issue_id="1")
    assert (await refused(asked)).code == "InsufficientPermission"
    assert not await shop.shown(7)


@pytest.mark.parametrize("kind", ["ONE_STOP_SERVICE", "LOCAL_SERVICE"])
async def test_a_managed_shop_may_ask_what_it_is_and_nothing_else(shop: Shop, kind: str) -> None:
    await change(shop, business_types=[kind])
    (relation,) = (await shop.call("global.seller.relation.query"))["seller_relation_list"]
    assert relation["business_type"] == kind
    assert (await refused(shop.shown(7))).sub_code == "F00-10-10000-001"


async def test_an_order_of_the_semi_managed_flow_is_not_shipped_by_the_seller(shop: Shop) -> None:
    line = {"sku_code": "A1", "quantity": 1, "price": "19.90", "semi_managed": True}
    order_id = await shop.order(wishes=[line])
    (child,) = (await shop.detail(order_id))["child_order_list"]
    assert "SEMI_CHOICE_SELF" in child["extend_map"]
    asked: dict[str, Any] = {
        "service_name": "EMS",
        "logistics_no": "EE123456789CN",
        "send_type": "all",
        "out_ref": str(order_id),
    }
    assert (await shop.call("aliexpress.logistics.sellershipmentfortop", **asked))["result_success"] is False


async def test_one_call_too_many_in_a_second_bans_for_as_long_as_it_says(shop: Shop) -> None:
    await shop.tell("quota", per_second=2, ban_seconds=13)
    await shop.shown(7)
    await shop.shown(7)
    said = await refused(shop.shown(7))
    assert (said.code, str(said)[-24:]) == ("SellerCallLimit", "ban will last 13 seconds")
    await shop.clock.sleep(12)
    assert (await refused(shop.shown(7))).code == "SellerCallLimit"
    await shop.clock.sleep(2)
    assert not await shop.shown(7)


async def test_a_day_s_quota_comes_back_at_midnight_in_china(shop: Shop) -> None:
    await shop.tell("quota", per_day=1)
    await shop.shown(7)
    assert "24:00" in str(await refused(shop.shown(7)))
    await shop.clock.sleep(86400)
    assert not await shop.shown(7)


async def test_a_new_order_may_be_missing_from_the_list_for_a_while(shop: Shop) -> None:
    await shop.tell("settings", orders_hidden_seconds=60)
    await shop.order()
    query = {"page_size": 50, "current_page": 1, "create_date_start": shop.pacific(days_ago=1)}
    api = "aliexpress.trade.seller.orderlist.get"
    assert (await shop.call(api, param_aeop_order_query=query))["result"]["total_count"] == 0
    await shop.clock.sleep(61)
    assert (await shop.call(api, param_aeop_order_query=query))["result"]["total_count"] == 1


async def test_failures_come_by_chance_as_often_as_they_are_to(shop: Shop) -> None:
    await shop.tell("faults", api=QUERY, fault="rate_limit", probability=0.25)
    failed = 0
    for _ in range(200):
        try:
            await shop.shown(7)
        except Refusal:
            failed += 1
    assert 30 < failed < 70


async def test_a_failure_comes_at_the_call_it_is_planned_for(shop: Shop) -> None:
    await shop.tell("faults", api=QUERY, fault="rate_limit", call=3)
    for _ in range(2):
        assert not await shop.shown(7)
    assert (await refused(shop.shown(7))).code == "ApiCallLimit"
    assert not await shop.shown(7)


@pytest.mark.parametrize("fault", ["unavailable", "html", "truncated"])
async def test_an_answer_may_be_no_json_at_all(shop: Shop, fault: str) -> None:
    await shop.tell("faults", api=QUERY, fault=fault)
    with pytest.raises((ValueError, AssertionError)):
        await shop.shown(7)
    assert not await shop.shown(7)
