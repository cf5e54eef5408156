"""Mapping files: what they may say, and how a slip in them is told."""

from __future__ import annotations

from contextlib import suppress
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncbridge.errors import MappingError
from syncbridge.model.catalog import Attribute
from syncbridge.model.money import Money
from syncbridge.rules.mapping import BuyMode, Place, Rate, Rules
from syncbridge.rules.mapping_check import check
from syncbridge.rules.mapping_file import parse

GOOD = """\
rates:
  CNY/USD:
    rate: 0.1389
    day: 2026-11-20
relays:
  hangzhou:
    name: 转运仓
    mobile: "013800000000"
    province: 浙江省
    city: 杭州市
    district: 滨江区
    street: 网商路699号
prices:
  standard:
    currency: USD
    multiplier: 1.8
    commission: 8 %
    packing: 1.00 CNY
    freight: 12.00 CNY
    minimum_margin: 0.1
    ending: 0.99
stocks:
  careful:
    buffer: 2
    cap: 200
listings:
  notebooks:
    category: "200135143"
    freight_template: 50164494212
    variant_property: "14"
    variant_values: ["193", "175"]
    attributes:
      - {name_id: "2", value_id: "201512802"}
      - name: Material
        value: Paper
    weight: 0.35 kg
    package: 21 x 15 x 2 cm
    dispatch_days: 5
routes:
  - name: notebooks
    prefix: TY
    stores: [toys]
    supplier: main
    goods_code: NB
    buy: by_hand
    relay: hangzhou
    carrier: forwarder
    services:
      YANWEN: YANWEN_AM
    price: standard
    stock: careful
    listing: notebooks
"""


def with_line(old: str, new: str, text: str = GOOD) -> str:
    assert text.count(old) == 1, f"{old!r} is not unique"
    return text.replace(old, new)


def second_route(**changes: str) -> str:
    """The good file with another route that differs in name and prefix, and in what is said."""
    route = GOOD[GOOD.index("  - name: notebooks") :]
    lines = {"name": "other", "prefix": "HB", "goods_code": "HB"} | changes
    for key, value in lines.items():
        old = next(line for line in route.splitlines() if f" {key}: " in line)
        route = route.replace(old, old[: old.index(": ") + 2] + value)
    return GOOD + route


def refusal(text: str, accounts: tuple[str, ...] | None = None) -> str:
    with pytest.raises(MappingError) as caught:
        parse({"shop.yaml": text}, accounts)
    return str(caught.value)


def test_a_whole_file_becomes_rules() -> None:
    rules = parse({"shop.yaml": GOOD})

    route = rules.routes[0]
    assert rules.rates == {("CNY", "USD"): Rate(Decimal("0.1389"), date(2026, 11, 20))}
    assert (route.name, route.prefix, route.stores, route.supplier) == ("notebooks", "TY", ("toys",), "main")
    assert (route.goods_code, route.buy, route.carrier) == ("NB", BuyMode.BY_HAND, "forwarder")
    assert route.services == {"YANWEN": "YANWEN_AM"}
    assert route.relay.mobile == "013800000000"
    assert (route.price.multiplier, route.price.commission) == (Decimal("1.8"), Decimal("0.08"))
    assert (route.price.minimum_margin, route.price.endings) == (Decimal("0.1"), (Decimal("0.99"),))
    assert route.price.freight == Money.of("12.00", "CNY")
    assert (route.stock.buffer, route.stock.cap) == (2, 200)
    assert route.listing.variant_value_ids == ("193", "175")
    assert route.listing.freight_template_id == "50164494212"
    assert route.listing.attributes == (
        Attribute(name_id="2", value_id="201512802"),
        Attribute(name="Material", value="Paper"),
    )
    assert (route.listing.weight_g, route.listing.package_cm, route.listing.dispatch_days) == (350, (21, 15, 2), 5)
    assert route.place == Place("shop.yaml", 40, 5)
    assert check(rules) == []


def test_a_listing_may_be_written_in_another_language() -> None:
    text = with_line("    dispatch_days: 5\n", "    dispatch_days: 5\n    locale: es_ES\n")

    assert parse({"shop.yaml": text}).routes[0].listing.locale == "es_ES"


@pytest.mark.parametrize(("written", "meant"), [("true", True), ("false", False)])
def test_a_route_may_merge_the_orders_of_one_buyer(written: str, meant: bool) -> None:
    text = with_line("    buy: by_hand\n", f"    buy: auto\n    merge: {written}\n")
    assert parse({"shop.yaml": text}).routes[0].merge is meant


def test_orders_are_not_merged_unless_a_route_says_so() -> None:
    assert parse({"shop.yaml": GOOD}).routes[0].merge is False


def test_what_a_person_buys_or_confirms_is_not_merged() -> None:
    text = with_line("    buy: by_hand\n", "    buy: by_hand\n    merge: true\n")
    assert refusal(text) == "shop.yaml:40:5: merge goes with buy: auto only, and notebooks says by_hand; drop one"


def test_merging_is_yes_or_no() -> None:
    text = with_line("    buy: by_hand\n", "    buy: auto\n    merge: sometimes\n")
    assert refusal(text) == 'shop.yaml:46:12: "sometimes" is neither yes nor no; write true or false'


def test_what_one_file_defines_another_may_use() -> None:
    cut = GOOD.index("routes:")

    rules = parse({"a-routes.yaml": GOOD[cut:], "b-names.yaml": GOOD[:cut]})

    assert [route.name for route in rules.routes] == ["notebooks"]


def test_what_may_be_left_out_has_its_default() -> None:
    text = GOOD
    for line in ("    goods_code: NB\n", "    ending: 0.99\n", "    weight: 0.35 kg\n", "    dispatch_days: 5\n"):
        text = with_line(line, "", text)

    route = parse({"shop.yaml": text}).routes[0]

    assert (route.goods_code, route.price.endings) == ("", ())
    assert (route.listing.weight_g, route.listing.dispatch_days, route.listing.locale) == (500, 3, "en_US")


@pytest.mark.parametrize("text", ["", "# nothing yet\n"])
def test_an_empty_file_is_no_rule_and_no_mistake(text: str) -> None:
    assert parse({"shop.yaml": text}) == Rules((), {})


@given(st.decimals(min_value="0.0001", max_value="9999", places=4))
def test_numbers_are_as_exact_as_they_were_written(number: Decimal) -> None:
    rules = parse({"shop.yaml": with_line("multiplier: 1.8", f"multiplier: {number}")})

    assert rules.routes[0].price.multiplier == number


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("multiplier: 1.8", "multiplier: -1.8", "16:17: -1.8 is negative"),
        ("multiplier: 1.8", "multiplier: 0", "16:17: 0 makes no sense here; write a number above zero"),
        ("multiplier: 1.8", "multiplier: .nan", '16:17: ".nan" is not a number'),
        ("multiplier: 1.8", "multiplier: NaN", '16:17: "NaN" is not a number'),
        ("multiplier: 1.8", "multiplier: 1e3", '16:17: "1e3" is not a number'),
        ("multiplier: 1.8", "multiplier: 1,8", "16:17: 1,8 has a comma; write 1.8 with a point"),
        ("multiplier: 1.8", "multiplier: ١", '16:17: "١" is not a number'),
        ("multiplier: 1.8", "multiplier: [1.8]", "16:17: a list or section stands where one value is expected"),
        ("multiplier: 1.8", "multiplier:", "16:5: the value is empty"),
        ("multiplier: 1.8", 'multiplier: ""', "16:5: the value is empty"),
        ("multiplier: 1.8", "multiplier: ~", "16:17: the value is empty"),
        (
            "multiplier: 1.8",
            "multiplier: 01.8",
            '16:17: 01.8 starts with a zero, which gets lost; put it in quotes: "01',
        ),
        ("    multiplier: 1.8\n", "", '15:5: "multiplier" is missing; add the line multiplier: 1.8'),
        ("commission: 8 %", "commission: 8", "17:17: 8 is the whole or more; write a percentage such as 8 %"),
        ("commission: 8 %", "commission: 100%", "17:17: 100% is the whole or more"),
        ("commission: 8 %", "commission: -8%", "17:17: -8 is negative"),
        (
            "commission: 8 %",
            "commission: 91 %",
            "15:5: commission, ads, affiliate, payment_fee and margin take 101 % of a price and leave nothing",
        ),
        ("packing: 1.00 CNY", "packing: 1.00", "18:14: 1.00 lacks a currency; write it as 1.00 CNY"),
        ("packing: 1.00 CNY", "packing: 1.00 cny", '18:14: "cny" is not a currency'),
        ("packing: 1.00 CNY", "packing: 1.00CNY", '18:14: "1.00CNY" is not a number'),
        ("packing: 1.00 CNY", "packing: -1.00 CNY", "18:14: -1.00 is negative"),
        ("packing: 1.00 CNY", "packing: 1.00 USD", "15:5: packing and freight are in different currencies"),
        ("ending: 0.99", "ending: 12.99", "15:5: the ending 12.99 is not one of USD"),
        ("ending: 0.99", "ending: 0.999", "15:5: the ending 0.999 is not one of USD"),
        ("currency: USD", "currency: dollars", '15:15: "dollars" is not a currency'),
        ("day: 2026-11-20", "day: 2026-02-30", '4:10: "2026-02-30" is not a day; write year-month-day'),
        ("day: 2026-11-20", "day: 20.11.2026", '4:10: "20.11.2026" is not a day'),
        ("CNY/USD:", "CNY-USD:", '2:3: "CNY-USD" is no pair of currencies; write CNY/USD'),
        ("CNY/USD:", "USD/USD:", '2:3: "USD/USD" is no pair of currencies'),
        ("CNY/USD:", "CNY/usd:", '2:3: "usd" is not a currency'),
        ("rate: 0.1389", "rate: 0", "3:11: 0 makes no sense here"),
        ('mobile: "013800000000"', "mobile: 013800000000", "8:13: 013800000000 starts with a zero"),
        ("buffer: 2", "buffer: 2.5", '24:13: "2.5" is not a whole number of 0 or more'),
        ("cap: 200", "cap: 0", '25:10: "0" is not a whole number of 1 or more'),
        ("cap: 200", f"cap: {'9' * 5000}", '25:10: "999'),
        ('category: "200135143"', "category: Notebooks", '28:15: "Notebooks" is not an id'),
        ('variant_values: ["193", "175"]', "variant_values: 193", "31:21: a list is expected; start each"),
        ('variant_values: ["193", "175"]', "variant_values: []", "31:5: a list is expected"),
        ('variant_values: ["193", "175"]', 'variant_values: ["193", 193]', '31:29: "193" is in the list twice'),
        ('{name_id: "2", value_id: "201512802"}', '{name_id: "2"}', "33:9: an attribute needs name or name_id"),
        ("weight: 0.35 kg", "weight: 350", '36:13: "350" is not a weight in whole grams; write 500 g or 0.5 kg'),
        ("weight: 0.35 kg", "weight: 0.5 g", '36:13: "0.5 g" is not a weight in whole grams'),
        ("weight: 0.35 kg", "weight: 0 g", '36:13: "0 g" is not a weight'),
        ("package: 21 x 15 x 2 cm", "package: 21 x 15 cm", '37:14: "21 x 15 cm" is not a package size'),
        ("dispatch_days: 5", "locale: english", '38:13: "english" is not a language and country; write it as en_US'),
        ("buy: by_hand", "buy: sometimes", '45:10: "sometimes" is no way to buy; write one of auto, confirm'),
        ("stores: [toys]", "stores: toys", "42:13: a list is expected"),
        ("services:\n      YANWEN: YANWEN_AM", "services: {}", "48:5: a section is expected"),
        ("YANWEN: YANWEN_AM", "YANWEN:", "49:7: the value is empty"),
        (
            "relay: hangzhou",
            "relay: hangzou",
            '46:12: "hangzou" is not defined under "relays:"; did you mean "hangzhou"',
        ),
        ("price: standard", "price: cheap", '50:12: "cheap" is not defined under "prices:"; there are: standard'),
        (
            "stock: careful",
            "stock: carefull",
            '51:12: "carefull" is not defined under "stocks:"; did you mean "careful"',
        ),
        ("listing: notebooks", "listing: pens", '52:14: "pens" is not defined under "listings:"'),
        (
            "    commission: 8 %",
            "    comission: 8 %",
            '17:5: there is no key "comission" here; did you mean "commission"',
        ),
        ("rates:", "rate:", '1:1: there is no key "rate" here; did you mean "rates"'),
        ("cap: 200", "cap: 200\n    cap: 300", '26:5: "cap" is written twice here, first in line 25'),
        ("prefix: TY", "prefix: TY\n    prefix: HB", '42:5: "prefix" is written twice here, first in line 41'),
        ("    buffer: 2", "\tbuffer: 2", "24:1: a tab stands before the text; indent with spaces"),
        ("    buffer: 2", "  \tbuffer: 2", "24:3: a tab stands before the text"),
        ("    buffer: 2", "   buffer: 2", "25:8: this colon is one too many"),
        ("    cap: 200", "   cap: 200", "25:4: this line does not line up with the one above"),
        (
            "name: Material",
            "name: Ma: terial",
            "34:17: this colon is one too many; line the row up with the one above, or put the text in quotes",
        ),
        ("name: Material", "name: @home", "34:15: a text may not start with this sign; put it in quotes"),
        ("name: Material", "name: *home", "34:15: a text may not start with *; put it in quotes"),
        ("name: Material", "name: Mat\x07erial", "1:1: this cannot be read as YAML (ReaderError)"),
        ("routes:", "---\nroutes:", "39:1: a line --- starts a second document; use a second file"),
    ],
)
def test_a_slip_is_told_with_its_place_and_the_remedy(old: str, new: str, sentence: str) -> None:
    assert f"shop.yaml:{sentence}" in refusal(with_line(old, new))


@pytest.mark.parametrize("text", ["just words", "- a\n- b\n", "7"])
def test_a_file_that_is_no_section_is_refused(text: str) -> None:
    assert refusal(text).startswith("shop.yaml:1:1: a section is expected")


@pytest.mark.parametrize(
    "text", ["[" * 5000, "a: [1, 2", "a: 'b", "%YAML x", "a: !!python/object:os.system x", "&a [*a]"]
)
def test_no_text_however_odd_gets_past_as_anything_but_a_mapping_error(text: str) -> None:
    assert refusal(text).startswith("shop.yaml:")


@given(st.text(max_size=60))
def test_random_text_is_rules_or_a_mapping_error_and_nothing_else(text: str) -> None:
    with suppress(MappingError):
        parse({"shop.yaml": text})


def test_several_problems_are_told_together_in_the_order_of_the_lines() -> None:
    text = with_line("buy: by_hand", "buy: never", with_line("multiplier: 1.8", "multiplier: 0"))

    places = [line.split(": ")[0] for line in refusal(with_line("    city: 杭州市\n", "", text)).splitlines()]

    assert places == ["shop.yaml:7:5", "shop.yaml:15:17", "shop.yaml:44:10"]


def test_the_problems_of_all_files_are_told_together() -> None:
    with pytest.raises(MappingError) as caught:
        parse({"b.yaml": "prises: 1", "a.yaml": "routes: 1"})

    assert [line.split(": ")[0] for line in str(caught.value).splitlines()] == ["a.yaml:1:9", "b.yaml:1:1"]


def test_a_broken_policy_is_told_once_and_not_again_by_the_routes_that_use_it() -> None:
    message = refusal(with_line("multiplier: 1.8", "multiplier: 0"))

    assert len(message.splitlines()) == 1


def test_a_name_is_good_for_one_thing_in_all_files() -> None:
    with pytest.raises(MappingError, match=r'^b\.yaml:2:3: "careful" is already defined at a\.yaml:23:3; rename one$'):
        parse({"a.yaml": GOOD, "b.yaml": "stocks:\n  careful: {buffer: 1, cap: 2}\n"})


def test_a_rate_is_given_once() -> None:
    with pytest.raises(MappingError, match=r"^b\.yaml:2:3: a rate for CNY/USD is already given; keep one$"):
        parse({"a.yaml": GOOD, "b.yaml": "rates:\n  CNY/USD: {rate: 0.14, day: 2026-11-21}\n"})


def test_two_routes_of_one_name_are_refused() -> None:
    message = refusal(second_route(name="notebooks"))

    assert message == 'shop.yaml:53:11: "notebooks" is already defined at shop.yaml:40:11; rename one'


def test_stores_suppliers_and_carriers_must_be_accounts_where_these_are_known() -> None:
    message = refusal(GOOD, ("toy", "main2", "forwarder"))

    assert message.splitlines() == [
        'shop.yaml:42:14: the settings have no account "toys"; did you mean "toy"?',
        'shop.yaml:43:15: the settings have no account "main"; did you mean "main2"?',
    ]


def test_accounts_that_are_all_known_are_taken() -> None:
    assert len(parse({"shop.yaml": GOOD}, ("toys", "main", "forwarder")).routes) == 1


def findings(text: str) -> list[str]:
    return check(parse({"shop.yaml": text}))


def test_routes_that_share_nothing_are_in_order() -> None:
    assert findings(second_route()) == []


def test_a_longer_prefix_inside_a_shorter_one_is_in_order() -> None:
    assert findings(second_route(prefix="TYA")) == []


def test_one_prefix_twice_in_a_store_is_said_with_both_places() -> None:
    assert findings(second_route(prefix="TY")) == [
        "shop.yaml:53:5: other never gets a SKU of toys: notebooks at shop.yaml:40:5 has the same prefix TY; change one"
    ]


def test_one_prefix_in_two_stores_is_in_order() -> None:
    assert findings(second_route(prefix="TY", stores="[garden]", goods_code="NB")) == []


def test_one_goods_code_twice_in_a_store_is_said() -> None:
    assert findings(second_route(goods_code="NB")) == [
        "shop.yaml:53:5: other never lists an offer in toys: notebooks at shop.yaml:40:5 takes main with "
        "goods_code NB too; give each its own goods_code"
    ]


def test_two_routes_that_take_every_offer_of_a_supplier_are_said() -> None:
    text = second_route().replace("    goods_code: NB\n", "").replace("    goods_code: HB\n", "")

    assert len(findings(text)) == 1
    assert "with no goods_code too" in findings(text)[0]


def test_one_goods_code_of_two_suppliers_is_in_order() -> None:
    assert findings(second_route(goods_code="NB", supplier="byhand")) == []


@pytest.mark.parametrize("prefix", ["T-Y", "T Y", "玩具", "T_Y"])
def test_a_prefix_of_other_signs_than_letters_and_digits_is_said(prefix: str) -> None:
    assert findings(with_line("prefix: TY", f"prefix: {prefix}")) == [
        f"shop.yaml:40:5: the prefix {prefix} of notebooks may have only letters A-Z and digits"
    ]


def test_a_prefix_may_have_ten_characters_and_no_more() -> None:
    assert findings(with_line("prefix: TY", "prefix: ABCDEFGHIJ")) == []
    assert "is longer than 10" in findings(with_line("prefix: TY", "prefix: ABCDEFGHIJK"))[0]


def test_a_route_without_the_rate_it_needs_is_said() -> None:
    assert findings(with_line("CNY/USD:", "CNY/EUR:")) == [
        "shop.yaml:40:5: notebooks needs a rate; add CNY/USD under rates"
    ]


def test_a_rate_given_the_other_way_round_is_enough() -> None:
    assert findings(with_line("CNY/USD:", "USD/CNY:")) == []
