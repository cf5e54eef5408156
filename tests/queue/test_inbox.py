"""The inbox: however often and however many at once, an event is kept once and looked into once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.fernet import Fernet, MultiFernet
from sqlmodel import Session, SQLModel

from syncbridge.flows.events import jobs_for
from syncbridge.model.events import EventKind, VendorEvent
from syncbridge.queue import inbox
from syncbridge.store.db import SqliteDatabase, open_engine
from syncbridge.testing.clock import START

pytestmark = pytest.mark.anyio
EVENT = VendorEvent("message-1", EventKind.ORDER_CHANGED, "53", ("8172481060036440",))


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[SqliteDatabase]:
    engine = open_engine(f"sqlite:///{tmp_path}/inbox.db", MultiFernet([Fernet(Fernet.generate_key())]))
    SQLModel.metadata.create_all(engine)
    database = SqliteDatabase(engine)
    yield database
    await database.close()


async def accept(db: SqliteDatabase, *events: VendorEvent, account: str = "toys", body: bytes = b"{}") -> int:
    return len(await db.run(inbox.accept, account, events, body, jobs_for, now=START))


def counts(session: Session) -> tuple[int, int]:
    """(events kept, jobs written)."""
    connection = session.connection()
    kept = connection.exec_driver_sql("SELECT count(*) FROM inbox").scalar_one()
    jobs = connection.exec_driver_sql("SELECT count(*) FROM job").scalar_one()
    return kept, jobs


async def test_the_same_event_twice_is_one_row_and_one_job(db: SqliteDatabase) -> None:
    assert await accept(db, EVENT) == 1
    assert await accept(db, EVENT) == 0
    assert await db.read(counts) == (1, 1)


async def test_a_hundred_at_once_are_one_row_and_one_job_in_few_commits(db: SqliteDatabase) -> None:
    fresh = await asyncio.gather(*(accept(db, EVENT) for _ in range(100)))

    assert sum(fresh) == 1
    assert await db.read(counts) == (1, 1)
    assert db.units == 100
    assert db.commits <= 10


async def test_two_accounts_may_use_the_same_key(db: SqliteDatabase) -> None:
    await accept(db, EVENT)
    await accept(db, EVENT, account="games")

    assert await db.read(counts) == (2, 2)


async def test_an_event_that_names_several_offers_asks_for_each(db: SqliteDatabase) -> None:
    event = VendorEvent("m", EventKind.OFFER_CHANGED, "PRODUCT", ("1", "2", "3"))

    await accept(db, event, account="main")

    assert await db.read(counts) == (1, 3)


async def test_an_event_of_another_kind_is_kept_and_asks_for_nothing(db: SqliteDatabase) -> None:
    await accept(db, replace(EVENT, kind=EventKind.OTHER))

    assert await db.read(counts) == (1, 0)


async def test_of_a_known_and_a_new_event_the_new_one_is_kept(db: SqliteDatabase) -> None:
    await accept(db, EVENT)

    assert await accept(db, EVENT, replace(EVENT, key="message-2")) == 1
    assert await db.read(counts) == (2, 2)


async def test_a_body_that_is_no_text_is_kept_all_the_same(db: SqliteDatabase) -> None:
    assert await accept(db, EVENT, body=b"\xff\xfe") == 1


async def test_an_event_whose_jobs_cannot_be_written_is_not_kept_either(db: SqliteDatabase) -> None:
    def broken(*_: object) -> list[object]:
        raise ValueError("no job can be made of it")

    with pytest.raises(ValueError, match="no job"):
        await db.run(inbox.accept, "toys", [EVENT], b"{}", broken, now=START)  # type: ignore[arg-type]  # it never answers

    assert await db.read(counts) == (0, 0)
