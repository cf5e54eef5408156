"""A client for AliExpress written from its documents alone: it knows nothing of our adapter, and not its mock.

Signing, envelopes and shapes follow aliexpress.md §1 to §3; plain httpx, plain dicts.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

import httpx


class Refusal(Exception):
    """What the gateway or an API refused, in its own codes."""

    def __init__(self, said: dict[str, str]) -> None:
        super().__init__(said.get("sub_msg") or said.get("msg") or said.get("message", ""))
        self.code = said["code"]
        self.sub_code = said.get("sub_code", "")
        self.type = said.get("type", "")


class PlainClient:
    """One seller's app."""

    def __init__(self, http: httpx.AsyncClient, keys: dict[str, str], now: Callable[[], datetime]) -> None:
        self.http = http
        self.keys = keys
        self._now = now
        self.simplify = True
        self.token_parameter = "session"

    async def sync(self, method: str, file: bytes | None = None, **business: object) -> dict[str, Any]:
        """A business call: no path in the signature, common parameters in the query, files beside them unsigned."""
        common = self._common() | {"method": method, "format": "json", "v": "2.0"}
        common[self.token_parameter] = self.keys["access_token"]
        if self.simplify:
            common["simplify"] = "true"
        texts = {name: as_text(value) for name, value in business.items() if value not in (None, "")}
        query = common | {"sign": self.sign(common | texts)}
        answer = await self._post(f"/sync?{urlencode(query)}", texts, file)
        if "error_response" in answer:
            raise Refusal(answer["error_response"])
        if self.simplify:
            return answer
        (envelope,) = answer
        assert envelope == method.replace(".", "_") + "_response"
        simple: dict[str, Any] = bare(answer[envelope])
        return simple

    async def rest(self, path: str, **business: object) -> dict[str, Any]:
        """A system call: the path is signed, and everything may travel in the body."""
        given = self._common() | {name: as_text(value) for name, value in business.items()}
        given["sign"] = self.sign(given, path)
        answer = await self._post(f"/rest{path}", given, None)
        if answer["code"] != "0":
            raise Refusal(answer)
        return answer

    async def consent(self, callback: str, **more: str) -> httpx.Response:
        """What the page answers on which the seller agrees."""
        asked = {"response_type": "code", "force_auth": "true", "redirect_uri": callback}
        query = urlencode(asked | {"client_id": self.keys["app_key"]} | more)
        return await self.http.get(f"/oauth/authorize?{query}")

    def sign(self, given: Mapping[str, str], path: str = "") -> str:
        base = path + "".join(name + given[name] for name in sorted(given))
        return hmac.new(self.keys["app_secret"].encode(), base.encode(), hashlib.sha256).hexdigest().upper()

    def _common(self) -> dict[str, str]:
        stamp = str(int(self._now().timestamp() * 1000))
        return {"app_key": self.keys["app_key"], "sign_method": "sha256", "timestamp": stamp}

    async def _post(self, url: str, texts: Mapping[str, str], file: bytes | None) -> dict[str, Any]:
        if file is not None:
            parts: dict[str, tuple[str | None, str | bytes]] = {name: (None, value) for name, value in texts.items()}
            response = await self.http.post(url, files=parts | {"image_bytes": ("a.jpg", file)})
        else:
            response = await self.http.post(url, data=texts)
        assert response.status_code == 200
        told: dict[str, Any] = response.json()
        return told


def as_text(value: object) -> str:
    """A parameter as it goes over the wire: JSON for objects and lists."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def bare(value: Any) -> Any:
    """A list that is wrapped into an object by the name of its items stands bare again (§1.6)."""
    if isinstance(value, list):
        return [bare(item) for item in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1 and isinstance(next(iter(value.values())), list):
        return bare(next(iter(value.values())))
    return {name: bare(item) for name, item in value.items()}
