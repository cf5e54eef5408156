"""When a domestic parcel needs a person: it is on its way to the relay address and does not get there."""

from __future__ import annotations

from datetime import datetime, timedelta

from syncbridge.model.shipping import Movement

TROUBLE = (Movement.ABNORMAL, Movement.NOT_DELIVERED)
"""Its courier did not get it, or could not hand it over."""


def is_stalled(
    movement: str, moved_at: datetime | None, seen_at: datetime, patience: timedelta, *, now: datetime
) -> bool:
    """Whether a parcel first shown at `seen_at` has met trouble, or not moved for long, and is not signed for."""
    if movement == Movement.DELIVERED:
        return False
    return movement in TROUBLE or now - (moved_at or seen_at) > patience
