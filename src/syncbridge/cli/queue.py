"""``syncbridge queue``: what does not go forward, why, and what to do about it."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from syncbridge.cli.database import in_database
from syncbridge.cli.output import say, show, show_json
from syncbridge.errors import SyncBridgeError

if TYPE_CHECKING:
    from sqlmodel import Session

    from syncbridge.flows.retry_queue import Entry

queue = typer.Typer(help="The retry queue: purchases that do not go forward.", no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Id = Annotated[str, typer.Argument(metavar="ID", help="As `queue list` shows it.")]


@queue.command("list")
def list_(ctx: typer.Context, json: Json = False) -> None:
    """Everything that waits, is parked, or is to be bought by hand; the nearest ship-by time first."""
    from syncbridge.flows import retry_queue

    found = in_database(ctx, retry_queue.entries)
    if json:
        show_json({"entries": [_plain(entry) for entry in found]})
    elif not found:
        show("The retry queue is empty.")
    for entry in found if not json else []:
        _print(entry)


@queue.command("show")
def show_(ctx: typer.Context, entry_id: Id, json: Json = False) -> None:
    """One entry with its reason, what to do, and what happened so far."""
    from syncbridge.flows import retry_queue

    def read(session: Session) -> tuple[Entry, list[tuple[datetime, str, dict[str, str]]]]:
        for entry in retry_queue.entries(session):
            if entry.id == entry_id:
                return entry, retry_queue.history(session, entry)
        raise SyncBridgeError(f"there is no entry {entry_id}; see: syncbridge queue list")

    entry, history = in_database(ctx, read)
    if json:
        told = [{"at": at.isoformat(), "event": event, **details} for at, event, details in history]
        show_json({"entry": _plain(entry), "history": told})
        return
    for name, value in _plain(entry).items():
        show(f"{name.replace('_', ' '):>14}  {value}")
    for at, event, details in history:
        show(f"{at:%Y-%m-%d %H:%M:%S}  {event}  {', '.join(f'{k}={v}' for k, v in details.items())}")


@queue.command()
def retry(ctx: typer.Context, entry_id: Id) -> None:
    """Try an entry now, with all its attempts again."""
    from syncbridge.bootstrap import SystemClock
    from syncbridge.flows import retry_queue

    in_database(ctx, lambda session: retry_queue.retry(session, entry_id, now=SystemClock().now()))
    say(f"{entry_id} is tried as soon as the daemon sees it")


@queue.command()
def drop(
    ctx: typer.Context,
    entry_id: Id,
    reason: Annotated[str, typer.Option("--reason", prompt="Why is it given up?", help="Kept in the order's history.")],
) -> None:
    """Give an entry up. Refused where something may have been bought."""
    from syncbridge.bootstrap import SystemClock
    from syncbridge.flows import retry_queue

    in_database(ctx, lambda session: retry_queue.drop(session, entry_id, why=reason, now=SystemClock().now()))
    say(f"{entry_id} is dropped")


def _plain(entry: Entry) -> dict[str, object]:
    return {
        name: value.isoformat(timespec="seconds") if isinstance(value, datetime) else value
        for name, value in asdict(entry).items()
    }


def _print(entry: Entry) -> None:
    head = [entry.id, entry.state, entry.subject, entry.what, f"tries {entry.attempts}"]
    if entry.next_attempt:
        head.append(f"next try {entry.next_attempt:%Y-%m-%d %H:%M:%S} UTC")
    if entry.ship_by:
        head.append(f"ship by {entry.ship_by:%Y-%m-%d %H:%M} UTC")
    show(" · ".join(head))
    show(f"    {entry.reason}")
    show(f"    → {entry.next_step}")
