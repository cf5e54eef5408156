"""What short commands do with the database: open it, do one thing, close it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

import typer

if TYPE_CHECKING:
    from sqlmodel import Session

T = TypeVar("T")


def in_database(ctx: typer.Context, work: Callable[[Session], T]) -> T:
    """Run a function over the database of the settings, in a transaction of its own."""
    from syncbridge.bootstrap import open_database
    from syncbridge.settings import load_settings

    async def run() -> T:
        db = open_database(load_settings(ctx.obj))
        try:
            return await db.run(work)
        finally:
            await db.close()

    return asyncio.run(run())
