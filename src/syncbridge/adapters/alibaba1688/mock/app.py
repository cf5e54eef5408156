"""The mock's gateway: signature, then token, then right, then parameters (1688.md §3.1), then the API itself."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from operator import attrgetter
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from syncbridge.adapters.alibaba1688.mock import aftersale, logistics, products, trade, views
from syncbridge.adapters.alibaba1688.mock.books import books
from syncbridge.adapters.alibaba1688.mock.control import Control
from syncbridge.adapters.alibaba1688.mock.params import Fields, Json, from_form
from syncbridge.adapters.alibaba1688.mock.pushes import Pushes, sign
from syncbridge.adapters.alibaba1688.mock.refusals import BusinessRefusal, GatewayRefusal
from syncbridge.adapters.alibaba1688.mock.seller import Sellers
from syncbridge.adapters.alibaba1688.mock.state import TOKEN_LIFE, Account, FaultName, State
from syncbridge.ports import Clock, Push

_MONEY = ("alibaba.trade.createCrossOrder", "alibaba.trade.pay.protocolPay.preparePay")
_LOST = 60.0
_SYSTEM_PARAMS = ("_aop_signature", "_aop_timestamp", "_aop_datePattern", "access_token")

Refuse = Callable[[str, str], Json]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One API: its parameters, what it does, and how it wraps a refusal (1688.md §3.2)."""

    fields: Fields
    act: Callable[[State, Account, Json], Json]
    refuse: Refuse
    granted: Callable[[Account], bool] = lambda _: True


def _a(code: str, message: str) -> Json:
    return {"result": {"success": False, "code": code, "message": message, "result": None}}


def _b(code: str, message: str) -> Json:
    return {"result": None, "success": "false", "errorCode": code, "errorMessage": message}


def _c(code: str, message: str) -> Json:
    return {"result": None, "success": False, "code": code, "message": message}


def _d(code: str, message: str) -> Json:
    return {"success": False, "errorCode": code, "errorMsg": message}


def _f(code: str, message: str) -> Json:
    return {"success": False, "errorCode": code, "errorMessage": message}


def _g(code: str, message: str) -> Json:
    return {"result": {"success": False, "errorCode": code, "errorInfo": message}}


def _h(code: str, message: str) -> Json:
    return {"code": int(code), "message": message}


def _i(code: str, message: str) -> Json:
    return {"errorCode": code, "errorMessage": message}


ENDPOINTS: Mapping[str, Endpoint] = {
    "com.alibaba.fenxiao.crossborder/pool.product.pull": Endpoint(products.POOL, products.pool, _a),
    "com.alibaba.fenxiao.crossborder/product.search.queryProductDetail": Endpoint(products.DETAIL, products.detail, _a),
    "com.alibaba.fenxiao.crossborder/product.search.keywordQuery": Endpoint(
        products.KEYWORD, products.search, _a, attrgetter("grants_search")
    ),
    "com.alibaba.fenxiao.crossborder/product.search.querySellerOfferList": Endpoint(
        products.SHOP, products.search, _a, attrgetter("grants_search")
    ),
    "com.alibaba.product/alibaba.product.follow.crossborder": Endpoint(products.FOLLOW, products.follow, _h),
    "com.alibaba.trade/alibaba.createOrder.preview": Endpoint(trade.PREVIEW, trade.preview, _d),
    "com.alibaba.trade/alibaba.trade.createCrossOrder": Endpoint(
        trade.CREATE, trade.create, _c, attrgetter("grants_orders")
    ),
    "com.alibaba.trade/alibaba.trade.getBuyerOrderList": Endpoint(views.ORDER_LIST, views.order_list, _i),
    "com.alibaba.trade/alibaba.trade.get.buyerView": Endpoint(views.ORDER_VIEW, views.order_view, _b),
    "com.alibaba.trade/alibaba.trade.pay.protocolPay.preparePay": Endpoint(trade.PAY, trade.pay, _a),
    "com.alibaba.logistics/logistics.delivery.urge": Endpoint(aftersale.URGE, aftersale.urge, _a),
    "com.alibaba.trade/alibaba.trade.cancel": Endpoint(aftersale.CANCEL, aftersale.cancel, _f),
    "com.alibaba.trade/alibaba.trade.getRefundReasonList": Endpoint(aftersale.REASON_LIST, aftersale.reason_list, _a),
    "com.alibaba.trade/alibaba.trade.getMaxRefundFee": Endpoint(aftersale.MAX_FEE, aftersale.max_fee, _a),
    "com.alibaba.trade/alibaba.trade.createRefund": Endpoint(aftersale.CREATE, aftersale.create, _a),
    "com.alibaba.trade/alibaba.trade.refund.OpQueryOrderRefund": Endpoint(aftersale.QUERY_ONE, aftersale.query_one, _i),
    "com.alibaba.trade/alibaba.trade.refund.OpQueryBatchRefundByOrderIdAndStatus": Endpoint(
        aftersale.QUERY_ORDER, aftersale.query_order, _i
    ),
    "com.alibaba.logistics/alibaba.trade.getLogisticsInfos.buyerView": Endpoint(views.LOGISTICS, views.logistics, _b),
    "com.alibaba.logistics/alibaba.trade.getLogisticsTraceInfo.buyerView": Endpoint(
        logistics.TRACE, logistics.trace, _b
    ),
    "com.alibaba.trade/trade.receivegoods.confirm": Endpoint(logistics.CONFIRM, logistics.confirm, _g),
}


class Mock1688:
    """1688 in small: one gateway, its sellers and buyers, on the given clock."""

    def __init__(self, clock: Clock, push: Push) -> None:
        self.state = State(clock)
        self.pushes = Pushes(self.state, push)
        self.sellers = Sellers(self.state, self.pushes)
        self.control = Control(self.state, self.pushes, self.sellers)
        self._app = Starlette(
            routes=[
                Route("/openapi/param2/1/{namespace}/{api}/{app_key}", self._gateway, methods=["GET", "POST"]),
                Route("/openapi/param2/1/{namespace}/{api}/", self._gateway, methods=["GET", "POST"]),
                Route("/_books", self._show_books, methods=["GET"]),
                *self.control.routes(),
            ]
        )

    def asgi(self) -> Starlette:
        """The app, to be served or reached in process."""
        return self._app

    def books(self) -> Mapping[str, object]:
        """Orders, money, what was taken back, calls and refusals, as JSON values."""
        return books(self.state)

    async def _show_books(self, request: Request) -> Response:
        return JSONResponse(self.books())

    async def _gateway(self, request: Request) -> Response:
        api = request.path_params["api"]
        self.state.calls[api] += 1
        fault = self.state.fault_for(api)
        if fault == "unavailable":
            return HTMLResponse("<html><body>upstream unavailable</body></html>", status_code=503)
        form = dict(parse_qsl(request.url.query, keep_blank_values=True))
        form |= parse_qsl((await request.body()).decode(), keep_blank_values=True)
        try:
            answer = self._answer(request.path_params, form, fault)
        except GatewayRefusal as refusal:
            self.state.refused[refusal.code] += 1
            if fault == "lose_answer":
                self.state.fail(api, fault, 1)  # nothing was done whose answer could be lost
            body = {"error_code": refusal.code, "error_message": refusal.message, "exception": refusal.message}
            return JSONResponse(body, status_code=refusal.status)
        if fault == "lose_answer":
            await self.state.clock.sleep(_LOST)
        if api in _MONEY:
            await self.state.clock.sleep(self.state.switches.trade_delay_seconds)
        return JSONResponse(answer)

    def _answer(self, path: Mapping[str, str], form: dict[str, str], fault: FaultName | None) -> Json:
        if fault == "rate_limit":
            raise GatewayRefusal("gw.QosAppFrequencyLimit", "App call exceeds limited frequency")
        if not path.get("app_key"):
            raise GatewayRefusal("gw.AppKeyMissing", "appKey is missing")
        account = self.state.account_of(path["app_key"])
        if account is None:
            raise GatewayRefusal("gw.AppKeyNotFound", "appKey is not found")
        if (path["namespace"], path["api"]) == ("system.oauth2", "getToken"):
            return self._renewed(account, form)
        if fault == "token_expired":
            self.state.renew_token(account)
        endpoint = self._let_in(account, path, form)
        params = from_form(endpoint.fields, {name: form[name] for name in form if name not in _SYSTEM_PARAMS})
        return self._acted(endpoint, account, params, fault)

    def _let_in(self, account: Account, path: Mapping[str, str], form: dict[str, str]) -> Endpoint:
        given = form.get("_aop_signature", "")
        if not given:
            raise GatewayRefusal("gw.SignatureMissing", "signature is missing")
        expected = sign(account.app_secret, "param2/1/{namespace}/{api}/{app_key}".format(**path), form)
        if not hmac.compare_digest(expected.encode(), given.encode()):
            raise GatewayRefusal("gw.SignatureInvalid", "signature is invalid")
        self._check_token(account, form.get("access_token", ""))
        endpoint = ENDPOINTS.get(f"{path['namespace']}/{path['api']}")
        if endpoint is None:
            raise GatewayRefusal("gw.APIUnsupported", "API is not supported")
        if not endpoint.granted(account):
            raise GatewayRefusal("gw.APIACLDecline", "AppKey is not allowed(acl)")
        return endpoint

    def _check_token(self, account: Account, token: str) -> None:
        if not token:
            raise GatewayRefusal("401", "Request need user authenticated", status=401)
        over = account.token_expires_at is not None and account.token_expires_at <= self.state.clock.now()
        if over or token != account.access_token:
            raise GatewayRefusal("401", "Request need user authorized", status=401)

    def _acted(self, endpoint: Endpoint, account: Account, params: Json, fault: FaultName | None) -> Json:
        before = len(self.state.orders)
        try:
            answer = endpoint.act(self.state, account, params)
        except BusinessRefusal as refusal:
            self.state.refused[refusal.code] += 1
            return endpoint.refuse(refusal.code, refusal.message)
        self.pushes.bought(list(self.state.orders.values())[before:] if len(self.state.orders) > before else ())
        if endpoint.act is trade.pay:
            paid = self.state.order(params["tradeWithholdPreparePayParam"]["orderId"])
            self.pushes.order_changed(paid, "ORDER_PAY")
            return trade.payment(fault != "pay_says_no")
        if endpoint.act is aftersale.cancel:
            self.pushes.order_changed(self.state.order(params["tradeID"]), "ORDER_BUYER_CLOSE")
        if endpoint.act is logistics.confirm:
            received = self.state.order(params["orderId"])
            self.pushes.order_changed(received, "ORDER_COMFIRM_RECEIVEGOODS")
            self.pushes.order_changed(received, "ORDER_SUCCESS")
        if endpoint.act is aftersale.create:
            order = self.state.order(params["orderId"])
            self.sellers.asked(order, order.refunds[-1])
        return answer

    def _renewed(self, account: Account, form: dict[str, str]) -> Json:
        """A new access token; the answer leaves out the refresh token, which stays in force (1688.md §2)."""
        expected = {
            "grant_type": "refresh_token",
            "client_id": account.app_key,
            "client_secret": account.app_secret,
            "refresh_token": account.refresh_token,
        }
        if {name: value for name, value in form.items() if name != "_aop_signature"} != expected:
            raise GatewayRefusal("invalid_grant", "the refresh token is not valid")
        self.state.renew_token(account)
        return {
            "access_token": account.access_token,
            "expires_in": str(int(TOKEN_LIFE.total_seconds())),
            "refresh_token_timeout": views.time_text(self.state.now() + timedelta(days=180)),
            "aliId": account.member_id.removeprefix("b2b-"),
            "resource_owner": f"buyer{account.number}",
            "memberId": account.member_id,
        }
