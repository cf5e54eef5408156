"""A client of the mock 1688 that signs by hand, and may get it wrong."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from typing import TYPE_CHECKING, Any

import httpx

if TYPE_CHECKING:
    from tests.adapters.alibaba1688.conftest import Bench

TRADE = "com.alibaba.trade"
CREATE = f"{TRADE}/alibaba.trade.createCrossOrder"
OFFER = 676651652931
ADDRESS = {
    "fullName": "张三",
    "mobile": "15251667788",
    "phone": "0517-88990077",
    "provinceText": "浙江省",
    "cityText": "杭州市",
    "areaText": "滨江区",
    "address": "网商路699号",
}
CARGO = {"offerId": OFFER, "specId": f"{1:032x}", "quantity": 3}


class Caller:
    """Calls the gateway as its documents say, or not quite."""

    def __init__(self, bench: Bench) -> None:
        self.account = bench.account
        self.params: dict[str, str] = {"access_token": self.account.access_token}
        transport = httpx.ASGITransport(app=bench.mock.asgi())
        self._client = httpx.AsyncClient(transport=transport, base_url="http://mock")

    async def __call__(self, api: str, **params: Any) -> httpx.Response:
        form = self.params | {k: v if isinstance(v, str) else json.dumps(v) for k, v in params.items()}
        path = f"param2/1/{api}/{self.account.app_key}"
        text = path + "".join(sorted(key + value for key, value in form.items()))
        digest = hmac.new(self.account.app_secret.encode(), text.encode(), hashlib.sha1).hexdigest()
        return await self._client.post(f"/openapi/{path}", data={"_aop_signature": digest.upper(), **form})

    async def create(self, **changes: Any) -> dict[str, Any]:
        params = {"flow": "general", "addressParam": ADDRESS, "cargoParamList": [CARGO]} | changes
        made: dict[str, Any] = (await self(CREATE, **params)).json()
        return made


def code(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.json().get("error_code", "")


async def settled() -> None:
    """Let background tasks run to their end."""
    for _ in range(50):
        await asyncio.sleep(0)
