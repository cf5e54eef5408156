"""What is bought together: one cancelled, refused or too dear leaves the other to be bought; so does a race."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from syncbridge.errors import Rejected
from syncbridge.model.money import Money
from syncbridge.model.purchasing import (
    IntentKey,
    Placement,
    PurchaseDraft,
    PurchaseState,
    Quote,
)
from syncbridge.queue import dead_letters
from syncbridge.queue import job as jobs
from syncbridge.rules.mapping import Part, SkuRule, Way
from syncbridge.store import purchases
from syncbridge.testing.builders import cny, make_offer, make_order_line, make_spec
from tests.flows.conftest import ROUTE, Shop
from tests.flows.merged import COOL_OFF, FIRST, SECOND, cancel, quantities, run_place, sell_two, states

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("merging")]


async def test_one_cancelled_before_it_is_bought_leaves_the_other_to_be_bought_alone(shop: Shop) -> None:
    await sell_two(shop)
    await cancel(shop, SECOND)
    await shop.pass_time(COOL_OFF)
    assert quantities(shop) == [[2]]
    assert await states(shop) == [PurchaseState.PAID, PurchaseState.STOPPED]


@pytest.mark.parametrize(("order_id", "left"), [(FIRST, [[3]]), (SECOND, [[2]])])
async def test_a_cancel_nobody_told_us_of_is_seen_before_they_are_bought(
    shop: Shop, order_id: str, left: list[list[int]]
) -> None:
    await sell_two(shop)
    await cancel(shop, order_id, tell=False)
    await shop.pass_time(COOL_OFF)
    assert quantities(shop) == left


async def test_goods_that_are_sold_out_for_both_are_bought_for_one(shop: Shop) -> None:
    await shop.list_offer(make_offer("676651652931", make_spec(1, stock=4)))
    await shop.sell(FIRST)
    await shop.sell(SECOND, make_order_line(shop.code(), 3))
    await shop.pass_time(COOL_OFF)
    assert quantities(shop)[0] == [2]


async def test_a_loss_of_one_does_not_hold_the_other(shop: Shop) -> None:
    await shop.list_offer()
    await shop.sell(FIRST)
    await shop.sell(SECOND, replace(make_order_line(shop.code(), 10), price=Money.parse("1.00 USD")))
    await shop.pass_time(COOL_OFF)
    assert quantities(shop) == [[2]]
    assert [(entry.code, entry.subject) for entry in await shop.queue()] == [("margin", f"order toys/{SECOND}")]


async def test_what_each_of_them_brings_counts_for_all(shop: Shop) -> None:
    await shop.list_offer()
    await shop.sell(FIRST)
    await shop.sell(SECOND, make_order_line(shop.code(), 30))
    await shop.pass_time(COOL_OFF)
    assert quantities(shop) == [[32]]


async def test_an_offer_without_the_labels_is_not_bought_along(shop: Shop) -> None:
    plain = make_offer("700000000004", make_spec(7), identities=frozenset())
    await shop.list_offer()
    await shop.list_offer(plain)
    await shop.sell(FIRST)
    await shop.sell(SECOND, make_order_line(shop.code(0, plain), 3))
    await shop.pass_time(COOL_OFF)
    assert quantities(shop) == [[2]]
    assert [(entry.code, entry.subject) for entry in await shop.queue()] == [("ineligible", f"order toys/{SECOND}")]


async def test_a_cap_that_is_enough_for_one_buys_one(shop: Shop) -> None:
    shop.set_account("main", daily_cap=cny("50.00"))
    await sell_two(shop)
    await shop.pass_time(COOL_OFF)
    assert quantities(shop) == [[2]]
    assert [(entry.code, entry.subject) for entry in await shop.queue()] == [("cap", f"order toys/{SECOND}")]


async def test_a_member_settled_at_the_last_moment_is_not_bought_along(shop: Shop) -> None:
    await sell_two(shop)
    preview = shop.supplier.preview

    async def someone_is_faster(draft: PurchaseDraft) -> Quote:
        await shop.db.run(purchases.move, 2, PurchaseState.STOPPED, when=[PurchaseState.INTENDED])
        return await preview(draft)

    shop.supplier.preview = someone_is_faster  # type: ignore[method-assign]
    await shop.pass_time(COOL_OFF)
    assert not shop.supplier.books
    await shop.pass_time(30)
    assert quantities(shop) == [[2]]
    assert await states(shop) == [PurchaseState.PAID, PurchaseState.STOPPED]


@pytest.mark.parametrize("first", [1, 2])
async def test_two_workers_at_once_buy_both_together_and_neither_alone(shop: Shop, first: int) -> None:
    await sell_two(shop)
    preview, begun = shop.supplier.preview, []

    async def meanwhile(draft: PurchaseDraft) -> Quote:
        """The job of the other purchase begins and ends while this one is under way."""
        begun.append(len(draft.lines))
        if len(begun) == 1:
            await run_place(shop, 3 - first)
        return await preview(draft)

    shop.supplier.preview = meanwhile  # type: ignore[method-assign]
    shop.clock.advance(COOL_OFF)
    await run_place(shop, first)
    await shop.pass_time(60)
    assert quantities(shop) == [[5]]
    assert await states(shop) == [PurchaseState.PAID, PurchaseState.PAID]


@pytest.mark.parametrize(("waits", "runs", "seconds"), [(1, 2, 10), (2, 1, 20)])
async def test_of_two_that_are_in_each_others_way_the_earlier_looks_again_first(
    shop: Shop, waits: int, runs: int, seconds: int
) -> None:
    await sell_two(shop)
    shop.clock.advance(COOL_OFF)
    other = await shop.db.read(dead_letters.named, f"purchase.place:{runs}")
    assert other is not None
    await shop.db.run(jobs.claim, other.id, now=shop.clock.now(), lease=timedelta(minutes=2))
    await run_place(shop, waits)
    job = await shop.db.read(dead_letters.named, f"purchase.place:{waits}")
    assert job is not None
    assert job.run_at == shop.clock.now() + timedelta(seconds=seconds)


async def test_a_purchase_that_just_leaves_for_its_backup_is_not_bought_along_as_well(shop: Shop) -> None:
    other = make_offer("700000000003", make_spec(7))
    await shop.list_offer()
    await shop.list_offer(other)
    backup = Way("main", (Part(other.offer_id, other.specs[0].spec_id, 1),))
    shop.rules = replace(shop.rules, skus=(SkuRule(shop.code(), (), (), (backup,), ROUTE.place),))
    shop.connect()
    await shop.sell(FIRST)
    await shop.sell(SECOND, make_order_line(shop.code(), 3))
    preview, place = shop.supplier.preview, shop.supplier.place
    asked, first, first_is_sent_or_over, second_is_over = [], [], asyncio.Event(), asyncio.Event()

    async def sold_out_for_the_second(draft: PurchaseDraft) -> Quote:
        asked.append(draft)
        time = len(asked)
        if time == 1:
            first.append(asyncio.create_task(run_place(shop, 1)))
            first[0].add_done_callback(lambda _: first_is_sent_or_over.set())
            await first_is_sent_or_over.wait()
        if time == 2 or draft.lines[0].offer_id == other.offer_id:
            return await preview(draft)
        raise Rejected("sold out", vendor="memory", code="stock")

    async def slow(draft: PurchaseDraft, *, key: IntentKey) -> Placement:
        first_is_sent_or_over.set()
        await second_is_over.wait()
        shop.supplier.preview = preview  # type: ignore[method-assign]
        return await place(draft, key=key)

    shop.supplier.preview, shop.supplier.place = sold_out_for_the_second, slow  # type: ignore[method-assign]
    shop.clock.advance(COOL_OFF)
    await run_place(shop, 2)
    second_is_over.set()
    await first[0]
    shop.supplier.preview = preview  # type: ignore[method-assign]
    await shop.pass_time(130)
    assert sum(map(sum, quantities(shop))) == 5


# ---------------------------------------------------------------- no clear answer, or a clear no
