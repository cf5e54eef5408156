"""What was bought together and is unclear is looked up, adopted and decided for all at once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from syncbridge.errors import Rejected, SyncBridgeError
from syncbridge.flows import vendor_orders
from syncbridge.model.paging import read_to_end
from syncbridge.model.purchasing import (
    IntentKey,
    PlacedOrder,
    Placement,
    PurchaseDraft,
    PurchaseState,
    RefusedLine,
    VendorOrderState,
)
from syncbridge.store import timeline
from syncbridge.testing.builders import cny, make_order_line
from tests.flows.conftest import Shop
from tests.flows.merged import (
    COOL_OFF,
    FIRST,
    SECOND,
    differences,
    not_placed,
    quantities,
    refuse_one_payment,
    run_place,
    sell_two,
    states,
    the_one,
)

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("merging")]


async def test_a_lost_answer_is_looked_up_once_and_adopted_for_both(shop: Shop) -> None:
    await sell_two(shop)
    shop.supplier.lose_next = True
    await shop.pass_time(COOL_OFF)
    assert await states(shop) == [PurchaseState.UNKNOWN, PurchaseState.UNKNOWN]
    await shop.pass_time(121)
    assert quantities(shop) == [[5]]
    assert await states(shop) == [PurchaseState.PAID, PurchaseState.PAID]
    assert await shop.queue() == []


@pytest.mark.parametrize("begins", [1, 2])
async def test_a_lost_answer_the_poll_finds_first_is_adopted_for_both(shop: Shop, begins: int) -> None:
    await sell_two(shop)
    shop.supplier.lose_next = True
    shop.clock.advance(COOL_OFF)
    await run_place(shop, begins)
    await shop.work()
    shop.clock.advance(121)
    read = await read_to_end(shop.supplier.orders(since=None), None)
    await shop.db.run(vendor_orders.note, shop.bridge, "main", read.items)
    await shop.work()
    assert quantities(shop) == [[5]]
    assert await states(shop) == [PurchaseState.PAID, PurchaseState.PAID]
    placed = [event for _, event, _ in await shop.db.read(timeline.of, f"order toys/{FIRST}")].count("placed")
    assert (placed, await shop.queue()) == (1, [])


async def test_a_clear_no_stops_the_one_that_was_sent_and_the_other_is_bought_alone(shop: Shop) -> None:
    await sell_two(shop)
    place = shop.supplier.place

    async def no(draft: PurchaseDraft, *, key: IntentKey) -> Placement:
        shop.supplier.place = place  # type: ignore[method-assign]
        raise Rejected("no", vendor="memory", code="no")

    shop.supplier.place = no  # type: ignore[method-assign]
    await shop.pass_time(COOL_OFF)
    assert quantities(shop) == [[3]]
    assert await states(shop) == [PurchaseState.REFUSED, PurchaseState.PAID]

    for entry in await shop.queue():
        await shop.db.run(shop.retry, entry.id)
    await shop.work()
    assert quantities(shop) == [[3], [2]]
    assert await differences(shop) == []


async def test_a_line_the_supplier_leaves_out_is_told_for_the_order_it_is_for(shop: Shop) -> None:
    await shop.list_offer()
    await shop.sell(FIRST)
    await shop.sell(SECOND, make_order_line(shop.code(1), 3))
    place = shop.supplier.place

    async def in_part(draft: PurchaseDraft, *, key: IntentKey) -> Placement:
        first, second = draft.lines
        placed = await place(replace(draft, lines=(first,)), key=key)
        return Placement(placed.orders, (RefusedLine(second, "gone", "sold out"),))

    shop.supplier.place = in_part  # type: ignore[method-assign]
    await shop.pass_time(COOL_OFF)
    assert [(entry.code, entry.subject.split()[1]) for entry in await shop.queue()] == [
        ("line_refused", f"toys/{SECOND}")
    ]


async def test_an_unclear_purchase_is_decided_for_all_at_once(shop: Shop) -> None:
    await sell_two(shop)
    shop.supplier.lose_next = True
    await shop.pass_time(COOL_OFF)
    shop.supplier.books.clear()  # it was never made
    await shop.pass_time(121)
    waiting = {entry.code: entry.id for entry in await shop.queue()}
    with pytest.raises(SyncBridgeError, match="decide about that one"):
        await not_placed(shop, waiting["merged"])
    await not_placed(shop, waiting["unknown"])
    await shop.pass_time(121)
    assert quantities(shop) == [[2], [3]]
    assert await shop.queue() == []


async def split_off(shop: Shop, begins: int) -> PlacedOrder:
    """The supplier shows the first order's part of what was bought; answers the other part, not shown yet."""
    await shop.list_offer()
    await shop.sell(FIRST)
    await shop.sell(SECOND, make_order_line(shop.code(1), 3))
    shop.supplier.lose_next = True
    shop.clock.advance(COOL_OFF)
    await run_place(shop, begins)
    whole = the_one(shop)
    ours, late = (
        replace(whole, vendor_order_id=line.spec_id, lines=(line,), total=cny("30.00"))
        for line in sorted(whole.lines, key=lambda line: line.spec_id)
    )
    shop.supplier.books = {ours.vendor_order_id: ours}
    refuse_one_payment(shop)
    await shop.pass_time(121)
    return late


async def show(shop: Shop, late: PlacedOrder) -> None:
    """The supplier shows that part, too."""
    shop.supplier.books[late.vendor_order_id] = replace(late, modified_at=shop.clock.now())
    await shop.poll("purchase.poll", "main")
    await shop.pass_time(121)


@pytest.mark.parametrize("begins", [1, 2])
async def test_a_part_the_supplier_splits_off_is_adopted_too(shop: Shop, begins: int) -> None:
    late = await split_off(shop, begins)
    await show(shop, late)
    assert [one.state for one in shop.supplier.books.values()] == [VendorOrderState.PAID] * 2
    assert await differences(shop) == []


# ---------------------------------------------------------------- cancelled after sending
