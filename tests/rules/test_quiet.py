"""A silence is suspicious by what usually comes, and only then."""

from __future__ import annotations

import random
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from syncbridge.rules.quiet import LEAST_HOURS, MEMORY, Arrivals, verdict

LAST = datetime(2026, 3, 4, 12, 30, tzinfo=UTC)  # a Wednesday
HOUR = timedelta(hours=1)
QUARTER = timedelta(minutes=15)


def came(at: Iterable[datetime], last: datetime = LAST) -> Arrivals:
    """What the tables would say of things that came at these times, the last one at `last`."""
    recent = [one for one in (*at, last) if last - MEMORY < one <= last]
    return Arrivals(last, frozenset(one.replace(minute=0, second=0, microsecond=0) for one in recent))


def every(span: timedelta, *, weeks: float = 5) -> list[datetime]:
    return [LAST - span * n for n in range(int(timedelta(weeks=weeks) / span))]


def listening(until: datetime, since: datetime = LAST) -> list[datetime]:
    return [since + QUARTER * n for n in range(int((until - since) / QUARTER) + 1)]


def silent(arrivals: Arrivals, hours: float) -> bool:
    return verdict("orders of toys", arrivals, listening(LAST + HOUR * hours)) is not None


@pytest.mark.parametrize(("span", "fine", "alarming"), [(0.5, 3, 4), (3, 26, 34), (24, 168, 320)])
def test_the_rarer_things_come_the_longer_a_silence_may_last(span: float, fine: float, alarming: float) -> None:
    arrivals = came(every(HOUR * span))

    assert not silent(arrivals, fine)
    assert silent(arrivals, alarming)


def test_the_alarm_says_since_when_and_what_is_usual_and_stays_the_same() -> None:
    arrivals = came(every(HOUR * 3))

    first, later = (verdict("orders of toys", arrivals, listening(LAST + HOUR * n)) for n in (40, 80))

    assert first is not None
    assert first == later
    assert (first.code, first.subject) == ("quiet", "orders of toys")
    usual = "usually something comes in 7.6 of 24 hours"
    assert first.figures == {"why": f"nothing came since 2026-03-04 12:30 UTC; {usual}"}


@pytest.mark.parametrize("weeks", [0.5, 2])
def test_a_store_that_is_only_some_weeks_old_is_left_alone(weeks: float) -> None:
    assert not silent(came(every(HOUR, weeks=weeks)), 24 * 30)


def test_too_few_things_teach_nothing() -> None:
    few = every(MEMORY / (LEAST_HOURS - 1))[: LEAST_HOURS - 1]

    assert not silent(came(few), 24 * 365)


def test_the_hours_of_the_night_are_not_expected_to_be_busy() -> None:
    arrivals = came(at for at in every(HOUR) if 6 <= at.hour < 18)
    evening = LAST.replace(hour=17, minute=59)
    by_night = came(arrivals.hours, evening)

    assert verdict("orders of toys", by_night, listening(evening + HOUR * 12, evening)) is None
    assert verdict("orders of toys", by_night, listening(evening + HOUR * 18, evening)) is not None


def test_a_week_of_promotion_does_not_make_the_rate() -> None:
    usual = every(HOUR * 12)
    promotion = [LAST - timedelta(weeks=1) - timedelta(minutes=10) * n for n in range(6 * 24 * 7)]

    assert not silent(came(usual), 48)
    assert not silent(came([*usual, *promotion]), 48)


def test_a_burst_counts_as_one() -> None:
    quarter_days = every(HOUR * 12)
    bursts = [at - timedelta(seconds=n) for at in quarter_days for n in range(50)]

    assert came(bursts) == came(quarter_days)


def test_a_week_of_outage_does_not_unlearn_the_rate() -> None:
    whole = every(HOUR)
    gap = [at for at in whole if not timedelta(weeks=1) <= LAST - at < timedelta(weeks=2)]

    assert silent(came(gap), 4)


def test_the_time_the_daemon_was_down_is_no_silence() -> None:
    arrivals = came(every(HOUR))
    back = LAST + HOUR * 100
    sleeping = [*listening(LAST + HOUR), *listening(back + HOUR, back)]

    assert verdict("orders of toys", arrivals, sleeping) is None
    assert verdict("orders of toys", arrivals, [*sleeping, *listening(back + HOUR * 4, back)]) is not None


def test_without_a_sign_of_life_there_is_no_silence() -> None:
    arrivals = came(every(HOUR))

    assert verdict("orders of toys", arrivals, []) is None
    assert verdict("orders of toys", arrivals, [LAST - HOUR, LAST + HOUR * 500]) is None


def test_a_year_of_chance_raises_hardly_an_alarm() -> None:
    dice = random.Random(7)
    at, times = LAST - timedelta(days=400), []
    while at < LAST:
        at += timedelta(days=dice.expovariate(20.0))
        times.append(at)

    gaps = [(a, b) for a, b in pairwise(times) if b - a > HOUR * 6 and a - times[0] > MEMORY]
    raised = [last for last, end in gaps if verdict("orders of toys", came(times, last), listening(end, last))]

    assert len(gaps) > 20
    assert raised == []
