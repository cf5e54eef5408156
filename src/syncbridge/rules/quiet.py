"""Quiet is suspicious: whether a silence is longer than what usually comes allows.

Learned are the hours in which something came, so that a burst counts as one, over four weeks before the silence, for
working days and weekends in blocks of six hours (UTC). Of the four weeks the lower median holds, so that neither a
week of promotion nor one of outage makes the rate. Each hour of the silence then has its chance to stay empty, and
their product is the probability of the silence.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median_low

from syncbridge.ports import Alarm

BOUND = 1e-5
"""A less probable silence is an alarm. One may begin in each of 8,766 hours: chance rings about once in ten years."""
WEEKS = 4
MEMORY = timedelta(weeks=WEEKS)
LEAST_HOURS = 20
"""Nothing is learned from fewer hours with something in them."""
LONGEST_GAP = timedelta(hours=1)
"""Between two signs of life of the daemon; in a longer one it did not listen, and nothing could come."""
BLOCK = 6
DAYS = {False: 5, True: 2}
"""Of a week, by whether they are of the weekend."""
HOUR = timedelta(hours=1)

Bucket = tuple[bool, int]


@dataclass(frozen=True, slots=True)
class Arrivals:
    """When something last came, and the hours (their beginnings) of the four weeks before in which something did."""

    last: datetime
    hours: frozenset[datetime]


def verdict(subject: str, arrivals: Arrivals, listened: Sequence[datetime]) -> Alarm | None:
    """Whether what names `subject` has been silent for too long at the times, ascending, at which we surely listened.

    Its figures stay the same as long as the silence lasts.
    """
    if len(arrivals.hours) < LEAST_HOURS:
        return None
    chances = _chances(arrivals)
    empty = sum(math.log1p(-chances[bucket]) * share for bucket, share in _silence(arrivals.last, listened))
    if empty >= math.log(BOUND):
        return None
    usual = sum(chances[_bucket(arrivals.last + HOUR * n)] for n in range(7 * 24)) / 7
    why = f"nothing came since {arrivals.last:%Y-%m-%d %H:%M} UTC; usually something comes in {usual:.1f} of 24 hours"
    return Alarm("quiet", subject, {"why": why})


def _bucket(at: datetime) -> Bucket:
    return at.weekday() >= DAYS[False], at.hour // BLOCK


def _chances(arrivals: Arrivals) -> Mapping[Bucket, float]:
    """The chance that something comes in an hour; never certain, however often it did."""
    weekly = Counter((_bucket(hour), (arrivals.last - hour) // timedelta(weeks=1)) for hour in arrivals.hours)
    return {
        (weekend, block): median_low(weekly[(weekend, block), week] for week in range(WEEKS)) / (days * BLOCK + 1)
        for weekend, days in DAYS.items()
        for block in range(24 // BLOCK)
    }


def _silence(last: datetime, listened: Sequence[datetime]) -> Iterator[tuple[Bucket, float]]:
    """The listened parts of the silence, hour by hour, with the share of each hour."""
    for start, end in pairwise([last, *(at for at in listened if at > last)]):
        if end - start <= LONGEST_GAP:
            yield _bucket(start), (end - start) / HOUR
