"""A table of jobs, a clock that stands still, and a worker whose flows a test writes itself."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import Session, select

from syncbridge.ports import Clock
from syncbridge.queue import job as jobs
from syncbridge.queue.execute import Handler, Outcome, Worker
from syncbridge.queue.job import Claim, NewJob
from syncbridge.rules.retry import RetryPolicies
from syncbridge.store.db import InlineDatabase
from syncbridge.store.tables.work import Job
from syncbridge.testing.clock import FixedClock
from tests import databases

LEASE = timedelta(seconds=120)


def open_inline(folder: Path) -> InlineDatabase:
    """A fresh database on the caller's thread."""
    return InlineDatabase(databases.new_file(folder / "queue.db"))


class Bench:
    """Jobs of kind ``purchase.place`` and what a test does with them."""

    def __init__(self, db: InlineDatabase, clock: Clock) -> None:
        self.db = db
        self.clock = clock
        self.handlers: dict[str, Handler] = {}
        self.worker = Worker(db, clock, self.handlers, RetryPolicies())

    async def add(
        self,
        key: str = "one",
        *,
        kind: str = "purchase.place",
        account: str = "main",
        lock: str | None = None,
        run_at: datetime | None = None,
        priority: datetime | None = None,
    ) -> int:
        """Enqueue a job; answers its id."""
        now = self.clock.now()
        job = NewJob(kind, key, account, run_at or now, priority or now, subject=f"order toys/{key}", lock=lock)
        await self.db.run(jobs.enqueue, [job], now=now)
        return await self.db.read(_id_of, key)

    async def claim(self, job_id: int) -> Claim | None:
        return await self.db.run(jobs.claim, job_id, now=self.clock.now(), lease=LEASE)

    async def take(self, job_id: int) -> Claim:
        """Claim a job that can be claimed."""
        claim = await self.claim(job_id)
        assert claim is not None
        return claim

    async def due(self) -> list[int]:
        return await self.db.read(jobs.due, now=self.clock.now(), most=100)

    async def ids(self) -> dict[str, int]:
        """The ids of all jobs, by key."""
        return {row.key: row.id or 0 for row in await self.db.read(_all)}

    async def row(self, job_id: int) -> Job:
        return await self.db.read(_row, job_id)

    async def execute(self, job_id: int, handler: Handler) -> Job:
        """Run a job with this flow; answers the row afterwards."""
        self.handlers["purchase.place"] = handler
        assert await self.worker.execute(job_id)
        return await self.row(job_id)


def answering(outcome: Outcome) -> Handler:
    """A flow that always decides so."""

    async def decide(_: Claim) -> Outcome:
        return outcome

    return decide


def raising(error: Exception) -> Handler:
    """A flow that always fails so."""

    async def fail(_: Claim) -> Outcome:
        raise error

    return fail


def _id_of(session: Session, key: str) -> int:
    rows = session.connection().exec_driver_sql("SELECT id FROM job WHERE key = ?", (key,))
    return int(rows.scalar_one())


def _all(session: Session) -> list[Job]:
    return list(session.exec(select(Job)).all())


def _row(session: Session, job_id: int) -> Job:
    return session.get_one(Job, job_id)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
async def bench(tmp_path: Path, clock: FixedClock) -> AsyncIterator[Bench]:
    db = open_inline(tmp_path)
    yield Bench(db, clock)
    await db.close()
