"""Specs that a supplier deletes, renames or adds: zero, the queue and a proposal; never the first variant."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlmodel import Session, select

from syncbridge.errors import SyncBridgeError
from syncbridge.flows import new_variants, variants
from syncbridge.flows.retry_queue import Entry
from syncbridge.model.catalog import Spec
from syncbridge.rules.mapping import NewVariants, Part, Place, SkuRule, Way
from syncbridge.store import catalogue, lost_specs, offer_history, timeline
from syncbridge.store.lost_specs import LostSpec
from syncbridge.store.tables.catalogue import LostSpecRow
from syncbridge.testing.builders import cny, make_offer, make_order_line, make_spec
from tests.flows.conftest import ROUTE, RULES, Shop
from tests.flows.shelf import OFFER, open_holds, read_again, sold

pytestmark = pytest.mark.anyio
RED = replace(make_spec(1, code="HB-R"), attributes=(("颜色", "红色"), ("尺码", "L")))
BLUE = replace(make_spec(2, cost="14.90", stock=7, code="HB-B"), attributes=(("颜色", "蓝色"), ("尺码", "L")))
BOTH = make_offer(OFFER, RED, BLUE)


def renamed(number: int = 9, **changes: object) -> Spec:
    return replace(RED, **{"spec_id": f"{number:032x}", "goods_code": "HB-X", **changes})  # type: ignore[arg-type]


async def lost(shop: Shop) -> list[LostSpec]:
    return await shop.db.read(lost_specs.all_open)


async def accept(shop: Shop, one: LostSpec, spec_id: str | None = None) -> None:
    await shop.db.run(variants.accept, one.id, spec_id, now=shop.clock.now())
    await shop.work()


async def only_entry(shop: Shop) -> Entry:
    (entry,) = await shop.queue()
    return entry


async def bound(shop: Shop) -> str:
    return (await shop.db.read(catalogue.bound_specs, "toys", [shop.code()]))[shop.code()].spec_id


async def test_a_renamed_spec_shows_no_stock_and_is_proposed_with_its_scores(shop: Shop) -> None:
    listing = await shop.list_offer(BOTH)
    await read_again(shop, make_offer(OFFER, BLUE, renamed(attributes=(("颜色", "红色 新款"), ("尺码", "L")))))

    (one,) = await lost(shop)
    held = await open_holds(shop, f"sku toys/{shop.code()}")
    (match,) = await shop.db.read(variants.found_for, one)
    assert sold(shop, listing)[shop.code()] == ("7.99 USD", 0)
    assert await bound(shop) == RED.spec_id
    assert (one.spec, one.position) == (RED, 0)
    assert match.spec.spec_id == renamed().spec_id
    assert dict(match.likeness)["code"] == 0
    assert held["spec_lost"]["likely"] == f"红色 新款 L ({match.score})"


async def test_accepting_binds_the_sku_to_the_new_spec_and_sells_it_again(shop: Shop) -> None:
    listing = await shop.list_offer(BOTH)
    await read_again(shop, make_offer(OFFER, BLUE, renamed(stock=60)))
    (one,) = await lost(shop)
    await accept(shop, one)

    assert await bound(shop) == renamed().spec_id
    assert sold(shop, listing)[shop.code()] == ("7.99 USD", 58)
    assert await open_holds(shop, f"sku toys/{shop.code()}") == {}
    assert await lost(shop) == []
    told = await shop.db.read(timeline.of, f"sku toys/{shop.code()}")
    assert [event for _, event, _ in told] == ["bound anew"]


async def test_an_order_after_that_buys_the_new_spec(shop: Shop) -> None:
    await shop.list_offer(BOTH)
    await read_again(shop, make_offer(OFFER, BLUE, renamed()))
    await accept(shop, (await lost(shop))[0])
    await shop.sell()
    await shop.pass_time(601)

    (order,) = shop.supplier.books.values()
    assert [line.spec_id for line in order.lines] == [renamed().spec_id]


async def test_refusing_leaves_it_at_zero_and_asks_no_more(shop: Shop) -> None:
    listing = await shop.list_offer(BOTH)
    await read_again(shop, make_offer(OFFER, BLUE, renamed()))
    (one,) = await lost(shop)
    await shop.db.run(variants.refuse, one.id, now=shop.clock.now())
    await read_again(shop, make_offer(OFFER, BLUE, renamed(stock=77)))

    assert sold(shop, listing)[shop.code()][1] == 0
    assert await lost(shop) == []
    assert await open_holds(shop, f"sku toys/{shop.code()}") == {}


async def test_a_spec_that_is_listed_again_is_sold_again(shop: Shop) -> None:
    listing = await shop.list_offer(BOTH)
    await read_again(shop, make_offer(OFFER, BLUE))
    assert sold(shop, listing)[shop.code()][1] == 0
    await read_again(shop, BOTH)

    assert sold(shop, listing)[shop.code()][1] == 98
    assert await lost(shop) == []
    assert await open_holds(shop, f"sku toys/{shop.code()}") == {}


async def test_the_same_goods_under_a_new_id_are_bound_by_themselves(shop: Shop) -> None:
    listing = await shop.list_offer(BOTH)
    await read_again(shop, make_offer(OFFER, BLUE, renamed(goods_code="HB-R", stock=60)))

    assert await bound(shop) == renamed().spec_id
    assert sold(shop, listing)[shop.code()][1] == 58
    assert await open_holds(shop, f"sku toys/{shop.code()}") == {}


async def test_two_that_are_the_same_goods_are_a_persons_matter(shop: Shop) -> None:
    listing = await shop.list_offer(BOTH)
    twice = (renamed(8, goods_code="HB-R"), renamed(9, goods_code="HB-R"))
    await read_again(shop, make_offer(OFFER, BLUE, *twice))

    (one,) = await lost(shop)
    assert sold(shop, listing)[shop.code()][1] == 0
    with pytest.raises(SyncBridgeError, match="two specs are equally likely"):
        await accept(shop, one)
    await accept(shop, one, renamed(9).spec_id)
    assert await bound(shop) == renamed(9).spec_id


async def test_the_same_goods_at_three_times_the_price_are_bound_but_their_price_is_held(shop: Shop) -> None:
    listing = await shop.list_offer(BOTH)
    await read_again(shop, make_offer(OFFER, BLUE, renamed(goods_code="HB-R", cost=cny("60.00"))))

    assert sold(shop, listing)[shop.code()][0] == "7.99 USD"
    assert "price_step" in await open_holds(shop, f"sku toys/{shop.code()}")


async def test_a_spec_that_feeds_another_sku_is_never_given_away(shop: Shop) -> None:
    await shop.list_offer(BOTH)
    await read_again(shop, make_offer(OFFER, BLUE))

    (one,) = await lost(shop)
    assert await shop.db.read(variants.found_for, one) == []
    with pytest.raises(SyncBridgeError, match="no spec left"):
        await accept(shop, one)
    await read_again(shop, make_offer(OFFER, BLUE, renamed()))
    with pytest.raises(SyncBridgeError, match="is no free spec"):
        await accept(shop, one, BLUE.spec_id)


async def test_what_is_decided_is_not_decided_again(shop: Shop) -> None:
    await shop.list_offer(BOTH)
    await read_again(shop, make_offer(OFFER, BLUE, renamed()))
    (one,) = await lost(shop)
    await accept(shop, one)

    with pytest.raises(SyncBridgeError, match="nothing to decide"):
        await accept(shop, one)
    with pytest.raises(SyncBridgeError, match="nothing to decide"):
        await shop.db.run(variants.refuse, 4711, now=shop.clock.now())


async def test_row_36_a_deleted_spec_with_open_orders_waits_for_a_person_with_alternatives(shop: Shop) -> None:
    listing = await shop.list_offer(BOTH)
    await shop.sell()
    new = renamed(attributes=(("颜色", "红色 新款"), ("尺码", "L")))
    await read_again(shop, make_offer(OFFER, BLUE, new))
    await shop.pass_time(601)

    entry = await only_entry(shop)
    assert (entry.code, entry.state) == ("spec_gone", "parked")
    assert "alternatives: 红色 新款 L (" in entry.reason
    assert shop.supplier.books == {}
    assert sold(shop, listing)[shop.code()][1] == 0

    await accept(shop, (await lost(shop))[0])
    (order,) = shop.supplier.books.values()
    assert [(line.spec_id, line.quantity) for line in order.lines] == [(new.spec_id, 2)]
    assert await shop.queue() == []


async def test_row_36_an_open_order_goes_on_by_itself_when_the_spec_is_listed_again(shop: Shop) -> None:
    await shop.list_offer(BOTH)
    await shop.sell()
    await read_again(shop, make_offer(OFFER, BLUE))
    await shop.pass_time(601)
    assert (await only_entry(shop)).code == "spec_gone"
    await read_again(shop, BOTH)

    (order,) = shop.supplier.books.values()
    assert [line.spec_id for line in order.lines] == [RED.spec_id]


async def test_row_36_a_deleted_spec_is_bought_from_a_backup_where_there_is_one(shop: Shop) -> None:
    pen = "700213355418"
    await shop.list_offer(BOTH)
    backup = Way("main", (Part(pen, make_spec(1).spec_id, 1),))
    rule = SkuRule(shop.code(), (), (), (backup,), Place("shop.yaml", 90))
    shop.rules = replace(RULES, skus=(rule,), routes=(replace(ROUTE, goods_code="none"),))
    shop.connect()
    await read_again(shop, make_offer(pen, make_spec(1)))
    await shop.sell()
    await read_again(shop, make_offer(OFFER, BLUE))
    await shop.pass_time(601)

    (order,) = shop.supplier.books.values()
    assert [line.offer_id for line in order.lines] == [pen]


async def test_accepting_changes_only_purchases_of_that_sku(shop: Shop) -> None:
    await shop.list_offer(BOTH)
    await shop.sell("8172481060036440", make_order_line(shop.code(), 2), make_order_line(shop.code(1), 3, line_id="2"))
    await read_again(shop, make_offer(OFFER, BLUE, renamed()))
    await accept(shop, (await lost(shop))[0])
    await shop.pass_time(601)

    (order,) = shop.supplier.books.values()
    assert {line.spec_id: line.quantity for line in order.lines} == {renamed().spec_id: 2, BLUE.spec_id: 3}


async def test_what_was_bought_before_keeps_the_spec_it_was_bought_as(shop: Shop) -> None:
    await shop.list_offer(BOTH)
    await shop.sell()
    await shop.pass_time(601)
    await read_again(shop, make_offer(OFFER, BLUE, renamed()))
    await accept(shop, (await lost(shop))[0])

    history = await shop.db.read(_decided)
    assert history == [(shop.code(), RED.spec_id, renamed().spec_id, "rebound")]
    (order,) = shop.supplier.books.values()
    assert [line.spec_id for line in order.lines] == [RED.spec_id]


def _decided(session: Session) -> list[tuple[str, str, str, str]]:
    rows = session.scalars(select(LostSpecRow)).all()
    return [(row.sku_code, row.spec.spec_id, row.found_spec_id, row.state) for row in rows]


async def test_new_variants_are_proposed_and_dismissed_by_a_person(shop: Shop) -> None:
    listing = await shop.list_offer(BOTH)
    green = replace(make_spec(3), attributes=(("颜色", "绿色"), ("尺码", "L")))
    await read_again(shop, make_offer(OFFER, RED, BLUE, green))
    held = await open_holds(shop, f"offer main/{OFFER}")
    assert held["new_variant"]["variants"] == "绿色 L"
    assert len(shop.channel.shop[listing.listing_id].skus) == 2

    await shop.db.run(new_variants.dismiss, 1, now=shop.clock.now())
    await read_again(shop, make_offer(OFFER, RED, BLUE, replace(green, stock=3)))
    assert await open_holds(shop, f"offer main/{OFFER}") == {}
    with pytest.raises(SyncBridgeError, match="no new variants new-1"):
        await shop.db.run(new_variants.dismiss, 1, now=shop.clock.now())


async def test_new_variants_are_not_told_of_where_the_policy_ignores_them(shop: Shop) -> None:
    quiet = replace(ROUTE.listing, new_variants=NewVariants.IGNORE)
    shop.rules = replace(RULES, routes=(replace(ROUTE, listing=quiet),))
    shop.connect()
    await shop.list_offer(BOTH)
    await read_again(shop, make_offer(OFFER, RED, BLUE, make_spec(3)))

    assert await open_holds(shop, f"offer main/{OFFER}") == {}


async def test_the_past_of_cost_and_stock_is_kept_for_specs_that_changed_and_for_no_others(shop: Shop) -> None:
    await shop.list_offer(BOTH)
    await read_again(shop, make_offer(OFFER, replace(RED, stock=50), BLUE))
    await read_again(shop, make_offer(OFFER, replace(RED, stock=50), replace(BLUE, cost=cny("15.00"))))

    past = await shop.db.read(offer_history.of_offer, "main", OFFER)
    assert [(one.spec_id, str(one.cost), one.stock) for one in past] == [
        (RED.spec_id, "13.90 CNY", 100),
        (BLUE.spec_id, "14.90 CNY", 7),
        (RED.spec_id, "13.90 CNY", 50),
        (BLUE.spec_id, "15.00 CNY", 7),
    ]
