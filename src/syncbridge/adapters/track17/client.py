"""17TRACK's calls: a JSON array of at most 40 numbers in, those that were taken and those that were not out."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence

import msgspec

from syncbridge.adapters.http import Answer, Call, Request, Signer, VendorHttp
from syncbridge.adapters.track17 import answers, wire
from syncbridge.adapters.track17.answers import VENDOR
from syncbridge.adapters.track17.settings import Track17Settings
from syncbridge.errors import AccessExpired
from syncbridge.ports import Tokens, TokenVault, Wiring

MOST = 40
"""Numbers of one call."""

Item = Mapping[str, str | int]


class Track17Client:
    """One API key's calls. All raise `syncbridge.errors`."""

    def __init__(self, settings: Track17Settings, wiring: Wiring) -> None:
        self._url = settings.base_url.rstrip("/")
        self._http = VendorHttp(VENDOR, wiring, _KeySigner(wiring.tokens, settings))

    async def close(self) -> None:
        """Let go of the connections."""
        await self._http.close()

    async def register(self, items: Sequence[Item]) -> wire.Payload:
        """Have numbers followed; each costs one of the account's quota, once, so that it may be sent again."""
        return await self._send("register", items)

    async def track_info(self, items: Sequence[Item]) -> wire.Payload:
        """How far registered parcels are."""
        return await self._send("gettrackinfo", items)

    async def _send(self, api: str, items: Sequence[Item]) -> wire.Payload:
        params = {"items": msgspec.json.encode(items).decode()}
        call = Call(api, f"{self._url}/{api}", params, group="orders")
        return await self._http.call(call, functools.partial(answers.payload, api))


class _KeySigner(Signer):
    """Sends the API key as a header; it is never renewed."""

    def __init__(self, vault: TokenVault, settings: Track17Settings) -> None:
        super().__init__(vault)
        self._token = settings.token

    def signed(self, request: Request, tokens: Tokens) -> Request:
        headers = {
            "17token": self._token.get_secret_value(),
            "Content-Type": "application/json",
            "Accept-Encoding": "identity",
        }
        content = request.extensions["params"]["items"].encode()
        return Request("POST", request.url, headers=headers, content=content, extensions=request.extensions)

    def says_expired(self, answer: Answer) -> bool:
        return False

    def refresh_request(self, tokens: Tokens) -> Request:
        raise AccessExpired(f"{VENDOR} gives no tokens", vendor=VENDOR)

    def refreshed(self, answer: Answer, old: Tokens) -> Tokens:
        raise AccessExpired(f"{VENDOR} gives no tokens", vendor=VENDOR)
