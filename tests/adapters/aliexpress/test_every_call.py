"""Each call of the mock is driven by a client written from the documents alone, with lists bare and wrapped."""

from __future__ import annotations

from importlib.resources import files

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


def test_the_readme_lists_every_call_and_says_which_are_used():
    folder = files("syncbridge.adapters.aliexpress")
    rows = [row.split(" | ") for row in (folder / "README.md").read_text("utf-8").splitlines() if row.startswith("| `")]
    told = {row[0].strip("|` "): row[-1].strip("| ") for row in rows}
    source = "".join((folder / name).read_text("utf-8") for name in ("client.py", "shop_type.py"))
    prefixes = {"_POSTPRODUCT + ": "postproduct", "_switch(": "postproduct", "_LOGISTICS + ": "logistics"}
    for written, family in prefixes.items():
        source = source.replace(f'{written}"', f'"aliexpress.{family}.redefining.')
    used = {api for api in APIS if f'"{api}"' in source}
    assert {api: told.get(api) for api in APIS} == {api: "used" if api in used else "only imitated" for api in APIS}


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
