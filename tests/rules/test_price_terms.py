"""Each term of a price, by hand: what it adds, and that the passport names it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncbridge.model.money import Money
from syncbridge.rules.mapping import Aim, CountryPrice, FreightRow, FreightTable, Place, PricePolicy, Rate
from syncbridge.rules.pricing import CEILING, STALE, Goods, Parcel, margin, only_the_rate_moved, price
from syncbridge.testing.builders import cny, usd
from tests.rules.conftest import RATES, dollars, make_policy

HERE = Place("shop.yaml", 30, 7)
YANWEN = FreightTable(
    "yanwen",
    {
        # 18 for the parcel and 60 a kilogram, by the gram
        "US": FreightRow(cny("18.00"), 0, cny("0.06"), 1, HERE),
        # 28 for the first 500 g, and 4 for each 100 g that are begun
        "DE": FreightRow(cny("28.00"), 500, cny("4.00"), 100, HERE),
    },
    divisor=8000,
)
BY_WEIGHT = make_policy(freight=YANWEN, destination="US", endings=(Decimal("0.99"),))


def goods(cost: str = "20.00", weight_g: int = 250, **changes: object) -> Goods:
    made = Goods(cny(cost), Parcel(weight_g=weight_g, package_cm=(10, 10, 10)))
    return replace(made, **changes)  # type: ignore[arg-type]  # the class's own fields


@pytest.mark.parametrize(
    ("destination", "weight_g", "expected"),
    [
        ("US", 250, "33.00"),  # 18 + 0.250 × 60
        ("US", 100, "25.50"),  # 1000 cm³ count as 125 g
        ("DE", 250, "28.00"),
        ("DE", 500, "28.00"),
        ("DE", 501, "32.00"),
        ("DE", 600, "32.00"),
        ("DE", 730, "40.00"),
    ],
)
def test_the_way_abroad_is_reckoned_by_weight_and_destination(destination: str, weight_g: int, expected: str) -> None:
    passport = price(goods(weight_g=weight_g), replace(BY_WEIGHT, destination=destination), RATES).passport

    assert passport["freight"] == f"{expected} CNY"
    assert passport["freight row"] == f"yanwen to {destination}, {max(weight_g, 125)} g (shop.yaml:30:7)"


def test_volume_counts_nothing_where_the_forwarder_has_no_divisor() -> None:
    by_weight_alone = replace(BY_WEIGHT, freight=replace(YANWEN, divisor=None))

    assert price(goods(weight_g=100), by_weight_alone, RATES).passport["freight"] == "24.00 CNY"


def test_domestic_freight_is_added_unless_the_cost_pays_the_postage() -> None:
    policy = make_policy(domestic_freight=cny("4.00"))

    # (20 + 1 + 4 + 12) × 0.14 × 1.8 ÷ 0.92 = 10.1347…
    with_freight = price(goods(), policy, RATES)
    assert (with_freight.price, with_freight.passport["domestic freight"]) == (dollars("10.14"), "4.00 CNY")
    # (20 + 1 + 12) × 0.14 × 1.8 ÷ 0.92 = 9.0391…
    without = price(goods(postage_paid=True), policy, RATES)
    assert without.price == dollars("9.04")
    assert "domestic freight" not in without.passport


def test_what_others_keep_is_taken_together() -> None:
    policy = make_policy(ads=Decimal("0.05"), affiliate=Decimal("0.03"), payment_fee=Decimal("0.01"))

    priced = price(goods(), policy, RATES)

    # 33 × 0.14 × 1.8 ÷ (1 − 0.08 − 0.05 − 0.03 − 0.01) = 10.0192…
    assert priced.price == dollars("10.02")
    assert priced.passport.items() >= {"ads": "0.05", "affiliate": "0.03", "payment fee": "0.01"}.items()


def test_a_category_may_have_its_own_commission() -> None:
    policy = make_policy(commissions={"200135143": Decimal("0.05")})

    # 33 × 0.14 × 1.8 ÷ 0.95 = 8.7536…
    own = price(goods(category_id="200135143"), policy, RATES)
    assert (own.price, own.passport["commission"]) == (dollars("8.76"), "0.05 of category 200135143")
    assert price(goods(category_id="7"), policy, RATES).passport["commission"] == "0.08"


def test_what_the_bank_keeps_makes_costs_in_another_currency_dearer_and_no_others() -> None:
    policy = make_policy(fx_spread=Decimal("0.02"))

    # 33 × 0.14 ÷ 0.98 × 1.8 ÷ 0.92 = 9.2236…
    assert price(goods(), policy, RATES).price == dollars("9.23")
    assert price(goods(), policy, RATES).passport["fx spread"] == "0.02"
    at_home = make_policy(currency="CNY", fx_spread=Decimal("0.02"))
    assert price(goods(), at_home, {}).price == cny("64.57")  # 33 × 1.8 ÷ 0.92 = 64.565…


def test_a_margin_is_what_is_left_of_the_price() -> None:
    priced = price(goods(), make_policy(multiplier=None, margin=Decimal("0.25")), RATES)

    # 4.62 ÷ (1 − 0.08 − 0.25) = 6.8955…
    assert priced.price == dollars("6.90")
    assert priced.passport["margin"] == "0.25"
    assert "multiplier" not in priced.passport


def test_a_role_has_its_own_aim_and_other_roles_the_policys() -> None:
    policy = make_policy(roles={"traffic": Aim(multiplier=Decimal("1.2")), "profit": Aim(margin=Decimal("0.40"))})

    # 4.62 × 1.2 ÷ 0.92 = 6.0260…; 4.62 ÷ (1 − 0.08 − 0.40) = 8.8846…
    assert price(goods(), policy, RATES, "traffic").price == dollars("6.03")
    assert price(goods(), policy, RATES, "profit").price == dollars("8.89")
    assert price(goods(), policy, RATES).price == dollars("9.04")
    assert price(goods(), policy, RATES, "profit").passport["role"] == "profit"


def test_of_several_endings_the_nearest_upwards_is_taken() -> None:
    policy = make_policy(endings=(Decimal("0.99"), Decimal("0.49")))

    # 9.0391… and, for 30.00, 11.7782…
    assert price(goods(), policy, RATES).price == dollars("9.49")
    assert price(goods("30.00"), policy, RATES).price == dollars("11.99")


def test_without_an_ending_a_price_goes_up_to_the_smallest_coin_of_its_currency() -> None:
    yen = {("CNY", "JPY"): Rate(Decimal("20.1"), date(2026, 3, 1))}

    # 33 × 20.1 × 1.8 ÷ 0.92 = 1297.76…
    assert price(goods(), make_policy(currency="JPY"), yen).price == Money.of("1298", "JPY")


def test_no_price_is_below_the_minimum() -> None:
    assert price(goods(), make_policy(minimum_price=usd("12.00")), RATES).price == dollars("12.00")
    assert price(goods(), make_policy(minimum_price=usd("9.00")), RATES).price == dollars("9.04")


def test_a_price_above_the_maximum_is_doubted_and_not_lowered() -> None:
    priced = price(goods(), make_policy(maximum_price=usd("9.03")), RATES)

    assert priced.price == dollars("9.04")
    assert priced.doubt is not None
    assert (priced.doubt.kind, priced.doubt.why) == (
        CEILING,
        "9.04 USD is above the policy's maximum_price of 9.03 USD",
    )
    assert price(goods(), make_policy(maximum_price=usd("9.04")), RATES).doubt is None


def test_a_country_may_have_its_own_freight_and_its_own_aim() -> None:
    policy = replace(
        BY_WEIGHT,
        countries={
            "DE": CountryPrice(None, "DE"),
            "FR": CountryPrice(Aim(margin=Decimal("0.50")), "DE"),
        },
    )

    priced = price(goods(), policy, RATES)

    # US (20 + 1 + 33) × 0.14 × 1.8 ÷ 0.92 = 14.79…; DE (20 + 1 + 28) × … = 13.42…; FR 49 × 0.14 ÷ 0.42 = 16.33…
    assert priced.price == dollars("14.99")
    assert priced.countries == {"DE": dollars("13.99"), "FR": dollars("16.99")}
    assert priced.passport["price FR"] == "16.99 USD"


def test_freight_may_be_in_a_currency_of_its_own() -> None:
    rows = {"US": FreightRow(Money.of("2.00", "EUR"), 0, Money.of("0.01", "EUR"), 1, HERE)}
    policy = make_policy(freight=FreightTable("dhl", rows), destination="US")
    rates = {**RATES, ("USD", "EUR"): Rate(Decimal("0.80"), date(2026, 3, 2), "ecb")}

    priced = price(goods(), policy, rates)

    # ((20 + 1) × 0.14 + (2 + 2.50) ÷ 0.80) × 1.8 ÷ 0.92 = 16.7576…
    assert priced.price == dollars("16.76")
    assert priced.passport["landed"] == "21.00 CNY + 4.50 EUR"
    assert priced.passport["rate"] == "CNY/USD 0.14 of 2026-03-01, USD/EUR 0.80 of 2026-03-02 by ecb"


def test_a_price_that_needs_a_stale_rate_is_doubted() -> None:
    stale = {("CNY", "USD"): Rate(Decimal("0.14"), date(2026, 3, 1), "ecb", stale=True)}

    doubt = price(goods(), make_policy(), stale).doubt
    assert doubt is not None
    assert (doubt.kind, doubt.why) == (STALE, "the rate CNY/USD is of 2026-03-01, and ecb has told no newer one")
    assert price(goods(), make_policy(currency="CNY"), stale).doubt is None


def test_passports_that_differ_in_the_rate_alone_are_told_from_others() -> None:
    now = price(goods(), BY_WEIGHT, RATES).passport
    other_rate = {("CNY", "USD"): Rate(Decimal("0.16"), date(2026, 3, 9))}

    assert only_the_rate_moved(now, price(goods(), BY_WEIGHT, other_rate).passport)
    assert not only_the_rate_moved(now, price(goods("21.00"), BY_WEIGHT, other_rate).passport)
    assert not only_the_rate_moved(now, price(goods(), replace(BY_WEIGHT, ads=Decimal("0.01")), other_rate).passport)
    assert not only_the_rate_moved({}, now)


def test_a_purchase_bears_the_freight_of_one_parcel_to_where_it_goes() -> None:
    parcel = Parcel(units=3, weight_g=750, package_cm=(10, 10, 10), destination="DE")

    # 60 + 3 × 1.00 + 28 + 3 × 4.00 = 103 CNY = 14.42 USD
    assert margin(usd("20.00"), cny("60.00"), BY_WEIGHT, parcel, RATES).cost == usd("14.42")
    # a country the table does not know is reckoned as the policy's: 63 + 18 + 0.750 × 60 = 126 CNY
    assert margin(usd("20.00"), cny("60.00"), BY_WEIGHT, replace(parcel, destination="BR"), RATES).cost == usd("17.64")


def test_a_purchase_bears_what_the_bank_keeps() -> None:
    policy = make_policy(fx_spread=Decimal("0.02"))

    # (60 + 13) × 0.14 ÷ 0.98
    assert margin(usd("20.00"), cny("60.00"), policy, Parcel(), RATES).cost == usd("10.43")


amounts = st.decimals("0.02", "9999.99", places=2)
shares = st.decimals("0", "0.12", places=3)
policies = st.builds(
    make_policy,
    multiplier=st.decimals("0.5", "4", places=2),
    commission=shares,
    ads=shares,
    affiliate=shares,
    payment_fee=shares,
    fx_spread=shares,
    minimum_margin=shares,
    freight=st.sampled_from([YANWEN, cny("12.00")]),
    destination=st.sampled_from(["US", "DE"]),
    endings=st.sampled_from([(), (Decimal("0.99"),), (Decimal("0.00"), Decimal("0.49"), Decimal("0.95"))]),
)


@given(policy=policies, cost=amounts, more=amounts, weight_g=st.integers(1, 30_000))
def test_whatever_the_terms_a_price_keeps_its_promises(
    policy: PricePolicy, cost: Decimal, more: Decimal, weight_g: int
) -> None:
    parcel = Parcel(weight_g=weight_g, package_cm=(20, 15, 5))
    priced, dearer = (price(Goods(cny(str(asked)), parcel), policy, RATES) for asked in (cost, cost + more))

    assert dearer.price >= priced.price >= priced.floor
    assert priced.price.currency == priced.floor.currency == policy.currency
    assert not policy.endings or priced.price.amount % 1 in policy.endings
    sold = priced.price * (1 - policy.fees(""))
    left = margin(sold, cny(str(cost)), policy, replace(parcel, destination=policy.destination), RATES)
    assert left.profit.amount >= priced.price.amount * policy.minimum_margin - Decimal("0.02")
