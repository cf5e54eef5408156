"""When a parcel on its way needs a person."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from syncbridge.model.shipping import Movement
from syncbridge.rules.following import Patience, Worry, worry

DECLARED = datetime(2026, 3, 2, tzinfo=UTC)
PATIENCE = Patience(unseen=timedelta(days=5), stale=timedelta(days=10))


def after(days: float, movement: Movement, *, moved: float | None = None) -> Worry | None:
    """What is wrong so many days after it was declared; it was last seen `moved` days after that."""
    moved_at = None if moved is None else DECLARED + timedelta(days=moved)
    return worry(movement, moved_at, DECLARED, PATIENCE, now=DECLARED + timedelta(days=days))


@pytest.mark.parametrize("movement", [Movement.ABNORMAL, Movement.NOT_DELIVERED, Movement.RETURNED])
def test_trouble_is_told_at_once(movement: Movement) -> None:
    assert after(0.1, movement, moved=0.1) is Worry.ABNORMAL


@pytest.mark.parametrize("movement", [Movement.UNKNOWN, Movement.ANNOUNCED])
def test_what_no_carrier_has_had_is_told_after_some_days(movement: Movement) -> None:
    assert after(5, movement) is None
    assert after(5.1, movement) is Worry.UNSEEN
    assert after(5.1, movement, moved=5) is Worry.UNSEEN


@pytest.mark.parametrize("movement", [Movement.MOVING, Movement.TO_COLLECT, Movement.OUT_FOR_DELIVERY])
def test_what_does_not_move_any_more_is_told_after_more_days(movement: Movement) -> None:
    assert after(18, movement, moved=8) is None
    assert after(18.1, movement, moved=8) is Worry.STALE
    assert after(10.1, movement) is Worry.STALE


def test_what_has_arrived_worries_nobody() -> None:
    assert after(400, Movement.DELIVERED, moved=9) is None
