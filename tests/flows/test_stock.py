"""Stock shown is what can still be bought: less what open purchases take, of all suppliers, and never a guess."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from sqlmodel import Session

from syncbridge.errors import OutcomeUnknown
from syncbridge.flows import retry_queue
from syncbridge.model.catalog import Listing, ListingStatus, Offer, Refusal, StockUpdate
from syncbridge.model.orders import OrderState
from syncbridge.rules.mapping import Part, Place, SkuRule, StockPolicy, Suppliers, Way
from syncbridge.store import holds, timeline
from syncbridge.store.tables.catalogue import BindingRow
from syncbridge.testing.builders import make_offer, make_order_line, make_spec
from tests.flows.conftest import ROUTE, RULES, Shop
from tests.flows.shelf import OFFER, Calls, open_holds, read_again, sold
from tests.flows.test_figures import in_one_page

pytestmark = pytest.mark.anyio
PEN = "700213355418"
WRITTEN = ("binding", "hold", "timeline")


def shown(shop: Shop, listing: Listing, spec: int = 0) -> int:
    return sold(shop, listing)[shop.code(spec)][1]


async def test_an_order_takes_its_goods_off_the_stock_shown_before_they_are_bought(shop: Shop) -> None:
    listing = await shop.list_offer()
    await shop.sell()

    assert shown(shop, listing) == 96
    assert shown(shop, listing, 1) == 5


async def test_what_was_placed_stays_off_until_the_supplier_was_read_again(shop: Shop) -> None:
    listing = await shop.list_offer()
    await shop.sell()
    await shop.pass_time(601)
    assert len(shop.supplier.books) == 1
    assert shown(shop, listing) == 96

    await shop.poll("monitor.due", "main")  # the supplier has not taken the goods off: it always shows a hundred
    assert shown(shop, listing) == 98


async def test_an_order_that_comes_in_between_does_not_keep_what_was_placed_off_for_good(shop: Shop) -> None:
    listing = await shop.list_offer()
    await shop.sell()
    await shop.pass_time(601)
    await shop.sell("8172481060036441")
    assert shown(shop, listing) == 94

    await shop.poll("monitor.due", "main")
    assert shown(shop, listing) == 96


async def test_what_the_supplier_took_off_is_not_taken_off_twice(shop: Shop) -> None:
    listing = await shop.list_offer()
    await shop.sell()
    await shop.pass_time(601)
    calls = Calls(shop)
    await read_again(shop, make_offer(OFFER, make_spec(1, stock=98), make_spec(2, cost="14.90", stock=7)))

    assert shown(shop, listing) == 96
    assert calls.made == []


async def test_an_order_that_is_cancelled_gives_its_goods_back(shop: Shop) -> None:
    listing = await shop.list_offer()
    order = await shop.sell()
    shop.clock.advance(60)
    shop.channel.change(order.order_id, state=OrderState.CANCELLED)
    await shop.hear_of(order.order_id)

    assert shown(shop, listing) == 98


async def test_a_purchase_that_is_given_up_gives_its_goods_back(shop: Shop) -> None:
    listing = await shop.list_offer()
    shop.supplier.grants_orders = False
    await shop.sell()
    await shop.pass_time(601)
    assert shown(shop, listing) == 96
    (card,) = await shop.queue()
    now = shop.clock.now()
    await shop.db.run(lambda session: retry_queue.drop(session, card.id, why="no", now=now))
    await shop.work()

    assert shown(shop, listing) == 98


async def test_goods_beyond_the_cap_are_taken_off_without_a_call(shop: Shop) -> None:
    await shop.list_offer(make_offer(OFFER, make_spec(1, stock=5000)))
    calls = Calls(shop)
    await shop.sell()

    assert calls.made == []


async def test_an_order_for_all_that_is_left_takes_the_listing_off_sale_and_its_end_brings_it_back(shop: Shop) -> None:
    listing = await shop.list_offer(make_offer(OFFER, make_spec(1, stock=12)))
    order = await shop.sell("8172481060036440", make_order_line(shop.code(), 10))
    assert shop.channel.shop[listing.listing_id].status is ListingStatus.OFFLINE
    shop.clock.advance(60)
    shop.channel.change(order.order_id, state=OrderState.CANCELLED)
    await shop.hear_of(order.order_id)

    assert shop.channel.shop[listing.listing_id].status is ListingStatus.ON_SALE
    assert shown(shop, listing) == 10


@pytest.mark.parametrize("on_sale", [False, True])
async def test_a_lost_answer_to_going_off_sale_or_back_is_repeated(shop: Shop, on_sale: bool) -> None:
    listing = await shop.list_offer(make_offer(OFFER, make_spec(1, stock=12)))
    if on_sale:
        await read_again(shop, make_offer(OFFER, make_spec(1, stock=0)))
    switch = shop.channel.set_on_sale
    lost: list[Sequence[Refusal]] = []

    async def lose(listing_ids: Sequence[str], *, on_sale: bool) -> Sequence[Refusal]:
        if not lost:
            lost.append(await switch(listing_ids, on_sale=on_sale))
            raise OutcomeUnknown("no answer", vendor="memory")
        return await switch(listing_ids, on_sale=on_sale)

    shop.channel.set_on_sale = lose  # type: ignore[method-assign]  # its first answer does not come
    await read_again(shop, make_offer(OFFER, make_spec(1, stock=30 if on_sale else 0)))
    await shop.pass_time(13 * 60)

    wanted = ListingStatus.ON_SALE if on_sale else ListingStatus.OFFLINE
    assert shop.channel.shop[listing.listing_id].status is wanted
    assert len(lost) == 1
    assert await shop.queue() == []


@pytest.mark.parametrize("glitch", [None, -1, 10**9])
async def test_row_34_a_stock_that_cannot_be_right_is_held_with_its_figures_and_the_last_one_stays(
    shop: Shop, glitch: int | None
) -> None:
    listing = await shop.list_offer()
    calls = Calls(shop)
    await read_again(shop, make_offer(OFFER, make_spec(1, stock=glitch), make_spec(2, cost="14.90", stock=9)))

    held = await open_holds(shop, "listing toys/1")
    assert shown(shop, listing) == 98
    assert shown(shop, listing, 1) == 7  # its sibling goes on
    assert calls.made == ["set_stock"]
    assert held["stock_unsure"] == {
        "why": "the supplier shows no stock" if glitch is None else f"a supplier stock of {glitch} cannot be right",
        "skus": "1",
        "codes": shop.code(),
    }

    await read_again(shop, make_offer(OFFER, make_spec(1, stock=50), make_spec(2, cost="14.90", stock=9)))
    assert await open_holds(shop, "listing toys/1") == {}
    assert shown(shop, listing) == 48


async def test_row_34_a_new_offer_whose_stock_is_not_known_is_not_put_on_sale_and_a_person_is_told(shop: Shop) -> None:
    shop.supplier.catalogue[OFFER] = make_offer(OFFER, make_spec(1, stock=None))
    await shop.poll("import_.page", "main")

    assert shop.channel.shop == {}
    assert "stock_unsure" in await open_holds(shop, "listing toys/1")


async def test_a_listing_of_many_skus_whose_stock_is_not_known_is_one_hold_that_counts_them(shop: Shop) -> None:
    await shop.list_offer(with_stock(*[50] * 5))
    codes = sorted(shop.code(spec, with_stock(*[50] * 5)) for spec in range(5))

    await read_again(shop, with_stock(*[None] * 5))
    (hold,) = await shop.db.read(holds.all_open)
    assert (hold.kind, hold.subject) == ("stock_unsure", "listing toys/1")
    assert hold.figures == {"why": "the supplier shows no stock", "skus": "5", "codes": ", ".join(codes)}
    told = [event for _, event, _ in await shop.db.read(timeline.of, "listing toys/1")]
    assert told == ["posted", "held: stock_unsure"]


async def test_of_very_many_skus_and_reasons_the_hold_names_the_first(shop: Shop) -> None:
    await read_again(shop, with_stock(*range(-8, 0)))

    (hold,) = await shop.db.read(holds.all_open)
    assert hold.figures["skus"] == "8"
    assert hold.figures["codes"].count(", ") == hold.figures["why"].count("; ") == 5
    assert hold.figures["codes"].endswith(", …")


async def test_the_hold_of_a_listing_follows_its_skus_and_ends_with_the_last_of_them(shop: Shop) -> None:
    await shop.list_offer(with_stock(50, 50, 50))
    told = []
    for stock in ([None, None, None], [None, 50, -1], [None, 50, 50], [50, 50, 50], [50, None, 50]):
        await read_again(shop, with_stock(*stock))
        figures = (await open_holds(shop, "listing toys/1")).get("stock_unsure", {})
        told.append((figures.get("skus"), figures.get("why")))

    no_stock, absurd = "the supplier shows no stock", "a supplier stock of -1 cannot be right"
    assert sorted((told[1][1] or "").split("; ")) == [absurd, no_stock]
    assert [told[0], told[1][0], *told[2:]] == [("3", no_stock), "2", ("1", no_stock), (None, None), ("1", no_stock)]
    assert await shop.db.read(holds.opened) == 2


async def test_what_one_offer_says_leaves_the_skus_that_another_offer_feeds_as_they_are(shop: Shop) -> None:
    await shop.list_offer(with_stock(50, 50))
    await shop.db.run(feed, shop.code(1), make_spec(1).spec_id)

    await read_again(shop, make_offer(PEN, make_spec(1, stock=None)), with_stock(None, 50))
    assert (await open_holds(shop, "listing toys/1"))["stock_unsure"]["skus"] == "2"
    await read_again(shop, with_stock(50, 50))
    assert (await open_holds(shop, "listing toys/1"))["stock_unsure"]["codes"] == shop.code(1)
    await read_again(shop, make_offer(PEN, make_spec(1, stock=50)))
    assert await open_holds(shop, "listing toys/1") == {}


async def test_a_spec_that_goes_while_its_stock_is_not_known_is_told_as_gone_only(shop: Shop) -> None:
    await shop.list_offer(with_stock(50, 50))
    await read_again(shop, with_stock(50, None))
    await read_again(shop, with_stock(50))

    assert await open_holds(shop, "listing toys/1") == {}
    assert list(await open_holds(shop, f"sku toys/{shop.code(1)}")) == ["spec_lost"]


async def test_many_listings_whose_stock_is_not_known_take_as_many_statements_as_few(shop: Shop) -> None:
    shop.set_account("toys", live=False)
    taken = []
    for count in (2, 30):
        some = [replace(with_stock(50, 50), offer_id=f"{count}{n:03}") for n in range(count)]
        await in_one_page(shop, some)
        unsure = [replace(offer, specs=with_stock(None, None).specs) for offer in some]
        seen = [await in_one_page(shop, page) for page in (unsure, some)]
        taken.append([(one["read"], *(one[f"write {table}"] for table in WRITTEN)) for one in seen])

    assert taken[0] == taken[1]
    assert [one[1] for one in taken[0]] == [1, 1]


def with_stock(*stock: int | None) -> Offer:
    """The standard offer, with so many specs."""
    return make_offer(OFFER, *(make_spec(number, stock=one) for number, one in enumerate(stock, start=1)))


def feed(session: Session, sku_code: str, spec_id: str) -> None:
    """A person has bound a SKU to the pen."""
    row = session.get_one(BindingRow, ("toys", sku_code))
    row.offer_id, row.spec_id = PEN, spec_id


async def test_less_than_the_suppliers_minimum_shows_zero(shop: Shop) -> None:
    listing = await shop.list_offer()
    await read_again(shop, make_offer(OFFER, make_spec(1, stock=50), make_spec(2, cost="14.90", stock=7), moq=8))

    assert (shown(shop, listing), shown(shop, listing, 1)) == (48, 0)


def with_rule(shop: Shop, rule: SkuRule, policy: StockPolicy = ROUTE.stock) -> None:
    shop.rules = replace(RULES, skus=(rule,), routes=(replace(ROUTE, goods_code="HB", stock=policy),))
    shop.connect()


async def a_set_of_two_and_a_pen(shop: Shop) -> Listing:
    """The standard offer's first SKU becomes a set of two of it and one pen, which is not listed itself."""
    listing = await shop.list_offer()
    spec = make_spec(1).spec_id
    parts = (Part(OFFER, spec, 2), Part(PEN, spec, 1))
    with_rule(shop, SkuRule(shop.code(), (), parts, (), Place("shop.yaml", 90)))
    await read_again(shop, make_offer(PEN, make_spec(1, stock=40)))
    return listing


async def test_a_set_shows_what_its_scarcest_part_allows_and_follows_each_of_them(shop: Shop) -> None:
    listing = await a_set_of_two_and_a_pen(shop)
    assert shown(shop, listing) == 38
    await read_again(shop, make_offer(PEN, make_spec(1, stock=60)))
    assert shown(shop, listing) == 48
    await read_again(shop, make_offer(PEN, make_spec(1, stock=9)))

    assert shown(shop, listing) == 7


async def test_a_set_in_flight_reserves_every_part(shop: Shop) -> None:
    listing = await a_set_of_two_and_a_pen(shop)
    await shop.sell("8172481060036440", make_order_line(shop.code(), 3))

    assert shown(shop, listing) == 35


@pytest.mark.parametrize(("policy", "expected"), [(Suppliers.FIRST, 98), (Suppliers.SUM, 138)])
async def test_a_backups_stock_is_added_where_the_policy_sums(shop: Shop, policy: Suppliers, expected: int) -> None:
    listing = await shop.list_offer()
    backup = Way("main", (Part(PEN, make_spec(1).spec_id, 1),))
    stock = replace(ROUTE.stock, suppliers=policy)
    with_rule(shop, SkuRule(shop.code(), (), (), (backup,), Place("shop.yaml", 90)), stock)
    await read_again(shop, make_offer(PEN, make_spec(1, stock=40)))

    assert shown(shop, listing) == expected


async def test_a_backup_keeps_a_listing_on_sale_whose_first_supplier_has_none(shop: Shop) -> None:
    listing = await shop.list_offer(make_offer(OFFER, make_spec(1, stock=12)))
    backup = Way("main", (Part(PEN, make_spec(1).spec_id, 1),))
    with_rule(shop, SkuRule(shop.code(), (), (), (backup,), Place("shop.yaml", 90)))
    await read_again(shop, make_offer(PEN, make_spec(1, stock=40)))
    await read_again(shop, make_offer(OFFER, make_spec(1, stock=0)))

    assert shown(shop, listing) == 38
    assert shop.channel.shop[listing.listing_id].status is ListingStatus.ON_SALE


async def test_a_lost_answer_to_what_a_reservation_changed_is_repeated(shop: Shop) -> None:
    listing = await shop.list_offer()
    set_stock = shop.channel.set_stock

    async def lost(updates: Sequence[StockUpdate]) -> Sequence[Refusal]:
        shop.channel.set_stock = set_stock  # type: ignore[method-assign]  # once
        raise OutcomeUnknown("no answer", vendor="memory")

    shop.channel.set_stock = lost  # type: ignore[method-assign]  # the answer does not come
    await shop.sell()
    await shop.pass_time(13 * 60)

    assert shown(shop, listing) == 96
