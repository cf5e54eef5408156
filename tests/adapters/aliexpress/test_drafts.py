"""What the vendor would refuse is said before anything is sent."""

from __future__ import annotations

import json

import pytest

from syncbridge.adapters.aliexpress.drafts import problems, product
from syncbridge.errors import Rejected
from syncbridge.model.catalog import Attribute, SkuDraft, SkuProperty
from syncbridge.model.money import Money
from syncbridge.testing.builders import make_listing_draft, usd


def sku(code="TYA001", price="19.90", stock=7, value="193", **changes):
    return SkuDraft(**({"sku_code": code, "price": usd(price), "stock": stock} | changes), properties=colour(value))


def colour(value):
    return (SkuProperty("14", value, "Black"),)


def many(count):
    return [sku(f"TYA{number}", stock=1, value=str(number)) for number in range(count)]


def test_a_sound_draft_has_no_problems():
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
def test_a_draft_the_vendor_would_refuse_is_explained(draft, said):
    assert any(said in problem for problem in problems(draft)), problems(draft)


def test_the_product_is_in_the_vendors_words_and_units():
    words = product(make_listing_draft(images=("https://a.jpg", "https://b.jpg"), weight_g=350))
    assert words["image_u_r_ls"] == "https://a.jpg;https://b.jpg"
    assert words["gross_weight"] == "0.350"
    assert words["category_id"] == 200135143
    assert words["subject_list"] == [{"locale": "en_US", "value": "Notebook B5"}]
    assert words["aeop_ae_product_s_k_us"][0]["sku_price"] == "19.90"


def test_the_description_is_a_page_and_plain_text_for_telephones():
    html = "<style>p{}</style><p>Two &amp; three</p><p>lines</p><img src='x'>"
    (detail,) = product(make_listing_draft(description_html=html))["detail_source_list"]
    assert json.loads(detail["web_detail"]) == {
        "version": "2.0.0",
        "moduleList": [{"type": "html", "html": {"content": html}}],
    }
    assert json.loads(detail["mobile_detail"])["moduleList"] == [
        {"type": "text", "texts": [{"content": "Two & three lines", "class": "body"}]}
    ]


def test_a_description_of_pictures_only_has_the_title_on_telephones():
    (detail,) = product(make_listing_draft(description_html="<img src='x'>"))["detail_source_list"]
    assert "Notebook B5" in detail["mobile_detail"]


def test_an_attribute_goes_by_ids_or_by_words():
    attributes = (Attribute("2", "201512802"), Attribute(name="Note", value="thin"))
    assert product(make_listing_draft(attributes=attributes))["aeop_ae_product_propertys"] == [
        {"attr_name_id": 2, "attr_value_id": 201512802},
        {"attr_name": "Note", "attr_value": "thin"},
    ]


@pytest.mark.anyio
async def test_a_refused_draft_is_never_sent(store):
    with pytest.raises(Rejected, match="129 characters") as caught:
        await store.channel.publish(make_listing_draft(title="n" * 129))
    assert caught.value.code == "draft"
    assert store.sent == []
