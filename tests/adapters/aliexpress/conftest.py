"""Three ways to a store: ours on the mock, ours with answers the test writes, and a seller who signs by hand."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import ClassVar
from urllib.parse import parse_qsl, urlencode

import httpx
import pytest

from syncbridge.adapters.aliexpress import adapter
from syncbridge.adapters.aliexpress.channel import AliExpressChannel
from syncbridge.adapters.aliexpress.mock import AliExpressMock
from syncbridge.adapters.aliexpress.mock.buying import (
    Basket,
    Home,
    Wish,
    accept_cancel,
    ask_to_cancel,
    buy,
    change_address,
)
from syncbridge.adapters.aliexpress.settings import AliExpressSettings
from syncbridge.adapters.aliexpress.shop_type import SHOP_TYPE
from syncbridge.model.orders import BuyerAddress, Order
from syncbridge.model.shipping import Declared, ParcelDraft, Shipment
from syncbridge.ports import Clock, Tokens
from syncbridge.testing.builders import make_declared, make_order, make_parcel
from syncbridge.testing.clock import FixedClock, VirtualClock, VirtualLoop
from syncbridge.testing.faults import Fault, FaultTransport
from syncbridge.testing.wiring import MemoryVault, wiring_for


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, object]]:
    return "asyncio", {"loop_factory": VirtualLoop}


async def _nobody_listens(url: str, body: bytes, headers: Mapping[str, str]) -> int:
    return 0


_READ_BEFORE = ("product.query", "findorderbyid", "getlogisticsselleraddresses")
"""What is read before a write that may be lost."""


class Store:
    """The vendor's side of the table, and our channel to it."""

    def __init__(self, clock: Clock | None = None, **settings: object) -> None:
        self.clock = clock or FixedClock()
        self.mock = AliExpressMock(self.clock, _nobody_listens)
        self.mock.world.audit_seconds = 0
        self.account = self.mock.world.open_account()
        self.secrets = (self.account.app_secret, self.account.access_token, self.account.refresh_token)
        self.next_faults: list[Fault | None] = []
        self.losing = False
        self.sent: list[httpx.Request] = []
        self.transport = FaultTransport(self.mock.asgi(), self._decide)
        self.settings = AliExpressSettings(
            app_key=self.account.app_key,
            app_secret=self.account.app_secret,
            base_url="http://mock",
            auth_url="http://mock",
            **settings,
        )
        tokens = Tokens(self.account.access_token, self.account.refresh_token)
        self.wiring = wiring_for(self.transport, self.clock, tokens)
        self.channel = adapter.connect(self.settings, self.wiring).channel
        assert isinstance(self.channel, AliExpressChannel)

    @property
    def vault(self) -> MemoryVault:
        assert isinstance(self.wiring.tokens, MemoryVault)
        return self.wiring.tokens

    def buy(self, order: Order) -> None:
        lines = [Wish(ln.sku_code, ln.quantity, ln.listing_id, str(ln.price.amount)) for ln in order.lines]
        home = order.address
        assert home
        assert order.ship_by
        basket = Basket(
            lines,
            Home(**asdict(home)),
            ship_within_hours=(order.ship_by - self.clock.now()).total_seconds() / 3600,
            order_id=order.order_id,
        )
        buy(self.mock.world, self.account, basket)

    def ask_to_cancel(self, order_id: str) -> None:
        ask_to_cancel(self.mock.world, self.mock.world.orders[int(order_id)], "no longer needed")

    def accept_cancel(self, order_id: str) -> None:
        accept_cancel(self.mock.world, self.mock.world.orders[int(order_id)])

    def change_address(self, order_id: str, address: BuyerAddress) -> None:
        change_address(self.mock.world, self.mock.world.orders[int(order_id)], asdict(address))

    @property
    def vendor(self) -> AliExpressChannel:
        assert isinstance(self.channel, AliExpressChannel)
        return self.channel

    def draft(self, number: int = 1) -> ParcelDraft:
        """All of one order, which is there from the first one on."""
        return make_parcel(f"SB7K2M{number:02d}", self._goods(), service="CAINIAO_STANDARD")

    def too_heavy(self) -> ParcelDraft:
        goods = replace(self._goods(), weight_g=30_000)
        return make_parcel("SB7K2M99", goods, service="CAINIAO_STANDARD", weight_g=60_000)

    def bookings(self) -> Mapping[str, int]:
        return Counter(one.domestic_no for one in self.mock.world.warehouse_orders)

    def _goods(self) -> Declared:
        order = self.mock.world.orders.get(8172481060036440)
        if order is None:
            self.buy(make_order("8172481060036440", self.clock.now()))
            order = self.mock.world.orders[8172481060036440]
        return make_declared(line_id=str(order.lines[0].child_id))

    def shipment(self, number: int = 1) -> Shipment:
        return Shipment("YANWEN_AM", f"UR{number:09d}YP")

    def declarations(self) -> Mapping[str, object]:
        return {str(order.order_id): order.declarations for order in self.mock.world.orders.values()}

    def listing_ids(self) -> tuple[str, ...]:
        return tuple(str(product_id) for product_id in self.mock.world.products)

    def pass_time(self, seconds: float) -> None:
        assert isinstance(self.clock, FixedClock)
        self.clock.advance(seconds)

    def limit_next_call(self) -> None:
        self.mock.world.plan_fault("*", "rate_limit")

    def lose_next_answer(self) -> None:
        self.losing = True

    def _decide(self, request: httpx.Request) -> Fault | None:
        if request.url.params.get("method") == SHOP_TYPE:
            return None  # asked once before all else; see test_shop_type.py
        self.sent.append(request)
        if self.losing and not request.url.params["method"].endswith(_READ_BEFORE):
            self.losing = False
            return Fault.LOSE_ANSWER
        return self.next_faults.pop(0) if self.next_faults else None


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture(scope="session")
def make_store() -> type[Store]:
    return Store


Answer = object
Answers = Callable[[str, dict[str, str]], Answer]


@pytest.fixture
def answering() -> Callable[..., AliExpressChannel]:
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
        chosen = AliExpressSettings(app_key="123456", app_secret="helloworld", **settings)
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

    async def _receive(self, url, body, headers):
        self.received.append((body, dict(headers)))
        return self.receipts.pop(0) if self.receipts else 200

    async def open(self, webhook_url=""):
        self.keys = await self.control("/_mock/accounts", {"webhook_url": webhook_url})
        await self.control("/_mock/settings", {"audit_seconds": 0})

    async def control(self, path, words, status=200):
        response = await self.http.post(path, json=words)
        assert response.status_code == status, response.text
        return response.json()

    async def books(self):
        return (await self.http.get("/_books")).json()

    async def sync(self, method, business=None, *, secret=None, **common):
        given = {"method": method, "session": self.keys["access_token"], "simplify": "true"} | common
        body = {
            name: value if isinstance(value, str) else json.dumps(value) for name, value in (business or {}).items()
        }
        return await self._call("/sync", "", given, body, secret)

    async def rest(self, path, business, **common):
        return await self._call(f"/rest{path}", path, common, business, None)

    async def _call(self, url, signed_path, common, body, secret):
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

    async def order(self, **words):
        line = {"sku_code": "TYA001", "quantity": 2, "price": "19.90"}
        given = {"access_token": self.keys["access_token"], "lines": [line], "push": False} | words
        return (await self.control("/_mock/orders", given))["order_id"]

    async def post(self, stock=7):
        product = json.loads((Path(__file__).parent / "product.json").read_text())
        product["aeop_ae_product_s_k_us"][0]["ipm_sku_stock"] = stock
        return await self.sync("aliexpress.offer.product.post", {"aeop_a_e_product": product})


@pytest.fixture
async def seller():
    made = Seller()
    await made.open()
    yield made
    await made.http.aclose()
