"""Things that once went wrong in the queue."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError
from sqlmodel import Session

from syncbridge.queue import dead_letters
from syncbridge.queue import job as jobs
from syncbridge.queue.drivers.poll import poll
from syncbridge.queue.execute import Done, Outcome
from syncbridge.queue.job import Claim
from syncbridge.testing.clock import FixedClock, VirtualClock, run_virtual
from tests.queue.conftest import Bench, answering, open_inline


@pytest.mark.anyio
async def test_a_parked_job_reported_so_its_retry_has_no_earlier_claim(bench: Bench, clock: FixedClock) -> None:
    claim = await bench.take(await bench.add())
    await bench.db.run(jobs.park, claim, now=clock.now(), code="balance", why="the balance is too low")
    await bench.db.run(dead_letters.retry, claim.id, now=clock.now())

    assert (await bench.take(claim.id)).previous_claim_at is None


@pytest.mark.anyio
async def test_a_job_that_used_up_its_attempts_runs_when_it_is_woken(bench: Bench, clock: FixedClock) -> None:
    job_id = await bench.add("one")
    for _ in range(8):
        await bench.take(job_id)
        await bench.db.run(jobs.free_leases, now=clock.now())
    await bench.execute(job_id, answering(Done()))
    await bench.db.run(jobs.wake, "one", now=clock.now())

    assert (await bench.execute(job_id, answering(Done()))).state == "done"


@pytest.mark.anyio
async def test_a_defect_while_writing_is_retried_like_any_other(bench: Bench) -> None:
    def broken(session: Session) -> None:
        raise KeyError("a route that is gone")

    row = await bench.execute(await bench.add(), answering(Done(broken)))

    assert (row.state, row.attempt, row.reason_code) == ("ready", 1, "defect")


def test_a_defect_while_writing_does_not_stop_the_driver(tmp_path: Path) -> None:
    async def main() -> None:
        bench = Bench(open_inline(tmp_path), VirtualClock())
        await bench.add("broken")
        other = await bench.add("other")

        def broken(session: Session) -> None:
            raise KeyError("a route that is gone")

        async def flow(job: Claim) -> Outcome:
            return Done(broken) if job.key == "broken" else Done()

        bench.handlers["purchase.place"] = flow
        stop = asyncio.Event()
        asyncio.get_running_loop().call_later(10, stop.set)
        await poll(bench.worker, slots=1, idle=1, sweep=15, wake=asyncio.Event(), stop=stop)

        assert (await bench.row(other)).state == "done"
        await bench.db.close()

    run_virtual(main())


def test_a_renewal_that_met_a_busy_disk_does_not_give_the_job_away(tmp_path: Path) -> None:
    async def main() -> None:
        bench = Bench(open_inline(tmp_path), VirtualClock())
        job_id = await bench.add()
        run, freed = bench.db.run, []

        async def busy_once(fn: object, /, *args: object, **kwargs: object) -> object:
            if fn is jobs.renew:
                bench.db.run = run  # type: ignore[method-assign]  # once
                raise OperationalError("UPDATE job", {}, Exception("database or disk is full"))
            return await run(fn, *args, **kwargs)  # type: ignore[arg-type]  # as called

        async def slow(_job: Claim) -> Outcome:
            bench.db.run = busy_once  # type: ignore[method-assign, assignment]  # while the flow runs
            for _ in range(10):
                await bench.clock.sleep(60)
                freed.append(await run(jobs.sweep, now=bench.clock.now()))
            return Done()

        row = await bench.execute(job_id, slow)

        assert freed == [0] * 10
        assert (row.state, row.attempt) == ("done", 1)
        await bench.db.close()

    run_virtual(main())
