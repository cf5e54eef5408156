"""The writer commits waiting units together, each of them whole or not at all, and durable when it returns."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.fernet import Fernet, MultiFernet
from sqlalchemy.exc import OperationalError
from sqlmodel import Session, SQLModel

from syncbridge.store import cursors, timeline
from syncbridge.store.db import GROUP, InlineDatabase, SqliteDatabase, open_engine
from tests.store.conftest import new_engine

pytestmark = pytest.mark.anyio
NOW = datetime(2026, 3, 2, tzinfo=UTC)


def put(session: Session, name: str) -> str:
    timeline.note(session, "units", name, at=NOW)
    return name


def put_and_fail(session: Session, name: str) -> None:
    put(session, name)
    raise ValueError(f"{name} cannot be")


def names(session: Session) -> list[str]:
    return [event for _, event, _ in timeline.of(session, "units")]


def by_another_connection(folder: Path) -> list[str]:
    """What somebody else sees in the file."""
    connection = sqlite3.connect(folder / "store.db")
    try:
        return [row[0] for row in connection.execute("SELECT event FROM timeline ORDER BY id")]
    finally:
        connection.close()


class Gate:
    """A unit that holds the writer until it is opened, so that others queue up behind it."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.opened = threading.Event()

    def hold(self, session: Session) -> None:
        self.entered.set()
        assert self.opened.wait(5)


async def held(db: SqliteDatabase) -> tuple[Gate, asyncio.Task[None]]:
    gate = Gate()
    holding = asyncio.create_task(db.run(gate.hold))
    await asyncio.to_thread(gate.entered.wait, 5)
    return gate, holding


async def test_what_a_unit_returns_reaches_its_caller(db: SqliteDatabase) -> None:
    assert await db.run(put, "one") == "one"
    assert await db.read(names) == ["one"]


async def test_units_that_wait_together_share_a_commit(db: SqliteDatabase) -> None:
    gate, holding = await held(db)
    waiting = [asyncio.create_task(db.run(put, str(n))) for n in range(GROUP)]
    await asyncio.sleep(0)
    gate.opened.set()
    await asyncio.gather(holding, *waiting)

    assert db.units == GROUP + 1
    assert db.commits == 2


async def test_a_group_has_a_bound(db: SqliteDatabase) -> None:
    gate, holding = await held(db)
    waiting = [asyncio.create_task(db.run(put, str(n))) for n in range(GROUP + 1)]
    await asyncio.sleep(0)
    gate.opened.set()
    await asyncio.gather(holding, *waiting)

    assert db.commits == 3


async def test_units_are_done_in_the_order_they_came(db: SqliteDatabase) -> None:
    await asyncio.gather(*(db.run(put, str(n)) for n in range(200)))

    assert await db.read(names) == [str(n) for n in range(200)]


async def test_a_failing_unit_does_no_harm_to_its_group_and_tells_its_own_caller(db: SqliteDatabase) -> None:
    gate, holding = await held(db)
    before = asyncio.create_task(db.run(put, "before"))
    failing = asyncio.create_task(db.run(put_and_fail, "failing"))
    after = asyncio.create_task(db.run(put, "after"))
    await asyncio.sleep(0)
    gate.opened.set()
    results = await asyncio.gather(holding, before, failing, after, return_exceptions=True)

    assert results[1] == "before"
    assert results[3] == "after"
    assert str(results[2]) == "failing cannot be"
    assert await db.read(names) == ["before", "after"]
    assert db.commits == 2


async def test_everything_is_in_the_file_when_a_unit_returns(db: SqliteDatabase, tmp_path: Path) -> None:
    for number in range(5):
        await db.run(put, str(number))
        assert len(by_another_connection(tmp_path)) == number + 1


async def test_commits_wait_for_the_disk(tmp_path: Path) -> None:
    db = SqliteDatabase(new_engine(tmp_path))
    pragma = await db.run(lambda s: s.connection().exec_driver_sql("PRAGMA synchronous").scalar_one())
    mode = await db.run(lambda s: s.connection().exec_driver_sql("PRAGMA journal_mode").scalar_one())
    await db.close()

    assert (pragma, mode) == (2, "wal")


async def test_readers_never_see_what_is_not_committed(db: SqliteDatabase) -> None:
    gate, written = Gate(), threading.Event()

    def write_slowly(session: Session) -> None:
        put(session, "soon")
        written.set()
        gate.hold(session)

    writing = asyncio.create_task(db.run(write_slowly))
    await asyncio.to_thread(written.wait, 5)

    assert await db.read(names) == []
    gate.opened.set()
    await writing
    assert await db.read(names) == ["soon"]


async def test_a_read_that_writes_changes_nothing(db: SqliteDatabase, tmp_path: Path) -> None:
    await db.read(put, "by a reader")

    assert by_another_connection(tmp_path) == []
    assert db.commits == 0


async def test_when_the_disk_takes_no_more_every_caller_is_told_and_later_writes_go_on(db: SqliteDatabase) -> None:
    await db.run(
        lambda s: s.connection().exec_driver_sql("PRAGMA max_page_count = 1")
    )  # no page beyond those there are

    results = await asyncio.gather(*(db.run(put, "x" * 200_000) for _ in range(3)), return_exceptions=True)

    assert [type(result) for result in results] == [OperationalError] * 3
    await db.run(lambda s: s.connection().exec_driver_sql("PRAGMA max_page_count = 100000"))
    await db.run(put, "small")
    assert await db.read(names) == ["small"]


async def test_a_caller_that_gave_up_does_not_stop_the_writer(db: SqliteDatabase) -> None:
    gate, holding = await held(db)
    impatient = asyncio.create_task(db.run(put, "impatient"))
    patient = asyncio.create_task(db.run(put, "patient"))
    await asyncio.sleep(0)
    impatient.cancel()
    gate.opened.set()

    assert await patient == "patient"
    await holding


async def test_closing_finishes_what_waits(tmp_path: Path) -> None:
    db = SqliteDatabase(new_engine(tmp_path))
    waiting = [asyncio.create_task(db.run(put, str(n))) for n in range(10)]
    await asyncio.sleep(0)
    await db.close()
    await asyncio.gather(*waiting)

    assert len(by_another_connection(tmp_path)) == 10


async def test_the_inline_database_keeps_a_unit_whole_or_not_at_all(tmp_path: Path) -> None:
    db = InlineDatabase(new_engine(tmp_path))
    await db.run(put, "one")
    with pytest.raises(ValueError, match="two"):
        await db.run(put_and_fail, "two")
    await db.read(put, "by a reader")

    assert await db.read(names) == ["one"]
    await db.close()


async def test_a_cursor_is_put_and_replaced(db: SqliteDatabase) -> None:
    assert await db.read(cursors.get, "orders:toys") is None
    for value in ("one", "two"):
        await db.run(cursors.put, "orders:toys", value)  # type: ignore[arg-type]  # a cursor is opaque text

    assert await db.read(cursors.get, "orders:toys") == "two"


def test_foreign_keys_are_kept(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path}/k.db", MultiFernet([Fernet(Fernet.generate_key())]))
    SQLModel.metadata.create_all(engine)
    with engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar_one() == 1
