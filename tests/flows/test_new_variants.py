"""Variants that a supplier adds to a listed offer: proposed, approved, on sale, kept true, taken back."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import update

from syncbridge.errors import Rejected
from syncbridge.flows import approval, new_variants
from syncbridge.model.catalog import ChangeState, Listing, ListingEdit
from syncbridge.store import catalogue, plan_lists
from syncbridge.store.tables.catalogue import ListingRow
from syncbridge.testing.builders import cny, make_offer, make_spec
from tests.flows.conftest import ROUTE, RULES, Shop
from tests.flows.seller import reconcile
from tests.flows.shelf import OFFER, Calls, open_holds, read_again

pytestmark = pytest.mark.anyio
GREEN = replace(make_spec(3), attributes=(("颜色", "绿色"),))
BOTH = (make_spec(1), make_spec(2))


async def added(shop: Shop, *, green: object = GREEN) -> tuple[Listing, int]:
    """The supplier adds a variant to a listed offer; answers the listing, and the plan that waits."""
    listing = await shop.list_offer(make_offer(OFFER, *BOTH))
    await read_again(shop, make_offer(OFFER, *BOTH, green))  # type: ignore[arg-type]  # a spec
    (newest, _), *_ = await shop.db.read(plan_lists.newest, "toys", most=1)
    return listing, newest.id


def shown(shop: Shop, listing: Listing) -> dict[str, tuple[str, int]]:
    skus = shop.channel.shop[listing.listing_id].skus
    return {sku.sku_code: (str(sku.price), sku.stock) for sku in skus}


async def changes(shop: Shop, plan: int) -> list[tuple[str, str, str]]:
    lines = await shop.db.read(plan_lists.lines, plan, skip=0, most=50)
    return [(line.change.field, line.change.after, line.change.state) for line in lines]


async def test_a_new_variant_is_proposed_and_goes_out_when_a_person_approves_it(shop: Shop) -> None:
    listing, plan = await added(shop)
    before = shown(shop, listing)
    assert await changes(shop, plan) == [("sku", "绿色: 7.99 USD, 98", ChangeState.PROPOSED)]
    assert len(before) == 2

    calls = Calls(shop)
    await approval.apply(shop.bridge, plan)
    await shop.work()

    new = shown(shop, listing).items() - before.items()
    assert [value for _, value in new] == [("7.99 USD", 98)]
    assert before.items() <= shown(shop, listing).items()
    assert (calls.made, await changes(shop, plan)) == (["edit"], [("sku", "绿色: 7.99 USD, 98", ChangeState.APPLIED)])


async def test_it_goes_out_at_the_price_and_stock_of_now_and_is_kept_true_from_then_on(shop: Shop) -> None:
    listing, plan = await added(shop)
    await read_again(shop, make_offer(OFFER, *BOTH, replace(GREEN, stock=40)))
    await approval.apply(shop.bridge, plan)
    await shop.work()
    (code,) = shown(shop, listing).keys() - {shop.code(0), shop.code(1)}
    assert shown(shop, listing)[code] == ("7.99 USD", 38)

    await reconcile(shop)
    await read_again(shop, make_offer(OFFER, *BOTH, replace(GREEN, stock=20, cost=cny("18.00"))))
    assert shown(shop, listing)[code] == ("8.99 USD", 18)


async def test_a_variant_that_is_gone_again_is_not_added(shop: Shop) -> None:
    listing, plan = await added(shop)
    await read_again(shop, make_offer(OFFER, *BOTH))
    decided = await approval.apply(shop.bridge, plan)
    await shop.work()

    assert len(shown(shop, listing)) == 2
    assert list(decided.left) == ["the supplier or the rules no longer have it"]
    assert [state for *_, state in await changes(shop, plan)] == [ChangeState.STALE]


async def test_a_lost_answer_adds_it_once(shop: Shop) -> None:
    listing, plan = await added(shop)
    shop.channel.lose_next = True
    await approval.apply(shop.bridge, plan)
    await shop.work()
    await shop.pass_time(3600)

    assert len(shown(shop, listing)) == 3
    assert [state for *_, state in await changes(shop, plan)] == [ChangeState.APPLIED]


async def test_what_the_channel_refuses_is_told_with_its_words(shop: Shop) -> None:
    _, plan = await added(shop)

    async def refuse(listing_id: str, edit: ListingEdit) -> None:
        raise Rejected("no such value", vendor="memory", code="value")

    shop.channel.edit = refuse  # type: ignore[method-assign]
    await approval.apply(shop.bridge, plan)
    await shop.work()

    assert [(entry.what, entry.state, entry.code) for entry in await shop.queue()] == [
        ("publish.edit", "parked", "value")
    ]
    assert [state for *_, state in await changes(shop, plan)] == [ChangeState.REFUSED]


async def test_a_revert_takes_it_off_sale_and_keeps_it_so(shop: Shop) -> None:
    listing, plan = await added(shop)
    await approval.apply(shop.bridge, plan)
    await shop.work()
    await reconcile(shop)
    await approval.revert(shop.bridge, plan)
    await shop.work()
    await read_again(shop, make_offer(OFFER, *BOTH, replace(GREEN, stock=77)))

    (code,) = shown(shop, listing).keys() - {shop.code(0), shop.code(1)}
    assert shown(shop, listing)[code][1] == 0
    assert shown(shop, listing)[shop.code(0)][1] > 0


async def test_a_listing_without_a_value_left_says_so(shop: Shop) -> None:
    full = replace(ROUTE.listing, variant_value_ids=("100", "101"))
    shop.rules = replace(RULES, routes=(replace(ROUTE, listing=full),))
    shop.connect()
    listing, plan = await added(shop)
    decided = await approval.apply(shop.bridge, plan)

    assert list(decided.left) == ["all 2 values of the route's listing policy are taken"]
    assert len(shown(shop, listing)) == 2
    assert len(await shop.db.read(catalogue.bindings, 1)) == 2


async def test_the_hold_names_the_plan_and_is_dismissed_by_a_person(shop: Shop) -> None:
    _, plan = await added(shop)
    figures = (await open_holds(shop, f"offer main/{OFFER}"))[new_variants.NEW_VARIANT]

    assert (figures["variants"], figures["plans"]) == ("绿色", str(plan))
    assert f"; apply plan {plan}, or dismiss this" in figures["why"]

    await approval.apply(shop.bridge, plan)
    assert await open_holds(shop, f"offer main/{OFFER}") == {}


async def test_what_a_person_dismisses_is_not_added_later(shop: Shop) -> None:
    listing, plan = await added(shop)
    await shop.db.run(new_variants.dismiss, 1, now=shop.clock.now())
    await approval.apply(shop.bridge, plan)
    await shop.work()

    assert len(shown(shop, listing)) == 2
    assert [state for *_, state in await changes(shop, plan)] == [ChangeState.DROPPED]


async def test_an_adopted_listing_gets_none_by_itself(shop: Shop) -> None:
    await shop.list_offer(make_offer(OFFER, *BOTH))
    await shop.db.run(lambda session: session.connection().execute(update(ListingRow).values(sent_at=None)))
    await read_again(shop, make_offer(OFFER, *BOTH, GREEN))

    figures = (await open_holds(shop, f"offer main/{OFFER}"))[new_variants.NEW_VARIANT]
    assert figures["plans"] == ""
    assert "add them to the listing in the seller centre" in figures["why"]


async def test_one_whose_code_is_another_by_now_is_not_added(shop: Shop) -> None:
    listing, plan = await added(shop)
    shop.rules = replace(RULES, routes=(replace(ROUTE, prefix="TX"),))
    shop.connect()
    decided = await approval.apply(shop.bridge, plan)

    assert list(decided.left) == ["the supplier or the rules no longer have it"]
    assert len(shown(shop, listing)) == 2
