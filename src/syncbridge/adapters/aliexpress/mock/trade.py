"""Orders and their parcels as the vendor keeps them (aliexpress.md §5, §6.1)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from syncbridge.adapters.aliexpress.mock import words
from syncbridge.adapters.aliexpress.mock.order_book import ENDED, Declared, Line, Order
from syncbridge.adapters.aliexpress.mock.shipping_words import ModifyShipment
from syncbridge.adapters.aliexpress.mock.world import Account, Refused, World, understood, written

Payload = dict[str, object]

SERVICES: Mapping[str, tuple[str, str, str]] = {
    "CAINIAO_STANDARD": ("AliExpress Standard Shipping", "CAINIAO", r"^(LP\d{14,16}|[A-Z]{2}\d{9}[A-Z]{2}|\d{12,22})$"),
    "YANWEN_AM": ("Yanwen Air Mail", "YANWEN", r"^[A-Z]{2}\d{9}YP$"),
    "EMS": ("EMS", "EMS", r"^E[A-Z]\d{9}CN$"),
    "SPAIN_LOCAL_CORREOS": ("Correos", "CORREOS", r"^[A-Z0-9]{13,23}$"),
    "OTHER": ("Seller's own carrier", "OTHER", r"^[A-Za-z0-9]{6,30}$"),
}
"""Carriers by key: display name, company, pattern of their numbers."""
WAITS_FOR_GOODS = ("WAIT_SELLER_SEND_GOODS", "SELLER_PART_SEND_GOODS")
_LONGEST_RANGE = timedelta(days=180)
_LONGEST_FINISHED = timedelta(days=30)
_GENERIC_REFUSAL = "-1"


def find_list(world: World, account: Account, asked: words.ListOrders, *, bounded: bool = True) -> Payload:
    """A page of orders; the ended ones only if asked for by status (aliexpress.md §10, 16)."""
    wanted = asked.param_aeop_order_query
    statuses = set(wanted.order_status_list) | ({wanted.order_status} if wanted.order_status else set())
    if bounded:
        _check_dates(wanted, _LONGEST_FINISHED if statuses & set(ENDED) else _LONGEST_RANGE, world.now())
    visible_from = world.now() - timedelta(seconds=world.orders_hidden_seconds)
    found = [
        order
        for order in world.orders.values()
        if order.seller_id == account.seller_id
        and order.created_at <= visible_from
        and wanted.buyer_login_id in (None, order.buyer_login_id)
        and (order.status in statuses if statuses else order.status not in ENDED)
        and _inside(order.created_at, wanted.create_date_start, wanted.create_date_end)
        and _inside(order.modified_at, wanted.modified_date_start, wanted.modified_date_end)
    ]
    found.sort(key=lambda order: (order.modified_at, order.order_id), reverse=True)
    first = (wanted.current_page - 1) * wanted.page_size
    return {
        "result": {
            "success": True,
            "error_code": "1",  # as in the documented sample of a success
            "current_page": wanted.current_page,
            "page_size": wanted.page_size,
            "total_count": len(found),
            "total_page": -(-len(found) // wanted.page_size),
            "target_list": [_row(order) for order in found[first : first + wanted.page_size]],
        }
    }


def find_one(world: World, account: Account, asked: words.FindOrder) -> Payload:
    """One order; no ``target`` if there is none."""
    order = own(world, account, asked.param1.order_id)
    return {} if order is None else {"target": _detail(order, masked=world.mask_addresses)}


def services(world: World, account: Account, asked: words.Nothing) -> Payload:
    """The carriers, the same for every seller."""
    return {
        "result_success": True,
        "result_list": [
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
        ],
    }


def declare(world: World, account: Account, asked: words.DeclareShipment) -> Payload:
    """Declare a parcel; a number declared before is taken again, as nothing documented forbids it."""
    order = own(world, account, int(asked.out_ref))
    refused = _not_declarable(order, asked)
    if order is None or refused:
        world.refused[_GENERIC_REFUSAL] += 1
        return {"result_success": False, "result_error_code": _GENERIC_REFUSAL, "result_error_desc": refused}
    order.declarations.append(Declared(asked.service_name, asked.logistics_no, asked.send_type))
    world.change(order, "WAIT_BUYER_ACCEPT_GOODS" if asked.send_type == "all" else "SELLER_PART_SEND_GOODS")
    return {"result_success": True}


def modify(world: World, account: Account, asked: ModifyShipment) -> Payload:
    """Replace a declared parcel where it stands; only in an order that was not ended."""
    order = own(world, account, int(asked.out_ref))
    old = (asked.old_service_name, asked.old_logistics_no)
    place = next((n for n, one in enumerate(order.declarations) if old == _key(one)), None) if order else None
    refused = not_a_number(asked.new_service_name, asked.new_logistics_no) or (
        "OTHER needs tracking_website and actual_carrier"
        if asked.new_service_name.startswith("OTHER") and not (asked.tracking_website and asked.actual_carrier)
        else ""
    )
    if order is None or place is None or order.status in ENDED or refused:
        world.refused[_GENERIC_REFUSAL] += 1
        said = refused or "no such shipment is declared for the order"
        return {"result_success": False, "result_error_code": _GENERIC_REFUSAL, "result_error_desc": said}
    former = (*order.declarations[place].former, asked.old_logistics_no)
    order.declarations[place] = Declared(asked.new_service_name, asked.new_logistics_no, asked.send_type, former)
    world.change(order, "WAIT_BUYER_ACCEPT_GOODS" if asked.send_type == "all" else "SELLER_PART_SEND_GOODS")
    return {"result_success": True}


def declared(world: World, account: Account, asked: words.QueryShipments) -> Payload:
    """What was declared, once for each line of the order."""
    order = own(world, account, int(asked.trade_order_id))
    if order is None:
        world.refused[_GENERIC_REFUSAL] += 1
        return {"result_success": False, "result_error_code": _GENERIC_REFUSAL, "error_msg": "no such order"}
    meant = [
        parcel
        for parcel in order.declarations
        if asked.logistics_no in (None, parcel.logistics_no) and asked.service_name in (None, parcel.service_name)
    ]
    lines = [
        {"sub_trade_order_index": index, "shipment_list": shipments}
        for index in range(1, len(order.lines) + 1)
        if asked.sub_trade_order_index in (None, str(index)) and (shipments := _of_line(meant, index))
    ]
    return {"result_success": True, "trade_order_id": order.order_id, "sub_trade_order_list": lines}


def _of_line(parcels: Sequence[Declared], index: int) -> list[Payload]:
    return [
        {"logistics_no": parcel.logistics_no, "service_name": parcel.service_name}
        for parcel in parcels
        if parcel.place in (0, index)
    ]


def own(world: World, account: Account, order_id: int) -> Order | None:
    """The seller's order of this id."""
    order = world.orders.get(order_id)
    return order if order and order.seller_id == account.seller_id else None


def _check_dates(wanted: words.OrderQuery, longest: timedelta, now: datetime) -> None:
    if wanted.create_date_start is None and wanted.modified_date_start is None:
        raise Refused("MissingParameter", "create_date_start and modified_date_start are both empty")
    if wanted.modified_date_start is not None and wanted.create_date_start is None:
        raise Refused("MissingParameter", "modified dates need create dates to bound the query")
    for start, end in (
        (wanted.create_date_start, wanted.create_date_end),
        (wanted.modified_date_start, wanted.modified_date_end),
    ):
        until = understood(end, late=False) if end else now
        if start and until - understood(start, late=False) > longest:
            raise Refused("InvalidParameter", f"a range of dates is over {longest.days} days")


def _inside(at: datetime, start: str | None, end: str | None) -> bool:
    return (start is None or at >= understood(start, late=True)) and (end is None or at <= understood(end, late=False))


def _not_declarable(order: Order | None, asked: words.DeclareShipment) -> str:
    if order is None:
        return "no such order"
    if all(line.semi_managed for line in order.lines):
        return "the order is shipped by the semi-managed flow"
    if order.status not in WAITS_FOR_GOODS:
        return f"the order does not wait for goods, its status is {order.status}"
    if refused := not_a_number(asked.service_name, asked.logistics_no):
        return refused
    if asked.service_name.startswith("OTHER") and not (asked.tracking_website and asked.actual_carrier):
        return "OTHER needs tracking_website and actual_carrier"
    return ""


def not_a_number(service_name: str, logistics_no: str) -> str:
    """Why a number is none of a service's; empty if it is one."""
    if service_name not in SERVICES:
        return f"{service_name} is not a logistics service"
    if not re.search(SERVICES[service_name][2], logistics_no):
        return f"{logistics_no} is not a number of {service_name}"
    return ""


def _key(one: Declared) -> tuple[str, str]:
    return one.service_name, one.logistics_no


def _row(order: Order) -> Payload:
    return {
        "order_id": order.order_id,
        "order_status": order.status,
        "biz_type": "AE_COMMON",
        "buyer_login_id": order.buyer_login_id,
        "gmt_create": written(order.created_at),
        "gmt_update": written(order.modified_at),
        "gmt_pay_time": written(order.created_at),
        "pay_amount": _simple(order.total),
        "fund_status": _fund_status(order),
        "frozen_status": "NO_FROZEN",
        "issue_status": order.issue_status,
        "end_reason": order.end_reason or None,
        "product_list": [
            {
                "child_id": line.child_id,
                "order_id": order.order_id,
                "product_id": line.product_id,
                "product_name": line.title,
                "product_count": line.quantity,
                "sku_code": line.sku_code,
                "product_unit_price": _simple(line.price),
                "total_product_amount": _simple(line.price * line.quantity),
                "send_goods_operator": "SELLER_SEND_GOODS",
                "son_order_status": order.status,
            }
            for line in order.lines
        ],
    }


def _detail(order: Order, *, masked: bool) -> Payload:
    detail: Payload = {
        "id": order.order_id,
        "order_status": order.status,
        "gmt_create": written(order.created_at),
        "gmt_modified": written(order.modified_at),
        "fund_status": _fund_status(order),
        "frozen_status": "NO_FROZEN",
        "issue_status": order.issue_status,
        "cancel_request_reason": order.cancel_reason or None,
        "order_end_reason": order.end_reason or None,
        "gmt_trade_end": written(order.ended_at) if order.ended_at else None,
        "order_amount": _money_str(order.total),
        "init_oder_amount": _money_str(order.total),
        "logistics_amount": _money_str(Decimal(0)),
        "receipt_address": order.receipt_address(masked=masked),
        "buyerloginid": order.buyer_login_id,
        "oaid": order.oaid if masked else None,
        "child_order_list": [_child(order, line, place) for place, line in enumerate(order.lines, start=1)],
        "logistic_info_list": [
            {"logistics_no": parcel.logistics_no, "logistics_type_code": parcel.service_name}
            for parcel in order.declarations
        ],
    }
    if order.was_paid:
        detail["gmt_pay_success"] = written(order.created_at)
    if order.status in WAITS_FOR_GOODS:
        detail["over_time_left"] = written(order.ship_by)
    return detail


def _child(order: Order, line: Line, place: int) -> Payload:
    return {
        "id": order.order_id,
        "child_order_id": str(line.child_id),
        "order_sort_id": place,
        "order_status": order.status,
        "product_id": line.product_id,
        "product_name": line.title,
        "product_count": line.quantity,
        "lot_num": 1,
        "sku_code": line.sku_code,
        "product_price": _money_str(line.price),
        "init_order_amt": _money_str(line.price * line.quantity),
        "send_goods_operator": "SELLER_SEND_GOODS",
        "extend_map": '{"orderBusinessModel":"SEMI_CHOICE_SELF"}' if line.semi_managed else "{}",
    }


def _fund_status(order: Order) -> str:
    return "PAY_SUCCESS" if order.was_paid else "NOT_PAY"


def _simple(amount: Decimal) -> Payload:
    return {"amount": f"{amount:.2f}", "currency_code": "USD"}


def _money_str(amount: Decimal) -> Payload:
    return {**_simple(amount), "cent": int(amount * 100), "cent_factor": 100}
