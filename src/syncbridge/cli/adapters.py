"""``syncbridge adapters``: the vendors this installation can talk to."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Annotated

import typer

from syncbridge.cli.database import looked_into
from syncbridge.cli.entries import Lang, words_of
from syncbridge.cli.output import plain, show, show_json

if TYPE_CHECKING:
    from syncbridge.store.grants import Refused
    from syncbridge.texts import Texts

adapters = typer.Typer(help="The vendors this installation can talk to.", no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@adapters.callback()
def group() -> None:
    """Keep its commands in a group."""


@adapters.command("list")
def list_(ctx: typer.Context, lang: Lang = None, json: Json = False) -> None:
    """Each adapter with its settings, its accounts, and what the vendor does not let them call."""
    from syncbridge.bootstrap import ENTRY_POINTS, find_adapter
    from syncbridge.settings import load_settings
    from syncbridge.store import grants

    settings = load_settings(ctx.obj)
    found = {entry.name: find_adapter(entry.name) for entry in sorted(entry_points(group=ENTRY_POINTS))}
    refused = looked_into(settings, lambda session: grants.refused(session, list(settings.accounts))) or []
    rows = {
        name: {
            "settings": sorted(adapter.settings.model_fields),
            "accounts": [account for account, own in settings.accounts.items() if own.adapter == name],
        }
        for name, adapter in found.items()
    }
    if json:
        show_json({"adapters": rows, "not_granted": [_as_json(one) for one in refused]})
        return
    words = words_of(ctx, lang)
    for name, row in rows.items():
        show(f"{name}: {', '.join(row['settings'])}")
        for account in row["accounts"]:
            _print(account, [one for one in refused if one.account == account], words)


def _print(account: str, refused: Sequence[Refused], words: Texts) -> None:
    label = words.labels
    show(f"    {account}: {label['not_granted'] if refused else label['all_granted']}")
    for one in refused:
        since, again = f"{one.since:%Y-%m-%d}", f"{one.ask_at:%Y-%m-%d %H:%M} UTC"
        show(f"        {one.api} · {label['since']} {since} · {label['asked_again']} {again}")
        show(f"        {plain(one.why)}")


def _as_json(one: Refused) -> dict[str, object]:
    return {
        "account": one.account,
        "api": one.api,
        "code": one.code,
        "why": one.why,
        "since": one.since.isoformat(timespec="seconds"),
        "asked_again": one.ask_at.isoformat(timespec="seconds"),
    }
