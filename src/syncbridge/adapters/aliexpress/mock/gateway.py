"""The gateway: who may call what, with which parameters, and in which shape it is answered (aliexpress.md §1–§3)."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime, timedelta
from typing import TypeVar
from urllib.parse import parse_qsl

import msgspec
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from syncbridge.adapters.aliexpress.mock import products, shipping, shipping_words, trade, words
from syncbridge.adapters.aliexpress.mock.world import Account, Refused, World

P = TypeVar("P")
Payload = dict[str, object]
REFRESH = "/auth/token/refresh"
_SKEW = timedelta(seconds=7200)
_LOST_FOR = 60.0
_COMMON = frozenset(
    {"app_key", "method", "timestamp", "sign_method", "sign", "session", "access_token"}
    | {"format", "v", "simplify", "partner_id", "debug"}
)
_ITEM_NAMES = {
    "target_list": "aeop_order_item_dto",
    "product_list": "aeop_order_product_dto",
    "child_order_list": "aeop_tp_child_order_dto",
    "logistic_info_list": "aeop_tp_logistic_info_dto",
    "result_list": "aeop_logistics_service_result",
    "aeop_ae_product_s_k_us": "aeop_ae_product_sku",
    "aeop_s_k_u_property_list": "aeop_sku_property",
    "aeop_a_e_product_display_d_t_o_list": "aeop_a_e_product_display_sample_dto",
    "subject_list": "subject",
    "detail_source_list": "detail_source",
    "error_details": "error_detail",
    "product_ids": "number",
    "sub_trade_order_list": "aeop_seller_shipment_sub_trade_order_dto",
    "shipment_list": "aeop_shipment_dto",
    "details": "detail",
    "sender_seller_address_list": "sender_seller_address",
    "pickup_seller_address_list": "pickup_seller_address",
    "refund_seller_address_list": "refund_seller_address",
}
"""What the items of a list are called where simplify is off (aliexpress.md §1.6)."""


Api = Callable[[World, Account, Mapping[str, str]], Payload]


def _api(shape: type[P], act: Callable[[World, Account, P], Payload], *json_names: str) -> Api:
    """One business API: what it does, and which of its parameters are JSON texts."""

    def run(world: World, account: Account, given: Mapping[str, str]) -> Payload:
        return act(world, account, _understood(shape, given, json_names))

    return run


APIS: Mapping[str, Api] = {
    "aliexpress.offer.product.post": _api(words.PostProduct, products.post, "aeop_a_e_product"),
    "aliexpress.offer.product.edit": _api(words.PostProduct, products.edit, "aeop_a_e_product"),
    "aliexpress.offer.product.query": _api(words.QueryProduct, products.query),
    "aliexpress.offer.product.skuprices.edit": _api(words.EditPrices, products.edit_prices, "sku_id_price_map"),
    "aliexpress.postproduct.redefining.editsingleskuprice": _api(words.EditSinglePrice, products.edit_price),
    "aliexpress.postproduct.redefining.editmutilpleskustocks": _api(words.EditStock, products.edit_stock, "sku_stocks"),
    "aliexpress.postproduct.redefining.findproductinfolistquery": _api(
        words.ListProducts, products.find, "aeop_a_e_product_list_query"
    ),
    "aliexpress.postproduct.redefining.onlineaeproduct": _api(words.SwitchProducts, products.put_online),
    "aliexpress.postproduct.redefining.offlineaeproduct": _api(words.SwitchProducts, products.take_offline),
    "aliexpress.trade.seller.orderlist.get": _api(words.ListOrders, trade.find_list, "param_aeop_order_query"),
    "aliexpress.trade.new.redefining.findorderbyid": _api(words.FindOrder, trade.find_one, "param1"),
    "aliexpress.logistics.redefining.listlogisticsservice": _api(words.Nothing, trade.services),
    "aliexpress.logistics.sellershipmentfortop": _api(words.DeclareShipment, trade.declare),
    "aliexpress.logistics.querysellershipmentinfo": _api(words.QueryShipments, trade.declared),
    "aliexpress.logistics.sellermodifiedshipmentfortop": _api(shipping_words.ModifyShipment, trade.modify),
    "aliexpress.logistics.redefining.getonlinelogisticsservicelistbyorderid": _api(
        shipping_words.AskServices, shipping.services
    ),
    "aliexpress.logistics.service.query": _api(
        shipping_words.QueryServices, shipping.queried_services, "interface_request"
    ),
    "aliexpress.logistics.redefining.getlogisticsselleraddresses": _api(
        shipping_words.AskAddresses, shipping.addresses, "seller_address_query"
    ),
    "aliexpress.logistics.createwarehouseorder": _api(
        shipping_words.CreateWarehouseOrder, shipping.create, "address_d_t_os"
    ),
    "aliexpress.logistics.redefining.getonlinelogisticsinfo": _api(shipping_words.AskOrders, shipping.orders),
    "aliexpress.logistics.redefining.getprintinfo": _api(shipping_words.AskLabel, shipping.label),
    "aliexpress.logistics.redefining.querytrackingresult": _api(shipping_words.AskTracking, shipping.tracking),
}


class Gateway:
    """Answers /sync and /rest."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def sync(self, request: Request) -> Response:
        """A business call; refusals come with HTTP 200, under ``error_response``."""
        try:
            given = await _received(request)
            api = given.get("method", "")
            self._world.calls[api] += 1
            account = self._signed_by(given, "")
            if api not in APIS:
                raise Refused("InvalidApiPath", "The specified API path is invalid")
            fault = self._world.next_fault(api)
            self._meet(fault, account)
            if fault == "unavailable":
                return _page()
            self._check_token(account, given)
            business = {name: value for name, value in given.items() if name not in _COMMON}
            payload = APIS[api](self._world, account, business)
        except Refused as refused:
            return self._refusal(refused)
        await self._lose(fault)
        return JSONResponse(_enveloped(api, payload, self._request_id(), simplify=given.get("simplify") == "true"))

    async def rest(self, request: Request) -> Response:
        """A system call, of which the mock knows the renewal of tokens; answers are flat."""
        path = f"/{request.path_params['path']}"
        self._world.calls[path] += 1
        try:
            given = await _received(request)
            account = self._signed_by(given, path)
            if path != REFRESH:
                raise Refused("InvalidApiPath", "The specified API path is invalid")
            fault = self._world.next_fault(path)
            self._meet(fault, account)
            if fault == "unavailable":
                return _page()
            payload = self._renew(account, given)
        except Refused as refused:
            return self._flat_refusal(refused)
        await self._lose(fault)
        return JSONResponse({"code": "0", **payload, "request_id": self._request_id()})

    def _signed_by(self, given: Mapping[str, str], path: str) -> Account:
        for name in ("app_key", "timestamp", "sign_method", "sign"):
            if not given.get(name):
                raise Refused("MissingParameter", f"The required parameter {name} is missing")
        account = self._world.account_of_app(given["app_key"])
        if account is None:
            raise Refused("InvalidAppKey", "The specified App Key is invalid")
        if given["sign_method"] != "sha256" or not _is_signed(given, account.app_secret, path):
            raise Refused("IncompleteSignature", "The request signature does not conform to platform standards")
        if not given["timestamp"].isdecimal():
            raise Refused("InvalidParameter", "timestamp is not in milliseconds")
        if abs(self._world.now() - _moment(given["timestamp"])) > _SKEW:
            raise Refused("InvalidParameter", "timestamp is more than 7200 seconds off")
        return account

    def _check_token(self, account: Account, given: Mapping[str, str]) -> None:
        token = given.get("session") or given.get("access_token")
        if not token:
            raise Refused("MissingParameter", "The required parameter session is missing")
        if token != account.access_token or self._world.now() >= account.access_expires_at:
            raise Refused("IllegalAccessToken", "The specified access token is invalid or expired")
        account.spent_refresh_tokens.clear()

    def _meet(self, fault: str | None, account: Account) -> None:
        if fault == "rate_limit":
            raise Refused("ApiCallLimit", "Api access frequency exceeds the limit. this ban will last 1 seconds")
        if fault == "token_expired":
            account.access_expires_at = self._world.now()

    async def _lose(self, fault: str | None) -> None:
        """Having acted, keep the answer until nobody waits for it any more."""
        if fault == "lose_answer":
            await self._world.clock.sleep(_LOST_FOR)

    def _renew(self, account: Account, given: Mapping[str, str]) -> Payload:
        business = {name: value for name, value in given.items() if name not in _COMMON}
        asked = _understood(words.Refresh, business)
        now = self._world.now()
        known = {account.refresh_token}
        if self._world.refresh_grace:
            known |= account.spent_refresh_tokens
        if asked.refresh_token not in known or now >= account.refresh_expires_at:
            raise Refused("IllegalRefreshToken", "The specified refresh token is invalid or expired")
        self._world.issue_tokens(account)
        return {
            "access_token": account.access_token,
            "refresh_token": account.refresh_token,
            "expires_in": int((account.access_expires_at - now).total_seconds()),
            "refresh_expires_in": int((account.refresh_expires_at - now).total_seconds()),
            "expire_time": int(account.access_expires_at.timestamp() * 1000),
            "refresh_token_valid_time": int(account.refresh_expires_at.timestamp() * 1000),
            "seller_id": account.seller_id,
            "user_id": account.seller_id,
            "account_id": None,
            "account_platform": "seller_center",
            "sp": "ae",
            "locale": "zh_CN",
        }

    def _refusal(self, refused: Refused) -> Response:
        self._world.refused[refused.sub_code or refused.code] += 1
        words_of_it = {
            "type": refused.type,
            "code": refused.code,
            "msg": refused.msg,
            "sub_code": refused.sub_code,
            "sub_msg": refused.sub_msg,
            "request_id": self._request_id(),
        }
        return JSONResponse({"error_response": {name: said for name, said in words_of_it.items() if said}})

    def _flat_refusal(self, refused: Refused) -> Response:
        self._world.refused[refused.code] += 1
        return JSONResponse(
            {
                "type": refused.type,
                "code": refused.code,
                "message": refused.msg,
                "request_id": self._request_id(),
            }
        )

    def _request_id(self) -> str:
        return f"2102{self._world.serial(10**15)}"


async def _received(request: Request) -> dict[str, str]:
    """Every parameter of query and body. One that comes twice must agree with itself; a blank one is refused."""
    form = request.headers.get("content-type", "").partition(";")[0].strip() == "application/x-www-form-urlencoded"
    if not form:
        raise Refused("InvalidParameter", "the body is not application/x-www-form-urlencoded")
    pairs = parse_qsl(request.url.query, keep_blank_values=True)
    pairs += parse_qsl((await request.body()).decode(), keep_blank_values=True)
    given: dict[str, str] = {}
    for name, value in pairs:
        if not value.strip():
            raise Refused("InvalidParameter", f"the parameter {name} is blank")
        if given.setdefault(name, value) != value:
            raise Refused("InvalidParameter", f"the parameter {name} comes twice")
    return given


def _is_signed(given: Mapping[str, str], secret: str, path: str) -> bool:
    base = path + "".join(name + given[name] for name in sorted(given) if name != "sign")
    expected = hmac.new(secret.encode(), base.encode(), hashlib.sha256).hexdigest().upper()
    return hmac.compare_digest(expected.encode(), given["sign"].encode())


def _moment(milliseconds: str) -> datetime:
    try:
        return datetime.fromtimestamp(int(milliseconds) / 1000, UTC)
    except (OverflowError, ValueError) as error:
        raise Refused("InvalidParameter", "timestamp is not in milliseconds") from error


def _understood(shape: type[P], given: Mapping[str, str], json_names: Collection[str] = ()) -> P:
    """The parameters as the API takes them; raises Refused for unknown, missing and mistyped ones."""
    values: dict[str, object] = {}
    for name, text in given.items():
        try:
            values[name] = msgspec.json.decode(text) if name in json_names else text
        except msgspec.DecodeError as error:
            raise Refused("InvalidParameter", f"{name} is not JSON: {error}") from error
    try:
        return msgspec.convert(values, shape)
    except msgspec.ValidationError as error:
        code = "MissingParameter" if "missing required" in str(error) else "InvalidParameter"
        raise Refused(code, str(error)) from error


def _enveloped(api: str, payload: Payload, request_id: str, *, simplify: bool) -> Payload:
    if simplify:
        return {**payload, "request_id": request_id}
    wrapped = _wrapped(payload)
    assert isinstance(wrapped, dict)  # noqa: S101  what goes in as an object comes out as one
    return {f"{api.replace('.', '_')}_response": {**wrapped, "request_id": request_id}}


def _wrapped(value: object) -> object:
    """Lists under the name of their items, empty ones left out (aliexpress.md §1.6)."""
    if isinstance(value, list):
        return [_wrapped(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        name: {_ITEM_NAMES[name]: _wrapped(item)} if isinstance(item, list) else _wrapped(item)
        for name, item in value.items()
        if item != []
    }


def _page() -> Response:
    return HTMLResponse("<html><body><h1>503 Service Temporarily Unavailable</h1></body></html>", 503)
