"""The job row: written once, claimed by one, closed by its owner only."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.fernet import Fernet, MultiFernet
from sqlmodel import SQLModel

from syncbridge.queue import dead_letters
from syncbridge.queue import job as jobs
from syncbridge.queue.job import Fenced, NewJob
from syncbridge.store import accounts
from syncbridge.store.db import SqliteDatabase, open_engine
from syncbridge.testing.clock import START, FixedClock
from tests.queue.conftest import LEASE, Bench

pytestmark = pytest.mark.anyio


async def test_a_key_is_enqueued_once_and_the_first_one_stays(bench: Bench, clock: FixedClock) -> None:
    first = await bench.add("one")
    again = NewJob("purchase.pay", "one", "main", clock.now(), clock.now())
    other = NewJob("purchase.pay", "two", "main", clock.now(), clock.now())

    written = await bench.db.run(jobs.enqueue, [again, other], now=clock.now())

    assert written == 1
    assert (await bench.row(first)).kind == "purchase.place"


async def test_a_key_that_is_done_is_not_done_again(bench: Bench, clock: FixedClock) -> None:
    job_id = await bench.add("one")
    await bench.db.run(jobs.finish, await bench.take(job_id), now=clock.now())

    await bench.add("one")

    assert await bench.due() == []


async def test_of_two_claims_one_wins(bench: Bench) -> None:
    job_id = await bench.add()

    won, lost = await bench.claim(job_id), await bench.claim(job_id)

    assert won is not None
    assert lost is None


async def test_of_many_workers_over_threads_one_wins_each_job(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path}/q.db", MultiFernet([Fernet(Fernet.generate_key())]))
    SQLModel.metadata.create_all(engine)
    db = SqliteDatabase(engine)
    new = [NewJob("purchase.place", str(n), "main", START, START) for n in range(10)]
    await db.run(jobs.enqueue, new, now=START)

    claims = await asyncio.gather(
        *(db.run(jobs.claim, job_id, now=START, lease=LEASE) for job_id in range(1, 11) for _ in range(5))
    )
    await db.close()

    assert sorted(claim.id for claim in claims if claim is not None) == list(range(1, 11))


async def test_a_job_is_not_claimed_before_its_time(bench: Bench, clock: FixedClock) -> None:
    job_id = await bench.add(run_at=clock.now() + timedelta(seconds=10))

    assert await bench.due() == []
    assert await bench.claim(job_id) is None
    clock.advance(10)
    assert await bench.due() == [job_id]
    assert await bench.claim(job_id) is not None


async def test_the_most_urgent_job_is_due_first_whenever_it_came(bench: Bench, clock: FixedClock) -> None:
    later = await bench.add("one", priority=clock.now() + timedelta(days=1))
    urgent = await bench.add("two", priority=clock.now() - timedelta(days=1))

    assert await bench.due() == [urgent, later]
    assert await bench.db.read(jobs.due, now=clock.now(), most=1) == [urgent]


async def test_two_jobs_with_one_lock_never_run_at_once(bench: Bench, clock: FixedClock) -> None:
    first, second = await bench.add("one", lock="purchase:1"), await bench.add("two", lock="purchase:1")
    claim = await bench.take(first)

    assert await bench.due() == []
    assert await bench.claim(second) is None

    await bench.db.run(jobs.finish, claim, now=clock.now())
    assert await bench.claim(second) is not None


async def test_jobs_with_other_locks_or_none_are_not_held_up(bench: Bench) -> None:
    await bench.take(await bench.add("one", lock="purchase:1"))

    assert await bench.claim(await bench.add("two", lock="purchase:2")) is not None
    assert await bench.claim(await bench.add("three")) is not None
    assert await bench.claim(await bench.add("four")) is not None


async def test_a_job_of_a_paused_account_waits_and_others_do_not(bench: Bench, clock: FixedClock) -> None:
    paused, free = await bench.add("one"), await bench.add("two", account="other")
    await bench.db.run(accounts.pause, "main", until=clock.now() + timedelta(hours=1), why="token over")

    assert await bench.due() == [free]
    assert await bench.claim(paused) is None
    clock.advance(3600)
    assert await bench.claim(paused) is not None


async def test_the_attempt_is_counted_when_the_job_is_claimed(bench: Bench) -> None:
    claim = await bench.take(await bench.add())

    assert claim.attempt == 1
    assert (await bench.row(claim.id)).attempt == 1


async def test_a_snooze_costs_no_attempt_and_leaves_no_earlier_claim(bench: Bench, clock: FixedClock) -> None:
    claim = await bench.take(await bench.add())
    await bench.db.run(jobs.postpone, claim, run_at=clock.now(), code="wait", why="not yet", costs_attempt=False)

    again = await bench.take(claim.id)

    assert (again.attempt, again.previous_claim_at) == (1, None)


async def test_a_reported_failure_costs_an_attempt_and_leaves_no_earlier_claim(bench: Bench, clock: FixedClock) -> None:
    claim = await bench.take(await bench.add())
    await bench.db.run(jobs.postpone, claim, run_at=clock.now(), code="down", why="busy", costs_attempt=True)

    again = await bench.take(claim.id)

    assert (again.attempt, again.previous_claim_at) == (2, None)


@pytest.mark.parametrize("release", [jobs.sweep, jobs.free_leases])
async def test_a_claim_that_never_reported_is_told_to_the_next(
    bench: Bench, clock: FixedClock, release: object
) -> None:
    lost = await bench.take(await bench.add())
    clock.advance(121)
    await bench.db.run(release, now=clock.now())  # type: ignore[arg-type]  # both take a session and the time

    again = await bench.take(lost.id)

    assert (again.attempt, again.previous_claim_at) == (2, lost.claimed_at)


async def test_the_sweep_frees_only_leases_that_are_over(bench: Bench, clock: FixedClock) -> None:
    dead = await bench.take(await bench.add("one"))
    clock.advance(60)
    alive = await bench.take(await bench.add("two"))
    clock.advance(61)

    assert await bench.db.run(jobs.sweep, now=clock.now()) == 1
    assert await bench.due() == [dead.id]
    assert (await bench.row(alive.id)).state == "running"


async def test_the_sweep_lets_a_job_written_before_the_clock_was_set_back_wait_as_long_as_was_meant(
    bench: Bench, clock: FixedClock
) -> None:
    clock.advance(600)
    at_once, in_a_minute = await bench.add("one"), await bench.add("two", run_at=clock.now() + timedelta(minutes=1))
    clock.advance(-600)

    await bench.db.run(jobs.sweep, now=clock.now())

    assert await bench.due() == [at_once]
    clock.advance(60)
    assert await bench.due() == [at_once, in_a_minute]


async def test_a_job_written_by_a_clock_a_little_ahead_waits_as_it_was_written(bench: Bench, clock: FixedClock) -> None:
    clock.advance(jobs.CLOCKS_DIFFER.total_seconds())
    job_id = await bench.add(run_at=clock.now())
    clock.advance(-jobs.CLOCKS_DIFFER.total_seconds())

    await bench.db.run(jobs.sweep, now=clock.now())

    assert await bench.due() == []
    clock.advance(jobs.CLOCKS_DIFFER.total_seconds())
    assert await bench.due() == [job_id]


async def test_a_new_owner_frees_every_lease_at_once(bench: Bench, clock: FixedClock) -> None:
    taken = [(await bench.take(await bench.add(key))).id for key in ("one", "two")]

    assert await bench.db.run(jobs.free_leases, now=clock.now()) == 2
    assert await bench.due() == taken


async def test_freeing_leases_leaves_finished_and_parked_jobs_alone(bench: Bench, clock: FixedClock) -> None:
    await bench.db.run(jobs.finish, await bench.take(await bench.add("one")), now=clock.now())
    parked = await bench.take(await bench.add("two"))
    await bench.db.run(jobs.park, parked, now=clock.now(), code="no", why="said no")

    assert await bench.db.run(jobs.free_leases, now=clock.now()) == 0
    assert await bench.due() == []


async def test_a_worker_that_lost_its_job_cannot_close_renew_or_park_it(bench: Bench, clock: FixedClock) -> None:
    stale = await bench.take(await bench.add())
    await bench.db.run(jobs.free_leases, now=clock.now())
    fresh = await bench.take(stale.id)

    with pytest.raises(Fenced):
        await bench.db.run(jobs.finish, stale, now=clock.now())
    with pytest.raises(Fenced):
        await bench.db.run(jobs.renew, stale, until=clock.now() + LEASE)
    with pytest.raises(Fenced):
        await bench.db.run(jobs.park, stale, now=clock.now(), code="no", why="no")
    with pytest.raises(Fenced):
        await bench.db.run(jobs.postpone, stale, run_at=clock.now(), code="no", why="no", costs_attempt=True)
    assert (await bench.row(fresh.id)).token == fresh.token


async def test_a_renewed_lease_is_not_swept(bench: Bench, clock: FixedClock) -> None:
    claim = await bench.take(await bench.add())
    clock.advance(100)
    await bench.db.run(jobs.renew, claim, until=clock.now() + LEASE)
    clock.advance(100)

    assert await bench.db.run(jobs.sweep, now=clock.now()) == 0


async def test_a_waiting_or_parked_job_is_woken_and_a_finished_one_is_not(bench: Bench, clock: FixedClock) -> None:
    waiting = await bench.add("waiting", run_at=clock.now() + timedelta(hours=8))
    parked = await bench.take(await bench.add("parked"))
    await bench.db.run(jobs.park, parked, now=clock.now(), code="no", why="no")
    await bench.db.run(jobs.finish, await bench.take(await bench.add("done")), now=clock.now())

    for key in ("waiting", "parked", "done"):
        await bench.db.run(jobs.wake, key, now=clock.now())

    assert await bench.due() == [waiting, parked.id]


async def test_waiting_and_running_work_counts_as_under_way_and_ended_work_does_not(
    bench: Bench, clock: FixedClock
) -> None:
    async def under_way() -> bool:
        return await bench.db.read(jobs.is_under_way, "purchase.place", "main")

    assert not await under_way()
    job_id = await bench.add()
    assert await under_way()
    claim = await bench.take(job_id)
    assert await under_way()
    await bench.db.run(jobs.finish, claim, now=clock.now())
    assert not await under_way()


async def test_a_person_gives_a_parked_job_all_its_attempts_again(bench: Bench, clock: FixedClock) -> None:
    claim = await bench.take(await bench.add())
    await bench.db.run(jobs.park, claim, now=clock.now(), code="no", why="no")

    assert await bench.db.run(dead_letters.retry, claim.id, now=clock.now())

    assert (await bench.take(claim.id)).attempt == 1


async def test_a_dropped_job_is_gone_and_keeps_its_reason(bench: Bench, clock: FixedClock) -> None:
    claim = await bench.take(await bench.add())
    await bench.db.run(jobs.park, claim, now=clock.now(), code="no", why="no")

    assert await bench.db.run(dead_letters.drop, claim.id, why="sold out for good", now=clock.now())

    assert await bench.due() == []
    assert await bench.db.read(dead_letters.stuck) == []
    assert (await bench.row(claim.id)).reason == "sold out for good"


@pytest.mark.parametrize("change", ["retry", "drop"])
async def test_a_running_job_is_neither_retried_nor_dropped(bench: Bench, clock: FixedClock, change: str) -> None:
    claim = await bench.take(await bench.add())

    if change == "retry":
        changed = await bench.db.run(dead_letters.retry, claim.id, now=clock.now())
    else:
        changed = await bench.db.run(dead_letters.drop, claim.id, why="no", now=clock.now())

    assert not changed
    assert (await bench.row(claim.id)).state == "running"


async def test_only_what_failed_or_is_parked_is_stuck(bench: Bench, clock: FixedClock) -> None:
    await bench.add("fresh")
    failed = await bench.take(await bench.add("failed"))
    await bench.db.run(jobs.postpone, failed, run_at=clock.now(), code="down", why="busy", costs_attempt=True)
    parked = await bench.take(await bench.add("parked"))
    await bench.db.run(jobs.park, parked, now=clock.now(), code="no", why="said no")

    stuck = await bench.db.read(dead_letters.stuck)

    assert [(job.id, job.reason_code) for job in stuck] == [(failed.id, "down"), (parked.id, "no")]
    assert await bench.db.read(dead_letters.figures) == {"parked": 1, "retried": 0}
