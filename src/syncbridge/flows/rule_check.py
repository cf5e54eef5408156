"""The mapping files held against the catalogue: codes two specs would get, and what the rules name but nobody has."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from sqlmodel import Session

from syncbridge.errors import MappingError
from syncbridge.model.catalog import Offer
from syncbridge.rules.codes import sku_code
from syncbridge.rules.mapping import Alias, CodeStyle, Part, Place, Route, Rules, SkuRule
from syncbridge.rules.mapping_check import elsewhere
from syncbridge.rules.routing import route_for, routes_of_offer, ways
from syncbridge.store import catalogue, survey


@dataclass(slots=True)
class Findings:
    """What cannot work, and what is likely not meant; a sentence each, with its place."""

    problems: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def in_catalogue(session: Session, rules: Rules) -> Findings:
    """Look through every offer and SKU as last read; nothing is written."""
    found = Findings()
    _codes(session, rules, found)
    found.warnings += _unrouted(session, rules)
    found.warnings += _unknown_offers(session, rules)
    return found


def _codes(session: Session, rules: Rules, found: Findings) -> None:
    """Codes that cannot be made anew: each must be one spec's alone."""
    if all(route.code is CodeStyle.REFERENCE for route in rules.routes):
        return
    owners: dict[tuple[str, str], str] = {}
    refused: dict[str, list[str]] = {}
    for supplier, offers in survey.every_offer(session):
        shelf = catalogue.shelf(session, supplier, [offer.offer_id for offer in offers])
        wanted: dict[str, list[tuple[str, str, Route]]] = {}
        for offer in offers:
            listed = {entry.listing.store for entry in shelf[offer.offer_id]}
            for store, route in routes_of_offer(offer, supplier, rules).items():
                if route.code is not CodeStyle.REFERENCE and store not in listed:
                    wanted.setdefault(store, []).extend(_new_codes(offer, store, route, rules, refused))
        for store, codes in wanted.items():
            bound = catalogue.bound_specs(session, store, [code for code, _, _ in codes])
            owners |= {(store, code): f"{spec.offer_id}/{spec.spec_id}" for code, spec in bound.items()}
            for code, spec, route in codes:
                owner = owners.setdefault((store, code), spec)
                if owner != spec:
                    found.problems.append(
                        f"{route.place}: {spec} would get the SKU code {code} in {store}, which is that of {owner}; "
                        f"give route {route.name} code: reference or compact"
                    )
    for first, *others in refused.values():
        more = f" (and {len(others)} more offers)" if others else ""
        found.warnings.append(f"{first}{more}")


def _new_codes(
    offer: Offer, store: str, route: Route, rules: Rules, refused: dict[str, list[str]]
) -> list[tuple[str, str, Route]]:
    """(code, spec, route) of each SKU an offer would get; none if one of them can have no code, as for listing."""
    try:
        codes = [sku_code(route, store, offer, spec, rules) for spec in offer.specs]
    except MappingError as error:
        refused.setdefault(route.name, []).append(str(error))
        return []
    named = [f"{offer.offer_id}/{spec.spec_id}" for spec in offer.specs]
    return [(code, name, route) for code, name in zip(codes, named, strict=True)]


def _unrouted(session: Session, rules: Rules) -> Iterator[str]:
    """SKUs there are which no route takes: their orders would wait."""
    lost: dict[tuple[str, str], list[str]] = {}
    for store, code in survey.every_code(session):
        if route_for(code, store, rules) is None:
            lost.setdefault((store, elsewhere(code, [store], rules)), []).append(code)
    for (store, foreign), codes in lost.items():
        yield (
            f"store {store}: no route takes {len(codes)} of its SKUs, such as {codes[0]}{foreign}; "
            "write a route for them, or an alias each"
        )


def _unknown_offers(session: Session, rules: Rules) -> Iterator[str]:
    """Specs that the rules name and that were never read."""
    named = list(_named_parts(rules))
    wanted: dict[str, set[str]] = {}
    for _, _, supplier, part in named:
        wanted.setdefault(supplier, set()).add(part.offer_id)
    known = catalogue.snapshots(session, wanted)
    for place, code, supplier, part in named:
        offer = known.get((supplier, part.offer_id))
        if offer is None:
            yield (
                f"{place}: offer {part.offer_id} of SKU {code} was never read from account {supplier}; "
                "add it to the pool of that account, or orders for it wait"
            )
        elif part.spec_id not in {spec.spec_id for spec in offer.specs}:
            yield f"{place}: offer {part.offer_id} of SKU {code} has no spec {part.spec_id}; write one that it has"


def _named_parts(rules: Rules) -> Collection[tuple[Place, str, str, Part]]:
    """(place, SKU code, supplier, part) of all the files name, each once."""
    every = tuple(sorted({store for route in rules.routes for store in route.stores}))
    aliases = [alias for named in rules.aliases.values() for alias in named if alias.part]
    saying: list[SkuRule | Alias] = [*rules.skus, *aliases]
    return dict.fromkeys(
        (rule.place, rule.code, way.supplier, part)
        for rule in saying
        for store in rule.stores or every
        for way in ways(rule.code, store, {}, rules)
        for part in way.parts
    )
