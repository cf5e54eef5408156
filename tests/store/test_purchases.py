"""Purchases: intended once, sent once, and never over the cap of the day."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from syncbridge.model.money import Money
from syncbridge.model.orders import OrderState
from syncbridge.model.purchasing import PlacedOrder, Purchase, PurchaseState, VendorOrderState
from syncbridge.rules.routing import Split, intent_key
from syncbridge.store import orders as channel_orders
from syncbridge.store import placed_orders, purchases
from syncbridge.store.db import SqliteDatabase
from syncbridge.store.purchases import AlreadyIntended, CapReached, NotIntended
from syncbridge.testing.builders import cny, make_order
from syncbridge.testing.clock import START
from tests.flows.conftest import ROUTE
from tests.store.buying import (
    LINE,
    ORDER,
    SECOND_ACCOUNT,
    SPLIT,
    TODAY,
    adopt,
    get,
    intend,
    intended,
    move,
    placed,
    quote,
    send,
)

pytestmark = pytest.mark.anyio


async def state(db: SqliteDatabase, purchase: int) -> PurchaseState:
    return (await get(db, purchase)).state


async def test_an_intent_is_kept_whole_under_the_names_made_from_it(db: SqliteDatabase) -> None:
    split = replace(SPLIT, number=101, line_ids=("1", "2"), alternative=1)

    number = await db.run(purchases.intend, "toys", ORDER, split, address_digest="d1", now=START)

    key = intent_key("toys", ORDER, "main", 101)
    assert await get(db, number) == Purchase(
        id=number,
        store="toys",
        order_id=ORDER,
        supplier="main",
        route="toys",
        out_order_id=key.out_order_id,
        mark=key.mark,
        state=PurchaseState.INTENDED,
        lines=(LINE,),
        payout=SPLIT.payout,
        relay=ROUTE.relay,
        quote=None,
        sent_at=None,
        fresh_look_ups=0,
        line_ids=("1", "2"),
        alternative=1,
        approvals={},
        address_digest="d1",
    )


async def test_an_intent_without_an_address_has_no_digest_until_it_is_noted(db: SqliteDatabase) -> None:
    first, other = await intend(db, "1"), await intend(db, "2")

    await db.run(purchases.note_address, first, "d2")

    assert [(await get(db, number)).address_digest for number in (first, other)] == ["d2", ""]


async def test_the_same_intent_twice_is_one_purchase(db: SqliteDatabase) -> None:
    first, second = await intend(db), await intend(db)

    assert first == second
    assert await db.read(purchases.figures) == {"intended": 1}


async def test_an_intent_for_other_lines_never_hides_behind_one_of_the_same_name(db: SqliteDatabase) -> None:
    await intend(db)
    other = replace(SPLIT, line_ids=("7",))

    with pytest.raises(AlreadyIntended, match="made for other lines of order 8172481060036440"):
        await db.run(purchases.intend, "toys", "8172481060036440", other, now=START)
    assert await db.read(purchases.figures) == {"intended": 1}


async def test_a_purchase_is_sent_once(db: SqliteDatabase) -> None:
    purchase = await intend(db)
    await send(db, purchase, "40.00")

    with pytest.raises(NotIntended, match="is sent, so it is not sent"):
        await send(db, purchase, "40.00")
    assert await state(db, purchase) is PurchaseState.SENT


async def test_of_two_workers_one_sends_a_purchase(db: SqliteDatabase) -> None:
    purchase = await intend(db)

    results = await asyncio.gather(*(send(db, purchase, "1.00") for _ in range(5)), return_exceptions=True)

    assert [type(result) for result in results].count(NotIntended) == 4


async def test_what_is_sent_keeps_its_time_and_quote_and_its_look_ups_count_from_then(db: SqliteDatabase) -> None:
    purchase = await intend(db)
    await send(db, purchase, "40.00", now=START - timedelta(hours=1))
    for _ in range(2):
        await db.run(purchases.count_fresh_look_up, purchase)
    assert (await get(db, purchase)).fresh_look_ups == 2
    await move(db, purchase, PurchaseState.INTENDED)

    await send(db, purchase, "41.00")

    again = await get(db, purchase)
    assert (again.sent_at, again.quote, again.fresh_look_ups) == (START, quote("41.00"), 0)


async def test_a_fresh_look_up_counts_for_its_own_purchase(db: SqliteDatabase) -> None:
    first, other = await intend(db, "1"), await intend(db, "2")

    await db.run(purchases.count_fresh_look_up, first)

    assert [(await get(db, number)).fresh_look_ups for number in (first, other)] == [1, 0]


async def test_two_purchases_cannot_both_take_the_last_yuan(db: SqliteDatabase) -> None:
    first, second = await intend(db, "1"), await intend(db, "2")

    results = await asyncio.gather(send(db, first, "60.00"), send(db, second, "60.00"), return_exceptions=True)

    assert sorted(type(result).__name__ for result in results) == ["CapReached", "NoneType"]
    assert await db.read(purchases.figures) == {"intended": 1, "sent": 1}


async def test_a_purchase_may_take_exactly_what_is_left(db: SqliteDatabase) -> None:
    await send(db, await intend(db, "1"), "60.00")

    await send(db, await intend(db, "2"), "40.00")
    with pytest.raises(CapReached, match=r"100\.00 CNY spent today, 0\.01 CNY more would pass the cap of 100\.00 CNY"):
        await send(db, await intend(db, "3"), "0.01")


async def test_a_cap_in_another_currency_stops_the_purchase_and_says_so(db: SqliteDatabase) -> None:
    purchase = await intend(db)

    with pytest.raises(
        CapReached, match=r"^the cap is in USD, the supplier asks 40\.00 CNY; write the cap in its currency$"
    ):
        await db.run(purchases.sent, purchase, quote("40.00"), cap=Money.of("1", "USD"), day_began=TODAY, now=START)
    assert await state(db, purchase) is PurchaseState.INTENDED


async def test_each_account_has_its_own_cap(db: SqliteDatabase) -> None:
    await send(db, await intend(db, "1"), "90.00")

    await send(db, await intend(db, "1", SECOND_ACCOUNT), "90.00")


async def test_what_was_spent_as_the_day_began_counts(db: SqliteDatabase) -> None:
    await send(db, await intend(db, "1"), "90.00", now=TODAY)

    with pytest.raises(CapReached):
        await send(db, await intend(db, "2"), "90.00")


async def test_what_was_spent_yesterday_does_not_count_today(db: SqliteDatabase) -> None:
    yesterday = TODAY - timedelta(seconds=1)
    first = await intend(db, "1")
    await db.run(
        purchases.sent, first, quote("90.00"), cap=cny("100.00"), day_began=TODAY - timedelta(days=1), now=yesterday
    )

    await send(db, await intend(db, "2"), "90.00")


@pytest.mark.parametrize("freed", [PurchaseState.REFUSED, PurchaseState.INTENDED, PurchaseState.BY_HAND])
async def test_what_was_certainly_not_bought_does_not_count(db: SqliteDatabase, freed: PurchaseState) -> None:
    await send(db, await intend(db, "3"), "1.00")
    first = await intend(db, "1")
    await send(db, first, "90.00")
    await db.run(purchases.move, first, freed, when=[PurchaseState.SENT])

    await send(db, await intend(db, "2"), "90.00")


async def test_an_unclear_purchase_counts_as_spent(db: SqliteDatabase) -> None:
    first = await intend(db, "1")
    await send(db, first, "90.00")
    await db.run(purchases.move, first, PurchaseState.UNKNOWN, when=[PurchaseState.SENT])

    with pytest.raises(CapReached):
        await send(db, await intend(db, "2"), "90.00")


async def test_a_purchase_moves_only_from_the_states_named(db: SqliteDatabase) -> None:
    purchase = await intend(db)

    assert not await db.run(purchases.move, purchase, PurchaseState.PAID, when=[PurchaseState.PLACED])
    assert await db.run(purchases.move, purchase, PurchaseState.STOPPED, when=[PurchaseState.INTENDED])
    assert await state(db, purchase) is PurchaseState.STOPPED


async def test_a_purchase_moves_alone(db: SqliteDatabase) -> None:
    first, other = await intend(db, "1"), await intend(db, "2")

    await db.run(purchases.move, first, PurchaseState.STOPPED, when=[PurchaseState.INTENDED])

    assert await state(db, other) is PurchaseState.INTENDED


async def test_what_a_person_let_pass_is_kept_beside_what_they_let_pass_before(db: SqliteDatabase) -> None:
    first, other = await intend(db, "1"), await intend(db, "2")

    await db.run(purchases.approve, first, "margin", "12.00 USD")
    await db.run(purchases.approve, first, "below_moq", "4")

    assert (await get(db, first)).approvals == {"margin": "12.00 USD", "below_moq": "4"}
    assert (await get(db, other)).approvals == {}


async def test_the_purchases_of_an_order_are_its_own(db: SqliteDatabase) -> None:
    own = [await intended(db), await intended(db, split=SECOND_ACCOUNT)]
    await intend(db, "another")
    await intend(db, store="games")

    assert await db.read(purchases.of_order, "toys", ORDER) == own


async def test_a_purchase_is_known_by_its_number_if_there_is_one(db: SqliteDatabase) -> None:
    purchase = await intended(db)

    assert await db.read(purchases.known, purchase.id) == purchase
    assert await db.read(purchases.known, purchase.id + 1) is None
    assert await db.read(purchases.numbered, [purchase.id, purchase.id + 1]) == {purchase.id: purchase}
    assert await db.read(purchases.numbered, [purchase.id + 1]) == {}


@pytest.mark.parametrize("state", list(PurchaseState))
async def test_a_vendor_order_that_carries_a_name_or_mark_names_its_purchase_whatever_its_state(
    db: SqliteDatabase, state: PurchaseState
) -> None:
    await intend(db, "another")
    purchase = await intended(db)
    await move(db, purchase.id, state)

    async def named(order: PlacedOrder) -> int | None:
        found = await db.read(placed_orders.named_by, order)
        return None if found is None else found.id

    assert await named(placed("1", out_order_id=purchase.out_order_id)) == purchase.id
    assert await named(placed("1", note=f"唛头 {purchase.mark} 谢谢")) == purchase.id


async def test_a_vendor_order_without_a_name_of_ours_names_no_purchase(db: SqliteDatabase) -> None:
    await intend(db)

    for order in (placed("1"), placed("1", out_order_id="theirs", note="for the office")):
        assert await db.read(placed_orders.named_by, order) is None


async def test_a_purchase_is_open_until_its_vendor_order_is_known(db: SqliteDatabase) -> None:
    numbers = {state.value: await intend(db, state.value) for state in PurchaseState}
    for state, number in numbers.items():
        await move(db, number, PurchaseState(state))
    await intend(db, "1", SECOND_ACCOUNT)

    open_cards = {purchase.id for purchase in await db.read(purchases.open_cards, "main")}

    assert open_cards == {numbers[state] for state in ("intended", "unknown", "by_hand")}


async def test_what_a_person_must_buy_is_listed_oldest_first_of_all_accounts(db: SqliteDatabase) -> None:
    cards = [await intend(db, "2"), await intend(db, "1", SECOND_ACCOUNT)]
    await intend(db, "3")
    for card in reversed(cards):
        await move(db, card, PurchaseState.BY_HAND)

    assert [purchase.id for purchase in await db.read(purchases.to_buy_by_hand)] == cards


async def test_the_purchases_of_many_orders_are_those_of_their_stores(db: SqliteDatabase) -> None:
    first, also = await intend(db, "1"), await intend(db, "1", SECOND_ACCOUNT)
    await intend(db, "1", store="games")
    other = await intend(db, "2", store="games")
    await intend(db, "3")

    found = await db.read(purchases.of_orders, {("toys", "1"), ("games", "2"), ("toys", "2")})

    assert sorted(purchase.id for purchase in found) == [first, also, other]
    assert await db.read(purchases.of_orders, set()) == []


async def test_purchases_are_found_by_their_marks(db: SqliteDatabase) -> None:
    first, second, _ = [await intended(db, order) for order in ("1", "2", "3")]

    found = await db.read(purchases.by_marks, [first.mark, second.mark, "SBUNKNOWN"])

    assert found == {first.mark: first, second.mark: second}


async def on_the_clock(db: SqliteDatabase) -> list[tuple[str, str, datetime]]:
    found = await db.read(purchases.on_the_clock)
    return [(purchase.store, purchase.order_id, ship_by) for purchase, ship_by in found]


async def test_what_is_to_be_declared_is_on_the_clock_by_when_its_order_must_be_shipped(db: SqliteDatabase) -> None:
    hours = {("toys", "1"): 5, ("games", "1"): 3, ("toys", "2"): 5, ("toys", "3"): None}
    for (store, order_id), left in hours.items():
        ship_by = None if left is None else START + timedelta(hours=left)
        await db.run(channel_orders.keep, store, make_order(order_id, START, ship_by=ship_by))
    for order_id, store in (("2", "toys"), ("1", "toys"), ("1", "games"), ("3", "toys"), ("4", "toys")):
        await intend(db, order_id, store=store)

    soon, late = START + timedelta(hours=3), START + timedelta(hours=5)
    assert await on_the_clock(db) == [("games", "1", soon), ("toys", "2", late), ("toys", "1", late)]


async def test_a_purchase_is_on_the_clock_until_it_is_declared_or_given_up(db: SqliteDatabase) -> None:
    for state in PurchaseState:
        await db.run(channel_orders.keep, "toys", make_order(state, START))
        await move(db, await intend(db, state), state)

    over = {PurchaseState.DECLARED, PurchaseState.WITHDRAWING, PurchaseState.STOPPED}
    assert {order_id for _, order_id, _ in await on_the_clock(db)} == set(PurchaseState) - over


async def test_the_clock_of_an_order_runs_while_it_wants_goods(db: SqliteDatabase) -> None:
    for state in OrderState:
        await db.run(channel_orders.keep, "toys", make_order(state, START, state=state))
        await intend(db, state)

    assert {order_id for _, order_id, _ in await on_the_clock(db)} == {OrderState.TO_SHIP, OrderState.PART_SHIPPED}


async def test_what_we_sent_and_paid_is_unshipped_until_something_of_it_moves(db: SqliteDatabase) -> None:
    async def paid(order_id: str, split: Split = SPLIT) -> int:
        purchase = await intend(db, order_id, split)
        await send(db, purchase, "1.00")
        await move(db, purchase, PurchaseState.PAID)
        return purchase

    first, second = await paid("1"), await paid("2")
    await paid("3", SECOND_ACCOUNT)
    await move(db, await paid("4"), PurchaseState.SHIPPED)
    await move(db, await paid("5"), PurchaseState.PLACED)
    holder, joined = await intend(db, "6"), await intend(db, "7")
    await db.run(purchases.sent, holder, quote("1.00"), others=[joined], cap=cny("100.00"), day_began=TODAY, now=START)
    await move(db, holder, PurchaseState.PAID)
    by_hand = await intend(db, "8")
    await move(db, by_hand, PurchaseState.PAID)

    assert [one.id for one in await db.read(purchases.unshipped, "main")] == [first, second, holder]


async def test_every_purchase_is_told_with_the_vendor_orders_it_became(db: SqliteDatabase) -> None:
    first, other = await intended(db), await intended(db, split=SECOND_ACCOUNT)
    await adopt(db, first, placed("1"), placed("2"))
    await db.run(placed_orders.see, "main", placed("3"), now=START)

    everything = await db.read(purchases.all_of, None)
    of_second = await db.read(purchases.all_of, "second")

    became = [(purchase.id, [order.vendor_order_id for order in orders]) for purchase, orders in everything]
    assert became == [(first.id, ["1", "2"]), (other.id, [])]
    assert of_second == [(other, [])]


async def test_the_figures_count_the_purchases_in_each_state(db: SqliteDatabase) -> None:
    for order in ("1", "2", "3"):
        await intend(db, order)
    await move(db, await intend(db, "4"), PurchaseState.PAID)

    assert await db.read(purchases.figures) == {"intended": 3, "paid": 1}


@pytest.mark.parametrize(
    ("made_at", "state", "counts"),
    [
        (START, VendorOrderState.PAID, True),
        (TODAY - timedelta(seconds=1), VendorOrderState.PAID, False),
        (START, VendorOrderState.CANCELLED, False),
    ],
    ids=["bought today", "bought yesterday", "cancelled"],
)
async def test_what_the_ledger_shows_of_ours_counts_although_a_backup_forgot_that_it_was_sent(
    db: SqliteDatabase, made_at: datetime, state: VendorOrderState, counts: bool
) -> None:
    await adopt(db, await intended(db, "1"), placed("88", "61.00", state, created_at=made_at))
    another = await intend(db, "2")
    if counts:
        with pytest.raises(CapReached, match=r"61\.00 CNY spent today, 40\.00 CNY more"):
            await send(db, another, "40.00")
    else:
        await send(db, another, "40.00")


async def test_what_the_ledger_shows_of_nobody_or_of_another_account_does_not_count(db: SqliteDatabase) -> None:
    await adopt(db, await intended(db, "1", SECOND_ACCOUNT), placed("88", "61.00", created_at=START))
    await db.run(placed_orders.see, "main", placed("89", "61.00", created_at=START), now=START)

    await send(db, await intend(db, "2"), "40.00")


async def test_what_was_bought_as_the_day_began_counts(db: SqliteDatabase) -> None:
    await adopt(db, await intended(db, "1"), placed("88", "61.00", created_at=TODAY))

    with pytest.raises(CapReached):
        await send(db, await intend(db, "2"), "40.00")


async def test_what_was_sent_and_is_shown_counts_once(db: SqliteDatabase) -> None:
    purchase, another = await intended(db, "1"), await intend(db, "2")
    await send(db, purchase.id, "40.00")
    await adopt(db, purchase, placed("88", "40.00", created_at=START))

    await send(db, another, "60.00")
