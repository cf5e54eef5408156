"""The mock's online shipping refuses what the vendor would, and its books tell what was booked."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.adapters.aliexpress.conftest import Seller

pytestmark = pytest.mark.anyio
CREATE = "aliexpress.logistics.createwarehouseorder"
INFO = "aliexpress.logistics.redefining.getonlinelogisticsinfo"
MODIFY = "aliexpress.logistics.sellermodifiedshipmentfortop"
GOODS = {
    "productId": 0,
    "categoryCnDesc": "笔记本",
    "categoryEnDesc": "notebook",
    "productNum": 2,
    "productDeclareAmount": 4.5,
    "productWeight": 0.15,
    "isContainsBattery": 0,
    "isAneroidMarkup": 0,
    "isOnlyBattery": 0,
}
RECEIVER = {"name": "Ana", "country": "ES", "city": "Madrid", "street_address": "Calle Mayor 1", "phone": "612345678"}


@pytest.fixture
async def parcel(seller: Seller) -> dict[str, Any]:
    places = {"sender": {"address_id": 1002}, "pickup": {"address_id": 2001}, "refund": {"address_id": 3001}}
    return {
        "trade_order_id": await seller.order(),
        "trade_order_from": "ESCROW",
        "warehouse_carrier_service": "CAINIAO_STANDARD",
        "address_d_t_os": {**places, "receiver": dict(RECEIVER)},
        "declare_product_d_t_os": json.dumps([GOODS]),
        "domestic_logistics_company_id": "-1",
        "domestic_logistics_company": "YTO",
        "domestic_tracking_no": "YT1",
        "undeliverable_decision": "0",
    }


def verdict(answer: Any) -> str | None:
    """The gateway's code, or the API's words, or nothing."""
    if "error_response" in answer:
        code: str = answer["error_response"]["code"]
        return code
    said: str | None = answer["result"].get("error_desc")
    return said


async def test_a_parcel_is_booked_as_often_as_it_is_asked_for(seller: Seller, parcel: dict[str, Any]) -> None:
    for _ in range(2):
        assert verdict(await seller.sync(CREATE, parcel)) is None
    booked = (await seller.books())["warehouse_orders"]
    assert [(one["domestic_no"], one["service"], one["number"]) for one in booked] == [
        ("YT1", "CAINIAO_STANDARD", "")
    ] * 2


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("unheard_of", "1", "InvalidParameter"),
        ("trade_order_from", "TAOBAO", "InvalidParameter"),
        ("domestic_tracking_no", "Y" * 33, "InvalidParameter"),
        ("top_user_key", "u" * 17, "InvalidParameter"),
        ("undeliverable_decision", "2", "InvalidParameter"),
        ("declare_product_d_t_os", json.dumps([GOODS | {"productWeight": 2.001}]), "InvalidParameter"),
        ("declare_product_d_t_os", json.dumps([GOODS | {"productDeclareAmount": "4.5"}]), "InvalidParameter"),
        ("declare_product_d_t_os", json.dumps([GOODS | {"categoryCnDesc": "笔" * 21}]), "InvalidParameter"),
        ("declare_product_d_t_os", json.dumps([{"product_id": 0}]), "InvalidParameter"),
        ("declare_product_d_t_os", "[]", "InvalidParameter"),
        ("declare_product_d_t_os", json.dumps([GOODS | {"productId": 77}]), "a product is not one of the order's"),
        ("declare_product_d_t_os", json.dumps([GOODS | {"productNum": 20}]), "CAINIAO_STANDARD takes up to 2000 g"),
        ("trade_order_id", "8172481060039999", "no such order"),
        ("warehouse_carrier_service", "EMS", "EMS is not a line of this order"),
    ],
)
async def test_what_is_out_of_bounds_is_refused(
    seller: Seller, parcel: dict[str, Any], field: str, value: str, said: str
) -> None:
    told = verdict(await seller.sync(CREATE, parcel | {field: value}))
    assert told == said
    assert (await seller.books())["warehouse_orders"] == []


@pytest.mark.parametrize(
    ("role", "change", "said"),
    [
        ("sender", {"address_id": 9}, "the sender address is not one of the seller's"),
        ("receiver", {"city": None}, "the receiver has no city"),
        ("receiver", {"phone": None}, "the receiver has neither phone nor mobile"),
        ("receiver", {"country": "BR"}, "CAINIAO_STANDARD does not go to BR"),
        ("receiver", {"planet": "Mars"}, "InvalidParameter"),
    ],
)
async def test_addresses_are_whole(
    seller: Seller, parcel: dict[str, Any], role: str, change: dict[str, Any], said: str
) -> None:
    parcel["address_d_t_os"][role].update(change)
    assert verdict(await seller.sync(CREATE, parcel)) == said


async def test_an_order_that_waits_for_no_goods_takes_no_parcel(seller: Seller, parcel: dict[str, Any]) -> None:
    await seller.control(f"/_mock/orders/{parcel['trade_order_id']}/status", {"status": "FINISH", "push": False})
    said = verdict(await seller.sync(CREATE, parcel))
    assert said
    assert "does not wait for goods" in said


async def test_a_number_comes_after_looks_and_a_closed_parcel_gets_none(seller: Seller, parcel: dict[str, Any]) -> None:
    for waybill in ("YT1", "YT2"):
        await seller.sync(CREATE, parcel | {"domestic_tracking_no": waybill})
    first, second = (one["warehouse_order_id"] for one in (await seller.books())["warehouse_orders"])
    await seller.control(f"/_mock/warehouse_orders/{second}", {"closed": True})
    seen = []
    for _ in range(4):
        rows = (await seller.sync(INFO, {"order_id": parcel["trade_order_id"]}))["result_list"]
        seen.append([bool(row["internationallogistics_id"]) for row in rows])
    assert seen == [[False, False], [False, False], [True, False], [True, False]]
    changed = await seller.control(f"/_mock/warehouse_orders/{first}", {"number": "LX000000009CN"})
    assert changed["number"] == "LX000000009CN"
    (row,) = (await seller.sync(INFO, {"china_logistics_id": "YT1"}))["result_list"]
    assert row["internationallogistics_id"] != row["original_international_logistics_id"]
    assert (await seller.sync(INFO, {"china_logistics_id": "YT3"}))["result_list"] == []
    await seller.control("/_mock/warehouse_orders/1", {}, status=400)


async def test_another_seller_sees_none_of_it(seller: Seller, parcel: dict[str, Any]) -> None:
    await seller.sync(CREATE, parcel)
    await seller.open()
    assert (await seller.sync(INFO, {"china_logistics_id": "YT1"}))["result_list"] == []


async def test_what_carriers_tell_is_read_newest_first(seller: Seller) -> None:
    order = await seller.order()
    for code in ("CONSIGN", "LH_DEPART"):
        await seller.control("/_mock/parcels/LX1/event", {"action_code": code})
    asked = {"logistics_no": "LX1", "origin": "ESCROW", "out_ref": order, "service_name": "EMS", "to_area": "ES"}
    track = "aliexpress.logistics.redefining.querytrackingresult"
    told = await seller.sync(track, asked)
    assert [event["action_code"] for event in told["details"]] == ["LH_DEPART", "CONSIGN"]
    assert not (await seller.sync(track, asked | {"logistics_no": "LX2"}))["result_success"]
    assert (await seller.sync(track, asked | {"origin": "AE"}))["error_response"]["code"] == "InvalidParameter"


async def test_a_declared_number_is_replaced_and_the_books_keep_the_former(seller: Seller) -> None:
    order = await seller.order()
    declare = {"service_name": "YANWEN_AM", "logistics_no": "UR000000001YP", "out_ref": order, "send_type": "all"}
    assert (await seller.sync("aliexpress.logistics.sellershipmentfortop", declare))["result_success"]
    change = {
        "old_service_name": "YANWEN_AM",
        "old_logistics_no": "UR000000001YP",
        "new_service_name": "YANWEN_AM",
        "new_logistics_no": "UR000000002YP",
        "out_ref": order,
        "send_type": "all",
    }
    assert not (await seller.sync(MODIFY, change | {"new_logistics_no": "nonsense"}))["result_success"]
    assert not (await seller.sync(MODIFY, change | {"old_logistics_no": "UR000000009YP"}))["result_success"]
    assert (await seller.sync(MODIFY, change))["result_success"]
    assert not (await seller.sync(MODIFY, change))["result_success"]
    (booked,) = (await seller.books())["orders"]
    assert [(one["logistics_no"], one["former"]) for one in booked["declarations"]] == [
        ("UR000000002YP", ["UR000000001YP"])
    ]


async def test_it_is_set_to_be_slow_or_spelt_otherwise(seller: Seller, parcel: dict[str, Any]) -> None:
    told = await seller.control("/_mock/settings", {"declared_keys": "snake", "reads_without_number": 0})
    assert (told["declared_keys"], told["reads_without_number"], told["labels_without_body"]) == ("snake", 0, 1)
    assert verdict(await seller.sync(CREATE, parcel)) == "InvalidParameter"
