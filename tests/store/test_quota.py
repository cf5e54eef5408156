"""Calls of a quota are counted by the vendor's day."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlmodel import Session

from syncbridge.settings import Settings
from syncbridge.store import quota
from tests.store.conftest import new_engine

EVERY = timedelta(seconds=0.5)
BEFORE_MIDNIGHT = datetime(2026, 3, 1, 15, 59, tzinfo=UTC)
"""23:59 in China."""


def lease(session: Session, group: str, now: datetime) -> None:
    quota.lease_slots(session, "main", group, now=now, every=EVERY, slots=10)


def test_calls_of_all_groups_count_together_until_midnight_in_china(tmp_path: Path) -> None:
    with Session(new_engine(tmp_path)) as session:
        lease(session, "catalogue", BEFORE_MIDNIGHT)
        lease(session, "catalogue", BEFORE_MIDNIGHT)
        lease(session, "orders", BEFORE_MIDNIGHT)
        assert quota.calls(session, "main", now=BEFORE_MIDNIGHT).total == 30
        assert quota.calls(session, "other", now=BEFORE_MIDNIGHT).total == 0

        after = BEFORE_MIDNIGHT + timedelta(minutes=2)
        assert quota.calls(session, "main", now=after).total == 0
        lease(session, "catalogue", after)
        assert quota.calls(session, "main", now=after).total == 10


def test_the_known_quota_of_a_day_stands_beside_a_given_pace() -> None:
    assert Settings().limit("alibaba1688").per_day == 100_000
    given = Settings(limits={"alibaba1688": {"per_second": 400}})  # type: ignore[dict-item]  # as a file says it
    assert given.limit("alibaba1688").per_day == 100_000
    assert Settings().limit("aliexpress").per_day is None
