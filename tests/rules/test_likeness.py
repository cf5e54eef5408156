"""How like a SKU and a spec are: each sign alone, and what all of them come to."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from syncbridge.model.catalog import Listing, ListingStatus, Offer, Sku, SkuProperty, Spec
from syncbridge.rules.chinese import english
from syncbridge.rules.likeness import LEAST_SCORE, OTHER_VARIANT, Sign, apart, bare, candidate, page_signs, pictures_of
from syncbridge.testing.builders import make_offer, make_spec, usd
from tests.rules.conftest import RATES

OURS, THEIRS = "https://ae01.alicdn.com/kf/one.jpg", "https://cbu01.alicdn.com/two.jpg"


def sku(*names: str, code: str = "TY1", price: str = "5.00", properties: tuple[SkuProperty, ...] = ()) -> Sku:
    named = tuple(SkuProperty("14", str(n), name) for n, name in enumerate(names))
    return Sku("14:193", code, usd(price), 7, properties=named or properties)


def listing(title: str = "Notebook B5", *images: str, skus: tuple[Sku, ...] = ()) -> Listing:
    return Listing("1005", title, ListingStatus.ON_SALE, skus, None, images=images)


def spec(*values: str, **changes: Any) -> Spec:
    return replace(make_spec(1), attributes=tuple(("颜色", value) for value in values), **changes)


def offer(*specs: Spec, **changes: Any) -> Offer:
    return make_offer("676651652931", *specs, images=(THEIRS,), **changes)


def signs(ours: Sku, goods: Offer, page: Listing | None = None, pictures: dict[str, str] | None = None) -> list[str]:
    shown = page_signs(page or listing(skus=(ours,)), goods, pictures or {})
    return list(candidate(ours, "main", goods, goods.specs[0], shown, RATES).reasons)


def score(ours: Sku, goods: Offer, page: Listing | None = None, pictures: dict[str, str] | None = None) -> float:
    shown = page_signs(page or listing(skus=(ours,)), goods, pictures or {})
    return candidate(ours, "main", goods, goods.specs[0], shown, RATES).score


def test_what_cannot_be_compared_counts_as_half() -> None:
    assert Sign(0.3).counts == 0.15
    bare_sku, silent = sku(properties=(SkuProperty("14", "193"),)), offer(make_spec(1, cost=None), title="笔记本")
    assert score(bare_sku, silent) == 0.5
    assert signs(bare_sku, silent) == ["the titles are in different languages"]


def test_texts_alone_never_reach_nine_tenths_and_a_like_picture_does() -> None:
    ours, goods = sku("Red", code="TYG6201"), offer(spec("红色", goods_code="G62-01"))
    assert score(ours, goods) == 0.875
    page = listing("Notebook B5", OURS, skus=(ours,))
    assert score(ours, goods, page, {OURS: "f" * 16, THEIRS: "f" * 15 + "e"}) > 0.98


def test_titles_are_compared_by_their_words_in_any_order() -> None:
    red = spec("红色")
    assert "titles 100% alike" in signs(sku("Red"), offer(red, title="B5 notebook"))
    some = score(sku("Red"), offer(red, title="Notebook B5 ruled paper for school and office"))
    other = score(sku("Red"), offer(red, title="Kitchen knife of steel"))
    assert score(sku("Red"), offer(red, title="B5 notebook")) > some > other


def test_another_variant_of_the_very_same_goods_is_never_like_enough() -> None:
    pictures = {OURS: "f" * 16, THEIRS: "f" * 16}
    page = listing("Notebook B5", OURS)
    told = score(sku("Red", code="TYG6201"), offer(spec("蓝色", goods_code="G62-01")), page, pictures)
    assert told == OTHER_VARIANT < LEAST_SCORE


@pytest.mark.parametrize(
    ("names", "values", "verb"),
    [
        (("Red",), ("红色",), "agrees with"),
        (("Dark Blue", "XL"), ("深蓝色", "XL"), "agrees with"),
        (("Army green",), ("军绿",), "agrees with"),
        (("Red",), ("蓝色",), "is not"),
        (("40",), ("41",), "is not"),
        (("Red", "S"), ("红色", "M"), "is not"),
        (("Silver grey",), ("银灰色",), "agrees with"),
    ],
)
def test_variants_agree_across_languages(names: tuple[str, ...], values: tuple[str, ...], verb: str) -> None:
    told = f"variant {' '.join(names)} {verb} {' '.join(values)}"
    assert told in signs(sku(*names), offer(spec(*values), make_spec(2)))


def test_a_variant_without_words_on_either_side_is_not_compared() -> None:
    nameless = sku(properties=(SkuProperty("14", "193"),))
    assert not [sign for sign in signs(nameless, offer(spec("红色"))) if "variant" in sign]
    assert not [sign for sign in signs(sku("Red"), offer(spec())) if "variant" in sign]


def test_one_variant_on_both_sides_is_the_same_variant() -> None:
    assert "both have one variant only" in signs(sku(), offer(spec()))
    assert "both have one variant only" not in signs(sku(), offer(spec(), make_spec(2)))


def test_a_goods_code_inside_the_sku_code_is_a_sign_unless_it_is_too_short() -> None:
    contains = signs(sku("Red", code="XXab12-3"), offer(spec(goods_code="AB-12")))
    assert "the code contains the goods code AB-12" in contains
    assert not [s for s in signs(sku("Red", code="XXab12"), offer(spec(goods_code="12"))) if "goods code" in s]
    assert "the code contains the goods code H620" in signs(sku("Red", code="H620"), offer(spec(), goods_code="H620"))


@pytest.mark.parametrize(
    ("price", "times", "counts"), [("5.84", "3.0", 0.1), ("23.35", "12.0", 0.04), ("1.00", "0.5", 0)]
)
def test_a_price_is_held_against_the_cost(price: str, times: str, counts: float) -> None:
    told = signs(sku("Red", price=price), offer(spec("红色")))
    assert f"the price is {times} times the cost" in told
    usual = score(sku("Red", price="5.84"), offer(spec("红色")))
    assert round(usual - score(sku("Red", price=price), offer(spec("红色"))), 3) == round(0.1 - counts, 3)


def test_a_price_without_a_rate_or_a_cost_is_not_compared() -> None:
    free = offer(make_spec(1, cost="0.00"))
    assert not [sign for sign in signs(sku("Red"), free) if "price" in sign]
    shown = page_signs(listing(), free, {})
    paid = offer(spec("红色"))
    assert not [s for s in candidate(sku("Red"), "main", paid, paid.specs[0], shown, {}).reasons if "price" in s]


def test_pictures_of_skus_are_looked_at_too_and_far_ones_speak_against() -> None:
    ours = sku(properties=(SkuProperty("14", "193", "Red", OURS), SkuProperty("5", "1")))
    page = listing("Notebook B5", "https://ae01.alicdn.com/kf/main.jpg", "https://not.looked/at", skus=(ours,))
    assert list(pictures_of(page)) == ["https://ae01.alicdn.com/kf/main.jpg", OURS]
    assert "pictures differ in 0 of 64 bits" in signs(
        ours, offer(spec("红色")), page, {OURS: "0f" * 8, THEIRS: "0f" * 8}
    )
    far = {OURS: "f" * 16, THEIRS: "0" * 16}
    assert score(ours, offer(spec("红色")), page, far) == score(ours, offer(spec("红色")), page) - 0.125
    assert "pictures" not in " ".join(signs(ours, offer(spec("红色")), page, {OURS: "", THEIRS: "0" * 16}))


def test_codes_and_pictures_are_compared_bare() -> None:
    assert bare("ab-12_款/C") == "AB12C"
    assert apart("0" * 15 + "3", "0" * 15 + "1") == 1


def test_what_is_not_known_of_a_suppliers_words_stays() -> None:
    assert english("特大深灰色小熊") == "extra large dark gray 小熊"
