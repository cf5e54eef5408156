"""Which jobs are about something: those of its kinds and subject that wait or run, and no others."""

from __future__ import annotations

from datetime import timedelta

import pytest

from syncbridge.queue import job as jobs
from syncbridge.queue.job import NewJob
from syncbridge.testing.clock import START
from tests.queue.conftest import Bench
from tests.queue.test_job_changes import HOUR, SECOND, done, parked, waiting

pytestmark = pytest.mark.anyio
KINDS = ("import_.page", "import_.batch")


async def add(bench: Bench, key: str, *, subject: str = "run 1", kind: str = KINDS[0], after: timedelta = HOUR) -> int:
    """A job that may run after so long; answers its id."""
    job = NewJob(kind, key, "main", START + after, START, subject)
    await bench.db.run(jobs.enqueue, [job], now=START)
    return (await bench.ids())[key]


async def is_about(bench: Bench, subject: str = "run 1") -> bool:
    return await bench.db.read(jobs.is_about, subject, KINDS)


@pytest.mark.parametrize("kind", KINDS)
async def test_a_job_that_waits_or_runs_is_about_its_subject(bench: Bench, kind: str) -> None:
    assert not await is_about(bench)
    job = await add(bench, "one", kind=kind, after=-HOUR)
    assert await is_about(bench)
    await bench.take(job)
    assert await is_about(bench)
    assert not await is_about(bench, "run 2")


async def test_what_is_done_parked_or_of_another_kind_is_not_about_it(bench: Bench) -> None:
    for kind in KINDS:
        await parked(bench, f"parked {kind}", kind=kind)
        await done(bench, f"done {kind}", kind=kind)
    await add(bench, "other", subject="order toys/parked import_.page", kind="orders.take")

    assert not await is_about(bench, "order toys/parked import_.page")
    assert not await is_about(bench, "order toys/done import_.page")


async def test_what_is_about_a_subject_is_woken_with_all_its_attempts(bench: Bench) -> None:
    late, failed = await waiting(bench, "late", "no", kind=KINDS[0]), await parked(bench, "failed", kind=KINDS[1])
    other, over = await waiting(bench, "other", "no", kind="orders.take"), await done(bench, "over", kind=KINDS[0])
    now = START + SECOND

    for key in ("late", "failed"):
        assert await bench.db.run(jobs.wake_about, f"order toys/{key}", KINDS, now=now)
    for key in ("other", "over", "nothing"):
        assert not await bench.db.run(jobs.wake_about, f"order toys/{key}", KINDS, now=now)

    rows = [await bench.row(number) for number in (late, failed, other, over)]
    assert [(row.state, row.run_at, row.attempt) for row in rows[:2]] == [("ready", now, 0)] * 2
    assert [(row.state, row.run_at, row.attempt) for row in rows[2:]] == [
        ("ready", START + HOUR, 1),
        ("done", START, 1),
    ]


async def test_the_jobs_that_go_on_run_or_may_run_in_time(bench: Bench) -> None:
    await add(bench, "soon", after=SECOND)
    await add(bench, "later", after=HOUR + SECOND)
    running = await add(bench, "running", after=-SECOND)
    await bench.take(running)
    await parked(bench, "parked")
    await done(bench, "done")

    async def going_on(*keys: str) -> list[str]:
        return sorted(await bench.db.read(jobs.going_on, keys, until=START + HOUR))

    assert await going_on("soon", "later", "running", "parked", "done", "unknown") == ["running", "soon"]
    assert await going_on("later", "parked", "soon") == ["soon"]
    assert await going_on() == []


async def test_the_next_job_of_some_kinds_is_the_soonest_that_waits(bench: Bench) -> None:
    async def next_due() -> object:
        return await bench.db.read(jobs.next_due, KINDS)

    assert await next_due() is None
    await add(bench, "other", kind="orders.take", after=SECOND)
    assert await next_due() is None
    await add(bench, "later", kind=KINDS[1], after=2 * HOUR)
    await add(bench, "soon", after=HOUR)
    assert await next_due() == START + HOUR
    await parked(bench, "parked", kind=KINDS[0])
    assert await next_due() == START + HOUR


async def test_jobs_of_some_kinds_are_due_before_others_are_looked_at(bench: Bench) -> None:
    other = await add(bench, "other", kind="orders.take", after=-SECOND)
    mine = [await add(bench, key, kind=kind, after=-SECOND) for key, kind in zip("ab", KINDS, strict=True)]
    await add(bench, "later")

    assert await bench.db.read(jobs.due_of, KINDS, now=START, most=10) == mine
    assert await bench.db.read(jobs.due_of, KINDS, now=START, most=1) == mine[:1]
    assert await bench.db.read(jobs.due_of, ["orders.take"], now=START, most=10) == [other]


@pytest.mark.parametrize(
    ("code", "kind", "unsettled"), [("unknown", "fulfil.declare", True), ("no", "fulfil.declare", False),
    ("unknown", "orders.take", False)],
)  # fmt: skip
async def test_a_sibling_is_unsettled_while_it_waits_for_such_a_reason(
    bench: Bench, code: str, kind: str, unsettled: bool
) -> None:
    claim = await bench.take(await add(bench, "first", kind="fulfil.declare", after=-SECOND))
    assert not await bench.db.read(jobs.unsettled, claim, ["unknown"], kinds=["fulfil.declare"])
    sibling = await bench.take(await add(bench, "second", kind=kind, after=-SECOND))
    assert not await bench.db.read(jobs.unsettled, claim, ["unknown"], kinds=["fulfil.declare"])
    later = START + HOUR
    await bench.db.run(jobs.postpone, sibling, run_at=later, code=code, why="no answer", costs_attempt=True)

    assert await bench.db.read(jobs.unsettled, claim, ["unknown"], kinds=["fulfil.declare"]) is unsettled


async def test_a_sibling_that_was_cut_off_is_unsettled_and_one_of_another_subject_is_not(bench: Bench) -> None:
    claim = await bench.take(await add(bench, "first", kind="fulfil.declare", after=-SECOND))
    for subject, unsettled in (("run 2", False), ("run 1", True)):
        cut_off = await add(bench, f"of {subject}", subject=subject, kind="fulfil.declare", after=-SECOND)
        await bench.db.run(jobs.claim, cut_off, now=START, lease=SECOND)
        await bench.db.run(jobs.sweep, now=START + HOUR, held=[claim.id])

        assert await bench.db.read(jobs.unsettled, claim, ["unknown"], kinds=["fulfil.declare"]) is unsettled


async def test_a_job_that_was_cut_off_does_not_wait_for_itself(bench: Bench) -> None:
    claim = await bench.take(await add(bench, "first", kind="fulfil.declare", after=-SECOND))
    await bench.db.run(jobs.sweep, now=START + HOUR)

    assert not await bench.db.read(jobs.unsettled, claim, ["unknown"], kinds=["fulfil.declare"])
