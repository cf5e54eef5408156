"""International numbers that change, come twice, or are refused: each is declared once, or a person sees why not."""

from __future__ import annotations

from dataclasses import replace
from unittest.mock import AsyncMock

import pytest

from syncbridge.errors import OutcomeUnknown, Rejected, SyncBridgeError
from syncbridge.flows import fulfil, numbers, retry_queue
from syncbridge.model.orders import OrderState
from syncbridge.model.shipping import ParcelState, Shipment
from syncbridge.rules.mapping import OtherCarrier, ShippingWay
from syncbridge.store import parcels, purchases
from tests.flows.conftest import ROUTE, RULES, Shop
from tests.flows.legs import (
    FIRST,
    ORDER,
    SECOND,
    SUBJECT,
    THIRD,
    announce,
    bought,
    declared,
    events,
    held,
    mark_of,
    shipped,
    split_up,
)
from tests.flows.legs import numbers as told
from tests.flows.test_follow import Teller

pytestmark = pytest.mark.anyio
MEIYOU = OtherCarrier("Meiyou Express", "https://track.example.com")


async def states(shop: Shop) -> dict[str, ParcelState]:
    found = await shop.db.read(parcels.of_order, ORDER, ["toys"])
    return {parcel.shipment.number: parcel.state for parcel in found}


async def correct(shop: Shop, old: str, new: str, carrier: str = "") -> None:
    await shop.db.run(numbers.correct, shop.bridge, ORDER, old, new, carrier=carrier, stores=["toys"])
    await shop.work()


def route(shop: Shop, **changes: object) -> None:
    shop.rules = replace(RULES, routes=(replace(ROUTE, **changes),))  # type: ignore[arg-type]  # the class's own fields
    shop.connect()


async def test_a_number_that_takes_anothers_place_is_told_the_channel_in_its_stead(shop: Shop) -> None:
    mark = await declared(shop)

    await announce(shop, mark, SECOND, replaces=FIRST)

    assert told(shop) == [SECOND]
    assert shop.channel.books[ORDER].state is OrderState.SHIPPED
    assert await states(shop) == {FIRST: ParcelState.REPLACED, SECOND: ParcelState.ANNOUNCED}
    assert await shop.queue() == []
    assert [event for event in await events(shop) if event in ("declared", "number changed")] == [
        "declared",
        "number changed",
        "declared",
    ]


async def test_a_number_changed_before_it_is_declared_is_declared_once(shop: Shop) -> None:
    mark = mark_of(await shipped(shop))
    calls = AsyncMock(side_effect=shop.channel.declare)
    shop.channel.declare = calls  # type: ignore[method-assign]  # counted
    shop.forwards(mark, FIRST)
    await announce(shop, mark, SECOND, replaces=FIRST)

    assert told(shop) == [SECOND]
    assert [call.args[1].number for call in calls.await_args_list] == [SECOND]
    assert await shop.queue() == []


async def test_a_number_may_change_back_and_what_is_read_again_changes_nothing(shop: Shop) -> None:
    mark = await declared(shop)
    await announce(shop, mark, SECOND, replaces=FIRST)
    await announce(shop, mark, FIRST, replaces=SECOND)
    assert told(shop) == [FIRST]

    again = list(shop.forwarder.sent)
    shop.forwarder.sent += again
    await shop.poll("fulfil.collect", "forwarder")
    assert told(shop) == [FIRST]
    assert await held(shop, fulfil.TWO_NUMBERS) == {}


async def test_a_change_answered_by_a_time_out_is_read_back_and_not_repeated(shop: Shop) -> None:
    mark = await declared(shop)
    calls = AsyncMock(side_effect=shop.channel.redeclare)
    shop.channel.redeclare = calls  # type: ignore[method-assign]  # counted
    shop.channel.lose_next = True

    await announce(shop, mark, SECOND, replaces=FIRST)
    assert [entry.code for entry in await shop.queue()] == ["unknown"]
    await shop.pass_time(61)

    assert (told(shop), calls.await_count) == ([SECOND], 1)
    assert await shop.queue() == []


async def test_a_change_that_never_reached_the_channel_is_made_after_it_was_looked_for(shop: Shop) -> None:
    mark = await declared(shop)
    redeclare = shop.channel.redeclare

    async def lost(*_: object, **__: object) -> None:
        raise OutcomeUnknown("no answer", vendor="memory", code="no_answer")

    shop.channel.redeclare = lost  # type: ignore[method-assign]  # the call never arrives
    await announce(shop, mark, SECOND, replaces=FIRST)
    shop.channel.redeclare = redeclare  # type: ignore[method-assign]
    assert told(shop) == [FIRST]
    await shop.pass_time(61)

    assert told(shop) == [SECOND]


async def test_a_number_that_changes_while_its_declaration_is_unclear_is_replaced_once_that_shows(shop: Shop) -> None:
    mark = mark_of(await shipped(shop))
    shop.channel.lose_next = True
    await announce(shop, mark, FIRST)
    await announce(shop, mark, SECOND, replaces=FIRST)
    await shop.pass_time(61)
    await shop.pass_time(61)

    assert told(shop) == [SECOND]
    assert await shop.queue() == []


async def test_a_change_waits_for_a_declaration_that_may_still_arrive(shop: Shop) -> None:
    mark = mark_of(await shipped(shop))
    declare = shop.channel.declare
    on_its_way: list[Shipment] = []

    async def late(order_id: str, shipment: Shipment, *, complete: bool) -> None:
        on_its_way.append(shipment)
        raise OutcomeUnknown("no answer", vendor="memory", code="no_answer")

    shop.channel.declare = late  # type: ignore[method-assign]  # it arrives later
    await announce(shop, mark, FIRST)
    shop.channel.declare = declare  # type: ignore[method-assign]
    await announce(shop, mark, SECOND, replaces=FIRST)
    assert told(shop) == []
    await declare(ORDER, replace(on_its_way[0], carrier="YANWEN_AM"), complete=True)
    await shop.pass_time(61)
    await shop.pass_time(61)

    assert (told(shop), await shop.queue()) == ([SECOND], [])


async def test_only_the_number_that_holds_is_followed(shop: Shop) -> None:
    teller = Teller()
    shop.trackers = {"teller": teller}
    shop.connect()
    mark = await declared(shop)
    await announce(shop, mark, SECOND, replaces=FIRST)
    await shop.pass_time(7200)
    await shop.poll("follow.poll", "toys")

    assert [[trail.number for trail in asked] for asked in teller.asked] == [[SECOND]]


async def test_two_numbers_for_one_parcel_are_a_persons_matter_and_nothing_is_declared_a_second_time(
    shop: Shop,
) -> None:
    mark = await declared(shop)
    await announce(shop, mark, SECOND)

    assert told(shop) == [FIRST]
    assert await held(shop, fulfil.TWO_NUMBERS) == {
        f"{SUBJECT} {SECOND}": {"beside": FIRST, "carrier": "YANWEN", "purchase": mark}
    }
    (entry,) = await shop.queue()
    assert (entry.code, entry.mark, entry.ship_by is not None) == ("two_numbers", mark, True)


async def test_of_two_numbers_a_person_says_that_one_takes_the_others_place(shop: Shop) -> None:
    mark = await declared(shop)
    await announce(shop, mark, SECOND)
    await correct(shop, FIRST, SECOND)

    assert told(shop) == [SECOND]
    assert await shop.queue() == []


async def test_of_two_numbers_a_person_says_that_both_are_parcels(shop: Shop) -> None:
    mark = mark_of(await shipped(shop))
    shop.forwards(mark, FIRST)
    shop.channel.limit_next = True  # the first is not declared yet
    await announce(shop, mark, SECOND)
    await shop.db.run(numbers.declare, shop.bridge, ORDER, SECOND, stores=["toys"])
    await shop.pass_time(5)

    assert sorted(told(shop)) == [FIRST, SECOND]
    assert shop.channel.books[ORDER].state is OrderState.SHIPPED
    assert await shop.queue() == []


async def test_of_two_numbers_one_may_be_ignored_and_stays_so(shop: Shop) -> None:
    mark = await declared(shop)
    await announce(shop, mark, SECOND)
    (entry,) = await shop.queue()
    await shop.db.run(retry_queue.drop, entry.id, why="not ours", now=shop.clock.now())
    await announce(shop, mark, SECOND)

    assert (told(shop), await shop.queue()) == ([FIRST], [])


async def test_a_further_parcel_is_declared_too_and_only_the_last_one_completes_the_order(shop: Shop) -> None:
    mark = mark_of(await shipped(shop))
    shop.forwards(mark, FIRST)
    shop.forwards(f"{mark}-2", SECOND)
    seen: list[OrderState] = []
    declare = shop.channel.declare

    async def watched(*args: object, **kwargs: object) -> None:
        await declare(*args, **kwargs)  # type: ignore[arg-type]
        seen.append(shop.channel.books[ORDER].state)

    shop.channel.declare = watched  # type: ignore[method-assign]
    await announce(shop, mark, THIRD, replaces="")

    assert sorted(told(shop)) == [FIRST, SECOND, THIRD]
    assert seen == [OrderState.PART_SHIPPED, OrderState.PART_SHIPPED, OrderState.SHIPPED]


async def test_a_wrong_number_is_refused_with_the_accepted_pattern_and_corrected_by_a_person(shop: Shop) -> None:
    mark = mark_of(await shipped(shop))
    await announce(shop, mark, "nonsense")
    (entry,) = await shop.queue()
    pattern = r"^[A-Z]{2}\d{9}YP$"
    assert (entry.code, entry.figures) == ("tracking_refused", {"nonsense": f"YANWEN_AM {pattern}"})
    assert pattern in entry.reason

    await correct(shop, "nonsense", FIRST)
    assert (told(shop), await shop.queue()) == ([FIRST], [])


async def test_a_refusal_by_the_channel_is_told_in_its_words_with_the_accepted_pattern(shop: Shop) -> None:
    mark = mark_of(await shipped(shop))
    refusal = Rejected("the number was used before", vendor="memory", code="-1")
    shop.channel.declare = AsyncMock(side_effect=refusal)  # type: ignore[method-assign]
    await announce(shop, mark)

    (entry,) = await shop.queue()
    assert entry.code == "tracking_refused"
    assert entry.reason == r"the number was used before; it takes YANWEN_AM ^[A-Z]{2}\d{9}YP$"


async def test_a_carrier_not_on_the_list_is_declared_once_its_word_is_mapped(shop: Shop) -> None:
    mark = mark_of(await shipped(shop))
    await announce(shop, mark, carrier="YANWENG")
    (entry,) = await shop.queue()
    assert "not on the channel's list of carriers" in entry.reason
    assert entry.figures == {FIRST: "YANWEN_AM, OTHER"}

    route(shop, services={**ROUTE.services, "YANWENG": "YANWEN_AM"})
    await shop.db.run(shop.retry, entry.id)
    await shop.work()
    assert (told(shop), await shop.queue()) == ([FIRST], [])


async def test_any_other_carrier_is_declared_with_its_name_and_site(shop: Shop) -> None:
    route(shop, services={"MEIYOU": "OTHER"}, others={"MEIYOU": MEIYOU})
    mark = mark_of(await shipped(shop))
    await announce(shop, mark, "MY1", carrier="MEIYOU")
    await announce(shop, mark, "MY2", carrier="MEIYOU", replaces="MY1")

    (shown,) = shop.channel.declarations[ORDER]
    assert (shown.carrier, shown.number, shown.site, shown.operator) == ("OTHER", "MY2", MEIYOU.site, MEIYOU.name)


async def test_without_its_name_and_site_any_other_carrier_is_not_declared(shop: Shop) -> None:
    route(shop, services={"MEIYOU": "OTHER"})
    await announce(shop, mark_of(await shipped(shop)), "MY1", carrier="MEIYOU")

    assert told(shop) == []
    (entry,) = await shop.queue()
    assert "{key: OTHER, site: https://…, carrier: …}" in entry.reason


async def test_a_domestic_number_is_never_declared_however_it_is_written_or_whoevers_it_is(shop: Shop) -> None:
    order = await shipped(shop, "UR000000009YP")
    other = await bought(shop, "8172481060036441")
    shop.supplier.renumber(order.vendor_order_id, "UR000000009YP", "UR000000008YP")
    await shop.poll("purchase.poll", "main")
    for mark, number in (
        (mark_of(order), "ur000000009yp"),
        (mark_of(order) + "-2", "UR000000008YP"),
        (mark_of(other), "UR000000009YP"),
    ):
        await announce(shop, mark, number)

    assert shop.channel.declarations == {}
    assert [entry.code for entry in await shop.queue()] == ["tracking_refused"] * 3
    assert all("domestic number" in entry.reason for entry in await shop.queue())


async def test_a_person_cannot_put_a_domestic_number_in_place_of_another(shop: Shop) -> None:
    await declared(shop)
    with pytest.raises(SyncBridgeError, match="YT1 is a domestic number"):
        await correct(shop, FIRST, "YT1")
    assert told(shop) == [FIRST]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("UR000000007YP", SECOND, "has no parcel UR000000007YP; its numbers are UR000000001YP"),
        (FIRST, FIRST, "is the number it has"),
    ],
)
async def test_a_correction_that_makes_no_sense_is_refused(shop: Shop, old: str, new: str, said: str) -> None:
    await declared(shop)
    with pytest.raises(SyncBridgeError, match=said):
        await correct(shop, old, new)


async def test_what_was_replaced_is_not_replaced_again_and_what_is_sure_is_not_declared_again(shop: Shop) -> None:
    await declared(shop)
    await correct(shop, FIRST, SECOND)
    with pytest.raises(SyncBridgeError, match="another number took the place"):
        await correct(shop, FIRST, THIRD)
    with pytest.raises(SyncBridgeError, match="is not in doubt"):
        await shop.db.run(numbers.declare, shop.bridge, ORDER, SECOND, stores=["toys"])
    with pytest.raises(SyncBridgeError, match="no parcel of an order"):
        await shop.db.run(numbers.declare, shop.bridge, "1", SECOND, stores=["toys"])


@pytest.mark.usefixtures("merging")
async def test_a_number_of_goods_for_two_orders_is_corrected_for_both(shop: Shop) -> None:
    await shop.list_offer()
    for order_id in (ORDER, "8172481060036441"):
        await shop.sell(order_id)
    await shop.pass_time(601)
    (order,) = shop.supplier.books.values()
    mark = order.note.split()[1]
    await announce(shop, mark)
    await correct(shop, FIRST, SECOND)

    assert {order_id: [one.number for one in known] for order_id, known in shop.channel.declarations.items()} == {
        ORDER: [SECOND],
        "8172481060036441": [SECOND],
    }


async def test_a_number_of_an_order_cancelled_between_the_legs_is_not_changed_on_the_channel(shop: Shop) -> None:
    mark = await declared(shop)
    (purchase,) = await shop.db.read(purchases.of_order, "toys", ORDER)
    shop.channel.change(ORDER, state=OrderState.FINISHED)
    shop.channel.redeclare = AsyncMock(  # type: ignore[method-assign]
        side_effect=Rejected("the order has ended", vendor="memory", code="state")
    )
    await announce(shop, mark, SECOND, replaces=FIRST)

    (entry,) = await shop.queue()
    assert (entry.what, entry.code) == ("fulfil.redeclare", "tracking_refused")
    assert "the order has ended" in entry.reason
    assert purchase.state == "declared"


async def test_of_booked_parcels_each_vendor_order_is_one(shop: Shop) -> None:
    route(shop, ship=ShippingWay.OFFICIAL)
    split_up(shop)
    await bought(shop)
    (purchase,) = await shop.db.read(purchases.of_order, "toys", ORDER)

    for number, mark in ((FIRST, purchase.mark), (SECOND, f"{purchase.mark}-2")):
        await shop.db.run(fulfil.pass_on, shop.bridge, purchase, Shipment("YANWEN", number, mark))
        await shop.work()
        state = OrderState.SHIPPED if number == SECOND else OrderState.PART_SHIPPED
        assert shop.channel.books[ORDER].state is state
    assert told(shop) == [FIRST, SECOND]
