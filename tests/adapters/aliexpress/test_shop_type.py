"""What kind of shop it is, is asked once; those whose calls are others are named, and nothing else is called."""

from __future__ import annotations

from typing import Any

import anyio
import httpx
import pytest
from pydantic import SecretStr

from syncbridge.adapters.aliexpress import adapter
from syncbridge.adapters.aliexpress.settings import AliExpressSettings
from syncbridge.adapters.aliexpress.shop_type import SHOP_TYPE
from syncbridge.errors import NotGranted
from syncbridge.ports import Tokens
from syncbridge.testing.builders import make_listing_draft
from syncbridge.testing.clock import FixedClock
from syncbridge.testing.wiring import wiring_for
from tests.adapters.aliexpress.conftest import Store
from tests.adapters.ledger import ledger

pytestmark = pytest.mark.anyio


def calls(store: Store) -> dict[str, int]:
    made: dict[str, int] = ledger(store.mock)["calls"]
    return made


async def test_it_is_asked_once_whatever_comes_at_the_same_time(store: Store) -> None:
    async with anyio.create_task_group() as group:
        for _ in range(8):
            group.start_soon(store.channel.shipping_services)
    assert calls(store)[SHOP_TYPE] == 1


@pytest.mark.parametrize(
    ("kinds", "said"),
    [
        (("POP_CHOICE",), "semi-managed"),
        (("ONE_STOP_SERVICE",), "fully managed"),
        (("LOCAL_SERVICE",), "local"),
        (("ONE_STOP_SERVICE", "POP_CHOICE"), "fully managed"),
    ],
)
async def test_a_managed_shop_is_named_as_not_served_yet_and_nothing_is_written(
    store: Store, kinds: tuple[str, ...], said: str
) -> None:
    store.account.business_types = kinds
    for _ in range(2):
        with pytest.raises(NotGranted, match=f"{said}.*not served yet") as caught:
            await store.channel.publish(make_listing_draft())
    assert caught.value.code == "shop_type"
    assert list(calls(store)) == [SHOP_TYPE]


async def test_a_seller_who_runs_a_shop_called_pop_choice_says_so(make_store: type[Store]) -> None:
    store = make_store(pop_choice=True)
    store.account.business_types = ("POP_CHOICE",)
    assert await store.channel.publish(make_listing_draft())


async def test_a_shop_the_seller_runs_is_served_whatever_other_channels_it_is_on(store: Store) -> None:
    store.account.business_types = ("ONE_STOP_SERVICE", "POP")
    assert await store.channel.publish(make_listing_draft())


async def test_an_app_that_may_not_ask_goes_on(store: Store) -> None:
    store.account.withdrawn = (SHOP_TYPE,)
    assert await store.channel.publish(make_listing_draft())


@pytest.mark.parametrize(
    "told",
    [
        {"seller_relation_list": [{"business_type": "SOMETHING_NEW"}]},
        {"seller_relation_list": [{"business_type": None}, {}]},
        {"seller_relation_list": {"seller_relation_api_dto": [{"business_type": "POP"}]}},
        {"success": True},
        {"error_response": {"type": "ISV", "code": "InvalidApiPath", "msg": "no such call"}},
    ],
)
async def test_what_it_is_called_by_a_name_nobody_documented_does_not_matter(told: dict[str, Any]) -> None:
    def handle(request: httpx.Request) -> httpx.Response:
        is_asked = request.url.params["method"] == SHOP_TYPE
        return httpx.Response(200, json=told if is_asked else {"result_success": True, "result_list": []})

    settings = AliExpressSettings(app_key="1", app_secret=SecretStr("s"))
    wiring = wiring_for(httpx.MockTransport(handle), FixedClock(), Tokens("a", "r"))
    channel = adapter.connect(settings, wiring).channel
    assert channel
    assert await channel.shipping_services() == ()
