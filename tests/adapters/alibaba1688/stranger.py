"""Somebody else's client of 1688, written from the vendor's documents alone: it knows nothing of ours.

It is told what `syncbridge mock` prints, and signs, authorises, calls and takes messages by itself.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Awaitable, Mapping
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import httpx
import pytest

CROSSBORDER = "com.alibaba.fenxiao.crossborder"
PRODUCT = "com.alibaba.product"
TRADE = "com.alibaba.trade"
LOGISTICS = "com.alibaba.logistics"
MESSAGES = "cn.alibaba.open"
CALLBACK = "https://stranger.example/callback"


def signed(secret: str, path: str, params: Mapping[str, str]) -> str:
    """HMAC-SHA1 over the path and the sorted joined pairs, in upper-case hex."""
    text = path + "".join(sorted(name + value for name, value in params.items() if name != "_aop_signature"))
    return hmac.new(secret.encode(), text.encode(), hashlib.sha1).hexdigest().upper()


class Refused(Exception):
    """HTTP 4xx or 5xx with the gateway's envelope."""

    def __init__(self, response: httpx.Response) -> None:
        body = response.json()
        super().__init__(body["error_code"], body["error_message"])
        self.status = response.status_code
        self.code = body["error_code"]


class Stranger:
    """One app and the buyer who authorised it."""

    def __init__(self, account: Mapping[str, str], transport: httpx.AsyncBaseTransport | None = None) -> None:
        self.key, self.secret = account["app_key"], account["app_secret"]
        self.token, self.refresh_token = account["access_token"], account["refresh_token"]
        self._app = {"client_id": self.key, "client_secret": self.secret}
        self._gateway, self._auth = account["base_url"], account["auth_url"]
        self.http = httpx.AsyncClient(transport=transport)
        self.called: set[str] = set()

    async def call(self, api: str, *, by: str = "POST", **params: object) -> Any:
        """A call with everything signed; objects and lists as JSON text."""
        self.called.add(api)
        path = f"param2/1/{api}/{self.key}"
        form = {name: v if isinstance(v, str) else json.dumps(v) for name, v in params.items() if v is not None}
        if self.token:
            form["access_token"] = self.token
        form["_aop_signature"] = signed(self.secret, path, form)
        url = f"{self._gateway}/openapi/{path}"
        if by == "GET":
            return self._answer(await self.http.get(url, params=form))
        return self._answer(await self.http.post(url, data=form))

    async def upload(self, api: str, name: str, content: bytes) -> Any:
        """A call with a file: what is signed goes into the address, the file into a part, unsigned."""
        self.called.add(api)
        path = f"param2/1/{api}/{self.key}"
        form = {"access_token": self.token}
        form["_aop_signature"] = signed(self.secret, path, form)
        files = {name: ("proof.jpg", content, "image/jpeg")}
        return self._answer(await self.http.post(f"{self._gateway}/openapi/{path}", params=form, files=files))

    async def authorise(self, state: str = "s1", **changes: str) -> httpx.Response:
        """Open the page where a person says yes."""
        asked = {"client_id": self.key, "site": "1688", "redirect_uri": CALLBACK, "state": state} | changes
        return await self.http.get(f"{self._auth}/oauth/authorize", params=asked)

    async def authorise_the_old_way(self, **changes: str) -> httpx.Response:
        """The page the older clients open, whose address is signed without a path."""
        asked = {"client_id": self.key, "site": "china", "redirect_uri": CALLBACK, "state": "s1"}
        asked["_aop_signature"] = signed(self.secret, "", asked)
        return await self.http.get(f"{self._auth}/auth/authorize.htm", params=asked | changes)

    async def exchange(self, code: str, **changes: str) -> Any:
        """Tokens for a code."""
        form = {
            "grant_type": "authorization_code",
            "need_refresh_token": "true",
            "client_id": self.key,
            "client_secret": self.secret,
            "redirect_uri": CALLBACK,
            "code": code,
        } | changes
        url = f"{self._gateway}/openapi/http/1/system.oauth2/getToken/{self.key}"
        return self._answer(await self.http.post(url, data=form))

    async def renew(self, refresh_token: str = "") -> Any:
        """A new access token."""
        form = {"grant_type": "refresh_token", "refresh_token": refresh_token or self.refresh_token}
        url = f"{self._gateway}/openapi/param2/1/system.oauth2/getToken/{self.key}"
        return self._answer(await self.http.post(url, data=form | self._app))

    async def postpone(self) -> Any:
        """A new refresh token."""
        form = {"access_token": self.token, "refresh_token": self.refresh_token}
        url = f"{self._gateway}/openapi/param2/1/system.oauth2/postponeToken/{self.key}"
        return self._answer(await self.http.post(url, data=form | self._app))

    def code_in(self, response: httpx.Response) -> str:
        """What the page sent the person back with."""
        assert response.status_code == 302
        back = parse_qs(urlsplit(response.headers["location"]).query)
        assert back["state"] == ["s1"]
        return back["code"][0]

    def message_in(self, body: bytes) -> dict[str, Any]:
        """A pushed message, once its signature is found to be right."""
        params = dict(parse_qsl(body.decode(), keep_blank_values=True))
        assert params.pop("_aop_signature").upper() == signed(self.secret, "", params)
        message: dict[str, Any] = json.loads(params["message"])
        return message

    async def close(self) -> None:
        await self.http.aclose()

    def _answer(self, response: httpx.Response) -> Any:
        if response.status_code >= 400:
            raise Refused(response)
        return response.json()


async def refused(call: Awaitable[Any]) -> tuple[int, str]:
    """How the gateway refused it."""
    with pytest.raises(Refused) as caught:
        await call
    return caught.value.status, caught.value.code
