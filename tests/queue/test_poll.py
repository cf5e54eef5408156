"""The poll driver: as many jobs at once as there are slots, at once when woken, and none lost when it stops."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from syncbridge.queue.drivers.poll import poll
from syncbridge.queue.execute import Done, Outcome
from syncbridge.queue.job import Claim
from syncbridge.testing.clock import VirtualClock, run_virtual
from tests.queue.conftest import Bench, open_inline


class Driver:
    """A poll driver on virtual time, with a flow that takes so many seconds and notes when it began and ended."""

    def __init__(self, folder: Path) -> None:
        self.bench = Bench(open_inline(folder), VirtualClock())
        self.bench.handlers["purchase.place"] = self.flow
        self.wake, self.stop = asyncio.Event(), asyncio.Event()
        self.took = 1.0
        self.began: list[float] = []
        self.ended: list[float] = []
        self.running = self.most_running = 0

    async def flow(self, _: Claim) -> Outcome:
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        self.began.append(_now())
        await asyncio.sleep(self.took)
        self.ended.append(_now())
        self.running -= 1
        return Done()

    async def drive(self, *, slots: int = 2, idle: float = 1000.0, sweep: float = 15.0, stop_after: float) -> None:
        """Poll until so many seconds have passed."""
        asyncio.get_running_loop().call_later(stop_after, self.stop.set)
        await poll(self.bench.worker, slots=slots, idle=idle, sweep=sweep, wake=self.wake, stop=self.stop)

    async def close(self) -> None:
        await self.bench.db.close()


def _now() -> float:
    return asyncio.get_running_loop().time()


def driven(folder: Path, story: Callable[[Driver], Awaitable[None]]) -> None:
    async def main() -> None:
        driver = Driver(folder)
        try:
            await story(driver)
        finally:
            await driver.close()

    run_virtual(main())


def test_no_more_jobs_run_at_once_than_there_are_slots(tmp_path: Path) -> None:
    async def story(driver: Driver) -> None:
        for number in range(5):
            await driver.bench.add(str(number))
        asyncio.get_running_loop().call_later(0.5, driver.wake.set)  # it looks while both slots are taken
        await driver.drive(slots=2, stop_after=10)

        assert driver.most_running == 2
        assert driver.ended == [1.0, 1.0, 2.0, 2.0, 3.0]

    driven(tmp_path, story)


def test_a_wake_up_starts_a_job_at_once(tmp_path: Path) -> None:
    async def story(driver: Driver) -> None:
        async def comes_later() -> None:
            await asyncio.sleep(5)
            await driver.bench.add()
            driver.wake.set()

        coming = asyncio.ensure_future(comes_later())
        await driver.drive(idle=1000, stop_after=20)
        await coming

        assert driver.began == [5.0]

    driven(tmp_path, story)


def test_without_a_wake_up_a_due_job_is_seen_after_the_idle_time(tmp_path: Path) -> None:
    async def story(driver: Driver) -> None:
        async def comes_later() -> None:
            await asyncio.sleep(2)
            await driver.bench.add()

        coming = asyncio.ensure_future(comes_later())
        await driver.drive(idle=3, stop_after=20)
        await coming

        assert driver.began == [3.0]

    driven(tmp_path, story)


def test_jobs_with_one_lock_run_one_after_another(tmp_path: Path) -> None:
    async def story(driver: Driver) -> None:
        for number in range(3):
            await driver.bench.add(str(number), lock="purchase:1")
        await driver.drive(slots=8, idle=1, stop_after=10)

        assert driver.most_running == 1
        assert len(driver.ended) == 3

    driven(tmp_path, story)


def test_stopping_lets_running_jobs_end_and_starts_no_other(tmp_path: Path) -> None:
    async def story(driver: Driver) -> None:
        driver.took = 30
        first, second = await driver.bench.add("one"), await driver.bench.add("two")
        await driver.drive(slots=1, stop_after=5)

        assert driver.ended == [30.0]
        assert (await driver.bench.row(first)).state == "done"
        assert (await driver.bench.row(second)).state == "ready"

    driven(tmp_path, story)


def test_a_job_of_a_dead_worker_is_taken_over_when_its_lease_is_over(tmp_path: Path) -> None:
    async def story(driver: Driver) -> None:
        job_id = await driver.bench.add()
        await driver.bench.take(job_id)
        await driver.drive(idle=1, sweep=15, stop_after=200)

        (began,) = driver.began
        assert 120 < began <= 140
        assert (await driver.bench.row(job_id)).state == "done"

    driven(tmp_path, story)


def test_a_driver_with_nothing_to_do_stops_at_once(tmp_path: Path) -> None:
    async def story(driver: Driver) -> None:
        await driver.drive(idle=1000, stop_after=7)

        assert _now() == 7.0

    driven(tmp_path, story)
