"""An alarm: a line in the log, an open hold that people see, and one call of each notifier, when it is new."""

from __future__ import annotations

from typing import cast

import structlog
from sqlmodel import Session

from syncbridge.flows.bridge import Bridge
from syncbridge.ports import Alarm
from syncbridge.queue.execute import Done, Outcome
from syncbridge.queue.job import Claim, NewJob, enqueue
from syncbridge.store import holds
from syncbridge.store.types import from_json, to_json

log = structlog.get_logger("syncbridge.alarm")


def raise_alarm(session: Session, bridge: Bridge, alarm: Alarm) -> None:
    """Open the hold ``alarm_CODE``; one that is open already takes the new figures over and is not told again."""
    now = bridge.clock.now()
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
        for number in range(len(bridge.notifiers))
    ]
    enqueue(session, telling, now=now)


def end_alarm(session: Session, bridge: Bridge, code: str, subject: str) -> None:
    """Its cause is gone."""
    holds.close_holds(session, _hold(code), [subject], now=bridge.clock.now())


async def tell(bridge: Bridge, job: Claim) -> Outcome:
    """Pass an alarm on by one notifier; one that the settings no longer have is told nothing."""
    number = int(job.args["notifier"])
    if number < len(bridge.notifiers):
        await bridge.notifiers[number].notify(cast(Alarm, from_json(job.args["alarm"], Alarm)))
    return Done()


def _hold(code: str) -> str:
    return f"alarm_{code}"
