"""Jobs that do not go forward by themselves: parked ones, and those that wait after a failure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, func, or_, select, update
from sqlmodel import Session, col

from syncbridge.store.rows import chunks, row_of, rows_of, value
from syncbridge.store.tables.work import Job, JobState


@dataclass(frozen=True, slots=True)
class StuckJob:
    """A job that is not going forward, and why."""

    id: int
    kind: str
    account: str
    subject: str
    args: Mapping[str, str]
    state: str
    attempt: int
    run_at: datetime
    """The next attempt, unless it is parked."""
    priority: datetime
    reason_code: str
    reason: str
    created_at: datetime
    finished_at: datetime | None
    """When it was parked."""


def stuck(session: Session) -> list[StuckJob]:
    """All of them, most urgent first."""
    return [value(StuckJob, row) for row in rows_of(session, _ALL_STUCK)]


_IS_STUCK = or_(col(Job.state) == JobState.PARKED, and_(col(Job.state) == JobState.READY, col(Job.reason_code) != ""))
_ALL_STUCK = select(Job).where(_IS_STUCK).order_by(col(Job.priority), col(Job.id))


def get(session: Session, job_id: int) -> StuckJob | None:
    """One job, whatever its state."""
    row = row_of(session, Job, job_id)
    return None if row is None else value(StuckJob, row)


def named(session: Session, key: str) -> StuckJob | None:
    """The job of that key, whatever its state."""
    found = rows_of(session, select(Job).where(col(Job.key) == key))
    return value(StuckJob, found[0]) if found else None


def of_keys(session: Session, keys: Collection[str]) -> dict[str, tuple[str, str]]:
    """(reason code, reason) of those of these jobs that are stuck, by subject."""
    query = select(col(Job.subject), col(Job.reason_code), col(Job.reason)).where(_IS_STUCK).order_by(col(Job.id))
    return {
        row.subject: (row.reason_code, row.reason)
        for some in chunks(keys)
        for row in session.connection().execute(query.where(col(Job.key).in_(some)))
    }


def causes(session: Session) -> set[tuple[str, str]]:
    """(reason code, subject) of every job that has not come to its end, also of those being tried at this moment."""
    return {(row.reason_code, row.subject) for row in session.connection().execute(_CAUSES)}


_CAUSES = select(col(Job.reason_code), col(Job.subject)).where(
    col(Job.state).in_([JobState.READY, JobState.RUNNING, JobState.PARKED]), col(Job.reason_code) != ""
)


def under_way(session: Session, kind: str, lock: str) -> list[Mapping[str, str]]:
    """The arguments of jobs of this kind and lock that still wait or run."""
    query = select(col(Job.args)).where(
        col(Job.kind) == kind, col(Job.lock) == lock, col(Job.state).in_([JobState.READY, JobState.RUNNING])
    )
    return list(session.connection().execute(query).scalars())


def supersede(session: Session, kind: str, lock: str) -> None:
    """Close what is parked of a kind and lock: the same is asked for anew."""
    session.connection().execute(
        update(Job)
        .where(col(Job.kind) == kind, col(Job.lock) == lock, col(Job.state) == JobState.PARKED)
        .values(state=JobState.DONE)
    )


def retry(session: Session, job_id: int, *, now: datetime) -> bool:
    """Try a parked or waiting job now, with all its attempts again; answers whether there was one."""
    return _change(session, job_id, {"state": JobState.READY, "run_at": now, "attempt": 0, "finished_at": None})


def drop(session: Session, job_id: int, *, why: str, now: datetime) -> bool:
    """A person says it need not be done; answers whether there was one."""
    change = {"state": JobState.DROPPED, "reason": why, "finished_at": now}
    return _change(session, job_id, change)


def figures(session: Session) -> dict[str, int]:
    """Counts for people: parked jobs, and jobs that needed more than one attempt."""
    count = select(func.count()).select_from(Job)
    connection = session.connection()
    return {
        "parked": connection.execute(count.where(col(Job.state) == JobState.PARKED)).scalar_one(),
        "retried": connection.execute(count.where(col(Job.attempt) > 1)).scalar_one(),
    }


def _change(session: Session, job_id: int, change: Mapping[str, object]) -> bool:
    result = session.connection().execute(
        update(Job).where(col(Job.id) == job_id, col(Job.state).in_([JobState.PARKED, JobState.READY])).values(change)
    )
    return result.rowcount == 1
