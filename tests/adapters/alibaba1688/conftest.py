"""A mock 1688 with one account, our supplier connected to it in process, and the mock's own control."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from syncbridge.adapters.alibaba1688.contracts import Account
from syncbridge.testing.builders import make_offer
from tests.adapters.alibaba1688.caller import Caller


class Bench(Account):
    """The harness of the contracts, and what a test does with the mock beside it."""

    async def control(self, path: str, body: object = None) -> dict[str, object]:
        """A call of the mock's control API."""
        transport = httpx.ASGITransport(app=self.mock.asgi())
        async with httpx.AsyncClient(transport=transport, base_url="http://mock") as client:
            response = await client.post(f"/_mock/{path}", json=body or {})
            return response.raise_for_status().json()


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
