"""Bring a database to the tables this program knows, or say why not."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

from syncbridge.errors import ConfigError
from syncbridge.store import backup
from syncbridge.store.db import writing

HERE = Path(__file__).parent / "migrations"
HEAD = "0004"
"""The revision this program's tables are at; a test holds it against the newest migration."""


def migrate(engine: Engine) -> None:
    """Upgrade in one transaction, with a copy of the file made before; nothing happens if it is up to date.

    Of several processes one upgrades and the others wait for it. A kill leaves the old tables, and the next start
    begins again. Raises ConfigError if the database is damaged, or of another program or a newer syncbridge, and
    SyncBridgeError if it cannot be written now.
    """
    file = Path(engine.url.database or "")
    with backup.in_plain_words(file):
        if revision(engine) == HEAD:
            return
        with engine.connect() as connection, writing(connection):
            found = _revision(connection)
            _refuse_unknown(connection, found, file)
            if found is not None and found != HEAD:
                backup.copy(file, file.with_name(f"{file.name}.before-{HEAD}"))
            _upgrade(connection)


def outdated(engine: Engine) -> bool:
    """Whether the tables are those of an older version."""
    with backup.in_plain_words(Path(engine.url.database or "")):
        return revision(engine) not in (None, HEAD)


def revision(engine: Engine) -> str | None:
    """The schema the database is at; None if it is empty."""
    with engine.connect() as connection:
        return _revision(connection)


def known(found: str | None) -> bool:
    """Whether this program can upgrade from that schema."""
    return found is None or any((HERE / "versions").glob(f"{found}_*.py"))


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()


def _refuse_unknown(connection: Connection, found: str | None, file: Path) -> None:
    if found is None and inspect(connection).get_table_names():
        raise ConfigError(f"{file} is the database of another program; name another file in database_url")
    if not known(found):
        raise ConfigError(
            f"the database is at schema {found}, this syncbridge knows {HEAD}: install the newer syncbridge again, "
            f"or {backup.remedy(file)}"
        )


def _upgrade(connection: Connection) -> None:
    from alembic import command  # here, since it is slow to load and seldom needed
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(HERE))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
