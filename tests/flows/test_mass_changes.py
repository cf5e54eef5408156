"""Whatever changes too much of a store within an hour waits for a person, however it comes in."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from dataclasses import replace
from decimal import Decimal

import pytest
from sqlalchemy import event
from sqlmodel import Session

from syncbridge.adapters.memory.channel import MemoryChannel
from syncbridge.flows import approval, proposal
from syncbridge.flows.bridge import AccountTerms
from syncbridge.flows.events import offer_job
from syncbridge.flows.proposal import Scope
from syncbridge.model.catalog import Offer
from syncbridge.model.paging import Cursor, Page
from syncbridge.queue import job as jobs
from syncbridge.rules.planning import Brakes
from syncbridge.store import holds, plan_lists
from syncbridge.store.db import InlineDatabase
from tests.flows.conftest import ROUTE, Shop
from tests.flows.desk import dearer, list_many, plan_ids, planned
from tests.flows.shelf import Calls, open_holds, read_again

pytestmark = pytest.mark.anyio


async def hear_of(shop: Shop, offers: Iterable[Offer]) -> None:
    """A message about each offer, one after the other."""
    for offer in offers:
        now = shop.clock.now()
        await shop.db.run(jobs.enqueue, [offer_job("main", offer.offer_id, f"heard {now}", now)], now=now)
        await shop.work()
        shop.clock.advance(20)


def zeros(channel: MemoryChannel) -> int:
    """How many SKUs the channel shows as sold out, or off sale."""
    return sum(
        sku.stock == 0 or listing.status != "on_sale" for listing in channel.shop.values() for sku in listing.skus
    )


def two_stores(shop: Shop) -> MemoryChannel:
    """A second store that the same offers are listed in."""
    books = MemoryChannel(shop.clock)
    shop.rules = replace(shop.rules, routes=(replace(ROUTE, stores=("toys", "books")),))
    shop.terms = replace(shop.terms, accounts={**shop.terms.accounts, "books": AccountTerms(live=True)})
    shop.connect()
    shop.bridge.channels["books"] = books  # type: ignore[index]  # a dict in this shop
    return books


def in_pages_of(shop: Shop, size: int) -> None:
    """The supplier's pool comes in pages."""

    async def paged(*, since: Cursor | None) -> AsyncIterator[Page[Offer]]:
        first = int(since or 0)
        known = sorted(shop.supplier.catalogue.values(), key=lambda offer: int(offer.offer_id))
        if known[first : first + size]:
            yield Page(tuple(known[first : first + size]), Cursor(str(first + size)))

    shop.supplier.offers = paged  # type: ignore[method-assign]  # a pool of several pages


async def test_row_35_an_empty_list_of_the_supplier_zeroes_nothing(shop: Shop) -> None:
    await list_many(shop, 12)
    calls = Calls(shop)
    kept, shop.supplier.catalogue = shop.supplier.catalogue, {}
    await shop.poll("import_.page", "main")

    assert calls.made == []
    assert zeros(shop.channel) == 0
    shop.supplier.catalogue = kept


async def test_row_35_a_third_of_the_offers_gone_page_by_page_is_held_in_each_store(shop: Shop) -> None:
    books = two_stores(shop)
    offers = await list_many(shop, 60)
    in_pages_of(shop, 7)
    gone = [replace(offer, buyable=False, status="expired") for offer in offers[:20]]
    await read_again(shop, *gone)

    for store, channel in (("toys", shop.channel), ("books", books)):
        held = (await open_holds(shop, f"store {store}"))["zeroed_share"]
        assert zeros(channel) + int(held["skus"]) == 40
        assert zeros(channel) < 0.2 * 120
        assert held["why"].endswith("of 120 SKUs of the store would go to zero in one run")
        assert len(held["plans"].split(", ")) == 2  # every second plan is the other store's


async def test_row_35_a_third_of_the_offers_gone_one_message_at_a_time_is_held(shop: Shop) -> None:
    offers = await list_many(shop, 60)
    for offer in offers[:20]:
        del shop.supplier.catalogue[offer.offer_id]
    await hear_of(shop, offers[:20])

    held = (await open_holds(shop, "store toys"))["zeroed_share"]
    assert zeros(shop.channel) + int(held["skus"]) == 40
    assert zeros(shop.channel) < 0.2 * 120


async def test_row_35_a_large_change_goes_out_when_its_plan_is_approved(shop: Shop) -> None:
    offers = await list_many(shop, 12)
    calls = Calls(shop)
    await read_again(shop, *(replace(offer, buyable=False, status="expired") for offer in offers))
    assert calls.made == []
    *_, plan = await plan_ids(shop)
    await approval.apply(shop.bridge, plan)
    await shop.work()

    assert zeros(shop.channel) == 24
    assert await open_holds(shop, "store toys") == {}


async def test_what_a_person_approved_does_not_count_for_the_brake_of_the_hour(shop: Shop) -> None:
    offers = await list_many(shop, 30)
    (plan,) = await planned(shop, Scope(), *dearer(offers[:6]))
    await approval.apply(shop.bridge, plan)
    await shop.work()
    await read_again(shop, *dearer(offers[6:12]))

    assert await shop.db.read(holds.all_open) == []
    assert sum(str(sku.price) == "8.99 USD" for one in shop.channel.shop.values() for sku in one.skus) == 24


def statements(shop: Shop) -> list[str]:
    """Every statement from now on, as it is sent to the database."""
    assert isinstance(shop.db, InlineDatabase)
    seen: list[str] = []
    event.listen(shop.db._connection, "before_cursor_execute", lambda *told: seen.append(told[2]))
    return seen


def unlock_all(session: Session) -> None:
    session.connection().exec_driver_sql("DELETE FROM lock")


async def test_a_plan_costs_as_many_statements_for_many_changes_as_for_few(shop: Shop) -> None:
    shop.terms = replace(shop.terms, brakes=Brakes(repriced_share=Decimal(1)))
    shop.connect()
    offers = await list_many(shop, 40)
    seen = statements(shop)
    counts = []
    for some in (offers[:4], offers):
        for offer in dearer(some):
            shop.supplier.catalogue[offer.offer_id] = offer
        chosen = await shop.db.read(proposal.select, shop.bridge, Scope())
        await proposal.read_again(shop.bridge, chosen, lambda _: None)
        taken = {}
        seen.clear()
        (plan,) = await proposal.propose(shop.bridge, chosen, Scope())
        taken["plan"] = len(seen)
        seen.clear()
        await shop.db.read(plan_lists.products, plan)
        await shop.db.read(plan_lists.moves, plan)
        await shop.db.read(plan_lists.lines, plan, skip=0, most=200)
        taken["show"] = len(seen)
        seen.clear()
        await approval.apply(shop.bridge, plan)
        taken["apply"] = len(seen)
        await shop.work()
        seen.clear()
        await approval.revert(shop.bridge, plan)
        taken["revert"] = len(seen)
        await shop.work()
        counts.append(taken)
        await shop.db.run(unlock_all)

    few, many = counts
    assert few == many
    assert max(many.values()) < 30
