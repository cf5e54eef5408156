"""The same over AliExpress's wire, held against the mock's own books."""

from __future__ import annotations

import pytest

from syncbridge.adapters.aliexpress.mock.buying import Basket, Wish, buy
from syncbridge.adapters.aliexpress.mock.selling import Edit, delete, edit
from syncbridge.adapters.aliexpress.mock.world import Product
from syncbridge.testing.builders import make_offer, make_spec
from tests.adapters.aliexpress.conftest import Store
from tests.flows.conftest import Shop
from tests.flows.seller import locked, reconcile
from tests.flows.shelf import OFFER, open_holds, read_again

pytestmark = pytest.mark.anyio
DEARER = make_offer(OFFER, make_spec(1, cost="18.00", stock=50), make_spec(2, cost="18.00", stock=60))


@pytest.fixture
def store(shop: Shop) -> Store:
    """The shop sells on the mock of AliExpress."""
    made = Store(shop.clock)
    shop.channel = made.channel  # type: ignore[assignment]  # another channel
    shop.connect()
    return made


async def listed(shop: Shop, store: Store) -> Product:
    await read_again(shop, make_offer(OFFER, make_spec(1), make_spec(2)))
    await reconcile(shop)
    (product,) = store.mock.world.products.values()
    return product


def shown(product: Product) -> dict[str, tuple[str, int]]:
    return {sku.sku_code: (sku.price, sku.stock) for sku in product.skus}


def on_sale(product: Product) -> bool:
    return product.on_sale


async def test_edits_in_the_seller_centre_are_kept_and_the_rest_follows_the_supplier(shop: Shop, store: Store) -> None:
    product = await listed(shop, store)
    edit(store.mock.world, product, Edit(title="Mine", html="<p>mine</p>", prices={shop.code(0): "9.49"}))
    await reconcile(shop)
    await read_again(shop, DEARER)

    assert set(await locked(shop)) == {(shop.code(0), "price"), ("", "title"), ("", "description")}
    assert shown(product) == {shop.code(0): ("9.49", 48), shop.code(1): ("8.99", 58)}
    assert product.title == "Mine"


async def test_a_pass_over_an_unchanged_store_reads_its_list_and_no_listing(shop: Shop, store: Store) -> None:
    await listed(shop, store)
    before = dict(store.mock.world.calls)
    await reconcile(shop)

    made = {api: n - before.get(api, 0) for api, n in store.mock.world.calls.items() if n != before.get(api, 0)}
    assert made == {"aliexpress.postproduct.redefining.findproductinfolistquery": 4}  # a page for each status


async def test_stock_a_buyer_took_is_no_edit(shop: Shop, store: Store) -> None:
    product = await listed(shop, store)
    shop.clock.advance(3600)
    buy(store.mock.world, store.account, Basket([Wish(shop.code(0), 5)]))
    await reconcile(shop)
    await shop.poll("orders.poll", "toys")
    await shop.pass_time(301)

    assert await locked(shop) == {}
    assert shown(product)[shop.code(0)][1] == 93


async def test_off_sale_by_the_seller_by_time_or_by_the_platform_is_told_apart(shop: Shop, store: Store) -> None:
    product = await listed(shop, store)
    edit(store.mock.world, product, Edit(off_sale="expire_offline"))
    await reconcile(shop)
    assert on_sale(product)

    shop.clock.advance(600)
    edit(store.mock.world, product, Edit(off_sale="violate_offline"))
    await reconcile(shop)
    assert (await open_holds(shop, "listing toys/1"))["listing_taken_down"]["why"] == "violate_offline"
    assert not on_sale(product)

    edit(store.mock.world, product, Edit(on_sale=True))
    await reconcile(shop)
    edit(store.mock.world, product, Edit(off_sale="user_offline"))
    await reconcile(shop)
    assert set(await locked(shop)) == {("", "status")}
    assert not on_sale(product)


async def test_a_deleted_product_is_told(shop: Shop, store: Store) -> None:
    delete(store.mock.world, await listed(shop, store))
    await reconcile(shop)

    assert "listing_gone" in await open_holds(shop, "listing toys/1")
