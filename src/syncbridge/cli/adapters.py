"""``syncbridge adapters``: the vendors this installation can talk to."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Annotated

import typer

from syncbridge.cli.database import looked_into
from syncbridge.cli.entries import Lang, words_of
from syncbridge.cli.output import ExitCode, plain, say, show, show_json
from syncbridge.errors import ConfigError

if TYPE_CHECKING:
    from syncbridge.store.grants import Refused
    from syncbridge.testing.check import Report
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


@adapters.command()
def check(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The adapter, as settings name it.")], json: Json = False
) -> None:
    """Run the contracts that an adapter ships against its mock, and say which it keeps."""
    from syncbridge.bootstrap import contracts_of

    module = contracts_of(name)
    try:
        from syncbridge.testing.check import check as checked
    except ModuleNotFoundError as error:
        raise ConfigError(f"contracts run with pytest ({error}); install it: pip install pytest") from None
    report = checked(module)
    if json:
        show_json(
            {
                "adapter": name,
                "contracts": [
                    {"contract": one.contract or None, "passed": one.passed, "failures": dict(one.failures)}
                    for one in report.checked
                ],
                "unchecked": report.unchecked,
                "trouble": report.trouble,
            }
        )
    else:
        _print_report(name, report)
    if not report.is_good:
        raise typer.Exit(ExitCode.FAILURE)


def _print_report(name: str, report: Report) -> None:
    for one in report.checked:
        failed = f", {len(one.failures)} broken" if one.failures else ""
        show(f"{name}: {one.contract or 'its own tests'}: {one.passed} kept{failed}")
        for test, why in one.failures:
            show(f"    {test}: {plain(why)}")
    for ability in report.unchecked:
        show(f"{name}: {ability}: not checked; inherit {ability}Contract in its contracts module")
    if report.trouble:
        say(report.trouble)


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
