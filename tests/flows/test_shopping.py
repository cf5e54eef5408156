"""What a person finds on the shopping list, and what comes back from it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from syncbridge.flows import shopping
from syncbridge.model.catalog import Tier
from syncbridge.store import catalogue
from syncbridge.testing.builders import cny, make_offer, make_order_line
from tests.flows.conftest import Shop
from tests.flows.test_decisions import ORDER, by_hand, the_purchase

pytestmark = pytest.mark.anyio


async def test_a_line_says_all_the_order_form_asks_for(shop: Shop) -> None:
    entry = await by_hand(shop)
    (line,) = await shop.db.read(shopping.shopping_list)
    assert (line.id, line.supplier, line.shop, line.order) == (entry.id, "main", "杭州文具有限公司", f"toys/{ORDER}")
    assert (line.title, line.spec, line.quantity) == ("Notebook B5", "颜色: 白色; 款号: 1", 2)
    assert line.link == "https://detail.1688.com/offer/676651652931.html"
    assert line.cost == cny("27.80")
    assert line.note == f"唛头 {(await the_purchase(shop)).mark}"
    assert line.relay == "浙江省杭州市滨江区网商路699号 转运仓 13800000000"
    assert line.ship_by == entry.ship_by


async def test_an_account_can_be_asked_for_alone(shop: Shop) -> None:
    await by_hand(shop)
    assert await shop.db.read(shopping.shopping_list, "other") == []
    assert len(await shop.db.read(shopping.shopping_list, "main")) == 1


async def test_in_a_shop_the_most_urgent_comes_first(shop: Shop) -> None:
    await by_hand(shop)
    await shop.sell("8172481060036441", ship_by=shop.clock.now() + timedelta(days=1))
    await shop.pass_time(601)
    assert [line.order[-1] for line in await shop.db.read(shopping.shopping_list)] == ["1", "0"]


async def test_a_spec_the_offer_no_longer_has_is_named_by_its_id_without_a_cost(shop: Shop) -> None:
    await by_hand(shop)
    offer = make_offer()
    rebuilt = replace(offer, specs=offer.specs[1:])
    await shop.db.run(catalogue.keep, "main", [rebuilt], now=shop.clock.now())
    (line,) = await shop.db.read(shopping.shopping_list)
    assert (line.spec, line.cost) == (offer.specs[0].spec_id, None)


async def test_without_a_price_of_its_own_a_spec_costs_what_the_tier_of_the_quantity_says(shop: Shop) -> None:
    offer = make_offer()
    await shop.list_offer(offer)
    shop.supplier.grants_orders = False
    await shop.sell(ORDER, make_order_line(shop.code(0, offer), 3))
    await shop.pass_time(601)
    tiers = (Tier(1, cny("10")), Tier(3, cny("9")), Tier(4, cny("8")))
    cheap = replace(offer, specs=tuple(replace(spec, cost=None) for spec in offer.specs), tiers=tiers)
    await shop.db.run(catalogue.keep, "main", [cheap], now=shop.clock.now())
    (line,) = await shop.db.read(shopping.shopping_list)
    assert line.cost == cny("27")
