"""A listing goes to the channel once, and what cannot be listed is held."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import datetime

import pytest
from sqlmodel import select

from syncbridge.errors import Rejected, VendorDown
from syncbridge.model.catalog import (
    Listing,
    ListingDraft,
    ListingState,
    ListingStatus,
    PriceUpdate,
    Refusal,
)
from syncbridge.model.paging import Cursor, Page
from syncbridge.queue import job as jobs
from syncbridge.rules.mapping import CodeStyle
from syncbridge.store.tables.catalogue import ListingRow
from syncbridge.store.tables.plans import ChangeRow
from syncbridge.testing.builders import make_offer, make_spec
from tests.flows.conftest import Shop, dollars
from tests.flows.shelf import OFFER, Calls, open_holds, read_again, sold

pytestmark = pytest.mark.anyio
QUARANTINE = 121


def list_everything(shop: Shop) -> None:
    """Let the channel's list show every listing, whenever it changed."""
    listings = shop.channel.listings

    def every(*, since: datetime | None, resume: Cursor | None = None) -> AsyncIterator[Page[Listing]]:
        return listings(since=None, resume=resume)

    shop.channel.listings = every  # type: ignore[method-assign]  # a list without a bound


async def test_a_listing_found_after_a_lost_answer_is_adopted_and_not_posted_again(shop: Shop) -> None:
    list_everything(shop)
    shop.channel.lose_next = True
    await shop.list_offer()
    calls = Calls(shop)
    await shop.pass_time(QUARANTINE)

    (row,) = await shop.db.read(lambda session: session.scalars(select(ListingRow)).all())
    assert calls.made == []
    assert (row.state, row.listing_id) == (ListingState.ON_SALE, next(iter(shop.channel.shop)))


async def test_another_listing_is_not_taken_for_the_lost_one(shop: Shop) -> None:
    list_everything(shop)
    first = await shop.list_offer(make_offer("1"))
    shop.channel.lose_next = True
    await shop.list_offer(make_offer("2"))
    shop.channel.shop = {first.listing_id: first}
    await shop.pass_time(QUARANTINE)
    await shop.pass_time(QUARANTINE)

    assert len(shop.channel.shop) == 2


async def test_a_listing_sent_before_a_crash_is_left_alone_until_the_quarantine_is_over(shop: Shop) -> None:
    list_everything(shop)
    publish = shop.channel.publish

    async def killed(draft: ListingDraft) -> str:
        shop.channel.publish = publish  # type: ignore[method-assign]  # the next process is not killed
        await publish(draft)
        raise asyncio.CancelledError

    shop.channel.publish = killed  # type: ignore[method-assign]  # the process ends before the answer
    with pytest.raises(asyncio.CancelledError):
        await shop.list_offer()
    arrived, shop.channel.shop = shop.channel.shop, {}  # the list is slow to show it
    await shop.db.run(jobs.free_leases, now=shop.clock.now())
    await shop.work()
    assert shop.channel.shop == {}

    shop.channel.shop = arrived
    await shop.pass_time(QUARANTINE)
    assert len(shop.channel.shop) == 1
    assert await shop.queue() == []


async def test_an_offer_is_listed_with_price_stock_and_codes_of_its_route(shop: Shop) -> None:
    listing = await shop.list_offer()

    assert sold(shop, listing) == {shop.code(0): ("7.99 USD", 98), shop.code(1): ("7.99 USD", 5)}
    assert listing.status is ListingStatus.ON_SALE


async def test_an_unclear_listing_is_left_alone_until_the_quarantine_is_over(shop: Shop) -> None:
    shop.channel.lose_next = True
    await shop.list_offer()
    shop.channel.shop.clear()
    calls = Calls(shop)
    await shop.pass_time(QUARANTINE - 10)

    assert calls.made == []


async def test_a_listing_that_was_not_made_is_posted_again_after_two_looks(shop: Shop) -> None:
    shop.channel.lose_next = True
    await shop.list_offer()
    shop.channel.shop.clear()
    calls = Calls(shop)
    await shop.pass_time(QUARANTINE)
    assert calls.made == []
    await shop.pass_time(QUARANTINE)

    assert calls.made == ["publish"]
    assert len(shop.channel.shop) == 1
    assert await shop.queue() == []


async def test_a_listing_under_audit_is_looked_at_again_without_costing_an_attempt(shop: Shop) -> None:
    publish = shop.channel.publish

    async def audited(draft: ListingDraft) -> str:
        listing_id = await publish(draft)
        listing = shop.channel.shop[listing_id]
        shop.channel.shop[listing_id] = replace(listing, status=ListingStatus.AUDITING)
        return listing_id

    shop.channel.publish = audited  # type: ignore[method-assign]  # the channel audits what it is given
    listing = await shop.list_offer()
    (waiting,) = await shop.queue()
    assert (waiting.code, waiting.attempts) == ("auditing", 0)

    for _ in range(20):
        await shop.pass_time(301)
    assert [entry.attempts for entry in await shop.queue()] == [0]
    shop.channel.shop[listing.listing_id] = replace(listing, status=ListingStatus.ON_SALE)
    await shop.pass_time(301)
    assert await shop.queue() == []


async def test_a_listing_the_audit_refuses_waits_for_a_person(shop: Shop) -> None:
    publish = shop.channel.publish

    async def refused(draft: ListingDraft) -> str:
        listing_id = await publish(draft)
        shop.channel.shop[listing_id] = replace(shop.channel.shop[listing_id], status=ListingStatus.REFUSED)
        return listing_id

    shop.channel.publish = refused  # type: ignore[method-assign]  # the channel refuses what it is given
    await shop.list_offer()

    (entry,) = await shop.queue()
    assert (entry.state, entry.code) == ("parked", "audit_refused")


async def test_an_update_refused_for_an_audit_is_repeated_later(shop: Shop) -> None:
    listing = await shop.list_offer()
    set_prices = shop.channel.set_prices

    async def auditing(updates: Sequence[PriceUpdate]) -> Sequence[Refusal]:
        return [Refusal(update.listing_id, "auditing", "under audit") for update in updates]

    shop.channel.set_prices = auditing  # type: ignore[method-assign]  # the channel is auditing
    await read_again(shop, make_offer(OFFER, make_spec(1, cost="18.00"), make_spec(2, cost="14.90", stock=7)))
    assert [(entry.code, entry.attempts) for entry in await shop.queue()] == [("auditing", 0)]

    shop.channel.set_prices = set_prices  # type: ignore[method-assign]  # the audit is over
    await shop.pass_time(301)
    assert sold(shop, listing)[shop.code(0)] == ("8.99 USD", 98)


async def test_an_offer_that_cannot_be_listed_is_held_and_the_others_go_on(shop: Shop) -> None:
    unlistable = make_offer("1", make_spec(1, cost=None))
    await read_again(shop, unlistable, make_offer("2"))

    held = await open_holds(shop, "offer main/1")
    assert "no price" in held["offer_unlistable"]["why"]
    assert len(shop.channel.shop) == 1

    await read_again(shop, make_offer("1"))
    assert await open_holds(shop, "offer main/1") == {}
    assert len(shop.channel.shop) == 2


async def test_an_offer_no_route_takes_is_held(shop: Shop) -> None:
    (route,) = shop.rules.routes
    shop.rules = replace(shop.rules, routes=(replace(route, goods_code="QX-"),))
    shop.connect()
    await read_again(shop, make_offer("1", goods_code="ZZ-1"), make_offer("2", goods_code="QX-1"))

    assert "offer_unrouted" in await open_holds(shop, "offer main/1")
    assert len(shop.channel.shop) == 1


async def test_a_store_that_is_not_live_is_shown_what_would_happen_and_nothing_is_sent(shop: Shop) -> None:
    shop.set_account("toys", live=False)
    calls = Calls(shop)
    await read_again(shop, make_offer())
    await read_again(shop, make_offer(OFFER, make_spec(1, cost="18.00"), make_spec(2, cost="14.90", stock=7)))

    changes = await shop.db.read(lambda session: session.scalars(select(ChangeRow)).all())
    assert calls.made == []
    assert [(change.field, change.state) for change in changes] == [("listing", "overtaken"), ("listing", "proposed")]
    assert await shop.queue() == []


async def test_an_offer_without_stock_is_listed_once_it_has_some(shop: Shop) -> None:
    await read_again(shop, make_offer(OFFER, make_spec(1, stock=0)))
    assert shop.channel.shop == {}

    await read_again(shop, make_offer(OFFER, make_spec(1, stock=50)))
    (listing,) = shop.channel.shop.values()
    assert listing.skus[0].stock == 48


async def test_a_change_before_the_listing_went_out_goes_out_with_it(shop: Shop) -> None:
    shop.channel.limit_next = True
    await read_again(shop, make_offer())
    await read_again(shop, make_offer(OFFER, make_spec(1, cost="18.00", stock=30), make_spec(2, cost="14.90", stock=7)))
    await shop.pass_time(24 * 3600)

    (listing,) = shop.channel.shop.values()
    assert listing.skus[0].price == dollars("8.99")
    assert listing.skus[0].stock == 28


async def test_a_store_that_is_no_longer_live_gets_nothing_more(shop: Shop) -> None:
    await shop.list_offer()
    shop.set_account("toys", live=False)
    calls = Calls(shop)
    await read_again(shop, make_offer(OFFER, make_spec(1, cost="18.00", stock=50), make_spec(2, cost="14.90", stock=7)))

    assert calls.made == []


async def test_a_listing_the_list_is_slow_to_show_is_found_by_the_second_look(shop: Shop) -> None:
    shop.channel.lose_next = True
    await shop.list_offer()
    hidden, shop.channel.shop = shop.channel.shop, {}
    calls = Calls(shop)
    await shop.pass_time(QUARANTINE)
    assert await listing_state(shop) == ListingState.UNKNOWN

    shop.channel.shop = hidden
    await shop.pass_time(QUARANTINE)
    assert calls.made == []
    assert await listing_state(shop) == ListingState.ON_SALE


async def test_a_listing_of_the_first_sending_is_found_after_the_second(shop: Shop) -> None:
    shop.channel.lose_next = True
    await shop.list_offer()
    first, shop.channel.shop = shop.channel.shop, {}
    await shop.pass_time(QUARANTINE)
    shop.clock.advance(1800)
    shop.channel.lose_next = True
    await shop.pass_time(QUARANTINE)  # it is sent again, and the answer is lost again
    shop.channel.shop = first  # the second never arrived, and the first shows at last
    calls = Calls(shop)
    await shop.pass_time(QUARANTINE)

    assert calls.made == []
    assert await listing_state(shop) == ListingState.ON_SALE


async def test_a_listing_the_list_cannot_show_is_read_before_anything_is_sent_again(shop: Shop) -> None:
    shop.channel.lose_next = True
    listing = await shop.list_offer()

    async def unreadable(*, since: datetime | None, resume: Cursor | None = None) -> AsyncIterator[Page[Listing]]:
        yield Page((), Cursor(""), failures=((listing.listing_id, "its price is a word"),))

    shop.channel.listings = unreadable  # type: ignore[method-assign]  # an entry of the list is spoilt
    calls = Calls(shop)
    await shop.pass_time(QUARANTINE)

    assert calls.made == []
    assert await listing_state(shop) == ListingState.ON_SALE


async def test_while_one_of_the_listings_cannot_be_read_nothing_is_sent_again(shop: Shop) -> None:
    shop.channel.lose_next = True
    listing = await shop.list_offer()

    async def unreadable(listing_id: str) -> Listing:
        raise VendorDown("its answer cannot be read", vendor="memory", code="unreadable")

    shop.channel.listing = unreadable  # type: ignore[method-assign]  # the page is spoilt, too
    shop.channel.shop = {listing.listing_id: listing}
    calls = Calls(shop)
    for _ in range(40):
        await shop.pass_time(3600)

    (entry,) = await shop.queue()
    assert calls.made == []
    assert (entry.state, entry.code) == ("parked", "unreadable")


async def test_a_refused_listing_is_made_anew_by_the_repaired_rules_and_posted_once_more(shop: Shop) -> None:
    publish, drafts = shop.channel.publish, []

    async def picky(draft: ListingDraft) -> str:
        drafts.append(draft)
        if draft.category_id != "1":
            raise Rejected("no such category", vendor="memory", code="category")
        return await publish(draft)

    shop.channel.publish = picky  # type: ignore[method-assign]  # one category only
    await read_again(shop, make_offer())
    (entry,) = await shop.queue()
    (change,) = await shop.db.read(lambda session: session.scalars(select(ChangeRow)).all())
    assert (entry.state, entry.code) == ("parked", "category")
    assert (change.state, change.result) == ("refused", "no such category")

    (route,) = shop.rules.routes
    shop.rules = replace(shop.rules, routes=(replace(route, listing=replace(route.listing, category_id="1")),))
    shop.connect()
    await shop.db.run(shop.retry, entry.id)
    await shop.work()
    (change,) = await shop.db.read(lambda session: session.scalars(select(ChangeRow)).all())
    assert [draft.category_id for draft in drafts] == ["200135143", "1"]
    assert (change.state, change.result) == ("applied", "")
    assert len(shop.channel.shop) == 1


async def test_a_refused_listing_is_sent_as_it_was_where_the_rules_no_longer_make_one(shop: Shop) -> None:
    publish, drafts = shop.channel.publish, []

    async def once(draft: ListingDraft) -> str:
        drafts.append(draft)
        if len(drafts) == 1:
            raise Rejected("not today", vendor="memory", code="busy")
        return await publish(draft)

    shop.channel.publish = once  # type: ignore[method-assign]  # a passing refusal
    await read_again(shop, make_offer())
    (entry,) = await shop.queue()
    (route,) = shop.rules.routes
    shop.rules = replace(shop.rules, routes=(replace(route, name="another"),))
    shop.connect()
    await shop.db.run(shop.retry, entry.id)
    await shop.work()

    assert drafts[0] == drafts[1]
    assert len(shop.channel.shop) == 1


async def test_a_listing_repaired_at_the_channel_goes_on_when_it_is_retried(shop: Shop) -> None:
    publish = shop.channel.publish

    async def refused(draft: ListingDraft) -> str:
        listing_id = await publish(draft)
        shop.channel.shop[listing_id] = replace(shop.channel.shop[listing_id], status=ListingStatus.REFUSED)
        return listing_id

    shop.channel.publish = refused  # type: ignore[method-assign]  # the audit refuses what it is given
    listing = await shop.list_offer()
    (entry,) = await shop.queue()
    (change,) = await shop.db.read(lambda session: session.scalars(select(ChangeRow)).all())
    assert (change.state, "the seller centre says why" in change.result) == ("refused", True)

    shop.channel.shop[listing.listing_id] = replace(listing, status=ListingStatus.ON_SALE)
    await shop.db.run(shop.retry, entry.id)
    await shop.work()
    (change,) = await shop.db.read(lambda session: session.scalars(select(ChangeRow)).all())
    assert await listing_state(shop) == ListingState.ON_SALE
    assert (change.state, change.result) == ("applied", "")


async def listing_state(shop: Shop) -> str:
    (row,) = await shop.db.read(lambda session: session.scalars(select(ListingRow)).all())
    return row.state


def by_goods_code(shop: Shop) -> None:
    """New SKUs get the supplier's goods code from now on."""
    (route,) = shop.rules.routes
    shop.rules = replace(shop.rules, routes=(replace(route, code=CodeStyle.GOODS_CODE),))
    shop.connect()


async def test_new_skus_get_codes_in_the_style_of_their_route(shop: Shop) -> None:
    by_goods_code(shop)

    await read_again(shop, make_offer("1", make_spec(1, code="NB1"), make_spec(2, code="NB2")))

    (listing,) = shop.channel.shop.values()
    assert [sku.sku_code for sku in listing.skus] == ["TYNB1", "TYNB2"]


async def test_an_offer_without_goods_codes_is_held_where_they_make_the_sku_codes(shop: Shop) -> None:
    by_goods_code(shop)

    await read_again(shop, make_offer("1", make_spec(1)), make_offer("2", make_spec(1, code="NB2")))

    held = await open_holds(shop, "offer main/1")
    assert "has no goods code" in held["offer_unlistable"]["why"]
    assert len(shop.channel.shop) == 1


@pytest.mark.parametrize("apart", [True, False])
async def test_of_two_offers_with_one_goods_code_only_the_first_is_listed(shop: Shop, apart: bool) -> None:
    by_goods_code(shop)
    first, second = (make_offer(name, make_spec(1, code="NB1")) for name in ("1", "2"))

    for page in [[first], [second]] if apart else [[first, second]]:
        await read_again(shop, *page)

    held = await open_holds(shop, "offer main/2")
    assert held["offer_unlistable"]["why"] == f"SKU code TYNB1 of store toys is that of 1/{1:032x} already"
    assert len(shop.channel.shop) == 1

    await read_again(shop, make_offer("2", make_spec(1, code="NB2")))
    assert await open_holds(shop, "offer main/2") == {}
    assert len(shop.channel.shop) == 2
