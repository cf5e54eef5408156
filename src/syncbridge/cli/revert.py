"""``syncbridge revert``: take a plan back to the values recorded before it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from syncbridge.cli.outcomes import act_on_plans, tell_outcomes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlmodel import Session

    from syncbridge.flows.bridge import Bridge


def revert(
    ctx: typer.Context,
    plan: Annotated[int, typer.Argument(metavar="PLAN", help="As `plan list` shows it.")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Restore what was there before a plan, where its values still stand, and keep it so until it is unlocked."""
    if not yes:
        typer.confirm(f"Restore the values from before plan {plan}, and lock them?", abort=True, err=True)
    tell_outcomes(asyncio.run(act_on_plans(ctx, [plan], _revert, quiet=json)), json=json)


def _revert(session: Session, bridge: Bridge, plan: int) -> tuple[int | None, Sequence[str], str]:
    from syncbridge.flows import approval

    done = approval.revert(session, bridge, plan)
    left = ", ".join(f"{number} left as they are: {why}" for why, number in done.left.items())
    return done.plan, done.keys, left
