"""A day that seems over for a moment goes on: a buyer wants the order after all, parked for their cancelling."""

from __future__ import annotations

from pathlib import Path

import pytest

from syncbridge.demo.world import World
from tests.simulation.sim import Sim

TOO_SOON = 2
"""How often the world says that all is settled when nothing is: to itself, and to the simulation."""


def test_a_day_that_seemed_over_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settle, asked = World.settle, list[World]()

    async def hasty(people: World, patience: float) -> None:
        asked.append(people)
        if len(asked) > TOO_SOON:
            await settle(people, patience)

    monkeypatch.setattr(World, "settle", hasty)

    books = Sim(2, tmp_path, kills=0, fault_share=0).play()

    assert len(asked) == TOO_SOON + 1
    assert books.differences == ()
