"""The entry point: names every command and loads none before it is called, so that --help answers at once."""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib import import_module
from importlib.metadata import version
from keyword import iskeyword
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command, get_group

from syncbridge.cli.output import explained, show

if TYPE_CHECKING:
    from typer._click.core import Command, Context  # what typer's own classes name in their signatures

COMMANDS: Mapping[str, str] = {
    "daemon": "Run in the background: poll, receive messages, work through the jobs.",
    "import": "Bring offers in, by ids, addresses, a file, words or a shop; and edited tables back.",
    "export": "Write bindings, prices, listings or offers as a table.",
    "resync": "Read the vendors once, now, and bring listings and orders up to date.",
    "adopt": "Bring an existing store under syncbridge; nothing is bound before you approve it.",
    "plan": "What would change in the stores, kept until it is approved.",
    "apply": "Approve plans by number, and see what becomes of each product.",
    "revert": "Take a plan back to the values recorded before it.",
    "reconcile": "Hold what the stores show against what is believed, now.",
    "listings": "Listings: what is wanted, what is shown, what the seller keeps.",
    "demo": "Show it all on this machine with mock vendors; needs no key.",
    "mock": "Serve a mock vendor over HTTP.",
    "queue": "The retry queue: purchases that do not go forward.",
    "purchases": "What was bought, what is to be bought by hand, and the numbers of what was.",
    "labels": "Labels of booked parcels: see them, and save them to hand them on.",
    "parcels": "The international numbers of an order's parcels.",
    "audit": "Prove that nothing is lost or bought twice, or print each difference.",
    "rematch": "Specs a supplier renamed or deleted: say which one takes their place.",
    "offers": "What suppliers' offers cost and had, and when they are read.",
    "holds": "What a guard stopped, with the figures: let it pass, or say no.",
    "explain": "Why a SKU costs what it costs, term by term, and what holds it.",
    "rates": "The exchange rates that prices are made with.",
    "rules": "Check the mapping files, and explain what they decide.",
    "db": "Copy the database, and put a copy back.",
    "accounts": "Accounts: open them to us, and see until when they are.",
    "adapters": "The vendors this installation can talk to.",
}
"""Each is the function or group of its name in the module of its name, with `_` after one that Python reserves."""


class Lazy(TyperCommand):
    """Stands for a command in the list of commands; its module is imported when it is called."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: Context | None = None, **extra: object
    ) -> Context:
        """The context of the real command, which is then the one that runs."""
        return _load(str(self.name)).make_context(info_name, args, parent, **extra)


class Root(TyperGroup):
    """Knows the commands by name, and ends each of them with a sentence where one of our errors comes through."""

    def list_commands(self, ctx: Context) -> list[str]:
        """In the order of the table, which is the order of use."""
        return list(COMMANDS)

    def get_command(self, ctx: Context, cmd_name: str) -> Command | None:
        """A stand-in for the command."""
        return Lazy(cmd_name, help=COMMANDS[cmd_name]) if cmd_name in COMMANDS else None

    def invoke(self, ctx: Context) -> object:
        """Run the command that was called."""
        with explained():
            return super().invoke(ctx)


def _load(name: str) -> Command:
    own = f"{name}_" if iskeyword(name) else name
    found = getattr(import_module(f"syncbridge.cli.{own}"), own)
    if isinstance(found, typer.Typer):
        found.rich_markup_mode = None
        return get_group(found)
    alone = typer.Typer(add_completion=False, rich_markup_mode=None)
    alone.command(name)(found)
    return get_command(alone)


def _show_version(wanted: bool) -> None:
    if wanted:
        show(f"syncbridge {version('syncbridge')}")
        raise typer.Exit


app = typer.Typer(
    name="syncbridge",
    cls=Root,
    help="Between a 1688 buyer account and AliExpress stores.",
    no_args_is_help=True,
    rich_markup_mode=None,  # plain text is faster, and every Windows code page can show it
    pretty_exceptions_enable=False,  # they would print local variables, and with them secrets
)


@app.callback()
def main(
    ctx: typer.Context,
    config: Annotated[
        Path | None, typer.Option(metavar="PATH", help="Settings file; default: syncbridge.toml here, then yours.")
    ] = None,
    no_color: Annotated[bool, typer.Option("--no-color", help="No colours; NO_COLOR does the same.")] = False,
    show_version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_show_version, help="Show the version.")
    ] = False,
) -> None:
    """Keep the global options where commands find them: the settings file is the context's object."""
    ctx.obj = config
    if no_color:
        os.environ["NO_COLOR"] = "1"
