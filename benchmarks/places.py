"""Databases to measure on: ours, and the same file driven by sqlite3 alone, with the same pragmas."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from cryptography.fernet import Fernet, MultiFernet
from sqlalchemy import Engine
from sqlmodel import SQLModel

from syncbridge.store.db import SqliteDatabase, open_engine

NOW = datetime(2026, 11, 1, 8, 0, tzinfo=UTC)
"""Some time that is over, so that nothing waits for it."""
KEYS = MultiFernet([Fernet(Fernet.generate_key())])


class Stopwatch:
    """Seconds since it was made."""

    def __init__(self) -> None:
        self._began = time.perf_counter()

    @property
    def seconds(self) -> float:
        return time.perf_counter() - self._began


def engine_in(folder: Path) -> Engine:
    """An engine with durable commits on a fresh file with our tables."""
    engine = open_engine(f"sqlite:///{folder}/bench.db", KEYS)
    SQLModel.metadata.create_all(engine)
    return engine


@asynccontextmanager
async def database(folder: Path) -> AsyncIterator[SqliteDatabase]:
    """Our writer thread on a fresh file."""
    db = SqliteDatabase(engine_in(folder))
    try:
        yield db
    finally:
        await db.close()


@contextmanager
def raw(folder: Path) -> Iterator[sqlite3.Connection]:
    """sqlite3 alone on the same tables."""
    engine_in(folder).dispose()
    connection = sqlite3.connect(folder / "bench.db", isolation_level=None)
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {pragma}")
    try:
        yield connection
    finally:
        connection.close()


@contextmanager
def committed(connection: sqlite3.Connection) -> Iterator[None]:
    """A transaction of its own."""
    connection.execute("BEGIN IMMEDIATE")
    yield
    connection.execute("COMMIT")


def stored(moment: datetime) -> str:
    """A time as our tables hold it."""
    return moment.replace(tzinfo=None).isoformat(" ", "microseconds")
