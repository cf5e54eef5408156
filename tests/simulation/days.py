"""Twenty-four days as they really pass: tokens run out, summer time ends in Los Angeles, a month ends, caps begin anew.

Every interval and wait is the default one; only the looks of a restless poll are spaced.
"""

from __future__ import annotations

import random
from datetime import UTC, datetime
from pathlib import Path

from syncbridge.demo.books import Balance
from syncbridge.flows import retry_queue
from syncbridge.flows.schedule import Intervals
from syncbridge.testing.clock import run_virtual
from tests.simulation.pace import Pace
from tests.simulation.sim import Sim

DAYS = 24
PER_DAY = 2
HOUR = 3600.0
REAL = Pace(
    Intervals(orders=900.0, purchases=1800.0, offers=6 * HOUR, parcels=2 * HOUR, quiet=6 * HOUR),
    idle=60.0,
    look=HOUR,
    start=datetime(2026, 10, 20, 2, 0, tzinfo=UTC),
    cap="70.00 CNY",
    waits={},
)


def drawn_days(seed: int, folder: Path) -> Sim:
    """The world of the days, with its orders."""
    return Sim(seed, folder, orders=DAYS * PER_DAY, kills=0, fault_share=0.01, pace=REAL)


def play(sim: Sim) -> Balance:
    """Live through all of them."""
    random.seed(sim.seed)  # tenacity's jitter
    return run_virtual(_play(sim))


async def _play(sim: Sim) -> Balance:
    await sim.open()
    await sim.world.list_everything(2 * 24 * HOUR)
    for number, order in enumerate(sim.scenario.orders):
        sim.deaf = number % 5 == 3
        await sim.world.order(order)
        await sim.right_clock.sleep(3 * HOUR)  # so long nobody hears of it, on some days
        sim.deaf = False
        if number % PER_DAY == 0:
            await sim.die()
        for _ in range(3):
            await sim.right_clock.sleep(3 * HOUR)
            await sim.world.do_their_part()
            await _raise_no_cap_but_try_again(sim)
    for _ in range(DAYS):
        await sim.right_clock.sleep(24 * HOUR / 4)
        await sim.world.do_their_part()
        await _raise_no_cap_but_try_again(sim)
    await sim.settle()
    return await sim.close()


async def _raise_no_cap_but_try_again(sim: Sim) -> None:
    """What the day's cap stopped, the person tries again later."""
    assert sim.life is not None
    for entry in await sim.world.desk.queue():
        if entry.code == "cap" and entry.state == "parked":
            await sim.life.db.run(retry_queue.retry, entry.id, now=sim.clock.now())
