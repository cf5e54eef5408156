"""What happened, appended: it explains every outward write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import insert, select
from sqlmodel import Session, col

from syncbridge.store.tables.work import TimelineRow


def note(session: Session, subject: str, event: str, *, at: datetime, **details: object) -> None:
    """Append what happened to a subject such as ``order toys/8172481060036440``."""
    row = {"at": at, "subject": subject, "event": event, "details": {k: str(v) for k, v in details.items()}}
    session.connection().execute(_NOTE, row)


def note_all(session: Session, events: Sequence[tuple[str, str, Mapping[str, str]]], *, at: datetime) -> None:
    """The same for many: (subject, event, details) each."""
    if events:
        rows = [{"at": at, "subject": subject, "event": event, "details": told} for subject, event, told in events]
        session.connection().execute(_NOTE, rows)


_NOTE = insert(TimelineRow)


def of(session: Session, subject: str) -> list[tuple[datetime, str, dict[str, str]]]:
    """Everything noted of a subject, oldest first."""
    rows = session.connection().execute(
        select(col(TimelineRow.at), col(TimelineRow.event), col(TimelineRow.details))
        .where(col(TimelineRow.subject) == subject)
        .order_by(col(TimelineRow.id))
    )
    return [(row.at, row.event, row.details) for row in rows]


def since(session: Session, event: str, at: datetime) -> list[tuple[str, dict[str, str]]]:
    """Where this happened since then, oldest first: the subject and what was noted."""
    rows = session.connection().execute(
        select(col(TimelineRow.subject), col(TimelineRow.details))
        .where(col(TimelineRow.event) == event, col(TimelineRow.at) >= at)
        .order_by(col(TimelineRow.id))
    )
    return [(row.subject, row.details) for row in rows]
