"""What the vendor would refuse is said before anything is sent."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from syncbridge.adapters.aliexpress.drafts import problems, product
from syncbridge.errors import Rejected
from syncbridge.model.catalog import Attribute, ListingDraft, ListingEdit, SkuDraft, SkuProperty
from syncbridge.model.money import Money
from syncbridge.testing.builders import make_listing_draft, usd
from tests.adapters.aliexpress.conftest import Store
from tests.adapters.ledger import ledger


def sku(code: str = "TYA001", price: str = "19.90", stock: int = 7, value: str = "193") -> SkuDraft:
    return SkuDraft(code, usd(price), stock, properties=colour(value))


def colour(value: str) -> tuple[SkuProperty, ...]:
    return (SkuProperty("14", value, "Black"),)


def many(count: int) -> list[SkuDraft]:
    return [sku(f"TYA{number}", stock=1, value=str(number)) for number in range(count)]


def test_a_sound_draft_has_no_problems() -> None:
    assert problems(make_listing_draft()) == []
    assert problems(make_listing_draft(*many(500), title="n" * 128)) == []


@pytest.mark.parametrize(
    ("draft", "said"),
    [
        (make_listing_draft(title="n" * 129), "129 characters"),
        (make_listing_draft(title=" "), "title is empty"),
        (make_listing_draft(description_html=""), "description is empty"),
        (make_listing_draft(images=()), "0 main images"),
        (make_listing_draft(images=("https://a.jpg",) * 7), "7 main images"),
        (make_listing_draft(images=("https://a.jpg;b",)), "separates images"),
        (make_listing_draft(category_id="toys"), "category 'toys' is not a number"),
        (make_listing_draft(freight_template_id=""), "freight template"),
        (make_listing_draft(attributes=(Attribute("Brand", "x"),)), "attribute 'Brand'"),
        (make_listing_draft(weight_g=0), "weight"),
        (make_listing_draft(weight_g=500_001), "weight"),
        (make_listing_draft(package_cm=(701, 1, 1)), "side of the package"),
        (make_listing_draft(package_cm=(700, 600, 500)), "girth"),
        (make_listing_draft(dispatch_days=31), "31 days"),
        (make_listing_draft(*many(501)), "501 SKUs"),
        (make_listing_draft(sku(stock=0)), "stock of all SKUs"),
        (make_listing_draft(sku(stock=1_000_000)), "1000000"),
        (make_listing_draft(sku(), sku(value="175")), "same code"),
        (make_listing_draft(sku(), sku("TYA002")), "same properties"),
        (make_listing_draft(sku(), SkuDraft("TYA002", usd("1.00"), 1)), "same kinds of properties"),
        (make_listing_draft(sku("TY-A001")), "letters and digits"),
        (make_listing_draft(sku("T" * 21)), "letters and digits"),
        (make_listing_draft(sku("")), "letters and digits"),
        (make_listing_draft(sku(price="0")), "between 0.01 and 100000"),
        (make_listing_draft(sku(price="100000.01")), "between 0.01 and 100000"),
        (make_listing_draft(sku(price="1.005")), "fractions"),
        (make_listing_draft(SkuDraft("TYA001", Money.of("9", "EUR"), 1)), "priced in EUR"),
        (make_listing_draft(SkuDraft("TYA001", usd("9"), 1, colour("x"))), "not a number"),
        (make_listing_draft(SkuDraft("TYA001", usd("9"), 1, colour("1") * 4)), "more than 3"),
    ],
)
def test_a_draft_the_vendor_would_refuse_is_explained(draft: ListingDraft, said: str) -> None:
    assert any(said in problem for problem in problems(draft)), problems(draft)


def test_the_product_is_in_the_vendors_words_and_units() -> None:
    words: dict[str, Any] = product(make_listing_draft(images=("https://a.jpg", "https://b.jpg"), weight_g=350))
    assert words["image_u_r_ls"] == "https://a.jpg;https://b.jpg"
    assert words["gross_weight"] == "0.350"
    assert words["category_id"] == 200135143
    assert words["subject_list"] == [{"locale": "en_US", "value": "Notebook B5"}]
    assert words["aeop_ae_product_s_k_us"][0]["sku_price"] == "19.90"


def test_the_description_is_a_page_and_plain_text_for_telephones() -> None:
    html = "<style>p{}</style><p>Two &amp; three</p><p>lines</p><img src='x'>"
    words: dict[str, Any] = product(make_listing_draft(description_html=html))
    (detail,) = words["detail_source_list"]
    assert json.loads(detail["web_detail"]) == {
        "version": "2.0.0",
        "moduleList": [{"type": "html", "html": {"content": html}}],
    }
    assert json.loads(detail["mobile_detail"])["moduleList"] == [
        {"type": "text", "texts": [{"content": "Two & three lines", "class": "body"}]}
    ]


def test_a_description_of_pictures_only_has_the_title_on_telephones() -> None:
    words: dict[str, Any] = product(make_listing_draft(description_html="<img src='x'>"))
    (detail,) = words["detail_source_list"]
    assert "Notebook B5" in detail["mobile_detail"]


def test_an_attribute_goes_by_ids_or_by_words() -> None:
    attributes = (Attribute("2", "201512802"), Attribute(name="Note", value="thin"))
    assert product(make_listing_draft(attributes=attributes))["aeop_ae_product_propertys"] == [
        {"attr_name_id": 2, "attr_value_id": 201512802},
        {"attr_name": "Note", "attr_value": "thin"},
    ]


@pytest.mark.anyio
async def test_a_refused_draft_is_never_sent(store: Store) -> None:
    with pytest.raises(Rejected, match="129 characters") as caught:
        await store.channel.publish(make_listing_draft(title="n" * 129))
    assert caught.value.code == "draft"
    assert store.sent == []


def in_germany(**prices: str) -> dict[str, Any]:
    """The SKU at 19.90 with a price of its own in some countries, as quotes."""
    countries = {country: usd(price) for country, price in prices.items()}
    (one,) = [replace(sku(), countries=countries)]
    return product(make_listing_draft(one))


@pytest.mark.parametrize(
    ("price", "percent"), [("19.90", "0"), ("20.00", "1"), ("29.85", "50"), ("15.00", "-24"), ("9.95", "-50")]
)
def test_a_countrys_price_is_a_percentage_that_is_never_too_low(price: str, percent: str) -> None:
    quotes = in_germany(DE=price)["aeop_national_quote_configuration"]
    assert quotes["configuration_type"] == "percentage"
    assert json.loads(quotes["configuration_data"]) == [
        {"shiptoCountry": "DE", "absoluteQuoteMap": {"14:193": percent}}
    ]


def test_a_draft_without_prices_of_countries_says_nothing_of_them() -> None:
    assert "aeop_national_quote_configuration" not in product(make_listing_draft())


def test_a_single_sku_without_properties_is_addressed_as_none() -> None:
    alone = SkuDraft("TYA001", usd("10.00"), 1, countries={"GB": usd("12.00")})
    words: dict[str, Any] = product(make_listing_draft(alone))
    quotes = words["aeop_national_quote_configuration"]
    assert json.loads(quotes["configuration_data"]) == [{"shiptoCountry": "UK", "absoluteQuoteMap": {"<none>": "20"}}]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"countries": {"DE": usd("9.70")}}, "the price for DE, 9.70 USD, is under half of 19.90 USD"),
        ({"countries": {"AT": usd("19.90")}}, "AT can have no price of its own"),
        ({"discount": usd("19.90")}, "the discount of 19.90 USD is not between 0.01 and the price 19.90 USD"),
        ({"discount": Money.of("9", "EUR")}, "priced in USD, its discount in EUR"),
    ],
)
def test_a_price_of_a_country_or_a_discount_the_vendor_would_refuse_is_explained(
    changes: dict[str, Any], said: str
) -> None:
    assert said in " ".join(problems(make_listing_draft(replace(sku(), **changes))))


@pytest.mark.anyio
async def test_discounts_and_prices_of_countries_reach_the_vendors_books(store: Store) -> None:
    draft = make_listing_draft(replace(sku(), discount=usd("17.90"), countries={"DE": usd("22.00")}))
    listing_id = await store.channel.publish(draft)
    (made,) = ledger(store.mock)["products"]
    assert made["quotes"] == {"DE": {"14:193": 11}}
    assert made["skus"][0]["discount"] == "17.90"
    (read,) = (await store.channel.listing(listing_id)).skus
    assert (read.price, read.discount) == (usd("19.90"), usd("17.90"))
    await store.channel.edit(listing_id, ListingEdit(title="Notebook A5"))
    (made,) = ledger(store.mock)["products"]
    assert (made["quotes"], made["skus"][0]["discount"]) == ({"DE": {"14:193": 11}}, "17.90")
