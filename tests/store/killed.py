"""Does with a database what the test asks for, in children that are really killed; run as a program.

``writer FOLDER ROUNDS`` prints ``round.number`` for each unit that was acknowledged.
``migration FILE`` kills an upgrade at its first, second … statement until one comes through; prints what is left.
``two FILE`` upgrades twice at once and prints how they ended.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import signal
import sqlite3
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from alembic import command  # noqa: F401  once, before the children fork
from cryptography.fernet import Fernet, MultiFernet
from sqlalchemy import Connection, Engine, event
from sqlmodel import Session, SQLModel

from syncbridge.store import backup, migrate, timeline
from syncbridge.store.db import SqliteDatabase, open_engine

NOW = datetime(2026, 3, 2, tzinfo=UTC)
TOGETHER = 20


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def dies(file: Path, *, quick: bool = False) -> None:
    die()


def opened(file: Path) -> Engine:
    return open_engine(f"sqlite:///{file}", MultiFernet([Fernet(Fernet.generate_key())]))


def child(work: Callable[[], None]) -> int:
    """Fork, work, and end; answers the child's id."""
    pid = os.fork()
    if pid == 0:
        with contextlib.suppress(BaseException):
            work()
            os._exit(0)
        os._exit(1)
    return pid


def status(pid: int) -> int:
    return os.waitpid(pid, 0)[1]


def put(session: Session, name: str) -> None:
    timeline.note(session, "units", name, at=NOW)


async def write(file: Path, round_: int) -> None:
    """Write without an end, a checkpoint after each commit; every third round dies in the middle of a group."""
    db = SqliteDatabase(opened(file))
    await db.run(lambda session: session.connection().exec_driver_sql("PRAGMA wal_autocheckpoint = 1").close())
    number = 0

    async def unit(own: int) -> None:
        if round_ % 3 == 0 and own == 5 * TOGETHER + TOGETHER // 2:
            await db.run(lambda _: die())
        await db.run(put, f"{round_}.{own}")
        os.write(1, f"{round_}.{own}\n".encode())

    while True:
        await asyncio.gather(*(unit(number + n) for n in range(TOGETHER)))
        number += TOGETHER


def begin_writing(file: Path, round_: int) -> None:
    asyncio.run(write(file, round_))


def killed_writers(folder: Path, rounds: int) -> None:
    engine = opened(folder / "store.db")
    SQLModel.metadata.create_all(engine)
    engine.dispose()
    for round_ in range(rounds):
        pid = child(partial(begin_writing, folder / "store.db", round_))
        time.sleep(0.15 + round_ * 0.013)
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        status(pid)


def upgrade(file: Path, *, dies_at: int) -> None:
    """Upgrade, and die before the statement of that number; 0 is while the copy is made."""
    if dies_at == 0:
        backup.check = dies
    engine, count = opened(file), 0

    @event.listens_for(engine, "before_cursor_execute")
    def _count(*_: object) -> None:
        nonlocal count
        count += 1
        if count == dies_at:
            die()

    migrate.migrate(engine)


def killed_migrations(file: Path) -> None:
    for dies_at in itertools.count():
        if status(child(partial(upgrade, file, dies_at=dies_at))) != signal.SIGKILL:
            return
        with contextlib.closing(sqlite3.connect(file)) as connection:
            (found,) = connection.execute("SELECT version_num FROM alembic_version").fetchone()
            (orders,) = connection.execute("SELECT count(*) FROM channel_order").fetchone()
            (line_ids,) = connection.execute(
                "SELECT count(*) FROM pragma_table_info('purchase') WHERE name = 'line_ids'"
            ).fetchone()
        sys.stdout.write(f"{found} {orders} {line_ids}\n")


def two_migrations(file: Path) -> None:
    upgrade_now = migrate._upgrade

    def slowly(connection: Connection) -> None:
        time.sleep(0.5)  # the other one has seen the old tables by now, and waits
        upgrade_now(connection)

    migrate._upgrade = slowly
    pids = [child(lambda: migrate.migrate(opened(file))) for _ in range(2)]
    sys.stdout.write(f"{[status(pid) for pid in pids]}\n")


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["writer", folder, rounds]:
            killed_writers(Path(folder), int(rounds))
        case ["migration", file]:
            killed_migrations(Path(file))
        case ["two", file]:
            two_migrations(Path(file))
