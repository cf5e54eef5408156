"""What a person decides about a purchase, and what is refused because it could buy twice."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlmodel import Session

from syncbridge.errors import NotGranted, SyncBridgeError
from syncbridge.flows import decisions, retry_queue
from syncbridge.flows.retry_queue import Entry
from syncbridge.model.money import Money
from syncbridge.model.orders import OrderStage
from syncbridge.model.purchasing import PlacedOrder, Purchase, PurchaseDraft, PurchaseState, VendorOrderState
from syncbridge.rules.mapping import Part, Place, SkuRule, Way
from syncbridge.store import holds, orders, placed_orders, purchases, timeline
from syncbridge.store.tables.buying import PurchaseRow
from syncbridge.testing.builders import RELAY, cny, make_offer, make_order_line, make_spec
from tests.flows.conftest import Shop

pytestmark = pytest.mark.anyio
ORDER = "8172481060036440"
SUBJECT = f"order toys/{ORDER}"
QUARANTINE = timedelta(seconds=120)


async def unknown(shop: Shop, *, landed: bool = False, looked: bool = True) -> Entry:
    """A purchase whose create call got no answer; after the look-up a person decides."""
    await shop.list_offer()
    await shop.sell(ORDER)
    shop.supplier.lose_next = True
    await shop.pass_time(601)
    if not landed:
        shop.supplier.books.clear()
    if looked:
        await shop.pass_time(1000)
    (entry,) = await shop.queue()
    return entry


async def by_hand(shop: Shop) -> Entry:
    await shop.list_offer()
    shop.supplier.grants_orders = False
    await shop.sell(ORDER)
    await shop.pass_time(601)
    (entry,) = await shop.queue()
    return entry


async def the_purchase(shop: Shop) -> Purchase:
    (purchase,) = await shop.db.read(purchases.of_order, "toys", ORDER)
    return purchase


def bought(shop: Shop, purchase: Purchase, **changes: object) -> PlacedOrder:
    """The person buys on the supplier's page, and forgets the mark."""
    draft = replace(PurchaseDraft(purchase.lines, RELAY, note="please hurry"), **changes)  # type: ignore[arg-type]  # the class's own fields
    return shop.supplier.bought_on_the_page(draft, total=cny("40.00"))


async def adopt(shop: Shop, entry: Entry, *numbers: str, total: Money | None = None, even_so: bool = False) -> None:
    shop.clock.advance(1)
    await shop.db.run(decisions.ask_to_adopt, entry.id, numbers, total=total, even_so=even_so, now=shop.clock.now())
    await shop.work()


async def not_placed(shop: Shop, entry: Entry) -> None:
    await shop.db.run(
        decisions.not_placed, entry.id, why="not on the page", quarantine=QUARANTINE, now=shop.clock.now()
    )


async def events(shop: Shop) -> list[str]:
    return [event for _, event, _ in await shop.db.read(timeline.of, SUBJECT)]


async def test_an_order_without_the_mark_is_adopted_by_its_number_and_paid_by_the_person(shop: Shop) -> None:
    entry = await by_hand(shop)
    order = bought(shop, await the_purchase(shop))
    await adopt(shop, entry, order.vendor_order_id)
    assert (await the_purchase(shop)).state is PurchaseState.PLACED
    assert await shop.queue() == []
    assert shop.supplier.books[order.vendor_order_id].state is VendorOrderState.UNPAID
    assert "adopted by a person" in await events(shop)


async def test_an_adopted_order_we_had_sent_is_paid_by_us(shop: Shop) -> None:
    entry = await unknown(shop)
    order = shop.supplier.bought_on_the_page(PurchaseDraft((await the_purchase(shop)).lines, RELAY), total=cny("32.80"))
    await adopt(shop, entry, order.vendor_order_id)
    assert (await the_purchase(shop)).state is PurchaseState.PAID
    assert await shop.queue() == []


async def test_several_orders_are_adopted_together(shop: Shop) -> None:
    entry = await by_hand(shop)
    purchase = await the_purchase(shop)
    halves = tuple(replace(line, quantity=1) for line in purchase.lines)
    orders = [bought(shop, purchase, lines=halves) for _ in range(2)]
    await adopt(shop, entry, *(order.vendor_order_id for order in orders))
    kept = await shop.db.read(placed_orders.of_purchase, purchase.id)
    assert kept.keys() == {order.vendor_order_id for order in orders}


async def test_an_order_that_lacks_lines_is_shown_with_both_sides_and_taken_only_even_so(shop: Shop) -> None:
    entry = await by_hand(shop)
    purchase = await the_purchase(shop)
    order = bought(shop, purchase, lines=(replace(purchase.lines[0], quantity=1),))
    await adopt(shop, entry, order.vendor_order_id)
    (refused,) = [one for one in await shop.queue() if one.state == "parked"]
    assert (refused.code, refused.mark) == ("adopt_mismatch", purchase.mark)
    assert refused.figures["wanted"].endswith("× 2")
    assert refused.figures[f"order {order.vendor_order_id}"].endswith("× 1")
    assert (await the_purchase(shop)).state is PurchaseState.BY_HAND
    await adopt(shop, refused, order.vendor_order_id, even_so=True)
    assert (await the_purchase(shop)).state is PurchaseState.PLACED
    assert await shop.queue() == []


async def test_naming_the_right_order_ends_the_question_about_the_wrong_one(shop: Shop) -> None:
    entry = await by_hand(shop)
    purchase = await the_purchase(shop)
    wrong = bought(shop, purchase, lines=(replace(purchase.lines[0], quantity=1),))
    right = bought(shop, purchase)
    await adopt(shop, entry, wrong.vendor_order_id)
    await adopt(shop, entry, right.vendor_order_id)
    assert await shop.queue() == []
    assert list(await shop.db.read(placed_orders.of_purchase, purchase.id)) == [right.vendor_order_id]


@pytest.mark.parametrize("marked", [True, False])
async def test_the_order_of_another_purchase_is_never_taken(shop: Shop, marked: bool) -> None:
    entry = await by_hand(shop)
    shop.supplier.grants_orders = True
    await shop.sell("8172481060036441")
    await shop.pass_time(601)
    (order,) = shop.supplier.books.values()
    if marked:  # one more with the other's mark, which nobody owns yet
        (other,) = await shop.db.read(purchases.of_order, "toys", "8172481060036441")
        order = bought(shop, other, note=f"唛头 {other.mark}")
    await adopt(shop, entry, order.vendor_order_id, even_so=True)
    (refused,) = [one for one in await shop.queue() if one.state == "parked"]
    assert refused.code == "adopt_refused"
    assert "of order toys/8172481060036441" in refused.reason
    assert (await the_purchase(shop)).state is PurchaseState.BY_HAND


async def test_an_order_somebody_else_took_after_it_was_read_is_not_taken_twice(shop: Shop) -> None:
    await by_hand(shop)
    purchase = await the_purchase(shop)
    await shop.sell("8172481060036441")
    await shop.pass_time(601)
    (other,) = await shop.db.read(purchases.of_order, "toys", "8172481060036441")
    order = bought(shop, purchase)
    await shop.db.run(placed_orders.adopt, other, [order], now=shop.clock.now())
    with pytest.raises(SyncBridgeError, match=f"belongs to purchase {other.mark}"):
        await shop.db.run(decisions._adopt, shop.bridge, purchase, [order])


async def test_a_cancelled_order_is_not_taken(shop: Shop) -> None:
    entry = await by_hand(shop)
    order = bought(shop, await the_purchase(shop))
    shop.supplier.books[order.vendor_order_id] = replace(order, state=VendorOrderState.CANCELLED)
    await adopt(shop, entry, order.vendor_order_id, even_so=True)
    assert "cancelled" in next(one.reason for one in await shop.queue() if one.code == "adopt_refused")


async def test_a_number_nobody_has_is_said_so(shop: Shop) -> None:
    entry = await by_hand(shop)
    await adopt(shop, entry, "880000000000000999")
    (refused,) = [one for one in await shop.queue() if one.state == "parked"]
    assert refused.code == "adopt_refused"
    assert "880000000000000999" in refused.reason


async def test_what_is_typed_instead_of_a_number_is_refused_at_once(shop: Shop) -> None:
    entry = await by_hand(shop)
    with pytest.raises(SyncBridgeError, match="no order number"):
        await adopt(shop, entry, "8.8E+17")


async def test_a_total_that_is_no_price_is_refused_at_once(shop: Shop) -> None:
    entry = await by_hand(shop)
    with pytest.raises(SyncBridgeError, match="is no price"):
        await adopt(shop, entry, "880000000000000001", total=cny("-1"))


async def test_an_account_that_may_not_read_orders_takes_the_persons_word_with_a_total(shop: Shop) -> None:
    entry = await by_hand(shop)
    shop.supplier.order = _refuses  # type: ignore[method-assign]  # the account lost its right to read
    await adopt(shop, entry, "880000000000000001")
    (asked,) = [one for one in await shop.queue() if one.state == "parked"]
    assert asked.code == "adopt_total"
    await adopt(shop, asked, "880000000000000001", total=cny("41.50"))
    ((purchase, orders),) = await shop.db.read(purchases.all_of, "main")
    assert purchase.state is PurchaseState.PLACED
    assert [(order.total, order.state) for order in orders] == [(cny("41.50"), VendorOrderState.OTHER)]
    assert await shop.queue() == []


async def _refuses(vendor_order_id: str) -> PlacedOrder:
    raise NotGranted("orders may not be read", vendor="memory", code="acl")


async def test_what_may_still_appear_is_not_adopted_before_the_quarantine_is_over(shop: Shop) -> None:
    entry = await unknown(shop, looked=False)
    order = shop.supplier.bought_on_the_page(PurchaseDraft((await the_purchase(shop)).lines, RELAY), total=cny("32.80"))
    await adopt(shop, entry, order.vendor_order_id)
    assert (await the_purchase(shop)).state is PurchaseState.UNKNOWN
    assert "settling" in [one.code for one in await shop.queue()]
    await shop.pass_time(1000)
    assert (await the_purchase(shop)).state is PurchaseState.PAID


async def test_a_purchase_the_person_says_is_bought_is_never_sent_by_us(shop: Shop) -> None:
    await shop.list_offer()
    await shop.sell(ORDER)
    purchase = await the_purchase(shop)
    order = bought(shop, purchase)
    await shop.db.run(decisions.ask_to_adopt_by_mark, purchase.mark, ["880000000000000999"], now=shop.clock.now())
    await shop.pass_time(1000)
    assert list(shop.supplier.books) == [order.vendor_order_id]
    assert (await the_purchase(shop)).state is PurchaseState.BY_HAND


async def test_a_purchase_the_poll_settled_before_the_number_was_read_takes_no_other_order(shop: Shop) -> None:
    entry = await by_hand(shop)
    purchase = await the_purchase(shop)
    order = bought(shop, purchase)
    await shop.db.run(decisions.ask_to_adopt, entry.id, [order.vendor_order_id], now=shop.clock.now())
    first = bought(shop, purchase, note=f"唛头 {purchase.mark}")
    await shop.db.run(placed_orders.adopt, purchase, [first], now=shop.clock.now())
    await shop.work()
    (refused,) = await shop.queue()
    assert (refused.code, "is placed by now" in refused.reason) == ("adopt_refused", True)
    assert len(await shop.db.read(placed_orders.of_purchase, purchase.id)) == 1


async def test_what_is_placed_takes_no_other_order(shop: Shop) -> None:
    entry = await by_hand(shop)
    purchase = await the_purchase(shop)
    await adopt(shop, entry, bought(shop, purchase).vendor_order_id)
    with pytest.raises(SyncBridgeError, match="is placed"):
        await shop.db.run(decisions.ask_to_adopt_by_mark, purchase.mark, ["880000000000000777"], now=shop.clock.now())


async def test_an_unknown_purchase_declared_not_placed_is_sent_again_under_its_intent(shop: Shop) -> None:
    entry = await unknown(shop)
    before = await the_purchase(shop)
    await not_placed(shop, entry)
    await shop.work()
    (order,) = shop.supplier.books.values()
    assert order.out_order_id == before.out_order_id
    assert (await the_purchase(shop)).state is PurchaseState.PAID
    assert "declared not placed by a person" in await events(shop)


async def test_nothing_is_declared_not_placed_before_a_look_up_has_found_nothing(shop: Shop) -> None:
    entry = await unknown(shop, looked=False)
    with pytest.raises(SyncBridgeError, match="may still appear"):
        await not_placed(shop, entry)
    assert (await the_purchase(shop)).state is PurchaseState.UNKNOWN


async def test_a_look_up_that_is_under_way_is_waited_for(shop: Shop) -> None:
    entry = await unknown(shop)
    await shop.db.run(retry_queue.retry, entry.id, now=shop.clock.now())
    with pytest.raises(SyncBridgeError, match="may still appear"):
        await not_placed(shop, entry)


async def test_a_look_up_before_the_quarantine_was_over_proves_nothing(shop: Shop) -> None:
    entry = await unknown(shop)
    with pytest.raises(SyncBridgeError, match="may still appear"):
        await shop.db.run(decisions.not_placed, entry.id, why="no", quarantine=timedelta(hours=1), now=shop.clock.now())


async def test_a_number_that_is_being_looked_at_stops_the_other_decision(shop: Shop) -> None:
    entry = await unknown(shop)
    await shop.db.run(decisions.ask_to_adopt, entry.id, ["880000000000000777"], now=shop.clock.now())
    with pytest.raises(SyncBridgeError, match="being looked at"):
        await not_placed(shop, entry)


async def test_only_an_unknown_purchase_can_be_declared_not_placed(shop: Shop) -> None:
    entry = await by_hand(shop)
    with pytest.raises(SyncBridgeError, match="is by_hand, not unknown"):
        await not_placed(shop, entry)


async def margin_halt(shop: Shop, figures: dict[str, str] | None = None) -> Entry:
    """A purchase that a guard stopped, at its own figures or at these."""
    dear = replace(shop.rules.routes[0].price, minimum_margin=Decimal(1))  # nothing earns so much
    shop.rules = replace(shop.rules, routes=(replace(shop.rules.routes[0], price=dear),))
    await shop.list_offer()
    shop.connect()
    await shop.sell(ORDER)
    await shop.pass_time(601)
    if figures is not None:
        await shop.db.run(holds.open_hold, "margin", SUBJECT, figures, now=shop.clock.now())
    (entry,) = await shop.queue()
    return entry


async def approve(shop: Shop, entry_id: str) -> None:
    await shop.db.run(decisions.approve, entry_id, why="a gift for a good customer", now=shop.clock.now())


async def test_a_halt_is_let_pass_at_the_figure_shown_and_the_purchase_is_made(shop: Shop) -> None:
    entry = await margin_halt(shop)
    await approve(shop, entry.id)
    assert (await the_purchase(shop)).approvals == {"margin": entry.figures["limit"]}
    await shop.work()
    assert (await the_purchase(shop)).state is PurchaseState.PAID
    assert await shop.queue() == []
    assert "approved by a person: margin" in await events(shop)


async def test_a_halt_at_a_worse_figure_than_was_let_pass_stops_again(shop: Shop) -> None:
    entry = await margin_halt(shop, {"why": "a loss", "limit": "1.00 USD"})
    await approve(shop, entry.id)
    await shop.work()
    (again,) = await shop.queue()
    assert (again.state, again.code, again.figures) == ("parked", "margin", {"limit": "8.23 USD"})
    assert not shop.supplier.books


async def test_what_is_let_pass_waits_for_no_one(shop: Shop) -> None:
    entry = await margin_halt(shop)
    await approve(shop, entry.id)
    (waiting,) = await shop.queue()
    assert (waiting.state, waiting.next_attempt, waiting.figures) == ("waiting", shop.clock.now(), {})


async def test_a_halt_without_a_figure_is_not_let_pass(shop: Shop) -> None:
    entry = await margin_halt(shop, {"why": "a loss"})
    with pytest.raises(SyncBridgeError, match="no figure is kept"):
        await approve(shop, entry.id)
    assert (await the_purchase(shop)).approvals == {}


async def test_the_figures_of_another_purchase_are_not_let_pass(shop: Shop) -> None:
    entry = await margin_halt(shop, {"why": "a loss", "limit": "45.00 CNY", "purchase": "K7M2Q4XA"})
    assert entry.figures == {}
    with pytest.raises(SyncBridgeError, match="those of purchase K7M2Q4XA"):
        await approve(shop, entry.id)
    assert (await the_purchase(shop)).approvals == {}


async def test_an_unknown_outcome_is_nothing_to_let_pass(shop: Shop) -> None:
    entry = await unknown(shop)
    with pytest.raises(SyncBridgeError, match="unknown cannot be let pass"):
        await approve(shop, entry.id)


async def test_a_hold_no_job_speaks_for_is_let_pass_for_its_purchases(shop: Shop) -> None:
    await by_hand(shop)
    figures = {"why": "the address changed", "limit": "digest-2"}
    await shop.db.run(holds.open_hold, "address_changed", SUBJECT, figures, now=shop.clock.now())
    (entry,) = [one for one in await shop.queue() if one.state == "held"]
    await approve(shop, entry.id)
    assert (await the_purchase(shop)).approvals == {"address_changed": "digest-2"}
    assert [one.state for one in await shop.queue()] == ["by_hand"]


async def test_nothing_is_let_pass_for_a_purchase_that_has_ended(shop: Shop) -> None:
    entry = await by_hand(shop)
    await shop.db.run(retry_queue.drop, entry.id, why="sold out", now=shop.clock.now())
    figures = {"why": "the address changed", "limit": "digest-2"}
    await shop.db.run(holds.open_hold, "address_changed", SUBJECT, figures, now=shop.clock.now())
    (held,) = await shop.queue()
    with pytest.raises(SyncBridgeError, match="no purchase that goes on"):
        await approve(shop, held.id)


async def test_a_wrong_number_given_up_leaves_the_purchase_to_be_bought(shop: Shop) -> None:
    entry = await by_hand(shop)
    await adopt(shop, entry, "880000000000000999")
    (refused,) = [one for one in await shop.queue() if one.state == "parked"]
    await shop.db.run(retry_queue.drop, refused.id, why="typed wrong", now=shop.clock.now())
    assert [one.state for one in await shop.queue()] == ["by_hand"]


async def test_a_purchase_goes_to_the_next_backup_when_a_person_says_so(shop: Shop) -> None:
    entry = await halted_with_a_backup(shop)
    await shop.db.run(decisions.switch, shop.bridge, entry.id, why="too dear here")
    assert await shop.queue() == []
    first, second = await shop.db.read(purchases.of_order, "toys", ORDER)
    assert (first.state, second.state, second.alternative) == (PurchaseState.STOPPED, PurchaseState.INTENDED, 1)
    assert second.lines[0].offer_id == "2"
    assert "switched to a backup" in await events(shop)


async def halted_with_a_backup(shop: Shop) -> Entry:
    """A purchase that a guard stopped, and a second offer for its SKU."""
    first, second = (make_offer(str(n), make_spec(n)) for n in (1, 2))
    parts = [Part(offer.offer_id, offer.specs[0].spec_id, 1) for offer in (first, second)]
    await shop.list_offer(second)
    rule = SkuRule("TYSET", (), (parts[0],), (Way("main", (parts[1],)),), Place("shop.yaml", 90))
    shop.rules = replace(shop.rules, skus=(rule,))
    shop.set_account("main", daily_cap=None)
    await shop.list_offer(first)
    await shop.sell(ORDER, make_order_line("TYSET", 2))
    await shop.pass_time(601)
    (entry,) = await shop.queue()
    assert entry.code == "no_cap"
    return entry


async def test_without_a_backup_nothing_is_switched(shop: Shop) -> None:
    entry = await margin_halt(shop)
    with pytest.raises(SyncBridgeError, match="no backup is left"):
        await shop.db.run(decisions.switch, shop.bridge, entry.id, why="too dear")
    assert (await the_purchase(shop)).state is PurchaseState.INTENDED


async def test_what_may_have_been_bought_is_not_switched(shop: Shop) -> None:
    entry = await halted_with_a_backup(shop)
    shop.set_account("main", daily_cap=cny("2000"))
    shop.supplier.lose_next = True
    await shop.db.run(retry_queue.retry, entry.id, now=shop.clock.now())
    await shop.work()
    with pytest.raises(SyncBridgeError, match="is unknown: it may have been bought"):
        await shop.db.run(decisions.switch, shop.bridge, entry.id, why="too slow")
    assert len(await shop.db.read(purchases.of_order, "toys", ORDER)) == 1


async def test_an_order_whose_last_purchase_is_dropped_after_the_others_were_declared_is_declared(shop: Shop) -> None:
    await shop.list_offer()
    await shop.sell(ORDER)
    await shop.pass_time(601)
    (bought,) = shop.supplier.books.values()

    def a_card_beside_it(session: Session) -> None:
        row = session.get_one(PurchaseRow, 1)
        values = {name: getattr(row, name) for name in PurchaseRow.model_fields}
        values |= {"id": 2, "split": 1, "out_order_id": "SB2", "mark": "M2", "state": "by_hand"}
        session.add(PurchaseRow(**values))

    await shop.db.run(a_card_beside_it)
    shop.forwards(bought.note.split()[-1])
    await shop.poll("fulfil.collect", "forwarder")
    assert await shop.db.read(orders.stage_of, "toys", ORDER) is OrderStage.BUYING

    await shop.db.run(retry_queue.drop, "hand-2", why="not needed", now=shop.clock.now())
    assert await shop.db.read(orders.stage_of, "toys", ORDER) is OrderStage.DECLARED
