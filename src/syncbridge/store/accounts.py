"""What is kept for an account: its tokens in force, its pause, and its share of the vendor's quota."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlmodel import Session, col

from syncbridge.ports import Tokens
from syncbridge.store.tables import AccountState, QuotaRow
from syncbridge.store.types import reader, to_json

_read_tokens = reader(Tokens)


def seed_tokens(session: Session, account: str, configured: Tokens) -> None:
    """Take the configured tokens unless these are the ones the stored tokens were refreshed from."""
    seed = hashlib.blake2b(to_json(configured).encode(), digest_size=16).hexdigest()
    row = session.get(AccountState, account)
    if row is not None and row.tokens is not None and row.seed == seed:
        return
    _store_tokens(session, account, configured, seed)


def tokens_of(session: Session, account: str) -> Tokens:
    """The tokens in force."""
    row = session.get_one(AccountState, account)
    value = _read_tokens(row.tokens or "")
    assert isinstance(value, Tokens)  # noqa: S101  decoded as such
    return value


def replace_tokens(session: Session, account: str, old: Tokens, new: Tokens) -> Tokens:
    """Store `new` if `old` is in force; answers what is in force then."""
    current = tokens_of(session, account)
    if current != old:
        return current
    _store_tokens(session, account, new, session.get_one(AccountState, account).seed)
    return new


def _store_tokens(session: Session, account: str, tokens: Tokens, seed: str) -> None:
    values = {"account": account, "tokens": to_json(tokens), "seed": seed, "paused_why": ""}
    statement = upsert(AccountState).values(values)
    change = {
        "tokens": statement.excluded.tokens,
        "seed": statement.excluded.seed,
        "paused_until": None,
        "paused_why": "",
    }
    session.connection().execute(statement.on_conflict_do_update(index_elements=["account"], set_=change))


def pause(session: Session, account: str, *, until: datetime, why: str) -> None:
    """Let the account's jobs wait."""
    values = {"account": account, "seed": "", "paused_until": until, "paused_why": why}
    statement = upsert(AccountState).values(values)
    change = {"paused_until": until, "paused_why": why}
    session.connection().execute(statement.on_conflict_do_update(index_elements=["account"], set_=change))


def ledger_read(session: Session, account: str, *, at: datetime) -> None:
    """The supplier's own ledger was read to its end, beginning at that time."""
    values = {"account": account, "seed": "", "paused_why": "", "reconciled_at": at}
    statement = upsert(AccountState).values(values)
    session.connection().execute(
        statement.on_conflict_do_update(index_elements=["account"], set_={"reconciled_at": at})
    )


def forget_ledgers(session: Session) -> None:
    """No supplier's ledger has been read."""
    session.connection().execute(update(AccountState).values(reconciled_at=None))


def ledger_read_at(session: Session, account: str) -> datetime | None:
    """When the last reading of the supplier's ledger began that came to its end."""
    row = session.get(AccountState, account)
    return None if row is None else row.reconciled_at


def pauses(session: Session) -> dict[str, datetime]:
    """Until when accounts wait, by account; of those that ever waited."""
    query = select(col(AccountState.account), col(AccountState.paused_until))
    rows = session.connection().execute(query.where(col(AccountState.paused_until).is_not(None)))
    return {row.account: row.paused_until for row in rows}


def clear_pauses(session: Session) -> None:
    """Start afresh: somebody may have authorised the accounts again."""
    session.connection().execute(update(AccountState).values(paused_until=None, paused_why=""))


LONGEST_LEAD = timedelta(minutes=1)
"""No call is reserved further ahead than this and its own lease: who says so, said it before the clock was set back."""

CHINA = ZoneInfo("Asia/Shanghai")
"""Whose days vendors' quotas are counted by."""

_QUOTA = select(col(QuotaRow.next_at), col(QuotaRow.day), col(QuotaRow.calls)).where(
    col(QuotaRow.account) == bindparam("b_account"), col(QuotaRow.group) == bindparam("b_group")
)


_ASKED = upsert(QuotaRow)
_LEASE = _ASKED.on_conflict_do_update(
    index_elements=["account", "group"],
    set_={name: getattr(_ASKED.excluded, name) for name in ("next_at", "day", "calls")},
)


def lease_slots(session: Session, account: str, group: str, *, now: datetime, every: timedelta, slots: int) -> datetime:
    """Reserve the next `slots` calls of a quota, one each `every`; answers when the first is due (GCRA)."""
    row = session.connection().execute(_QUOTA, {"b_account": account, "b_group": group}).first()
    last = now + every * slots + LONGEST_LEAD
    first = max(now, row.next_at) if row is not None and row.next_at <= last else now
    day = _day(now)
    calls = slots + (row.calls if row is not None and row.day == day else 0)
    lease = {"account": account, "group": group, "next_at": first + every * slots, "day": day, "calls": calls}
    session.connection().execute(_LEASE, lease)
    return first


def calls_today(session: Session, account: str, *, now: datetime) -> int:
    """How many calls of an account were reserved on this day in China."""
    query = select(func.coalesce(func.sum(col(QuotaRow.calls)), 0)).where(
        col(QuotaRow.account) == account, col(QuotaRow.day) == _day(now)
    )
    return session.connection().execute(query).scalar_one()


def _day(now: datetime) -> str:
    return now.astimezone(CHINA).date().isoformat()


def free_slots(session: Session, *, now: datetime) -> None:
    """Give back reserved calls that are not due yet, whose worker is known to be dead: it has not made them."""
    session.connection().execute(update(QuotaRow).where(col(QuotaRow.next_at) > now).values(next_at=now))
