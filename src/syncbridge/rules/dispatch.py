"""When a supplier is late with shipping what was paid."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

PROMISED = timedelta(hours=48)
"""Where an offer says nothing."""


def due(sent_at: datetime, promised_hours: Collection[int | None]) -> datetime:
    """When a purchase made then should have been shipped, by what each of its offers promises."""
    longest = max((timedelta(hours=hours) for hours in promised_hours if hours), default=PROMISED)
    return sent_at + longest
