"""What an event makes us look into; the event itself is only a hint."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session

from syncbridge.flows.alarms import raise_alarm
from syncbridge.flows.bridge import CATALOGUE_PATIENCE, Bridge, order_priority
from syncbridge.flows.orders import take_job
from syncbridge.model.events import EventKind, VendorEvent
from syncbridge.ports import Alarm
from syncbridge.queue import inbox
from syncbridge.queue.job import NewJob

OFFER_READ = "offers.read"
"""The kind of job that reads an offer again."""


def accept(
    session: Session, bridge: Bridge, account: str, events: Sequence[VendorEvent], body: bytes, *, now: datetime
) -> bool:
    """Keep what a vendor told, with the jobs that look into it; answers whether any of it is new.

    People are told of a message that came before under the same id and said something else: somebody who knows the
    app's secret may be playing it again.
    """
    fresh = inbox.accept(session, account, events, body, jobs_for, now=now)
    for event in fresh:
        if inbox.came_otherwise(session, account, event):
            number = event.message_id if event.message_id.isdecimal() else "without number"  # its words go to no log
            why = f"{event.kind}: message {number} came again with other contents"
            raise_alarm(session, bridge, Alarm("message_altered", f"account {account}", {"why": why}))
    return bool(fresh)


def jobs_for(account: str, event: VendorEvent, now: datetime) -> Sequence[NewJob]:
    """The jobs that re-read what an event mentions."""
    match event.kind:
        case EventKind.ORDER_CHANGED:
            return [take_job(account, order_id, event.key, now) for order_id in event.subjects]
        case EventKind.OFFER_CHANGED:
            return [offer_job(account, offer_id, event.key, now) for offer_id in event.subjects]
        case EventKind.PURCHASE_CHANGED:
            return [_follow_job(account, vendor_order_id, event.key, now) for vendor_order_id in event.subjects]
        case EventKind.PARCEL_MOVED:
            return [_parcel_job(account, number, event.key, now) for number in event.subjects]
        case _:
            return []


def offer_job(account: str, offer_id: str, occasion: str, now: datetime) -> NewJob:
    """The job that re-reads an offer; `occasion` tells reasons to read it apart."""
    return NewJob(
        kind=OFFER_READ,
        key=f"{OFFER_READ}:{account}/{offer_id}@{occasion}",
        account=account,
        run_at=now,
        priority=now + CATALOGUE_PATIENCE,
        subject=f"offer {account}/{offer_id}",
        lock=f"offer:{account}/{offer_id}",
        args={"offer": offer_id},
    )


def _follow_job(account: str, vendor_order_id: str, occasion: str, now: datetime) -> NewJob:
    return NewJob(
        kind="purchase.follow",
        key=f"purchase.follow:{account}/{vendor_order_id}@{occasion}",
        account=account,
        run_at=now,
        priority=order_priority(None, now),
        subject=f"vendor order {account}/{vendor_order_id}",
        args={"vendor_order": vendor_order_id},
    )


def _parcel_job(account: str, number: str, occasion: str, now: datetime) -> NewJob:
    return NewJob(
        kind="follow.parcel",
        key=f"follow.parcel:{account}/{number}@{occasion}",
        account=account,
        run_at=now,
        priority=now + CATALOGUE_PATIENCE,
        subject=f"parcel {number}",
        args={"number": number},
    )
