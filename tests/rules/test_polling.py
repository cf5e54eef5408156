"""What changes or sells often is read more often, and all together take what the quota allows."""

from __future__ import annotations

import heapq
import random
from collections import Counter
from datetime import timedelta

import pytest

from syncbridge.rules.polling import Bounds, Pacing, Watched, pacing

DAY = timedelta(days=1)
BOUNDS = Bounds()


def calls(paces: dict[int, int], found: Pacing) -> float:
    return sum(count * (DAY / found.wait(pace, BOUNDS.soonest)) for pace, count in paces.items())


def test_what_changes_four_times_as_often_is_read_twice_as_often() -> None:
    slow, fast = Watched(change_rate=2.0), Watched(change_rate=8.0)
    found = Pacing(stretch=0.5)

    assert found.wait(slow.pace, BOUNDS.soonest) / found.wait(fast.pace, BOUNDS.soonest) == pytest.approx(2)


def test_what_sells_is_read_more_often_than_what_does_not() -> None:
    assert Watched(1.0, sold=7.0).pace == Watched(8.0, sold=0.0).pace > Watched(1.0).pace


def test_sales_without_end_make_no_pace_without_end() -> None:
    assert Watched(1.0, sold=15.0).pace == Watched(1.0, sold=10.0**9).pace
    assert (Watched(1e-9).pace, Watched(1e9).pace) == (-10, 14)


def test_no_offer_is_read_again_within_a_quarter_of_an_hour_nor_later_than_a_day() -> None:
    assert Pacing(stretch=1e-6).wait(14, BOUNDS.soonest) == timedelta(minutes=15)
    assert Pacing(stretch=1e6).wait(-10, BOUNDS.soonest) == timedelta(hours=24)


def test_a_change_seen_raises_the_rate_and_a_quiet_time_lowers_it() -> None:
    offer = Watched(change_rate=1.0)

    assert offer.seen(timedelta(hours=1), changed=True).change_rate > 1.0
    assert offer.seen(timedelta(hours=1), changed=False).change_rate < 1.0


@pytest.mark.parametrize("rate", [0.05, 1.0, 20.0])
def test_the_rate_that_is_seen_becomes_the_rate_that_is_kept(rate: float) -> None:
    draw, offer, every = random.Random(1), Watched(), timedelta(hours=1)
    found = []
    for _ in range(24 * 200):
        offer = offer.seen(every, changed=draw.random() < rate / 24)
        found.append(offer.change_rate)

    assert sum(found[2400:]) / 2400 == pytest.approx(rate, rel=0.4)


def test_sales_are_forgotten_by_half_every_week() -> None:
    assert Watched(sold=8.0).seen(timedelta(days=14), changed=False).sold == 2.0


def test_a_clock_set_back_is_no_time_that_passed() -> None:
    assert Watched(2.0, 3.0).seen(timedelta(days=-1), changed=False) == Watched(2.0, 3.0)


def test_all_offers_together_take_what_the_quota_allows() -> None:
    paces = {-4: 5000, -1: 900, 3: 90, 8: 10}

    assert calls(paces, pacing(paces, 20_000, BOUNDS)) == pytest.approx(20_000, rel=1e-6)


def test_a_quota_that_is_larger_than_needed_reads_everything_as_soon_as_it_may_be() -> None:
    found = pacing({-4: 10, 8: 1}, 1_000_000, BOUNDS)

    assert [found.wait(pace, BOUNDS.soonest) for pace in (-4, 8)] == [BOUNDS.soonest] * 2


def test_a_quota_too_small_for_once_a_day_still_looks_more_often_at_what_changes() -> None:
    paces = {-4: 100_000, 6: 100}
    found = pacing(paces, 50_000, BOUNDS)

    assert calls(paces, found) == pytest.approx(50_000, rel=1e-6)
    assert found.wait(-4, BOUNDS.soonest) > timedelta(days=1) > found.wait(6, BOUNDS.soonest)


def test_no_offer_at_all_is_no_reason_to_fail() -> None:
    assert pacing({}, 1000, BOUNDS).latest == BOUNDS.latest


def delay(rates: list[float], per_day: int, days: int) -> float:
    """Days a change waits to be read, on average over the second half, at so many calls a day."""
    draw = random.Random(7)
    watched = [Watched() for _ in rates]
    read = [0.0] * len(rates)
    heap = [(draw.random(), number) for number in range(len(rates))]
    heapq.heapify(heap)
    spaced, waited, seen = Pacing(), 0.0, 0
    for call in range(days * per_day):
        now = 1 + call / per_day
        if call % (per_day // 24) == 0:
            spaced = pacing(Counter(one.pace for one in watched), per_day, BOUNDS)
        number = heapq.heappop(heap)[1]
        span = now - read[number]
        changes = _poisson(draw, rates[number] * span)
        if call > days * per_day / 2:
            waited += changes * span / 2
            seen += changes
        watched[number] = watched[number].seen(timedelta(days=span), changed=changes > 0)
        read[number] = now
        heapq.heappush(heap, (now + spaced.wait(watched[number].pace, BOUNDS.soonest) / DAY, number))
    return waited / seen


def _poisson(draw: random.Random, mean: float) -> int:
    number, left = 0, mean
    while (left := left - draw.expovariate(1.0)) > 0:
        number += 1
    return number


def test_p11_changes_are_seen_in_half_the_time_that_reading_in_turn_takes_at_the_same_quota() -> None:
    """Zipf's change rates, none of them known at first; in turn, a change waits for half a round."""
    rates = [200 / rank for rank in range(1, 5001)]
    rounds_a_day = 4

    ratio = delay(rates, rounds_a_day * len(rates), 10) / (1 / rounds_a_day / 2)

    assert ratio <= 0.5
