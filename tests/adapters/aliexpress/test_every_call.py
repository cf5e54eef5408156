"""Each call of the mock is driven by a client written from the documents alone, with lists bare and wrapped."""

from __future__ import annotations

import pytest

from syncbridge.adapters.aliexpress.mock.api_list import APIS
from tests.adapters.aliexpress import catalogue_calls, parcel_calls, trade_calls
from tests.adapters.aliexpress.cases import CASES
from tests.adapters.aliexpress.shop import Shop

pytestmark = pytest.mark.anyio


@pytest.fixture
async def shop():
    made = await Shop().open()
    yield made
    await made.http.aclose()


def test_no_call_of_the_mock_is_left_out():
    assert catalogue_calls.case is parcel_calls.case is trade_calls.case  # they fill the one list
    assert CASES.keys() == APIS.keys()


@pytest.mark.parametrize("simplify", [True, False], ids=["bare", "wrapped"])
@pytest.mark.parametrize("api", sorted(CASES))
async def test_a_documented_call_works_as_documented(shop, api, simplify):
    shop.client.simplify = simplify
    await CASES[api](shop)


@pytest.mark.parametrize("api", sorted(CASES))
async def test_a_call_is_refused_without_a_token_that_is_in_force(shop, api):
    shop.client.keys = shop.client.keys | {"access_token": "old"}
    with pytest.raises(Exception, match="access token"):
        await shop.call(api)


@pytest.mark.parametrize("api", sorted(CASES))
async def test_a_call_refuses_a_parameter_nobody_documented(shop, api):
    with pytest.raises(Exception, match=r"colour|missing"):
        await shop.call(api, colour="red")
