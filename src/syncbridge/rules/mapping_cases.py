"""Worked examples beside the mapping files: for this SKU and cost, that route, price, supplier and parts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from syncbridge.errors import MappingError
from syncbridge.model.money import Money
from syncbridge.rules import mapping_values as values
from syncbridge.rules.codes import readings
from syncbridge.rules.mapping import Part, Place, Route, Rules
from syncbridge.rules.mapping_file import parts
from syncbridge.rules.mapping_reader import Notes, Section, Value, open_files
from syncbridge.rules.pricing import price
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
    backup: int
    """Which way to buy `supplier` and `parts` are of: 0 the first, then the backups in turn."""
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
            backup=keys.may("backup", values.whole(1), 0),
            supplier=keys.may("supplier", Value.text, None),
            parts=keys.may("parts", parts, ()),
        )
        if keys.sound and (case.cost is None) != (case.price is None):
            raise value.unusable("cost and price go together; write both or neither")
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
    return (_wrong_price(case, route, rules) or _wrong_way(case, rules) or _wrong_code(case, rules)) if route else None


def _wrong_price(case: Case, route: Route, rules: Rules) -> str | None:
    if case.cost is None or case.price is None:
        return None
    if case.cost.currency != route.price.packing.currency:
        return f"the cost is in {case.cost.currency}, but packing of {route.name} in {route.price.packing.currency}"
    try:
        priced = price(case.cost, route.price, rules.rates).price
    except MappingError as error:
        return str(error)
    return None if priced == case.price else f"a cost of {case.cost} becomes {priced}, expected {case.price}"


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
