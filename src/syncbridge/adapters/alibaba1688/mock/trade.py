"""The order APIs that look ahead, buy and pay (1688.md §5.2, §5.3, §5.8)."""

from __future__ import annotations

import re

from syncbridge.adapters.alibaba1688.mock import shop
from syncbridge.adapters.alibaba1688.mock.accounts import Account
from syncbridge.adapters.alibaba1688.mock.params import Field, Fields, Json
from syncbridge.adapters.alibaba1688.mock.records import Line, NewOrder, VendorOrder
from syncbridge.adapters.alibaba1688.mock.refusals import BusinessRefusal
from syncbridge.adapters.alibaba1688.mock.state import State

TRADE_TYPES = ("assureTrade", "alipay")
FLOWS = ("general", "fenxiao", "saleproxy", "paired", "repurchase", "boutiquefenxiao", "boutiquepifa", "proxy")
_PHONE = re.compile(r"^[\d-]+$")

_ADDRESS: Fields = {
    "addressId": Field("Long"),
    **{
        name: Field("String")
        for name in (
            "fullName",
            "mobile",
            "phone",
            "postCode",
            "provinceText",
            "cityText",
            "areaText",
            "townText",
            "address",
            "districtCode",
        )
    },
}
_CARGO: Fields = {
    "offerId": Field("Long", required=True),
    "specId": Field("String"),
    "quantity": Field("Double", required=True),
    "openOfferId": Field("String"),
    "outMemberId": Field("String"),
}
_INVOICE: Fields = {
    "invoiceType": Field("Integer"),
    **{
        name: Field("String")
        for name in (
            "provinceText",
            "cityText",
            "areaText",
            "townText",
            "postCode",
            "address",
            "fullName",
            "phone",
            "mobile",
            "companyName",
            "taxpayerIdentifier",
            "bankAndAccount",
            "localInvoiceId",
        )
    },
}
_BOTH: Fields = {
    "addressParam": Field(_ADDRESS, required=True),
    "cargoParamList": Field(_CARGO, required=True, many=True),
    "outOrderId": Field("String"),
    "isvBizType": Field("String"),
    "inventoryMode": Field("String"),
    "pickupService": Field("String"),
    "invoiceParam": Field(_INVOICE),
}
PREVIEW: Fields = {
    **_BOTH,
    "flow": Field("String"),
    "instanceId": Field("String"),
    "encryptOutOrderInfo": Field("String"),
    "crossBorderLogisticsSolutionId": Field("String"),
    "useBorderLogisticsSolution": Field("Boolean"),
}
CREATE: Fields = {
    **_BOTH,
    "flow": Field("String", required=True),
    "message": Field("String"),
    "tradeType": Field("String"),
    "shopPromotionId": Field("String"),
    "anonymousBuyer": Field("Boolean"),
    "fenxiaoChannel": Field("String"),
    "preSelectPayChannel": Field("String"),
    "useRedEnvelope": Field("String"),
    "dropshipping": Field("String"),
    "addedService": Field("String"),
    "useCrossBorderLogisticsSolution": Field("Boolean"),
    "extendParam": Field("String"),
    "fromAgent": Field("Boolean"),
}
FAST: Fields = {
    "flow": Field("String", required=True),
    "addressParam": Field(_ADDRESS, required=True),
    "cargoParamList": Field(_CARGO, required=True, many=True),
    "subUserId": Field("Long"),
    "message": Field("String"),
    "invoiceParam": Field(_INVOICE),
    "shopPromotionId": Field("String"),
    "tradeType": Field("String"),
    "useRedEnvelope": Field("String"),
    "outOrderId": Field("String"),
    "preSelectPayChannel": Field("String"),
    "fenxiaoChannel": Field("String"),
}
FENXIAO: Fields = {
    **FAST,
    "flow": Field("String"),
    "outOrderId": Field("String", required=True),
    "encryptOutOrderInfo": Field("String"),
    "bestOption": Field("Boolean"),
    "isSplitJxhy": Field("Boolean"),
    "isvBizTypeStr": Field("String"),
}
PAY: Fields = {
    "tradeWithholdPreparePayParam": Field(
        {
            "orderId": Field("Long", required=True),
            "payChannel": Field("String"),
            "payAmount": Field("Long"),
            "opRequestId": Field("String"),
        },
        required=True,
    )
}


def preview(state: State, account: Account, params: Json) -> Json:
    """Sums in fen, the amounts of a line in yuan; without a flow the vendor names the best one."""
    _check_flow(params.get("flow", ""))
    _located(account, params["addressParam"])
    lines = shop.checked_lines(state, params["cargoParamList"])
    _check_relation(state, account, params.get("flow", ""), lines)
    parts = [(line,) for line in lines] if state.switches.split_orders else [lines]
    flow = params.get("flow") or "general"
    return {"orderPreviewResuslt": [_preview(state, part, flow) for part in parts], "success": True}


def create(state: State, account: Account, params: Json) -> Json:
    """Buy; a repeated outOrderId buys again unless a switch says otherwise (1688.md §5.5)."""
    if state.switches.dedupe_out_order_id and (first := _bought_before(state, account, params)):
        return _created(first)
    if not params["flow"]:
        raise BusinessRefusal("400", "flow is empty")
    return _created(_bought(state, account, params))


def create_fenxiao(state: State, account: Account, params: Json) -> Json:
    """Buy; the documents call this API's outOrderId good for idempotency, so a repeated one buys once (§5.4)."""
    first = _bought_before(state, account, params)
    return _created(first or _bought(state, account, params))


def pay(state: State, account: Account, params: Json) -> Json:
    """Move the money of an order, once; a second try is refused."""
    request = params["tradeWithholdPreparePayParam"]
    order = state.order(request["orderId"], account)
    if request.get("payChannel", "alipay") not in ("alipay", "shegou"):
        raise BusinessRefusal("400", "payChannel")
    if request.get("payAmount", order.total_fen) != order.total_fen:
        raise BusinessRefusal("400", "payAmount is not what is due")
    state.pay(order)
    return payment(True)


def payment(success: bool) -> Json:
    """The verdict on a payment."""
    result = {"payChannel": "Alipay", "paySuccess": success}
    return {"result": {"success": True, "code": None, "message": None, "result": result}}


def _check_flow(flow: str) -> None:
    if flow and flow not in FLOWS:
        raise BusinessRefusal("400", f"not support flow:【{flow}】")


def _bought(state: State, account: Account, params: Json) -> list[VendorOrder]:
    flow = params.get("flow", "")
    _check_flow(flow)
    address = _located(account, params["addressParam"])
    trade_type = params.get("tradeType") or "alipay"
    if trade_type not in TRADE_TYPES:
        raise BusinessRefusal("400", f"not support tradeType:【{trade_type}】")
    message = params.get("message", "")
    if len(message) > 500:
        raise BusinessRefusal("400", "买家留言不超过500字")
    lines = shop.checked_lines(state, params["cargoParamList"])
    _check_relation(state, account, flow, lines)
    shop.take(state, lines)
    return state.buy(NewOrder(account, lines, address, message, params.get("outOrderId", ""), trade_type))


def _check_relation(state: State, account: Account, flow: str, lines: tuple[Line, ...]) -> None:
    """The flow saleproxy needs a relation to the seller (1688.md §4.4, §5.1)."""
    offer_id = lines[0].offer_id
    if flow == "saleproxy" and state.offers[offer_id]["sellerOpenId"] not in account.consigns:
        raise BusinessRefusal("500_007", f"商品[{offer_id}]没有代销关系，无法下单。")


def _located(account: Account, address: Json) -> Json:
    """Where it goes: an address the buyer saved, or the texts, or a district's code with them (1688.md §5.1)."""
    if "addressId" not in address:
        _check_address(address)
        return address
    if address["addressId"] != account.saved_address["id"]:
        raise BusinessRefusal("400", "AddressId invalid:AddressId invalid")
    return account.saved_address


def _check_address(address: Json) -> None:
    texts = ("fullName", "address") + (() if address.get("districtCode") else ("provinceText", "cityText", "areaText"))
    missing = [name for name in texts if not address.get(name)]
    if missing or len(address["address"]) > 200:
        raise BusinessRefusal("400", f"收货地址不正确: {missing}")
    numbers = [address[name] for name in ("mobile", "phone") if address.get(name)]
    if not numbers or not all(_PHONE.match(number) for number in numbers):
        raise BusinessRefusal("400", "只能填电话号码,不能加其他中文")


def _preview(state: State, lines: tuple[Line, ...], flow: str) -> Json:
    goods, freight = sum(line.amount_fen for line in lines), state.switches.freight_fen
    modes = [{"tradeType": name, "name": name, "description": "", "opSupport": True} for name in TRADE_TYPES]
    return {
        "tradeModeNameList": list(TRADE_TYPES),
        "status": True,
        "taoSampleSinglePromotion": False,
        "sumPayment": goods + freight,
        "sumCarriage": freight,
        "sumPaymentNoCarriage": goods,
        "flowFlag": flow,
        "cargoList": [_cargo(line) for line in lines],
        "shopPromotionList": [],
        "tradeModelList": [*modes, {"tradeType": "bank", "name": "银行转账", "description": "", "opSupport": False}],
    }


def _cargo(line: Line) -> Json:
    return {
        "amount": float(line.unit_price * line.quantity),
        "finalUnitPrice": float(line.unit_price),
        "specId": line.spec_id,
        "skuId": line.sku_id,
        "offerId": line.offer_id,
        "resultCode": "200",
        "cargoPromotionList": [],
    }


def _bought_before(state: State, account: Account, params: Json) -> list[VendorOrder]:
    out_order_id = params.get("outOrderId", "")
    return [
        order
        for order in state.orders.values()
        if out_order_id and order.account is account and order.out_order_id == out_order_id
    ]


def _created(orders: list[VendorOrder]) -> Json:
    """One order stands on top; of several only the list tells (1688.md §5.3)."""
    one = orders[0] if len(orders) == 1 else None
    listed = [
        {
            "orderId": str(order.order_id),
            "orderAmmount": order.total_fen,
            "postFee": order.freight_fen,
            "payChannel": "alipay",
        }
        for order in orders
    ]
    result = {
        "orderId": str(one.order_id) if one else None,
        "totalSuccessAmount": one.total_fen if one else None,
        "postFee": one.freight_fen if one else None,
        "success": True,
        "code": "200",
        "message": None,
        "accountPeriod": None,
        "failedOfferList": [],
        "orderList": listed,
    }
    return {"result": result, "success": True, "code": "200", "message": None}
