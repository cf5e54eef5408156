"""The newer and the plural calls of online shipping (aliexpress.md §6.1, §6.2)."""

from __future__ import annotations

import base64
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from syncbridge.adapters.aliexpress.mock import shipping
from syncbridge.adapters.aliexpress.mock import shipping_words as words
from syncbridge.adapters.aliexpress.mock.order_book import WarehouseOrder
from syncbridge.adapters.aliexpress.mock.trade import SERVICES, own
from syncbridge.adapters.aliexpress.mock.words import Date, Digits, Flag, Nothing, Words
from syncbridge.adapters.aliexpress.mock.world import Account, Refused, World, written

Payload = dict[str, object]


class NewAddresses(Words):
    """The addresses of a booking; ``pickup`` where the parcel is fetched."""

    sender: words.Address
    refund: words.Address
    receiver: words.Address
    pickup: words.Address | None = None


class Insured(Words):
    """For how much a parcel is insured."""

    cent: int
    currency_code: str


class CreateOrder(Words):
    """logistics.order.createorder; with ``pickup_type`` no domestic waybill is wanted."""

    address_d_t_os: NewAddresses
    declare_product_d_t_os: words.Said
    trade_order_from: Literal["ESCROW"]
    trade_order_id: Digits
    warehouse_carrier_service: words.Said
    undeliverable_decision: Literal["0", "1"]
    pickup_type: Literal["DOOR_PICKUP", "SELF_POST", "SELF_SEND"] | None = None
    oaid: words.Said | None = None
    domestic_logistics_company_id: Annotated[str, Meta(pattern=r"^(-1|[0-9]{1,18})\Z")] | None = None
    domestic_logistics_company: words.Said | None = None
    domestic_tracking_no: Annotated[str, Meta(min_length=1, max_length=32)] | None = None
    package_num: Digits | None = None
    invoice_number: words.Said | None = None
    top_user_key: Annotated[str, Meta(max_length=16)] | None = None
    insurance_coverage: Insured | None = None
    is_agree_upgrade_reverse_parcel_insure: Flag | None = None
    overseas_return_strategy: words.Said | None = None


class AskDetails(Words):
    """logistics.querylogisticsorderdetail."""

    trade_order_id: Digits | None = None
    international_logistics_num: words.Said | None = None
    domestic_logistics_num: words.Said | None = None
    logistics_status: words.Said | None = None
    warehouse_carrier_service: words.Said | None = None
    gmt_create_start_str: Date | None = None
    gmt_create_end_str: Date | None = None
    current_page: Digits = "1"
    page_size: Digits = "10"


class Printed(Words):
    """A parcel whose label is wanted."""

    international_logistics_id: words.Said
    id: int | None = None
    extend_data: str | None = None


class AskLabels(Words):
    """getprintinfos and getpdfsbycloudprint."""

    warehouse_order_query_d_t_os: Annotated[list[Printed], Meta(min_length=1)]
    print_detail: Flag = "false"


class AskSolutions(Words):
    """logistics.asf.shipment.inquiry.solution: centimetres and grams."""

    trade_order_id: Digits
    trade_order_item_id: Digits
    length: Digits
    width: Digits
    height: Digits
    weight: Digits
    locale: str = "zh_CN"


class AskCarriers(Words):
    """cainiao.global.logistics.carrier.querylist."""

    locale: str | None = None


def create(world: World, account: Account, asked: CreateOrder) -> Payload:
    """Book a parcel by the newer call, which also tells its LP number."""
    where = asked.address_d_t_os
    if asked.pickup_type is None and asked.domestic_tracking_no is None:
        raise Refused("MissingParameter", "domestic_tracking_no is missing where there is no pickup_type")
    if asked.pickup_type == "DOOR_PICKUP" and where.pickup is None:
        raise Refused("MissingParameter", "address_d_t_os has no pickup")
    order = own(world, account, int(asked.trade_order_id))
    if asked.oaid is not None and order is not None and asked.oaid != order.oaid:
        return {
            "result": {"success": False, "error_code": 2, "error_desc": "not the order's oaid"},
            "result_success": True,
        }
    pickup = where.pickup or words.Address(address_id=2001)
    older = words.CreateWarehouseOrder(
        address_d_t_os=words.Addresses(where.sender, pickup, where.refund, where.receiver),
        declare_product_d_t_os=asked.declare_product_d_t_os,
        domestic_logistics_company_id=asked.domestic_logistics_company_id or "-1",
        domestic_tracking_no=asked.domestic_tracking_no or "none",
        trade_order_from=asked.trade_order_from,
        trade_order_id=asked.trade_order_id,
        warehouse_carrier_service=asked.warehouse_carrier_service,
        undeliverable_decision=asked.undeliverable_decision,
        domestic_logistics_company=asked.domestic_logistics_company or asked.pickup_type,
    )
    told = shipping.create(world, account, older)
    result = told["result"]
    if isinstance(result, dict) and result["success"]:
        result["out_order_code"] = world.warehouse_orders[-1].lp_number
    return told


def details(world: World, account: Account, asked: AskDetails) -> Payload:
    """Booked parcels by the newer call, whose names are other ones."""
    older = words.AskOrders(
        order_id=asked.trade_order_id,
        china_logistics_id=asked.domestic_logistics_num,
        international_logistics_id=asked.international_logistics_num,
        logistics_status=asked.logistics_status,
        gmt_create_start_str=asked.gmt_create_start_str,
        gmt_create_end_str=asked.gmt_create_end_str,
        current_page=asked.current_page,
        page_size=asked.page_size,
    )
    page = shipping.orders(world, account, older)
    rows = page["result_list"]
    assert isinstance(rows, list)  # noqa: S101  a page has one
    made = {one.warehouse_order_id: one for one in world.warehouse_orders}
    listed = [_detail(made[row["online_logistics_id"]]) for row in rows]
    listed = [row for row in listed if asked.warehouse_carrier_service in (None, row["international_logistics_type"])]
    told = {"success": True, "current_page": page["current_page"], "total_page": page["total_page"]}
    return {"result": told | {"result_list": listed}}


def labels(world: World, account: Account, asked: AskLabels) -> Payload:
    """The labels of several parcels as one PDF inside JSON text."""
    for one in asked.warehouse_order_query_d_t_os:
        _own(world, account, one.international_logistics_id)
    body = base64.b64encode(shipping.PDF).decode()
    return {"result": msgspec.json.encode({"StatusCode": 200, "body": body}).decode()}


def cloud_prints(world: World, account: Account, asked: AskLabels) -> Payload:
    """What a label printer wants to know of several parcels."""
    found = [_own(world, account, one.international_logistics_id) for one in asked.warehouse_order_query_d_t_os]
    listed = [
        {
            "international_logistics_num": one.number,
            "order_code": one.lp_number,
            "wl_warehouse_order_id": one.warehouse_order_id,
            "cloud_print_data_list": [
                {"print_data": "{}", "template_url_list": ["https://cloudprint.cainiao.com/template/1"]}
            ],
        }
        for one in found
    ]
    return {"result": {"success": True, "aeop_cloud_print_data_response_list": listed}}


def solutions(world: World, account: Account, asked: AskSolutions) -> Payload:
    """Carriers for one line of an order."""
    order = own(world, account, int(asked.trade_order_id))
    if order is None or int(asked.trade_order_item_id) not in {line.child_id for line in order.lines}:
        return {"result": {"success": False, "error_code": "-1", "error_message": "no such line of an order"}}
    listed = [
        {
            "service_name": key,
            "display_name": name,
            "logistics_company": company,
            "tracking_no_regex": pattern,
            "min_process_day": 1,
            "max_process_day": 7,
            "recommend_order": place,
        }
        for place, (key, (name, company, pattern)) in enumerate(SERVICES.items(), start=1)
    ]
    return {"result": {"success": True, "data": listed}}


def domestic_couriers(world: World, account: Account, asked: Nothing) -> Payload:
    """Couriers inside China; -1 is any other."""
    known = ((505, "顺丰", "SF"), (500, "中通", "ZTO"), (101, "圆通", "YTO"), (-1, "其它", "OTHER"))
    listed = [{"company_id": number, "name": name, "company_code": code} for number, name, code in known]
    return {"result_success": True, "result_list": listed}


def carriers(world: World, account: Account, asked: AskCarriers) -> Payload:
    """Whom a parcel of a carrier of the seller's own may be with."""
    known = (("YANWEN", "Yanwen"), ("4PX", "4PX Express"), ("YUNEXPRESS", "YunExpress"))
    listed = [{"courier_code": code, "courier_name": name} for code, name in known]
    return {"result": {"success": True, "data": {"courier_list": listed}}}


def _own(world: World, account: Account, number: str) -> WarehouseOrder:
    for one in world.warehouse_orders:
        if one.number == number and own(world, account, one.order_id):
            return one
    raise Refused("15", "Remote service error", sub_code="isv.not-found", sub_msg="no such international number")


def _detail(one: WarehouseOrder) -> Payload:
    return {
        "logistics_order_id": one.warehouse_order_id,
        "trade_order_id": one.order_id,
        "out_order_code": one.lp_number,
        "international_logistics_num": one.number or None,
        "international_logistics_type": one.service,
        "logistics_status": one.status,
        "channel_code": "AE_4PL_STANDARD",
        "gmt_create": written(one.created_at),
    }
