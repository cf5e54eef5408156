"""An import a person asked for: rows in, offers kept, and what became of each row."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import event
from sqlmodel import Session, select

from syncbridge.errors import AccessExpired, NotGranted, RateLimited, Rejected, SyncBridgeError, VendorDown
from syncbridge.flows import attended, import_, importing
from syncbridge.flows.attended import Standing
from syncbridge.flows.bridge import AccountTerms
from syncbridge.flows.importing import Report, Request
from syncbridge.model.catalog import Offer, Search
from syncbridge.model.importing import ImportItem, ItemState, Source
from syncbridge.queue import job as jobs
from syncbridge.rules.quota import DayQuota
from syncbridge.store import catalogue, imports, quota
from syncbridge.store.tables.catalogue import OfferRow
from syncbridge.store.tables.onboarding import ImportItemRow
from syncbridge.testing.builders import make_offer
from tests.flows.conftest import ROUTE, Shop
from tests.flows.shelf import OFFER, open_holds, rows

pytestmark = pytest.mark.anyio
IDS = [str(600000000000 + number) for number in range(50)]


def wanted(shop: Shop, *texts: str, stores: tuple[str, ...] = ()) -> Request:
    items = tuple(importing.named(shop.bridge, "main", number, text) for number, text in enumerate(texts, 2))
    return Request("main", Source.FILE, "offers.csv", items, stores=stores)


async def begin(shop: Shop, request: Request) -> int:
    return await shop.db.run(importing.begin, request, now=shop.clock.now())


async def report(shop: Shop, number: int | None = None) -> Report:
    return await shop.db.read(importing.report, shop.bridge, number)


async def run(shop: Shop, request: Request) -> Report:
    number = await begin(shop, request)
    await shop.work()
    return await report(shop, number)


async def states(shop: Shop, number: int) -> dict[int, str]:
    def of_run(session: Session) -> dict[int, str]:
        query = select(ImportItemRow).where(ImportItemRow.run == number)
        return {row.number: row.state for row in session.scalars(query)}

    return await shop.db.read(of_run)


def stock_up(shop: Shop, *offer_ids: str, **changes: object) -> None:
    for offer_id in offer_ids:
        shop.supplier.catalogue[offer_id] = make_offer(offer_id, **changes)


def fail_for(shop: Shop, errors: dict[str, Exception]) -> None:
    """Let reading these offers fail until they are taken out of the dictionary."""
    read = shop.supplier.offer

    async def offer(offer_id: str) -> Offer:
        if offer_id in errors:
            raise errors[offer_id]
        return await read(offer_id)

    shop.supplier.offer = offer  # type: ignore[method-assign]  # an outage of some


async def test_offers_named_in_a_file_are_imported_and_listed(shop: Shop) -> None:
    stock_up(shop, *IDS[:3])
    told = await run(shop, wanted(shop, *IDS[:3]))

    assert told.counts == {ItemState.IMPORTED: 3}
    assert told.stores == {"toys": {"on_sale": 3}}
    assert (told.failures, told.doubles, told.stuck) == ([], [], None)
    assert told.run.ended_at is not None
    assert len(shop.channel.shop) == 3


async def test_an_offer_named_twice_is_imported_once_and_said(shop: Shop) -> None:
    stock_up(shop, *IDS[:2])
    told = await run(shop, wanted(shop, IDS[0], IDS[1], IDS[0]))

    assert told.counts == {ItemState.IMPORTED: 2, ItemState.DOUBLE: 1}
    assert [(item.number, item.why) for item in told.doubles] == [(4, "row 2 names the same offer")]


async def test_an_offer_that_is_there_is_said_and_not_read_again(shop: Shop) -> None:
    await shop.list_offer()
    read: list[str] = []
    fail_for(shop, {OFFER: AssertionError("it is there")})
    told = await run(shop, wanted(shop, OFFER))

    assert told.counts == {ItemState.KNOWN: 1}
    assert told.stores == {"toys": {"on_sale": 1}}
    assert (told.run.ended_at is not None, read) == (True, [])


async def test_an_offer_that_another_account_has_is_said_and_not_imported_twice(shop: Shop) -> None:
    await shop.list_offer()
    shop.bridge.suppliers["second"] = shop.supplier  # type: ignore[index]  # a dict in this shop
    request = replace(wanted(shop, OFFER), account="second")
    told = await run(shop, request)

    assert [item.why for item in told.doubles] == ["it came in already through account main"]
    assert (await shop.db.read(rows))["OfferRow"] == 1


async def test_doubles_are_found_over_many_chunks(shop: Shop) -> None:
    many = [str(700000000000 + number) for number in range(imports.CHUNK + 5)]
    items = await shop.db.read(importing.planned, wanted(shop, *many, many[0]), now=shop.clock.now())

    assert [item.state for item in items[-2:]] == [ItemState.WAITING, ItemState.DOUBLE]


async def test_row_11_a_malformed_offer_is_quarantined_and_the_batch_goes_on(shop: Shop) -> None:
    stock_up(shop, *IDS[:3])
    unreadable = Rejected("it answered in an unknown shape: price is null", vendor="memory", code="unreadable")
    fail_for(shop, {IDS[1]: unreadable})
    told = await run(shop, wanted(shop, *IDS[:3]))

    assert told.counts == {ItemState.IMPORTED: 2, ItemState.FAILED: 1}
    assert [(item.number, item.written, item.code) for item in told.failures] == [(3, IDS[1], "offer_unreadable")]
    assert "unknown shape" in told.failures[0].why
    assert "offer_unreadable" in await open_holds(shop, f"offer main/{IDS[1]}")


async def test_row_11_an_answer_about_another_offer_is_not_kept(shop: Shop) -> None:
    stock_up(shop, IDS[0])
    shop.supplier.catalogue[IDS[0]] = make_offer(IDS[1])
    told = await run(shop, wanted(shop, IDS[0]))

    assert [item.code for item in told.failures] == ["offer_unreadable"]
    assert (await shop.db.read(rows))["OfferRow"] == 0


async def test_row_11_a_malformed_known_offer_keeps_its_last_good_state(shop: Shop) -> None:
    listing = await shop.list_offer()
    shop.rules = replace(shop.rules, routes=(replace(ROUTE, stores=("toys", "games")),))
    await shop.db.run(choose, ["toys"])
    shop.connect()
    fail_for(shop, {OFFER: Rejected("unreadable", vendor="memory")})
    told = await run(shop, wanted(shop, OFFER, stores=("games",)))

    assert [item.code for item in told.failures] == ["offer_unreadable"]
    assert shop.channel.shop[listing.listing_id] == listing
    assert await shop.db.read(catalogue.offer, "main", OFFER) == make_offer()


async def test_row_32_what_a_supplier_took_away_fails_alone(shop: Shop) -> None:
    stock_up(shop, IDS[0], IDS[2])
    told = await run(shop, wanted(shop, *IDS[:3]))

    assert told.counts == {ItemState.IMPORTED: 2, ItemState.FAILED: 1}
    assert [(item.number, item.code) for item in told.failures] == [(3, "offer_gone")]


async def test_rows_that_name_no_offer_fail_with_what_was_written(shop: Shop) -> None:
    stock_up(shop, IDS[0])
    bad = importing.named(shop.bridge, "main", 7, "=A1&B1", "row_formula")
    told = await run(shop, replace(wanted(shop, IDS[0], "no id!"), items=(*wanted(shop, IDS[0], "no id!").items, bad)))

    assert told.counts == {ItemState.IMPORTED: 1, ItemState.FAILED: 2}
    assert [(item.number, item.written, item.code) for item in told.failures] == [
        (3, "no id!", "row_not_an_offer"),
        (7, "=A1&B1", "row_formula"),
    ]


async def test_an_offer_without_an_answer_is_asked_for_three_times_after_the_others(shop: Shop) -> None:
    stock_up(shop, *IDS[:3])
    fail_for(shop, {IDS[0]: VendorDown("no answer", vendor="memory", code="down")})
    number = await begin(shop, wanted(shop, *IDS[:3]))
    await shop.work()
    assert await states(shop, number) == {2: "waiting", 3: "imported", 4: "imported"}
    for _ in range(2):
        await shop.pass_time(import_.AGAIN.total_seconds())

    told = await report(shop, number)
    assert [(item.number, item.code, item.tries) for item in told.failures] == [(2, "row_no_answer", 3)]
    assert told.run.ended_at is not None


async def test_what_was_read_before_the_quota_ended_is_kept(shop: Shop) -> None:
    stock_up(shop, *IDS[:4])
    errors: dict[str, Exception] = {IDS[2]: RateLimited("too many", vendor="memory", code="limit", retry_after=60.0)}
    fail_for(shop, errors)
    number = await begin(shop, wanted(shop, *IDS[:4]))
    await shop.work()

    assert list((await states(shop, number)).values()) == ["imported", "imported", "waiting", "waiting"]
    told = await report(shop, number)
    assert told.stuck is None or told.stuck.state == "waiting"
    errors.clear()
    await shop.pass_time(60)
    assert (await report(shop, number)).counts == {ItemState.IMPORTED: 4}


async def test_an_account_that_must_be_authorised_again_loses_no_item(shop: Shop) -> None:
    stock_up(shop, *IDS[:2])
    errors: dict[str, Exception] = {IDS[0]: AccessExpired("authorise it", vendor="memory", code="401")}
    fail_for(shop, errors)
    number = await begin(shop, wanted(shop, *IDS[:2]))
    await shop.work()

    assert (await report(shop, number)).counts == {ItemState.WAITING: 2}
    errors.clear()
    await shop.pass_time(3600)
    assert (await report(shop, number)).counts == {ItemState.IMPORTED: 2}


async def test_a_killed_worker_loses_and_repeats_nothing(shop: Shop) -> None:
    stock_up(shop, *IDS[:30])
    number = await begin(shop, wanted(shop, *IDS[:30]))
    (first,) = await shop.db.read(jobs.due, now=shop.clock.now(), most=1)
    await shop.worker.execute(first)
    (second,) = await shop.db.read(jobs.due_of, ["import_.batch"], now=shop.clock.now(), most=1)
    await shop.db.run(jobs.claim, second, now=shop.clock.now(), lease=jobs.LEASE)
    await shop.restart()

    told = await report(shop, number)
    assert told.counts == {ItemState.IMPORTED: 30}
    assert told.run.ended_at is not None
    assert len(shop.channel.shop) == 30


async def test_a_parked_run_says_why_and_goes_on_when_resumed(shop: Shop) -> None:
    stock_up(shop, *IDS[:2])
    errors: dict[str, Exception] = {IDS[0]: NotGranted("the app may not call this API", vendor="memory", code="acl")}
    fail_for(shop, errors)
    number = await begin(shop, wanted(shop, *IDS[:2]))
    await shop.work()
    told = await report(shop, number)
    assert told.stuck is not None
    assert "may not call" in told.stuck.reason
    assert await shop.db.read(importing.standing, shop.bridge, number) == Standing(0, 0)

    errors.clear()
    await shop.db.run(importing.resume, number, now=shop.clock.now())
    await shop.work()
    assert (await report(shop, number)).counts == {ItemState.IMPORTED: 2}


async def test_resuming_asks_again_for_what_failed_at_the_supplier_only(shop: Shop) -> None:
    stock_up(shop, IDS[0])
    number = (await run(shop, wanted(shop, IDS[0], IDS[1], "no id!"))).run.id
    stock_up(shop, IDS[1])
    await shop.db.run(importing.resume, number, now=shop.clock.now())
    await shop.work()

    told = await report(shop, number)
    assert told.counts == {ItemState.IMPORTED: 2, ItemState.FAILED: 1}
    assert told.run.ended_at is not None


async def test_an_import_that_does_not_exist_is_a_sentence(shop: Shop) -> None:
    with pytest.raises(SyncBridgeError, match="nothing was imported yet"):
        await report(shop)
    with pytest.raises(SyncBridgeError, match="there is no import 7"):
        await shop.db.run(importing.resume, 7, now=shop.clock.now())


async def test_a_keyword_imports_what_it_finds_up_to_the_most(shop: Shop) -> None:
    stock_up(shop, *IDS)
    request = Request("main", Source.KEYWORD, "notebook", search=Search("notebook"), most=45)
    told = await run(shop, request)

    assert told.counts == {ItemState.IMPORTED: 45}
    assert told.run.listed_at is not None


async def test_a_shop_imports_all_it_shows(shop: Shop) -> None:
    stock_up(shop, *IDS[:25], supplier_id="one")
    stock_up(shop, *IDS[25:], supplier_id="other")
    told = await run(shop, Request("main", Source.SHOP, "one", search=Search(shop="one")))

    assert told.counts == {ItemState.IMPORTED: 25}


async def test_an_account_that_may_not_search_is_told_so(shop: Shop) -> None:
    shop.supplier.grants_search = False
    told = await run(shop, Request("main", Source.KEYWORD, "notebook", search=Search("notebook")))

    assert told.stuck is not None
    assert told.stuck.reason == "this account may not search"


async def test_a_supplier_that_cannot_be_searched_is_told_so(shop: Shop) -> None:
    class NoSearch:
        """A supplier with the port's own methods only."""

    shop.bridge.suppliers["main"] = NoSearch()  # type: ignore[index]  # a dict in this shop
    told = await run(shop, Request("main", Source.KEYWORD, "notebook", search=Search("notebook")))

    assert told.stuck is not None
    assert "cannot be searched" in told.stuck.reason


async def test_the_pool_is_imported_now_and_counted(shop: Shop) -> None:
    stock_up(shop, *IDS)
    await shop.list_offer()
    shop.bridge.suppliers["second"] = shop.supplier  # type: ignore[index]  # a dict in this shop
    told = await run(shop, Request("main", Source.POOL))

    assert told.counts == {ItemState.KNOWN: 51}
    told = await run(shop, Request("second", Source.POOL))
    assert told.counts == {ItemState.DOUBLE: 51}
    assert (await shop.db.read(rows))["OfferRow"] == 51


@pytest.mark.parametrize("source", [Source.POOL, Source.KEYWORD])
async def test_an_empty_page_deletes_and_zeroes_nothing(shop: Shop, source: Source) -> None:
    listing = await shop.list_offer()
    before = await shop.db.read(rows)
    shop.supplier.catalogue.clear()
    told = await run(shop, Request("main", source, "x", search=Search("x")))

    assert told.counts == {}
    assert told.run.ended_at is not None
    assert await shop.db.read(rows) == before
    assert shop.channel.shop[listing.listing_id] == listing


async def test_a_store_named_is_the_only_one_that_lists_the_offers(shop: Shop) -> None:
    two_stores(shop)
    stock_up(shop, *IDS[:2])
    told = await run(shop, wanted(shop, *IDS[:2], stores=("games",)))
    assert told.stores == {"games": {"proposed": 2}}

    await shop.poll("import_.page", "main")
    assert (await report(shop)).stores == {"games": {"proposed": 2}}


async def test_another_store_named_later_lists_them_too(shop: Shop) -> None:
    two_stores(shop)
    stock_up(shop, IDS[0])
    await run(shop, wanted(shop, IDS[0], stores=("games",)))
    told = await run(shop, wanted(shop, IDS[0], stores=("toys",)))

    assert told.counts == {ItemState.IMPORTED: 1}
    assert told.stores == {"toys": {"on_sale": 1}, "games": {"proposed": 1}}
    assert (await run(shop, wanted(shop, IDS[0], stores=("toys",)))).counts == {ItemState.KNOWN: 1}


async def test_a_store_or_account_that_cannot_be_meant_is_a_sentence(shop: Shop) -> None:
    with pytest.raises(SyncBridgeError, match="there is no store tyos"):
        importing.check_stores(shop.bridge, "main", ["tyos"])
    shop.bridge.channels["games"] = shop.channel  # type: ignore[index]  # a dict in this shop
    with pytest.raises(SyncBridgeError, match="no route lists offers of account main in store games"):
        importing.check_stores(shop.bridge, "main", ["games"])
    with pytest.raises(SyncBridgeError, match="no supplier account mian"):
        importing.account_of(shop.bridge, "mian")
    assert importing.account_of(shop.bridge, None) == "main"
    shop.bridge.suppliers["second"] = shop.supplier  # type: ignore[index]  # a dict in this shop
    with pytest.raises(SyncBridgeError, match="--account"):
        importing.account_of(shop.bridge, None)


async def test_an_offer_no_route_takes_is_told_with_its_row(shop: Shop) -> None:
    shop.rules = replace(shop.rules, routes=(replace(ROUTE, goods_code="XX"),))
    shop.connect()
    stock_up(shop, IDS[0])
    told = await run(shop, wanted(shop, IDS[0]))

    assert told.counts == {ItemState.IMPORTED: 1}
    assert [(item.number, item.code) for item in told.failures] == [(2, "offer_unrouted")]


async def test_pace_time_left_and_quota_are_told(shop: Shop) -> None:
    """Of the day's calls, those that the catalogue may make."""
    stock_up(shop, *IDS)
    shop.terms = replace(
        shop.terms,
        accounts={**shop.terms.accounts, "main": AccountTerms(quota=DayQuota(1000, Decimal("0.6")), counted_as="app")},
    )
    every = timedelta(seconds=1)
    await shop.db.run(quota.lease_slots, "app", "catalogue", now=shop.clock.now(), every=every, slots=100)
    shop.connect()
    number = await begin(shop, wanted(shop, *IDS))
    for _ in range(2):
        (batch,) = await shop.db.read(jobs.due_of, ["import_.batch"], now=shop.clock.now(), most=1)
        await shop.worker.execute(batch)
        shop.clock.advance(10)

    told = await report(shop, number)
    assert (told.per_second, told.seconds_left, told.calls_left) == (2.0, 5, 500)
    assert await shop.db.read(importing.standing, shop.bridge, number) == Standing(10, 40, 500)


async def test_a_command_does_the_work_where_no_daemon_runs_and_waits_for_short_limits(shop: Shop) -> None:
    stock_up(shop, *IDS)
    errors: dict[str, Exception] = {IDS[30]: RateLimited("too many", vendor="memory", code="limit", retry_after=20.0)}
    fail_for(shop, errors)
    number = await begin(shop, wanted(shop, *IDS))
    told: list[Standing] = []

    def seen(standing: Standing) -> None:
        told.append(standing)
        if [each.done for each in told].count(30) == 2:  # kept up to the limit, and then met it
            errors.clear()

    await attended.work(shop.bridge, shop.worker, lambda s: importing.standing(s, shop.bridge, number), seen)
    assert (await report(shop, number)).counts == {ItemState.IMPORTED: 50}
    assert told[-1] == Standing(0, 50)
    await attended.watch(shop.bridge, lambda s: importing.standing(s, shop.bridge, number), seen, lambda: True)


@contextmanager
def statements(shop: Shop) -> Iterator[list[str]]:
    """What is sent to the database meanwhile."""
    made: list[str] = []

    def note(*args: object) -> None:
        made.append(str(args[2]))

    engine = shop.db._engine
    event.listen(engine, "before_cursor_execute", note)
    yield made
    event.remove(engine, "before_cursor_execute", note)


async def test_a_page_of_offers_takes_the_same_few_statements_however_many_they_are(shop: Shop) -> None:
    stock_up(shop, *IDS)

    async def cost(*offer_ids: str) -> int:
        await begin(shop, wanted(shop, *offer_ids))
        (batch,) = await shop.db.read(jobs.due_of, ["import_.batch"], now=shop.clock.now(), most=1)
        with statements(shop) as made:
            await shop.worker.execute(batch)
        return len([each for each in made if not each.startswith(("BEGIN", "SAVEPOINT", "RELEASE"))])

    one, twenty = await cost(IDS[0]), await cost(*IDS[1:21])
    assert twenty == one <= 34


async def test_a_hundred_thousand_rows_are_written_in_few_statements(shop: Shop) -> None:
    items = tuple(ImportItem(number, "", str(700000000000 + number)) for number in range(100_000))
    with statements(shop) as made:
        await begin(shop, Request("main", Source.FILE, "big.csv", items))

    assert len(made) <= 3 * 100_000 / imports.CHUNK + 10


def two_stores(shop: Shop) -> None:
    """The route leads to a second store, which is not live."""
    shop.rules = replace(shop.rules, routes=(replace(ROUTE, stores=("toys", "games")),))
    shop.connect()
    shop.bridge.channels["games"] = shop.channel  # type: ignore[index]  # a dict in this shop


def choose(session: Session, stores: list[str]) -> None:
    """As if a person had wanted the offer in these stores only."""
    session.get_one(OfferRow, ("main", OFFER)).stores = stores
