"""How people write times."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import typer

SPANS = {"m": 60, "h": 3600, "d": 86400}


def moment(text: str) -> datetime:
    """``2h`` or ``3d`` ago, or a date or time, local if it names no zone."""
    span = re.fullmatch(r"(\d+)([mhd])", text)
    try:
        if span:
            return datetime.now(UTC) - timedelta(seconds=int(span[1]) * SPANS[span[2]])
        found = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        raise typer.BadParameter(f"{text!r} is no time; write 2h, 3d or 2026-11-01", param_hint="--since") from None
    return found if found.tzinfo else found.astimezone()
