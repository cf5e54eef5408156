"""An account is opened at each vendor's mock as a person does it, and its calls work from then on."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from syncbridge import texts
from syncbridge.adapters.alibaba1688.mock.app import Mock1688
from syncbridge.adapters.aliexpress.mock import AliExpressMock
from syncbridge.adapters.aliexpress.mock.world import Account
from syncbridge.bootstrap import Opening, SystemClock, find_adapter, open_database
from syncbridge.cli import connecting
from syncbridge.cli.connecting import Connecting
from syncbridge.errors import AccessExpired, NotGranted
from syncbridge.model.shipping import ShippingService
from syncbridge.ports import Clock
from syncbridge.settings import Settings
from syncbridge.store import accounts
from syncbridge.testing.clock import FixedClock
from syncbridge.testing.faults import FaultTransport
from syncbridge.web.callback import Returned, returned

CALLBACK = "http://127.0.0.1:8689/callback"


async def nobody(_url: str, _body: bytes, _headers: Mapping[str, str]) -> int:
    return 0


class Vendor:
    """A mock with one account that nobody has opened yet, and a person with a browser."""

    def __init__(self, adapter: str, folder: Path) -> None:
        self.clock: Clock = FixedClock(SystemClock().now())
        self.mock = find_adapter(adapter).mock(self.clock, nobody)  # type: ignore[misc]  # both have one
        keys = self._open()
        account = {"adapter": adapter, "base_url": "http://mock", "auth_url": "http://mock", **keys}
        self.settings = Settings.model_validate(
            {
                "database_url": f"sqlite:///{folder}/store.db",
                "key_file": folder / "store.key",
                "accounts": {"shop": account},
            }
        )
        self.transport = FaultTransport(self.mock.asgi(), lambda _: None)

    def _open(self) -> dict[str, str]:
        if isinstance(self.mock, Mock1688):
            buyer = self.mock.state.add_account()
            return {"app_key": buyer.app_key, "app_secret": buyer.app_secret}
        assert isinstance(self.mock, AliExpressMock)
        seller = self.mock.world.open_account()
        return {"app_key": seller.app_key, "app_secret": seller.app_secret}

    async def browse(self, page: str) -> str:
        """Log in, agree, and follow where the vendor sends the browser."""
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=self.mock.asgi())) as browser:  # type: ignore[arg-type]  # an ASGI app
            answer = await browser.get(page)
        assert answer.status_code == 302, answer.text
        return str(answer.headers["location"])

    def connect(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """As `syncbridge accounts connect shop` does, with that browser."""
        pages: list[str] = []

        async def wait_for(callback: str, is_ours: object, *, seconds: float) -> Returned:
            return returned(await self.browse(pages[-1]))

        monkeypatch.setattr(connecting, "wait_for", wait_for)
        monkeypatch.setattr(connecting, "show", pages.append)
        words = texts.texts("en")
        one = Connecting(self.settings, "shop", words, False, clock=self.clock, transport=self.transport)
        asyncio.run(one.run(None, 60))

    def call(self) -> list[ShippingService] | list[str]:
        """A call that needs the tokens, later than any before."""
        assert isinstance(self.clock, FixedClock)
        self.clock.advance(60)

        async def run() -> list[ShippingService] | list[str]:
            db = open_database(self.settings)
            try:
                opening = Opening(self.settings, db, self.clock, transports={"shop": self.transport})
                connection = await opening.connect("shop")
                try:
                    if connection.channel is not None:
                        return list(await connection.channel.shipping_services())
                    assert connection.supplier is not None
                    return [o.vendor_order_id async for p in connection.supplier.orders(since=None) for o in p.items]
                finally:
                    await connection.close()
            finally:
                await db.close()

        return asyncio.run(run())

    def owner(self) -> str:
        async def run() -> str:
            db = open_database(self.settings)
            try:
                return (await db.read(accounts.tokens_of, "shop")).owner
            finally:
                await db.close()

        return asyncio.run(run())


@pytest.fixture(params=["alibaba1688", "aliexpress"])
def vendor(request: pytest.FixtureRequest, tmp_path: Path) -> Vendor:
    return Vendor(request.param, tmp_path)


def test_an_account_nobody_opened_calls_nothing_and_works_once_it_is(
    vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(AccessExpired):
        vendor.call()

    vendor.connect(monkeypatch)
    vendor.call()
    assert vendor.owner() in {f"b2b-{2_248_544_001}", *(each.seller_id for each in sellers(vendor))}


def test_it_is_opened_again_the_same_way_when_it_is_over(vendor: Vendor, monkeypatch: pytest.MonkeyPatch) -> None:
    vendor.connect(monkeypatch)
    assert isinstance(vendor.clock, FixedClock)
    vendor.clock.advance(timedelta(days=400).total_seconds())
    with pytest.raises(AccessExpired):
        vendor.call()

    vendor.connect(monkeypatch)
    vendor.call()


def test_a_person_who_corrected_what_was_refused_need_not_wait_a_day(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vendor = Vendor("aliexpress", tmp_path)
    (seller,) = sellers(vendor)
    seller.platform = "buyerApp"
    with pytest.raises(NotGranted, match="log in to the seller centre"):
        vendor.connect(monkeypatch)

    seller.platform = "seller_center"
    vendor.connect(monkeypatch)
    vendor.call()


def sellers(vendor: Vendor) -> list[Account]:
    return list(vendor.mock.world.accounts) if isinstance(vendor.mock, AliExpressMock) else []
