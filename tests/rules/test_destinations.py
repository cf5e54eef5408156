"""An order takes the way that is written for its country, and an old code stands for a new one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from syncbridge.model.purchasing import PurchaseLine
from syncbridge.rules.mapping import Alias, BuyMode, Part, Place, Rules, Way
from syncbridge.rules.routing import (
    BoundSpec,
    alternatives,
    backup_keys,
    intent_key,
    meant,
    offers_of,
    route_for,
    routes_of_offer,
    rule_of,
    split,
    ways,
)
from syncbridge.testing.builders import make_offer, make_order_line
from tests.rules.conftest import make_route, make_rules, order_of
from tests.rules.test_ledger import purchase
from tests.rules.test_splitting import BACKUPS, SHOPS, SPEC, bound, sku_rule

GENERAL = make_route()
GERMAN = make_route(name="german", destinations=("AT", "DE"), carrier="dhl")
BRITISH = make_route(name="british", destinations=("GB",), buy=BuyMode.OWN_STOCK)
RULES = make_rules(GERMAN, GENERAL, BRITISH)
ALIAS = Place("shop.yaml", 90, 5)


@pytest.mark.parametrize(
    ("country", "name"),
    [("DE", "german"), ("AT", "german"), ("UK", "british"), ("GB", "british"), ("FR", "route-TY"), ("", "route-TY")],
)
def test_the_route_that_names_the_country_wins_else_the_one_without_destinations(country: str, name: str) -> None:
    chosen = route_for("TY1", "toys", RULES, country)

    assert chosen is not None
    assert chosen.name == name


def test_the_longest_prefix_wins_before_the_country_is_looked_at() -> None:
    longer = make_route("TYX")

    assert route_for("TYX1", "toys", make_rules(GERMAN, GENERAL, longer), "DE") is longer
    assert route_for("TYX1", "toys", make_rules(GENERAL, replace(longer, destinations=("DE",)))) is None


def test_an_offer_is_listed_through_the_route_without_destinations() -> None:
    assert routes_of_offer(make_offer(), "main", RULES) == {"toys": GENERAL}


@pytest.mark.parametrize(("country", "route", "carrier"), [("DE", "german", "dhl"), ("ES", "route-TY", "forwarder")])
def test_an_order_is_bought_and_sent_as_its_country_says(country: str, route: str, carrier: str) -> None:
    order = order_of(make_order_line("TY1"), country=country)

    (only,) = split(order, "toys", {"TY1": bound()}, SHOPS, RULES).splits

    assert (only.route.name, only.route.carrier) == (route, carrier)


def test_own_stock_may_be_kept_for_one_country_alone() -> None:
    british = split(order_of(make_order_line("TY1"), country="UK"), "toys", {"TY1": bound()}, SHOPS, RULES)

    assert (british.splits, british.own_stock) == ((), ("TY1",))
    assert ways("TY1", "toys", {"TY1": bound()}, RULES, "UK") == ()
    assert ways("TY1", "toys", {"TY1": bound()}, RULES, "DE") == (Way("main", (Part("shop-a", SPEC, 1),)),)


def test_an_order_without_a_country_is_not_bought_where_the_way_depends_on_it() -> None:
    order = order_of(make_order_line("TY1"), country="")

    assert split(order, "toys", {"TY1": bound()}, SHOPS, RULES).unrouted == (
        "the order shows no country, and for SKU TY1 the way depends on it (route german, shop.yaml:12:1)",
    )
    assert split(order, "toys", {"TY1": bound()}, SHOPS, make_rules(GENERAL)).unrouted == ()


def test_backups_are_those_of_the_country() -> None:
    rules = replace(RULES, skus=(sku_rule("TY1", backups=BACKUPS),))
    line = make_order_line("TY1")

    assert [alternatives([line], "toys", rules, country) for country in ("DE", "UK")] == [3, 0]
    assert backup_keys(purchase(line_ids=("1",)), order_of(line, country="UK"), rules) == {}
    assert backup_keys(purchase(order_id="8", line_ids=("1",)), order_of(line, country="DE"), rules) == {
        "second": [intent_key("toys", "8", "second", 100)],
        "main": [intent_key("toys", "8", "main", 200)],
    }


def test_the_offers_of_an_order_are_those_of_every_way_its_country_leaves_open() -> None:
    rules = replace(RULES, skus=(sku_rule("TY1", backups=BACKUPS),))
    line = make_order_line("TY1")

    found = offers_of(order_of(line, country="DE"), "toys", {"TY1": bound()}, rules)

    assert found == {"main": {"shop-a", "shop-c"}, "second": {"shop-b"}}
    assert offers_of(order_of(line, country="UK"), "toys", {"TY1": bound()}, rules) == {}


def with_alias(code: str, sku: str = "", part: Part | None = None, *, stores: tuple[str, ...] = ()) -> Rules:
    return replace(make_rules(), aliases={code: (Alias(code, stores, sku, part, ALIAS),)})


def test_an_old_code_takes_the_route_the_rule_and_the_binding_of_the_code_it_stands_for() -> None:
    rules = replace(with_alias("OLD-7", "TY1"), skus=(sku_rule("TY1", backups=BACKUPS),))

    assert meant("OLD-7", "toys", rules) == "TY1"
    assert route_for("OLD-7", "toys", rules) is rules.routes[0]
    assert rule_of("OLD-7", "toys", rules) is rules.skus[0]
    assert ways("OLD-7", "toys", {"TY1": bound()}, rules)[0] == Way("main", (Part("shop-a", SPEC, 1),))


def test_an_old_code_that_is_bound_itself_is_bought_so() -> None:
    old, new = bound(), BoundSpec("main", "shop-b", SPEC)

    assert ways("OLD-7", "toys", {"OLD-7": old}, with_alias("OLD-7", "TY1"))[0].parts == (Part("shop-a", SPEC, 1),)
    assert ways("OLD-7", "toys", {"OLD-7": old, "TY1": new}, with_alias("OLD-7", "TY1"))[0].parts == (
        Part("shop-b", SPEC, 1),
    )


def test_an_old_code_that_stands_for_a_spec_is_bought_as_that_whatever_it_is_bound_to() -> None:
    rules = with_alias("TYOLD", part=Part("shop-b", SPEC, 1))
    order = order_of(make_order_line("TYOLD", 3))

    (only,) = split(order, "toys", {"TYOLD": bound()}, SHOPS, rules).splits

    assert only.lines == (PurchaseLine("shop-b", SPEC, 3),)


def test_an_alias_of_another_store_does_not_count() -> None:
    rules = with_alias("TYOLD", "XX1", stores=("games",))

    assert meant("TYOLD", "toys", rules) == "TYOLD"
    assert route_for("TYOLD", "toys", rules) is rules.routes[0]


def test_a_set_named_by_an_old_code_is_bought_in_its_parts() -> None:
    rules = replace(with_alias("OLD-7", "TY1"), skus=(sku_rule("TY1", Part("shop-a", SPEC, 2)),))

    assert ways("OLD-7", "toys", {"TY1": bound()}, rules) == (Way("main", (Part("shop-a", SPEC, 2),)),)
