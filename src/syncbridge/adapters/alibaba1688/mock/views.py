"""The APIs that show orders and parcels (1688.md §5.6, §5.7, §5.11)."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from zlib import crc32

from syncbridge.adapters.alibaba1688.mock.accounts import Account
from syncbridge.adapters.alibaba1688.mock.params import Field, Fields, Json
from syncbridge.adapters.alibaba1688.mock.records import Line, VendorOrder
from syncbridge.adapters.alibaba1688.mock.refusals import BusinessRefusal
from syncbridge.adapters.alibaba1688.mock.state import State, yuan_text

CHINA = timezone(timedelta(hours=8))
ORDER_LIST: Fields = {
    "page": Field("Integer"),
    "pageSize": Field("Integer"),
    "createStartTime": Field("Date"),
    "createEndTime": Field("Date"),
    "modifyStartTime": Field("Date"),
    "modifyEndTime": Field("Date"),
    "orderStatus": Field("String"),
    "refundStatus": Field("String"),
    "isHis": Field("Boolean"),
    "bizTypes": Field("String", many=True),
    "orderIds": Field("Long", many=True),
    "tradeType": Field("String"),
    "productName": Field("String"),
    "sellerLoginId": Field("String"),
    "sellerMemberId": Field("String"),
    "needBuyerAddressAndPhone": Field("Boolean"),
    "needMemoInfo": Field("Boolean"),
    "outOrderId": Field("String"),
}
ORDER_VIEW: Fields = {
    "webSite": Field("String", required=True),
    "orderId": Field("Long", required=True),
    "includeFields": Field("String"),
    "attributeKeys": Field("String", many=True),
    "outOrderId": Field("String"),
}
LOGISTICS: Fields = {
    "webSite": Field("String", required=True),
    "orderId": Field("Long", required=True),
    "fields": Field("String"),
}
_MAX_PAGE = 50
_CURRENT = timedelta(days=90)
"""How long an order stays in the list; from then on it is history (1688.md §5.7)."""
_BUSINESS_TYPE = "cb"
_PAY_WITHIN = timedelta(days=3)
_SHOWN_UNASKED = "GuaranteesTerms,NativeLogistics,OrderInvoice"
_ITEM_REFUND = {
    "waitselleragree": "WAIT_SELLER_AGREE",
    "waitbuyermodify": "WAIT_BUYER_MODIFY",
    "waitbuyersend": "WAIT_BUYER_SEND",
    "waitsellerreceive": "WAIT_SELLER_RECEIVE",
    "refundsuccess": "REFUND_SUCCESS",
    "refundclose": "REFUND_CLOSED",
}


def order_list(state: State, account: Account, params: Json) -> Json:
    """The account's orders, newest first, without logistics; notes only if asked for."""
    size, page = params.get("pageSize", 20), params.get("page", 1)
    if not 1 <= size <= _MAX_PAGE or page < 1:
        raise BusinessRefusal("400", f"page {page}, pageSize {size}")
    found = [order for order in state.orders.values() if order.account is account and _matches(state, order, params)]
    found.sort(key=lambda order: order.order_id, reverse=True)
    start = (page - 1) * size
    result = []
    for order in found[start : start + size]:
        trade = _trade_info(state, order)
        if not params.get("needMemoInfo"):
            trade["baseInfo"].pop("buyerFeedback", None)
        if not state.switches.list_shows_out_order_id:
            trade["baseInfo"].pop("outOrderId", None)
        result.append(trade)
    return {"result": result, "totalRecord": len(found)}


def order_view(state: State, account: Account, params: Json) -> Json:
    """One order; its success is a string."""
    _check_site(params)
    order = state.order(params["orderId"], account)
    trade = _trade_info(state, order)
    if "NativeLogistics" in (params.get("includeFields") or _SHOWN_UNASKED).split(","):
        trade["nativeLogistics"] = {"logisticsItems": [_logistics_item(each) for each in order.parcels]}
    return {"result": trade, "success": "true"}


def logistics(state: State, account: Account, params: Json) -> Json:
    """The parcels of an order; that there is none yet is an error here."""
    _check_site(params)
    order = state.order(params["orderId"], account)
    if not order.parcels:
        raise BusinessRefusal("500_2", "订单尚未发货，暂无物流详情，请稍候再试。")
    return {"result": [_parcel(order, each) for each in order.parcels], "success": True}


def time_text(at: datetime) -> str:
    """``yyyyMMddHHmmssSSSZ`` in China's zone."""
    return f"{at.astimezone(CHINA):%Y%m%d%H%M%S}000+0800"


def exact_time_text(at: datetime) -> str:
    """The same to the millisecond."""
    local = at.astimezone(CHINA)
    return f"{local:%Y%m%d%H%M%S}{local.microsecond // 1000:03d}+0800"


def seller_member_id(state: State, order: VendorOrder) -> str:
    """Who sold it, as orders name sellers; offers name them by another id (1688.md §4.1)."""
    return member_id_of(state.offers[order.lines[0].offer_id]["sellerOpenId"])


def member_id_of(seller_open_id: str) -> str:
    """The member id of a seller whom offers call so."""
    return f"b2b-{crc32(seller_open_id.encode())}"


def _check_site(params: Json) -> None:
    if params["webSite"] != "1688":
        raise BusinessRefusal("400", "webSite")


def _matches(state: State, order: VendorOrder, params: Json) -> bool:
    shown_from = order.created_at + timedelta(seconds=state.switches.list_lag_seconds)
    narrow = state.switches.filter_out_order_id and params.get("outOrderId")
    is_history = state.clock.now() - order.created_at > _CURRENT
    return (
        shown_from <= state.clock.now()
        and params.get("isHis", False) == is_history
        and _BUSINESS_TYPE in params.get("bizTypes", (_BUSINESS_TYPE,))
        and params.get("sellerMemberId") in (None, seller_member_id(state, order))
        and _within(order.created_at, params, "create")
        and _within(order.modified_at, params, "modify")
        and params.get("orderStatus", order.status) == order.status
        and (not narrow or order.out_order_id == narrow)
    )


def _within(at: datetime, params: Json, which: str) -> bool:
    start, end = params.get(f"{which}StartTime"), params.get(f"{which}EndTime")
    return (start is None or at >= start) and (end is None or at <= end)


def _trade_info(state: State, order: VendorOrder) -> Json:
    return {
        "baseInfo": _base_info(order) | {"sellerID": seller_member_id(state, order)},
        "productItems": [_product_item(order, number, line) for number, line in enumerate(order.lines, 1)],
        "tradeTerms": [{"payStatus": _pay_status(order), "phasAmount": _yuan(order.total_fen)}],
    }


def _pay_status(order: VendorOrder) -> str:
    """Not paid, paid, given back whole, or closed before it was paid (1688.md §5.6)."""
    if order.closed_at:
        return "4" if order.paid_at else "8"
    return "2" if order.paid_at else "1"


def _base_info(order: VendorOrder) -> Json:
    info: Json = {
        "id": _through_a_double(order.order_id),
        "idOfStr": str(order.order_id),
        "status": order.status,
        "totalAmount": _yuan(order.total_fen),
        "sumProductPayment": _yuan(order.goods_fen),
        "shippingFee": _yuan(order.freight_fen),
        "discount": order.discount_fen,
        "refund": _yuan(order.refunded_fen),
        "businessType": _BUSINESS_TYPE,
        "tradeType": "50060",
        "tradeTypeCode": order.trade_type,
        "buyerID": order.account.member_id,
        "createTime": time_text(order.created_at),
        "modifyTime": time_text(order.modified_at),
        "buyerFeedback": order.message,
    }
    if order.out_order_id:
        info["outOrderId"] = order.out_order_id
    if order.memo:
        info |= {"buyerMemo": order.memo, "buyerRemarkIcon": order.memo_icon}
    if order.status == "waitbuyerpay":
        info |= {"payTimeout": int(_PAY_WITHIN.total_seconds()), "payTimeoutType": 0}
    if order.received_at:
        info["completeTime"] = time_text(order.received_at)
    if order.paid_at:
        info["payTime"] = time_text(order.paid_at)
    if order.shipped_at:
        info["allDeliveredTime"] = time_text(order.shipped_at)
    if order.closed_at:
        info |= {"closeReason": order.close_reason, "closeOperateType": order.closed_by}
    if order.refunds:
        last = order.refunds[-1]
        info |= {"refundId": last.refund_id, "refundStatusForAs" if last.after_sale else "refundStatus": last.status}
    return info


def _product_item(order: VendorOrder, number: int, line: Line) -> Json:
    item_id = order.order_id + number
    refund = next((each for each in reversed(order.refunds) if item_id in each.counts), None)
    discount = order.discount_fen if number == 1 else 0
    return {
        "productID": line.offer_id,
        "skuID": line.sku_id,
        "specId": line.spec_id,
        "name": line.title,
        "price": float(line.unit_price),
        "quantity": line.quantity,
        "quantityFactor": 1,
        "itemAmount": _yuan(line.amount_fen - discount),
        "refund": 0,
        "status": order.status,
        "subItemID": _through_a_double(item_id),
        "subItemIDString": str(item_id),
        "unit": "件",
        "logisticsStatus": 2 if any(item_id in parcel["entries"] for parcel in order.parcels) else 1,
        "refundId": refund.refund_id if refund else None,
        "refundStatus": _ITEM_REFUND[refund.status] if refund else None,
    }


def _logistics_item(parcel: Json) -> Json:
    """A parcel as the order shows it: of one that needs no courier the number is a sentence (1688.md §5.6)."""
    return {
        "type": "0" if parcel["number"] else "2",
        "status": "alreadysend",
        "logisticsBillNo": parcel["number"] or "不需要物流",
        "logisticsCompanyName": parcel["company"],
        "subItemIds": ",".join(map(str, parcel["entries"])),
    }


def _parcel(order: VendorOrder, parcel: Json) -> Json:
    """A parcel by itself; one that needs no courier has no number at all, as in the documented sample."""
    sent = [line for entry, line in zip(order.entry_ids, order.lines, strict=True) if entry in parcel["entries"]]
    shown = {
        "logisticsId": parcel["id"],
        "orderEntryIds": ",".join(map(str, parcel["entries"])),
        "status": parcel["status"],
        "sendGoods": [{"goodName": line.title, "quantity": str(line.quantity), "unit": "件"} for line in sent],
    }
    if not parcel["number"]:
        return shown
    company = {f"logisticsCompany{name}": parcel["company"] for name in ("Name", "No")}
    return {**shown, "logisticsBillNo": parcel["number"], "logisticsCompanyId": "1", **company}


def _yuan(fen: int) -> float:
    return float(yuan_text(fen))


def _through_a_double(number: int) -> int:
    """As the vendor's own samples show numeric ids: off by some (1688.md §8.4)."""
    return int(float(number))
