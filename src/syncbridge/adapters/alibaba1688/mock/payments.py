"""The APIs around paying: which ways there are, links to pay at, and whether money may be withheld (1688.md §5.8)."""

from __future__ import annotations

from datetime import timedelta

from syncbridge.adapters.alibaba1688.mock.accounts import Account
from syncbridge.adapters.alibaba1688.mock.params import Field, Fields, Json, id_in
from syncbridge.adapters.alibaba1688.mock.records import VendorOrder
from syncbridge.adapters.alibaba1688.mock.refusals import BusinessRefusal
from syncbridge.adapters.alibaba1688.mock.state import State
from syncbridge.adapters.alibaba1688.mock.views import CHINA

CASHIER = "https://trade.1688.com/order/cashier.htm?orderId="
_WAITS = timedelta(days=3)
_CHANNELS = ("alipay", "shegou", "kjpayV2")

LINK: Fields = {"orderIdList": Field("Long", required=True, many=True)}
GROUP_LINK: Fields = {"orderIds": Field("Long", required=True, many=True), "payPlatformType": Field("String")}
WAYS: Fields = {"orderId": Field("String", required=True)}
ANALYSIS: Fields = {
    "orderIds": Field("Long", required=True, many=True),
    "payChannel": Field("String", required=True),
}


def link(state: State, account: Account, params: Json) -> Json:
    """A page to pay up to a hundred orders at; those that wait for no money are named."""
    payable, others = _parted(state, account, params["orderIdList"], most=100)
    if not payable:
        raise BusinessRefusal("ORDER_STATUS_ERROR", "没有可以支付的订单")
    return {"payUrl": CASHIER + _joined(payable), "success": True, "payFailureOrderList": others}


def link_by_channel(state: State, account: Account, params: Json) -> Json:
    """The same for 跨境宝 and 诚e赊, up to thirty; success is a string here."""
    payable, others = _parted(state, account, params["orderIdList"], most=30)
    if not payable:
        raise BusinessRefusal("400_4", "无可使用支付渠道付款的订单")
    return {"payUrl": CASHIER + _joined(payable), "success": "true", "cantPayOrderList": others}


def group_link(state: State, account: Account, params: Json) -> Json:
    """A page to pay at, on a computer or a telephone."""
    if params.get("payPlatformType", "PC") not in ("PC", "WIRELESS"):
        raise BusinessRefusal("400", "payPlatformType")
    payable, _ = _parted(state, account, params["orderIds"], most=100)
    if not payable:
        raise BusinessRefusal("ORDER_STATUS_ERROR", "没有可以支付的订单")
    return {"results": {"payUrl": CASHIER + _joined(payable), "success": True, "errorInfo": None, "errorCode": None}}


def ways(state: State, account: Account, params: Json) -> Json:
    """How an order may be paid, what is due in fen, and until when; for the main account only (1688.md §8.16)."""
    order = state.orders.get(id_in(params["orderId"]))
    if order is None or order.account is not account or not account.is_main:
        raise BusinessRefusal("500_2", "没有权限获取该订单可支付方式。")
    if order.status != "waitbuyerpay":
        raise BusinessRefusal("500_1", "订单不是待支付状态")
    until = (order.created_at + _WAITS).astimezone(CHINA)
    result = {
        "orderId": str(order.order_id),
        "channels": [{"code": 1, "name": "支付宝"}, {"code": 20, "name": "跨境宝"}],
        "payFee": order.total_fen,
        "timeout": f"{until:%Y-%m-%d %H:%M:%S}",
    }
    return {"resultList": result, "success": "true"}


def analysis(state: State, account: Account, params: Json) -> Json:
    """How much these orders are together, and whether this way of paying takes them."""
    if params["payChannel"] not in _CHANNELS:
        raise BusinessRefusal("400", f"payChannel {params['payChannel']}")
    payable, _ = _parted(state, account, params["orderIds"], most=100)
    result = {
        "orderTotalCount": len(payable),
        "totalPayFee": sum(order.total_fen for order in payable),
        "orderIds": [order.order_id for order in payable],
        "payChannel": {"channel": params["payChannel"], "avaliable": bool(payable)},
    }
    return {"result": {"success": True, "code": None, "message": None, "result": result}}


def is_open(state: State, account: Account, params: Json) -> Json:
    """Which agreements to withhold money there are; what is true or not comes as text."""
    agreements = [
        {"payChannel": "SHEGOU", "bindingStatus": "false", "signedStatus": "false", "signUrl": None},
        {
            "payChannel": "ALIPAY",
            "bindingStatus": "true",
            "signedStatus": "true",
            "signUrl": None,
            "agreementNo": f"5562{account.number}",
        },
    ]
    return {"result": {"success": True, "code": None, "message": None, "result": {"paymentAgreements": agreements}}}


def _parted(state: State, account: Account, order_ids: list[int], *, most: int) -> tuple[list[VendorOrder], list[int]]:
    """Orders that wait for their money, and the ids of the others."""
    if not 1 <= len(order_ids) <= most:
        raise BusinessRefusal("400", f"最多支持{most}个订单")
    orders = [state.orders.get(order_id) for order_id in order_ids]
    payable = [each for each in orders if each and each.account is account and each.status == "waitbuyerpay"]
    ids = {order.order_id for order in payable}
    return payable, [order_id for order_id in order_ids if order_id not in ids]


def _joined(orders: list[VendorOrder]) -> str:
    return ";".join(str(order.order_id) for order in orders)
