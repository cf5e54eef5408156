"""``syncbridge plan``: what would change in the stores, kept until it is approved."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from syncbridge.cli.attended import progress
from syncbridge.cli.database import in_database
from syncbridge.cli.output import ExitCode, plain, say, show, show_json

if TYPE_CHECKING:
    from sqlmodel import Session

    from syncbridge.flows.proposal import Scope
    from syncbridge.model.catalog import Plan
    from syncbridge.rules.plan_totals import Totals
    from syncbridge.store.plan_lists import Line, Stopped

PAGE = 200
"""Changes shown at once."""
plan = typer.Typer(help="What would change in the stores; nothing goes out.", invoke_without_command=True)
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Page = Annotated[int, typer.Option(min=1, help=f"Which {PAGE} of its changes.")]


@plan.callback()
def plan_(
    ctx: typer.Context,
    store: Annotated[str | None, typer.Option(help="Only this store.")] = None,
    offer: Annotated[list[str] | None, typer.Option(help="Only this offer; may be repeated.")] = None,
    sku_prefix: Annotated[list[str] | None, typer.Option(help="Only SKUs that start so; may be repeated.")] = None,
    read: Annotated[bool, typer.Option("--read", help="Read the offers again first.")] = False,
    json: Json = False,
) -> None:
    """Write a plan for each store, from the offers as last read, and show it: nothing goes out before `apply`."""
    if ctx.invoked_subcommand is not None:
        return
    from syncbridge.cli.log import set_up_log
    from syncbridge.flows.proposal import Scope

    set_up_log(level=30)
    scope = Scope(store, tuple(offer or ()), tuple(sku_prefix or ()))
    made, failures = asyncio.run(_run(ctx, scope, read=read, quiet=json))
    if json:
        told = [{"offer": offer_id, "why": why} for offer_id, why in failures]
        show_json({"plans": [_as_json(*one) for one in made], "failures": told})
    else:
        for one in made:
            _print(*one, page=1)
        for offer_id, why in failures:
            say(f"! offer {offer_id} could not be read: {plain(why)}")
        if not made:
            show("Nothing is to be done.")
    if made:
        raise typer.Exit(ExitCode.HELD)
    if failures:
        raise typer.Exit(ExitCode.PARTIAL)


@plan.command("show")
def show_(
    ctx: typer.Context,
    plan_id: Annotated[int, typer.Argument(metavar="ID", help="As `plan list` shows it.")],
    page: Page = 1,
    json: Json = False,
) -> None:
    """One plan: every change with before, after, reason, rule and what became of it."""
    found = in_database(ctx, lambda session: _read(session, plan_id, page))
    if json:
        show_json({"plans": [_as_json(*found)]})
    else:
        _print(*found, page=page)


@plan.command("list")
def list_(
    ctx: typer.Context,
    store: Annotated[str | None, typer.Option(help="Only this store.")] = None,
    most: Annotated[int, typer.Option(min=1, help="So many.")] = 20,
    json: Json = False,
) -> None:
    """The newest plans, with how many of their changes stand where."""
    from syncbridge.store import plan_lists

    found = in_database(ctx, lambda session: plan_lists.newest(session, store, most=most))
    if json:
        show_json({"plans": [_head_as_json(one) | {"states": states} for one, states in found]})
        return
    for one, states in found:
        counts = ", ".join(f"{number} {state}" for state, number in sorted(states.items()))
        show(f"{_head(one)} · {counts or 'no changes'}")
    if not found:
        show("There is no plan yet.")


async def _run(ctx: typer.Context, scope: Scope, *, read: bool, quiet: bool) -> tuple[list[_Shown], list[_Failure]]:
    from syncbridge.bootstrap import assemble, open_database
    from syncbridge.flows import proposal
    from syncbridge.settings import load_settings

    settings = load_settings(ctx.obj)
    app = await assemble(settings, open_database(settings))
    try:
        db, failures = app.bridge.db, []
        offers = await db.read(proposal.select, app.bridge, scope)
        if read:
            with progress("offers", len(offers), quiet=quiet) as told:
                failures = await proposal.read_again(app.bridge, offers, told)
        made = await proposal.propose(app.bridge, offers, scope)
        return [await db.read(_read, plan_id, 1) for plan_id in made], failures
    finally:
        await app.close()


_Failure = tuple[str, str]
_Shown = tuple["Plan", "Totals", "list[Stopped]", "list[Line]"]


def _read(session: Session, plan_id: int, page: int) -> _Shown:
    from syncbridge.flows.approval import named
    from syncbridge.rules.plan_totals import totals
    from syncbridge.store import plan_lists

    lines = plan_lists.lines(session, plan_id, skip=(page - 1) * PAGE, most=PAGE)
    sums = totals(plan_lists.moves(session, plan_id))
    return named(session, plan_id), sums, plan_lists.stopped(session, plan_id), lines


def _head(one: Plan) -> str:
    return plain(f"plan {one.id} · {one.store} · {one.made_at:%Y-%m-%d %H:%M} UTC · {one.cause}")


def _print(one: Plan, sums: Totals, stopped: Sequence[Stopped], lines: Sequence[Line], *, page: int) -> None:
    show(_head(one))
    last = 0
    for line in lines:
        if line.change.listing != last:
            last = line.change.listing
            show(plain(f"listing {last} · {line.listing_id or 'not on the channel'} · {line.title}"))
        show(f"    {plain(_line(line))}")
    if len(lines) == PAGE:
        show(f"… more: syncbridge plan show {one.id} --page {page + 1}")
    named = {name.replace("_", " "): number for name, number in asdict(sums).items() if number}
    show("total: " + (", ".join(f"{number} {name}" for name, number in named.items()) or "no changes"))
    for brake in stopped:
        show(plain(f"! {brake.number} held by {brake.guard}: {brake.why}"))
    show(f"→ syncbridge apply {one.id}")


def _line(line: Line) -> str:
    from syncbridge.rules.plan_totals import move

    change = line.change
    by = move(change.before, change.after) if change.field == "price" else None
    what = f"{change.sku_code} {change.field}: {change.before} → {change.after}".strip()
    moved = f" ({by:+.1%})" if by is not None else ""
    why = f" · {change.result}" if change.result else ""
    return f"{what}{moved} · {change.state}{why} · {change.reason} · {change.rule or 'no rule'}"


def _head_as_json(one: Plan) -> dict[str, object]:
    return {"plan": one.id, "store": one.store, "cause": one.cause, "made_at": one.made_at.isoformat()}


def _as_json(one: Plan, sums: Totals, stopped: Sequence[Stopped], lines: Sequence[Line]) -> dict[str, object]:
    changes = [
        {
            "listing": line.change.listing,
            "listing_id": line.listing_id or None,
            "title": line.title,
            "sku": line.change.sku_code or None,
            "field": line.change.field,
            "before": line.change.before,
            "after": line.change.after,
            "reason": line.change.reason,
            "rule": line.change.rule,
            "state": line.change.state,
            "guard": line.change.guard or None,
            "result": line.change.result,
        }
        for line in lines
    ]
    brakes = [asdict(brake) for brake in stopped]
    more = len(lines) == PAGE
    return _head_as_json(one) | {"totals": asdict(sums), "stopped": brakes, "changes": changes, "more": more}
