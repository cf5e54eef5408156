"""The job row is the truth: written in the caller's transaction, claimed and closed by compare-and-set."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Integer, Select, and_, bindparam, func, literal, or_, select, update
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from syncbridge.errors import SyncBridgeError
from syncbridge.store.rows import chunks
from syncbridge.store.tables.access import AccountState
from syncbridge.store.tables.work import Job, JobState
from syncbridge.store.types import UtcTime

LEASE = timedelta(seconds=120)
"""How long a job is held; it is renewed while it runs."""
CLOCKS_DIFFER = timedelta(seconds=5)
"""So much may two hosts' clocks differ without anybody having set one back."""
SPACING = timedelta(seconds=5)
"""Between jobs that were cut off twice and more, so that one that kills its worker takes no other with it."""


class Fenced(SyncBridgeError):
    """The job belongs to another worker by now, so this one's result is not kept."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A job in a worker's hands."""

    id: int
    kind: str
    key: str
    account: str
    subject: str
    args: Mapping[str, str]
    priority: datetime
    attempt: int
    """From 1; counts this one."""
    token: str
    claimed_at: datetime
    previous_claim_at: datetime | None
    """When an earlier attempt began that never reported: it may have acted."""


@dataclass(frozen=True, slots=True)
class NewJob:
    """A job to write."""

    kind: str
    key: str
    account: str
    run_at: datetime
    priority: datetime
    subject: str = ""
    lock: str | None = None
    args: Mapping[str, str] | None = None


def enqueue(session: Session, jobs: Sequence[NewJob], *, now: datetime) -> int:
    """Write jobs in the caller's transaction; one whose key is known already is left as it is. Answers how many."""
    if not jobs:
        return 0
    rows = [
        {
            "kind": job.kind,
            "key": job.key,
            "account": job.account,
            "subject": job.subject,
            "args": dict(job.args or {}),
            "priority": job.priority,
            "lock": job.lock,
            "state": JobState.READY.value,
            "run_at": job.run_at,
            "created_at": now,
            "attempt": 0,
            "reason_code": "",
            "reason": "",
        }
        for job in jobs
    ]
    return session.connection().execute(_ENQUEUE, rows).rowcount


def due(session: Session, *, now: datetime, most: int) -> list[int]:
    """Ids of jobs that may be claimed now, most urgent first."""
    rows = session.connection().execute(_DUE, {"b_now": now, "b_most": most})
    return [row.id for row in rows]


def due_of(session: Session, kinds: Collection[str], *, now: datetime, most: int) -> list[int]:
    """The same, of some kinds only."""
    rows = session.connection().execute(_DUE.where(col(Job.kind).in_(kinds)), {"b_now": now, "b_most": most})
    return [row.id for row in rows]


def next_due(session: Session, kinds: Collection[str]) -> datetime | None:
    """When the next waiting job of these kinds is due; None if none waits."""
    query = select(func.min(col(Job.run_at), type_=UtcTime())).where(
        col(Job.kind).in_(kinds), col(Job.state) == JobState.READY
    )
    return session.connection().execute(query).scalar_one()


def is_about(session: Session, subject: str, kinds: Collection[str]) -> bool:
    """Whether a job of these kinds about this subject waits or runs."""
    query = select(literal(1)).where(
        col(Job.subject) == subject,
        col(Job.kind).in_(kinds),
        col(Job.state).in_([JobState.READY, JobState.RUNNING]),
    )
    return session.connection().execute(query.limit(1)).first() is not None


def wake_about(session: Session, subject: str, kinds: Collection[str], *, now: datetime) -> bool:
    """Let waiting and parked jobs of these kinds about this subject look again now; answers whether there are any."""
    woken = session.connection().execute(
        update(Job)
        .where(
            col(Job.subject) == subject,
            col(Job.kind).in_(kinds),
            col(Job.state).in_([JobState.READY, JobState.PARKED]),
        )
        .values(state=JobState.READY, run_at=now, attempt=0)
    )
    return woken.rowcount > 0


def unfinished(session: Session, kind: str, priority: datetime) -> int:
    """How many jobs of this kind, written at this very priority, still wait or run."""
    query = select(func.count()).where(
        col(Job.state).in_([JobState.READY, JobState.RUNNING]), col(Job.kind) == kind, col(Job.priority) == priority
    )
    return session.connection().execute(query).scalar_one()


def going_on(session: Session, keys: Collection[str], *, until: datetime) -> list[str]:
    """Those of these jobs that run, or may run before that time."""
    query = select(col(Job.key)).where(or_(col(Job.state) == JobState.RUNNING, and_(*_MAY_RUN_BY)))
    told = {"b_now": until}
    return [
        row.key
        for some in chunks(keys)
        for row in session.connection().execute(query.where(col(Job.key).in_(some)), told)
    ]


def claim(session: Session, job_id: int, *, now: datetime, lease: timedelta) -> Claim | None:
    """Take a due job, counting the attempt; None if somebody else has it, or it is not due."""
    token = secrets.token_hex(8)
    values = {"b_id": job_id, "b_now": now, "b_token": token, "b_lease": now + lease}
    row = session.connection().execute(_CLAIM, values).first()
    if row is None:
        return None
    return Claim(id=job_id, token=token, claimed_at=now, **row._mapping)


def renew(session: Session, job: Claim, *, until: datetime) -> None:
    """Hold the job longer; raises Fenced if it is lost."""
    _own(session, job, {"lease_until": until})


def finish(session: Session, job: Claim, *, now: datetime) -> None:
    """Close a job that is done."""
    _own(session, job, {"state": JobState.DONE, "finished_at": now, **_LET_GO, "reason_code": "", "reason": ""})


def postpone(session: Session, job: Claim, *, run_at: datetime, code: str, why: str, costs_attempt: bool) -> None:
    """Try again at `run_at`; a snooze costs no attempt."""
    attempt = job.attempt if costs_attempt else job.attempt - 1
    change = {"state": JobState.READY, "run_at": run_at, "attempt": attempt, "reason_code": code, "reason": why}
    _own(session, job, {**change, **_LET_GO})


def park(session: Session, job: Claim, *, now: datetime, code: str, why: str) -> None:
    """Make it a dead letter: a person is asked."""
    change = {"state": JobState.PARKED, "reason_code": code, "reason": why, "finished_at": now}
    _own(session, job, {**change, **_LET_GO})


def wake(session: Session, key: str, *, now: datetime) -> None:
    """Let a waiting or parked job look again now, because what it waited for has happened."""
    session.connection().execute(_WAKE, {"b_key": key, "b_now": now})


def wake_waiting(
    session: Session,
    codes: Collection[str],
    *,
    account: str | None = None,
    subject: str | None = None,
    now: datetime,
) -> None:
    """Let jobs look again now that wait or are parked for one of these reasons: all, or an account's or subject's."""
    which = [col(Job.account) == account] if account is not None else []
    which += [col(Job.subject) == subject] if subject is not None else []
    session.connection().execute(
        update(Job)
        .where(*which, col(Job.reason_code).in_(codes), col(Job.state).in_([JobState.READY, JobState.PARKED]))
        .values(state=JobState.READY, run_at=now, attempt=0)
    )


def waiting_for(session: Session, code: str, account: str) -> list[Mapping[str, str]]:
    """The arguments of the account's jobs that wait for this reason."""
    query = select(col(Job.args)).where(
        col(Job.account) == account, col(Job.reason_code) == code, col(Job.state) == JobState.READY
    )
    return list(session.connection().scalars(query))


def settle_others(session: Session, job: Claim) -> None:
    """Close parked jobs of the same kind and subject: this newer one speaks for them."""
    session.connection().execute(
        update(Job)
        .where(
            col(Job.kind) == job.kind,
            col(Job.subject) == job.subject,
            col(Job.state) == JobState.PARKED,
            col(Job.id) != job.id,
        )
        .values(state=JobState.DONE)
    )


def close_parked(session: Session, kind: str, account: str) -> None:
    """Close parked jobs of a kind and account that a newer one repeats."""
    session.connection().execute(_CLOSE_PARKED, {"b_kind": kind, "b_account": account})


def end_parked(session: Session, keys: Collection[str], *, begun: str) -> None:
    """Close parked jobs of these keys, or of one that begins so, which nobody need see to any more."""
    named = or_(col(Job.key).in_(keys), col(Job.key).startswith(begun, autoescape=True))
    session.connection().execute(
        update(Job).where(named, col(Job.state) == JobState.PARKED).values(state=JobState.DONE)
    )


def park_again(session: Session, key: str, *, code: str, why: str, now: datetime) -> None:
    """Put a job that was done back before a person, because what it did was undone."""
    session.connection().execute(
        update(Job)
        .where(col(Job.key) == key, col(Job.state) == JobState.DONE)
        .values(state=JobState.PARKED, reason_code=code, reason=why, finished_at=now)
    )


def free_leases(session: Session, *, now: datetime) -> int:
    """Take every running job from its worker, which is known to be dead. Answers how many."""
    return _release(session, _HELD, {}, now=now)


def sweep(session: Session, *, now: datetime, held: Collection[int] = (), lease: timedelta = LEASE) -> int:
    """Take jobs whose lease is over from workers that never came back. Answers how many.

    A worker names the jobs it holds itself: those it keeps however its clock steps. A lease that ends later than
    one lease from now was written before a clock was set back, and is cut to that; so are waits from that time.
    """
    _set_back(session, now=now)
    session.connection().execute(_CUT_LEASES, {"b_lease": now + lease, "b_held": list(held)})
    return _release(session, _OVER, {"b_now": now, "b_held": list(held)}, now=now)


def unsettled(session: Session, job: Claim, codes: Collection[str], *, kinds: Collection[str]) -> bool:
    """Whether another job of these kinds and of its subject waits for one of these reasons, or was cut off."""
    waiting = session.connection().execute(
        select(func.count())
        .select_from(Job)
        .where(
            col(Job.kind).in_(kinds),
            col(Job.subject) == job.subject,
            col(Job.state) == JobState.READY,
            col(Job.id) != job.id,
            or_(col(Job.reason_code).in_(codes), col(Job.claimed_at).is_not(None)),
        )
    )
    return waiting.scalar_one() > 0


def is_under_way(session: Session, kind: str, account: str) -> bool:
    """Whether a job of this kind and account still waits or runs, so that another need not be added."""
    return session.connection().execute(_UNDER_WAY, {"b_kind": kind, "b_account": account}).first() is not None


def was_done_later(session: Session, kind: str, account: str, *, now: datetime) -> bool:
    """Whether a job of this kind and account was written after `now` and is done: the clock has been set back since."""
    which = {"b_kind": kind, "b_account": account, "b_now": now}
    return session.connection().execute(_DONE_LATER, which).first() is not None


def _set_back(session: Session, *, now: datetime) -> None:
    """Let jobs from a time to come wait as long as was meant when they were written, by a clock since set back."""
    for row in session.connection().execute(_OF_LATER, {"b_now": now + CLOCKS_DIFFER}).all():
        meant = {"run_at": now + (row.run_at - row.created_at), "created_at": now}
        session.connection().execute(update(Job).where(col(Job.id) == row.id).values(meant))


_LET_GO = {"token": None, "lease_until": None, "claimed_at": None}


def _own(session: Session, job: Claim, change: Mapping[str, object]) -> None:
    result = session.connection().execute(_OWN, {"b_id": job.id, "b_token": job.token, **change})
    if result.rowcount != 1:
        raise Fenced(f"{job.key} was taken over by another worker")


def _release(session: Session, which: Select[int | None, int], bound: Mapping[str, object], *, now: datetime) -> int:
    """Make running jobs ready again: at once, but one after another if they have been cut off before."""
    rows = session.connection().execute(which, bound).all()
    suspects = 0
    for row in rows:
        run_at = now + SPACING * suspects if row.attempt > 1 else now
        suspects += row.attempt > 1
        ready = {"state": JobState.READY, "run_at": run_at, "token": None, "lease_until": None}
        session.connection().execute(update(Job).where(col(Job.id) == row.id).values(ready))
    return len(rows)


# Built once: making an expression costs several times what running it does.
_NOW = bindparam("b_now", type_=UtcTime())
_OTHER = aliased(Job)
_LOCK_TAKEN = (
    select(literal(1))
    .where(col(_OTHER.lock) == col(Job.lock), col(_OTHER.state) == JobState.RUNNING)
    .correlate(Job)
    .exists()
)
_PAUSED = (
    select(literal(1))
    .where(col(AccountState.account) == col(Job.account), col(AccountState.paused_until) > _NOW)
    .correlate(Job)
    .exists()
)
_MAY_RUN_BY = (col(Job.state) == JobState.READY, col(Job.run_at) <= _NOW, ~_PAUSED)
_MAY_RUN = (*_MAY_RUN_BY, ~_LOCK_TAKEN)
_DUE = (
    select(col(Job.id))
    .where(*_MAY_RUN)
    .order_by(col(Job.priority), col(Job.id))
    .limit(bindparam("b_most", type_=Integer()))
)
_CLAIM = (
    update(Job)
    .where(col(Job.id) == bindparam("b_id"), *_MAY_RUN)
    .values(
        state=JobState.RUNNING,
        token=bindparam("b_token"),
        attempt=Job.attempt + 1,
        previous_claim_at=col(Job.claimed_at),
        claimed_at=_NOW,
        lease_until=bindparam("b_lease", type_=UtcTime()),
    )
    .returning(
        col(Job.kind),
        col(Job.key),
        col(Job.account),
        col(Job.subject),
        col(Job.args),
        col(Job.priority),
        col(Job.attempt),
        col(Job.previous_claim_at),
    )
)
_WAKE = (
    update(Job)
    .where(col(Job.key) == bindparam("b_key"), col(Job.state).in_([JobState.READY, JobState.PARKED]))
    .values(state=JobState.READY, run_at=_NOW, attempt=0)
)
_OF_LATER = select(col(Job.id), col(Job.run_at), col(Job.created_at)).where(
    col(Job.state) == JobState.READY, col(Job.reason_code) == "", col(Job.created_at) > _NOW
)
_HELD = (
    select(col(Job.id), col(Job.attempt))
    .where(col(Job.state) == JobState.RUNNING)
    .order_by(col(Job.priority), col(Job.id))
)
_BY_OTHERS = col(Job.id).not_in(bindparam("b_held", expanding=True))
_OVER = _HELD.where(col(Job.lease_until) < _NOW, _BY_OTHERS)
_CUT_LEASES = (
    update(Job)
    .where(col(Job.state) == JobState.RUNNING, _BY_OTHERS, col(Job.lease_until) > bindparam("b_lease", type_=UtcTime()))
    .values(lease_until=bindparam("b_lease", type_=UtcTime()))
)
_OWN = update(Job).where(col(Job.id) == bindparam("b_id"), col(Job.token) == bindparam("b_token"))
_ENQUEUE = upsert(Job).on_conflict_do_nothing(index_elements=["key"])
_OF_KIND = (col(Job.kind) == bindparam("b_kind"), col(Job.account) == bindparam("b_account"))
_UNDER_WAY = select(literal(1)).where(*_OF_KIND, col(Job.state).in_([JobState.READY, JobState.RUNNING])).limit(1)
_DONE_LATER = select(literal(1)).where(*_OF_KIND, col(Job.state) == JobState.DONE, col(Job.created_at) > _NOW).limit(1)
_CLOSE_PARKED = update(Job).where(*_OF_KIND, col(Job.state) == JobState.PARKED).values(state=JobState.DONE)
