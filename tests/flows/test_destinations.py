"""The country of an order decides how it is bought and sent, and an old code is bought as what it stands for."""

from __future__ import annotations

from dataclasses import replace

import pytest

from syncbridge.flows import decisions
from syncbridge.model.orders import BuyerAddress, OrderStage
from syncbridge.model.purchasing import Purchase
from syncbridge.rules.mapping import Alias, BuyMode, Part, Place, Route
from syncbridge.store import orders, purchases
from syncbridge.testing.builders import make_offer, make_order_line
from tests.flows.conftest import ROUTE, Shop
from tests.flows.test_addresses import COOL_OFF, move_house

pytestmark = pytest.mark.anyio
ORDER = "8172481060036440"
BERLIN = BuyerAddress("Eva Maier", "1701234567", "DE", "Berlin", "Berlin", "10115", "Invalidenstr. 1")
GERMAN = replace(ROUTE, name="german", destinations=("DE",), relay=replace(ROUTE.relay, city="义乌市"))


async def with_routes(shop: Shop, german: Route = GERMAN) -> None:
    shop.rules = replace(shop.rules, routes=(ROUTE, german))
    shop.connect()
    await shop.list_offer()


async def bought(shop: Shop) -> list[Purchase]:
    return await shop.db.read(purchases.of_order, "toys", ORDER)


async def test_an_order_is_bought_by_the_route_of_its_country_and_sent_to_its_relay_address(shop: Shop) -> None:
    await with_routes(shop)

    await shop.sell(ORDER, address=BERLIN)
    await shop.hear_of(ORDER)

    (purchase,) = await bought(shop)
    assert (purchase.route, purchase.relay.city) == ("german", "义乌市")


async def test_an_order_for_any_other_country_is_bought_by_the_route_without_destinations(shop: Shop) -> None:
    await with_routes(shop)

    await shop.sell(ORDER)
    await shop.hear_of(ORDER)

    (purchase,) = await bought(shop)
    assert (purchase.route, purchase.relay) == (ROUTE.name, ROUTE.relay)


async def test_own_stock_in_a_country_is_left_to_the_seller(shop: Shop) -> None:
    await with_routes(shop, replace(GERMAN, buy=BuyMode.OWN_STOCK))

    await shop.sell(ORDER, address=BERLIN)
    await shop.hear_of(ORDER)

    assert await bought(shop) == []
    assert await shop.db.read(orders.stage_of, "toys", ORDER) is OrderStage.NOT_OURS


async def test_an_order_that_shows_no_country_waits_for_a_person_and_goes_on_when_it_does(shop: Shop) -> None:
    await with_routes(shop)
    await shop.sell(ORDER, address=None)
    await shop.hear_of(ORDER)

    (entry,) = await shop.queue()
    assert (entry.code, "shows no country" in entry.reason) == ("unrouted", True)

    shop.channel.books[ORDER] = replace(shop.channel.books[ORDER], address=BERLIN)
    await shop.pass_time(1)
    await shop.hear_of(ORDER)
    assert [purchase.route for purchase in await bought(shop)] == ["german"]


async def test_a_buyer_who_moves_to_a_country_of_another_way_before_it_is_bought_is_a_halt(shop: Shop) -> None:
    await with_routes(shop)
    await shop.sell(ORDER)
    await shop.hear_of(ORDER)
    await move_house(shop, BERLIN)
    await shop.pass_time(COOL_OFF)

    (entry,) = await shop.queue()
    assert (entry.code, entry.reason) == (
        "destination_changed",
        "it was routed by toys, and orders to DE take german",
    )
    assert shop.supplier.books == {}

    await shop.db.run(decisions.approve, entry.id, why="the forwarder takes it", now=shop.clock.now())
    await shop.work()
    assert len(shop.supplier.books) == 1


@pytest.mark.parametrize("moved_to", [BERLIN, replace(BERLIN, country="FR")])
async def test_a_buyer_who_moves_within_the_countries_of_a_way_stops_nothing(
    shop: Shop, moved_to: BuyerAddress
) -> None:
    await with_routes(shop, replace(GERMAN, destinations=("DE", "FR")))
    await shop.sell(ORDER, address=replace(BERLIN, street="Torstr. 2"))
    await shop.hear_of(ORDER)
    await move_house(shop, moved_to)
    await shop.pass_time(COOL_OFF)

    assert len(shop.supplier.books) == 1


async def test_a_route_renamed_while_a_purchase_cools_off_is_no_other_destination(shop: Shop) -> None:
    await shop.list_offer()
    await shop.sell(ORDER)
    await shop.hear_of(ORDER)
    longer = replace(ROUTE, name="longer", prefix=shop.code()[:4], goods_code="QX")
    shop.rules = replace(shop.rules, routes=(ROUTE, longer))
    shop.connect()
    await shop.pass_time(COOL_OFF)

    assert len(shop.supplier.books) == 1


async def test_an_old_code_is_bought_as_the_sku_it_stands_for(shop: Shop) -> None:
    await shop.list_offer()
    alias = Alias("OLD-7", (), shop.code(), None, Place("shop.yaml", 90))
    shop.rules = replace(shop.rules, aliases={"OLD-7": (alias,)})
    shop.connect()

    await shop.sell(ORDER, make_order_line("OLD-7", 3))
    await shop.hear_of(ORDER)

    (purchase,) = await bought(shop)
    assert [(line.spec_id, line.quantity) for line in purchase.lines] == [(make_offer().specs[0].spec_id, 3)]


async def test_an_old_code_that_stands_for_a_spec_needs_no_binding(shop: Shop) -> None:
    await shop.list_offer()
    offer = make_offer()
    part = Part(offer.offer_id, offer.specs[1].spec_id, 1)
    shop.rules = replace(shop.rules, aliases={"TYOLD": (Alias("TYOLD", (), "", part, Place("shop.yaml", 90)),)})
    shop.connect()

    await shop.sell(ORDER, make_order_line("TYOLD", 2))
    await shop.hear_of(ORDER)

    (purchase,) = await bought(shop)
    assert [(line.spec_id, line.quantity) for line in purchase.lines] == [(offer.specs[1].spec_id, 2)]
