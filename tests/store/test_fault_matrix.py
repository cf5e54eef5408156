"""Rows of the fault matrix that the database must hold by itself: kills, locks, full disks, damage, upgrades."""

from __future__ import annotations

import asyncio
import functools
import shutil
import sqlite3
import subprocess
import sys
from collections import defaultdict
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError
from sqlmodel import Session

from syncbridge.bootstrap import open_database
from syncbridge.errors import ConfigError, SyncBridgeError
from syncbridge.settings import load_settings
from syncbridge.store import backup, timeline
from syncbridge.store import db as store
from syncbridge.store import migrate as migrations
from syncbridge.store.db import SqliteDatabase, may_pass, open_engine
from syncbridge.store.migrate import HEAD, migrate, revision
from syncbridge.testing.clock import START
from tests.store.conftest import Fault, files_that_cannot_grow, new_engine, new_keys, no_more_pages

pytestmark = pytest.mark.anyio
OLD = Path(__file__).parent / "fixtures" / "v0.1.0.db"
OLD_ORDERS = 20
ROUNDS = 10


def in_children(*asked: object) -> list[str]:
    """Run the program beside this file; answers its lines."""
    program = Path(__file__).with_name("killed.py")
    done = subprocess.run(
        [sys.executable, str(program), *map(str, asked)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split("\n")[:-1]


def in_file(file: Path, query: str) -> list[object]:
    with closing(sqlite3.connect(file)) as connection:
        return [row[0] for row in connection.execute(query)]


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """The database of an earlier release."""
    return Path(shutil.copy(OLD, tmp_path / "old.db"))


def put(session: Session, name: str) -> None:
    timeline.note(session, "units", name, at=START)


def names(session: Session) -> list[str]:
    return [event for _, event, _ in timeline.of(session, "units")]


@pytest.mark.process
def test_row_05_a_kill_in_a_group_or_a_checkpoint_takes_only_what_nobody_was_told_of(tmp_path: Path) -> None:
    acknowledged: dict[str, set[int]] = defaultdict(set)
    for line in in_children("writer", tmp_path, ROUNDS):
        acknowledged[line.partition(".")[0]].add(int(line.partition(".")[2]))

    kept: dict[str, list[int]] = defaultdict(list)
    for event in in_file(tmp_path / "store.db", "SELECT event FROM timeline ORDER BY id"):
        kept[str(event).partition(".")[0]].append(int(str(event).partition(".")[2]))
    assert in_file(tmp_path / "store.db", "PRAGMA integrity_check") == ["ok"]
    assert len(acknowledged) == ROUNDS
    assert all(acknowledged[name] <= set(kept[name]) for name in acknowledged)
    assert all(numbers == list(range(len(numbers))) for numbers in kept.values())


async def test_row_27_a_writer_waits_for_a_lock_and_no_longer_than_its_bound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "BUSY_MS", 100)
    db = SqliteDatabase(new_engine(tmp_path))
    with closing(sqlite3.connect(tmp_path / "store.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(OperationalError, match="locked") as refused:
            await db.run(put, "too early")
        writing = asyncio.create_task(db.run(put, "patient"))
        await asyncio.sleep(0.02)
        other.execute("ROLLBACK")
        await writing

    assert may_pass(refused.value)
    assert await db.read(names) == ["patient"]
    await db.close()


@pytest.mark.parametrize("fault", [no_more_pages, files_that_cannot_grow])
async def test_row_28_a_disk_that_takes_nothing_keeps_nothing_by_halves_and_says_why(
    db: SqliteDatabase, fault: Fault
) -> None:
    def put_much(session: Session) -> None:
        for number in range(200):
            put(session, f"{number}" + "x" * 1000)

    async with fault(db):
        failed = await asyncio.gather(*(db.run(put_much) for _ in range(3)), return_exceptions=True)
        kept = await db.read(names)
    await db.run(put, "afterwards")

    assert [isinstance(error, OperationalError) and may_pass(error) for error in failed] == [True] * 3
    assert kept == []
    assert await db.read(names) == ["afterwards"]


def test_row_28_what_makes_no_sense_to_the_database_does_not_pass() -> None:
    with closing(sqlite3.connect(":memory:")) as connection, pytest.raises(sqlite3.OperationalError) as refused:
        connection.execute("SELECT * FROM nowhere")

    assert not may_pass(OperationalError("SELECT", {}, refused.value))
    assert not may_pass(ValueError("no"))


@pytest.mark.parametrize("spoilt", [b"no database at all" * 300, b"SQLite format 3\x00" + b"\xff" * 8000])
def test_row_29_a_file_that_is_no_database_is_refused_with_the_restore_command(tmp_path: Path, spoilt: bytes) -> None:
    (tmp_path / "store.db").write_bytes(spoilt)

    with pytest.raises(ConfigError, match=r"damaged .*syncbridge db restore FILE"):
        migrate(open_engine(f"sqlite:///{tmp_path}/store.db", new_keys()))
    assert (tmp_path / "store.db").read_bytes() == spoilt


def test_row_29_the_restore_command_names_the_newest_copy(old: Path) -> None:
    migrate(open_engine(f"sqlite:///{old}", new_keys()))
    old.write_bytes(old.read_bytes()[:20_000])

    with pytest.raises(ConfigError, match=f"syncbridge db restore {old}.before-{HEAD}$"):
        backup.check(old, quick=True)


def test_row_29_a_database_that_is_only_locked_is_not_called_damaged(
    old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", functools.partial(connect, timeout=0.02))
    with closing(connect(old, isolation_level=None)) as other:
        other.execute("PRAGMA journal_mode = DELETE")
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(SyncBridgeError, match=r"cannot be written now .database is locked"):
            backup.check(old, quick=True)


def test_row_29_a_database_of_another_program_is_left_alone(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "store.db")) as connection:
        connection.execute("CREATE TABLE recipe (name)")

    with pytest.raises(ConfigError, match="another program; name another file in database_url"):
        migrate(open_engine(f"sqlite:///{tmp_path}/store.db", new_keys()))
    assert in_file(tmp_path / "store.db", "SELECT name FROM sqlite_master") == ["recipe"]


@pytest.mark.parametrize("found", ["9999", "0001b"])
def test_row_29_a_schema_this_program_does_not_know_is_refused_and_left_alone(old: Path, found: str) -> None:
    with closing(sqlite3.connect(old)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", [found])

    with pytest.raises(ConfigError, match=f"schema {found}, this syncbridge knows {HEAD}: .*syncbridge db restore"):
        migrate(open_engine(f"sqlite:///{old}", new_keys()))
    assert in_file(old, "SELECT version_num FROM alembic_version") == [found]


async def test_row_29_without_its_key_file_a_database_is_refused_and_no_other_key_is_made(tmp_path: Path) -> None:
    settings = load_settings(None, {"SYNCBRIDGE_DATABASE_URL": f"sqlite:///{tmp_path}/s.db"} | keyed(tmp_path))
    await open_database(settings).close()
    (tmp_path / "s.key").unlink()

    with pytest.raises(ConfigError, match=r"s\.key is missing.*syncbridge db restore"):
        open_database(settings)
    assert not (tmp_path / "s.key").exists()


def keyed(folder: Path) -> dict[str, str]:
    return {"SYNCBRIDGE_KEY_FILE": str(folder / "s.key")}


@pytest.mark.process
def test_row_30_an_upgrade_killed_at_any_statement_leaves_the_old_tables_and_the_next_completes_it(old: Path) -> None:
    left = in_children("migration", old)

    assert len(left) > 10  # it was killed in the copy and before each of its statements
    assert set(left) == {f"0001 {OLD_ORDERS} 0"}
    assert in_file(old, "SELECT version_num FROM alembic_version") == [HEAD]
    assert in_file(old, "SELECT count(*) FROM channel_order") == [OLD_ORDERS]
    assert in_file(old, "PRAGMA integrity_check") == ["ok"]


@pytest.mark.process
def test_row_30_two_processes_upgrade_at_once_and_the_copy_is_of_the_old_tables(old: Path) -> None:
    assert in_children("two", old) == ["[0, 0]"]

    assert in_file(old, "SELECT version_num FROM alembic_version") == [HEAD]
    assert in_file(old.with_name(f"old.db.before-{HEAD}"), "SELECT version_num FROM alembic_version") == ["0001"]


def test_row_30_the_copy_made_before_holds_what_only_the_log_has(old: Path) -> None:
    with closing(sqlite3.connect(old, isolation_level=None)) as writer, closing(sqlite3.connect(old)) as reader:
        writer.execute("PRAGMA journal_mode = WAL")
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM cursor").fetchall()  # keeps the log from being emptied
        writer.execute("INSERT INTO cursor VALUES ('orders:last', 'the last')")
        migrate(open_engine(f"sqlite:///{old}", new_keys()))

    copy = old.with_name(f"old.db.before-{HEAD}")
    assert in_file(copy, "SELECT value FROM cursor WHERE name = 'orders:last'") == ["the last"]
    assert in_file(copy, "PRAGMA integrity_check") == ["ok"]
    assert copy.stat().st_mode & 0o077 == 0


def test_row_30_an_old_program_refuses_the_new_schema(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = open_engine(f"sqlite:///{tmp_path}/store.db", new_keys())
    migrate(engine)
    monkeypatch.setattr(migrations, "HEAD", "0001")
    monkeypatch.setattr(migrations, "HERE", tmp_path)  # which knows no migration
    (tmp_path / "versions").mkdir()

    with pytest.raises(ConfigError, match=f"schema {HEAD}, this syncbridge knows 0001: install the newer"):
        migrate(engine)
    assert revision(engine) == HEAD


def test_row_30_an_upgrade_that_cannot_have_the_database_says_so(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "BUSY_MS", 20)
    with closing(sqlite3.connect(old, isolation_level=None)) as other:
        other.execute("PRAGMA journal_mode = WAL")
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(SyncBridgeError, match=r"cannot be written now .*locked.* start again"):
            migrate(open_engine(f"sqlite:///{old}", new_keys()))
