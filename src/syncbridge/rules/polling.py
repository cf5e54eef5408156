"""When an offer is read again: what changes or sells often sooner, all together as often as the quota allows.

The wait for a change to be seen, over all offers, is least where each is read in proportion to the square root of how
much its changes matter. `pace` is the binary logarithm of that, in whole steps, so that a catalogue is a small table
of paces; `pacing` makes the calls of all of them together what the quota allows.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

FIRST_RATE = 0.5
"""Changes a day of an offer nobody has watched yet."""
FIRST_DAYS = 1.0
"""So many days of watching the first rate is worth."""
MEMORY_DAYS = 21.0
"""What was seen longer ago counts little."""
HALF_LIFE_DAYS = 7.0
"""After so long, half of the sales are forgotten."""
MOST_SOLD = 15.0
"""More sales of late than these make no difference."""
SLOWEST, FASTEST = -10, 14
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Bounds:
    """How soon an offer is read again at the earliest, and at the latest where the quota allows it."""

    soonest: timedelta = timedelta(minutes=15)
    latest: timedelta = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Watched:
    """What is known of how an offer changes and sells."""

    change_rate: float = FIRST_RATE
    """Changes a day."""
    sold: float = 0.0
    """Sales of late."""
    days: float = FIRST_DAYS
    """How long it was watched for, as far as that is remembered."""

    @property
    def pace(self) -> int:
        """How often it is worth reading beside others: two paces more are twice as often."""
        weight = 1 + min(self.sold, MOST_SOLD)
        return max(SLOWEST, min(FASTEST, round(math.log2(self.change_rate * weight))))

    def seen(self, elapsed: timedelta, *, changed: bool) -> Watched:
        """After one more reading, this long after the one before."""
        days = max(0.0, elapsed / _DAY)
        rate = (self.change_rate * self.days + changed) / (self.days + days)
        return Watched(rate, self.sold * 0.5 ** (days / HALF_LIFE_DAYS), min(self.days + days, MEMORY_DAYS))


@dataclass(frozen=True, slots=True)
class Pacing:
    """What makes the offers of an account take as many calls as its quota allows."""

    stretch: float = 1.0
    """An offer of pace 0 is read again after so many days."""
    latest: timedelta = timedelta(hours=24)
    """After so long even one that never changes is read again."""

    def wait(self, pace: int, soonest: timedelta) -> timedelta:
        """How long after a reading an offer of this pace is read again."""
        return min(max(self.stretch * math.exp2(-pace / 2) * _DAY, soonest), self.latest)


def pacing(paces: Mapping[int, int], calls_a_day: float, bounds: Bounds) -> Pacing:
    """Let these offers, counted by pace, take so many calls a day; fewer where none may be read sooner.

    Where reading each at the latest would take more than half of them, the latest reading gives way, not the quota.
    """
    latest = max(bounds.latest, 2 * sum(paces.values()) / calls_a_day * _DAY)
    low, high = -40.0, 40.0
    for _ in range(50):
        middle = (low + high) / 2
        tried = Pacing(math.exp2(middle), latest)
        calls = sum(count * (_DAY / tried.wait(pace, bounds.soonest)) for pace, count in paces.items())
        low, high = (middle, high) if calls > calls_a_day else (low, middle)
    return Pacing(math.exp2(high), latest)
