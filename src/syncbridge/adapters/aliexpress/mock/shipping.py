"""Online shipping and tracking as the vendor keeps them (aliexpress.md §6)."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import msgspec

from syncbridge.adapters.aliexpress.mock import shipping_words as words
from syncbridge.adapters.aliexpress.mock.order_book import Order, WarehouseOrder
from syncbridge.adapters.aliexpress.mock.trade import own
from syncbridge.adapters.aliexpress.mock.world import Account, Refused, World, understood, written

Payload = dict[str, object]
PDF = b"%PDF-1.4\n% a label of the mock's\n"
_ROLES = ("sender", "pickup", "refund")
_WAITS_FOR_GOODS = ("WAIT_SELLER_SEND_GOODS", "SELLER_PART_SEND_GOODS")


@dataclass(frozen=True)
class Line:
    """A line of the platform's own: what it asks in yuan, what it takes, how its numbers look."""

    key: str
    name: str
    countries: tuple[str, ...]
    first: Decimal
    per_kg: Decimal
    days: str
    number: str
    heaviest_g: int = 2000


LINES = (
    Line("CAINIAO_STANDARD", "AliExpress 无忧物流-标准", ("ES", "FR", "US", "UK"), Decimal(20), Decimal(70), "15-25天",
         "LX{:09d}CN"),
    Line("YANWEN_AM", "燕文航空挂号小包", ("ES", "US", "BR"), Decimal(17), Decimal(84), "20-40天", "UA{:09d}YP"),
)  # fmt: skip


def services(world: World, account: Account, asked: words.AskServices) -> Payload:
    """Lines that would take a parcel of an order."""
    found = _lines(world, account, int(asked.order_id), Decimal(asked.goods_weight))
    if found is None:
        return {"is_success": False, "error_desc": "no such order"}
    return {"is_success": True, "result_list": found}


def queried_services(world: World, account: Account, asked: words.QueryServices) -> Payload:
    """The same by the newer call; every line it names must be the order's."""
    request = asked.interface_request
    order = own(world, account, request.order_id)
    lines = {line.child_id for line in order.lines} if order else set()
    if not {one.order_id for one in request.sub_order_list} <= lines:
        return {"result_response": {"is_success": False, "error_desc": "no such sub order"}}
    weight = Decimal(request.goods_weight or request.sub_order_list[0].goods_weight)
    return {"result_response": {"is_success": True, "result_list": _lines(world, account, request.order_id, weight)}}


def addresses(world: World, account: Account, asked: words.AskAddresses) -> Payload:
    """The seller's addresses: two to send from, of which the second is the default, one of each other kind."""
    known = {
        f"{role}_seller_address_list": [
            {
                "address_id": address_id,
                "is_default": int(address_id == max(_address_ids(role))),
                "name": "Li",
                "country": "CN",
                "province": "Zhejiang",
                "city": "Hangzhou",
                "street_address": "Wangshang 1",
                "postcode": "310000",
                "mobile": "13800000000",
            }
            for address_id in _address_ids(role)
        ]
        for role in asked.seller_address_query
    }
    return {"result_success": True, **known}


def create(world: World, account: Account, asked: words.CreateWarehouseOrder) -> Payload:
    """Book a parcel; the same again books another one, as nothing documented forbids it."""
    order = own(world, account, int(asked.trade_order_id))
    goods = _goods(world, asked.declare_product_d_t_os)
    refused = _not_bookable(order, asked, goods)
    if refused or order is None:
        world.refused["-1"] += 1
        return {"result": {"success": False, "error_code": 2, "error_desc": refused}, "result_success": True}
    made = WarehouseOrder(
        world.serial(30_000_000),
        order.order_id,
        asked.warehouse_carrier_service,
        asked.domestic_tracking_no,
        world.now(),
    )
    world.warehouse_orders.append(made)
    result = {
        "success": True,
        "error_code": 1,  # which means none
        "warehouse_order_id": made.warehouse_order_id,
        "trade_order_id": order.order_id,
        "trade_order_from": "ESCROW",
        "out_order_id": made.warehouse_order_id,
    }
    return {"result": result, "result_success": True}


def orders(world: World, account: Account, asked: words.AskOrders) -> Payload:
    """Booked parcels; looking makes the number come."""
    found = [one for one in world.warehouse_orders if _is_meant(world, account, one, asked)]
    for one in found:
        one.reads += 1
        if one.reads > world.reads_without_number and not one.number and one.status != "closed":
            one.number = _line(one.service).number.format(one.warehouse_order_id)
            one.status = "wait_warehouse_receive_goods"
    size, number = int(asked.page_size), int(asked.current_page)
    if not 1 <= size <= 50 or number < 1:
        raise Refused("InvalidParameter", "page_size is 1 to 50, current_page 1 or more")
    return {
        "is_success": True,
        "current_page": number,
        "total_page": -(-len(found) // size),
        "result_list": [_shown(one) for one in found[(number - 1) * size : number * size]],
    }


def label(world: World, account: Account, asked: words.AskLabel) -> Payload:
    """The label inside JSON text; at first without a body."""
    for one in world.warehouse_orders:
        if one.number == asked.international_logistics_id and own(world, account, one.order_id):
            one.labels_asked += 1
            ready = one.labels_asked > world.labels_without_body
            body = base64.b64encode(PDF).decode() if ready else ""
            return {"result": msgspec.json.encode({"StatusCode": 200, "body": body}).decode()}
    raise Refused("15", "Remote service error", sub_code="isv.not-found", sub_msg="no such international number")


def tracking(world: World, account: Account, asked: words.AskTracking) -> Payload:
    """What carriers told of a parcel of an order."""
    order = own(world, account, int(asked.out_ref))
    if order is None or asked.logistics_no not in world.trails:
        return {"result_success": False, "error_desc": "no tracking information"}
    newest_first: Sequence[Payload] = world.trails[asked.logistics_no][::-1]
    return {"result_success": True, "official_website": "https://global.cainiao.com", "details": [*newest_first]}


def told(world: World, number: str, action_code: str, event_desc: str, address: str) -> None:
    """A carrier tells something of a parcel now."""
    event: Payload = {"event_date": written(world.now()), "action_code": action_code}
    world.trails.setdefault(number, []).append(event | {"event_desc": event_desc, "address": address, "status": ""})


def _lines(world: World, account: Account, order_id: int, kilograms: Decimal) -> list[Payload] | None:
    order = own(world, account, order_id)
    if order is None:
        return None
    return [
        {
            "logistics_service_id": line.key,
            "logistics_service_name": line.name,
            "logistics_timeliness": line.days,
            "trial_result": f"CN¥{line.first + line.per_kg * kilograms:.2f}",
            "warehouse_name": "杭州仓",
            "is_express_logistics_service": False,
            "recommend_index": "1",
        }
        for line in LINES
        if order.address["country"] in line.countries and kilograms * 1000 <= line.heaviest_g
    ]


def _line(key: str) -> Line:
    return next(line for line in LINES if line.key == key)


def _address_ids(role: str) -> tuple[int, ...]:
    first = 1000 * (_ROLES.index(role) + 1)
    return (first + 1, first + 2) if role == "sender" else (first + 1,)


def _goods(world: World, text: str) -> list[Payload]:
    shape = words.CamelGoods if world.declared_keys == "camel" else words.SnakeGoods
    try:
        found = msgspec.json.decode(text, type=list[shape])  # type: ignore[valid-type]  # one of two
    except msgspec.DecodeError as error:
        raise Refused("InvalidParameter", f"declare_product_d_t_os: {error}") from error
    if not 1 <= len(found) <= 50:
        raise Refused("InvalidParameter", "declare_product_d_t_os has 1 to 50 products")
    names = ("productId", "productWeight", "productNum")
    snakes = ("product_id", "product_weight", "product_num")
    given = names if world.declared_keys == "camel" else snakes
    return [{name: getattr(one, key) for name, key in zip(names, given, strict=True)} for one in found]


def _not_bookable(order: Order | None, asked: words.CreateWarehouseOrder, goods: Sequence[Payload]) -> str:
    if order is None:
        return "no such order"
    if order.status not in _WAITS_FOR_GOODS:
        return f"the order does not wait for goods, its status is {order.status}"
    if said := _wrong_address(asked.address_d_t_os):
        return said
    if asked.domestic_logistics_company_id == "-1" and not asked.domestic_logistics_company:
        return "domestic_logistics_company is needed where its id is -1"
    line = next((one for one in LINES if one.key == asked.warehouse_carrier_service), None)
    if line is None:
        return f"{asked.warehouse_carrier_service} is not a line of this order"
    if asked.address_d_t_os.receiver.country not in line.countries:
        return f"{line.key} does not go to {asked.address_d_t_os.receiver.country}"
    if sum(float(str(one["productWeight"])) * int(str(one["productNum"])) for one in goods) * 1000 > line.heaviest_g:
        return f"{line.key} takes up to {line.heaviest_g} g"
    products = {0, *(line.product_id for line in order.lines)}
    return "" if {one["productId"] for one in goods} <= products else "a product is not one of the order's"


def _wrong_address(given: words.Addresses) -> str:
    for role in _ROLES:
        if getattr(given, role).address_id not in _address_ids(role):
            return f"the {role} address is not one of the seller's"
    receiver = given.receiver
    for part in ("name", "country", "city", "street_address"):
        if not getattr(receiver, part):
            return f"the receiver has no {part}"
    return "" if receiver.phone or receiver.mobile else "the receiver has neither phone nor mobile"


def _is_meant(world: World, account: Account, one: WarehouseOrder, asked: words.AskOrders) -> bool:
    start, end = asked.gmt_create_start_str, asked.gmt_create_end_str
    wanted = (
        (asked.order_id, str(one.order_id)),
        (asked.logistics_order_code, one.lp_number),
        (asked.logistics_order_id, str(one.warehouse_order_id)),
        (asked.china_logistics_id, one.domestic_no),
        (asked.international_logistics_id, one.number),
        (asked.logistics_status, one.status),
    )
    return (
        own(world, account, one.order_id) is not None
        and all(value in (None, known) for value, known in wanted)
        and (start is None or one.created_at >= understood(start, late=True))
        and (end is None or one.created_at <= understood(end, late=False))
    )


def _shown(one: WarehouseOrder) -> Payload:
    return {
        "online_logistics_id": one.warehouse_order_id,
        "order_id": one.order_id,
        "lp_number": one.lp_number,
        "internationallogistics_id": one.number or None,
        "original_international_logistics_id": one.first_number or one.number or None,
        "international_logistics_type": one.service,
        "logistics_status": one.status,
        "channel_code": "AE_4PL_STANDARD",
        "china_logistics_type": "other",
    }
