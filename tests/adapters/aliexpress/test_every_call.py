"""Each call of the mock is driven by a client written from the documents alone, with lists bare and wrapped."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from importlib.resources import files

import pytest

from syncbridge.adapters.aliexpress.mock import gateway
from syncbridge.adapters.aliexpress.mock.api_list import APIS
from syncbridge.adapters.aliexpress.mock.apis import Payload
from syncbridge.adapters.aliexpress.mock.received import Received
from syncbridge.adapters.aliexpress.mock.world import Account, World
from tests.adapters import vendor_calls
from tests.adapters.aliexpress import catalogue_calls, parcel_calls, trade_calls
from tests.adapters.aliexpress.cases import CASES
from tests.adapters.aliexpress.shop import Shop

pytestmark = pytest.mark.anyio
COUNTING_LOOKS = (
    "aliexpress.trade.seller.order.decrypt",
    "aliexpress.logistics.redefining.getonlinelogisticsinfo",
    "aliexpress.logistics.querylogisticsorderdetail",
    "aliexpress.logistics.redefining.getprintinfo",
)
"""Calls that change nothing of the seller's, while the vendor counts how often it is asked."""


@pytest.fixture
async def shop() -> AsyncIterator[Shop]:
    made = await Shop().open()
    yield made
    await made.http.aclose()


def test_no_call_of_the_mock_is_left_out() -> None:
    assert catalogue_calls.case is parcel_calls.case is trade_calls.case  # type: ignore[attr-defined]  # they fill one list
    assert CASES.keys() == APIS.keys()


def test_the_readme_lists_every_call_and_says_which_are_used() -> None:
    text = files("syncbridge.adapters.aliexpress").joinpath("README.md").read_text("utf-8")
    rows = [row.split(" | ") for row in text.splitlines() if row.startswith("| `")]
    told = {row[0].strip("|` "): row[-1].strip("| ") for row in rows}
    calls = vendor_calls.rows_of("aliexpress")
    assert {api: told.get(api) for api in calls} == {
        api: "used" if row.abilities else "only imitated" for api, row in calls.items()
    }


@pytest.mark.parametrize("simplify", [True, False], ids=["bare", "wrapped"])
@pytest.mark.parametrize("api", sorted(CASES))
async def test_a_documented_call_works_as_documented(shop: Shop, api: str, simplify: bool) -> None:
    shop.client.simplify = simplify
    await CASES[api](shop)
    assert (await shop.books())["calls"][api]


@pytest.mark.parametrize("api", sorted(api for api, known in APIS.items() if not known.writes))
async def test_a_call_that_reads_leaves_the_shop_as_it_is(
    shop: Shop, api: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[str, str]] = []

    def watched(world: World, account: Account, given: Received) -> Payload:
        before = repr(vars(world))
        answer = APIS[api].act(world, account, given)
        told.append((before, repr(vars(world))))
        return answer

    monkeypatch.setattr(gateway, "APIS", {**APIS, api: replace(APIS[api], act=watched)})
    await CASES[api](shop)
    assert all(before == after for before, after in told) or api in COUNTING_LOOKS
    assert told


@pytest.mark.parametrize("api", sorted(CASES))
async def test_a_call_is_refused_without_a_token_that_is_in_force(shop: Shop, api: str) -> None:
    shop.client.keys = shop.client.keys | {"access_token": "old"}
    with pytest.raises(Exception, match="access token"):
        await shop.call(api)


@pytest.mark.parametrize("api", sorted(CASES))
async def test_a_call_refuses_a_parameter_nobody_documented(shop: Shop, api: str) -> None:
    with pytest.raises(Exception, match=r"colour|missing"):
        await shop.call(api, colour="red")
