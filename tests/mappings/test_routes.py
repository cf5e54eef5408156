"""Destinations, codes, patterns and aliases in a mapping file, and rules that are in each other's way."""

from __future__ import annotations

import pytest

from syncbridge.rules.mapping import Alias, CodeStyle, OtherCarrier, Part, Place
from syncbridge.rules.mapping_check import check, warnings
from syncbridge.rules.mapping_file import parse
from tests.mappings.test_mapping_file import GOOD, refusal, second_route, with_line

GERMAN = "  - {name: german, extends: notebooks, destinations: [DE, UK]}\n"
ALIASES = """\
aliases:
  - {code: OLD-7, sku: TY1}
  - code: TYOLD
    stores: [toys]
    offer: "676651652931"
    spec: b222c296
"""
AT = GOOD.count("\n") + 1
"""The line after the last of GOOD."""


def said(extra: str, text: str = GOOD) -> list[str]:
    return check(parse({"shop.yaml": text + extra}))


def warned(text: str) -> list[str]:
    return warnings(parse({"shop.yaml": text}))


def keyed(line: str) -> str:
    """GOOD with one more key in its route."""
    return with_line("    prefix: TY", f"    prefix: TY\n    {line}")


def test_destinations_are_kept_by_their_iso_letters() -> None:
    assert parse({"shop.yaml": GOOD + GERMAN}).routes[1].destinations == ("DE", "GB")
    assert said(GERMAN) == []


@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        ("destinations: [Germany]", '42:20: "Germany" is no country; write its two letters, such as DE, FR or UK'),
        ("destinations: [EN]", '42:20: "EN" is no country'),
        ("destinations: [UK, GB]", '42:24: "GB" is in the list twice; keep one'),
        ("destinations: DE", "42:19: a list is expected"),
        ("destinations: []", "42:5: a list is expected"),
        ("code: short", '42:11: "short" is no way to make SKU codes; write one of reference, compact, goods_code'),
        ('pattern: "TY{any}"', '42:14: the pattern "TY{any}" must have {goods} once'),
        ("pattern: TY{goods", '42:14: the pattern "TY{goods" must have {goods} once'),
        ('pattern: "XX{goods}"', '40:5: the pattern "XX{goods}" of notebooks must begin with its prefix TY'),
        ('patern: "TY{goods}"', '42:5: there is no key "patern" here; did you mean "pattern"?'),
    ],
)
def test_a_slip_in_a_route_is_told_with_its_place_and_the_remedy(written: str, sentence: str) -> None:
    assert f"shop.yaml:{sentence}" in refusal(keyed(written))


def test_the_style_of_codes_is_a_reference_unless_the_route_says_otherwise() -> None:
    assert parse({"shop.yaml": GOOD}).routes[0].code is CodeStyle.REFERENCE
    assert parse({"shop.yaml": keyed("code: goods_code")}).routes[0].code is CodeStyle.GOODS_CODE


def test_aliases_are_kept_by_their_code() -> None:
    rules = parse({"shop.yaml": GOOD + ALIASES})

    assert rules.aliases == {
        "OLD-7": (Alias("OLD-7", (), "TY1", None, Place("shop.yaml", AT + 1, 5)),),
        "TYOLD": (Alias("TYOLD", ("toys",), "", Part("676651652931", "b222c296", 1), Place("shop.yaml", AT + 2, 5)),),
    }
    assert check(rules) == []


@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        ("{sku: TY1}", '2:5: "code" is missing; add the line code: OLD-17'),
        ("{code: OLD-7}", "2:5: OLD-7 must stand for one thing: write sku: and another SKU code, or offer: and spec:"),
        ("{code: OLD-7, sku: TY1, offer: a, spec: b}", "2:5: OLD-7 must stand for one thing"),
        ("{code: OLD-7, sku: TY1, spec: b}", "2:5: OLD-7 must stand for one thing"),
        ("{code: OLD-7, offer: a}", "2:5: OLD-7 must stand for one thing"),
        ("{code: OLD-7, sku: OLD-7}", "2:5: OLD-7 stands for itself; leave it out"),
        ("{code: 007, sku: TY1}", '2:12: 007 starts with a zero, which gets lost; put it in quotes: "007"'),
        ("{code: OLD-7, skus: TY1}", '2:19: there is no key "skus" here; did you mean "sku"?'),
    ],
)
def test_a_slip_in_an_alias_is_told_with_its_place(written: str, sentence: str) -> None:
    assert f"shop.yaml:{sentence}" in refusal(f"aliases:\n  - {written}\n")


def test_two_routes_of_one_prefix_and_country_are_said() -> None:
    again = "  - {name: again, extends: german, destinations: [FR, GB]}\n"

    assert said(GERMAN + again) == [
        f"shop.yaml:{AT + 1}:5: again never gets a SKU of toys that goes to GB: german at shop.yaml:{AT}:5 has the "
        "same prefix TY; change one"
    ]


def test_a_route_with_destinations_needs_one_without_beside_it() -> None:
    assert said("", keyed("destinations: [DE]")) == [
        "shop.yaml:40:5: notebooks says where orders of toys for DE go, and no route says it of other countries; "
        "write one with prefix TY and without destinations"
    ]


def test_a_route_with_destinations_buys_from_the_supplier_its_skus_are_bound_to() -> None:
    assert said(GERMAN.replace("}", ", supplier: second}")) == [
        f"shop.yaml:{AT}:5: german buys from second, but the SKUs of toys are bound to what notebooks at "
        "shop.yaml:40:5 buys from main; name one supplier in both"
    ]


def longer(signs: str) -> str:
    return "".join(
        f"  - {{name: n{sign}, extends: notebooks, prefix: TY{sign}, goods_code: G{sign}}}\n" for sign in signs
    )


def test_a_route_all_of_whose_codes_longer_prefixes_take_is_said() -> None:
    signs = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"

    assert said(longer(signs)) == [
        "shop.yaml:40:5: notebooks never gets a SKU of toys: longer prefixes take all that begin with TY; "
        "give it a prefix of its own"
    ]
    assert said(longer(signs[1:])) == []


@pytest.mark.parametrize("stores", ["", ", stores: [toys]"])
def test_one_alias_twice_for_one_store_is_said(stores: str) -> None:
    twice = f"aliases:\n  - {{code: OLD-7, sku: TY1}}\n  - {{code: OLD-7, sku: TY2{stores}}}\n"

    assert said(twice) == [
        f"shop.yaml:{AT + 2}:5: alias OLD-7 is already at shop.yaml:{AT + 1}:5 for the same store; keep one"
    ]


def test_an_alias_may_stand_for_another_thing_in_another_store() -> None:
    routes = second_route(prefix="HB", stores="[garden]")
    alias = "aliases:\n  - {code: OLD-7, sku: TY1, stores: [toys]}\n  - {code: OLD-7, sku: HB1, stores: [garden]}\n"

    assert said(alias, routes) == []


def test_an_alias_that_no_route_takes_is_said_and_whose_prefix_it_has() -> None:
    routes = second_route(prefix="HB", stores="[garden]")

    assert said("aliases:\n  - {code: OLD-7, sku: HB1, stores: [toys]}\n", routes) == [
        f"shop.yaml:{routes.count(chr(10)) + 2}:5: alias OLD-7 is never used in toys: no route's prefix fits HB1 there "
        "(HB is the prefix of other in garden, at shop.yaml:53:5); correct one of them"
    ]
    assert "no route's prefix fits ZZ1 there; correct" in said("aliases:\n  - {code: OLD-7, sku: ZZ1}\n")[0]
    assert said("aliases:\n  - {code: OLD-7, sku: HB1}\n", routes) == []


def test_an_alias_of_an_alias_is_said() -> None:
    chain = "aliases:\n  - {code: OLD-6, sku: OLD-7}\n  - {code: OLD-7, sku: TY1}\n"

    assert f"shop.yaml:{AT + 1}:5: alias OLD-6 stands for OLD-7, which is an alias itself in toys; " in said(chain)[1]


def test_what_is_said_of_a_sku_that_is_an_alias_is_never_used_and_that_is_said() -> None:
    rule = "skus:\n  - code: TYOLD\n    parts: [{offer: a, spec: b, quantity: 2}]\n"

    assert said(f"{rule}aliases:\n  - {{code: TYOLD, sku: TY1}}\n") == [
        f"shop.yaml:{AT + 1}:5: what is said of SKU TYOLD is never used in toys: the alias at shop.yaml:{AT + 4}:5 "
        "makes it another SKU; say it of that one"
    ]


def test_of_a_file_as_it_should_be_nobody_is_warned() -> None:
    assert warned(GOOD + GERMAN) == []


def test_what_no_route_uses_is_warned() -> None:
    assert warned(with_line("stocks:", "stocks:\n  spare: {buffer: 1, cap: 2}")) == [
        'shop.yaml:23:3: no route uses "spare" of stocks; name it in one, or leave it out'
    ]


def test_a_prefix_that_leaves_no_room_for_a_compact_code_is_warned() -> None:
    assert warned(keyed("code: compact")) == []
    assert warned(keyed("code: compact").replace("prefix: TY", "prefix: TYNB")) == [
        "shop.yaml:40:5: the prefix TYNB of notebooks leaves 7 characters for the offer in a compact code, and most "
        "offers need 8; take a prefix of at most 3 characters, or code: reference"
    ]


def test_a_longer_prefix_that_may_fit_codes_that_cannot_be_made_anew_is_warned() -> None:
    text = second_route(prefix="TYA")

    assert warned(text) == []
    assert warned(text.replace("    prefix: TY\n", "    prefix: TY\n    code: goods_code\n")) == [
        "shop.yaml:40:5: offers of notebooks whose SKU codes happen to begin with TYA cannot be listed in toys: "
        "other at shop.yaml:54:5 takes such codes; give one of them another prefix"
    ]
    apart = second_route(prefix="TYA", stores="[garden]")
    assert warned(apart.replace("    prefix: TY\n", "    prefix: TY\n    code: goods_code\n")) == []


OTHER = (
    "services: {MEIYOU: {key: OTHER, site: 'https://track.example.com/my', carrier: Meiyou Express}, YANWEN: YANWEN_AM}"
)


def of_services(written: str) -> str:
    return with_line("    services:\n      YANWEN: YANWEN_AM", f"    {written}")


def test_a_carrier_that_is_not_on_the_channels_list_is_named_with_its_site() -> None:
    (route,) = parse({"shop.yaml": of_services(OTHER)}).routes

    assert route.services == {"MEIYOU": "OTHER", "YANWEN": "YANWEN_AM"}
    assert route.others == {"MEIYOU": OtherCarrier("Meiyou Express", "https://track.example.com/my")}


@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        ("{A: OTHER}", "OTHER stands for any carrier, so its name and site are wanted, too; write {key: OTHER, "),
        ("{A: {key: OTHER}}", '"site" is missing; add the line site: https://track.example.com'),
        ("{A: {key: OTHER, site: 'https://a.example'}}", '"carrier" is missing; add the line carrier: Example Express'),
        ("{A: {key: OTHER, site: a.example, carrier: B}}", '"a.example" is not the address of a page; write it whole'),
        ("{A: {site: 'https://a.example', carrier: B}}", '"key" is missing; add the line key: OTHER'),
        ("{A: {key: EMS, site: 'https://a.example', carrier: B}}", "only a key that begins with OTHER wants a site"),
        ("{A: [EMS]}", "a section is expected"),
    ],
)
def test_a_slip_in_the_services_is_told_with_the_remedy(written: str, sentence: str) -> None:
    assert sentence in refusal(of_services(f"services: {written}"))
