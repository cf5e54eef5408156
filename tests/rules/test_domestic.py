"""When a parcel on its way to the relay address needs a person."""

from __future__ import annotations

from datetime import timedelta

import pytest

from syncbridge.model.shipping import Movement
from syncbridge.rules.domestic import is_stalled
from syncbridge.testing.clock import START

PATIENCE = timedelta(days=5)
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("movement", "moved", "stalled"),
    [
        ("", None, False),
        ("", "long ago", True),
        (Movement.MOVING, "lately", False),
        (Movement.MOVING, "long ago", True),
        (Movement.ANNOUNCED, "long ago", True),
        (Movement.DELIVERED, "long ago", False),
        (Movement.ABNORMAL, "lately", True),
        (Movement.NOT_DELIVERED, "lately", True),
    ],
)
def test_a_parcel_stalls_by_trouble_or_by_silence_until_it_is_signed_for(
    movement: str, moved: str | None, stalled: bool
) -> None:
    moved_at = {"lately": START - PATIENCE, "long ago": START - PATIENCE - SECOND}.get(moved or "")

    assert is_stalled(movement, moved_at, START - PATIENCE, PATIENCE, now=START) is stalled


def test_one_that_never_moved_stalls_by_the_time_it_was_shown() -> None:
    assert is_stalled("", None, START - PATIENCE - SECOND, PATIENCE, now=START)
