"""What an account may not call is found out by calling, remembered for a day, and asked again."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest

from syncbridge.adapters.alibaba1688 import adapter
from syncbridge.adapters.alibaba1688.mock.app import Mock1688
from syncbridge.adapters.alibaba1688.settings import Alibaba1688Settings
from syncbridge.errors import NotGranted
from syncbridge.model.catalog import Search
from syncbridge.ports import Searches, Tokens
from syncbridge.store import grants
from syncbridge.store.db import InlineDatabase
from syncbridge.testing.clock import FixedClock
from syncbridge.testing.faults import FaultTransport
from syncbridge.testing.wiring import wiring_for
from syncbridge.wiring import DatabaseGrants
from tests.adapters.ledger import ledger
from tests.queue.conftest import open_inline

pytestmark = pytest.mark.anyio
SEARCH = "product.search.keywordQuery"
DAY = 86_400


async def nobody(_url: str, _body: bytes, _headers: Mapping[str, str]) -> int:
    return 0


class Account:
    """A buyer who may not search, and any number of processes of ours."""

    def __init__(self, db: InlineDatabase) -> None:
        self.db = db
        self.clock = FixedClock()
        self.mock = Mock1688(self.clock, nobody)
        self.buyer = self.mock.state.add_account(grants_search=False, token_life=None)
        self.process = self.start()

    def start(self) -> Searches:
        keys = {"app_key": self.buyer.app_key, "app_secret": self.buyer.app_secret, "base_url": "http://mock"}
        tokens = Tokens(self.buyer.access_token, self.buyer.refresh_token)
        wiring = wiring_for(FaultTransport(self.mock.asgi(), lambda _: None), self.clock, tokens)
        object.__setattr__(wiring, "grants", DatabaseGrants(self.db, self.clock, "main"))
        supplier = adapter.connect(Alibaba1688Settings.model_validate(keys), wiring).supplier
        assert supplier is not None
        assert isinstance(supplier, Searches)
        return supplier

    async def search(self) -> bool:
        """Whether it was granted."""
        try:
            async for _ in self.process.search(Search(keyword="x"), since=None):
                pass
        except NotGranted:
            return False
        return True

    @property
    def asked(self) -> int:
        calls: dict[str, int] = ledger(self.mock)["calls"]
        return calls.get(SEARCH, 0)

    async def refused(self) -> list[grants.Refused]:
        return await self.db.read(grants.refused, ["main"])


@pytest.fixture
async def account(tmp_path: Path) -> AsyncIterator[Account]:
    db = open_inline(tmp_path)
    yield Account(db)
    await db.close()


async def test_what_was_refused_is_not_asked_again_for_a_day(account: Account) -> None:
    for _ in range(5):
        assert not await account.search()
    assert account.asked == 1

    account.clock.advance(DAY)
    assert not await account.search()
    assert account.asked == 2


async def test_it_is_kept_with_its_date_and_by_what_the_vendor_said(account: Account) -> None:
    began = account.clock.now()
    await account.search()
    account.clock.advance(DAY)
    await account.search()

    (kept,) = await account.refused()
    assert (kept.api, kept.code, kept.since) == (SEARCH, "gw.APIACLDecline", began)
    assert "may not call this API" in kept.why


async def test_the_refusal_of_one_call_stops_no_other(account: Account) -> None:
    await account.search()
    supplier = account.process
    assert [page.items async for page in supplier.orders(since=None)] == [()]  # type: ignore[attr-defined]  # a supplier


async def test_another_process_knows_it_too(account: Account) -> None:
    await account.search()
    account.process = account.start()
    assert not await account.search()
    assert account.asked == 1


async def test_what_is_granted_after_all_is_forgotten(account: Account) -> None:
    await account.search()
    account.buyer.denied = frozenset()
    account.buyer.grants_search = True
    account.clock.advance(DAY)
    assert await account.search()
    assert await account.refused() == []


async def test_a_person_who_had_it_granted_need_not_wait(account: Account) -> None:
    await account.search()
    account.buyer.grants_search = True
    await account.db.run(grants.ask_again, now=account.clock.now())
    assert await account.search()


async def test_a_refusal_from_before_the_clock_was_set_back_is_asked_again(account: Account) -> None:
    await account.search()
    account.clock.advance(-2 * DAY)
    account.process = account.start()
    await account.search()
    assert account.asked == 2
