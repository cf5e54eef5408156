"""Looking for offers at 1688, and what people call an offer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from syncbridge.adapters import alibaba1688
from syncbridge.adapters.alibaba1688 import answers, client, reading
from syncbridge.adapters.alibaba1688.mock.words import wire_offer
from syncbridge.adapters.http import Answer
from syncbridge.errors import Rejected
from syncbridge.model.catalog import Search
from syncbridge.testing.builders import make_offer
from tests.adapters.alibaba1688.caller import Caller, code

if TYPE_CHECKING:
    from tests.adapters.alibaba1688.conftest import Bench

pytestmark = pytest.mark.anyio
SAMPLES = Path(alibaba1688.__file__).with_name("samples")
KEYWORD = "com.alibaba.fenxiao.crossborder/product.search.keywordQuery"
SHOP = "com.alibaba.fenxiao.crossborder/product.search.querySellerOfferList"
PAGE = {"keyword": "notebook", "beginPage": 1, "pageSize": 20, "country": "en"}


def answer(result: object) -> Answer:
    body = {"result": {"success": True, "code": "200", "message": "", "result": result}}
    return Answer(200, json.dumps(body).encode())


@pytest.mark.parametrize(("api", "sample"), [(client.KEYWORD, "keyword_query"), (client.SHOP, "seller_offers")])
def test_the_official_searches_read(api: answers.Api, sample: str) -> None:
    page = client.found(api, Answer(200, (SAMPLES / f"{sample}.json").read_bytes()))

    assert page.total_page == 123
    assert len(page.data or ()) == 1


@pytest.mark.parametrize("nothing", [None, {"totalRecords": 0, "totalPage": 0, "data": None}, {"data": []}])
def test_nothing_found_is_nothing_however_it_is_said(nothing: object) -> None:
    assert not client.found(client.KEYWORD, answer(nothing)).data


async def test_a_found_offer_without_an_id_does_not_stop_its_page(bench: Bench) -> None:
    bench.publish(make_offer())
    bench.mock.state.publish(wire_offer(make_offer("600000000002")) | {"subject": "Notebook"})
    bench.mock.state.offers[600000000002]["offerId"] = None
    pages = [page async for page in bench.supplier.search(Search("notebook"), since=None)]

    assert [page.items for page in pages] == [("676651652931",)]
    assert "named no id" in pages[0].failures[0][1]


async def test_no_page_is_asked_for_after_the_last(bench: Bench) -> None:
    for number in range(40):
        bench.publish(make_offer(str(600000000000 + number)))
    assert len([page async for page in bench.supplier.search(Search("notebook"), since=None)]) == 2
    assert bench.mock.state.calls["product.search.keywordQuery"] == 2


@pytest.mark.parametrize(
    ("api", "query", "refused"),
    [
        (KEYWORD, {key: PAGE[key] for key in PAGE if key != "country"}, "gw.ParamMissing"),
        (KEYWORD, {key: PAGE[key] for key in PAGE if key != "keyword"}, "gw.ParamMissing"),
        (KEYWORD, PAGE | {"sellerOpenId": "x"}, "gw.ParamInvalid"),
        (KEYWORD, PAGE | {"beginPage": "1"}, "gw.ParamInvalid"),
        (SHOP, PAGE, "gw.ParamMissing"),
        (SHOP, PAGE | {"sellerOpenId": "x", "snId": "978"}, "gw.ParamInvalid"),
    ],
)
async def test_a_search_that_is_not_as_documented_is_refused(
    call: Caller, api: str, query: dict[str, Any], refused: str
) -> None:
    assert code(await call(api, offerQueryParam=query)) == (400, refused)


@pytest.mark.parametrize("page", [{"pageSize": 51}, {"pageSize": 0}, {"beginPage": 0}])
async def test_a_page_out_of_bounds_is_refused(call: Caller, page: dict[str, int]) -> None:
    told = (await call(KEYWORD, offerQueryParam=PAGE | page)).json()["result"]

    assert (told["success"], told["code"]) == (False, "400")


async def test_a_refusal_names_the_api_that_was_called(bench: Bench) -> None:
    bench.mock.state.switches.longest_search_page = 10
    with pytest.raises(Rejected, match="querySellerOfferList"):
        await anext(aiter(bench.supplier.search(Search(shop="x"), since=None)))


@pytest.mark.parametrize(
    "text",
    [
        "676651652931",
        " 676651652931\t",
        "https://detail.1688.com/offer/676651652931.html",
        "https://detail.1688.com/offer/676651652931.html?spm=a26352.b28411319&cosite=-#top",
        "detail.1688.com/offer/676651652931.html",
        "http://m.1688.com/offer/676651652931.html",
        "https://detail.m.1688.com/page/index.html?offerId=676651652931&from=share",
    ],
)
def test_an_offer_is_known_by_its_id_and_by_its_addresses(text: str) -> None:
    assert reading.offer_named(text) == "676651652931"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("67665165293x", "no offer id"),
        ("６７６６５１６５２９３１", "no offer id"),
        ("12", "no offer id"),
        ("", "no offer id"),
        ("6.76652E+11", "no offer id"),
        ("https://item.taobao.com/item.htm?id=676651652931", "item.taobao.com. is not 1688"),
        ("https://detail.1688.com.evil.com/offer/676651652931.html", "is not 1688"),
        ("https://user@evil.com/offer/676651652931.html", "is not 1688"),
        ("https://shop1.1688.com/page/offerlist.htm", "is not 1688"),
        ("https://detail.1688.com/offer/", "no product page"),
        ("https://detail.1688.com/offer/1.html", "no product page"),
        ("https://[detail.1688.com/offer/676651652931.html", "no address"),
    ],
)
def test_what_names_no_offer_is_refused_with_what_to_write(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        reading.offer_named(text)
