"""How a mapping file says in which way parcels get abroad, and how a slip in it is told."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import jsonschema_rs
import pytest

from syncbridge.rules.mapping import (
    LineChoice,
    ParcelPolicy,
    Place,
    Preferred,
    Route,
    Rules,
    ShippingWay,
    SkuRule,
    Unused,
)
from syncbridge.rules.mapping_check import check, warnings
from syncbridge.rules.mapping_file import parse
from syncbridge.rules.mapping_schema import json_schema
from syncbridge.testing.builders import cny, usd
from tests.mappings.test_mapping_file import GOOD, refusal, with_line
from tests.mappings.test_schema_and_example import as_an_editor_reads

PARCELS = """\
parcels:
  stationery:
    name_cn: 笔记本
    name_en: notebook
    value: 30 %
    hs_code: "482010"
    material: paper
    battery: true
    lines: [CAINIAO_STANDARD, YANWEN_AM]
    prefer: fastest
    longest: 30 days
    dearest: 60.00 CNY
    countries:
      ES: {prefer: cheapest}
      UK: {lines: [YANWEN_AM], longest: 1 day, dearest: 9.50 CNY}
"""
LEAST = "parcels:\n  stationery: {name_cn: 笔记本, name_en: notebook, value: 3.00 USD}\n"
LONG = "本" * 21
ROUTES_AT = GOOD.index("routes:")


def booked(parcels: str = LEAST, way: str = "official", *more: str) -> str:
    """GOOD with a booked way in its route; its parcels stand in front of the routes."""
    keys = "\n".join(f"    {key}" for key in (f"ship: {way}", "parcels: stationery", *more))
    text = with_line("    carrier: forwarder\n    services:\n      YANWEN: YANWEN_AM\n", f"{keys}\n")
    return text[:ROUTES_AT] + parcels + text[ROUTES_AT:]


def route_of(text: str) -> Route:
    return parse({"shop.yaml": text}).routes[0]


def test_parcels_are_read_with_all_that_may_be_said_of_them() -> None:
    choice = LineChoice(("CAINIAO_STANDARD", "YANWEN_AM"), Preferred.FASTEST, 30, cny("60.00"))

    assert route_of(booked(PARCELS)).parcels == ParcelPolicy(
        name_cn="笔记本",
        name_en="notebook",
        value=Decimal("0.3"),
        hs_code="482010",
        material="paper",
        battery=True,
        choice=choice,
        countries={
            "ES": replace(choice, prefer=Preferred.CHEAPEST),
            "GB": LineChoice(("YANWEN_AM",), Preferred.FASTEST, 1, cny("9.50")),
        },
    )


def test_the_least_there_is_to_say_of_parcels() -> None:
    assert route_of(booked()).parcels == ParcelPolicy("笔记本", "notebook", usd("3.00"))


@pytest.mark.parametrize(("written", "meant"), [("100 %", Decimal(1)), ("0.5%", Decimal("0.005"))])
def test_the_whole_of_what_the_buyer_paid_may_be_declared_or_any_part_of_it(written: str, meant: Decimal) -> None:
    policy = route_of(booked(LEAST.replace("3.00 USD", written))).parcels

    assert policy
    assert policy.value == meant


def test_a_route_with_a_booked_way_needs_neither_carrier_nor_services() -> None:
    route = route_of(booked(way="label_first"))

    assert (route.ship, route.carrier, route.services) == (ShippingWay.LABEL_FIRST, "", {})
    assert check(parse({"shop.yaml": booked()})) == []


def test_it_may_name_whoever_books_and_their_words_for_carriers() -> None:
    route = route_of(booked(LEAST, "official", "carrier: 4px", "services: {YANWEN: YANWEN_AM}"))

    assert (route.carrier, route.services) == ("4px", {"YANWEN": "YANWEN_AM"})


def test_parcels_go_through_a_forwarder_where_nothing_is_said() -> None:
    assert route_of(GOOD).ship is ShippingWay.FORWARDER
    assert route_of(with_line("    carrier:", "    ship: forwarder\n    carrier:")).ship is ShippingWay.FORWARDER


def test_a_forwarder_must_be_named_with_its_services() -> None:
    text = with_line("    carrier: forwarder\n    services:\n      YANWEN: YANWEN_AM\n", "")

    assert refusal(text).splitlines() == [
        'shop.yaml:40:5: "carrier" is missing; add the line carrier: forwarder',
        'shop.yaml:40:5: "services" is missing; add the line services: {YANWEN: YANWEN_AM}',
    ]


@pytest.mark.parametrize("way", ["official", "label_first"])
def test_a_booked_way_without_parcels_is_refused(way: str) -> None:
    text = with_line("    carrier:", f"    ship: {way}\n    carrier:")

    assert refusal(text) == (
        f"shop.yaml:40:5: notebooks says ship: {way}, but not what customs are told of its goods; "
        'add the line parcels: and a name under "parcels:"'
    )


def test_orders_are_not_merged_where_parcels_are_booked() -> None:
    text = booked(LEAST, "official", "merge: true").replace("buy: by_hand", "buy: auto")

    assert refusal(text) == (
        "shop.yaml:42:5: merge goes with ship: forwarder only, for a booked parcel is of one "
        "order, and notebooks says official; drop one"
    )


def test_a_route_may_extend_another_and_take_another_way() -> None:
    general, official = parse(
        {
            "shop.yaml": f"{GOOD}  - {{name: es, extends: notebooks, ship: official, parcels: stationery, "
            "destinations: [ES]}\n",
            "parcels.yaml": LEAST,
        }
    ).routes

    assert official == replace(
        general,
        name="es",
        ship=ShippingWay.OFFICIAL,
        parcels=ParcelPolicy("笔记本", "notebook", usd("3.00")),
        destinations=("ES",),
        place=official.place,
    )


def test_parcels_may_extend_others() -> None:
    text = booked(PARCELS + "  lamps: {extends: stationery, name_cn: 台灯, battery: false}\n")
    stationery = route_of(text).parcels
    lamps = route_of(text.replace("parcels: stationery", "parcels: lamps")).parcels

    assert stationery
    assert lamps == replace(stationery, name_cn="台灯", battery=False)


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("ship: official", "ship: direct", '62:11: "direct" is no way to ship; write one of forwarder, official, '),
        ("parcels: stationery", "parcels: stationary", '63:14: "stationary" is not defined under "parcels:"; did you'),
        ("name_cn: 笔记本", f"name_cn: {LONG}", f'41:14: "{LONG}" has 21 characters, and customs take one in Chin'),
        ("name_en: notebook", f"name_en: {LONG * 3}", f'42:14: "{LONG * 3}" has 63 characters, and customs ta'),
        ("    name_en: notebook\n", "", '41:5: "name_en" is missing; add the line name_en: notebook'),
        (
            'hs_code: "482010"',
            'hs_code: "48201"',
            '44:14: "48201" is no HS code; write its 6 to 10 digits without poin',
        ),
        ('hs_code: "482010"', 'hs_code: "48201000000"', '44:14: "48201000000" is no HS code'),
        ('hs_code: "482010"', "hs_code: 4820.10", '44:14: "4820.10" is no HS code'),
        ('hs_code: "482010"', "hs_code: ٤٨٢٠١٠", '44:14: "٤٨٢٠١٠" is no HS code'),
        ("value: 30 %", "value: 0 %", "43:12: 0 % cannot be declared; write more than 0 % and at most 100 % of what"),
        ("value: 30 %", "value: 101 %", "43:12: 101 % cannot be declared"),
        (
            "value: 30 %",
            "value: 0.3",
            "43:12: 0.3 is neither an amount nor a share of what the buyer paid; write 3.00 ",
        ),
        ("value: 30 %", "value: 0.00 USD", "43:12: 0.00 USD makes no sense here; write an amount above zero"),
        ("value: 30 %", "value: 3 dollars", '43:12: "dollars" is not a currency'),
        ("    value: 30 %\n", "", '41:5: "value" is missing; add the line value: 30 %'),
        ("battery: true", "battery: lithium", '46:14: "lithium" is neither yes nor no; write true or false'),
        ("lines: [CAINIAO_STANDARD, YANWEN_AM]", "lines: YANWEN_AM", "47:12: a list is expected"),
        ("prefer: fastest", "prefer: best", '48:13: "best" is no way to choose a line; write one of cheapest, fastest'),
        ("longest: 30 days", "longest: 30", '49:14: "30" is no number of days; write 30 days'),
        ("longest: 30 days", "longest: 0 days", '49:14: "0 days" is no number of days'),
        ("dearest: 60.00 CNY", "dearest: 0 CNY", "50:14: 0 CNY makes no sense here"),
        ("ES: {prefer: cheapest}", "Spain: {prefer: cheapest}", '52:7: "Spain" is no country'),
        ("ES: {prefer: cheapest}", "GB: {prefer: cheapest}", "53:7: GB is already written here in other letters; keep"),
        ("ES: {prefer: cheapest}", "ES: {battery: false}", '52:12: there is no key "battery" here'),
    ],
)
def test_a_slip_in_parcels_is_told_with_its_place_and_the_remedy(old: str, new: str, sentence: str) -> None:
    assert f"shop.yaml:{sentence}" in refusal(with_line(old, new, booked(PARCELS)))


def test_parcels_that_nobody_names_are_warned() -> None:
    rules = parse({"shop.yaml": GOOD, "z.yaml": LEAST})

    assert rules.unused == (Unused("parcels", "stationery", Place("z.yaml", 2, 3)),)
    assert warnings(rules) == ['z.yaml:2:3: no route uses "stationery" of parcels; name it in one, or leave it out']


def test_parcels_of_a_route_whose_forwarder_declares_the_goods_are_warned() -> None:
    rules = parse({"shop.yaml": with_line("    carrier:", "    parcels: stationery\n    carrier:"), "z.yaml": LEAST})

    assert warnings(rules) == [
        "shop.yaml:40:5: nobody is told the parcels of notebooks, whose goods the forwarder declares; write ship: "
        "official or label_first, or leave parcels out"
    ]


SKU = "skus:\n  - {code: TYLAMP, parcels: lamps}\n"
LAMPS = "parcels:\n  lamps: {name_cn: 台灯, name_en: desk lamp, value: 3.00 USD, battery: true}\n"


def with_lamps(lamps: str = LAMPS, shop: str = "", sku: str = SKU) -> Rules:
    return parse({"a.yaml": shop or booked(PARCELS), "b.yaml": lamps, "c.yaml": sku})


def test_a_sku_may_say_nothing_but_its_parcels() -> None:
    rules = with_lamps()

    lamps = ParcelPolicy("台灯", "desk lamp", usd("3.00"), battery=True)
    assert rules.skus == (SkuRule("TYLAMP", (), (), (), Place("c.yaml", 2, 5), lamps),)
    assert [*check(rules), *warnings(rules)] == []


def test_parcels_of_a_sku_no_route_of_which_books_are_warned() -> None:
    assert warnings(with_lamps(shop=GOOD)) == [
        "c.yaml:2:5: nobody is told the parcels of SKU TYLAMP, since no route of it books any; write ship: official or "
        "label_first there, or leave parcels out"
    ]
    elsewhere = SKU.replace("parcels: lamps", "parcels: lamps, stores: [garden]")
    assert len(warnings(with_lamps(sku=elsewhere))) == 1


def test_what_the_parcels_of_a_sku_say_of_lines_is_warned_for_its_route_chooses() -> None:
    assert warnings(with_lamps(LAMPS.replace("battery: true", "prefer: fastest"))) == [
        "c.yaml:2:5: what the parcels of SKU TYLAMP say of lines counts for nothing, since a parcel takes a line as "
        "its route says; say it under the parcels of that"
    ]
    same = "parcels:\n  lamps: {extends: stationery, battery: true}\n"
    assert warnings(with_lamps(same)) == []


SCHEMA_ROUTE = "routes:\n  - {name: a, prefix: TY, stores: [t], supplier: m, buy: auto, relay: r, price: p, stock: s, "


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("listing: l, ship: official, parcels: s}", True),
        ("listing: l, ship: official}", False),
        ("listing: l}", False),
        ("listing: l, ship: forwarder, parcels: s}", False),
        ("listing: l, carrier: f, services: {Y: Y}}", True),
        ("extends: b, ship: official}", True),
    ],
)
def test_an_editor_knows_what_each_way_needs(text: str, fits: bool) -> None:
    assert jsonschema_rs.is_valid(json_schema(), as_an_editor_reads(SCHEMA_ROUTE + text)) is fits


def test_an_editor_takes_parcels_as_they_are_read() -> None:
    assert jsonschema_rs.is_valid(json_schema(), as_an_editor_reads(booked(PARCELS)))
    assert jsonschema_rs.is_valid(json_schema(), as_an_editor_reads(booked()))
