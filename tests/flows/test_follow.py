"""Declared parcels are followed: who is asked, what is kept, what is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

import pytest
from sqlmodel import Session, select

from syncbridge.errors import VendorDown
from syncbridge.flows import approval, events
from syncbridge.flows.follow import PAGE
from syncbridge.flows.schedule import Intervals, schedules
from syncbridge.model.events import EventKind, VendorEvent
from syncbridge.model.shipping import Movement, Sighting, Track, Trail
from syncbridge.queue import job as jobs
from syncbridge.store import holds, timeline
from syncbridge.store.tables.parcels import ParcelRow
from tests.flows.conftest import Shop
from tests.flows.shelf import open_holds

pytestmark = pytest.mark.anyio
NUMBER = "UR000000001YP"
ORDER = "8172481060036440"


class Teller:
    """Tells what a test lets it, and remembers what it was asked."""

    def __init__(self) -> None:
        self.knows: dict[str, Track] = {}
        self.asked: list[list[Trail]] = []
        self.watched: list[str] = []
        self.down = False

    async def track(self, trails: Sequence[Trail]) -> Sequence[Track]:
        if self.down:
            raise VendorDown("it is down", vendor="teller")
        self.asked.append(list(trails))
        return [self.knows[trail.number] for trail in trails if trail.number in self.knows]


class Watcher(Teller):
    async def watch(self, trails: Sequence[Trail]) -> Mapping[str, str]:
        self.watched += [trail.number for trail in trails]
        return {}


def follow(shop: Shop, *tellers: Teller) -> None:
    """These tell of the shop's parcels, asked in this order."""
    shop.trackers = {f"teller {n}": teller for n, teller in enumerate(tellers)}
    shop.connect()


async def declared(shop: Shop) -> None:
    """An order is on its way abroad under NUMBER."""
    await shop.list_offer()
    await shop.sell(ORDER)
    await shop.pass_time(601)
    (bought,) = shop.supplier.books.values()
    shop.supplier.ship(bought.vendor_order_id, "YT1")
    await shop.poll("purchase.poll", "main")
    shop.forwards(bought.note.split()[-1], NUMBER)
    await shop.poll("fulfil.collect", "forwarder")


def seen(shop: Shop, movement: Movement, said: str = "seen") -> Track:
    return Track(NUMBER, movement, (Sighting(shop.clock.now(), movement, said),))


def of_parcel(session: Session) -> tuple[str, str]:
    (row,) = session.scalars(select(ParcelRow)).all()
    return row.movement, row.said


async def look(shop: Shop) -> None:
    await shop.pass_time(2 * 3600)
    await shop.poll("follow.poll", "toys")


async def test_a_declared_parcel_is_followed_until_it_is_delivered(shop: Shop) -> None:
    teller = Teller()
    follow(shop, teller)
    await declared(shop)
    teller.knows[NUMBER] = seen(shop, Movement.MOVING, "left Shenzhen")
    await look(shop)
    assert await shop.db.read(of_parcel) == ("moving", "left Shenzhen")
    assert teller.asked == [[Trail("YANWEN_AM", NUMBER, ORDER, "ES")]]

    teller.knows[NUMBER] = seen(shop, Movement.MOVING, "arrived in Madrid")
    await look(shop)
    teller.knows[NUMBER] = seen(shop, Movement.DELIVERED, "signed")
    await look(shop)
    await look(shop)

    assert await shop.db.read(of_parcel) == ("delivered", "signed")
    assert len(teller.asked) == 3
    told = [event for _, event, _ in await shop.db.read(timeline.of, f"order toys/{ORDER}")]
    assert [event for event in told if event.startswith("parcel")] == ["parcel moving", "parcel delivered"]


async def test_the_next_is_asked_about_what_the_first_knows_nothing_of(shop: Shop) -> None:
    first, second = Teller(), Teller()
    follow(shop, first, second)
    await declared(shop)
    first.knows[NUMBER] = Track(NUMBER, Movement.UNKNOWN)
    second.knows[NUMBER] = seen(shop, Movement.MOVING)
    await look(shop)
    assert (await shop.db.read(of_parcel))[0] == "moving"

    first.knows[NUMBER] = seen(shop, Movement.OUT_FOR_DELIVERY)
    await look(shop)
    assert ((await shop.db.read(of_parcel))[0], len(second.asked)) == ("out_for_delivery", 1)


async def test_one_that_is_down_stops_no_other_and_none_is_an_error(shop: Shop) -> None:
    first, second = Teller(), Teller()
    follow(shop, first, second)
    await declared(shop)
    first.down, second.knows[NUMBER] = True, seen(shop, Movement.MOVING)
    await look(shop)
    assert (await shop.db.read(of_parcel))[0] == "moving"

    second.down = True
    await look(shop)
    assert [(entry.what, entry.state) for entry in await shop.queue()] == [("follow.poll", "waiting")]


async def test_what_was_seen_before_changes_nothing_later(shop: Shop) -> None:
    teller = Teller()
    follow(shop, teller)
    await declared(shop)
    old = seen(shop, Movement.MOVING, "old")
    shop.clock.advance(60)
    teller.knows[NUMBER] = seen(shop, Movement.OUT_FOR_DELIVERY, "new")
    await look(shop)
    for stale in (old, Track(NUMBER, Movement.UNKNOWN)):
        teller.knows[NUMBER] = stale
        await look(shop)
    assert await shop.db.read(of_parcel) == ("out_for_delivery", "new")


async def test_a_message_makes_us_look_at_once(shop: Shop) -> None:
    teller = Watcher()
    follow(shop, teller)
    await declared(shop)
    assert teller.watched == [NUMBER]
    teller.knows[NUMBER] = seen(shop, Movement.MOVING)
    event = VendorEvent("m1", EventKind.PARCEL_MOVED, "TRACKING_UPDATED", (NUMBER, "another"))
    await shop.db.run(
        lambda session: jobs.enqueue(
            session, events.jobs_for("teller 0", event, shop.clock.now()), now=shop.clock.now()
        )
    )
    await shop.work()

    assert (await shop.db.read(of_parcel))[0] == "moving"
    assert await shop.queue() == []


async def test_trouble_is_told_with_the_carriers_words_and_no_more_once_it_is_over(shop: Shop) -> None:
    teller = Teller()
    follow(shop, teller)
    await declared(shop)
    teller.knows[NUMBER] = seen(shop, Movement.ABNORMAL, "held by customs")
    await look(shop)
    await look(shop)
    held = await open_holds(shop, f"parcel {NUMBER}")
    assert held == {"parcel_abnormal": {"order": f"toys/{ORDER}", "carrier": "YANWEN_AM", "said": "held by customs"}}

    teller.knows[NUMBER] = seen(shop, Movement.MOVING)
    await look(shop)
    assert await open_holds(shop, f"parcel {NUMBER}") == {}


async def test_a_parcel_that_came_back_is_told_until_a_person_has_seen_to_it(shop: Shop) -> None:
    teller = Teller()
    follow(shop, teller)
    await declared(shop)
    teller.knows[NUMBER] = seen(shop, Movement.RETURNED, "back at the sender")
    await look(shop)
    (hold,) = [one for one in await shop.db.read(holds.all_open) if one.kind == "parcel_abnormal"]

    await approval.drop_hold(shop.bridge, hold.id, why="refunded")
    await look(shop)
    assert await open_holds(shop, f"parcel {NUMBER}") == {}


async def test_what_nobody_has_seen_and_what_does_not_move_is_told(shop: Shop) -> None:
    teller = Teller()
    follow(shop, teller)
    await declared(shop)
    shop.clock.advance(timedelta(days=5, hours=1).total_seconds())
    await look(shop)
    assert list(await open_holds(shop, f"parcel {NUMBER}")) == ["parcel_unseen"]

    teller.knows[NUMBER] = seen(shop, Movement.MOVING)
    await look(shop)
    assert await open_holds(shop, f"parcel {NUMBER}") == {}
    shop.clock.advance(timedelta(days=10, hours=1).total_seconds())
    await look(shop)
    assert list(await open_holds(shop, f"parcel {NUMBER}")) == ["parcel_stale"]


async def test_all_parcels_are_looked_for_a_page_at_a_time(shop: Shop) -> None:
    teller = Teller()
    follow(shop, teller)
    await declared(shop)
    declared_at = shop.clock.now()

    def more(session: Session) -> None:
        session.add_all(
            ParcelRow(purchase=1, carrier="YANWEN_AM", number=f"UR{n:09d}YP", declared_at=declared_at)
            for n in range(2, 2 + PAGE)
        )

    await shop.db.run(more)
    await look(shop)
    assert [len(asked) for asked in teller.asked] == [PAGE, 1]


async def test_where_nobody_tells_nobody_is_asked(shop: Shop) -> None:
    assert "follow.poll" not in {every.kind for every in schedules(shop.bridge, Intervals())}
    follow(shop, Teller())
    assert "follow.poll" in {every.kind for every in schedules(shop.bridge, Intervals())}
