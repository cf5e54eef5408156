"""The ledger over a shop: what the vendors show, what we keep, and what becomes of a difference."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import Session, select

from syncbridge.errors import AccessExpired, VendorDown
from syncbridge.flows import retry_queue
from syncbridge.flows.audit import audit
from syncbridge.flows.schedule import QUARTER, Every, Intervals, schedules, tick
from syncbridge.model.ledger import Audit, Kind
from syncbridge.model.paging import Cursor, Page
from syncbridge.model.purchasing import PlacedOrder, PurchaseState, VendorOrderState
from syncbridge.ports import Alarm
from syncbridge.store import holds, orders, purchases, timeline
from syncbridge.store.tables.buying import OrderRow
from syncbridge.testing.builders import make_order
from tests.flows.conftest import Shop

pytestmark = pytest.mark.anyio
ORDER = "8172481060036440"
COOL_OFF = 601
GRACE = 601


async def polled(shop: Shop) -> None:
    """Enough time for what changed to be known, and the polls to have seen it."""
    shop.clock.advance(GRACE)
    await shop.poll("orders.poll", "toys")
    await shop.poll("purchase.poll", "main")


async def bought(shop: Shop) -> PlacedOrder:
    """An order of toys, bought and paid, and seen by the polls."""
    await shop.poll("orders.poll", "toys")
    await shop.poll("purchase.poll", "main")
    await shop.list_offer()
    await shop.sell(ORDER)
    await shop.pass_time(COOL_OFF)
    await polled(shop)
    (made,) = shop.supplier.books.values()
    return made


async def audited(shop: Shop, **how: object) -> Audit:
    return await audit(shop.bridge, since=shop.clock.now() - timedelta(days=7), **how)  # type: ignore[arg-type]


def told(found: Audit) -> list[tuple[Kind, str]]:
    return [(one.kind, one.subject) for one in found.differences]


async def test_a_shop_where_everything_went_well_is_in_balance(shop: Shop) -> None:
    made = await bought(shop)
    shop.supplier.ship(made.vendor_order_id, "YT1")
    await polled(shop)
    shop.forwards(made.note.split()[-1])
    await shop.poll("fulfil.collect", "forwarder")
    await polled(shop)

    found = await audited(shop)

    assert (found.differences, found.foreign) == ((), ())
    assert (found.stages, found.vendor_orders, found.live) == ({"declared": 1}, 1, True)


async def test_what_the_vendors_list_of_an_earlier_time_is_known_to_us(shop: Shop) -> None:
    made = await bought(shop)
    shop.supplier.ship(made.vendor_order_id, "YT1")
    await polled(shop)
    shop.forwards(made.note.split()[-1])
    await shop.poll("fulfil.collect", "forwarder")
    await polled(shop)
    shop.clock.advance(20 * 86400)
    await polled(shop)
    of_all_time(shop)

    found = await audited(shop)

    assert (found.differences, found.foreign, found.stages, found.vendor_orders) == ((), (), {}, 1)


def of_all_time(shop: Shop) -> None:
    """Lists that reach back further than they were asked to, as their overlap makes them."""
    orders, made = shop.channel.orders, shop.supplier.orders
    shop.channel.orders = lambda **_: orders(since=None)  # type: ignore[method-assign]
    shop.supplier.orders = lambda **_: made(since=None)  # type: ignore[method-assign]


async def test_an_order_the_poll_never_gave_us_is_lost(shop: Shop) -> None:
    await bought(shop)
    shop.clock.advance(1)
    shop.channel.books["8172481060036441"] = make_order("8172481060036441", shop.clock.now())
    shop.clock.advance(GRACE)
    listed = shop.channel.orders
    shop.channel.orders = nothing  # type: ignore[method-assign, assignment]  # a list that leaves it out
    await shop.poll("orders.poll", "toys")
    shop.channel.orders = listed  # type: ignore[method-assign]

    found = await audited(shop)

    assert told(found) == [(Kind.LOST, "order toys/8172481060036441")]


async def nothing(**_: object) -> AsyncIterator[Page[object]]:
    yield Page((), Cursor(""))


async def test_an_order_that_came_after_the_last_poll_is_not_lost(shop: Shop) -> None:
    await bought(shop)
    shop.clock.advance(3600)
    shop.channel.books["8172481060036441"] = make_order("8172481060036441", shop.clock.now())
    shop.clock.advance(3600)

    assert (await audited(shop)).differences == ()


async def test_an_account_no_poll_has_read_for_hours_is_not_proven(shop: Shop) -> None:
    await bought(shop)
    await shop.pass_time(6 * 3600 + 60)

    assert told(await audited(shop)) == [(Kind.UNREAD, "account toys"), (Kind.UNREAD, "account main")]


async def test_a_poll_that_failed_does_not_count_as_read(shop: Shop) -> None:
    def down(**_: object) -> object:
        raise VendorDown("the list does not answer", vendor="memory", code="down")

    listed = shop.channel.orders
    shop.channel.orders = down  # type: ignore[method-assign, assignment]  # an outage
    await shop.poll("orders.poll", "toys")
    await shop.poll("orders.poll", "toys")
    await shop.poll("purchase.poll", "main")
    shop.channel.orders = listed  # type: ignore[method-assign]

    assert told(await audited(shop)) == [(Kind.UNREAD, "account toys")]


async def test_an_account_that_cannot_be_read_stops_no_other(shop: Shop) -> None:
    made = await bought(shop)
    shop.supplier.books["1"] = replace(made, vendor_order_id="1", out_order_id="SBAAAAAAAAAAAAAAAA", note="")

    async def expired(**_: object) -> AsyncIterator[Page[object]]:
        raise AccessExpired("authorise the store again", vendor="memory", code="expired")
        yield  # type: ignore[unreachable]  # makes it a generator

    shop.channel.orders = expired  # type: ignore[method-assign, assignment]
    found = await audited(shop)

    assert told(found) == [(Kind.UNREADABLE, "account toys"), (Kind.ORPHAN, "vendor order main/1")]
    assert found.differences[0].why == "authorise the store again"


async def test_an_order_that_cannot_be_read_is_named_and_the_rest_is_sound(shop: Shop) -> None:
    await bought(shop)
    listed = shop.supplier.orders

    async def with_a_spoilt_one(*, since: Cursor | None) -> AsyncIterator[Page[PlacedOrder]]:
        async for page in listed(since=since):
            yield replace(page, failures=(("77", "it has no total"),))

    shop.supplier.orders = with_a_spoilt_one  # type: ignore[method-assign]
    found = await audited(shop)

    assert told(found) == [(Kind.UNREADABLE, "vendor order main/77")]
    assert found.vendor_orders == 1


async def test_a_vendor_order_the_supplier_no_longer_knows_is_missing(shop: Shop) -> None:
    made = await bought(shop)
    del shop.supplier.books[made.vendor_order_id]

    (one,) = (await audited(shop)).differences

    assert (one.kind, one.subject, one.store) == (Kind.MISSING, f"order toys/{ORDER}", "toys")
    assert one.why.endswith("but main shows no order of it")


async def test_a_vendor_order_that_did_not_change_lately_is_asked_for_and_not_missing(shop: Shop) -> None:
    made = await bought(shop)
    await shop.pass_time(8 * 86400)
    await polled(shop)
    asked: list[str] = []
    order = shop.supplier.order

    async def counted(vendor_order_id: str) -> PlacedOrder:
        asked.append(vendor_order_id)
        return await order(vendor_order_id)

    shop.supplier.order = counted  # type: ignore[method-assign]

    assert (await audited(shop)).differences == ()
    assert asked == [made.vendor_order_id]


async def test_a_vendor_order_that_cannot_be_asked_for_is_unreadable_and_not_missing(shop: Shop) -> None:
    made = await bought(shop)
    await shop.pass_time(8 * 86400)
    await polled(shop)

    async def down(vendor_order_id: str) -> PlacedOrder:
        raise VendorDown("it does not answer", vendor="memory", code="down")

    shop.supplier.order = down  # type: ignore[method-assign]

    assert told(await audited(shop)) == [(Kind.UNREADABLE, f"vendor order main/{made.vendor_order_id}")]


async def test_two_vendor_orders_for_one_intent_are_doubled(shop: Shop) -> None:
    made = await bought(shop)
    shop.supplier.books["1"] = replace(made, vendor_order_id="1")
    await polled(shop)

    (one,) = (await audited(shop)).differences

    assert (one.kind, one.subject) == (Kind.DOUBLED, f"order toys/{ORDER}")
    assert "4 of" in one.why
    assert "instead of 2" in one.why


async def test_what_somebody_bought_for_another_purpose_is_told_and_is_no_difference(shop: Shop) -> None:
    made = await bought(shop)
    shop.supplier.books["1"] = replace(made, vendor_order_id="1", out_order_id=None, note="for the office")

    found = await audited(shop)

    assert (found.differences, found.foreign, found.vendor_orders) == ((), ("vendor order main/1",), 1)


async def test_a_vendor_order_cancelled_long_ago_that_we_still_count_on_is_missing(shop: Shop) -> None:
    made = await bought(shop)
    changed = replace(made, state=VendorOrderState.CANCELLED, modified_at=shop.clock.now())
    shop.supplier.books[made.vendor_order_id] = changed
    assert (await audited(shop)).differences == ()  # it may be on its way to us

    listed = shop.supplier.orders
    shop.supplier.orders = nothing  # type: ignore[method-assign, assignment]  # a list that leaves it out
    await polled(shop)
    shop.supplier.orders = listed  # type: ignore[method-assign]

    (one,) = (await audited(shop)).differences
    assert (one.kind, one.why.partition("shows ")[2]) == (Kind.MISSING, f"{made.vendor_order_id} as cancelled")


async def test_offline_no_vendor_is_asked(shop: Shop) -> None:
    await bought(shop)
    shop.supplier.limit_next = shop.channel.limit_next = True  # the next call of each would be refused
    shop.supplier.books.clear()

    found = await audited(shop, offline=True)

    assert (found.differences, found.live, found.vendor_orders) == ((), False, 1)


async def test_a_purchase_whose_job_is_gone_is_forgotten(shop: Shop) -> None:
    await shop.poll("orders.poll", "toys")
    await shop.poll("purchase.poll", "main")
    await shop.list_offer()
    await shop.sell(ORDER)
    assert (await audited(shop)).differences == ()

    await shop.db.run(lambda session: session.connection().exec_driver_sql("DELETE FROM job WHERE kind LIKE '%place'"))

    (one,) = (await audited(shop)).differences
    assert (one.kind, one.subject) == (Kind.FORGOTTEN, f"order toys/{ORDER}")
    assert one.why.endswith("is intended, and no job goes on with it")


async def test_an_order_in_the_retry_queue_is_not_forgotten(shop: Shop) -> None:
    await polled(shop)
    await shop.sell(ORDER)  # nothing is bound to its SKU
    assert [entry.code for entry in await shop.queue()] == ["unrouted"]

    found = await audited(shop)

    assert (found.differences, found.stages) == ((), {"unrouted": 1})


async def test_an_order_that_is_held_or_of_which_a_line_is_is_not_forgotten(shop: Shop) -> None:
    await polled(shop)
    await shop.db.run(orders.keep, "toys", make_order(ORDER, shop.clock.now()))
    assert told(await audited(shop)) == [(Kind.FORGOTTEN, f"order toys/{ORDER}")]

    await shop.db.run(holds.open_hold, holds.LINE_REFUSED, f"order toys/{ORDER} 1", {}, now=shop.clock.now())
    assert (await audited(shop)).differences == ()


async def test_what_a_person_dropped_is_not_forgotten(shop: Shop) -> None:
    await polled(shop)
    await shop.sell(ORDER)
    (entry,) = await shop.queue()
    await shop.db.run(retry_queue.drop, entry.id, why="sent from own stock", now=shop.clock.now())

    assert (await audited(shop)).differences == ()


async def test_a_card_a_person_dropped_is_not_forgotten(shop: Shop) -> None:
    await polled(shop)
    shop.supplier.grants_orders = False
    await shop.list_offer()
    await shop.sell(ORDER)
    await shop.pass_time(COOL_OFF)
    (entry,) = await shop.queue()
    await shop.db.run(retry_queue.drop, entry.id, why="sent from own stock", now=shop.clock.now())
    await polled(shop)

    assert (await audited(shop)).differences == ()


async def test_only_what_concerns_a_store_is_told_of_it(shop: Shop) -> None:
    await bought(shop)
    shop.bridge = replace(shop.bridge, channels={**shop.bridge.channels, "books": shop.channel})
    (made,) = await shop.db.read(purchases.of_order, "toys", ORDER)
    await shop.db.run(purchases.move, made.id, PurchaseState.STOPPED, when=list(PurchaseState))

    toys, books = await audited(shop, store="toys"), await audited(shop, store="books")

    assert (told(toys)[-1], toys.stages) == ((Kind.UNWITHDRAWN, f"order toys/{ORDER}"), {"buying": 1})
    assert (told(books), books.stages) == ([(Kind.UNREAD, "account books")], {})


class Pager:
    """Someone who passes alarms on."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str, dict[str, str]]] = []
        self.fails = False

    async def notify(self, alarm: Alarm) -> None:
        if self.fails:
            raise VendorDown("the pager is off", vendor="pager", code="down")
        self.told.append((alarm.code, alarm.subject, dict(alarm.figures)))


def night(shop: Shop) -> Every:
    (every,) = [one for one in schedules(shop.bridge, Intervals()) if one.kind == "audit.nightly"]
    return every


async def pass_a_night(shop: Shop) -> None:
    """Until past seven in the morning in China, with the polls that go on all the time."""
    shop.clock.advance(86400)
    await shop.db.run(tick, night(shop), now=shop.clock.now())
    await polled(shop)
    await shop.pass_time(QUARTER.total_seconds())


async def alarms(shop: Shop) -> list[tuple[str, str, dict[str, str]]]:
    found: list[holds.OpenHold] = await shop.db.read(holds.all_open)
    return [(hold.kind, hold.subject, dict(hold.figures)) for hold in found if hold.kind.startswith("alarm_")]


def page(shop: Shop) -> Pager:
    pager = Pager()
    shop.notifiers = (pager,)
    shop.connect()
    return pager


async def test_the_nightly_audit_raises_one_alarm_and_ends_it_when_all_is_well(shop: Shop) -> None:
    pager = page(shop)
    made = await bought(shop)
    twin = shop.supplier.books["1"] = replace(made, vendor_order_id="1")
    for _ in range(2):
        await pass_a_night(shop)
    (alarm,) = await alarms(shop)
    assert alarm[:2] == ("alarm_ledger", "ledger")
    assert alarm[2]["doubled"] == "1"
    assert pager.told == [("ledger", "ledger", alarm[2])]

    gone = replace(twin, state=VendorOrderState.CANCELLED, modified_at=shop.clock.now())
    shop.supplier.books["1"] = gone
    await pass_a_night(shop)
    assert await alarms(shop) == []
    events = [event for _, event, _ in await shop.db.read(timeline.of, "ledger")]
    assert events == ["audit: differences", "audit: differences", "audit: balanced"]


async def jobs_in_queue(shop: Shop) -> list[str]:
    """What the queue shows beside the alarm itself."""
    return [entry.what for entry in await shop.queue() if entry.what != "hold"]


async def test_an_alarm_that_cannot_be_passed_on_is_tried_again(shop: Shop) -> None:
    pager = page(shop)
    made = await bought(shop)
    shop.supplier.books["1"] = replace(made, vendor_order_id="1")
    pager.fails = True
    await pass_a_night(shop)
    assert await jobs_in_queue(shop) == ["alarms.tell"]

    pager.fails = False
    await shop.pass_time(3600)
    assert [code for code, _, _ in pager.told] == ["ledger"]


async def test_an_alarm_for_a_notifier_the_settings_no_longer_have_is_let_go(shop: Shop) -> None:
    pager = page(shop)
    made = await bought(shop)
    shop.supplier.books["1"] = replace(made, vendor_order_id="1")
    pager.fails = True
    await pass_a_night(shop)
    shop.notifiers = ()
    shop.connect()
    await shop.pass_time(3600)

    assert await jobs_in_queue(shop) == []


async def test_the_nightly_audit_takes_what_was_lost(shop: Shop) -> None:
    await bought(shop)
    shop.clock.advance(1)
    shop.channel.books["8172481060036441"] = make_order("8172481060036441", shop.clock.now())
    listed = shop.channel.orders
    shop.channel.orders = nothing  # type: ignore[method-assign, assignment]  # a list that leaves it out
    shop.clock.advance(GRACE)
    await shop.poll("orders.poll", "toys")
    shop.channel.orders = listed  # type: ignore[method-assign]
    await shop.db.run(tick, night(shop), now=shop.clock.now())
    await shop.pass_time(QUARTER.total_seconds())

    assert [subject for _, subject, _ in await alarms(shop)] == ["ledger"]
    assert {known.order_id for known in await shop.db.read(kept)} == {ORDER, "8172481060036441"}


def kept(session: Session) -> list[OrderRow]:
    return list(session.scalars(select(OrderRow)))


@pytest.mark.parametrize(("hours", "planned"), [(-0.1, -24), (0, 0), (0.1, 0), (23.9, 0)])
def test_the_night_is_planned_at_seven_in_china(shop: Shop, hours: float, planned: float) -> None:
    seven = datetime(2026, 3, 1, 23, 0, tzinfo=UTC)

    assert night(shop).planned(seven + timedelta(hours=hours)) == seven + timedelta(hours=planned)


async def test_a_night_is_audited_once_whenever_the_clock_asks(shop: Shop) -> None:
    ticked = []
    for _ in range(95):  # the first is at nine in the morning in China
        ticked.append(await shop.db.run(tick, night(shop), now=shop.clock.now()))
        await shop.pass_time(QUARTER.total_seconds())

    assert ticked.count(True) == 2
    assert await jobs_in_queue(shop) == []
