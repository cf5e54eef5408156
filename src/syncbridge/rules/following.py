"""When a parcel on its way abroad needs a person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from syncbridge.model.shipping import Movement

ENDED = (Movement.DELIVERED, Movement.RETURNED)
"""Nothing more is to be seen of such a parcel."""


class Worry(StrEnum):
    """What is wrong with a parcel; the kind of its hold."""

    ABNORMAL = "parcel_abnormal"
    """Its carrier tells of trouble."""
    UNSEEN = "parcel_unseen"
    """No carrier has had it since it was declared."""
    STALE = "parcel_stale"
    """It was seen, and not for long."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long nothing may be heard."""

    unseen: timedelta = timedelta(days=5)
    stale: timedelta = timedelta(days=10)
    domestic: timedelta = timedelta(days=5)
    """Of a parcel on its way to the relay address; and, once it is there, of its international number."""


def worry(
    movement: Movement, moved_at: datetime | None, declared_at: datetime, patience: Patience, *, now: datetime
) -> Worry | None:
    """What is wrong with a parcel that was last seen then; None: nothing is."""
    match movement:
        case Movement.ABNORMAL | Movement.NOT_DELIVERED | Movement.RETURNED:
            return Worry.ABNORMAL
        case Movement.DELIVERED:
            return None
        case Movement.UNKNOWN | Movement.ANNOUNCED:
            return Worry.UNSEEN if now - declared_at > patience.unseen else None
        case _:
            return Worry.STALE if now - (moved_at or declared_at) > patience.stale else None
