"""``syncbridge holds``: what a guard stopped, with the figures, and what a person decides about it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated

import typer

from syncbridge.cli.batch import Result, tell
from syncbridge.cli.database import in_database, on_bridge
from syncbridge.cli.entries import Lang, words_of
from syncbridge.cli.output import plain, show, show_json
from syncbridge.errors import SyncBridgeError

if TYPE_CHECKING:
    from sqlmodel import Session

    from syncbridge.flows.approval import Decided
    from syncbridge.flows.bridge import Bridge

    Act = Callable[[Bridge, str], Awaitable[Decided]]
    """Decides about one hold, or about a store's."""

holds = typer.Typer(help="What a guard stopped, and what a person decides about it.", invoke_without_command=True)
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Ids = Annotated[list[str] | None, typer.Argument(metavar="[ID...]", help="As `holds list` shows them.")]
Kind = Annotated[str | None, typer.Option(metavar="KIND", help="All of this kind.")]
Reason = Annotated[str, typer.Option("--reason", prompt="Why?", help="Kept in the history.")]


@holds.callback()
def holds_(ctx: typer.Context, lang: Lang = None, json: Json = False) -> None:
    """Everything a guard stopped and nobody has decided yet; the last good value stays until then."""
    if ctx.invoked_subcommand is None:
        _list(ctx, lang, json)


@holds.command("list")
def list_(ctx: typer.Context, lang: Lang = None, json: Json = False) -> None:
    """Everything a guard stopped and nobody has decided yet; the last good value stays until then."""
    _list(ctx, lang, json)


@holds.command()
def approve(ctx: typer.Context, reason: Reason, ids: Ids = None, kind: Kind = None, json: Json = False) -> None:
    """Let a price, or the changes of a whole run, pass at the figures shown."""
    from syncbridge.flows import approval

    def one(bridge: Bridge, hold_id: str) -> Awaitable[Decided]:
        return approval.approve_hold(bridge, _number(hold_id), why=reason)

    def of_store(bridge: Bridge, store: str) -> Awaitable[Decided]:
        return approval.approve_kind(bridge, store, str(kind), why=reason)

    results = _each(ctx, ids, kind, one if ids else of_store)
    tell(results, "is let pass and goes out as soon as the daemon sees it", json=json)


@holds.command()
def drop(ctx: typer.Context, reason: Reason, ids: Ids = None, kind: Kind = None, json: Json = False) -> None:
    """Say no: the last values stay until the supplier's change again."""
    from syncbridge.flows import approval

    def one(bridge: Bridge, hold_id: str) -> Awaitable[Decided]:
        return approval.drop_hold(bridge, _number(hold_id), why=reason)

    def of_store(bridge: Bridge, store: str) -> Awaitable[Decided]:
        return approval.drop_kind(bridge, store, str(kind), why=reason)

    tell(_each(ctx, ids, kind, one if ids else of_store), "is dropped, and the last values stay", json=json)


def _list(ctx: typer.Context, lang: str | None, json: bool) -> None:
    from syncbridge.store.holds import all_open

    words = words_of(ctx, lang)
    found = in_database(ctx, all_open)
    if json:
        plain_ones = [
            {"id": hold.id, "kind": hold.kind, "subject": hold.subject, "since": hold.opened_at.isoformat()}
            | {"cause": words.of(hold.kind).cause, "next_step": words.of(hold.kind).todo.replace("{id}", str(hold.id))}
            | dict(hold.figures)
            for hold in found
        ]
        show_json({"holds": plain_ones})
        return
    for hold in found:
        show(f"{hold.id} · {hold.subject} · {hold.kind} · since {hold.opened_at:%Y-%m-%d %H:%M} UTC")
        show(f"    {words.of(hold.kind).cause}")
        for name, figure in hold.figures.items():
            show(f"    {name}: {plain(words.said(figure))}")
        show(f"    → {words.of(hold.kind).todo.replace('{id}', str(hold.id))}")
    if not found:
        show("No guard stops anything.")


def _each(ctx: typer.Context, ids: list[str] | None, kind: str | None, act: Act) -> list[Result]:
    """Do it to the holds named, or store by store to all of a kind; one that cannot be done stops no other."""
    if bool(ids) == bool(kind):
        raise typer.BadParameter("name the holds, or a kind with --kind")

    async def run(bridge: Bridge) -> list[Result]:
        chosen = ids or await bridge.db.read(_stores, str(kind)) or []
        return [await _tried(bridge, one, act) for one in dict.fromkeys(chosen)]

    return on_bridge(ctx, run)


async def _tried(bridge: Bridge, one: str, act: Act) -> Result:
    try:
        decided = await act(bridge, one)
    except SyncBridgeError as error:
        return Result(one, str(error))
    left = ", ".join(f"{number} left: {why}" for why, number in decided.left.items())
    return Result(one, left)


def _stores(session: Session, kind: str) -> list[str]:
    """The stores in which something is held by a kind of guard."""
    from syncbridge.rules.wording import did_you_mean
    from syncbridge.store.holds import all_open

    found = all_open(session)
    subjects = [hold.subject.partition(" ")[2] for hold in found if hold.kind == kind]
    if not subjects:
        raise SyncBridgeError(f"nothing is held by {kind}{did_you_mean(kind, {hold.kind for hold in found})}")
    return sorted({subject.partition("/")[0] for subject in subjects})


def _number(hold_id: str) -> int:
    if not (hold_id.isascii() and hold_id.isdigit() and len(hold_id) < 19):
        raise SyncBridgeError(f"{hold_id} is no number of a hold; see: syncbridge holds list")
    return int(hold_id)
