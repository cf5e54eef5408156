"""What will be late is foreseen by what our own purchases took, and told with what can be done."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import event, insert, select
from sqlmodel import Session, col

from syncbridge.errors import OutcomeUnknown, SyncBridgeError
from syncbridge.flows import deadlines, decisions, retry_queue
from syncbridge.flows.bridge import LEAD_TIME
from syncbridge.flows.retry_queue import Entry
from syncbridge.model.orders import OrderState
from syncbridge.model.purchasing import PurchaseLine, PurchaseState
from syncbridge.rules.deadlines import Basis, Lead
from syncbridge.rules.mapping import ShippingWay
from syncbridge.rules.rescues import Means, Rescue
from syncbridge.rules.routing import Split
from syncbridge.store import holds, lead_times, orders, purchases, timeline
from syncbridge.store.tables.buying import LeadTimeRow, VendorOrderRow
from syncbridge.store.tables.work import Job
from syncbridge.testing.builders import cny, make_offer, make_order, make_order_line, make_spec
from tests.flows.conftest import ROUTE, Shop, dollars
from tests.flows.shelf import OFFER
from tests.flows.test_decisions import by_hand
from tests.flows.test_suppliers import BACKUP, set_rules, with_backup

pytestmark = pytest.mark.anyio
H = timedelta(hours=1)
HOUR = 3600
ORDER = "8172481060036440"
COOL_OFF = 601
ASSUMED = (Lead(48 * H, Basis.NO_HISTORY), Lead(48 * H, Basis.NO_PARCELS))


async def in_order(shop: Shop) -> list[Entry]:
    return await shop.db.read(deadlines.in_order, now=shop.clock.now())


async def will_miss(shop: Shop) -> list[Entry]:
    return await shop.db.read(deadlines.will_miss, now=shop.clock.now())


async def rescues(shop: Shop) -> list[Rescue]:
    """What can be done about the one that will be late."""
    (entry,) = found = await will_miss(shop)
    told = await shop.db.read(deadlines.can_be_done, shop.rules, found, now=shop.clock.now())
    return list(told[entry.id])


async def buy(shop: Shop, order: str = ORDER, *, days: float = 3) -> str:
    """An order to be shipped within so many days is bought and paid; answers the vendor order."""
    await shop.sell(order, ship_by=shop.clock.now() + timedelta(days=days))
    await shop.pass_time(COOL_OFF)
    return list(shop.supplier.books)[-1]


async def ship(shop: Shop, vendor_order: str, *, declare_after: float) -> None:
    """The supplier ships it, and so many hours later its parcel is declared."""
    shop.supplier.ship(vendor_order, f"YT{vendor_order[-4:]}")
    await shop.poll("purchase.poll", "main")
    await shop.pass_time(declare_after * HOUR)
    mark = shop.supplier.books[vendor_order].note.split()[-1]
    shop.forwards(mark, f"UR{vendor_order[-9:]}YP")
    await shop.poll("fulfil.collect", "forwarder")


async def history(shop: Shop, *hours: float, declare_after: float = 6) -> None:
    """Purchases that took so many hours each at the supplier."""
    await shop.list_offer(make_offer(OFFER, make_spec(1, stock=900)))
    for number, each in enumerate(hours):
        vendor_order = await buy(shop, f"81724810600300{number:02d}", days=30)
        await shop.pass_time(each * HOUR)
        await ship(shop, vendor_order, declare_after=declare_after)
    await shop.poll("dispatch.check", "main")


def measures(session: Session) -> list[tuple[str, str, int, int]]:
    rows = session.scalars(select(LeadTimeRow).order_by(col(LeadTimeRow.basis)))
    return [(row.basis, row.account, row.seconds // 60 * 60, row.sample) for row in rows]


async def test_what_our_own_purchases_took_is_what_the_next_is_expected_to_take(shop: Shop) -> None:
    await history(shop, 30, 10, 70, 20, 31)
    found = await shop.db.read(measures)
    assert found == [
        ("offer", "main", 31 * HOUR, 5),
        ("route", "", 6 * HOUR, 5),
        ("shop", "main", 31 * HOUR, 5),
    ]

    await buy(shop)
    (entry,) = await shop.db.read(lambda session: deadlines.will_miss(session, now=shop.clock.now() + 67 * H))
    assert entry.forecast is not None
    assert [(lead.basis, lead.sample) for lead in entry.forecast.ahead] == [(Basis.OFFER, 5), (Basis.ROUTE, 5)]
    assert await will_miss(shop) == []


async def test_four_purchases_tell_nothing_and_the_offers_promise_counts(shop: Shop) -> None:
    await history(shop, 10, 10, 10, 10)
    assert await shop.db.read(measures) == [("route", "", 48 * HOUR, 0)]
    promising = make_offer(OFFER, make_spec(1, stock=900), dispatch_hours=100)
    await shop.list_offer(promising)
    await buy(shop)
    (entry,) = await will_miss(shop)
    assert entry.forecast is not None
    assert [lead.basis for lead in entry.forecast.ahead] == [Basis.PROMISED, Basis.NO_PARCELS]


async def test_what_is_measured_again_and_is_the_same_is_not_written(shop: Shop) -> None:
    await history(shop, 30, 10, 70, 20, 31)
    at = await shop.db.read(lambda session: session.scalars(select(col(LeadTimeRow.measured_at))).all())
    shop.clock.advance(HOUR)
    await shop.poll("dispatch.check", "main")
    assert await shop.db.read(lambda session: session.scalars(select(col(LeadTimeRow.measured_at))).all()) == at


async def test_until_a_route_is_measured_its_way_abroad_says_what_to_expect(shop: Shop) -> None:
    await shop.poll("dispatch.check", "main")
    assert await shop.db.read(measures) == [("route", "", 48 * HOUR, 0)]
    set_rules(shop, ship=ShippingWay.LABEL_FIRST)
    await shop.poll("dispatch.check", "main")
    assert await shop.db.read(measures) == [("route", "", HOUR, 0)]


async def test_what_was_measured_is_not_given_up_for_what_is_assumed(shop: Shop) -> None:
    measured = {(Basis.ROUTE, "", "toys"): Lead(6 * H, Basis.ROUTE, 5)}
    await shop.db.run(lead_times.keep, measured, now=shop.clock.now())
    await shop.poll("dispatch.check", "main")
    assert await shop.db.read(lead_times.known, ["toys"]) == measured


async def test_what_goes_forward_but_too_slowly_is_told_although_nothing_holds_it(shop: Shop) -> None:
    await shop.list_offer()
    await buy(shop, days=3)
    assert await shop.queue() == []
    (entry,) = await will_miss(shop)
    assert (entry.id, entry.state, entry.code, entry.subject) == (
        "late-1",
        "going_on",
        "will_miss",
        f"order toys/{ORDER}",
    )
    assert entry.forecast is not None
    assert entry.forecast.ahead == ASSUMED
    left = entry.late(shop.clock.now())
    assert left is not None
    assert left < -24 * H


async def test_what_will_be_in_time_is_not_told(shop: Shop) -> None:
    await shop.list_offer()
    await buy(shop, days=4.5)
    assert await will_miss(shop) == []
    with pytest.raises(SyncBridgeError, match="late-1 is not late"):
        await shop.db.read(deadlines.entry, "late-1", now=shop.clock.now())


async def test_what_is_shipped_has_only_the_route_ahead(shop: Shop) -> None:
    await shop.list_offer()
    vendor_order = await buy(shop, days=3)
    shop.supplier.ship(vendor_order, "YT1")
    await shop.poll("purchase.poll", "main")
    assert await will_miss(shop) == []
    await shop.pass_time(30 * HOUR)
    (entry,) = await shop.db.read(lambda session: deadlines.will_miss(session, now=shop.clock.now() + 60 * H))
    assert entry.forecast is not None
    assert entry.forecast.ahead == ASSUMED[1:]


async def test_a_parcel_whose_number_is_known_has_nothing_ahead(shop: Shop) -> None:
    await shop.list_offer()
    vendor_order = await buy(shop, days=3)
    shop.supplier.ship(vendor_order, "YT1")
    await shop.poll("purchase.poll", "main")
    shop.forwards(shop.supplier.books[vendor_order].note.split()[-1], "no number of this carrier")
    await shop.poll("fulfil.collect", "forwarder")
    (entry,) = await in_order(shop)
    assert (entry.what, entry.code) == ("fulfil.declare", "tracking_refused")
    assert entry.act_by == entry.ship_by
    assert entry.forecast is not None
    assert (entry.forecast.ahead, entry.late(shop.clock.now())) == ((), None)
    (late,) = await shop.db.read(lambda session: deadlines.will_miss(session, now=shop.clock.now() + 99 * H))
    assert late.id == entry.id


@pytest.mark.parametrize("state", [OrderState.CANCELLING, OrderState.CANCELLED, OrderState.SHIPPED])
async def test_an_order_that_wants_no_goods_has_no_clock(shop: Shop, state: OrderState) -> None:
    await shop.list_offer()
    await buy(shop, days=3)
    shop.channel.books[ORDER] = replace(
        shop.channel.books[ORDER], state=state, modified_at=shop.clock.now() + timedelta(seconds=1)
    )
    shop.clock.advance(1)
    await shop.hear_of(ORDER)
    assert [entry for entry in await will_miss(shop) if entry.state == "going_on"] == []


async def test_what_is_declared_has_no_clock(shop: Shop) -> None:
    await shop.list_offer()
    await ship(shop, await buy(shop, days=1), declare_after=50)
    assert await will_miss(shop) == []


async def test_what_stands_in_the_queue_is_told_once(shop: Shop) -> None:
    await by_hand(shop)
    (entry,) = await will_miss(shop)
    assert entry.id == "hand-1"
    assert entry.forecast is not None


async def test_a_supplier_that_is_late_is_told_once_with_the_means_against_it(shop: Shop) -> None:
    await shop.list_offer(make_offer(dispatch_hours=24))
    await buy(shop, days=2)
    shop.supplier.urge = _no_answer  # type: ignore[method-assign]
    await shop.pass_time(25 * HOUR)
    await shop.poll("dispatch.check", "main")
    await shop.pass_time(25 * HOUR)
    (entry,) = await will_miss(shop)
    assert (entry.code, entry.purchase) == ("supplier_late", 1)
    assert [one.means for one in await rescues(shop)] == [Means.URGE, Means.ASK_BUYER]


async def _no_answer(vendor_order_id: str) -> None:
    raise OutcomeUnknown("no answer", vendor="memory")


async def test_what_must_be_acted_on_first_comes_first(shop: Shop) -> None:
    slow = make_offer("700000000002", make_spec(3), dispatch_hours=200)
    await shop.list_offer(slow)
    await by_hand(shop)
    await shop.sell("8172481060036441", ship_by=shop.clock.now() + timedelta(days=2))
    await shop.sell(
        "8172481060036442", make_order_line(shop.code(0, slow)), ship_by=shop.clock.now() + timedelta(days=6)
    )
    await shop.sell("8172481060036443", ship_by=shop.clock.now() + timedelta(days=9))
    await shop.pass_time(COOL_OFF)
    await shop.db.run(holds.open_hold, "alarm_ledger", "ledger", {"lost": "1"}, now=shop.clock.now())
    assert [entry.subject[-1] for entry in await in_order(shop)] == ["2", "1", "0", "3", "r"]


async def test_an_entry_that_cannot_be_shipped_in_time_says_by_how_much(shop: Shop) -> None:
    await by_hand(shop)
    (entry,) = await in_order(shop)
    assert entry.ship_by is not None
    assert entry.act_by == entry.ship_by - 96 * H
    assert entry.late(entry.ship_by - 30 * H) == -66 * H
    assert entry.late(entry.ship_by - 103 * H) is None


async def test_an_order_nobody_knows_where_to_buy_is_expected_to_take_what_is_assumed(shop: Shop) -> None:
    await shop.sell(ORDER, make_order_line("ZZ0001"))
    (entry,) = await in_order(shop)
    assert entry.code == "unrouted"
    assert entry.forecast is not None
    assert entry.forecast.ahead == ASSUMED
    assert [one.means for one in await rescues(shop)] == [Means.ASK_BUYER]


async def test_a_hold_on_an_order_that_is_declared_threatens_nothing(shop: Shop) -> None:
    await shop.list_offer()
    await ship(shop, await buy(shop, days=3), declare_after=1)
    await shop.db.run(holds.open_hold, "address_changed", f"order toys/{ORDER}", {"why": "moved"}, now=shop.clock.now())
    (entry,) = await in_order(shop)
    assert (entry.forecast, entry.act_by, entry.late(shop.clock.now() + 99 * H)) == (None, None, None)


async def test_what_is_tried_again_by_itself_is_expected_no_sooner(shop: Shop) -> None:
    await shop.list_offer()
    await shop.sell(ORDER)
    shop.supplier.lose_next = True
    await shop.pass_time(COOL_OFF)
    (entry,) = await in_order(shop)
    assert entry.next_attempt is not None
    assert entry.forecast is not None
    assert entry.forecast.declared_at == entry.next_attempt + 96 * H


async def test_jobs_go_by_the_time_their_orders_are_expected_to_take(shop: Shop) -> None:
    slow = make_offer("700000000002", make_spec(3), dispatch_hours=200)
    await shop.list_offer()
    await shop.list_offer(slow)
    order = await shop.sell("8172481060036441")
    await shop.sell("8172481060036442", make_order_line(shop.code(0, slow)), ship_by=order.ship_by)

    def priorities(session: Session, kind: str) -> list[datetime]:
        return list(session.scalars(select(col(Job.priority)).where(col(Job.kind) == kind).order_by(col(Job.priority))))

    await shop.pass_time(COOL_OFF)
    assert order.ship_by is not None
    for kind in ("purchase.place", "purchase.pay"):
        assert await shop.db.read(priorities, kind) == [order.ship_by - 248 * H, order.ship_by - 96 * H], kind
    assert LEAD_TIME not in (96 * H, 248 * H)


async def test_an_entry_tells_of_its_own_purchase_and_not_of_a_slower_one_of_the_order(shop: Shop) -> None:
    slow = make_offer("700000000002", make_spec(3), dispatch_hours=200, supplier_id="another shop")
    await shop.list_offer()
    await shop.list_offer(slow)
    shop.supplier.grants_orders = False
    await shop.sell(ORDER, make_order_line(shop.code()), make_order_line(shop.code(0, slow), line_id="2"))
    await shop.pass_time(COOL_OFF)
    found = await in_order(shop)
    assert [entry.forecast and entry.forecast.ahead[0].time for entry in found] == [200 * H, 48 * H]


async def test_the_supplier_is_asked_because_a_person_wants_it_and_not_again_that_day(shop: Shop) -> None:
    await shop.list_offer(make_offer(dispatch_hours=24))
    vendor_order = await buy(shop, days=2)
    (urge, last) = await rescues(shop)
    assert (urge.means, urge.cost, last.means) == (Means.URGE, None, Means.ASK_BUYER)

    await shop.db.run(decisions.urge, "late-1", now=shop.clock.now())
    await shop.work()
    assert shop.supplier.urged == {vendor_order: shop.clock.now()}
    assert [one.means for one in await rescues(shop)] == [Means.ASK_BUYER]
    with pytest.raises(SyncBridgeError, match="asked for it within the day"):
        await shop.db.run(decisions.urge, "late-1", now=shop.clock.now())


async def test_the_clock_and_a_person_together_ask_once_a_day(shop: Shop) -> None:
    await shop.list_offer(make_offer(dispatch_hours=24))
    await buy(shop, days=2)
    await shop.pass_time(23.9 * HOUR)
    await shop.db.run(decisions.urge, "late-1", now=shop.clock.now())
    for _ in range(23):
        await shop.pass_time(HOUR)
        await shop.poll("dispatch.check", "main")
    told = await shop.db.read(timeline.of, f"order toys/{ORDER}")
    assert [details["said"] for _, what, details in told if what == "supplier urged"] == ["asked"]
    await shop.pass_time(2 * HOUR)
    await shop.poll("dispatch.check", "main")
    told = await shop.db.read(timeline.of, f"order toys/{ORDER}")
    assert [details["said"] for _, what, details in told if what == "supplier urged"] == ["asked", "asked"]


async def test_nothing_is_asked_for_that_is_not_paid(shop: Shop) -> None:
    await by_hand(shop)
    for name in ("late-1", "hand-1"):
        with pytest.raises(SyncBridgeError, match=r"nothing of purchase \w+ is paid"):
            await shop.db.run(decisions.urge, name, now=shop.clock.now())
    with pytest.raises(SyncBridgeError, match="there is no purchase late-99"):
        await shop.db.run(decisions.urge, "late-99", now=shop.clock.now())


async def test_a_backup_that_is_in_time_is_proposed_with_what_it_costs_more_and_taken(shop: Shop) -> None:
    await with_backup(shop)
    set_rules(shop, ship=ShippingWay.OFFICIAL)
    await shop.poll("dispatch.check", "main")
    await shop.list_offer(replace(BACKUP, dispatch_hours=24))
    await shop.sell(ORDER, ship_by=shop.clock.now() + 40 * H)
    (switch, last) = await rescues(shop)
    assert (switch.means, switch.cost, switch.in_time, switch.to) == (Means.SWITCH, cny("2.20"), True, "main")
    assert (switch.gain, last.means) == (24 * H, Means.ASK_BUYER)

    await shop.db.run(decisions.switch, shop.bridge, "late-1", why="too slow")
    assert await will_miss(shop) == []
    await shop.pass_time(COOL_OFF)
    assert [made.lines[0].offer_id for made in shop.supplier.books.values()] == [BACKUP.offer_id]


async def test_without_mapping_files_only_backups_are_left_out(shop: Shop) -> None:
    await with_backup(shop)
    await shop.sell(ORDER, ship_by=shop.clock.now() + 40 * H)
    found = await will_miss(shop)
    told = await shop.db.read(deadlines.can_be_done, None, found, now=shop.clock.now())
    assert [one.means for one in told["late-1"]] == [Means.ASK_BUYER]


@pytest.mark.parametrize("act", ["retry", "drop"])
async def test_what_goes_forward_is_neither_tried_nor_given_up(shop: Shop, act: str) -> None:
    how = {"why": "late"} if act == "drop" else {}
    with pytest.raises(SyncBridgeError, match="late-1 goes forward by itself"):
        await shop.db.run(lambda session: getattr(retry_queue, act)(session, "late-1", **how, now=shop.clock.now()))


async def test_purchases_sent_together_share_their_vendor_order(shop: Shop, merging: None) -> None:
    await shop.list_offer()
    for order_id in (ORDER, "8172481060036441"):
        await shop.sell(order_id, ship_by=shop.clock.now() + 40 * H)
    await shop.pass_time(COOL_OFF)
    (vendor_order,) = shop.supplier.books
    shop.supplier.ship(vendor_order, "YT1")
    await shop.poll("purchase.poll", "main")
    found = await will_miss(shop)
    assert [entry.subject[-1] for entry in found] == ["0", "1"]
    assert all(entry.forecast and entry.forecast.ahead == ASSUMED[1:] for entry in found)


@contextmanager
def statements(shop: Shop) -> Iterator[list[str]]:
    seen: list[str] = []

    def count(*told: object) -> None:
        seen.append(str(told[2]))

    event.listen(shop.db._engine, "before_cursor_execute", count)
    try:
        yield seen
    finally:
        event.remove(shop.db._engine, "before_cursor_execute", count)


def _many(session: Session, numbers: range, now: datetime) -> None:
    """Orders of each sort: bought and paid, to be bought by hand, and held."""
    for number in numbers:
        for sort, state in enumerate((PurchaseState.PAID, PurchaseState.BY_HAND, PurchaseState.INTENDED)):
            order_id = f"{sort}{number:09d}"
            order = make_order(order_id, now, make_order_line("TY1"), ship_by=now + timedelta(days=1))
            orders.keep(session, "toys", order)
            line = PurchaseLine(f"{sort}{number}", f"{1:032x}", 1)
            made = purchases.intend(session, "toys", order_id, Split(ROUTE, 0, (line,), dollars("9"), ("1",)), now=now)
            purchases.move(session, made, state, when=list(PurchaseState))
            mark = purchases.get(session, made).mark
            if sort == 0:
                row = {"supplier": "main", "vendor_order_id": order_id, "purchase": made, "state": "paid"}
                rest = {"total": cny("9"), "seen_at": now, "paid_at": now}
                session.connection().execute(insert(VendorOrderRow).values(**row, **rest))
            if sort == 2:
                holds.open_hold(session, "margin", f"order toys/{order_id}", {"purchase": mark}, now=now)


async def looked_at(shop: Shop, first: int, count: int) -> list[str]:
    """The statements that the list takes, with what can be done, for three times so many orders."""
    await shop.db.run(_many, range(first, count), shop.clock.now())
    with statements(shop) as seen:
        found = await will_miss(shop)
        told = await shop.db.read(deadlines.can_be_done, shop.rules, found, now=shop.clock.now())
    assert len(found) == len(told) == 3 * count
    return seen


async def test_many_late_orders_take_as_many_statements_as_ten(shop: Shop) -> None:
    few = await looked_at(shop, 0, 10)
    assert len(await looked_at(shop, 10, 100)) == len(few) <= 40
