"""``syncbridge plan``: what would change in the stores, kept until it is approved."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from syncbridge.cli.attended import progress
from syncbridge.cli.database import in_database
from syncbridge.cli.entries import Lang, words_of
from syncbridge.cli.output import ExitCode, plain, say, show, show_json
from syncbridge.cli.plan_shown import PAGE, counted, head, head_as_json, plan_as_json, print_plan

if TYPE_CHECKING:
    from sqlmodel import Session

    from syncbridge.flows.proposal import Scope
    from syncbridge.model.catalog import Plan
    from syncbridge.rules.plan_totals import Totals
    from syncbridge.store.plan_lists import Line, Stopped

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
    lang: Lang = None,
    json: Json = False,
) -> None:
    """Write a plan for each store, from the offers as last read, and show it: nothing goes out before `apply`."""
    if ctx.invoked_subcommand is not None:
        return
    from syncbridge.cli.log import set_up_log
    from syncbridge.flows.proposal import Scope

    set_up_log(level=30)
    words, scope = words_of(ctx, lang), Scope(store, tuple(offer or ()), tuple(sku_prefix or ()))
    made, failures = asyncio.run(_run(ctx, scope, read=read, quiet=json))
    if json:
        told = [{"offer": offer_id, "why": why} for offer_id, why in failures]
        show_json({"plans": [plan_as_json(*one) for one in made], "failures": told})
    else:
        for one in made:
            print_plan(*one, words, page=1)
        for offer_id, why in failures:
            say(words.labels["plan_unread"].format(offer=offer_id, why=plain(why)))
        if not made:
            show(words.labels["plan_nothing"])
    if made:
        raise typer.Exit(ExitCode.HELD)
    if failures:
        raise typer.Exit(ExitCode.PARTIAL)


@plan.command("show")
def show_(
    ctx: typer.Context,
    plan_id: Annotated[int, typer.Argument(metavar="ID", help="As `plan list` shows it.")],
    page: Page = 1,
    lang: Lang = None,
    json: Json = False,
) -> None:
    """One plan: every change with before, after, reason, rule and what became of it."""
    found = in_database(ctx, lambda session: _read(session, plan_id, page))
    if json:
        show_json({"plans": [plan_as_json(*found)]})
    else:
        print_plan(*found, words_of(ctx, lang), page=page)


@plan.command("list")
def list_(
    ctx: typer.Context,
    store: Annotated[str | None, typer.Option(help="Only this store.")] = None,
    most: Annotated[int, typer.Option(min=1, help="So many.")] = 20,
    lang: Lang = None,
    json: Json = False,
) -> None:
    """The newest plans, with how many of their changes stand where."""
    from syncbridge.store import plan_lists

    words = words_of(ctx, lang)
    found = in_database(ctx, lambda session: plan_lists.newest(session, store, most=most))
    if json:
        show_json({"plans": [head_as_json(one) | {"states": states} for one, states in found]})
        return
    for one, states in found:
        told = counted(dict(sorted(states.items())), "change", words)
        show(f"{head(one, words)} · {told or words.labels['plan_empty']}")
    if not found:
        show(words.labels["plan_none"])


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
