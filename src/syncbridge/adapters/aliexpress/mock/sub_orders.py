"""Parcels declared for single lines of an order, by their places in it (aliexpress.md §6.1)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from msgspec import Meta

from syncbridge.adapters.aliexpress.mock.order_book import ENDED, Declared, Order
from syncbridge.adapters.aliexpress.mock.trade import WAITS_FOR_GOODS, declare, not_a_number, own
from syncbridge.adapters.aliexpress.mock.words import DeclareShipment, Digits, Words
from syncbridge.adapters.aliexpress.mock.world import Account, World

Payload = dict[str, object]


class Parcel(Words):
    """One parcel."""

    logistics_no: str
    service_name: str
    tracking_web_site: str | None = None
    actual_carrier: str | None = None
    package_type: Literal["consolidation"] | None = None


class SubOrder(Words):
    """The parcels of one line."""

    sub_trade_order_index: Annotated[int, Meta(ge=1)]
    send_type: Literal["part", "all"]
    shipment_list: Annotated[list[Parcel], Meta(min_length=1)]
    ioss: str | None = None


class Request(Words):
    """The request inside logistics.order.shipment."""

    trade_order_id: int
    sub_trade_order_list: Annotated[list[SubOrder], Meta(min_length=1)]


class Ship(Words):
    """logistics.order.shipment."""

    param_aeop_seller_shipment_sub_trade_order_request: Request


class ShipLines(Words):
    """sellershipmentsupportsubtradeorder."""

    trade_order_id: Digits
    sub_trade_order_list: Annotated[list[SubOrder], Meta(min_length=1)]


class ModifyLines(Words):
    """logistics.order.modifyshipment and sellermodifiedshipmentsupportsubtradeorder."""

    trade_order_id: Digits
    sub_trade_order_list: Annotated[list[SubOrder], Meta(min_length=1)]
    old_logistics_no: str
    old_service_name: str


class Fulfil(Words):
    """solution.order.fulfill."""

    service_name: str
    logistics_no: str
    out_ref: Digits
    send_type: Literal["part", "all"]
    tracking_website: str | None = None
    description: Annotated[str, Meta(max_length=512)] | None = None


def ship(world: World, account: Account, asked: Ship) -> Payload:
    """Declare parcels of lines; the answer is under ``result``."""
    wanted = asked.param_aeop_seller_shipment_sub_trade_order_request
    refused = _shipped(world, account, wanted.trade_order_id, wanted.sub_trade_order_list)
    if refused:
        return {"result": {"success": False, "error_code": "-1", "error_msg": refused}}
    return {"result": {"success": True, "trade_order_id": wanted.trade_order_id}}


def ship_lines(world: World, account: Account, asked: ShipLines) -> Payload:
    """The same by the older call, whose answer is bare and whose flags have other names."""
    refused = _shipped(world, account, int(asked.trade_order_id), asked.sub_trade_order_list)
    if refused:
        return {"is_success": False, "code_of_error": "-1", "error_msg": refused}
    return {"is_success": True, "trade_order_id": int(asked.trade_order_id)}


def modify_lines(world: World, account: Account, asked: ModifyLines) -> Payload:
    """Replace a declared parcel of lines by others."""
    order = own(world, account, int(asked.trade_order_id))
    old = (asked.old_service_name, asked.old_logistics_no)
    places = {one.sub_trade_order_index for one in asked.sub_trade_order_list}
    replaced = [
        one
        for one in (order.declarations if order else ())
        if (one.service_name, one.logistics_no) == old and one.place in {0, *places}
    ]
    refused = _refusal(order, asked.sub_trade_order_list)
    if order is None or not replaced or order.status in ENDED or refused:
        world.refused["-1"] += 1
        what = refused or "no such shipment is declared for these lines"
        return {"is_success": False, "code_of_error": "-1", "error_msg": what}
    for one in replaced:
        order.declarations.remove(one)
    _keep(world, order, asked.sub_trade_order_list, former=(asked.old_logistics_no,))
    return {"is_success": True, "trade_order_id": order.order_id, "old_logistics_no": asked.old_logistics_no}


def fulfil(world: World, account: Account, asked: Fulfil) -> Payload:
    """Declare a parcel by the call of the other family, which knows no real carrier and wants none."""
    carrier = "unknown" if asked.service_name.startswith("OTHER") else None
    wanted = DeclareShipment(
        asked.service_name,
        asked.logistics_no,
        asked.out_ref,
        asked.send_type,
        tracking_website=asked.tracking_website,
        actual_carrier=carrier,
    )
    return {"result": declare(world, account, wanted)}


def _shipped(world: World, account: Account, order_id: int, wanted: Sequence[SubOrder]) -> str:
    order = own(world, account, order_id)
    refused = _refusal(order, wanted)
    if order is not None and not refused and order.status not in WAITS_FOR_GOODS:
        refused = f"the order does not wait for goods, its status is {order.status}"
    if order is None or refused:
        world.refused["-1"] += 1
        return refused
    _keep(world, order, wanted)
    return ""


def _refusal(order: Order | None, wanted: Sequence[SubOrder]) -> str:
    if order is None:
        return "no such order"
    for sub_order in wanted:
        if sub_order.sub_trade_order_index > len(order.lines):
            return f"the order has no line {sub_order.sub_trade_order_index}"
        for parcel in sub_order.shipment_list:
            if refused := not_a_number(parcel.service_name, parcel.logistics_no):
                return refused
            if parcel.service_name.startswith("OTHER") and not (parcel.tracking_web_site and parcel.actual_carrier):
                return "OTHER needs tracking_web_site and actual_carrier"
    return ""


def _keep(world: World, order: Order, wanted: Sequence[SubOrder], former: tuple[str, ...] = ()) -> None:
    for sub_order in wanted:
        place = sub_order.sub_trade_order_index
        order.declarations += [
            Declared(one.service_name, one.logistics_no, sub_order.send_type, former, place=place)
            for one in sub_order.shipment_list
        ]
    whole = {one.place for one in order.declarations if one.send_type == "all"}
    done = 0 in whole or whole.issuperset(range(1, len(order.lines) + 1))
    world.change(order, "WAIT_BUYER_ACCEPT_GOODS" if done else "SELLER_PART_SEND_GOODS")
