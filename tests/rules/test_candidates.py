"""What a vendor order has in common with a purchase whose outcome nobody knows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from syncbridge.model.purchasing import Purchase, PurchaseLine, PurchaseState, SeenOrder, VendorOrderState
from syncbridge.rules.candidates import Likeness, candidates, uncovered
from syncbridge.testing.builders import RELAY, cny, usd

SENT = datetime(2026, 11, 1, 8, 0, tzinfo=UTC)
RED, BLUE = PurchaseLine("676651652931", "red", 2), PurchaseLine("676651652931", "blue", 1)


def bought(*lines: PurchaseLine, note: str = "", name: str = "", minutes: int | None = None) -> SeenOrder:
    made = None if minutes is None else SENT + timedelta(minutes=minutes)
    return SeenOrder("main", "88001", None, VendorOrderState.UNPAID, cny("30"), name, note, lines, made, None)


def purchase(*lines: PurchaseLine, sent: bool = True) -> Purchase:
    return Purchase(
        id=1,
        store="toys",
        order_id="8172481060036440",
        supplier="main",
        route="toys",
        out_order_id="SBAAAABBBBCCCCDDDD",
        mark="K7M2Q4XA",
        state=PurchaseState.UNKNOWN,
        lines=lines,
        payout=usd("36.62"),
        relay=RELAY,
        quote=None,
        sent_at=SENT if sent else None,
        fresh_look_ups=0,
        line_ids=("1",),
        alternative=0,
        approvals={},
        address_digest="",
    )


@pytest.mark.parametrize(
    ("order", "likeness"),
    [
        (bought(RED, BLUE), [Likeness.LINES]),
        (bought(BLUE, RED), [Likeness.LINES]),
        (bought(RED, BLUE, PurchaseLine("9", "9", 1)), [Likeness.COVERS]),
        (bought(PurchaseLine("676651652931", "red", 3), BLUE), [Likeness.COVERS]),
        (bought(RED), [Likeness.SOME]),
        (bought(PurchaseLine("676651652931", "red", 1)), [Likeness.SOME]),
        (bought(PurchaseLine("1", "red", 2)), []),
        (bought(), []),
        (bought(note="唛头 K7M2Q4XA"), [Likeness.NAME]),
        (bought(name="SBAAAABBBBCCCCDDDD"), [Likeness.NAME]),
        (bought(minutes=10), [Likeness.TIME]),
        (bought(minutes=-10), [Likeness.TIME]),
        (bought(minutes=11), []),
    ],
)
def test_what_they_have_in_common(order: SeenOrder, likeness: list[Likeness]) -> None:
    (candidate,) = candidates(purchase(RED, BLUE), [order])

    assert list(candidate.likeness) == likeness


def test_the_likeliest_comes_first() -> None:
    orders = [
        bought(PurchaseLine("1", "x", 1)),
        bought(RED, minutes=1),
        bought(RED, BLUE, minutes=60),
        bought(PurchaseLine("1", "x", 1), name="SBAAAABBBBCCCCDDDD"),
    ]

    found = candidates(purchase(RED, BLUE), orders)

    assert [candidate.order for candidate in found] == [orders[3], orders[2], orders[1], orders[0]]


def test_what_was_never_sent_has_no_time_in_common() -> None:
    (candidate,) = candidates(purchase(RED, sent=False), [bought(RED, minutes=0)])

    assert candidate.likeness == (Likeness.LINES,)


def test_what_several_orders_leave_open_is_told_by_spec() -> None:
    wanted = [RED, BLUE, PurchaseLine("676651652931", "red", 1)]

    assert uncovered(wanted, [RED]) == (PurchaseLine("676651652931", "red", 1), BLUE)
    assert uncovered(wanted, [RED, RED, BLUE]) == ()
