"""Authorisation (aliexpress.md §2): the seller's consent, codes of three minutes, tokens and their renewal."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from urllib.parse import urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from syncbridge.adapters.aliexpress.mock.apis import understood
from syncbridge.adapters.aliexpress.mock.words import Words
from syncbridge.adapters.aliexpress.mock.world import SELLER_CENTER, Account, Refused, World

Payload = dict[str, object]
CODE_LIFETIME = timedelta(minutes=3)


class Create(Words):
    """/auth/token/create and /auth/token/security/create."""

    code: str
    uuid: str | None = None


class Refresh(Words):
    """/auth/token/refresh."""

    refresh_token: str


class ConsentPage:
    """The page in the browser, whose seller always agrees at once."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def authorize(self, request: Request) -> Response:
        """Send the browser back to the app's callback with a code, and the state it came with."""
        asked = request.query_params
        account = self._world.account_of_app(asked.get("client_id", ""))
        callback = asked.get("redirect_uri", "")
        if account is None:
            return _wrong("client_id is no app's key")
        if asked.get("response_type") != "code":
            return _wrong("response_type is not code")
        if account.callback not in ("", callback) or urlsplit(callback).scheme not in ("http", "https"):
            return _wrong("redirect_uri is not the app's callback")
        code = f"3_{account.app_key}_{self._world.secret(24)}"
        account.codes[code] = (self._world.now() + CODE_LIFETIME, asked.get("uuid", ""))
        back = {"code": code} | ({"state": asked["state"]} if "state" in asked else {})
        return RedirectResponse(f"{callback}{'&' if '?' in callback else '?'}{urlencode(back)}", 302)


def create(world: World, account: Account, given: Mapping[str, str]) -> Payload:
    """Tokens for a code, which works once; a ``uuid`` spoils it, as documented."""
    return _created(world, account, given, Refused("InvalidCode", "The specified code is invalid or expired"))


def create_securely(world: World, account: Account, given: Mapping[str, str]) -> Payload:
    """The same with fewer fields and another refusal."""
    told = _created(world, account, given, Refused("isv.402", "Creation failed"))
    return {
        name: value
        for name, value in told.items()
        if name not in ("account", "account_platform", "user_nick", "havana_id")
    }


def refresh(world: World, account: Account, given: Mapping[str, str]) -> Payload:
    """Both tokens new; the day by which to authorise again does not move."""
    asked = understood(Refresh, given)
    known = {account.refresh_token}
    if world.refresh_grace:
        known |= account.spent_refresh_tokens
    if asked.refresh_token not in known or world.now() >= account.refresh_expires_at:
        raise Refused("IllegalRefreshToken", "The specified refresh token is invalid or expired")
    world.issue_tokens(account)
    return _tokens(world, account)


SYSTEM_APIS: Mapping[str, Callable[[World, Account, Mapping[str, str]], Payload]] = {
    "/auth/token/create": create,
    "/auth/token/security/create": create_securely,
    "/auth/token/refresh": refresh,
}


def _created(world: World, account: Account, given: Mapping[str, str], refusal: Refused) -> Payload:
    asked = understood(Create, given)
    until, uuid = account.codes.pop(asked.code, (world.now(), ""))
    if world.now() >= until or asked.uuid is not None or uuid:
        raise refusal
    world.authorise(account)
    return _tokens(world, account)


def _tokens(world: World, account: Account) -> Payload:
    now = world.now()
    return {
        "access_token": account.access_token,
        "refresh_token": account.refresh_token,
        "expires_in": int((account.access_expires_at - now).total_seconds()),
        "refresh_expires_in": int((account.refresh_expires_at - now).total_seconds()),
        "expire_time": int(account.access_expires_at.timestamp() * 1000),
        "refresh_token_valid_time": int(account.refresh_expires_at.timestamp() * 1000),
        "seller_id": account.seller_id,
        "user_id": account.seller_id,
        "user_nick": f"cn{account.seller_id}",
        "havana_id": account.seller_id,
        "account": f"cn{account.seller_id}",
        "account_id": None if account.platform == SELLER_CENTER else account.seller_id,
        "account_platform": account.platform,
        "sp": "ae",
        "locale": "zh_CN",
    }


def _wrong(why: str) -> Response:
    return HTMLResponse(f"<html><body><h1>Authorization failed</h1><p>{why}</p></body></html>", 400)
