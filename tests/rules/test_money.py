"""Money is exact and never travels without its currency."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncbridge.model.money import Money

cents = st.integers(-(10**12), 10**12)
currencies = st.sampled_from(["CNY", "USD", "JPY", "EUR"])


@given(cents, currencies)
def test_minor_units_survive_the_trip(units: int, currency: str) -> None:
    assert Money.minor(units, currency).minor_units == units


@given(cents, currencies)
def test_a_text_of_money_reads_as_the_same_money(units: int, currency: str) -> None:
    money = Money.minor(units, currency)

    assert Money.parse(str(money)) == money


@given(cents, cents)
def test_adding_and_taking_away_leaves_what_there_was(one: int, two: int) -> None:
    first, second = Money.minor(one, "CNY"), Money.minor(two, "CNY")

    assert first + second - second == first
    assert (first < second) is (one < two)


def test_fen_become_yuan_and_yen_have_no_fen() -> None:
    assert Money.minor(1390, "CNY") == Money.of("13.90", "CNY")
    assert Money.minor(1390, "JPY") == Money.of(1390, "JPY")
    assert str(Money.of("5", "JPY")) == "5 JPY"


@pytest.mark.parametrize(("amount", "rounded"), [("0.005", "0.01"), ("0.0049", "0.00"), ("-0.005", "-0.01")])
def test_half_a_cent_is_rounded_up(amount: str, rounded: str) -> None:
    assert Money.of(amount, "USD").rounded() == Money.of(rounded, "USD")


@pytest.mark.parametrize("other", ["CNY", "EUR"])
def test_two_currencies_are_never_reckoned_together(other: str) -> None:
    with pytest.raises(ValueError, match="convert one first"):
        Money.of(1, "USD") + Money.of(1, other)
    with pytest.raises(ValueError, match="convert one first"):
        assert Money.of(1, "USD") < Money.of(1, other)


@pytest.mark.parametrize("text", ["5", "CNY", "", "5 yuan", "five CNY", "5 cny", "NaN CNY", "Infinity CNY"])
def test_what_is_no_money_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        Money.parse(text)


@pytest.mark.parametrize("amount", [Decimal("NaN"), Decimal("Infinity")])
def test_an_amount_is_finite(amount: Decimal) -> None:
    with pytest.raises(ValueError, match="finite"):
        Money(amount, "CNY")
