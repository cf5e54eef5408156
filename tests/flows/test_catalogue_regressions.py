"""Things that once went wrong between an offer and its listing."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlmodel import select

from syncbridge.model.catalog import ListingStatus
from syncbridge.store import catalogue, holds, timeline
from syncbridge.store.tables.catalogue import ListingRow
from syncbridge.store.tables.plans import ChangeRow
from syncbridge.testing.builders import make_offer, make_spec
from tests.flows.conftest import ROUTE, Shop
from tests.flows.shelf import OFFER, read_again

pytestmark = pytest.mark.anyio
QUARANTINE = 121


async def test_a_lost_answer_to_a_listing_is_looked_for_and_not_posted_again(shop: Shop) -> None:
    shop.channel.lose_next = True
    await shop.list_offer()
    await shop.pass_time(QUARANTINE)

    assert len(shop.channel.shop) == 1
    (row,) = await shop.db.read(lambda session: session.scalars(select(ListingRow)).all())
    assert (row.state, row.listing_id) == ("on_sale", next(iter(shop.channel.shop)))


async def test_an_offer_that_comes_back_with_the_same_stock_is_put_back_on_sale(shop: Shop) -> None:
    listing = await shop.list_offer()
    await read_again(shop, make_offer(buyable=False, status="expired"))
    await read_again(shop, make_offer())

    assert shop.channel.shop[listing.listing_id].status is ListingStatus.ON_SALE


async def test_a_sku_the_channel_does_not_have_is_never_booked_as_pushed(shop: Shop) -> None:
    await shop.list_offer(make_offer(OFFER, make_spec(1), make_spec(2, cost=None)))
    await read_again(shop, make_offer(OFFER, make_spec(1, cost="18.00", stock=50), make_spec(2, cost="14.90", stock=7)))

    bindings = await shop.db.read(catalogue.bindings, 1)
    missing = next(binding for binding in bindings if binding.spec_id == f"{2:032x}")
    assert (missing.sku_key, missing.price, missing.stock) == (None, None, None)


async def test_a_run_held_for_its_size_is_held_once_however_often_it_is_read(shop: Shop) -> None:
    offers = [make_offer(str(number)) for number in range(12)]
    for offer in offers:
        await shop.list_offer(offer)
    dearer = make_spec(1, cost="18.00"), make_spec(2, cost="18.90", stock=7)
    await read_again(shop, *(replace(offer, specs=dearer) for offer in offers))
    opened = await shop.db.read(holds.opened)
    changes = await shop.db.read(lambda session: len(session.scalars(select(ChangeRow)).all()))
    await read_again(shop)

    assert await shop.db.read(holds.opened) == opened
    assert await shop.db.read(lambda session: len(session.scalars(select(ChangeRow)).all())) == changes


async def test_a_hold_on_stock_ends_when_the_stock_is_back(shop: Shop) -> None:
    offers = [make_offer(str(number)) for number in range(12)]
    for offer in offers:
        await shop.list_offer(offer)
    empty = make_spec(1, stock=0), make_spec(2, cost="14.90", stock=0)
    await read_again(shop, *(replace(offer, specs=empty) for offer in offers))
    await read_again(shop, *offers)

    assert await shop.db.read(holds.open_figures, ["store toys"]) == {}


async def test_an_offer_that_got_a_route_is_no_longer_held(shop: Shop) -> None:
    shop.rules = replace(shop.rules, routes=(replace(ROUTE, goods_code="QX-"),))
    shop.connect()
    await read_again(shop, make_offer("1", goods_code="ZZ-1"))
    shop.rules = replace(shop.rules, routes=(ROUTE,))
    shop.connect()
    await read_again(shop)

    assert len(shop.channel.shop) == 1
    assert await shop.db.read(holds.open_figures, ["offer main/1"]) == {}


async def test_an_offer_that_stays_unlistable_is_noted_once(shop: Shop) -> None:
    await read_again(shop, make_offer("1", make_spec(1, cost=None)))
    before = await shop.db.read(timeline.of, "offer main/1")
    await read_again(shop)

    assert await shop.db.read(timeline.of, "offer main/1") == before


async def test_a_change_that_went_out_is_booked_as_applied(shop: Shop) -> None:
    await shop.list_offer()
    await read_again(shop, make_offer(buyable=False, status="expired"))

    changes = await shop.db.read(lambda session: session.scalars(select(ChangeRow)).all())
    assert {(change.field, change.state) for change in changes} == {("listing", "applied"), ("stock", "applied")}


async def test_a_store_that_is_live_again_catches_up(shop: Shop) -> None:
    listing = await shop.list_offer()
    shop.set_account("toys", live=False)
    await read_again(shop, make_offer(OFFER, make_spec(1, stock=5), make_spec(2, cost="14.90", stock=7)))
    shop.set_account("toys", live=True)
    await read_again(shop)

    assert shop.channel.shop[listing.listing_id].skus[0].stock == 3


async def test_what_was_only_proposed_goes_out_once_the_store_is_live(shop: Shop) -> None:
    shop.set_account("toys", live=False)
    await read_again(shop, make_offer())
    shop.set_account("toys", live=True)
    await read_again(shop)

    assert len(shop.channel.shop) == 1
