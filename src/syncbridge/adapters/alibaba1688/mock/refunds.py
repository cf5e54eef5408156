"""The rest of the refund APIs: proofs, lists, what was done, goods sent back, and the platform's verdict (§5.12)."""

from __future__ import annotations

import base64
import binascii
from datetime import datetime, timedelta

from syncbridge.adapters.alibaba1688.mock.accounts import Account
from syncbridge.adapters.alibaba1688.mock.aftersale import a_yes, found, model
from syncbridge.adapters.alibaba1688.mock.params import Field, Fields, Json, id_in
from syncbridge.adapters.alibaba1688.mock.records import Refund, VendorOrder
from syncbridge.adapters.alibaba1688.mock.refusals import BusinessRefusal
from syncbridge.adapters.alibaba1688.mock.state import State
from syncbridge.adapters.alibaba1688.mock.views import seller_member_id

IMAGES = "https://cbu01.alicdn.com/"
COURIERS = {"YTO": "圆通速递", "ZTO": "中通快递", "STO": "申通快递", "YUNDA": "韵达快递", "SF": "顺丰速运"}
"""Whom goods may be sent back with; the vendor's own list is long."""
_LARGEST_PROOF = 1024 * 1024
_JPEG = b"\xff\xd8\xff"
_LOOKS_BACK = timedelta(days=730)
_STATES = ("waitselleragree", "refundsuccess", "refundclose", "waitbuyermodify", "waitbuyersend", "waitsellerreceive")
_COMPLAINTS = ("RefundComplaint", "SafeRefundComplaint", "AfterSalesComplaint", "TradeComplaint")

VOUCHER: Fields = {"imageData": Field("Bytes", required=True)}
LIST: Fields = {
    "orderId": Field("Long"),
    "applyStartTime": Field("Date"),
    "applyEndTime": Field("Date"),
    "refundStatusSet": Field("String", many=True),
    "sellerMemberId": Field("String"),
    "currentPageNum": Field("Integer"),
    "pageSize": Field("Integer"),
    "logisticsNo": Field("String"),
    "modifyStartTime": Field("Date"),
    "modifyEndTime": Field("Date"),
    "dipsuteType": Field("Integer"),
}
OPERATIONS: Fields = {
    "refundId": Field("String", required=True),
    "pageNo": Field("String", required=True),
    "pageSize": Field("String", required=True),
}
RETURN: Fields = {
    "refundId": Field("String", required=True),
    "logisticsCompanyNo": Field("String", required=True),
    "freightBill": Field("String", required=True),
    "description": Field("String"),
    "vouchers": Field("String", many=True),
}
CANCEL: Fields = {"refundId": Field("String", required=True)}
RETURN_ADDRESS: Fields = {"mainOrderId": Field("String", required=True)}
ARBITRATION: Fields = {
    "param": Field(
        {
            "type": Field("String", required=True),
            "refundId": Field("String"),
            "orderId": Field("Long", required=True),
            "reasonText": Field("String", required=True),
            "reasonId": Field("Integer", required=True),
            "picUrlEvidence": Field("String"),
        },
        required=True,
    )
}


def voucher(state: State, account: Account, params: Json) -> Json:
    """Take a photo as proof: a JPEG below a megabyte, as a file part or as base64 text."""
    picture = params["imageData"]
    if isinstance(picture, str):
        try:
            picture = base64.b64decode(picture, validate=True)
        except (binascii.Error, ValueError) as error:
            raise BusinessRefusal("4000", "未正确传入imageData参数") from error
    if not picture.startswith(_JPEG) or len(picture) >= _LARGEST_PROOF:
        raise BusinessRefusal("4000", "未正确传入imageData参数")
    name = f"img/ibank/mock/{account.number}_{len(state.images)}.jpg"
    state.images[name] = picture
    return a_yes({"imageDomain": IMAGES, "imageRelativeUrl": name})


def refund_list(state: State, account: Account, params: Json) -> Json:
    """Refunds of the account, the newest first; pages begin at 0."""
    if not account.is_main:
        raise BusinessRefusal("NO_PERMISSION", "该接口不支持子账号查询")
    start, now = params.get("applyStartTime"), state.clock.now()
    if start is not None and now - start > _LOOKS_BACK:
        raise BusinessRefusal("APPLY_TIME_ERROR", "只能查询近730天的退款单，请检查退款申请时间!")
    page, size = params.get("currentPageNum", 0), params.get("pageSize", 20)
    if page < 0 or not 1 <= size <= 100 or params.get("dipsuteType", 0) not in (0, 1, 2):
        raise BusinessRefusal("400", "参数错误")
    if params.get("logisticsNo") and not params.get("sellerMemberId"):
        raise BusinessRefusal("400", "传logisticsNo时需同时传入sellerMemberId")
    fits = [
        model(order, refund)
        for order in state.orders.values()
        if order.account is account and params.get("orderId") in (None, order.order_id)
        for refund in order.refunds
        if _fits(state, order, refund, params)
    ]
    fits.reverse()
    listed = {"opOrderRefundModels": fits[page * size : (page + 1) * size], "totalCount": len(fits)}
    return {"result": listed | {"currentPageNum": page}, "success": True}


def operations(state: State, account: Account, params: Json) -> Json:
    """What was done about a refund, the newest first; page and size come as text."""
    _, refund = found(state, account, params["refundId"])
    page, size = id_in(params["pageNo"]), min(id_in(params["pageSize"]), 100)
    if not page or not size:
        raise BusinessRefusal("500", "INVALID_PARAM")
    newest_first = refund.operations[::-1]
    return {"result": {"opOrderRefundOperationModels": newest_first[(page - 1) * size : page * size]}}


def send_back(state: State, account: Account, params: Json) -> Json:
    """Tell which parcel the goods go back in, once the seller agreed to it."""
    if not params["logisticsCompanyNo"] or not params["freightBill"]:
        raise BusinessRefusal("4002", "物流公司编号和运单号必填")
    if len(params.get("vouchers", ())) > 10 or not all(each.startswith(IMAGES) for each in params.get("vouchers", ())):
        raise BusinessRefusal("4003", "凭证URL校验不通过")
    if params["logisticsCompanyNo"] not in COURIERS or not params["freightBill"].isalnum():
        raise BusinessRefusal("4004", "物流公司编号和运单号校验不通过")
    order, refund = _mine(state, account, params["refundId"])
    if refund.status != "waitbuyersend":
        raise BusinessRefusal("4007", "当前退款单状态不支持退货")
    refund.status, refund.goods_status, refund.freight_bill = "waitsellerreceive", 3, params["freightBill"]
    refund.modified_at = order.modified_at = state.now()
    return {"result": {"success": True, "errorCode": None, "errorInfo": None}}


def cancel(state: State, account: Account, params: Json) -> Json:
    """Take a request back while it is under way."""
    order, refund = _mine(state, account, params["refundId"])
    if not refund.is_under_way or refund.status == "waitsellerreceive":
        raise BusinessRefusal("4007", "当前退款单状态不支持取消")
    state.drop(order, refund)
    return {"result": {"success": True, "errorCode": None, "errorInfo": None}}


def return_address(state: State, account: Account, params: Json) -> Json:
    """Where goods of an order are sent back to."""
    order = state.order(id_in(params["mainOrderId"]), account)
    address = {
        "provinceText": "浙江省",
        "cityText": "金华市",
        "districtText": "义乌市",
        "townText": "福田街道",
        "townCode": "330782003",
        "streetAddress": "商城大道1号",
        "streetAddressCode": "330782",
        "receiverName": "退货仓",
        "mobile": "13800000000",
        "phone": "",
        "contactPhone": "13800000000",
        "zipCode": "322000",
    }
    offers = dict.fromkeys(line.offer_id for line in order.lines)
    data = [address | {"offerId": offer_id} for offer_id in offers]
    return {"result": {"data": data, "success": True, "errorCode": None, "errorInfo": None}}


def arbitrate(state: State, account: Account, params: Json) -> Json:
    """Ask the platform to judge; answers the number of the complaint."""
    asked = params["param"]
    order = state.order(asked["orderId"], account)
    if asked["type"] not in _COMPLAINTS:
        raise BusinessRefusal("400", f"type {asked['type']}")
    if asked["type"] == "RefundComplaint" and asked.get("refundId") not in {each.refund_id for each in order.refunds}:
        raise BusinessRefusal("400", "退款投诉时，refundId必填")
    state.arbitrations.append({**asked, "orderId": str(order.order_id)})
    return a_yes(3_655_462_000 + len(state.arbitrations))


def refund_of(state: State, refund_id: str) -> tuple[VendorOrder, Refund]:
    """A refund by its id alone, to tell what became of it."""
    return next(
        (order, each) for order in state.orders.values() for each in order.refunds if each.refund_id == refund_id
    )


def _mine(state: State, account: Account, refund_id: str) -> tuple[VendorOrder, Refund]:
    try:
        return found(state, account, refund_id)
    except BusinessRefusal as refusal:
        raise BusinessRefusal("4005", "退款单信息不存在") from refusal


def _fits(state: State, order: VendorOrder, refund: Refund, params: Json) -> bool:
    kind = params.get("dipsuteType", 0)
    seller = params.get("sellerMemberId")
    return (
        refund.status in params.get("refundStatusSet", _STATES)
        and (not kind or refund.after_sale == (kind == 2))
        and seller in (None, seller_member_id(state, order))
        and params.get("logisticsNo") in (None, refund.freight_bill)
        and _within(refund.asked_at, params, "apply")
        and _within(refund.modified_at, params, "modify")
    )


def _within(at: datetime, params: Json, which: str) -> bool:
    start, end = params.get(f"{which}StartTime"), params.get(f"{which}EndTime")
    return (start is None or at >= start) and (end is None or at <= end)
