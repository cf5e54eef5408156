"""1688's words: the parts of its answers that are read, and the units they come in.

Numbers arrive as JSON numbers or strings, many documented fields are null, ids outgrow a double, amounts are
fen in one answer and yuan in the next, and times come in four formats (1688.md §8). All of that ends here.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal, InvalidOperation
from typing import TypeAlias

import msgspec

from syncbridge.model.money import Money

Id: TypeAlias = int | str
CHINA = timezone(timedelta(hours=8))
_COMPACT = re.compile(r"^(\d{14})(\d{3})([+-]\d{4})$")
_EPOCH_MS = re.compile(r"^\d{12,14}$")
_NOTHING = msgspec.Raw(b"null")


def time_of(value: Id | None) -> datetime | None:
    """A time in any of the vendor's four formats, as UTC; ValueError for a fifth (1688.md §8.5)."""
    if value is None or value == "":
        return None
    text = str(value).strip()
    if compact := _COMPACT.match(text):
        seconds, millis, offset = compact.groups()
        at = datetime.strptime(seconds + offset, "%Y%m%d%H%M%S%z") + timedelta(milliseconds=int(millis))
    elif _EPOCH_MS.match(text):
        at = datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=int(text))
    else:
        at = datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=CHINA)
    return at.astimezone(UTC)


def time_param(at: datetime) -> str:
    """A time as a parameter, ``yyyyMMddHHmmssSSSZ`` in China's zone (1688.md §1.2)."""
    local = at.astimezone(CHINA)
    return f"{local:%Y%m%d%H%M%S}{local.microsecond // 1000:03d}+0800"


def fen(amount: int | None) -> Money:
    """An amount the vendor gives in fen; null is nothing."""
    return Money.minor(amount or 0, "CNY")


def yuan(amount: Decimal | None) -> Money:
    """An amount the vendor gives in yuan; null is nothing."""
    return Money(amount or Decimal(0), "CNY")


def price(raw: msgspec.Raw) -> Money | None:
    """A price in yuan, number or string; None if it is absent, zero or a word such as 面议."""
    try:
        amount = Decimal(bytes(raw).decode().strip('"'))
    except InvalidOperation:
        return None
    return Money(amount, "CNY") if amount.is_finite() and amount > 0 else None


def grams(kilograms: Decimal | None) -> int | None:
    """A weight the vendor gives in kg, in whole grams; null and zero are unknown (1688.md §8.3)."""
    return round(kilograms * 1000) if kilograms else None


class Wire(msgspec.Struct, rename="camel", kw_only=True):
    """Part of an answer; fields carry the vendor's names in snake case, typos included."""


class TokenAnswer(msgspec.Struct, kw_only=True):
    """What the token call answers; its error fields are UNCONFIRMED and read leniently (1688.md §2)."""

    access_token: str | None = None
    refresh_token: str | None = None
    expires_in: int | None = None
    """Seconds, sent as a string."""
    refresh_token_timeout: str | None = None
    member_id: Id | None = msgspec.field(default=None, name="memberId")
    error: str | None = None
    error_code: Id | None = None
    error_description: str | None = None
    error_message: str | None = None

    @property
    def reason(self) -> str:
        """Whatever it says about a failure."""
        return self.error_description or self.error_message or self.error or str(self.error_code or "")


class PoolEntry(Wire):
    """One offer of a pool (1688.md §4.2)."""

    offer_id: Id


class FoundOffer(Wire):
    """One offer a search found (1688.md §4.2)."""

    offer_id: Id


class FoundPage(Wire):
    """One page of what a search found; of each offer only the id is read (1688.md §4.2)."""

    total_page: int | None = None
    data: list[msgspec.Raw] | None = None
    """Each still to be decoded."""


class SkuAttribute(Wire):
    """One property of a SKU."""

    attribute_name: str | None = None
    value: str | None = None
    sku_image_url: str | None = None


class DropshipPrice(Wire):
    """Prices for resellers, in yuan (1688.md §4.1)."""

    one_piece_price: msgspec.Raw = _NOTHING
    """一件代发包邮价: of one piece, sent alone."""
    offer_price: msgspec.Raw = _NOTHING
    """分销价."""


class DropshipSale(DropshipPrice):
    """The same for the offer as a whole."""

    one_piece_free_postage: bool | None = None


class SkuInfo(Wire):
    """One buyable variant; orders name its specId, stock messages its skuId (1688.md §8.1)."""

    spec_id: str
    sku_id: Id | None = None
    cargo_number: str | None = None
    amount_on_sale: int | None = None
    price: msgspec.Raw = _NOTHING
    """Yuan, as text."""
    sku_attributes: list[SkuAttribute] | None = None
    fenxiao_price_info: DropshipPrice | None = None


class PriceRange(Wire):
    """The price of one unit from a quantity on."""

    start_quantity: int | None = None
    price: msgspec.Raw = _NOTHING


class ProductSaleInfo(Wire):
    """Stock and prices of the offer as a whole."""

    quote_type: int | None = None
    """0 no SKUs, by quantity; 1 by SKU; 2 with SKUs, by quantity of the whole offer."""
    amount_on_sale: int | None = None
    price_range_list: list[PriceRange] | None = None
    fenxiao_sale_info: DropshipSale | None = None


class SkuShippingInfo(Wire):
    """The weight of a SKU in grams."""

    spec_id: str | None = None
    weight: Decimal | None = None


class SkuShippingDetail(Wire):
    """The weight of a SKU in kg."""

    sku_id: Id | None = None
    weight: Decimal | None = None


class ProductShippingInfo(Wire):
    """Weights and the promised dispatch time."""

    weight: Decimal | None = None
    """Kg."""
    sku_shipping_info_list: list[SkuShippingInfo] | None = None
    sku_shipping_details: list[SkuShippingDetail] | None = None
    shipping_time_guarantee: str | None = None


class ProductImage(Wire):
    """Pictures of the offer, absolute urls."""

    images: list[str] | None = None


class SellerMixSetting(Wire):
    """The seller's mixed-batch rule (1688.md §4.1)."""

    general_hunpi: bool | None = None
    mix_amount: msgspec.Raw = _NOTHING
    """Its unit is stated nowhere; yuan, as all prices of an offer are (1688.md §8.2)."""
    mix_number: int | None = None


class ProductDetail(Wire):
    """An offer (1688.md §4.1)."""

    offer_id: Id
    status: str
    subject: str | None = None
    subject_trans: str | None = None
    description: str | None = None
    product_image: ProductImage | None = None
    product_sku_infos: list[SkuInfo] | None = None
    product_sale_info: ProductSaleInfo | None = None
    product_shipping_info: ProductShippingInfo | None = None
    seller_open_id: str | None = None
    company_name: str | None = None
    min_order_quantity: int | None = None
    batch_number: int | None = None
    seller_mix_setting: SellerMixSetting | None = None
    offer_identities: list[str] | None = None
    product_cargo_number: str | None = None


class TradeModel(Wire):
    """A trade type and whether the API may use it."""

    trade_type: str | None = None
    op_support: bool | None = None


class Preview(Wire):
    """What one of the orders of a purchase would cost, in fen (1688.md §5.2)."""

    status: bool | None = None
    result_code: str | None = None
    message: str | None = None
    flow_flag: str | None = None
    sum_payment: int | None = None
    sum_carriage: int | None = None
    sum_payment_no_carriage: int | None = None
    trade_mode_name_list: list[str] | None = None
    trade_model_list: list[TradeModel] | None = None


class FailedOffer(Wire):
    """A line that was left out of a purchase."""

    offer_id: Id | None = None
    spec_id: str | None = None
    error_code: str | None = None
    error_message: str | None = None


class CreatedOrder(Wire):
    """One of several vendor orders a purchase was split into; fen."""

    order_id: Id | None = None
    order_ammount: int | None = None
    order_amount: int | None = None
    """The same rightly spelt, should the vendor ever do so."""
    post_fee: int | None = None


class Creation(Wire):
    """What was bought (1688.md §5.3); the fields lie in ``result`` or, as in the vendor's samples, on top. Fen."""

    order_id: Id | None = None
    total_success_amount: int | None = None
    post_fee: int | None = None
    order_list: list[CreatedOrder] | None = None
    failed_offer_list: list[FailedOffer] | None = None

    @property
    def orders(self) -> list[CreatedOrder]:
        """The vendor orders it names, one or several."""
        several = [order for order in self.order_list or () if order.order_id]
        if several or not self.order_id:
            return several
        amount = self.total_success_amount
        return [CreatedOrder(order_id=self.order_id, order_ammount=amount, post_fee=self.post_fee)]


class BaseInfo(Wire):
    """The head of a vendor order; amounts in yuan (1688.md §5.6)."""

    status: str
    total_amount: Decimal
    id: Id | None = None
    """May have been through a double: see `id_of_str`."""
    id_of_str: Id | None = None
    shipping_fee: Decimal | None = None
    out_order_id: str | None = None
    buyer_feedback: str | None = None
    """The buyer's message, as written with ``message`` at creation."""
    remark: str | None = None
    """By its document the note made when ordering; the two are read as one."""
    create_time: Id | None = None
    modify_time: Id | None = None
    pay_time: Id | None = None
    """The first."""
    all_delivered_time: Id | None = None
    refund_id: Id | None = None

    def __post_init__(self) -> None:
        """Refuse an order without an id or with a time of no known format, as a wrong shape."""
        if not self.order_id:
            raise ValueError("a vendor order without an id")
        for at in (self.create_time, self.modify_time, self.pay_time, self.all_delivered_time):
            time_of(at)

    @property
    def order_id(self) -> str:
        """The exact id."""
        return str(self.id_of_str or self.id or "")


class ProductItem(Wire):
    """A line of a vendor order."""

    product_id: Id | None = msgspec.field(default=None, name="productID")
    spec_id: str | None = None
    quantity: Decimal | None = None
    logistics_status: int | None = None
    """1 not sent, 2 sent, 3 received, 4 given back, 5 sent in part, 8 not made yet (1688.md §5.6)."""
    sub_item_id: Id | None = msgspec.field(default=None, name="subItemID")
    """May have been through a double: see `sub_item_id_string`."""
    sub_item_id_string: Id | None = msgspec.field(default=None, name="subItemIDString")
    refund_id: Id | None = None

    @property
    def entry_id(self) -> str:
        """The exact id of the line, as refunds name it."""
        return str(self.sub_item_id_string or self.sub_item_id or "")


class TradeInfo(Wire):
    """A vendor order (1688.md §5.6 and §5.7)."""

    base_info: BaseInfo
    product_items: list[ProductItem] | None = None


class LogisticsOrder(Wire):
    """A domestic parcel (1688.md §5.11)."""

    logistics_bill_no: str | None = None
    logistics_company_no: str | None = None
    logistics_company_name: str | None = None
    status: str | None = None
    type: str | None = None
    """``2``: sent without a courier, so whatever stands for its number is none (1688.md §5.6)."""


class LogisticsStep(Wire):
    """One thing a courier told: a text and its time in China (1688.md §5.11)."""

    accept_time: Id | None = None
    remark: str | None = None

    def __post_init__(self) -> None:
        """Refuse a time of no known format, as a wrong shape."""
        time_of(self.accept_time)


class LogisticsTrace(Wire):
    """All a courier told of a domestic parcel."""

    logistics_bill_no: str | None = None
    logistics_steps: list[LogisticsStep] | None = None


class Withholding(Wire):
    """Whether the money moved, as far as the vendor knew when it answered (1688.md §5.8)."""

    pay_success: bool | None = None


class PaymentAnswer(Wire):
    """The verdict on a payment; its error codes are not documented, so a no is no proof (1688.md §5.8)."""

    success: bool | None = None
    result: Withholding | None = None
