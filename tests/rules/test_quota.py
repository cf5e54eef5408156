"""A part of each day's calls is kept for orders and tracking, whatever the catalogue would like."""

from __future__ import annotations

from decimal import Decimal

import pytest

from syncbridge.rules.quota import DayQuota

QUOTA = DayQuota(1000, Decimal("0.6"))


@pytest.mark.parametrize(
    ("made", "catalogue", "orders"),
    [
        ({}, 600, 1000),
        ({"catalogue": 600}, 0, 400),
        ({"catalogue": 590, "orders": 100}, 10, 310),
        ({"orders": 900}, 100, 100),
        ({"catalogue": 500, "orders": 500}, 0, 0),
    ],
)
def test_row_44_the_catalogue_takes_at_most_its_share_and_orders_all_that_is_left(
    made: dict[str, int], catalogue: int, orders: int
) -> None:
    assert QUOTA.left("catalogue", made) == catalogue
    assert QUOTA.left("orders", made) == orders
