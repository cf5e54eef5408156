"""A copy of the database is whole and new; putting one back is refused where it could do harm."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner

from syncbridge.bootstrap import open_database
from syncbridge.cli.main import app
from syncbridge.cli.output import ExitCode
from syncbridge.settings import load_settings
from syncbridge.store.owner import sole_owner
from tests.web.conftest import write_settings


class Desk:
    """Settings with a database, and somebody who types commands."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config = write_settings(folder)
        self.database = folder / "syncbridge.db"
        asyncio.run(open_database(load_settings(self.config, environ={})).close())

    def run(self, *args: object) -> tuple[int, str]:
        """Exit code and what was said."""
        result = CliRunner().invoke(app, ["--config", str(self.config), "db", *map(str, args)])
        assert result.stdout == ""
        return result.exit_code, result.stderr

    def note(self, name: str) -> None:
        with closing(sqlite3.connect(self.database)) as connection, connection:
            connection.execute("INSERT INTO cursor VALUES (?, '')", [name])


def notes(file: Path) -> list[str]:
    with closing(sqlite3.connect(file)) as connection:
        return [row[0] for row in connection.execute("SELECT name FROM cursor ORDER BY name")]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_a_copy_is_put_back_and_what_it_replaced_is_kept(desk: Desk) -> None:
    copy = desk.folder / "copy.db"
    desk.note("before")
    assert desk.run("backup", copy)[0] == ExitCode.OK
    desk.note("after")
    code, said = desk.run("restore", copy)
    (aside,) = desk.folder.glob("syncbridge.db.replaced-*Z")

    assert code == ExitCode.OK
    assert (notes(desk.database), notes(aside)) == (["before"], ["after", "before"])
    assert str(aside) in said
    assert notes(copy) == ["before"]


def test_a_copy_holds_what_only_the_log_has_while_others_work(desk: Desk) -> None:
    with closing(sqlite3.connect(desk.database, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM cursor").fetchall()
        desk.note("in the log")
        code, said = desk.run("backup", desk.folder / "copy.db")

    assert (code, notes(desk.folder / "copy.db")) == (ExitCode.OK, ["in the log"])
    assert "syncbridge.key" in said


def test_a_log_of_the_replaced_database_is_never_read_into_the_copy(desk: Desk) -> None:
    desk.run("backup", desk.folder / "copy.db")
    with closing(sqlite3.connect(desk.database, isolation_level=None)) as other:
        other.execute("BEGIN")
        other.execute("SELECT * FROM cursor").fetchall()
        desk.note("in the log")
        assert desk.run("restore", desk.folder / "copy.db")[0] == ExitCode.OK

    assert notes(desk.database) == []
    (aside,) = desk.folder.glob("syncbridge.db.replaced-*Z")
    assert notes(aside) == ["in the log"]


def test_an_existing_file_is_never_overwritten_by_a_copy(desk: Desk) -> None:
    code, said = desk.run("backup", desk.database)

    assert code == ExitCode.CONFIG_INVALID
    assert "exists already" in said


def test_nothing_is_put_back_under_a_daemon(desk: Desk) -> None:
    desk.run("backup", desk.folder / "copy.db")
    desk.note("after")
    with sole_owner(load_settings(desk.config, environ={}).database_file):
        code, said = desk.run("restore", desk.folder / "copy.db")

    assert code == ExitCode.CONFIG_INVALID
    assert "another syncbridge daemon" in said
    assert notes(desk.database) == ["after"]


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda file: file.write_bytes(file.read_bytes()[:9000]), "is damaged"),
        (lambda file: file.write_bytes(b""), "no database of syncbridge"),
        (lambda file: file.unlink(), "there is no file"),
        (lambda file: sqlite_says(file, "UPDATE alembic_version SET version_num = '9999'"), "at schema 9999"),
        (lambda file: sqlite_says(file, "DROP TABLE alembic_version"), "no database of syncbridge"),
    ],
)
def test_what_is_no_whole_copy_of_ours_is_refused_and_nothing_is_changed(desk: Desk, spoil: object, said: str) -> None:
    copy = desk.folder / "copy.db"
    desk.run("backup", copy)
    desk.note("after")
    spoil(copy)  # type: ignore[operator]  # a function of the file
    code, told = desk.run("restore", copy)

    assert code == ExitCode.CONFIG_INVALID
    assert said in told
    assert notes(desk.database) == ["after"]
    assert list(desk.folder.glob("*.replaced-*")) == []


def sqlite_says(file: Path, statement: str) -> None:
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute(statement)
