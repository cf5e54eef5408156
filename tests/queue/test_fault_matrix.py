"""Rows of the fault matrix that jobs must hold: clocks that are set, databases that fail, poison, zombies."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
import structlog
from sqlmodel import Session

from syncbridge.bootstrap import SystemClock
from syncbridge.flows.schedule import Every, tick
from syncbridge.queue import execute
from syncbridge.queue import job as jobs
from syncbridge.queue.drivers import poll as driver
from syncbridge.queue.drivers.poll import poll
from syncbridge.queue.execute import Done, Outcome, Worker
from syncbridge.queue.job import Claim
from syncbridge.rules.retry import RetryPolicies
from syncbridge.settings import LimitSettings
from syncbridge.store import db as store
from syncbridge.store import timeline
from syncbridge.store.db import Database, SqliteDatabase
from syncbridge.testing.clock import FixedClock, SteppedClock, VirtualClock, run_virtual
from syncbridge.wiring import GcraLimiter
from tests.queue.conftest import Bench, answering, open_inline, raising
from tests.store.conftest import Fault, files_that_cannot_grow, new_engine, no_more_pages

pytestmark = pytest.mark.anyio
EVERY = Every("orders.poll", "toys", 300.0)
HOUR = 3600.0
PURCHASE_ATTEMPTS = 8


class StoppedClock(FixedClock):
    """Nobody who waits for it wakes: a stopped process renews no lease."""

    async def sleep(self, seconds: float) -> None:
        await asyncio.Event().wait()


class SetClock(VirtualClock):
    """Virtual time, and somebody who sets the clock."""

    offset = timedelta(0)

    def now(self) -> datetime:
        return super().now() + self.offset


async def drive(bench: Bench, *, stop_after: float) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().call_later(stop_after, stop.set)
    await poll(bench.worker, slots=2, idle=1, sweep=15, wake=asyncio.Event(), stop=stop)


@pytest.mark.parametrize("step", [600, -600, HOUR, -HOUR])
def test_row_17_a_worker_keeps_the_job_it_works_on_however_the_clock_is_set(tmp_path: Path, step: float) -> None:
    async def main() -> None:
        clock = SetClock()
        bench = Bench(open_inline(tmp_path), clock)
        began = []

        async def flow(_: Claim) -> Outcome:
            began.append(1)
            await asyncio.sleep(1)
            clock.offset = timedelta(seconds=step)
            await asyncio.sleep(300)
            return Done()

        bench.handlers["purchase.place"] = flow
        job_id = await bench.add()
        await drive(bench, stop_after=400)
        row = await bench.row(job_id)

        assert (began, row.state, row.attempt) == ([1], "done", 1)
        await bench.db.close()

    run_virtual(main())


@pytest.mark.parametrize("step", [600, -600, HOUR, -HOUR])
def test_row_17_a_job_nobody_works_on_is_freed_a_lease_after_a_step_at_the_latest(tmp_path: Path, step: float) -> None:
    async def main() -> None:
        clock = SetClock()
        bench = Bench(open_inline(tmp_path), clock)
        bench.handlers["purchase.place"] = answering(Done())
        job_id = await bench.add(run_at=clock.now() - timedelta(days=1))
        await bench.take(job_id)
        asyncio.get_running_loop().call_later(16, setattr, clock, "offset", timedelta(seconds=step))
        await drive(bench, stop_after=16 + 120 + 2 * 15 + 1)

        assert (await bench.row(job_id)).state == "done"
        await bench.db.close()

    run_virtual(main())


@pytest.mark.parametrize(("step", "comes_after"), [(600, 1), (-600, 661)])
def test_row_17_a_waiting_job_is_neither_lost_nor_doubled_by_a_step(
    tmp_path: Path, step: float, comes_after: float
) -> None:
    async def main() -> None:
        clock = SetClock()
        bench = Bench(open_inline(tmp_path), clock)
        began = []

        async def flow(_: Claim) -> Outcome:
            began.append(asyncio.get_running_loop().time())
            return Done()

        bench.handlers["purchase.place"] = flow
        await bench.add(run_at=clock.now() + timedelta(seconds=60))
        clock.offset = timedelta(seconds=step)
        await drive(bench, stop_after=HOUR)

        assert len(began) == 1
        assert began[0] <= comes_after
        await bench.db.close()

    run_virtual(main())


async def test_row_17_the_clock_asks_again_after_it_was_set_back(bench: Bench, clock: FixedClock) -> None:
    asked = []
    for step in (*[EVERY.seconds] * 12, -HOUR, EVERY.seconds, EVERY.seconds):
        clock.advance(step)
        asked.append(await bench.db.run(tick, EVERY, now=clock.now()))
        await finish_all(bench)

    assert asked == [True] * 15


async def test_row_17_a_clock_that_was_not_set_asks_once_an_interval(bench: Bench, clock: FixedClock) -> None:
    asked = []
    for step in (0, 1, EVERY.seconds):
        clock.advance(step)
        asked.append(await bench.db.run(tick, EVERY, now=clock.now()))
        await finish_all(bench)

    assert asked == [True, False, True]


async def finish_all(bench: Bench) -> None:
    bench.handlers["orders.poll"] = answering(Done())
    for job_id in await bench.due():
        await bench.worker.execute(job_id)


@pytest.mark.parametrize("restarted", [False, True])
@pytest.mark.parametrize("step", [600, -600, -HOUR])
async def test_row_17_a_quota_is_not_used_up_by_a_step(
    bench: Bench, clock: FixedClock, step: float, restarted: bool
) -> None:
    shown = SteppedClock(clock)

    def limiter() -> GcraLimiter:
        return GcraLimiter(bench.db, shown, "main", LimitSettings(per_second=4))

    before = limiter()
    await before.slot("orders")
    shown.step(step)
    set_to = shown.now()
    await (limiter() if restarted else before).slot("orders")

    assert shown.now() - set_to <= timedelta(seconds=1)


@pytest.mark.parametrize("step", [600, 0.4, 0, -0.4, -1.1, -600])
def test_row_17_calls_keep_their_pace_however_the_clock_is_set_while_some_wait(tmp_path: Path, step: float) -> None:
    """Ten a second: eight wait for their turn when the clock is set, and five a second come from then on."""

    async def main() -> list[float]:
        clock = SteppedClock(VirtualClock())
        limit = LimitSettings.model_validate({"per_second": 20, "catalogue_share": "0.5"})
        limiter = GcraLimiter(open_inline(tmp_path), clock, "main", limit)
        made: list[float] = []

        async def call() -> None:
            await limiter.slot("orders")
            made.append(clock.passed())

        calls = [asyncio.create_task(call()) for _ in range(12)]
        await clock.sleep(0.35)
        clock.step(step)
        for _ in range(15):
            calls.append(asyncio.create_task(call()))
            await clock.sleep(0.2)
        await asyncio.gather(*calls)
        return made

    made = run_virtual(main())

    assert len(made) == 27
    assert min(after - before for before, after in pairwise(made)) > 0.0999
    assert made[-1] < 4


async def test_row_17_a_slow_quota_is_kept_far_ahead(bench: Bench, clock: FixedClock) -> None:
    """One call in 200 s: what is leased lies further ahead than any step, and is not taken for one."""
    limit = LimitSettings(per_second=0.01)
    await GcraLimiter(bench.db, clock, "main", limit).slot("orders")

    with pytest.raises(Exception, match="own quota for main is used up for 2000 s"):
        await GcraLimiter(bench.db, clock, "main", limit).slot("orders")


async def until_done(bench: Bench, job_id: int) -> None:
    async with asyncio.timeout(5):
        while (await bench.row(job_id)).state != "done":  # noqa: ASYNC110  the row is all there is to look at
            await asyncio.sleep(0.01)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Milliseconds instead of seconds before a lock is told, and before the next try."""
    monkeypatch.setattr(store, "BUSY_MS", 20)
    for module in (execute, driver):
        monkeypatch.setattr(module, "DATABASE_PAUSE", 0.02)


def real_bench(db: Database) -> Bench:
    return Bench(db, SystemClock())  # type: ignore[arg-type]  # any database


async def driven(bench: Bench, stop: asyncio.Event) -> None:
    await poll(bench.worker, slots=2, idle=0.02, sweep=0.02, wake=asyncio.Event(), stop=stop)


@pytest.mark.usefixtures("impatient")
async def test_row_27_workers_wait_for_a_locked_database_and_go_on(tmp_path: Path) -> None:
    db = SqliteDatabase(new_engine(tmp_path))
    bench, stop = real_bench(db), asyncio.Event()
    bench.handlers["purchase.place"] = answering(Done())
    job_id = await bench.add()
    with closing(sqlite3.connect(tmp_path / "store.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with structlog.testing.capture_logs() as logs:
            driving = asyncio.create_task(driven(bench, stop))
            await asyncio.sleep(0.3)
        assert not driving.done()
        other.execute("ROLLBACK")
    await until_done(bench, job_id)
    stop.set()
    await driving

    assert (await bench.row(job_id)).attempt == 1
    assert [log["event"] for log in logs] == ["poll.database_fails"]  # once, though it failed many times
    assert "locked" in logs[0]["why"]
    await db.close()


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("fault", [no_more_pages, files_that_cannot_grow])
async def test_row_28_a_result_is_kept_as_soon_as_the_disk_takes_it_and_the_vendor_is_not_asked_again(
    tmp_path: Path, fault: Fault
) -> None:
    db = SqliteDatabase(new_engine(tmp_path))
    bench, stop, acted = real_bench(db), asyncio.Event(), []
    began, may_end = asyncio.Event(), asyncio.Event()

    def large(session: Session) -> None:
        timeline.note(session, "order toys/1", "bought" + "!" * 100_000, at=bench.clock.now())

    async def flow(_: Claim) -> Outcome:
        acted.append(1)
        began.set()
        await may_end.wait()
        return Done(large)

    bench.handlers["purchase.place"] = flow
    job_id = await bench.add()
    driving = asyncio.create_task(driven(bench, stop))
    await began.wait()
    with structlog.testing.capture_logs() as logs:
        async with fault(db):
            may_end.set()
            await asyncio.sleep(0.2)
            assert not driving.done()
            assert (await bench.row(job_id)).state == "running"
        await until_done(bench, job_id)
        stop.set()
        await driving

    assert acted == [1]
    assert [log["event"] for log in logs if "job" in log] == ["job.result_waits", "job.closed"]
    assert [len(event) for _, event, _ in await db.read(timeline.of, "order toys/1")] == [100_006]
    await db.close()


@pytest.mark.usefixtures("impatient")
async def test_row_28_a_flow_that_could_not_write_waits_and_costs_no_attempt(tmp_path: Path) -> None:
    db = SqliteDatabase(new_engine(tmp_path))
    bench, fails = real_bench(db), [1]

    def large(session: Session) -> None:
        timeline.note(session, "order toys/1", "sent" + "!" * 100_000, at=bench.clock.now())

    async def flow(_: Claim) -> Outcome:
        if fails:
            async with no_more_pages(db):
                fails.pop()
                await db.run(large)
        return Done()

    row = await bench.execute(await bench.add(), flow)

    assert (row.state, row.attempt, row.reason_code) == ("ready", 0, "database")
    assert "disk is full" in row.reason
    await db.close()


async def test_row_31_a_job_that_always_fails_becomes_a_dead_letter_and_others_go_on(
    bench: Bench, clock: FixedClock
) -> None:
    poison = await bench.add("poison")
    with structlog.testing.capture_logs() as logs:
        for _ in range(PURCHASE_ATTEMPTS):
            row = await bench.execute(poison, raising(ZeroDivisionError("at the till")))
            other = await bench.execute(await bench.add(f"other {clock.now()}"), answering(Done()))
            assert other.state == "done"
            clock.advance(24 * HOUR)

    assert (row.state, row.reason_code) == ("parked", "defect")
    assert "ZeroDivisionError" in row.reason  # its kind, and where the rest is: the log
    assert "the log" in row.reason
    (*_, last) = [log for log in logs if log["event"] == "job.defect"]
    assert last["job"] == "poison"
    assert "at the till" in last["traceback"]


async def test_row_31_a_poll_that_was_cut_off_goes_on_and_one_that_kills_is_parked(
    bench: Bench, clock: FixedClock
) -> None:
    bench.handlers["orders.poll"] = raising(AssertionError("it must not run"))
    job_id = await bench.add(kind="orders.poll")
    for _ in range(execute.CRASHES):
        await bench.take(job_id)
        await bench.db.run(jobs.free_leases, now=clock.now())
    await bench.worker.execute(job_id)
    cut_off = await bench.add("another", kind="orders.poll")
    await bench.take(cut_off)
    await bench.db.run(jobs.free_leases, now=clock.now())
    bench.handlers["orders.poll"] = answering(Done())
    await bench.worker.execute(cut_off)

    assert ((await bench.row(job_id)).state, (await bench.row(job_id)).reason_code) == ("parked", "crashed")
    assert (await bench.row(cut_off)).state == "done"


@pytest.mark.process
def test_row_31_a_job_that_kills_its_worker_is_parked_and_takes_no_other_with_it(tmp_path: Path) -> None:
    async def prepare() -> None:
        bench = real_bench(SqliteDatabase(new_engine(tmp_path)))
        for key in ("poison", "a", "b", "c"):
            await bench.add(key)
        await bench.db.close()

    asyncio.run(prepare())
    program = Path(__file__).with_name("poison.py")
    done = subprocess.run(
        [sys.executable, str(program), str(tmp_path / "store.db"), str(PURCHASE_ATTEMPTS + 2)],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )

    async def ends() -> dict[str, tuple[str, str]]:
        db = SqliteDatabase(new_engine(tmp_path))
        rows = await db.read(lambda s: s.connection().exec_driver_sql("SELECT key, state, reason_code FROM job").all())
        await db.close()
        return {key: (state, code) for key, state, code in rows}

    assert json.loads(done.stdout.splitlines()[-1]) == [9] * PURCHASE_ATTEMPTS + [0, 0]
    assert asyncio.run(ends()) == {
        "poison": ("parked", "crashed"),
        **dict.fromkeys("abc", ("done", "")),
    }


async def test_row_42_a_worker_that_slept_past_its_lease_keeps_nothing_of_what_it_did(tmp_path: Path) -> None:
    """Two workers, each with a connection of its own to one file."""
    clock = StoppedClock()
    benches = [Bench(SqliteDatabase(new_engine(tmp_path)), clock) for _ in range(2)]  # type: ignore[arg-type]
    zombie, heir = benches
    job_id = await zombie.add()

    def noting(event: str) -> Outcome:
        return Done(lambda session: timeline.note(session, "order toys/1", event, at=clock.now()))

    async def sleep_long(_: Claim) -> Outcome:
        clock.advance(121)
        assert await heir.db.run(jobs.sweep, now=clock.now()) == 1
        await heir.execute(job_id, answering(noting("bought by the heir")))
        return noting("bought by the zombie")

    with structlog.testing.capture_logs() as logs:
        row = await zombie.execute(job_id, sleep_long)

    assert [event for _, event, _ in await heir.db.read(timeline.of, "order toys/1")] == ["bought by the heir"]
    assert (row.state, row.attempt) == ("done", 2)
    assert "job.fenced" in [log["event"] for log in logs]
    for bench in benches:
        await bench.db.close()


async def test_row_42_a_driver_that_is_cut_off_leaves_its_jobs_to_the_next_owner(tmp_path: Path) -> None:
    bench, stop, ended = Bench(open_inline(tmp_path), FixedClock()), asyncio.Event(), []
    begun = asyncio.Event()

    async def without_end(_: Claim) -> Outcome:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("let go")
        raise AssertionError("it never ends")

    bench.handlers["purchase.place"] = without_end
    job_id = await bench.add()
    driving = asyncio.create_task(driven(bench, stop))
    await begun.wait()
    driving.cancel()
    with structlog.testing.capture_logs() as logs, pytest.raises(asyncio.CancelledError):
        await driving

    assert ended == ["let go"]
    assert {"event": "poll.cut_off", "jobs": [job_id], "log_level": "warning"} in logs
    assert (await bench.row(job_id)).state == "running"
    assert await bench.db.run(jobs.free_leases, now=bench.clock.now()) == 1
    await bench.db.close()


def test_every_default_is_the_same_lease() -> None:
    assert Worker.__dataclass_fields__["lease"].default == jobs.LEASE.total_seconds()
    assert RetryPolicies().of("purchase.place").attempts == PURCHASE_ATTEMPTS
