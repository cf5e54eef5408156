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
    with in_plain_words(source), contextlib.closing(_opened(source)) as old, contextlib.closing(_opened(part)) as new:
        old.backup(new)
    check(part)
    part.replace(target)


def check(file: Path, *, quick: bool = False) -> None:
    """Read the whole file; `quick` does not hold indexes against tables. Raises ConfigError if it is damaged."""
    with in_plain_words(file), contextlib.closing(_opened(file)) as connection:
        (said,) = connection.execute(f"PRAGMA {'quick' if quick else 'integrity'}_check(1)").fetchone()
    if said != "ok":
        raise ConfigError(_damaged(file, said))


def remedy(file: Path) -> str:
    """The command that puts the newest copy made before an upgrade back."""
    copies = sorted(file.parent.glob(f"{file.name}.before-*[0-9]"), key=lambda made: made.stat().st_mtime)
    if copies:
        return f"put back the copy made before the last upgrade: syncbridge db restore {shlex.quote(str(copies[-1]))}"
    return "put back the last copy that `syncbridge db backup FILE` made: syncbridge db restore FILE"


@contextlib.contextmanager
def in_plain_words(file: Path) -> Iterator[None]:
    """Turn what the disk says into a sentence: ConfigError if damaged, SyncBridgeError if it cannot be used now."""
    try:
        yield
    except (DBAPIError, sqlite3.Error) as error:
        said = getattr(error, "orig", error)
        if getattr(said, "sqlite_errorcode", 0) & 0xFF in _DAMAGE:
            raise ConfigError(_damaged(file, str(said))) from error
        if may_pass(error):
            raise SyncBridgeError(
                f"the database {file} cannot be written now ({said}): "
                "free its disk or end what locks it, then start again"
            ) from error
        raise


def _damaged(file: Path, said: str) -> str:
    return f"the database {file} is damaged ({said.splitlines()[-1]}); {remedy(file)}"


def _opened(file: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{file.absolute().as_uri()}?mode=rw", uri=True)
