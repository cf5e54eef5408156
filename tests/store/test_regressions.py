"""Things that once went wrong in the store."""

from __future__ import annotations

import asyncio

import pytest
from sqlmodel import Session

from syncbridge.errors import SyncBridgeError
from syncbridge.store import purchases
from syncbridge.store.db import SqliteDatabase
from syncbridge.testing.builders import usd
from syncbridge.testing.clock import START
from tests.store.buying import TODAY, intend, quote, send

pytestmark = pytest.mark.anyio


async def test_a_unit_that_ends_an_iteration_by_mistake_tells_its_caller_and_harms_no_other(db: SqliteDatabase) -> None:
    def stops(_: Session) -> None:
        raise StopIteration

    async with asyncio.timeout(2):
        results = await asyncio.gather(
            *(db.run(stops) for _ in range(2)), db.run(lambda _: "after"), return_exceptions=True
        )

    assert [isinstance(result, Exception) for result in results] == [True, True, False]


async def test_a_cap_in_another_currency_is_told_as_a_sentence(db: SqliteDatabase) -> None:
    await send(db, await intend(db, "1"), "1.00")
    second = await intend(db, "2")
    with pytest.raises(SyncBridgeError, match="CNY"):
        await db.run(purchases.sent, second, quote("1.00"), cap=usd("9.00"), day_began=TODAY, now=START)
