"""What a job row says after each change, and which jobs a change reaches: those it names, and no other."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest

from syncbridge.queue import job as jobs
from syncbridge.queue.job import Claim, Fenced, NewJob
from syncbridge.store.tables.work import Job
from syncbridge.testing.clock import START, FixedClock
from tests.queue.conftest import LEASE, Bench

pytestmark = pytest.mark.anyio
HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)


async def waiting(bench: Bench, key: str, code: str, **where: str) -> int:
    """A job that failed for this reason and waits for an hour; answers its id."""
    claim = await bench.take(await bench.add(key, **where))  # type: ignore[arg-type]  # kind and account
    run_at = bench.clock.now() + HOUR
    await bench.db.run(jobs.postpone, claim, run_at=run_at, code=code, why="not yet", costs_attempt=True)
    return claim.id


async def parked(bench: Bench, key: str, code: str = "no", **where: str) -> int:
    """A dead letter; answers its id."""
    claim = await bench.take(await bench.add(key, **where))  # type: ignore[arg-type]  # kind and account
    await bench.db.run(jobs.park, claim, now=bench.clock.now(), code=code, why="said no")
    return claim.id


async def done(bench: Bench, key: str, **where: str) -> int:
    """A job that is done; answers its id."""
    claim = await bench.take(await bench.add(key, **where))  # type: ignore[arg-type]  # kind and account
    await bench.db.run(jobs.finish, claim, now=bench.clock.now())
    return claim.id


async def states(bench: Bench, ids: Sequence[int]) -> list[str]:
    return [(await bench.row(job_id)).state for job_id in ids]


def let_go(row: Job) -> bool:
    return (row.token, row.lease_until, row.claimed_at) == (None, None, None)


async def test_a_job_is_claimed_as_it_was_written(bench: Bench) -> None:
    new = NewJob("purchase.place", "one", "main", START, START - HOUR, "order toys/1", "purchase:1", {"purchase": "1"})
    assert await bench.db.run(jobs.enqueue, [new], now=START) == 1

    claim = await bench.take(1)

    assert claim == Claim(
        id=1,
        kind="purchase.place",
        key="one",
        account="main",
        subject="order toys/1",
        args={"purchase": "1"},
        priority=START - HOUR,
        attempt=1,
        token=claim.token,
        claimed_at=START,
        previous_claim_at=None,
    )
    row = await bench.row(1)
    assert (row.state, row.lock, row.created_at, row.lease_until) == ("running", "purchase:1", START, START + LEASE)
    assert (row.reason_code, row.reason) == ("", "")


async def test_a_job_that_needs_no_words_has_none(bench: Bench) -> None:
    await bench.db.run(jobs.enqueue, [NewJob("import_.page", "one", "main", START, START)], now=START)

    row = await bench.row(1)

    assert (row.state, row.subject, row.args, row.lock, row.attempt) == ("ready", "", {}, None, 0)


async def test_no_jobs_are_none_written(bench: Bench) -> None:
    assert await bench.db.run(jobs.enqueue, [], now=START) == 0


async def test_no_two_claims_have_one_token(bench: Bench) -> None:
    claims = [await bench.take(await bench.add(str(number))) for number in range(20)]

    assert len({claim.token for claim in claims}) == 20


async def test_a_finished_job_says_when_and_nothing_of_earlier_failures(bench: Bench, clock: FixedClock) -> None:
    job_id = await waiting(bench, "one", "down")
    clock.advance(3600)

    await bench.db.run(jobs.finish, await bench.take(job_id), now=clock.now())

    row = await bench.row(job_id)
    assert (row.state, row.finished_at, row.reason_code, row.reason) == ("done", clock.now(), "", "")
    assert let_go(row)


async def test_a_postponed_job_says_why_and_is_due_at_its_time(bench: Bench, clock: FixedClock) -> None:
    job_id = await waiting(bench, "one", "down")

    row = await bench.row(job_id)

    assert (row.state, row.run_at, row.attempt) == ("ready", clock.now() + HOUR, 1)
    assert (row.reason_code, row.reason, row.finished_at) == ("down", "not yet", None)
    assert let_go(row)
    assert await bench.due() == []


async def test_a_parked_job_says_why_and_since_when(bench: Bench, clock: FixedClock) -> None:
    row = await bench.row(await parked(bench, "one", "no"))

    assert (row.state, row.reason_code, row.reason, row.finished_at) == ("parked", "no", "said no", clock.now())
    assert let_go(row)


async def test_a_worker_that_lost_its_job_is_told_which(bench: Bench, clock: FixedClock) -> None:
    stale = await bench.take(await bench.add("one"))
    await bench.db.run(jobs.free_leases, now=clock.now())

    with pytest.raises(Fenced, match=r"^one was taken over by another worker$"):
        await bench.db.run(jobs.finish, stale, now=clock.now())


async def test_only_the_job_that_is_woken_looks_again_with_all_its_attempts(bench: Bench, clock: FixedClock) -> None:
    woken, other = await waiting(bench, "one", "down"), await waiting(bench, "two", "down")

    await bench.db.run(jobs.wake, "one", now=clock.now())

    assert await bench.due() == [woken]
    assert [(await bench.row(job_id)).attempt for job_id in (woken, other)] == [0, 1]


async def test_jobs_of_an_account_that_wait_for_one_reason_are_woken_together(bench: Bench, clock: FixedClock) -> None:
    reached = [await waiting(bench, "one", "ledger"), await parked(bench, "two", "unrouted")]
    await waiting(bench, "three", "down")
    await waiting(bench, "four", "ledger", account="second")
    running = await bench.take(await bench.add("five"))
    await done(bench, "six")

    await bench.db.run(jobs.wake_waiting, ["ledger", "unrouted"], account="main", now=clock.now())

    assert await bench.due() == reached
    assert [(await bench.row(job_id)).attempt for job_id in reached] == [0, 0]
    assert (await bench.row(running.id)).state == "running"


async def test_a_job_that_runs_again_after_a_reason_is_not_woken(bench: Bench, clock: FixedClock) -> None:
    job_id = await waiting(bench, "one", "ledger")
    clock.advance(3600)
    await bench.take(job_id)

    await bench.db.run(jobs.wake_waiting, ["ledger"], account="main", now=clock.now())

    assert await bench.claim(job_id) is None


async def test_jobs_about_one_order_are_woken_whatever_their_account(bench: Bench, clock: FixedClock) -> None:
    reached = await waiting(bench, "one", "not_payable", account="second")
    await waiting(bench, "two", "not_payable")

    await bench.db.run(jobs.wake_waiting, ["not_payable"], subject="order toys/one", now=clock.now())

    assert await bench.due() == [reached]


async def test_what_waits_for_a_reason_is_told_by_its_arguments(bench: Bench) -> None:
    async def waits(key: str, code: str, account: str = "main") -> int:
        new = NewJob("purchase.place", key, account, START, START, args={"purchase": key})
        await bench.db.run(jobs.enqueue, [new], now=START)
        claim = await bench.take((await bench.due())[0])
        await bench.db.run(jobs.postpone, claim, run_at=START + HOUR, code=code, why="", costs_attempt=True)
        return claim.id

    await waits("1", "cap")
    await waits("2", "down")
    await waits("3", "cap", "second")
    await parked(bench, "4", "cap")

    assert await bench.db.read(jobs.waiting_for, "cap", "main") == [{"purchase": "1"}]


async def test_a_newer_job_speaks_for_parked_ones_of_its_kind_and_subject_only(bench: Bench, clock: FixedClock) -> None:
    async def about(key: str, kind: str = "orders.take", subject: str = "order toys/1") -> Claim:
        new = NewJob(kind, key, "toys", START, START, subject)
        await bench.db.run(jobs.enqueue, [new], now=START)
        return await bench.take((await bench.due())[0])

    older = [
        await about("older"),
        await about("other kind", kind="orders.poll"),
        await about("other order", subject="order toys/2"),
    ]
    for claim in older:
        await bench.db.run(jobs.park, claim, now=clock.now(), code="no", why="no")
    running, newer = await about("running"), await about("newer")

    await bench.db.run(jobs.settle_others, newer)

    assert await states(bench, [claim.id for claim in older]) == ["done", "parked", "parked"]
    assert await states(bench, [running.id, newer.id]) == ["running", "running"]


async def test_a_job_does_not_settle_itself(bench: Bench, clock: FixedClock) -> None:
    claim = await bench.take(await bench.add())
    await bench.db.run(jobs.park, claim, now=clock.now(), code="no", why="no")

    await bench.db.run(jobs.settle_others, claim)

    assert await states(bench, [claim.id]) == ["parked"]


async def test_a_repeated_job_closes_parked_ones_of_its_kind_and_account_only(bench: Bench) -> None:
    ids = [
        await parked(bench, "one", kind="orders.poll"),
        await parked(bench, "two", kind="orders.poll", account="second"),
        await parked(bench, "three"),
        await waiting(bench, "four", "down", kind="orders.poll"),
    ]

    await bench.db.run(jobs.close_parked, "orders.poll", "main")

    assert await states(bench, ids) == ["done", "parked", "parked", "ready"]


async def test_parked_jobs_of_these_keys_or_that_begin_so_are_closed_and_no_others(bench: Bench) -> None:
    ended = [await parked(bench, key) for key in ("declare:1", "redeclare:1@5", "redeclare:1@")]
    others = [await parked(bench, key) for key in ("declare:12", "redeclare:12@5", "x redeclare:1@5", "redeclare:1_5")]
    waits, is_done = await waiting(bench, "redeclare:1@6", "no"), await done(bench, "redeclare:1@7")

    await bench.db.run(jobs.end_parked, ["declare:1", "declare:2"], begun="redeclare:1@")

    assert await states(bench, ended) == ["done"] * 3
    assert await states(bench, others) == ["parked"] * 4
    assert await states(bench, [waits, is_done]) == ["ready", "done"]


async def test_a_beginning_is_taken_word_for_word(bench: Bench) -> None:
    job_id = await parked(bench, "redeclare:1@5")

    await bench.db.run(jobs.end_parked, [], begun="redeclare_1%")

    assert await states(bench, [job_id]) == ["parked"]


async def test_a_job_whose_work_was_undone_is_put_before_a_person_again(bench: Bench, clock: FixedClock) -> None:
    ids = [await done(bench, "one"), await done(bench, "two"), await bench.add("three")]
    clock.advance(60)

    for key in ("one", "three"):
        await bench.db.run(jobs.park_again, key, code="vendor_cancelled", why="88 is cancelled", now=clock.now())

    assert await states(bench, ids) == ["parked", "done", "ready"]
    row = await bench.row(ids[0])
    assert (row.reason_code, row.reason, row.finished_at) == ("vendor_cancelled", "88 is cancelled", clock.now())


async def test_only_due_jobs_of_the_kinds_asked_for_are_told_most_urgent_first(bench: Bench, clock: FixedClock) -> None:
    now = clock.now()
    page = await bench.add("one", kind="import_.page")
    post = await bench.add("two", kind="publish.post", priority=now - HOUR)
    await bench.add("three", priority=now - HOUR)
    await bench.add("four", kind="import_.page", run_at=now + SECOND)

    async def due(most: int) -> list[int]:
        return await bench.db.read(jobs.due_of, ["import_.page", "publish.post"], now=now, most=most)

    assert (await due(10), await due(1)) == ([post, page], [post])


async def test_work_is_unfinished_while_it_waits_or_runs(bench: Bench) -> None:
    await bench.add("waits")
    await bench.take(await bench.add("runs"))
    await done(bench, "done")
    await parked(bench, "parked")
    await bench.add("of another kind", kind="offers.read")
    await bench.add("of another time", priority=START + SECOND)

    assert await bench.db.read(jobs.unfinished, "purchase.place", START) == 2
    assert await bench.db.read(jobs.unfinished, "offers.read", START) == 1


@pytest.mark.parametrize(("kind", "account"), [("purchase.pay", "main"), ("purchase.place", "second")])
async def test_work_of_another_kind_or_account_is_not_under_way(bench: Bench, kind: str, account: str) -> None:
    await bench.add()

    assert not await bench.db.read(jobs.is_under_way, kind, account)


@pytest.mark.parametrize(
    ("kind", "account", "at", "later"),
    [
        ("purchase.place", "main", START - SECOND, True),
        ("purchase.place", "main", START, False),
        ("purchase.pay", "main", START - SECOND, False),
        ("purchase.place", "second", START - SECOND, False),
    ],
)
async def test_work_done_in_what_is_now_the_future_shows_that_the_clock_was_set_back(
    bench: Bench, kind: str, account: str, at: datetime, later: bool
) -> None:
    await done(bench, "one")

    assert await bench.db.read(jobs.was_done_later, kind, account, now=at) is later


async def test_work_that_is_not_done_shows_nothing_of_the_clock(bench: Bench) -> None:
    await bench.add()

    assert not await bench.db.read(jobs.was_done_later, "purchase.place", "main", now=START - SECOND)


async def test_a_lease_is_over_after_its_last_moment(bench: Bench, clock: FixedClock) -> None:
    await bench.take(await bench.add())
    clock.advance(LEASE.total_seconds())

    assert await bench.db.run(jobs.sweep, now=clock.now()) == 0
    clock.advance(0.001)
    assert await bench.db.run(jobs.sweep, now=clock.now()) == 1


async def test_a_worker_keeps_the_jobs_it_says_it_holds_although_their_leases_are_over(
    bench: Bench, clock: FixedClock
) -> None:
    held, lost = await bench.take(await bench.add("one")), await bench.take(await bench.add("two"))
    clock.advance(121)

    assert await bench.db.run(jobs.sweep, now=clock.now(), held=[held.id]) == 1
    assert await states(bench, [held.id, lost.id]) == ["running", "ready"]


async def test_a_lease_from_before_the_clock_was_set_back_ends_one_lease_from_now(bench: Bench) -> None:
    held, lost = await bench.take(await bench.add("one")), await bench.take(await bench.add("two"))
    now = START - HOUR

    assert await bench.db.run(jobs.sweep, now=now, held=[held.id], lease=LEASE) == 0

    assert [(await bench.row(claim.id)).lease_until for claim in (held, lost)] == [START + LEASE, now + LEASE]


async def test_jobs_cut_off_before_come_one_after_another_by_urgency_and_the_others_at_once(bench: Bench) -> None:
    ids = [await bench.add(str(early), priority=START - early * SECOND) for early in (9, 1, 2, 3, 0)]
    for job_id in ids[1:4]:
        await bench.take(job_id)
    await bench.db.run(jobs.free_leases, now=START)
    for job_id in ids:
        await bench.take(job_id)

    assert await bench.db.run(jobs.free_leases, now=START) == 5

    rows = [await bench.row(job_id) for job_id in ids]
    at_once = timedelta(0)
    assert [row.run_at - START for row in rows] == [at_once, 2 * jobs.SPACING, jobs.SPACING, at_once, at_once]
    assert [(row.state, row.token, row.lease_until) for row in rows] == [("ready", None, None)] * 5
