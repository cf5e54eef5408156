"""The cheapest that keeps the ship-by time comes first, and the buyer is asked last."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncbridge.model.money import Money
from syncbridge.model.purchasing import PurchaseLine, PurchaseState
from syncbridge.model.shipping import LineQuote
from syncbridge.rules.deadlines import Basis, Forecast, Lead, Progress
from syncbridge.rules.rescues import LAST_RESORT as LAST
from syncbridge.rules.rescues import Backup, Lines, Means, Position, Rescue, may_urge, more, rescues
from syncbridge.testing.builders import cny, make_offer, make_spec, usd

NOW = datetime(2026, 11, 1, 8, 0, tzinfo=UTC)
H = timedelta(hours=1)
LEADS = (Lead(72 * H, Basis.PROMISED), Lead(10 * H, Basis.ROUTE, 9))
UNSENT = Position(NOW + 60 * H, Forecast(NOW + 82 * H, LEADS), PurchaseState.INTENDED, (), LEADS)
PAID = replace(UNSENT, state=PurchaseState.PAID, progress=(Progress(NOW, None),))
BACKUP = Backup("second", cny("3.20"), Lead(24 * H, Basis.PROMISED))
NOTHING = timedelta(0)
SLOW = LineQuote("SLOW", "Slow line", cny("20.00"), (10, 20))
FAST = LineQuote("FAST", "Fast line", cny("31.50"), (5, 8))


def test_to_ask_a_supplier_that_was_paid_costs_nothing() -> None:
    urge = Rescue(Means.URGE, None, 48 * H, in_time=True, declared_at=NOW + 34 * H)
    assert rescues(PAID, now=NOW) == [urge, LAST]


@pytest.mark.parametrize(
    ("progress", "may"),
    [
        (Progress(None, None), False),
        (Progress(NOW, NOW), False),
        (Progress(NOW, None), True),
        (Progress(NOW, None, NOW - 24 * H), True),
        (Progress(NOW, None, NOW - 23 * H), False),
    ],
)
def test_what_is_paid_and_not_shipped_is_asked_for_once_a_day(progress: Progress, may: bool) -> None:
    assert may_urge(progress, NOW) is may
    asked = [rescue.means for rescue in rescues(replace(PAID, progress=(progress,)), now=NOW)]
    assert asked == ([Means.URGE] if may else []) + [Means.ASK_BUYER]


def test_asking_helps_no_more_than_the_part_that_was_asked_for_today() -> None:
    slow = Progress(NOW, None, NOW - H)
    urge, _ = rescues(replace(PAID, progress=(Progress(NOW, None), slow)), now=NOW)
    assert (urge.in_time, urge.gain) == (False, NOTHING)


def test_asking_for_what_is_overdue_promises_no_gain() -> None:
    overdue = replace(PAID, ship_by=NOW, forecast=Forecast(NOW + 10 * H, LEADS))
    urge, _ = rescues(overdue, now=NOW)
    assert (urge.gain, urge.in_time, urge.declared_at) == (NOTHING, False, NOW + 10 * H)


def test_a_quicker_backup_is_shown_with_what_it_costs_more() -> None:
    switch = Rescue(Means.SWITCH, cny("3.20"), 48 * H, in_time=True, declared_at=NOW + 34 * H, to="second")
    assert rescues(UNSENT, backup=BACKUP, now=NOW) == [switch, LAST]


@pytest.mark.parametrize("state", [state for state in PurchaseState if state not in ("intended", "refused")])
def test_nothing_is_bought_elsewhere_that_may_be_at_the_supplier(state: PurchaseState) -> None:
    assert rescues(replace(UNSENT, state=state), backup=BACKUP, now=NOW) == [LAST]


@pytest.mark.parametrize(
    "backup", [None, replace(BACKUP, more=None), replace(BACKUP, dispatch=Lead(51 * H, Basis.PROMISED))]
)
def test_a_backup_that_is_too_slow_or_has_no_price_is_no_rescue(backup: Backup | None) -> None:
    assert rescues(UNSENT, backup=backup, now=NOW) == [LAST]


def test_a_faster_line_is_dearer_and_does_not_keep_the_shops_clock() -> None:
    faster = Rescue(Means.FASTER_LINE, cny("11.50"), timedelta(days=12), in_time=False, to="Fast line")
    found = rescues(UNSENT, backup=BACKUP, lines=Lines(SLOW, (SLOW, FAST)), now=NOW)
    assert [rescue.means for rescue in found] == [Means.SWITCH, Means.FASTER_LINE, Means.ASK_BUYER]
    assert found[1] == faster


@pytest.mark.parametrize(
    "lines",
    [
        None,
        Lines(replace(SLOW, days=None), (FAST,)),
        Lines(replace(SLOW, cost=None), (FAST,)),
        Lines(FAST, (SLOW, FAST)),
        Lines(SLOW, (replace(FAST, days=None), replace(FAST, cost=None), replace(FAST, cost=usd("3.00")))),
    ],
)
def test_a_line_whose_price_or_days_nobody_tells_is_not_proposed(lines: Lines | None) -> None:
    assert rescues(UNSENT, lines=lines, now=NOW) == [LAST]


def test_of_lines_that_only_help_the_cheapest_comes_first() -> None:
    faster = replace(FAST, name="Fastest", cost=cny("90.00"), days=(2, 4))
    found = rescues(UNSENT, lines=Lines(SLOW, (faster, FAST)), now=NOW)
    assert [rescue.to for rescue in found] == ["Fast line", "Fastest", ""]


@given(
    st.integers(0, 200),
    st.integers(0, 200),
    st.decimals(-50, 50, places=2),
    st.booleans(),
    st.sampled_from(PurchaseState),
)
def test_what_is_enough_comes_first_and_the_cheapest_of_it_and_the_buyer_last(
    ship_by: int, backup: int, dearer: object, paid: bool, state: PurchaseState
) -> None:
    position = replace(UNSENT, ship_by=NOW + ship_by * H, state=state)
    position = replace(position, progress=(Progress(NOW, None),)) if paid else position
    other = Backup("second", Money.of(str(dearer), "CNY"), Lead(backup * H, Basis.PROMISED))
    *found, last = rescues(position, backup=other, lines=Lines(SLOW, (FAST,)), now=NOW)

    assert last == LAST
    ranks = [(not one.in_time, max(one.cost.amount, 0) if one.cost else 0) for one in found]
    assert ranks == sorted(ranks)
    assert all(one.gain >= NOTHING for one in found)
    assert all(one.declared_at and one.declared_at <= position.ship_by for one in found if one.in_time)


def test_what_goods_cost_more_elsewhere_is_told_by_the_offers_as_last_read() -> None:
    offers = {("main", "1"): make_offer("1"), ("second", "2"): make_offer("2", make_spec(9, cost="15.00"))}
    here, there = PurchaseLine("1", f"{1:032x}", 2), PurchaseLine("2", f"{9:032x}", 2)
    assert more([("main", [here])], [("second", [there])], offers) == cny("2.20")
    assert more([("second", [there])], [("main", [here])], offers) == cny("-2.20")


@pytest.mark.parametrize("cost", [None, "usd"])
def test_what_goods_cost_more_is_not_told_where_a_price_is_not_known_or_in_another_currency(cost: str | None) -> None:
    spec = replace(make_spec(9, cost=None), cost=usd("2.00") if cost else None)
    offers = {("main", "1"): make_offer("1"), ("second", "2"): make_offer("2", spec)}
    here, there = PurchaseLine("1", f"{1:032x}", 2), PurchaseLine("2", f"{9:032x}", 2)
    assert more([("main", [here])], [("second", [there])], offers) is None
    assert more([("main", [here])], [("third", [there])], offers) is None
