"""Several orders of one buyer become one vendor order where the route says so, and each is filled from it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlmodel import Session, col, select

from syncbridge.errors import Rejected, SyncBridgeError
from syncbridge.flows import decisions, start, vendor_orders
from syncbridge.flows.audit import audit
from syncbridge.model.money import Money
from syncbridge.model.orders import BuyerAddress, OrderStage, OrderState
from syncbridge.model.paging import read_to_end
from syncbridge.model.purchasing import (
    IntentKey,
    PaymentResult,
    PlacedOrder,
    Placement,
    PurchaseDraft,
    PurchaseLine,
    PurchaseState,
    Quote,
    RefusedLine,
    VendorOrderState,
)
from syncbridge.model.shipping import Shipment
from syncbridge.queue import dead_letters
from syncbridge.queue import job as jobs
from syncbridge.rules.mapping import Part, Rules, SkuRule, Way
from syncbridge.rules.routing import intent_key
from syncbridge.store import holds, orders, purchases, timeline
from syncbridge.store.tables import Job
from syncbridge.testing.builders import cny, make_draft, make_offer, make_order_line, make_spec
from tests.flows.conftest import ROUTE, RULES, Shop

pytestmark = pytest.mark.anyio
COOL_OFF = 601
FIRST, SECOND = "8172481060036440", "8172481060036441"
ELSEWHERE = BuyerAddress("Ana García", "612345678", "ES", "Madrid", "Madrid", "28001", "Calle Mayor 2")


@pytest.fixture(autouse=True)
def _merging(shop: Shop) -> None:
    shop.rules = Rules((replace(ROUTE, merge=True),), RULES.rates)
    shop.connect()


async def sell_two(shop: Shop, **changes: object) -> None:
    """One buyer orders twice at the same time; the second time three pieces, and whatever else is said."""
    await shop.list_offer()
    await shop.sell(FIRST)
    await shop.sell(SECOND, make_order_line(shop.code(), 3), **changes)


async def buy_two(shop: Shop) -> PlacedOrder:
    """Both are bought; answers the one vendor order."""
    await sell_two(shop)
    await shop.pass_time(COOL_OFF)
    return the_one(shop)


def refuse_one_payment(shop: Shop) -> None:
    """The next payment does not go through."""
    pay = shop.supplier.pay

    async def not_now(vendor_order_ids: Sequence[str]) -> PaymentResult:
        shop.supplier.pay = pay  # type: ignore[method-assign]
        return PaymentResult((), tuple(vendor_order_ids))

    shop.supplier.pay = not_now  # type: ignore[method-assign]


async def leave_unpaid(shop: Shop) -> None:
    """Both are bought, and paying takes a second try."""
    refuse_one_payment(shop)
    await buy_two(shop)


def the_one(shop: Shop) -> PlacedOrder:
    (bought,) = shop.supplier.books.values()
    return bought


def quantities(shop: Shop) -> list[list[int]]:
    """How many pieces the lines of each living vendor order are."""
    alive = [one for one in shop.supplier.books.values() if one.state is not VendorOrderState.CANCELLED]
    return [[line.quantity for line in one.lines] for one in alive]


async def change(shop: Shop, order_id: str, *, tell: bool = True, **changes: object) -> None:
    """The channel shows an order otherwise, and tells us or not."""
    shop.clock.advance(1)
    order = shop.channel.books[order_id]
    shop.channel.books[order_id] = replace(order, modified_at=shop.clock.now(), **changes)  # type: ignore[arg-type]
    if tell:
        await shop.hear_of(order_id)


async def cancel(shop: Shop, order_id: str, *, tell: bool = True) -> None:
    await change(shop, order_id, state=OrderState.CANCELLED, tell=tell)


async def states(shop: Shop) -> list[PurchaseState]:
    return [purchase.state for purchase, _ in await shop.db.read(purchases.all_of, None)]


async def marks(shop: Shop) -> list[str]:
    return [purchase.mark for purchase, _ in await shop.db.read(purchases.all_of, None)]


async def differences(shop: Shop) -> list[str]:
    """What an audit of the last week says, half an hour later."""
    await shop.pass_time(1800)
    for kind, account in (("orders.poll", "toys"), ("purchase.poll", "main")):
        await shop.poll(kind, account)
    found = await audit(shop.bridge, since=shop.clock.now() - timedelta(days=7))
    return [f"{one.kind} {one.subject}: {one.why}" for one in found.differences]


async def fulfil(shop: Shop, mark: str) -> None:
    """The supplier ships, and the forwarder sends the parcel abroad."""
    shop.supplier.ship(the_one(shop).vendor_order_id, "YT1")
    await shop.poll("purchase.poll", "main")
    shop.forwards(mark)
    await shop.poll("fulfil.collect", "forwarder")


def declared(shop: Shop) -> dict[str, list[str]]:
    return {order: [one.number for one in told] for order, told in shop.channel.declarations.items() if told}


# ---------------------------------------------------------------- bought once, for both


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


async def run_place(shop: Shop, purchase: int) -> None:
    """A worker takes the job that buys a purchase."""
    job = await shop.db.read(dead_letters.named, f"purchase.place:{purchase}")
    assert job is not None
    await shop.worker.execute(job.id)


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


async def test_a_lost_answer_is_looked_up_once_and_adopted_for_both(shop: Shop) -> None:
    await sell_two(shop)
    shop.supplier.lose_next = True
    await shop.pass_time(COOL_OFF)
    assert await states(shop) == [PurchaseState.UNKNOWN, PurchaseState.UNKNOWN]
    await shop.pass_time(121)
    assert quantities(shop) == [[5]]
    assert await states(shop) == [PurchaseState.PAID, PurchaseState.PAID]
    assert await shop.queue() == []


@pytest.mark.parametrize("begins", [1, 2])
async def test_a_lost_answer_the_poll_finds_first_is_adopted_for_both(shop: Shop, begins: int) -> None:
    await sell_two(shop)
    shop.supplier.lose_next = True
    shop.clock.advance(COOL_OFF)
    await run_place(shop, begins)
    await shop.work()
    shop.clock.advance(121)
    read = await read_to_end(shop.supplier.orders(since=None), None)
    await shop.db.run(vendor_orders.note, shop.bridge, "main", read.items)
    await shop.work()
    assert quantities(shop) == [[5]]
    assert await states(shop) == [PurchaseState.PAID, PurchaseState.PAID]
    placed = [event for _, event, _ in await shop.db.read(timeline.of, f"order toys/{FIRST}")].count("placed")
    assert (placed, await shop.queue()) == (1, [])


async def test_a_clear_no_stops_the_one_that_was_sent_and_the_other_is_bought_alone(shop: Shop) -> None:
    await sell_two(shop)
    place = shop.supplier.place

    async def no(draft: PurchaseDraft, *, key: IntentKey) -> Placement:
        shop.supplier.place = place  # type: ignore[method-assign]
        raise Rejected("no", vendor="memory", code="no")

    shop.supplier.place = no  # type: ignore[method-assign]
    await shop.pass_time(COOL_OFF)
    assert quantities(shop) == [[3]]
    assert await states(shop) == [PurchaseState.REFUSED, PurchaseState.PAID]

    for entry in await shop.queue():
        await shop.db.run(shop.retry, entry.id)
    await shop.work()
    assert quantities(shop) == [[3], [2]]
    assert await differences(shop) == []


async def test_a_line_the_supplier_leaves_out_is_told_for_the_order_it_is_for(shop: Shop) -> None:
    await shop.list_offer()
    await shop.sell(FIRST)
    await shop.sell(SECOND, make_order_line(shop.code(1), 3))
    place = shop.supplier.place

    async def in_part(draft: PurchaseDraft, *, key: IntentKey) -> Placement:
        first, second = draft.lines
        placed = await place(replace(draft, lines=(first,)), key=key)
        return Placement(placed.orders, (RefusedLine(second, "gone", "sold out"),))

    shop.supplier.place = in_part  # type: ignore[method-assign]
    await shop.pass_time(COOL_OFF)
    assert [(entry.code, entry.subject.split()[1]) for entry in await shop.queue()] == [
        ("line_refused", f"toys/{SECOND}")
    ]


async def test_an_unclear_purchase_is_decided_for_all_at_once(shop: Shop) -> None:
    await sell_two(shop)
    shop.supplier.lose_next = True
    await shop.pass_time(COOL_OFF)
    shop.supplier.books.clear()  # it was never made
    await shop.pass_time(121)
    waiting = {entry.code: entry.id for entry in await shop.queue()}
    with pytest.raises(SyncBridgeError, match="decide about that one"):
        await not_placed(shop, waiting["merged"])
    await not_placed(shop, waiting["unknown"])
    await shop.pass_time(121)
    assert quantities(shop) == [[2], [3]]
    assert await shop.queue() == []


async def not_placed(shop: Shop, entry_id: str) -> None:
    quarantine, now = shop.terms.quarantine, shop.clock.now()
    await shop.db.run(decisions.not_placed, entry_id, why="I looked", quarantine=quarantine, now=now)


async def split_off(shop: Shop, begins: int) -> PlacedOrder:
    """The supplier shows the first order's part of what was bought; answers the other part, not shown yet."""
    await shop.list_offer()
    await shop.sell(FIRST)
    await shop.sell(SECOND, make_order_line(shop.code(1), 3))
    shop.supplier.lose_next = True
    shop.clock.advance(COOL_OFF)
    await run_place(shop, begins)
    whole = the_one(shop)
    ours, late = (
        replace(whole, vendor_order_id=line.spec_id, lines=(line,), total=cny("30.00"))
        for line in sorted(whole.lines, key=lambda line: line.spec_id)
    )
    shop.supplier.books = {ours.vendor_order_id: ours}
    refuse_one_payment(shop)
    await shop.pass_time(121)
    return late


async def show(shop: Shop, late: PlacedOrder) -> None:
    """The supplier shows that part, too."""
    shop.supplier.books[late.vendor_order_id] = replace(late, modified_at=shop.clock.now())
    await shop.poll("purchase.poll", "main")
    await shop.pass_time(121)


@pytest.mark.parametrize("begins", [1, 2])
async def test_a_part_the_supplier_splits_off_is_adopted_too(shop: Shop, begins: int) -> None:
    late = await split_off(shop, begins)
    await show(shop, late)
    assert [one.state for one in shop.supplier.books.values()] == [VendorOrderState.PAID] * 2
    assert await differences(shop) == []


# ---------------------------------------------------------------- cancelled after sending


@pytest.mark.parametrize(("dead", "alive"), [(FIRST, SECOND), (SECOND, FIRST)])
async def test_one_cancelled_after_it_was_paid_is_a_persons_matter_and_the_others_goods_go_on(
    shop: Shop, dead: str, alive: str
) -> None:
    await buy_two(shop)
    await cancel(shop, dead)
    (entry,) = await shop.queue()
    assert entry.code == "merged_cancelled"
    assert f"order toys/{dead} no longer wants its goods, for which it would pay" in entry.reason
    assert "one vendor order that costs 74.50 CNY" in entry.reason
    assert the_one(shop).state is VendorOrderState.PAID
    assert not shop.supplier.asked_back

    await fulfil(shop, (await marks(shop))[0])
    assert declared(shop) == {alive: ["UR000000001YP"]}
    assert await shop.db.read(orders.stage_of, "toys", dead) is OrderStage.ENDED
    assert await differences(shop) == []


@pytest.mark.parametrize("dead", [FIRST, SECOND])
@pytest.mark.parametrize("tell", [True, False])
async def test_one_cancelled_before_it_is_paid_is_paid_for_only_if_a_person_says_so(
    shop: Shop, dead: str, tell: bool
) -> None:
    await leave_unpaid(shop)
    await cancel(shop, dead, tell=tell)
    await shop.pass_time(121)
    (entry,) = await shop.queue()
    assert (entry.code, the_one(shop).state) == ("merged_cancelled", VendorOrderState.UNPAID)

    await shop.db.run(decisions.approve, entry.id, why="keep it", now=shop.clock.now())
    await shop.work()
    assert the_one(shop).state is VendorOrderState.PAID
    assert await shop.queue() == []


async def test_an_order_the_seller_shipped_otherwise_is_a_persons_matter_too(shop: Shop) -> None:
    await leave_unpaid(shop)
    await change(shop, SECOND, state=OrderState.FINISHED, tell=False)
    await shop.pass_time(121)
    (entry,) = await shop.queue()
    assert (entry.code, the_one(shop).state) == ("merged_cancelled", VendorOrderState.UNPAID)


async def test_a_parcel_on_its_way_to_be_declared_is_not_declared_to_an_order_that_is_cancelled(shop: Shop) -> None:
    await buy_two(shop)
    shop.channel.lose_next = True
    await fulfil(shop, (await marks(shop))[0])
    (undeclared,) = {FIRST, SECOND} - {one for one in (FIRST, SECOND) if await is_declared(shop, one)}
    await cancel(shop, undeclared)
    await shop.pass_time(61)
    assert [entry.code for entry in await shop.queue()] == ["merged_cancelled"]


async def is_declared(shop: Shop, order_id: str) -> bool:
    return await shop.db.read(orders.stage_of, "toys", order_id) is OrderStage.DECLARED


async def test_what_else_is_bought_for_an_order_does_not_answer_for_the_person_who_is_asked(shop: Shop) -> None:
    sold_out = make_offer("700000000001", make_spec(7, stock=0), supplier_id="another shop")
    await shop.list_offer()
    await shop.list_offer(sold_out)
    await shop.sell(FIRST, make_order_line(shop.code(), 2), make_order_line(shop.code(0, sold_out), 2, line_id="2"))
    await shop.sell(SECOND, make_order_line(shop.code(), 3))
    await shop.pass_time(COOL_OFF)
    await cancel(shop, SECOND)
    waiting = {entry.code: entry.id for entry in await shop.queue()}
    assert set(waiting) == {"merged_cancelled", "stock"}

    shop.supplier.catalogue[sold_out.offer_id] = replace(sold_out, specs=(make_spec(7),))
    await shop.db.run(shop.retry, waiting["stock"])
    await shop.work()
    assert quantities(shop) == [[5], [2]]
    assert [entry.code for entry in await shop.queue()] == ["merged_cancelled"]


async def test_what_a_person_then_cancels_at_the_supplier_leaves_nothing_behind(shop: Shop) -> None:
    await leave_unpaid(shop)
    await cancel(shop, FIRST)
    await shop.pass_time(121)
    await shop.supplier.cancel(the_one(shop).vendor_order_id)
    await shop.poll("purchase.poll", "main")
    (entry,) = await shop.queue()
    assert (entry.code, entry.subject) == ("vendor_cancelled", f"order toys/{SECOND}")

    await shop.db.run(shop.retry, entry.id)
    await shop.work()
    assert quantities(shop) == [[3]]
    assert await differences(shop) == []


async def test_it_is_taken_back_and_paid_under_one_lock(shop: Shop) -> None:
    await buy_two(shop)
    await cancel(shop, FIRST)
    await cancel(shop, SECOND)
    assert await shop.db.read(locks) == {"purchase:1"}


def locks(session: Session) -> set[str | None]:
    """Of the jobs that pay and take back vendor orders."""
    kinds = ("purchase.pay", "withdraw.order")
    return set(session.scalars(select(Job.lock).where(col(Job.kind).in_(kinds))))


async def test_what_was_paid_for_a_cancelled_order_too_counts_against_the_cap(shop: Shop) -> None:
    shop.set_account("main", daily_cap=cny("80.00"))
    await buy_two(shop)
    await cancel(shop, FIRST)
    await shop.sell("8172481060036442")
    await shop.pass_time(COOL_OFF)
    assert quantities(shop) == [[5]]


async def test_all_cancelled_the_unpaid_vendor_order_is_cancelled(shop: Shop) -> None:
    await leave_unpaid(shop)
    await cancel(shop, FIRST)
    await cancel(shop, SECOND)
    assert quantities(shop) == []
    assert await states(shop) == [PurchaseState.STOPPED, PurchaseState.STOPPED]
    for order_id in (FIRST, SECOND):
        assert await shop.db.read(orders.stage_of, "toys", order_id) is OrderStage.ENDED
    assert await differences(shop) == []


async def test_all_cancelled_before_the_payment_and_nobody_told_us(shop: Shop) -> None:
    await sell_two(shop)
    shop.supplier.lose_next = True
    await shop.pass_time(COOL_OFF)
    for order_id in (FIRST, SECOND):
        await cancel(shop, order_id, tell=False)
    await shop.pass_time(121)
    assert quantities(shop) == []
    assert await states(shop) == [PurchaseState.STOPPED, PurchaseState.STOPPED]


async def test_all_cancelled_the_paid_vendor_order_is_refunded_once(shop: Shop) -> None:
    bought = await buy_two(shop)
    await cancel(shop, SECOND)
    await cancel(shop, FIRST)
    assert len(shop.supplier.asked_back[bought.vendor_order_id]) == 1
    shop.supplier.answer_refund(bought.vendor_order_id, agree=True)
    await shop.poll("purchase.poll", "main")
    assert await states(shop) == [PurchaseState.STOPPED, PurchaseState.STOPPED]


async def test_what_stops_one_before_the_payment_is_looked_at_again_for_both(shop: Shop) -> None:
    await leave_unpaid(shop)
    await change(shop, SECOND, state=OrderState.CANCELLING)
    await shop.pass_time(121)
    assert the_one(shop).state is VendorOrderState.UNPAID

    await change(shop, SECOND, state=OrderState.TO_SHIP)
    await shop.pass_time(COOL_OFF)
    assert the_one(shop).state is VendorOrderState.PAID


async def test_a_vendor_order_the_supplier_cancels_is_bought_again_for_each_if_a_person_says_so(shop: Shop) -> None:
    bought = await buy_two(shop)
    shop.supplier.books[bought.vendor_order_id] = replace(
        bought, state=VendorOrderState.CANCELLED, modified_at=shop.clock.now() + timedelta(seconds=1)
    )
    await shop.poll("purchase.poll", "main")
    assert await states(shop) == [PurchaseState.REFUSED, PurchaseState.REFUSED]
    entries = await shop.queue()
    assert [entry.code for entry in entries] == ["vendor_cancelled", "vendor_cancelled"]

    for entry in entries:
        await shop.db.run(shop.retry, entry.id)
    await shop.work()
    assert quantities(shop) == [[2], [3]]
    assert await differences(shop) == []


# ---------------------------------------------------------------- a restored backup


async def live_on(shop: Shop) -> None:
    """Half a day with all polls."""
    for _ in range(10):
        for kind, account in (("orders.poll", "toys"), ("purchase.poll", "main"), ("fulfil.collect", "forwarder")):
            await shop.poll(kind, account)
        await shop.pass_time(4000)


@pytest.mark.parametrize("known", [[], [FIRST], [SECOND], [FIRST, SECOND]])
async def test_row_47_what_was_bought_together_is_not_bought_again_whatever_the_backup_knows(
    shop: Shop, known: list[str]
) -> None:
    await shop.list_offer()
    backup = b""
    pieces = {FIRST: 2, SECOND: 3}
    for order_id in sorted((FIRST, SECOND), key=lambda order_id: order_id not in known):
        if order_id not in known and not backup:
            await shop.db.run(start.beat, now=shop.clock.now())
            backup = shop.back_up()
        await shop.sell(order_id, make_order_line(shop.code(), pieces[order_id]))
    await shop.db.run(start.beat, now=shop.clock.now())
    backup = backup or shop.back_up()
    await shop.pass_time(COOL_OFF)
    assert quantities(shop) == [[5]]

    await shop.restore(backup)
    await live_on(shop)
    assert quantities(shop) == [[5]]
    assert await states(shop) == [PurchaseState.PAID, PurchaseState.PAID]
    assert await shop.queue() == []
    assert await differences(shop) == []
    await fulfil(shop, merging_mark(shop))
    assert declared(shop) == {FIRST: ["UR000000001YP"], SECOND: ["UR000000001YP"]}


def merging_mark(shop: Shop) -> str:
    """The mark on the parcel: the first of the note."""
    return the_one(shop).note.split()[1]


async def test_row_47_a_member_first_heard_of_after_its_parcel_left_is_declared_all_the_same(shop: Shop) -> None:
    await shop.list_offer()
    await shop.sell(FIRST)
    await shop.db.run(start.beat, now=shop.clock.now())
    backup = shop.back_up()
    await shop.sell(SECOND, make_order_line(shop.code(), 3))
    await shop.pass_time(COOL_OFF)
    await shop.restore(backup)
    await shop.pass_time(1000)
    await fulfil(shop, merging_mark(shop))
    assert declared(shop) == {FIRST: ["UR000000001YP"]}

    await shop.hear_of(SECOND)
    assert quantities(shop) == [[5]]
    assert declared(shop) == {FIRST: ["UR000000001YP"], SECOND: ["UR000000001YP"]}
    assert await differences(shop) == []


async def test_row_47_what_one_was_sent_together_with_before_is_looked_up_by_itself(shop: Shop) -> None:
    """The copy knows the second as sent with the third; it was bought with the first in the end."""
    await sell_two(shop)
    await shop.sell("8172481060036442")
    now, quote = shop.clock.now(), Quote(cny("69.50"), cny("5.00"), cny("74.50"), "general", ("alipay",))
    await shop.db.run(
        purchases.sent, 2, quote, others=[3], cap=cny("2000.00"), day_began=now - timedelta(hours=1), now=now
    )
    line = PurchaseLine(make_offer().offer_id, make_spec(1).spec_id, 5)
    first, second, _ = await marks(shop)
    shop.supplier.bought_on_the_page(make_draft(line, note=f"唛头 {first} 合单 {second}"), total=cny("74.50"))
    await shop.poll("purchase.poll", "main")
    listed = [purchase for purchase, _ in await shop.db.read(purchases.all_of, None)]
    assert [purchase.merged_into for purchase in listed] == [None, 1, None]
    assert listed[2].state is PurchaseState.SENT
    assert [sum(line.quantity for line in purchase.lines) for purchase in listed] == [5, 3, 2]


async def test_row_47_a_person_who_wrote_two_marks_is_not_paid_for(shop: Shop) -> None:
    """Only a note in our own words says that goods are for several orders."""
    shop.supplier.grants_orders = False
    await shop.list_offer()
    await shop.sell(FIRST)
    await shop.pass_time(COOL_OFF)
    (mark,) = await marks(shop)
    second = intent_key("toys", SECOND, "main", 0).mark
    line = PurchaseLine(make_offer().offer_id, make_spec(1).spec_id, 5)
    shop.supplier.bought_on_the_page(make_draft(line, note=f"唛头 {mark} {second}"), total=cny("74.50"))
    await shop.poll("purchase.poll", "main")
    await shop.sell(SECOND, make_order_line(shop.code(), 3))
    assert await states(shop) == [PurchaseState.PLACED, PurchaseState.INTENDED]
    assert the_one(shop).state is VendorOrderState.UNPAID


async def test_a_crash_after_sending_is_settled_for_both(shop: Shop) -> None:
    await sell_two(shop)
    backup = b""
    place = shop.supplier.place

    async def killed(draft: PurchaseDraft, *, key: IntentKey) -> Placement:
        nonlocal backup
        backup = shop.back_up()
        return await place(draft, key=key)

    shop.supplier.place = killed  # type: ignore[method-assign]
    await shop.pass_time(COOL_OFF)
    await shop.restore(backup)
    await shop.pass_time(300)
    assert quantities(shop) == [[5]]
    assert await states(shop) == [PurchaseState.PAID, PurchaseState.PAID]
