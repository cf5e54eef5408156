"""What the vendor takes in a request about online shipping and tracking (aliexpress.md §6, aliexpress-fields.md).

Unknown fields, missing ones and wrong types are refused. Parameters are texts, but for those that hold JSON.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from syncbridge.adapters.aliexpress.mock.words import Date, Digits, Words

Said = Annotated[str, Meta(min_length=1)]
Centimetres = Annotated[str, Meta(pattern=r"^[1-9]\d{0,3}$")]
Kilograms = Annotated[str, Meta(pattern=r"^\d{1,3}(\.\d{1,3})?$")]
Flag = Annotated[int, Meta(ge=0, le=1)]
Amount = Annotated[float, Meta(ge=0.01, le=10000)]
Weight = Annotated[float, Meta(ge=0.001, le=2)]
Pieces = Annotated[int, Meta(ge=1, le=999)]
NameCn = Annotated[str, Meta(min_length=1, max_length=20)]
NameEn = Annotated[str, Meta(min_length=1, max_length=60)]


class AskServices(Words):
    """getonlinelogisticsservicelistbyorderid."""

    order_id: Digits
    goods_width: Centimetres
    goods_height: Centimetres
    goods_length: Centimetres
    goods_weight: Kilograms
    locale: Literal["zh_CN", "en_US", "ru_RU"] = "zh_CN"


class SubOrder(Words):
    """A line of the order, with the size of the parcel."""

    order_id: int
    goods_width: Annotated[int, Meta(ge=1)]
    goods_height: Annotated[int, Meta(ge=1)]
    goods_length: Annotated[int, Meta(ge=1)]
    goods_weight: Kilograms
    locale: str = "zh_CN"


class ServiceRequest(Words):
    """The request inside logistics.service.query."""

    order_id: int
    sub_order_list: Annotated[list[SubOrder], Meta(min_length=1)]
    goods_width: Annotated[int, Meta(ge=1)] | None = None
    goods_height: Annotated[int, Meta(ge=1)] | None = None
    goods_length: Annotated[int, Meta(ge=1)] | None = None
    goods_weight: Kilograms | None = None
    constraints_type: str | None = None
    locale: str = "zh_CN"


class QueryServices(Words):
    """logistics.service.query."""

    interface_request: ServiceRequest


class AskAddresses(Words):
    """getlogisticsselleraddresses."""

    seller_address_query: Annotated[list[Literal["sender", "pickup", "refund"]], Meta(min_length=1)]


class Address(Words):
    """An address, or the id of one of the seller's, with which the rest counts for nothing."""

    address_id: int | None = None
    name: Said | None = None
    country: Said | None = None
    province: Said | None = None
    city: Said | None = None
    county: Said | None = None
    street: Said | None = None
    street_address: Said | None = None
    post_code: Said | None = None
    phone: Said | None = None
    mobile: Said | None = None
    email: Said | None = None
    fax: Said | None = None
    member_type: Said | None = None
    trademanage_id: Said | None = None


class Addresses(Words):
    """The four of a booking."""

    sender: Address
    pickup: Address
    refund: Address
    receiver: Address


class CamelGoods(Words):
    """Declared goods with the keys of the texts."""

    productId: int  # noqa: N815  the vendor's name
    categoryCnDesc: NameCn  # noqa: N815
    categoryEnDesc: NameEn  # noqa: N815
    productNum: Pieces  # noqa: N815
    productDeclareAmount: Amount  # noqa: N815
    productWeight: Weight  # noqa: N815
    isContainsBattery: Flag  # noqa: N815
    isAneroidMarkup: Flag  # noqa: N815
    isOnlyBattery: Flag  # noqa: N815
    hsCode: Said | None = None  # noqa: N815
    skuValue: Said | None = None  # noqa: N815
    scItemId: int | None = None  # noqa: N815


class SnakeGoods(Words):
    """The same with the keys of the newer contract."""

    product_id: int
    category_cn_desc: NameCn
    category_en_desc: NameEn
    product_num: Pieces
    product_declare_amount: Amount
    product_weight: Weight
    contains_battery: Flag
    aneroid_markup: Flag = 0
    only_battery: Flag = 0
    hs_code: Said | None = None
    child_order_id: int | None = None


class CreateWarehouseOrder(Words):
    """createwarehouseorder; declared goods are a JSON text, read apart for their keys."""

    address_d_t_os: Addresses
    declare_product_d_t_os: Said
    domestic_logistics_company_id: Annotated[str, Meta(pattern=r"^(-1|\d+)$")]
    domestic_tracking_no: Annotated[str, Meta(min_length=1, max_length=32)]
    trade_order_from: Literal["ESCROW"]
    trade_order_id: Digits
    warehouse_carrier_service: Said
    undeliverable_decision: Literal["0", "1"]
    domestic_logistics_company: Said | None = None
    package_num: Digits | None = None
    invoice_number: Said | None = None
    top_user_key: Annotated[str, Meta(max_length=16)] | None = None


class AskOrders(Words):
    """getonlinelogisticsinfo."""

    order_id: Digits | None = None
    logistics_order_code: Said | None = None
    logistics_order_id: Digits | None = None
    china_logistics_id: Said | None = None
    international_logistics_id: Said | None = None
    logistics_status: Said | None = None
    query_express_order: Literal["true", "false"] | None = None
    gmt_create_start_str: Date | None = None
    gmt_create_end_str: Date | None = None
    current_page: Digits = "1"
    page_size: Digits = "10"


class AskLabel(Words):
    """getprintinfo."""

    international_logistics_id: Said


class AskTracking(Words):
    """querytrackingresult."""

    logistics_no: Said
    origin: Literal["ESCROW"]
    out_ref: Digits
    service_name: Said
    to_area: Annotated[str, Meta(pattern=r"^[A-Z]{2,3}$")]


class ModifyShipment(Words):
    """sellermodifiedshipmentfortop."""

    old_service_name: Said
    old_logistics_no: Said
    new_service_name: Said
    new_logistics_no: Said
    out_ref: Digits
    send_type: Literal["part", "all"]
    tracking_website: Said | None = None
    description: Annotated[str, Meta(max_length=512)] | None = None
    package_type: Said | None = None
    actual_carrier: Said | None = None
    locale: Said | None = None
