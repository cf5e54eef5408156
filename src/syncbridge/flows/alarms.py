"""An alarm: a line in the log, an open hold that people see, and one call of each notifier, when it is new."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import cast

import structlog
from sqlmodel import Session

from syncbridge.flows.bridge import Bridge
from syncbridge.ports import Alarm, Clock, Notifier
from syncbridge.queue.execute import Done, Outcome
from syncbridge.queue.job import Claim, NewJob, enqueue, wake_waiting
from syncbridge.store import holds
from syncbridge.store.db import Database
from syncbridge.store.types import reader, to_json

log = structlog.get_logger("syncbridge.alarm")
_read_alarm = reader(Alarm)


class AccountHealth:
    """Told by an account's connection whether its vendor answers: an alarm when it does not any more."""

    def __init__(self, db: Database, clock: Clock, account: str, notifiers: Sequence[Notifier]) -> None:
        self._db = db
        self._clock = clock
        self._notifiers = notifiers
        self._subject = f"account {account}"

    async def lost(self, why: str) -> None:
        """Raise the alarm, once for the outage."""
        alarm = Alarm("outage", self._subject, {"why": why})
        await self._db.run(_raise, alarm, len(self._notifiers), now=self._clock.now())

    async def back(self) -> None:
        """End it, and let all jobs that wait for a vendor look again: those of other accounts may wait for this one."""
        await self._db.run(self._go_on, now=self._clock.now())

    def _go_on(self, session: Session, *, now: datetime) -> None:
        _end(session, "outage", self._subject, now=now)
        wake_waiting(session, ["outage"], now=now)


def forget_outages(session: Session, *, now: datetime) -> None:
    """A new start asks every vendor anew."""
    holds.close_kind(session, _hold("outage"), now=now)


def raise_alarm(session: Session, bridge: Bridge, alarm: Alarm) -> None:
    """Open the hold ``alarm_CODE``; one that is open already takes the new figures over and is not told again."""
    _raise(session, alarm, len(bridge.notifiers), now=bridge.clock.now())


def end_alarm(session: Session, bridge: Bridge, code: str, subject: str) -> None:
    """Its cause is gone."""
    _end(session, code, subject, now=bridge.clock.now())


def _raise(session: Session, alarm: Alarm, notifiers: int, *, now: datetime) -> None:
    if not holds.open_hold(session, _hold(alarm.code), alarm.subject, alarm.figures, now=now):
        return
    log.warning("alarm.raised", code=alarm.code, subject=alarm.subject, figures=dict(alarm.figures))
    telling = [
        NewJob(
            kind="alarms.tell",
            key=f"alarms.tell:{alarm.code}/{alarm.subject}@{now.isoformat()}/{number}",
            account="",
            run_at=now,
            priority=now,
            subject=alarm.subject,
            args={"notifier": str(number), "alarm": to_json(alarm)},
        )
        for number in range(notifiers)
    ]
    enqueue(session, telling, now=now)


def _end(session: Session, code: str, subject: str, *, now: datetime) -> None:
    holds.close_holds(session, _hold(code), [subject], now=now)


async def tell(bridge: Bridge, job: Claim) -> Outcome:
    """Pass an alarm on by one notifier; one that the settings no longer have is told nothing."""
    number = int(job.args["notifier"])
    if number < len(bridge.notifiers):
        await bridge.notifiers[number].notify(cast(Alarm, _read_alarm(job.args["alarm"])))
    return Done()


def _hold(code: str) -> str:
    return f"alarm_{code}"
