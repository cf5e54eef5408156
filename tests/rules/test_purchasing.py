"""Whether a purchase may be sent now, and whether it is worth it."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from syncbridge.model.orders import OrderState
from syncbridge.rules.pricing import Margin
from syncbridge.rules.purchasing import Go, Halt, Stop, Wait, enough, gate
from syncbridge.testing.builders import make_order, usd
from syncbridge.testing.clock import START

LATER = START + timedelta(seconds=1)


def verdict(
    state: OrderState = OrderState.TO_SHIP, *, live: bool = True, cap_set: bool = True, early: bool = False
) -> Go | Wait | Stop | Halt:
    order = make_order("1", START, state=state)
    return gate(order, live=live, cap_set=cap_set, buy_from=LATER if early else START, now=START)


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (OrderState.UNPAID, Wait),
        (OrderState.RISK_CONTROL, Wait),
        (OrderState.FROZEN, Wait),
        (OrderState.TO_SHIP, Go),
        (OrderState.PART_SHIPPED, Go),
        (OrderState.CANCELLING, Halt),
        (OrderState.SHIPPED, Stop),
        (OrderState.DISPUTED, Halt),
        (OrderState.CANCELLED, Stop),
        (OrderState.FINISHED, Stop),
        (OrderState.OTHER, Halt),
    ],
)
def test_only_a_paid_order_that_wants_goods_is_bought_for(state: OrderState, expected: type[object]) -> None:
    assert type(verdict(state)) is expected


def test_every_state_has_a_verdict() -> None:
    assert all(isinstance(verdict(state), Go | Wait | Stop | Halt) for state in OrderState)


@pytest.mark.parametrize(
    ("found", "code"),
    [
        (verdict(live=False), "not_live"),
        (verdict(cap_set=False), "no_cap"),
        (verdict(OrderState.CANCELLING), "cancelling"),
    ],
)
def test_a_guard_halts_with_its_code_and_the_remedy(found: Halt, code: str) -> None:
    assert found.code == code
    assert found.why


def test_the_cool_off_is_waited_for_to_the_second() -> None:
    found = verdict(early=True)

    assert isinstance(found, Wait)
    assert (found.until, found.code) == (LATER, "cool_off")


def test_an_order_that_ended_stops_even_where_nothing_may_be_bought() -> None:
    assert isinstance(verdict(OrderState.FINISHED, live=False, cap_set=False, early=True), Stop)


@pytest.mark.parametrize(
    ("profit", "share", "minimum", "held"),
    [
        ("1.00", "0.10", "0.10", False),
        ("1.00", "0.0999", "0.10", True),
        ("0.00", "0", "0", False),
        ("-0.01", "-0.001", "0", True),
        ("-0.01", "-0.001", "-1", True),
    ],
)
def test_a_purchase_must_earn_its_minimum_and_never_lose(profit: str, share: str, minimum: str, held: bool) -> None:
    left = Margin(usd("10.00"), usd("9.00"), usd(profit), Decimal(share))

    assert (enough(left, Decimal(minimum)) is not None) is held


def test_a_held_purchase_shows_its_figures() -> None:
    halt = enough(Margin(usd("10.00"), usd("12.00"), usd("-2.00"), Decimal("-0.2")), Decimal("0.1"))

    assert halt is not None
    assert halt.why == (
        "payout 10.00 USD, cost 12.00 USD: profit -2.00 USD (-20.0% of the payout, at least 10.0% wanted)"
    )
