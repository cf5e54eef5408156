"""What can still be bought of a SKU: of its spec, a set's scarcest part, one supplier or all; and never a guess."""

from __future__ import annotations

from dataclasses import replace

import pytest

from syncbridge.model.catalog import Dropship, Offer
from syncbridge.rules.mapping import Alias, Part, Place, SkuRule, StockPolicy, Suppliers, Way
from syncbridge.rules.routing import skus_made_of
from syncbridge.rules.stock import MOST, Free, Supply, free, of_spec
from syncbridge.testing.builders import cny, make_offer, make_spec
from tests.rules.conftest import make_rules

SPEC = make_spec(1).spec_id
FIRST = StockPolicy(buffer=2, cap=200)
SUM = replace(FIRST, suppliers=Suppliers.SUM)


def offer(stock: int | None, offer_id: str = "1", **changes: object) -> Offer:
    return make_offer(offer_id, make_spec(1, stock=stock), **changes)


def way(supplier: str, *parts: tuple[str, int]) -> Way:
    return Way(supplier, tuple(Part(offer_id, SPEC, quantity) for offer_id, quantity in parts))


def supply(*offers: tuple[str, Offer], reserved: dict[tuple[str, str, str], int] | None = None) -> Supply:
    return Supply({(account, each.offer_id): each for account, each in offers}, reserved or {})


def test_what_open_purchases_will_take_is_not_free() -> None:
    known = supply(("main", offer(100)), reserved={("main", "1", SPEC): 30})

    found = free([way("main", ("1", 1))], known, FIRST)

    assert (found.amount, found.why) == (70, "supplier stock 100, 30 of it for open purchases")


def test_more_reserved_than_there_is_leaves_nothing() -> None:
    assert of_spec(offer(3), SPEC, reserved=5).amount == 0


@pytest.mark.parametrize("stock", [None, -1, 10**9, MOST + 1])
def test_row_34_a_stock_that_is_missing_or_cannot_be_right_is_unknown_and_not_zero(stock: int | None) -> None:
    found = of_spec(offer(stock), SPEC)

    assert (found.amount, found.unsure) == (None, True)
    assert found.why in ("the supplier shows no stock", f"a supplier stock of {stock} cannot be right")


@pytest.mark.parametrize("stock", [0, MOST])
def test_a_stock_of_nothing_and_of_very_much_are_believed(stock: int) -> None:
    assert of_spec(offer(stock), SPEC).amount == stock


@pytest.mark.parametrize(
    ("offered", "why"),
    [
        (make_offer("1", make_spec(2)), "the supplier no longer lists this spec"),
        (offer(9, buyable=False, status="expired"), "the offer is expired"),
        (make_offer("1", make_spec(1, cost=None)), "the supplier shows no price"),
        (make_offer("1", make_spec(1, cost="0.00")), "the supplier shows no price"),
    ],
)
def test_what_cannot_be_bought_at_all_is_none_and_that_is_sure(offered: Offer, why: str) -> None:
    assert of_spec(offered, SPEC) == Free(0, why)


def test_any_price_the_supplier_shows_makes_a_spec_one_that_can_be_bought() -> None:
    bare = make_spec(1, cost=None, stock=9)
    by_quantity = make_offer("1", bare, by_quantity=True)
    dropshipped = make_offer("1", replace(bare, dropship=Dropship(cny("12.00"), postage_paid=True)))

    assert [of_spec(one, SPEC).amount for one in (by_quantity, dropshipped)] == [9, 9]


def test_less_than_the_suppliers_minimum_is_none() -> None:
    found = of_spec(offer(4, moq=5), SPEC)

    assert (found.amount, found.why) == (0, "supplier stock 4; less than the supplier's minimum of 5")
    assert of_spec(offer(5, moq=5), SPEC).amount == 5
    assert of_spec(offer(0, moq=5), SPEC) == Free(0, "supplier stock 0")


def test_a_set_is_as_many_as_its_scarcest_part_allows() -> None:
    known = supply(("main", offer(100, "1")), ("main", offer(7, "2")))

    found = free([way("main", ("1", 1), ("2", 3))], known, FIRST)

    assert (found.amount, found.why) == (2, "supplier stock 7, 3 for each")


def test_a_set_with_an_unknown_part_is_unknown() -> None:
    known = supply(("main", offer(100, "1")), ("main", offer(None, "2")))

    assert free([way("main", ("1", 1), ("2", 3))], known, FIRST).amount is None


def test_a_backup_counts_where_the_first_supplier_has_none() -> None:
    ways = [way("main", ("1", 1)), way("second", ("2", 1))]

    assert free(ways, supply(("main", offer(5, "1")), ("second", offer(9, "2"))), FIRST).amount == 5
    assert free(ways, supply(("main", offer(0, "1")), ("second", offer(9, "2"))), FIRST).amount == 9
    assert free(ways, supply(("main", offer(0, "1")), ("second", offer(0, "2"))), FIRST) == Free(0, "supplier stock 0")


def test_suppliers_are_summed_where_the_policy_says_so() -> None:
    ways = [way("main", ("1", 1)), way("second", ("2", 1))]

    found = free(ways, supply(("main", offer(5, "1")), ("second", offer(9, "2"))), SUM)

    assert (found.amount, found.why) == (14, "supplier stock 5; supplier stock 9")


def test_a_sum_with_an_unknown_term_is_unknown() -> None:
    ways = [way("main", ("1", 1)), way("second", ("2", 1))]

    assert free(ways, supply(("main", offer(5, "1")), ("second", offer(None, "2"))), SUM).amount is None


def test_a_backup_that_was_never_read_has_nothing_and_a_first_supplier_is_unknown() -> None:
    ways = [way("main", ("1", 1)), way("second", ("2", 1))]

    assert free(ways, supply(("main", offer(0, "1"))), FIRST).amount == 0
    assert free(ways, supply(("second", offer(9, "2"))), FIRST) == Free(
        None, "offer 1 was never read from account main", unsure=True
    )


def test_what_the_seller_has_in_stock_themselves_is_left_alone_and_nobody_is_asked() -> None:
    found = free([], supply(), FIRST)

    assert (found.amount, found.unsure) == (None, False)


def test_a_part_and_a_backup_lead_to_the_skus_that_are_made_of_them() -> None:
    place = Place("shop.yaml", 1)
    made = SkuRule("SET", ("toys", "books"), (Part("1", SPEC, 2),), (), place)
    backed = SkuRule("ONE", (), (), (way("second", ("2", 1)),), place)
    alias = Alias("OLD-1", (), "", Part("4", SPEC, 1), place)
    rules = replace(make_rules(), skus=(made, backed), aliases={"OLD-1": (alias,)})

    assert skus_made_of(["1"], rules) == {("toys", "SET"), ("books", "SET")}
    assert skus_made_of(["2"], rules) == {("", "ONE")}
    assert skus_made_of(["3"], rules) == set()
    assert skus_made_of(["4"], rules) == {("", "OLD-1")}
