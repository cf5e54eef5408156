"""What a person may write into a table: prices and texts."""

from __future__ import annotations

from syncbridge.model.catalog import GivenText
from syncbridge.model.money import Money
from syncbridge.rules.planning import MOST_TITLE


def price(written: str, currency: str, now: Money | None) -> Money | None:
    """The price written, rounded to the currency's smallest unit; None if the cell is empty.

    `now` is the price it stands in for. Raises ValueError for what is no price, or one of another currency.
    """
    if not written:
        return None
    named = currency or (now.currency if now else "")
    if not named:
        raise ValueError("the row names no currency; write one such as USD")
    if now is not None and named != now.currency:
        raise ValueError(f"the SKU is sold in {now.currency}, not in {named}")
    given = Money.of(written, named).rounded()
    if given.amount <= 0:
        raise ValueError(f"{written} is no price to sell at")
    return given


def text(title: str, description: str) -> GivenText:
    """The words for a listing, the title on one line; ValueError if it is longer than the channel takes."""
    line = " ".join("".join(mark if mark.isprintable() else " " for mark in title).split())
    if len(line) > MOST_TITLE:
        raise ValueError(f"the title has {len(line)} characters, and the channel takes {MOST_TITLE}")
    body = description.replace("\r\n", "\n").replace("\r", "\n")
    return GivenText(line, "".join(mark for mark in body if mark.isprintable() or mark == "\n").strip())
