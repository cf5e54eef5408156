"""Rows of the fault matrix, as they meet a store on AliExpress."""

from __future__ import annotations

import httpx
import pytest

from syncbridge.adapters.aliexpress import adapter
from syncbridge.adapters.aliexpress.mock.limits import Quota
from syncbridge.adapters.aliexpress.mock.world import FaultName
from syncbridge.errors import AccessExpired, OutcomeUnknown, RateLimited, Rejected, Transient, VendorDown
from syncbridge.model.catalog import StockUpdate
from syncbridge.ports import Channel, Tokens
from syncbridge.testing.builders import make_listing_draft
from syncbridge.testing.wiring import wiring_for
from tests.adapters.aliexpress.conftest import Answering, Store
from tests.adapters.ledger import ledger

pytestmark = pytest.mark.anyio


def other_store(store: Store) -> Channel:
    """Another seller's store at the same vendor."""
    account = store.mock.world.open_account()
    keys = {"app_key": account.app_key, "app_secret": account.app_secret}
    urls = {"base_url": "http://mock", "auth_url": "http://mock"}
    settings = type(store.settings).model_validate(keys | urls)
    tokens = Tokens(account.access_token, account.refresh_token)
    channel = adapter.connect(settings, wiring_for(store.transport, store.clock, tokens)).channel
    assert channel is not None
    return channel


async def test_row_08_a_business_refusal_with_http_200_is_a_no_with_its_code_and_without_secrets(
    answering: Answering,
) -> None:
    words = "no; session=abcdef0123; call 13812345678"
    said = {"result": {"success": False, "error_code": "F99-new", "error_message": words}}
    with pytest.raises(Rejected) as caught:
        await answering(lambda *_: said).publish(make_listing_draft())
    assert caught.value.code == "F99-new"
    assert "F99-new" in caught.value.body
    told = f"{caught.value} {caught.value.body}"
    assert "session=***" in told
    assert "abcdef0123" not in told
    assert "13812345678" not in told


async def test_row_09_a_ban_says_how_long_and_other_stores_go_on(store: Store) -> None:
    other = other_store(store)
    await store.channel.shipping_services()
    await other.shipping_services()
    store.pass_time(1)
    store.mock.world.quota = Quota(per_second=1, ban_seconds=13)
    await store.channel.shipping_services()
    with pytest.raises(RateLimited) as caught:
        await store.channel.shipping_services()
    assert caught.value.retry_after == 13
    assert await other.shipping_services()


@pytest.mark.parametrize("fault", ["html", "truncated"])
async def test_row_12_a_page_or_half_an_answer_is_no_data(store: Store, fault: FaultName) -> None:
    store.mock.world.plan_fault("aliexpress.offer.product.query", fault, count=3)
    with pytest.raises(VendorDown):
        await store.channel.listing("7")
    store.mock.world.plan_fault("aliexpress.offer.product.post", fault)
    with pytest.raises(OutcomeUnknown):
        await store.channel.publish(make_listing_draft())


@pytest.mark.parametrize("deep", [b"[" * 100_000, b'{"result":' * 100_000, b'{"result":' + b"[" * 5_000 + b"]" * 5_000])
async def test_row_15_an_answer_nested_without_end_is_no_data(answering: Answering, deep: bytes) -> None:
    channel = answering(lambda *_: httpx.Response(200, content=deep))
    with pytest.raises(Transient):
        await channel.listing("7")
    with pytest.raises(OutcomeUnknown):
        await channel.publish(make_listing_draft())


async def test_row_18_a_token_that_ends_in_the_middle_of_a_batch_fails_none_of_it(store: Store) -> None:
    listing_ids = [await store.channel.publish(make_listing_draft()) for _ in range(3)]
    store.mock.world.plan_fault("aliexpress.postproduct.redefining.editmutilpleskustocks", "token_expired")
    updates = [StockUpdate(listing_id, {"14:193": 5}) for listing_id in listing_ids]
    assert not await store.channel.set_stock(updates)
    assert store.vault.refreshes == 1
    assert {made["skus"][0]["stock"] for made in ledger(store.mock)["products"]} == {5}


async def test_row_20_a_store_whose_consent_was_withdrawn_is_paused_and_others_go_on(store: Store) -> None:
    other = other_store(store)
    store.account.access_token, store.account.refresh_token = "", ""
    with pytest.raises(AccessExpired, match="authorise the store again"):
        await store.channel.shipping_services()
    assert await other.shipping_services()
