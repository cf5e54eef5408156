"""A mock 1688 with one account, and our supplier connected to it in process."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

import httpx
import pytest

from syncbridge.adapters.alibaba1688 import adapter
from syncbridge.adapters.alibaba1688.mock.app import Mock1688
from syncbridge.adapters.alibaba1688.mock.records import NewOrder
from syncbridge.adapters.alibaba1688.mock.shop import checked_lines, take
from syncbridge.adapters.alibaba1688.mock.words import wire_offer
from syncbridge.adapters.alibaba1688.settings import Alibaba1688Settings
from syncbridge.adapters.alibaba1688.supplier import Alibaba1688Supplier
from syncbridge.model.catalog import Offer
from syncbridge.model.purchasing import PurchaseDraft
from syncbridge.ports import Tokens
from syncbridge.testing.builders import make_offer
from syncbridge.testing.clock import FixedClock
from syncbridge.testing.faults import Fault, FaultTransport
from syncbridge.testing.wiring import MemoryVault, wiring_for
from tests.adapters.alibaba1688.caller import Caller
from tests.adapters.alibaba1688.stranger import Stranger

Opening = Callable[..., Awaitable[Stranger]]

WRITES = (
    "alibaba.trade.createCrossOrder",
    "alibaba.trade.pay.protocolPay.preparePay",
    "alibaba.trade.cancel",
    "alibaba.trade.createRefund",
    "trade.receivegoods.confirm",
)


class Bench:
    """Both sides of the table: the harness of the contracts, and the mock's own control."""

    def __init__(self) -> None:
        self.clock = FixedClock()
        self.pushed: list[tuple[str, bytes]] = []
        self.push_answers: list[int] = []
        self.mock = Mock1688(self.clock, self._take_push)
        self.account = self.mock.state.add_account()
        self.faults: list[tuple[str, Fault]] = []
        self.losing = False
        self.settings = Alibaba1688Settings(
            app_key=self.account.app_key, app_secret=self.account.app_secret, offer_pool_id="1"
        )
        self.secrets = (self.account.app_secret, self.account.access_token, self.account.refresh_token)
        self.wiring = wiring_for(
            FaultTransport(self.mock.asgi(), self._decide),
            self.clock,
            Tokens(self.account.access_token, self.account.refresh_token),
        )
        self.connection = adapter.connect(self.settings, self.wiring)

    @property
    def supplier(self) -> Alibaba1688Supplier:
        assert isinstance(self.connection.supplier, Alibaba1688Supplier)
        return self.connection.supplier

    @property
    def vault(self) -> MemoryVault:
        assert isinstance(self.wiring.tokens, MemoryVault)
        return self.wiring.tokens

    def publish(self, offer: Offer) -> None:
        self.mock.state.publish(wire_offer(offer))

    def withdraw(self, offer_id: str) -> None:
        self.mock.state.withdraw(int(offer_id))

    def refuse_orders(self) -> None:
        self.account.grants_orders = False

    def refuse_search(self) -> None:
        self.account.grants_search = False

    def vendor_orders(self) -> Mapping[str, object]:
        return {str(order_id): order for order_id, order in self.mock.state.orders.items()}

    def buy_on_the_page(self, draft: PurchaseDraft) -> str:
        cargo = [
            {"offerId": int(line.offer_id), "specId": line.spec_id, "quantity": line.quantity} for line in draft.lines
        ]
        lines = checked_lines(self.mock.state, cargo)
        take(self.mock.state, lines)
        (order,) = self.mock.state.buy(NewOrder(self.account, lines, {}, draft.note))
        return str(order.order_id)

    def ship(self, vendor_order_id: str, number: str) -> None:
        self.mock.state.ship(self.mock.state.order(int(vendor_order_id)), number, "圆通速递(YTO)")

    def tell(self, vendor_order_id: str, number: str, said: str, *, signed: bool) -> None:
        order = self.mock.state.order(int(vendor_order_id))
        self.mock.sellers.trace(order, number, "SIGN" if signed else "TRANSPORT", said)

    def answer_refund(self, vendor_order_id: str, *, agree: bool) -> None:
        self.mock.sellers.answer(self.mock.state.order(int(vendor_order_id)), agree=agree, reason="已发货")

    def pass_time(self, seconds: float) -> None:
        self.clock.advance(seconds)

    def limit_next_call(self) -> None:
        self.mock.state.fail("*", "rate_limit", 1)

    def lose_next_answer(self) -> None:
        self.losing = True

    def break_next(self, api: str, fault: Fault) -> None:
        self.faults.append((api, fault))

    async def control(self, path: str, body: object = None) -> dict[str, object]:
        """A call of the mock's control API."""
        transport = httpx.ASGITransport(app=self.mock.asgi())
        async with httpx.AsyncClient(transport=transport, base_url="http://mock") as client:
            response = await client.post(f"/_mock/{path}", json=body or {})
            return response.raise_for_status().json()

    def _decide(self, request: httpx.Request) -> Fault | None:
        if self.losing and any(f"/{api}/" in request.url.path for api in WRITES):
            self.losing = False
            return Fault.RESET
        for api, fault in self.faults:
            if f"/{api}/" in request.url.path:
                self.faults.remove((api, fault))
                return fault
        return None

    async def _take_push(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        self.pushed.append((url, body))
        return self.push_answers.pop(0) if self.push_answers else 200


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    """A fresh world."""
    bench = Bench()
    yield bench
    await bench.connection.close()


@pytest.fixture
def call(bench: Bench) -> Caller:
    """A client of the mock, which sells one offer."""
    bench.publish(make_offer())
    return Caller(bench)


@pytest.fixture
async def opened(bench: Bench) -> AsyncIterator[Opening]:
    """Opens accounts at a mock that sells one offer."""
    bench.publish(make_offer())
    strangers: list[Stranger] = []

    async def opening(**account: object) -> Stranger:
        made: Any = await bench.control("accounts", {"denied": [], **account})
        urls = {"base_url": "http://mock", "auth_url": "http://mock"}
        strangers.append(Stranger(made | urls, httpx.ASGITransport(app=bench.mock.asgi())))
        return strangers[-1]

    yield opening
    for stranger in strangers:
        await stranger.close()


@pytest.fixture
async def stranger(opened: Opening) -> Stranger:
    return await opened()
