"""The real daemon dies by SIGKILL at each named point, and the vendors' books are as if it never had."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.crash.day import Day
from tests.crash.doomed import Doom
from tests.crash.points import DAYS, MATRIX

pytestmark = pytest.mark.process


@pytest.mark.parametrize("number", range(DAYS))
def test_a_kill_at_each_named_point_leaves_no_trace(
    number: int, tmp_path: Path, vendors: str, record_property: Callable[[str, object], None]
) -> None:
    points = MATRIX[number::DAYS]
    day = Day(number, tmp_path, vendors, [Doom(point) for point in points])
    books = day.play()
    record_property("tally", {"kills": day.kills, "points": points})
    assert books.differences == ()
    assert (books.placed, books.declared, books.doubled, books.lost) == (1, 1, 0, 0)
    assert day.unmet == [], "some points were never passed"
    with closing(sqlite3.connect(tmp_path / "syncbridge.db")) as ours:
        assert ours.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert ours.execute("SELECT count(*) FROM timeline WHERE event = 'placed'").fetchall() == [(1,)]
