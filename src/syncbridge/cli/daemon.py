"""``syncbridge daemon``: the background process."""

from __future__ import annotations

import asyncio
import faulthandler
import gc

import typer


def daemon(ctx: typer.Context) -> None:
    """Poll, receive messages and work through the jobs until SIGTERM or Ctrl+C."""
    gc.disable()  # what is loaded stays: looking for garbage in it takes a quarter of the time until the first call
    from syncbridge import daemon as process  # slow to load, and not needed by --help
    from syncbridge.cli.log import set_up_log
    from syncbridge.settings import load_settings

    gc.freeze()
    gc.enable()
    settings = load_settings(ctx.obj)
    set_up_log()
    faulthandler.enable()  # should the interpreter itself break, the log says where
    asyncio.run(process.run(settings))
