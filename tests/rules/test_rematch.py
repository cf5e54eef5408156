"""Which spec took the place of a lost one: scored side by side, decided by itself only if it is the same goods."""

from __future__ import annotations

from dataclasses import replace

from syncbridge.model.catalog import Spec
from syncbridge.rules.rematch import Lost, certain, matches, wording
from syncbridge.testing.builders import cny, make_spec

RED_L = replace(
    make_spec(1, code="HB-17-RL"),
    attributes=(("颜色", "红色"), ("尺码", "L")),
    image_url="https://cbu01.alicdn.com/r.jpg",
)
LOST = Lost(RED_L, position=0)


def renamed(number: int, **changes: object) -> Spec:
    return replace(RED_L, spec_id=f"{number:032x}", **changes)  # type: ignore[arg-type]  # the class's own fields


def test_the_likeliest_stands_first_and_not_the_first_of_the_offer() -> None:
    blue = renamed(8, goods_code="HB-17-BM", attributes=(("颜色", "蓝色"), ("尺码", "M")), image_url=None)
    same = renamed(9, attributes=(("颜色", "红色（新款）"), ("尺码", "L")))

    found = matches(LOST, [blue, same])

    assert [match.spec for match in found] == [same, blue]
    assert found[0].likeness["code"] == 100
    assert found[1].likeness["code"] == 0
    assert found[0].score > 80 > found[1].score


def test_a_spec_that_feeds_a_sku_already_is_no_candidate() -> None:
    assert matches(LOST, [renamed(8), renamed(9)], taken=[renamed(8).spec_id])[0].spec == renamed(9)


def test_what_one_side_does_not_show_counts_neither_way() -> None:
    bare = renamed(9, goods_code=None, image_url=None, cost=None)

    (found,) = matches(LOST, [bare])

    assert dict(found.likeness) == {"text": 100, "position": 100}
    assert found.score == 100


def test_another_price_picture_and_place_count_against_it() -> None:
    far = renamed(9, cost=cny("139.00"), image_url="https://cbu01.alicdn.com/b.jpg")
    near = renamed(8, cost=cny("13.90"))

    first, second = matches(Lost(RED_L, position=1), [far, near])

    assert first.spec == near
    assert (second.likeness["price"], second.likeness["image"], second.likeness["position"]) == (0, 0, 0)


def test_costs_in_another_currency_and_costs_of_nothing_are_not_compared_as_far_apart() -> None:
    free, dollars = renamed(8, cost=cny("0")), renamed(9, cost=replace(cny("1"), currency="USD"))
    lost = Lost(replace(RED_L, cost=cny("0")), 0)

    found = {match.spec.spec_id: match for match in matches(lost, [free, dollars])}

    assert found[free.spec_id].likeness["price"] == 100
    assert "price" not in found[dollars.spec_id].likeness


def test_the_same_code_and_attributes_are_the_same_goods() -> None:
    same = renamed(9, cost=cny("15.00"))

    assert certain(LOST, matches(LOST, [renamed(8, attributes=(("颜色", "红色"),)), same])) == same


def test_the_same_goods_twice_are_a_persons_matter() -> None:
    assert certain(LOST, matches(LOST, [renamed(8), renamed(9)])) is None


def test_without_a_goods_code_nothing_is_certain() -> None:
    bare = replace(RED_L, goods_code=None)

    assert certain(Lost(bare, 0), matches(Lost(bare, 0), [replace(bare, spec_id="9")])) is None


def test_a_spec_is_called_by_its_attributes_or_else_by_its_id() -> None:
    assert wording(RED_L) == "红色 L"
    assert wording(replace(RED_L, attributes=(), spec_id="")) == ""
    assert wording(replace(RED_L, attributes=(), spec_id="77")) == "77"
