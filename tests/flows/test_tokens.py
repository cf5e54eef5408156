"""Tokens over months: renewed ahead, warned of once each, and an account that is over stands still alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from syncbridge.errors import AccessExpired, VendorDown
from syncbridge.flows import connect
from syncbridge.flows import tokens as flow
from syncbridge.flows.retry_queue import drop
from syncbridge.flows.schedule import Intervals, schedules
from syncbridge.ports import Alarm, Tokens
from syncbridge.store import accounts, ledger
from syncbridge.testing.builders import make_order
from tests.flows.conftest import Shop

pytestmark = pytest.mark.anyio
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
QUARTER = 900.0


class Page:
    """A vendor that renews access for 30 days, and never beyond the life of its refresh token."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.renewed = 0
        self.error: Exception | None = None

    async def renew(self) -> Tokens:
        if self.error is not None:
            raise self.error
        self.renewed += 1
        old, now = await held(self.shop), self.shop.clock.now()
        end = min(now + 30 * DAY, old.refresh_expires_at or now)
        new = replace(old, access=f"at{self.renewed}", access_expires_at=end)
        return await self.shop.db.run(accounts.replace_tokens, "toys", old, new)


class Ear:
    def __init__(self) -> None:
        self.told: list[Alarm] = []

    async def notify(self, alarm: Alarm) -> None:
        self.told.append(alarm)

    @property
    def codes(self) -> list[tuple[str, str]]:
        """What was told, and how many days before."""
        return [(alarm.code, alarm.figures.get("when", "").partition(" ")[0]) for alarm in self.told]


async def held(shop: Shop) -> Tokens:
    return await shop.db.read(accounts.tokens_of, "toys")


@pytest.fixture
async def page(shop: Shop) -> Page:
    """The store toys, opened today for 60 days."""
    page = Page(shop)
    shop.renewals = {"toys": page.renew}
    shop.connect()
    await open_for(shop, 60 * DAY)
    return page


@pytest.fixture
def ear(shop: Shop) -> Ear:
    ear = Ear()
    shop.notifiers = (ear,)
    shop.connect()
    return ear


async def open_for(shop: Shop, span: timedelta | None) -> None:
    end = None if span is None else shop.clock.now() + span
    access_end = None if span is None else shop.clock.now() + min(span, 30 * DAY)
    tokens = Tokens("at", "rt", access_end, end)
    await shop.db.run(connect.connected, "toys", tokens, now=shop.clock.now())


async def pass_days(shop: Shop, days: int) -> None:
    """The clock asks every quarter of an hour; once a day is enough to see."""
    for _ in range(days):
        shop.clock.advance(DAY.total_seconds() - 2)
        await shop.poll("tokens.renew", "toys")
        await shop.poll("tokens.calendar", "")


async def test_both_are_asked_for_by_the_clock_and_once_for_each_account(shop: Shop, page: Page) -> None:
    found = [(every.kind, every.account) for every in schedules(shop.bridge, Intervals())]
    assert ("tokens.renew", "toys") in found
    assert found.count(("tokens.calendar", "")) == 1
    assert ("tokens.renew", "main") not in found


async def test_tokens_are_renewed_shortly_before_they_end_and_not_sooner(shop: Shop, page: Page) -> None:
    shop.clock.advance((30 * DAY - 3 * HOUR).total_seconds())
    await shop.poll("tokens.renew", "toys")
    assert page.renewed == 0

    shop.clock.advance(HOUR.total_seconds())
    await shop.poll("tokens.renew", "toys")
    await shop.poll("tokens.renew", "toys")
    assert page.renewed == 1
    assert (await held(shop)).access == "at1"


async def test_a_vendor_that_is_down_is_asked_again_at_the_next_tick(shop: Shop, page: Page) -> None:
    page.error = VendorDown("no", vendor="aliexpress")
    shop.clock.advance((30 * DAY - HOUR).total_seconds())
    await shop.poll("tokens.renew", "toys")

    page.error = None
    shop.clock.advance(QUARTER)
    await shop.poll("tokens.renew", "toys")
    assert page.renewed == 1
    assert await shop.queue() == []


async def test_a_refusal_to_renew_pauses_nothing_while_the_access_token_works(shop: Shop, page: Page, ear: Ear) -> None:
    page.error = AccessExpired("spent", vendor="aliexpress", code="IllegalRefreshToken")
    shop.clock.advance((30 * DAY - HOUR).total_seconds())
    await shop.poll("tokens.renew", "toys")
    await shop.poll("tokens.calendar", "")

    assert await shop.db.read(accounts.pauses) == {}
    assert ear.codes == [("access_ends", "1")]
    page.error = AssertionError("it is not asked a second time")
    shop.clock.advance(QUARTER)
    await shop.poll("tokens.renew", "toys")


async def test_row_20_the_end_is_told_seven_three_and_one_days_before_and_when_it_comes_each_once(
    shop: Shop, page: Page, ear: Ear
) -> None:
    await pass_days(shop, 52)
    assert ear.codes == []

    await pass_days(shop, 9)
    assert ear.codes == [("access_ends", "7"), ("access_ends", "3"), ("access_ends", "1"), ("access_over", "")]
    (entry,) = await shop.queue()
    assert (entry.code, entry.subject) == ("alarm_access_over", "account toys")
    assert "syncbridge accounts connect toys" in entry.reason


async def test_a_warning_that_a_person_put_aside_is_not_told_again(shop: Shop, page: Page, ear: Ear) -> None:
    await pass_days(shop, 54)
    (entry,) = await shop.queue()
    await shop.db.run(drop, entry.id, why="", now=shop.clock.now())
    await pass_days(shop, 1)

    assert ear.codes == [("access_ends", "7")]
    assert await shop.queue() == []


async def test_an_account_opened_again_is_warned_of_anew_and_its_alarm_is_over(
    shop: Shop, page: Page, ear: Ear
) -> None:
    await pass_days(shop, 54)
    await open_for(shop, 60 * DAY)
    assert await shop.queue() == []

    await pass_days(shop, 54)
    assert ear.codes == [("access_ends", "7"), ("access_ends", "7")]


async def test_tokens_pasted_by_hand_are_never_called_over(shop: Shop, page: Page, ear: Ear) -> None:
    await open_for(shop, None)
    await pass_days(shop, 100)

    assert (page.renewed, ear.codes) == (0, [])


async def test_row_20_what_the_vendor_refuses_lets_that_account_wait_alone(
    shop: Shop, page: Page, ear: Ear, monkeypatch: pytest.MonkeyPatch
) -> None:
    await open_for(shop, None)

    async def refused(order_id: str) -> None:
        raise AccessExpired("the access token is no longer valid", vendor="aliexpress", code="no_refresh_token")

    monkeypatch.setattr(shop.channel, "order", refused)
    for _ in range(8):  # two hours, over a pause's end and the next refusal
        await shop.poll("tokens.calendar", "")
        await sell(shop)
        shop.clock.advance(QUARTER)

    assert set(await shop.db.read(accounts.pauses)) == {"toys"}
    assert ear.codes == [("access_over", "")]
    await shop.poll("purchase.poll", "main")
    assert await shop.db.read(ledger.last_read, "purchase.poll", "main") == shop.clock.now()

    monkeypatch.undo()
    await open_for(shop, 60 * DAY)
    await shop.work()
    assert [entry.code for entry in await shop.queue() if entry.code == "alarm_access_over"] == []


async def sell(shop: Shop) -> None:
    number = str(8172481060000000 + int(shop.clock.now().timestamp()))
    shop.channel.books[number] = make_order(number, shop.clock.now())
    await shop.hear_of(number)


def test_an_alarm_names_a_day(shop: Shop) -> None:
    now: datetime = shop.clock.now()
    access = accounts.Access(Tokens("at", "rt", now + DAY, now + 3 * DAY))
    alarm = flow._alarm("toys", access, now=now)
    assert alarm is not None
    assert alarm.figures["why"] == "access ends on 2026-03-05 01:00 UTC; before that: syncbridge accounts connect toys"


async def test_an_answer_after_a_quarter_of_an_hour_is_none(shop: Shop) -> None:
    now = shop.clock.now()
    state = await shop.db.run(connect.ask, "toys", now=now)
    heeded = [
        await shop.db.read(connect.is_ours, "toys", state, now=now + timedelta(minutes=minutes))
        for minutes in (14, 16, -60)
    ]
    assert heeded == [True, False, False]
    assert not await shop.db.read(connect.is_ours, "main", "", now=now)


def test_between_a_pause_and_its_jobs_next_try_an_account_still_counts_as_over(shop: Shop) -> None:
    now = shop.clock.now()
    access = accounts.Access(Tokens("at"), paused_until=now, paused_why="refused")
    assert [flow.refused(access, now=now + timedelta(minutes=minutes)) for minutes in (-60, 5, 29, 30)] == [
        True,
        True,
        True,
        False,
    ]
    assert not flow.refused(accounts.Access(Tokens("at")), now=now)
