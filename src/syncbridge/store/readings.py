"""When offers were read, how they change and sell, and when each is due again."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlmodel import Session, col

from syncbridge.rules.polling import Pacing, Watched
from syncbridge.store.rows import row_of, rows_of
from syncbridge.store.tables.access import AccountState
from syncbridge.store.tables.catalogue import ReadingRow


@dataclass(frozen=True, slots=True)
class Reading:
    """One reading of an offer, and what follows from it."""

    offer_id: str
    read_at: datetime
    """Before the vendor was asked."""
    next_read_at: datetime
    watched: Watched


def last(session: Session, account: str, offer_ids: Collection[str]) -> dict[str, Reading]:
    """The last readings of these offers, by id; those that were never read are left out."""
    return {
        row.offer_id: Reading(
            row.offer_id, row.read_at, row.next_read_at, Watched(row.change_rate, row.sold, row.watched_days)
        )
        for row in rows_of(session, _LAST, b_account=account, b_offers=list(offer_ids))
    }


_LAST = select(ReadingRow).where(
    col(ReadingRow.account) == bindparam("b_account"),
    col(ReadingRow.offer_id).in_(bindparam("b_offers", expanding=True)),
)


def keep(session: Session, account: str, readings: Sequence[Reading]) -> None:
    """Note these readings, in one statement."""
    if not readings:
        return
    rows = [
        {
            "account": account,
            "offer_id": reading.offer_id,
            "read_at": reading.read_at,
            "next_read_at": reading.next_read_at,
            "change_rate": reading.watched.change_rate,
            "pace": reading.watched.pace,
            "sold": reading.watched.sold,
            "watched_days": reading.watched.days,
        }
        for reading in readings
    ]
    session.connection().execute(_KEEP, rows)


_READ = upsert(ReadingRow)
_KEEP = _READ.on_conflict_do_update(
    index_elements=["account", "offer_id"],
    set_={
        name: _READ.excluded[name]
        for name in ("read_at", "next_read_at", "change_rate", "pace", "sold", "watched_days")
    },
)


def due(session: Session, account: str, *, now: datetime, most: int) -> list[str]:
    """Ids of the offers whose reading is due, the longest overdue first."""
    query = (
        select(col(ReadingRow.offer_id))
        .where(col(ReadingRow.account) == account, col(ReadingRow.next_read_at) <= now)
        .order_by(col(ReadingRow.next_read_at))
        .limit(most)
    )
    return list(session.connection().scalars(query))


def readers(session: Session, offer_id: str) -> list[str]:
    """The accounts that have read an offer."""
    query = select(col(ReadingRow.account)).where(col(ReadingRow.offer_id) == offer_id)
    return list(session.connection().scalars(query.order_by(col(ReadingRow.account))))


def paces(session: Session, account: str) -> dict[int, int]:
    """How many offers of an account are read at each pace."""
    pace = col(ReadingRow.pace)
    query = select(pace, func.count()).where(col(ReadingRow.account) == account).group_by(pace)
    return dict(session.connection().execute(query).all())


def sold(session: Session, account: str, offer_ids: Collection[str]) -> None:
    """One more was sold of each of these."""
    session.connection().execute(
        update(ReadingRow)
        .where(col(ReadingRow.account) == account, col(ReadingRow.offer_id).in_(offer_ids))
        .values(sold=ReadingRow.sold + 1)
    )


def hasten(session: Session, account: str, offer_ids: Collection[str], *, now: datetime) -> None:
    """Read these offers next: something of ours has changed them at the supplier."""
    session.connection().execute(
        update(ReadingRow)
        .where(
            col(ReadingRow.account) == account,
            col(ReadingRow.offer_id).in_(offer_ids),
            col(ReadingRow.next_read_at) > now,
        )
        .values(next_read_at=now)
    )


def postpone(session: Session, account: str, offer_ids: Collection[str], *, until: datetime) -> None:
    """Leave alone for a while what could not be read."""
    session.connection().execute(
        update(ReadingRow)
        .where(col(ReadingRow.account) == account, col(ReadingRow.offer_id).in_(offer_ids))
        .values(next_read_at=until)
    )


def pacing(session: Session, account: str) -> Pacing:
    """How far apart the account's readings are."""
    row = row_of(session, AccountState, account)
    return Pacing() if row is None else Pacing(row.stretch, timedelta(seconds=row.latest))


def set_pacing(session: Session, account: str, pacing: Pacing) -> None:
    """Space the account's readings so from now on."""
    change = {"stretch": pacing.stretch, "latest": pacing.latest.total_seconds()}
    statement = upsert(AccountState).values(account=account, seed="", paused_why="", **change)
    session.connection().execute(statement.on_conflict_do_update(index_elements=["account"], set_=change))
