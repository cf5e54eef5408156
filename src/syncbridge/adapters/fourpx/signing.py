"""How a call of 4PX is signed: md5 over the sorted query, the very body and the secret (neighbours.md §4.1)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from urllib.parse import parse_qsl, urlencode

from syncbridge.adapters.fourpx.settings import FourPxSettings
from syncbridge.adapters.http import Answer, Request, Signer
from syncbridge.errors import AccessExpired
from syncbridge.ports import Clock, Tokens, Wiring

VENDOR = "4PX"


def sign(query: Mapping[str, str], body: str, secret: str) -> str:
    """The ``sign`` of a call, in lower hex; ``language`` and ``access_token`` are not among what is signed."""
    base = "".join(key + query[key] for key in sorted(query)) + body + secret
    return hashlib.md5(base.encode(), usedforsecurity=False).hexdigest()


class FourPxSigner(Signer):
    """Signs calls, whose body is the parameter ``body``; what has none is a file, and fetched as it is."""

    def __init__(self, settings: FourPxSettings, wiring: Wiring) -> None:
        super().__init__(wiring.tokens)
        self._settings = settings
        self._clock: Clock = wiring.clock

    def signed(self, request: Request, tokens: Tokens) -> Request:
        """The call with ``method`` and ``v`` from its address, and the rest of its query."""
        body = request.extensions["params"].get("body")
        extensions = dict(request.extensions)
        if body is None:
            return Request("GET", request.url, extensions=extensions)
        query = {
            **dict(parse_qsl(str(request.url.query, "ascii"))),
            "app_key": self._settings.app_key,
            "format": "json",
            "timestamp": str(int((self._clock.now() + self.skew).timestamp() * 1000)),
        }
        query["sign"] = sign(query, body, self._settings.app_secret.get_secret_value())
        address = str(request.url).partition("?")[0]
        headers = {"Content-Type": "application/json;charset=UTF-8"}
        url = f"{address}?{urlencode(query | {'language': 'en'})}"
        return Request("POST", url, content=body.encode(), headers=headers, extensions=extensions)

    def says_expired(self, answer: Answer) -> bool:
        """Never: a customer's own app has no token."""
        return False

    def refresh_request(self, tokens: Tokens) -> Request:
        """There is none; raises AccessExpired."""
        raise AccessExpired("4PX gives a customer's own app no tokens", vendor=VENDOR)

    def refreshed(self, answer: Answer, old: Tokens) -> Tokens:
        """There are none; raises AccessExpired."""
        raise AccessExpired("4PX gives a customer's own app no tokens", vendor=VENDOR)
