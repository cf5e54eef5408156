"""The real daemon dies by SIGKILL at each named point, and the vendors' books are as if it never had."""

from __future__ import annotations

import asyncio
import itertools
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import pytest

from syncbridge.rules.mapping import ShippingWay
from tests.crash import points
from tests.crash.books import judge
from tests.crash.daemon import Doom
from tests.crash.day import PATIENCE, Day, Ending

pytestmark = [pytest.mark.process, pytest.mark.anyio]
Play = Callable[..., Awaitable[list[Day]]]
_numbers = itertools.count(1)
WRITES = (
    "channel.book",
    "channel.declare",
    "channel.publish",
    "channel.set_prices",
    "channel.set_stock",
    "supplier.place",
    "supplier.pay",
)


@pytest.fixture
def play(tmp_path: Path, base_url: str, record_property: Callable[[str, object], None]) -> Play:
    """Play days side by side, and hold the books against each."""

    async def played(
        lives: Sequence[Sequence[str]],
        ending: Ending = Ending.DELIVERED,
        way: ShippingWay = ShippingWay.FORWARDER,
    ) -> list[Day]:
        days = []
        for died_at in lives:
            number = next(_numbers)
            folder = tmp_path / str(number)
            folder.mkdir()
            days.append(Day(number, folder, base_url, [Doom(point) for point in died_at], ending, way))
        await asyncio.gather(*(day.play() for day in days))
        record_property("tally", {"kills": sum(day.kills for day in days), "points": [p for d in lives for p in d]})
        return days

    return played


def assert_balanced(days: Sequence[Day], *, kills: int) -> None:
    assert [finding for day in days for finding in judge(day).unbalanced] == []
    assert [doom for day in days for doom in day.unmet] == []
    assert sum(day.kills for day in days) == kills


def count(lives: Sequence[Sequence[str]]) -> int:
    return sum(len(died_at) for died_at in lives)


async def test_row_01_a_kill_before_the_intent_is_stored_ends_in_one_purchase(play: Play) -> None:
    days = await play(points.BEFORE_THE_INTENT)

    assert_balanced(days, kills=count(points.BEFORE_THE_INTENT))


async def test_row_02_a_kill_between_the_intent_and_its_sending_ends_in_one_purchase(play: Play) -> None:
    days = await play(points.INTENDED)

    assert_balanced(days, kills=count(points.INTENDED))
    assert [day.decided for day in days] == [0], "nothing was sent, so nobody need be asked"


async def test_row_03_a_kill_after_the_sending_is_looked_up_and_what_was_made_is_adopted(play: Play) -> None:
    days = await play(points.SENT_AND_MADE)

    assert_balanced(days, kills=count(points.SENT_AND_MADE))
    assert [day.decided for day in days] == [0, 0]


async def test_row_03_a_kill_before_the_sending_arrived_leaves_it_to_a_person(play: Play) -> None:
    days = await play(points.SENT_NOT_MADE)

    assert_balanced(days, kills=count(points.SENT_NOT_MADE))
    assert [day.decided for day in days] == [1, 1]


async def test_row_04_a_kill_between_the_purchase_and_its_declaration_pays_once_and_declares_once(play: Play) -> None:
    days = await play(points.UNTIL_DECLARED)

    assert_balanced(days, kills=count(points.UNTIL_DECLARED))


@pytest.mark.parametrize("way", [ShippingWay.OFFICIAL, ShippingWay.LABEL_FIRST])
async def test_row_04_a_kill_while_a_parcel_is_booked_leaves_one_booking_declared_once(
    play: Play, way: ShippingWay
) -> None:
    days = await play(points.BOOKED, way=way)

    assert_balanced(days, kills=count(points.BOOKED))
    assert [len(day.channel_books["warehouse_orders"]) for day in days] == [1] * len(days)


async def test_a_kill_on_the_way_of_a_listing_leaves_one_listing_with_the_newest_values(play: Play) -> None:
    days = await play(points.LISTED)

    assert_balanced(days, kills=count(points.LISTED))


async def test_kills_at_the_start_are_only_a_later_start(play: Play) -> None:
    days = await play(points.STARTED)

    assert_balanced(days, kills=count(points.STARTED))


async def test_a_kill_while_an_unpaid_purchase_is_taken_back_cancels_it_once(play: Play) -> None:
    days = await play(points.TAKEN_BACK_UNPAID, Ending.CANCELLED_UNPAID)

    assert_balanced(days, kills=count(points.TAKEN_BACK_UNPAID))
    assert [(len(day.supplier_books["cancels"]), len(day.supplier_books["money"])) for day in days] == [(1, 0)] * 2


async def test_a_kill_while_a_paid_purchase_is_taken_back_asks_for_its_money_once(play: Play) -> None:
    days = await play(points.TAKEN_BACK_PAID, Ending.CANCELLED_PAID)

    assert_balanced(days, kills=count(points.TAKEN_BACK_PAID))
    assert [(len(day.supplier_books["refunds"]), len(day.supplier_books["money"])) for day in days] == [(1, 1)] * 2


async def test_the_matrix_has_every_step_that_writes_at_a_vendor(play: Play) -> None:
    days = [day for way in ShippingWay for day in await play([()], way=way)]

    passed = {point for day in days for _, point in day.passed()}
    steps = {f"{write}:{moment}" for write in WRITES for moment in ("before", "answered")}
    assert_balanced(days, kills=0)
    assert steps <= passed
    assert steps <= {point for lives in points.MATRIX for point in lives}


async def test_after_a_kill_the_daemon_calls_again_soon(
    play: Play, record_property: Callable[[str, object], None], capsys: pytest.CaptureFixture[str]
) -> None:
    (day,) = await play([()])

    seconds = [round(until_the_first_call(day), 2) for _ in range(3)]

    record_property("seconds from the start after a kill to the first call", seconds)
    with capsys.disabled():
        sys.stdout.write(f"\nseconds from the start after a kill to the first call: {seconds}\n")


def until_the_first_call(day: Day) -> float:
    """Start as the seller does, wait for the first call of a vendor, and kill again; seconds, with all importing."""
    command = [sys.executable, "-m", "tests.crash.daemon", "--config", str(day.folder / "syncbridge.toml")]
    began = time.time()
    with subprocess.Popen(command, cwd=Path(__file__).parents[2], stdout=subprocess.DEVNULL) as life:
        while time.time() < began + PATIENCE:
            for at, point in day.passed():
                if at > began and point.startswith(("supplier.", "channel.")):
                    life.kill()
                    return at - began
            time.sleep(0.05)
        life.kill()
    raise AssertionError("no vendor was called")
