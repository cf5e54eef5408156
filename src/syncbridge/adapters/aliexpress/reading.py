"""AliExpress's answers in our words: orders, listings, parcels. All raise ValueError for what cannot be read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

import msgspec

from syncbridge.adapters.aliexpress import wire, wire_logistics
from syncbridge.adapters.aliexpress.wire import as_text, utc, utc_or_none
from syncbridge.model.catalog import Listing, ListingStatus, Sku, SkuProperty
from syncbridge.model.money import Money
from syncbridge.model.orders import BuyerAddress, Order, OrderLine, OrderRef, OrderState
from syncbridge.model.shipping import Shipment, ShippingService

T = TypeVar("T")

_STATES = {
    "PLACE_ORDER_SUCCESS": OrderState.UNPAID,
    "PAYMENT_PROCESSING": OrderState.UNPAID,
    "WAIT_SELLER_EXAMINE_MONEY": OrderState.UNPAID,
    "RISK_CONTROL": OrderState.RISK_CONTROL,
    "RISK_CONTROL_HOLD": OrderState.RISK_CONTROL,
    "WAIT_SELLER_SEND_GOODS": OrderState.TO_SHIP,
    "SELLER_PART_SEND_GOODS": OrderState.PART_SHIPPED,
    "WAIT_BUYER_ACCEPT_GOODS": OrderState.SHIPPED,
    "IN_CANCEL": OrderState.CANCELLING,
    "IN_FROZEN": OrderState.FROZEN,
    "IN_ISSUE": OrderState.DISPUTED,
    "FINISH": OrderState.FINISHED,
    "ARCHIVE": OrderState.FINISHED,
}
"""aliexpress.md §5.3; any other word is OTHER, which is not bought for."""

_ENDED_WITHOUT_A_SALE = frozenset(
    {"buyer_cancel_order", "buyer_cancel_order_in_risk", "buyer_cancel_notpay_order", "pay_timeout"}
)
"""Reasons an order ended for that name a cancel or a missing payment (§5.3); with any other it ended as sold."""

_STATUSES = {
    "onSelling": ListingStatus.ON_SALE,
    "offline": ListingStatus.OFFLINE,
    "auditing": ListingStatus.AUDITING,
    "editingRequired": ListingStatus.REFUSED,
}
_OFFLINE = {
    "": ListingStatus.OFFLINE,
    "user_offline": ListingStatus.OFFLINE,
    "expire_offline": ListingStatus.EXPIRED,
}
"""Why a product is off sale, as ``ws_display`` says (aliexpress-fields.md); any other reason is the channel's own."""
NO_PROPERTIES = "<none>"
"""The key of the only SKU of a listing without properties (§4.2)."""


def order_ref(row: dict[str, object]) -> OrderRef:
    """One row of the list of orders."""
    seen = msgspec.convert(row, wire.OrderRow, strict=False)
    return OrderRef(as_text(seen.order_id), utc(seen.gmt_update or seen.gmt_create), seen.order_status or "")


def order(detail: wire.OrderDetail) -> Order:
    """One order as its detail shows it."""
    state = order_state(detail)
    return Order(
        order_id=as_text(detail.id),
        state=state,
        modified_at=utc(detail.gmt_modified or detail.gmt_create),
        created_at=utc(detail.gmt_create),
        lines=tuple(_line(child, order_waits=state.wants_goods) for child in detail.child_order_list),
        total=_total(detail),
        address=_address(detail.receipt_address) if detail.receipt_address else None,
        paid_at=utc_or_none(detail.gmt_pay_success),
        ship_by=utc_or_none(detail.over_time_left) if state.wants_goods else None,
        status=detail.order_status,
    )


def order_state(detail: wire.OrderDetail) -> OrderState:
    """The order's state; a freeze, a dispute or a missing payment keeps it from being bought for (§5.3).

    A cancelled order ends as ``FINISH`` too; only its end reason and its payment tell it from a sale.
    """
    state = _STATES.get(detail.order_status, OrderState.OTHER)
    if state is OrderState.FINISHED and _ended_without_a_sale(detail):
        return OrderState.CANCELLED
    if not state.wants_goods:
        return state
    if detail.frozen_status == "IN_FROZEN":
        return OrderState.FROZEN
    if detail.issue_status == "IN_ISSUE":
        return OrderState.DISPUTED
    if detail.fund_status == "NOT_PAY":
        return OrderState.UNPAID
    return state


def _ended_without_a_sale(detail: wire.OrderDetail) -> bool:
    return detail.fund_status == "NOT_PAY" or detail.order_end_reason in _ENDED_WITHOUT_A_SALE


def listing(product: wire.Product, currency: str) -> Listing:
    """One product with its SKUs; `currency` is the store's, used where the product names none."""
    titles = {subject.locale: subject.value or "" for subject in product.subject_list}
    return Listing(
        listing_id=as_text(product.product_id),
        title=titles.get(product.locale) or next(iter(titles.values()), ""),
        status=_listing_status(product.product_status_type or "", product.ws_display),
        skus=tuple(_sku(sku, product.currency_code or currency) for sku in product.aeop_ae_product_s_k_us),
        modified_at=utc_or_none(product.gmt_modified),
        created_at=utc_or_none(product.gmt_create),
        category_id=as_text(product.category_id),
        freight_template_id=as_text(product.freight_template_id),
        description_html=_page(product),
        images=tuple(image for image in (product.image_u_r_ls or "").split(";") if image),
        reason=product.ws_display or "",
    )


def _listing_status(word: str, why_offline: str | None) -> ListingStatus:
    status = _STATUSES.get(word, ListingStatus.OTHER)
    return _OFFLINE.get(why_offline or "", ListingStatus.TAKEN_DOWN) if status is ListingStatus.OFFLINE else status


def _page(product: wire.Product) -> str:
    """The description's HTML in the product's own language; what is in no module of that kind is kept as it came."""
    details = {detail.locale: detail.web_detail or "" for detail in product.detail_source_list}
    text = details.get(product.locale) or next(iter(details.values()), "")
    try:
        modules = msgspec.json.decode(text, type=wire.Modules).modules
    except msgspec.DecodeError:
        return text
    return "".join(module.html.content for module in modules if module.html) or text


def _sku(sku: wire.ProductSku, currency: str) -> Sku:
    currency = sku.currency_code or currency
    price, discount = Money.of(sku.sku_price, currency), Money.of(as_text(sku.sku_discount_price) or "0", currency)
    discounted = discount if discount.amount > 0 else None
    properties = tuple(_property(each) for each in sku.aeop_s_k_u_property_list)
    return Sku(sku.id or NO_PROPERTIES, as_text(sku.sku_code), price, sku.ipm_sku_stock, discounted, properties)


def listed(row: dict[str, object], status: str) -> Listing:
    """One row of the list of products of a status, without SKUs."""
    seen = msgspec.convert(row, wire.ProductRow, strict=False)
    return Listing(
        listing_id=as_text(seen.product_id),
        title=seen.subject or "",
        status=_listing_status(status, seen.ws_display),
        skus=(),
        modified_at=utc_or_none(seen.gmt_modified),
        created_at=utc_or_none(seen.gmt_create),
    )


def parcels(declared: wire_logistics.Declarations) -> Sequence[Shipment]:
    """Each parcel once, though the vendor repeats it for every line of the order in it."""
    found = (parcel for line in declared.sub_trade_order_list for parcel in line.shipment_list)
    return tuple(dict.fromkeys(Shipment(parcel.service_name, as_text(parcel.logistics_no)) for parcel in found))


def service(seen: wire_logistics.Service) -> ShippingService:
    """One carrier."""
    return ShippingService(seen.service_name, seen.display_name or seen.service_name, seen.tracking_no_regex or "")


def each(
    rows: Iterable[dict[str, object]], read: Callable[[dict[str, object]], T], id_field: str
) -> tuple[tuple[T, ...], tuple[tuple[str, str], ...]]:
    """What could be read of a page, and (id, reason) of what could not."""
    sound: list[T] = []
    failures: list[tuple[str, str]] = []
    for row in rows:
        try:
            sound.append(read(row))
        except (ValueError, msgspec.ValidationError) as error:
            failures.append((str(row.get(id_field, "?")), str(error)))
    return tuple(sound), tuple(failures)


def _property(seen: wire.ProductSkuProperty) -> SkuProperty:
    return SkuProperty(
        as_text(seen.sku_property_id),
        as_text(seen.property_value_id),
        seen.property_value_definition_name or None,
        seen.sku_image or None,
    )


def _line(child: wire.ChildOrder, *, order_waits: bool) -> OrderLine:
    return OrderLine(
        line_id=as_text(child.child_order_id),
        listing_id=as_text(child.product_id),
        sku_code=as_text(child.sku_code),
        quantity=child.product_count,
        title=child.product_name or "",
        price=child.product_price.money(),
        # a line that ended before its order was cancelled or refunded
        ours_to_ship=_is_ours(child) and not (order_waits and child.order_status == "FINISH"),
    )


def _is_ours(child: wire.ChildOrder) -> bool:
    """Whether a line is sent by the seller: not by a warehouse, nor by the semi-managed flow (§10, 14)."""
    return (
        child.send_goods_operator != "WAREHOUSE_SEND_GOODS"
        and child.logistics_warehouse_type != "cainiaoInternationalWarehouse"
        and "SEMI_CHOICE_SELF" not in str(child.extend_map)
    )


def _total(detail: wire.OrderDetail) -> Money:
    for amount in (
        detail.order_amount,
        detail.new_order_amount,
        detail.seller_order_amount,
        detail.init_oder_amount,
    ):
        if amount is not None:
            return amount.money()
    raise ValueError("the order shows no amount")


_STARS = "**"
"""What the vendor shows instead of a buyer's name, number and street."""


def is_masked(detail: wire.OrderDetail) -> bool:
    """Whether the order shows its buyer in stars."""
    seen = detail.receipt_address
    return seen is not None and any(_STARS in as_text(getattr(seen, name)) for name in seen.__struct_fields__)


def deciphered(detail: wire.OrderDetail, told: wire.Deciphered) -> wire.OrderDetail:
    """The order with what was deciphered of its buyer; as it was where nothing is."""
    if told.result_obj is None or detail.receipt_address is None:
        return detail
    parts = ((name, getattr(told.result_obj, name)) for name in told.result_obj.__struct_fields__)
    whole = msgspec.structs.replace(detail.receipt_address, **{name: part for name, part in parts if part})
    return msgspec.structs.replace(detail, receipt_address=whole)


def _address(starred: wire.Address) -> BuyerAddress:
    """Where an order goes. What is still in stars is nothing: it must not get onto a label."""
    stars = {name: None for name in starred.__struct_fields__ if _STARS in as_text(getattr(starred, name))}
    seen = msgspec.structs.replace(starred, **stars)
    parts = (as_text(part) for part in (seen.phone_country, seen.phone_area, seen.phone_number))
    street = (seen.detail_address or seen.address, seen.address2)
    return BuyerAddress(
        name=seen.contact_person or "",
        phone=as_text(seen.mobile_no) or " ".join(part for part in parts if part),
        country=seen.country or "",
        province=seen.province or "",
        city=seen.city or "",
        postcode=as_text(seen.zip),
        street=" ".join(part.strip() for part in street if part and part.strip()),
    )
