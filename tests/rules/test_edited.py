"""What a person may write into a table."""

from __future__ import annotations

import pytest

from syncbridge.model.catalog import GivenText
from syncbridge.rules import edited
from syncbridge.testing.builders import usd


@pytest.mark.parametrize(
    ("written", "currency", "price"),
    [
        ("12.99", "USD", usd("12.99")),
        ("12.99", "", usd("12.99")),
        ("10.989000000000001", "USD", usd("10.99")),
        ("", "USD", None),
        ("", "EUR", None),
    ],
)
def test_a_price_is_read_in_the_currency_the_sku_is_sold_in(written: str, currency: str, price: object) -> None:
    assert edited.price(written, currency, usd("7.99")) == price


def test_a_first_price_names_its_currency() -> None:
    assert edited.price("3", "USD", None) == usd("3.00")
    with pytest.raises(ValueError, match="names no currency"):
        edited.price("3", "", None)


@pytest.mark.parametrize(
    ("written", "currency", "why"),
    [
        ("0", "USD", "no price to sell at"),
        ("-1", "USD", "no price to sell at"),
        ("0.004", "USD", "no price to sell at"),
        ("NaN", "USD", "finite"),
        ("free", "USD", "not an amount"),
        ("12,99", "USD", "not an amount"),
        ("7", "EUR", "sold in USD, not in EUR"),
        ("7", "usd", "sold in USD"),
    ],
)
def test_what_is_no_price_is_refused(written: str, currency: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        edited.price(written, currency, usd("7.99"))


def test_a_title_is_one_line_and_a_description_keeps_its_lines() -> None:
    assert edited.text(" A\ttoy\u202e \n train ", "<p>one</p>\r\n\x00<p>two</p>\r") == GivenText(
        "A toy train", "<p>one</p>\n<p>two</p>"
    )


def test_a_title_the_channel_would_not_take_is_refused() -> None:
    assert edited.text("x" * 128, "").title == "x" * 128
    with pytest.raises(ValueError, match="129 characters, and the channel takes 128"):
        edited.text("x" * 129, "")
