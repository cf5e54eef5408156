"""What else is asked and done about an order: the light list, its buyer, cancels (aliexpress.md §5, §7)."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from syncbridge.adapters.aliexpress.mock import words
from syncbridge.adapters.aliexpress.mock.buying import accept_cancel, withdraw_cancel
from syncbridge.adapters.aliexpress.mock.order_book import Order
from syncbridge.adapters.aliexpress.mock.trade import find_list, own
from syncbridge.adapters.aliexpress.mock.words import Date, Digits, Words
from syncbridge.adapters.aliexpress.mock.world import Account, World

Payload = dict[str, object]
_LONGEST_EXTENSION = 120
"""Days; the vendor names no number, this one is the mock's own."""


class SimpleQuery(Words):
    """The query of findorderlistsimplequery."""

    page: Annotated[int, Meta(ge=1)]
    page_size: Annotated[int, Meta(ge=1, le=50)]
    create_date_start: Date | None = None
    create_date_end: Date | None = None
    order_status: str | None = None
    order_status_list: list[str] = msgspec.field(default_factory=list)


class ListSimply(Words):
    """trade.redefining.findorderlistsimplequery."""

    param1: SimpleQuery


class OneOrder(Words):
    """The query of receiptinfo.get."""

    order_id: int


class AskReceipt(Words):
    """solution.order.receiptinfo.get."""

    param1: OneOrder


class Decipher(Words):
    """trade.seller.order.decrypt; its parameters are in camel case."""

    orderId: Digits  # noqa: N815  the vendor's name
    oaid: str


class AskedCancel(Words):
    """Which cancel is agreed to."""

    order_id: int
    buyer_login_id: str


class RefusedCancel(AskedCancel):
    """Which is not, and why."""

    memo: Annotated[str, Meta(min_length=1)]


class AcceptCancel(Words):
    """trade.seller.order.acceptcancel."""

    param_order_cancel_request: AskedCancel


class RefuseCancel(Words):
    """trade.seller.order.refusecancel."""

    param_order_cancel_request: RefusedCancel


class Extend(Words):
    """extendsbuyeracceptgoodstime: an order's id, and days."""

    param0: Digits
    param1: Digits


class AskTaxNumbers(Words):
    """logistics.getwlmailingaddresssnapshotdto."""

    trade_order_id: Digits


def find_simply(world: World, account: Account, asked: ListSimply) -> Payload:
    """A page of orders, with little about each."""
    wanted = asked.param1
    query = words.OrderQuery(
        page_size=wanted.page_size,
        current_page=wanted.page,
        create_date_start=wanted.create_date_start,
        create_date_end=wanted.create_date_end,
        order_status=wanted.order_status,
        order_status_list=wanted.order_status_list,
    )
    found = find_list(world, account, words.ListOrders(query), bounded=wanted.create_date_start is not None)["result"]
    assert isinstance(found, dict)  # noqa: S101  made above
    return {
        "result": {"total_item": found["total_count"], "order_list": [_simple(row) for row in found["target_list"]]}
    }


def receipt(world: World, account: Account, asked: AskReceipt) -> Payload:
    """Where an order goes; nothing under ``result`` if there is none."""
    order = own(world, account, asked.param1.order_id)
    return {"result": {}} if order is None else {"result": {**order.receipt_address(masked=world.mask_addresses)}}


def decipher(world: World, account: Account, asked: Decipher) -> Payload:
    """The buyer without stars, for who has the order's ``oaid``. Which number says success is not published."""
    order = own(world, account, int(asked.orderId))
    if order is None or asked.oaid != order.oaid:
        world.refused["decrypt"] += 1
        return {"result_code": 1, "result_info": "the oaid is not the order's"}
    shown = order.receipt_address(masked=False)
    names = ("contact_person", "mobile_no", "detail_address", "phone_number", "address2")
    told = {name: shown[name] for name in names if name in shown}
    return {
        "result_code": 0,
        "result_info": "success",
        "result_obj": told | {"buyer_signer_fullname": shown["contact_person"]},
    }


def accept(world: World, account: Account, asked: AcceptCancel) -> Payload:
    """Agree to a cancel, which ends the order."""
    wanted = asked.param_order_cancel_request
    order = _in_cancel(world, account, wanted)
    if order is None:
        return _not_asked_for(world)
    accept_cancel(world, order)
    return {"result": {"success": True, "target": True}}


def refuse(world: World, account: Account, asked: RefuseCancel) -> Payload:
    """Refuse a cancel; the order goes on where it was."""
    wanted = asked.param_order_cancel_request
    order = _in_cancel(world, account, wanted)
    if order is None:
        return _not_asked_for(world)
    withdraw_cancel(world, order)
    order.cancel_refused_because = wanted.memo
    return {"result": {"success": True, "target": True}}


def extend(world: World, account: Account, asked: Extend) -> Payload:
    """Give the buyer more days to confirm; the numbers of refusals are documented ones."""
    order = own(world, account, int(asked.param0))
    if order is None:
        return {"is_success": False, "sub_error_code": 100, "memo": "no such order"}
    if order.status != "WAIT_BUYER_ACCEPT_GOODS":
        return {"is_success": False, "sub_error_code": 210, "memo": f"not in status {order.status}"}
    if not 1 <= int(asked.param1) <= _LONGEST_EXTENSION:
        return {"is_success": False, "sub_error_code": 201, "memo": "more days than the system allows"}
    return {"is_success": True}


def tax_numbers(world: World, account: Account, asked: AskTaxNumbers) -> Payload:
    """Numbers that customs of Brazil and Chile want; the vendor's shape is not published, this is the mock's own."""
    order = own(world, account, int(asked.trade_order_id))
    if order is None:
        return {"result_success": False, "error_desc": "no such order"}
    is_brazil = order.address["country"] == "BR"
    return {"result_success": True, "result": {"cpf": "12345678909" if is_brazil else "", "rut_no": ""}}


def _in_cancel(world: World, account: Account, wanted: AskedCancel) -> Order | None:
    order = own(world, account, wanted.order_id)
    is_asked_for = order is not None and order.status == "IN_CANCEL" and order.buyer_login_id == wanted.buyer_login_id
    return order if is_asked_for else None


def _not_asked_for(world: World) -> Payload:
    world.refused["cancel"] += 1
    return {
        "result": {"success": False, "target": False, "error_code": "-1", "error_message": "no cancel is asked for"}
    }


def _simple(row: Payload) -> Payload:
    products = row["product_list"]
    assert isinstance(products, list)  # noqa: S101  a row has one
    return {
        "order_id": row["order_id"],
        "order_status": row["order_status"],
        "biz_type": row["biz_type"],
        "gmt_create": row["gmt_create"],
        "gmt_modified": row["gmt_update"],
        "product_list": [
            {
                "child_id": product["child_id"],
                "product_id": product["product_id"],
                "product_name": product["product_name"],
                "product_count": product["product_count"],
                "sku_code": product["sku_code"],
                "product_unit_price": product["product_unit_price"]["amount"],
                "product_unit_price_cur": product["product_unit_price"]["currency_code"],
                "son_order_status": product["son_order_status"],
            }
            for product in products
        ],
    }
