"""The gateway: who may call what, and in which shape it is answered (aliexpress.md §1–§3)."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from syncbridge.adapters.aliexpress.mock.api_list import APIS
from syncbridge.adapters.aliexpress.mock.oauth import SYSTEM_APIS
from syncbridge.adapters.aliexpress.mock.received import Received, received
from syncbridge.adapters.aliexpress.mock.shapes import enveloped
from syncbridge.adapters.aliexpress.mock.world import SELLER_CENTER, Account, Refused, World

_SKEW = timedelta(seconds=7200)
_LOST_FOR = 60.0
_PAGES = {"unavailable": 503, "html": 200}
"""Failures that are a web page, with its HTTP status."""
_COMMON = frozenset(
    {"app_key", "method", "timestamp", "sign_method", "sign", "session", "access_token"}
    | {"format", "v", "simplify", "partner_id", "debug"}
)
_ASKS_SHOP_TYPE = ("global.",)
_SERVED = ("POP", "POP_CHOICE")
"""Kinds of business whose sellers these calls are for."""


class Gateway:
    """Answers /sync and /rest."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def sync(self, request: Request) -> Response:
        """A business call; refusals come with HTTP 200, under ``error_response``."""
        try:
            asked = await received(request)
            given = asked.texts
            api = given.get("method", "")
            self._world.calls[api] += 1
            account = self._signed_by(given, "", request)
            if api not in APIS:
                raise Refused("InvalidApiPath", "The specified API path is invalid")
            fault = self._world.next_fault(api)
            self._meet(fault, account)
            if fault in _PAGES:
                return _page(_PAGES[fault])
            self._check_access(account, given, api)
            business = {name: value for name, value in given.items() if name not in _COMMON}
            payload = APIS[api].act(self._world, account, Received(business, asked.files))
        except Refused as refused:
            return self._refusal(refused)
        await self._lose(fault)
        simplify = given.get("simplify") == "true"
        return _cut(JSONResponse(enveloped(api, payload, self._request_id(), simplify=simplify)), fault)

    async def rest(self, request: Request) -> Response:
        """A system call; answers are flat."""
        path = f"/{request.path_params['path']}"
        self._world.calls[path] += 1
        try:
            asked = await received(request)
            account = self._signed_by(asked.texts, path, request)
            if path not in SYSTEM_APIS:
                raise Refused("InvalidApiPath", "The specified API path is invalid")
            fault = self._world.next_fault(path)
            self._meet(fault, account)
            if fault in _PAGES:
                return _page(_PAGES[fault])
            business = {name: value for name, value in asked.texts.items() if name not in _COMMON}
            payload = SYSTEM_APIS[path](self._world, account, business)
        except Refused as refused:
            return self._flat_refusal(refused)
        await self._lose(fault)
        return _cut(JSONResponse({"code": "0", **payload, "request_id": self._request_id()}), fault)

    def _signed_by(self, given: Mapping[str, str], path: str, request: Request) -> Account:
        for name in ("app_key", "timestamp", "sign_method", "sign"):
            if not given.get(name):
                raise Refused("MissingParameter", f"The required parameter {name} is missing")
        account = self._world.account_of_app(given["app_key"])
        if account is None:
            raise Refused("InvalidAppKey", "The specified App Key is invalid")
        if given["sign_method"] != "sha256" or not _is_signed(given, account.app_secret, path):
            raise Refused("IncompleteSignature", "The request signature does not conform to platform standards")
        if abs(self._world.now() - _moment(given["timestamp"])) > _SKEW:
            raise Refused("InvalidParameter", "timestamp is more than 7200 seconds off")
        address = request.client.host if request.client else ""
        if account.ip_whitelist and address not in account.ip_whitelist:
            raise Refused("AppWhiteIpLimit", f"The request address {address} is not in the app's IP whitelist")
        if banned := self._world.quota.spend(account.app_key, self._world.now()):
            raise Refused(*banned)
        return account

    def _check_access(self, account: Account, given: Mapping[str, str], api: str) -> None:
        """Raise Refused unless the token is in force, the API granted, and the seller one of those it is for."""
        token = given.get("session") or given.get("access_token")
        if not token:
            raise Refused("MissingParameter", "The required parameter session is missing")
        if token != account.access_token or self._world.now() >= account.access_expires_at:
            raise Refused("IllegalAccessToken", "The specified access token is invalid or expired")
        account.spent_refresh_tokens.clear()
        if api.startswith(account.withdrawn):
            raise Refused("InsufficientPermission", "The app has no permission to call the API")
        is_served = account.platform == SELLER_CENTER and any(kind in _SERVED for kind in account.business_types)
        if not is_served and not api.startswith(_ASKS_SHOP_TYPE):
            raise Refused("15", "Remote service error", sub_code="F00-10-10000-001", sub_msg="account not found")

    def _meet(self, fault: str | None, account: Account) -> None:
        if fault == "rate_limit":
            raise Refused("ApiCallLimit", "Api access frequency exceeds the limit. this ban will last 1 seconds")
        if fault == "token_expired":
            account.access_expires_at = self._world.now()

    async def _lose(self, fault: str | None) -> None:
        """Having acted, keep the answer until nobody waits for it any more."""
        if fault == "lose_answer":
            await self._world.clock.sleep(_LOST_FOR)

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


def _is_signed(given: Mapping[str, str], secret: str, path: str) -> bool:
    base = path + "".join(name + given[name] for name in sorted(given) if name != "sign")
    expected = hmac.new(secret.encode(), base.encode(), hashlib.sha256).hexdigest().upper()
    return hmac.compare_digest(expected.encode(), given["sign"].encode())


def _moment(stamp: str) -> datetime:
    """A timestamp in milliseconds, or as a date in UTC."""
    try:
        if stamp.isdecimal():
            return datetime.fromtimestamp(int(stamp) / 1000, UTC)
        return datetime.strptime(stamp, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
    except (OSError, OverflowError, ValueError) as error:
        raise Refused("InvalidParameter", "timestamp is neither in milliseconds nor a date") from error


def _page(status: int) -> Response:
    return HTMLResponse("<html><body><h1>Service Temporarily Unavailable</h1></body></html>", status)


def _cut(answer: JSONResponse, fault: str | None) -> Response:
    """Half of the answer, where it is to be truncated."""
    if fault != "truncated":
        return answer
    return Response(bytes(answer.body)[: len(answer.body) // 2], media_type="application/json")
