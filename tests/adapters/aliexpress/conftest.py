"""Three ways to a store: ours on the mock, ours with answers the test writes, and a seller who signs by hand."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlencode

import httpx
import pytest

from syncbridge.adapters.aliexpress import adapter
from syncbridge.adapters.aliexpress.channel import AliExpressChannel
from syncbridge.adapters.aliexpress.contracts import Store, anyio_backend
from syncbridge.adapters.aliexpress.mock import AliExpressMock
from syncbridge.adapters.aliexpress.settings import AliExpressSettings
from syncbridge.adapters.aliexpress.shop_type import SHOP_TYPE
from syncbridge.ports import Clock, Tokens
from syncbridge.testing.clock import FixedClock, VirtualClock
from syncbridge.testing.wiring import wiring_for

__all__ = ["Store", "anyio_backend"]


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture(scope="session")
def make_store() -> type[Store]:
    return Store


Answer = object
Answers = Callable[[str, dict[str, str]], Answer]
Answering = Callable[..., AliExpressChannel]


@pytest.fixture
def answering() -> Answering:
    """A channel whose vendor answers what the test says: JSON, or a whole response."""

    def make(answers: Answers, *, clock: Clock | None = None, **settings: object) -> AliExpressChannel:
        def handle(request: httpx.Request) -> httpx.Response:
            if request.url.params.get("method") == SHOP_TYPE:
                return httpx.Response(200, json={"seller_relation_list": [{"business_type": "POP"}]})
            given = dict(parse_qsl(request.url.query.decode())) | dict(parse_qsl(request.content.decode()))
            answer = answers(given.get("method", request.url.path), given)
            if isinstance(answer, httpx.Response):
                return answer
            return httpx.Response(200, content=json.dumps(answer).encode())

        wiring = wiring_for(httpx.MockTransport(handle), clock or FixedClock(), Tokens("access", "refresh"))
        chosen = AliExpressSettings.model_validate({"app_key": "123456", "app_secret": "helloworld", **settings})
        channel = adapter.connect(chosen, wiring).channel
        assert isinstance(channel, AliExpressChannel)
        return channel

    return make


class Seller:
    """An app that signs by hand."""

    form: ClassVar = {"Content-Type": "application/x-www-form-urlencoded;charset=UTF-8"}

    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.received: list[tuple[bytes, dict[str, str]]] = []
        self.receipts: list[int] = []
        self.mock = AliExpressMock(self.clock, self._receive)
        self.http = httpx.AsyncClient(transport=httpx.ASGITransport(self.mock.asgi()), base_url="http://mock")
        self.keys: dict[str, str] = {}

    async def _receive(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        self.received.append((body, dict(headers)))
        return self.receipts.pop(0) if self.receipts else 200

    async def open(self, webhook_url: str = "") -> None:
        self.keys = await self.control("/_mock/accounts", {"webhook_url": webhook_url})
        await self.control("/_mock/settings", {"audit_seconds": 0})

    async def control(self, path: str, words: Mapping[str, object], status: int = 200) -> dict[str, Any]:
        response = await self.http.post(path, json=words)
        assert response.status_code == status, response.text
        told: dict[str, Any] = response.json()
        return told

    async def books(self) -> dict[str, Any]:
        told: dict[str, Any] = (await self.http.get("/_books")).json()
        return told

    async def sync(
        self, method: str, business: Mapping[str, object] | None = None, *, secret: str | None = None, **common: str
    ) -> Any:
        given = {"method": method, "session": self.keys["access_token"], "simplify": "true"} | common
        body = {
            name: value if isinstance(value, str) else json.dumps(value) for name, value in (business or {}).items()
        }
        return await self._call("/sync", "", given, body, secret)

    async def rest(self, path: str, business: dict[str, str], **common: str) -> Any:
        return await self._call(f"/rest{path}", path, common, business, None)

    async def _call(
        self, url: str, signed_path: str, common: dict[str, str], body: dict[str, str], secret: str | None
    ) -> Any:
        """Its JSON, or all of an answer that is none."""
        query = {
            "app_key": self.keys["app_key"],
            "sign_method": "sha256",
            "timestamp": str(int(self.clock.now().timestamp() * 1000)),
        } | common
        query = {name: value for name, value in query.items() if value}
        everything = query | body
        text = signed_path + "".join(name + everything[name] for name in sorted(everything))
        key = (secret or self.keys["app_secret"]).encode()
        query["sign"] = hmac.new(key, text.encode(), hashlib.sha256).hexdigest().upper()
        response = await self.http.post(f"{url}?{urlencode(query)}", data=body or None, headers=self.form)
        return response.json() if response.headers["content-type"] == "application/json" else response

    async def order(self, **words: object) -> str:
        line = {"sku_code": "TYA001", "quantity": 2, "price": "19.90"}
        given = {"access_token": self.keys["access_token"], "lines": [line], "push": False} | words
        order_id: str = (await self.control("/_mock/orders", given))["order_id"]
        return order_id

    async def post(self, stock: int = 7) -> Any:
        product = json.loads((Path(__file__).parent / "product.json").read_text())
        product["aeop_ae_product_s_k_us"][0]["ipm_sku_stock"] = stock
        return await self.sync("aliexpress.offer.product.post", {"aeop_a_e_product": product})


@pytest.fixture
async def seller() -> AsyncIterator[Seller]:
    made = Seller()
    await made.open()
    yield made
    await made.http.aclose()
