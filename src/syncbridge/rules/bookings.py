"""Which of the bookings found for a parcel is its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from syncbridge.model.shipping import Booking
from syncbridge.rules.purchasing import Halt

TWICE = "booked_twice"
FOR_ANOTHER = "booked_for_another"


def ours(found: Sequence[Booking], marks: Mapping[str, str]) -> Booking | Halt | None:
    """The one that lives; None if none does, a halt where only a person can say which it is.

    `marks` are those of other parcels that some of these bookings are known to be of, by booking id.
    """
    living = [one for one in found if not one.cancelled]
    if len(living) > 1:
        told = ", ".join(f"{one.booking_id} ({one.number or 'no number yet'})" for one in living)
        return Halt(TWICE, f"the parcel is booked more than once: {told}; cancel all but one")
    if living and living[0].booking_id in marks:
        taken = living[0].booking_id
        return Halt(FOR_ANOTHER, f"all that is found is booking {taken}, which is that of parcel {marks[taken]}")
    return living[0] if living else None
