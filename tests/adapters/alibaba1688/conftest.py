"""A mock 1688 with one account, our supplier connected to it in process, and the mock's own control."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import pytest

from syncbridge.adapters.alibaba1688.contracts import Account
from syncbridge.testing.builders import make_offer
from tests.adapters.alibaba1688.caller import Caller
from tests.adapters.alibaba1688.stranger import Stranger

Opening = Callable[..., Awaitable[Stranger]]


class Bench(Account):
    """The harness of the contracts, and what a test does with the mock beside it."""

    async def control(self, path: str, body: object = None) -> dict[str, object]:
        """A call of the mock's control API."""
        transport = httpx.ASGITransport(app=self.mock.asgi())
        async with httpx.AsyncClient(transport=transport, base_url="http://mock") as client:
            response = await client.post(f"/_mock/{path}", json=body or {})
            told: dict[str, object] = response.raise_for_status().json()
            return told


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
