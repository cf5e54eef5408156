"""Run one job: claim it, let its flow decide, and close it in one transaction with what the flow changed."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlmodel import Session

from syncbridge.errors import AccessExpired, Outage, RateLimited, SyncBridgeError, Transient, VendorError
from syncbridge.ports import Clock
from syncbridge.queue import job as jobs
from syncbridge.queue.job import Claim, Fenced
from syncbridge.rules.retry import RetryPolicies
from syncbridge.store import accounts
from syncbridge.store.db import Database, may_pass

log = structlog.get_logger("syncbridge.job")

Write = Callable[[Session], None]
RATE_LIMIT_SECONDS = 2.0
"""The wait where a vendor limits calls and does not say for how long."""
PAUSE = timedelta(hours=1)
"""How long an account rests that must be authorised again, before it is tried once more."""
CRASHES = 3
"""So often at least a job is begun that never reports, also one whose next tick is its next attempt."""
DATABASE_PAUSE = 2.0
"""Seconds until something is written again that the database could not take."""


def nothing(session: Session) -> None:
    """Change nothing."""


def no(session: Session) -> bool:
    """Nothing came."""
    return False


@dataclass(frozen=True, slots=True)
class Done:
    """Close the job and keep what was written."""

    write: Write = nothing


@dataclass(frozen=True, slots=True)
class Snooze:
    """Not yet; costs no attempt."""

    until: datetime
    code: str
    why: str
    write: Write = nothing
    came: Callable[[Session], bool] = no
    """Whether what would wake it came while it ran, when there was nobody to wake: then it looks again at once."""


@dataclass(frozen=True, slots=True)
class Retry:
    """It failed and may work later; `at` overrides the policy's wait."""

    code: str
    why: str
    write: Write = nothing
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Park:
    """It will not work by itself: a person is asked."""

    code: str
    why: str
    write: Write = nothing


Outcome = Done | Snooze | Retry | Park
Handler = Callable[[Claim], Awaitable[Outcome]]


@dataclass(frozen=True, slots=True)
class Worker:
    """What it takes to run jobs."""

    db: Database
    clock: Clock
    handlers: Mapping[str, Handler]
    policies: RetryPolicies
    lease: float = 120.0
    """Seconds a job is held; renewed while it runs."""
    renewal: float = 30.0

    async def execute(self, job_id: int) -> bool:
        """Run a job if it may run now. False: somebody else has it, or it is not due."""
        now = self.clock.now()
        job = await self.db.run(jobs.claim, job_id, now=now, lease=timedelta(seconds=self.lease))
        if job is None:
            return False
        renewing = asyncio.ensure_future(self._renew(job))
        try:
            outcome = await self._decide(job)
            await self._closed(job, outcome)
        except Fenced as error:
            log.warning("job.fenced", job=job.key, why=str(error))
        else:
            log.info("job.closed", job=job.key, attempt=job.attempt, outcome=type(outcome).__name__.lower())
        finally:
            renewing.cancel()
        return True

    async def _closed(self, job: Claim, outcome: Outcome) -> None:
        """Close the job with its result; a result that makes no sense to the database is a failed attempt."""
        try:
            await self._kept(job, outcome)
        except Fenced:
            raise
        except Exception as error:  # noqa: BLE001  as below: a defect in one flow must not stop the others
            await self._kept(job, _defect(job, error))

    async def _kept(self, job: Claim, outcome: Outcome) -> None:
        """Write the result, however long the database cannot take it: the vendor may have acted already."""
        told = False
        while True:
            try:
                return await self.db.run(self._close, job, outcome)
            except DBAPIError as error:
                if not may_pass(error):
                    raise
                if not told:
                    log.error("job.result_waits", job=job.key, why=str(error.orig))
                told = True
            await self.clock.sleep(DATABASE_PAUSE)

    async def _renew(self, job: Claim) -> None:
        wait = self.renewal
        while True:
            await self.clock.sleep(wait)
            wait = self.renewal
            try:
                await self.db.run(jobs.renew, job, until=self.clock.now() + timedelta(seconds=self.lease))
            except Fenced:
                return  # another worker has it; this one's result will not be kept
            except SQLAlchemyError as error:
                log.warning("job.not_renewed", job=job.key, why=str(error.__cause__))
                wait = self.renewal / 10

    async def _decide(self, job: Claim) -> Outcome:
        if job.attempt > max(self.policies.of(job.kind).attempts, CRASHES):
            return Park("crashed", f"it was begun {job.attempt - 1} times and never came to an end")
        try:
            return await self.handlers[job.kind](job)
        except VendorError as error:
            return self._after(error, job)
        except SyncBridgeError as error:
            return Park(type(error).__name__, str(error))
        except Exception as error:  # noqa: BLE001  a defect in one flow must not stop the others
            return self._unwritten(error) if may_pass(error) else _defect(job, error)

    def _unwritten(self, error: Exception) -> Snooze:
        why = f"the database takes no writes now ({error.__cause__}); free its disk or end what locks it"
        return Snooze(self.clock.now() + timedelta(seconds=DATABASE_PAUSE), "database", why)

    def _after(self, error: VendorError, job: Claim) -> Outcome:
        code = error.code or type(error).__name__
        now = self.clock.now()
        match error:
            case RateLimited() | Outage():
                return Snooze(now + timedelta(seconds=error.retry_after or RATE_LIMIT_SECONDS), code, str(error))
            case AccessExpired():
                return Snooze(now, code, str(error), _pause(job.account, now + PAUSE, str(error)))
            case Transient():
                at = now + timedelta(seconds=error.retry_after) if error.retry_after else None
                return Retry(code, str(error), at=at)
            case _:
                return Park(code, str(error))

    def _close(self, session: Session, job: Claim, outcome: Outcome) -> None:
        outcome.write(session)
        now = self.clock.now()
        match outcome:
            case Done():
                jobs.finish(session, job, now=now)
            case Snooze(until, code, why, came=came):
                run_at = now if came(session) else until
                jobs.postpone(session, job, run_at=run_at, code=code, why=why, costs_attempt=False)
            case Park(code, why):
                jobs.park(session, job, now=now, code=code, why=why)
            case Retry(code, why, at=at):
                self._retry(session, job, at, code, why)

    def _retry(self, session: Session, job: Claim, at: datetime | None, code: str, why: str) -> None:
        policy, now = self.policies.of(job.kind), self.clock.now()
        if job.attempt >= policy.attempts:
            jobs.park(session, job, now=now, code=code, why=f"tried {job.attempt} times; last time: {why}")
            return
        run_at = at or now + timedelta(seconds=policy.wait(job.attempt))
        jobs.postpone(session, job, run_at=run_at, code=code, why=why, costs_attempt=True)


def _defect(job: Claim, error: Exception) -> Retry:
    log.error("job.defect", job=job.key, traceback="".join(traceback.format_exception(error)))
    return Retry("defect", f"unexpected {type(error).__name__}; the log has the details")


def _pause(account: str, until: datetime, why: str) -> Write:
    return lambda session: accounts.pause(session, account, until=until, why=why)
