"""Every call about parcels, made by the plain client, with what must come back."""

from __future__ import annotations

import base64
import json
from typing import Any

from tests.adapters.aliexpress.cases import case
from tests.adapters.aliexpress.shop import Shop

LOGISTICS = "aliexpress.logistics.redefining."


@case(LOGISTICS + "listlogisticsservice")
async def _(shop: Shop) -> None:
    told = await shop.call(LOGISTICS + "listlogisticsservice")
    assert told["result_success"]
    assert all(one["tracking_no_regex"] for one in told["result_list"])


@case("aliexpress.logistics.asf.shipment.inquiry.solution")
async def _(shop: Shop) -> None:
    order_id = await shop.order()
    child_id = (await shop.detail(order_id))["child_order_list"][0]["child_order_id"]
    asked = {"length": "20", "width": "15", "height": "5", "weight": "500", "trade_order_item_id": child_id}
    told = await shop.call(
        "aliexpress.logistics.asf.shipment.inquiry.solution", trade_order_id=str(order_id), locale="en_US", **asked
    )
    assert told["result"]["data"][0]["service_name"]


@case("cainiao.global.logistics.carrier.querylist")
async def _(shop: Shop) -> None:
    told = await shop.call("cainiao.global.logistics.carrier.querylist", locale="en_US")
    assert told["result"]["data"]["courier_list"][0]["courier_code"]


@case("aliexpress.logistics.sellershipmentfortop")
async def _(shop: Shop) -> None:
    asked: dict[str, Any] = {"out_ref": str(await shop.order()), "service_name": "EMS", "send_type": "all"}
    refused = await shop.call("aliexpress.logistics.sellershipmentfortop", **asked, logistics_no="773300000001")
    assert (refused["result_success"], refused["result_error_code"]) == (False, "-1")
    told = await shop.call("aliexpress.logistics.sellershipmentfortop", **asked, logistics_no="EE123456789CN")
    assert told["result_success"] is True


@case("aliexpress.logistics.sellermodifiedshipmentfortop")
async def _(shop: Shop) -> None:
    order_id = str(await shop.order())
    old: dict[str, Any] = {
        "out_ref": order_id,
        "service_name": "EMS",
        "logistics_no": "EE123456789CN",
        "send_type": "all",
    }
    await shop.call("aliexpress.logistics.sellershipmentfortop", **old)
    told = await shop.call(
        "aliexpress.logistics.sellermodifiedshipmentfortop",
        out_ref=order_id, old_service_name="EMS", old_logistics_no="EE123456789CN", send_type="all",
        new_service_name="YANWEN_AM", new_logistics_no="UA000000001YP",
    )  # fmt: skip
    assert told["result_success"] is True


@case("aliexpress.logistics.querysellershipmentinfo")
async def _(shop: Shop) -> None:
    order_id = str(await shop.order(lines=2))
    for n, kind in ((1, "part"), (2, "all")):
        asked: dict[str, Any] = {"service_name": "EMS", "logistics_no": f"EE12345678{n}CN", "send_type": kind}
        await shop.call("aliexpress.logistics.sellershipmentfortop", out_ref=order_id, **asked)
    told = await shop.call("aliexpress.logistics.querysellershipmentinfo", trade_order_id=order_id)
    numbers = [[one["logistics_no"] for one in line["shipment_list"]] for line in told["sub_trade_order_list"]]
    assert numbers == [["EE123456781CN", "EE123456782CN"]] * 2


@case("aliexpress.solution.order.fulfill")
async def _(shop: Shop) -> None:
    asked: dict[str, Any] = {"service_name": "OTHER", "logistics_no": "AB12345678", "send_type": "all"}
    asked |= {"out_ref": str(await shop.order()), "tracking_website": "https://t.example"}
    told = await shop.call("aliexpress.solution.order.fulfill", **asked)
    assert told["result"]["result_success"] is True


def lines_of(*numbers: str) -> list[dict[str, Any]]:
    return [
        {
            "sub_trade_order_index": place,
            "send_type": "all",
            "shipment_list": [{"logistics_no": number, "service_name": "EMS"}],
        }
        for place, number in enumerate(numbers, start=1)
    ]


async def declared(shop: Shop, order_id: int) -> list[list[str]]:
    told = await shop.call("aliexpress.logistics.querysellershipmentinfo", trade_order_id=str(order_id))
    return [[one["logistics_no"] for one in line["shipment_list"]] for line in told["sub_trade_order_list"]]


@case("aliexpress.logistics.order.shipment")
async def _(shop: Shop) -> None:
    order_id = await shop.order(lines=2)
    first, second = lines_of("EE123456781CN", "EE123456782CN")
    for line, status in ((first, "SELLER_PART_SEND_GOODS"), (second, "WAIT_BUYER_ACCEPT_GOODS")):
        told = await shop.call(
            "aliexpress.logistics.order.shipment",
            param_aeop_seller_shipment_sub_trade_order_request={
                "trade_order_id": order_id,
                "sub_trade_order_list": [line],
            },
        )
        assert told["result"]["success"] is True
        assert (await shop.detail(order_id))["order_status"] == status
    assert await declared(shop, order_id) == [["EE123456781CN"], ["EE123456782CN"]]


@case("aliexpress.logistics.sellershipmentsupportsubtradeorder")
async def _(shop: Shop) -> None:
    order_id = await shop.order(lines=2)
    told = await shop.call(
        "aliexpress.logistics.sellershipmentsupportsubtradeorder",
        trade_order_id=str(order_id),
        sub_trade_order_list=lines_of("EE123456781CN", "EE123456782CN"),
    )
    assert told["is_success"] is True


async def _numbers_of_lines_are_replaced(shop: Shop, api: str) -> None:
    order_id = await shop.order(lines=2)
    asked: dict[str, Any] = {
        "trade_order_id": str(order_id),
        "sub_trade_order_list": lines_of("EE123456781CN", "EE123456782CN"),
    }
    await shop.call("aliexpress.logistics.sellershipmentsupportsubtradeorder", **asked)
    asked["sub_trade_order_list"] = lines_of("EE123456789CN")
    told = await shop.call(api, **asked, old_logistics_no="EE123456781CN", old_service_name="EMS")
    assert told["is_success"] is True
    assert await declared(shop, order_id) == [["EE123456789CN"], ["EE123456782CN"]]


@case("aliexpress.logistics.order.modifyshipment")
async def _(shop: Shop) -> None:
    await _numbers_of_lines_are_replaced(shop, "aliexpress.logistics.order.modifyshipment")


@case(LOGISTICS + "sellermodifiedshipmentsupportsubtradeorder")
async def _(shop: Shop) -> None:
    await _numbers_of_lines_are_replaced(shop, LOGISTICS + "sellermodifiedshipmentsupportsubtradeorder")


@case(LOGISTICS + "querytrackingresult")
async def _(shop: Shop) -> None:
    order_id = await shop.order()
    await shop.tell("parcels/UA000000001YP/event", action_code="GTMS_SIGNED", event_desc="delivered")
    asked: dict[str, Any] = {
        "logistics_no": "UA000000001YP",
        "origin": "ESCROW",
        "service_name": "YANWEN_AM",
        "to_area": "ES",
    }
    told = await shop.call(LOGISTICS + "querytrackingresult", out_ref=str(order_id), **asked)
    assert [one["action_code"] for one in told["details"]] == ["GTMS_SIGNED"]


@case(LOGISTICS + "getonlinelogisticsservicelistbyorderid")
async def _(shop: Shop) -> None:
    asked: dict[str, Any] = {"goods_width": "15", "goods_height": "5", "goods_length": "20", "goods_weight": "0.5"}
    told = await shop.call(
        LOGISTICS + "getonlinelogisticsservicelistbyorderid", order_id=str(await shop.order()), locale="zh_CN", **asked
    )
    assert "CAINIAO_STANDARD" in {one["logistics_service_id"] for one in told["result_list"]}


@case("aliexpress.logistics.service.query")
async def _(shop: Shop) -> None:
    order_id = await shop.order()
    child_id = int((await shop.detail(order_id))["child_order_list"][0]["child_order_id"])
    size = {"goods_weight": "0.5", "goods_length": 20, "goods_width": 15, "goods_height": 5, "locale": "zh_CN"}
    request = {"order_id": order_id, "sub_order_list": [{"order_id": child_id} | size]}
    told = await shop.call("aliexpress.logistics.service.query", interface_request=request)
    assert told["result_response"]["is_success"] is True


@case(LOGISTICS + "getlogisticsselleraddresses")
async def _(shop: Shop) -> None:
    told = await shop.call(LOGISTICS + "getlogisticsselleraddresses", seller_address_query=["sender", "refund"])
    assert told["sender_seller_address_list"]
    assert "pickup_seller_address_list" not in told


@case(LOGISTICS + "qureywlbdomesticlogisticscompany")
async def _(shop: Shop) -> None:
    told = await shop.call(LOGISTICS + "qureywlbdomesticlogisticscompany")
    assert -1 in {one["company_id"] for one in told["result_list"]}


@case("aliexpress.logistics.createwarehouseorder")
async def _(shop: Shop) -> None:
    booking = await shop.booking(await shop.order())
    told = (await shop.call("aliexpress.logistics.createwarehouseorder", **booking))["result"]
    assert (told["success"], told["error_code"]) == (True, 1)  # 1 is none
    assert told["warehouse_order_id"]


@case("aliexpress.logistics.order.createorder")
async def _(shop: Shop) -> None:
    order_id = await shop.order()
    booking = await shop.booking(order_id, pickup_type="SELF_SEND")
    booking = {name: value for name, value in booking.items() if not name.startswith("domestic")}
    told = (await shop.call("aliexpress.logistics.order.createorder", **booking))["result"]
    assert told["out_order_code"].startswith("LP")


@case(LOGISTICS + "getonlinelogisticsinfo")
async def _(shop: Shop) -> None:
    _, parcel = await shop.booked()
    assert parcel["internationallogistics_id"].endswith("CN")


@case("aliexpress.logistics.querylogisticsorderdetail")
async def _(shop: Shop) -> None:
    order_id, parcel = await shop.booked()
    asked: dict[str, Any] = {
        "trade_order_id": str(order_id),
        "warehouse_carrier_service": "CAINIAO_STANDARD",
        "page_size": "50",
    }
    (found,) = (await shop.call("aliexpress.logistics.querylogisticsorderdetail", **asked))["result"]["result_list"]
    assert found["international_logistics_num"] == parcel["internationallogistics_id"]


def is_pdf(told: dict[str, Any]) -> bool:
    return base64.b64decode(json.loads(told["result"])["body"]).startswith(b"%PDF-")


@case(LOGISTICS + "getprintinfo")
async def _(shop: Shop) -> None:
    _, parcel = await shop.booked()
    number = parcel["internationallogistics_id"]
    assert is_pdf(await shop.call(LOGISTICS + "getprintinfo", international_logistics_id=number))


@case(LOGISTICS + "getprintinfos")
async def _(shop: Shop) -> None:
    _, parcel = await shop.booked()
    asked = [{"international_logistics_id": parcel["internationallogistics_id"]}]
    assert is_pdf(await shop.call(LOGISTICS + "getprintinfos", warehouse_order_query_d_t_os=asked))


@case("aliexpress.logistics.getpdfsbycloudprint")
async def _(shop: Shop) -> None:
    _, parcel = await shop.booked()
    asked = [{"international_logistics_id": parcel["internationallogistics_id"], "id": parcel["online_logistics_id"]}]
    told = await shop.call(
        "aliexpress.logistics.getpdfsbycloudprint", warehouse_order_query_d_t_os=asked, print_detail="true"
    )
    assert told["result"]["aeop_cloud_print_data_response_list"][0]["order_code"] == parcel["lp_number"]
