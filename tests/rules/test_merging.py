"""Purchases bought as one vendor order: what it carries, how its note names them, and when a person is asked."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncbridge.model.purchasing import Purchase, PurchaseLine, PurchaseState, Quote
from syncbridge.rules.merging import MOST_PURCHASES, cancelled, lines, living, marks, note
from syncbridge.rules.purchasing import Halt
from syncbridge.testing.builders import cny
from tests.rules.test_ledger import OTHER_SPEC, SPEC, purchase

FIRST, SECOND, THIRD = (purchase(number, order_id=str(number)) for number in (1, 2, 3))
QUOTE = Quote(cny("60.00"), cny("8.00"), cny("68.00"), "general", ("alipay",))


def stopped(number: int, state: PurchaseState = PurchaseState.STOPPED) -> Purchase:
    return purchase(number, state, order_id=str(number))


def test_a_note_names_the_parcel_first_and_then_what_was_bought_with_it() -> None:
    assert note([FIRST]) == f"唛头 {FIRST.mark}"
    assert note([FIRST, SECOND, THIRD]) == f"唛头 {FIRST.mark} 合单 {SECOND.mark} {THIRD.mark}"


def test_a_note_names_the_number_on_the_label_last() -> None:
    assert note([FIRST], "UR900000001YP") == f"唛头 {FIRST.mark} 面单号 UR900000001YP"
    assert marks(note([FIRST, SECOND], "UR900000001YP")) == {FIRST.mark, SECOND.mark}


def test_a_note_of_one_purchase_or_of_somebody_else_names_nothing_bought_together() -> None:
    assert marks(note([FIRST])) == frozenset()
    assert marks("合单 for the office") == frozenset()
    assert marks(note([FIRST, SECOND]) + "X") == frozenset()


@given(st.integers(2, MOST_PURCHASES), st.text(max_size=20), st.sampled_from(["", " ", "。"]))
def test_every_mark_of_a_note_is_read_back_whatever_stands_around_it(count: int, before: str, after: str) -> None:
    together = [purchase(number) for number in range(count)]

    written = note(together)

    assert marks(before + written + after) == {one.mark for one in together}
    assert len(written) <= 500


def test_a_vendor_order_carries_what_all_its_purchases_want_each_spec_once() -> None:
    assert lines([FIRST, purchase(2, lines=(SPEC,))]) == (
        PurchaseLine(SPEC.offer_id, SPEC.spec_id, 4),
        OTHER_SPEC,
    )


def test_nobody_waits_for_what_is_stopped_or_being_withdrawn() -> None:
    assert living([FIRST, stopped(2), stopped(3, PurchaseState.WITHDRAWING)]) == [FIRST]


@pytest.mark.parametrize("together", [[FIRST], [FIRST, SECOND], [stopped(1), stopped(2)]])
def test_nobody_is_asked_while_all_are_wanted_or_none_is(together: list[Purchase]) -> None:
    assert cancelled(together) is None


def test_a_person_is_asked_where_some_are_wanted_no_longer_with_the_figures_and_who_still_waits() -> None:
    halt = cancelled([purchase(1, order_id="1", quote=QUOTE), stopped(2), THIRD])

    assert halt == Halt(
        "merged_cancelled",
        "order toys/2 no longer wants its goods, for which it would pay 36.62 USD; they are in one vendor order "
        "that costs 68.00 CNY with what order toys/1, order toys/3 still waits for",
        SECOND.mark,
    )


def test_an_answer_counts_for_the_very_purchases_it_was_given_for() -> None:
    halt = cancelled([FIRST, stopped(2), stopped(3, PurchaseState.WITHDRAWING)])

    assert halt is not None
    assert halt.limit == " ".join(sorted([SECOND.mark, THIRD.mark]))
    assert halt.why.startswith(
        "order toys/2 no longer wants its goods, for which it would pay 36.62 USD; order toys/3 "
    )
    assert "in one vendor order with what order toys/1 still waits for" in halt.why
