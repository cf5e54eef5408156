"""What the clock asks for: every so often each account is polled. A tick only writes a job."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session

from syncbridge.flows.bridge import CATALOGUE_PATIENCE, Bridge
from syncbridge.queue.job import NewJob, close_parked, enqueue, is_under_way, was_done_later


@dataclass(frozen=True, slots=True)
class Every:
    """One thing that is done for one account every so many seconds."""

    kind: str
    account: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Intervals:
    """Seconds between polls."""

    orders: float = 300.0
    purchases: float = 300.0
    offers: float = 3600.0
    parcels: float = 900.0


def schedules(bridge: Bridge, intervals: Intervals) -> Sequence[Every]:
    """Everything the clock asks for, over all accounts."""
    return [
        *(Every("orders.poll", store, intervals.orders) for store in bridge.channels),
        *(Every("purchase.poll", account, intervals.purchases) for account in bridge.suppliers),
        *(Every("import_.page", account, intervals.offers) for account in bridge.suppliers),
        *(Every("fulfil.collect", carrier, intervals.parcels) for carrier in bridge.carriers),
    ]


def tick(session: Session, every: Every, *, now: datetime) -> bool:
    """Write the job of the planned time, the same on every host; not if the last one is still under way.

    It speaks for earlier ones that failed. A planned time that was used by a clock since set back is no longer free:
    the job is then named after the moment.
    """
    planned = now.timestamp() // every.seconds * every.seconds
    if is_under_way(session, every.kind, every.account):
        return False
    close_parked(session, every.kind, every.account)
    set_back = was_done_later(session, every.kind, every.account, now=now)
    run = f"{now.timestamp():.6f}" if set_back else f"{planned:.3f}"
    patience = CATALOGUE_PATIENCE if every.kind == "import_.page" else timedelta(0)
    job = NewJob(
        kind=every.kind,
        key=f"{every.kind}:{every.account}:{run}",
        account=every.account,
        run_at=now,
        priority=now + patience,
        subject=f"account {every.account}",
        lock=f"{every.kind}:{every.account}",
        args={"run": run},
    )
    return enqueue(session, [job], now=now) == 1
