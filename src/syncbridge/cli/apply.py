"""``syncbridge apply``: approve plans by number, and wait for what becomes of each product."""

from __future__ import annotations

import asyncio
from typing import Annotated, Literal

import typer

from syncbridge.cli.entries import Lang, words_of
from syncbridge.cli.outcomes import act_on_plans, tell_outcomes


def apply(
    ctx: typer.Context,
    plans: Annotated[list[int], typer.Argument(metavar="PLAN...", help="As `plan` and `plan list` show them.")],
    only: Annotated[
        Literal["proposed", "held"] | None, typer.Option(help="Only what no guard stopped, or only what one did.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    lang: Lang = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Send exactly what these plans say, where it is still to the point; one result for each product."""
    from syncbridge.flows import approval
    from syncbridge.model.catalog import ChangeState

    words = words_of(ctx, lang)
    if not yes:
        what, numbers = words.labels[f"change_{only}" if only else "change_any"], ", ".join(map(str, plans))
        typer.confirm(words.labels["apply_sure"].format(what=what, plans=numbers), abort=True, err=True)
    chosen = ChangeState(only) if only else None
    acting = act_on_plans(ctx, plans, lambda bridge, plan: approval.apply(bridge, plan, only=chosen), quiet=json)
    tell_outcomes(asyncio.run(acting), words, json=json)
