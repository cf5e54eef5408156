"""Listings taken off sale, down or away, and SKUs changed by hand, are kept as they are or told, and never guessed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from syncbridge.flows import approval
from syncbridge.flows.listings import give_back
from syncbridge.model.catalog import ListingStatus, Sku
from syncbridge.model.paging import Cursor, Page
from syncbridge.store import holds
from syncbridge.testing.builders import make_offer, make_spec, usd
from tests.flows.conftest import Shop
from tests.flows.seller import Reads, drift_plans, edit, locked, reconcile, state
from tests.flows.shelf import OFFER, Calls, open_holds, read_again, sold

pytestmark = pytest.mark.anyio
DEARER = make_offer(OFFER, make_spec(1, cost="18.00"), make_spec(2, cost="18.00", stock=7))


async def test_what_the_seller_takes_off_sale_stays_off_until_the_seller_puts_it_back(shop: Shop) -> None:
    listing = await shop.list_offer()
    edit(shop, listing, status=ListingStatus.OFFLINE)
    await reconcile(shop)
    await read_again(shop, make_offer(OFFER, make_spec(1, stock=50), make_spec(2, cost="14.90", stock=9)))
    assert shop.channel.shop[listing.listing_id].status is ListingStatus.OFFLINE
    assert set(await locked(shop)) == {("", "status")}

    edit(shop, listing, status=ListingStatus.ON_SALE)
    await reconcile(shop)
    assert await locked(shop) == {}
    await read_again(shop, make_offer(buyable=False))
    assert shop.channel.shop[listing.listing_id].status is ListingStatus.OFFLINE


async def test_what_expired_is_put_on_sale_again(shop: Shop) -> None:
    listing = await shop.list_offer()
    edit(shop, listing, status=ListingStatus.EXPIRED)
    await reconcile(shop)

    assert shop.channel.shop[listing.listing_id].status is ListingStatus.ON_SALE
    assert await locked(shop) == {}
    assert await shop.db.read(drift_plans) == [("status", "offline", "on_sale", "applied")]


async def test_what_the_channel_took_down_is_told_with_its_reason_and_left_alone(shop: Shop) -> None:
    listing = await shop.list_offer()
    edit(shop, listing, status=ListingStatus.TAKEN_DOWN, reason="violate_offline")
    await reconcile(shop)
    calls = Calls(shop)
    await read_again(shop, DEARER)

    assert calls.made == []
    assert (await open_holds(shop, "listing toys/1"))["listing_taken_down"]["why"] == "violate_offline"
    edit(shop, listing, status=ListingStatus.ON_SALE)
    await reconcile(shop)
    assert await open_holds(shop, "listing toys/1") == {}
    assert sold(shop, listing)[shop.code(0)][0] == "8.99 USD"


async def test_a_deleted_listing_is_marked_and_told_and_nothing_is_pushed_to_it(shop: Shop) -> None:
    listing = await shop.list_offer()
    deleted = shop.channel.shop.pop(listing.listing_id)
    await reconcile(shop)
    calls = Calls(shop)
    await read_again(shop, DEARER)

    assert calls.made == []
    assert await shop.db.read(state) == "gone"
    assert (await open_holds(shop, "listing toys/1"))["listing_gone"]["listing"] == listing.listing_id
    shop.channel.shop[listing.listing_id] = deleted  # it was the list that was wrong
    await reconcile(shop)
    assert await open_holds(shop, "listing toys/1") == {}
    assert await shop.db.read(state) == "on_sale"


async def test_a_person_who_has_seen_to_a_deleted_listing_is_told_no_more(shop: Shop) -> None:
    listing = await shop.list_offer()
    del shop.channel.shop[listing.listing_id]
    await reconcile(shop)
    (hold,) = await shop.db.read(holds.all_open)
    await approval.drop_hold(shop.bridge, hold.id, why="no longer sold")
    await reconcile(shop)

    assert await shop.db.read(holds.all_open) == []
    assert await shop.db.read(state) == "gone"


async def test_a_list_that_lacks_too_much_is_doubted(shop: Shop) -> None:
    for number in range(25):
        await shop.list_offer(make_offer(str(number)))
    shop.channel.shop, kept = {}, shop.channel.shop
    reads = Reads(shop)
    await reconcile(shop)

    assert reads.listings == 0
    held = await open_holds(shop, "listing toys")
    assert held["listings_missing"]["why"] == "25 of 25 listings are not in the channel's list"
    shop.channel.shop = kept
    await reconcile(shop)
    assert await open_holds(shop, "listing toys") == {}


async def test_skus_put_in_taken_out_or_renamed_by_hand_are_told_and_never_guessed(shop: Shop) -> None:
    offer = make_offer(OFFER, make_spec(1), make_spec(2), make_spec(3))
    listing = await shop.list_offer(offer)
    await reconcile(shop)
    skus = shop.channel.shop[listing.listing_id].skus
    mine = Sku("14:200", "BYHAND", usd("5.00"), 3)
    edit(shop, listing, skus=(replace(skus[0], sku_code="RENAMED"), skus[1], mine))
    await reconcile(shop)
    await read_again(shop, replace(offer, specs=tuple(replace(s, stock=50) for s in offer.specs)))

    held = (await open_holds(shop, "listing toys/1"))["listing_skus"]
    assert held["gone"] == skus[2].sku_code
    assert held["renamed"] == f"{skus[0].sku_code} → RENAMED"
    assert held["added"] == "BYHAND"
    shown = sold(shop, listing)
    assert shown == {"RENAMED": ("7.99 USD", 98), skus[1].sku_code: ("7.99 USD", 48), "BYHAND": ("5.00 USD", 3)}

    edit(shop, listing, skus=(skus[0], replace(skus[1], stock=48), skus[2]))
    await reconcile(shop)
    assert await open_holds(shop, "listing toys/1") == {}
    assert sold(shop, listing)[skus[2].sku_code] == ("7.99 USD", 48)


async def test_a_listing_given_back_goes_on_sale_again(shop: Shop) -> None:
    listing = await shop.list_offer()
    edit(shop, listing, status=ListingStatus.OFFLINE)
    await reconcile(shop)
    await shop.db.run(give_back, shop.bridge, 1, fields=["status"])
    await shop.work()

    assert shop.channel.shop[listing.listing_id].status is ListingStatus.ON_SALE


async def test_rows_of_the_list_that_cannot_be_read_are_no_missing_listings(shop: Shop) -> None:
    listings = [await shop.list_offer(make_offer(str(number))) for number in range(25)]
    await reconcile(shop)
    reads = Reads(shop)

    async def spoilt(*, since: object) -> object:
        failures = tuple((listing.listing_id, "its date is a word") for listing in listings)
        yield Page((), Cursor(""), failures=failures)

    shop.channel.listings = spoilt  # type: ignore[method-assign, assignment]  # every row is spoilt
    await reconcile(shop)

    assert reads.listings == 25
    assert await open_holds(shop, "listing toys") == {}
