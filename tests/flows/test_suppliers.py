"""From whom we buy: suppliers with the labels asked for, quantities they sell, and a backup where the first fails."""

from __future__ import annotations

from dataclasses import replace

import pytest

from syncbridge.errors import Rejected
from syncbridge.model.catalog import Offer
from syncbridge.model.purchasing import Placement, PurchaseState, VendorOrderState
from syncbridge.rules.mapping import BuyMode, Part, Place, SkuRule, Way
from syncbridge.store import holds, placed_orders, purchases
from syncbridge.testing.builders import cny, make_offer, make_order_line, make_spec
from tests.flows.conftest import ROUTE, Shop, dollars

pytestmark = pytest.mark.anyio
COOL_OFF = 601
ORDER = "8172481060036440"
BACKUP = make_offer("700000000001", make_spec(9, cost="15.00"))


def set_rules(shop: Shop, **changes: object) -> None:
    """The route of the shop is written differently from now on."""
    route = replace(ROUTE, **changes)  # type: ignore[arg-type]  # the class's own fields
    shop.rules = replace(shop.rules, routes=(route,))
    shop.connect()


async def with_backup(shop: Shop) -> None:
    """The first SKU may also be bought as another offer."""
    way = Way("main", (Part(BACKUP.offer_id, BACKUP.specs[0].spec_id, 1),))
    await shop.list_offer()
    await shop.list_offer(BACKUP)
    shop.rules = replace(shop.rules, skus=(SkuRule(shop.code(), (), (), (way,), Place("shop.yaml", 40)),))
    shop.connect()


async def sell(shop: Shop, offer: Offer | None = None) -> None:
    await shop.sell(ORDER, make_order_line(shop.code(0, offer), 2))
    await shop.pass_time(COOL_OFF)


async def approve(shop: Shop, code: str) -> None:
    (entry,) = await shop.queue()
    assert entry.code == code
    subject = f"order toys/{ORDER}"
    figures = await shop.db.read(holds.open_figures, [subject])
    await shop.db.run(purchases.approve, 1, code, figures[code, subject]["limit"])
    await shop.db.run(shop.retry, entry.id)
    await shop.work()


async def states(shop: Shop) -> list[PurchaseState]:
    found = await shop.db.read(purchases.of_order, "toys", ORDER)
    return [purchase.state for purchase in found]


async def test_a_supplier_without_the_labels_is_asked_about(shop: Shop) -> None:
    offer = make_offer(identities=frozenset({"诚信通"}))
    await shop.list_offer(offer)
    await sell(shop, offer)
    assert not shop.supplier.books
    (entry,) = await shop.queue()
    assert entry.code == "ineligible"
    assert "超级工厂" in entry.reason


async def test_a_supplier_without_the_labels_is_bought_from_once_a_person_let_it_pass(shop: Shop) -> None:
    offer = make_offer(identities=frozenset())
    await shop.list_offer(offer)
    await sell(shop, offer)
    await approve(shop, "ineligible")
    assert len(shop.supplier.books) == 1


async def test_a_supplier_without_the_labels_is_bought_from_by_hand_where_the_account_says_so(shop: Shop) -> None:
    shop.set_account("main", without_labels="by_hand")
    offer = make_offer(identities=frozenset())
    await shop.list_offer(offer)
    await sell(shop, offer)
    assert await states(shop) == [PurchaseState.BY_HAND]


async def test_an_account_may_ask_for_no_labels(shop: Shop) -> None:
    shop.set_account("main", required_labels=frozenset())
    offer = make_offer(identities=frozenset())
    await shop.list_offer(offer)
    await sell(shop, offer)
    assert len(shop.supplier.books) == 1


async def test_fewer_than_the_supplier_sells_is_told_with_the_figures(shop: Shop) -> None:
    offer = make_offer(moq=3)
    await shop.list_offer(offer)
    await sell(shop, offer)
    (entry,) = await shop.queue()
    assert entry.code == "below_moq"
    assert "3" in entry.reason


async def test_a_route_may_ask_before_each_purchase(shop: Shop) -> None:
    set_rules(shop, buy=BuyMode.CONFIRM)
    await shop.list_offer()
    await sell(shop)
    assert not shop.supplier.books
    await approve(shop, "confirm")
    assert len(shop.supplier.books) == 1


async def test_what_is_sold_out_is_bought_from_the_backup(shop: Shop) -> None:
    await with_backup(shop)
    offer = make_offer()
    shop.supplier.catalogue[offer.offer_id] = make_offer(offer.offer_id, replace(offer.specs[0], stock=0))
    await sell(shop)
    (bought,) = shop.supplier.books.values()
    assert [(line.offer_id, line.quantity) for line in bought.lines] == [(BACKUP.offer_id, 2)]
    assert await states(shop) == [PurchaseState.STOPPED, PurchaseState.PAID]
    assert await shop.queue() == []


async def test_what_costs_too_much_is_bought_from_the_backup(shop: Shop) -> None:
    await with_backup(shop)
    offer = make_offer()
    dear = replace(offer.specs[0], cost=cny("500.00"))
    shop.supplier.catalogue[offer.offer_id] = make_offer(offer.offer_id, dear)
    await sell(shop)
    assert [bought.lines[0].offer_id for bought in shop.supplier.books.values()] == [BACKUP.offer_id]


async def test_what_the_supplier_refuses_when_asked_to_sell_is_bought_from_the_backup(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    await with_backup(shop)
    place = shop.supplier.place

    async def refuse_the_first(draft: object, *, key: object) -> Placement:
        if draft.lines[0].offer_id != BACKUP.offer_id:  # type: ignore[attr-defined]  # a draft
            raise Rejected("sold out meanwhile", vendor="memory", code="stock")
        return await place(draft, key=key)  # type: ignore[arg-type]

    monkeypatch.setattr(shop.supplier, "place", refuse_the_first)
    await sell(shop)
    assert [bought.lines[0].offer_id for bought in shop.supplier.books.values()] == [BACKUP.offer_id]
    assert await states(shop) == [PurchaseState.STOPPED, PurchaseState.PAID]


async def test_an_unclear_answer_never_leads_to_the_backup(shop: Shop) -> None:
    await with_backup(shop)
    shop.supplier.lose_next = True
    await sell(shop)
    assert await states(shop) == [PurchaseState.UNKNOWN]
    await shop.pass_time(121)
    assert [bought.lines[0].offer_id for bought in shop.supplier.books.values()] == [make_offer().offer_id]


async def test_where_the_backup_fails_too_a_person_is_asked(shop: Shop) -> None:
    await with_backup(shop)
    shop.supplier.catalogue.clear()
    await sell(shop)
    assert not shop.supplier.books
    assert [entry.state for entry in await shop.queue()] == ["parked"]
    assert await states(shop) == [PurchaseState.STOPPED, PurchaseState.INTENDED]


async def test_row_36_a_deleted_sku_with_an_open_order_reaches_a_person_and_its_stock_is_zero(shop: Shop) -> None:
    offer = make_offer()
    await shop.list_offer(offer)
    await shop.sell(ORDER, make_order_line(shop.code(), 2))
    shop.supplier.catalogue[offer.offer_id] = make_offer(offer.offer_id, offer.specs[1])
    await shop.poll("import_.page", "main")
    await shop.pass_time(COOL_OFF)
    assert not shop.supplier.books
    (entry,) = await shop.queue()
    assert (entry.state, entry.what) == ("parked", "purchase.place")
    stock = {sku.sku_code: sku.stock for listing in shop.channel.shop.values() for sku in listing.skus}
    assert stock[shop.code()] == 0


async def test_row_40_every_vendor_order_of_one_call_is_linked_and_paid(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    await shop.list_offer()
    place = shop.supplier.place

    async def split_up(draft: object, *, key: object) -> Placement:
        (whole,) = (await place(draft, key=key)).orders  # type: ignore[arg-type]
        half = replace(whole, total=cny("15.00"))
        other = replace(half, vendor_order_id=whole.vendor_order_id + "1")
        shop.supplier.books |= {half.vendor_order_id: half, other.vendor_order_id: other}
        return Placement((half, other))

    monkeypatch.setattr(shop.supplier, "place", split_up)
    await sell(shop)
    linked = await shop.db.read(placed_orders.of_purchase, 1)
    assert len(linked) == 2
    assert {order.state for order in shop.supplier.books.values()} == {VendorOrderState.PAID}
    assert await states(shop) == [PurchaseState.PAID]


async def test_a_set_of_many_pieces_pays_its_freight_abroad_once(shop: Shop) -> None:
    await shop.list_offer()
    spec = make_offer().specs[0].spec_id
    rule = SkuRule(shop.code(), (), (Part(make_offer().offer_id, spec, 5),), (), Place("shop.yaml", 40))
    shop.rules = replace(shop.rules, skus=(rule,))
    shop.connect()
    # 5 pieces of 13.90 CNY, 5 CNY of freight and once 13 CNY for packing and the way abroad; five times were a loss
    await shop.sell(ORDER, replace(make_order_line(shop.code(), 1), price=dollars("16.50")))
    await shop.pass_time(COOL_OFF)
    assert [bought.lines[0].quantity for bought in shop.supplier.books.values()] == [5]
