"""When a supplier is late."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from syncbridge.rules.dispatch import due

SENT = datetime(2026, 3, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("promised", "hours"), [([24], 24), ([24, 72], 72), ([None], 48), ([], 48), ([0], 48), ([None, 24], 24)]
)
def test_a_purchase_is_due_by_the_longest_promise_of_its_offers(promised: list[int | None], hours: int) -> None:
    assert due(SENT, promised) == SENT + timedelta(hours=hours)
