"""Which deadlines will be missed while something can still be done."""

from __future__ import annotations

from datetime import datetime, timedelta

NOTICE = timedelta(hours=6)
"""A person wants to know so long before it is too late."""


def late(act_by: datetime | None, next_attempt: datetime | None, *, now: datetime) -> timedelta | None:
    """The time left to act on what will otherwise be late, negative if it is late already; None if nothing threatens.

    `act_by` is the ship-by time less the lead time. What is tried again by itself threatens to be late only if that
    comes after it; what waits for a person, once it is near.
    """
    if act_by is None:
        return None
    left = act_by - now
    in_time = next_attempt <= act_by if next_attempt else left > NOTICE
    return None if in_time and left > timedelta(0) else left
