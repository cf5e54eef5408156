"""A plan in a few numbers."""

from __future__ import annotations

from decimal import Decimal

import pytest

from syncbridge.rules.plan_totals import Totals, move, totals


def test_each_change_is_counted_by_what_it_does() -> None:
    sums = totals(
        [
            ("price", "10.00 USD", "12.00 USD", "proposed"),
            ("price", "10.00 USD", "7.00 USD", "held"),
            ("price", "None", "7.00 USD", "proposed"),
            ("stock", "9", "0", "proposed"),
            ("stock", "0", "9", "applied"),
            ("stock", "9", "10", "applied"),
            ("listing", "none", "Notebook", "proposed"),
            ("sku", "none", "Red: 7.00 USD, 9", "proposed"),
            ("title", "Notebook", "Mine", "proposed"),
            ("description", "", "<p>Mine</p>", "proposed"),
            ("status", "offline", "on_sale", "applied"),
            ("price", "10.00 USD", "30.00 USD", "kept"),
        ]
    )

    assert sums == Totals(
        prices_up=1,
        prices_down=1,
        leaps=1,
        first_prices=1,
        to_zero=1,
        back_from_zero=1,
        other_stock=1,
        new_listings=1,
        new_skus=1,
        reworded=2,
        switched=1,
        held=1,
        kept=1,
    )


@pytest.mark.parametrize(
    ("before", "after", "by"),
    [
        ("10.00 USD", "12.00 USD", Decimal("0.2")),
        ("None", "12.00 USD", None),
        ("0.00 USD", "12.00 USD", None),
        ("10.00 USD", "12.00 EUR", None),
    ],
)
def test_a_price_moves_by_a_fraction_of_what_it_was(before: str, after: str, by: Decimal | None) -> None:
    assert move(before, after) == by


@pytest.mark.parametrize(("after", "leaps"), [("12.00 USD", 0), ("12.01 USD", 1), ("8.00 USD", 0), ("7.99 USD", 1)])
def test_a_leap_is_more_than_a_fifth(after: str, leaps: int) -> None:
    assert totals([("price", "10.00 USD", after, "proposed")]).leaps == leaps
