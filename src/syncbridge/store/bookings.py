"""Parcels that are booked with whoever takes them abroad, and their labels."""

from __future__ import annotations

import base64
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import cast

from sqlalchemy import exists, insert, or_, select, update
from sqlmodel import Session, col

from syncbridge.model.purchasing import Purchase
from syncbridge.model.shipping import Booking, BookingIntent, BookingState, Label, ParcelDraft
from syncbridge.rules.following import ENDED
from syncbridge.store import orders, purchases
from syncbridge.store.rows import chunks, known_row, value
from syncbridge.store.tables.buying import PurchaseRow
from syncbridge.store.tables.parcels import BookingRow, ParcelRow
from syncbridge.store.types import reader, to_json

_read_draft = reader(ParcelDraft)
UNSETTLED = (BookingState.SENT, BookingState.UNKNOWN)
"""Nobody knows whether it is booked."""


def intend(
    session: Session, purchase: Purchase, *, vendor_order_id: str, waybill: str, waybill_carrier: str, now: datetime
) -> BookingIntent:
    """Commit the decision to book a parcel, once for each vendor order; before it is sent its waybill may change."""
    known = _newest(session, purchase.id, vendor_order_id)
    if known is None:
        known = _insert(session, purchase.id, purchase.mark, vendor_order_id, waybill, waybill_carrier, now)
    elif known.state is BookingState.INTENDED:
        _set(session, known, waybill=waybill, waybill_carrier=waybill_carrier)
    return known


def again(session: Session, old: BookingIntent, *, now: datetime) -> BookingIntent:
    """Another intent in the place of one that is of no use any more, under the next mark."""
    _set(session, old, state=BookingState.UNUSED.value)
    mark = old.mark.partition("-")[0]
    return _insert(session, old.purchase, mark, old.vendor_order_id, old.waybill, old.waybill_carrier, now)


def marked(session: Session, mark: str) -> BookingIntent:
    """The booking of that mark."""
    return value(BookingIntent, session.connection().execute(_KNOWN.where(col(BookingRow.mark) == mark)).one())


def before(session: Session, booking: BookingIntent) -> tuple[str, str]:
    """The mark a parcel was first booked under, and the last number it had before this booking's; empty if none."""
    query = select(col(BookingRow.mark), col(BookingRow.number)).where(
        col(BookingRow.purchase) == booking.purchase,
        col(BookingRow.vendor_order_id) == booking.vendor_order_id,
        col(BookingRow.id) < booking.id,
    )
    earlier = session.connection().execute(query.order_by(col(BookingRow.id))).all()
    numbers = [row.number for row in earlier if row.number]
    return (earlier[0].mark if earlier else booking.mark), (numbers[-1] if numbers else "")


def label_first(session: Session, purchase: int) -> BookingIntent | None:
    """The booking of a purchase that was to be made before it was bought."""
    return _newest(session, purchase, "")


def of_purchase(session: Session, purchase: int) -> list[BookingIntent]:
    """The bookings of a purchase that are of use, oldest first."""
    query = _KNOWN.where(col(BookingRow.purchase) == purchase, col(BookingRow.state) != BookingState.UNUSED.value)
    return [value(BookingIntent, row) for row in session.connection().execute(query.order_by(col(BookingRow.id)))]


def numbers(session: Session, bought: Collection[int]) -> dict[int, str]:
    """The international numbers known of parcels that are booked before they are bought, by purchase."""
    query = select(col(BookingRow.purchase), col(BookingRow.number)).where(
        col(BookingRow.vendor_order_id) == "",
        col(BookingRow.number) != "",
        col(BookingRow.state) == BookingState.BOOKED.value,
    )
    return {
        row.purchase: row.number
        for some in chunks(bought)
        for row in session.connection().execute(query.where(col(BookingRow.purchase).in_(some)))
    }


def labelled(session: Session, order_id: str | None = None) -> list[tuple[Purchase, BookingIntent]]:
    """What is booked and not forgotten, of one order or all, the newest first; each with its purchase."""
    query = _KNOWN.where(col(BookingRow.state) == BookingState.BOOKED.value, col(BookingRow.draft).is_not(None))
    if order_id is not None:
        of_order = select(col(PurchaseRow.id)).where(col(PurchaseRow.order_id) == order_id)
        query = query.where(col(BookingRow.purchase).in_(of_order))
    found = [
        value(BookingIntent, row) for row in session.connection().execute(query.order_by(col(BookingRow.id).desc()))
    ]
    known = purchases.numbered(session, {one.purchase for one in found})
    return [(known[one.purchase], one) for one in found]


def sent(session: Session, booking: BookingIntent, account: str, draft: ParcelDraft, *, now: datetime) -> bool:
    """Commit that the call goes out now; answers False, changing nothing, if the order does not want it any more.

    So it does where somebody else sent or settled it meanwhile.
    """
    row = known_row(session, PurchaseRow, booking.purchase)
    if not orders.is_wanted(session, row.store, row.order_id):
        return False
    change = {"state": BookingState.SENT.value, "account": account, "draft": to_json(draft), "sent_at": now}
    which = update(BookingRow).where(
        col(BookingRow.id) == booking.id, col(BookingRow.state) == BookingState.INTENDED.value
    )
    return session.connection().execute(which.values(**change, service=draft.service, looks=0)).rowcount == 1


def move(session: Session, booking: BookingIntent, state: BookingState, *, when: Collection[BookingState]) -> bool:
    """Move a booking on if it is in one of these states; answers whether it was."""
    which = update(BookingRow).where(
        col(BookingRow.id) == booking.id, col(BookingRow.state).in_([one.value for one in when])
    )
    return session.connection().execute(which.values(state=state.value)).rowcount == 1


def count_look(session: Session, booking: BookingIntent) -> None:
    """Note that a look-up found nothing."""
    _set(session, booking, looks=BookingRow.looks + 1)


def made(
    session: Session, booking: BookingIntent, account: str, draft: ParcelDraft, made: Booking, *, now: datetime
) -> bool:
    """It is booked, as was answered or found; answers False if that was known."""
    which = update(BookingRow).where(
        col(BookingRow.id) == booking.id,
        col(BookingRow.state).in_([BookingState.INTENDED.value, *(state.value for state in UNSETTLED)]),
    )
    change = {
        "state": BookingState.BOOKED.value,
        "account": account,
        "draft": to_json(draft),
        "booking_id": made.booking_id,
        "service": made.service,
        "carrier": made.carrier,
        "booked_at": now,
    }
    return session.connection().execute(which.values(change)).rowcount == 1


def numbered(session: Session, booking: BookingIntent, seen: Booking) -> None:
    """Its international number is known, or is another now."""
    _set(session, booking, booking_id=seen.booking_id, carrier=seen.carrier, number=seen.number, label=None)


def keep_label(session: Session, booking: BookingIntent, label: Label) -> None:
    """Keep its label."""
    _set(session, booking, label=base64.b64encode(label.content).decode())


def draft_of(session: Session, booking: BookingIntent) -> ParcelDraft | None:
    """The parcel as it was sent; None if it was not, or that is forgotten."""
    query = select(col(BookingRow.draft)).where(col(BookingRow.id) == booking.id)
    kept = session.connection().execute(query).scalar_one()
    return None if kept is None else cast(ParcelDraft, _read_draft(kept))


def label_of(session: Session, mark: str) -> bytes | None:
    """The label of a parcel as a file; None if there is none, or none any more."""
    query = select(col(BookingRow.label)).where(col(BookingRow.mark) == mark)
    kept = session.connection().execute(query).scalar_one_or_none()
    return None if kept is None else base64.b64decode(kept)


def handed(session: Session, booking: BookingIntent, *, now: datetime) -> None:
    """A person took the label to hand it on."""
    _set(session, booking, handed_at=now)


def marks_of_others(session: Session, account: str, mark: str, booking_ids: Collection[str]) -> Mapping[str, str]:
    """The marks of other parcels that these bookings of an account are known to be of, by booking id."""
    query = select(col(BookingRow.booking_id), col(BookingRow.mark)).where(
        col(BookingRow.account) == account, col(BookingRow.booking_id).in_(booking_ids), col(BookingRow.mark) != mark
    )
    return {row.booking_id: row.mark for row in session.connection().execute(query)}


def forget(session: Session, *, before: datetime) -> None:
    """Drop labels and buyers' addresses of parcels that arrived, or were booked before that."""
    has_arrived = exists().where(
        col(ParcelRow.purchase) == col(BookingRow.purchase),
        col(ParcelRow.number) == col(BookingRow.number),
        col(ParcelRow.movement).in_(ENDED),
    )
    which = update(BookingRow).where(
        or_(col(BookingRow.draft).is_not(None), col(BookingRow.label).is_not(None)),
        or_(col(BookingRow.created_at) < before, has_arrived),
    )
    session.connection().execute(which.values(draft=None, label=None))


_KNOWN = select(
    col(BookingRow.id),
    col(BookingRow.purchase),
    col(BookingRow.mark),
    col(BookingRow.vendor_order_id),
    col(BookingRow.waybill),
    col(BookingRow.waybill_carrier),
    col(BookingRow.state),
    col(BookingRow.account),
    col(BookingRow.booking_id),
    col(BookingRow.carrier),
    col(BookingRow.number),
    col(BookingRow.label).is_not(None).label("has_label"),
    col(BookingRow.looks),
    col(BookingRow.created_at),
    col(BookingRow.sent_at),
    col(BookingRow.booked_at),
    col(BookingRow.handed_at),
)
"""All but what was sent, which names the buyer, and the label, which is a file."""


def _newest(session: Session, purchase: int, vendor_order_id: str) -> BookingIntent | None:
    query = _KNOWN.where(col(BookingRow.purchase) == purchase, col(BookingRow.vendor_order_id) == vendor_order_id)
    row = session.connection().execute(query.order_by(col(BookingRow.id).desc())).first()
    return None if row is None else value(BookingIntent, row)


def _insert(
    session: Session, purchase: int, mark: str, vendor_order_id: str, waybill: str, waybill_carrier: str, now: datetime
) -> BookingIntent:
    """Under the purchase's mark, or that with the next number behind it."""
    marks = select(col(BookingRow.mark)).where(col(BookingRow.purchase) == purchase)
    used = [int(one.partition("-")[2] or 1) for one in session.connection().scalars(marks)]
    next_mark = f"{mark}-{max(used) + 1}" if used else mark
    statement = insert(BookingRow).values(
        purchase=purchase,
        mark=next_mark,
        vendor_order_id=vendor_order_id,
        waybill=waybill,
        waybill_carrier=waybill_carrier,
        state=BookingState.INTENDED.value,
        account="",
        service="",
        booking_id="",
        carrier="",
        number="",
        looks=0,
        created_at=now,
    )
    session.connection().execute(statement)
    return marked(session, next_mark)


def _set(session: Session, booking: BookingIntent, **change: object) -> None:
    session.connection().execute(update(BookingRow).where(col(BookingRow.id) == booking.id).values(change))
