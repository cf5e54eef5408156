"""Whole copies of a database, made while it is in use; and what to say of one that cannot be read."""

from __future__ import annotations

import contextlib
import shlex
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from syncbridge.errors import ConfigError, SyncBridgeError
from syncbridge.store.db import may_pass

_DAMAGE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def copy(source: Path, target: Path) -> None:
    """Copy a database as it is now, with what only its write-ahead log holds; the copy is whole or not there.

    Raises ConfigError if the copy turns out damaged.
    """
    part = target.with_name(f"{target.name}.part")
    part.unlink(missing_ok=True)
    part.touch(mode=0o600)
    with contextlib.closing(_opened(source)) as old, contextlib.closing(sqlite3.connect(part)) as new:
        old.backup(new)
    check(part)
    part.replace(target)


def check(file: Path, *, quick: bool = False) -> None:
    """Read the whole file; `quick` does not hold indexes against tables. Raises ConfigError if it is damaged."""
    try:
        with contextlib.closing(_opened(file)) as connection:
            (said,) = connection.execute(f"PRAGMA {'quick' if quick else 'integrity'}_check(1)").fetchone()
    except sqlite3.DatabaseError as error:
        said = str(error)
    if said != "ok":
        raise ConfigError(damaged(file, said))


def remedy(file: Path) -> str:
    """The command that puts the newest copy made before an upgrade back."""
    copies = sorted(file.parent.glob(f"{file.name}.before-*[0-9]"), key=lambda made: made.stat().st_mtime)
    if copies:
        return f"put back the copy made before the last upgrade: syncbridge db restore {shlex.quote(str(copies[-1]))}"
    return "put back the last copy that `syncbridge db backup FILE` made: syncbridge db restore FILE"


def damaged(file: Path, said: str) -> str:
    """The sentence about a database that cannot be read."""
    return f"the database {file} is damaged ({said.splitlines()[-1]}); {remedy(file)}"


@contextlib.contextmanager
def in_plain_words(file: Path) -> Iterator[None]:
    """Turn what the disk says into a sentence: ConfigError if damaged, SyncBridgeError if it cannot be used now."""
    try:
        yield
    except DBAPIError as error:
        if getattr(error.orig, "sqlite_errorcode", 0) & 0xFF in _DAMAGE:
            raise ConfigError(damaged(file, str(error.orig))) from error
        if may_pass(error):
            raise SyncBridgeError(
                f"the database {file} cannot be written now ({error.orig}): "
                "free its disk or end what locks it, then start again"
            ) from error
        raise


def _opened(file: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{file.absolute().as_uri()}?mode=rw", uri=True)
