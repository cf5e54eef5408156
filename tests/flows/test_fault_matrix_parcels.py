"""Rows of the fault matrix on the two legs, and what may befall a number: declared once, or visible with its reason."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from unittest.mock import AsyncMock

import pytest

from syncbridge.flows import domestic
from syncbridge.model.orders import BuyerAddress, OrderState
from syncbridge.model.purchasing import PurchaseState
from syncbridge.queue import job as jobs
from syncbridge.store import purchases, waybills
from tests.flows.conftest import Shop
from tests.flows.legs import (
    FIRST,
    ORDER,
    SECOND,
    announce,
    bought,
    declared,
    held,
    mark_of,
    next_day,
    numbers,
    shipped,
    split_up,
)

pytestmark = pytest.mark.anyio


async def die_at(shop: Shop, kind: str) -> None:
    """The next job of a kind is claimed, acts, and never reports."""
    (due,) = await shop.db.read(jobs.due_of, [kind], now=shop.clock.now(), most=1)
    claim = await shop.db.run(jobs.claim, due, now=shop.clock.now(), lease=timedelta(seconds=120))
    assert claim is not None
    await shop.worker.handlers[kind](claim)
    await shop.db.run(jobs.free_leases, now=shop.clock.now())


@pytest.mark.parametrize("replaces", [None, FIRST], ids=["declaration", "change"])
async def test_row_04_a_kill_between_the_channels_answer_and_our_note_of_it_declares_nothing_twice(
    shop: Shop, replaces: str | None
) -> None:
    mark = await declared(shop) if replaces else mark_of(await shipped(shop))
    number = SECOND if replaces else FIRST
    kind = "fulfil.redeclare" if replaces else "fulfil.declare"
    calls = AsyncMock(side_effect=shop.channel.redeclare if replaces else shop.channel.declare)
    setattr(shop.channel, "redeclare" if replaces else "declare", calls)
    shop.forwards(mark, number, replaces=replaces)
    await shop.db.run(
        jobs.enqueue,
        [jobs.NewJob("fulfil.collect", "now", "forwarder", shop.clock.now(), shop.clock.now())],
        now=shop.clock.now(),
    )
    (collect,) = await shop.db.read(jobs.due_of, ["fulfil.collect"], now=shop.clock.now(), most=1)
    await shop.worker.execute(collect)

    await die_at(shop, kind)
    assert numbers(shop) == [number]
    await shop.pass_time(121)

    assert (numbers(shop), calls.await_count) == ([number], 1)
    assert await shop.queue() == []


async def test_row_38_an_order_cancelled_between_the_legs_is_not_declared_and_a_person_sees_its_parcel(
    shop: Shop,
) -> None:
    order = await shipped(shop)
    shop.clock.advance(1)
    shop.channel.change(ORDER, state=OrderState.CANCELLED)
    await shop.poll("orders.poll", "toys")
    await announce(shop, mark_of(order))

    assert numbers(shop) == []
    assert {entry.code for entry in await shop.queue()} == {"order_ended", "shipped_after_cancel"}


async def test_row_38_a_parcel_of_an_order_that_is_being_cancelled_is_refused_with_the_reason(shop: Shop) -> None:
    order = await shipped(shop)
    shop.clock.advance(1)
    shop.channel.change(ORDER, state=OrderState.CANCELLING)
    await announce(shop, mark_of(order))

    assert numbers(shop) == []
    (entry,) = [one for one in await shop.queue() if one.what == "fulfil.declare"]
    assert "takes no declaration now" in entry.reason


async def test_row_39_an_address_edited_between_the_legs_is_told_before_the_parcel_leaves(shop: Shop) -> None:
    await shop.list_offer()
    home = BuyerAddress("Ana García", "612345678", "ES", "Madrid", "Madrid", "28001", "Calle Mayor 1")
    await shop.sell(ORDER, address=home)
    await shop.pass_time(601)
    (order,) = shop.supplier.books.values()
    shop.supplier.ship(order.vendor_order_id, "YT1")
    await shop.poll("purchase.poll", "main")
    shop.clock.advance(1)
    shop.channel.change(ORDER, address=replace(home, street="Gran Vía 2"))
    await shop.poll("orders.poll", "toys")

    (entry,) = await shop.queue()
    assert (entry.code, "give the forwarder the new one" in entry.reason) == ("address_changed", True)
    await announce(shop, mark_of(order))
    assert numbers(shop) == [FIRST]


async def test_row_40_vendor_orders_of_one_call_are_tracked_parcel_by_parcel(shop: Shop) -> None:
    split_up(shop)
    await bought(shop)
    shop.clock.advance(60)
    for vendor_order_id, number in zip(list(shop.supplier.books), ("YT1", "YT2"), strict=True):
        shop.supplier.ship(vendor_order_id, number)
    await shop.poll("purchase.poll", "main")

    found = {
        vendor_order_id: [one.number for one in await shop.db.read(waybills.living, "main", vendor_order_id)]
        for vendor_order_id in shop.supplier.books
    }
    assert list(found.values()) == [["YT1"], ["YT2"]]
    assert await shop.db.read(waybills.is_domestic, "YT1")
    assert await shop.db.read(waybills.is_domestic, "YT2")


async def test_a_number_in_a_wrong_format_is_visible_with_the_pattern_and_not_declared(shop: Shop) -> None:
    await announce(shop, mark_of(await shipped(shop)), "nonsense")

    (entry,) = await shop.queue()
    assert (numbers(shop), entry.code) == ([], "tracking_refused")
    assert entry.figures == {"nonsense": r"YANWEN_AM ^[A-Z]{2}\d{9}YP$"}


async def test_a_carrier_not_on_the_list_is_visible_with_those_that_are(shop: Shop) -> None:
    await announce(shop, mark_of(await shipped(shop)), carrier="PIGEON")

    (entry,) = await shop.queue()
    assert (numbers(shop), entry.code) == ([], "tracking_refused")
    assert "YANWEN_AM" in entry.figures[FIRST]


async def test_a_declaration_answered_by_a_time_out_is_made_once(shop: Shop) -> None:
    mark = mark_of(await shipped(shop))
    calls = AsyncMock(side_effect=shop.channel.declare)
    shop.channel.declare = calls  # type: ignore[method-assign]  # counted
    shop.channel.lose_next = True
    await announce(shop, mark)
    await shop.pass_time(61)

    assert (numbers(shop), calls.await_count, await shop.queue()) == ([FIRST], 1, [])


@pytest.mark.parametrize(("signed", "kind"), [(False, domestic.STALLED), (True, domestic.NOT_FORWARDED)])
async def test_a_parcel_lost_on_either_side_of_the_relay_address_is_visible(
    shop: Shop, signed: bool, kind: str
) -> None:
    await shipped(shop, "YT1")
    shop.supplier.move("YT1", "the last that was heard", signed=signed)
    for _ in range(7):
        await next_day(shop)

    assert len(await held(shop, kind)) == 1
    assert numbers(shop) == []


async def test_a_number_changed_after_declaring_is_declared_once_under_the_new_one(shop: Shop) -> None:
    mark = await declared(shop)
    await announce(shop, mark, SECOND, replaces=FIRST)

    assert (numbers(shop), await shop.queue()) == ([SECOND], [])


async def test_of_two_numbers_for_one_parcel_one_is_declared_and_the_other_is_visible(shop: Shop) -> None:
    mark = mark_of(await shipped(shop))
    shop.forwards(mark, FIRST)
    await announce(shop, mark, SECOND)

    assert numbers(shop) == [FIRST]
    assert [entry.code for entry in await shop.queue()] == ["two_numbers"]
    (purchase,) = await shop.db.read(purchases.of_order, "toys", ORDER)
    assert purchase.state is PurchaseState.DECLARED
