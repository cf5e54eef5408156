"""Work that is to be done, what came in, what waits for a person, and what happened."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Column, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from syncbridge.store.types import Encrypted, Json, time_column


class JobState(StrEnum):
    """Where a job stands."""

    READY = "ready"
    """Waits for its time, or for a worker."""
    RUNNING = "running"
    """Held by a worker until its lease ends."""
    DONE = "done"
    PARKED = "parked"
    """A dead letter: waits for a person, with its reason."""
    DROPPED = "dropped"
    """A person said it need not be done."""


class Job(SQLModel, table=True):
    """One named piece of work with at most one remote write."""

    __tablename__ = "job"
    __table_args__ = (
        Index("job_due", "run_at", sqlite_where=text("state = 'ready'"), postgresql_where=text("state = 'ready'")),
        Index(
            "job_leased",
            "lease_until",
            sqlite_where=text("state = 'running'"),
            postgresql_where=text("state = 'running'"),
        ),
        Index(
            "job_one_per_lock",
            "lock",
            unique=True,
            sqlite_where=text("state = 'running' AND lock IS NOT NULL"),
            postgresql_where=text("state = 'running' AND lock IS NOT NULL"),
        ),
        Index("job_state", "state", "kind"),
    )

    id: int | None = Field(default=None, primary_key=True)
    kind: str
    key: str = Field(unique=True)
    account: str
    subject: str = ""
    """What it is about, for people: ``order toys/8172…``."""
    args: dict[str, str] = Field(sa_column=Column(Json(dict[str, str]), nullable=False))
    priority: datetime = Field(sa_column=time_column())
    """Ship-by time less expected lead time; sooner goes first."""
    lock: str | None = None
    """Jobs with the same lock never run at once."""
    state: str = JobState.READY
    run_at: datetime = Field(sa_column=time_column())
    attempt: int = 0
    token: str | None = None
    lease_until: datetime | None = Field(default=None, sa_column=time_column(nullable=True))
    claimed_at: datetime | None = Field(default=None, sa_column=time_column(nullable=True))
    previous_claim_at: datetime | None = Field(default=None, sa_column=time_column(nullable=True))
    reason_code: str = ""
    reason: str = ""
    created_at: datetime = Field(sa_column=time_column())
    finished_at: datetime | None = Field(default=None, sa_column=time_column(nullable=True))


class InboxRow(SQLModel, table=True):
    """Events accepted, each once."""

    __tablename__ = "inbox"
    __table_args__ = (UniqueConstraint("account", "key"), Index("inbox_received", "account", "received_at"))

    id: int | None = Field(default=None, primary_key=True)
    account: str
    key: str
    kind: str
    topic: str
    body: str = Field(sa_column=Column(Encrypted(), nullable=False))
    received_at: datetime = Field(sa_column=time_column())


class CursorRow(SQLModel, table=True):
    """How far a vendor's changes were read."""

    __tablename__ = "cursor"

    name: str = Field(primary_key=True)
    value: str


class HoldRow(SQLModel, table=True):
    """Stopped by a guard, waiting for a person; open while `closed_at` is empty."""

    __tablename__ = "hold"
    __table_args__ = (
        Index(
            "hold_open_once",
            "kind",
            "subject",
            unique=True,
            sqlite_where=text("closed_at IS NULL"),
            postgresql_where=text("closed_at IS NULL"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    kind: str
    subject: str
    figures: dict[str, str] = Field(sa_column=Column(Json(dict[str, str]), nullable=False))
    opened_at: datetime = Field(sa_column=time_column())
    closed_at: datetime | None = Field(default=None, sa_column=time_column(nullable=True))


class TimelineRow(SQLModel, table=True):
    """What happened to an order, a listing or an account; appended, never changed."""

    __tablename__ = "timeline"

    id: int | None = Field(default=None, primary_key=True)
    at: datetime = Field(sa_column=time_column())
    subject: str = Field(index=True)
    event: str
    details: dict[str, str] = Field(sa_column=Column(Json(dict[str, str]), nullable=False))
