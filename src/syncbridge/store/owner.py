"""Who works on a database: one daemon, known by a lock that ends with its process."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from syncbridge.errors import ConfigError


@contextlib.contextmanager
def sole_owner(file: Path) -> Iterator[None]:
    """Hold the database's owner lock, which ends with the process however it dies; raises ConfigError if it is held."""
    if not file.parent.is_dir():
        raise ConfigError(f"database_url: there is no folder {file.parent}; make it, or name another")
    with contextlib.ExitStack() as stack:
        try:
            lock = stack.enter_context(
                contextlib.closing(sqlite3.connect(f"{file}.owner", timeout=0, isolation_level=None))
            )
            lock.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            raise _not_owner(file, error) from None
        yield


def is_owned(file: Path) -> bool:
    """Whether somebody works on the database now."""
    try:
        with sole_owner(file):
            return False
    except ConfigError:
        return True


def _not_owner(file: Path, error: sqlite3.OperationalError) -> ConfigError:
    if error.sqlite_errorcode == sqlite3.SQLITE_BUSY:
        return ConfigError(f"another syncbridge daemon works on {file}; stop it first, or use another database")
    return ConfigError(f"{file}.owner cannot be locked ({error}); check the permissions of its folder")
