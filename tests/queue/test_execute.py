"""Running one job: every outcome and error has one meaning, and the result is kept with the close or not at all."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
import structlog
from sqlmodel import Session

from syncbridge.errors import (
    AccessExpired,
    MappingError,
    NotGranted,
    OutcomeUnknown,
    OutOfStock,
    RateLimited,
    Rejected,
    Unreachable,
    VendorDown,
)
from syncbridge.queue import job as jobs
from syncbridge.queue.execute import PAUSE, Done, Outcome, Park, Retry, Snooze
from syncbridge.queue.job import Claim
from syncbridge.store import timeline
from syncbridge.testing.clock import FixedClock, VirtualClock, run_virtual
from tests.queue.conftest import Bench, answering, open_inline, raising

pytestmark = pytest.mark.anyio
ATTEMPTS = 8
"""Of a purchase."""


def noting(bench: Bench, event: str) -> Outcome:
    return Done(lambda session: timeline.note(session, "order toys/1", event, at=bench.clock.now()))


async def noted(bench: Bench) -> list[str]:
    return [event for _, event, _ in await bench.db.read(timeline.of, "order toys/1")]


async def test_a_job_that_is_done_keeps_what_its_flow_wrote(bench: Bench) -> None:
    row = await bench.execute(await bench.add(), answering(noting(bench, "bought")))

    assert (row.state, row.token, row.reason) == ("done", None, "")
    assert row.finished_at == bench.clock.now()
    assert await noted(bench) == ["bought"]


@pytest.mark.parametrize(("came", "waits"), [(True, timedelta(0)), (False, timedelta(hours=1))])
async def test_a_job_does_not_wait_for_what_came_while_it_ran(bench: Bench, came: bool, waits: timedelta) -> None:
    asked = []

    def has_come(session: Session) -> bool:
        asked.extend(timeline.of(session, "order toys/1"))
        return came

    def write(session: Session) -> None:
        timeline.note(session, "order toys/1", "label asked for", at=bench.clock.now())

    until = bench.clock.now() + timedelta(hours=1)
    row = await bench.execute(await bench.add(), answering(Snooze(until, "label_waiting", "no label", write, has_come)))

    assert (row.state, row.run_at, row.attempt) == ("ready", bench.clock.now() + waits, 0)
    assert len(asked) == 1, "it is asked in the transaction that begins the wait"


async def test_a_late_wake_up_finds_nothing_to_do(bench: Bench) -> None:
    job_id = await bench.add()
    await bench.execute(job_id, answering(Done()))

    assert await bench.worker.execute(job_id) is False


async def test_a_fenced_workers_write_is_rolled_back_with_its_close(bench: Bench, clock: FixedClock) -> None:
    job_id = await bench.add()

    async def slow(_: Claim) -> Outcome:
        await bench.db.run(jobs.free_leases, now=clock.now())
        assert await bench.claim(job_id) is not None
        return noting(bench, "bought by the first")

    with structlog.testing.capture_logs() as logs:
        row = await bench.execute(job_id, slow)

    assert await noted(bench) == []
    assert (row.state, row.attempt) == ("running", 2)
    assert [log["event"] for log in logs] == ["job.fenced"]


async def test_a_snooze_waits_without_an_attempt_and_says_why(bench: Bench, clock: FixedClock) -> None:
    until = clock.now() + timedelta(minutes=5)

    row = await bench.execute(await bench.add(), answering(Snooze(until, "auditing", "the channel is auditing it")))

    assert (row.state, row.run_at, row.attempt) == ("ready", until, 0)
    assert (row.reason_code, row.reason) == ("auditing", "the channel is auditing it")


async def test_a_retry_waits_as_its_policy_says(bench: Bench, clock: FixedClock) -> None:
    row = await bench.execute(await bench.add(), answering(Retry("down", "busy")))

    assert (row.state, row.attempt) == ("ready", 1)
    assert clock.now() <= row.run_at <= clock.now() + timedelta(minutes=12)


async def test_a_retry_that_names_its_time_waits_until_then(bench: Bench, clock: FixedClock) -> None:
    at = clock.now() + timedelta(seconds=77)

    row = await bench.execute(await bench.add(), answering(Retry("down", "busy", at=at)))

    assert row.run_at == at


async def test_a_retry_without_attempts_left_is_parked_with_the_last_reason(bench: Bench, clock: FixedClock) -> None:
    job_id = await bench.add()
    for _ in range(ATTEMPTS):
        row = await bench.execute(job_id, answering(Retry("down", "the supplier is busy")))
        clock.advance(24 * 3600)

    assert (row.state, row.attempt) == ("parked", ATTEMPTS)
    assert row.reason == f"tried {ATTEMPTS} times; last time: the supplier is busy"


async def test_what_a_parking_flow_wrote_is_kept(bench: Bench) -> None:
    def write(session: Session) -> None:
        timeline.note(session, "order toys/1", "held", at=bench.clock.now())

    row = await bench.execute(await bench.add(), answering(Park("margin", "profit -1.00 USD", write)))

    assert (row.state, row.reason_code) == ("parked", "margin")
    assert await noted(bench) == ["held"]


async def test_row_09_a_rate_limit_waits_as_long_as_the_vendor_says_and_costs_nothing(
    bench: Bench, clock: FixedClock
) -> None:
    error = RateLimited("slow down", vendor="1688", code="limit", retry_after=9.0)

    row = await bench.execute(await bench.add(), raising(error))

    assert (row.state, row.attempt, row.reason_code) == ("ready", 0, "limit")
    assert row.run_at == clock.now() + timedelta(seconds=9)


async def test_a_rate_limit_without_a_time_waits_a_little(bench: Bench, clock: FixedClock) -> None:
    row = await bench.execute(await bench.add(), raising(RateLimited("slow down", vendor="1688")))

    assert row.run_at > clock.now()
    assert (row.attempt, row.reason_code) == (0, "RateLimited")


async def test_an_expired_access_pauses_the_account_and_costs_nothing(bench: Bench, clock: FixedClock) -> None:
    job_id, sibling = await bench.add("one"), await bench.add("two")
    other = await bench.add("three", account="other")

    row = await bench.execute(job_id, raising(AccessExpired("authorise it again", vendor="1688")))

    assert (row.state, row.attempt, row.reason) == ("ready", 0, "authorise it again")
    assert await bench.due() == [other]
    assert await bench.claim(sibling) is None
    clock.advance(PAUSE.total_seconds())
    assert await bench.due() == [job_id, sibling, other]


@pytest.mark.parametrize("error", [Unreachable("no route", vendor="1688"), VendorDown("503", vendor="1688")])
async def test_a_passing_failure_is_tried_again_and_costs_an_attempt(bench: Bench, error: Exception) -> None:
    row = await bench.execute(await bench.add(), raising(error))

    assert (row.state, row.attempt, row.reason_code) == ("ready", 1, type(error).__name__)


async def test_a_passing_failure_that_names_its_time_is_tried_then(bench: Bench, clock: FixedClock) -> None:
    error = VendorDown("back soon", vendor="1688", retry_after=600.0)

    row = await bench.execute(await bench.add(), raising(error))

    assert row.run_at == clock.now() + timedelta(seconds=600)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (Rejected("no, and nobody knows why", vendor="1688", code="F99-new"), "F99-new"),
        (OutOfStock("only 1 left", vendor="1688", code="stock"), "stock"),
        (NotGranted("no right to this API", vendor="1688"), "NotGranted"),
        (OutcomeUnknown("no answer", vendor="1688"), "OutcomeUnknown"),
        (MappingError("shop.yaml:3:1: no rate"), "MappingError"),
    ],
)
async def test_row_08_what_asking_again_cannot_change_is_parked_at_once(
    bench: Bench, error: Exception, code: str
) -> None:
    row = await bench.execute(await bench.add(), raising(error))

    assert (row.state, row.attempt, row.reason_code, row.reason) == ("parked", 1, code, str(error))


async def test_a_defect_is_logged_and_retried_and_parked_at_the_end(bench: Bench, clock: FixedClock) -> None:
    job_id = await bench.add()
    with structlog.testing.capture_logs() as logs:
        first = await bench.execute(job_id, raising(ZeroDivisionError("of secrets")))
    for _ in range(ATTEMPTS - 1):
        clock.advance(24 * 3600)
        last = await bench.execute(job_id, raising(ZeroDivisionError("of secrets")))

    assert [log["event"] for log in logs] == ["job.defect", "job.closed"]
    assert "ZeroDivisionError" in logs[0]["traceback"]
    assert (first.state, first.reason_code) == ("ready", "defect")
    assert "of secrets" not in first.reason
    assert last.state == "parked"


async def test_a_job_that_kills_its_worker_is_parked_after_its_attempts(bench: Bench, clock: FixedClock) -> None:
    job_id = await bench.add()
    for _ in range(ATTEMPTS):
        await bench.take(job_id)
        await bench.db.run(jobs.free_leases, now=clock.now())

    row = await bench.execute(job_id, raising(AssertionError("it must not run again")))

    assert (row.state, row.reason_code) == ("parked", "crashed")
    assert f"begun {ATTEMPTS} times" in row.reason


def test_the_lease_is_renewed_while_a_flow_takes_long(tmp_path: Path) -> None:
    async def main() -> None:
        db = open_inline(tmp_path)
        bench = Bench(db, VirtualClock())
        job_id = await bench.add()
        freed: list[int] = []

        async def slow(_job: Claim) -> Outcome:
            for _ in range(10):
                await bench.clock.sleep(60)
                freed.append(await db.run(jobs.sweep, now=bench.clock.now()))
            return Done()

        row = await bench.execute(job_id, slow)

        assert freed == [0] * 10
        assert (row.state, row.attempt) == ("done", 1)
        await db.close()

    run_virtual(main())


def test_renewal_ends_with_the_flow(tmp_path: Path) -> None:
    async def main() -> None:
        db = open_inline(tmp_path)
        bench = Bench(db, VirtualClock())
        job_id = await bench.add()
        await bench.execute(job_id, answering(Retry("down", "busy", at=bench.clock.now() + timedelta(hours=1))))
        before = db.units
        await bench.clock.sleep(600)

        assert db.units == before
        assert (await bench.row(job_id)).lease_until is None
        await db.close()

    run_virtual(main())
