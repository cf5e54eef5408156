"""Things that once went wrong in the rules."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from types import SimpleNamespace

import pytest

from syncbridge.errors import MappingError
from syncbridge.rules import codes, routing
from syncbridge.rules.mapping import Part, Place, SkuRule
from syncbridge.rules.pricing import Goods, price
from syncbridge.testing.builders import cny, make_offer, make_order_line
from tests.rules.conftest import RATES, dollars, make_policy, make_route, make_rules, order_of


@pytest.mark.parametrize(("cost", "ending", "expected"), [("37.00", None, "8.00"), ("37.00", "0.00", "8.00")])
def test_a_price_that_comes_out_exactly_is_not_rounded_up(cost: str, ending: str | None, expected: str) -> None:
    policy = make_policy(
        multiplier=Decimal(1),
        commission=Decimal("0.125"),
        minimum_margin=Decimal(0),
        endings=(Decimal(ending),) if ending else (),
    )

    # (37 + 13) × 0.14 = 7; ÷ 0.875 = 8
    assert price(Goods(cny(cost)), policy, RATES).price == dollars(expected)


def test_a_route_whose_prefix_another_takes_is_refused_instead_of_counting_forever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bounded = SimpleNamespace(count=lambda: range(1000))  # this test ends even where the code does not
    monkeypatch.setattr(codes, "itertools", bounded, raising=False)
    first, second = make_route("TY", name="first"), make_route("TY", name="second", goods_code="NB-")

    with pytest.raises(MappingError, match="second"):
        codes.reference_code(second, "toys", "1", "a", make_rules(first, second))


def test_a_payout_in_half_cents_loses_none_when_it_is_shared_over_parts() -> None:
    parts = tuple(Part("1", spec, quantity) for spec, quantity in (("a", 3), ("b", 3), ("c", 7)))
    rule = SkuRule("TY1", (), parts, (), Place("shop.yaml", 90))
    rules = replace(make_rules(make_route(price=make_policy(commission=Decimal("0.05")))), skus=(rule,))
    line = replace(make_order_line("TY1", 1), price=dollars("0.30"))

    (only,) = routing.split(order_of(line), "toys", {}, {("main", "1"): make_offer("1")}, rules).splits

    # 0.30 less 5 % is 0.285; thirteenths of it, each as exact as 28 digits, made 0.28499…
    assert only.payout == dollars("0.29")
