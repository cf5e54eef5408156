"""Worked examples beside the mapping files say where a rule decides otherwise."""

from __future__ import annotations

from pathlib import Path

import pytest

from syncbridge.errors import MappingError
from syncbridge.rules.mapping_cases import parse_cases, run_cases
from syncbridge.rules.mapping_file import parse

EXAMPLE = Path(__file__).parents[2] / "mappings" / "example.yaml"
RULES = parse({"example.yaml": EXAMPLE.read_text("utf-8")})


def outcome(case: str) -> list[str]:
    return run_cases(parse_cases({"c.yaml": f"cases:\n  - {{{case}}}\n"}), RULES)


def refusal(text: str) -> str:
    with pytest.raises(MappingError) as caught:
        parse_cases({"c.yaml": text})
    return str(caught.value)


def test_a_case_that_comes_out_as_written_is_silent() -> None:
    assert outcome("sku: TYA001, store: toys, route: toys-main") == []


def test_a_case_without_a_route_comes_out_as_none() -> None:
    assert outcome("sku: XX1, store: toys, route: none") == []


def test_a_case_that_takes_another_route_says_which() -> None:
    assert outcome("sku: HB1, store: toys, route: toys-main") == [
        "c.yaml:2:5: SKU HB1 of toys takes route toys-byhand, expected toys-main"
    ]


def test_a_case_whose_parcels_go_abroad_in_another_way_says_which() -> None:
    assert outcome("sku: TY1, store: toys, country: ES, route: toys-main-official, ship: official") == []
    assert outcome("sku: TY1, store: toys, country: ES, route: toys-main-official, ship: label_first") == [
        "c.yaml:2:5: parcels of route toys-main-official go official, expected label_first"
    ]


def test_a_case_that_takes_no_route_says_so() -> None:
    assert outcome("sku: XX1, store: toys, route: toys-main") == [
        "c.yaml:2:5: SKU XX1 of toys takes route none, expected toys-main"
    ]


SET = "sku: TYSET3, store: toys, route: toys-main"


def test_a_case_of_parts_and_supplier_that_comes_out_as_written_is_silent() -> None:
    backup = "{offer: '700213355418', spec: 6490904c6269fa48d8ba74ca9e99b7df, quantity: 1}"

    assert outcome(f"{SET}, supplier: main") == []
    assert outcome(f"{SET}, backup: 1, supplier: byhand, parts: [{backup}]") == []


def test_a_case_of_another_supplier_or_other_parts_says_both() -> None:
    assert outcome(f"{SET}, supplier: byhand") == [
        "c.yaml:2:5: SKU TYSET3 of toys is bought from main, expected byhand"
    ]
    assert outcome(f"{SET}, backup: 1, parts: [{{offer: a, spec: b, quantity: 2}}]") == [
        "c.yaml:2:5: SKU TYSET3 of toys is 1 × 700213355418/6490904c6269fa48d8ba74ca9e99b7df, expected 2 × a/b"
    ]
    assert outcome("sku: TY1, store: toys, route: toys-main, parts: [{offer: a, spec: b, quantity: 2}]") == [
        "c.yaml:2:5: SKU TY1 of toys is what it is bound to, expected 2 × a/b"
    ]


def test_a_case_of_a_backup_there_is_not_says_so() -> None:
    assert outcome(f"{SET}, backup: 2, supplier: main") == [
        "c.yaml:2:5: SKU TYSET3 of toys can be bought in 2 ways, expected backup 2"
    ]


def adopted(case: str) -> list[str]:
    rules = parse({"shop.yaml": (EXAMPLE.parent / "adopted-shop" / "shop.yaml").read_text("utf-8")})
    return run_cases(parse_cases({"c.yaml": f"cases:\n  - {{{case}, store: toys, route: notebooks}}\n"}), rules)


def test_a_case_of_a_goods_code_that_a_code_names_is_silent() -> None:
    assert adopted("sku: TY-NB1001-RED, goods_code: NB1001") == []
    assert adopted("sku: TY-NB1001-RED") == []


def test_a_case_of_another_goods_code_says_which_the_code_names() -> None:
    assert adopted("sku: TY-NB1001-RED, goods_code: NB1") == [
        "c.yaml:2:5: SKU TY-NB1001-RED of toys names the goods code NB1001, expected NB1"
    ]
    assert adopted("sku: TYOLD5, goods_code: NB1") == [
        "c.yaml:2:5: SKU TYOLD5 of toys names the goods code none, expected NB1"
    ]


def test_a_case_of_a_country_takes_the_route_of_it() -> None:
    assert refusal("cases: [{sku: TY1, store: toys, route: x, country: EN}]") == (
        'c.yaml:1:52: "EN" is no country; write its two letters, such as DE, FR or UK'
    )


def test_a_case_of_another_price_says_both() -> None:
    assert outcome("sku: TY1, store: toys, route: toys-main, cost: 13.90 CNY, price: 1.00 USD") == [
        "c.yaml:2:5: a cost of 13.90 CNY becomes 7.99 USD, expected 1.00 USD"
    ]


def test_a_cost_in_another_currency_than_packing_is_said() -> None:
    assert outcome("sku: TY1, store: toys, route: toys-main, cost: 1.00 USD, price: 1.00 USD") == [
        "c.yaml:2:5: the cost is in USD, but packing of toys-main in CNY"
    ]


def test_a_price_without_its_rate_is_said() -> None:
    cases = parse_cases({"c.yaml": "cases:\n  - {sku: TY1, store: toys, route: toys-main, cost: 1 CNY, price: 1 USD}"})
    without = type(RULES)(RULES.routes, {})

    assert "no rate from CNY to USD" in run_cases(cases, without)[0]


@pytest.mark.parametrize(
    ("case", "sentence"),
    [
        ("{sku: TY1, store: toys}", '2:5: "route" is missing'),
        ("{sku: TY1, store: toys, route: a, prise: 1}", '2:39: there is no key "prise" here; did you mean "price"'),
        ("{sku: TY1, store: toys, route: a, cost: 1 CNY}", "2:5: cost and price go together"),
        ("{sku: TY1, store: toys, route: none, cost: 1 CNY, price: 1 USD}", "2:5: without a route there is no price"),
        ("{sku: 0071, store: toys, route: none}", "2:11: 0071 starts with a zero"),
        ("TY1", "2:5: a section is expected"),
        ("{sku: TY1, store: toys, route: a, backup: 1}", "2:5: write the supplier or the parts that backup should"),
    ],
)
def test_a_slip_in_a_case_is_told_with_its_place(case: str, sentence: str) -> None:
    assert refusal(f"cases:\n  - {case}\n").startswith(f"c.yaml:{sentence}")


def test_a_case_file_without_cases_is_refused() -> None:
    assert refusal("caes: []").startswith('c.yaml:1:1: "cases" is missing')
