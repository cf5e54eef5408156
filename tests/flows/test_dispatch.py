"""A supplier that does not ship is asked to, once a day, and a person is told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from syncbridge.errors import OutcomeUnknown
from syncbridge.flows import dispatch
from syncbridge.flows.dispatch import LATE
from syncbridge.store import timeline
from syncbridge.testing.builders import make_offer, make_spec
from tests.flows.conftest import Shop
from tests.flows.shelf import OFFER, open_holds
from tests.flows.test_figures import statements

pytestmark = pytest.mark.anyio
ORDER = "8172481060036440"
SUBJECT = f"order toys/{ORDER}"
HOUR = 3600


async def bought(shop: Shop, *, promised: int | None = 24) -> str:
    """An order is bought and paid; answers the vendor order's id."""
    await shop.list_offer(replace(make_offer(OFFER), dispatch_hours=promised))
    await shop.sell(ORDER)
    await shop.pass_time(601)
    (made,) = shop.supplier.books.values()
    return made.vendor_order_id


async def check(shop: Shop, hours: float) -> None:
    """So many hours later it is looked for what is late."""
    await shop.pass_time(hours * HOUR)
    await shop.poll("dispatch.check", "main")


async def urged(shop: Shop) -> list[str]:
    told = await shop.db.read(timeline.of, SUBJECT)
    return [details["said"] for _, event, details in told if event == "supplier urged"]


async def test_what_is_late_is_asked_for_once_a_day_and_told(shop: Shop) -> None:
    vendor_order = await bought(shop)
    await check(shop, 23)
    assert (await open_holds(shop, SUBJECT), shop.supplier.urged) == ({}, {})

    for _ in range(8):
        await check(shop, 3)
    assert await urged(shop) == ["asked"]
    assert (await open_holds(shop, SUBJECT))[LATE]["vendor_orders"] == vendor_order
    for _ in range(8):
        await check(shop, 3)
    assert await urged(shop) == ["asked", "asked"]


async def test_an_offer_that_promises_nothing_has_two_days(shop: Shop) -> None:
    await bought(shop, promised=None)
    await check(shop, 47)
    assert await open_holds(shop, SUBJECT) == {}
    await check(shop, 2)
    assert LATE in await open_holds(shop, SUBJECT)


async def test_what_is_shipped_is_late_no_more(shop: Shop) -> None:
    vendor_order = await bought(shop)
    await check(shop, 25)
    shop.supplier.ship(vendor_order, "YT1")
    await shop.poll("purchase.poll", "main")
    await check(shop, 24)

    assert (await open_holds(shop, SUBJECT), await urged(shop)) == ({}, ["asked"])


async def test_what_is_shipped_and_not_heard_of_yet_is_not_asked_for(shop: Shop) -> None:
    shop.supplier.ship(await bought(shop), "YT1")
    await check(shop, 25)
    assert (await urged(shop), shop.supplier.urged) == ([], {})


async def test_a_lost_answer_is_not_asked_for_again_the_same_day(shop: Shop) -> None:
    await bought(shop)
    calls = 0

    async def lost(vendor_order_id: str) -> None:
        nonlocal calls
        calls += 1
        raise OutcomeUnknown("no answer", vendor="memory")

    shop.supplier.urge = lost  # type: ignore[method-assign]
    for _ in range(4):
        await check(shop, 25 if not calls else 1)

    assert (calls, await urged(shop)) == (1, ["asked, without an answer: no answer"])


async def test_a_no_is_noted_and_stops_nothing(shop: Shop) -> None:
    vendor_order = await bought(shop)
    await check(shop, 23.9)
    shop.supplier.urged[vendor_order] = shop.clock.now()
    await check(shop, 0.2)

    (said,) = await urged(shop)
    assert said.startswith("could not be asked: ")
    assert await shop.queue() == [entry for entry in await shop.queue() if entry.what == "hold"]


async def test_many_late_purchases_are_found_with_as_many_statements_as_few(shop: Shop) -> None:
    await shop.list_offer(replace(make_offer(OFFER, make_spec(1, stock=900)), dispatch_hours=24))
    counts = []
    for number in range(12):
        await shop.sell(f"81724810600364{number:02d}")
        await shop.pass_time(601)
        if number in (1, 11):
            shop.clock.advance(25 * HOUR)
            with statements(shop) as seen:
                await shop.db.run(dispatch._check, shop.bridge, "main")
            counts.append(sum(seen.values()))
            assert len(await open_holds(shop, *(f"order toys/81724810600364{n:02d}" for n in range(number + 1)))) == 1
            await shop.work()
    assert counts[0] == counts[1]


async def test_a_supplier_that_cannot_be_asked_by_api_is_noted(shop: Shop) -> None:
    await bought(shop)
    shop.bridge.suppliers["main"] = Mute()  # type: ignore[index]  # a dictionary
    await check(shop, 25)
    assert await urged(shop) == ["account main cannot be asked by API; write to the supplier"]


class Mute:
    """A supplier of which nothing can be asked."""
