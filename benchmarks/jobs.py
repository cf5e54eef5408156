"""Jobs: one transaction claims, one closes, both durable. Raw SQL, our statements, and rows through the ORM."""

from __future__ import annotations

import asyncio
import secrets
import sqlite3
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

from sqlmodel import Session

from benchmarks.measure import Case, Figure, at_once
from benchmarks.places import NOW, Stopwatch, committed, database, engine_in, raw, stored
from syncbridge.queue import job as jobs
from syncbridge.queue.job import NewJob
from syncbridge.store.db import SqliteDatabase
from syncbridge.store.tables.work import Job, JobState

GROUP = "jobs (claim + close)"
JOBS = 150
LEASE = timedelta(seconds=120)
CLAIM = """
UPDATE job SET state = 'running', token = :token, attempt = attempt + 1, previous_claim_at = claimed_at,
  claimed_at = :now, lease_until = :lease
WHERE id = :id AND state = 'ready' AND run_at <= :now
  AND NOT EXISTS (SELECT 1 FROM job other WHERE other.lock = job.lock AND other.state = 'running')
  AND NOT EXISTS (SELECT 1 FROM account_state a WHERE a.account = job.account AND a.paused_until > :now)
RETURNING kind, key, account, subject, args, priority, attempt, previous_claim_at
"""
CLOSE = """
UPDATE job SET state = 'done', finished_at = :now, token = NULL, lease_until = NULL, reason_code = '', reason = ''
WHERE id = :id AND token = :token
"""


def _new_jobs() -> list[NewJob]:
    return [
        NewJob("orders.take", f"orders.take:{n}", "toys", NOW, NOW, f"order toys/{n}", f"order toys/{n}")
        for n in range(JOBS)
    ]


def _raw(folder: Path) -> Figure:
    with raw(folder) as connection:
        _fill_raw(connection)
        watch = Stopwatch()
        for job_id in range(1, JOBS + 1):
            values = {"id": job_id, "token": secrets.token_hex(8), "now": stored(NOW), "lease": stored(NOW + LEASE)}
            with committed(connection):
                connection.execute(CLAIM, values).fetchone()
            with committed(connection):
                connection.execute(CLOSE, values)
        return Figure(JOBS, watch.seconds, f"{2 * JOBS} commits")


def _fill_raw(connection: sqlite3.Connection) -> None:
    rows = [(j.kind, j.key, j.account, j.subject, j.lock, stored(NOW)) for j in _new_jobs()]
    with committed(connection):
        connection.executemany(
            "INSERT INTO job (kind, key, account, subject, lock, run_at, priority, created_at, args, state, attempt,"
            " reason_code, reason) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6, ?6, '{}', 'ready', 0, '', '')",
            rows,
        )


async def _ours(folder: Path, most: int) -> Figure:
    async def one(job_id: int) -> None:
        claim = await db.run(jobs.claim, job_id, now=NOW, lease=LEASE)
        assert claim is not None
        await db.run(jobs.finish, claim, now=NOW)

    async with database(folder) as db:
        return await _measured(db, one, most)


async def _rows(folder: Path, most: int) -> Figure:
    async def one(job_id: int) -> None:
        await db.run(_claim_row, job_id)
        await db.run(_close_row, job_id)

    async with database(folder) as db:
        return await _measured(db, one, most)


async def _measured(db: SqliteDatabase, one: Callable[[int], Awaitable[None]], most: int) -> Figure:
    await db.run(jobs.enqueue, _new_jobs(), now=NOW)
    before = db.commits
    watch = Stopwatch()
    await at_once(one, range(1, JOBS + 1), most)
    return Figure(JOBS, watch.seconds, f"{db.commits - before} commits")


def _sessions(folder: Path) -> Figure:
    engine = engine_in(folder)
    with Session(engine) as session:
        jobs.enqueue(session, _new_jobs(), now=NOW)
        session.commit()
    watch = Stopwatch()
    for job_id in range(1, JOBS + 1):
        for change in (_claim_row, _close_row):
            with Session(engine) as session:
                change(session, job_id)
                session.commit()
    return Figure(JOBS, watch.seconds, f"{2 * JOBS} commits")


def _claim_row(session: Session, job_id: int) -> None:
    row = session.get_one(Job, job_id)
    assert row.state == JobState.READY
    row.state, row.token, row.attempt = JobState.RUNNING, secrets.token_hex(8), row.attempt + 1
    row.previous_claim_at, row.claimed_at, row.lease_until = row.claimed_at, NOW, NOW + LEASE


def _close_row(session: Session, job_id: int) -> None:
    row = session.get_one(Job, job_id)
    row.state, row.finished_at, row.token, row.lease_until = JobState.DONE, NOW, None, None


CASES = [
    Case(GROUP, "sqlite3, two commits each", _raw),
    Case(GROUP, "queue.job, 20 at once", lambda folder: asyncio.run(_ours(folder, 20))),
    Case(GROUP, "queue.job, one at a time", lambda folder: asyncio.run(_ours(folder, 1))),
    Case(GROUP, "ORM rows by db.run, 20 at once", lambda folder: asyncio.run(_rows(folder, 20))),
    Case(GROUP, "ORM Session, two commits each", _sessions),
]
