"""``syncbridge db``: copy the database while it is in use, and put a copy back."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from syncbridge.cli.output import say
from syncbridge.errors import ConfigError

db = typer.Typer(help="Copy the database, and put a copy back.", no_args_is_help=True)


@db.command()
def backup(ctx: typer.Context, file: Annotated[Path, typer.Argument(metavar="FILE", help="A new file.")]) -> None:
    """Make a whole, checked copy; a running daemon is not disturbed."""
    from syncbridge.settings import load_settings
    from syncbridge.store import backup as copies

    settings = load_settings(ctx.obj)
    if file.exists():
        raise ConfigError(f"{file} exists already; name a new file")
    if not settings.database_file.exists():
        raise ConfigError(f"there is no database {settings.database_file}; name the settings with --config")
    if not file.parent.is_dir():
        raise ConfigError(f"there is no folder {file.parent}; make it, or name another")
    copies.copy(settings.database_file, file)
    say(f"{file} is a whole copy; it can be read only with the key file {settings.key_file}, so keep that too, apart")


@db.command()
def restore(
    ctx: typer.Context, file: Annotated[Path, typer.Argument(metavar="FILE", help="What `db backup` made.")]
) -> None:
    """Put a copy in the place of the database, and keep the replaced one aside. Stop the daemon first."""
    from syncbridge.bootstrap import SystemClock
    from syncbridge.settings import load_settings
    from syncbridge.store import restore as copies
    from syncbridge.store.owner import sole_owner

    settings = load_settings(ctx.obj)
    target = settings.database_file
    aside = target.with_name(f"{target.name}.replaced-{SystemClock().now():%Y%m%dT%H%M%SZ}")
    with sole_owner(settings.database_file):
        copies.restore(file, target, aside=aside)
    say(f"{target} is again as {file} was; what it replaced is kept as {aside}")
