"""What the vendor takes of a product: every field it knows, with its type and bounds (aliexpress-fields.md)."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from syncbridge.adapters.aliexpress.mock.words import Date, Decimals, Digits, Words

Stock = Annotated[int, Meta(ge=0, le=999_999)]
Weight = Annotated[str, Meta(pattern=r"^[0-9]{1,3}\.[0-9]{3}\Z")]
Side = Annotated[int, Meta(ge=1, le=700)]

Country = Literal[
    "RU", "US", "CA", "ES", "FR", "UK", "NL", "IL", "BR", "CL", "AU", "UA", "BY", "JP", "TH", "SG", "KR", "ID", "MY",
    "PH", "VN", "IT", "DE", "SA", "AE", "PL", "TR",
]  # fmt: skip
"""Countries that may have prices of their own."""


class Subject(Words):
    """A title in one language."""

    locale: str
    value: str


class Detail(Words):
    """A description in one language: JSON texts of modules."""

    locale: str
    web_detail: str
    mobile_detail: str


class MarketImage(Words):
    """A picture for the platform's own pages: 1 is 750×1000, 2 is 800×800."""

    image_type: Literal[1, 2]
    url: str


class Video(Words):
    """The one video of the first picture."""

    media_id: int
    media_type: str = ""
    poster_url: str = ""


class Multimedia(Words):
    """Videos."""

    aeop_a_e_videos: Annotated[list[Video], Meta(max_length=1)]


class ModelSize(Words):
    """Who wears it on the pictures, in centimetres."""

    hips: str = ""
    waist: str = ""
    bust: str = ""
    height: str = ""
    mode_size: str = ""


class Ladder(Words):
    """A discount from a quantity on."""

    threshold_num: int
    discount: int


class CategoryAttribute(Words):
    """A value of a category's attribute, by ids or by words."""

    attr_name_id: int | None = None
    attr_value_id: int | None = None
    attr_name: str | None = None
    attr_value: str | None = None
    attr_value_start: str | None = None
    attr_value_end: str | None = None
    attr_value_unit: str | None = None
    percent: int | None = None


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
    image_url_list: Annotated[list[str], Meta(min_length=3, max_length=6)] | None = None
    parent_property_id: int | None = None
    parent_value_id: int | None = None


class CountryDiscount(Words):
    """A SKU's discount price in one country."""

    shipto_country: Country
    discount_price: Decimals


class LogisticAttribute(Words):
    """What matters of a SKU when it is shipped."""

    value: str
    parent_value_id: int | None = None


class SkuWords(Words):
    """A SKU as written."""

    sku_price: Decimals
    ipm_sku_stock: Stock
    sku_discount_price: Decimals | None = None
    sku_code: str = ""
    id: str | None = None
    currency_code: Literal["USD"] = "USD"
    aeop_s_k_u_property: Annotated[list[SkuProperty], Meta(max_length=3)] = msgspec.field(default_factory=list)
    aeop_s_k_u_national_discount_price: list[CountryDiscount] = msgspec.field(default_factory=list)
    barcode: str | None = None
    ean_code: str | None = None
    gross_weight: Weight | None = None
    package_weight: Weight | None = None
    package_length: Side | None = None
    package_width: Side | str | None = None
    package_height: Side | None = None
    cargo_price: Decimals | None = None
    sku_freight_id: int | None = None
    logistic_attr_list: list[LogisticAttribute] = msgspec.field(default_factory=list)
    special_product_type_list: list[str] = msgspec.field(default_factory=list)
    original_box: bool | None = None


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
    gross_weight: Weight
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
    aeop_ae_product_propertys: list[CategoryAttribute] = msgspec.field(default_factory=list)
    aeop_qualification_struct_list: list[Qualification] | None = None
    aeop_national_quote_configuration: NationalQuotes | None = None
    product_price: Decimals | None = None
    sizechart_id: int | None = None
    sizechart_id_list: list[int] = msgspec.field(default_factory=list)
    is_pack_sell: bool | None = None
    base_unit: Annotated[int, Meta(ge=1, le=1000)] | None = None
    add_unit: Annotated[int, Meta(ge=1, le=1000)] | None = None
    add_weight: Weight | None = None
    bulk_order: Annotated[int, Meta(ge=2, le=100_000)] | None = None
    bulk_discount: Annotated[int, Meta(ge=1, le=99)] | None = None
    ladder_price: list[Ladder] = msgspec.field(default_factory=list)
    ws_valid_num: Annotated[int, Meta(ge=1)] | None = None
    market_images: Annotated[list[MarketImage], Meta(max_length=20)] = msgspec.field(default_factory=list)
    aeop_a_e_multimedia: Multimedia | None = None
    mode_size_chart_list: Annotated[list[ModelSize], Meta(max_length=5)] = msgspec.field(default_factory=list)
    hscode: str | None = None
    """A JSON text."""
    tax_type: Literal["1", "2"] | None = None
    product_manual: str | None = None
    install_video_id: int | None = None
    ext_param: str | None = None
    """A JSON text."""
    product_id: int | None = None


class PostProduct(Words):
    """offer.product.post and offer.product.edit."""

    aeop_a_e_product: ProductWords


class QueryProduct(Words):
    """offer.product.query."""

    product_id: Digits


class ProductListQuery(Words):
    """The query of findproductinfolistquery."""

    product_status_type: Literal["onSelling", "offline", "auditing", "editingRequired", "service_delete", "deleted"]
    current_page: Annotated[int, Meta(ge=1)] = 1
    page_size: Annotated[int, Meta(ge=1, le=99)] = 20
    product_id: int | None = None
    excepted_product_ids: list[int] = msgspec.field(default_factory=list)
    subject: Annotated[str, Meta(max_length=128)] | None = None
    ws_display: str | None = None
    have_national_quote: Literal["y", "n"] | None = None
    group_id: int | None = None
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


class EditSingleStock(Words):
    """editsingleskustock."""

    product_id: Digits
    sku_id: str
    ipm_sku_stock: Digits


FieldName = Literal[
    "subject", "detail", "mobileDetail", "imageURLs", "deliveryTime", "groupId", "freightTemplateId",
    "promiseTemplateId", "packageLength", "packageWidth", "packageHeight", "grossWeight", "wsValidNum",
    "reduceStrategy",
]  # fmt: skip


class EditField(Words):
    """editsimpleproductfiled, typos and all."""

    product_id: Digits
    fied_name: FieldName
    fiedvalue: str


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
    """onlineaeproduct; ids are parted by semicolons."""

    product_ids: Annotated[str, Meta(pattern=r"^[0-9]{1,18}(;[0-9]{1,18})*\Z")]


class TakeOffline(SwitchProducts):
    """offlineaeproduct, with a reason that is for the vendor's own diagnosis."""

    edit_reason: str | None = None
