"""However the vendor spells an answer, it reads alike: numbers as texts, ids as numbers, lists wrapped, news added."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest

from syncbridge.adapters.aliexpress import adapter
from syncbridge.adapters.aliexpress.channel import AliExpressChannel
from syncbridge.model.catalog import ListingDraft, PriceUpdate, SkuDraft, SkuProperty, StockUpdate
from syncbridge.model.paging import Cursor, Page
from syncbridge.model.shipping import Trail
from syncbridge.ports import Tokens
from syncbridge.testing.builders import make_listing_draft, make_order, usd
from syncbridge.testing.wiring import wiring_for
from tests.adapters.aliexpress.conftest import Store

pytestmark = pytest.mark.anyio
ORDER = "8172481060036440"
Respell = Callable[[Any], Any]


def one_sku() -> ListingDraft:
    return make_listing_draft(SkuDraft("TYA001", usd("19.90"), 7, properties=(SkuProperty("14", "193", "Black"),)))


def everywhere(change: Respell) -> Respell:
    """The answer with each of its values changed."""

    def changed(value: Any) -> Any:
        if isinstance(value, dict):
            return change({name: changed(item) for name, item in value.items()})
        return change([changed(item) for item in value] if isinstance(value, list) else value)

    return changed


def is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def is_id(value: object) -> bool:
    return isinstance(value, str) and value.isdecimal() and not value.startswith("0") and len(value) < 18


def with_news(value: Any) -> Any:
    return value | {"added_lately": {"id": 1}, "also_new": None} if value and isinstance(value, dict) else value


def success_with_a_code(value: Any) -> Any:
    return value | {"error_code": "1"} if isinstance(value, dict) and value.get("success") is True else value


SPELLINGS = {
    "numbers as texts": everywhere(lambda value: str(value) if is_number(value) else value),
    "ids as numbers": everywhere(lambda value: int(value) if is_id(value) else value),
    "unknown fields and nulls": everywhere(with_news),
    "an error code beside a success": everywhere(success_with_a_code),
}


class Spelt(httpx.AsyncBaseTransport):
    """The mock, whose answers are spelt otherwise."""

    def __init__(self, inner: httpx.AsyncBaseTransport, spell: Respell) -> None:
        self._inner = inner
        self._spell = spell

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        answer = await self._inner.handle_async_request(request)
        content = json.dumps(self._spell(json.loads(await answer.aread()))).encode()
        return httpx.Response(answer.status_code, content=content)


async def all_of(pages: AsyncIterator[Page[Any]]) -> list[tuple[object, object]]:
    return [(page.items, page.failures) async for page in pages]


async def day(store: Store, channel: AliExpressChannel) -> list[object]:
    """What a day of a store reads and does."""
    listing_id = await channel.publish(one_sku())
    first = await channel.listing(listing_id)
    (sku,) = first.skus
    done = [
        await channel.set_prices([PriceUpdate(listing_id, {sku.sku_key: usd("21.90")})]),
        await channel.set_stock([StockUpdate(listing_id, {sku.sku_key: 3})]),
        await channel.set_on_sale([listing_id, "7"], on_sale=False),
    ]
    store.buy(make_order(ORDER, store.clock.now()))
    draft = store.draft()
    booking = await channel.book(draft)
    store.mock.world.trails["LX1"] = [
        {"event_date": "2026-03-01 10:00:00", "action_code": "SOMETHING_NEW", "event_desc": "?", "address": ""},
        {"event_date": "2026-03-02 10:00:00", "action_code": "GTMS_SIGNED", "event_desc": "here", "address": "Madrid"},
    ]
    found = [await channel.booked(draft, since=store.clock.now()) for _ in range(3)][-1]
    await channel.declare(ORDER, store.shipment(), complete=True)
    return [
        first, await channel.listing(listing_id), done, await all_of(channel.listings(since=None)),
        await all_of(channel.orders(since=Cursor(store.clock.now().isoformat()))), await channel.order(ORDER),
        await channel.shipping_services(), await channel.declared(ORDER), await channel.lines(draft), booking, found,
        [await channel.label(one) for one in found for _ in range(2)],
        await channel.track([Trail("CAINIAO_STANDARD", "LX1", ORDER, "ES")]),
    ]  # fmt: skip


@pytest.mark.parametrize("simplify", [True, False], ids=["bare", "wrapped"])
@pytest.mark.parametrize("spelling", SPELLINGS)
async def test_an_answer_reads_alike_in_every_spelling(make_store: type[Store], spelling: str, simplify: bool) -> None:
    plain = make_store()
    told = await day(plain, plain.channel)
    store = make_store(simplify=simplify)
    wiring = wiring_for(Spelt(store.transport, SPELLINGS[spelling]), store.clock, Tokens(store.account.access_token))
    channel = adapter.connect(store.settings, wiring).channel
    assert isinstance(channel, AliExpressChannel)
    assert await day(store, channel) == told
