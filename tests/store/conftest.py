"""A database in a file, with its writer thread and its readers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from cryptography.fernet import Fernet, MultiFernet
from sqlalchemy import Engine
from sqlmodel import SQLModel

from syncbridge.store.db import SqliteDatabase, open_engine


def new_keys() -> MultiFernet:
    return MultiFernet([Fernet(Fernet.generate_key())])


def new_engine(folder: Path, keys: MultiFernet | None = None) -> Engine:
    """An engine on the folder's database, with every table."""
    engine = open_engine(f"sqlite:///{folder}/store.db", keys or new_keys())
    SQLModel.metadata.create_all(engine)
    return engine


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[SqliteDatabase]:
    database = SqliteDatabase(new_engine(tmp_path))
    yield database
    await database.close()
