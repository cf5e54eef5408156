"""What was bought together and is cancelled, taken back, or known from a backup only."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlmodel import Session, col, select

from syncbridge.flows import decisions, start
from syncbridge.model.orders import OrderStage, OrderState
from syncbridge.model.purchasing import (
    IntentKey,
    Placement,
    PurchaseDraft,
    PurchaseLine,
    PurchaseState,
    Quote,
    VendorOrderState,
)
from syncbridge.rules.routing import intent_key
from syncbridge.store import orders, purchases
from syncbridge.store.tables.work import Job
from syncbridge.testing.builders import cny, make_draft, make_offer, make_order_line, make_spec
from tests.flows.conftest import Shop
from tests.flows.merged import (
    COOL_OFF,
    FIRST,
    SECOND,
    buy_two,
    cancel,
    change,
    declared,
    differences,
    fulfil,
    leave_unpaid,
    marks,
    quantities,
    sell_two,
    states,
    the_one,
)

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("merging")]


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
