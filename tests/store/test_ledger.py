"""What the ledger reads of the tables."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest
from sqlmodel import Session

from syncbridge.model.ledger import Shown
from syncbridge.model.orders import OrderRef
from syncbridge.model.purchasing import PlacedOrder, VendorOrderState
from syncbridge.store import ledger, orders, placed_orders
from syncbridge.store.db import SqliteDatabase
from syncbridge.testing.builders import cny, make_order
from syncbridge.testing.clock import START

pytestmark = pytest.mark.anyio
LONG_AGO = START - timedelta(days=100)
IDS = [str(8172481060036440 + number) for number in range(5)]


def fill(session: Session, made: Sequence[PlacedOrder]) -> None:
    for order in made:
        orders.keep(session, "toys", make_order(order.vendor_order_id, LONG_AGO))
        placed_orders.see(session, "main", order, now=LONG_AGO)


async def test_all_that_was_shown_is_looked_for_however_much_it_is(
    db: SqliteDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = [PlacedOrder(number, VendorOrderState.PAID, cny("1"), cny("0")) for number in IDS]
    await db.run(fill, made)
    shown = Shown({"toys": [OrderRef(number, START) for number in IDS]}, {"main": made})
    monkeypatch.setattr(ledger, "MOST_IDS", 2)

    books = await db.read(ledger.books, START, {}, shown)

    assert books.kept == {("toys", number) for number in IDS}
    assert sorted(order.vendor_order_id for order in books.vendor_orders) == IDS
