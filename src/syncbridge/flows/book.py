"""A parcel is booked once: intent, gate, look, line, `sent`, book; then its number and its label are looked for.

Who takes it knows no key of ours that would keep a second booking out. So only a booking in state `intended` is sent,
and not before it was looked for, since the database may be a restored backup; and whenever numbers are read, a second
booking of the parcel stops it for a person.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlmodel import Session

from syncbridge.errors import AccessExpired, NotGranted, OutcomeUnknown, Rejected, Transient
from syncbridge.flows import abroad, gates, withdraw
from syncbridge.flows.bridge import Bridge
from syncbridge.model.orders import BuyerAddress, Order
from syncbridge.model.purchasing import Purchase, PurchaseLine
from syncbridge.model.shipping import Booking, BookingIntent, BookingState, ParcelDraft
from syncbridge.ports import Books
from syncbridge.queue.execute import Done, Outcome, Park, Snooze, Write
from syncbridge.queue.job import Claim
from syncbridge.rules import bookings as rules
from syncbridge.rules import parcels, purchasing
from syncbridge.rules.mapping import ShippingWay
from syncbridge.rules.routing import meant
from syncbridge.store import bookings, catalogue, orders, placed_orders, purchases, timeline

LOOKS = 2
"""So many spaced look-ups must find nothing before the same intent is sent again."""
PATIENCE = timedelta(days=2)
"""A parcel that lacks its number or its label for so long is shown to a person."""
LONG_WAIT = timedelta(hours=1)
"""A purchase that waits for its label looks again by itself after this; the label wakes it at once."""


@dataclass(frozen=True, slots=True)
class _Taken:
    """A parcel, and who takes it."""

    booking: BookingIntent
    purchase: Purchase
    account: str
    books: Books
    draft: ParcelDraft


async def parcel(bridge: Bridge, job: Claim) -> Outcome:
    """Book a parcel, and keep its number and its label."""
    booking = await bridge.db.read(bookings.marked, job.args["mark"])
    purchase = await bridge.db.read(purchases.get, booking.purchase)
    match booking.state:
        case BookingState.INTENDED:
            return await _book(bridge, booking, purchase)
        case BookingState.SENT | BookingState.UNKNOWN | BookingState.BOOKED:
            return await _look(bridge, booking, purchase)
        case BookingState.CANCELLED:  # a person asks again
            return Done(lambda session: abroad.again(session, bridge, booking, purchase, "it was cancelled"))
        case BookingState.UNUSED:
            return Done()


async def label_number(bridge: Bridge, purchase: Purchase) -> str | Outcome:
    """The number on the label that the supplier is to stick on; empty where none is wanted. No label, no purchase."""
    if bridge.route(purchase.route).ship is not ShippingWay.LABEL_FIRST:
        return ""
    label = await bridge.db.read(_label, purchase)
    if label is None:
        return Snooze(
            bridge.clock.now() + LONG_WAIT,
            abroad.LABEL_WAITING,
            "its label is not there yet, with whose number it is bought",
            write=lambda session: abroad.label_first(session, bridge, purchase),
            came=lambda session: _label(session, purchase) is not None,
        )
    booking, draft = label
    try:
        order = await bridge.channels[purchase.store].order(purchase.order_id)
    except AccessExpired as error:
        return gates.paused(bridge, purchase.store, error)
    if order.address in (None, draft.receiver):
        return booking.number
    why = "the buyer moved since the label was made, so that another is made"
    wait = bridge.clock.now() + LONG_WAIT

    def write(session: Session) -> None:
        abroad.again(session, bridge, booking, purchase, why)

    return Snooze(wait, abroad.LABEL_WAITING, why, write)


def _label(session: Session, purchase: Purchase) -> tuple[BookingIntent, ParcelDraft] | None:
    """The booking whose number and label are there, and what was sent; None before that, or where it is forgotten."""
    booking = bookings.label_first(session, purchase.id)
    draft = bookings.draft_of(session, booking) if booking and booking.is_ready else None
    return (booking, draft) if booking and draft else None


async def _book(bridge: Bridge, booking: BookingIntent, purchase: Purchase) -> Outcome:
    order = await _wanted(bridge, booking, purchase)
    if not isinstance(order, Order):
        return order
    route = bridge.route(purchase.route)
    taker = abroad.taker(bridge, route, purchase.store)
    if taker is None or route.parcels is None:
        return Park("no_books", f"neither the carrier of route {route.name} nor store {purchase.store} books parcels")
    if order.address is None:
        return Park("no_address", "the channel does not show where the buyer lives")
    draft = await bridge.db.read(_draft, bridge, booking, purchase, order, order.address)
    taken = _Taken(booking, purchase, *taker, draft)
    found = await _found(bridge, taken)
    match await _own(bridge, taken, found):
        case purchasing.Halt(code, why):
            return Park(code, why)
        case Booking() as made:
            return _made(bridge, taken, made, until=bridge.clock.now())
    chosen = parcels.choose(
        await taken.books.lines(draft), route.parcels, country=order.destination, battery=draft.battery
    )
    if isinstance(chosen, parcels.NoLine):
        return Park("no_line", chosen.why)
    return await _send(bridge, replace(taken, draft=replace(draft, service=chosen.service)))


async def _wanted(bridge: Bridge, booking: BookingIntent, purchase: Purchase) -> Order | Outcome:
    """The order as it is now, if it wants its goods; bought or not, and whatever the supplier's cap is."""
    try:
        order = await bridge.channels[purchase.store].order(purchase.order_id)
    except AccessExpired as error:
        return gates.paused(bridge, purchase.store, error)
    now = bridge.clock.now()
    live, buy_from = bridge.terms.of(purchase.store).live, (order.paid_at or now) + bridge.terms.cool_off
    verdict = purchasing.gate(order, live=live, cap_set=True, buy_from=buy_from, now=now)
    match verdict:
        case purchasing.Stop():
            return Done(lambda session: _stop(session, bridge, booking, purchase, order))
        case purchasing.Wait(until, code, why):
            return Snooze(until or now + bridge.terms.cool_off, code, why)
        case purchasing.Halt():
            return gates.halted(bridge, purchase, verdict)
    return order


def _stop(session: Session, bridge: Bridge, booking: BookingIntent, purchase: Purchase, order: Order) -> None:
    bookings.move(session, booking, BookingState.UNUSED, when=[BookingState.INTENDED])
    timeline.note(session, purchase.subject, "not booked", at=bridge.clock.now(), why=f"the order is {order.state}")
    withdraw.begin(session, bridge, purchase.store, order)


async def _send(bridge: Bridge, taken: _Taken) -> Outcome:
    """Commit `sent`, then call; from here on only a clear answer or a look-up says what happened."""
    sent_at = bridge.clock.now()
    if not await bridge.db.run(bookings.sent, taken.booking, taken.account, taken.draft, now=sent_at):
        why = "the order, or the booking, changed this moment; it is looked at again"
        return Snooze(sent_at + bridge.terms.quarantine, "not_intended", why)
    undo = _moves(taken.booking, BookingState.INTENDED)
    try:
        made = await taken.books.book(taken.draft)
    except OutcomeUnknown as error:
        until = sent_at + bridge.terms.quarantine
        return Snooze(until, "unknown", str(error), _moves(taken.booking, BookingState.UNKNOWN))
    except AccessExpired as error:
        return gates.paused(bridge, taken.account, error, undo)
    except Transient as error:
        return gates.not_sent(bridge, error, undo)
    except (NotGranted, Rejected) as error:
        return Park(error.code or type(error).__name__, str(error), undo)
    return _made(bridge, taken, made, until=bridge.clock.now() + bridge.terms.booking_wait)


async def _look(bridge: Bridge, booking: BookingIntent, purchase: Purchase) -> Outcome:
    """See what became of a parcel that may be booked, under what it was sent as."""
    books = abroad.named(bridge, booking.account)
    if books is None:
        return Park("no_books", f"account {booking.account}, which parcel {booking.mark} was sent to, books no parcels")
    draft = await bridge.db.read(bookings.draft_of, booking)
    if draft is None:
        return Park("no_number", f"parcel {booking.mark} was sent so long ago that it is forgotten what it was")
    taken = _Taken(booking, purchase, booking.account, books, draft)
    return await (_follow if booking.state is BookingState.BOOKED else _settle)(bridge, taken)


async def _settle(bridge: Bridge, taken: _Taken) -> Outcome:
    """Look for a booking that may have been made; two spaced look-ups that find none let the intent be sent again."""
    booking, now = taken.booking, bridge.clock.now()
    assert booking.sent_at is not None  # noqa: S101  set with the state
    unknown = _moves(booking, BookingState.UNKNOWN)
    until = booking.sent_at + bridge.terms.quarantine
    if now < until:
        return Snooze(until, "unknown", "no clear answer to the booking; looking after the quarantine", unknown)
    found = await _found(bridge, taken)
    match await _own(bridge, taken, found):
        case purchasing.Halt(code, why):
            return Park(code, why, unknown)
        case Booking() as made:
            return _made(bridge, taken, made, until=now)
    if found:
        return _cancelled(booking)
    if booking.looks + 1 < LOOKS:
        why = "no such booking is shown; looking once more"
        return Snooze(
            now + bridge.terms.quarantine, "unknown", why, lambda session: bookings.count_look(session, booking)
        )
    why = "no such booking is shown in two look-ups; sending the same intent again"
    return Snooze(now, "resend", why, _moves(booking, BookingState.INTENDED))


async def _follow(bridge: Bridge, taken: _Taken) -> Outcome:
    """Wait for the number, then for the label; the number does not wait for the label."""
    booking = taken.booking
    found = await _found(bridge, taken)
    own = await _own(bridge, taken, found)
    if isinstance(own, purchasing.Halt):
        return Park(own.code, own.why)
    if own is None and found:
        return _cancelled(booking)
    if own is None or not own.number:
        return _wait(bridge, booking, "number_waiting", "no_number", f"parcel {booking.mark} has no number yet")
    if own.number != booking.number:
        why = f"its number is {own.number}; the label comes next"
        return Snooze(
            bridge.clock.now(),
            "label_not_ready",
            why,
            lambda session: abroad.numbered(session, bridge, taken.purchase, booking, own),
        )
    label = None if booking.has_label else await taken.books.label(own)
    if label is None and not booking.has_label:
        return _wait(bridge, booking, "label_not_ready", "no_label", f"the label of {own.number} is not ready yet")

    def write(session: Session) -> None:
        if label is not None:
            bookings.keep_label(session, booking, label)
        abroad.ready(session, taken.purchase, now=bridge.clock.now())

    return Done(write)


async def _found(bridge: Bridge, taken: _Taken) -> Sequence[Booking]:
    """All that is booked for the parcel since its order was made."""
    order = await bridge.db.read(orders.get, taken.purchase.store, taken.purchase.order_id)
    return await taken.books.booked(taken.draft, since=order.created_at)


async def _own(bridge: Bridge, taken: _Taken, found: Sequence[Booking]) -> Booking | purchasing.Halt | None:
    ids = [one.booking_id for one in found]
    return rules.ours(found, await bridge.db.read(bookings.marks_of_others, taken.account, taken.booking.mark, ids))


def _made(bridge: Bridge, taken: _Taken, made: Booking, *, until: datetime) -> Snooze:
    booking, purchase = taken.booking, taken.purchase

    def write(session: Session) -> None:
        now = bridge.clock.now()
        known = bookings.made(session, booking, taken.account, taken.draft, made, now=now)
        told = {"mark": booking.mark, "booking": made.booking_id, "line": made.service, "with": taken.account}
        timeline.note(session, purchase.subject, "parcel booked" if known else "booking not used", at=now, **told)

    return Snooze(until, "number_waiting", f"parcel {booking.mark} is booked; its number is not known yet", write)


def _cancelled(booking: BookingIntent) -> Park:
    why = f"the booking of parcel {booking.mark} was cancelled; retried, it is booked anew"
    return Park("booking_cancelled", why, _moves(booking, BookingState.CANCELLED))


def _wait(bridge: Bridge, booking: BookingIntent, code: str, given_up: str, why: str) -> Outcome:
    """Look again later; a person is asked where it has taken too long."""
    now = bridge.clock.now()
    if booking.booked_at is not None and now >= booking.booked_at + PATIENCE:
        return Park(given_up, f"{why}, {PATIENCE.days} days after it was booked")
    return Snooze(now + bridge.terms.booking_wait, code, why)


def _moves(booking: BookingIntent, state: BookingState) -> Write:
    def write(session: Session) -> None:
        open_states = [one for one in BookingState if one is not BookingState.UNUSED]
        bookings.move(session, booking, state, when=open_states)

    return write


def _draft(
    session: Session, bridge: Bridge, booking: BookingIntent, purchase: Purchase, order: Order, address: BuyerAddress
) -> ParcelDraft:
    """The parcel as it is now; no line is chosen yet. Raises MappingError if customs are to be told nothing."""
    route, store = bridge.route(purchase.route), purchase.store
    codes = {line.sku_code for line in order.lines}
    bindings = catalogue.bound_specs(session, store, codes | {meant(code, store, bridge.rules) for code in codes})
    lines = _lines(session, booking, purchase)
    sold = parcels.sold(purchase, order, route, bindings, bridge.rules)
    offers = catalogue.offers(session, purchase.supplier, {line.offer_id for line in lines})
    declared = parcels.goods(lines, sold, offers)
    return ParcelDraft(
        mark=booking.mark,
        order_id=order.order_id,
        weight_g=parcels.weight_g(declared),
        size_cm=parcels.size_cm(route, sold),
        goods=declared,
        receiver=address,
        domestic_carrier=booking.waybill_carrier,
        domestic_number=booking.waybill,
    )


def _lines(session: Session, booking: BookingIntent, purchase: Purchase) -> tuple[PurchaseLine, ...]:
    """What is in the parcel: of several vendor orders of a purchase, what that one is known to hold."""
    seen = {one.vendor_order_id: one.lines for one in placed_orders.seen(session, purchase.id)}
    return seen.get(booking.vendor_order_id) or purchase.lines
