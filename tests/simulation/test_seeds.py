"""Many small worlds, each drawn from a seed: nothing doubled, nothing lost, every book balanced."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.simulation.sim import Sim


@pytest.mark.parametrize("seed", range(100))
def test_the_books_balance_whatever_is_lost_or_killed(seed: int, tmp_path: Path) -> None:
    books = Sim(seed, tmp_path).play()
    assert books.differences == ()
    assert (books.doubled, books.lost) == (0, 0)
    assert books.placed > 0
