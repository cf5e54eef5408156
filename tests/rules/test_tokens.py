"""Tokens are renewed before they end, and an account whose end nobody said is never called over."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from syncbridge.ports import Tokens
from syncbridge.rules.tokens import Standing, due, ends_at, mark, standing

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
PASTED = Tokens("pasted", "pasted too")


def tokens(access: timedelta | None, refresh: timedelta | None, *, renewable: bool = True) -> Tokens:
    """Tokens that end so long from now."""
    access_ends, refresh_ends = (None if span is None else NOW + span for span in (access, refresh))
    return Tokens("at", "rt" if renewable else "", access_ends, refresh_ends)


@pytest.mark.parametrize(
    ("held", "wanted"),
    [
        (tokens(2 * HOUR, 60 * DAY), True),
        (tokens(-HOUR, 60 * DAY), True),
        (tokens(2 * HOUR, None), True),
        (tokens(3 * HOUR, 60 * DAY), False),
        (tokens(HOUR, timedelta(0)), False),
        (tokens(HOUR, None, renewable=False), False),
        (PASTED, False),
    ],
)
def test_they_are_renewed_two_hours_before_they_end_where_that_is_possible(held: Tokens, wanted: bool) -> None:
    assert due(held, now=NOW) is wanted


def test_an_account_works_as_long_as_either_of_its_tokens() -> None:
    assert ends_at(tokens(30 * DAY, 60 * DAY)) == NOW + 60 * DAY
    assert ends_at(tokens(30 * DAY, timedelta(0))) == NOW + 30 * DAY
    assert ends_at(tokens(None, 60 * DAY)) == NOW + 60 * DAY
    assert ends_at(tokens(30 * DAY, None, renewable=False)) == NOW + 30 * DAY
    assert ends_at(tokens(30 * DAY, None)) is None


@pytest.mark.parametrize(
    ("left", "told"),
    [
        (8 * DAY, None),
        (7 * DAY, 7),
        (3 * DAY + HOUR, 7),
        (3 * DAY, 3),
        (DAY + HOUR, 3),
        (DAY, 1),
        (HOUR, 1),
        (timedelta(0), 0),
        (-DAY, 0),
    ],
)
def test_the_end_is_told_seven_three_and_one_days_before(left: timedelta, told: int | None) -> None:
    assert mark(tokens(left, left), now=NOW) == told


@pytest.mark.parametrize(
    ("held", "refused", "wanted"),
    [
        (Tokens(""), False, Standing.NOT_CONNECTED),
        (Tokens(""), True, Standing.NOT_CONNECTED),
        (PASTED, False, Standing.END_UNKNOWN),
        (PASTED, True, Standing.OVER),
        (tokens(DAY, 60 * DAY), False, Standing.IN_ORDER),
        (tokens(DAY, 60 * DAY), True, Standing.OVER),
        (tokens(DAY, 5 * DAY), False, Standing.ENDS_SOON),
        (tokens(-DAY, -DAY), False, Standing.OVER),
    ],
)
def test_only_the_vendor_or_a_known_day_ends_an_account(held: Tokens, refused: bool, wanted: Standing) -> None:
    assert standing(held, refused=refused, now=NOW) is wanted
