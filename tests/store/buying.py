"""Purchases of two supplier accounts, and the vendor orders they become."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from syncbridge.model.purchasing import PlacedOrder, Purchase, PurchaseLine, PurchaseState, Quote, VendorOrderState
from syncbridge.model.shipping import Shipment
from syncbridge.rules.routing import Split
from syncbridge.store import placed_orders, purchases, waybills
from syncbridge.store.db import SqliteDatabase
from syncbridge.testing.builders import cny, usd
from syncbridge.testing.clock import START
from tests.flows.conftest import ROUTE

ORDER = "8172481060036440"
LINE = PurchaseLine("676651652931", f"{1:032x}", 2)
SPLIT = Split(ROUTE, 0, (LINE,), usd("36.62"))
SECOND_ACCOUNT = replace(SPLIT, route=replace(ROUTE, supplier="second"))
TODAY = START - timedelta(hours=9)


def quote(total: str) -> Quote:
    return Quote(cny(total), cny("0"), cny(total), "general", ("alipay",))


async def intend(
    db: SqliteDatabase, order_id: str = ORDER, split: Split = SPLIT, *, store: str = "toys", now: datetime = START
) -> int:
    return await db.run(purchases.intend, store, order_id, split, now=now)


async def send(db: SqliteDatabase, purchase: int, total: str, *, cap: str = "100.00", now: datetime = START) -> None:
    await db.run(purchases.sent, purchase, quote(total), cap=cny(cap), day_began=TODAY, now=now)


async def get(db: SqliteDatabase, purchase: int) -> Purchase:
    return await db.read(purchases.get, purchase)


async def intended(
    db: SqliteDatabase, order_id: str = ORDER, split: Split = SPLIT, *, store: str = "toys", now: datetime = START
) -> Purchase:
    return await get(db, await intend(db, order_id, split, store=store, now=now))


async def move(db: SqliteDatabase, purchase: int, state: PurchaseState) -> None:
    assert await db.run(purchases.move, purchase, state, when=list(PurchaseState))


async def adopt(db: SqliteDatabase, purchase: Purchase, *orders: PlacedOrder) -> None:
    await db.run(placed_orders.adopt, purchase, orders, now=START)


async def see(db: SqliteDatabase, order: PlacedOrder, account: str = "main") -> None:
    await db.run(placed_orders.see, account, order, now=START)


async def ship(db: SqliteDatabase, purchase: Purchase, vendor_order_id: str, *numbers: str) -> None:
    """The supplier shows these parcels of a vendor order, and no others."""
    parcels = [Shipment("YTO", number) for number in numbers]
    await db.run(waybills.keep, purchase.supplier, vendor_order_id, parcels, now=START)
    await db.run(placed_orders.shipped, purchase)


def placed(
    number: str, total: str = "40.00", state: VendorOrderState = VendorOrderState.UNPAID, **shown: object
) -> PlacedOrder:
    order = PlacedOrder(number, state, cny(total), cny("5.00"))
    return replace(order, **shown)  # type: ignore[arg-type]  # the class's own fields
