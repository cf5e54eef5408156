"""How far the jobs of one run are: those whose keys begin alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, case, func, or_, select
from sqlmodel import Session, col

from syncbridge.store.tables.work import Job, JobState

_END = "\U0010ffff"


@dataclass(frozen=True, slots=True)
class Tally:
    """A run in figures."""

    every: int
    open: int
    """Still to be done: ready or running."""
    next_at: datetime | None
    """When the next of them may run; None if none is open."""


def tally(session: Session, prefix: str) -> Tally:
    """The jobs whose keys begin so, counted."""
    open_ = col(Job.state).in_([JobState.READY, JobState.RUNNING])
    row = session.connection().execute(
        select(
            func.count().label("every"),
            func.coalesce(func.sum(case((open_, 1), else_=0)), 0).label("open"),
            func.min(case((open_, col(Job.run_at)))).label("next_at"),
        ).where(*_begins(prefix))
    )
    return Tally(*row.one())


def stuck(session: Session, prefix: str) -> Sequence[tuple[str, str]]:
    """(key, reason) of those that failed: parked for a person, or waiting to be tried again."""
    failed = and_(col(Job.state) == JobState.READY, col(Job.reason_code) != "")
    query = select(col(Job.key), col(Job.reason)).where(
        *_begins(prefix), or_(col(Job.state) == JobState.PARKED, failed)
    )
    return [(row.key, row.reason) for row in session.connection().execute(query.order_by(col(Job.id)))]


def _begins(prefix: str) -> tuple[ColumnElement[bool], ...]:
    return col(Job.key) >= prefix, col(Job.key) < prefix + _END
