"""``syncbridge holds``: what a guard stopped, with the figures."""

from __future__ import annotations

from typing import Annotated

import typer

from syncbridge.cli.database import in_database
from syncbridge.cli.output import show, show_json


def holds(
    ctx: typer.Context, json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False
) -> None:
    """Everything a guard stopped and nobody has decided yet; the last good value stays until then."""
    from syncbridge.store.holds import all_open

    found = in_database(ctx, all_open)
    if json:
        plain = [
            {"kind": hold.kind, "subject": hold.subject, "since": hold.opened_at.isoformat(), **hold.figures}
            for hold in found
        ]
        show_json({"holds": plain})
        return
    for hold in found:
        show(f"{hold.subject} · {hold.kind} · since {hold.opened_at:%Y-%m-%d %H:%M} UTC")
        for name, figure in hold.figures.items():
            show(f"    {name}: {figure}")
    if not found:
        show("No guard stops anything.")
