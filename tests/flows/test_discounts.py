"""A discount that the seller set in the store outlives every new price."""

from __future__ import annotations

from dataclasses import replace

import pytest

from syncbridge.model.catalog import Listing
from syncbridge.store import listings
from syncbridge.testing.builders import make_offer, make_spec
from tests.flows.conftest import Shop, dollars
from tests.flows.shelf import OFFER, open_holds, read_again

pytestmark = pytest.mark.anyio


async def discounted(shop: Shop, amount: str) -> Listing:
    """The standard offer on sale; the seller discounts its first SKU, and the listing is read back."""
    listing = await shop.list_offer()
    first, second = shop.channel.shop[listing.listing_id].skus
    skus = (replace(first, discount=dollars(amount)), second)
    shop.channel.shop[listing.listing_id] = replace(listing, skus=skus)
    await shop.db.run(listings.believe, "toys", skus, now=shop.clock.now())
    return listing


def shown(shop: Shop, listing: Listing) -> list[tuple[str, str]]:
    return [(str(sku.price), str(sku.discount)) for sku in shop.channel.shop[listing.listing_id].skus]


async def test_a_discount_goes_out_with_the_new_price_of_its_sku(shop: Shop) -> None:
    listing = await discounted(shop, "6.99")
    await read_again(shop, make_offer(OFFER, make_spec(1, cost="18.00"), make_spec(2, cost="18.00", stock=7)))

    assert shown(shop, listing) == [("8.99 USD", "6.99 USD"), ("8.99 USD", "None")]


async def test_a_price_that_would_reach_the_discount_is_held_and_both_stay(shop: Shop) -> None:
    listing = await discounted(shop, "6.99")
    await read_again(shop, make_offer(OFFER, make_spec(1, cost="10.00"), make_spec(2, cost="14.90", stock=7)))

    held = await open_holds(shop, f"sku toys/{shop.code(0)}")
    assert held["price_step"]["why"] == "the discount of 6.99 USD set in the store would not be below 6.99 USD"
    assert shown(shop, listing)[0] == ("7.99 USD", "6.99 USD")
