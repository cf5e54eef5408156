"""A channel order is kept as it was last, whatever order the news come in."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from syncbridge.model.orders import OrderRef, OrderStage, OrderState
from syncbridge.store import orders
from syncbridge.store.db import SqliteDatabase
from syncbridge.store.tables.buying import OrderRow
from syncbridge.testing.builders import make_order
from syncbridge.testing.clock import START

pytestmark = pytest.mark.anyio
ORDER = make_order("8172481060036440", START)
SECOND = timedelta(seconds=1)


async def state(db: SqliteDatabase) -> str:
    row = await db.read(lambda session: session.get_one(OrderRow, ("toys", ORDER.order_id)))
    return row.state


async def test_an_older_state_never_overwrites_a_newer_one(db: SqliteDatabase) -> None:
    newer = replace(ORDER, state=OrderState.FINISHED, modified_at=START + SECOND)

    assert await db.run(orders.keep, "toys", newer)
    assert not await db.run(orders.keep, "toys", ORDER)

    assert await state(db) == "finished"


async def test_a_newer_state_replaces_an_older_one(db: SqliteDatabase) -> None:
    await db.run(orders.keep, "toys", ORDER)

    assert await db.run(orders.keep, "toys", replace(ORDER, state=OrderState.FROZEN, modified_at=START + SECOND))
    assert await state(db) == "frozen"


async def test_another_state_of_the_same_second_is_taken(db: SqliteDatabase) -> None:
    await db.run(orders.keep, "toys", ORDER)

    assert await db.run(orders.keep, "toys", replace(ORDER, state=OrderState.CANCELLING))
    assert await state(db) == "cancelling"


async def test_what_we_are_doing_survives_a_new_reading(db: SqliteDatabase) -> None:
    await db.run(orders.keep, "toys", ORDER)
    await db.run(orders.set_stage, "toys", ORDER.order_id, OrderStage.BUYING)

    await db.run(orders.keep, "toys", replace(ORDER, modified_at=START + SECOND))

    assert await db.read(orders.stage_of, "toys", ORDER.order_id) is OrderStage.BUYING


async def test_an_address_and_a_deadline_the_channel_hides_later_are_not_lost(db: SqliteDatabase) -> None:
    await db.run(orders.keep, "toys", ORDER)

    await db.run(orders.keep, "toys", replace(ORDER, address=None, ship_by=None, modified_at=START + SECOND))

    assert await db.read(orders.address_of, "toys", ORDER.order_id) == ORDER.address
    assert await db.read(orders.ship_by, "toys", ORDER.order_id) == ORDER.ship_by


async def test_only_what_is_new_or_newer_is_unseen(db: SqliteDatabase) -> None:
    await db.run(orders.keep, "toys", ORDER)
    refs = [
        OrderRef(ORDER.order_id, START),
        OrderRef(ORDER.order_id, START + SECOND),
        OrderRef("8172481060036441", START),
    ]

    assert await db.read(orders.unseen, "toys", refs) == refs[1:]
    assert await db.read(orders.unseen, "games", refs) == refs


async def test_the_same_number_in_two_stores_is_two_orders(db: SqliteDatabase) -> None:
    await db.run(orders.keep, "toys", ORDER)
    await db.run(orders.keep, "games", ORDER)

    assert await db.read(orders.figures) == {"waiting": 2}


async def test_an_unknown_order_has_no_stage_no_address_and_no_deadline(db: SqliteDatabase) -> None:
    assert await db.read(orders.stage_of, "toys", "1") is None
    assert await db.read(orders.address_of, "toys", "1") is None
    assert await db.read(orders.ship_by, "toys", "1") is None


async def test_an_order_comes_back_whole(db: SqliteDatabase) -> None:
    await db.run(orders.keep, "toys", ORDER)

    assert await db.read(orders.get, "toys", ORDER.order_id) == ORDER


async def test_an_order_read_without_its_address_keeps_the_last_one(db: SqliteDatabase) -> None:
    await db.run(orders.keep, "toys", ORDER)
    await db.run(orders.keep, "toys", replace(ORDER, address=None, modified_at=START + SECOND))

    assert (await db.read(orders.get, "toys", ORDER.order_id)).address == ORDER.address
