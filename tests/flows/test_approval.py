"""Plan, apply, revert: a person decides about exactly the values shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from sqlmodel import Session, col, select

from syncbridge.errors import OutcomeUnknown, SyncBridgeError
from syncbridge.flows import approval, proposal
from syncbridge.flows.proposal import Scope
from syncbridge.model.catalog import ChangeState, ListingStatus, PriceUpdate, Refusal
from syncbridge.rules.planning import Step
from syncbridge.store import catalogue, holds, locks, plan_lists, plans, timeline
from syncbridge.store.tables.catalogue import BindingRow, OfferRow
from syncbridge.testing.builders import make_offer, make_spec
from tests.flows.conftest import Shop
from tests.flows.desk import (
    DEARER,
    apply,
    approve,
    changes,
    dearer,
    empty,
    list_many,
    open_hold,
    plan_ids,
    planned,
    revert,
    states,
)
from tests.flows.shelf import OFFER, Calls, read_again, sold

pytestmark = pytest.mark.anyio
JUMP = make_offer(OFFER, make_spec(1, cost="60.00"), make_spec(2, cost="14.90", stock=7))


def by_person(shop: Shop) -> None:
    shop.set_account("toys", approve="person")


async def test_a_plan_shows_what_would_change_and_sends_nothing(shop: Shop) -> None:
    listing = await shop.list_offer()
    calls = Calls(shop)
    (plan,) = await planned(shop, Scope(), DEARER)
    await shop.work()

    rows = await changes(shop, plan)
    assert calls.made == []
    assert sold(shop, listing)[shop.code(0)] == ("7.99 USD", 98)
    assert [(row.field, row.before, row.after, row.state) for row in rows] == [
        ("price", "7.99 USD", "8.99 USD", "proposed"),
        ("stock", "98", "48", "proposed"),
    ]
    assert {(row.reason, row.rule) for row in rows} == {
        ("cost 18.00 CNY", "shop.yaml:12:1"),
        ("supplier stock 50", "shop.yaml:12:1"),
    }


async def test_with_nothing_to_do_there_is_no_plan(shop: Shop) -> None:
    await shop.list_offer()
    before = await plan_ids(shop)

    assert await planned(shop) == []
    assert await plan_ids(shop) == before


async def test_apply_sends_exactly_the_plan_and_books_it(shop: Shop) -> None:
    listing = await shop.list_offer()
    calls = Calls(shop)
    (plan,) = await planned(shop, Scope(), DEARER)
    await apply(shop, plan)

    assert sorted(calls.made) == ["set_prices", "set_stock"]
    assert sold(shop, listing) == {shop.code(0): ("8.99 USD", 48), shop.code(1): ("7.99 USD", 5)}
    assert await states(shop, plan) == [("price", "applied"), ("stock", "applied")]
    (binding, _) = await shop.db.read(catalogue.bindings, 1)
    passport = await shop.db.read(lambda s: s.get_one(BindingRow, ("toys", binding.sku_code)).passport)
    assert passport["cost"] == "18.00 CNY"


async def test_applying_twice_does_nothing_twice(shop: Shop) -> None:
    await shop.list_offer()
    (plan,) = await planned(shop, Scope(), DEARER)
    await apply(shop, plan)
    calls = Calls(shop)

    assert await apply(shop, plan) == []
    assert calls.made == []


async def test_a_change_whose_before_value_is_gone_is_stale_and_the_others_go_out(shop: Shop) -> None:
    listing = await shop.list_offer()
    (plan,) = await planned(shop, Scope(), DEARER)
    await shop.db.run(lambda session: _want(session, shop.code(0), stock=11))
    await apply(shop, plan)

    assert sold(shop, listing)[shop.code(0)][0] == "8.99 USD"
    assert [(row.field, row.state, row.result) for row in await changes(shop, plan)] == [
        ("price", "applied", ""),
        ("stock", "stale", "11 is wanted by now, not 98"),
    ]


def _want(session: Session, sku_code: str, *, stock: int) -> None:
    session.get_one(BindingRow, ("toys", sku_code)).stock_wanted = stock


async def test_what_the_seller_locked_since_is_stale(shop: Shop) -> None:
    listing = await shop.list_offer()
    (plan,) = await planned(shop, Scope(), JUMP)
    await shop.db.run(locks.lock, "toys", [(shop.code(0), "price")], "mine", now=shop.clock.now())
    await apply(shop, plan)

    (row,) = await changes(shop, plan)
    assert (row.state, row.result) == ("stale", "the seller keeps this price: mine")
    assert sold(shop, listing)[shop.code(0)][0] == "7.99 USD"


async def test_a_newer_plan_takes_the_place_of_an_older_one(shop: Shop) -> None:
    listing = await shop.list_offer()
    (first,) = await planned(shop, Scope(), DEARER)
    (second,) = await planned(shop)
    assert await states(shop, first) == [("price", "overtaken"), ("stock", "overtaken")]
    assert await apply(shop, first) == []

    await apply(shop, second)
    assert sold(shop, listing)[shop.code(0)] == ("8.99 USD", 48)


async def test_a_plan_ends_where_the_supplier_takes_its_values_back(shop: Shop) -> None:
    await shop.list_offer()
    (plan,) = await planned(shop, Scope(), DEARER)

    assert await planned(shop, Scope(), make_offer(OFFER)) == []
    assert {(row.state, row.result) for row in await changes(shop, plan)} == {
        ("overtaken", "the supplier's values came back")
    }


async def test_what_a_plan_read_is_still_planned_by_the_daemon(shop: Shop) -> None:
    listing = await shop.list_offer()
    (plan,) = await planned(shop, Scope(), DEARER)
    await read_again(shop)

    assert sold(shop, listing)[shop.code(0)] == ("8.99 USD", 48)
    assert await states(shop, plan) == [("price", "overtaken"), ("stock", "overtaken")]


async def test_a_plan_may_be_bounded_by_prefix_offer_and_store(shop: Shop) -> None:
    await shop.list_offer()
    shop.supplier.catalogue[OFFER] = DEARER
    own = shop.code(0)

    assert await planned(shop, Scope(prefixes=("ZZ",))) == []
    assert len(await planned(shop, Scope(prefixes=(own,)))) == 1
    assert len(await planned(shop, Scope(store="toys", offers=(OFFER,)))) == 1
    with pytest.raises(SyncBridgeError, match=r"no store books \(toys\)"):
        await planned(shop, Scope(store="books"))
    with pytest.raises(SyncBridgeError, match="never read: offer 7; first: syncbridge resync --offer 7"):
        await planned(shop, Scope(offers=("7",)))


async def test_a_new_listing_waits_for_its_approval_and_is_posted_once(shop: Shop) -> None:
    by_person(shop)
    calls = Calls(shop)
    await read_again(shop, make_offer(OFFER))
    assert calls.made == []

    (plan,) = await plan_ids(shop)
    await apply(shop, plan)
    await apply(shop, plan)
    await shop.work()
    assert calls.made == ["publish"]
    assert await states(shop) == [("listing", "applied")]


async def test_a_proposed_listing_goes_out_with_the_values_of_the_plan_that_is_approved(shop: Shop) -> None:
    by_person(shop)
    await read_again(shop, make_offer(OFFER))
    await read_again(shop, JUMP)
    first, second = await plan_ids(shop)
    assert await apply(shop, first) == []
    assert shop.channel.shop == {}

    await apply(shop, second)
    (listing,) = shop.channel.shop.values()
    assert str(listing.skus[0].price) == "20.99 USD"


async def test_where_a_person_approves_the_daemon_only_proposes(shop: Shop) -> None:
    listing = await shop.list_offer()
    by_person(shop)
    calls = Calls(shop)
    await read_again(shop, DEARER)
    await read_again(shop, DEARER)
    assert calls.made == []
    *_, plan = await plan_ids(shop)
    assert await states(shop, plan) == [("price", "proposed"), ("stock", "proposed")]

    await apply(shop, plan)
    assert sold(shop, listing)[shop.code(0)] == ("8.99 USD", 48)


async def test_a_store_that_approves_by_itself_again_sends_what_was_proposed(shop: Shop) -> None:
    listing = await shop.list_offer()
    by_person(shop)
    await read_again(shop, DEARER)
    shop.set_account("toys", approve="auto")
    await read_again(shop)

    assert sold(shop, listing)[shop.code(0)] == ("8.99 USD", 48)
    assert [state for _, state in await states(shop)] == ["applied", "overtaken", "overtaken", "applied", "applied"]


async def test_a_plan_of_a_store_that_is_not_live_is_not_applied(shop: Shop) -> None:
    await shop.list_offer()
    shop.set_account("toys", live=False)
    (plan,) = await planned(shop, Scope(), DEARER)

    with pytest.raises(SyncBridgeError, match="store toys is not live"):
        await apply(shop, plan)
    assert await states(shop, plan) == [("price", "proposed"), ("stock", "proposed")]
    with pytest.raises(SyncBridgeError, match="no plan 99; see: syncbridge plan list"):
        await apply(shop, 99)


async def test_only_what_is_held_or_only_what_is_proposed_may_be_applied(shop: Shop) -> None:
    listing = await shop.list_offer()
    both = make_offer(OFFER, make_spec(1, cost="60.00", stock=50), make_spec(2, cost="14.90", stock=7))
    (plan,) = await planned(shop, Scope(), both)
    assert await states(shop, plan) == [("price", "held"), ("stock", "proposed")]

    await apply(shop, plan, ChangeState.PROPOSED)
    assert sold(shop, listing)[shop.code(0)] == ("7.99 USD", 48)
    assert (await open_hold(shop)).kind == "price_step"
    await apply(shop, plan, ChangeState.HELD)
    assert sold(shop, listing)[shop.code(0)] == ("20.99 USD", 48)
    assert await shop.db.read(holds.all_open) == []


async def test_a_held_price_passes_at_the_figure_shown_and_a_worse_one_is_held_again(shop: Shop) -> None:
    listing = await shop.list_offer()
    await read_again(shop, JUMP)
    assert not (await approve(shop, await open_hold(shop))).left
    assert sold(shop, listing)[shop.code(0)][0] == "20.99 USD"
    noted = [event for _, event, _ in await shop.db.read(timeline.of, f"sku toys/{shop.code(0)}")]
    assert noted[-1] == "approved by a person: price_step"

    await read_again(shop, make_offer(OFFER, make_spec(1, cost="120.00"), make_spec(2, cost="14.90", stock=7)))
    assert sold(shop, listing)[shop.code(0)][0] == "20.99 USD"
    assert (await open_hold(shop)).figures["before"] == "20.99 USD"


async def test_a_held_price_that_was_dropped_stays_away_until_the_suppliers_changes(shop: Shop) -> None:
    listing = await shop.list_offer()
    await read_again(shop, JUMP)
    hold = await open_hold(shop)
    await approval.drop_hold(shop.bridge, hold.id, why="a typing error")
    await read_again(shop, replace(JUMP, title="Notebook A5"))
    assert await shop.db.read(holds.all_open) == []
    assert [row.result for row in await changes(shop) if row.state == "dropped"] == [
        "dropped by a person: a typing error"
    ]

    await read_again(shop, make_offer(OFFER, make_spec(1, cost="70.00"), make_spec(2, cost="14.90", stock=7)))
    assert (await open_hold(shop)).figures["reason"] == "cost 70.00 CNY"
    assert sold(shop, listing)[shop.code(0)][0] == "7.99 USD"


async def test_a_hold_that_no_person_decides_about_says_so(shop: Shop) -> None:
    await read_again(shop, make_offer("1", make_spec(1, cost=None)))
    hold = await open_hold(shop)

    with pytest.raises(SyncBridgeError, match="offer_unlistable holds no change"):
        await approve(shop, hold)
    with pytest.raises(SyncBridgeError, match="no hold 99 is open"):
        await approval.approve_hold(shop.bridge, 99, why="x")


async def test_the_one_hold_of_a_run_lets_all_of_it_pass(shop: Shop) -> None:
    offers = await list_many(shop, 12)
    await read_again(shop, *dearer(offers))
    hold = await open_hold(shop)
    assert (hold.kind, hold.subject, hold.figures["skus"]) == ("repriced_share", "store toys", "24")
    assert not (await approve(shop, hold)).left

    prices = {str(sku.price) for listing in shop.channel.shop.values() for sku in listing.skus}
    assert prices == {"8.99 USD"}
    assert await shop.db.read(holds.all_open) == []
    assert [event for _, event, _ in await shop.db.read(timeline.of, "store toys")] == [
        "held: repriced_share",
        "approved by a person: repriced_share",
    ]


async def test_all_holds_of_a_kind_are_decided_store_by_store(shop: Shop) -> None:
    first, second = await list_many(shop, 2)
    costly = make_spec(1, cost="60.00"), make_spec(2, cost="14.90", stock=7)
    await read_again(shop, replace(first, specs=costly), replace(second, specs=costly))
    await approval.approve_kind(shop.bridge, "toys", "price_step", why="a new season")
    await shop.work()

    assert await shop.db.read(holds.all_open) == []
    assert {str(listing.skus[0].price) for listing in shop.channel.shop.values()} == {"20.99 USD"}
    with pytest.raises(SyncBridgeError, match="price_step holds no change"):
        await approval.drop_kind(shop.bridge, "toys", "price_step", why="x")


async def test_what_a_run_holds_stays_held_though_the_hour_is_over(shop: Shop) -> None:
    offers = await list_many(shop, 12)
    await read_again(shop, *dearer(offers))
    shop.clock.advance(7200)
    await read_again(shop, replace(dearer(offers)[0], title="Notebook A5"))

    assert (await open_hold(shop)).figures["skus"] == "24"
    assert {str(sku.price) for listing in shop.channel.shop.values() for sku in listing.skus} == {"7.99 USD"}


async def test_what_a_run_held_of_offers_that_came_back_is_no_longer_counted(shop: Shop) -> None:
    offers = await list_many(shop, 12)
    await read_again(shop, *dearer(offers))
    await read_again(shop, *offers[:6])
    assert (await open_hold(shop)).figures["skus"] == "12"

    await read_again(shop, *offers[6:])
    assert await shop.db.read(holds.all_open) == []


async def test_a_plan_asked_for_takes_over_what_a_run_holds_and_is_held_as_a_whole(shop: Shop) -> None:
    offers = await list_many(shop, 12)
    await read_again(shop, *dearer(offers))
    (plan,) = await planned(shop)

    hold = await open_hold(shop)
    assert (hold.figures["skus"], hold.figures["plans"]) == ("24", str(plan))
    assert {state for _, state in await states(shop, plan)} == {"held"}
    (stopped,) = await shop.db.read(plan_lists.stopped, plan)
    assert (stopped.guard, stopped.number) == ("repriced_share", 24)
    assert stopped.why == "24 of 24 SKUs of the store would be repriced in one run"


async def test_a_revert_restores_the_recorded_values_and_the_next_poll_leaves_them(shop: Shop) -> None:
    listing = await shop.list_offer()
    await read_again(shop, DEARER)
    *_, plan = await plan_ids(shop)
    assert sold(shop, listing)[shop.code(0)] == ("8.99 USD", 48)
    done = await revert(shop, plan)
    assert sold(shop, listing)[shop.code(0)] == ("7.99 USD", 98)
    assert await states(shop, done.plan) == [("price", "applied"), ("stock", "applied")]

    calls = Calls(shop)
    await read_again(shop, make_offer(OFFER, make_spec(1, cost="18.50", stock=40), make_spec(2, cost="14.90", stock=7)))
    assert calls.made == []
    assert sold(shop, listing)[shop.code(0)] == ("7.99 USD", 98)


async def test_a_revert_leaves_what_has_changed_since(shop: Shop) -> None:
    listing = await shop.list_offer()
    await read_again(shop, DEARER)
    *_, plan = await plan_ids(shop)
    await read_again(shop, make_offer(OFFER, make_spec(1, cost="18.00", stock=40), make_spec(2, cost="14.90", stock=7)))
    done = await revert(shop, plan)

    assert sold(shop, listing)[shop.code(0)] == ("7.99 USD", 38)
    assert done.left == {"it has changed since": 1}
    again = await revert(shop, plan)
    assert (again.plan, again.left) == (None, {"the seller keeps it": 1, "it has changed since": 1})


async def test_a_plan_of_which_nothing_was_applied_is_not_taken_back(shop: Shop) -> None:
    await shop.list_offer()
    (plan,) = await planned(shop, Scope(), DEARER)

    with pytest.raises(SyncBridgeError, match=f"nothing of plan {plan} was applied"):
        await revert(shop, plan)


async def test_a_new_listing_is_taken_off_sale_and_stays_off(shop: Shop) -> None:
    listing = await shop.list_offer()
    (plan,) = await plan_ids(shop)
    await revert(shop, plan)
    assert shop.channel.shop[listing.listing_id].status is ListingStatus.OFFLINE

    await read_again(shop, make_offer(OFFER, make_spec(1, stock=50), make_spec(2, cost="14.90", stock=60)))
    assert shop.channel.shop[listing.listing_id].status is ListingStatus.OFFLINE
    assert len(shop.channel.shop) == 1


async def test_row_32_of_many_products_only_the_failed_ones_are_tried_again(shop: Shop) -> None:
    offers = await list_many(shop, 3)
    (plan,) = await planned(shop, Scope(), *dearer(offers))
    first, second, third = shop.channel.shop
    set_prices, asked = shop.channel.set_prices, []

    async def partly(updates: Sequence[PriceUpdate]) -> Sequence[Refusal]:
        (update,) = updates
        asked.append(update.listing_id)
        if update.listing_id == first:
            return [Refusal(first, "frozen", "the product is frozen by the platform")]
        if update.listing_id == second and asked.count(second) == 1:
            raise OutcomeUnknown("no answer", vendor="memory")
        return await set_prices(updates)

    shop.channel.set_prices = partly  # type: ignore[method-assign]  # one refuses, one answers late, one is well
    await apply(shop, plan)
    await shop.pass_time(3 * 3600)

    ended = {row.listing: (row.state, row.result) for row in await changes(shop, plan)}
    assert sorted(asked) == [first, second, second, third]
    assert ended[1] == ("refused", f"the channel refused listing {first}: the product is frozen by the platform")
    assert ended[2] == ended[3] == ("applied", "")
    (entry,) = await shop.queue()
    shop.channel.set_prices = set_prices  # type: ignore[method-assign]  # the platform lets it go
    await shop.db.run(shop.retry, entry.id)
    await shop.work()
    assert {state for _, state in await states(shop, plan)} == {"applied"}


async def test_a_plan_waits_for_an_audit_and_goes_out_after_it(shop: Shop) -> None:
    listing = await shop.list_offer()
    (plan,) = await planned(shop, Scope(), DEARER)
    set_prices = shop.channel.set_prices

    async def auditing(updates: Sequence[PriceUpdate]) -> Sequence[Refusal]:
        return [Refusal(update.listing_id, "auditing", "under audit") for update in updates]

    shop.channel.set_prices = auditing  # type: ignore[method-assign]  # the channel is auditing
    await apply(shop, plan)
    assert await states(shop, plan) == [("price", "approved"), ("stock", "applied")]

    shop.channel.set_prices = set_prices  # type: ignore[method-assign]  # the audit is over
    await shop.pass_time(301)
    assert sold(shop, listing)[shop.code(0)][0] == "8.99 USD"
    assert await states(shop, plan) == [("price", "applied"), ("stock", "applied")]


async def test_a_value_that_comes_back_before_it_went_out_leaves_no_change_open(shop: Shop) -> None:
    await shop.list_offer()
    set_prices = shop.channel.set_prices

    async def auditing(updates: Sequence[PriceUpdate]) -> Sequence[Refusal]:
        return [Refusal(update.listing_id, "auditing", "under audit") for update in updates]

    shop.channel.set_prices = auditing  # type: ignore[method-assign]  # the channel is auditing
    await read_again(shop, make_offer(OFFER, make_spec(1, cost="18.00"), make_spec(2, cost="14.90", stock=7)))
    await read_again(shop, make_offer(OFFER))
    shop.channel.set_prices = set_prices  # type: ignore[method-assign]  # the audit is over
    await shop.pass_time(301)

    assert await states(shop) == [("listing", "applied"), ("price", "overtaken"), ("price", "applied")]


async def test_a_jump_that_is_held_leaves_alone_what_is_on_its_way(shop: Shop) -> None:
    listing = await shop.list_offer()
    set_prices = shop.channel.set_prices

    async def auditing(updates: Sequence[PriceUpdate]) -> Sequence[Refusal]:
        return [Refusal(update.listing_id, "auditing", "under audit") for update in updates]

    shop.channel.set_prices = auditing  # type: ignore[method-assign]  # the channel is auditing
    await read_again(shop, make_offer(OFFER, make_spec(1, cost="18.00"), make_spec(2, cost="14.90", stock=7)))
    await read_again(shop, JUMP)
    shop.channel.set_prices = set_prices  # type: ignore[method-assign]  # the audit is over
    await shop.pass_time(301)

    assert sold(shop, listing)[shop.code(0)][0] == "8.99 USD"
    assert await states(shop) == [("listing", "applied"), ("price", "applied"), ("price", "held")]


async def test_an_offer_that_cannot_be_read_is_named_and_the_others_are_planned(shop: Shop) -> None:
    await list_many(shop, 2)
    chosen = await shop.db.read(proposal.select, shop.bridge, Scope())
    del shop.supplier.catalogue["0"]
    shop.supplier.limit_next = True
    failures = await proposal.read_again(shop.bridge, [("main", "1")], lambda _: None)
    assert [offer_id for offer_id, _ in failures] == ["1"]
    assert await proposal.read_again(shop.bridge, chosen, lambda _: None) == []

    (plan,) = await proposal.propose(shop.bridge, chosen, Scope())
    assert [(row.listing, row.after) for row in await changes(shop, plan)] == [(1, "0"), (1, "0")]
    snapshot = await shop.db.read(lambda s: s.scalars(select(col(OfferRow.snapshot))).first())
    assert snapshot is not None
    assert snapshot.status == "withdrawn"


async def test_an_emptied_store_is_proposed_and_held_for_its_size(shop: Shop) -> None:
    offers = await list_many(shop, 12)
    (plan,) = await planned(shop, Scope(), *empty(offers))

    assert set(await states(shop, plan)) == {("stock", "held")}
    assert (await open_hold(shop)).kind == "zeroed_share"


async def test_a_cost_that_cannot_be_right_is_no_price_a_person_could_let_pass(shop: Shop) -> None:
    listing = await shop.list_offer()
    await read_again(shop, make_offer(OFFER, make_spec(1, cost="0.01"), make_spec(2, cost="14.90", stock=7)))
    hold = await open_hold(shop)
    assert hold.kind == "price_doubt"
    decided = await approve(shop, hold)

    assert dict(decided.left) == {"no price can be made of this cost; repair its cause": 1}
    assert sold(shop, listing)[shop.code(0)][0] == "7.99 USD"
    assert (await open_hold(shop)).id == hold.id


async def test_a_proposed_listing_takes_no_doubted_price(shop: Shop) -> None:
    by_person(shop)
    await read_again(shop, make_offer(OFFER))
    await read_again(shop, make_offer(OFFER, make_spec(1, cost="0.01"), make_spec(2, cost="18.00", stock=7)))
    assert (await open_hold(shop)).kind == "price_doubt"
    await apply(shop, (await plan_ids(shop))[-1])

    (listing,) = shop.channel.shop.values()
    assert [str(sku.price) for sku in listing.skus] == ["7.99 USD", "8.99 USD"]
    await read_again(shop, make_offer(OFFER))
    assert await shop.db.read(holds.all_open) == []


async def test_a_price_that_a_person_gave_stays_once_it_is_applied(shop: Shop) -> None:
    listing = await shop.list_offer()
    await shop.db.run(_given, shop, "9.50 USD")
    await read_again(shop, make_offer(OFFER, make_spec(1, stock=50), make_spec(2, cost="14.90", stock=7)))
    *_, plan, _ = await plan_ids(shop)
    assert await states(shop, plan) == [("price", "proposed")]
    await apply(shop, plan)
    await read_again(shop, DEARER)

    assert sold(shop, listing)[shop.code(0)] == ("9.50 USD", 48)


def _given(session: Session, shop: Shop, price: str) -> None:
    plan = plans.begin(session, "toys", "prices given in a table", now=shop.clock.now())
    step = Step(shop.code(0), "price", "7.99 USD", price, "given in prices.csv row 2")
    plans.add(session, plan, [(1, step)], ChangeState.PROPOSED)
