"""Rules for tests: one route, and what is easily made of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from syncbridge.model.money import Money
from syncbridge.model.orders import Order, OrderLine
from syncbridge.rules.mapping import (
    BuyMode,
    ListingPolicy,
    ParcelPolicy,
    Place,
    PricePolicy,
    Rate,
    Route,
    Rules,
    StockPolicy,
)
from syncbridge.testing.builders import RELAY, cny, make_order

RATES = {("CNY", "USD"): Rate(Decimal("0.14"), date(2026, 3, 1))}
POLICY = PricePolicy(
    currency="USD",
    multiplier=Decimal("1.8"),
    commission=Decimal("0.08"),
    packing=cny("1.00"),
    freight=cny("12.00"),
    minimum_margin=Decimal("0.10"),
)

PARCELS = ParcelPolicy("笔记本", "notebook", Decimal("0.3"), hs_code="482010", material="paper")


def make_policy(**changes: Any) -> PricePolicy:  # the fields differ in type
    return replace(POLICY, **changes)


def make_route(prefix: str = "TY", **changes: Any) -> Route:  # the fields differ in type
    """A route of that prefix, for store ``toys`` and supplier ``main`` unless told otherwise."""
    route = Route(
        name=f"route-{prefix}",
        prefix=prefix,
        stores=("toys",),
        supplier="main",
        goods_code="",
        buy=BuyMode.AUTO,
        relay=RELAY,
        carrier="forwarder",
        services={},
        price=POLICY,
        stock=StockPolicy(buffer=2, cap=200),
        listing=ListingPolicy("200135143", "50164494212", "14", tuple(str(n) for n in range(100, 124))),
        place=Place("shop.yaml", 12),
    )
    return replace(route, **changes)


def make_rules(*routes: Route) -> Rules:
    return Rules(routes or (make_route(),), RATES)


def order_of(*lines: OrderLine, country: str = "ES") -> Order:
    """An order of these lines that goes to that country; to one the channel does not show, if it is empty."""
    order = make_order("8172481060036440", datetime(2026, 3, 1, tzinfo=UTC))
    address = replace(order.address, country=country) if order.address and country else None
    return replace(order, lines=lines, address=address)


def dollars(amount: str) -> Money:
    return Money.of(amount, "USD")
