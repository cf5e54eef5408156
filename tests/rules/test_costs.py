"""Which of a supplier's prices is the cost, what goods weigh, and which costs cannot be right."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from syncbridge.model.catalog import Dropship, Tier
from syncbridge.model.purchasing import PurchaseLine
from syncbridge.rules.costs import Cost, cost_of, doubtful, off_the_median, weighed
from syncbridge.rules.mapping import CostBasis
from syncbridge.rules.pricing import DOUBT, STEP
from syncbridge.testing.builders import cny, make_offer, make_spec, usd
from tests.rules.conftest import POLICY, make_policy

TIERS = (Tier(2, cny("13.90")), Tier(10, cny("12.00")), Tier(50, cny("11.00")))
STEP_30 = Decimal("0.30")


def test_the_cost_is_the_specs_own_price_unless_said_otherwise() -> None:
    offer = make_offer("1", make_spec(1, cost="14.90"), tiers=TIERS, by_quantity=True)

    assert cost_of(offer, offer.specs[0], POLICY) == Cost(cny("14.90"))


def test_a_spec_without_a_price_has_no_cost() -> None:
    offer = make_offer("1", make_spec(1, cost=None))

    assert cost_of(offer, offer.specs[0], POLICY) is None


@pytest.mark.parametrize(
    ("quantity", "cost", "basis"),
    [
        (1, "13.90", "tier from 2"),
        (2, "13.90", "tier from 2"),
        (49, "12.00", "tier from 10"),
        (99, "11.00", "tier from 50"),
    ],
)
def test_a_tier_is_the_highest_that_the_quantity_reaches(quantity: int, cost: str, basis: str) -> None:
    offer = make_offer("1", make_spec(1), tiers=TIERS, by_quantity=True)
    policy = make_policy(basis=CostBasis.TIER, quantity=quantity)

    assert cost_of(offer, offer.specs[0], policy) == Cost(cny(cost), basis=basis)


def test_an_offer_priced_by_spec_has_no_tiers_to_take() -> None:
    policy = make_policy(basis=CostBasis.TIER, quantity=50)
    by_spec = make_offer("1", make_spec(1, cost="14.90"), tiers=TIERS)
    without = replace(by_spec, tiers=(), by_quantity=True)

    assert cost_of(by_spec, by_spec.specs[0], policy) == Cost(cny("14.90"))
    assert cost_of(without, by_spec.specs[0], policy) == Cost(cny("14.90"))


@pytest.mark.parametrize(("paid", "basis"), [(True, "dropship price, postage paid"), (False, "dropship price")])
def test_the_dropship_price_says_whether_it_pays_the_postage(paid: bool, basis: str) -> None:
    spec = replace(make_spec(1, cost="14.90"), dropship=Dropship(cny("16.00"), paid))
    policy = make_policy(basis=CostBasis.DROPSHIP)

    assert cost_of(make_offer("1", spec), spec, policy) == Cost(cny("16.00"), paid, basis)


def test_where_the_supplier_does_not_dropship_the_specs_price_counts() -> None:
    offer = make_offer("1", make_spec(1, cost="14.90"))

    assert cost_of(offer, offer.specs[0], make_policy(basis=CostBasis.DROPSHIP)) == Cost(cny("14.90"))


@pytest.mark.parametrize("cost", ["0", "0.00", "0.01", "-5.00"])
def test_row_33_a_cost_of_nothing_makes_no_price(cost: str) -> None:
    doubt = doubtful(cny(cost), POLICY, last=cny("13.90"))

    assert doubt is not None
    assert (doubt.kind, doubt.why) == (DOUBT, f"a cost of {cny(cost)} is no real price")


def test_row_33_a_cost_in_another_currency_makes_no_price() -> None:
    doubt = doubtful(usd("13.90"), POLICY, last=None)

    assert doubt is not None
    assert (doubt.kind, doubt.why) == (DOUBT, "the cost 13.90 USD is in USD, the policy reckons in CNY")


@pytest.mark.parametrize("cost", ["1390.00", "1112.00", "1737.50", "0.139", "0.1112"])
def test_row_33_a_hundredfold_of_the_last_cost_makes_no_price(cost: str) -> None:
    doubt = doubtful(cny(cost), POLICY, last=cny("13.90"))

    assert doubt is not None
    assert doubt.why.endswith("a hundredfold: yuan and fen may be mixed up")


@pytest.mark.parametrize(("cost", "last"), [("18.00", "13.90"), ("139.00", "13.90"), ("13.90", None), ("13.90", "0")])
def test_a_cost_that_can_be_right_is_not_doubted(cost: str, last: str | None) -> None:
    assert doubtful(cny(cost), POLICY, last=cny(last) if last else None) is None


def test_a_last_cost_in_another_currency_is_not_compared() -> None:
    assert doubtful(cny("1390.00"), POLICY, last=usd("13.90")) is None


@pytest.mark.parametrize(("cost", "doubted"), [("13.00", False), ("13.01", True), ("7.00", False), ("6.99", True)])
def test_row_33_a_cost_that_crept_away_from_its_median_is_looked_at(cost: str, doubted: bool) -> None:
    doubt = off_the_median(cny(cost), cny("10.00"), STEP_30)

    assert (doubt is not None) == doubted
    assert doubt is None or doubt.kind == STEP


def test_without_a_history_there_is_no_median_to_creep_from() -> None:
    for recent in (None, usd("10.00"), cny("0")):
        assert off_the_median(cny("99.00"), recent, STEP_30) is None


def test_goods_weigh_what_their_specs_weigh_or_their_offer_or_what_is_said_otherwise() -> None:
    light, unknown = make_spec(1), replace(make_spec(2), weight_g=None)
    offers = {"1": make_offer("1", light, unknown, weight_g=300), "2": make_offer("2", unknown), "3": None}
    lines = [
        PurchaseLine("1", light.spec_id, 2),  # 200 g each
        PurchaseLine("1", unknown.spec_id, 1),  # as its offer
        PurchaseLine("1", "gone", 1),
        PurchaseLine("2", unknown.spec_id, 1),
        PurchaseLine("3", "x", 1),
    ]

    assert weighed(lines, offers, otherwise=500) == 400 + 300 + 300 + 500 + 500
