"""From the forwarder's international number to a declaration on the channel, made once and read back."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlmodel import Session

from syncbridge.errors import MappingError, OutcomeUnknown, Rejected
from syncbridge.flows import follow
from syncbridge.flows.bridge import Bridge, order_priority
from syncbridge.model.orders import OrderState
from syncbridge.model.paging import read_to_end
from syncbridge.model.purchasing import Purchase
from syncbridge.model.shipping import ParcelState, Shipment, ShippingService
from syncbridge.queue.execute import Done, Outcome, Park, Retry, Snooze
from syncbridge.queue.job import Claim, NewJob, end_parked, enqueue, unsettled
from syncbridge.rules import tracking
from syncbridge.rules.mapping import ShippingWay
from syncbridge.rules.merging import OUT, living
from syncbridge.rules.tracking import Fate, Packed
from syncbridge.store import cursors, holds, merging, orders, parcels, purchases, timeline, waybills
from syncbridge.store.holds import OpenHold
from syncbridge.store.parcels import Parcel

MARK_UNKNOWN = "mark_unknown"
"""The hold of a parcel whose mark names no purchase."""
TWO_NUMBERS = "two_numbers"
"""The hold of a number that came beside another, where nobody says which of them holds."""
REFUSED = "tracking_refused"
SETTLING = "settling"
UNSETTLED = (SETTLING, "unknown", "not_shown")
"""Why a declaration waits that may have been made."""
DECLARATIONS = ("fulfil.declare", "fulfil.redeclare")


@dataclass(frozen=True, slots=True)
class _Case:
    """A parcel as the channel is to be told of it, and what it was told of the order before."""

    parcel: Parcel
    shipment: Shipment
    before: Sequence[Shipment]
    services: Sequence[ShippingService]


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
    case = await _examined(bridge, job)
    return await _declare(bridge, case) if isinstance(case, _Case) else case


async def redeclare(bridge: Bridge, job: Claim) -> Outcome:
    """Tell the channel the number that took the place of a declared one, once; read back before and after.

    Where nothing of that kind is declared yet, it is declared as any other.
    """
    case = await _examined(bridge, job)
    if not isinstance(case, _Case):
        return case
    former = await bridge.db.read(parcels.former, case.parcel)
    old = next((shipment for shipment in case.before if shipment.number in former), None)
    if old is None:
        return await _declare(bridge, case)
    purchase = case.parcel.purchase
    complete = await _completes(bridge, purchase, len(case.before) - 1)
    channel = bridge.channels[purchase.store]
    return await _made(
        bridge, case, channel.redeclare(purchase.order_id, old, case.shipment, complete=complete), instead_of=old.number
    )


async def _declare(bridge: Bridge, case: _Case) -> Outcome:
    purchase = case.parcel.purchase
    complete = await _completes(bridge, purchase, len(case.before))
    channel = bridge.channels[purchase.store]
    return await _made(bridge, case, channel.declare(purchase.order_id, case.shipment, complete=complete))


async def _examined(bridge: Bridge, job: Claim) -> _Case | Outcome:
    """What the channel is to be told of a parcel; or what becomes of the job where nothing is."""
    under_way = await _under_way(bridge, job)
    if under_way is not None:
        return under_way
    parcel = await bridge.db.read(parcels.get, int(job.args["parcel"]))
    if parcel.state is not ParcelState.ANNOUNCED:
        return Done()  # another number took its place
    not_wanted = await _not_wanted(bridge, parcel)
    if not_wanted is not None:
        return not_wanted
    store, order_id = parcel.purchase.store, parcel.purchase.order_id
    channel = bridge.channels[store]
    before = await channel.declared(order_id)
    shipment = _as_mapped(bridge, parcel)
    if _shows(before, shipment):
        return Done(lambda session: _declared(session, bridge, parcel, shipment))
    case = _Case(parcel, shipment, before, await channel.shipping_services())
    domestic = await bridge.db.read(waybills.is_domestic, shipment.number)
    problem = tracking.problem(shipment, case.services, domestic=domestic)
    return case if problem is None else _refused(bridge, case, problem)


async def _not_wanted(bridge: Bridge, parcel: Parcel) -> Outcome | None:
    """What becomes of a parcel whose order was cancelled between the legs."""
    purchase = parcel.purchase
    if purchase.state in OUT:
        if living(await bridge.db.read(merging.together, purchase)):
            return Done()  # it holds goods for others, and goes its way
    elif (await bridge.db.read(orders.get, purchase.store, purchase.order_id)).state is not OrderState.CANCELLED:
        return None
    why = f"parcel {parcel.shipment.number} is of an order that is not wanted any more; have it stopped or returned"
    return Park("shipped_after_cancel", why)


async def _completes(bridge: Bridge, purchase: Purchase, declared: int) -> bool:
    """Whether one more declaration makes the order wholly shipped."""
    store, order_id = purchase.store, purchase.order_id
    siblings = await bridge.db.read(purchases.of_order, store, order_id)
    order = await bridge.db.read(orders.get, store, order_id)
    if tracking.has_own_stock(order.lines, {line for sibling in siblings for line in sibling.line_ids}):
        return False
    packed = await bridge.db.read(parcels.packed, store, order_id)
    ours = tracking.parcels([Packed(_way(bridge, route), made, announced) for route, made, announced in packed])
    left_out = await bridge.db.read(holds.refused_lines, purchase.subject)
    return tracking.is_complete(declared, parcels=ours + left_out)


async def _made(bridge: Bridge, case: _Case, call: Awaitable[None], *, instead_of: str = "") -> Outcome:
    """Make a declaration, and believe only what the channel shows afterwards."""
    parcel, at = case.parcel, bridge.clock.now() + bridge.terms.read_back_wait
    try:
        await call
    except OutcomeUnknown as error:
        return Retry("unknown", str(error), at=at)
    except Rejected as error:
        return _refused(bridge, case, str(error))
    if not _shows(await bridge.channels[parcel.purchase.store].declared(parcel.purchase.order_id), case.shipment):
        return Retry("not_shown", "the channel took the declaration but does not show it yet", at=at)
    return Done(lambda session: _declared(session, bridge, parcel, case.shipment, instead_of=instead_of))


def _refused(bridge: Bridge, case: _Case, why: str) -> Park:
    """A person is told why, and what the channel would take."""
    accepted = tracking.accepted(case.shipment, case.services)
    subject = case.parcel.purchase.subject

    def write(session: Session) -> None:
        known = holds.open_figures(session, [subject]).get((REFUSED, subject), {})
        holds.open_hold(session, REFUSED, subject, {**known, case.shipment.number: accepted}, now=bridge.clock.now())

    told = why if accepted in why else f"{why}; it takes {accepted}"
    return Park(REFUSED, told, write)


async def _under_way(bridge: Bridge, job: Claim) -> Snooze | None:
    """A declaration that got no answer may still arrive: until it shows or cannot, no other of the order is made."""
    now = bridge.clock.now()
    if job.previous_claim_at is not None and now < job.previous_claim_at + bridge.terms.quarantine:
        until = job.previous_claim_at + bridge.terms.quarantine
        return Snooze(until, SETTLING, "an earlier declaration may still be under way")
    if await bridge.db.read(unsettled, job, UNSETTLED, kinds=DECLARATIONS):
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
    return hold.kind == MARK_UNKNOWN and tracking.purchase_mark(hold.figures["mark"]) == purchase.mark


def _shows(declared: Sequence[Shipment], shipment: Shipment) -> bool:
    return any(known.number == shipment.number for known in declared)


def _announce(session: Session, bridge: Bridge, shipment: Shipment, now: datetime) -> None:
    purchase = purchases.by_mark(session, tracking.purchase_mark(shipment.mark or ""))
    if purchase is None:
        subject = f"parcel {shipment.number}"
        holds.open_hold(session, MARK_UNKNOWN, subject, {"mark": shipment.mark or "none"}, now=now)
        return
    if _way(bridge, purchase.route) is not ShippingWay.FORWARDER:
        return  # its booking reads the number, and sees whether there is a second one
    for one in merging.together(session, purchase):
        pass_on(session, bridge, one, shipment)


def pass_on(session: Session, bridge: Bridge, purchase: Purchase, shipment: Shipment) -> None:
    """Have a parcel declared to the order it is for; where it holds goods for several, once to each.

    A number that `replaces` another is declared in its place. One that comes beside another of the same mark, and
    nobody says what it is, is left to a person.
    """
    mark = shipment.mark or purchase.mark
    match tracking.fate(shipment, parcels.known(session, purchase, mark)):
        case Fate.DECLARE:
            parcel = parcels.announce(session, purchase, shipment)
            if parcel is not None:
                _sent_abroad(session, bridge, purchase, shipment, parcel)
        case Fate.REPLACE:
            replace_number(session, bridge, purchase, shipment.replaces or "", shipment)
        case Fate.ASK if parcels.announce(session, purchase, shipment, ParcelState.DOUBTFUL) is not None:
            others = ", ".join(number for number in parcels.known(session, purchase, mark) if number != shipment.number)
            figures = {"beside": others, "carrier": shipment.carrier, "purchase": purchase.mark}
            subject = f"{purchase.subject} {shipment.number}"
            holds.open_hold(session, TWO_NUMBERS, subject, figures, now=bridge.clock.now())


def replace_number(session: Session, bridge: Bridge, purchase: Purchase, old: str, new: Shipment) -> None:
    """A number takes the place of another: the channel is told so if it knows the old one."""
    now = bridge.clock.now()
    former, parcel = parcels.stand_for(session, purchase, old, new)
    end_parked(session, [f"fulfil.declare:{former}"], begun=f"fulfil.redeclare:{former}@")
    settled = [f"parcel {old}", *(f"{purchase.subject} {number}" for number in (old, new.number))]
    holds.close_subjects(session, settled, now=now)
    holds.close_holds(session, REFUSED, [purchase.subject], now=now)
    timeline.note(session, purchase.subject, "number changed", at=now, carrier=new.carrier, number=new.number, old=old)
    job = _job("fulfil.redeclare", session, purchase, parcel, now)
    enqueue(session, [replace(job, key=f"{job.key}@{now.timestamp():.6f}")], now=now)


def declare_too(session: Session, bridge: Bridge, parcel: Parcel) -> None:
    """A doubtful number is that of a further parcel."""
    parcels.settle(session, parcel.id)
    subject = f"{parcel.purchase.subject} {parcel.shipment.number}"
    holds.close_holds(session, TWO_NUMBERS, [subject], now=bridge.clock.now())
    _sent_abroad(session, bridge, parcel.purchase, parcel.shipment, parcel.id)


def _sent_abroad(session: Session, bridge: Bridge, purchase: Purchase, shipment: Shipment, parcel: int) -> None:
    now = bridge.clock.now()
    timeline.note(session, purchase.subject, "sent abroad", at=now, carrier=shipment.carrier, number=shipment.number)
    enqueue(session, [_job("fulfil.declare", session, purchase, parcel, now)], now=now)


def _job(kind: str, session: Session, purchase: Purchase, parcel: int, now: datetime) -> NewJob:
    return NewJob(
        kind=kind,
        key=f"{kind}:{parcel}",
        account=purchase.store,
        run_at=now,
        priority=order_priority(orders.ship_by(session, purchase.store, purchase.order_id), now),
        subject=purchase.subject,
        lock=purchase.subject,
        args={"parcel": str(parcel), "order": purchase.order_id, "store": purchase.store},
    )


def _way(bridge: Bridge, route: str) -> ShippingWay:
    """How the parcels of a route go abroad; of one the mapping files no longer have, as most do."""
    try:
        return bridge.route(route).ship
    except MappingError:
        return ShippingWay.FORWARDER


def _as_mapped(bridge: Bridge, parcel: Parcel) -> Shipment:
    """A parcel in the channel's words, as the route has them now; else in the forwarder's, which are refused."""
    word = parcel.shipment.carrier
    try:
        route = bridge.route(parcel.purchase.route)
    except MappingError:
        return parcel.shipment
    shipment = replace(parcel.shipment, carrier=route.services.get(word, word))
    other = route.others.get(word)
    return replace(shipment, site=other.site, operator=other.name) if other else shipment


def _declared(session: Session, bridge: Bridge, parcel: Parcel, shipment: Shipment, *, instead_of: str = "") -> None:
    now = bridge.clock.now()
    purchase = parcel.purchase
    parcels.declared(session, parcel.id, purchase, shipment.carrier, now=now)
    holds.close_holds(session, REFUSED, [purchase.subject], now=now)
    told = {"number": shipment.number} | ({"instead_of": instead_of} if instead_of else {})
    timeline.note(session, purchase.subject, "declared", at=now, **told)
    enqueue(session, follow.watch_jobs(bridge, shipment.number, purchase.subject, now), now=now)
    orders.settle(session, purchase.store, purchase.order_id)
