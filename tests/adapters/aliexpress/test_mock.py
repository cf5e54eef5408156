"""The mock's gateway and products are at least as strict as the vendor, driven by a signer of their own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.adapters.aliexpress.conftest import Seller

pytestmark = pytest.mark.anyio
POST = "aliexpress.offer.product.post"
QUERY = "aliexpress.offer.product.query"
FIND = "aliexpress.trade.new.redefining.findorderbyid"
REFRESH = "/auth/token/refresh"
PRODUCT = json.loads((Path(__file__).parent / "product.json").read_text())
MODULES = PRODUCT["detail_source_list"][0]["web_detail"]


def sku(value: int = 193, **changes: object) -> dict[str, Any]:
    (first,) = PRODUCT["aeop_ae_product_s_k_us"]
    named = {"sku_code": f"TYA{value}", "aeop_s_k_u_property": [{"sku_property_id": 14, "property_value_id": value}]}
    whole: dict[str, Any] = first | named | changes
    return whole


def product(*skus: dict[str, Any], **changes: object) -> dict[str, Any]:
    words = PRODUCT | {"aeop_ae_product_s_k_us": list(skus) or [sku()]} | changes
    return {"aeop_a_e_product": {name: value for name, value in words.items() if value is not None}}


def code(answer: Any) -> str:
    said: str = answer["error_response"]["code"]
    return said


async def test_a_wrong_secret_is_refused(seller: Seller) -> None:
    assert code(await seller.sync(QUERY, {"product_id": "1"}, secret="guess")) == "IncompleteSignature"


async def test_a_parameter_changed_after_signing_is_refused(seller: Seller) -> None:
    query = {"app_key": seller.keys["app_key"], "sign_method": "sha256", "sign": "0" * 64, "method": QUERY}
    query["timestamp"] = str(int(seller.clock.now().timestamp() * 1000))
    response = await seller.http.post(f"/sync?{urlencode(query)}", headers=seller.form)
    assert code(response.json()) == "IncompleteSignature"


async def test_another_sign_method_is_refused(seller: Seller) -> None:
    assert code(await seller.sync(QUERY, {"product_id": "1"}, sign_method="md5")) == "IncompleteSignature"


@pytest.mark.parametrize("off", [-7201, 7201])
async def test_a_stale_timestamp_is_refused(seller: Seller, off: int) -> None:
    stamp = str(int((seller.clock.now().timestamp() + off) * 1000))
    assert code(await seller.sync(QUERY, {"product_id": "1"}, timestamp=stamp)) == "InvalidParameter"


async def test_an_unknown_app_a_missing_token_and_an_old_token_are_refused(seller: Seller) -> None:
    assert code(await seller.sync(QUERY, {"product_id": "1"}, app_key="9")) == "InvalidAppKey"
    assert code(await seller.sync(QUERY, {"product_id": "1"}, session="")) == "MissingParameter"
    assert code(await seller.sync(QUERY, {"product_id": "1"}, session="old")) == "IllegalAccessToken"


async def test_a_token_ends_after_thirty_days(seller: Seller) -> None:
    await seller.clock.sleep(30 * 86400)
    assert code(await seller.sync(QUERY, {"product_id": "1"})) == "IllegalAccessToken"


async def test_an_unknown_method_is_refused(seller: Seller) -> None:
    assert code(await seller.sync("aliexpress.offer.product.psot")) == "InvalidApiPath"


@pytest.mark.parametrize(
    ("business", "expected"),
    [
        ({}, "MissingParameter"),
        ({"product_id": "1", "colour": "red"}, "InvalidParameter"),
        ({"product_id": "one"}, "InvalidParameter"),
        ({"product_id": " "}, "InvalidParameter"),
    ],
)
async def test_unknown_missing_blank_and_mistyped_parameters_are_refused(
    seller: Seller, business: dict[str, Any], expected: str
) -> None:
    assert code(await seller.sync(QUERY, business)) == expected


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (product(category_id="200135143"), "InvalidParameter"),
        (product(image_u_r_ls=None), "MissingParameter"),
        (product(colour="red"), "InvalidParameter"),
        (product(package_type="false"), "InvalidParameter"),
        (product(gross_weight=0.5), "InvalidParameter"),
        (product(package_length=0), "InvalidParameter"),
        (product(reduce_strategy="later"), "InvalidParameter"),
        (product(product_id=1), "InvalidParameter"),
        (product(sku(ipm_sku_stock="7")), "InvalidParameter"),
        (product(sku(sku_price=19.9)), "InvalidParameter"),
        (product(sku(aeop_s_k_u_property=[{"sku_property_id": "14", "property_value_id": 193}])), "InvalidParameter"),
        (product(*(sku(value) for value in range(501))), "InvalidParameter"),
    ],
)
async def test_a_product_of_the_wrong_shape_is_refused(seller: Seller, words: dict[str, Any], expected: str) -> None:
    assert code(await seller.sync(POST, words)) == expected


@pytest.mark.parametrize(
    ("words", "sub_code"),
    [
        (product(category_id=2), "F00-00-10020-004"),
        (product(subject_list=[{"locale": "en_US", "value": "n" * 219}]), "7090001"),
        (product(sku(sku_code="")), "F00-00-10007-009"),
        (product(sku(sku_code="T" * 21)), "isv.invalid-parameter"),
        (product(sku(sku_code="TY A")), "isv.invalid-parameter"),
        (product(sku(1, sku_code="A"), sku(2, sku_code="A")), "isv.invalid-parameter"),
        (product(sku(1, sku_code="A"), sku(1, sku_code="B")), "isv.invalid-parameter"),
        (product(sku(1), sku(2, aeop_s_k_u_property=[])), "isv.invalid-parameter"),
        (product(sku(ipm_sku_stock=0)), "isv.invalid-parameter"),
        (product(sku(sku_price="0")), "isv.invalid-parameter"),
        (product(image_u_r_ls="one.jpg"), "isv.invalid-parameter"),
        (product(gross_weight="0.000"), "isv.invalid-parameter"),
        (product(package_length=700, package_width=600, package_height=500), "isv.invalid-parameter"),
        (product(lot_num=2), "isv.invalid-parameter"),
        (product(detail_source_list=[{"locale": "en_US", "web_detail": "<p>", "mobile_detail": MODULES}]), None),
        (product(detail_source_list=[{"locale": "en_US", "web_detail": "{}", "mobile_detail": MODULES}]), None),
    ],
)
async def test_a_product_against_the_rules_is_refused(
    seller: Seller, words: dict[str, Any], sub_code: str | None
) -> None:
    answer = await seller.sync(POST, words)
    assert (code(answer), answer["error_response"]["sub_code"]) == ("15", sub_code or "isv.invalid-parameter")
    books = await seller.books()
    assert books["products"] == []
    assert books["refused"] == {sub_code or "isv.invalid-parameter": 1}


async def test_the_same_product_twice_is_two_products(seller: Seller) -> None:
    for _ in range(2):
        assert (await seller.sync(POST, product()))["result"]["product_id"]
    assert len((await seller.books())["products"]) == 2


async def test_a_product_is_examined_for_a_while_and_then_on_sale(seller: Seller) -> None:
    await seller.control("/_mock/settings", {"audit_seconds": 5})
    await seller.sync(POST, product())
    (before,) = (await seller.books())["products"]
    await seller.clock.sleep(5)
    (after,) = (await seller.books())["products"]
    assert (before["status"], after["status"]) == ("auditing", "onSelling")


async def test_a_sku_is_named_by_its_properties(seller: Seller) -> None:
    two = [{"sku_property_id": 14, "property_value_id": 193}, {"sku_property_id": 5, "property_value_id": 100014065}]
    await seller.sync(POST, product(sku(aeop_s_k_u_property=two)))
    await seller.sync(POST, product(sku(aeop_s_k_u_property=[])))
    assert [made["skus"][0]["id"] for made in (await seller.books())["products"]] == ["14:193;5:100014065", "<none>"]


async def test_lists_are_wrapped_unless_simplified(seller: Seller) -> None:
    product_id = str((await seller.sync(POST, product()))["result"]["product_id"])
    wrapped = await seller.sync(QUERY, {"product_id": product_id}, simplify="")
    result = wrapped["aliexpress_offer_product_query_response"]["result"]
    assert result["aeop_ae_product_s_k_us"]["aeop_ae_product_sku"][0]["id"] == "14:193"
    plain = await seller.sync(QUERY, {"product_id": product_id})
    assert plain["result"]["aeop_ae_product_s_k_us"][0]["aeop_s_k_u_property_list"][0]["sku_property_id"] == 14


@pytest.mark.parametrize(
    ("api", "name", "value"),
    [
        ("aliexpress.offer.product.skuprices.edit", "sku_id_price_map", {"14:175": "1.00"}),
        ("aliexpress.offer.product.skuprices.edit", "sku_id_price_map", {"14:193": "100001"}),
        ("aliexpress.postproduct.redefining.editmutilpleskustocks", "sku_stocks", {"TYA193": 1}),
        ("aliexpress.postproduct.redefining.editmutilpleskustocks", "sku_stocks", {"14:193": 0}),
    ],
)
async def test_a_change_against_the_rules_is_refused_in_the_answer(
    seller: Seller, api: str, name: str, value: dict[str, Any]
) -> None:
    product_id = str((await seller.sync(POST, product()))["result"]["product_id"])
    result = (await seller.sync(api, {"product_id": product_id, name: value}))["result"]
    assert (result["success"], result["modify_count"]) == (False, 0)
    assert result["error_message"]


async def test_a_renewal_ends_both_old_tokens_and_keeps_the_last_day(seller: Seller) -> None:
    await seller.clock.sleep(86400)
    renewed = await seller.rest(REFRESH, {"refresh_token": seller.keys["refresh_token"]})
    assert (renewed["code"], renewed["expires_in"], renewed["refresh_expires_in"]) == ("0", 2592000, 59 * 86400)
    assert code(await seller.sync(QUERY, {"product_id": "1"})) == "IllegalAccessToken"
    again = await seller.rest(REFRESH, {"refresh_token": seller.keys["refresh_token"]})
    assert (again["code"], again["type"]) == ("IllegalRefreshToken", "ISV")


async def test_the_path_is_part_of_a_rest_signature(seller: Seller) -> None:
    answer = await seller._call(f"/rest{REFRESH}", "", {}, {"refresh_token": "x"}, None)
    assert answer["code"] == "IncompleteSignature"


async def test_sellers_see_only_their_own(seller: Seller) -> None:
    order_id = await seller.order()
    product_id = str((await seller.sync(POST, product()))["result"]["product_id"])
    await seller.open()
    assert "target" not in await seller.sync(FIND, {"param1": {"order_id": int(order_id)}})
    assert (await seller.sync(QUERY, {"product_id": product_id}))["result"] == {}


async def test_a_lost_answer_has_acted(seller: Seller) -> None:
    await seller.control("/_mock/faults", {"api": POST, "fault": "lose_answer"})
    before = seller.clock.now()
    await seller.sync(POST, product())
    assert (seller.clock.now() - before).total_seconds() == pytest.approx(60)
    assert len((await seller.books())["products"]) == 1


async def test_a_rate_limit_says_how_long(seller: Seller) -> None:
    await seller.control("/_mock/faults", {"api": "*", "fault": "rate_limit", "count": 2})
    answers = [await seller.sync(QUERY, {"product_id": "1"}) for _ in range(3)]
    assert "this ban will last 1 seconds" in answers[1]["error_response"]["msg"]
    assert "result" in answers[2]


async def test_a_token_told_to_expire_stays_expired(seller: Seller) -> None:
    await seller.control("/_mock/faults", {"api": QUERY, "fault": "token_expired"})
    for _ in range(2):
        assert code(await seller.sync(QUERY, {"product_id": "1"})) == "IllegalAccessToken"
    assert (await seller.rest(REFRESH, {"refresh_token": seller.keys["refresh_token"]}))["code"] == "0"


async def test_an_unavailable_vendor_answers_a_page_and_does_nothing(seller: Seller) -> None:
    await seller.control("/_mock/faults", {"api": POST, "fault": "unavailable"})
    answer = await seller.sync(POST, product())
    assert (answer.status_code, answer.text[:6]) == (503, "<html>")
    assert (await seller.books())["products"] == []


def quotes(data: object, kind: str = "percentage") -> dict[str, str]:
    return {"configuration_type": kind, "configuration_data": json.dumps(data)}


@pytest.mark.parametrize(
    ("configuration", "said"),
    [
        (quotes([{"shiptoCountry": "GB", "absoluteQuoteMap": {"14:193": "1"}}]), "GB"),
        (quotes([{"shiptoCountry": "DE", "absoluteQuoteMap": {"14:194": "1"}}]), "14:194"),
        (quotes([{"shiptoCountry": "DE", "absoluteQuoteMap": {"14:193": "-51"}}]), "-51"),
        (quotes([{"shiptoCountry": "DE", "absoluteQuoteMap": {"14:193": "1.5"}}]), "1.5"),
        (quotes([{"country": "DE"}]), "country"),
        ({"configuration_type": "percentage", "configuration_data": "[}"}, "JSON"),
        (quotes([{"shiptoCountry": "DE", "absoluteQuoteMap": {"14:193": "9.94"}}], "absolute"), "9.94"),
        (quotes([{"shiptoCountry": "DE", "absoluteQuoteMap": {"14:193": "-9.96"}}], "relative"), "-9.96"),
        (quotes([{"shiptoCountry": "DE", "absoluteQuoteMap": {"14:193": "null"}}], "absolute"), "null"),
    ],
)
async def test_prices_of_countries_against_the_rules_are_refused(
    seller: Seller, configuration: dict[str, str], said: str
) -> None:
    asked = product()
    asked["aeop_a_e_product"]["aeop_national_quote_configuration"] = configuration
    assert said in str(await seller.sync(POST, asked))
    assert (await seller.books())["products"] == []


async def test_the_call_for_all_prices_erases_discounts_and_the_one_for_a_single_price_sets_it(seller: Seller) -> None:
    product_id = str((await seller.sync(POST, product(sku(sku_discount_price="17.90"))))["result"]["product_id"])
    await seller.sync("aliexpress.offer.product.skuprices.edit", edit(product_id, {"14:193": "20.90"}))
    assert await shown(seller) == ("20.90", None)
    single = {"product_id": product_id, "sku_id": "14:193", "sku_price": "21.90", "sale_price": "18.90"}
    await seller.sync("aliexpress.postproduct.redefining.editsingleskuprice", single)
    assert await shown(seller) == ("21.90", "18.90")
    dearer = await seller.sync("aliexpress.postproduct.redefining.editsingleskuprice", single | {"sale_price": "21.90"})
    assert dearer["result"]["success"] is False
    nobody = await seller.sync("aliexpress.postproduct.redefining.editsingleskuprice", single | {"sku_id": "5:1"})
    assert nobody["result"]["success"] is False


def edit(product_id: str, prices: dict[str, str]) -> dict[str, object]:
    return {"product_id": product_id, "sku_id_price_map": prices}


async def shown(seller: Seller) -> tuple[str, str | None]:
    (made,) = (await seller.books())["products"]
    return made["skus"][0]["price"], made["skus"][0]["discount"]
