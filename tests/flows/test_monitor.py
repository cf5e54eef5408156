"""Offers are read by themselves, each as often as it changes and sells, inside the quota; what is gone is not sold."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import event
from sqlmodel import select

from syncbridge.adapters.memory.supplier import MemorySupplier
from syncbridge.errors import Rejected, Unreachable
from syncbridge.flows import monitor, offers
from syncbridge.flows.bridge import AccountTerms, Bridge, Terms
from syncbridge.flows.schedule import Every, tick
from syncbridge.model.catalog import ListingStatus, Offer
from syncbridge.model.paging import Cursor, Page
from syncbridge.queue.drivers.poll import poll
from syncbridge.queue.execute import Worker
from syncbridge.rules.mapping import Rules, StockPolicy
from syncbridge.rules.polling import Watched
from syncbridge.rules.retry import RetryPolicies
from syncbridge.settings import LimitSettings
from syncbridge.store import catalogue, readings, timeline
from syncbridge.store.db import InlineDatabase
from syncbridge.store.readings import Reading
from syncbridge.store.tables.work import Job
from syncbridge.testing.builders import make_offer, make_spec
from syncbridge.testing.clock import VirtualClock, run_virtual
from syncbridge.wiring import GcraLimiter
from tests.flows.conftest import ROUTE, RULES, Shop
from tests.flows.shelf import OFFER, Calls, open_holds, read_again, rows, sold
from tests.store.conftest import new_engine

pytestmark = pytest.mark.anyio


def asked(shop: Shop) -> list[str]:
    """The ids of offers that are read one by one from now on."""
    found: list[str] = []
    read = shop.supplier.offer

    async def noted(offer_id: str) -> Offer:
        found.append(offer_id)
        return await read(offer_id)

    shop.supplier.offer = noted  # type: ignore[method-assign]  # the same, noted
    return found


async def reading(shop: Shop, offer_id: str = OFFER) -> Reading:
    return (await shop.db.read(readings.last, "main", [offer_id]))[offer_id]


async def make_due(shop: Shop, *offer_ids: str) -> None:
    await shop.db.run(readings.hasten, "main", offer_ids, now=shop.clock.now())


async def test_a_change_no_message_told_of_is_found_when_the_offer_is_due(shop: Shop) -> None:
    listing = await shop.list_offer()
    shop.supplier.catalogue[OFFER] = make_offer(OFFER, make_spec(1, stock=50), make_spec(2, cost="14.90", stock=7))
    await shop.poll("monitor.due", "main")
    assert sold(shop, listing)[shop.code()][1] == 98  # not due yet

    shop.clock.advance(24 * 3600)
    await shop.poll("monitor.due", "main")
    assert sold(shop, listing)[shop.code()][1] == 48


async def test_an_offer_that_changes_is_due_sooner_than_one_that_does_not(shop: Shop) -> None:
    for number in range(6):
        await shop.list_offer(make_offer("busy", make_spec(1, stock=100 + number)))
        await shop.list_offer(make_offer("quiet"))
        shop.clock.advance(3600)

    busy, quiet = await reading(shop, "busy"), await reading(shop, "quiet")
    assert busy.watched.change_rate > quiet.watched.change_rate
    assert busy.next_read_at - busy.read_at < quiet.next_read_at - quiet.read_at


async def test_a_sale_makes_an_offer_due_sooner(shop: Shop) -> None:
    await shop.list_offer()
    before = (await reading(shop)).watched
    for number in range(3):
        await shop.sell(str(8172481060036440 + number))

    after = (await reading(shop)).watched
    assert (after.sold, after.pace) == (3.0, before.pace + 2)


async def test_the_longest_overdue_is_read_first_and_the_rest_right_after(shop: Shop) -> None:
    shop.set_account("main", reads_per_second=0.3)
    for number in range(5):
        await shop.list_offer(make_offer(str(number)))
    await make_due(shop, "3")
    shop.clock.advance(1)
    await make_due(shop, *"01")
    found = asked(shop)
    await shop.poll("monitor.due", "main")

    assert found == ["3", "0", "1"]


async def test_reading_what_has_not_changed_writes_nothing_but_when_it_is_read_again(shop: Shop) -> None:
    for number in range(5):
        await shop.list_offer(make_offer(str(number)))
    calls, before = Calls(shop), await shop.db.read(rows)
    await make_due(shop, *"01234")
    await shop.poll("monitor.due", "main")

    assert await shop.db.read(rows) == before
    assert calls.made == []
    assert (await reading(shop, "4")).next_read_at > shop.clock.now()


async def test_a_message_counts_as_a_reading(shop: Shop) -> None:
    await shop.list_offer()
    before = await reading(shop)
    shop.clock.advance(3600)
    now = shop.clock.now()
    await shop.db.run(offers.keep, shop.bridge, "main", [make_offer(OFFER)], cause="a message", began=now)

    assert (await reading(shop)).read_at == now > before.read_at


async def test_an_older_reading_does_not_overwrite_a_newer_one(shop: Shop) -> None:
    await shop.list_offer()
    asked_at = shop.clock.now()
    shop.clock.advance(10)
    newer = make_offer(OFFER, make_spec(1, stock=50))
    now = shop.clock.now()
    await shop.db.run(offers.keep, shop.bridge, "main", [newer], cause="a message", began=now)
    await shop.db.run(offers.keep, shop.bridge, "main", [make_offer(OFFER)], cause="a slow page", began=asked_at)

    assert await shop.db.read(catalogue.offer, "main", OFFER) == newer


async def test_a_reading_of_a_time_to_come_was_made_by_a_wrong_clock_and_stops_nothing(shop: Shop) -> None:
    await shop.list_offer()
    now, later = shop.clock.now(), shop.clock.now() + timedelta(days=1)
    await shop.db.run(readings.keep, "main", [Reading(OFFER, later, later, Watched())])
    changed = make_offer(OFFER, make_spec(1, stock=50))
    await shop.db.run(offers.keep, shop.bridge, "main", [changed], cause="a page", began=now)

    assert await shop.db.read(catalogue.offer, "main", OFFER) == changed


async def test_an_offer_that_cannot_be_read_is_held_and_the_others_go_on(shop: Shop) -> None:
    await shop.list_offer(make_offer("1"))
    listing = await shop.list_offer(make_offer("2"))
    read = shop.supplier.offer

    async def spoilt(offer_id: str) -> Offer:
        if offer_id == "1":
            raise Rejected("its price is a word", vendor="memory", code="unreadable")
        return await read(offer_id)

    shop.supplier.offer = spoilt  # type: ignore[method-assign]  # one of them is spoilt
    shop.supplier.catalogue["2"] = make_offer("2", make_spec(1, stock=50), make_spec(2, cost="14.90", stock=7))
    await make_due(shop, "1", "2")
    await shop.poll("monitor.due", "main")

    assert (await open_holds(shop, "offer main/1"))["offer_unreadable"]["why"] == "its price is a word"
    assert {stock for _, stock in sold(shop, listing).values()} == {48, 5}
    assert (await reading(shop, "1")).next_read_at >= shop.clock.now() + timedelta(minutes=59)


async def test_a_vendor_that_fails_half_way_loses_nothing_that_was_read(shop: Shop) -> None:
    for number in range(4):
        await shop.list_offer(make_offer(str(number)))
    read, tried = shop.supplier.offer, []

    async def failing(offer_id: str) -> Offer:
        tried.append(offer_id)
        if len(tried) > 2:
            raise Unreachable("no answer", vendor="memory", retry_after=30)
        return await read(offer_id)

    shop.supplier.offer = failing  # type: ignore[method-assign]  # from the third on
    await make_due(shop, *"0123")
    await shop.poll("monitor.due", "main")

    due = await shop.db.read(readings.due, "main", now=shop.clock.now(), most=9)
    assert len(due) == 2
    shop.supplier.offer = read  # type: ignore[method-assign]  # it is back
    await shop.pass_time(31)
    assert await shop.db.read(readings.due, "main", now=shop.clock.now(), most=9) == []


async def test_an_offer_the_pool_no_longer_lists_stays_on_sale_until_its_own_reading_says_otherwise(shop: Shop) -> None:
    listing = await shop.list_offer()
    everything = shop.supplier.offers

    no_pages: tuple[Page[Offer], ...] = ()

    async def emptied(*, since: Cursor | None) -> AsyncIterator[Page[Offer]]:
        for page in no_pages:
            yield page

    shop.supplier.offers = emptied  # type: ignore[method-assign]  # the pool is empty, of a sudden
    await shop.poll("import_.page", "main")
    await make_due(shop, OFFER)
    await shop.poll("monitor.due", "main")
    assert shop.channel.shop[listing.listing_id].status is ListingStatus.ON_SALE

    del shop.supplier.catalogue[OFFER]
    await make_due(shop, OFFER)
    await shop.poll("monitor.due", "main")
    assert shop.channel.shop[listing.listing_id].status is ListingStatus.OFFLINE
    shop.supplier.offers = everything  # type: ignore[method-assign]  # as it was


@pytest.mark.parametrize("status", ["member expired", "auto expired", "member deleted", "已下架"])
async def test_an_offer_that_is_taken_down_is_told_of_and_comes_back_by_itself(shop: Shop, status: str) -> None:
    listing = await shop.list_offer()
    await read_again(shop, make_offer(OFFER, buyable=False, status=status))
    held = await open_holds(shop, f"offer main/{OFFER}")
    assert shop.channel.shop[listing.listing_id].status is ListingStatus.OFFLINE
    assert held["offer_down"]["status"] == status

    await read_again(shop, make_offer(OFFER))
    assert shop.channel.shop[listing.listing_id].status is ListingStatus.ON_SALE
    assert await open_holds(shop, f"offer main/{OFFER}") == {}


async def test_an_offer_that_stays_away_is_told_of_once(shop: Shop) -> None:
    await shop.list_offer()
    del shop.supplier.catalogue[OFFER]
    for _ in range(3):
        await make_due(shop, OFFER)
        await shop.poll("monitor.due", "main")

    told = await shop.db.read(timeline.of, f"offer main/{OFFER}")
    assert [happened for _, happened, _ in told] == ["withdrawn"]


async def test_new_rules_are_applied_to_what_is_known_without_a_call(shop: Shop) -> None:
    listing = await shop.list_offer()
    found = asked(shop)
    shop.rules = replace(RULES, routes=(replace(ROUTE, stock=StockPolicy(buffer=40, cap=200)),))
    shop.connect()
    await shop.poll("monitor.due", "main")

    assert sold(shop, listing)[shop.code()][1] == 60
    assert found == []


async def test_more_offers_than_are_planned_at_once_are_planned_all_the_same(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(monitor, "PLANNED_AT_ONCE", 2)
    for number in range(5):
        await shop.list_offer(make_offer(str(number)))
    shop.rules = replace(RULES, routes=(replace(ROUTE, stock=StockPolicy(buffer=40, cap=200)),))
    shop.connect()
    await shop.poll("monitor.due", "main")

    assert {listing.skus[0].stock for listing in shop.channel.shop.values()} == {60}


async def test_what_the_seller_took_off_sale_stays_off_when_stock_moves(shop: Shop) -> None:
    listing = await shop.list_offer()
    await shop.channel.set_on_sale([listing.listing_id], on_sale=False)
    await read_again(shop, make_offer(OFFER, make_spec(1, stock=50), make_spec(2, cost="14.90", stock=7)))

    assert shop.channel.shop[listing.listing_id].status is ListingStatus.OFFLINE


async def test_row_35_offers_that_are_taken_down_all_at_once_wait_for_a_person(shop: Shop) -> None:
    for number in range(12):
        await shop.list_offer(make_offer(str(number)))
    await read_again(shop, *(make_offer(str(number), buyable=False, status="expired") for number in range(12)))

    assert {listing.status for listing in shop.channel.shop.values()} == {ListingStatus.ON_SALE}
    assert {kind for n in range(12) for kind in await open_holds(shop, f"offer main/{n}")} == {"offer_down"}


class Metered(MemorySupplier):
    """A supplier behind our own quota, a third of a second away."""

    def __init__(self, clock: VirtualClock, limiter: GcraLimiter) -> None:
        super().__init__(clock)
        self.limiter = limiter
        self.calls: list[datetime] = []

    async def offer(self, offer_id: str) -> Offer:
        await self.limiter.slot("catalogue")
        self.calls.append(self.clock.now())
        await self.clock.sleep(0.33)
        return await super().offer(offer_id)


@pytest.mark.parametrize("per_second", [1.0, 4.0])
def test_p11_the_catalogues_share_is_used_and_no_limit_is_hit(tmp_path: Path, per_second: float) -> None:
    calls, put_off = run_virtual(_half_an_hour(tmp_path, per_second))

    began = calls[0]
    used = [at for at in calls if timedelta(minutes=5) <= at - began < timedelta(minutes=25)]
    assert len(used) >= 0.98 * per_second * 20 * 60
    assert len(used) <= per_second * 20 * 60 + 1
    assert put_off == 0


async def _half_an_hour(folder: Path, per_second: float) -> tuple[list[datetime], int]:
    """Offers more than the quota can read, and the daemon's clock and workers; its calls, and jobs put off."""
    clock, db = VirtualClock(), InlineDatabase(new_engine(folder))
    limits = LimitSettings(per_second=per_second * 2)
    supplier = Metered(clock, GcraLimiter(db, clock, "main", limits))
    terms = Terms(accounts={"main": AccountTerms(reads_per_second=limits.catalogue_per_second)})
    bridge = Bridge(db, clock, Rules((), {}), terms, {"main": supplier}, {}, {}, ledger_from=clock.now())
    many = [make_offer(str(number)) for number in range(int(per_second * 1000))]
    supplier.catalogue = {offer.offer_id: offer for offer in many}
    await db.run(catalogue.keep, "main", many, now=clock.now())
    await db.run(catalogue.planned, "main", many, under=bridge.basis)
    due = [Reading(offer.offer_id, clock.now(), clock.now(), Watched()) for offer in many]
    await db.run(readings.keep, "main", due)
    handlers = {"monitor.due": functools.partial(monitor.due, bridge)}
    wake, stop = asyncio.Event(), asyncio.Event()
    worker = Worker(db, clock, handlers, RetryPolicies())
    working = asyncio.create_task(poll(worker, slots=8, idle=1.0, sweep=15.0, wake=wake, stop=stop))
    for _ in range(30):
        await db.run(tick, Every("monitor.due", "main", 60.0), now=clock.now())
        wake.set()
        await clock.sleep(60)
    stop.set()
    await working
    put_off = await db.read(lambda session: len(session.scalars(select(Job).where(Job.reason_code != "")).all()))
    await db.close()
    return supplier.calls, put_off


async def test_the_notes_of_when_to_read_again_are_one_statement_for_a_page(shop: Shop) -> None:
    for number in range(15):
        await shop.list_offer(make_offer(str(number)))
    written: list[str] = []
    event.listen(shop.db._engine, "before_cursor_execute", lambda *told: written.append(told[2].split("(")[0].strip()))
    await read_again(shop)

    assert written.count("INSERT INTO reading") == 1
    assert not {"INSERT INTO offer", "UPDATE offer SET planned_under=?"} & set(written)


async def test_no_offer_is_due_sooner_than_the_settings_say(shop: Shop) -> None:
    shop.terms = replace(shop.terms, polling=replace(shop.terms.polling, soonest=timedelta(hours=2)))
    shop.connect()
    await shop.list_offer()
    await make_due(shop, OFFER)
    await shop.poll("monitor.due", "main")

    assert (await reading(shop)).next_read_at >= shop.clock.now() + timedelta(hours=2) - timedelta(seconds=1)
