"""A listing stays true: changes are planned, braked and held, and an unchanged offer costs nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import pytest
from sqlmodel import select

from syncbridge.errors import OutcomeUnknown
from syncbridge.model.catalog import (
    ListingStatus,
    Refusal,
    StockUpdate,
)
from syncbridge.model.paging import Cursor, Page
from syncbridge.rules.planning import Brakes
from syncbridge.store import holds
from syncbridge.store.tables.plans import ChangeRow
from syncbridge.testing.builders import make_offer, make_spec
from tests.flows.conftest import Shop
from tests.flows.shelf import OFFER, Calls, open_holds, read_again, rows, sold

pytestmark = pytest.mark.anyio
LATER = Cursor("1")


async def test_a_price_and_a_stock_change_reach_the_channel_in_one_call_each(shop: Shop) -> None:
    listing = await shop.list_offer()
    calls = Calls(shop)
    await read_again(
        shop, make_offer(OFFER, make_spec(1, cost="18.00", stock=50), make_spec(2, cost="18.00", stock=60))
    )

    assert sorted(calls.made) == ["set_prices", "set_stock"]
    assert sold(shop, listing) == {shop.code(0): ("8.99 USD", 48), shop.code(1): ("8.99 USD", 58)}


async def test_a_resync_of_unchanged_offers_writes_no_catalogue_row_and_makes_no_call(shop: Shop) -> None:
    for number in range(5):
        await shop.list_offer(make_offer(str(number)))
    calls, before = Calls(shop), await shop.db.read(rows)
    for _ in range(3):
        await read_again(shop)

    assert await shop.db.read(rows) == before
    assert calls.made == []


async def test_an_unknown_stock_leaves_the_last_one_shown(shop: Shop) -> None:
    listing = await shop.list_offer()
    calls = Calls(shop)
    await read_again(shop, make_offer(OFFER, make_spec(1, stock=None), make_spec(2, cost="14.90", stock=7)))

    assert calls.made == []
    assert sold(shop, listing)[shop.code(0)][1] == 98


async def test_a_price_jump_is_held_with_its_figures_and_the_last_price_stays(shop: Shop) -> None:
    listing = await shop.list_offer()
    calls = Calls(shop)
    await read_again(shop, make_offer(OFFER, make_spec(1, cost="60.00"), make_spec(2, cost="14.90", stock=7)))

    held = await open_holds(shop, f"sku toys/{shop.code(0)}")
    assert calls.made == []
    assert sold(shop, listing)[shop.code(0)][0] == "7.99 USD"
    assert held["price_step"]["before"] == "7.99 USD"
    assert held["price_step"]["after"] == "20.99 USD"


async def test_a_price_jump_holds_one_sku_and_not_its_sibling(shop: Shop) -> None:
    listing = await shop.list_offer()
    await read_again(shop, make_offer(OFFER, make_spec(1, cost="60.00"), make_spec(2, cost="18.00", stock=7)))

    assert sold(shop, listing) == {shop.code(0): ("7.99 USD", 98), shop.code(1): ("8.99 USD", 5)}


async def test_a_held_price_is_held_once_however_often_it_is_read(shop: Shop) -> None:
    await shop.list_offer()
    jump = make_offer(OFFER, make_spec(1, cost="60.00"), make_spec(2, cost="14.90", stock=7))
    await read_again(shop, jump)
    before = await shop.db.read(rows), await shop.db.read(holds.opened)
    for _ in range(3):
        await read_again(shop, jump)

    assert (await shop.db.read(rows), await shop.db.read(holds.opened)) == before


async def test_a_price_that_comes_back_inside_the_brake_is_released_and_pushed(shop: Shop) -> None:
    listing = await shop.list_offer()
    await read_again(shop, make_offer(OFFER, make_spec(1, cost="60.00"), make_spec(2, cost="14.90", stock=7)))
    await read_again(shop, make_offer(OFFER, make_spec(1, cost="18.00"), make_spec(2, cost="14.90", stock=7)))

    assert await open_holds(shop, f"sku toys/{shop.code(0)}") == {}
    assert sold(shop, listing)[shop.code(0)][0] == "8.99 USD"


async def test_a_run_that_would_reprice_too_much_of_the_store_is_held_whole(shop: Shop) -> None:
    offers = [make_offer(str(number)) for number in range(12)]
    for offer in offers:
        await shop.list_offer(offer)
    calls = Calls(shop)
    dearer = make_spec(1, cost="18.00"), make_spec(2, cost="18.90", stock=7)
    await read_again(shop, *(replace(offer, specs=dearer) for offer in offers))

    held = await open_holds(shop, "store toys")
    assert calls.made == []
    assert held == {
        "repriced_share": {
            "why": "24 of 24 SKUs of the store would be repriced in one run",
            "skus": "24",
            "plans": "13",
        }
    }
    assert await open_holds(shop, f"sku toys/{shop.code(0, offers[0])}") == {}


async def test_a_run_that_would_zero_too_much_of_the_store_is_held_whole(shop: Shop) -> None:
    offers = [make_offer(str(number)) for number in range(12)]
    for offer in offers:
        await shop.list_offer(offer)
    calls = Calls(shop)
    empty = make_spec(1, stock=0), make_spec(2, cost="14.90", stock=0)
    await read_again(shop, *(replace(offer, specs=empty) for offer in offers))

    held = await open_holds(shop, "store toys")
    assert calls.made == []
    assert held["zeroed_share"]["why"] == "24 of 24 SKUs of the store would go to zero in one run"


async def test_wider_brakes_let_the_same_run_through(shop: Shop) -> None:
    shop.terms = replace(shop.terms, brakes=Brakes(repriced_share=Decimal(1)))
    shop.connect()
    offers = [make_offer(str(number)) for number in range(12)]
    for offer in offers:
        await shop.list_offer(offer)
    dearer = make_spec(1, cost="18.00"), make_spec(2, cost="18.90", stock=7)
    await read_again(shop, *(replace(offer, specs=dearer) for offer in offers))

    prices = {str(sku.price) for listing in shop.channel.shop.values() for sku in listing.skus}
    assert prices == {"8.99 USD"}


async def test_a_withdrawn_offer_is_taken_off_sale(shop: Shop) -> None:
    listing = await shop.list_offer()
    await read_again(shop, make_offer(buyable=False, status="expired"))

    assert shop.channel.shop[listing.listing_id].status is ListingStatus.OFFLINE


async def test_an_offer_that_comes_back_with_other_stock_is_put_back_on_sale(shop: Shop) -> None:
    listing = await shop.list_offer()
    await read_again(shop, make_offer(buyable=False, status="expired"))
    await read_again(shop, make_offer(OFFER, make_spec(1, stock=50), make_spec(2, cost="14.90", stock=60)))

    assert shop.channel.shop[listing.listing_id].status is ListingStatus.ON_SALE
    assert sold(shop, listing) == {shop.code(0): ("7.99 USD", 48), shop.code(1): ("7.99 USD", 58)}


async def test_one_empty_spec_goes_to_zero_and_the_listing_stays_on_sale(shop: Shop) -> None:
    listing = await shop.list_offer()
    await read_again(shop, make_offer(OFFER, make_spec(1, stock=0), make_spec(2, cost="14.90", stock=7)))

    assert sold(shop, listing)[shop.code(0)][1] == 0
    assert shop.channel.shop[listing.listing_id].status is ListingStatus.ON_SALE


async def test_a_spec_the_supplier_no_longer_lists_goes_to_zero(shop: Shop) -> None:
    listing = await shop.list_offer()
    await read_again(shop, make_offer(OFFER, make_spec(2, cost="14.90", stock=7)))

    assert sold(shop, listing) == {shop.code(0): ("7.99 USD", 0), shop.code(1): ("7.99 USD", 5)}


async def test_an_offer_that_cannot_be_read_is_held_until_it_can_and_the_page_goes_on(shop: Shop) -> None:
    readable = shop.supplier.offers

    async def spoilt(*, since: Cursor | None) -> object:
        if since is None:
            yield Page((make_offer("2"),), LATER, failures=(("1", "its price is a word"),))

    shop.supplier.offers = spoilt  # type: ignore[method-assign, assignment]  # one offer of the page is spoilt
    await read_again(shop)
    held = await open_holds(shop, "offer main/1")
    assert held["offer_unreadable"]["why"] == "its price is a word"
    assert len(shop.channel.shop) == 1

    shop.supplier.offers = readable  # type: ignore[method-assign]  # as it was
    await read_again(shop, make_offer("1"))
    assert await open_holds(shop, "offer main/1") == {}


async def test_every_change_sent_is_in_a_plan_with_before_after_reason_and_rule(shop: Shop) -> None:
    await shop.list_offer()
    await read_again(shop, make_offer(OFFER, make_spec(1, cost="18.00"), make_spec(2, cost="14.90", stock=7)))

    changes = await shop.db.read(lambda session: session.scalars(select(ChangeRow)).all())
    change = changes[-1]
    assert (change.field, change.before, change.after, change.state) == ("price", "7.99 USD", "8.99 USD", "applied")
    assert change.reason == "cost 18.00 CNY"
    assert change.rule == "shop.yaml:12:1"


async def test_a_lost_answer_to_a_stock_update_is_repeated(shop: Shop) -> None:
    listing = await shop.list_offer()
    set_stock = shop.channel.set_stock

    async def lost(updates: Sequence[StockUpdate]) -> Sequence[Refusal]:
        shop.channel.set_stock = set_stock  # type: ignore[method-assign]  # once
        raise OutcomeUnknown("no answer", vendor="memory")

    shop.channel.set_stock = lost  # type: ignore[method-assign]  # the answer does not come
    await read_again(shop, make_offer(OFFER, make_spec(1, stock=50), make_spec(2, cost="14.90", stock=7)))
    await shop.pass_time(13 * 60)

    assert sold(shop, listing)[shop.code(0)][1] == 48
    assert await shop.queue() == []
