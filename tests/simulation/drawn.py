"""What a seed draws: how many orders there are, the points it dies at, and what happens beside the scenario."""

from __future__ import annotations

import random
from pathlib import Path

from tests.simulation.events import EVENTS
from tests.simulation.points import POINTS
from tests.simulation.sim import Sim


def drawn(seed: int, folder: Path) -> Sim:
    """The seed's world: it dies at each point in turn, the first time it comes there, and once more anywhere."""
    dice = random.Random(f"drawn {seed}")
    first, second = POINTS[seed % len(POINTS)], dice.choice(POINTS)
    traps = [(first, 1), (second, dice.randrange(1, 4))]
    events = dice.sample(EVENTS, dice.choice((0, 1, 1, 2)))
    return Sim(seed, folder, offers=6, orders=dice.randrange(4, 7), traps=traps, events=events)
