"""Several orders of one buyer become one vendor order where the route says so, and no others do."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from syncbridge.errors import Rejected
from syncbridge.model.money import Money
from syncbridge.model.orders import BuyerAddress, OrderStage
from syncbridge.model.purchasing import (
    PurchaseState,
    VendorOrderState,
)
from syncbridge.model.shipping import Shipment
from syncbridge.rules.mapping import Part, Rules, SkuRule
from syncbridge.store import holds, orders, purchases, timeline
from syncbridge.testing.builders import make_offer, make_order_line, make_spec
from tests.flows.conftest import ROUTE, RULES, Shop
from tests.flows.merged import (
    COOL_OFF,
    ELSEWHERE,
    FIRST,
    SECOND,
    buy_two,
    change,
    declared,
    differences,
    fulfil,
    marks,
    not_placed,
    quantities,
    run_place,
    sell_two,
    states,
    the_one,
)

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("merging")]


async def test_two_orders_of_one_buyer_become_one_vendor_order_that_is_paid_once(shop: Shop) -> None:
    bought = await buy_two(shop)
    assert bought.state is VendorOrderState.PAID
    assert quantities(shop) == [[5]]
    assert await states(shop) == [PurchaseState.PAID, PurchaseState.PAID]
    assert await shop.queue() == []


async def test_its_note_names_the_mark_for_the_parcel_first_and_then_those_of_the_others(shop: Shop) -> None:
    bought = await buy_two(shop)
    first, second = await marks(shop)
    assert bought.note == f"唛头 {first} 合单 {second}"


async def test_the_one_parcel_is_declared_to_each_order_as_the_whole_of_it(shop: Shop) -> None:
    await buy_two(shop)
    await fulfil(shop, (await marks(shop))[0])
    assert declared(shop) == {FIRST: ["UR000000001YP"], SECOND: ["UR000000001YP"]}
    assert await states(shop) == [PurchaseState.DECLARED, PurchaseState.DECLARED]
    for order_id in (FIRST, SECOND):
        assert await shop.db.read(orders.stage_of, "toys", order_id) is OrderStage.DECLARED


async def test_a_parcel_under_the_mark_of_either_is_declared_to_both(shop: Shop) -> None:
    await buy_two(shop)
    await fulfil(shop, (await marks(shop))[1])
    assert declared(shop) == {FIRST: ["UR000000001YP"], SECOND: ["UR000000001YP"]}


async def test_the_suppliers_own_number_is_declared_to_neither(shop: Shop) -> None:
    await buy_two(shop)
    shop.supplier.ship(the_one(shop).vendor_order_id, "UR000000001YP")
    await shop.poll("purchase.poll", "main")
    shop.forwards((await marks(shop))[0])
    await shop.poll("fulfil.collect", "forwarder")
    assert declared(shop) == {}
    assert [entry.code for entry in await shop.queue()] == ["tracking_refused", "tracking_refused"]


async def test_an_audit_finds_no_difference_at_any_stage(shop: Shop) -> None:
    await buy_two(shop)
    assert await differences(shop) == []
    await fulfil(shop, (await marks(shop))[0])
    assert await differences(shop) == []


async def test_an_audit_counts_on_the_vendor_order_while_one_of_them_waits_for_its_parcel(shop: Shop) -> None:
    await buy_two(shop)
    declare = shop.channel.declare

    async def not_to_the_second(order_id: str, shipment: Shipment, *, complete: bool) -> None:
        if order_id == SECOND:
            raise Rejected("no", vendor="memory", code="no")
        await declare(order_id, shipment, complete=complete)

    shop.channel.declare = not_to_the_second  # type: ignore[method-assign]
    await fulfil(shop, (await marks(shop))[0])
    shop.clock.advance(timedelta(days=9).total_seconds())
    assert await states(shop) == [PurchaseState.DECLARED, PurchaseState.SHIPPED]
    assert await differences(shop) == []

    shop.supplier.books.clear()
    (gone,) = await differences(shop)
    assert gone.startswith(f"missing order toys/{SECOND}")


async def test_both_orders_tell_what_became_of_them(shop: Shop) -> None:
    await buy_two(shop)
    told = await shop.db.read(timeline.of, f"order toys/{SECOND}")
    assert [event for _, event, _ in told][-3:] == ["intended", "sent with others of the buyer", "placed"]


async def test_the_list_of_purchases_shows_the_vendor_order_with_each(shop: Shop) -> None:
    bought = await buy_two(shop)
    listed = await shop.db.read(purchases.all_of, "main")
    assert [[one.vendor_order_id for one in became] for _, became in listed] == [[bought.vendor_order_id]] * 2


async def test_an_order_that_still_cools_off_is_waited_for(shop: Shop) -> None:
    await shop.list_offer()
    await shop.sell(FIRST)
    await shop.pass_time(300)
    await shop.sell(SECOND, make_order_line(shop.code(), 3))
    await shop.pass_time(COOL_OFF - 300)
    assert not shop.supplier.books
    await shop.pass_time(300)
    assert quantities(shop) == [[5]]


async def test_an_order_is_not_waited_for_if_the_first_would_be_late(shop: Shop) -> None:
    await shop.list_offer()
    await shop.sell(FIRST, ship_by=shop.clock.now() + timedelta(days=2, minutes=12))
    await shop.pass_time(300)
    await shop.sell(SECOND, make_order_line(shop.code(), 3))
    await shop.pass_time(COOL_OFF - 300)
    assert quantities(shop) == [[2]]


# ---------------------------------------------------------------- never merged


async def test_without_the_rule_each_order_is_bought_alone(shop: Shop) -> None:
    shop.rules = RULES
    shop.connect()
    await sell_two(shop)
    await shop.pass_time(COOL_OFF)
    assert quantities(shop) == [[2], [3]]
    assert [one.note for one in shop.supplier.books.values()] == [f"唛头 {mark}" for mark in await marks(shop)]


@pytest.mark.parametrize("address", [ELSEWHERE, None])
async def test_another_address_or_none_is_never_merged(shop: Shop, address: BuyerAddress | None) -> None:
    await sell_two(shop, address=address)
    await shop.pass_time(COOL_OFF)
    assert quantities(shop) == [[2], [3]]


@pytest.mark.parametrize("order_id", [FIRST, SECOND])
async def test_an_address_the_buyer_just_changed_is_seen_before_it_is_merged(shop: Shop, order_id: str) -> None:
    await sell_two(shop)
    await change(shop, order_id, address=ELSEWHERE, tell=False)
    await shop.pass_time(COOL_OFF)
    assert quantities(shop) == [[2], [3]]


async def test_orders_without_an_address_are_never_merged(shop: Shop) -> None:
    await shop.list_offer()
    await shop.sell(FIRST, address=None)
    await shop.sell(SECOND, make_order_line(shop.code(), 3), address=None)
    await shop.pass_time(COOL_OFF)
    assert quantities(shop) == [[2], [3]]


async def test_another_route_is_never_merged(shop: Shop) -> None:
    other = replace(ROUTE, name="more toys", prefix=shop.code(1), merge=True)
    await shop.list_offer()
    shop.rules = Rules((replace(ROUTE, merge=True), other), RULES.rates)
    shop.connect()
    await shop.sell(FIRST)
    await shop.sell(SECOND, make_order_line(shop.code(1), 3))
    await shop.pass_time(COOL_OFF)
    assert quantities(shop) == [[2], [3]]


async def test_goods_of_another_shop_are_never_merged(shop: Shop) -> None:
    other = make_offer("700000000001", make_spec(7), supplier_id="another shop")
    await shop.list_offer()
    await shop.list_offer(other)
    await shop.sell(FIRST)
    await shop.sell(SECOND, make_order_line(shop.code(0, other), 3))
    await shop.pass_time(COOL_OFF)
    assert quantities(shop) == [[2], [3]]


async def test_what_goes_to_another_relay_address_is_never_merged(shop: Shop) -> None:
    await shop.list_offer()
    await shop.sell(FIRST)
    (route,) = shop.rules.routes
    shop.rules = replace(shop.rules, routes=(replace(route, relay=replace(route.relay, city="宁波市")),))
    shop.connect()
    await shop.sell(SECOND, make_order_line(shop.code(), 3))
    await shop.pass_time(COOL_OFF)
    assert quantities(shop) == [[2], [3]]


@pytest.mark.parametrize("begins", [1, 2])
async def test_what_was_sent_once_before_goes_alone(shop: Shop, begins: int) -> None:
    await shop.list_offer()
    await shop.sell(FIRST)
    shop.supplier.lose_next = True
    await shop.pass_time(COOL_OFF)
    shop.supplier.books.clear()  # it was never made
    await shop.pass_time(121)
    await shop.sell(SECOND, make_order_line(shop.code(), 3))
    shop.clock.advance(COOL_OFF)
    (unknown,) = await shop.queue()
    await not_placed(shop, unknown.id)
    await run_place(shop, begins)
    await shop.work()
    assert sorted(quantities(shop)) == [[2], [3]]


async def test_an_order_that_is_held_is_not_merged(shop: Shop) -> None:
    await sell_two(shop)
    figures = {"why": "a person looks at it"}
    await shop.db.run(holds.open_hold, "confirm", f"order toys/{SECOND}", figures, now=shop.clock.now())
    await shop.pass_time(COOL_OFF)
    assert quantities(shop) == [[2], [3]]


async def test_not_more_specs_are_merged_than_one_vendor_order_takes(shop: Shop) -> None:
    many = make_offer("700000000002", *(make_spec(number) for number in range(10, 62)))
    sets = [
        SkuRule(f"TYSET{n}", (), tuple(Part(many.offer_id, spec.spec_id, 1) for spec in part), (), ROUTE.place)
        for n, part in enumerate((many.specs[:26], many.specs[26:]))
    ]
    shop.rules = replace(shop.rules, skus=tuple(sets))
    shop.connect()
    shop.supplier.catalogue[many.offer_id] = many
    await shop.poll("import_.page", "main")
    for n, order_id in enumerate((FIRST, SECOND)):
        line = replace(make_order_line(f"TYSET{n}", 1), price=Money.parse("199.00 USD"))
        await shop.sell(order_id, line)
    await shop.pass_time(COOL_OFF)
    assert [len(some) for some in quantities(shop)] == [26, 26]


# ---------------------------------------------------------------- what stops one does not stop the other
