"""Suppliers that do not ship what was paid are asked to, once a day, and a person is told."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlmodel import Session

from syncbridge.errors import NotGranted, OutcomeUnknown, Rejected
from syncbridge.flows.bridge import Bridge, order_priority
from syncbridge.model.purchasing import Purchase, VendorOrderState
from syncbridge.ports import Urges
from syncbridge.queue.execute import Done, Outcome
from syncbridge.queue.job import Claim, NewJob, enqueue
from syncbridge.rules import dispatch
from syncbridge.store import catalogue, holds, orders, placed_orders, purchases, timeline

LATE = "supplier_late"
"""What was paid is not shipped, although its supplier promised."""
A_DAY = timedelta(days=1)


async def check(bridge: Bridge, job: Claim) -> Outcome:
    """Find what a supplier account has paid for and is not shipped in time."""
    return Done(lambda session: _check(session, bridge, job.account))


async def urge(bridge: Bridge, job: Claim) -> Outcome:
    """Ask to ship a vendor order; a lost answer is as good as one, for it is asked once a day."""
    supplier, vendor_order_id = bridge.suppliers[job.account], job.args["vendor_order"]
    if not isinstance(supplier, Urges):
        return Done()
    if (await supplier.order(vendor_order_id)).state is not VendorOrderState.PAID:
        return Done()  # it is shipped, or gone, and the poll will say so
    try:
        await supplier.urge(vendor_order_id)
    except OutcomeUnknown as error:
        said = f"asked, without an answer: {error}"
    except (NotGranted, Rejected) as error:
        said = f"could not be asked: {error}"
    else:
        said = "asked"
    return Done(lambda session: _note(session, job, said, bridge.clock.now()))


def _check(session: Session, bridge: Bridge, account: str) -> None:
    now = bridge.clock.now()
    late = {one.subject: (one, since) for one, since in _due(session, account) if since <= now}
    over = [hold for hold in holds.all_open(session) if hold.kind == LATE and hold.figures["supplier"] == account]
    holds.close_holds(session, LATE, [hold.subject for hold in over if hold.subject not in late], now=now)
    for purchase, since in late.values():
        waiting = [
            number
            for number, state, _ in placed_orders.of_purchase(session, purchase.id)
            if state is VendorOrderState.PAID
        ]
        figures = {"supplier": account, "since": since.isoformat(), "vendor_orders": ", ".join(waiting)}
        holds.open_hold(session, LATE, purchase.subject, figures, now=now)
        ship_by = orders.ship_by(session, purchase.store, purchase.order_id)
        day = int((now - since) / A_DAY)
        enqueue(session, [_urge_job(purchase, number, day, ship_by, now) for number in waiting], now=now)


def _due(session: Session, account: str) -> list[tuple[Purchase, datetime]]:
    """What is paid and not shipped, and when it should have been."""
    unshipped = purchases.unshipped(session, account)
    offers = catalogue.offers(session, account, {line.offer_id for one in unshipped for line in one.lines})
    hours = {offer_id: offer.dispatch_hours if offer else None for offer_id, offer in offers.items()}
    return [
        (one, dispatch.due(one.sent_at, [hours[line.offer_id] for line in one.lines]))
        for one in unshipped
        if one.sent_at is not None
    ]


def _note(session: Session, job: Claim, said: str, now: datetime) -> None:
    timeline.note(session, job.subject, "supplier urged", at=now, vendor_order=job.args["vendor_order"], said=said)


def _urge_job(purchase: Purchase, vendor_order_id: str, day: int, ship_by: datetime | None, now: datetime) -> NewJob:
    return NewJob(
        kind="dispatch.urge",
        key=f"dispatch.urge:{purchase.supplier}/{vendor_order_id}:{day}",
        account=purchase.supplier,
        run_at=now,
        priority=order_priority(ship_by, now),
        subject=purchase.subject,
        args={"vendor_order": vendor_order_id},
    )
