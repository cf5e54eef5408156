"""AliExpress's words: its answers as structs, and its times, money, weights and ids turned into ours.

Field names are the vendor's, typos included (aliexpress-fields.md). What the vendor sends now as a number and
now as text is taken as either.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import msgspec

from syncbridge.model.money import Money

PACIFIC = ZoneInfo("America/Los_Angeles")
"""Every date in a business call is this zone's wall clock, without an offset (aliexpress.md §5.3)."""

_DATE = "%Y-%m-%d %H:%M:%S"
_LISTS = frozenset(
    {
        "target_list",
        "child_order_list",
        "result_list",
        "subject_list",
        "detail_source_list",
        "aeop_ae_product_s_k_us",
        "aeop_s_k_u_property_list",
        "aeop_a_e_product_display_d_t_o_list",
        "error_details",
        "product_ids",
        "sub_trade_order_list",
        "shipment_list",
        "details",
        "sender_seller_address_list",
        "pickup_seller_address_list",
        "refund_seller_address_list",
        "seller_relation_list",
        "aeop_ae_product_propertys",
        "aeop_qualification_struct_list",
        "aeop_a_e_videos",
        "market_images",
        "mode_size_chart_list",
        "image_url_list",
        "group_ids",
        "aeop_s_k_u_national_discount_price",
        "aeop_s_k_u_national_discount_price_list",
        "sizechart_id_list",
        "ladder_price",
        "logistic_attr_list",
        "special_product_type_list",
    }
)

Text = str | int | None
"""A field that comes as text or as a number, or not at all."""

_LETTERS = {"GB": "UK"}
"""Countries in the vendor's letters, where they are not ISO's."""


def letters(country: str) -> str:
    """A country in the vendor's letters."""
    return _LETTERS.get(country, country)


def pacific(at: datetime) -> str:
    """A UTC time as the vendor writes it; in the hour that autumn repeats, both passes look the same."""
    return at.astimezone(PACIFIC).strftime(_DATE)


def utc(text: str) -> datetime:
    """A vendor's date in UTC; of the two readings autumn allows, the earlier. Raises ValueError."""
    return datetime.strptime(text, _DATE).replace(tzinfo=PACIFIC).astimezone(UTC)


def utc_or_none(text: str | None) -> datetime | None:
    """A vendor's date in UTC, None where it gives none; raises ValueError."""
    return utc(text) if text else None


def kilograms(grams: int) -> str:
    """A weight in kg with three decimals, as ``gross_weight`` wants it (aliexpress.md §4.2)."""
    return f"{Decimal(grams) / 1000:.3f}"


def as_text(value: Text) -> str:
    """An id or a code as text; empty where there is none."""
    return "" if value is None else str(value)


def decoded(body: bytes) -> object:
    """An answer's JSON with fractions kept as text, so that no amount passes through a float; raises ValueError."""
    try:
        return msgspec.json.Decoder(float_hook=str).decode(body)
    except msgspec.DecodeError as error:
        raise ValueError(str(error)) from error


def bare(value: object) -> object:
    """The answer with its lists bare, whichever way ``simplify`` was set (aliexpress.md §1.6)."""
    if isinstance(value, list):
        return [bare(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {key: bare(_unwrapped(item) if key in _LISTS else item) for key, item in value.items() if item is not None}


def _unwrapped(value: object) -> object:
    if not isinstance(value, dict):
        return value
    lists = [item for item in value.values() if isinstance(item, list)]
    return lists[0] if len(lists) == 1 else []


class MoneyWords(msgspec.Struct):
    """Money as SimpleMoney (an amount) or MoneyStr (cents and their factor too) (aliexpress.md §5.2)."""

    amount: Text = None
    cent: Text = None
    cent_factor: Text = None
    currency_code: str | None = None
    currency: object = None

    def money(self) -> Money:
        """The exact amount in its currency; raises ValueError where either is missing."""
        currency = self.currency_code or ""
        if not currency and isinstance(self.currency, dict):
            currency = str(self.currency.get("currency_code"))
        if self.amount not in (None, ""):
            return Money.of(as_text(self.amount), currency)
        if self.cent in (None, ""):
            raise ValueError("an amount of money has neither amount nor cent")
        factor = Decimal(as_text(self.cent_factor) or "100")
        return Money(Decimal(as_text(self.cent)) / factor, currency)


class OrderRow(msgspec.Struct):
    """An order as the list shows it (aliexpress.md §5.1)."""

    order_id: str | int
    gmt_create: str
    gmt_update: str | None = None
    order_status: str | None = None


class OrderList(msgspec.Struct):
    """A page of orders, each still unread, so that one spoilt order does not spoil the page."""

    success: bool = True
    error_code: Text = None
    error_message: Text = None
    target_list: list[dict[str, object]] = []
    total_page: int | None = None
    total_count: int | None = None


class Address(msgspec.Struct):
    """Where an order goes (aliexpress.md §5.2)."""

    contact_person: str | None = None
    mobile_no: Text = None
    phone_country: Text = None
    phone_area: Text = None
    phone_number: Text = None
    country: str | None = None
    province: str | None = None
    city: str | None = None
    zip: Text = None
    address: str | None = None
    address2: str | None = None
    detail_address: str | None = None


class ChildOrder(msgspec.Struct):
    """One line of an order (aliexpress.md §5.2)."""

    child_order_id: str | int
    product_id: str | int
    product_count: int
    product_price: MoneyWords
    product_name: str | None = None
    sku_code: Text = None
    order_status: str | None = None
    send_goods_operator: str | None = None
    logistics_warehouse_type: str | None = None
    extend_map: object = None


class OrderDetail(msgspec.Struct):
    """An order whole (aliexpress.md §5.2)."""

    id: str | int
    order_status: str
    gmt_create: str
    child_order_list: list[ChildOrder]
    gmt_modified: str | None = None
    gmt_pay_success: str | None = None
    over_time_left: str | None = None
    order_end_reason: str | None = None
    fund_status: str | None = None
    frozen_status: str | None = None
    issue_status: str | None = None
    order_amount: MoneyWords | None = None
    new_order_amount: MoneyWords | None = None
    seller_order_amount: MoneyWords | None = None
    init_oder_amount: MoneyWords | None = None
    receipt_address: Address | None = None
    oaid: str | None = None


class Deciphered(msgspec.Struct):
    """A buyer without stars; which ``result_code`` is a success is not published (aliexpress.md §5.2)."""

    result_obj: Address | None = None
    result_code: Text = None
    result_info: str | None = None


class Subject(msgspec.Struct):
    """A title in one language."""

    locale: str | None = None
    value: str | None = None


class ProductSkuProperty(msgspec.Struct):
    """A value that tells a SKU from its siblings; its key is another one when written (aliexpress.md §4.2)."""

    sku_property_id: Text = None
    property_value_id: Text = None
    property_value_definition_name: str | None = None
    sku_image: str | None = None


class Description(msgspec.Struct):
    """A description in one language, as JSON text of modules, or as the bare page it once was."""

    locale: str | None = None
    web_detail: str | None = None


class Html(msgspec.Struct):
    """A page's HTML."""

    content: str = ""


class Module(msgspec.Struct):
    """One part of a description."""

    html: Html | None = None


class Modules(msgspec.Struct):
    """A description's parts (aliexpress.md §4.1)."""

    modules: list[Module] = msgspec.field(default_factory=list, name="moduleList")


class ProductSku(msgspec.Struct):
    """A SKU as read; ``id`` is how price and stock calls address it (aliexpress.md §4.2)."""

    sku_price: str | int
    ipm_sku_stock: int
    sku_discount_price: Text = None
    id: str | None = None
    sku_code: Text = None
    currency_code: str | None = None
    aeop_s_k_u_property_list: list[ProductSkuProperty] = []


class Product(msgspec.Struct):
    """A product as read (aliexpress.md §4.2)."""

    product_id: str | int
    product_status_type: str | None = None
    locale: str | None = None
    subject_list: list[Subject] = []
    detail_source_list: list[Description] = []
    image_u_r_ls: str | None = None
    ws_display: str | None = None
    currency_code: str | None = None
    category_id: Text = None
    freight_template_id: Text = None
    gmt_create: str | None = None
    gmt_modified: str | None = None
    aeop_ae_product_s_k_us: list[ProductSku] = []


class ProductRow(msgspec.Struct):
    """A product as the list shows it."""

    product_id: str | int
    subject: str | None = None
    ws_display: str | None = None
    gmt_create: str | None = None
    gmt_modified: str | None = None


class ProductList(msgspec.Struct):
    """A page of products, each still unread."""

    success: bool = True
    error_code: Text = None
    error_message: Text = None
    error_msg: Text = None
    aeop_a_e_product_display_d_t_o_list: list[dict[str, object]] = []
    total_page: int | None = None


class RefusedProducts(msgspec.Struct):
    """Why some products of a call were not changed."""

    error_code: Text = None
    error_message: str | None = None
    product_ids: list[str | int] = []


class Modified(msgspec.Struct):
    """What became of a change of price, stock or status (aliexpress.md §4.2)."""

    success: bool | None = None
    error_code: Text = None
    error_message: Text = None
    product_id: Text = None
    error_details: list[RefusedProducts] = []
