"""The seller's edits are kept, what buyers took is no edit, and what of ours does not show is pushed again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest

from syncbridge.errors import OutcomeUnknown, VendorDown
from syncbridge.flows import attended, plan
from syncbridge.flows.listings import give_back
from syncbridge.flows.reconcile import find, listing_jobs, look, request
from syncbridge.model.catalog import Listing, ListingState, PriceUpdate, Refusal
from syncbridge.queue import job as jobs
from syncbridge.store import catalogue, timeline
from syncbridge.testing.builders import make_offer, make_spec
from tests.flows.conftest import Shop
from tests.flows.seller import Reads, cancel, decide, drift_plans, edit, edit_skus, locked, order, reconcile
from tests.flows.shelf import OFFER, Calls, open_holds, read_again, rows, sold

pytestmark = pytest.mark.anyio
DEARER = make_offer(OFFER, make_spec(1, cost="18.00"), make_spec(2, cost="18.00", stock=7))


async def test_a_price_changed_in_the_seller_centre_is_kept_and_shown_as_a_lock(shop: Shop) -> None:
    listing = await shop.list_offer()
    edit_skus(shop, listing, prices={shop.code(0): "9.49"})
    await reconcile(shop)
    calls = Calls(shop)
    await read_again(shop, DEARER)

    assert sold(shop, listing)[shop.code(0)][0] == "9.49 USD"
    assert sold(shop, listing)[shop.code(1)][0] == "8.99 USD"
    assert calls.made == ["set_prices"]
    lock = (await locked(shop))[shop.code(0), "price"]
    assert lock.why == "changed in the seller centre from 7.99 USD to 9.49 USD"


async def test_an_edit_of_what_the_rules_changed_meanwhile_is_kept_with_the_difference(shop: Shop) -> None:
    listing = await shop.list_offer()
    await decide(shop, shop.code(0), "8.99 USD")
    edit_skus(shop, listing, prices={shop.code(0): "9.49"})
    await reconcile(shop)

    lock = (await locked(shop))[shop.code(0), "price"]
    assert lock.why == "changed in the seller centre from 7.99 USD to 9.49 USD; the rules want 8.99 USD"
    assert sold(shop, listing)[shop.code(0)][0] == "9.49 USD"


async def test_a_kept_price_may_be_changed_again_by_the_seller(shop: Shop) -> None:
    listing = await shop.list_offer()
    edit_skus(shop, listing, prices={shop.code(0): "9.49"})
    await reconcile(shop)
    edit_skus(shop, listing, prices={shop.code(0): "9.99"})
    await reconcile(shop)
    calls = Calls(shop)
    await read_again(shop, DEARER)

    assert calls.made == ["set_prices"]
    assert sold(shop, listing)[shop.code(0)][0] == "9.99 USD"


async def test_stock_that_buyers_took_is_no_edit(shop: Shop) -> None:
    listing = await shop.list_offer()
    await order(shop, listing, shop.code(0), 5, "8172481060036440")
    await reconcile(shop)

    assert await locked(shop) == {}
    bindings = await shop.db.read(catalogue.bindings, 1)
    assert {b.sku_code: b.stock for b in bindings}[shop.code(0)] == 93


async def test_stock_of_an_order_nobody_told_of_is_no_edit_once_the_orders_are_read(shop: Shop) -> None:
    listing = await shop.list_offer()
    await order(shop, listing, shop.code(0), 5, "8172481060036440", heard=False)
    await reconcile(shop)
    await shop.pass_time(300)
    assert await locked(shop) == {}
    await shop.poll("orders.poll", "toys")
    await shop.pass_time(300)

    assert await locked(shop) == {}
    bindings = await shop.db.read(catalogue.bindings, 1)
    assert {b.sku_code: b.stock for b in bindings}[shop.code(0)] == 93


async def test_stock_that_no_order_explains_is_the_sellers(shop: Shop) -> None:
    listing = await shop.list_offer()
    edit_skus(shop, listing, stock={shop.code(0): 40})
    await reconcile(shop)
    await shop.poll("orders.poll", "toys")
    await shop.pass_time(300)
    await read_again(shop, make_offer(OFFER, make_spec(1, stock=50), make_spec(2, cost="14.90", stock=9)))

    assert (await locked(shop))[shop.code(0), "stock"].why == "changed in the seller centre from 98 to 40"
    assert {code: amount for code, (_, amount) in sold(shop, listing).items()} == {shop.code(0): 40, shop.code(1): 7}


async def test_more_stock_than_was_given_is_the_sellers(shop: Shop) -> None:
    listing = await shop.list_offer()
    edit_skus(shop, listing, stock={shop.code(0): 500})
    await reconcile(shop)
    await shop.poll("orders.poll", "toys")
    await shop.pass_time(300)

    assert (shop.code(0), "stock") in await locked(shop)


async def test_stock_that_a_cancelled_order_gave_back_is_no_edit(shop: Shop) -> None:
    listing = await shop.list_offer()
    made = await order(shop, listing, shop.code(0), 5, "8172481060036440")
    await shop.pass_time(3600)
    await read_again(shop, make_offer(OFFER, make_spec(1, stock=90), make_spec(2, cost="14.90", stock=7)))
    assert sold(shop, listing)[shop.code(0)][1] == 88
    await shop.pass_time(3600)
    cancel(shop, listing, made)
    await shop.hear_of(made.order_id)
    await reconcile(shop)
    await shop.poll("orders.poll", "toys")
    await shop.pass_time(300)

    assert await locked(shop) == {}


async def test_stock_that_buyers_took_is_filled_up_again_once_nothing_is_ordered(shop: Shop) -> None:
    listing = await shop.list_offer()
    made = await order(shop, listing, shop.code(0), 5, "8172481060036440")
    await reconcile(shop)
    assert sold(shop, listing)[shop.code(0)][1] == 93
    shop.channel.change(made.order_id, state=made.state.CANCELLED)
    await shop.hear_of(made.order_id)
    await reconcile(shop)

    assert sold(shop, listing)[shop.code(0)][1] == 98
    assert await locked(shop) == {}


async def test_a_price_that_was_decided_and_never_pushed_is_pushed(shop: Shop) -> None:
    listing = await shop.list_offer()
    await reconcile(shop)
    await decide(shop, shop.code(0), "8.49 USD")
    await reconcile(shop)

    assert sold(shop, listing)[shop.code(0)][0] == "8.49 USD"
    assert await shop.db.read(drift_plans) == [("price", "7.99 USD", "8.49 USD", "applied")]
    assert await locked(shop) == {}


async def test_an_unclear_push_that_arrived_is_ours_although_the_rules_want_another_by_now(shop: Shop) -> None:
    listing = await shop.list_offer()
    set_prices = shop.channel.set_prices

    async def lost(updates: Sequence[PriceUpdate]) -> Sequence[Refusal]:
        shop.channel.set_prices = set_prices  # type: ignore[method-assign]  # once
        await set_prices(updates)
        raise OutcomeUnknown("no answer", vendor="memory")

    shop.channel.set_prices = lost  # type: ignore[method-assign]  # it lands, the answer does not
    await read_again(shop, DEARER)
    shop.set_account("toys", live=False)
    await read_again(shop, make_offer(OFFER, make_spec(1, cost="16.00"), make_spec(2, cost="16.00", stock=7)))
    await shop.poll("reconcile.store", "toys")

    assert await locked(shop) == {}
    bindings = await shop.db.read(catalogue.bindings, 1)
    assert {str(b.price) for b in bindings} == {"8.99 USD"}
    assert listing.listing_id in shop.channel.shop


async def test_a_reading_right_after_a_push_waits_until_the_push_surely_shows(shop: Shop) -> None:
    listing = await shop.list_offer()
    await read_again(shop, DEARER)
    edit_skus(shop, listing, prices={shop.code(0): "7.99", shop.code(1): "7.99"})  # the channel shows it late
    await shop.poll("reconcile.store", "toys")
    edit_skus(shop, listing, prices={shop.code(0): "8.99", shop.code(1): "8.99"})
    await shop.pass_time(180)

    assert await locked(shop) == {}


async def test_what_is_unchanged_costs_no_reading(shop: Shop) -> None:
    listings = [await shop.list_offer(make_offer(str(number))) for number in range(6)]
    await reconcile(shop)
    reads, calls, before = Reads(shop), Calls(shop), await shop.db.read(rows)
    edit(shop, listings[2], title="A title of the seller's")
    await reconcile(shop)
    await reconcile(shop)
    await reconcile(shop, "reconcile.recent")

    assert (reads.pages, reads.listings) == (3, 1)
    assert calls.made == []
    assert await shop.db.read(rows) == before


async def test_every_hour_what_changed_is_looked_for(shop: Shop) -> None:
    listing = await shop.list_offer()
    await reconcile(shop, "reconcile.recent")
    edit_skus(shop, listing, prices={shop.code(0): "9.49"})
    await reconcile(shop, "reconcile.recent")

    assert (shop.code(0), "price") in await locked(shop)


async def test_title_description_and_images_of_the_seller_are_locked(shop: Shop) -> None:
    listing = await shop.list_offer()
    edit(shop, listing, title="Mine", description_html="<p>mine</p>", images=("https://ae01.alicdn.com/kf/mine.jpg",))
    await reconcile(shop)

    assert set(await locked(shop)) == {("", "title"), ("", "description"), ("", "images")}


async def test_what_differed_is_in_the_history_of_the_listing(shop: Shop) -> None:
    listing = await shop.list_offer()
    edit_skus(shop, listing, prices={shop.code(0): "9.49"})
    await reconcile(shop)

    told = [details for _, event, details in await shop.db.read(timeline.of, "listing toys/1") if event == "drift"]
    assert told == [
        {
            "sku": shop.code(0),
            "field": "price",
            "wanted": "7.99 USD",
            "pushed": "7.99 USD",
            "shown": "9.49 USD",
            "verdict": "sellers",
        }
    ]


async def test_an_edit_between_the_audit_and_our_first_look_is_kept(shop: Shop) -> None:
    publish = shop.channel.publish

    async def edited(draft: object) -> str:
        listing_id = await publish(draft)  # type: ignore[arg-type]  # the draft
        edit_skus(shop, shop.channel.shop[listing_id], prices={shop.code(0): "9.49"})
        return listing_id

    shop.channel.publish = edited  # type: ignore[method-assign]  # the seller is quick
    listing = await shop.list_offer()

    assert sold(shop, listing)[shop.code(0)][0] == "9.49 USD"
    assert set(await locked(shop)) == {(shop.code(0), "price")}


async def test_a_price_given_back_follows_the_rules_under_the_brakes(shop: Shop) -> None:
    listing = await shop.list_offer()
    edit_skus(shop, listing, prices={shop.code(0): "9.49", shop.code(1): "30.00"})
    await reconcile(shop)
    given = await shop.db.run(give_back, shop.bridge, 1)
    await shop.work()

    assert len(given) == 2
    assert sold(shop, listing)[shop.code(0)][0] == "7.99 USD"
    assert sold(shop, listing)[shop.code(1)][0] == "30.00 USD"
    held = (await open_holds(shop, f"sku toys/{shop.code(1)}"))["price_step"]
    assert (held["before"], held["after"]) == ("30.00 USD", "7.99 USD")


async def test_what_a_person_asks_for_is_read_at_once_and_a_look_writes_nothing(shop: Shop) -> None:
    listing, other = await shop.list_offer(), await shop.list_offer(make_offer("1"))
    broken = await shop.list_offer(make_offer("2"))
    await reconcile(shop)
    edit_skus(shop, listing, prices={shop.code(0): "9.49"})
    edit(shop, broken, title="Cannot be read")
    del shop.channel.shop[other.listing_id]
    shop.clock.advance(300)
    read = shop.channel.listing

    async def unreadable(listing_id: str) -> Listing:
        if listing_id == broken.listing_id:
            raise VendorDown("the listing cannot be read", vendor="memory")
        return await read(listing_id)

    shop.channel.listing = unreadable  # type: ignore[method-assign]  # one of three
    found = await find(shop.bridge, "toys", since=None)
    before = await shop.db.read(rows)
    seen = await look(shop.bridge, "toys", found.to_read, lambda _: None)
    assert [(own.id, one.field, one.shown) for own, one in seen.differences] == [
        (1, "price", "9.49 USD"),
        (2, "status", "gone"),
    ]
    assert seen.failures == ((3, "the listing cannot be read"),)
    assert await shop.db.read(rows) == before
    assert await locked(shop) == {}

    keys = await shop.db.run(request, "toys", found, now=shop.clock.now())
    await attended.work(shop.bridge, shop.worker, attended.goes_on(shop.bridge, keys), lambda _: None)
    assert set(await locked(shop)) == {(shop.code(0), "price")}


async def test_a_listing_is_not_read_while_a_push_to_it_runs(shop: Shop) -> None:
    await shop.list_offer()
    await reconcile(shop)
    now = shop.clock.now()
    push = plan.jobs_of(ListingState.ON_SALE, 1, "toys", {"price"}, "a test", now)
    reading = listing_jobs("toys", [1], "a test", now, priority=now)
    await shop.db.run(jobs.enqueue, [*push, *reading], now=now)
    shop.clock.advance(1)
    first, second = await shop.db.read(jobs.due, now=shop.clock.now(), most=2)
    lease = timedelta(minutes=2)

    assert await shop.db.run(jobs.claim, first, now=shop.clock.now(), lease=lease) is not None
    assert await shop.db.run(jobs.claim, second, now=shop.clock.now(), lease=lease) is None
