"""The mapping files changed while we run: sound rules are used at once, others change nothing and are told."""

from __future__ import annotations

from datetime import datetime

import structlog
from sqlmodel import Session

from syncbridge.flows.bridge import Bridge
from syncbridge.queue.job import wake_waiting
from syncbridge.store import holds

log = structlog.get_logger("syncbridge.rules")
ALARM = "alarm_rules"
SUBJECT = "mapping files"


def taken(session: Session, bridge: Bridge, *, now: datetime) -> None:
    """New rules are in force: orders whose lines had no route are looked at again."""
    log.info("rules.changed", routes=len(bridge.rules.routes))
    holds.close_holds(session, ALARM, [SUBJECT], now=now)
    for store in bridge.channels:
        wake_waiting(session, ["unrouted"], account=store, now=now)


def refused(session: Session, why: str, *, now: datetime) -> None:
    """The files cannot be used: the old rules stay in force, and a person is told where the mistake is."""
    if holds.open_hold(session, ALARM, SUBJECT, {"why": why}, now=now):
        log.error("rules.refused", why=why)
