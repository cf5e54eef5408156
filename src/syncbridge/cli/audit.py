"""``syncbridge audit``: prove that nothing is lost or doubled, or print each difference with what to do."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from syncbridge.cli.output import ExitCode, show, show_json
from syncbridge.cli.times import moment
from syncbridge.errors import ConfigError

if TYPE_CHECKING:
    from syncbridge.model.ledger import Audit


def audit(
    ctx: typer.Context,
    since: Annotated[str, typer.Option(help="How far back: 12h, 7d or 2026-11-01; all that is open counts anyway.")] = (
        "7d"
    ),
    store: Annotated[str | None, typer.Option(help="Only orders of this store.")] = None,
    offline: Annotated[bool, typer.Option("--offline", help="Ask no vendor; compare what our tables hold.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Hold the channels' orders and the suppliers' orders against ours. Ends with 1 if anything does not fit."""
    from syncbridge.cli.log import set_up_log

    set_up_log(level=30)
    found = asyncio.run(_run(ctx, moment(since).astimezone(UTC), store, offline=offline))
    if json:
        show_json(_plain(found))
    else:
        _print(found)
    if found.differences:
        raise typer.Exit(ExitCode.FAILURE)


async def _run(ctx: typer.Context, since: datetime, store: str | None, *, offline: bool) -> Audit:
    from syncbridge.bootstrap import assemble, open_database
    from syncbridge.flows import audit as flow
    from syncbridge.rules.wording import did_you_mean
    from syncbridge.settings import load_settings

    settings = load_settings(ctx.obj)
    app = await assemble(settings, open_database(settings))
    try:
        if store is not None and store not in app.bridge.channels:
            raise ConfigError(f'there is no store "{store}"{did_you_mean(store, app.bridge.channels)}')
        return await flow.audit(app.bridge, since=since, store=store, offline=offline)
    finally:
        await app.close()


def _plain(found: Audit) -> dict[str, object]:
    return {
        "since": found.since.isoformat(timespec="seconds"),
        "at": found.at.isoformat(timespec="seconds"),
        "live": found.live,
        "balanced": not found.differences,
        "orders": dict(found.stages),
        "vendor_orders": found.vendor_orders,
        "foreign": list(found.foreign),
        "differences": [
            {"kind": one.kind, "subject": one.subject, "why": one.why, "next_step": one.next_step}
            for one in found.differences
        ],
    }


def _print(found: Audit) -> None:
    for one in found.differences:
        show(f"! {one.subject} · {one.kind}")
        show(f"    {one.why}")
        show(f"    → {one.next_step}")
    for subject in found.foreign:
        show(f"  {subject} bears no name of ours: bought for another purpose")
    stages = ", ".join(f"{count} {stage}" for stage, count in found.stages.items()) or "none"
    asked = "held against the vendors' books" if found.live else "by our own tables alone"
    show(f"since {found.since:%Y-%m-%d %H:%M} UTC, {asked}:")
    show(f"{sum(found.stages.values())} channel orders ({stages}), {found.vendor_orders} vendor orders of theirs")
    show("everything fits" if not found.differences else f"differences: {len(found.differences)}")
