"""Which line takes a parcel abroad, and what customs are told of the goods in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncbridge.errors import MappingError
from syncbridge.model.catalog import Offer
from syncbridge.model.money import Money
from syncbridge.model.orders import Order, OrderLine
from syncbridge.model.purchasing import Purchase, PurchaseLine
from syncbridge.model.shipping import Declared, LineQuote
from syncbridge.rules import parcels
from syncbridge.rules.mapping import (
    BuyMode,
    LineChoice,
    ParcelPolicy,
    Part,
    Place,
    Preferred,
    Route,
    Rules,
    ShippingWay,
    SkuRule,
    Way,
)
from syncbridge.rules.parcels import NoLine, Sold
from syncbridge.rules.routing import BoundSpec
from syncbridge.testing.builders import cny, make_offer, make_order_line, make_spec, usd
from tests.rules.conftest import PARCELS, make_route, make_rules, order_of
from tests.rules.test_ledger import purchase

SLOW = LineQuote("YANWEN_AM", "燕文航空挂号小包", cny("28.00"), (20, 40))
MIDDLE = LineQuote("CAINIAO_STANDARD", "无忧物流-标准", cny("45.00"), (15, 25), takes_battery=True)
FAST = LineQuote("CAINIAO_PREMIUM", "无忧物流-优先", cny("96.00"), (8, 12), takes_battery=False)
LINES = [FAST, SLOW, MIDDLE]


def chosen(quotes: Sequence[LineQuote], *, country: str = "ES", battery: bool = False, **choice: Any) -> str:
    """The key of the line that is taken, or why none is."""
    policy = replace(PARCELS, choice=LineChoice(**choice))
    found = parcels.choose(quotes, policy, country=country, battery=battery)
    return found.why if isinstance(found, NoLine) else found.service


def test_the_cheapest_line_is_taken_unless_the_fastest_is_preferred() -> None:
    assert chosen(LINES) == "YANWEN_AM"
    assert chosen(LINES, prefer=Preferred.FASTEST) == "CAINIAO_PREMIUM"


@pytest.mark.parametrize(
    ("choice", "taken"),
    [
        ({"lines": ("CAINIAO_PREMIUM", "CAINIAO_STANDARD")}, "CAINIAO_STANDARD"),
        ({"longest_days": 39}, "CAINIAO_STANDARD"),
        ({"longest_days": 40}, "YANWEN_AM"),
        ({"longest_days": 12}, "CAINIAO_PREMIUM"),
        ({"prefer": Preferred.FASTEST, "dearest": cny("95.99")}, "CAINIAO_STANDARD"),
        ({"prefer": Preferred.FASTEST, "dearest": cny("96.00")}, "CAINIAO_PREMIUM"),
        ({"prefer": Preferred.FASTEST, "battery": True}, "CAINIAO_STANDARD"),
    ],
)
def test_lines_that_may_not_take_the_parcel_are_passed_over(choice: dict[str, Any], taken: str) -> None:
    assert chosen(LINES, **choice) == taken


def test_a_line_of_which_nobody_says_that_it_takes_no_battery_may_take_one() -> None:
    assert chosen([SLOW], battery=True) == "YANWEN_AM"


def test_a_country_has_a_choice_of_its_own_whatever_letters_the_channel_writes() -> None:
    policy = replace(PARCELS, countries={"GB": LineChoice(prefer=Preferred.FASTEST)})

    assert parcels.choose(LINES, policy, country="UK", battery=False) == FAST
    assert parcels.choose(LINES, policy, country="ES", battery=False) == SLOW


def test_of_two_alike_the_better_by_the_other_measure_is_taken_then_the_first_by_its_key() -> None:
    cheaper, sooner = replace(MIDDLE, service="A", cost=cny("44.99")), replace(MIDDLE, service="Z", days=(14, 24))
    same = replace(MIDDLE, service="B")

    assert chosen([MIDDLE, sooner]) == "Z"
    assert chosen([MIDDLE, cheaper], prefer=Preferred.FASTEST) == "A"
    assert chosen([MIDDLE, same]) == "B"
    assert chosen([MIDDLE, same], prefer=Preferred.FASTEST) == "B"


def test_of_lines_with_the_same_most_days_the_one_with_the_least_is_faster() -> None:
    assert chosen([MIDDLE, replace(MIDDLE, service="Z", days=(10, 25))], prefer=Preferred.FASTEST) == "Z"


def test_what_a_line_does_not_say_is_worse_than_anything_said_and_alone_it_is_taken() -> None:
    silent = LineQuote("A", "A", None)

    assert chosen([silent, FAST]) == "CAINIAO_PREMIUM"
    assert chosen([silent, SLOW], prefer=Preferred.FASTEST) == "YANWEN_AM"
    assert chosen([silent]) == "A"
    assert chosen([silent, replace(silent, service="B", days=(1, 90))]) == "B"


def test_no_line_is_said_with_each_and_why_it_fell_out() -> None:
    silent = LineQuote("A", "A", None)
    dollars = LineQuote("B", "", usd("5.00"), (5, 9))

    assert chosen([*LINES, silent], lines=("FEDEX", "YANWEN_AM"), longest_days=30) == (
        "no line may take a parcel to ES: CAINIAO_PREMIUM (无忧物流-优先) is not among FEDEX, YANWEN_AM; "
        "YANWEN_AM (燕文航空挂号小包) may take 40 days, and at most 30 are allowed; "
        "CAINIAO_STANDARD (无忧物流-标准) is not among FEDEX, YANWEN_AM; A is not among FEDEX, YANWEN_AM; "
        "FEDEX is not offered for it"
    )
    assert chosen([FAST, MIDDLE, silent, dollars], battery=True, dearest=cny("40.00"), country="UK") == (
        "no line may take a parcel with a battery to GB: CAINIAO_PREMIUM (无忧物流-优先) takes no battery; "
        "CAINIAO_STANDARD (无忧物流-标准) asks 45.00 CNY, and at most 40.00 CNY is allowed; "
        "A does not say what it asks, and at most 40.00 CNY is allowed; "
        "B asks 5.00 USD, which cannot be held against the 40.00 CNY that is allowed"
    )
    assert chosen([silent], longest_days=9) == (
        "no line may take a parcel to ES: A does not say how long it takes, and at most 9 are allowed"
    )
    assert chosen([]) == "no line may take a parcel to ES: none is offered"


def test_costs_in_several_currencies_are_not_compared() -> None:
    dollars = LineQuote("B", "B", usd("5.00"), (20, 40))
    silent = LineQuote("A", "A", None)

    assert chosen([SLOW, dollars, silent]) == (
        "lines to ES ask in several currencies, which are not compared: YANWEN_AM (燕文航空挂号小包) asks 28.00 CNY; "
        "B asks 5.00 USD; A asks what it does not say; name those of one currency under lines of the route's parcels"
    )
    assert "several currencies" in chosen([SLOW, dollars], prefer=Preferred.FASTEST)
    assert chosen([FAST, SLOW, dollars], prefer=Preferred.FASTEST) == "CAINIAO_PREMIUM"
    assert chosen([SLOW, dollars], lines=("B",)) == "B"


def quotes() -> st.SearchStrategy[LineQuote]:
    days = st.tuples(st.integers(1, 9), st.integers(9, 60))
    costs = st.integers(1, 900).map(lambda fen: Money.minor(fen, "CNY"))
    return st.builds(
        LineQuote,
        service=st.text("ABC", min_size=1, max_size=3),
        name=st.just(""),
        cost=st.none() | costs,
        days=st.none() | days,
        takes_battery=st.none() | st.booleans(),
    )


@given(st.lists(quotes(), max_size=6, unique_by=lambda quote: quote.service), st.booleans(), st.data())
def test_the_line_taken_keeps_every_bound_and_does_not_depend_on_the_order(
    offered: list[LineQuote], battery: bool, data: st.DataObject
) -> None:
    choice = LineChoice(
        prefer=data.draw(st.sampled_from(Preferred)),
        longest_days=data.draw(st.none() | st.integers(9, 60)),
        dearest=data.draw(st.none() | st.integers(1, 900).map(lambda fen: Money.minor(fen, "CNY"))),
    )
    policy = replace(PARCELS, choice=choice)

    found = parcels.choose(offered, policy, country="ES", battery=battery)

    shuffled = data.draw(st.permutations(offered))
    assert isinstance(found, NoLine) or found == parcels.choose(shuffled, policy, country="ES", battery=battery)
    if isinstance(found, LineQuote):
        assert not (battery and found.takes_battery is False)
        assert choice.longest_days is None or (found.days and found.days[1] <= choice.longest_days)
        assert choice.dearest is None or (found.cost and found.cost <= choice.dearest)


NOTEBOOK, PEN = Part("1001", "red", 1), Part("1002", "blue", 1)
OFFERS: dict[str, Offer | None] = {
    "1001": make_offer("1001", replace(make_spec(1), spec_id="red", weight_g=210)),
    "1002": make_offer("1002", replace(make_spec(1), spec_id="blue", weight_g=None), weight_g=12),
    "1003": None,
}


def sold(*parts: Part, quantity: int = 1, line_id: str = "1", price: str = "10.00", **policy: Any) -> Sold:
    line = replace(make_order_line("TY1", quantity, line_id=line_id), price=usd(price))
    return Sold(line, parts, replace(PARCELS, **policy), make_route().listing)


def bought(*parts: Part) -> list[PurchaseLine]:
    return [PurchaseLine(part.offer_id, part.spec_id, part.quantity) for part in parts]


def told(found: Sequence[Declared]) -> list[tuple[str, int, str, int]]:
    return [(one.line_id, one.quantity, str(one.value), one.weight_g) for one in found]


def test_goods_are_declared_as_their_policy_says_of_each_piece() -> None:
    (found,) = parcels.goods(bought(replace(NOTEBOOK, quantity=2)), [sold(NOTEBOOK, quantity=2, battery=True)], OFFERS)

    assert found == Declared(
        name_cn="笔记本",
        name_en="notebook",
        quantity=2,
        value=usd("3.00"),
        weight_g=210,
        hs_code="482010",
        material="paper",
        battery=True,
        line_id="1",
    )


@pytest.mark.parametrize(
    ("value", "price", "pieces", "declared"),
    [
        (Decimal("0.3"), "10.01", 1, "3.01 USD"),
        (Decimal(1), "10.00", 3, "3.34 USD"),
        (Decimal("0.5"), "3.00", 3, "0.50 USD"),
        (Decimal("0.3"), "0.01", 9, "0.01 USD"),
        (Decimal("0.3"), "0.00", 1, "0.01 USD"),
        (usd("3.00"), "10.00", 3, "3.00 USD"),
        (usd("0.001"), "10.00", 1, "0.01 USD"),
        (cny("9.991"), "10.00", 1, "10.00 CNY"),
    ],
)
def test_a_share_is_of_what_the_buyer_paid_for_the_piece_up_to_a_cent_and_never_nothing(
    value: Money | Decimal, price: str, pieces: int, declared: str
) -> None:
    part = replace(NOTEBOOK, quantity=pieces)

    (found,) = parcels.goods(bought(part), [sold(part, price=price, value=value)], OFFERS)

    assert str(found.value) == declared


def test_the_price_of_a_set_is_shared_over_its_pieces_whatever_they_cost() -> None:
    kit = sold(replace(NOTEBOOK, quantity=3), PEN, quantity=2, price="20.00")

    found = parcels.goods(bought(replace(NOTEBOOK, quantity=6), replace(PEN, quantity=2)), [kit], OFFERS)

    assert told(found) == [("1", 6, "1.50 USD", 210), ("1", 2, "1.50 USD", 12)]
    assert parcels.weight_g(found) == 6 * 210 + 2 * 12


def test_of_a_set_that_comes_in_two_parcels_each_declares_its_own_part() -> None:
    kit = sold(replace(NOTEBOOK, quantity=3), PEN, price="20.00")

    assert told(parcels.goods(bought(PEN), [kit], OFFERS)) == [("1", 1, "1.50 USD", 12)]
    assert told(parcels.goods(bought(replace(NOTEBOOK, quantity=2)), [kit], OFFERS)) == [("1", 2, "1.50 USD", 210)]


def test_pieces_of_one_spec_are_declared_for_each_order_line_they_fill() -> None:
    lines = [sold(NOTEBOOK), sold(NOTEBOOK, line_id="2", quantity=2, name_en="diary"), sold(PEN, line_id="3")]

    found = parcels.goods(bought(replace(NOTEBOOK, quantity=3)), lines, OFFERS)

    assert [(one.line_id, one.name_en, one.quantity) for one in found] == [("1", "notebook", 1), ("2", "diary", 2)]


def test_a_piece_of_which_no_offer_tells_the_weight_weighs_what_the_listing_policy_says() -> None:
    unknown, unread = Part("1003", "x", 1), Part("1009", "x", 1)

    found = parcels.goods(bought(unknown, unread), [sold(unknown, unread)], OFFERS)

    assert [one.weight_g for one in found] == [500, 500]


def test_what_was_bought_before_the_rules_changed_is_declared_all_the_same() -> None:
    lines = [sold(NOTEBOOK), sold(Part("1001", "green", 1), line_id="2", quantity=2)]
    before = bought(NOTEBOOK, replace(PEN, quantity=6))

    assert told(parcels.goods(before, lines, OFFERS)) == [("1", 1, "3.00 USD", 210), ("2", 6, "1.00 USD", 12)]
    assert told(parcels.goods(before, lines[:1], OFFERS)) == [("1", 1, "0.43 USD", 210), ("1", 6, "0.43 USD", 12)]


def test_of_an_order_that_shows_no_line_of_a_purchase_nothing_is_declared() -> None:
    assert parcels.goods(bought(NOTEBOOK), [], OFFERS) == ()


@given(
    st.lists(st.tuples(st.integers(1, 4), st.lists(st.tuples(st.integers(1, 3), st.integers(1, 5)), min_size=1))),
    st.integers(1, 10_000),
    st.integers(1, 100),
)
def test_every_piece_is_declared_once_and_no_line_for_less_than_its_share(
    wanted: list[tuple[int, list[tuple[int, int]]]], cents: int, percent: int
) -> None:
    share = Decimal(percent) / 100
    price = Money.minor(cents, "USD")
    lines = [
        replace(
            sold(
                *(Part("1001", str(spec), pieces) for spec, pieces in dict(parts).items()),
                quantity=quantity,
                line_id=str(n),
                price=str(price.amount),
            ),
            policy=replace(PARCELS, value=share),
        )
        for n, (quantity, parts) in enumerate(wanted)
    ]
    pieces = [replace(part, quantity=part.quantity * one.line.quantity) for one in lines for part in one.parts]

    found = parcels.goods(bought(*pieces), lines, OFFERS)

    assert sum(one.quantity for one in found) == sum(piece.quantity for piece in pieces)
    for one in lines:
        its = [each for each in found if each.line_id == one.line.line_id]
        most = sum(part.quantity for part in one.parts) * one.line.quantity
        exact = price.amount * share * one.line.quantity
        assert sum(each.quantity for each in its) == most
        assert exact <= sum(each.value.amount * each.quantity for each in its) < exact + most * Decimal("0.01")


def test_a_parcel_is_as_large_as_the_largest_package_of_its_listings() -> None:
    small = make_route(listing=replace(make_route().listing, package_cm=(40, 3, 3)))
    flat = replace(sold(NOTEBOOK), listing=replace(small.listing, package_cm=(30, 20, 1)))

    assert parcels.size_cm(small, []) == (40, 3, 3)
    assert parcels.size_cm(small, [flat]) == (30, 20, 1)


BOOKED = make_route(ship=ShippingWay.OFFICIAL, parcels=PARCELS)
BINDINGS = {"TY1": BoundSpec("main", "1001", "red"), "XX1": BoundSpec("main", "1002", "blue")}


def sold_in(
    *lines: OrderLine, route: Route = BOOKED, rules: Rules | None = None, country: str = "ES", alternative: int = 0
) -> list[tuple[str, tuple[Part, ...], ParcelPolicy]]:
    order: Order = order_of(*lines, country=country)
    made: Purchase = purchase(line_ids=tuple(line.line_id for line in lines), alternative=alternative)
    found = parcels.sold(made, order, route, BINDINGS, rules or make_rules(route))
    return [(one.line.line_id, one.parts, one.policy) for one in found]


def test_an_order_line_is_declared_as_its_route_says_and_made_of_what_it_is_bound_to() -> None:
    assert sold_in(make_order_line("TY1")) == [("1", (NOTEBOOK,), PARCELS)]


def test_only_the_lines_a_purchase_feeds_are_in_its_parcel() -> None:
    order = order_of(make_order_line("TY1", line_id="1"), make_order_line("TY1", line_id="2"))

    (found,) = parcels.sold(purchase(line_ids=("2",)), order, BOOKED, BINDINGS, make_rules(BOOKED))

    assert found.line.line_id == "2"


def test_a_sku_may_be_declared_as_another_thing_than_its_route_says_and_made_of_several() -> None:
    lamp = replace(PARCELS, name_en="lamp", battery=True)
    here = Place("shop.yaml", 40)
    kit = SkuRule("TY1", (), (NOTEBOOK, PEN), (Way("main", (PEN,)),), here, lamp)
    rules = replace(make_rules(BOOKED), skus=(kit,))

    assert sold_in(make_order_line("TY1"), rules=rules) == [("1", (NOTEBOOK, PEN), lamp)]
    assert sold_in(make_order_line("TY1"), rules=rules, alternative=1) == [("1", (PEN,), lamp)]
    assert sold_in(make_order_line("TY1"), rules=rules, alternative=2) == [("1", (), lamp)]


def test_lines_of_several_routes_in_one_parcel_are_declared_each_as_its_own_says() -> None:
    pens = replace(PARCELS, name_en="pen")
    other = make_route("XX", ship=ShippingWay.OFFICIAL, parcels=pens)
    lines = (make_order_line("TY1", line_id="1"), make_order_line("XX1", line_id="2"))

    assert sold_in(*lines, rules=make_rules(BOOKED, other)) == [("1", (NOTEBOOK,), PARCELS), ("2", (PEN,), pens)]


@pytest.mark.parametrize("now", [make_route(), make_route("HB"), replace(BOOKED, buy=BuyMode.OWN_STOCK)])
def test_a_line_that_takes_no_booked_route_any_more_is_declared_as_that_of_its_purchase_says(now: Route) -> None:
    ((_, _, policy),) = sold_in(make_order_line("TY1"), rules=make_rules(now))

    assert policy == PARCELS


def test_the_route_for_the_country_of_the_order_says_what_is_declared() -> None:
    spanish = replace(BOOKED, name="spain", destinations=("GB",), parcels=replace(PARCELS, name_en="diary"))
    rules = make_rules(make_route(), spanish)

    ((_, _, policy),) = sold_in(make_order_line("TY1"), rules=rules, country="UK")

    assert policy.name_en == "diary"


def test_a_route_that_does_not_say_what_is_declared_any_more_is_told_with_its_place() -> None:
    with pytest.raises(
        MappingError, match=r"^shop\.yaml:12:1: route-TY does not say what customs are told of its goods"
    ):
        sold_in(make_order_line("TY1"), route=make_route())
