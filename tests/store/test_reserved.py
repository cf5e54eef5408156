"""What open purchases will still take of what an offer showed when it was read."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from syncbridge.model.purchasing import PurchaseLine, PurchaseState
from syncbridge.store import merging, purchases
from syncbridge.store.db import SqliteDatabase
from syncbridge.testing.clock import START
from tests.store.buying import LINE, SECOND_ACCOUNT, SPLIT, intend, move, send

pytestmark = pytest.mark.anyio
OFFER, SPEC = LINE.offer_id, LINE.spec_id
BEFORE, AFTER = START - timedelta(hours=1), START + timedelta(hours=1)


async def reserved(
    db: SqliteDatabase, read_at: datetime = BEFORE, account: str = "main"
) -> dict[tuple[str, str, str], int]:
    found = await db.read(purchases.reserved, {(account, OFFER): read_at})
    return dict(found)


@pytest.mark.parametrize("state", [*purchases.UNPLACED, PurchaseState.REFUSED])
async def test_what_is_not_placed_takes_its_goods_still_whenever_the_offer_was_read(
    db: SqliteDatabase, state: PurchaseState
) -> None:
    await move(db, await intend(db), state)

    assert await reserved(db, AFTER) == {("main", OFFER, SPEC): 2}


@pytest.mark.parametrize("state", [PurchaseState.PLACED, PurchaseState.PAID])
async def test_what_was_placed_takes_them_until_the_offer_was_read_after_it(
    db: SqliteDatabase, state: PurchaseState
) -> None:
    purchase = await intend(db)
    await send(db, purchase, "40.00")
    await move(db, purchase, state)

    assert await reserved(db, BEFORE) == {("main", OFFER, SPEC): 2}
    assert await reserved(db, START) == {}
    assert await reserved(db, AFTER) == {}


@pytest.mark.parametrize("state", [PurchaseState.SHIPPED, PurchaseState.STOPPED, PurchaseState.WITHDRAWING])
async def test_what_is_gone_or_not_wanted_takes_nothing(db: SqliteDatabase, state: PurchaseState) -> None:
    purchase = await intend(db)
    await send(db, purchase, "40.00")
    await move(db, purchase, state)

    assert await reserved(db) == {}


async def test_each_offer_counts_what_was_sent_after_it_was_read_itself(db: SqliteDatabase) -> None:
    purchase = await intend(db)
    await send(db, purchase, "40.00")
    await move(db, purchase, PurchaseState.PLACED)

    assert await db.read(purchases.reserved, {("main", OFFER): START, ("main", "1"): BEFORE}) == {}


async def test_purchases_add_up_by_spec_and_other_offers_and_accounts_are_left_out(db: SqliteDatabase) -> None:
    await intend(db)
    other = PurchaseLine(OFFER, "9", 5)
    await intend(db, "2", replace(SPLIT, lines=(LINE, other, PurchaseLine("1", SPEC, 7))))
    await intend(db, "3", SECOND_ACCOUNT)

    assert await reserved(db) == {("main", OFFER, SPEC): 4, ("main", OFFER, "9"): 5}
    assert await reserved(db, account="second") == {("second", OFFER, SPEC): 2}
    assert await db.read(purchases.reserved, {}) == {}


async def test_purchases_sent_together_take_their_goods_once(db: SqliteDatabase) -> None:
    one, two = await intend(db), await intend(db, "2")
    await db.run(merging.merge, one, [two])

    assert await reserved(db) == {("main", OFFER, SPEC): 4}
