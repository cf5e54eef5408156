"""An order on its way: bought, shipped to the relay address, sent abroad."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from syncbridge.model.purchasing import IntentKey, PlacedOrder, Placement, PurchaseDraft
from syncbridge.store import holds, timeline
from syncbridge.testing.builders import cny
from tests.flows.conftest import Shop

ORDER = "8172481060036440"
SUBJECT = f"order toys/{ORDER}"
FIRST, SECOND, THIRD = "UR000000001YP", "UR000000002YP", "UR000000003YP"
AFTER_COOL_OFF = 601
A_DAY = 86_400.0


async def bought(shop: Shop, order_id: str = ORDER) -> PlacedOrder:
    """The standard offer is listed, ordered and bought."""
    await shop.list_offer()
    await shop.sell(order_id)
    await shop.pass_time(AFTER_COOL_OFF)
    return list(shop.supplier.books.values())[-1]


def split_up(shop: Shop) -> None:
    """The supplier makes two vendor orders of each purchase."""
    place = shop.supplier.place

    async def in_two(draft: PurchaseDraft, *, key: IntentKey) -> Placement:
        (whole,) = (await place(draft, key=key)).orders
        half = replace(whole, total=cny("15.00"))
        other = replace(half, vendor_order_id=whole.vendor_order_id + "1")
        shop.supplier.books |= {half.vendor_order_id: half, other.vendor_order_id: other}
        return Placement((half, other))

    shop.supplier.place = in_two  # type: ignore[method-assign]  # as the vendor may


async def shipped(shop: Shop, *numbers: str) -> PlacedOrder:
    """The same, and its supplier shipped it in these parcels."""
    order = await bought(shop)
    for number in numbers or ("YT1",):
        shop.supplier.ship(order.vendor_order_id, number)
    await shop.poll("purchase.poll", "main")
    return shop.supplier.books[order.vendor_order_id]


def mark_of(order: PlacedOrder) -> str:
    return order.note.split()[-1]


async def announce(
    shop: Shop, mark: str, number: str = FIRST, *, carrier: str = "YANWEN", replaces: str | None = None
) -> None:
    """The forwarder announces a number."""
    shop.forwards(mark, number, carrier=carrier, replaces=replaces)
    await shop.poll("fulfil.collect", "forwarder")


async def declared(shop: Shop) -> str:
    """An order whose parcel is declared under FIRST; answers its mark."""
    mark = mark_of(await shipped(shop))
    await announce(shop, mark)
    assert numbers(shop) == [FIRST]
    return mark


def numbers(shop: Shop, order_id: str = ORDER) -> list[str]:
    """What the channel was told."""
    return [shipment.number for shipment in shop.channel.declarations.get(order_id, ())]


async def events(shop: Shop, subject: str = SUBJECT) -> list[str]:
    return [event for _, event, _ in await shop.db.read(timeline.of, subject)]


async def held(shop: Shop, *kinds: str) -> dict[str, dict[str, str]]:
    """Figures of the open holds of these kinds, by subject."""
    found: Sequence[holds.OpenHold] = await shop.db.read(holds.all_open)
    return {one.subject: dict(one.figures) for one in found if one.kind in kinds}


async def next_day(shop: Shop) -> None:
    """A day passes, and the domestic parcels are looked for."""
    await shop.pass_time(A_DAY)
    await shop.poll("domestic.check", "main")
