"""``syncbridge resync``: look at the offers now, and bring the channel to what they say."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from syncbridge.cli.attended import carry_out, progress
from syncbridge.cli.output import ExitCode, show, show_json
from syncbridge.cli.times import moment

if TYPE_CHECKING:
    from syncbridge.bootstrap import App
    from syncbridge.flows.attended import Told
    from syncbridge.flows.resync import Selection


def resync(
    ctx: typer.Context,
    store: Annotated[str | None, typer.Option(help="Only offers listed in this store.")] = None,
    offer: Annotated[list[str] | None, typer.Option(help="Only this offer; may be repeated.")] = None,
    sku_prefix: Annotated[list[str] | None, typer.Option(help="Only SKUs that start so; may be repeated.")] = None,
    since: Annotated[
        str | None, typer.Option(help="Only offers that changed since then: 2h, 3d or 2026-11-01.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would change and write nothing.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Read the offers again now and push what changed; with nothing changed nothing is written."""
    from syncbridge.cli.log import set_up_log
    from syncbridge.flows.resync import Selection

    set_up_log(level=30)
    selection = Selection(store, tuple(offer or ()), tuple(sku_prefix or ()), moment(since) if since else None)
    told = asyncio.run(_run(ctx, selection, dry_run=dry_run, quiet=json))
    if json:
        show_json(told)
    else:
        _print(told)
    if told["failures"]:
        raise typer.Exit(ExitCode.PARTIAL)


async def _run(ctx: typer.Context, selection: Selection, *, dry_run: bool, quiet: bool) -> dict[str, object]:
    from syncbridge.bootstrap import assemble, open_database
    from syncbridge.flows import resync as flow
    from syncbridge.settings import load_settings

    settings = load_settings(ctx.obj)
    app = await assemble(settings, open_database(settings))
    try:
        offers = await app.bridge.db.read(flow.select, app.bridge, selection)
        with progress("offers", len(offers), quiet=quiet) as told:
            if dry_run:
                proposed = await flow.propose(app.bridge, offers, told)
                changes = [_change(listing.store, step, "proposed") for listing, step in proposed.changes]
                return _answer(len(offers), changes, [{"offer": o, "why": why} for o, why in proposed.failures], True)
            return await _carried_out(app, offers, told)
    finally:
        await app.close()


async def _carried_out(app: App, offers: list[tuple[str, str]], told: Told) -> dict[str, object]:
    from syncbridge.flows import resync as flow
    from syncbridge.flows.retry_queue import entries
    from syncbridge.store import plan_lists

    bridge = app.bridge
    plan = await bridge.db.read(plan_lists.last)
    asked = await bridge.db.run(flow.request, offers, now=bridge.clock.now())
    await carry_out(app, lambda session: flow.standing(session, asked), told)
    made = await bridge.db.read(plan_lists.changes_since, plan)
    waiting = await bridge.db.read(entries)
    named = {entry.subject for entry in waiting}
    mine = {subject for account, offer_id in offers if (subject := f"offer {account}/{offer_id}") in named}
    stuck = [entry for entry in waiting if entry.subject in mine]
    changes = [_change(listing.store, step, state) for listing, step, state in made]
    return _answer(len(offers), changes, [{"offer": entry.subject, "why": entry.reason} for entry in stuck], False)


def _answer(
    offers: int, changes: list[dict[str, object]], failures: list[dict[str, str]], dry_run: bool
) -> dict[str, object]:
    return {"dry_run": dry_run, "offers": offers, "changes": changes, "failures": failures}


def _change(store: str, step: object, state: str) -> dict[str, object]:
    from syncbridge.rules.planning import Step

    assert isinstance(step, Step)  # noqa: S101  for the type checker, without loading the rules for --help
    reason = step.kept or step.held or step.reason
    return {
        "store": store,
        "sku": step.sku_code,
        "field": step.field,
        "before": step.before,
        "after": step.after,
        "reason": reason,
        "state": "kept" if step.kept else "held" if step.held else state,
    }


def _print(told: dict[str, object]) -> None:
    changes, failures = told["changes"], told["failures"]
    assert isinstance(changes, list)  # noqa: S101  made above
    assert isinstance(failures, list)  # noqa: S101  made above
    for change in changes:
        show("{store} {sku} {field}: {before} → {after}  ({state}: {reason})".format(**change))
    for failure in failures:
        show(f"! {failure['offer']}: {failure['why']}")
    verb = "would change" if told["dry_run"] else "changed"
    show(f"{told['offers']} offers read, {len(changes)} values {verb}, {len(failures)} failed")
