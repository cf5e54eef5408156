"""The APIs that show orders and parcels (1688.md §5.6, §5.7, §5.11)."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from syncbridge.adapters.alibaba1688.mock.params import Field, Fields, Json
from syncbridge.adapters.alibaba1688.mock.refusals import BusinessRefusal
from syncbridge.adapters.alibaba1688.mock.state import Account, Line, State, VendorOrder, yuan_text

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
    "sellerMemberId": Field("String"),
    "needBuyerAddressAndPhone": Field("Boolean"),
    "needMemoInfo": Field("Boolean"),
    "outOrderId": Field("String"),
}
ORDER_VIEW: Fields = {
    "webSite": Field("String", required=True),
    "orderId": Field("Long", required=True),
    "includeFields": Field("String"),
    "outOrderId": Field("String"),
}
LOGISTICS: Fields = {
    "webSite": Field("String", required=True),
    "orderId": Field("Long", required=True),
    "fields": Field("String"),
}
_MAX_PAGE = 50
_ITEM_REFUND = {
    "waitselleragree": "WAIT_SELLER_AGREE",
    "waitbuyermodify": "WAIT_BUYER_MODIFY",
    "refundsuccess": "REFUND_SUCCESS",
    "refundclose": "REFUND_CLOSED",
}


def order_list(state: State, account: Account, params: Json) -> Json:
    """The account's orders, newest first, without logistics; notes only if asked for."""
    size = params.get("pageSize", 20)
    if not 1 <= size <= _MAX_PAGE:
        raise BusinessRefusal("400", f"pageSize {size}")
    found = [order for order in state.orders.values() if order.account is account and _matches(state, order, params)]
    found.sort(key=lambda order: order.order_id, reverse=True)
    start = (params.get("page", 1) - 1) * size
    result = []
    for order in found[start : start + size]:
        trade = _trade_info(order)
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
    logistics = {"logisticsItems": [_logistics_item(each) for each in order.parcels]}
    return {"result": {**_trade_info(order), "nativeLogistics": logistics}, "success": "true"}


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


def _check_site(params: Json) -> None:
    if params["webSite"] != "1688":
        raise BusinessRefusal("400", "webSite")


def _matches(state: State, order: VendorOrder, params: Json) -> bool:
    shown_from = order.created_at + timedelta(seconds=state.switches.list_lag_seconds)
    narrow = state.switches.filter_out_order_id and params.get("outOrderId")
    return (
        shown_from <= state.clock.now()
        and _within(order.created_at, params, "create")
        and _within(order.modified_at, params, "modify")
        and params.get("orderStatus", order.status) == order.status
        and (not narrow or order.out_order_id == narrow)
    )


def _within(at: datetime, params: Json, which: str) -> bool:
    start, end = params.get(f"{which}StartTime"), params.get(f"{which}EndTime")
    return (start is None or at >= start) and (end is None or at <= end)


def _trade_info(order: VendorOrder) -> Json:
    return {
        "baseInfo": _base_info(order),
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
        "discount": 0,
        "refund": 0,
        "businessType": "cb",
        "tradeType": "50060",
        "tradeTypeCode": order.trade_type,
        "buyerID": order.account.member_id,
        "createTime": time_text(order.created_at),
        "modifyTime": time_text(order.modified_at),
        "buyerFeedback": order.message,
    }
    if order.out_order_id:
        info["outOrderId"] = order.out_order_id
    if order.paid_at:
        info["payTime"] = time_text(order.paid_at)
    if order.shipped_at:
        info["allDeliveredTime"] = time_text(order.shipped_at)
    if order.closed_at:
        info |= {"closeReason": order.close_reason, "closeOperateType": order.closed_by}
    if order.refunds:
        last = order.refunds[-1]
        info |= {"refundId": last.refund_id, "refundStatus": last.status}
        if last.status == "refundsuccess":
            info["refund"] = _yuan(last.goods_fen + last.freight_fen)
    return info


def _product_item(order: VendorOrder, number: int, line: Line) -> Json:
    item_id = order.order_id + number
    refund = order.refunds[-1] if order.refunds else None
    return {
        "productID": line.offer_id,
        "skuID": line.sku_id,
        "specId": line.spec_id,
        "name": line.title,
        "price": float(line.unit_price),
        "quantity": line.quantity,
        "quantityFactor": 1,
        "itemAmount": _yuan(line.amount_fen),
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
