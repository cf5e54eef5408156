"""Durable units of work: one row appended, and on the disk before the caller goes on."""

from __future__ import annotations

import asyncio
from pathlib import Path

from sqlmodel import Session

from benchmarks.measure import Case, Figure, at_once
from benchmarks.places import NOW, Stopwatch, committed, database, raw, stored
from syncbridge.store import timeline

GROUP = "durable units"
UNITS = 300


def _raw(folder: Path) -> Figure:
    append = "INSERT INTO timeline (at, subject, event, details) VALUES (?, ?, ?, ?)"
    values = (stored(NOW), "order toys/1", "read", "{}")
    with raw(folder) as connection:
        watch = Stopwatch()
        for _ in range(UNITS):
            with committed(connection):
                connection.execute(append, values)
        return Figure(UNITS, watch.seconds, f"{UNITS} commits")


def _append(session: Session) -> None:
    timeline.note(session, "order toys/1", "read", at=NOW)


async def _ours(folder: Path, most: int) -> Figure:
    async with database(folder) as db:
        watch = Stopwatch()
        await at_once(lambda _: db.run(_append), range(UNITS), most)
        return Figure(UNITS, watch.seconds, f"{db.commits} commits")


CASES = [
    Case(GROUP, "sqlite3, a commit each", _raw),
    Case(GROUP, "db.run, 20 at once", lambda folder: asyncio.run(_ours(folder, 20))),
    Case(GROUP, "db.run, one at a time", lambda folder: asyncio.run(_ours(folder, 1))),
]
