"""From the forwarder's international number to a declaration on the channel, made once and read back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session

from syncbridge.errors import MappingError, OutcomeUnknown
from syncbridge.flows import follow
from syncbridge.flows.bridge import Bridge, order_priority
from syncbridge.model.paging import read_to_end
from syncbridge.model.purchasing import Purchase, PurchaseState
from syncbridge.model.shipping import Shipment
from syncbridge.queue.execute import Done, Outcome, Park, Retry, Snooze
from syncbridge.queue.job import Claim, NewJob, enqueue, unsettled
from syncbridge.rules import tracking
from syncbridge.rules.merging import OUT, living
from syncbridge.store import cursors, holds, merging, orders, parcels, placed_orders, purchases, timeline
from syncbridge.store.holds import OpenHold
from syncbridge.store.parcels import Parcel

MARK_UNKNOWN = "mark_unknown"
"""The hold of a parcel whose mark names no purchase."""
SETTLING = "settling"
UNSETTLED = (SETTLING, "unknown", "not_shown")
"""Why a declaration waits that may have been made."""


async def collect(bridge: Bridge, job: Claim) -> Outcome:
    """Read which international parcels the forwarder announced, and declare each that bears a mark of ours."""
    since = await bridge.db.read(cursors.get, f"parcels:{job.account}")
    read = await read_to_end(bridge.carriers[job.account].shipments(since=since), since)

    def write(session: Session) -> None:
        now = bridge.clock.now()
        for shipment in read.items:
            _announce(session, bridge, shipment, now)
        for where, why in read.failures:
            holds.open_hold(session, "parcel_unreadable", f"{job.account} {where}", {"why": why}, now=now)
        cursors.put(session, f"parcels:{job.account}", read.cursor)

    return Done(write)


async def declare(bridge: Bridge, job: Claim) -> Outcome:
    """Declare a parcel to the channel, unless it is declared already; read back before and after."""
    under_way = await _under_way(bridge, job)
    if under_way is not None:
        return under_way
    parcel = await bridge.db.read(parcels.get, int(job.args["parcel"]))
    store, order_id = parcel.purchase.store, parcel.purchase.order_id
    if parcel.purchase.state in OUT:
        if living(await bridge.db.read(merging.together, parcel.purchase)):
            return Done()  # it holds goods for others, and goes its way
        why = f"parcel {parcel.shipment.number} is of an order that is not wanted any more; have it stopped or returned"
        return Park("shipped_after_cancel", why)
    channel = bridge.channels[store]
    before = await channel.declared(order_id)
    if _shows(before, parcel.shipment):
        return Done(lambda session: _declared(session, bridge, parcel))
    domestic = await bridge.db.read(placed_orders.waybills, store, order_id)
    problem = tracking.problem(parcel.shipment, await channel.shipping_services(), domestic)
    if problem is not None:
        return Park("tracking_refused", problem)
    siblings = await bridge.db.read(purchases.of_order, store, order_id)
    wanted = [sibling for sibling in siblings if sibling.state is not PurchaseState.STOPPED]
    left_out = await bridge.db.read(holds.refused_lines, parcel.purchase.subject)
    order = await bridge.db.read(orders.get, store, order_id)
    own_stock = tracking.has_own_stock(order.lines, {line for sibling in siblings for line in sibling.line_ids})
    complete = not own_stock and tracking.is_complete(len(before), parcels=len(wanted) + left_out)
    try:
        await channel.declare(order_id, parcel.shipment, complete=complete)
    except OutcomeUnknown as error:
        return Retry("unknown", str(error), at=bridge.clock.now() + bridge.terms.read_back_wait)
    if not _shows(await channel.declared(order_id), parcel.shipment):
        why = "the channel took the declaration but does not show it yet"
        return Retry("not_shown", why, at=bridge.clock.now() + bridge.terms.read_back_wait)
    return Done(lambda session: _declared(session, bridge, parcel))


async def _under_way(bridge: Bridge, job: Claim) -> Snooze | None:
    """A declaration that got no answer may still arrive: until it shows or cannot, no other of the order is made."""
    now = bridge.clock.now()
    if job.previous_claim_at is not None and now < job.previous_claim_at + bridge.terms.quarantine:
        until = job.previous_claim_at + bridge.terms.quarantine
        return Snooze(until, SETTLING, "an earlier declaration may still be under way")
    if await bridge.db.read(unsettled, job, UNSETTLED):
        until = now + bridge.terms.read_back_wait
        return Snooze(until, "sibling_unsettled", "the declaration of another parcel of the order may be under way")
    return None


def recognise(session: Session, bridge: Bridge, purchase: Purchase, carrier: str) -> None:
    """A parcel that came before its intent was known again, as after a restored backup, is read once more.

    Without a `carrier`, as where the channel books, whoever announced it is asked: all of them.
    """
    subjects = [hold.subject for hold in holds.all_open(session) if _is_lost(hold, purchase)]
    if subjects:
        holds.close_holds(session, MARK_UNKNOWN, subjects, now=bridge.clock.now())
        for account in [carrier] if carrier else bridge.carriers:
            cursors.forget(session, f"parcels:{account}")


def _is_lost(hold: OpenHold, purchase: Purchase) -> bool:
    return hold.kind == MARK_UNKNOWN and hold.figures["mark"] == purchase.mark


def _shows(declared: Sequence[Shipment], shipment: Shipment) -> bool:
    return any(known.number == shipment.number for known in declared)


def _announce(session: Session, bridge: Bridge, shipment: Shipment, now: datetime) -> None:
    purchase = purchases.by_mark(session, shipment.mark or "")
    if purchase is None:
        subject = f"parcel {shipment.number}"
        holds.open_hold(session, MARK_UNKNOWN, subject, {"mark": shipment.mark or "none"}, now=now)
        return
    known = Shipment(_service(bridge, purchase.route, shipment.carrier), shipment.number, shipment.mark)
    for one in merging.together(session, purchase):
        pass_on(session, bridge, one, known)


def pass_on(session: Session, bridge: Bridge, purchase: Purchase, shipment: Shipment) -> None:
    """Have a parcel declared to the order it is for; where it holds goods for several, once to each."""
    now = bridge.clock.now()
    parcel = parcels.announce(session, purchase, shipment)
    if parcel is None:
        return
    timeline.note(session, purchase.subject, "sent abroad", at=now, carrier=shipment.carrier, number=shipment.number)
    job = NewJob(
        kind="fulfil.declare",
        key=f"fulfil.declare:{parcel}",
        account=purchase.store,
        run_at=now,
        priority=order_priority(orders.ship_by(session, purchase.store, purchase.order_id), now),
        subject=purchase.subject,
        lock=purchase.subject,
        args={"parcel": str(parcel), "order": purchase.order_id, "store": purchase.store},
    )
    enqueue(session, [job], now=now)


def _service(bridge: Bridge, route: str, carrier: str) -> str:
    """The channel's key of a carrier; the forwarder's own word where no route says, which the channel will refuse."""
    try:
        return bridge.route(route).services.get(carrier, carrier)
    except MappingError:
        return carrier


def _declared(session: Session, bridge: Bridge, parcel: Parcel) -> None:
    now = bridge.clock.now()
    purchase = parcel.purchase
    parcels.declared(session, parcel.id, purchase, now=now)
    timeline.note(session, purchase.subject, "declared", at=now, number=parcel.shipment.number)
    enqueue(session, follow.watch_jobs(bridge, parcel.shipment.number, purchase.subject, now), now=now)
    orders.settle(session, purchase.store, purchase.order_id)
