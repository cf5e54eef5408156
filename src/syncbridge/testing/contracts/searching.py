"""What every supplier must do whose offers can be looked for."""

from __future__ import annotations

from typing import Protocol

import pytest

from syncbridge.errors import NotGranted
from syncbridge.model.catalog import Search
from syncbridge.model.paging import Cursor, Page
from syncbridge.ports import Searches
from syncbridge.testing.builders import make_offer
from syncbridge.testing.contracts.supplier import SupplierHarness

OFFERS = [str(600000000000 + number) for number in range(45)]


class SearchingHarness(SupplierHarness, Protocol):
    """A supplier's side that can refuse to be searched."""

    def refuse_search(self) -> None:
        """Take away the account's right to search."""


class SearchesContract:
    """What every supplier must do that has the ability `Searches`."""

    pytestmark = pytest.mark.anyio

    async def test_words_find_the_offers_that_have_them(self, harness: SearchingHarness) -> None:
        """In their titles, whatever the case, and only those on sale."""
        harness.publish(make_offer("600000000001", title="Wooden train"))
        harness.publish(make_offer("600000000002", title="Tin soldier"))
        harness.publish(make_offer("600000000003", title="Wooden horse"))
        harness.withdraw("600000000003")
        assert await _ids(harness, Search("wooden")) == ["600000000001"]

    async def test_a_shop_shows_its_own_offers_only(self, harness: SearchingHarness) -> None:
        """All of them, or those with the words."""
        harness.publish(make_offer("600000000001", title="Wooden train", supplier_id="one"))
        harness.publish(make_offer("600000000002", title="Tin soldier", supplier_id="one"))
        harness.publish(make_offer("600000000003", title="Wooden horse", supplier_id="other"))
        assert await _ids(harness, Search(shop="one")) == ["600000000001", "600000000002"]
        assert await _ids(harness, Search("wooden", "one")) == ["600000000001"]

    async def test_nothing_found_is_no_page(self, harness: SearchingHarness) -> None:
        """And no error."""
        assert [page async for page in _searches(harness).search(Search("dragon"), since=None)] == []

    async def test_a_search_resumes_at_the_cursor(self, harness: SearchingHarness) -> None:
        """The first page's cursor leads to the rest, nothing missing and nothing twice."""
        for offer_id in OFFERS:
            harness.publish(make_offer(offer_id))
        first = await _page(harness, None)
        rest = await _ids(harness, Search("notebook"), first.cursor)
        assert [*first.items, *rest] == OFFERS

    async def test_a_found_page_can_be_read_twice(self, harness: SearchingHarness) -> None:
        """The same cursor answers the same page."""
        for offer_id in OFFERS:
            harness.publish(make_offer(offer_id))
        cursor = (await _page(harness, None)).cursor
        assert await _page(harness, cursor) == await _page(harness, cursor)

    async def test_an_account_that_may_not_search_is_told_so(self, harness: SearchingHarness) -> None:
        """So that offers are imported by their ids instead."""
        harness.publish(make_offer())
        harness.refuse_search()
        with pytest.raises(NotGranted):
            await _page(harness, None)


def _searches(harness: SearchingHarness) -> Searches:
    assert isinstance(harness.supplier, Searches)
    return harness.supplier


async def _page(harness: SearchingHarness, since: Cursor | None) -> Page[str]:
    return await anext(aiter(_searches(harness).search(Search("notebook"), since=since)))


async def _ids(harness: SearchingHarness, query: Search, since: Cursor | None = None) -> list[str]:
    return [found async for page in _searches(harness).search(query, since=since) for found in page.items]
