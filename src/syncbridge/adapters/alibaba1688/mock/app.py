"""The mock's gateway: signature, then token, then right, then parameters (1688.md §3.1), then the API itself."""

from __future__ import annotations

import hmac
from collections.abc import Mapping

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from syncbridge.adapters.alibaba1688.mock import oauth, trade, views
from syncbridge.adapters.alibaba1688.mock.accounts import Account
from syncbridge.adapters.alibaba1688.mock.apis import ENDPOINTS
from syncbridge.adapters.alibaba1688.mock.books import books
from syncbridge.adapters.alibaba1688.mock.control import Control
from syncbridge.adapters.alibaba1688.mock.endpoint import Endpoint
from syncbridge.adapters.alibaba1688.mock.envelopes import ENVELOPES
from syncbridge.adapters.alibaba1688.mock.forms import read_form
from syncbridge.adapters.alibaba1688.mock.params import Json, from_form
from syncbridge.adapters.alibaba1688.mock.pushes import Pushes, sign
from syncbridge.adapters.alibaba1688.mock.refusals import BusinessRefusal, GatewayRefusal
from syncbridge.adapters.alibaba1688.mock.seller import Sellers
from syncbridge.adapters.alibaba1688.mock.state import FaultName, State
from syncbridge.ports import Clock, Push

_MONEY = (
    "alibaba.trade.createCrossOrder",
    "alibaba.trade.fastCreateOrder",
    "alibaba.trade.fenxiaoOrder.create",
    "alibaba.trade.pay.protocolPay.preparePay",
)
_LOST = 60.0
_SYSTEM_PARAMS = ("_aop_signature", "_aop_timestamp", "_aop_datePattern", "access_token")

TIME = "system/currentTime"
TOKENS = ("system.oauth2/getToken", "system.oauth2/postponeToken")
"""Calls beside the table: they are let in otherwise (1688.md §1.1, §2)."""
_CODE = ("http", "system.oauth2/getToken")


class Mock1688:
    """1688 in small: one gateway, its sellers and buyers, on the given clock."""

    def __init__(self, clock: Clock, push: Push) -> None:
        self.state = State(clock)
        self.pushes = Pushes(self.state, push)
        self.sellers = Sellers(self.state, self.pushes)
        self.control = Control(self.state, self.pushes, self.sellers)
        self._app = Starlette(
            routes=[
                Route("/openapi/{protocol}/1/{namespace}/{api}/{app_key}", self._gateway, methods=["GET", "POST"]),
                Route("/openapi/{protocol}/1/{namespace}/{api}/", self._gateway, methods=["GET", "POST"]),
                Route("/openapi/{rest:path}", self._nowhere, methods=["GET", "POST"]),
                Route("/oauth/authorize", self._authorize, methods=["GET"]),
                Route("/auth/authorize.htm", self._authorize_of_old, methods=["GET"]),
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

    async def _authorize(self, request: Request) -> Response:
        return oauth.page(self.state, request, site="1688", signed=False)

    async def _authorize_of_old(self, request: Request) -> Response:
        return oauth.page(self.state, request, site="china", signed=True)

    async def _nowhere(self, request: Request) -> Response:
        return self._refused(GatewayRefusal("gw.APIUnsupported", "API is not supported"))

    async def _gateway(self, request: Request) -> Response:
        api = request.path_params["api"]
        self.state.calls[api] += 1
        fault = self.state.fault_for(api)
        if fault == "unavailable":
            return HTMLResponse("<html><body>upstream unavailable</body></html>", status_code=503)
        body, kind = await request.body(), request.headers.get("content-type", "")
        try:
            form, files = read_form(request.url.query, kind, body)
            answer = self._answer(request.path_params, form, files, fault)
        except GatewayRefusal as refusal:
            if fault == "lose_answer":
                self.state.fail(api, fault, 1)  # nothing was done whose answer could be lost
            return self._refused(refusal)
        if fault == "lose_answer":
            await self.state.clock.sleep(_LOST)
        if api in _MONEY:
            await self.state.clock.sleep(self.state.switches.trade_delay_seconds)
        return JSONResponse(answer)

    def _refused(self, refusal: GatewayRefusal) -> Response:
        self.state.refused[refusal.code] += 1
        body = {"error_code": refusal.code, "error_message": refusal.message, "exception": refusal.message}
        return JSONResponse(body, status_code=refusal.status)

    def _answer(
        self, path: Mapping[str, str], form: dict[str, str], files: dict[str, bytes], fault: FaultName | None
    ) -> object:
        if fault == "rate_limit":
            raise GatewayRefusal("gw.QosAppFrequencyLimit", "App call exceeds limited frequency")
        if not path.get("app_key"):
            raise GatewayRefusal("gw.AppKeyMissing", "appKey is missing")
        account = self.state.account_of(path["app_key"])
        if account is None:
            raise GatewayRefusal("gw.AppKeyNotFound", "appKey is not found")
        name = f"{path['namespace']}/{path['api']}"
        if name in TOKENS:
            return self._tokens(account, path["protocol"], name, form)
        if path["protocol"] != "param2":
            raise GatewayRefusal("gw.APIUnsupported", "API is not supported")
        if fault == "token_expired":
            self.state.renew_token(account)
        self._check_signature(account, path, form)
        if name == TIME:
            return views.exact_time_text(self.state.clock.now())
        endpoint = self._let_in(account, name, path["api"], form)
        given = {name: form[name] for name in form if name not in _SYSTEM_PARAMS}
        return self._acted(endpoint, account, from_form(endpoint.fields, given, files), fault)

    def _tokens(self, account: Account, protocol: str, name: str, form: dict[str, str]) -> Json:
        if (protocol, name) == _CODE:
            return oauth.by_code(self.state, account, form)
        if name == "system.oauth2/postponeToken":
            return oauth.postponed(self.state, account, form)
        return oauth.by_refresh_token(self.state, account, form)

    def _check_signature(self, account: Account, path: Mapping[str, str], form: dict[str, str]) -> None:
        given = form.get("_aop_signature", "")
        if not given:
            raise GatewayRefusal("gw.SignatureMissing", "signature is missing")
        expected = sign(account.app_secret, "param2/1/{namespace}/{api}/{app_key}".format(**path), form)
        if not hmac.compare_digest(expected.encode(), given.encode()):
            raise GatewayRefusal("gw.SignatureInvalid", "signature is invalid")

    def _let_in(self, account: Account, name: str, api: str, form: dict[str, str]) -> Endpoint:
        endpoint = ENDPOINTS.get(name)
        if endpoint is None or endpoint.needs_token:
            self._check_token(account, form.get("access_token", ""))
        if endpoint is None:
            raise GatewayRefusal("gw.APIUnsupported", "API is not supported")
        if not endpoint.needs_grant(account) or api in account.denied:
            raise GatewayRefusal("gw.APIACLDecline", "AppKey is not allowed(acl)")
        for quota in filter(None, (self.state.quotas.get(api), self.state.quotas.get("*"))):
            quota.spend(self.state.clock.now())
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
            return ENVELOPES[endpoint.envelope].refused(refusal.code, refusal.message)
        if len(self.state.orders) > before:
            self.pushes.bought(list(self.state.orders.values())[before:])
        if endpoint.after is not None:
            endpoint.after(self.state, self.pushes, self.sellers, params)
        return trade.payment(False) if fault == "pay_says_no" and endpoint.act is trade.pay else answer
