"""Named things of a mapping file may extend another, and a slip in that is told once, where it stands."""

from __future__ import annotations

from dataclasses import replace

import pytest

from syncbridge.rules.mapping import Place, Unused
from syncbridge.rules.mapping_file import parse
from tests.mappings.test_mapping_file import GOOD, refusal, with_line


def extended(section: str, child: str, name: str) -> str:
    """GOOD with one more thing in a section, which its route uses."""
    key = section.removesuffix("s")
    text = with_line(f"{section}:", f"{section}:\n  child: {child}")
    return with_line(f"    {key}: {name}", f"    {key}: child", text)


def test_a_price_policy_says_only_what_is_otherwise() -> None:
    (route,) = parse({"shop.yaml": extended("prices", "{extends: standard, multiplier: 3}", "standard")}).routes
    (like,) = parse({"shop.yaml": with_line("multiplier: 1.8", "multiplier: 3")}).routes

    assert route.price == like.price


@pytest.mark.parametrize(
    ("section", "child", "name", "written"),
    [
        ("stocks", "{extends: careful, cap: 9}", "careful", ("cap: 200", "cap: 9")),
        ("listings", "{extends: notebooks, weight: 1 kg}", "notebooks", ("weight: 0.35 kg", "weight: 1 kg")),
        ("relays", '{extends: hangzhou, mobile: "1"}', "hangzhou", ('mobile: "013800000000"', 'mobile: "1"')),
    ],
)
def test_stocks_listings_and_relays_extend_alike(section: str, child: str, name: str, written: tuple[str, str]) -> None:
    (route,) = parse({"shop.yaml": extended(section, child, name)}).routes
    (like,) = parse({"shop.yaml": with_line(*written)}).routes

    assert (route.relay, route.stock, route.listing) == (like.relay, like.stock, like.listing)


def test_a_chain_of_extends_ends_at_what_stands_alone_in_whatever_file_and_order() -> None:
    files = {
        "a.yaml": extended("stocks", "{extends: middle}", "careful"),
        "b.yaml": "stocks:\n  middle: {extends: last}\n",
    }
    files["c.yaml"] = "stocks:\n  last: {extends: careful, buffer: 7}\n"

    (route,) = parse(files).routes

    assert (route.stock.buffer, route.stock.cap) == (7, 200)


def test_a_list_is_replaced_as_a_whole() -> None:
    text = extended("listings", '{extends: notebooks, variant_values: ["9"]}', "notebooks")

    assert parse({"shop.yaml": text}).routes[0].listing.variant_value_ids == ("9",)


def test_extending_an_unknown_name_is_told_with_the_nearest_one() -> None:
    assert refusal(extended("stocks", "{extends: carefull, cap: 9}", "careful")) == (
        'shop.yaml:23:20: "carefull" is not defined under "stocks:"; did you mean "careful"?'
    )


def test_extending_a_name_of_another_section_is_refused() -> None:
    assert '"standard" is not defined under "stocks:"' in refusal(extended("stocks", "{extends: standard}", "careful"))


def test_extending_in_a_circle_is_told_at_each_of_its_members_and_not_at_their_heirs() -> None:
    circle = "stocks:\n  a: {extends: b}\n  b: {extends: a}\n  heir: {extends: a}\n"

    assert refusal(circle).splitlines() == [
        "shop.yaml:2:16: this goes round in a circle: b extends a extends b; leave extends out in one of them",
        "shop.yaml:3:16: this goes round in a circle: a extends b extends a; leave extends out in one of them",
    ]


def test_extending_oneself_is_a_circle() -> None:
    assert refusal("stocks:\n  a: {extends: a}\n") == (
        "shop.yaml:2:16: this goes round in a circle: a extends a; leave extends out in one of them"
    )


def test_a_slip_in_what_is_extended_is_told_once() -> None:
    text = with_line("cap: 200", "cap: 0", extended("stocks", "{extends: careful, buffer: 1}", "careful"))

    assert refusal(text) == 'shop.yaml:26:10: "0" is not a whole number of 1 or more'


def test_what_neither_says_is_missing_at_both() -> None:
    text = with_line("    cap: 200\n", "", extended("stocks", "{extends: careful, buffer: 1}", "careful"))

    assert [line.split(" is")[0] for line in refusal(text).splitlines()] == [
        'shop.yaml:23:10: "cap"',
        'shop.yaml:25:5: "cap"',
    ]


def test_a_misspelt_extends_is_told_as_such() -> None:
    assert 'there is no key "extend" here; did you mean "extends"?' in refusal(
        extended("stocks", "{extend: careful, cap: 9, buffer: 1}", "careful")
    )


def test_a_route_says_only_what_is_otherwise_than_in_the_one_it_extends() -> None:
    text = f"{GOOD}  - {{name: germany, extends: notebooks, destinations: [DE], carrier: second}}\n"

    general, german = parse({"shop.yaml": text}).routes

    assert german == replace(general, name="germany", carrier="second", destinations=("DE",), place=german.place)


def test_a_route_that_extends_an_unknown_one_is_told() -> None:
    assert refusal(with_line("    prefix: TY", "    prefix: TY\n    extends: notebook")) == (
        'shop.yaml:42:14: "notebook" is not defined under "routes:"; did you mean "notebooks"?'
    )


def test_a_route_without_a_name_is_told_with_all_else_that_is_wrong() -> None:
    message = refusal(with_line("name: notebooks", "nam: notebooks", with_line("buy: by_hand", "buy: never")))

    assert [line.split(": ", 1)[1] for line in message.splitlines()] == [
        '"name" is missing; add the line name: notebooks',
        'there is no key "nam" here; did you mean "name"?',
        '"never" is no way to buy; write one of auto, confirm, by_hand, own_stock',
    ]


def test_what_no_route_uses_is_known_and_what_is_only_extended_is_used() -> None:
    text = with_line("stocks:", "stocks:\n  spare: {buffer: 1, cap: 2}")
    text = with_line("    price: standard", "    price: child", text)
    text = with_line("prices:", "prices:\n  child: {extends: standard}", text)

    assert parse({"shop.yaml": text}).unused == (Unused("stocks", "spare", Place("shop.yaml", 24, 3)),)
