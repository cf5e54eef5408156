"""A resync asked for by a person."""

from __future__ import annotations

import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest

from syncbridge.errors import SyncBridgeError, VendorDown
from syncbridge.flows import attended, resync
from syncbridge.flows.proposal import Scope
from syncbridge.flows.resync import Proposed, Selection
from syncbridge.store import catalogue
from syncbridge.testing.builders import make_offer, make_spec
from tests.flows.conftest import Shop
from tests.flows.desk import DEARER, apply, planned

pytestmark = pytest.mark.anyio
OTHER = "620201390233"


async def carry_out(shop: Shop, selection: Selection = Selection()) -> list[str]:  # noqa: B008  frozen
    offers = await shop.db.read(resync.select, shop.bridge, selection)
    asked = await shop.db.run(resync.request, offers, now=shop.clock.now())
    await attended.work(shop.bridge, shop.worker, lambda session: resync.standing(session, asked), lambda _: None)
    return [offer_id for _, offer_id in offers]


async def propose(shop: Shop) -> Proposed:
    offers = await shop.db.read(resync.select, shop.bridge, Selection())
    return await resync.propose(shop.bridge, offers, lambda _: None)


def catalogue_rows(folder: Path) -> list[list[tuple[object, ...]]]:
    tables = ("offer", "listing", "binding", "plan", "change", "hold", "timeline")
    with sqlite3.connect(folder / "shop.db") as connection:
        return [connection.execute(f'SELECT * FROM "{table}"').fetchall() for table in tables]  # noqa: S608  fixed names


async def test_with_nothing_changed_nothing_is_written(shop: Shop, tmp_path: Path) -> None:
    await shop.list_offer()
    shop.clock.advance(5)
    rows, listings = catalogue_rows(tmp_path), dict(shop.channel.shop)
    assert await carry_out(shop) == ["676651652931"]
    assert catalogue_rows(tmp_path) == rows
    assert shop.channel.shop == listings


async def test_what_changed_is_pushed(shop: Shop) -> None:
    listing = await shop.list_offer()
    shop.supplier.catalogue["676651652931"] = make_offer("676651652931", make_spec(1, stock=12), make_spec(2))
    await carry_out(shop)
    assert shop.channel.shop[listing.listing_id].skus[0].stock == 10


async def test_what_waits_a_moment_for_its_turn_is_waited_for(shop: Shop) -> None:
    listing = await shop.list_offer()
    (plan,) = await planned(shop, Scope(), DEARER)
    shop.channel.limit_next = True
    await apply(shop, plan)

    assert shop.channel.shop[listing.listing_id].skus[0].stock == 48


async def test_a_dry_run_names_the_changes_and_writes_nothing(shop: Shop, tmp_path: Path) -> None:
    listing = await shop.list_offer()
    shop.supplier.catalogue["676651652931"] = make_offer("676651652931", make_spec(1, stock=12), make_spec(2))
    rows = catalogue_rows(tmp_path)
    changes = {(step.field, step.before, step.after) for _, step in (await propose(shop)).changes}
    assert ("stock", "98", "10") in changes
    assert catalogue_rows(tmp_path) == rows
    assert shop.channel.shop[listing.listing_id].skus[0].stock == 98


async def test_an_offer_that_cannot_be_read_does_not_stop_the_others(shop: Shop) -> None:
    await shop.list_offer()
    await shop.list_offer(make_offer(OTHER))
    read = shop.supplier.offer

    async def one_fails(offer_id: str) -> object:
        if offer_id == OTHER:
            raise VendorDown("it does not answer", vendor="memory", code="down")
        return await read(offer_id)

    shop.supplier.offer = one_fails  # type: ignore[method-assign, assignment]  # an outage of one
    shop.supplier.catalogue["676651652931"] = make_offer("676651652931", make_spec(1, stock=12), make_spec(2))
    proposed = await propose(shop)
    assert [offer_id for offer_id, _ in proposed.failures] == [OTHER]
    assert proposed.changes


async def test_a_selection_by_store_prefix_offer_and_time_narrows(shop: Shop) -> None:
    await shop.list_offer()
    shop.clock.advance(3600)
    await shop.list_offer(make_offer(OTHER))
    select = shop.db.read
    now = shop.clock.now()
    everything = await select(resync.select, shop.bridge, Selection(store="toys"))
    assert len(everything) == 2
    assert await select(resync.select, shop.bridge, Selection(prefixes=("ZZ",))) == []
    assert await select(resync.select, shop.bridge, Selection(offers=(OTHER,))) == [("main", OTHER)]
    since = now - timedelta(minutes=10)
    assert await select(resync.select, shop.bridge, Selection(since=since)) == [("main", OTHER)]


async def test_an_unknown_offer_of_the_only_account_is_imported(shop: Shop) -> None:
    shop.supplier.catalogue[OTHER] = make_offer(OTHER)
    await carry_out(shop, Selection(offers=(OTHER,)))
    assert (await shop.db.read(catalogue.figures)).offers == 1


async def test_an_unknown_offer_of_several_accounts_is_a_sentence(shop: Shop) -> None:
    shop.bridge.suppliers["second"] = shop.supplier  # type: ignore[index]  # a dict in this shop
    with pytest.raises(SyncBridgeError, match=OTHER):
        await shop.db.read(resync.select, shop.bridge, Selection(offers=(OTHER,)))
