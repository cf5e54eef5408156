"""What our tables hold against the vendors' books, and when things arrived."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, exists, func, select
from sqlalchemy.orm import Mapped
from sqlmodel import Session, col

from syncbridge.model.ledger import Books, KeptOrder, Reads, Shown
from syncbridge.model.purchasing import Purchase, SeenOrder
from syncbridge.rules.ledger import BOUGHT, COMMITTED, OPEN_STAGES
from syncbridge.rules.quiet import MEMORY, Arrivals
from syncbridge.store.rows import rows_of, value
from syncbridge.store.tables.buying import OrderRow, PurchaseRow, VendorOrderRow
from syncbridge.store.tables.work import HoldRow, InboxRow, Job, JobState, TimelineRow

WIDER = timedelta(days=30)
"""A vendor order that changes now may belong to a purchase that is so much older."""
ON_THE_WAY = (JobState.READY, JobState.RUNNING, JobState.PARKED)
MOST_IDS = 10_000
MOST_BEATS = 3000
"""A month of quarters of an hour."""


def books(session: Session, since: datetime, polls: Mapping[str, str], shown: Shown) -> Books:
    """Everything open, what changed since, and what was shown; `polls` names the kind of job that reads each account.

    Vendors' lists reach back further than they are asked to, so what they show is looked for by its ids, too.
    """
    working, attended = _under_way(session)
    return Books(
        orders=[value(KeptOrder, row) for row in rows_of(session, select(OrderRow).where(_order_in_scope(since)))],
        kept=frozenset(_kept(session, shown)),
        purchases=[value(Purchase, row) for row in rows_of(session, select(PurchaseRow).where(_in_scope(since)))],
        vendor_orders=[value(SeenOrder, row) for row in _seen(session, since, shown)],
        attended=attended,
        given_up=_given_up(session),
        working=working,
        reads={account: _reads(session, kind, account) for account, kind in polls.items()},
    )


def _kept(session: Session, shown: Shown) -> Iterator[tuple[str, str]]:
    for store, refs in shown.orders.items():
        for some in _some([ref.order_id for ref in refs]):
            known = select(col(OrderRow.order_id)).where(col(OrderRow.store) == store, col(OrderRow.order_id).in_(some))
            yield from ((store, order_id) for order_id in session.connection().execute(known).scalars())


def _seen(session: Session, since: datetime, shown: Shown) -> Iterator[VendorOrderRow]:
    """Each row once: those that were shown, and of the others those in scope."""
    asked: set[tuple[str, str]] = set()
    row = VendorOrderRow
    for account, orders in shown.vendor_orders.items():
        for some in _some([order.vendor_order_id for order in orders]):
            asked |= {(account, number) for number in some}
            yield from rows_of(
                session, select(row).where(col(row.supplier) == account, col(row.vendor_order_id).in_(some))
            )
    for other in rows_of(session, select(row).where(_seen_in_scope(since))):
        if (other.supplier, other.vendor_order_id) not in asked:
            yield other


def _some(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    """Not more at once than a database takes as parameters."""
    return (ids[start : start + MOST_IDS] for start in range(0, len(ids), MOST_IDS))


def _order_in_scope(since: datetime) -> ColumnElement[bool]:
    of_it = (col(PurchaseRow.store) == col(OrderRow.store)) & (col(PurchaseRow.order_id) == col(OrderRow.order_id))
    is_bought_for = exists().where(of_it, col(PurchaseRow.state).in_(COMMITTED))
    return (col(OrderRow.modified_at) >= since) | col(OrderRow.stage).in_(OPEN_STAGES) | is_bought_for


def _in_scope(since: datetime) -> ColumnElement[bool]:
    its = (col(OrderRow.store) == col(PurchaseRow.store)) & (col(OrderRow.order_id) == col(PurchaseRow.order_id))
    is_open = exists().where(its, col(OrderRow.stage).in_(OPEN_STAGES))
    return (col(PurchaseRow.created_at) >= since - WIDER) | col(PurchaseRow.state).in_(COMMITTED) | is_open


def _seen_in_scope(since: datetime) -> ColumnElement[bool]:
    its = func.coalesce(PurchaseRow.merged_into, PurchaseRow.id) == VendorOrderRow.purchase
    return (col(VendorOrderRow.seen_at) >= since) | exists().where(its, col(PurchaseRow.state).in_(BOUGHT))


def _under_way(session: Session) -> tuple[frozenset[int], frozenset[str]]:
    """Purchases and subjects a job works on or is parked over, and what holds are open on; some name a line too."""
    jobs = session.connection().execute(select(col(Job.subject), col(Job.args)).where(col(Job.state).in_(ON_THE_WAY)))
    working, subjects = set(), set()
    for job in jobs:
        subjects.add(job.subject)
        if "purchase" in job.args:
            working.add(int(job.args["purchase"]))
    held = session.connection().execute(select(col(HoldRow.subject)).where(col(HoldRow.closed_at).is_(None)))
    subjects |= {" ".join(subject.split(" ")[:2]) for (subject,) in held}
    return frozenset(working), frozenset(subjects)


def _given_up(session: Session) -> frozenset[str]:
    """What a person dropped; the timeline's words are those of `flows/retry_queue`."""
    query = select(col(TimelineRow.subject)).where(col(TimelineRow.event) == "dropped by a person")
    return frozenset(session.connection().execute(query).scalars())


def _reads(session: Session, kind: str, account: str) -> Reads | None:
    """A poll that failed and was closed because another followed keeps its reason, and counts for nothing."""
    last = last_read(session, kind, account)
    query = select(col(Job.created_at)).where(*_succeeded(kind, account)).order_by(col(Job.id)).limit(1)
    return None if last is None else Reads(session.connection().execute(query).scalar_one(), last)


def _succeeded(kind: str, account: str) -> tuple[ColumnElement[bool], ...]:
    state = (col(Job.state) == JobState.DONE) & (col(Job.reason_code) == "")
    return state, col(Job.kind) == kind, col(Job.account) == account


def orders_came(session: Session, store: str) -> Arrivals | None:
    """When buyers ordered; None if nobody ever did."""
    return _arrivals(session, col(OrderRow.created_at), col(OrderRow.store) == store)


def messages_came(session: Session, account: str) -> Arrivals | None:
    """When the vendor told us something; None if it never did."""
    return _arrivals(session, col(InboxRow.received_at), col(InboxRow.account) == account)


def _arrivals(session: Session, at: Mapped[datetime], of_it: ColumnElement[bool]) -> Arrivals | None:
    last = session.connection().execute(select(func.max(at)).where(of_it)).scalar()
    if last is None:
        return None
    hour = func.strftime("%Y-%m-%d %H:00+00:00", at)
    hours = session.connection().execute(select(hour).where(of_it, at > last - MEMORY).distinct()).scalars()
    return Arrivals(last, frozenset(datetime.fromisoformat(text) for text in hours))


def beats(session: Session, kind: str, account: str) -> list[datetime]:
    """When the latest jobs of a kind came to their end for an account, in the order of time."""
    query = (
        select(col(Job.finished_at)).where(*_succeeded(kind, account)).order_by(col(Job.id).desc()).limit(MOST_BEATS)
    )
    return sorted(at for at in session.connection().execute(query).scalars() if at is not None)


def last_read(session: Session, kind: str, account: str) -> datetime | None:
    """When the last poll of an account began that came to its end."""
    query = select(col(Job.created_at)).where(*_succeeded(kind, account)).order_by(col(Job.id).desc()).limit(1)
    return session.connection().execute(query).scalar()
