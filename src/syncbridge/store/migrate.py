"""Bring a database to the tables this program knows, or say why not."""

from __future__ import annotations

import shutil
from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.engine import make_url

from syncbridge.errors import ConfigError

HERE = Path(__file__).parent / "migrations"
HEAD = "0002"
"""The revision this program's tables are at; a test holds it against the newest migration."""


def migrate(engine: Engine) -> None:
    """Upgrade in one transaction, with a copy of the file made before; nothing happens if it is up to date.

    Raises ConfigError if the database was written by a newer syncbridge.
    """
    found = revision(engine)
    if found == HEAD:
        return
    if found is not None and found > HEAD:
        raise ConfigError(
            f"the database is at schema {found}, this syncbridge knows {HEAD}: install the newer syncbridge again, "
            "or restore the copy made before the upgrade (the .before-… file beside the database)"
        )
    _copy(engine, found)
    with engine.begin() as connection:
        _upgrade(connection)


def revision(engine: Engine) -> str | None:
    """The schema the database is at; None if it is empty."""
    with engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        return connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()


def _upgrade(connection: Connection) -> None:
    from alembic import command  # here, since it is slow to load and seldom needed
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(HERE))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _copy(engine: Engine, found: str | None) -> None:
    database = make_url(str(engine.url)).database
    if found is None or not database or database == ":memory:":
        return
    with engine.connect() as connection:
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copy2(database, f"{database}.before-{HEAD}")
