"""Authorising at the mock: the page where a person says yes, the code it answers, and tokens for it (1688.md §2)."""

from __future__ import annotations

import hmac
from datetime import datetime
from urllib.parse import urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from syncbridge.adapters.alibaba1688.mock.accounts import Account
from syncbridge.adapters.alibaba1688.mock.params import Json
from syncbridge.adapters.alibaba1688.mock.pushes import sign
from syncbridge.adapters.alibaba1688.mock.refusals import GatewayRefusal
from syncbridge.adapters.alibaba1688.mock.state import State
from syncbridge.adapters.alibaba1688.mock.views import time_text

_ASKED = ("client_id", "site", "redirect_uri", "state")


def page(state: State, request: Request, *, site: str, signed: bool) -> Response:
    """What a person sees; the mock's say yes at once and are sent back with a code."""
    asked = dict(request.query_params)
    if any(not asked.get(name) for name in _ASKED):
        return HTMLResponse("<html><body>缺少必要参数</body></html>")
    account = state.account_of(asked["client_id"])
    if account is None or asked["site"] != site or not _may_go_back(account, asked["redirect_uri"]):
        return HTMLResponse("<html><body>非法请求</body></html>")
    if signed and not hmac.compare_digest(
        sign(account.app_secret, "", asked).encode(), asked.get("_aop_signature", "").encode()
    ):
        return HTMLResponse("<html><body>非法请求</body></html>")
    code = account.new_code(asked["redirect_uri"], state.clock.now())
    joint = "&" if "?" in asked["redirect_uri"] else "?"
    back = urlencode({"code": code, "state": asked["state"]})
    return RedirectResponse(f"{asked['redirect_uri']}{joint}{back}", status_code=302)


def by_code(state: State, account: Account, form: Json) -> Json:
    """Tokens for a code, which is good once and for two minutes."""
    _check_client(account, form, "authorization_code")
    code, now = account.codes.pop(form.get("code", ""), None), state.clock.now()
    if code is None or code.ends_at <= now or code.redirect_uri != form.get("redirect_uri"):
        raise _refused("the code is not valid")
    account.renew(now)
    account.postpone(now)
    with_refresh = form.get("need_refresh_token") == "true"
    return _grant(account) | ({"refresh_token": account.refresh_token} if with_refresh else {})


def by_refresh_token(state: State, account: Account, form: Json) -> Json:
    """A new access token; the answer leaves out the refresh token, which stays in force."""
    _check_client(account, form, "refresh_token")
    _check_refresh_token(account, form, state.clock.now())
    state.renew_token(account)
    return _grant(account)


def postponed(state: State, account: Account, form: Json) -> Json:
    """A new refresh token with its whole life before it; the old one stays in force for its own."""
    now = state.clock.now()
    if form.get("client_id") != account.app_key or form.get("client_secret") != account.app_secret:
        raise _refused("client_id or client_secret is not valid")
    _check_refresh_token(account, form, now)
    if form.get("access_token") != account.access_token:
        raise GatewayRefusal("401", "Request need user authorized", status=401)
    account.postpone(now)
    return _grant(account) | {"refresh_token": account.refresh_token}


def _check_client(account: Account, form: Json, grant_type: str) -> None:
    wanted = {"grant_type": grant_type, "client_id": account.app_key, "client_secret": account.app_secret}
    if any(form.get(name) != value for name, value in wanted.items()):
        raise _refused("grant_type, client_id or client_secret is not valid")


def _check_refresh_token(account: Account, form: Json, now: datetime) -> None:
    over = account.refresh_expires_at is not None and account.refresh_expires_at <= now
    if over or not account.is_refresh_token(form.get("refresh_token", "")):
        raise _refused("the refresh token is not valid")


def _grant(account: Account) -> Json:
    answer = {
        "access_token": account.access_token,
        "aliId": account.member_id.removeprefix("b2b-"),
        "resource_owner": f"buyer{account.number}",
        "memberId": account.member_id,
    }
    if account.token_life is not None:
        answer["expires_in"] = str(int(account.token_life.total_seconds()))
    if account.refresh_expires_at is not None:
        answer["refresh_token_timeout"] = time_text(account.refresh_expires_at)
    return answer


def _may_go_back(account: Account, redirect_uri: str) -> bool:
    try:
        host = urlsplit(redirect_uri).hostname
    except ValueError:
        return False
    return bool(host) and account.redirect_domain in ("", host)


def _refused(why: str) -> GatewayRefusal:
    return GatewayRefusal("invalid_grant", why)
