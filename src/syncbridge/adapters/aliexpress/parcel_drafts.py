"""A parcel in the words of AliExpress's online shipping, and what it would refuse in it (aliexpress.md §6.2)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal

import msgspec

from syncbridge.adapters.aliexpress import wire_logistics
from syncbridge.adapters.aliexpress.settings import AliExpressSettings
from syncbridge.adapters.aliexpress.wire import kilograms, letters
from syncbridge.model.orders import BuyerAddress
from syncbridge.model.shipping import Declared, ParcelDraft, Trail

CURRENCY = "USD"
"""Of declared amounts; the vendor's texts name none, its console shows dollars."""
_SNAKE = {
    "productId": "product_id",
    "categoryCnDesc": "category_cn_desc",
    "categoryEnDesc": "category_en_desc",
    "productNum": "product_num",
    "productDeclareAmount": "product_declare_amount",
    "productWeight": "product_weight",
    "isContainsBattery": "contains_battery",
    "isAneroidMarkup": "aneroid_markup",
    "isOnlyBattery": "only_battery",
    "hsCode": "hs_code",
}
_LONGEST_NUMBER = 32
_NO_COURIER = "-1"
_UNDELIVERABLE = {"return": "0", "destroy": "1"}
_NUMBERS = msgspec.json.Encoder(decimal_format="number")


def waybill(draft: ParcelDraft) -> str:
    """What a parcel is booked under: the supplier's waybill, or the mark where there is none yet."""
    return draft.domestic_number or draft.mark


def problems(draft: ParcelDraft, product_ids: Mapping[str, str]) -> Iterator[str]:
    """What keeps a parcel from being booked, in words; `product_ids` are those of the order's lines."""
    if not draft.service:
        yield "no line is chosen for it"
    if not 1 <= len(waybill(draft)) <= _LONGEST_NUMBER:
        yield f"{waybill(draft)!r} is longer than {_LONGEST_NUMBER} characters"
    if not draft.goods:
        yield "it declares no goods"
    for one in draft.goods:
        yield from (f"{one.name_en or one.name_cn or 'goods'}: {said}" for said in _goods(one))
        if one.line_id not in product_ids:
            yield f"{one.name_en or one.name_cn}: line {one.line_id!r} is not one of order {draft.order_id}"
    receiver = draft.receiver
    lacks = [part for part in ("name", "phone", "country", "city", "street") if not getattr(receiver, part).strip()]
    if lacks:
        yield f"the buyer's address lacks its {', '.join(lacks)}"


def _goods(one: Declared) -> Iterator[str]:
    if not 1 <= len(one.name_cn.strip()) <= 20:
        yield "its Chinese name has to have 1 to 20 characters"
    if not 1 <= len(one.name_en.strip()) <= 60:
        yield "its English name has to have 1 to 60 characters"
    if not 1 <= one.quantity <= 999:
        yield f"{one.quantity} pieces are not 1 to 999"
    if one.value.currency != CURRENCY:
        yield f"it is declared in {one.value.currency}, AliExpress takes {CURRENCY}"
    elif not Decimal("0.01") <= one.value.rounded().amount <= 10_000:
        yield f"it is declared as worth {one.value}; AliExpress takes 0.01 to 10000"
    if not 1 <= one.weight_g <= 2000:
        yield f"it weighs {one.weight_g} g; AliExpress takes 1 to 2000 g a piece"


def warehouse_order(
    draft: ParcelDraft,
    product_ids: Mapping[str, str],
    addresses: wire_logistics.SellerAddresses,
    settings: AliExpressSettings,
) -> dict[str, str]:
    """The parameters of ``createwarehouseorder`` for a parcel without problems."""
    places = {
        "sender": addresses.sender_seller_address_list,
        "pickup": addresses.pickup_seller_address_list,
        "refund": addresses.refund_seller_address_list,
    }
    chosen = {role: {"address_id": _chosen(known)} for role, known in places.items()}
    goods = [_declared(one, product_ids[one.line_id], settings) for one in draft.goods]
    return {
        "trade_order_id": draft.order_id,
        "trade_order_from": "ESCROW",
        "warehouse_carrier_service": draft.service,
        "address_d_t_os": _written({**chosen, "receiver": _receiver(draft.receiver)}),
        "declare_product_d_t_os": _written(goods),
        "domestic_logistics_company_id": _NO_COURIER,
        "domestic_logistics_company": draft.domestic_carrier or "other",
        "domestic_tracking_no": waybill(draft),
        "package_num": "1",
        "undeliverable_decision": _UNDELIVERABLE[settings.undeliverable],
    }


def missing_addresses(addresses: wire_logistics.SellerAddresses) -> list[str]:
    """What the seller has no address for in the seller centre."""
    places = {
        "sending": addresses.sender_seller_address_list,
        "collection": addresses.pickup_seller_address_list,
        "returns": addresses.refund_seller_address_list,
    }
    return [role for role, known in places.items() if not known]


def quote(draft: ParcelDraft) -> dict[str, str]:
    """The parameters of ``getonlinelogisticsservicelistbyorderid``: whole centimetres, kilograms."""
    length, width, height = draft.size_cm
    return {
        "order_id": draft.order_id,
        "goods_length": str(length),
        "goods_width": str(width),
        "goods_height": str(height),
        "goods_weight": kilograms(draft.weight_g),
        "locale": "zh_CN",
    }


def query(draft: ParcelDraft) -> dict[str, object]:
    """The same for ``logistics.service.query``, which names the lines of the order too."""
    length, width, height = draft.size_cm
    size: dict[str, object] = {
        "goods_length": length,
        "goods_width": width,
        "goods_height": height,
        "goods_weight": kilograms(draft.weight_g),
        "locale": "zh_CN",
    }
    lines = dict.fromkeys(one.line_id for one in draft.goods if one.line_id.isdecimal())
    return {
        "order_id": int(draft.order_id),
        **size,
        "sub_order_list": [{"order_id": int(one), **size} for one in lines],
    }


def trail(parcel: Trail) -> dict[str, str]:
    """The parameters of ``querytrackingresult`` (aliexpress.md §6.1)."""
    return {
        "logistics_no": parcel.number,
        "origin": "ESCROW",
        "out_ref": parcel.order_id,
        "service_name": parcel.carrier,
        "to_area": letters(parcel.country),
    }


def _declared(one: Declared, product_id: str, settings: AliExpressSettings) -> dict[str, object]:
    said: dict[str, object] = {
        "productId": int(product_id),
        "categoryCnDesc": one.name_cn.strip(),
        "categoryEnDesc": one.name_en.strip(),
        "productNum": one.quantity,
        "productDeclareAmount": one.value.rounded().amount,
        "productWeight": Decimal(one.weight_g) / 1000,
        "isContainsBattery": int(one.battery),
        "isAneroidMarkup": 0,
        "isOnlyBattery": 0,
        **({"hsCode": one.hs_code} if one.hs_code else {}),
    }
    return said if settings.declared_keys == "camel" else {_SNAKE[name]: value for name, value in said.items()}


def _receiver(receiver: BuyerAddress) -> dict[str, str]:
    said = {
        "name": receiver.name,
        "phone": receiver.phone,
        "mobile": receiver.phone,
        "country": letters(receiver.country),
        "province": receiver.province,
        "city": receiver.city,
        "street_address": receiver.street,
        "post_code": receiver.postcode,
    }
    return {name: value for name, value in said.items() if value.strip()}


def _chosen(known: list[wire_logistics.SellerAddress]) -> int:
    """The address that is the default in the seller centre, or the first."""
    return next((one.address_id for one in known if str(one.is_default) == "1"), known[0].address_id)


def _written(value: object) -> str:
    return _NUMBERS.encode(value).decode()
