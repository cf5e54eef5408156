"""What the seller keeps is left as it is, and said so."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from sqlmodel import Session, select

from syncbridge.flows import plan
from syncbridge.store import catalogue, holds, locks, timeline
from syncbridge.store.tables.plans import ChangeRow
from syncbridge.testing.builders import make_offer, make_spec
from tests.flows.conftest import Shop
from tests.flows.shelf import OFFER, Calls, read_again, sold

pytestmark = pytest.mark.anyio
DEARER = make_offer(OFFER, make_spec(1, cost="18.00", stock=50), make_spec(2, cost="18.00", stock=60))


async def lock(shop: Shop, *fields: tuple[str, str]) -> None:
    await shop.db.run(locks.lock, "toys", fields, "the seller's edit", now=shop.clock.now())


def kept(session: Session) -> list[tuple[str, str, str, str]]:
    query = select(ChangeRow).where(ChangeRow.state == "kept")
    return [(row.sku_code, row.field, row.after, row.reason) for row in session.scalars(query)]


async def test_a_locked_price_stays_while_its_stock_and_its_sibling_follow_the_supplier(shop: Shop) -> None:
    listing = await shop.list_offer()
    await lock(shop, (shop.code(0), "price"))
    await read_again(shop, DEARER)

    assert sold(shop, listing) == {shop.code(0): ("7.99 USD", 48), shop.code(1): ("8.99 USD", 58)}


async def test_a_locked_stock_stays_although_the_supplier_lists_the_spec_no_more(shop: Shop) -> None:
    listing = await shop.list_offer()
    await lock(shop, (shop.code(0), "stock"))
    await read_again(shop, make_offer(OFFER, make_spec(2, cost="14.90", stock=7)))

    assert sold(shop, listing)[shop.code(0)] == ("7.99 USD", 98)


async def test_what_is_kept_back_is_in_the_plan_once_for_each_value_the_rules_want(shop: Shop) -> None:
    await shop.list_offer()
    await lock(shop, (shop.code(0), "price"))
    await read_again(shop, DEARER)
    reason = f"kept: the seller's own price since {shop.born:%Y-%m-%d %H:%M} UTC"
    assert await shop.db.read(kept) == [(shop.code(0), "price", "8.99 USD", reason)]

    await read_again(shop, make_offer(OFFER, make_spec(1, cost="18.00", stock=40), make_spec(2, cost="18.00")))
    assert len(await shop.db.read(kept)) == 1


async def test_a_kept_step_counts_for_no_brake_and_is_held_by_none(shop: Shop) -> None:
    await shop.list_offer()
    await lock(shop, (shop.code(0), "price"))
    await read_again(shop, make_offer(OFFER, make_spec(1, cost="99.00"), make_spec(2, cost="14.90", stock=7)))

    assert await shop.db.read(holds.open_figures, [f"sku toys/{shop.code(0)}"]) == {}


async def test_a_lock_keeps_back_what_was_decided_and_has_not_gone_out(shop: Shop) -> None:
    await shop.list_offer()
    calls = Calls(shop)

    def decide(session: Session) -> None:
        catalogue.keep(session, "main", [DEARER], now=shop.clock.now())
        plan.offers_read(session, shop.bridge, "main", [DEARER], cause="a test")
        locks.lock(session, "toys", [(shop.code(n), "price") for n in (0, 1)], "mine", now=shop.clock.now())

    await shop.db.run(decide)
    await shop.work()

    assert calls.made == ["set_stock"]
    assert {code for code, field, *_ in await shop.db.read(kept) if field == "price"} == {shop.code(0), shop.code(1)}


async def test_a_field_given_back_follows_the_rules_with_the_next_reading_of_its_offer(shop: Shop) -> None:
    listing = await shop.list_offer()
    await lock(shop, (shop.code(0), "price"))
    await read_again(shop, DEARER)
    await shop.db.run(locks.unlock, "toys", [(shop.code(0), "price")], now=shop.clock.now())
    assert await shop.db.read(locks.of, [1]) == {}
    await read_again(shop)

    assert sold(shop, listing)[shop.code(0)] == ("8.99 USD", 48)


async def test_a_lock_keeps_its_first_reason_and_is_in_the_history_of_its_sku(shop: Shop) -> None:
    await shop.list_offer()
    await lock(shop, (shop.code(0), "price"))
    await shop.db.run(locks.lock, "toys", [(shop.code(0), "price")], "again", now=shop.clock.now())

    ((_, found),) = await shop.db.read(locks.of_store, "toys")
    assert (found.sku_code, found.field, found.why) == (shop.code(0), "price", "the seller's edit")
    assert await shop.db.read(locks.of_store, "books") == []
    events = [event for _, event, _ in await shop.db.read(timeline.of, f"sku toys/{shop.code(0)}")]
    assert events[0] == "price locked"


async def test_a_listings_own_fields_are_locked_and_given_back(shop: Shop) -> None:
    await shop.list_offer()
    await shop.db.run(locks.lock_listings, [(1, "title"), (1, "status")], "mine", now=shop.clock.now())
    await shop.db.run(locks.unlock_listings, [(1, "title")])

    assert list((await shop.db.read(locks.of, [1]))[1, ""]) == ["status"]


async def test_locking_nothing_changes_nothing(shop: Shop) -> None:
    async def every(fields: Sequence[tuple[str, str]]) -> None:
        await shop.db.run(locks.lock, "toys", fields, "none", now=shop.clock.now())
        await shop.db.run(locks.unlock, "toys", fields, now=shop.clock.now())

    await every([])
    await shop.db.run(locks.lock_listings, [], "none", now=shop.clock.now())
    await shop.db.run(locks.unlock_listings, [])
    assert await shop.db.read(locks.of_store, None) == []
