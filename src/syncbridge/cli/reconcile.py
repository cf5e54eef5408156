"""``syncbridge reconcile``: hold what the stores show against what we believe, now."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from syncbridge.cli.attended import carry_out, progress
from syncbridge.cli.output import ExitCode, plain, show, show_json
from syncbridge.errors import ConfigError

if TYPE_CHECKING:
    from syncbridge.bootstrap import App
    from syncbridge.flows.attended import Told as Bar
    from syncbridge.flows.reconcile import Found

Told = dict[str, object]
_MEANING = {
    "sellers": "the seller's edit: kept",
    "both": "the seller's edit of what the rules change too: kept",
    "due": "pushed again",
    "ours": "noted",
}


def reconcile(
    ctx: typer.Context,
    store: Annotated[str | None, typer.Option(metavar="NAME", help="Only this store.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what differs and write nothing.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Read what changed in the stores: edits by hand become locks, what of ours does not show is pushed again."""
    from syncbridge.cli.log import set_up_log

    set_up_log(level=30)
    told = asyncio.run(_run(ctx, store, dry_run=dry_run, quiet=json))
    if json:
        show_json({"dry_run": dry_run, "stores": told})
    for one in [] if json else told:
        _print(one)
    if any(one["failures"] or one["doubted"] for one in told):
        raise typer.Exit(ExitCode.PARTIAL)


async def _run(ctx: typer.Context, store: str | None, *, dry_run: bool, quiet: bool) -> list[Told]:
    from syncbridge.bootstrap import assemble, open_database
    from syncbridge.flows import reconcile as flow
    from syncbridge.rules.wording import did_you_mean
    from syncbridge.settings import load_settings

    settings = load_settings(ctx.obj)
    app = await assemble(settings, open_database(settings))
    try:
        stores = app.bridge.channels
        if store is not None and store not in stores:
            raise ConfigError(f'no store is named "{store}"{did_you_mean(store, stores)}')
        answers = []
        for name in [store] if store else stores:
            found = await flow.find(app.bridge, name, since=None)
            with progress("listings", len(found.to_read), quiet=quiet) as bar:
                answers.append(await (_looked if dry_run else _carried_out)(app, name, found, bar))
        return answers
    finally:
        await app.close()


async def _looked(app: App, store: str, found: Found, bar: Bar) -> Told:
    from syncbridge.flows import reconcile as flow

    look = await flow.look(app.bridge, store, found.to_read, bar)
    differences = [
        {"listing": own.id, "sku": one.sku_code, "field": one.field}
        | {"wanted": one.wanted, "pushed": one.pushed, "shown": one.shown, "verdict": one.verdict.value}
        for own, one in look.differences
    ]
    failures = [{"listing": number, "why": why} for number, why in look.failures]
    return _answer(store, found, differences, failures)


async def _carried_out(app: App, store: str, found: Found, bar: Bar) -> Told:
    from syncbridge.flows import attended, drift
    from syncbridge.flows import reconcile as flow
    from syncbridge.flows.retry_queue import entries
    from syncbridge.store import timeline

    bridge, began = app.bridge, app.bridge.clock.now()
    keys = await bridge.db.run(flow.request, store, found, now=began)
    await carry_out(app, attended.goes_on(bridge, keys), bar)
    subjects = {f"listing {store}/{number}": number for number in found.to_read}
    differences = [
        {"listing": subjects[subject], **details}
        for subject, details in await bridge.db.read(timeline.since, drift.EVENT, began)
        if subject in subjects
    ]
    failures = [
        {"listing": subjects[entry.subject], "why": entry.reason}
        for entry in await bridge.db.read(entries)
        if entry.subject in subjects
    ]
    return _answer(store, found, differences, failures)


def _answer(
    store: str, found: Found, differences: Iterable[Mapping[str, object]], failures: Iterable[Mapping[str, object]]
) -> Told:
    return {
        "store": store,
        "listed": found.listed,
        "read": len(found.to_read),
        "doubted": found.doubted,
        "differences": list(differences),
        "failures": list(failures),
    }


def _print(told: Told) -> None:
    store, differences, failures = told["store"], told["differences"], told["failures"]
    assert isinstance(differences, list)  # noqa: S101  made above
    assert isinstance(failures, list)  # noqa: S101  made above
    for one in differences:
        what = " ".join(str(part) for part in (one["sku"], one["field"]) if part)
        meaning = _MEANING.get(one["verdict"], one["verdict"])
        show(plain(f"{store}/{one['listing']} {what}: {one['pushed']} → {one['shown']}  ({meaning})"))
    for failure in failures:
        show(plain(f"! {store}/{failure['listing']}: {failure['why']}"))
    if told["doubted"]:
        show(f"! {store}: {told['doubted']}; is the account the right one?")
    show(f"{store}: {told['listed']} listings listed, {told['read']} read, {len(differences)} differences")
