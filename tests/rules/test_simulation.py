"""What other rules would do with the same offers and orders."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from syncbridge.rules import simulation
from syncbridge.rules.mapping import BuyMode, Place, Rules, ShippingWay, StockPolicy
from syncbridge.rules.planning import Shown
from syncbridge.rules.routing import split
from syncbridge.rules.simulation import Difference
from syncbridge.testing.builders import make_offer, make_order_line, make_spec
from tests.rules.conftest import PARCELS, dollars, make_policy, make_route, make_rules, order_of
from tests.rules.test_splitting import SHOPS, SPEC, bound

OLD = make_rules()
OFFER = make_offer("1", make_spec(1), make_spec(2))
SHOWN = [Shown("TY1", f"{1:032x}", dollars("7.38"), 98), Shown("XX2", f"{2:032x}", dollars("7.38"), 98)]


def of_skus(new: Rules) -> list[tuple[str, str, str, str]]:
    found = simulation.of_skus(OFFER, "toys", SHOWN, OLD, new)
    return [(one.kind, one.subject, one.before, one.after) for one in found]


def test_the_same_rules_in_another_file_change_nothing() -> None:
    moved = make_rules(make_route(place=Place("other.yaml", 1)))

    assert list(simulation.of_offer(OFFER, "main", OLD, moved)) == []
    assert of_skus(moved) == []
    order = order_of(make_order_line("TY1"), make_order_line("TY2", line_id="2"))
    assert list(simulation.of_order(order, "toys", {"TY1": bound()}, SHOPS, OLD, moved)) == []


def test_an_offer_that_would_be_listed_through_another_route_is_told_for_each_store() -> None:
    new = make_rules(make_route("NB", stores=("games",)))

    assert list(simulation.of_offer(OFFER, "main", OLD, new)) == [
        Difference("listing", "games", "1", "none", "route-NB"),
        Difference("listing", "toys", "1", "route-TY", "none"),
    ]


def test_another_price_and_another_stock_of_a_sku_are_told() -> None:
    new = make_rules(make_route(price=make_policy(multiplier=Decimal("2.4")), stock=StockPolicy(10, 200)))

    assert of_skus(new) == [("price", "TY1", "7.37 USD", "9.83 USD"), ("stock", "TY1", "98", "90")]


def test_a_sku_that_would_get_a_route_or_lose_it_is_told() -> None:
    assert of_skus(make_rules(make_route("XX"))) == [
        ("route", "TY1", "route-TY", "none"),
        ("route", "XX2", "none", "route-XX"),
    ]


def test_a_price_that_is_not_known_is_none_under_both() -> None:
    offer = make_offer("1", make_spec(1, cost=None))
    new = make_rules(make_route(price=make_policy(multiplier=Decimal(3))))

    assert list(simulation.of_skus(offer, "toys", SHOWN[:1], OLD, new)) == []


def of_order(new: Rules, country: str = "DE") -> list[tuple[str, str]]:
    order = order_of(make_order_line("TY1", 2), country=country)
    found = simulation.of_order(order, "toys", {"TY1": bound()}, SHOPS, OLD, new)
    return [(one.before, one.after) for one in found]


def test_an_order_that_would_be_bought_otherwise_is_told_as_it_would_be() -> None:
    german = make_route(name="german", destinations=("DE",), carrier="dhl")
    before = f"route-TY: 2 × shop-a/{SPEC} from main (auto) to 杭州市, forwarder"

    assert of_order(make_rules(make_route(), german)) == [
        (before, f"german: 2 × shop-a/{SPEC} from main (auto) to 杭州市, dhl")
    ]
    assert of_order(make_rules(make_route(), german), "ES") == []
    assert of_order(make_rules(replace(german, destinations=(), buy=BuyMode.OWN_STOCK))) == [
        (before, "TY1 from own stock")
    ]
    assert of_order(make_rules(make_route("XX"))) == [(before, "no route's prefix fits SKU TY1 of store toys")]


def test_an_order_whose_parcel_would_go_abroad_in_another_way_is_told() -> None:
    before = f"route-TY: 2 × shop-a/{SPEC} from main (auto) to 杭州市, forwarder"
    booked = make_route(ship=ShippingWay.OFFICIAL, parcels=PARCELS)

    assert of_order(make_rules(booked)) == [(before, before.replace("forwarder", "official, forwarder"))]
    assert of_order(make_rules(replace(booked, carrier=""))) == [(before, before.replace("forwarder", "official"))]


def test_an_order_of_nothing_of_ours_is_none() -> None:
    line = replace(make_order_line("TY1"), ours_to_ship=False)
    new = make_rules(make_route(buy=BuyMode.OWN_STOCK))

    assert list(simulation.of_order(order_of(line), "toys", {}, SHOPS, OLD, new)) == []
    assert simulation._bought(split(order_of(line), "toys", {}, SHOPS, OLD)) == "none"
