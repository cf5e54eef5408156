"""Rows of the fault matrix that the receiver must hold: what it cannot keep it does not acknowledge."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import structlog

from syncbridge.store import db as store
from tests.store.conftest import Fault, files_that_cannot_grow, no_more_pages
from tests.web.conftest import Caller, aliexpress_push, job_keys, kept, signed_by_aliexpress

pytestmark = pytest.mark.anyio
DATABASE = "syncbridge.db"


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Locks are told soon, and the log is not on the disk that fails."""
    monkeypatch.setattr(store, "BUSY_MS", 50)
    with structlog.testing.capture_logs():
        yield


async def push(caller: Caller, number: int = 1) -> tuple[int, str | None]:
    """Status and Retry-After for a message that takes a page of its own."""
    body = aliexpress_push(str(number), status="x" * 3000)
    answer = await caller.post("toys", body, signed_by_aliexpress(body))
    return answer.status_code, answer.headers.get("retry-after")


async def ready(caller: Caller) -> int:
    return (await caller.get("/health/ready")).status_code


async def test_row_27_while_the_database_is_locked_the_vendor_is_asked_to_come_again(
    caller: Caller, tmp_path: Path
) -> None:
    with closing(sqlite3.connect(tmp_path / DATABASE, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        locked = [await push(caller), await ready(caller)]
        other.execute("ROLLBACK")

    assert locked == [(503, "30"), 503]
    assert await caller.app.bridge.db.read(kept) == []
    assert [await push(caller), await ready(caller)] == [(200, None), 200]
    assert caller.woken == len(await caller.app.bridge.db.read(job_keys)) == 1


@pytest.mark.parametrize("fault", [no_more_pages, files_that_cannot_grow])
async def test_row_28_while_the_disk_takes_nothing_the_vendor_is_asked_to_come_again(
    caller: Caller, fault: Fault
) -> None:
    db, number = caller.app.bridge.db, 0
    async with fault(db):
        while (refused := await push(caller, number))[0] == 200:  # into the pages there are
            number += 1
        both = (len(await db.read(kept)), len(await db.read(job_keys)))

    assert refused == (503, "30")
    assert both == (number, number)
    assert await push(caller, number) == (200, None)
    assert caller.woken == len(await db.read(kept)) == len(await db.read(job_keys)) == number + 1


async def test_row_28_a_process_whose_disk_takes_nothing_is_alive_and_not_ready_until_it_does(caller: Caller) -> None:
    async with files_that_cannot_grow(caller.app.bridge.db):
        told = await caller.get("/health/ready")
        live = await caller.get("/health/live")

    assert (told.status_code, told.json()) == (503, {"status": "the database takes no writes"})
    assert live.status_code == 200
    assert await ready(caller) == 200
