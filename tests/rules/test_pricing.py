"""Prices by hand: what the rules make of a cost must be what a person with a pencil makes of it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncbridge.errors import MappingError
from syncbridge.model.money import Money
from syncbridge.rules.mapping import PricePolicy, Rate
from syncbridge.rules.pricing import Goods, Parcel, Priced, Rates, convert, margin
from syncbridge.rules.pricing import price as price_of
from syncbridge.testing.builders import cny, usd
from tests.rules.conftest import POLICY, RATES, dollars, make_policy

ENDING = Decimal("0.99")


def price(cost: Money, policy: PricePolicy, rates: Rates) -> Priced:
    return price_of(Goods(cost), policy, rates)


@pytest.mark.parametrize(
    ("cost", "policy", "expected"),
    [
        # (13.90 + 1 + 12) × 0.14 = 3.766; × 1.8 ÷ 0.92 = 7.36826…
        ("13.90", POLICY, "7.37"),
        ("13.90", make_policy(endings=(ENDING,)), "7.99"),
        # (87 + 13) × 0.14 = 14; × 1.8 ÷ 0.92 = 27.39130…
        ("87.00", POLICY, "27.40"),
        ("87.00", make_policy(endings=(Decimal("0.50"),)), "27.50"),
    ],
)
def test_a_price_is_what_it_is_by_hand(cost: str, policy: PricePolicy, expected: str) -> None:
    assert price(cny(cost), policy, RATES).price == dollars(expected)


def test_the_floor_wins_over_a_small_multiplier() -> None:
    policy = make_policy(multiplier=Decimal("1.0"))

    priced = price(cny("87.00"), policy, RATES)

    # 14 ÷ (1 − 0.08 − 0.10) = 17.0731…, while 14 × 1.0 ÷ 0.92 = 15.217
    assert priced.floor.rounded() == dollars("17.07")
    assert priced.price == dollars("17.08")


def test_an_ending_never_goes_below_what_it_ends() -> None:
    # 27.39130… with .10 is 28.10, not 27.10
    assert price(cny("87.00"), make_policy(endings=(Decimal("0.10"),)), RATES).price == dollars("28.10")


def test_a_price_in_the_suppliers_own_currency_needs_no_rate() -> None:
    priced = price(cny("87.00"), make_policy(currency="CNY"), {})

    assert priced.price == cny("195.66")  # 100 × 1.8 ÷ 0.92 = 195.652…
    assert priced.passport["rate"] == "none needed"


def test_a_missing_rate_is_a_sentence_that_says_where_to_add_it() -> None:
    with pytest.raises(MappingError, match="no rate from CNY to USD; add CNY/USD under rates"):
        price(cny("87.00"), POLICY, {})


def test_a_rate_is_used_both_ways() -> None:
    back = {("USD", "CNY"): Rate(Decimal(8), date(2026, 3, 1))}

    assert convert(cny("16.00"), "USD", back) == dollars("2")
    assert convert(usd("2.00"), "CNY", back) == cny("16")


def test_the_passport_says_why_the_price_is_what_it_is() -> None:
    passport = price(cny("87.00"), make_policy(endings=(ENDING,)), RATES).passport

    assert passport == {
        "cost": "87.00 CNY",
        "packing": "1.00 CNY",
        "freight": "12.00 CNY",
        "landed": "100.00 CNY",
        "rate": "0.14 of 2026-03-01",
        "multiplier": "1.8",
        "commission": "0.08",
        "floor": "17.07 USD",
        "before ending": "27.39 USD",
    }


amounts = st.decimals("0.01", "99999.99", places=2)
shares = st.decimals("0", "0.45", places=3)


@given(
    cost=amounts,
    multiplier=st.decimals("0.5", "5", places=2),
    commission=shares,
    least=shares,
    ending=st.none() | st.decimals("0", "0.99", places=2),
)
def test_a_price_never_falls_below_the_floor_and_leaves_the_minimum_margin(
    cost: Decimal, multiplier: Decimal, commission: Decimal, least: Decimal, ending: Decimal | None
) -> None:
    policy = make_policy(
        multiplier=multiplier,
        commission=commission,
        minimum_margin=least,
        endings=(ending,) if ending is not None else (),
    )

    priced = price(Money(cost, "CNY"), policy, RATES)

    assert priced.price >= priced.floor
    landed = (cost + 13) * Decimal("0.14")
    left = priced.price.amount * (1 - commission) - landed
    assert left >= priced.price.amount * least - Decimal("1e-15")
    assert priced.price == priced.price.rounded()


@given(cost=amounts, more=amounts)
def test_a_dearer_cost_never_makes_a_lower_price(cost: Decimal, more: Decimal) -> None:
    policy = make_policy(endings=(ENDING,))

    assert price(Money(cost + more, "CNY"), policy, RATES).price >= price(Money(cost, "CNY"), policy, RATES).price


def test_a_margin_counts_the_total_and_packing_and_freight_of_each_unit() -> None:
    left = margin(usd("36.62"), cny("32.80"), POLICY, Parcel(2), RATES)

    # 32.80 + 2 × 13.00 = 58.80 CNY = 8.232 USD
    assert (left.payout, left.cost, left.profit) == (usd("36.62"), usd("8.23"), usd("28.39"))
    assert round(left.share, 4) == Decimal("0.7752")


def test_a_loss_is_a_loss_and_a_payout_of_nothing_is_not_divided_by() -> None:
    assert margin(usd("1.00"), cny("100.00"), POLICY, Parcel(1), RATES).profit == usd("-14.82")
    assert margin(usd("0"), cny("1.00"), POLICY, Parcel(1), RATES).share == -1


@given(payout=amounts, cost=amounts, more=amounts, units=st.integers(1, 20))
def test_a_dearer_purchase_never_leaves_more(payout: Decimal, cost: Decimal, more: Decimal, units: int) -> None:
    cheap, dear = (
        margin(Money(payout, "USD"), Money(total, "CNY"), POLICY, Parcel(units), RATES) for total in (cost, cost + more)
    )

    assert dear.profit <= cheap.profit
    assert dear.share < cheap.share
    assert dear.cost >= cheap.cost


@given(payout=amounts, cost=amounts, units=st.integers(1, 20))
def test_each_further_unit_leaves_less(payout: Decimal, cost: Decimal, units: int) -> None:
    fewer, one_more = (
        margin(Money(payout, "USD"), Money(cost, "CNY"), POLICY, Parcel(count), RATES) for count in (units, units + 1)
    )

    assert one_more.profit < fewer.profit
