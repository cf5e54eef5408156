"""``syncbridge holds``: what a guard stopped, with the figures, and what a person decides about it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from syncbridge.cli.batch import Result, tell, tried
from syncbridge.cli.database import in_database, with_bridge
from syncbridge.cli.entries import Lang, words_of
from syncbridge.cli.output import plain, show, show_json
from syncbridge.errors import SyncBridgeError

if TYPE_CHECKING:
    from sqlmodel import Session

    from syncbridge.flows.bridge import Bridge

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

    def one(session: Session, bridge: Bridge, hold_id: str) -> str:
        return approval.approve_hold(session, bridge, _number(hold_id), why=reason)

    def of_store(session: Session, bridge: Bridge, store: str) -> str:
        return approval.approve_kind(session, bridge, store, str(kind), why=reason)

    results = _each(ctx, ids, kind, one if ids else of_store)
    tell(results, "is let pass and goes out as soon as the daemon sees it", json=json)


@holds.command()
def drop(ctx: typer.Context, reason: Reason, ids: Ids = None, kind: Kind = None, json: Json = False) -> None:
    """Say no: the last values stay until the supplier's change again."""
    from syncbridge.flows import approval

    def one(session: Session, bridge: Bridge, hold_id: str) -> str:
        approval.drop_hold(session, _number(hold_id), why=reason, now=bridge.clock.now())
        return ""

    def of_store(session: Session, bridge: Bridge, store: str) -> str:
        approval.drop_kind(session, store, str(kind), why=reason, now=bridge.clock.now())
        return ""

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
            show(f"    {name}: {plain(figure)}")
        show(f"    → {words.of(hold.kind).todo.replace('{id}', str(hold.id))}")
    if not found:
        show("No guard stops anything.")


def _each(
    ctx: typer.Context, ids: list[str] | None, kind: str | None, act: Callable[[Session, Bridge, str], str]
) -> list[Result]:
    """Do it to the holds named, or store by store to all of a kind; one that cannot be done stops no other."""
    if bool(ids) == bool(kind):
        raise typer.BadParameter("name the holds, or a kind with --kind")

    def run(session: Session, bridge: Bridge) -> list[Result]:
        return [_tried(session, bridge, one, act) for one in dict.fromkeys(ids or _stores(session, str(kind)))]

    return with_bridge(ctx, run)


def _tried(session: Session, bridge: Bridge, one: str, act: Callable[[Session, Bridge, str], str]) -> Result:
    said: list[str] = []
    result = tried(session, one, lambda session, one: said.append(act(session, bridge, one)))
    return Result(one, result.why or said[0])


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
