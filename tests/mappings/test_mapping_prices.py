"""The richer terms of a price policy: read as written, and refused with place and remedy where they cannot hold."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from syncbridge.errors import MappingError
from syncbridge.rules.mapping import Aim, CostBasis, CountryPrice, FreightRow, FreightTable, Place, PricePolicy, Rate
from syncbridge.rules.mapping_cases import parse_cases, run_cases
from syncbridge.rules.mapping_check import check
from syncbridge.rules.mapping_file import parse
from syncbridge.testing.builders import cny, usd
from tests.mappings.test_mapping_file import GOOD, with_line

RICH = with_line(
    "prices:",
    """\
freights:
  4px:
    divisor: 8000
    destinations:
      US: {parcel: 18.00 CNY, per_kg: 62.00 CNY}
      UK: {parcel: 28.00 CNY, first_weight: 0.5 kg, step_weight: 100 g, step: 4.00 CNY}
commissions:
  aliexpress:
    default: 8 %
    categories:
      "200135143": 5 %
prices:
  rich:
    cost: tier
    quantity: 10
    domestic_freight: 3.00 CNY
    packing: 1.00 CNY
    freight: 4px
    destination: US
    commission: aliexpress
    ads: 5 %
    affiliate: 3 %
    payment_fee: 1 %
    fx_spread: 0.5 %
    margin: 25 %
    minimum_margin: 10 %
    roles:
      traffic: {multiplier: 1.2}
      profit: {margin: 40 %}
    ending: [0.49, 0.99]
    currency: USD
    minimum_price: 2.99 USD
    maximum_price: 99.00 USD
    countries:
      UK: {margin: 30 %}
      IE: {destination: UK}""",
)


def rich(old: str = "", new: str = "") -> str:
    assert old in RICH
    return RICH.replace(old, new, 1).replace("    price: standard", "    price: rich\n    role: traffic")


def refusal(text: str) -> str:
    with pytest.raises(MappingError) as caught:
        parse({"shop.yaml": text})
    return str(caught.value)


def test_every_term_of_a_price_policy_is_read() -> None:
    (route,) = parse({"shop.yaml": rich()}).routes
    policy = route.price

    assert route.role == "traffic"
    assert (policy.basis, policy.quantity, policy.domestic_freight) == (CostBasis.TIER, 10, cny("3.00"))
    assert (policy.multiplier, policy.margin) == (None, Decimal("0.25"))
    assert policy.roles == {"traffic": Aim(multiplier=Decimal("1.2")), "profit": Aim(margin=Decimal("0.4"))}
    assert policy.fees("200135143") == Decimal("0.14")
    assert policy.fees("7") == Decimal("0.17")
    assert policy.fx_spread == Decimal("0.005")
    assert policy.endings == (Decimal("0.49"), Decimal("0.99"))
    assert (policy.minimum_price, policy.maximum_price) == (usd("2.99"), usd("99.00"))
    assert policy.countries == {"GB": CountryPrice(Aim(margin=Decimal("0.3")), "GB"), "IE": CountryPrice(None, "GB")}
    assert policy.destination == "US"
    line = RICH[: RICH.index("      US:")].count("\n") + 1
    assert policy.freight == FreightTable(
        "4px",
        {
            "US": FreightRow(cny("18.00"), 0, cny("0.062"), 1, Place("shop.yaml", line, 11)),
            "GB": FreightRow(cny("28.00"), 500, cny("4.00"), 100, Place("shop.yaml", line + 1, 11)),
        },
        8000,
    )


def test_what_may_be_left_out_of_a_price_policy_changes_nothing() -> None:
    (route,) = parse({"shop.yaml": GOOD}).routes

    assert route.price == PricePolicy(
        "USD", Decimal("1.8"), Decimal("0.08"), cny("1.00"), cny("12.00"), Decimal("0.1"), (Decimal("0.99"),)
    )


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("    margin: 25 %\n", "", '"multiplier" is missing; add the line multiplier: 1.8, or the line margin: 25 %'),
        ("    margin: 25 %", "    margin: 25 %\n    multiplier: 2", "multiplier and margin are both written"),
        ("margin: 25 %", "margin: 83 %", "take 100 % of a price and leave nothing to pay the goods from"),
        ("profit: {margin: 40 %}", "profit: {margin: 84.5 %}", "take 101.5 % of a price"),
        ("UK: {margin: 30 %}", "UK: {margin: 95 %}", "take 112 % of a price"),
        ('"200135143": 5 %', '"200135143": 70 %', "take 119 % of a price"),
        (
            "cost: tier",
            "cost: cheapest",
            '"cheapest" is none of the supplier\'s prices; write one of sku, tier, dropship',
        ),
        ("quantity: 10", "quantity: 0", '"0" is not a whole number of 1 or more'),
        (
            "commission: aliexpress",
            "commission: aliexpres",
            'not defined under "commissions:"; did you mean "aliexpress"',
        ),
        ("freight: 4px", "freight: yanwen", '"yanwen" is not defined under "freights:"'),
        ("freight: 4px", "freight: 12.00", "12.00 lacks a currency"),
        ("destination: US", "destination: FR", "the freight table 4px has no destination FR; there are GB, US"),
        ("IE: {destination: UK}", "IE: {multiplier: 2}", "the freight table 4px has no destination IE"),
        ("    destination: US\n", "", "freight names a table; add the line destination: US"),
        ("destination: US", "destination: usa", '"usa" is no country; write its two letters'),
        ("freight: 4px", "freight: 12.00 CNY", "IE has no price of its own: write multiplier or margin"),
        ("per_kg: 62.00 CNY", "per_kg: 62.00 USD", "a row is in one currency; write all its amounts in that one"),
        (", per_kg: 62.00 CNY", "", "write per_kg, or first_weight with step_weight and step, beside parcel"),
        (", step: 4.00 CNY", "", "write per_kg, or first_weight with step_weight and step, beside parcel"),
        ("parcel: 18.00 CNY", "parcel: much", '"much" is not a number'),
        ("domestic_freight: 3.00 CNY", "domestic_freight: 3.00 USD", "packing and freight are in different currencies"),
        (
            "minimum_price: 2.99 USD",
            "minimum_price: 2.99 CNY",
            "minimum_price and maximum_price are prices; write them in USD",
        ),
        ("maximum_price: 99.00", "maximum_price: 2.98", "minimum_price is above maximum_price; exchange them"),
        ("[0.49, 0.99]", "[0.49, 1.99]", "the ending 1.99 is not one of USD"),
        ("traffic: {multiplier: 1.2}", "traffic: {multiplier: 1.2, margin: 9 %}", "write one of multiplier and margin"),
    ],
)
def test_a_slip_in_a_price_policy_is_told_with_the_remedy(old: str, new: str, sentence: str) -> None:
    assert sentence in refusal(rich(old, new))


def test_an_heir_that_aims_otherwise_does_not_inherit_the_other_aim() -> None:
    text = rich("prices:\n", "prices:\n  heir: {extends: rich, multiplier: 2}\n  next: {extends: heir, margin: 9 %}\n")
    heir, following = (
        parse({"shop.yaml": text.replace("price: rich", f"price: {name}")}).routes[0].price for name in ("heir", "next")
    )

    assert (heir.multiplier, heir.margin) == (Decimal(2), None)
    assert (following.multiplier, following.margin) == (None, Decimal("0.09"))


def test_a_role_the_policy_does_not_have_is_found() -> None:
    (found,) = check(parse({"shop.yaml": rich().replace("role: traffic", "role: trafic")}))

    assert found.endswith('the price policy of notebooks has no role "trafic"; did you mean "traffic"?')


def test_a_rate_may_come_from_an_account() -> None:
    text = with_line("  CNY/USD:\n    rate: 0.1389\n    day: 2026-11-20", "  CNY/USD: ecb")
    accounts = ("toys", "main", "forwarder", "ecb")

    rules = parse({"shop.yaml": text}, accounts)
    assert (rules.rates, rules.followed) == ({}, {("CNY", "USD"): "ecb"})
    assert check(rules) == []
    assert 'the settings have no account "ecb"' in str(_error(text, accounts[:3]))


def test_a_rate_written_as_a_bare_number_is_still_refused() -> None:
    text = with_line("  CNY/USD:\n    rate: 0.1389\n    day: 2026-11-20", "  CNY/USD: 0.1389")

    assert "a section is expected" in refusal(text)


def test_one_pair_is_told_by_one_source() -> None:
    text = with_line("rates:", "rates:\n  EUR/USD: ecb") + "  "
    twice = {"a.yaml": text, "b.yaml": "rates:\n  EUR/USD: {rate: 1.1, day: 2026-11-20}\n"}

    with pytest.raises(MappingError, match="a rate for EUR/USD is already given; keep one"):
        parse(twice)


def test_a_freight_table_in_a_third_currency_needs_its_rate() -> None:
    text = rich("{parcel: 18.00 CNY, per_kg: 62.00 CNY}", "{parcel: 2.00 EUR, per_kg: 8.00 EUR}")

    (found,) = check(parse({"shop.yaml": text}))
    assert found.endswith("notebooks needs a rate; add EUR/USD under rates")
    assert check(parse({"shop.yaml": text, "b.yaml": "rates:\n  USD/EUR: {rate: 0.9, day: 2026-11-20}\n"})) == []


CASE = "sku: TY1, store: toys, route: notebooks, cost: 20.00 CNY, weight: 250 g"


def outcome(case: str) -> list[str]:
    return run_cases(parse_cases({"c.yaml": f"cases:\n  - {{{case}}}\n"}), parse({"shop.yaml": rich()}))


def test_a_case_may_say_weight_category_country_role_and_floor() -> None:
    # (20 + 1 + 3 + 18 + 0.250 × 62) × 0.1389 ÷ 0.995 = 8.0269…; × 1.2 ÷ 0.86 = 11.20; floor ÷ 0.76 = 10.5618…
    assert outcome(f"{CASE}, price: 11.49 USD, floor: 10.56 USD") == []
    # of another category: × 1.2 ÷ 0.83 = 11.605…
    assert outcome(f'{CASE}, category: "7", price: 11.99 USD') == []
    # as profit: ÷ (1 − 0.14 − 0.40) = 17.4499…
    assert outcome(f"{CASE}, role: profit, price: 17.49 USD") == []
    # to the UK: (24 + 28) × 0.1389 ÷ 0.995 ÷ (1 − 0.14 − 0.30) = 12.9628…
    assert outcome(f"{CASE}, country: UK, price: 12.99 USD") == []


@pytest.mark.parametrize(
    ("more", "wrong"),
    [
        ("price: 11.49 USD, floor: 1.00 USD", "a cost of 20.00 CNY has its floor at 10.56 USD, expected 1.00 USD"),
        ("price: 11.49 USD, weight: 9 kg", "is above the policy's maximum_price of 99.00 USD"),
    ],
)
def test_a_case_that_comes_out_otherwise_says_how(more: str, wrong: str) -> None:
    case = CASE.replace(", weight: 250 g", "") if "weight" in more else CASE

    assert wrong in outcome(f"{case}, {more}")[0]


def test_a_floor_alone_is_no_case() -> None:
    with pytest.raises(MappingError, match="floor goes with cost and price"):
        parse_cases({"c.yaml": "cases:\n  - {sku: TY1, store: toys, route: a, floor: 1.00 USD}\n"})


def _error(text: str, accounts: tuple[str, ...]) -> MappingError:
    with pytest.raises(MappingError) as caught:
        parse({"shop.yaml": text}, accounts)
    return caught.value


def test_a_written_rate_has_no_source_and_never_ages() -> None:
    rates = parse({"shop.yaml": GOOD}).rates

    assert rates == {("CNY", "USD"): Rate(Decimal("0.1389"), date(2026, 11, 20))}
