"""What the clock asks for: every so often each account is polled. A tick only writes a job."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlmodel import Session

from syncbridge.flows.bridge import CATALOGUE_PATIENCE, Bridge, day_began
from syncbridge.flows.follow import can_be_followed
from syncbridge.queue.job import NewJob, close_parked, enqueue, is_under_way, was_done_later
from syncbridge.rules.retry import POLLS

QUARTER = timedelta(minutes=15)
DAY = timedelta(days=1)
NIGHT = timedelta(hours=3)
"""After midnight in China, when every listing is looked for."""


@dataclass(frozen=True, slots=True)
class Every:
    """One thing that is done for one account, or for all (no name), every so many seconds or every day."""

    kind: str
    account: str
    seconds: float
    at: timedelta | None = None
    """After midnight in China: done once a day then, although the clock asks every so many seconds."""

    def planned(self, now: datetime) -> datetime:
        """The last time it was due."""
        if self.at is None:
            return datetime.fromtimestamp(now.timestamp() // self.seconds * self.seconds, UTC)
        today = day_began(now) + self.at
        return today if today <= now else today - DAY


@dataclass(frozen=True, slots=True)
class Intervals:
    """Seconds between polls."""

    orders: float = 300.0
    purchases: float = 300.0
    offers: float = 86_400.0
    due_offers: float = 60.0
    parcels: float = 900.0
    quiet: float = 900.0
    listings: float = 3600.0
    rates: float = 21600.0
    tracks: float = 14_400.0
    audit_hour: int = 7
    """Of the day in China, when the nightly audit is due."""


def schedules(bridge: Bridge, intervals: Intervals) -> Sequence[Every]:
    """Everything the clock asks for, over all accounts."""
    return [
        *(Every("orders.poll", store, intervals.orders) for store in bridge.channels),
        *(Every("purchase.poll", account, intervals.purchases) for account in bridge.suppliers),
        *(Every("import_.page", account, intervals.offers) for account in bridge.suppliers),
        *(Every("monitor.due", account, intervals.due_offers) for account in bridge.suppliers),
        *(Every("dispatch.check", account, QUARTER.total_seconds()) for account in bridge.suppliers),
        *(Every("domestic.check", account, QUARTER.total_seconds(), at=NIGHT) for account in bridge.suppliers),
        *(Every("fulfil.collect", carrier, intervals.parcels) for carrier in bridge.carriers),
        *(Every("follow.poll", store, intervals.tracks) for store in bridge.channels if can_be_followed(bridge, store)),
        *(Every("rates.refresh", account, intervals.rates) for account in bridge.exchanges),
        *(Every("quiet.check", account, intervals.quiet) for account in (*bridge.channels, *bridge.suppliers)),
        *(Every("tokens.renew", account, QUARTER.total_seconds()) for account in bridge.renewals),
        Every("tokens.calendar", "", QUARTER.total_seconds()),
        *(Every("reconcile.recent", store, intervals.listings) for store in bridge.channels),
        *(Every("reconcile.store", store, QUARTER.total_seconds(), at=NIGHT) for store in bridge.channels),
        Every("audit.nightly", "", QUARTER.total_seconds(), at=timedelta(hours=intervals.audit_hour)),
        Every("monitor.forget", "", QUARTER.total_seconds(), at=timedelta(hours=intervals.audit_hour)),
    ]


def tick(session: Session, every: Every, *, now: datetime) -> bool:
    """Write the job of the planned time, the same on every host; not if the last one is still under way.

    It speaks for earlier ones that failed. A planned time that was used by a clock since set back is no longer free:
    the job is then named after the moment.
    """
    if is_under_way(session, every.kind, every.account):
        return False
    run_at = now if every.at is None else now + QUARTER  # after a start, the polls first catch up

    def write(run: str) -> bool:
        return enqueue(session, [run_job(every.kind, every.account, run, run_at)], now=now) == 1

    if not write(f"{every.planned(now).timestamp():.3f}"):
        set_back = was_done_later(session, every.kind, every.account, now=now)
        if not (set_back and write(f"{now.timestamp():.6f}")):
            return False
    close_parked(session, every.kind, every.account)
    return True


def run_job(kind: str, account: str, run: str, run_at: datetime) -> NewJob:
    """The job of one run of something scheduled; `run` tells runs apart."""
    return NewJob(
        kind=kind,
        key=f"{kind}:{account}:{run}",
        account=account,
        run_at=run_at,
        priority=run_at if kind in POLLS else run_at + CATALOGUE_PATIENCE,
        subject=f"account {account}" if account else "all accounts",
        lock=f"{kind}:{account}",
        args={"run": run},
    )
