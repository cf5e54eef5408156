"""Database files of tests: in one process they share an engine, since each engine compiles its statements anew."""

from __future__ import annotations

import contextlib
import functools
import sqlite3
import tempfile
from pathlib import Path

from cryptography.fernet import Fernet, MultiFernet
from sqlalchemy import Engine, event
from sqlmodel import SQLModel

from syncbridge.settings import Settings
from syncbridge.store.db import load_keys, open_engine
from syncbridge.store.migrate import migrate

KEYS = MultiFernet([Fernet(Fernet.generate_key())])
_next: dict[str, Path] = {}


def engine(file: Path) -> Engine:
    """The process's engine; from now on it connects to this file."""
    _next["file"] = file
    return _shared()


def new_file(file: Path) -> Engine:
    """The same, on a file that has every table, and nothing in them."""
    file.write_bytes(_empty())
    return engine(file)


def as_after_a_first_start(settings: Settings) -> None:
    """Put what the settings name in place: a key, and an empty database that was migrated, once in each process."""
    load_keys(settings.key_file)
    settings.database_file.write_bytes(_migrated())


@functools.cache
def _migrated() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "migrated.db"
        made = open_engine(f"sqlite:///{file}", KEYS, durable=False)
        migrate(made)
        made.dispose()
        with contextlib.closing(sqlite3.connect(file)) as source:
            return source.serialize()


@functools.cache
def _shared() -> Engine:
    made = open_engine("sqlite:///named-at-each-connect.db", KEYS, durable=False)

    @event.listens_for(made, "do_connect")
    def _to_the_file(_dialect: object, _record: object, args: list[object], _kwargs: object) -> None:
        args[:] = [str(_next["file"])]

    return made


@functools.cache
def _empty() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "empty.db"
        SQLModel.metadata.create_all(engine(file))
        with contextlib.closing(sqlite3.connect(file)) as source:
            return source.serialize()
