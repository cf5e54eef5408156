"""A database in a file, with its writer thread and its readers."""

from __future__ import annotations

import resource
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest
from cryptography.fernet import Fernet, MultiFernet
from sqlalchemy import Engine
from sqlmodel import SQLModel

from syncbridge.store.db import Database, SqliteDatabase, open_engine
from tests import databases

Fault = Callable[[Database], AbstractAsyncContextManager[None]]
"""Something that keeps a database from writing, for a while."""


@asynccontextmanager
async def no_more_pages(db: Database) -> AsyncIterator[None]:
    """The disk is full: SQLite gets no page beyond those there are."""
    await db.run(lambda session: session.connection().exec_driver_sql("PRAGMA max_page_count = 1").close())
    yield
    await db.run(lambda session: session.connection().exec_driver_sql("PRAGMA max_page_count = 100000").close())


@asynccontextmanager
async def files_that_cannot_grow(_: Database) -> AsyncIterator[None]:
    """The system refuses to write: an input/output error, for every file of this process."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def new_keys() -> MultiFernet:
    return MultiFernet([Fernet(Fernet.generate_key())])


def new_engine(folder: Path, keys: MultiFernet | None = None) -> Engine:
    """An engine on the folder's database, with every table."""
    engine = open_engine(f"sqlite:///{folder}/store.db", keys or new_keys())
    SQLModel.metadata.create_all(engine)
    return engine


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[SqliteDatabase]:
    database = SqliteDatabase(databases.new_file(tmp_path / "store.db"))
    yield database
    await database.close()
