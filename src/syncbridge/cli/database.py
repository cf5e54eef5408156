"""What short commands do with the database: open it, do one thing, close it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

import typer

from syncbridge.errors import ConfigError

if TYPE_CHECKING:
    from sqlmodel import Session

T = TypeVar("T")


def in_database(ctx: typer.Context, work: Callable[[Session], T]) -> T:
    """Run a function over the database of the settings, in a transaction of its own."""
    from syncbridge.bootstrap import open_database
    from syncbridge.settings import load_settings

    settings = load_settings(ctx.obj)
    if not settings.database_file.exists():
        raise ConfigError(
            f"there is no database {settings.database_file}; name the settings with --config, or start the daemon"
        )

    async def run() -> T:
        db = open_database(settings)
        try:
            return await db.run(work)
        finally:
            await db.close()

    return asyncio.run(run())
