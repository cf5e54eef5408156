"""Trying other rules reads set by set and writes nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from syncbridge.flows.rule_check import in_catalogue
from syncbridge.flows.simulate import simulate
from syncbridge.rules.mapping import CodeStyle, Rules, StockPolicy
from syncbridge.testing.builders import make_order_line
from tests.flows.conftest import ROUTE, RULES, Shop
from tests.flows.test_figures import in_one_page, offers, statements

pytestmark = pytest.mark.anyio


async def with_orders(shop: Shop, count: int) -> None:
    """So many offers listed, and an order for each."""
    catalogue = offers(count)
    await in_one_page(shop, catalogue)
    for number, offer in enumerate(catalogue):
        await shop.sell(str(number), make_order_line(shop.code(0, offer), 1))
        await shop.hear_of(str(number))


async def read(shop: Shop, new: Rules) -> tuple[int, int]:
    """How many statements a simulation and a check take."""
    began = shop.clock.now().replace(year=2020)
    with statements(shop) as seen:
        await shop.db.read(simulate, RULES, new, began)
    with statements(shop) as checked:
        await shop.db.read(in_catalogue, new)
    assert set(seen) == set(checked) == {"read"}
    return seen["read"], checked["read"]


async def test_ten_times_the_offers_and_orders_take_no_more_statements_to_try_rules_on(shop: Shop) -> None:
    new = replace(RULES, routes=(replace(ROUTE, stock=StockPolicy(7, 9), code=CodeStyle.COMPACT),))
    await with_orders(shop, 3)
    few = await read(shop, new)

    await with_orders(shop, 30)

    assert await read(shop, new) == few


async def test_what_a_simulation_tells_of_stock_is_what_becomes_of_it(shop: Shop) -> None:
    listing = await shop.list_offer()
    new = replace(RULES, routes=(replace(ROUTE, stock=StockPolicy(7, 9)),))

    found = await shop.db.read(simulate, RULES, new, shop.clock.now())
    shop.rules = new
    shop.connect()
    await shop.poll("import_.page", "main")

    told = {one.subject: one.after for one in found.differences if one.kind == "stock"}
    shown = {sku.sku_code: str(sku.stock) for sku in shop.channel.shop[listing.listing_id].skus}
    assert told == {code: shown[code] for code in told}
    assert "9" in told.values()
