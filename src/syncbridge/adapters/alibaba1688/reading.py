"""From 1688's words to ours."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import parse_qs, urlsplit

import msgspec

from syncbridge.adapters.alibaba1688 import wire
from syncbridge.model.catalog import Dropship, MixRule, Offer, Spec, Tier
from syncbridge.model.money import Money
from syncbridge.model.purchasing import (
    PlacedOrder,
    Placement,
    PurchaseDraft,
    PurchaseLine,
    Quote,
    RefusedLine,
    VendorOrderState,
)
from syncbridge.model.shipping import Movement, Shipment, Sighting, Track

STATES = {
    "waitbuyerpay": VendorOrderState.UNPAID,
    "waitsellersend": VendorOrderState.PAID,
    "waitlogisticstakein": VendorOrderState.SHIPPED,
    "waitbuyerreceive": VendorOrderState.SHIPPED,
    "waitbuyersign": VendorOrderState.SHIPPED,
    "signinsuccess": VendorOrderState.RECEIVED,
    "confirm_goods": VendorOrderState.RECEIVED,
    "confirm_goods_and_has_subsidy": VendorOrderState.RECEIVED,
    "success": VendorOrderState.RECEIVED,
    "cancel": VendorOrderState.CANCELLED,
    "terminated": VendorOrderState.CANCELLED,
}
"""The vendor's order states (1688.md §5.6); any other word is OTHER."""

MOVEMENTS = {
    "WAITACCEPT": Movement.ANNOUNCED,
    "ACCEPT": Movement.MOVING,
    "TRANSPORT": Movement.MOVING,
    "NOGET": Movement.ABNORMAL,
    "SIGN": Movement.DELIVERED,
    "UNSIGN": Movement.NOT_DELIVERED,
}
"""The vendor's states of a domestic parcel (1688.md §5.11), which it does not explain; any other word is unknown."""
_SENT = (2, 3, 5)
_PRICED_BY_SKU = 1
_PRICED_BY_QUANTITY = (0, 2)
_OFFER_ID = re.compile(r"[0-9]{6,18}")
_HOSTS = ("detail.1688.com", "m.1688.com", "detail.m.1688.com")
_PATH = re.compile(r"/offer/([0-9]{6,18})\.html?")
_NUMBER = re.compile(r"^[0-9A-Za-z][0-9A-Za-z-]{4,}$")
_HOURS = re.compile(r"^shipIn(\d+)Hours$")


def offer(detail: wire.ProductDetail) -> Offer:
    """An offer; one without SKUs becomes one spec with an empty id (1688.md §4.1)."""
    sale = detail.product_sale_info or wire.ProductSaleInfo()
    shipping = detail.product_shipping_info or wire.ProductShippingInfo()
    tiers = _tiers(sale)
    by_quantity = sale.quote_type in _PRICED_BY_QUANTITY and bool(tiers)
    return Offer(
        offer_id=str(detail.offer_id),
        title=detail.subject_trans or detail.subject or "",
        status=detail.status,
        buyable=detail.status == "published",
        supplier_id=detail.seller_open_id or "",
        supplier_name=detail.company_name or "",
        specs=_specs(detail, sale, shipping, tiers) or (_whole(sale, shipping, tiers),),
        tiers=tiers,
        by_quantity=by_quantity,
        moq=detail.min_order_quantity or 1,
        lot=detail.batch_number or None,
        mix=_mix(detail.seller_mix_setting),
        images=tuple(detail.product_image.images or ()) if detail.product_image else (),
        description_html=detail.description or "",
        identities=_labels(detail.offer_identities or ()),
        goods_code=detail.product_cargo_number or None,
        weight_g=wire.grams(shipping.weight),
        dispatch_hours=_dispatch_hours(shipping),
    )


def offer_named(text: str) -> str:
    """The offer id a person wrote, or that of the product page whose address they copied; ValueError if neither."""
    written = text.strip()
    if _OFFER_ID.fullmatch(written):
        return written
    if "/" not in written:
        raise ValueError(f"{written!r} is no offer id, which is a number such as 676651652931")
    try:
        address = urlsplit(written if "://" in written else f"https://{written}")
    except ValueError:
        raise ValueError(f"{written!r} is no address of a page") from None
    if address.hostname not in _HOSTS:
        raise ValueError(f"{address.hostname or written!r} is not 1688; copy the address of a page on detail.1688.com")
    in_path, in_query = _PATH.fullmatch(address.path), parse_qs(address.query).get("offerId", [""])
    if in_path:
        return in_path[1]
    if _OFFER_ID.fullmatch(in_query[0]):
        return in_query[0]
    raise ValueError("this address of 1688 is no product page; one looks like detail.1688.com/offer/676651652931.html")


def quote(parts: Sequence[wire.Preview]) -> Quote:
    """The sum over the orders a purchase would become; only trade types that all of them take."""
    zero = Money.zero("CNY")
    return Quote(
        goods=sum((wire.fen(part.sum_payment_no_carriage) for part in parts), zero),
        freight=sum((wire.fen(part.sum_carriage) for part in parts), zero),
        total=sum((wire.fen(part.sum_payment) for part in parts), zero),
        flow=next((part.flow_flag for part in parts if part.flow_flag), ""),
        trade_types=tuple(name for name in _trade_types(parts[0]) if all(name in _trade_types(part) for part in parts)),
    )


def placement(creation: wire.Creation, draft: PurchaseDraft) -> Placement:
    """The vendor orders made and the lines left out; amounts in fen (1688.md §5.3)."""
    orders = tuple(
        PlacedOrder(
            vendor_order_id=str(made.order_id),
            state=VendorOrderState.UNPAID,
            total=wire.fen(made.order_ammount or made.order_amount),
            freight=wire.fen(made.post_fee),
        )
        for made in creation.orders
    )
    return Placement(orders, tuple(_refused(failed, draft) for failed in creation.failed_offer_list or ()))


def order(trade: wire.TradeInfo) -> PlacedOrder:
    """A vendor order; amounts in yuan."""
    base = trade.base_info
    state = STATES.get(base.status, VendorOrderState.OTHER)
    return PlacedOrder(
        vendor_order_id=base.order_id,
        state=state,
        total=wire.yuan(base.total_amount),
        freight=wire.yuan(base.shipping_fee),
        out_order_id=base.out_order_id or None,
        note=" ".join(filter(None, (base.buyer_feedback, base.remark))),
        lines=tuple(_line(item) for item in trade.product_items or ()),
        created_at=wire.time_of(base.create_time),
        modified_at=wire.time_of(base.modify_time),
        paid_at=wire.time_of(base.pay_time),
        shipped_at=wire.time_of(base.all_delivered_time),
        part_shipped=state is VendorOrderState.PAID
        and any(item.logistics_status in _SENT for item in trade.product_items or ()),
    )


def order_id_in(raw: msgspec.Raw) -> str:
    """The id of an order that cannot be read otherwise; empty if not even that can be."""
    found = re.search(rb'"idOfStr"\s*:\s*"?(\d+)', bytes(raw))
    return found[1].decode() if found else ""


def shipments(parcels: Sequence[wire.LogisticsOrder]) -> tuple[Shipment, ...]:
    """Parcels with a number that can be tracked: not cancelled, and not 不需要物流 (1688.md §5.6)."""
    return tuple(
        Shipment(parcel.logistics_company_no or parcel.logistics_company_name or "", number)
        for parcel in parcels
        if (number := _number(parcel))
    )


def tracks(parcels: Sequence[wire.LogisticsOrder], traces: Sequence[wire.LogisticsTrace]) -> tuple[Track, ...]:
    """How far these parcels are: by their states, and by what their couriers told, which has no states."""
    steps = {trace.logistics_bill_no: trace.logistics_steps or [] for trace in traces}
    return tuple(
        _track(number, parcel.status or "", steps.get(number, [])) for parcel in parcels if (number := _number(parcel))
    )


def _track(number: str, status: str, steps: Sequence[wire.LogisticsStep]) -> Track:
    movement = MOVEMENTS.get(status, Movement.MOVING if steps else Movement.UNKNOWN)
    timed = [(at, step.remark or "") for step in steps if (at := wire.time_of(step.accept_time))]
    newest_first = sorted(timed, key=lambda told: told[0], reverse=True)
    return Track(number, movement, tuple(Sighting(at, movement, said) for at, said in newest_first))


def _number(parcel: wire.LogisticsOrder) -> str:
    """Its number, empty if there is none to follow it by."""
    number = parcel.logistics_bill_no or ""
    return number if _NUMBER.match(number) and parcel.status != "CANCEL" and parcel.type != "2" else ""


def _mix(setting: wire.SellerMixSetting | None) -> MixRule | None:
    if setting is None:
        return None
    return MixRule(bool(setting.general_hunpi), wire.price(setting.mix_amount), setting.mix_number or None)


def _specs(
    detail: wire.ProductDetail, sale: wire.ProductSaleInfo, shipping: wire.ProductShippingInfo, tiers: Sequence[Tier]
) -> tuple[Spec, ...]:
    weights = _weights(shipping)
    return tuple(
        Spec(
            spec_id=sku.spec_id,
            sku_id=str(sku.sku_id or ""),
            goods_code=sku.cargo_number or None,
            attributes=tuple((each.attribute_name or "", each.value or "") for each in sku.sku_attributes or ()),
            cost=_cost(wire.price(sku.price), sale, tiers),
            stock=sku.amount_on_sale,
            image_url=next((each.sku_image_url for each in sku.sku_attributes or () if each.sku_image_url), None),
            weight_g=weights.get(sku.spec_id) or weights.get(str(sku.sku_id)),
            dropship=_dropship(sku.fenxiao_price_info, sale),
        )
        for sku in detail.product_sku_infos or ()
    )


def _whole(sale: wire.ProductSaleInfo, shipping: wire.ProductShippingInfo, tiers: Sequence[Tier]) -> Spec:
    weight = wire.grams(shipping.weight)
    cost, dropship = _cost(None, sale, tiers), _dropship(None, sale)
    return Spec("", "", None, (), cost, sale.amount_on_sale, weight_g=weight, dropship=dropship)


def _cost(own: Money | None, sale: wire.ProductSaleInfo, tiers: Sequence[Tier]) -> Money | None:
    """A SKU's own price, or that of the first pieces where the whole offer is priced by quantity (1688.md §4.1)."""
    if sale.quote_type == _PRICED_BY_SKU or not tiers:
        return own
    return tiers[0].cost if sale.quote_type in _PRICED_BY_QUANTITY else own or tiers[0].cost


def _dropship(own: wire.DropshipPrice | None, sale: wire.ProductSaleInfo) -> Dropship | None:
    """The SKU's price before the offer's, and the one with postage before the one that may be without."""
    offer = sale.fenxiao_sale_info or wire.DropshipSale()
    own = own or wire.DropshipPrice()
    one_piece = wire.price(own.one_piece_price) or wire.price(offer.one_piece_price)
    if one_piece is not None:
        return Dropship(one_piece, offer.one_piece_free_postage is not False)
    resold = wire.price(own.offer_price) or wire.price(offer.offer_price)
    return Dropship(resold, offer.one_piece_free_postage is True) if resold is not None else None


def _tiers(sale: wire.ProductSaleInfo) -> tuple[Tier, ...]:
    priced = ((each.start_quantity or 1, wire.price(each.price)) for each in sale.price_range_list or ())
    return tuple(sorted((Tier(quantity, cost) for quantity, cost in priced if cost), key=lambda tier: tier.quantity))


def _weights(shipping: wire.ProductShippingInfo) -> dict[str, int]:
    """Grams by sku id (given in kg) and by spec id (given in grams)."""
    heavy = {str(each.sku_id): wire.grams(each.weight) for each in shipping.sku_shipping_details or ()}
    exact = {
        each.spec_id: round(each.weight)
        for each in shipping.sku_shipping_info_list or ()
        if each.spec_id and each.weight
    }
    return {name: weight for name, weight in heavy.items() if weight} | exact


def _labels(identities: Sequence[str]) -> frozenset[str]:
    """The vendor's sample joins all labels in one text, its field list says one each."""
    return frozenset(label for text in identities for label in re.split(r"[,，]", text) if label)


def _dispatch_hours(shipping: wire.ProductShippingInfo) -> int | None:
    hours = _HOURS.match(shipping.shipping_time_guarantee or "")
    return int(hours[1]) if hours else None


def _trade_types(part: wire.Preview) -> list[str]:
    barred = {model.trade_type for model in part.trade_model_list or () if model.op_support is False}
    return [name for name in part.trade_mode_name_list or () if name not in barred]


def _refused(failed: wire.FailedOffer, draft: PurchaseDraft) -> RefusedLine:
    offer_id, spec_id = str(failed.offer_id or ""), failed.spec_id or ""
    quantity = sum(line.quantity for line in draft.lines if (line.offer_id, line.spec_id) == (offer_id, spec_id))
    return RefusedLine(PurchaseLine(offer_id, spec_id, quantity), failed.error_code or "", failed.error_message or "")


def _line(item: wire.ProductItem) -> PurchaseLine:
    return PurchaseLine(str(item.product_id or ""), item.spec_id or "", int(item.quantity or 0))
