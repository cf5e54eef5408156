"""A store that was there before us: filled in by a control call, read like any other, of whatever status."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from syncbridge.model.catalog import ListingStatus
from syncbridge.testing.control import MockControl, MockRefused
from tests.adapters.aliexpress.conftest import Store

pytestmark = pytest.mark.anyio
RED = {"sku_property_id": 14, "property_value_id": 10, "property_value_definition_name": "Red",
       "sku_image": "https://ae01.alicdn.com/kf/red.jpg"}  # fmt: skip
BLUE = {"sku_property_id": 14, "property_value_id": 173}


def sku(
    code: str = "A-1", price: str = "5.00", stock: int = 3, properties: Sequence[dict[str, Any]] = (RED,)
) -> dict[str, Any]:
    return {"code": code, "price": price, "stock": stock, "properties": list(properties)}


def product(*skus: dict[str, Any], **changes: object) -> dict[str, Any]:
    return {"title": "Old lamp", "skus": list(skus) or [sku()]} | changes


class Seller:
    def __init__(self, store: Store) -> None:
        self.store = store
        self.control = MockControl("http://mock", app=store.mock.asgi())

    async def fill(self, *products: dict[str, Any]) -> list[str]:
        token = self.store.account.access_token
        told = await self.control.tell("products", access_token=token, products=list(products))
        product_ids = told["product_ids"]
        assert isinstance(product_ids, list)
        return product_ids


@pytest.fixture
async def seller(store: Store) -> AsyncIterator[Seller]:
    made = Seller(store)
    async with made.control:
        yield made


async def test_codes_may_be_empty_or_repeated_and_every_status_is_listed(seller: Seller) -> None:
    await seller.fill(
        product(sku(""), sku("", properties=[BLUE])),
        product(status="offline"),
        product(status="auditing"),
        product(status="editingRequired"),
    )
    read = [item async for page in seller.store.channel.listings(since=None) for item in page.items]
    assert {listing.status for listing in read} == {
        ListingStatus.ON_SALE,
        ListingStatus.OFFLINE,
        ListingStatus.AUDITING,
        ListingStatus.REFUSED,
    }
    whole = [await seller.store.channel.listing(listing.listing_id) for listing in read]
    assert sorted(one.sku_code for listing in whole for one in listing.skus) == ["", "", "A-1", "A-1", "A-1"]


async def test_a_listing_is_read_with_images_category_template_and_properties(seller: Seller) -> None:
    images = ["https://ae01.alicdn.com/kf/1.jpg", "https://ae01.alicdn.com/kf/2.jpg"]
    (listing_id,) = await seller.fill(product(sku(), sku("B", properties=[BLUE]), images=images))
    read = await seller.store.channel.listing(listing_id)
    assert (read.images, read.category_id, read.freight_template_id) == (tuple(images), "200135143", "50164494212")
    one, other = (shown.properties[0] for shown in read.skus)
    assert (one.property_id, one.value_id, one.name, one.image_url) == ("14", "10", "Red", RED["sku_image"])
    assert (other.name, other.image_url) == (None, None)


@pytest.mark.parametrize(
    "wrong",
    [
        product(sku("with space")),
        product(sku("x" * 21)),
        product(sku(price="0.00")),
        product(sku(price="100000.01")),
        product(sku(), sku("B")),
        product(sku(properties=[]), sku("B")),
        product(sku(stock=0)),
        product(category_id=1),
        product(title=""),
    ],
)
async def test_what_the_seller_centre_would_not_take_is_refused_and_nothing_is_added(
    seller: Seller, wrong: dict[str, Any]
) -> None:
    with pytest.raises(MockRefused, match="the mock refused products"):
        await seller.fill(product(), wrong)
    assert (await seller.control.books())["products"] == []
