"""Sets, backups and own stock, from the order to what is bought and declared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from syncbridge.flows import orders as flow
from syncbridge.model.catalog import Offer
from syncbridge.model.orders import OrderStage, OrderState
from syncbridge.model.purchasing import Purchase, PurchaseState, VendorOrderState
from syncbridge.model.shipping import Shipment
from syncbridge.rules.mapping import BuyMode, Part, Place, SkuRule, Way
from syncbridge.rules.routing import Split
from syncbridge.store import orders, purchases, timeline
from syncbridge.store.purchases import AlreadyIntended
from syncbridge.testing.builders import make_offer, make_order_line, make_spec
from tests.flows.conftest import ROUTE, Shop

pytestmark = pytest.mark.anyio
COOL_OFF = 601
ORDER = "8172481060036440"
SUBJECT = f"order toys/{ORDER}"
FIRST = make_offer("1", make_spec(1), supplier_id="shop-a")
SECOND = make_offer("2", make_spec(2), supplier_id="shop-b")
THIRD = make_offer("3", make_spec(3), supplier_id="shop-c")


def part(offer: Offer, quantity: int = 1) -> Part:
    return Part(offer.offer_id, offer.specs[0].spec_id, quantity)


def way(*parts: Part) -> Way:
    return Way("main", parts)


async def stock(shop: Shop, *skus: tuple[str, Sequence[Part], Sequence[Way]], known: Sequence[Offer]) -> None:
    """Offers that were read, and SKUs made of them."""
    for offer in known:
        await shop.list_offer(offer)
    rules = [SkuRule(code, (), tuple(parts), tuple(backups), Place("shop.yaml", 90)) for code, parts, backups in skus]
    shop.rules = replace(shop.rules, skus=tuple(rules))
    shop.connect()


async def bought(shop: Shop) -> list[Purchase]:
    return await shop.db.read(purchases.of_order, "toys", ORDER)


async def stage(shop: Shop) -> OrderStage | None:
    return await shop.db.read(orders.stage_of, "toys", ORDER)


async def rerouted(shop: Shop, purchase: Purchase) -> Sequence[Split] | None:
    return await shop.db.read(flow.reroute, shop.bridge, purchase)


async def own_stock(shop: Shop) -> None:
    """SKUs that begin with TYOWN are the seller's own."""
    own = replace(ROUTE, name="own", prefix="TYOWN", buy=BuyMode.OWN_STOCK)
    shop.rules = replace(shop.rules, routes=(ROUTE, own))
    shop.connect()
    await shop.list_offer()


async def test_a_set_is_bought_as_its_parts_and_nothing_is_bought_twice(shop: Shop) -> None:
    await stock(shop, ("TYSET", [part(FIRST, 3), part(SECOND)], []), known=[FIRST, SECOND])

    await shop.sell(ORDER, make_order_line("TYSET", 2))
    await shop.hear_of(ORDER)
    await shop.pass_time(COOL_OFF)

    made = [(line.offer_id, line.quantity) for order in shop.supplier.books.values() for line in order.lines]
    assert sorted(made) == [("1", 6), ("2", 2)]


async def test_a_set_with_an_offer_that_was_never_read_waits_and_is_bought_once_it_was(shop: Shop) -> None:
    await stock(shop, ("TYSET", [part(FIRST), part(SECOND)], []), known=[FIRST])
    await shop.sell(ORDER, make_order_line("TYSET", 1))
    (entry,) = await shop.queue()
    assert (entry.code, "offer 2 of SKU TYSET was never read from account main" in entry.reason) == ("unrouted", True)

    await shop.list_offer(SECOND)
    shop.clock.advance(1)
    await shop.hear_of(ORDER)
    await shop.pass_time(COOL_OFF)

    assert len(shop.supplier.books) == 2
    assert await shop.queue() == []


async def test_an_order_of_own_stock_alone_is_not_ours_and_says_why(shop: Shop) -> None:
    await own_stock(shop)

    await shop.sell(ORDER, make_order_line("TYOWN1", 1))
    await shop.pass_time(COOL_OFF)

    assert await stage(shop) is OrderStage.NOT_OURS
    assert (await bought(shop), await shop.queue()) == ([], [])
    notes = [details for _, event, details in await shop.db.read(timeline.of, SUBJECT) if "own stock" in event]
    assert notes == [{"skus": "TYOWN1"}]


@pytest.mark.parametrize("seller_first", [False, True])
async def test_an_order_with_own_stock_is_bought_for_the_rest_and_never_declared_whole(
    shop: Shop, *, seller_first: bool
) -> None:
    await own_stock(shop)
    lines = [make_order_line(shop.code(), 2, line_id="1"), make_order_line("TYOWN1", line_id="2")]
    await shop.sell(ORDER, *lines)
    await shop.pass_time(COOL_OFF)
    (order,) = shop.supplier.books.values()
    if seller_first:
        await shop.channel.declare(ORDER, Shipment("YANWEN_AM", "UR000000009YP"), complete=False)

    shop.forwards(order.note.split()[-1])
    await shop.poll("fulfil.collect", "forwarder")

    assert order.state is VendorOrderState.PAID
    assert "UR000000001YP" in [s.number for s in shop.channel.declarations[ORDER]]
    assert shop.channel.books[ORDER].state is OrderState.PART_SHIPPED
    assert await stage(shop) is OrderStage.DECLARED


async def test_an_order_that_was_cancelled_before_it_was_bought_has_ended(shop: Shop) -> None:
    await shop.list_offer()

    await shop.sell(ORDER, state=OrderState.CANCELLED)

    assert await stage(shop) is OrderStage.ENDED


async def test_a_purchase_that_was_refused_is_made_at_the_backup(shop: Shop) -> None:
    await stock(shop, ("TYSET", [part(FIRST)], [way(part(SECOND, 2))]), known=[FIRST, SECOND])
    shop.supplier.catalogue["1"] = make_offer("1", make_spec(1, stock=0), supplier_id="shop-a")
    await shop.sell(ORDER, make_order_line("TYSET", 2))
    await shop.pass_time(COOL_OFF)

    (made,) = shop.supplier.books.values()
    assert [(line.offer_id, line.quantity) for line in made.lines] == [("2", 4)]
    first, second = await bought(shop)
    assert (second.alternative, second.line_ids, second.payout) == (1, first.line_ids, first.payout)
    assert await rerouted(shop, second) is None


async def test_a_line_is_not_intended_again_while_a_purchase_feeds_it(shop: Shop) -> None:
    await stock(shop, ("TYSET", [part(FIRST)], [way(part(SECOND))]), known=[FIRST, SECOND])
    await shop.sell(ORDER, make_order_line("TYSET", 2))
    (first,) = await bought(shop)
    splits = await rerouted(shop, first)
    assert splits is not None

    with pytest.raises(AlreadyIntended, match="are being bought already"):
        await shop.db.run(flow.intend, shop.bridge, "toys", ORDER, splits)

    assert [purchase.id for purchase in await bought(shop)] == [first.id]


async def test_a_backup_whose_offer_was_never_read_is_passed_over(shop: Shop) -> None:
    await stock(shop, ("TYSET", [part(FIRST)], [way(part(SECOND)), way(part(THIRD))]), known=[FIRST, THIRD])
    await shop.sell(ORDER, make_order_line("TYSET", 1))
    (first,) = await bought(shop)

    splits = await rerouted(shop, first)

    assert splits is not None
    assert [(split.alternative, split.number, split.lines[0].offer_id) for split in splits] == [(2, 200, "3")]


async def test_lines_bought_together_go_to_a_backup_only_if_all_of_them_have_one(shop: Shop) -> None:
    skus = [("TYA", [part(FIRST)], [way(part(SECOND))]), ("TYB", [part(FIRST)], [])]
    await stock(shop, *skus, known=[FIRST, SECOND])
    await shop.sell(ORDER, make_order_line("TYA", line_id="1"), make_order_line("TYB", line_id="2"))
    (both,) = await bought(shop)

    assert both.line_ids == ("1", "2")
    assert await rerouted(shop, both) is None


async def test_half_a_set_never_goes_to_a_backup(shop: Shop) -> None:
    await stock(shop, ("TYSET", [part(FIRST), part(SECOND)], [way(part(THIRD))]), known=[FIRST, SECOND, THIRD])
    await shop.sell(ORDER, make_order_line("TYSET"))
    half, other = await bought(shop)
    assert await rerouted(shop, half) is None

    await shop.db.run(purchases.move, other.id, PurchaseState.STOPPED, when=[other.state])
    assert await rerouted(shop, half) is not None
