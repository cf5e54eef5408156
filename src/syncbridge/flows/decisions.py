"""What a person decides about a purchase that does not go forward, refused where it could buy twice.

Each decision is one transaction with a note on the order's timeline. Adopting a vendor order reads it first, so that
is a job: what the supplier shows counts, not what was typed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlmodel import Session

from syncbridge.errors import NotFound, NotGranted, SyncBridgeError
from syncbridge.flows import dispatch, orders, vendor_orders
from syncbridge.flows.bridge import Bridge, order_priority
from syncbridge.flows.retry_queue import CARD, GOING_ON, HOLD, card_of, hold_of, job_of
from syncbridge.model.money import Money
from syncbridge.model.purchasing import PlacedOrder, Purchase, PurchaseLine, PurchaseState, VendorOrderState
from syncbridge.queue import dead_letters
from syncbridge.queue.dead_letters import StuckJob
from syncbridge.queue.execute import Done, Outcome, Park, Snooze
from syncbridge.queue.job import Claim, NewJob, enqueue
from syncbridge.rules.candidates import uncovered
from syncbridge.store import holds, placed_orders, purchases, timeline
from syncbridge.store.orders import ship_by
from syncbridge.store.tables.work import JobState

APPROVABLE = (
    "margin",
    "price_changed",
    "ineligible",
    "confirm",
    "below_moq",
    "address_changed",
    "destination_changed",
    "merged_cancelled",
)
"""Halts a person may let pass, at the figure shown."""
UNSENT = (PurchaseState.INTENDED, PurchaseState.REFUSED)
"""Nothing of these is at the supplier, so an order named for one of them was bought by hand."""
UNCLEAR = (PurchaseState.UNKNOWN, PurchaseState.BY_HAND)
"""Only these take a vendor order."""
ENDED = (PurchaseState.STOPPED, PurchaseState.DECLARED)
LONGEST_NUMBER = 40
ADOPT = "decisions.adopt"


def approve(session: Session, entry_id: str, *, why: str, now: datetime) -> None:
    """Let a halt pass at the figure shown, and go on; raises SyncBridgeError where a person may not."""
    if entry_id.startswith(HOLD):
        _approve_hold(session, entry_id, why, now)
        return
    job = job_of(session, entry_id)
    purchase = _purchase_of(session, entry_id)
    figures = holds.open_figures(session, [job.subject]).get((job.reason_code, job.subject), {})
    if figures.get("purchase", purchase.mark) != purchase.mark:
        raise SyncBridgeError(
            f"the figures shown are those of purchase {figures['purchase']}; decide about that first, "
            f"then: syncbridge queue retry {entry_id}"
        )
    _let_pass(session, purchase, job.reason_code, figures, why, now)
    if not dead_letters.retry(session, job.id, now=now):
        raise SyncBridgeError(f"{entry_id} is {job.state}; only parked and waiting entries can be approved")
    holds.close_holds(session, job.reason_code, [job.subject], now=now)


def not_placed(session: Session, entry_id: str, *, why: str, quarantine: timedelta, now: datetime) -> None:
    """The person has looked: nothing was bought, so the same intent is sent again. Raises SyncBridgeError if unsafe.

    Safe only after the quarantine, and once a look-up after it has found nothing.
    """
    purchase = _purchase_of(session, entry_id)
    _refuse_merged(session, purchase)
    if purchase.state is not PurchaseState.UNKNOWN or purchase.sent_at is None:
        raise SyncBridgeError(f"purchase {purchase.mark} is {purchase.state}, not unknown; there is nothing to declare")
    place = dead_letters.named(session, vendor_orders.place_key(purchase))
    if place is None or not _found_nothing(place, since=purchase.sent_at + quarantine):
        raise SyncBridgeError(
            f"purchase {purchase.mark} may still appear at the supplier: it is looked up by itself "
            f"{quarantine.total_seconds():.0f} s after it was sent; decide once that has found nothing"
        )
    if dead_letters.under_way(session, ADOPT, _lock(purchase)):
        raise SyncBridgeError(f"an order number was given for purchase {purchase.mark} and is being looked at; wait")
    if not purchases.move(session, purchase.id, PurchaseState.INTENDED, when=[PurchaseState.UNKNOWN]):
        raise SyncBridgeError(f"purchase {purchase.mark} was settled meanwhile; see: syncbridge queue list")
    dead_letters.retry(session, place.id, now=now)
    timeline.note(session, purchase.subject, "declared not placed by a person", at=now, mark=purchase.mark, why=why)


def switch(session: Session, bridge: Bridge, entry_id: str, *, why: str) -> None:
    """Buy it from the next backup instead; raises SyncBridgeError if there is none, or it may have been bought here."""
    purchase = _purchase_of(session, entry_id)
    if purchase.state not in UNSENT:
        raise SyncBridgeError(f"purchase {purchase.mark} is {purchase.state}: it may have been bought where it is")
    splits = orders.reroute(session, bridge, purchase)
    if splits is None:
        raise SyncBridgeError(
            f"no backup is left for purchase {purchase.mark}; name one for its SKUs in the mapping files, "
            "under skus: … backups"
        )
    orders.switch(session, bridge, purchase, splits, why)
    place = dead_letters.named(session, vendor_orders.place_key(purchase))
    if place is not None:
        dead_letters.drop(session, place.id, why=f"switched to a backup: {why}", now=bridge.clock.now())


def urge(session: Session, entry_id: str, *, now: datetime) -> None:
    """Ask the supplier to ship what is paid; raises SyncBridgeError as `dispatch.ask`."""
    dispatch.ask(session, _purchase_of(session, entry_id), now=now)


def ask_to_adopt(
    session: Session,
    entry_id: str,
    numbers: Sequence[str],
    *,
    total: Money | None = None,
    even_so: bool = False,
    now: datetime,
) -> None:
    """The person says which vendor orders an entry's purchase became; raises SyncBridgeError if it can have none."""
    _ask(session, _purchase_of(session, entry_id), numbers, total, even_so, now)


def ask_to_adopt_by_mark(session: Session, mark: str, numbers: Sequence[str], *, now: datetime) -> None:
    """The same for the purchase a parcel mark names."""
    purchase = purchases.by_mark(session, mark)
    if purchase is None:
        raise SyncBridgeError(f"no purchase has the mark {mark}; copy it from: syncbridge purchases list")
    _ask(session, purchase, numbers, None, False, now)


async def adopt(bridge: Bridge, job: Claim) -> Outcome:
    """Read the vendor orders a person named, and take them for the purchase's if nothing speaks against it."""
    purchase = await bridge.db.read(purchases.get, int(job.args["purchase"]))
    numbers = job.args["vendor_orders"].split(",")
    if await bridge.db.read(_has, purchase, numbers):
        return Done()
    if purchase.state is PurchaseState.UNKNOWN and purchase.sent_at is not None:
        until = purchase.sent_at + bridge.terms.quarantine
        if bridge.clock.now() < until:
            return Snooze(until, "settling", "the purchase may still appear at the supplier by itself")
    found = await _read(bridge, purchase, numbers, job.args.get("total"))
    if isinstance(found, Park):
        return found
    problem = await bridge.db.read(_objection, purchase.id, found)
    if problem:
        return Park("adopt_refused", problem)
    open_lines = uncovered(purchase.lines, [line for order in found for line in order.lines])
    if open_lines and "even_so" not in job.args:
        return _mismatch(bridge, purchase, found, open_lines)
    return Done(lambda session: _adopt(session, bridge, purchase, found))


async def _read(
    bridge: Bridge, purchase: Purchase, numbers: Sequence[str], total: str | None
) -> Sequence[PlacedOrder] | Park:
    """The vendor orders as the supplier shows them, or as typed where the account may not read them."""
    supplier = bridge.suppliers[purchase.supplier]
    try:
        return [await supplier.order(number) for number in numbers]
    except NotFound as error:
        return Park("adopt_refused", f"account {purchase.supplier} has no such order: {error}")
    except NotGranted:
        if total is None:
            return Park("adopt_total", f"account {purchase.supplier} may not read orders, so say what it cost")
        return _as_typed(purchase, numbers, Money.parse(total))


def _as_typed(purchase: Purchase, numbers: Sequence[str], total: Money) -> list[PlacedOrder]:
    """Vendor orders on the person's word: what they cost together, and whether they are paid is not known."""
    nothing = Money.zero(total.currency)
    first = PlacedOrder(numbers[0], VendorOrderState.OTHER, total, nothing, lines=purchase.lines)
    return [first, *(PlacedOrder(number, VendorOrderState.OTHER, nothing, nothing) for number in numbers[1:])]


def _adopt(session: Session, bridge: Bridge, purchase: Purchase, found: Sequence[PlacedOrder]) -> None:
    """Take them, through the same path as the poll; raises SyncBridgeError if somebody else did meanwhile."""
    problem = _objection(session, purchase.id, found)
    if problem:
        raise SyncBridgeError(problem)
    numbers = ", ".join(order.vendor_order_id for order in found)
    timeline.note(session, purchase.subject, "adopted by a person", at=bridge.clock.now(), vendor_orders=numbers)
    vendor_orders.adopted(session, bridge, purchase, found)


def _objection(session: Session, purchase_id: int, found: Sequence[PlacedOrder]) -> str:
    """Why these vendor orders cannot be the purchase's whatever anybody says; empty if they can."""
    purchase = purchases.get(session, purchase_id)
    if purchase.state not in UNCLEAR:
        return f"purchase {purchase.mark} is {purchase.state} by now, so it takes no order"
    for order in found:
        owner = placed_orders.purchase_of(session, purchase.supplier, order.vendor_order_id)
        owner = owner or placed_orders.named_by(session, order)
        if owner is not None and owner.id != purchase.id:
            return f"order {order.vendor_order_id} belongs to purchase {owner.mark} of {owner.subject}"
        if order.state is VendorOrderState.CANCELLED:
            return f"order {order.vendor_order_id} was cancelled at the supplier"
    return ""


def _mismatch(
    bridge: Bridge, purchase: Purchase, found: Sequence[PlacedOrder], open_lines: Sequence[PurchaseLine]
) -> Outcome:
    numbers = ", ".join(order.vendor_order_id for order in found)
    why = f"order {numbers} lacks {_listed(open_lines)} of purchase {purchase.mark}"
    figures = {"why": why, "purchase": purchase.mark, "wanted": _listed(purchase.lines)}
    figures |= {f"order {order.vendor_order_id}": _listed(order.lines) or "no lines" for order in found}

    def write(session: Session) -> None:
        holds.open_hold(session, "adopt_mismatch", purchase.subject, figures, now=bridge.clock.now())

    return Park("adopt_mismatch", why, write)


def _ask(
    session: Session, purchase: Purchase, numbers: Sequence[str], total: Money | None, even_so: bool, now: datetime
) -> None:
    """Write the job that adopts; from here on the purchase is never sent, for the person says it is bought."""
    _refuse_merged(session, purchase)
    if purchase.state not in (*UNSENT, *UNCLEAR):
        raise SyncBridgeError(f"purchase {purchase.mark} is {purchase.state}, so it takes no order now")
    for number in numbers:
        if not (number.isascii() and number.isalnum() and len(number) <= LONGEST_NUMBER):
            raise SyncBridgeError(f"{number!r} is no order number; copy it from the supplier's page")
    if total is not None and total <= Money.zero(total.currency):
        raise SyncBridgeError(f"{total} is no price; write what the order cost, such as 12.30 CNY")
    purchases.move(session, purchase.id, PurchaseState.BY_HAND, when=UNSENT)
    dead_letters.supersede(session, ADOPT, _lock(purchase))
    holds.close_holds(session, "adopt_mismatch", [purchase.subject], now=now)
    named = ",".join(dict.fromkeys(numbers))
    args = {"purchase": str(purchase.id), "order": purchase.order_id, "store": purchase.store, "vendor_orders": named}
    args |= {"total": f"{total.amount} {total.currency}"} if total else {}
    args |= {"even_so": "yes"} if even_so else {}
    job = NewJob(
        kind=ADOPT,
        key=f"{ADOPT}:{purchase.id}@{now.isoformat()}",
        account=purchase.supplier,
        run_at=now,
        priority=order_priority(ship_by(session, purchase.store, purchase.order_id), now),
        subject=purchase.subject,
        lock=_lock(purchase),
        args=args,
    )
    enqueue(session, [job], now=now)
    timeline.note(session, purchase.subject, "named by a person", at=now, vendor_orders=named, mark=purchase.mark)


def _refuse_merged(session: Session, purchase: Purchase) -> None:
    """What becomes of it is decided for the purchase it was sent together with."""
    if purchase.merged_into is not None:
        holder = purchases.get(session, purchase.merged_into)
        raise SyncBridgeError(
            f"purchase {purchase.mark} was sent together with purchase {holder.mark} of {holder.subject}; "
            "decide about that one, and this one follows"
        )


def _found_nothing(place: StuckJob, *, since: datetime) -> bool:
    """Whether its last look-up came to its end after that time and found no order."""
    parked = place.state == JobState.PARKED and place.reason_code == "unknown"
    return parked and place.finished_at is not None and place.finished_at >= since


def _lock(purchase: Purchase) -> str:
    """Of every job that could send, pay or adopt it."""
    return f"purchase:{purchase.id}"


def _approve_hold(session: Session, entry_id: str, why: str, now: datetime) -> None:
    """No job speaks for it, so it is let pass for every purchase it is about that still goes on."""
    hold = hold_of(session, entry_id)
    store, _, order_id = hold.subject.removeprefix("order ").partition("/")
    going_on = [
        purchase
        for purchase in purchases.of_order(session, store, order_id)
        if purchase.state not in ENDED and hold.figures.get("purchase", purchase.mark) == purchase.mark
    ]
    if not going_on:
        raise SyncBridgeError(f"{entry_id} is about no purchase that goes on, so there is nothing to let pass")
    for purchase in going_on:
        _let_pass(session, purchase, hold.kind, hold.figures, why, now)
    holds.close(session, hold.id, now=now)


def _let_pass(
    session: Session, purchase: Purchase, code: str, figures: Mapping[str, str], why: str, now: datetime
) -> None:
    if code not in APPROVABLE:
        raise SyncBridgeError(f"{code or 'this'} cannot be let pass by a person; repair its cause")
    limit = figures.get("limit")
    if not limit:
        raise SyncBridgeError(f"no figure is kept for {code} of purchase {purchase.mark}; retry it, and decide then")
    purchases.approve(session, purchase.id, code, limit)
    timeline.note(session, purchase.subject, f"approved by a person: {code}", at=now, limit=limit, why=why)


def _purchase_of(session: Session, entry_id: str) -> Purchase:
    if entry_id.startswith(CARD):
        return card_of(session, entry_id)
    if entry_id.startswith(GOING_ON):
        return _late(session, entry_id)
    number = "" if entry_id.startswith(HOLD) else job_of(session, entry_id).args.get("purchase", "")
    if not number:
        raise SyncBridgeError(f"{entry_id} is not about a purchase; see: syncbridge queue show {entry_id}")
    return purchases.get(session, int(number))


def _late(session: Session, entry_id: str) -> Purchase:
    """The purchase a ``late-`` entry is about, whether it is late or not any more."""
    number = entry_id.removeprefix(GOING_ON)
    purchase = purchases.known(session, int(number)) if number.isascii() and number.isdigit() else None
    if purchase is None:
        raise SyncBridgeError(f"there is no purchase {entry_id}; see: syncbridge queue list --late")
    return purchase


def _has(session: Session, purchase: Purchase, numbers: Sequence[str]) -> bool:
    known = set(placed_orders.of_purchase(session, purchase.id))
    return purchase.state not in UNCLEAR and known.issuperset(numbers)


def _listed(lines: Sequence[PurchaseLine]) -> str:
    return ", ".join(f"{line.offer_id}/{line.spec_id} × {line.quantity}" for line in lines)
