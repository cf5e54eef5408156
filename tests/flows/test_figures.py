"""What the catalogue costs: calls equal to the minimum, nothing written where nothing changed, few statements."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal

import pytest
from sqlalchemy import event

from syncbridge.flows.schedule import Every, tick
from syncbridge.model.catalog import Offer
from syncbridge.model.paging import Cursor, Page
from syncbridge.queue import job as jobs
from syncbridge.rules.planning import Brakes
from syncbridge.testing.builders import make_offer, make_spec
from tests.flows.conftest import Shop
from tests.flows.shelf import Calls, rows

pytestmark = pytest.mark.anyio
CATALOGUE = ("offer", "listing", "binding", "plan", "change")
PER_OFFER = 4


def offers(count: int) -> list[Offer]:
    return [make_offer(str(n), *(make_spec(s, stock=50) for s in range(1, PER_OFFER + 1))) for n in range(1, count + 1)]


@contextmanager
def statements(shop: Shop) -> Iterator[Counter[str]]:
    """Counts the statements of a while: ``read``, or ``write`` and the table."""
    seen: Counter[str] = Counter()

    def count(_: object, __: object, statement: str, *___: object) -> None:
        verb, *words = statement.replace('"', "").split(maxsplit=3)
        tables = {"INSERT": 1, "UPDATE": 0, "DELETE": 1}
        seen[f"write {words[tables[verb]]}" if verb in tables else "read"] += 1

    engine = shop.db._engine
    event.listen(engine, "before_cursor_execute", count)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", count)


async def in_one_page(shop: Shop, page: list[Offer]) -> Counter[str]:
    """The pool shows these offers, all on one page; the statements that reading it took."""

    async def whole(*, since: Cursor | None) -> AsyncIterator[Page[Offer]]:
        if since is None:
            yield Page(tuple(page), Cursor("end"))

    shop.supplier.offers = whole  # type: ignore[method-assign]  # a page as large as it is asked to be
    shop.clock.advance(1)
    await shop.db.run(tick, Every("import_.page", "main", 1.0), now=shop.clock.now())
    ids = await shop.db.read(jobs.due, now=shop.clock.now(), most=1)
    with statements(shop) as seen:
        await shop.worker.execute(ids[0])
    await shop.work()
    return seen


@pytest.fixture
def wide(shop: Shop) -> Shop:
    """A shop whose brakes let everything through."""
    shop.terms = replace(shop.terms, brakes=Brakes(Decimal(10), Decimal(10), Decimal(10)))
    shop.connect()
    return shop


async def test_a_first_import_takes_as_many_statements_for_many_offers_as_for_few(wide: Shop) -> None:
    wide.set_account("toys", live=False)
    counted = []
    for count in (5, 80):
        seen = await in_one_page(wide, [replace(offer, offer_id=f"{count}{offer.offer_id}") for offer in offers(count)])
        counted.append({what: seen[f"write {what}"] for what in CATALOGUE})

    assert counted[0] == counted[1] == {"offer": 2, "listing": 1, "binding": 1, "plan": 1, "change": 1}


async def test_unchanged_offers_write_nothing_and_are_not_planned_again(wide: Shop) -> None:
    await in_one_page(wide, offers(40))
    calls, before = Calls(wide), await wide.db.read(rows)
    few = await in_one_page(wide, offers(4))
    many = await in_one_page(wide, offers(40))

    assert [many[f"write {table}"] for table in CATALOGUE] == [0] * len(CATALOGUE)
    assert many["read"] == few["read"], "as many statements for forty offers as for four"
    assert (calls.made, await wide.db.read(rows)) == ([], before)


@pytest.mark.parametrize("share", [1, 10, 100])
async def test_calls_are_as_few_as_the_channel_allows(wide: Shop, share: int) -> None:
    everything = offers(100)
    await in_one_page(wide, everything)
    calls = Calls(wide)
    changed = [replace(offer, specs=tuple(replace(s, stock=20) for s in offer.specs)) for offer in everything[:share]]
    dearer = [
        replace(offer, specs=tuple(replace(s, cost=s.cost * Decimal("1.2")) for s in offer.specs if s.cost))
        for offer in changed[: share // 2]
    ]
    await in_one_page(wide, [*dearer, *changed[share // 2 :], *everything[share:]])

    assert Counter(calls.made) == Counter(set_stock=share, set_prices=share // 2)
