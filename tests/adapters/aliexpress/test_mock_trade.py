"""The mock's orders, parcels, pushes and control calls."""

from __future__ import annotations

import hmac
import json
from typing import Any

import anyio
import pytest

from syncbridge.adapters.aliexpress import adapter
from syncbridge.adapters.aliexpress.mock import AliExpressMock
from syncbridge.testing.clock import VirtualClock
from tests.adapters.aliexpress.conftest import Seller

pytestmark = pytest.mark.anyio
DECLARE = "aliexpress.logistics.sellershipmentfortop"
FIND = "aliexpress.trade.new.redefining.findorderbyid"
LIST = "aliexpress.trade.seller.orderlist.get"
LINE = {"sku_code": "TYA001", "quantity": 2, "price": "19.90"}


async def test_an_order_takes_its_goods_out_of_stock(seller: Seller) -> None:
    await seller.post()
    wish = {"sku_code": "TYA193", "quantity": 3}
    await seller.order(lines=[wish])
    (made,) = (await seller.books())["products"]
    assert made["skus"][0]["stock"] == 4
    answer = await seller.control(
        "/_mock/orders", {"access_token": seller.keys["access_token"], "lines": [wish | {"quantity": 5}]}, 400
    )
    assert "only 4" in answer["error"]


async def test_an_order_shows_numbers_as_numbers_and_dates_of_los_angeles(seller: Seller) -> None:
    order_id = await seller.order(order_id="8172481060036440")
    target = (await seller.sync(FIND, {"param1": {"order_id": int(order_id)}}))["target"]
    assert target["id"] == 8172481060036440
    assert target["gmt_create"] == "2026-03-01 17:00:00"
    assert target["order_amount"]["amount"] == "39.80"
    assert "target" not in await seller.sync(FIND, {"param1": {"order_id": 1}})


async def test_ended_orders_come_only_if_asked_for(seller: Seller) -> None:
    order_id = await seller.order()
    await seller.control(f"/_mock/orders/{order_id}/status", {"status": "FINISH", "push": False})
    dates = {"create_date_start": "2026-02-01 00:00:00", "page_size": 50, "current_page": 1}
    unasked = await seller.sync(LIST, {"param_aeop_order_query": dates})
    asked = await seller.sync(LIST, {"param_aeop_order_query": dates | {"order_status_list": ["FINISH"]}})
    assert (unasked["result"]["total_count"], asked["result"]["total_count"]) == (0, 1)


async def test_a_cancel_runs_from_the_request_to_the_end(seller: Seller) -> None:
    await seller.open("http://bridge/webhooks/toys")
    order_id = await seller.order()
    await seller.control(f"/_mock/orders/{order_id}/ask_to_cancel", {"reason": "too late"})
    await seller.clock.sleep(1)
    await seller.control(f"/_mock/orders/{order_id}/accept_cancel", {})
    await seller.clock.sleep(1)
    target = (await seller.sync(FIND, {"param1": {"order_id": int(order_id)}}))["target"]
    assert (target["order_status"], target["order_end_reason"]) == ("FINISH", "buyer_cancel_order")
    assert (target["cancel_request_reason"], target["fund_status"]) == ("too late", "PAY_SUCCESS")
    (order,) = (await seller.books())["orders"]
    assert order["cancel_asked_at"] < order["cancelled_at"]
    assert [json.loads(body)["data"]["orderStatus"] for body, _ in seller.received] == ["IN_CANCEL", "FINISH"]


async def test_a_cancel_in_risk_control_says_so(seller: Seller) -> None:
    order_id = await seller.order(status="RISK_CONTROL")
    await seller.control(f"/_mock/orders/{order_id}/ask_to_cancel", {"push": False})
    await seller.control(f"/_mock/orders/{order_id}/accept_cancel", {"push": False})
    assert (await seller.books())["orders"][0]["end_reason"] == "buyer_cancel_order_in_risk"


async def test_a_withdrawn_cancel_leaves_no_trace(seller: Seller) -> None:
    order_id = await seller.order()
    await seller.control(f"/_mock/orders/{order_id}/ask_to_cancel", {"push": False})
    told = await seller.control(f"/_mock/orders/{order_id}/withdraw_cancel", {"push": False})
    (order,) = (await seller.books())["orders"]
    assert told["status"] == "WAIT_SELLER_SEND_GOODS"
    assert (order["cancel_asked_at"], order["cancelled_at"]) == (None, None)


@pytest.mark.parametrize(("reason", "funds"), [("pay_timeout", "NOT_PAY"), ("buyer_confirm_goods", "PAY_SUCCESS")])
async def test_an_order_ends_for_a_reason(seller: Seller, reason: str, funds: str) -> None:
    order_id = await seller.order()
    await seller.control(f"/_mock/orders/{order_id}/status", {"status": "FINISH", "end_reason": reason, "push": False})
    target = (await seller.sync(FIND, {"param1": {"order_id": int(order_id)}}))["target"]
    assert (target["order_end_reason"], target["fund_status"]) == (reason, funds)
    assert ("gmt_pay_success" in target) == (funds == "PAY_SUCCESS")
    cancelled_at = (await seller.books())["orders"][0]["cancelled_at"]
    assert (cancelled_at is None) == (funds == "PAY_SUCCESS")


async def test_another_address_moves_the_time_of_change_and_is_pushed(seller: Seller) -> None:
    await seller.open("http://bridge/webhooks/toys")
    order_id = await seller.order()
    await seller.clock.sleep(60)
    await seller.control(f"/_mock/orders/{order_id}/address", {"address": {"city": "Sevilla"}})
    await seller.clock.sleep(0.1)
    target = (await seller.sync(FIND, {"param1": {"order_id": int(order_id)}}))["target"]
    assert (target["receipt_address"]["city"], target["gmt_modified"]) == ("Sevilla", "2026-03-01 17:01:00")
    assert len(seller.received) == 1
    assert (await seller.books())["orders"][0]["address_changed_at"] == ["2026-03-02T01:01:00+00:00"]


@pytest.mark.parametrize(
    ("status", "step"),
    [
        ("PLACE_ORDER_SUCCESS", "ask_to_cancel"),
        ("WAIT_BUYER_ACCEPT_GOODS", "ask_to_cancel"),
        ("WAIT_SELLER_SEND_GOODS", "accept_cancel"),
        ("WAIT_SELLER_SEND_GOODS", "withdraw_cancel"),
        ("WAIT_BUYER_ACCEPT_GOODS", "address"),
        ("FINISH", "address"),
    ],
)
async def test_a_buyer_cannot_do_it_at_any_time(seller: Seller, status: str, step: str) -> None:
    order_id = await seller.order(status=status)
    words: dict[str, object] = {"address": {}} if step == "address" else {}
    assert (await seller.control(f"/_mock/orders/{order_id}/{step}", words, 400))["error"]


async def test_an_address_has_no_other_parts(seller: Seller) -> None:
    order_id = await seller.order()
    told = await seller.control(f"/_mock/orders/{order_id}/address", {"address": {"planet": "Mars"}}, 400)
    assert "planet" in told["error"]


async def test_finished_orders_are_shown_for_thirty_days_only(seller: Seller) -> None:
    dates = {"create_date_start": "2026-01-20 00:00:00", "page_size": 50, "current_page": 1}
    asked = {"param_aeop_order_query": dates | {"order_status": "FINISH"}}
    assert (await seller.sync(LIST, asked))["error_response"]["code"] == "InvalidParameter"
    assert (await seller.sync(LIST, {"param_aeop_order_query": dates}))["result"]["success"]


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"modified_date_start": "2026-03-01 00:00:00"},
        {"create_date_start": "2026-03-01T00:00:00Z"},
        {"create_date_start": "2025-01-01 00:00:00", "create_date_end": "2026-03-01 00:00:00"},
        {"create_date_start": "2026-03-01 00:00:00", "page_size": 51},
    ],
)
async def test_a_list_of_orders_needs_sound_dates_and_pages(seller: Seller, query: dict[str, Any]) -> None:
    answer = await seller.sync(LIST, {"param_aeop_order_query": {"page_size": 50, "current_page": 1} | query})
    assert answer["error_response"]["code"] in ("MissingParameter", "InvalidParameter")


def parcel(order_id: str, **changes: str) -> dict[str, str]:
    words = {"out_ref": order_id, "service_name": "YANWEN_AM", "logistics_no": "UR000000001YP", "send_type": "part"}
    return words | changes


@pytest.mark.parametrize(
    "changes",
    [
        {"service_name": "PIGEON"},
        {"logistics_no": "YT9988776655443"},
        {"service_name": "EMS"},
        {"service_name": "OTHER", "logistics_no": "123456789"},
        {"out_ref": "1"},
    ],
)
async def test_a_declaration_needs_a_known_carrier_its_pattern_and_an_order(
    seller: Seller, changes: dict[str, str]
) -> None:
    order_id = await seller.order()
    answer = await seller.sync(DECLARE, parcel(order_id, **changes))
    assert (answer["result_success"], answer["result_error_code"]) == (False, "-1")


async def test_declaring_twice_shows_in_the_books(seller: Seller) -> None:
    order_id = await seller.order()
    for send_type in ("part", "part", "all"):
        assert (await seller.sync(DECLARE, parcel(order_id, send_type=send_type)))["result_success"]
    (order,) = (await seller.books())["orders"]
    assert [declared["send_type"] for declared in order["declarations"]] == ["part", "part", "all"]
    assert order["status"] == "WAIT_BUYER_ACCEPT_GOODS"
    assert not (await seller.sync(DECLARE, parcel(order_id)))["result_success"]


async def test_an_order_in_cancel_takes_no_declaration(seller: Seller) -> None:
    order_id = await seller.order()
    await seller.control(f"/_mock/orders/{order_id}/status", {"status": "IN_CANCEL", "push": False})
    assert not (await seller.sync(DECLARE, parcel(order_id)))["result_success"]


async def test_an_order_is_pushed_and_signed(seller: Seller) -> None:
    await seller.open("http://bridge/webhooks/toys")
    order_id = await seller.order(push=True)
    await seller.clock.sleep(0.1)
    ((body, headers),) = seller.received
    text = seller.keys["app_key"].encode() + body
    assert headers["Authorization"] == hmac.new(seller.keys["app_secret"].encode(), text, "sha256").hexdigest()
    words = json.loads(body)
    assert words["data"] == {"orderId": int(order_id), "orderStatus": "WAIT_SELLER_SEND_GOODS"}
    assert words["timestamp"] == int(seller.clock.now().timestamp())


async def test_a_push_nobody_takes_is_repeated_three_times(seller: Seller) -> None:
    await seller.open("http://bridge/webhooks/toys")
    seller.receipts = [500, 0, 503, 500]
    await seller.order(push=True)
    await seller.clock.sleep(10)
    assert len({body for body, _ in seller.received}) == 1
    assert len(seller.received) == 4


async def test_a_push_that_is_taken_is_not_repeated(seller: Seller) -> None:
    await seller.open("http://bridge/webhooks/toys")
    seller.receipts = [500, 200]
    await seller.order(push=True)
    await seller.clock.sleep(10)
    assert len(seller.received) == 2


async def test_the_very_same_push_can_be_asked_for_again_and_forged(seller: Seller) -> None:
    await seller.open("http://bridge/webhooks/toys")
    order_id = await seller.order()
    seller.receipts = [200, 200, 401]
    twice = await seller.control(f"/_mock/orders/{order_id}/push", {"times": 2, "forged": False})
    forged = await seller.control(f"/_mock/orders/{order_id}/push", {"times": 1, "forged": True})
    assert (twice["answers"], forged["answers"]) == ([200, 200], [401])
    assert len({body for body, _ in seller.received}) == 1
    assert len({headers["Authorization"] for _, headers in seller.received}) == 2


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/_mock/orders", {"lines": [LINE], "access_token": "nobody's"}),
        ("/_mock/orders", {"lines": []}),
        ("/_mock/orders/1/push", {"times": 1}),
        ("/_mock/faults", {"api": "*", "fault": "bad luck"}),
        ("/_mock/settings", {"audit_secs": 1}),
    ],
)
async def test_a_control_call_that_makes_no_sense_says_so(seller: Seller, path: str, words: dict[str, Any]) -> None:
    assert (await seller.control(path, words, 400))["error"]


async def test_two_buyers_at_once_do_not_oversell(seller: Seller) -> None:
    await seller.post(stock=1)
    wish = {"access_token": seller.keys["access_token"], "lines": [{"sku_code": "TYA193", "quantity": 1}]}
    statuses: list[int] = []

    async def buy() -> None:
        statuses.append((await seller.http.post("/_mock/orders", json=wish)).status_code)

    async with anyio.create_task_group() as buyers:
        buyers.start_soon(buy)
        buyers.start_soon(buy)
    assert sorted(statuses) == [200, 400]


async def test_the_adapter_makes_this_mock() -> None:
    async def push(*_: object) -> int:
        return 200

    assert adapter.mock
    assert isinstance(adapter.mock(VirtualClock(), push), AliExpressMock)
