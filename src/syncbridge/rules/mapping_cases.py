"""Worked examples beside the mapping files: for this SKU and cost, that route, price, supplier and parts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from syncbridge.errors import MappingError
from syncbridge.model.money import Money
from syncbridge.rules import mapping_values as values
from syncbridge.rules.codes import readings
from syncbridge.rules.mapping import Part, Place, Rate, Route, Rules, ShippingWay
from syncbridge.rules.mapping_file import parts
from syncbridge.rules.mapping_reader import Notes, Section, Value, open_files
from syncbridge.rules.pricing import Goods, Parcel, price
from syncbridge.rules.routing import route_for, ways

NO_ROUTE = "none"
"""What a case writes where no route may fit."""


@dataclass(frozen=True, slots=True)
class Case:
    """What a rule has to decide."""

    place: Place
    sku: str
    store: str
    country: str
    """Where the order goes; empty for what is said of all destinations, as for listing."""
    route: str
    """A route's name, or `NO_ROUTE`."""
    goods_code: str
    """Which the SKU code names; empty if the case says nothing of it."""
    cost: Money | None
    price: Money | None
    """In `country`, if the price policy has one of its own there."""
    floor: Money | None
    weight_g: int | None
    category_id: str | None
    rate: Decimal | None
    """From the cost's currency to the price's, where the mapping files leave it to an account."""
    role: str | None
    backup: int
    """Which way to buy `supplier` and `parts` are of: 0 the first, then the backups in turn."""
    ship: ShippingWay | None
    """How the parcel gets abroad; None if the case says nothing of it."""
    supplier: str | None
    parts: tuple[Part, ...]
    """Of one sold unit; empty if the case says nothing of them."""


def parse_cases(files: Mapping[str, str]) -> tuple[Case, ...]:
    """All case files, by name; raises MappingError with a line for each problem."""
    notes = Notes()
    found = [file.read(_cases) for file in open_files(files, notes)]
    notes.settle()
    return tuple(case for cases in found for case in cases)


def run_cases(cases: tuple[Case, ...], rules: Rules) -> list[str]:
    """A sentence for each case that comes out otherwise, with its place."""
    return [f"{case.place}: {wrong}" for case in cases if (wrong := _wrong(case, rules))]


def in_words(parts: Sequence[Part]) -> str:
    """What a sold unit is bought as."""
    return " + ".join(f"{part.quantity} × {part.offer_id}/{part.spec_id}" for part in parts) or "what it is bound to"


def _cases(file: Value) -> tuple[Case, ...]:
    with Section(file) as keys:
        return tuple(
            item.read(_case)
            for item in keys.must("cases", Value.items, "[{sku: TYA001, store: toys, route: notebooks}]") or ()
        )


def _case(value: Value) -> Case:
    with Section(value) as keys:
        case = Case(
            place=value.place,
            sku=keys.must("sku", Value.text, "TYA001"),
            store=keys.must("store", Value.text, "toys"),
            country=keys.may("country", values.country, ""),
            route=keys.must("route", Value.text, "notebooks"),
            goods_code=keys.may("goods_code", Value.text, ""),
            cost=keys.may("cost", values.money, None),
            price=keys.may("price", values.money, None),
            floor=keys.may("floor", values.money, None),
            weight_g=keys.may("weight", values.grams, None),
            category_id=keys.may("category", values.digits, None),
            rate=keys.may("rate", values.positive, None),
            role=keys.may("role", Value.text, None),
            backup=keys.may("backup", values.whole(1), 0),
            ship=keys.may("ship", values.shipping_way, None),
            supplier=keys.may("supplier", Value.text, None),
            parts=keys.may("parts", parts, ()),
        )
        if keys.sound and (case.cost is None) != (case.price is None):
            raise value.unusable("cost and price go together; write both or neither")
        if keys.sound and case.floor is not None and case.price is None:
            raise value.unusable("floor goes with cost and price; write them too")
        if keys.sound and case.route == NO_ROUTE and case.price is not None:
            raise value.unusable("without a route there is no price; leave cost and price out")
        if keys.sound and case.backup and not (case.supplier or case.parts):
            raise value.unusable("write the supplier or the parts that backup should have")
    return case


def _wrong(case: Case, rules: Rules) -> str | None:
    route = route_for(case.sku, case.store, rules, case.country)
    name = route.name if route else NO_ROUTE
    if name != case.route:
        return f"SKU {case.sku} of {case.store} takes route {name}, expected {case.route}"
    if route and case.ship and case.ship is not route.ship:
        return f"parcels of route {name} go {route.ship}, expected {case.ship}"
    return (_wrong_price(case, route, rules) or _wrong_way(case, rules) or _wrong_code(case, rules)) if route else None


def _wrong_price(case: Case, route: Route, rules: Rules) -> str | None:
    if case.cost is None or case.price is None:
        return None
    if case.cost.currency != route.price.packing.currency:
        return f"the cost is in {case.cost.currency}, but packing of {route.name} in {route.price.packing.currency}"
    role = route.role if case.role is None else case.role
    given = {(case.cost.currency, route.price.currency): Rate(case.rate, date.min)} if case.rate else {}
    try:
        priced = price(_goods(case.cost, case, route), route.price, {**rules.rates, **given}, role)
    except MappingError as error:
        return str(error)
    found = priced.countries.get(case.country, priced.price)
    if priced.doubt is not None:
        return f"a cost of {case.cost} makes no price: {priced.doubt.why}"
    if found != case.price:
        return f"a cost of {case.cost} becomes {found}, expected {case.price}"
    if case.floor is not None and priced.floor.rounded() != case.floor:
        return f"a cost of {case.cost} has its floor at {priced.floor}, expected {case.floor}"
    return None


def _goods(cost: Money, case: Case, route: Route) -> Goods:
    parcel = Parcel(weight_g=case.weight_g or route.listing.weight_g, package_cm=route.listing.package_cm)
    return Goods(cost, parcel, case.category_id or route.listing.category_id)


def _wrong_code(case: Case, rules: Rules) -> str | None:
    named = [says.goods_code for says in readings(case.sku, case.store, rules) if says.goods_code]
    if not case.goods_code or case.goods_code in named:
        return None
    told = " or ".join(named) or "none"
    return f"SKU {case.sku} of {case.store} names the goods code {told}, expected {case.goods_code}"


def _wrong_way(case: Case, rules: Rules) -> str | None:
    if not case.supplier and not case.parts:
        return None
    possible = ways(case.sku, case.store, {}, rules, case.country)
    if case.backup >= len(possible):
        return f"SKU {case.sku} of {case.store} can be bought in {len(possible)} ways, expected backup {case.backup}"
    way = possible[case.backup]
    if case.supplier and case.supplier != way.supplier:
        return f"SKU {case.sku} of {case.store} is bought from {way.supplier}, expected {case.supplier}"
    if case.parts and case.parts != way.parts:
        return f"SKU {case.sku} of {case.store} is {in_words(way.parts)}, expected {in_words(case.parts)}"
    return None
