"""Offers are looked at by themselves: what changes or sells often more, all together within the account's quota.

No message is needed for it. A message, like a person or a page of the pool, reads an offer sooner, and it counts.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlmodel import Session

from syncbridge.errors import NotFound, NotGranted, Rejected, Transient, VendorError
from syncbridge.flows import offers, plan, rates, stock
from syncbridge.flows.bridge import Bridge
from syncbridge.model.catalog import Offer
from syncbridge.ports import Supplier
from syncbridge.queue.execute import RATE_LIMIT_SECONDS, Done, Outcome
from syncbridge.queue.job import Claim, NewJob, enqueue
from syncbridge.rules.polling import pacing
from syncbridge.store import bookings, catalogue, offer_history, readings

BATCH_SECONDS = 10
"""What the quota gives in this time is read at once, and kept together."""
MOST_AT_ONCE = 8
QUOTA_WAIT = 1.5
"""Seconds a call may wait for its turn: so many are on their way that the quota is used up and none gives up."""
OVERBOOKED = 1.05
"""Readings are planned a little denser than the quota, so that one is always due."""
UNREADABLE_WAIT = timedelta(hours=1)
"""Before an offer is tried again that could not be read."""
PLANNED_AT_ONCE = 100
"""Offers that are planned again under new rules, between two batches of readings."""
DAY = 86_400
LABELS_KEPT = timedelta(days=60)
"""Unless the parcel arrived before; they name the buyer."""


@dataclass(slots=True)
class _Batch:
    """What came of reading some offers."""

    read: list[tuple[datetime, Offer]] = field(default_factory=list)
    """With the time before each was asked for."""
    gone: list[tuple[datetime, str]] = field(default_factory=list)
    failures: list[tuple[str, str]] = field(default_factory=list)
    stopped: VendorError | None = None
    """What ended it early; it concerns the account or the vendor, not an offer."""

    def __len__(self) -> int:
        return len(self.read) + len(self.gone) + len(self.failures)


async def due(bridge: Bridge, job: Claim) -> Outcome:
    """Read the offers whose time has come, the longest overdue first, and go on at once if there are more.

    Before that, what was not planned under the rules in force is planned from what is known of it: no call is needed.
    """
    account, now = job.account, bridge.clock.now()
    more = await bridge.db.run(_plan, bridge, account)
    per_second = bridge.terms.of(account).reads_per_second
    most = max(1, int(per_second * BATCH_SECONDS))
    offer_ids = await bridge.db.read(readings.due, account, now=now, most=most)
    paces = await bridge.db.read(readings.paces, account)
    at_once = max(1, min(MOST_AT_ONCE, int(per_second * QUOTA_WAIT)))
    batch = await _read(bridge, bridge.suppliers[account], offer_ids, at_once)
    if isinstance(batch.stopped, NotGranted):
        return Done()  # such an account reads no offers
    if batch.stopped is not None and not len(batch):
        raise batch.stopped

    def write(session: Session) -> None:
        spaced = pacing(paces, per_second * DAY * OVERBOOKED, bridge.terms.polling)
        if paces:
            readings.set_pacing(session, account, spaced)
        _keep(session, bridge, account, batch)
        if more or batch.stopped is not None or len(offer_ids) == most:
            _go_on(session, job, batch, bridge.clock.now())

    return Done(write)


async def replan(bridge: Bridge, job: Claim) -> Outcome:
    """Plan an offer anew from its last snapshot, and those it is a part of: what of it is free has changed."""
    offer_id = job.args["offer"]

    def write(session: Session) -> None:
        wanted = defaultdict(set, {job.account: {offer_id}})
        for account, other in stock.made_of(session, bridge.rules, job.account, [offer_id]):
            wanted[account].add(other)
        for account, ids in wanted.items():
            now = rates.current(session, bridge)
            known = [offer for offer in catalogue.offers(session, account, ids).values() if offer is not None]
            plan.offers_read(session, now, account, known, cause=f"{job.subject}: what is free of it changed")
            catalogue.planned(session, account, known, under=now.basis, read=False)

    return Done(write)


async def forget(bridge: Bridge, job: Claim) -> Outcome:
    """Drop costs and stocks that no longer hold and are older than the seller wants to look back, and old labels."""
    return Done(lambda session: _forget(session, bridge))


def _forget(session: Session, bridge: Bridge) -> None:
    now = bridge.clock.now()
    offer_history.forget(session, before=now - bridge.terms.history)
    bookings.forget(session, before=now - LABELS_KEPT)


def _plan(session: Session, bridge: Bridge, account: str) -> bool:
    """Plan what was not planned under these rules; answers whether there may be more of it."""
    bridge = rates.current(session, bridge)
    known = catalogue.unplanned(session, account, under=bridge.basis, most=PLANNED_AT_ONCE)
    if known:
        plan.offers_read(session, bridge, account, known, cause="the rules, or what is free, changed")
        catalogue.planned(session, account, known, under=bridge.basis, read=False)
    return len(known) == PLANNED_AT_ONCE


async def _read(bridge: Bridge, supplier: Supplier, offer_ids: list[str], at_once: int) -> _Batch:
    batch, left = _Batch(), iter(offer_ids)
    await asyncio.gather(*(_read_on(bridge, supplier, left, batch) for _ in range(at_once)))
    return batch


async def _read_on(bridge: Bridge, supplier: Supplier, left: Iterator[str], batch: _Batch) -> None:
    """Read one after the other of what is left, until somebody is stopped."""
    for offer_id in left:
        if batch.stopped is not None:
            return
        began = bridge.clock.now()
        try:
            batch.read.append((began, await supplier.offer(offer_id)))
        except NotFound:
            batch.gone.append((began, offer_id))
        except Rejected as error:
            batch.failures.append((offer_id, str(error)))
        except VendorError as error:
            batch.stopped = error


def _keep(session: Session, bridge: Bridge, account: str, batch: _Batch) -> None:
    now = bridge.clock.now()
    if batch.read:
        began = min(at for at, _ in batch.read)
        found = [offer for _, offer in batch.read]
        offers.keep(session, bridge, account, found, cause=f"offers of {account} that were due", began=began)
    for at, offer_id in batch.gone:
        offers.withdraw(session, bridge, account, offer_id, began=at)
    offers.report_failures(session, account, batch.failures, now=now)
    unreadable = [offer_id for offer_id, _ in batch.failures]
    readings.postpone(session, account, unreadable, until=now + UNREADABLE_WAIT)


def _go_on(session: Session, job: Claim, batch: _Batch, now: datetime) -> None:
    number = int(job.args.get("number", "0")) + 1
    wait = batch.stopped.retry_after or RATE_LIMIT_SECONDS if isinstance(batch.stopped, Transient) else 0
    following = NewJob(
        kind=job.kind,
        key=f"{job.kind}:{job.account}:{job.args['run']}:{number}",
        account=job.account,
        run_at=now + timedelta(seconds=wait),
        priority=job.priority,
        subject=job.subject,
        lock=f"{job.kind}:{job.account}",
        args={"run": job.args["run"], "number": str(number)},
    )
    enqueue(session, [following], now=now)
