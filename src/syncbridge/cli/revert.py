"""``syncbridge revert``: take a plan back to the values recorded before it."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from syncbridge.cli.entries import Lang, words_of
from syncbridge.cli.outcomes import act_on_plans, tell_outcomes


def revert(
    ctx: typer.Context,
    plan: Annotated[int, typer.Argument(metavar="PLAN", help="As `plan list` shows it.")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    lang: Lang = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Restore what was there before a plan, where its values still stand, and keep it so until it is unlocked."""
    from syncbridge.flows import approval

    words = words_of(ctx, lang)
    if not yes:
        typer.confirm(words.labels["revert_sure"].format(plan=plan), abort=True, err=True)
    tell_outcomes(asyncio.run(act_on_plans(ctx, [plan], approval.revert, quiet=json)), words, json=json)
