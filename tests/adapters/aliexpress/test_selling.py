"""What the seller, or the platform, changes by hand is read as it is."""

from __future__ import annotations

import pytest

from syncbridge.adapters.aliexpress.mock.selling import Edit, OffSale, delete, edit
from syncbridge.errors import NotFound
from syncbridge.model.catalog import Listing, ListingStatus
from syncbridge.testing.builders import make_listing_draft, usd
from tests.adapters.aliexpress.conftest import Answering, Seller, Store

pytestmark = pytest.mark.anyio


async def changed(store: Store, wanted: Edit) -> Listing:
    listing_id = await store.channel.publish(make_listing_draft())
    edit(store.mock.world, store.mock.world.products[int(listing_id)], wanted)
    return await store.channel.listing(listing_id)


@pytest.mark.parametrize(
    ("reason", "status"),
    [
        ("user_offline", ListingStatus.OFFLINE),
        ("expire_offline", ListingStatus.EXPIRED),
        ("violate_offline", ListingStatus.TAKEN_DOWN),
        ("punish_offline", ListingStatus.TAKEN_DOWN),
    ],
)
async def test_a_listing_off_sale_says_whose_doing_it_is(store: Store, reason: OffSale, status: ListingStatus) -> None:
    shown = await changed(store, Edit(off_sale=reason))

    assert (shown.status, shown.reason) == (status, reason)
    listed = [one async for page in store.channel.listings(since=None) for one in page.items]
    assert [one.status for one in listed] == [status]


async def test_a_listing_to_be_corrected_is_refused(store: Store) -> None:
    assert (await changed(store, Edit(refused=True))).status is ListingStatus.REFUSED


async def test_edits_by_hand_are_shown(store: Store) -> None:
    shown = await changed(
        store,
        Edit(
            title="Mine",
            html="<p>mine</p>",
            images="https://ae01.alicdn.com/kf/a.jpg;https://ae01.alicdn.com/kf/b.jpg",
            prices={"TYA001": "18.50"},
            stock={"TYA001": 3},
            codes={"TYA002": "TYB002"},
        ),
    )

    assert (shown.title, shown.description_html, len(shown.images)) == ("Mine", "<p>mine</p>", 2)
    assert [(sku.sku_code, sku.price, sku.stock) for sku in shown.skus] == [
        ("TYA001", usd("18.50"), 3),
        ("TYB002", usd("21.50"), 0),
    ]


async def test_a_sku_taken_out_by_hand_and_a_deleted_listing_are_not_there(store: Store) -> None:
    shown = await changed(store, Edit(remove=("TYA002",)))
    assert [sku.sku_code for sku in shown.skus] == ["TYA001"]

    delete(store.mock.world, store.mock.world.products[int(shown.listing_id)])
    with pytest.raises(NotFound):
        await store.channel.listing(shown.listing_id)


async def test_a_description_that_is_no_list_of_modules_is_shown_as_it_came(answering: Answering) -> None:
    product = {
        "product_id": 1005000000000001,
        "product_status_type": "onSelling",
        "locale": "en_US",
        "detail_source_list": [{"locale": "en_US", "web_detail": "<p>old</p>"}],
        "aeop_ae_product_s_k_us": [],
    }
    channel = answering(lambda api, given: {"aliexpress_offer_product_query_response": {"result": product}})

    assert (await channel.listing("1005000000000001")).description_html == "<p>old</p>"


async def test_the_mock_edits_and_deletes_over_http_and_refuses_what_it_does_not_know(seller: Seller) -> None:
    posted = await seller.post()
    product_id = posted["result"]["product_id"]
    await seller.control(f"/_mock/products/{product_id}/edit", {"title": "Mine", "off_sale": "user_offline"})
    (product,) = (await seller.books())["products"]
    assert (product["title"], product["status"]) == ("Mine", "offline")

    await seller.control(f"/_mock/products/{product_id}/edit", {"colour": "red"}, status=400)
    await seller.control(f"/_mock/products/{product_id}/edit", {"prices": {"NOSUCH": "1.00"}}, status=400)
    await seller.control(f"/_mock/products/{product_id}/delete", {})
    await seller.control(f"/_mock/products/{product_id}/delete", {}, status=400)
    assert (await seller.books())["products"] == []
