"""``syncbridge adapters``: the vendors this installation can talk to."""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import Annotated

import typer

from syncbridge.cli.output import show, show_json

adapters = typer.Typer(help="The vendors this installation can talk to.", no_args_is_help=True)


@adapters.callback()
def group() -> None:
    """Keep `list` a command of its own."""


@adapters.command("list")
def list_(json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False) -> None:
    """Each adapter by the name settings use, with its settings."""
    from syncbridge.bootstrap import ENTRY_POINTS, find_adapter

    found = {entry.name: find_adapter(entry.name) for entry in sorted(entry_points(group=ENTRY_POINTS))}
    if json:
        show_json({"adapters": {name: sorted(adapter.settings.model_fields) for name, adapter in found.items()}})
        return
    for name, adapter in found.items():
        show(f"{name}: {', '.join(sorted(adapter.settings.model_fields))}")
