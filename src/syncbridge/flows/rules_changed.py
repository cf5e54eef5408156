"""The mapping files changed while we run: sound rules are used at once, others change nothing and are told."""

from __future__ import annotations

import structlog
from sqlmodel import Session

from syncbridge.flows import alarms
from syncbridge.flows.bridge import Bridge
from syncbridge.ports import Alarm
from syncbridge.queue.job import wake_waiting

log = structlog.get_logger("syncbridge.rules")
_CODE, _SUBJECT = "rules", "mapping files"


def taken(session: Session, bridge: Bridge) -> None:
    """New rules are in force: orders whose lines had no route are looked at again."""
    log.info("rules.changed", routes=len(bridge.rules.routes))
    alarms.end_alarm(session, bridge, _CODE, _SUBJECT)
    for store in bridge.channels:
        wake_waiting(session, ["unrouted"], account=store, now=bridge.clock.now())


def refused(session: Session, bridge: Bridge, why: str) -> None:
    """The files cannot be used: the old rules stay in force, and a person is told where the mistake is."""
    alarms.raise_alarm(session, bridge, Alarm(_CODE, _SUBJECT, {"why": why}))
