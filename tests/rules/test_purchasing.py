"""Whether a purchase may be sent now, and whether it is worth it."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncbridge.model.catalog import MixRule, Offer
from syncbridge.model.money import Money
from syncbridge.model.orders import OrderState
from syncbridge.model.purchasing import PurchaseLine
from syncbridge.rules.pricing import Margin
from syncbridge.rules.purchasing import (
    ORDER_CODES,
    Go,
    Halt,
    Stop,
    Wait,
    enough,
    gate,
    ineligible,
    passes,
    terms_problem,
)
from syncbridge.testing.builders import cny, make_offer, make_order, make_spec, usd
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
    ("state", "expected"),
    [
        (
            OrderState.CANCELLING,
            Halt("cancelling", "the buyer asked to cancel; answer that on the channel first"),
        ),
        (
            OrderState.DISPUTED,
            Halt("disputed", "the buyer has opened a dispute; settle that on the channel first"),
        ),
        (
            OrderState.OTHER,
            Halt("state_unknown", "the channel gives the order a state that syncbridge does not know; look there"),
        ),
        (OrderState.UNPAID, Wait(None, "not_payable", "the order is in state unpaid on the channel")),
        (OrderState.FINISHED, Stop("the order is finished on the channel")),
    ],
)
def test_a_state_that_stands_against_buying_is_said_with_what_to_do(
    state: OrderState, expected: Wait | Stop | Halt
) -> None:
    assert verdict(state) == expected


def test_a_store_that_is_not_live_buys_nothing_and_the_seller_is_told_the_setting() -> None:
    assert verdict(live=False) == Halt(
        "not_live", "the store is not live; set live = true for it to let purchases go out"
    )


def test_without_a_spending_cap_nothing_is_bought_and_the_seller_is_told_the_setting() -> None:
    assert verdict(cap_set=False) == Halt(
        "no_cap", "the supplier account has no daily_spending_cap, so nothing is bought"
    )


def test_the_cool_off_is_waited_for_to_the_second() -> None:
    assert verdict(early=True) == Wait(LATER, "cool_off", "cooling off, in case the buyer cancels")


def test_what_waits_for_the_channel_order_to_change_is_known_by_its_code() -> None:
    told = [verdict(state) for state in OrderState]

    assert {found.code for found in told if isinstance(found, Halt | Wait)} == set(ORDER_CODES)


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
    assert (halt.code, halt.limit) == ("margin", "12.00 USD")


def approved_at(limit: str, approval: str, *, code: str = "margin") -> bool:
    return passes(Halt("margin", "too dear", limit), {code: approval})


def test_what_a_person_let_pass_passes_up_to_the_figure_they_saw() -> None:
    assert approved_at("12.00 USD", "12.00 USD")
    assert approved_at("11.99 USD", "12.00 USD")
    assert approved_at("9.00 USD", "12.00 USD")  # as texts they would compare the other way
    assert not approved_at("12.01 USD", "12.00 USD")


def test_an_approval_in_another_currency_or_of_another_halt_lets_nothing_pass() -> None:
    assert not approved_at("1.00 USD", "99.00 CNY")
    assert not approved_at("1.00 USD", "99.00 USD", code="below_moq")


def test_a_halt_that_shows_no_amount_passes_at_the_very_words_a_person_saw() -> None:
    said = "the supplier of offer 1 lacks 超级工厂"

    assert approved_at(said, said)
    assert not approved_at(said + "; the supplier of offer 2 lacks 超级工厂", said)


def test_what_no_person_can_let_pass_does_not_pass() -> None:
    assert not approved_at("", "")
    assert not passes(Halt("not_live", "the store is not live"), {})


amounts = st.decimals("0.01", "99999.99", places=2)


@given(amounts, amounts, amounts)
def test_what_passes_at_a_figure_passes_at_every_smaller_one(one: Decimal, other: Decimal, approved: Decimal) -> None:
    less, more = sorted([one, other])

    passed = [approved_at(f"{amount} USD", f"{approved} USD") for amount in (more, less)]

    assert passed != [True, False]
    assert passed[1] is (less <= approved)


def offer(offer_id: str = "1", **changes: object) -> Offer:
    """Specs of 10.00 CNY each."""
    return make_offer(offer_id, make_spec(1, cost="10.00"), make_spec(2, cost="10.00"), **changes)


def wanted(quantity: int, offer_id: str = "1", spec: int = 1) -> PurchaseLine:
    return PurchaseLine(offer_id, f"{spec:032x}", quantity)


def terms(lines: list[PurchaseLine], *offers: Offer) -> str | None:
    halt = terms_problem(lines, {offer.offer_id: offer for offer in offers})
    assert halt is None or halt.code == "below_moq"
    return None if halt is None else halt.why


def mix(number: int | None = None, amount: str | None = None, *, general: bool = True) -> MixRule:
    return MixRule(general, cny(amount) if amount else None, number)


def test_a_purchase_below_moq_is_held_with_the_figures() -> None:
    assert terms([wanted(4)], offer(moq=5)) == "offer 1 is sold from 5 pieces on, not 4"
    assert terms([wanted(5)], offer(moq=5)) is None


def test_specs_of_one_offer_reach_its_moq_together() -> None:
    assert terms([wanted(2, spec=1), wanted(3, spec=2)], offer(moq=5)) is None


def test_each_offer_has_its_own_moq() -> None:
    said = terms(
        [wanted(9, "1"), wanted(1, "2"), wanted(1, "3")], offer("1", moq=5), offer("2", moq=2), offer("3", moq=3)
    )

    assert said == "offer 2 is sold from 2 pieces on, not 1; offer 3 is sold from 3 pieces on, not 1"


@pytest.mark.parametrize(("quantity", "whole"), [(10, True), (30, True), (9, False), (11, False)])
def test_what_is_sold_in_lots_is_bought_in_whole_lots(quantity: int, whole: bool) -> None:
    assert terms([wanted(quantity)], offer(lot=10)) == (
        None if whole else f"offer 1 is sold in lots of 10, not {quantity}"
    )


@pytest.mark.parametrize(
    ("rule", "enough_"),
    [
        (mix(number=3), True),
        (mix(number=4), False),
        (mix(amount="30.00"), True),
        (mix(amount="30.01"), False),
        (mix(number=4, amount="30.00"), True),
        (mix(number=3, amount="30.01"), True),
        (mix(number=4, amount="30.01"), False),
        (mix(number=1, amount="1.00", general=False), False),
        (mix(), False),
        (mix(number=0, amount="0.00"), False),
        (MixRule(True, Money.of("1.00", "USD"), None), False),
    ],
)
def test_a_mixed_batch_that_reaches_a_bound_of_the_seller_needs_no_moq(rule: MixRule, enough_: bool) -> None:
    lines = [wanted(1, "1"), wanted(2, "2")]

    assert (terms(lines, offer("1", moq=5, mix=rule), offer("2", moq=5, mix=rule)) is None) is enough_


def test_a_mixed_batch_that_is_too_small_shows_both_bounds() -> None:
    assert terms([wanted(1)], offer(moq=5, mix=mix(number=2, amount="100.00"))) == (
        "offer 1 is sold from 5 pieces on, not 1; mixed batches from 2 pieces on, not 1; "
        "mixed batches from 100.00 CNY on, not 10.00 CNY"
    )


def test_an_offer_that_cannot_be_mixed_does_not_fill_the_batch_of_another() -> None:
    lines = [wanted(1, "1"), wanted(9, "2")]

    assert terms(lines, offer("1", moq=5, mix=mix(number=5)), offer("2")) is not None


def test_a_mixed_batch_is_worth_what_its_very_specs_cost() -> None:
    dear = make_offer("1", make_spec(1, cost="10.00"), make_spec(2, cost="90.00"), moq=5, mix=mix(amount="100.00"))

    assert terms([wanted(1, spec=2), wanted(1, spec=1)], dear) is None
    assert terms([wanted(1, spec=2)], dear) is not None
    assert terms([wanted(2, spec=1), wanted(1, spec=7)], dear) is not None  # a spec the offer does not show is worth 0


def test_a_mixed_batch_takes_whole_lots_all_the_same() -> None:
    assert terms([wanted(3)], offer(lot=2, mix=mix(number=1))) == "offer 1 is sold in lots of 2, not 3"


def test_terms_of_an_offer_that_is_not_known_are_left_to_the_supplier() -> None:
    assert terms_problem([wanted(1)], {"1": None}) is None
    assert terms_problem([wanted(1)], {}) is None


BOTH = frozenset({"诚信通", "超级工厂"})


@pytest.mark.parametrize(
    ("labels", "lacks"),
    [
        (BOTH, None),
        (BOTH | {"实力商家"}, None),
        ({"诚信通"}, "the supplier of offer 1 lacks 超级工厂"),
        (set(), "the supplier of offer 1 lacks 诚信通, 超级工厂"),
    ],
)
def test_a_supplier_needs_every_label_that_is_asked_for(labels: set[str], lacks: str | None) -> None:
    halt = ineligible({"1": offer(identities=frozenset(labels))}, BOTH)

    assert (halt and (halt.code, halt.why)) == (lacks and ("ineligible", lacks))


def test_an_offer_that_is_not_known_lacks_every_label() -> None:
    halt = ineligible({"1": offer(), "2": None, "3": None}, BOTH)

    assert halt is not None
    assert halt.why == (
        "the supplier of offer 2 lacks 诚信通, 超级工厂; the supplier of offer 3 lacks 诚信通, 超级工厂"
    )
    assert halt.limit == halt.why


def test_where_no_label_is_asked_for_every_supplier_will_do() -> None:
    assert ineligible({"1": None}, frozenset()) is None
