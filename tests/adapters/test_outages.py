"""A vendor that does not answer: left alone, looked at now and then, told of once, and worked through by deadline."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import Session

from syncbridge.adapters.aliexpress import adapter
from syncbridge.adapters.aliexpress.mock import AliExpressMock
from syncbridge.adapters.aliexpress.settings import AliExpressSettings
from syncbridge.adapters.breaker import FAILURES, FIRST_REST, Breaker
from syncbridge.errors import NotFound, Outage, OutcomeUnknown, RateLimited, Rejected, Unreachable, VendorError
from syncbridge.flows.alarms import AccountHealth
from syncbridge.ports import Channel, Health, Tokens
from syncbridge.queue.execute import Done, Outcome
from syncbridge.queue.job import Claim
from syncbridge.store import holds
from syncbridge.testing.clock import FixedClock
from syncbridge.testing.faults import Fault, FaultTransport
from syncbridge.testing.wiring import Chart, wiring_for
from tests.queue.conftest import Bench, open_inline

pytestmark = pytest.mark.anyio
LOST = Unreachable("no answer", vendor="aliexpress")


class Line:
    """A breaker, and the calls a test makes through it."""

    def __init__(self) -> None:
        self.clock = FixedClock()
        self.health = Chart()
        self.breaker = Breaker("aliexpress", wiring_for(None, self.clock, Tokens(""), health=self.health))

    async def call(self, error: VendorError | None = None, *, write: bool = False) -> None:
        looks = self.breaker.admit(write=write)
        async with self.breaker.watching(looks=looks):
            if error is not None:
                raise error

    async def fail(self, times: int) -> None:
        for _ in range(times):
            with pytest.raises(VendorError):
                await self.call(LOST)


@pytest.fixture
def line() -> Line:
    return Line()


async def test_a_few_lost_answers_are_no_outage(line: Line) -> None:
    await line.fail(FAILURES - 1)
    await line.call()
    await line.fail(FAILURES - 1)
    await line.call()
    assert line.health.told == []


async def test_many_lost_answers_in_a_row_are_an_outage_told_once(line: Line) -> None:
    await line.fail(FAILURES)
    for _ in range(5):
        line.clock.advance(3600)
        await line.fail(1)
    assert line.health.told == ["lost"]


async def test_during_an_outage_no_call_goes_out(line: Line) -> None:
    await line.fail(FAILURES)
    with pytest.raises(Outage) as told:
        await line.call()
    assert told.value.retry_after == FIRST_REST.total_seconds()


async def test_after_the_rest_one_read_looks_and_the_others_wait(line: Line) -> None:
    await line.fail(FAILURES)
    line.clock.advance(30)
    line.breaker.admit(write=False)
    with pytest.raises(Outage):
        line.breaker.admit(write=False)


async def test_a_write_never_looks_whether_the_vendor_is_back(line: Line) -> None:
    await line.fail(FAILURES)
    line.clock.advance(3600)
    with pytest.raises(Outage):
        await line.call(write=True)


@pytest.mark.parametrize("answer", [None, Rejected("no", vendor="a"), NotFound("gone", vendor="a")])
async def test_any_answer_ends_the_outage(line: Line, answer: VendorError | None) -> None:
    await line.fail(FAILURES)
    line.clock.advance(30)
    if answer is None:
        await line.call()
    else:
        with pytest.raises(type(answer)):
            await line.call(answer)
    await line.call(write=True)
    assert line.health.told == ["lost", "back"]


async def test_rests_grow_to_ten_minutes(line: Line) -> None:
    await line.fail(FAILURES)
    rests = []
    for _ in range(7):
        with pytest.raises(Outage) as told:
            line.breaker.admit(write=False)
        rests.append(told.value.retry_after)
        line.clock.advance(told.value.retry_after or 0)
        await line.fail(1)
    assert rests == [30, 60, 120, 240, 480, 600, 600]


async def test_calls_under_way_when_the_outage_began_make_no_rest_longer(line: Line) -> None:
    all_are_out = asyncio.Event()

    async def lose() -> None:
        async with line.breaker.watching(looks=line.breaker.admit(write=False)):
            await all_are_out.wait()
            raise LOST

    calls = [asyncio.ensure_future(lose()) for _ in range(2 * FAILURES)]
    await asyncio.sleep(0)
    all_are_out.set()
    await asyncio.gather(*calls, return_exceptions=True)
    with pytest.raises(Outage) as told:
        await line.call()
    assert told.value.retry_after == FIRST_REST.total_seconds()


async def test_an_unclear_write_stays_unclear_and_counts(line: Line) -> None:
    for _ in range(FAILURES):
        with pytest.raises(OutcomeUnknown):
            await line.call(OutcomeUnknown("?", vendor="a"), write=True)
    with pytest.raises(Outage):
        await line.call()


async def test_a_limit_is_neither_an_answer_nor_a_failure(line: Line) -> None:
    await line.fail(FAILURES - 1)
    with pytest.raises(RateLimited):
        await line.call(RateLimited("slow", vendor="a"))
    await line.fail(1)
    assert line.health.told == ["lost"]


def connect(clock: FixedClock, transport: FaultTransport, mock: AliExpressMock, health: Health) -> Channel:
    account = mock.world.open_account()
    keys = {"app_key": account.app_key, "app_secret": account.app_secret}
    settings = AliExpressSettings.model_validate({**keys, "base_url": "http://mock", "auth_url": "http://mock"})
    tokens = Tokens(account.access_token, account.refresh_token)
    channel = adapter.connect(settings, wiring_for(transport, clock, tokens, health=health)).channel
    assert channel is not None
    return channel


async def nobody(_url: str, _body: bytes, _headers: object) -> int:
    return 0


async def test_row_10_six_hours_without_the_vendor_cost_few_calls_one_alarm_and_no_order(tmp_path: Path) -> None:
    clock, db = FixedClock(), open_inline(tmp_path)
    bench = Bench(db, clock)
    mock = AliExpressMock(clock, nobody)
    calls, done = [], []
    out_until = clock.now() + timedelta(hours=6)

    def decide(_: object) -> Fault | None:
        calls.append(clock.now())
        return Fault.CONNECT if clock.now() < out_until else None

    health = AccountHealth(db, clock, "toys", ())
    channel = connect(clock, FaultTransport(mock.asgi(), decide), mock, health)

    async def read(job: Claim) -> Outcome:
        await channel.shipping_services()
        done.append(job.key)
        return Done()

    bench.handlers["purchase.place"] = read
    wanted = [f"order {number}" for number in range(40)]
    for number, key in enumerate(reversed(wanted)):
        await bench.add(key, priority=clock.now() - timedelta(hours=number))  # the last added is the most urgent

    alarms = []
    while len(done) < len(wanted):
        for job_id in await bench.due():
            await bench.worker.execute(job_id)
        alarms.append(len(await db.read(_alarms)))
        clock.advance(30)
        assert clock.now() < out_until + timedelta(hours=2)

    assert len([at for at in calls if at < out_until]) < 6 * 6 + 3 * FAILURES
    assert max(alarms) == 1
    assert await db.read(_alarms) == []
    assert done[1:] == [key for key in wanted if key in done[1:]]  # by deadline, after the one that looked


async def test_what_waited_for_the_vendor_goes_on_once_it_is_back(tmp_path: Path) -> None:
    clock, db = FixedClock(), open_inline(tmp_path)
    bench = Bench(db, clock)

    async def out(_: Claim) -> Outcome:
        raise Outage("toys does not answer", vendor="aliexpress", code="outage", retry_after=600)

    bench.handlers["purchase.place"] = out
    await bench.add("an order")
    for job_id in await bench.due():
        await bench.worker.execute(job_id)
    assert await bench.due() == []

    await AccountHealth(db, clock, "toys", ()).back()  # whom a job of the supplier's account had asked

    assert len(await bench.due()) == 1


def _alarms(session: Session) -> list[str]:
    return [hold.kind for hold in holds.all_open(session) if hold.kind == "alarm_outage"]
