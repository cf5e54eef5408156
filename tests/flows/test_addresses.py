"""A buyer who changes the address is noticed, and the address itself is never shown."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlmodel import Session, col, update

from syncbridge.model.orders import BuyerAddress
from syncbridge.model.purchasing import Purchase, PurchaseState
from syncbridge.store import purchases, timeline
from syncbridge.store.orders import address_digest
from syncbridge.store.tables.buying import PurchaseRow
from tests.flows.conftest import Shop
from tests.flows.shelf import open_holds

pytestmark = pytest.mark.anyio
COOL_OFF = 601
ORDER = "8172481060036440"
SUBJECT = f"order toys/{ORDER}"
OLD = BuyerAddress("Ana García", "612345678", "ES", "Madrid", "Madrid", "28001", "Calle Mayor 1")
NEW = replace(OLD, street="Gran Vía 2")


async def move_house(shop: Shop, address: BuyerAddress | None) -> None:
    """The buyer changes the address, and a webhook says so."""
    shop.clock.advance(1)
    order = shop.channel.books[ORDER]
    shop.channel.books[ORDER] = replace(order, address=address, modified_at=shop.clock.now())
    await shop.hear_of(ORDER)


async def only(shop: Shop) -> Purchase:
    (purchase,) = await shop.db.read(purchases.of_order, "toys", ORDER)
    return purchase


async def test_a_purchase_knows_the_address_it_was_intended_for(shop: Shop) -> None:
    await shop.list_offer()
    await shop.sell(ORDER, address=OLD)

    assert (await only(shop)).address_digest == address_digest(OLD) != address_digest(NEW)


async def test_an_address_changed_before_anything_was_sent_is_noted_and_stops_nothing(shop: Shop) -> None:
    await shop.list_offer()
    await shop.sell(ORDER, address=OLD)
    await move_house(shop, NEW)

    assert (await only(shop)).address_digest == address_digest(NEW)
    assert "address noted" in [event for _, event, _ in await shop.db.read(timeline.of, SUBJECT)]
    assert await open_holds(shop, SUBJECT) == {}


async def test_an_address_changed_after_a_purchase_was_sent_is_a_hold_that_does_not_show_it(shop: Shop) -> None:
    await shop.list_offer()
    await shop.sell(ORDER, address=OLD)
    await shop.pass_time(COOL_OFF)
    await move_house(shop, NEW)

    figures = (await open_holds(shop, SUBJECT))["address_changed"]
    assert figures["limit"] == address_digest(NEW)
    assert "give the forwarder the new one" in figures["why"]
    assert (await only(shop)).address_digest == address_digest(OLD)
    shown = str(figures) + str(await shop.db.read(timeline.of, SUBJECT))
    assert not any(word in shown for word in ("Gran", "Mayor", "Ana", "28001", "612345678"))


async def test_an_address_changed_back_is_no_change(shop: Shop) -> None:
    await shop.list_offer()
    await shop.sell(ORDER, address=OLD)
    await shop.pass_time(COOL_OFF)
    await move_house(shop, NEW)
    await move_house(shop, OLD)

    assert await open_holds(shop, SUBJECT) == {}


async def test_an_address_a_person_let_pass_is_not_held_again_but_the_next_one_is(shop: Shop) -> None:
    await shop.list_offer()
    await shop.sell(ORDER, address=OLD)
    await shop.pass_time(COOL_OFF)

    def approve(session: Session) -> None:
        passed = {"address_changed": address_digest(NEW)}
        session.connection().execute(update(PurchaseRow).where(col(PurchaseRow.id) > 0).values(approvals=passed))

    await shop.db.run(approve)
    await move_house(shop, NEW)
    assert await open_holds(shop, SUBJECT) == {}

    await move_house(shop, replace(NEW, city="Toledo"))
    assert "address_changed" in await open_holds(shop, SUBJECT)


async def test_an_order_read_without_its_address_says_nothing_about_it(shop: Shop) -> None:
    await shop.list_offer()
    await shop.sell(ORDER, address=OLD)
    await shop.pass_time(COOL_OFF)
    await move_house(shop, None)

    assert await open_holds(shop, SUBJECT) == {}


async def test_an_address_first_seen_after_a_purchase_was_sent_is_noted_not_held(shop: Shop) -> None:
    await shop.list_offer()
    await shop.sell(ORDER, address=None)
    await shop.pass_time(COOL_OFF)
    await move_house(shop, NEW)

    assert (await only(shop)).address_digest == address_digest(NEW)
    assert await open_holds(shop, SUBJECT) == {}


async def test_an_address_changes_nothing_about_a_purchase_that_was_stopped(shop: Shop) -> None:
    await shop.list_offer()
    await shop.sell(ORDER, address=OLD)
    await shop.pass_time(COOL_OFF)
    await shop.db.run(purchases.move, (await only(shop)).id, PurchaseState.STOPPED, when=list(PurchaseState))
    await move_house(shop, NEW)

    assert await open_holds(shop, SUBJECT) == {}
