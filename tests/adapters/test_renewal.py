"""Tokens are renewed once for everybody, over processes too, and what the vendor answered is never lost by us."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from sqlalchemy.exc import OperationalError

from syncbridge.adapters.aliexpress import adapter
from syncbridge.adapters.aliexpress.mock import AliExpressMock
from syncbridge.adapters.aliexpress.settings import AliExpressSettings
from syncbridge.adapters.renewal import Renewal
from syncbridge.errors import AccessExpired, Unreachable
from syncbridge.ports import Channel, Deadlines, Tokens
from syncbridge.store import accounts
from syncbridge.store.db import InlineDatabase
from syncbridge.testing.clock import FixedClock
from syncbridge.testing.faults import Fault, FaultTransport
from syncbridge.testing.wiring import MemoryVault, wiring_for
from syncbridge.wiring import RENEWAL_LEASE, DatabaseVault
from tests.adapters.ledger import ledger
from tests.queue.conftest import open_inline

pytestmark = pytest.mark.anyio
REFRESH = "/auth/token/refresh"


class World:
    """AliExpress with one store, and any number of processes of ours over one database."""

    def __init__(self, folder: Path) -> None:
        self.clock = FixedClock()
        self.mock = AliExpressMock(self.clock, nobody)
        self.account = self.mock.world.open_account()
        self.db = open_inline(folder)
        self.faults: list[Fault] = []

    async def process(self) -> Channel:
        """Another one of ours."""
        keys = {"app_key": self.account.app_key, "app_secret": self.account.app_secret}
        urls = {"base_url": "http://mock", "auth_url": "http://mock"}
        wiring = wiring_for(FaultTransport(self.mock.asgi(), self._decide), self.clock, Tokens(""), account="toys")
        object.__setattr__(wiring, "tokens", DatabaseVault(self.db, self.clock, "toys"))
        channel = adapter.connect(AliExpressSettings.model_validate(keys | urls), wiring).channel
        assert channel is not None
        await channel.shipping_services()
        return channel

    @property
    def renewals(self) -> int:
        calls: dict[str, int] = ledger(self.mock)["calls"]
        return calls.get(REFRESH, 0)

    def end_access(self) -> None:
        self.account.access_expires_at = self.clock.now()

    def _decide(self, request: httpx.Request) -> Fault | None:
        return self.faults.pop(0) if request.url.path.endswith(REFRESH) and self.faults else None


async def nobody(_url: str, _body: bytes, _headers: object) -> int:
    return 0


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    world = World(tmp_path)
    tokens = Tokens(world.account.access_token, world.account.refresh_token)
    await world.db.run(accounts.seed_tokens, "toys", tokens)
    yield world
    await world.db.close()


async def test_row_19_two_processes_renew_once_and_both_go_on(world: World) -> None:
    one, other = await world.process(), await world.process()
    world.end_access()
    await asyncio.gather(*(process.shipping_services() for process in (one, other) for _ in range(4)))

    assert world.renewals == 1


async def test_row_19_who_comes_second_waits_for_the_tokens_of_the_first(world: World) -> None:
    one, other = (DatabaseVault(world.db, world.clock, "toys") for _ in range(2))
    old = await one.read()
    new = Tokens("new", "new too")
    assert await one.claim(old)

    waiting = asyncio.create_task(other.claim(old))
    await asyncio.sleep(0)
    await one.replace(old, new)
    assert await waiting is False
    assert await other.read(fresh=True) == new


async def test_a_process_that_died_over_it_holds_nobody_up_for_long(world: World) -> None:
    dead, other = (DatabaseVault(world.db, world.clock, "toys") for _ in range(2))
    old = await dead.read()
    assert await dead.claim(old)

    began = world.clock.now()
    assert await other.claim(old)
    assert timedelta(0) < world.clock.now() - began <= RENEWAL_LEASE + timedelta(seconds=1)


async def test_a_claim_from_before_the_clock_was_set_back_counts_no_more(world: World) -> None:
    dead, other = (DatabaseVault(world.db, world.clock, "toys") for _ in range(2))
    old = await dead.read()
    assert await dead.claim(old)

    world.clock.advance(-86400)
    began = world.clock.now()
    assert await other.claim(old)
    assert world.clock.now() == began


async def test_a_failed_renewal_is_tried_again_at_once_by_the_next_call(world: World) -> None:
    channel = await world.process()
    world.end_access()
    world.faults = [Fault.CONNECT] * 3  # each of the three tries of a read
    with pytest.raises(Unreachable):
        await channel.shipping_services()

    before = world.clock.now()
    await channel.shipping_services()
    assert world.renewals == 1
    assert world.clock.now() == before


async def test_a_lost_answer_to_a_renewal_is_the_end_only_where_the_vendor_gives_no_grace(world: World) -> None:
    channel = await world.process()
    world.end_access()
    world.faults = [Fault.RESET]
    with pytest.raises(AccessExpired) as refused:
        await channel.shipping_services()
    assert refused.value.code == "IllegalRefreshToken"

    world.mock.world.refresh_grace = True
    await channel.shipping_services()


async def test_an_account_opened_in_another_process_is_noticed_by_a_running_one(world: World) -> None:
    channel = await world.process()
    world.mock.world.issue_tokens(world.account)
    fresh = Tokens(world.account.access_token, world.account.refresh_token)
    await world.db.run(accounts.connect, "toys", fresh)
    await channel.shipping_services()
    assert world.renewals == 0


async def test_one_that_never_had_a_token_too(world: World) -> None:
    await world.db.run(accounts.connect, "toys", Tokens(""))
    vault = DatabaseVault(world.db, world.clock, "toys")
    assert (await vault.read()).access == ""
    await world.db.run(accounts.connect, "toys", Tokens("at"))
    assert (await vault.read()).access == "at"


async def test_new_tokens_are_kept_however_long_the_database_cannot_take_them(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    vault = DatabaseVault(world.db, world.clock, "toys")
    old, full = await vault.read(), [1, 1, 1]
    run = InlineDatabase.run

    async def run_or_fail(db: InlineDatabase, fn: object, *args: object, **values: object) -> object:
        if fn is accounts.replace_tokens and full:
            full.pop()
            raise locked()
        return await run(db, fn, *args, **values)  # type: ignore[arg-type]  # passed on as it came

    monkeypatch.setattr(InlineDatabase, "run", run_or_fail)
    await vault.replace(old, Tokens("new"))
    assert await world.db.read(accounts.tokens_of, "toys") == Tokens("new")


def locked() -> OperationalError:
    busy = OSError("database is locked")
    busy.sqlite_errorcode = 5  # type: ignore[attr-defined]  # as sqlite3 says it
    return OperationalError("UPDATE", {}, busy)


async def test_a_caller_that_gives_up_does_not_cut_a_renewal_off() -> None:
    vault, answered = MemoryVault(Tokens("old", "rt")), asyncio.Event()

    async def ask(old: Tokens) -> Tokens:
        await answered.wait()
        return Tokens("new", "rt2")

    renewal = Renewal(vault, ask)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await renewal.after(vault.tokens)
    answered.set()
    await renewal.ended()
    assert vault.tokens == Tokens("new", "rt2")


async def test_a_write_refused_for_its_token_whose_renewal_takes_too_long_was_not_sent(world: World) -> None:
    vault = MemoryVault(Tokens(world.account.access_token, world.account.refresh_token))

    async def forever(old: Tokens) -> bool:
        return await asyncio.Future()

    keys = {"app_key": world.account.app_key, "app_secret": world.account.app_secret, "base_url": "http://mock"}
    transport = FaultTransport(world.mock.asgi(), lambda _: None)
    wiring = wiring_for(transport, world.clock, vault.tokens, deadlines=Deadlines(total=0.05, read=0.05))
    channel = adapter.connect(AliExpressSettings.model_validate(keys), wiring).channel
    assert channel is not None
    await channel.shipping_services()
    wiring.tokens.claim = forever  # type: ignore[method-assign]  # another process holds it
    world.end_access()
    with pytest.raises(Unreachable):
        await channel.set_on_sale(["1"], on_sale=False)
