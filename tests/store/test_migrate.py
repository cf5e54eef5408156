"""Migrations lead to exactly the tables the program knows, once, and never back in time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, Row, text
from sqlmodel import SQLModel

from syncbridge.errors import ConfigError
from syncbridge.store import tables
from syncbridge.store.db import open_engine
from syncbridge.store.migrate import HEAD, HERE, migrate, revision
from tests.store.conftest import new_keys


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    opened = open_engine(f"sqlite:///{tmp_path}/store.db", new_keys())
    yield opened
    opened.dispose()


def set_revision(engine: Engine, found: str) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :found"), {"found": found})


def schema(engine: Engine) -> list[tuple[str, str]]:
    with engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name")
        return [(name, sql) for name, sql in rows]


def test_a_migrated_database_has_exactly_the_tables_of_the_program(engine: Engine) -> None:
    migrate(engine)

    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, SQLModel.metadata) == []
    assert tables.work.Job.__tablename__ in SQLModel.metadata.tables


def test_indexes_and_unique_constraints_are_migrated_too(engine: Engine, tmp_path: Path) -> None:
    migrate(engine)
    made = open_engine(f"sqlite:///{tmp_path}/made.db", new_keys())
    SQLModel.metadata.create_all(made)

    def indexes(of: Engine) -> list[str]:
        return [" ".join(sql.split()) for name, sql in schema(of) if sql.startswith("CREATE") and " INDEX " in sql]

    assert indexes(engine) == indexes(made)
    made.dispose()


def test_no_column_has_the_name_of_something_a_row_has_anyway() -> None:
    """A row is a tuple: its ``count`` would be the tuple's own."""
    names = {column.name for table in SQLModel.metadata.tables.values() for column in table.columns}

    assert [name for name in sorted(names) if hasattr(Row, name)] == []


def test_the_newest_migration_is_the_one_the_program_names() -> None:
    config = Config()
    config.set_main_option("script_location", str(HERE))

    assert ScriptDirectory.from_config(config).get_current_head() == HEAD


def test_an_empty_database_has_no_revision_and_a_migrated_one_the_newest(engine: Engine) -> None:
    assert revision(engine) is None
    migrate(engine)
    assert revision(engine) == HEAD


def test_migrating_twice_changes_nothing(engine: Engine, tmp_path: Path) -> None:
    migrate(engine)
    before = schema(engine)

    migrate(engine)

    assert schema(engine) == before
    assert list(tmp_path.glob("*.before-*")) == []


def test_a_database_of_a_newer_program_is_refused_and_left_alone(engine: Engine) -> None:
    migrate(engine)
    set_revision(engine, "9999")

    with pytest.raises(ConfigError, match=f"schema 9999, this syncbridge knows {HEAD}: install the newer"):
        migrate(engine)
    assert revision(engine) == "9999"
