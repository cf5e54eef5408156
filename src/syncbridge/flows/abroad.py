"""Parcels that are booked: when that is asked for, and what becomes of number and label once they are known."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session

from syncbridge.errors import MappingError
from syncbridge.flows import fulfil
from syncbridge.flows.bridge import Bridge, order_priority
from syncbridge.model.purchasing import Purchase, PurchaseState
from syncbridge.model.shipping import Booking, BookingIntent, BookingState, Shipment
from syncbridge.ports import Books
from syncbridge.queue.job import NewJob, enqueue, wake, wake_waiting
from syncbridge.rules.mapping import Route, ShippingWay
from syncbridge.rules.merging import OUT
from syncbridge.store import bookings, holds, orders, placed_orders, purchases, timeline

LABEL_WAITING = "label_waiting"
"""Why a purchase waits whose supplier is to stick a label on that is not there yet."""
LABEL_TO_HAND = "label_to_hand"
"""The hold of a label that a person is to hand to the supplier."""
PARCEL_SPLIT = "parcel_split"
"""The hold of goods that came in more parcels than were booked."""
WAYBILL_CHANGED = "waybill_changed"
"""The hold of a parcel that is on its way to the warehouse under another waybill than it is booked under."""


def taker(bridge: Bridge, route: Route, store: str) -> tuple[str, Books] | None:
    """Who books a route's parcels, with the account's name: its carrier if that can, else the store's channel."""
    known = [(account, named(bridge, account)) for account in (route.carrier, store)]
    return next(((account, books) for account, books in known if books is not None), None)


def named(bridge: Bridge, account: str) -> Books | None:
    """The account of that name, if it books parcels."""
    found: object = bridge.carriers.get(account) or bridge.channels.get(account)
    return found if isinstance(found, Books) else None


def label_first(session: Session, bridge: Bridge, purchase: Purchase) -> None:
    """Have the parcel of a purchase booked before it is bought, where its route says so."""
    try:
        route = bridge.route(purchase.route)
    except MappingError:  # told when it is bought
        return
    if route.ship is ShippingWay.LABEL_FIRST:
        _ask(session, bridge, route, purchase)


def shipped(
    session: Session, bridge: Bridge, purchase: Purchase, vendor_order_id: str, parcels: Sequence[Shipment]
) -> None:
    """The supplier handed these parcels of a vendor order to a courier; raises MappingError if its route is gone."""
    now = bridge.clock.now()
    numbers = [parcel.number for parcel in parcels]
    first = bookings.label_first(session, purchase.id)
    if first is not None:
        _label_is_used(session, bridge, purchase, first)
        _tell_of_others(session, purchase, vendor_order_id, numbers, now)
        return
    route = bridge.route(purchase.route)
    if route.ship is not ShippingWay.OFFICIAL or purchase.state in OUT:
        return
    booking = _ask(session, bridge, route, purchase, vendor_order_id, parcels[0])
    if booking.state is not BookingState.INTENDED and booking.waybill not in numbers:
        why = f"parcel {booking.mark} is booked under waybill {booking.waybill}, and is sent under {numbers[0]}"
        _hold(session, WAYBILL_CHANGED, purchase, vendor_order_id, why, now)
    _tell_of_others(session, purchase, vendor_order_id, numbers, now)


def again(session: Session, bridge: Bridge, booking: BookingIntent, purchase: Purchase, why: str) -> None:
    """Book it anew, under the next mark."""
    now = bridge.clock.now()
    new = bookings.again(session, booking, now=now)
    wake(session, _key(booking.mark), now=now)
    _not_used(session, purchase, booking, why, now)
    enqueue(session, [_job(session, bridge, bridge.route(purchase.route), purchase, new, now)], now=now)


def numbered(session: Session, bridge: Bridge, purchase: Purchase, booking: BookingIntent, seen: Booking) -> None:
    """The international number is known: declare it, but never before the goods are on their way."""
    now = bridge.clock.now()
    bookings.numbered(session, booking, seen)
    timeline.note(session, purchase.subject, "number known", at=now, mark=booking.mark, number=seen.number)
    state = purchases.get(session, purchase.id).state
    if not booking.comes_first or state in (PurchaseState.SHIPPED, PurchaseState.DECLARED):
        _pass_on(session, bridge, purchase, booking, seen.carrier, seen.number)


def ready(session: Session, purchase: Purchase, *, now: datetime) -> None:
    """Number and label are there: what waited for them is bought, and what is bought gets the label."""
    wake_waiting(session, [LABEL_WAITING], subject=purchase.subject, now=now)
    if purchases.get(session, purchase.id).state in (PurchaseState.PLACED, PurchaseState.PAID):
        to_hand(session, purchase, now=now)


def to_hand(session: Session, purchase: Purchase, *, now: datetime) -> None:
    """What was bought with a label that comes first needs a person to hand it on: 1688 takes no files with an order."""
    booking = bookings.label_first(session, purchase.id)
    if booking is None or not booking.is_ready or booking.handed_at is not None:
        return
    why = f"hand the label to the supplier: syncbridge labels save {purchase.order_id} --to FILE"
    figures = {"why": why, "number": booking.number, "purchase": purchase.mark}
    holds.open_hold(session, LABEL_TO_HAND, _subject(purchase, purchase.mark), figures, now=now)


def handed(session: Session, purchase: Purchase, booking: BookingIntent, *, now: datetime) -> None:
    """A person saved the label."""
    bookings.handed(session, booking, now=now)
    holds.close_holds(session, LABEL_TO_HAND, [_subject(purchase, purchase.mark)], now=now)
    timeline.note(session, purchase.subject, "label saved", at=now, mark=booking.mark, number=booking.number)


def give_up(session: Session, purchase: Purchase, *, now: datetime) -> None:
    """Nobody waits any more for what a purchase buys: its bookings are of no use, and nothing of it is booked."""
    for booking in bookings.of_purchase(session, purchase.id):
        bookings.move(session, booking, BookingState.UNUSED, when=list(BookingState))
        wake(session, _key(booking.mark), now=now)
        _not_used(session, purchase, booking, "its purchase is given up", now)
    holds.close_holds(session, LABEL_TO_HAND, [_subject(purchase, purchase.mark)], now=now)


def _ask(
    session: Session,
    bridge: Bridge,
    route: Route,
    purchase: Purchase,
    vendor_order_id: str = "",
    waybill: Shipment | None = None,
) -> BookingIntent:
    now = bridge.clock.now()
    booking = bookings.intend(
        session,
        purchase,
        vendor_order_id=vendor_order_id,
        waybill=waybill.number if waybill else "",
        waybill_carrier=waybill.carrier if waybill else "",
        now=now,
    )
    enqueue(session, [_job(session, bridge, route, purchase, booking, now)], now=now)
    return booking


def _job(
    session: Session, bridge: Bridge, route: Route, purchase: Purchase, booking: BookingIntent, now: datetime
) -> NewJob:
    """Parcels of one order are booked one after another: the channel may show one's booking as the other's."""
    found = taker(bridge, route, purchase.store)
    return NewJob(
        kind="book.parcel",
        key=_key(booking.mark),
        account=found[0] if found else purchase.store,
        run_at=now,
        priority=order_priority(orders.ship_by(session, purchase.store, purchase.order_id), now),
        subject=purchase.subject,
        lock=f"parcels of {purchase.subject}",
        args={
            "mark": booking.mark,
            "purchase": str(purchase.id),
            "order": purchase.order_id,
            "store": purchase.store,
        },
    )


def _key(mark: str) -> str:
    return f"book.parcel:{mark}"


def _label_is_used(session: Session, bridge: Bridge, purchase: Purchase, booking: BookingIntent) -> None:
    """The goods left with the label on, as far as anybody knows."""
    now = bridge.clock.now()
    holds.close_holds(session, LABEL_TO_HAND, [_subject(purchase, purchase.mark)], now=now)
    if booking.number and booking.state is BookingState.BOOKED:
        _pass_on(session, bridge, purchase, booking, booking.carrier, booking.number)
    several = [one.vendor_order_id for one in placed_orders.seen(session, purchase.id)]
    if len(several) > 1:
        why = f"one label is made, and the goods come in the supplier's orders {', '.join(several)}"
        _hold(session, PARCEL_SPLIT, purchase, purchase.mark, why, now)


def _pass_on(
    session: Session, bridge: Bridge, purchase: Purchase, booking: BookingIntent, carrier: str, number: str
) -> None:
    mark, earlier = bookings.before(session, booking)
    former = earlier if booking.number in ("", number) else booking.number
    fulfil.pass_on(session, bridge, purchase, Shipment(carrier, number, mark, replaces=former or None))


def _tell_of_others(session: Session, purchase: Purchase, what: str, numbers: Sequence[str], now: datetime) -> None:
    """One parcel is booked, under the first waybill; a person sees to the others."""
    others = [number for number in dict.fromkeys(numbers) if number != numbers[0]]
    if others:
        why = f"one parcel is booked, for waybill {numbers[0]}; the goods also come under {', '.join(others)}"
        _hold(session, PARCEL_SPLIT, purchase, what, why, now)


def _hold(session: Session, kind: str, purchase: Purchase, what: str, why: str, now: datetime) -> None:
    figures = {"why": why, "purchase": purchase.mark}
    holds.open_hold(session, kind, _subject(purchase, what), figures, now=now)


def _subject(purchase: Purchase, what: str) -> str:
    """Of an order several things may wait for a person."""
    return f"{purchase.subject} {what}"


def _not_used(session: Session, purchase: Purchase, booking: BookingIntent, why: str, now: datetime) -> None:
    if booking.state is not BookingState.INTENDED:
        told = {"mark": booking.mark, "booking": booking.booking_id, "number": booking.number, "why": why}
        timeline.note(session, purchase.subject, "booking not used", at=now, **told)
