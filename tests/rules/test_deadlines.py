"""What will be late is said while something can still be done."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from syncbridge.rules.deadlines import late

NOW = datetime(2026, 11, 1, 8, 0, tzinfo=UTC)
H = timedelta(hours=1)


@pytest.mark.parametrize(
    ("act_by", "next_attempt", "left"),
    [
        (None, None, None),
        (NOW + 7 * H, None, None),
        (NOW + 6 * H, None, 6 * H),
        (NOW - 2 * H, None, -2 * H),
        (NOW + H, NOW + H, None),
        (NOW + H, NOW + 2 * H, H),
        (NOW + 30 * H, NOW + 31 * H, 30 * H),
        (NOW, NOW, 0 * H),
        (NOW - H, NOW - 2 * H, -H),
    ],
)
def test_the_time_left_is_told_of_what_will_be_late(
    act_by: datetime | None, next_attempt: datetime | None, left: timedelta | None
) -> None:
    assert late(act_by, next_attempt, now=NOW) == left
