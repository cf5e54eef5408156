"""The APIs that take an order back: cancelled while unpaid, its money asked for before it ships (1688.md §5.9, §5.12).

Of refunds the mock knows those of whole orders that are paid and not shipped; for any other it says 5010.
"""

from __future__ import annotations

from datetime import timedelta

import msgspec

from syncbridge.adapters.alibaba1688.mock.params import Field, Fields, Json
from syncbridge.adapters.alibaba1688.mock.refusals import BusinessRefusal
from syncbridge.adapters.alibaba1688.mock.state import Account, Refund, State, VendorOrder
from syncbridge.adapters.alibaba1688.mock.views import time_text

TOO_YOUNG = timedelta(seconds=10)
CANCEL_REASONS = ("buyerCancel", "sellerGoodsLack", "other")
UNSHIPPED = "refundWaitSellerSend"
GOODS_STATES = (
    UNSHIPPED,
    "refundWaitBuyerReceive",
    "refundBuyerReceived",
    "aftersaleBuyerNotReceived",
    "aftersaleBuyerReceived",
)
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
    return {"result": {"success": True, "code": None, "message": None, "result": True}}


def reason_list(state: State, account: Account, params: Json) -> Json:
    """The reasons that fit; the first wants a voucher, the second keeps the freight."""
    order = _own(state, account, params["orderId"])
    _check_refundable(order, params["goodsStatus"], params["orderEntryIds"])
    return _a({"reasons": list(REASONS)})


def max_fee(state: State, account: Account, params: Json) -> Json:
    """Goods and freight as they were paid, in fen."""
    asked = params["input"]
    order = _own(state, account, asked["orderId"])
    counts = {each["id"]: each["count"] for each in asked["refundGoodsCountList"]}
    _check_refundable(order, asked["goodsStatus"], list(counts))
    if counts != dict(zip(order.entry_ids, (line.quantity for line in order.lines), strict=True)):
        raise BusinessRefusal("5010", "退货数量")
    return _a(
        {
            "maxGoodsFee": order.goods_fen,
            "maxPostFee": order.freight_fen,
            "maxRefundFee": order.total_fen,
            "maxSubstituteFetchFee": 0,
        }
    )


def create(state: State, account: Account, params: Json) -> Json:
    """Ask for the money; while that is under way, and once it was given, a second request is refused."""
    order = _own(state, account, params["orderId"])
    _check_refundable(order, params["goodsStatus"], params["orderEntryIds"])
    _check_reason(params)
    if params["applyPayment"] != order.goods_fen or not 0 <= params["applyCarriage"] <= order.freight_fen:
        raise BusinessRefusal("5011", "退款金额错误")
    if not 2 <= len(params["description"]) <= 150:
        raise BusinessRefusal("5012", "退款描述长度错误")
    if params.get("orderEntryCountList"):
        raise BusinessRefusal("5013", "子订单退货数量")
    if params["disputeRequest"] != "refund" or order.refund_under_way:
        raise BusinessRefusal("5010", "退货状态错误")
    refund = state.ask_back(
        order, params["applyPayment"], params["applyCarriage"], params["applyReasonId"], params["description"]
    )
    return _a({"refundId": refund.refund_id, "innerReasonId": refund.reason_id, "innerPostFee": refund.freight_fen})


def query_one(state: State, account: Account, params: Json) -> Json:
    """A refund, whatever became of it."""
    for order in state.orders.values():
        for refund in order.refunds:
            if refund.refund_id == params["refundId"] and order.account is account:
                return {"result": {"opOrderRefundModelDetail": _model(order, refund)}}
    raise _deep_refusal("REFUND_DATA_ERROR", f"refundId : {params['refundId']}")


def query_order(state: State, account: Account, params: Json) -> Json:
    """The refunds of an order under way (``1``) or succeeded (``3``); those closed are in neither."""
    if params["queryType"] not in ("1", "3"):
        raise _deep_refusal("INVALID_PARAM", "null")
    order = state.orders.get(int(params["orderId"])) if params["orderId"].isdecimal() else None
    if order is None or order.account is not account:
        raise _deep_refusal("ORDER_NOT_EXIST", "null")
    wanted = [
        refund
        for refund in order.refunds
        if (refund.is_under_way if params["queryType"] == "1" else refund.status == "refundsuccess")
    ]
    return {"result": {"opOrderRefundModels": [_model(order, refund) for refund in wanted]}}


def _own(state: State, account: Account, order_id: int) -> VendorOrder:
    order = state.orders.get(order_id)
    if order is None:
        raise BusinessRefusal("5001", "订单不存在")
    if order.account is not account:
        raise BusinessRefusal("5002", "订单买家与用户身份不一致")
    return order


def _check_refundable(order: VendorOrder, goods_status: str, entry_ids: list[int]) -> None:
    if goods_status not in GOODS_STATES:
        raise BusinessRefusal("5003", "货物状态状态不合法")
    if goods_status != UNSHIPPED or order.status != "waitsellersend" or sorted(entry_ids) != order.entry_ids:
        raise BusinessRefusal("5010", "退货状态错误")


def _check_reason(params: Json) -> None:
    reason = next((each for each in REASONS if each["id"] == params["applyReasonId"]), None)
    if reason is None:
        raise BusinessRefusal("5004", "退款退货原因错误，请确认原因id")
    if reason["needVoucher"] and not params.get("vouchers"):
        raise BusinessRefusal("5005", "需要上传凭证")
    if reason["noRefundCarriage"] and params["applyCarriage"] > 0:
        raise BusinessRefusal("5006", "退运费大于0")


def _model(order: VendorOrder, refund: Refund) -> Json:
    given = refund.status == "refundsuccess"
    return {
        "refundId": refund.refund_id,
        "id": int(refund.refund_id.removeprefix("TQ")),
        "orderId": order.order_id,
        "orderEntryIdList": order.entry_ids,
        "status": refund.status,
        "applyPayment": refund.goods_fen,
        "applyCarriage": refund.freight_fen,
        "refundPayment": refund.goods_fen if given else None,
        "refundCarriage": refund.freight_fen if given else None,
        "applyReasonId": refund.reason_id,
        "rejectReason": refund.reject_reason or None,
        "rejectTimes": 1 if refund.reject_reason else 0,
        "goodsStatus": 1,
        "gmtApply": time_text(refund.asked_at),
        "gmtCreate": time_text(refund.asked_at),
        "gmtModified": time_text(refund.modified_at),
        "gmtCompleted": time_text(refund.ended_at) if refund.ended_at else None,
        "tradeTypeStr": "50060",
    }


def _a(result: Json) -> Json:
    return {"result": {"success": True, "code": None, "message": None, "result": result}}


def _deep_refusal(cause: str, words: str) -> BusinessRefusal:
    """The query calls put JSON into their message (1688.md §3.2)."""
    inner = {
        "errorCode": "003002",
        "errorMessage": "SERVICE:INVOKE_FAIL",
        "cause": f"errorCode:{cause},errorMsg:{words}",
    }
    return BusinessRefusal("500", msgspec.json.encode(inner).decode())
