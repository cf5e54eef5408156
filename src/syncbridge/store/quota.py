"""An account's share of its vendor's quota: calls reserved at an even pace, counted by the day, and banned."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, select, update
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlmodel import Session, col

from syncbridge.rules.quota import DayQuota
from syncbridge.store.rows import rows_of
from syncbridge.store.tables.access import QuotaRow

LONGEST_LEAD = timedelta(minutes=1)
"""No call is reserved further ahead than this and its own lease: who says so, said it before the clock was set back."""

CHINA = ZoneInfo("Asia/Shanghai")
"""Whose days vendors' quotas are counted by."""

LONGEST_BAN = timedelta(days=1, minutes=1)
"""Vendors ban until midnight in China at most; a later end was reckoned before the clock was set back."""


@dataclass(frozen=True, slots=True)
class Lease:
    """Calls reserved from `first` on; none if there may be none before that."""

    first: datetime
    slots: int = 0
    why: str = ""
    """Why there may be none."""
    code: str = ""


_QUOTA = select(QuotaRow).where(col(QuotaRow.account) == bindparam("b_account"))
_ASKED = upsert(QuotaRow)
_LEASE = _ASKED.on_conflict_do_update(
    index_elements=["account", "group"],
    set_={name: getattr(_ASKED.excluded, name) for name in ("next_at", "day", "calls")},
)
_BAN = _ASKED.on_conflict_do_update(
    index_elements=["account", "group"],
    set_={name: getattr(_ASKED.excluded, name) for name in ("banned_until", "banned_why")},
)


def lease_slots(
    session: Session,
    account: str,
    group: str,
    *,
    now: datetime,
    every: timedelta,
    slots: int,
    quota: DayQuota | None = None,
) -> Lease:
    """Reserve the next `slots` calls of a group, one each `every` (GCRA), unless a ban or the day's quota forbids."""
    rows = {row.group: row for row in rows_of(session, _QUOTA, b_account=account)}
    ban = max((row for name, row in rows.items() if name in (group, "") and _banned(row, now)), key=_end, default=None)
    if ban is not None:
        return Lease(_end(ban), why=ban.banned_why, code="ban")
    day = _day(now)
    made = {name: row.calls for name, row in rows.items() if row.day == day}
    if quota is not None and quota.left(group, made) <= 0:
        why = f"our calls of today are used up: {sum(made.values())} of {quota.calls}, {made.get(group, 0)} of {group}"
        return Lease(_midnight(now), why=why, code="own_quota")
    reserved = slots if quota is None else min(slots, quota.left(group, made))
    row = rows.get(group)
    first = max(now, row.next_at) if row is not None and row.next_at <= now + every * slots + LONGEST_LEAD else now
    lease = {"next_at": first + every * reserved, "day": day, "calls": reserved + made.get(group, 0)}
    session.connection().execute(_LEASE, {"account": account, "group": group, "banned_why": "", **lease})
    return Lease(first, reserved)


def ban_calls(
    session: Session, banned: Collection[tuple[str, str]], *, until: datetime, why: str, now: datetime
) -> None:
    """The vendor takes none until then, by account and group; no group stands for all."""
    ban = {"next_at": now, "day": "", "calls": 0, "banned_until": until, "banned_why": why}
    session.connection().execute(_BAN, [{"account": account, "group": group, **ban} for account, group in banned])


@dataclass(frozen=True, slots=True)
class Calls:
    """What was called of a quota today, in China, and what bans more."""

    made: Mapping[str, int]
    """By group."""
    banned: Mapping[str, tuple[datetime, str]]
    """Until when and why, by group; no group stands for all."""

    @property
    def total(self) -> int:
        """Of all groups."""
        return sum(self.made.values())


def calls(session: Session, account: str, *, now: datetime) -> Calls:
    """The figures of an account's quota."""
    rows = rows_of(session, _QUOTA, b_account=account)
    return Calls(
        {row.group: row.calls for row in rows if row.day == _day(now) and row.group},
        {row.group: (_end(row), row.banned_why) for row in rows if _banned(row, now)},
    )


def _banned(row: QuotaRow, now: datetime) -> bool:
    return row.banned_until is not None and now < row.banned_until <= now + LONGEST_BAN


def _end(row: QuotaRow) -> datetime:
    assert row.banned_until is not None  # noqa: S101  asked of banned ones only
    return row.banned_until


def _midnight(now: datetime) -> datetime:
    today = now.astimezone(CHINA).replace(hour=0, minute=0, second=0, microsecond=0)
    return (today + timedelta(days=1)).astimezone(UTC)


def _day(now: datetime) -> str:
    return now.astimezone(CHINA).date().isoformat()


def free_slots(session: Session, *, now: datetime) -> None:
    """Give back reserved calls that are not due yet, whose worker is known to be dead: it has not made them."""
    session.connection().execute(update(QuotaRow).where(col(QuotaRow.next_at) > now).values(next_at=now))
