"""Worked examples beside the mapping files: for this SKU and cost, that route and price."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from syncbridge.errors import MappingError
from syncbridge.model.money import Money
from syncbridge.rules import mapping_values as values
from syncbridge.rules.mapping import Place, Route, Rules
from syncbridge.rules.mapping_reader import Notes, Section, Value, open_files
from syncbridge.rules.pricing import price
from syncbridge.rules.routing import route_for

NO_ROUTE = "none"
"""What a case writes where no route may fit."""


@dataclass(frozen=True, slots=True)
class Case:
    """What a rule has to decide."""

    place: Place
    sku: str
    store: str
    route: str
    """A route's name, or `NO_ROUTE`."""
    cost: Money | None
    price: Money | None


def parse_cases(files: Mapping[str, str]) -> tuple[Case, ...]:
    """All case files, by name; raises MappingError with a line for each problem."""
    notes = Notes()
    found = [file.read(_cases) for file in open_files(files, notes)]
    notes.settle()
    return tuple(case for cases in found for case in cases)


def run_cases(cases: tuple[Case, ...], rules: Rules) -> list[str]:
    """A sentence for each case that comes out otherwise, with its place."""
    return [f"{case.place}: {wrong}" for case in cases if (wrong := _wrong(case, rules))]


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
            route=keys.must("route", Value.text, "notebooks"),
            cost=keys.may("cost", values.money, None),
            price=keys.may("price", values.money, None),
        )
        if keys.sound and (case.cost is None) != (case.price is None):
            raise value.unusable("cost and price go together; write both or neither")
        if keys.sound and case.route == NO_ROUTE and case.price is not None:
            raise value.unusable("without a route there is no price; leave cost and price out")
    return case


def _wrong(case: Case, rules: Rules) -> str | None:
    route = route_for(case.sku, case.store, rules)
    name = route.name if route else NO_ROUTE
    if name != case.route:
        return f"SKU {case.sku} of {case.store} takes route {name}, expected {case.route}"
    return _wrong_price(case, route, rules) if route else None


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
