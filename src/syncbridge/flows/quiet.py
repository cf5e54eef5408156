"""Listen for silence: orders and messages of a store, messages of a supplier account."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlmodel import Session

from syncbridge.flows.alarms import end_alarm, raise_alarm
from syncbridge.flows.bridge import Bridge
from syncbridge.queue.execute import Done, Outcome
from syncbridge.queue.job import Claim
from syncbridge.rules import quiet
from syncbridge.store import ledger

KIND = "quiet.check"


async def check(bridge: Bridge, job: Claim) -> Outcome:
    """Raise an alarm on a silence that is too long, and end it when something came.

    The checks themselves are the daemon's signs of life.
    """
    account, now = job.account, bridge.clock.now()
    heard = await bridge.db.read(_heard, account, is_store=account in bridge.channels, now=now)

    def write(session: Session) -> None:
        for subject, (arrivals, listened) in heard.items():
            alarm = quiet.verdict(subject, arrivals, listened)
            if alarm is None:
                end_alarm(session, bridge, "quiet", subject)
            else:
                raise_alarm(session, bridge, alarm)

    return Done(write)


def _heard(
    session: Session, account: str, *, is_store: bool, now: datetime
) -> Mapping[str, tuple[quiet.Arrivals, Sequence[datetime]]]:
    """What came, and when we listened: to messages while the daemon ran, to orders until the last poll."""
    listened = [*ledger.beats(session, KIND, account), now]
    heard = {}
    if messages := ledger.messages_came(session, account):
        heard[f"messages of {account}"] = (messages, listened)
    read = ledger.last_read(session, "orders.poll", account) if is_store else None
    if read and (orders := ledger.orders_came(session, account)):
        heard[f"orders of {account}"] = (orders, [at for at in listened if at <= read])
    return heard
