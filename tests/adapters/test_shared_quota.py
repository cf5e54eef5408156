"""Accounts of one app, at a vendor that counts by app: their calls are counted together, and other apps' apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from syncbridge.bootstrap import Opening, assemble, open_database
from syncbridge.errors import RateLimited, Rejected
from syncbridge.ports import Supplier
from syncbridge.settings import Settings, load_settings
from syncbridge.store import quota
from syncbridge.store.db import InlineDatabase
from syncbridge.testing.clock import FixedClock
from tests.queue.conftest import open_inline
from tests.web.conftest import STORE_KEY, write_settings

pytestmark = pytest.mark.anyio
APPS = {"main": "1", "second": "1", "other": "2"}


def chosen(**limits: object) -> Settings:
    accounts = {
        name: {"adapter": "alibaba1688", "app_key": app, "app_secret": "s", "access_token": "a"}
        for name, app in APPS.items()
    }
    return Settings.model_validate({"accounts": accounts, "limits": {"alibaba1688": {"per_second": 4} | limits}})


class Buyers:
    """Three accounts, and how many calls of each arrived."""

    def __init__(self, db: InlineDatabase, settings: Settings) -> None:
        self.clock = FixedClock()
        self.calls: Counter[str] = Counter()
        transports = {name: self.vendor(name) for name in APPS}
        self._opening = Opening(settings, db, self.clock, transports=transports)
        self._suppliers: dict[str, Supplier] = {}

    def vendor(self, name: str) -> httpx.MockTransport:
        def refuse(_request: httpx.Request) -> httpx.Response:
            self.calls[name] += 1
            return httpx.Response(200, json={"success": False, "errorCode": "400_1", "errorMessage": "no"})

        return httpx.MockTransport(refuse)

    async def ask(self, name: str) -> RateLimited | None:
        """One call of the catalogue; answers why it was not made."""
        if name not in self._suppliers:
            supplier = (await self._opening.connect(name)).supplier
            assert supplier is not None
            self._suppliers[name] = supplier
        try:
            await self._suppliers[name].offer("676651652931")
        except Rejected:
            return None
        except RateLimited as limited:
            return limited
        raise AssertionError("the vendor refuses everything")


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[InlineDatabase]:
    opened = open_inline(tmp_path)
    yield opened
    await opened.close()


async def test_accounts_of_one_app_share_its_calls_of_the_day_and_other_apps_do_not(db: InlineDatabase) -> None:
    buyers = Buyers(db, chosen(per_day=20, catalogue_share="0.5"))
    for name in ("main", "second") * 7:
        await buyers.ask(name)
    limited = await buyers.ask("second")

    assert buyers.calls == {"main": 5, "second": 5}
    assert limited is not None
    assert limited.code == "own_quota"
    assert await buyers.ask("other") is None


async def test_accounts_of_one_app_call_at_its_pace_together_and_wait_for_no_leases_of_each_other(
    db: InlineDatabase,
) -> None:
    buyers = Buyers(db, chosen(catalogue_share="0.5"))
    began = buyers.clock.now()
    for name in ("main", "second") * 20:
        assert await buyers.ask(name) is None

    assert 19 <= (buyers.clock.now() - began).total_seconds() <= 20


async def test_each_account_is_told_what_is_left_of_the_calls_of_its_app(db: InlineDatabase) -> None:
    settings = chosen(per_day=100, catalogue_share="0.5")
    buyers = Buyers(db, settings)
    for _ in range(3):
        await buyers.ask("main")

    made = {name: await db.read(quota.calls, settings.counted_as(name), now=buyers.clock.now()) for name in APPS}
    assert {name: calls.total for name, calls in made.items()} == {"main": 10, "second": 10, "other": 0}


async def test_the_flows_know_under_which_name_an_account_is_counted(tmp_path: Path) -> None:
    settings = load_settings(write_settings(tmp_path), environ={})
    app = await assemble(settings, open_database(settings))
    terms = {name: app.bridge.terms.of(name) for name in ("main", "byhand", "toys")}
    await app.close()

    assert {name: one.counted_as for name, one in terms.items()} == {
        "main": f"alibaba1688/{STORE_KEY}",
        "byhand": f"alibaba1688/{STORE_KEY}",
        "toys": "toys",
    }
    assert (terms["main"].reads_per_second, terms["toys"].reads_per_second) == (1, 2.5)


async def test_where_an_account_is_counted_alone_it_is(db: InlineDatabase) -> None:
    buyers = Buyers(db, chosen(per_day=20, catalogue_share="0.5", per="account"))
    for name in ("main", "second") * 12:
        await buyers.ask(name)

    assert buyers.calls == {"main": 10, "second": 10}
