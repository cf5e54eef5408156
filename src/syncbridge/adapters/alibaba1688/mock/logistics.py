"""What becomes of a domestic parcel: what its courier tells, and that the buyer has it (1688.md §5.9, §5.11)."""

from __future__ import annotations

from datetime import datetime, timedelta

from syncbridge.adapters.alibaba1688.mock.accounts import Account
from syncbridge.adapters.alibaba1688.mock.params import Field, Fields, Json
from syncbridge.adapters.alibaba1688.mock.records import VendorOrder
from syncbridge.adapters.alibaba1688.mock.refusals import BusinessRefusal
from syncbridge.adapters.alibaba1688.mock.state import State
from syncbridge.adapters.alibaba1688.mock.views import CHINA

TRACE: Fields = {
    "webSite": Field("String", required=True),
    "orderId": Field("Long", required=True),
    "logisticsId": Field("String"),
}
CONFIRM: Fields = {"orderId": Field("Long", required=True), "orderEntryIds": Field("Long", required=True, many=True)}
STATES = {
    "CONSIGN": "WAITACCEPT",
    "ACCEPT": "ACCEPT",
    "TRANSPORT": "TRANSPORT",
    "DELIVERING": "TRANSPORT",
    "AGENT_SIGN": "TRANSPORT",
    "SIGN": "SIGN",
    "FAILED": "UNSIGN",
}
"""What a parcel reads as after a message said that its status changed so (1688.md §6.2)."""
_A_YEAR = timedelta(days=365)


def trace(state: State, account: Account, params: Json) -> Json:
    """What couriers told, without a word about states; of an order over a year old nothing is told."""
    if params["webSite"] != "1688":
        raise BusinessRefusal("400", "webSite")
    order = _own(state, account, params["orderId"])
    if state.clock.now() - order.created_at > _A_YEAR:
        raise BusinessRefusal("order.createtime.history", "不支持查询一年以前的订单")
    if not order.parcels:
        raise BusinessRefusal("500_2", "订单尚未发货，暂无物流详情，请稍候再试。")
    wanted = params.get("logisticsId")
    told = [each for each in order.parcels if each["steps"] and wanted in (None, each["id"])]
    if not told:
        return {"errorMessage": "该订单没有物流跟踪信息。", "success": True}
    return {"logisticsTrace": [_trace(order, each) for each in told], "success": True}


def confirm(state: State, account: Account, params: Json) -> Json:
    """All of an order arrived, which ends it; an order that is not on its way has nothing to confirm."""
    order = _own(state, account, params["orderId"])
    if order.status != "waitbuyerreceive":
        raise BusinessRefusal("ORDER_STATUS_ERROR", "订单状态错误")
    if sorted(params["orderEntryIds"]) != order.entry_ids:
        raise BusinessRefusal("400", "orderEntryIds")
    state.receive(order)
    return {"result": {"success": True, "errorCode": None, "errorInfo": None}}


def step(at: datetime, remark: str) -> Json:
    """One thing a courier tells; its time has no zone."""
    return {"acceptTime": f"{at.astimezone(CHINA):%Y-%m-%d %H:%M:%S}", "remark": remark}


def _own(state: State, account: Account, order_id: int) -> VendorOrder:
    order = state.orders.get(order_id)
    if order is None:
        raise BusinessRefusal("404", "订单不存在")
    if order.account is not account:
        raise BusinessRefusal("order.nopermission.buyer", "没有权限")
    return order


def _trace(order: VendorOrder, parcel: Json) -> Json:
    return {
        "logisticsId": parcel["id"],
        "orderId": order.order_id,
        "logisticsBillNo": parcel["number"],
        "logisticsSteps": parcel["steps"],
    }
