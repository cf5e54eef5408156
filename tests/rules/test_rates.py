"""Which daily rate is put in force, which is held, and when a silent source makes prices wait."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncbridge.model.rates import DailyRates, InForce
from syncbridge.rules.rates import Decision, RateBrakes, crossed, decide, is_stale, working_days

BRAKES = RateBrakes()
MONDAY = date(2026, 11, 16)
NOW = datetime(2026, 11, 16, 16, tzinfo=UTC)
TUESDAY = date(2026, 11, 17)


def rate(value: str, day: date = MONDAY) -> InForce:
    return InForce(("CNY", "USD"), Decimal(value), day, "ecb", NOW, Decimal(value), day)


def test_a_first_rate_is_put_in_force() -> None:
    assert decide(None, rate("0.1400"), BRAKES) == Decision(rate("0.1400"), changed=True)


@pytest.mark.parametrize(
    ("told", "changed"), [("0.1420", False), ("0.1421", False), ("0.1422", True), ("0.1379", False), ("0.1378", True)]
)
def test_a_rate_is_replaced_only_where_it_left_its_band(told: str, changed: bool) -> None:
    decision = decide(rate("0.1400"), rate(told, TUESDAY), BRAKES)

    assert (decision.changed, decision.held) == (changed, "")
    assert decision.rate.value == Decimal(told if changed else "0.1400")
    assert (decision.rate.told, decision.rate.told_day) == (Decimal(told), TUESDAY)


def test_a_rate_that_creeps_leaves_its_band_too() -> None:
    now = decide(rate("0.1400"), rate("0.1415", TUESDAY), BRAKES).rate

    assert now.value == Decimal("0.1400")
    assert decide(now, rate("0.1425", date(2026, 11, 18)), BRAKES).rate.value == Decimal("0.1425")


@pytest.mark.parametrize("told", ["0.1471", "0.1329", "14.00", "0.0014"])
def test_row_37_an_outlier_is_held_with_its_figures_and_the_old_rate_stays(told: str) -> None:
    decision = decide(rate("0.1400"), rate(told, TUESDAY), BRAKES)

    assert decision.rate == rate("0.1400")
    assert not decision.changed
    assert decision.held.startswith("CNY/USD would move by ")
    assert decision.held.endswith(", more than 5%")


def test_row_37_an_outlier_that_stays_is_not_believed_for_its_patience() -> None:
    assert decide(rate("0.1400"), rate("0.1500", date(2026, 11, 30)), BRAKES).held


def test_a_rate_known_to_be_old_may_have_moved_further() -> None:
    assert not decide(rate("0.1400"), rate("0.1500", date(2026, 11, 30)), BRAKES, days=10).held
    assert decide(rate("0.1400"), rate("14.00", date(2026, 11, 30)), BRAKES, days=10).held


@pytest.mark.parametrize("day", [MONDAY, date(2026, 11, 13)])
def test_a_day_that_is_known_already_changes_nothing(day: date) -> None:
    assert decide(rate("0.1400"), rate("0.1600", day), BRAKES) == Decision(rate("0.1400"))


@pytest.mark.parametrize(
    ("last", "today", "stale"),
    [
        (date(2026, 11, 13), date(2026, 11, 16), False),  # Friday's rate on Monday is one working day old
        (date(2026, 11, 13), date(2026, 11, 18), False),
        (date(2026, 11, 13), date(2026, 11, 19), True),
        (date(2026, 4, 2), date(2026, 4, 7), False),  # Easter: no rate from Good Friday to Easter Monday
        (date(2022, 3, 1), date(2026, 11, 16), True),  # the rouble's last
        (date(2026, 11, 17), date(2026, 11, 16), False),  # told by a clock ahead of ours
    ],
)
def test_row_37_a_rate_is_stale_after_three_working_days(last: date, today: date, stale: bool) -> None:
    assert is_stale(rate("0.1400", last), today, BRAKES) == stale


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)), st.integers(0, 400))
def test_working_days_are_counted_as_on_a_calendar(after: date, days: int) -> None:
    until = date.fromordinal(after.toordinal() + days)
    each = (date.fromordinal(n) for n in range(after.toordinal() + 1, until.toordinal() + 1))

    assert working_days(after, until) == sum(day.isoweekday() <= 5 for day in each)


ECB = DailyRates("EUR", MONDAY, {"USD": Decimal("1.1172"), "CNY": Decimal("7.4326")})


@pytest.mark.parametrize(
    ("pair", "expected"),
    [
        (("CNY", "USD"), "0.15031079"),
        (("USD", "CNY"), "6.6528822"),
        (("EUR", "CNY"), "7.4326"),
        (("CNY", "EUR"), "0.13454242"),
    ],
)
def test_a_pair_is_crossed_by_way_of_the_base(pair: tuple[str, str], expected: str) -> None:
    told = crossed(ECB, pair, source="ecb", now=NOW)

    assert told is not None
    assert told == replace(rate(expected), pair=pair)


@pytest.mark.parametrize("pair", [("CNY", "RUB"), ("RUB", "CNY")])
def test_a_currency_the_source_does_not_know_has_no_rate(pair: tuple[str, str]) -> None:
    assert crossed(ECB, pair, source="ecb", now=NOW) is None
