"""Suppliers that do not ship what was paid are asked to, once a day, and a person is told; their pace is measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlmodel import Session

from syncbridge.errors import NotGranted, OutcomeUnknown, Rejected, SyncBridgeError
from syncbridge.flows.bridge import Bridge, order_priority
from syncbridge.model.purchasing import Purchase, VendorOrderState
from syncbridge.ports import Urges
from syncbridge.queue.execute import Done, Outcome
from syncbridge.queue.job import Claim, NewJob, enqueue
from syncbridge.rules import dispatch
from syncbridge.rules.deadlines import UNMEASURED, Progress
from syncbridge.rules.rescues import may_urge
from syncbridge.store import catalogue, holds, lead_times, orders, placed_orders, purchases, timeline

LATE = "supplier_late"
"""What was paid is not shipped, although its supplier promised."""


async def check(bridge: Bridge, job: Claim) -> Outcome:
    """Find what a supplier account has paid for and is not shipped in time, and measure how long what was took."""
    account = job.account
    routes = {route.name: UNMEASURED[route.ship] for route in bridge.rules.routes if route.supplier == account}
    leads = await bridge.db.read(lead_times.measure, account, routes)

    def write(session: Session) -> None:
        _check(session, bridge, account)
        lead_times.keep(session, leads, now=bridge.clock.now())

    return Done(write)


async def urge(bridge: Bridge, job: Claim) -> Outcome:
    """Ask to ship a vendor order; a lost answer is as good as one, for it is asked once a day."""
    supplier, vendor_order_id = bridge.suppliers[job.account], job.args["vendor_order"]
    if not isinstance(supplier, Urges):
        said = f"account {job.account} cannot be asked by API; write to the supplier"
        return Done(lambda session: _note(session, job, said, bridge.clock.now()))
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


def ask(session: Session, purchase: Purchase, *, now: datetime) -> None:
    """A person wants a purchase shipped: ask for what waits of it; raises SyncBridgeError if nothing may be."""
    jobs = _urge_jobs(session, [purchase], placed_orders.progress(session, [purchase.holder]), now)
    if not jobs:
        raise SyncBridgeError(
            f"nothing of purchase {purchase.mark} is paid and waits to be shipped, or its supplier was asked for it "
            "within the day, which is as often as it may be"
        )
    enqueue(session, jobs, now=now)
    timeline.note(session, purchase.subject, "to be urged, by a person", at=now, mark=purchase.mark)


def _check(session: Session, bridge: Bridge, account: str) -> None:
    now = bridge.clock.now()
    late = {one.subject: (one, since) for one, since in _due(session, account) if since <= now}
    over = [hold for hold in holds.all_open(session) if hold.kind == LATE and hold.figures["supplier"] == account]
    holds.close_holds(session, LATE, [hold.subject for hold in over if hold.subject not in late], now=now)
    progress = placed_orders.progress(session, [purchase.id for purchase, _ in late.values()])
    told = {}
    for purchase, since in late.values():
        waiting = [number for number, one in progress.get(purchase.id, {}).items() if one.waits_to_be_shipped]
        figures = {"supplier": account, "since": since.isoformat(), "vendor_orders": ", ".join(waiting)}
        told[LATE, purchase.subject] = figures | {"purchase": purchase.mark}
    holds.open_many(session, told, now=now)
    enqueue(session, _urge_jobs(session, [purchase for purchase, _ in late.values()], progress, now), now=now)


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
    number = job.args["vendor_order"]
    placed_orders.urged(session, job.account, number, now=now)
    timeline.note(session, job.subject, "supplier urged", at=now, vendor_order=number, said=said)


def _urge_jobs(
    session: Session, bought: Sequence[Purchase], progress: Mapping[int, Mapping[str, Progress]], now: datetime
) -> list[NewJob]:
    """One for each vendor order that may be asked for now; the last time tells occasions apart, whoever wants it."""
    seen = orders.glances(session, {(purchase.store, purchase.order_id) for purchase in bought})
    return [
        NewJob(
            kind="dispatch.urge",
            key=f"dispatch.urge:{purchase.supplier}/{number}:{one.urged_at}",
            account=purchase.supplier,
            run_at=now,
            priority=order_priority(seen[purchase.store, purchase.order_id][0], now),
            subject=purchase.subject,
            args={"vendor_order": number},
        )
        for purchase in bought
        for number, one in progress.get(purchase.holder, {}).items()
        if may_urge(one, now)
    ]
