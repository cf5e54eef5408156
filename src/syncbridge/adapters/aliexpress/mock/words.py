"""What the vendor takes in a request: every field it knows, with its type and bounds (aliexpress-fields.md).

Unknown fields, missing ones and wrong types are refused. Of the product's optional fields those are known here
that this store may need; the rest (videos, size charts, bulk prices) are refused as unknown.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Digits = Annotated[str, Meta(pattern=r"^[0-9]+$")]
Date = Annotated[str, Meta(pattern=r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$")]
Decimals = Annotated[str, Meta(pattern=r"^\d+(\.\d{1,2})?$")]
Stock = Annotated[int, Meta(ge=0, le=999_999)]
Side = Annotated[int, Meta(ge=1, le=700)]


class Words(msgspec.Struct, forbid_unknown_fields=True):
    """Parameters that must be known."""


class Nothing(Words):
    """No parameters."""


class Subject(Words):
    """A title in one language."""

    locale: str
    value: str


class Detail(Words):
    """A description in one language: JSON texts of modules."""

    locale: str
    web_detail: str
    mobile_detail: str


class CategoryAttribute(Words):
    """A value of a category's attribute, by ids or by words."""

    attr_name_id: int | None = None
    attr_value_id: int | None = None
    attr_name: str | None = None
    attr_value: str | None = None


class Qualification(Words):
    """A proof that goods comply."""

    key: str
    type: Literal["image", "text"]
    value: str


class SkuProperty(Words):
    """A value that tells a SKU from its siblings; the key is another one when read (aliexpress.md §10, 8)."""

    sku_property_id: int
    property_value_id: int
    property_value_definition_name: str | None = None
    sku_image: str | None = None


class SkuWords(Words):
    """A SKU as written."""

    sku_price: Decimals
    ipm_sku_stock: Stock
    sku_discount_price: Decimals | None = None
    sku_code: str = ""
    id: str | None = None
    currency_code: Literal["USD"] = "USD"
    aeop_s_k_u_property: Annotated[list[SkuProperty], Meta(max_length=3)] = []


Country = Literal[
    "RU", "US", "CA", "ES", "FR", "UK", "NL", "IL", "BR", "CL", "AU", "UA", "BY", "JP", "TH", "SG", "KR", "ID", "MY",
    "PH", "VN", "IT", "DE", "SA", "AE", "PL", "TR",
]  # fmt: skip
"""Countries that may have prices of their own."""


class NationalQuotes(Words):
    """Prices of single countries; the data are a JSON text."""

    configuration_type: Literal["percentage", "relative", "absolute", "delete"]
    configuration_data: str


class ProductWords(Words):
    """A product as written."""

    category_id: int
    locale: str
    subject_list: Annotated[list[Subject], Meta(min_length=1, max_length=50)]
    detail_source_list: Annotated[list[Detail], Meta(min_length=1)]
    image_u_r_ls: str
    package_type: bool
    reduce_strategy: Literal["place_order_withhold", "payment_success_deduct"]
    aeop_ae_product_s_k_us: Annotated[list[SkuWords], Meta(min_length=1, max_length=500)]
    gross_weight: Annotated[str, Meta(pattern=r"^\d{1,3}\.\d{3}$")]
    package_length: Side
    package_width: Side
    package_height: Side
    delivery_time: Annotated[int, Meta(ge=1, le=7)]
    freight_template_id: Annotated[int, Meta(ge=1)]
    product_unit: int = 100000015
    lot_num: Annotated[int, Meta(ge=1)] = 1
    currency_code: Literal["USD"] = "USD"
    promise_template_id: int | None = None
    group_id: int | None = None
    msr_eu_id: str | None = None
    manufacturer_id: int | None = None
    aeop_ae_product_propertys: list[CategoryAttribute] = []
    aeop_qualification_struct_list: list[Qualification] | None = None
    aeop_national_quote_configuration: NationalQuotes | None = None
    product_id: int | None = None


class PostProduct(Words):
    """offer.product.post and offer.product.edit."""

    aeop_a_e_product: ProductWords


class QueryProduct(Words):
    """offer.product.query."""

    product_id: Digits


class ProductListQuery(Words):
    """The query of findproductinfolistquery."""

    product_status_type: Literal["onSelling", "offline", "auditing", "editingRequired"]
    current_page: Annotated[int, Meta(ge=1)] = 1
    page_size: Annotated[int, Meta(ge=1, le=99)] = 20
    product_id: int | None = None
    gmt_create_start: Date | None = None
    gmt_create_end: Date | None = None
    gmt_modified_start: Date | None = None
    gmt_modified_end: Date | None = None


class ListProducts(Words):
    """findproductinfolistquery."""

    aeop_a_e_product_list_query: ProductListQuery


class EditStock(Words):
    """editmutilpleskustocks."""

    product_id: Digits
    sku_stocks: Annotated[dict[str, Stock], Meta(min_length=1)]


class EditPrices(Words):
    """offer.product.skuprices.edit."""

    product_id: Digits
    sku_id_price_map: Annotated[dict[str, Decimals], Meta(min_length=1)]


class EditSinglePrice(Words):
    """editsingleskuprice."""

    product_id: Digits
    sku_id: str
    sku_price: Decimals
    sale_price: Decimals | None = None


class SwitchProducts(Words):
    """onlineaeproduct and offlineaeproduct; ids are parted by semicolons."""

    product_ids: Annotated[str, Meta(pattern=r"^\d+(;\d+)*$")]


class OrderQuery(Words):
    """The query of trade.seller.orderlist.get."""

    page_size: Annotated[int, Meta(ge=1, le=50)]
    current_page: Annotated[int, Meta(ge=1)]
    create_date_start: Date | None = None
    create_date_end: Date | None = None
    modified_date_start: Date | None = None
    modified_date_end: Date | None = None
    order_status: str | None = None
    order_status_list: list[str] = []
    buyer_login_id: str | None = None


class ListOrders(Words):
    """trade.seller.orderlist.get."""

    param_aeop_order_query: OrderQuery


class SingleOrder(Words):
    """The query of findorderbyid."""

    order_id: int
    ext_info_bit_flag: Annotated[int, Meta(ge=0, le=31)] = 31


class FindOrder(Words):
    """findorderbyid."""

    param1: SingleOrder


class DeclareShipment(Words):
    """sellershipmentfortop."""

    service_name: str
    logistics_no: str
    out_ref: Digits
    send_type: Literal["part", "all"]
    tracking_website: str | None = None
    description: Annotated[str, Meta(max_length=512)] | None = None
    package_type: str | None = None
    actual_carrier: str | None = None
    ioss: str | None = None
    locale: str | None = None


class QueryShipments(Words):
    """querysellershipmentinfo."""

    trade_order_id: Digits
    logistics_no: str | None = None
    service_name: str | None = None
    sub_trade_order_index: Digits | None = None


class Refresh(Words):
    """/auth/token/refresh."""

    refresh_token: str
