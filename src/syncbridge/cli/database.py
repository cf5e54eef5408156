"""What short commands do with the database: open it, do one thing, close it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

import typer

from syncbridge.errors import ConfigError

if TYPE_CHECKING:
    from sqlmodel import Session

    from syncbridge.flows.bridge import Bridge
    from syncbridge.settings import Settings
    from syncbridge.store.db import Database

T = TypeVar("T")


def in_database(ctx: typer.Context, work: Callable[[Session], T]) -> T:
    """Run a function over the database of the settings, in a transaction of its own."""
    return _in(ctx, lambda db: db.run(work))


def from_database(ctx: typer.Context, work: Callable[[Session], T]) -> T:
    """The same for a function that only reads, however long: nobody waits for it."""
    return _in(ctx, lambda db: db.read(work))


def _in(ctx: typer.Context, act: Callable[[Database], Awaitable[T]]) -> T:
    from syncbridge.bootstrap import open_database

    async def run() -> T:
        db = open_database(settings_of(ctx))
        try:
            return await act(db)
        finally:
            await db.close()

    return asyncio.run(run())


def looked_into(settings: Settings, work: Callable[[Session], T]) -> T | None:
    """Run a function that only reads over the database of the settings; None if there is none. Raises ConfigError."""
    from syncbridge.bootstrap import open_to_read

    async def run() -> T | None:
        db = open_to_read(settings)
        if db is None:
            return None
        try:
            return await db.read(work)
        finally:
            await db.close()

    return asyncio.run(run())


def on_bridge(ctx: typer.Context, work: Callable[[Bridge], Awaitable[T]]) -> T:
    """Run a coroutine on the rules, terms and database of the settings."""
    from syncbridge.bootstrap import assemble, open_database

    settings = settings_of(ctx)

    async def run() -> T:
        app = await assemble(settings, open_database(settings))
        try:
            return await work(app.bridge)
        finally:
            await app.close()

    return asyncio.run(run())


def with_bridge(ctx: typer.Context, work: Callable[[Session, Bridge], T]) -> T:
    """The same for a function in one transaction."""
    return on_bridge(ctx, lambda bridge: bridge.db.run(work, bridge))


def settings_of(ctx: typer.Context) -> Settings:
    """The settings of a command that works on a database; raises ConfigError if there is none yet."""
    from syncbridge.settings import load_settings

    settings = load_settings(ctx.obj)
    if not settings.database_file.exists():
        raise ConfigError(
            f"there is no database {settings.database_file}; name the settings with --config, or start the daemon"
        )
    return settings
