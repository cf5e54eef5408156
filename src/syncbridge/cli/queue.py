"""``syncbridge queue``: what does not go forward, why, and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from syncbridge.cli.batch import Result, one_by_one, tell, tried
from syncbridge.cli.database import in_database, with_bridge
from syncbridge.cli.entries import Lang, as_json, candidate_as_json, print_candidates, print_entry, words_of
from syncbridge.cli.output import plain, say, show, show_json
from syncbridge.errors import ConfigError, MappingError, SyncBridgeError

if TYPE_CHECKING:
    from sqlmodel import Session

    from syncbridge.flows.bridge import Bridge
    from syncbridge.flows.retry_queue import Entry
    from syncbridge.model.money import Money
    from syncbridge.model.purchasing import Purchase
    from syncbridge.rules.candidates import Candidate
    from syncbridge.rules.mapping import Rules
    from syncbridge.rules.rescues import Rescue

queue = typer.Typer(help="The retry queue: purchases that do not go forward.", no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Id = Annotated[str, typer.Argument(metavar="ID", help="As `queue list` shows it.")]
Ids = Annotated[list[str], typer.Argument(metavar="ID...", help="As `queue list` shows them.")]
Reason = Annotated[str, typer.Option("--reason", prompt="Why?", help="Kept in the order's history.")]


@queue.command("list")
def list_(
    ctx: typer.Context,
    late: Annotated[
        bool, typer.Option("--late", help="What will miss its ship-by time, stuck or not, and what can be done.")
    ] = False,
    cause: Annotated[str | None, typer.Option(metavar="CODE", help="Only entries of this cause.")] = None,
    lang: Lang = None,
    json: Json = False,
) -> None:
    """Everything that waits, is parked, held, or to be bought by hand; what must be acted on first in front."""
    from syncbridge.flows import deadlines

    words, now = words_of(ctx, lang), _now()
    read = deadlines.will_miss if late else deadlines.in_order
    found = [one for one in in_database(ctx, lambda session: read(session, now=now)) if cause in (None, one.code)]
    rescues = _rescues(ctx, found, now) if late else {}
    if json:
        show_json({"entries": [as_json(entry, words, now, rescues.get(entry.id, ())) for entry in found]})
    elif not found:
        show(words.labels["none_late" if late else "empty"])
    for entry in found if not json else []:
        print_entry(entry, words, now, rescues.get(entry.id, ()))


@queue.command("show")
def show_(ctx: typer.Context, entry_id: Id, lang: Lang = None, json: Json = False) -> None:
    """One entry: what to do, what happened so far, and the orders an unclear purchase may have become."""
    from syncbridge.flows import deadlines, retry_queue

    def read(
        session: Session,
    ) -> tuple[Entry, list[tuple[datetime, str, dict[str, str]]], tuple[Purchase, list[Candidate]] | None]:
        entry = deadlines.entry(session, entry_id, now=now)
        return entry, retry_queue.history(session, entry), retry_queue.lookalikes(session, entry)

    words, now = words_of(ctx, lang), _now()
    entry, history, alike = in_database(ctx, read)
    rescues = _rescues(ctx, [entry] if entry.late(now) is not None else [], now)
    if json:
        told = [{"at": at.isoformat(), "event": event, **details} for at, event, details in history]
        found = [candidate_as_json(entry, candidate) for candidate in alike[1]] if alike else []
        shown = as_json(entry, words, now, rescues.get(entry.id, ()))
        show_json({"entry": shown, "history": told, "candidates": found})
        return
    print_entry(entry, words, now, rescues.get(entry.id, ()))
    for at, event, details in history:
        told_of = ", ".join(f"{name}={value}" for name, value in details.items())
        show(f"{at:%Y-%m-%d %H:%M:%S}  {plain(event)}  {plain(told_of)}")
    if alike:
        print_candidates(entry, *alike, words)


@queue.command()
def retry(
    ctx: typer.Context,
    ids: Annotated[list[str] | None, typer.Argument(metavar="[ID...]", help="As `queue list` shows them.")] = None,
    cause: Annotated[str | None, typer.Option(metavar="CODE", help="All jobs of this cause.")] = None,
    json: Json = False,
) -> None:
    """Try entries now, with all their attempts again."""
    from syncbridge.flows import retry_queue

    if bool(ids) == bool(cause):
        raise typer.BadParameter("name the entries, or a cause with --cause")
    now = _now()
    chosen = ids or in_database(ctx, lambda session: _of_cause(session, str(cause)))
    results = one_by_one(ctx, chosen, lambda session, one: retry_queue.retry(session, one, now=now))
    tell(results, "is tried as soon as the daemon sees it", json=json)


@queue.command()
def approve(ctx: typer.Context, ids: Ids, reason: Reason, json: Json = False) -> None:
    """Let a guard's halt pass once, at the figure shown, and go on."""
    from syncbridge.flows import decisions

    now = _now()
    results = one_by_one(ctx, ids, lambda session, one: decisions.approve(session, one, why=reason, now=now))
    tell(results, "is let pass and goes on", json=json)


@queue.command()
def adopt(
    ctx: typer.Context,
    entry_id: Id,
    numbers: Annotated[list[str], typer.Argument(metavar="NUMBER...", help="The supplier's order number.")],
    total: Annotated[
        str | None, typer.Option(metavar='"12.30 CNY"', help="What it cost, where the account may not read orders.")
    ] = None,
    even_so: Annotated[bool, typer.Option("--even-so", help="Although its lines are not those wanted.")] = False,
    json: Json = False,
) -> None:
    """Say which order at the supplier a purchase became. The daemon reads it before it is taken."""
    from syncbridge.flows import decisions

    now, cost = _now(), money(total)
    results = one_by_one(
        ctx,
        [entry_id],
        lambda session, one: decisions.ask_to_adopt(session, one, numbers, total=cost, even_so=even_so, now=now),
    )
    tell(results, f"takes {', '.join(numbers)} as soon as the daemon has read it", json=json)


@queue.command("not-placed")
def not_placed(ctx: typer.Context, entry_id: Id, reason: Reason, json: Json = False) -> None:
    """Declare that a purchase of unknown outcome was not made; the same intent is sent again."""
    from syncbridge.flows import decisions
    from syncbridge.settings import load_settings

    now, quarantine = _now(), timedelta(seconds=load_settings(ctx.obj).quarantine)
    results = one_by_one(
        ctx,
        [entry_id],
        lambda session, one: decisions.not_placed(session, one, why=reason, quarantine=quarantine, now=now),
    )
    tell(results, "is sent again as soon as the daemon sees it", json=json)


@queue.command()
def switch(ctx: typer.Context, ids: Ids, reason: Reason, json: Json = False) -> None:
    """Buy purchases that were not sent, or were refused, from the next backup supplier instead."""
    from syncbridge.flows import decisions

    def each(session: Session, bridge: Bridge) -> list[Result]:
        return [tried(session, one, lambda s, one: decisions.switch(s, bridge, one, why=reason)) for one in ids]

    tell(with_bridge(ctx, each), "is bought from the next backup", json=json)


@queue.command()
def urge(ctx: typer.Context, ids: Ids, json: Json = False) -> None:
    """Ask suppliers to ship what is paid, once a day at most; the daemon does by itself once a promise is over."""
    from syncbridge.flows import decisions

    now = _now()
    results = one_by_one(ctx, ids, lambda session, one: decisions.urge(session, one, now=now))
    tell(results, "is asked for as soon as the daemon sees it", json=json)


@queue.command()
def drop(ctx: typer.Context, ids: Ids, reason: Reason, json: Json = False) -> None:
    """Give entries up. Refused where something may have been bought."""
    from syncbridge.flows import retry_queue

    now = _now()
    results = one_by_one(ctx, ids, lambda session, one: retry_queue.drop(session, one, why=reason, now=now))
    tell(results, "is dropped", json=json)


def money(text: str | None) -> Money | None:
    """What a person wrote for an amount."""
    from syncbridge.model.money import Money

    try:
        return Money.parse(text) if text else None
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


def _rescues(ctx: typer.Context, late: Sequence[Entry], now: datetime) -> Mapping[str, Sequence[Rescue]]:
    """What can be done about each, by id."""
    from syncbridge.flows import deadlines

    rules = _rules(ctx) if late else None
    return in_database(ctx, lambda session: deadlines.can_be_done(session, rules, late, now=now)) if late else {}


def _rules(ctx: typer.Context) -> Rules | None:
    """The mapping files, to find backups; None if they cannot be read, which must not hide the queue."""
    from syncbridge.rules.mapping_file import parse
    from syncbridge.settings import load_settings, read_mappings

    try:
        return parse(read_mappings(load_settings(ctx.obj).mappings))
    except (ConfigError, MappingError) as error:
        say(f"No backup suppliers are looked for, since the mapping files cannot be used: {error}")
        return None


def _now() -> datetime:
    from syncbridge.bootstrap import SystemClock

    return SystemClock().now()


def _of_cause(session: Session, cause: str) -> list[str]:
    from syncbridge.flows.retry_queue import entries
    from syncbridge.rules.wording import did_you_mean

    jobs = [entry for entry in entries(session) if entry.state in ("parked", "waiting")]
    found = [entry.id for entry in jobs if entry.code == cause]
    if not found:
        raise SyncBridgeError(f"nothing waits because of {cause}{did_you_mean(cause, {entry.code for entry in jobs})}")
    return found
