"""The inbox: a vendor's event is kept once, in the same transaction as the jobs that look into it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy.dialects.sqlite import insert as upsert
from sqlmodel import Session

from syncbridge.model.events import VendorEvent
from syncbridge.queue.job import NewJob, enqueue
from syncbridge.store.tables.work import InboxRow

JobsFor = Callable[[str, VendorEvent, datetime], Sequence[NewJob]]


def accept(
    session: Session, account: str, events: Sequence[VendorEvent], body: bytes, jobs_for: JobsFor, *, now: datetime
) -> int:
    """Keep events not known yet, with their jobs; answers how many were new."""
    fresh = 0
    for event in events:
        statement = upsert(InboxRow).values(
            account=account,
            key=event.key,
            kind=event.kind.value,
            topic=event.topic,
            body=body.decode("utf-8", "replace"),
            received_at=now,
        )
        if session.connection().execute(statement.on_conflict_do_nothing()).rowcount == 1:
            fresh += 1
            enqueue(session, jobs_for(account, event, now), now=now)
    return fresh
