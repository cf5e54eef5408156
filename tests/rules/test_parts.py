"""Which further vendor order is a part the supplier split off, and which is one too many."""

from __future__ import annotations

from dataclasses import replace

from syncbridge.model.purchasing import PlacedOrder, Purchase, PurchaseLine, PurchaseState, SeenOrder, VendorOrderState
from syncbridge.rules.purchasing import is_part
from syncbridge.testing.builders import RELAY, cny

RED, BLUE = PurchaseLine("1", "red", 2), PurchaseLine("1", "blue", 1)
PURCHASE = Purchase(
    id=1, store="toys", order_id="8", supplier="main", route="toys", out_order_id="SB1", mark="M1",
    state=PurchaseState.PLACED, lines=(RED, BLUE), payout=cny("9.00"), relay=RELAY, quote=None, sent_at=None,
    fresh_look_ups=0, line_ids=("8-1",), alternative=0, approvals={}, address_digest="",
)  # fmt: skip
FIRST = SeenOrder("main", "100", 1, VendorOrderState.UNPAID, cny("5.00"), "SB1", "", (RED,), None, None)


def further(*lines: PurchaseLine) -> PlacedOrder:
    return PlacedOrder("101", VendorOrderState.UNPAID, cny("4.00"), cny("0.00"), "SB1", "", lines)


def test_the_missing_lines_are_a_part() -> None:
    assert is_part(further(BLUE), PURCHASE, [FIRST])


def test_the_same_lines_again_are_one_too_many() -> None:
    assert not is_part(further(RED), PURCHASE, [FIRST])


def test_more_than_is_missing_is_one_too_many() -> None:
    assert not is_part(further(replace(BLUE, quantity=2)), PURCHASE, [FIRST])


def test_nothing_is_a_part_while_the_first_order_shows_no_lines() -> None:
    assert not is_part(further(BLUE), PURCHASE, [replace(FIRST, lines=())])


def test_an_order_that_shows_no_lines_is_one_too_many() -> None:
    assert not is_part(further(), PURCHASE, [FIRST])
