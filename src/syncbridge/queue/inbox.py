"""The inbox: a vendor's event is kept once, in the same transaction as the jobs that look into it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy import literal, select
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlmodel import Session, col

from syncbridge.model.events import VendorEvent
from syncbridge.queue.job import NewJob, enqueue
from syncbridge.store.tables.work import InboxRow

JobsFor = Callable[[str, VendorEvent, datetime], Sequence[NewJob]]


def accept(
    session: Session, account: str, events: Sequence[VendorEvent], body: bytes, jobs_for: JobsFor, *, now: datetime
) -> list[VendorEvent]:
    """Keep events not known yet, with their jobs; answers those that are new."""
    fresh = []
    for event in events:
        row = {
            "account": account,
            "key": event.key,
            "kind": event.kind.value,
            "topic": event.topic,
            "body": body.decode("utf-8", "replace"),
            "received_at": now,
        }
        if session.connection().execute(_ACCEPT, row).rowcount == 1:
            fresh.append(event)
            enqueue(session, jobs_for(account, event, now), now=now)
    return fresh


_ACCEPT = upsert(InboxRow).on_conflict_do_nothing()


def came_otherwise(session: Session, account: str, event: VendorEvent) -> bool:
    """Whether a message of this id is in the inbox that says something else."""
    others = select(literal(1)).where(
        col(InboxRow.account) == account,
        col(InboxRow.key) > f"{event.message_id}:",
        col(InboxRow.key) < f"{event.message_id};",  # the sign after the colon
        col(InboxRow.key) != event.key,
    )
    return bool(event.message_id) and session.connection().execute(others.limit(1)).first() is not None
