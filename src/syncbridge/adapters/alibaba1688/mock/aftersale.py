"""The APIs that take an order back: cancelled while unpaid, its money asked for afterwards (1688.md §5.9, §5.12)."""

from __future__ import annotations

from datetime import timedelta

import msgspec

from syncbridge.adapters.alibaba1688.mock.accounts import Account
from syncbridge.adapters.alibaba1688.mock.params import Field, Fields, Json, id_in
from syncbridge.adapters.alibaba1688.mock.records import Refund, VendorOrder
from syncbridge.adapters.alibaba1688.mock.refusals import BusinessRefusal
from syncbridge.adapters.alibaba1688.mock.state import State
from syncbridge.adapters.alibaba1688.mock.views import time_text

TOO_YOUNG = timedelta(seconds=10)
CANCEL_REASONS = ("buyerCancel", "sellerGoodsLack", "other")
UNSHIPPED = "refundWaitSellerSend"
GOODS_STATES = {
    UNSHIPPED: "waitsellersend",
    "refundWaitBuyerReceive": "waitbuyerreceive",
    "refundBuyerReceived": "waitbuyerreceive",
    "aftersaleBuyerNotReceived": "success",
    "aftersaleBuyerReceived": "success",
}
"""The states of goods, each with the state of an order it belongs to."""
RECEIVED = ("refundBuyerReceived", "aftersaleBuyerReceived")
REASONS: tuple[Json, ...] = (
    {"id": 20022, "name": "卖家缺货", "needVoucher": True, "noRefundCarriage": False, "tip": None},
    {"id": 20025, "name": "协商一致退款", "needVoucher": False, "noRefundCarriage": True, "tip": None},
    {"id": 20028, "name": "不想要了", "needVoucher": False, "noRefundCarriage": False, "tip": None},
)
"""Names and ids are the mock's own; the vendor publishes no list."""

_COUNT: Fields = {"id": Field("Long", required=True), "count": Field("Integer", required=True)}
CANCEL: Fields = {
    "webSite": Field("String", required=True),
    "tradeID": Field("Long", required=True),
    "cancelReason": Field("String", required=True),
    "remark": Field("String"),
}
REASON_LIST: Fields = {
    "orderId": Field("Long", required=True),
    "orderEntryIds": Field("Long", required=True, many=True),
    "goodsStatus": Field("String", required=True),
}
MAX_FEE: Fields = {
    "input": Field(
        {
            "orderId": Field("Long", required=True),
            "goodsStatus": Field("String", required=True),
            "refundGoodsCountList": Field(_COUNT, required=True, many=True),
            "refundId": Field("String"),
        },
        required=True,
    )
}
CREATE: Fields = {
    **REASON_LIST,
    "disputeRequest": Field("String", required=True),
    "applyPayment": Field("Long", required=True),
    "applyCarriage": Field("Long", required=True),
    "applyReasonId": Field("Long", required=True),
    "description": Field("String", required=True),
    "vouchers": Field("String", many=True),
    "orderEntryCountList": Field(_COUNT, many=True),
    "customRefund": Field("Boolean"),
    "refundRemark": Field("String"),
}
QUERY_ONE: Fields = {
    "refundId": Field("String", required=True),
    "needTimeOutInfo": Field("Boolean"),
    "needOrderRefundOperation": Field("Boolean"),
}
URGE: Fields = {"orderId": Field("Long", required=True)}
A_DAY = timedelta(hours=24)
QUERY_ORDER: Fields = {"orderId": Field("String", required=True), "queryType": Field("String", required=True)}


def cancel(state: State, account: Account, params: Json) -> Json:
    """Close an order that waits for its money and is ten seconds old."""
    if params["webSite"] != "1688" or params["cancelReason"] not in CANCEL_REASONS:
        raise BusinessRefusal("400", "webSite or cancelReason")
    order = state.order(params["tradeID"])
    if order.account is not account:
        raise BusinessRefusal("400_3", "没有权限取消该订单")
    if order.status != "waitbuyerpay":
        raise BusinessRefusal("ORDER_STATUS_ERROR", "订单状态错误")
    if state.clock.now() - order.created_at < TOO_YOUNG:
        raise BusinessRefusal("CLOSE_ORDER_TOO_FAST", "CLOSE_ORDER_TOO_FAST")
    state.close(order, params["cancelReason"], "BUYER")
    return {"success": True}


def urge(state: State, account: Account, params: Json) -> Json:
    """Ask the seller to ship, once in 24 hours. The vendor publishes no codes for a no; these are the mock's own."""
    order = _own(state, account, params["orderId"])
    if order.status != "waitsellersend":
        raise BusinessRefusal("ORDER_STATUS_ERROR", "订单状态必须为未发货")
    if order.urged and state.clock.now() - order.urged[-1] < A_DAY:
        raise BusinessRefusal("URGE_TOO_OFTEN", "24小时内限制最多一次")
    order.urged.append(state.clock.now())
    return a_yes(True)


def reason_list(state: State, account: Account, params: Json) -> Json:
    """The reasons that fit; the first wants a voucher, the second keeps the freight."""
    order = _own(state, account, params["orderId"])
    _check_refundable(order, params["goodsStatus"], params["orderEntryIds"])
    return a_yes({"reasons": list(REASONS)})


def max_fee(state: State, account: Account, params: Json) -> Json:
    """Goods of the lines and the freight, as they were paid and are left, in fen."""
    asked = params["input"]
    order = _own(state, account, asked["orderId"])
    counts = {each["id"]: each["count"] for each in asked["refundGoodsCountList"]}
    _check_refundable(order, asked["goodsStatus"], list(counts))
    bought = quantities(order)
    if any(not 1 <= count <= bought[entry_id] for entry_id, count in counts.items()):
        raise BusinessRefusal("5010", "退货数量")
    if asked["goodsStatus"] == UNSHIPPED and counts != bought:
        raise BusinessRefusal("5010", "退货数量")
    goods = _goods_left(order, counts)
    freight = _freight_left(order)
    return a_yes(
        {
            "maxGoodsFee": goods,
            "maxPostFee": freight,
            "maxRefundFee": goods + freight,
            "maxSubstituteFetchFee": 0,
        }
    )


def create(state: State, account: Account, params: Json) -> Json:
    """Ask for money; while that is under way a second request is refused."""
    order = _own(state, account, params["orderId"])
    goods_status, entry_ids = params["goodsStatus"], params["orderEntryIds"]
    _check_refundable(order, goods_status, entry_ids)
    _check_reason(params)
    counts = _counts(order, params)
    goods_left = _goods_left(order, counts)
    whole = goods_status == UNSHIPPED
    if not 0 <= params["applyCarriage"] <= _freight_left(order) or not 0 < params["applyPayment"] <= goods_left:
        raise BusinessRefusal("5011", "退款金额错误")
    if whole and params["applyPayment"] != goods_left:
        raise BusinessRefusal("5011", "退款金额错误")
    if not 2 <= len(params["description"]) <= 150 or len(params.get("vouchers", ())) > 5:
        raise BusinessRefusal("5012", "退款描述长度错误")
    if order.refund_under_way:
        raise BusinessRefusal("5010", "退货状态错误")
    now = state.now()
    refund = Refund(
        refund_id=state.next_refund_id(),
        goods_fen=params["applyPayment"],
        freight_fen=params["applyCarriage"],
        reason_id=params["applyReasonId"],
        description=params["description"],
        asked_at=now,
        modified_at=now,
        counts=counts,
        goods_status=2 if goods_status in RECEIVED else 1,
        wants_return=params["disputeRequest"] == "returnRefund",
        after_sale=goods_status.startswith("aftersale"),
        vouchers=tuple(params.get("vouchers", ())),
    )
    state.ask_back(order, refund)
    return a_yes({"refundId": refund.refund_id, "innerReasonId": refund.reason_id, "innerPostFee": refund.freight_fen})


def query_one(state: State, account: Account, params: Json) -> Json:
    """A refund, whatever became of it."""
    order, refund = found(state, account, params["refundId"])
    operations = refund.operations if params.get("needOrderRefundOperation") else []
    return {"result": {"opOrderRefundModelDetail": model(order, refund) | {"refundOperationList": operations}}}


def found(state: State, account: Account, refund_id: str) -> tuple[VendorOrder, Refund]:
    """A refund of the account and the order it is of; raises BusinessRefusal."""
    for order in state.orders.values():
        for refund in order.refunds:
            if refund.refund_id == refund_id and order.account is account:
                return order, refund
    raise _deep_refusal("REFUND_DATA_ERROR", f"refundId : {refund_id}")


def query_order(state: State, account: Account, params: Json) -> Json:
    """The refunds of an order under way (``1``) or succeeded (``3``); those closed are in neither."""
    if params["queryType"] not in ("1", "3"):
        raise _deep_refusal("INVALID_PARAM", "null")
    order = state.orders.get(id_in(params["orderId"]))
    if order is None or order.account is not account:
        raise _deep_refusal("ORDER_NOT_EXIST", "null")
    wanted = [
        refund
        for refund in order.refunds
        if (refund.is_under_way if params["queryType"] == "1" else refund.status == "refundsuccess")
    ]
    return {"result": {"opOrderRefundModels": [model(order, refund) for refund in wanted]}}


def _own(state: State, account: Account, order_id: int) -> VendorOrder:
    order = state.orders.get(order_id)
    if order is None:
        raise BusinessRefusal("5001", "订单不存在")
    if order.account is not account:
        raise BusinessRefusal("5002", "订单买家与用户身份不一致")
    return order


def quantities(order: VendorOrder) -> dict[int, int]:
    """How many were bought, by the ids of the lines."""
    return dict(zip(order.entry_ids, (line.quantity for line in order.lines), strict=True))


def _check_refundable(order: VendorOrder, goods_status: str, entry_ids: list[int]) -> None:
    """Each state of goods belongs to one of the order; before it is shipped only all of it is given back."""
    if goods_status not in GOODS_STATES:
        raise BusinessRefusal("5003", "货物状态状态不合法")
    known = set(entry_ids) <= set(order.entry_ids) and bool(entry_ids) and len(set(entry_ids)) == len(entry_ids)
    if not known or order.status != GOODS_STATES[goods_status]:
        raise BusinessRefusal("5010", "退货状态错误")
    if goods_status == UNSHIPPED and sorted(entry_ids) != order.entry_ids:
        raise BusinessRefusal("5010", "退货状态错误")


def _counts(order: VendorOrder, params: Json) -> dict[int, int]:
    """How many of which line; less than all only where received goods go back (5013)."""
    if params["disputeRequest"] not in ("refund", "returnRefund"):
        raise BusinessRefusal("5010", "退货状态错误")
    goes_back = params["disputeRequest"] == "returnRefund"
    if goes_back and params["goodsStatus"] not in RECEIVED:
        raise BusinessRefusal("5010", "退货状态错误")
    bought = {entry_id: count for entry_id, count in quantities(order).items() if entry_id in params["orderEntryIds"]}
    asked = {each["id"]: each["count"] for each in params.get("orderEntryCountList", ())}
    if not asked:
        return bought
    fits = asked.keys() == bought.keys() and all(1 <= asked[each] <= bought[each] for each in asked)
    if not fits or not goes_back or params["goodsStatus"] != "refundBuyerReceived":
        raise BusinessRefusal("5013", "子订单退货数量")
    return asked


def _goods_left(order: VendorOrder, counts: dict[int, int]) -> int:
    """What was paid for these goods and not given back yet, in fen."""
    if counts == quantities(order):
        goods = order.goods_fen
    else:
        prices = dict(zip(order.entry_ids, order.lines, strict=True))
        goods = sum(round(prices[each].unit_price * count * 100) for each, count in counts.items())
    return min(goods, order.goods_fen - sum(refund.goods_fen for refund in _given(order)))


def _freight_left(order: VendorOrder) -> int:
    return order.freight_fen - sum(refund.freight_fen for refund in _given(order))


def _given(order: VendorOrder) -> list[Refund]:
    return [refund for refund in order.refunds if refund.status == "refundsuccess"]


def _check_reason(params: Json) -> None:
    reason = next((each for each in REASONS if each["id"] == params["applyReasonId"]), None)
    if reason is None:
        raise BusinessRefusal("5004", "退款退货原因错误，请确认原因id")
    if reason["needVoucher"] and not params.get("vouchers"):
        raise BusinessRefusal("5005", "需要上传凭证")
    if reason["noRefundCarriage"] and params["applyCarriage"] > 0:
        raise BusinessRefusal("5006", "退运费大于0")


def model(order: VendorOrder, refund: Refund) -> Json:
    """A refund as the query calls show it; fen."""
    given = refund.status == "refundsuccess"
    return {
        "refundId": refund.refund_id,
        "id": int(refund.refund_id.removeprefix("TQ")),
        "orderId": order.order_id,
        "orderEntryIdList": list(refund.counts),
        "orderEntryCountMap": {str(entry_id): count for entry_id, count in refund.counts.items()},
        "disputeType": 2 if refund.after_sale else 1,
        "disputeRequest": 1 if refund.wants_return else 3,
        "onlyRefund": not refund.wants_return,
        "refundGoods": refund.wants_return,
        "freightBill": refund.freight_bill or None,
        "buyerMemberId": order.account.member_id,
        "status": refund.status,
        "applyPayment": refund.goods_fen,
        "applyCarriage": refund.freight_fen,
        "refundPayment": refund.goods_fen if given else None,
        "refundCarriage": refund.freight_fen if given else None,
        "applyReasonId": refund.reason_id,
        "rejectReason": refund.reject_reason or None,
        "rejectTimes": 1 if refund.reject_reason else 0,
        "goodsStatus": refund.goods_status,
        "gmtApply": time_text(refund.asked_at),
        "gmtCreate": time_text(refund.asked_at),
        "gmtModified": time_text(refund.modified_at),
        "gmtCompleted": time_text(refund.ended_at) if refund.ended_at else None,
        "tradeTypeStr": "50060",
    }


def a_yes(result: object) -> Json:
    """A result in the envelope of these calls."""
    return {"result": {"success": True, "code": None, "message": None, "result": result}}


def _deep_refusal(cause: str, words: str) -> BusinessRefusal:
    """The query calls put JSON into their message (1688.md §3.2)."""
    inner = {
        "errorCode": "003002",
        "errorMessage": "SERVICE:INVOKE_FAIL",
        "cause": f"errorCode:{cause},errorMsg:{words}",
    }
    return BusinessRefusal("500", msgspec.json.encode(inner).decode())
