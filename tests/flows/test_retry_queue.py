"""The retry queue: one list of everything that does not go forward, and no word of the buyer in it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlmodel import Session

from syncbridge.errors import SyncBridgeError
from syncbridge.flows import retry_queue
from syncbridge.model.orders import OrderState
from syncbridge.model.purchasing import PlacedOrder, PurchaseDraft, PurchaseState, VendorOrderState
from syncbridge.queue import job as jobs
from syncbridge.rules.candidates import Likeness
from syncbridge.store import grants, holds, placed_orders
from syncbridge.testing.builders import RELAY, cny, usd
from tests.flows.conftest import Shop
from tests.flows.test_decisions import ORDER, SUBJECT, bought, by_hand, margin_halt, the_purchase, unknown

pytestmark = pytest.mark.anyio


async def hold(shop: Shop, kind: str, subject: str, **figures: str) -> None:
    await shop.db.run(holds.open_hold, kind, subject, figures, now=shop.clock.now())


async def test_a_hold_no_job_speaks_for_is_an_entry_with_its_orders_deadline(shop: Shop) -> None:
    await by_hand(shop)
    await hold(shop, "line_refused", f"{SUBJECT} 00000001", why="not sold any more")
    held, card = sorted(await shop.queue(), key=lambda entry: entry.state, reverse=True)
    assert (held.id[:5], held.state, held.code, held.reason) == ("hold-", "held", "line_refused", "not sold any more")
    assert held.ship_by == card.ship_by is not None
    assert (held.attempts, held.next_attempt, held.at_stake) == (0, None, usd("39.80"))


async def test_a_hold_about_a_vendor_order_shows_the_deadline_of_the_order_behind_it(shop: Shop) -> None:
    await shop.list_offer()
    await shop.sell(ORDER)
    await shop.pass_time(601)
    (number,) = shop.supplier.books
    await hold(shop, "vendor_order_unreadable", f"vendor order main/{number}", why="no total")
    (entry,) = await shop.queue()
    assert entry.ship_by is not None
    assert entry.purchase == (await the_purchase(shop)).id


@pytest.mark.parametrize("subject", ["offer main/676651652931", "sku toys/TYA001", "listing toys/1"])
async def test_holds_of_the_catalogue_are_not_in_the_list(shop: Shop, subject: str) -> None:
    await hold(shop, "price_step", subject, why="a jump")
    assert await shop.queue() == []


async def test_an_alarm_is_an_entry_whatever_it_is_about(shop: Shop) -> None:
    await hold(shop, "alarm_quiet", "listing toys/1", expected="12", seen="0")
    (entry,) = await shop.queue()
    assert (entry.code, entry.reason) == ("alarm_quiet", "expected: 12, seen: 0")


async def test_a_hold_gives_its_figures_to_the_job_that_speaks_for_it(shop: Shop) -> None:
    await margin_halt(shop, {"why": "a loss", "limit": "45.00 CNY"})
    (entry,) = await shop.queue()
    assert (entry.state, entry.figures) == ("parked", {"limit": "45.00 CNY"})


async def test_a_job_being_tried_at_this_moment_still_speaks_for_its_hold(shop: Shop) -> None:
    entry = await margin_halt(shop, {"why": "a loss", "limit": "45.00 CNY"})
    now = shop.clock.now()
    await shop.db.run(retry_queue.retry, entry.id, now=now)
    await shop.db.run(jobs.claim, int(entry.id), now=now, lease=timedelta(seconds=120))
    assert await shop.queue() == []


async def test_the_money_at_stake_is_the_quote_once_there_is_one(shop: Shop) -> None:
    entry = await unknown(shop)
    assert entry.at_stake == cny("32.80")


async def test_the_money_at_stake_is_the_payout_before_that(shop: Shop) -> None:
    entry = await margin_halt(shop, {"why": "a loss"})
    assert entry.at_stake == (await the_purchase(shop)).payout


async def test_a_hold_is_closed_by_dropping_it(shop: Shop) -> None:
    await hold(shop, "vendor_order_extra", "vendor order main/88", why="one too many")
    (entry,) = await shop.queue()
    await shop.db.run(retry_queue.drop, entry.id, why="cancelled it there", now=shop.clock.now())
    assert await shop.queue() == []
    ((_, event, details),) = await shop.db.read(retry_queue.history, entry)
    assert (event, details["why"]) == ("dropped by a person", "cancelled it there")


async def test_a_dropped_job_takes_its_hold_with_it(shop: Shop) -> None:
    entry = await margin_halt(shop, {"why": "a loss", "limit": "45.00 CNY"})
    await shop.db.run(retry_queue.drop, entry.id, why="sold out", now=shop.clock.now())
    assert await shop.queue() == []
    assert await shop.db.read(holds.all_open) == []


async def test_taking_back_is_given_up_without_touching_the_purchase(shop: Shop) -> None:
    await shop.list_offer()
    await shop.sell(ORDER)
    await shop.pass_time(601)
    (number,) = shop.supplier.books
    shop.supplier.ship(number, "YT8000000000001")
    await shop.sell(ORDER, state=OrderState.CANCELLED)
    (entry,) = [one for one in await shop.queue() if one.what == "withdraw.order"]
    await shop.db.run(retry_queue.drop, entry.id, why="stopped at the relay", now=shop.clock.now())
    assert [one.what for one in await shop.queue()] == []
    assert (await the_purchase(shop)).state is PurchaseState.WITHDRAWING


async def test_the_digest_of_an_address_is_not_shown(shop: Shop) -> None:
    await by_hand(shop)
    await hold(shop, "address_changed", SUBJECT, why="the buyer moved", limit="9f86d081884c7d65")
    assert [entry.figures for entry in await shop.queue() if entry.state == "held"] == [{}]


async def test_a_figure_that_only_repeats_the_reason_is_not_shown_twice(shop: Shop) -> None:
    await by_hand(shop)
    await hold(shop, "below_moq", SUBJECT, why="at least 10", limit="at least 10", purchase="K7M2Q4XA")
    assert [entry.figures for entry in await shop.queue() if entry.state == "held"] == [{}]


@pytest.mark.parametrize("entry_id", ["hand-1", "hold-1"])
async def test_what_waits_for_a_person_cannot_be_tried(shop: Shop, entry_id: str) -> None:
    await by_hand(shop)
    await hold(shop, "alarm_ledger", "ledger", lost="1")
    with pytest.raises(SyncBridgeError, match="nothing to try"):
        await shop.db.run(retry_queue.retry, entry_id, now=shop.clock.now())


@pytest.mark.parametrize("entry_id", ["77", "hand-77", "hold-77", "hand-", "x", "9" * 30, "٣"])
async def test_an_entry_that_is_not_there_is_said_so(shop: Shop, entry_id: str) -> None:
    for act in (retry_queue.retry, _drop):
        with pytest.raises(SyncBridgeError, match=f"there is no entry {entry_id}"):
            await shop.db.run(act, entry_id, now=shop.clock.now())


def _drop(session: Session, entry_id: str, *, now: datetime) -> None:
    retry_queue.drop(session, entry_id, why="no", now=now)


async def test_a_hold_of_the_catalogue_is_not_dropped_here(shop: Shop) -> None:
    await hold(shop, "price_step", "sku toys/TYA001", why="a jump")
    with pytest.raises(SyncBridgeError, match="there is no entry hold-1"):
        await shop.db.run(retry_queue.drop, "hold-1", why="no", now=shop.clock.now())


async def test_an_unclear_purchase_is_shown_beside_the_orders_it_may_have_become(shop: Shop) -> None:
    entry = await unknown(shop)
    purchase = await the_purchase(shop)
    alike, other = bought(shop, purchase), bought(shop, purchase, lines=())
    await shop.db.run(_seen, [other, alike])
    found = await shop.db.read(retry_queue.lookalikes, entry)
    assert found is not None
    assert found[0] == purchase
    assert [candidate.order.vendor_order_id for candidate in found[1]] == [
        alike.vendor_order_id,
        other.vendor_order_id,
    ]
    assert found[1][0].likeness == (Likeness.LINES,)


async def test_orders_of_before_the_purchase_or_of_another_account_are_no_candidates(shop: Shop) -> None:
    entry = await unknown(shop)
    purchase = await the_purchase(shop)
    assert purchase.sent_at is not None
    old = replace(bought(shop, purchase), created_at=purchase.sent_at - timedelta(minutes=6))
    near = replace(bought(shop, purchase), created_at=purchase.sent_at - timedelta(minutes=4))
    await shop.db.run(_seen, [old, near])
    await shop.db.run(lambda session: placed_orders.see(session, "other", bought(shop, purchase), now=shop.clock.now()))
    found = await shop.db.read(retry_queue.lookalikes, entry)
    assert found is not None
    assert [candidate.order.vendor_order_id for candidate in found[1]] == [near.vendor_order_id]


async def test_an_order_without_the_mark_is_proposed_for_a_card_and_not_adopted_by_itself(shop: Shop) -> None:
    entry = await by_hand(shop)
    order = bought(shop, await the_purchase(shop))
    await shop.poll("purchase.poll", "main")
    found = await shop.db.read(retry_queue.lookalikes, entry)
    assert found is not None
    assert [candidate.order.vendor_order_id for candidate in found[1]] == [order.vendor_order_id]
    assert (await the_purchase(shop)).state is PurchaseState.BY_HAND


async def test_a_cancelled_candidate_is_shown_too(shop: Shop) -> None:
    entry = await unknown(shop)
    order = shop.supplier.bought_on_the_page(PurchaseDraft((await the_purchase(shop)).lines, RELAY), total=cny("32.80"))
    await shop.db.run(_seen, [replace(order, state=VendorOrderState.CANCELLED)])
    found = await shop.db.read(retry_queue.lookalikes, entry)
    assert found is not None
    assert [candidate.order.state for candidate in found[1]] == [VendorOrderState.CANCELLED]


def _seen(session: Session, orders: list[PlacedOrder]) -> None:
    for order in orders:
        assert order.created_at is not None
        placed_orders.see(session, "main", order, now=order.created_at)


async def test_a_person_who_retries_has_what_was_not_granted_asked_for_again(shop: Shop) -> None:
    now = shop.clock.now()
    refused = grants.Refused("main", "place", "1688", "gw.APIACLDecline", "no", now, now + timedelta(days=1))
    await shop.db.run(grants.refuse, refused)
    await margin_halt(shop)
    (entry,) = await shop.queue()
    await shop.db.run(shop.retry, entry.id)
    (kept,) = await shop.db.read(grants.refused, ["main"])
    assert kept.ask_at == shop.clock.now()
