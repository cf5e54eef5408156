"""What simulated seeds once broke, each as the plain story it was."""

from __future__ import annotations

from dataclasses import replace

import pytest

from syncbridge.errors import AccessExpired, OutcomeUnknown
from syncbridge.model.orders import OrderState
from syncbridge.model.purchasing import Found, PurchaseDraft, Quote, VendorOrderState
from syncbridge.model.shipping import Shipment
from syncbridge.queue import job as jobs
from syncbridge.queue.execute import PAUSE
from syncbridge.store import accounts, holds, placed_orders, purchases
from syncbridge.testing.builders import cny, make_offer, make_order_line, make_spec
from tests.flows.conftest import Shop

pytestmark = pytest.mark.anyio
COOL_OFF = 601
ORDER = "8172481060036440"


async def test_a_declaration_cut_off_by_a_kill_is_not_made_again_while_it_may_still_arrive(shop: Shop) -> None:
    await shop.list_offer()
    await shop.sell()
    await shop.pass_time(COOL_OFF)
    (bought,) = shop.supplier.books.values()
    declare, shop.channel.declare = shop.channel.declare, killed  # type: ignore[method-assign]
    shop.forwards(bought.note.split()[-1])
    with pytest.raises(Killed):
        await shop.poll("fulfil.collect", "forwarder")
    shop.channel.declare = declare  # type: ignore[method-assign]

    await shop.db.run(jobs.free_leases, now=shop.clock.now())
    await shop.work()
    await declare(ORDER, Shipment("YANWEN_AM", "UR000000001YP"), complete=True)  # the first one, late
    await shop.pass_time(121)

    assert [shipment.number for shipment in shop.channel.declarations[ORDER]] == ["UR000000001YP"]
    assert await shop.queue() == []


async def test_no_parcel_is_declared_while_a_sibling_s_declaration_may_still_arrive(shop: Shop) -> None:
    other = make_offer("700000000001", make_spec(7), supplier_id="another shop")
    await shop.list_offer()
    await shop.list_offer(other)
    lines = make_order_line(shop.code(), 1), make_order_line(shop.code(0, other), 1, line_id="2")
    await shop.sell(ORDER, *lines)
    await shop.pass_time(COOL_OFF)
    declare = shop.channel.declare
    late: list[tuple[Shipment, bool]] = []

    async def acts_late(order_id: str, shipment: Shipment, *, complete: bool) -> None:
        if not late:
            late.append((shipment, complete))
            raise OutcomeUnknown("no answer in time", vendor="memory", code="no_answer")
        await declare(order_id, shipment, complete=complete)

    shop.channel.declare = acts_late  # type: ignore[method-assign]
    for number, bought in enumerate(shop.supplier.books.values(), start=1):
        shop.forwards(bought.note.split()[-1], f"UR{number:09d}YP")
    await shop.poll("fulfil.collect", "forwarder")
    ((shipment, complete),) = late
    await declare(ORDER, shipment, complete=complete)
    await shop.pass_time(61)
    await shop.pass_time(61)

    assert len(shop.channel.declarations[ORDER]) == 2
    assert shop.channel.books[ORDER].state is OrderState.SHIPPED


@pytest.mark.parametrize("carrier", ["forwarder", ""])
async def test_a_parcel_that_came_before_its_order_was_known_again_is_declared(shop: Shop, carrier: str) -> None:
    """Whoever announced it, as where the route names no carrier."""
    shop.rules = replace(shop.rules, routes=(replace(shop.rules.routes[0], carrier=carrier),))
    await shop.list_offer()
    backup = shop.back_up()
    await shop.sell()
    await shop.pass_time(COOL_OFF)
    (bought,) = shop.supplier.books.values()
    shop.forwards(bought.note.split()[-1])

    await shop.restore(backup)
    await shop.poll("fulfil.collect", "forwarder")
    assert ORDER not in shop.channel.declarations
    await shop.hear_of(ORDER)
    await shop.pass_time(COOL_OFF)
    await shop.poll("fulfil.collect", "forwarder")

    assert [shipment.number for shipment in shop.channel.declarations[ORDER]] == ["UR000000001YP"]
    assert await shop.queue() == []


async def test_an_order_bought_by_hand_is_no_extra_one_when_it_is_seen_after_its_parcel(shop: Shop) -> None:
    shop.supplier.grants_orders = False
    await shop.list_offer()
    await shop.sell()
    await shop.pass_time(COOL_OFF)
    (card,) = await shop.db.read(purchases.to_buy_by_hand)
    draft = PurchaseDraft(card.lines, card.relay, note=f"please print {card.mark}")
    bought = shop.supplier.bought_on_the_page(draft, total=cny("40.00"))
    await shop.supplier.pay([bought.vendor_order_id])
    shop.forwards(card.mark)
    await shop.poll("fulfil.collect", "forwarder")

    await shop.poll("purchase.poll", "main")

    assert await shop.db.read(holds.all_open) == []
    assert list(await shop.db.read(placed_orders.of_purchase, card.id)) == [bought.vendor_order_id]


async def test_a_second_whole_order_under_one_mark_is_a_persons_matter(shop: Shop) -> None:
    await shop.list_offer()
    await shop.sell()
    await shop.pass_time(COOL_OFF)
    (bought,) = shop.supplier.books.values()
    draft = PurchaseDraft(bought.lines, (await shop.db.read(purchases.get, 1)).relay, note=bought.note)
    extra = shop.supplier.bought_on_the_page(draft, total=bought.total)

    await shop.poll("purchase.poll", "main")

    (entry,) = await shop.queue()
    assert (entry.code, entry.subject) == ("vendor_order_extra", f"vendor order main/{extra.vendor_order_id}")


async def test_a_purchase_the_ledger_has_shown_is_found_although_its_look_up_is_not(shop: Shop) -> None:
    await shop.list_offer()
    await shop.sell()
    shop.supplier.lose_next = True
    await shop.pass_time(COOL_OFF)
    await shop.poll("purchase.poll", "main")
    shop.supplier.find = nothing_found  # type: ignore[method-assign]

    await shop.pass_time(1000)

    (bought,) = shop.supplier.books.values()
    assert bought.state is VendorOrderState.PAID
    assert await shop.queue() == []


async def test_an_order_that_changes_twice_in_a_second_is_read_again(shop: Shop) -> None:
    await shop.list_offer()
    order = await shop.sell(ORDER, state=OrderState.CANCELLING, status="IN_CANCEL")
    shop.channel.books[ORDER] = replace(order, state=OrderState.TO_SHIP, status="WAIT_SELLER_SEND_GOODS")

    await shop.poll("orders.poll", "toys")
    await shop.pass_time(COOL_OFF)

    assert len(shop.supplier.books) == 1


async def test_jobs_of_an_account_that_was_to_be_authorised_go_on_as_soon_as_it_is(shop: Shop) -> None:
    await shop.list_offer()
    await shop.sell()
    preview, shop.supplier.preview = shop.supplier.preview, token_over  # type: ignore[method-assign]
    await shop.pass_time(COOL_OFF)
    (entry,) = await shop.queue()
    assert entry.next_attempt == shop.clock.now() + PAUSE

    shop.supplier.preview = preview  # type: ignore[method-assign]
    await shop.db.run(accounts.clear_pauses)
    await shop.work()

    assert len(shop.supplier.books) == 1


async def token_over(*_: object, **__: object) -> Quote:
    raise AccessExpired("authorise the account again", vendor="memory", code="401")


async def nothing_found(*_: object, **__: object) -> Found:
    return Found((), fresh=False)


class Killed(BaseException):
    """The process is gone: nobody catches this."""


async def killed(*_: object, **__: object) -> None:
    raise Killed
