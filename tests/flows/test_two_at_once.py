"""Two programs work on one database: what both were asked for goes out once."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from sqlmodel import select

from syncbridge.cli.attended import carry_out
from syncbridge.flows import approval, attended, proposal, publish
from syncbridge.flows.jobs import JOBS
from syncbridge.flows.proposal import Scope
from syncbridge.queue.execute import Worker
from syncbridge.queue.job import Claim
from syncbridge.rules.retry import RetryPolicies
from syncbridge.settings import Settings
from syncbridge.store.db import SqliteDatabase, open_engine
from syncbridge.store.owner import sole_owner
from syncbridge.store.tables.catalogue import ListingRow
from syncbridge.testing.builders import make_offer
from tests import databases
from tests.flows.conftest import Shop, Unrenewed
from tests.flows.desk import DEARER, changes, dearer, list_many, plan_ids, planned, states
from tests.flows.shelf import Calls, read_again, sold

pytestmark = pytest.mark.anyio


class Program:
    """One of several programs on a shop's database."""

    def __init__(self, shop: Shop) -> None:
        self.settings = Settings(database_url=f"sqlite:///{shop.file}")
        self.db = SqliteDatabase(open_engine(f"sqlite:///{shop.file}", databases.KEYS, durable=False))
        self.bridge = replace(shop.bridge, db=self.db)
        handlers = {kind: functools.partial(flow, self.bridge) for kind, flow in JOBS.items()}
        self.hands = Worker(self.db, Unrenewed(shop.clock), handlers, RetryPolicies())

    def worker(self) -> Worker:
        return self.hands

    async def plan(self) -> list[int]:
        chosen = await self.db.read(proposal.select, self.bridge, Scope())
        return await proposal.propose(self.bridge, chosen, Scope())

    async def apply(self, plan: int) -> list[str]:
        keys = (await approval.apply(self.bridge, plan)).keys
        await carry_out(self, attended.goes_on(self.bridge, keys), lambda _: None)  # type: ignore[arg-type]  # as much of an app
        return keys


@pytest.fixture
async def programs(shop: Shop) -> AsyncIterator[tuple[Program, Program]]:
    pair = Program(shop), Program(shop)
    yield pair
    for one in pair:
        await one.db.close()


async def test_two_plans_at_once_leave_each_change_with_one_of_them(
    shop: Shop, programs: tuple[Program, Program]
) -> None:
    for offer in dearer(await list_many(shop, 5)):
        shop.supplier.catalogue[offer.offer_id] = offer
    one, other = programs
    await proposal.read_again(one.bridge, [("main", str(number)) for number in range(5)], lambda _: None)
    plans = await asyncio.gather(one.plan(), other.plan())

    proposed = [row for row in await changes(shop) if row.state == "proposed"]
    assert len(plans) == 2
    assert len(proposed) == len({(row.listing, row.sku_code, row.field) for row in proposed}) == 10


async def test_two_approvals_of_one_plan_at_once_send_it_once(shop: Shop, programs: tuple[Program, Program]) -> None:
    offers = dearer(await list_many(shop, 5))
    (plan,) = await planned(shop, Scope(), *offers)
    calls = Calls(shop)
    one, other = programs
    keys = await asyncio.gather(one.apply(plan), other.apply(plan))

    assert calls.made == ["set_prices"] * 5
    assert sorted(len(some) for some in keys) == [0, 5]
    assert set(await states(shop, plan)) == {("price", "applied")}


async def test_two_programs_list_a_new_offer_once(shop: Shop, programs: tuple[Program, Program]) -> None:
    shop.supplier.catalogue = {str(number): make_offer(str(number)) for number in range(3)}
    calls = Calls(shop)
    one, other = programs
    await proposal.read_again(one.bridge, [("main", str(number)) for number in range(3)], lambda _: None)
    made = await asyncio.gather(one.plan(), other.plan())
    listings = await shop.db.read(lambda session: session.scalars(select(ListingRow)).all())
    assert len(listings) == 3

    await asyncio.gather(*(program.apply(plan) for program in programs for (plan,) in made))
    assert calls.made == ["publish"] * 3
    assert sorted(await states(shop)) == [("listing", "applied")] * 3 + [("listing", "overtaken")] * 3


async def test_two_workers_with_the_same_listing_in_hand_send_it_once(shop: Shop) -> None:
    shop.set_account("toys", approve="person")
    await read_again(shop, make_offer())
    await approval.apply(shop.bridge, *await plan_ids(shop))
    calls, now = Calls(shop), shop.clock.now()
    jobs = [Claim(n, "publish.post", str(n), "toys", "", {"listing": "1"}, now, 1, "", now, None) for n in (1, 2)]
    reading = shop.db.read

    async def all_read_before_one_writes(*told: object) -> object:
        found: object = await reading(*told)  # type: ignore[arg-type]  # whatever a flow asks
        await asyncio.sleep(0)
        return found

    shop.db.read = all_read_before_one_writes  # type: ignore[method-assign, assignment]  # both saw it unsent
    await asyncio.gather(*(publish.post(shop.bridge, job) for job in jobs))

    assert calls.made == ["publish"]


async def test_a_command_goes_on_where_the_program_it_waited_for_ends(
    shop: Shop, programs: tuple[Program, Program]
) -> None:
    listing = await shop.list_offer()
    (plan,) = await planned(shop, Scope(), DEARER)
    one, _ = programs
    began = shop.clock.now()
    with sole_owner(shop.file):
        applying = asyncio.create_task(one.apply(plan))
        while shop.clock.now() == began and not applying.done():  # noqa: ASYNC110  its clock moves when it waits
            await asyncio.sleep(0)
        assert not applying.done()
    await applying

    assert sold(shop, listing)[shop.code(0)] == ("8.99 USD", 48)
