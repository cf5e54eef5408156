"""Silence over a shop: learned from orders and messages, told once, over by itself."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import pytest
from sqlmodel import Session

from syncbridge.flows.schedule import Intervals, schedules
from syncbridge.model.events import EventKind, VendorEvent
from syncbridge.model.orders import OrderState
from syncbridge.model.paging import Cursor, Page
from syncbridge.queue import inbox
from syncbridge.store import holds, ledger, orders
from syncbridge.testing.builders import make_order
from tests.flows.conftest import Shop
from tests.flows.test_audit import Pager, page

pytestmark = pytest.mark.anyio
HOUR = 3600


@pytest.fixture
async def pager(shop: Shop) -> Pager:
    """Five weeks of an order and a message each hour lie behind the shop, and nothing of them is to be done."""
    begin = shop.clock.now() - timedelta(weeks=5)
    await shop.db.run(history, begin, shop.clock.now())
    return page(shop)


def history(session: Session, begin: datetime, now: datetime) -> None:
    at = begin
    while at <= now:
        order = make_order(f"1{at:%m%d%H}", at, state=OrderState.FINISHED)
        orders.keep(session, "toys", order)
        for account in ("toys", "main"):
            message(session, account, at)
        at += timedelta(hours=1)


def message(session: Session, account: str, at: datetime) -> None:
    event = VendorEvent(f"{at}", EventKind.OTHER, "news", ())
    inbox.accept(session, account, [event], b"{}", lambda *_: (), now=at)


async def hours(shop: Shop, number: int) -> None:
    """So many hours, in which the clock asks for the polls and for a listening ear."""
    for _ in range(number * 2):
        shop.clock.advance(HOUR / 2)
        await shop.poll("orders.poll", "toys")
        for account in ("toys", "main"):
            await shop.poll("quiet.check", account)


async def alarms(shop: Shop) -> list[str]:
    return [hold.subject for hold in await shop.db.read(holds.all_open) if hold.kind == "alarm_quiet"]


async def test_a_silence_is_told_once_for_each_thing_that_is_silent(shop: Shop, pager: Pager) -> None:
    await hours(shop, 2)
    assert await alarms(shop) == []

    await hours(shop, 8)

    silent = ["messages of toys", "orders of toys", "messages of main"]
    assert sorted(await alarms(shop)) == sorted(silent)
    assert sorted(subject for _, subject, _ in pager.told) == sorted(silent)


async def test_the_alarm_ends_by_itself_when_something_arrives(shop: Shop, pager: Pager) -> None:
    await hours(shop, 8)
    await shop.db.run(message, "main", shop.clock.now())
    await shop.sell("8172481060036440", state=OrderState.UNPAID)
    await shop.poll("quiet.check", "toys")
    await shop.poll("quiet.check", "main")

    assert await alarms(shop) == ["messages of toys"]


async def test_the_time_the_daemon_was_stopped_is_no_silence(shop: Shop, pager: Pager) -> None:
    shop.clock.advance(500 * HOUR)
    await hours(shop, 1)

    assert await alarms(shop) == []


async def test_orders_are_not_missed_while_the_poll_fails(shop: Shop, pager: Pager) -> None:
    async def down(**_: object) -> AsyncIterator[Page[object]]:
        raise ConnectionError
        yield  # type: ignore[unreachable]  # makes it a generator

    await shop.poll("orders.poll", "toys")
    shop.channel.orders = down  # type: ignore[method-assign, assignment]
    await hours(shop, 10)

    assert "orders of toys" not in await alarms(shop)
    assert "messages of toys" in await alarms(shop)


async def test_a_channel_that_answers_with_nothing_is_suspicious(shop: Shop, pager: Pager) -> None:
    async def nothing(**_: object) -> AsyncIterator[Page[object]]:
        yield Page((), Cursor(""))

    shop.channel.orders = nothing  # type: ignore[method-assign, assignment]
    await hours(shop, 8)

    assert "orders of toys" in await alarms(shop)


async def test_only_the_last_four_weeks_teach(shop: Shop, pager: Pager) -> None:
    for came in (ledger.orders_came, ledger.messages_came):
        learned = await shop.db.read(came, "toys")
        assert learned is not None
        assert len(learned.hours) == 4 * 7 * 24


async def test_a_new_shop_rings_no_alarm(shop: Shop) -> None:
    await shop.sell("8172481060036440", state=OrderState.UNPAID)
    await hours(shop, 48)

    assert await alarms(shop) == []


def test_every_store_and_every_supplier_account_is_listened_to(shop: Shop) -> None:
    every = [(one.account, one.seconds) for one in schedules(shop.bridge, Intervals()) if one.kind == "quiet.check"]

    assert every == [("toys", 900), ("main", 900)]
