"""A shop whose parcels are booked with the channel."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from decimal import Decimal

import pytest
from sqlmodel import col, select

from syncbridge.model.purchasing import PlacedOrder, Purchase
from syncbridge.model.shipping import BookingIntent
from syncbridge.queue import job as jobs
from syncbridge.rules.mapping import ParcelPolicy, Rules, ShippingWay
from syncbridge.store import bookings, purchases, timeline
from syncbridge.store.tables.parcels import BookingRow
from tests.flows.conftest import ROUTE, RULES, Shop

ORDER = "8172481060036440"
SUBJECT = f"order toys/{ORDER}"
COOL_OFF = 601
QUARANTINE = 121
NUMBER_WAIT = 601
POLICY = ParcelPolicy("笔记本", "notebook", Decimal("0.3"), "482010", "paper")


class Killed(BaseException):
    """The process is gone: nobody catches this."""


def ship(shop: Shop, way: ShippingWay, **changes: object) -> None:
    """The shop's route gets its parcels abroad this way."""
    route = replace(ROUTE, carrier="", services={}, ship=way, parcels=POLICY)
    shop.rules = Rules((replace(route, **changes),), RULES.rates)  # type: ignore[arg-type]  # the class's own fields
    shop.connect()


async def buy(shop: Shop) -> PlacedOrder:
    """An order is bought and paid."""
    await shop.list_offer()
    await shop.sell(ORDER)
    await shop.pass_time(COOL_OFF)
    (bought,) = shop.supplier.books.values()
    return bought


async def send(shop: Shop, bought: PlacedOrder, *waybills: str) -> None:
    """The supplier ships it under these waybills, and the poll sees it."""
    for waybill in waybills or ("YT1",):
        shop.supplier.ship(bought.vendor_order_id, waybill)
    await shop.poll("purchase.poll", "main")


async def booking_of(shop: Shop) -> BookingIntent:
    """The newest booking."""
    query = select(col(BookingRow.mark)).order_by(col(BookingRow.id).desc())
    mark = await shop.db.read(lambda session: session.scalars(query).first())
    assert mark is not None
    return await shop.db.read(bookings.marked, mark)


async def intents(shop: Shop) -> int:
    return len(await shop.db.read(lambda session: session.scalars(select(BookingRow.id)).all()))


async def the_purchase(shop: Shop) -> Purchase:
    (purchase,) = await shop.db.read(purchases.of_order, "toys", ORDER)
    return purchase


async def events(shop: Shop, subject: str = SUBJECT) -> list[str]:
    return [event for _, event, _ in await shop.db.read(timeline.of, subject)]


async def codes(shop: Shop) -> list[tuple[str, str]]:
    """(state, code) of everything in the retry queue."""
    return [(entry.state, entry.code) for entry in await shop.queue()]


def declared(shop: Shop) -> list[str]:
    return [shipment.number for shipment in shop.channel.declarations.get(ORDER, [])]


async def retry(shop: Shop, code: str) -> None:
    """A person says: try it again."""
    (entry,) = [entry for entry in await shop.queue() if entry.code == code]
    await shop.db.run(shop.retry, entry.id)
    await shop.work()


async def dies(shop: Shop, work: Callable[[], Awaitable[None]]) -> None:
    """The process dies in this work, and another one starts."""
    with pytest.raises(Killed):
        await work()
    await shop.db.run(jobs.free_leases, now=shop.clock.now())
