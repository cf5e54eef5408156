"""Many small worlds, each drawn from a seed: nothing doubled, nothing lost, every book balanced."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.simulation import database
from tests.simulation.drawn import drawn
from tests.simulation.invariants import Broken
from tests.simulation.points import POINTS, SELDOM
from tests.simulation.sim import Sim

SEEDS = 314
Record = Callable[[str, object], None]


@pytest.mark.parametrize("seed", range(SEEDS))
def test_the_books_balance_whatever_is_lost_or_killed(seed: int, tmp_path: Path, record_property: Record) -> None:
    sim = drawn(seed, tmp_path)
    books = sim.play()
    record_property("tally", sim.tally(books))
    assert books.differences == ()
    assert (books.doubled, books.lost, books.bought_after_cancel, books.outside_band) == (0, 0, 0, 0)
    assert not sim.passed[POINTS[seed % len(POINTS)]] or sim.trap.died_at[0] == POINTS[seed % len(POINTS)]


def test_the_list_of_points_is_whole(tmp_path: Path) -> None:
    sim = Sim(2, tmp_path, kills=0)
    sim.play()
    assert sim.passed.keys() >= set(POINTS)
    assert set(POINTS) | set(SELDOM) >= sim.passed.keys()


def test_every_point_has_its_seed() -> None:
    assert 2 * len(POINTS) < SEEDS


def test_a_seed_replays_exactly(tmp_path: Path) -> None:
    told = []
    for name in ("first", "again"):
        folder = tmp_path / name
        folder.mkdir()
        sim = drawn(7, folder)
        told.append((sim.play(), sim.faults, sim.passed, sim.deaths))
    assert told[0] == told[1]


def test_a_seed_that_breaks_an_invariant_ends_with_it(tmp_path: Path) -> None:
    sim = Sim(2, tmp_path, kills=0)
    begin = sim.begin

    async def spoiled() -> None:
        await begin()
        database.rows("INSERT INTO violation VALUES ('on purpose')")

    sim.begin = spoiled  # type: ignore[method-assign]
    with pytest.raises(Broken, match="on purpose"):
        sim.play()
