"""Words that people give for a listing on the channel: proposed, approved, there, taken back, and the seller's own."""

from __future__ import annotations

import pytest
from sqlmodel import Session, col, select

from syncbridge.flows import approval
from syncbridge.model.catalog import ChangeState, Listing, ListingStatus
from syncbridge.store import given_texts
from syncbridge.store.tables.plans import ChangeRow, PlanRow
from syncbridge.testing.builders import make_offer, make_spec
from tests.flows.conftest import Shop
from tests.flows.seller import edit as edit_by_hand
from tests.flows.seller import locked, reconcile
from tests.flows.shelf import OFFER, Calls
from tests.flows.test_editing import edit, exported

pytestmark = pytest.mark.anyio
OLD = ("Notebook B5", "<p>Notebook</p>")
NEW = ("My notebook", "<p>Mine</p>")


def of_words(session: Session) -> list[tuple[str, str, str, str]]:
    """Changes of words: field, before, after, state."""
    query = select(ChangeRow).where(col(ChangeRow.field).in_(["title", "description"])).order_by(col(ChangeRow.id))
    return [(row.field, row.before, row.after, row.state) for row in session.scalars(query)]


async def give(shop: Shop, title: str = NEW[0], description: str = NEW[1]) -> int:
    """A person gives words in a table; answers the plan that waits."""
    told = await edit(shop, "listings", *(await exported(shop, "listings")), title=title, description=description)
    return told.plans["toys"]


def shown(shop: Shop, listing: Listing) -> tuple[str, str]:
    page = shop.channel.shop[listing.listing_id]
    return page.title, page.description_html


async def test_given_words_are_proposed_and_go_out_when_a_person_approves_them(shop: Shop) -> None:
    listing = await shop.list_offer()
    calls = Calls(shop)
    plan = await give(shop)
    await shop.work()
    assert (shown(shop, listing), calls.made) == (OLD, [])
    cause = await shop.db.read(lambda session: session.get_one(PlanRow, plan).cause)
    assert cause == "words given in t.csv"

    await approval.apply(shop.bridge, plan)
    await shop.work()

    assert (shown(shop, listing), calls.made) == (NEW, ["edit"])
    assert await shop.db.read(of_words) == [
        ("title", OLD[0], NEW[0], ChangeState.APPLIED),
        ("description", OLD[1], NEW[1], ChangeState.APPLIED),
    ]


async def test_words_of_ours_are_not_taken_for_the_sellers(shop: Shop) -> None:
    listing = await shop.list_offer()
    await reconcile(shop)
    await approval.apply(shop.bridge, await give(shop))
    await shop.work()
    for _ in range(3):
        await reconcile(shop)
        await shop.pass_time(3600)

    assert (shown(shop, listing), await locked(shop)) == (NEW, {})
    edit_by_hand(shop, listing, title="By hand")
    await reconcile(shop)
    assert set(await locked(shop)) == {("", "title")}


async def test_a_description_the_channel_writes_otherwise_is_not_taken_for_the_sellers(shop: Shop) -> None:
    listing = await shop.list_offer()
    await reconcile(shop)
    await approval.apply(shop.bridge, await give(shop))
    await shop.work()
    edit_by_hand(shop, listing, description_html="<p>Mine</p>\n")
    await reconcile(shop)

    assert await locked(shop) == {}


async def test_words_whose_answer_was_lost_are_not_taken_for_the_sellers_either(shop: Shop) -> None:
    listing = await shop.list_offer()
    await reconcile(shop)
    plan = await give(shop)
    shop.channel.lose_next = True
    await approval.apply(shop.bridge, plan)
    await shop.work()
    await reconcile(shop)
    assert (shown(shop, listing), await locked(shop)) == (NEW, {})
    await shop.pass_time(3600)

    assert {state for *_, state in await shop.db.read(of_words)} == {ChangeState.APPLIED}
    assert await locked(shop) == {}


async def test_a_revert_gives_the_words_back_and_locks_nothing(shop: Shop) -> None:
    listing = await shop.list_offer()
    plan = await give(shop)
    await approval.apply(shop.bridge, plan)
    await shop.work()
    await approval.revert(shop.bridge, plan)
    await shop.work()

    assert (shown(shop, listing), await locked(shop)) == (OLD, {})
    await approval.apply(shop.bridge, await give(shop, "Another"))
    await shop.work()
    assert shown(shop, listing) == ("Another", NEW[1])


async def test_a_title_the_seller_keeps_is_not_set_over(shop: Shop) -> None:
    listing = await shop.list_offer()
    await reconcile(shop)
    plan = await give(shop, description="")
    edit_by_hand(shop, listing, title="By hand")
    await reconcile(shop)

    decided = await approval.apply(shop.bridge, plan)
    await shop.work()

    assert shown(shop, listing)[0] == "By hand"
    assert [reason[:26] for reason in decided.left] == ["the seller keeps this titl"]
    assert [state for *_, state in await shop.db.read(of_words)] == [ChangeState.STALE]


async def test_words_wait_while_the_channel_examines_a_listing(shop: Shop) -> None:
    listing = await shop.list_offer()
    plan = await give(shop)
    edit_by_hand(shop, listing, status=ListingStatus.AUDITING)
    await approval.apply(shop.bridge, plan)
    await shop.work()
    assert shown(shop, listing) == OLD
    assert [(entry.what, entry.state, entry.code) for entry in await shop.queue()] == [
        ("publish.edit", "waiting", "auditing")
    ]

    edit_by_hand(shop, listing, status=ListingStatus.ON_SALE)
    await shop.pass_time(400)
    assert shown(shop, listing) == NEW


async def test_words_approved_while_a_listing_is_taken_down_go_out_when_it_is_back(shop: Shop) -> None:
    listing = await shop.list_offer()
    plan = await give(shop)
    edit_by_hand(shop, listing, status=ListingStatus.TAKEN_DOWN)
    await reconcile(shop)
    await approval.apply(shop.bridge, plan)
    await shop.work()
    assert shown(shop, listing) == OLD

    edit_by_hand(shop, listing, status=ListingStatus.ON_SALE)
    await reconcile(shop)
    assert shown(shop, listing) == NEW


async def test_words_taken_back_are_proposed_as_the_suppliers_again(shop: Shop) -> None:
    listing = await shop.list_offer()
    await approval.apply(shop.bridge, await give(shop))
    await shop.work()
    await approval.apply(shop.bridge, await give(shop, "", ""))
    await shop.work()

    assert shown(shop, listing) == OLD
    assert await shop.db.read(given_texts.of_offers, "main", [OFFER]) == {}


async def test_a_suppliers_new_title_changes_no_listing(shop: Shop) -> None:
    listing = await shop.list_offer(make_offer(OFFER, make_spec(1)))
    await shop.list_offer(make_offer(OFFER, make_spec(1), title="Renamed"))

    assert (shown(shop, listing)[0], await shop.db.read(of_words)) == (OLD[0], [])
