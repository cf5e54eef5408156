"""A ban stops exactly the calls it is about, and a part of each day is kept for orders and tracking."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from urllib.parse import parse_qs

import httpx
import pytest

from syncbridge.adapters.aliexpress import adapter
from syncbridge.adapters.aliexpress.settings import AliExpressSettings
from syncbridge.errors import RateLimited
from syncbridge.ports import Channel, Tokens
from syncbridge.settings import LimitSettings
from syncbridge.store import quota
from syncbridge.store.db import InlineDatabase
from syncbridge.testing.clock import FixedClock
from syncbridge.testing.wiring import wiring_for
from syncbridge.wiring import Apps, GcraLimiter
from tests.queue.conftest import open_inline

pytestmark = pytest.mark.anyio
LIMIT = LimitSettings(per_second=5)
SERVICES = {"result_success": True, "result_list": []}
LISTED = {"result": {"success": True, "current_page": 1, "total_page": 1}}


class Vendor(httpx.AsyncBaseTransport):
    """Answers everything, or refuses the next call of a token so."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self.next: dict[str, dict[str, str]] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        asked = parse_qs(request.url.query.decode())
        account = asked["session"][0]
        self.calls[account] += 1
        if account in self.next:
            return httpx.Response(200, json={"error_response": {"type": "ISV", **self.next.pop(account)}})
        return httpx.Response(200, json=SERVICES if "logistics" in asked["method"][0] else LISTED)


class Shops:
    """Three stores: toys and pets of one app, tools of another."""

    def __init__(self, db: InlineDatabase) -> None:
        self.db = db
        self.clock = FixedClock()
        self.vendor = Vendor()
        self.apps: Apps = {}
        self.stores = {name: self.store(name, app) for name, app in (("toys", "1"), ("pets", "1"), ("tools", "2"))}

    def store(self, name: str, app: str, apps: Apps | None = None, limit: LimitSettings = LIMIT) -> Channel:
        own = AliExpressSettings.model_validate({"app_key": app, "app_secret": "s"})
        wiring = wiring_for(self.vendor, self.clock, Tokens(name), account=name)
        peers = (self.apps if apps is None else apps).setdefault(("aliexpress", app), [])
        object.__setattr__(wiring, "limiter", GcraLimiter(self.db, self.clock, name, limit, peers))
        channel = adapter.connect(own, wiring).channel
        assert channel is not None
        return channel

    def ban(self, name: str, code: str, words: str = "this ban will last 90 seconds") -> None:
        """So the vendor refuses the store's next call."""
        self.vendor.next[name] = {"code": code, "msg": words}

    async def stopped(self) -> set[str]:
        """Which stores' calls of which group are not even sent now."""
        found = set()
        for name, store in self.stores.items():
            for group, call in (("orders", store.shipping_services), ("catalogue", partial(listings, store))):
                before = self.vendor.calls[name]
                if await refused_as(call) == "ban" and self.vendor.calls[name] == before:
                    found.add(f"{name} {group}")
        return found


async def listings(store: Channel) -> None:
    async for _ in store.listings(since=None):
        return


@pytest.fixture
async def shops(tmp_path: Path) -> AsyncIterator[Shops]:
    db = open_inline(tmp_path)
    shops = Shops(db)
    assert await shops.stopped() == set()  # each has leased calls now, and knows what kind of shop it is
    yield shops
    await db.close()


@pytest.mark.parametrize(
    ("code", "stopped"),
    [
        ("ApiCallLimit", {"toys catalogue"}),
        ("SellerCallLimit", {"toys catalogue", "toys orders"}),
        ("AppCallLimit", {"toys catalogue", "toys orders", "pets catalogue", "pets orders"}),
        ("7", {"toys catalogue", "toys orders", "pets catalogue", "pets orders"}),
    ],
)
async def test_row_09_a_ban_stops_exactly_what_it_is_about_and_for_as_long_as_it_says(
    shops: Shops, code: str, stopped: set[str]
) -> None:
    shops.ban("toys", code)
    with pytest.raises(RateLimited) as refused:
        await listings(shops.stores["toys"])
    assert refused.value.retry_after == 90

    assert await shops.stopped() == stopped
    shops.clock.advance(85)
    assert await shops.stopped() == stopped
    shops.clock.advance(10)
    assert await shops.stopped() == set()


async def test_row_09_a_ban_until_midnight_in_china_is_kept_over_a_restart(shops: Shops) -> None:
    shops.ban("toys", "ApiCallLimit", "App Call Limited, ban until 24:00")
    with pytest.raises(RateLimited):
        await listings(shops.stores["toys"])
    await shops.db.run(quota.free_slots, now=shops.clock.now())

    shops.stores["toys"] = shops.store("toys", "1", apps={})
    assert await shops.stopped() == {"toys catalogue"}
    midnight = datetime(2026, 3, 2, 16, 0, tzinfo=UTC)
    figures = await shops.db.read(quota.calls, "toys", now=shops.clock.now())
    assert figures.banned["catalogue"][0] == midnight

    shops.clock.advance((midnight - shops.clock.now()).total_seconds())
    assert await shops.stopped() == set()


async def test_a_ban_reckoned_before_the_clock_was_set_back_stops_nothing(shops: Shops) -> None:
    shops.ban("toys", "ApiCallLimit")
    with pytest.raises(RateLimited):
        await listings(shops.stores["toys"])
    shops.clock.advance(-timedelta(days=3).total_seconds())
    assert await shops.stopped() == set()


async def test_a_ban_is_no_reason_for_the_breaker_and_costs_one_call(shops: Shops) -> None:
    shops.ban("toys", "ApiCallLimit")
    before = shops.vendor.calls["toys"]
    for _ in range(20):
        assert await refused_as(lambda: listings(shops.stores["toys"])) is not None
    assert shops.vendor.calls["toys"] == before + 1


async def test_row_44_the_catalogue_yields_in_the_afternoon_and_orders_go_on(shops: Shops) -> None:
    limit = LimitSettings.model_validate({"per_second": 5, "per_day": 100, "catalogue_share": "0.6"})
    limiter = GcraLimiter(shops.db, shops.clock, "books", limit)
    made = {"catalogue": 0, "orders": 0}
    for group in made:
        while await refused_as(partial(limiter.slot, group)) is None:
            made[group] += 1
    assert made == {"catalogue": 60, "orders": 40}

    midnight = datetime(2026, 3, 2, 16, 0, tzinfo=UTC)
    with pytest.raises(RateLimited, match="calls of today are used up: 100 of 100, 60 of catalogue") as refused:
        await limiter.slot("catalogue")
    assert refused.value.code == "own_quota"
    assert refused.value.retry_after == (midnight - shops.clock.now()).total_seconds()
    shops.clock.advance(refused.value.retry_after)
    assert await refused_as(lambda: limiter.slot("catalogue")) is None


async def test_row_44_orders_have_their_share_of_each_second_whatever_the_catalogue_does(shops: Shops) -> None:
    limit = LimitSettings.model_validate({"per_second": 10, "catalogue_share": "0.8"})
    limiter = GcraLimiter(shops.db, shops.clock, "books", limit)
    for _ in range(500):
        await limiter.slot("catalogue")
        lagging = limiter._clock.now()
        await limiter.slot("orders")
        assert (shops.clock.now() - lagging).total_seconds() <= 0.5
    assert (shops.clock.now() - datetime(2026, 3, 2, 1, tzinfo=UTC)).total_seconds() >= 499 / 2


async def refused_as(call: Callable[[], Awaitable[object]]) -> str | None:
    """The code under which a call had to wait; None if it was made."""
    try:
        await call()
    except RateLimited as limited:
        return limited.code
    return None
