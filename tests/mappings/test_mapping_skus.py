"""What a mapping file may say of single SKUs, and how a slip in it is told."""

from __future__ import annotations

import pytest

from syncbridge.errors import MappingError
from syncbridge.rules.mapping import BuyMode, Part, Place, SkuRule, Way
from syncbridge.rules.mapping_check import check
from syncbridge.rules.mapping_file import parse
from tests.mappings.test_mapping_file import GOOD, refusal, second_route, with_line

SET = """\
skus:
  - code: TYSET3
    stores: [toys]
    parts:
      - {offer: "676651652931", spec: b222c296, quantity: 3}
      - {offer: "689004512207", spec: "0d951fbb", quantity: 1}
    backups:
      - supplier: second
        parts:
          - {offer: "700213355418", spec: 6490904c, quantity: 1}
"""
FIRST = GOOD.count("\n") + 2
"""The line the first SKU begins in."""


def findings(skus: str, routes: str = GOOD) -> list[str]:
    return check(parse({"shop.yaml": routes, "skus.yaml": skus}))


def test_a_set_with_its_backup_becomes_a_rule() -> None:
    rules = parse({"shop.yaml": GOOD + SET}, ("toys", "main", "second", "forwarder"))

    assert rules.skus == (
        SkuRule(
            code="TYSET3",
            stores=("toys",),
            parts=(Part("676651652931", "b222c296", 3), Part("689004512207", "0d951fbb", 1)),
            backups=(Way("second", (Part("700213355418", "6490904c", 1),)),),
            place=Place("shop.yaml", FIRST, 5),
        ),
    )
    assert check(rules) == []


def test_stores_parts_and_backups_may_be_left_out_each() -> None:
    with_parts, with_backups = parse(
        {
            "a.yaml": "skus:\n  - {code: TY1, parts: [{offer: a, spec: b, quantity: 1}]}\n"
            "  - {code: TY2, backups: [{supplier: second, parts: [{offer: a, spec: b, quantity: 1}]}]}\n"
        }
    ).skus

    assert (with_parts.stores, with_parts.backups) == ((), ())
    assert with_backups.parts == ()


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("quantity: 3", "quantity: 0", '5:59: "0" is not a whole number of 1 or more'),
        ("quantity: 3", "quantity: -1", '5:59: "-1" is not a whole number of 1 or more'),
        (", quantity: 3", "", '5:9: "quantity" is missing; add the line quantity: 1'),
        ('offer: "676651652931", ', "", '5:9: "offer" is missing'),
        ("spec: b222c296", "spek: b222c296", '5:33: there is no key "spek" here; did you mean "spec"'),
        ("spec: b222c296", "spec: 0222", "5:39: 0222 starts with a zero"),
        ("supplier: second", "suplier: second", '8:9: there is no key "suplier" here; did you mean "supplier"'),
        ("        parts:\n", "        parts: []\n        x:\n", "9:9: a list is expected"),
        ("code: TYSET3", "name: TYSET3", '2:5: "code" is missing; add the line code: TYSET3'),
    ],
)
def test_a_slip_in_a_sku_is_told_with_its_place(old: str, new: str, sentence: str) -> None:
    assert f"shop.yaml:{sentence}" in refusal(with_line(old, new, SET))


def test_a_sku_of_which_nothing_is_said_is_refused() -> None:
    assert refusal("skus:\n  - code: TY1\n") == (
        "shop.yaml:2:5: nothing is said of SKU TY1; write its parts, its backups or its parcels"
    )


def test_a_set_of_more_specs_than_a_purchase_takes_is_refused() -> None:
    parts = ", ".join(f"{{offer: a, spec: s{n}, quantity: 1}}" for n in range(51))

    assert refusal(f"skus:\n  - {{code: TY1, parts: [{parts}]}}\n").startswith(
        "shop.yaml:2:24: these are 51 parts, and one purchase takes at most 50 specs"
    )


def test_a_backup_from_an_account_that_is_not_in_the_settings_is_refused() -> None:
    assert refusal(GOOD + SET, ("toys", "main", "seconds", "forwarder")).endswith(
        'the settings have no account "second"; did you mean "seconds"?'
    )


@pytest.mark.parametrize("stores", ["    stores: [toys]\n", ""])
def test_one_sku_twice_for_one_store_is_refused_with_both_places(stores: str) -> None:
    again = SET.removeprefix("skus:\n").replace("    stores: [toys]\n", stores)

    assert findings(SET + again) == [
        "skus.yaml:11:5: SKU TYSET3 is already at skus.yaml:2:5 for the same store; keep one"
    ]


def test_one_sku_in_two_stores_may_be_two_things() -> None:
    routes = second_route(prefix="TY", stores="[garden]", goods_code="NB")
    again = SET.removeprefix("skus:\n").replace("[toys]", "[garden]")

    assert findings(SET + again, routes) == []


@pytest.mark.parametrize(
    ("old", "new", "store"), [("TYSET3", "XXSET3", "toys"), ("[toys]", "[toys, garden]", "garden")]
)
def test_a_sku_that_no_route_takes_is_said(old: str, new: str, store: str) -> None:
    code = new if old == "TYSET3" else "TYSET3"
    foreign = " (TY is the prefix of notebooks in toys, at shop.yaml:40:5)" if store == "garden" else ""

    assert findings(with_line(old, new, SET)) == [
        f"skus.yaml:2:5: SKU {code} is never bought in {store}: "
        f"no route's prefix fits it there{foreign}, or its route says own_stock; correct one of them"
    ]


def test_a_sku_for_every_store_needs_a_route_in_one() -> None:
    routes = second_route(prefix="HB", stores="[garden]")

    assert findings(with_line("    stores: [toys]\n", "", SET), routes) == []


def test_own_stock_is_a_way_to_buy() -> None:
    route = parse({"shop.yaml": with_line("buy: by_hand", "buy: own_stock")}).routes[0]

    assert route.buy is BuyMode.OWN_STOCK


def test_parts_of_a_sku_that_is_own_stock_are_said() -> None:
    (said,) = findings(SET, with_line("buy: by_hand", "buy: own_stock"))

    assert said.startswith("skus.yaml:2:5: SKU TYSET3 is never bought in toys: ")


def test_a_sku_for_every_store_may_be_own_stock_in_another() -> None:
    routes = second_route(prefix="TY", stores="[garden]", goods_code="NB", buy="own_stock")

    assert findings(with_line("    stores: [toys]\n", "", SET), routes) == []


def test_a_route_of_own_stock_takes_no_offers_from_another() -> None:
    assert check(parse({"shop.yaml": second_route(goods_code="NB", buy="own_stock")})) == []


def test_a_mistake_in_a_sku_leaves_nothing_of_the_file() -> None:
    with pytest.raises(MappingError):
        parse({"shop.yaml": GOOD, "skus.yaml": SET.replace("quantity: 3", "quantity: none")})
