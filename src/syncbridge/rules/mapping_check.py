"""What is well written in mapping files but cannot work, or is likely not meant."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from itertools import combinations
from typing import TypeVar

from syncbridge.rules.codes import LONGEST, SKU_ID_LENGTH
from syncbridge.rules.mapping import Alias, BuyMode, Choices, CodeStyle, LineChoice, ParcelPolicy, Rules, SkuRule
from syncbridge.rules.routing import alias_of, meant, route_for, routes_of, ways
from syncbridge.rules.wording import did_you_mean

PREFIX_LENGTH = 10
"""Leaves ten characters for what names the spec."""
OFFER_ID_LENGTH = 8
"""In base 36, what 1688's offer ids of twelve digits need."""
SIGNS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
"""What codes of new SKUs are made of."""
R = TypeVar("R", Alias, SkuRule)


def check(rules: Rules) -> list[str]:
    """What cannot work, a sentence each, with its place; with any of it the rules are not used."""
    return [
        *_bad_prefixes(rules),
        *_missing_rates(rules),
        *_unknown_roles(rules),
        *_overlaps(rules),
        *_destinations(rules),
        *_covered(rules),
        *_twice("SKU", rules.skus),
        *_twice("alias", [alias for named in rules.aliases.values() for alias in named]),
        *_skus_never_bought(rules),
        *_aliases_never_used(rules),
    ]


def warnings(rules: Rules) -> list[str]:
    """What works but is likely not meant, a sentence each, with its place."""
    return [*_unused(rules), *_narrow(rules), *_crossed(rules), *_undeclared(rules)]


def _bad_prefixes(rules: Rules) -> Iterator[str]:
    for route in rules.routes:
        if not (route.prefix.isascii() and route.prefix.isalnum()):
            yield f"{route.place}: the prefix {route.prefix} of {route.name} may have only letters A-Z and digits"
        elif len(route.prefix) > PREFIX_LENGTH:
            yield (
                f"{route.place}: the prefix {route.prefix} of {route.name} is longer than {PREFIX_LENGTH}, "
                f"which leaves too little of a SKU code's {LONGEST} characters"
            )


def _missing_rates(rules: Rules) -> Iterator[str]:
    given = rules.rates.keys() | rules.followed.keys()
    for route in rules.routes:
        there = route.price.currency
        for here in sorted(route.price.spent_in - {there}):
            if not {(here, there), (there, here)} & given:
                yield f"{route.place}: {route.name} needs a rate; add {here}/{there} under rates"


def _unknown_roles(rules: Rules) -> Iterator[str]:
    for route in rules.routes:
        if route.role and route.role not in route.price.roles:
            there = did_you_mean(route.role, route.price.roles)
            yield f'{route.place}: the price policy of {route.name} has no role "{route.role}"{there}'


def _overlaps(rules: Rules) -> Iterator[str]:
    for one, other in combinations(rules.routes, 2):
        shared = sorted(set(one.stores) & set(other.stores))
        if not shared:
            continue
        countries = sorted(set(one.destinations) & set(other.destinations))
        if one.prefix == other.prefix and (countries or not (one.destinations or other.destinations)):
            to = f" that goes to {', '.join(countries)}" if countries else ""
            yield (
                f"{other.place}: {other.name} never gets a SKU of {', '.join(shared)}{to}: "
                f"{one.name} at {one.place} has the same prefix {one.prefix}; change one"
            )
        lists = BuyMode.OWN_STOCK not in (one.buy, other.buy) and not (one.destinations or other.destinations)
        if lists and (one.supplier, one.goods_code) == (other.supplier, other.goods_code):
            code = f"goods_code {one.goods_code}" if one.goods_code else "no goods_code"
            yield (
                f"{other.place}: {other.name} never lists an offer in {', '.join(shared)}: "
                f"{one.name} at {one.place} takes {one.supplier} with {code} too; give each its own goods_code"
            )


def _destinations(rules: Rules) -> Iterator[str]:
    """A route with destinations needs the one beside it that lists, and binds SKUs to what both buy."""
    for route in rules.routes:
        countries = ", ".join(route.destinations)
        for store in route.stores if countries else ():
            general = route_for(route.prefix, store, rules)
            if general is None:
                yield (
                    f"{route.place}: {route.name} says where orders of {store} for {countries} go, and no route "
                    f"says it of other countries; write one with prefix {route.prefix} and without destinations"
                )
            elif general.supplier != route.supplier:
                yield (
                    f"{route.place}: {route.name} buys from {route.supplier}, but the SKUs of {store} are bound to "
                    f"what {general.name} at {general.place} buys from {general.supplier}; name one supplier in both"
                )


def _covered(rules: Rules) -> Iterator[str]:
    """Routes all of whose SKU codes longer prefixes take."""
    for store in _stores(rules):
        prefixes = {route.prefix for route in rules.routes if store in route.stores}
        for route in rules.routes:
            if store in route.stores and _is_covered(route.prefix, prefixes - {route.prefix}):
                yield (
                    f"{route.place}: {route.name} never gets a SKU of {store}: longer prefixes take all that begin "
                    f"with {route.prefix}; give it a prefix of its own"
                )


def _is_covered(prefix: str, prefixes: set[str]) -> bool:
    if prefix in prefixes:
        return True
    longer = {each for each in prefixes if each.startswith(prefix)}
    return len(longer) >= len(SIGNS) and all(_is_covered(prefix + sign, longer) for sign in SIGNS)


def _twice(what: str, found: Iterable[R]) -> Iterator[str]:
    by_code: defaultdict[str, list[R]] = defaultdict(list)
    for rule in found:
        by_code[rule.code].append(rule)
    for code, alike in by_code.items():
        for one, other in combinations(alike, 2):
            if not one.stores or not other.stores or set(one.stores) & set(other.stores):
                yield f"{other.place}: {what} {code} is already at {one.place} for the same store; keep one"


def _skus_never_bought(rules: Rules) -> Iterator[str]:
    for sku in rules.skus:
        stores = sku.stores or _stores(rules)
        never = [store for store in stores if not ways(sku.code, store, {}, rules)]
        if never and (sku.stores or len(never) == len(stores)):
            yield (
                f"{sku.place}: SKU {sku.code} is never bought in {', '.join(never)}: no route's prefix fits it there"
                f"{elsewhere(sku.code, never, rules)}, or its route says own_stock; correct one of them"
            )
        renamed = [store for store in stores if meant(sku.code, store, rules) != sku.code]
        if renamed:
            alias = alias_of(sku.code, renamed[0], rules)
            place = alias.place if alias else sku.place
            yield (
                f"{sku.place}: what is said of SKU {sku.code} is never used in {', '.join(renamed)}: "
                f"the alias at {place} makes it another SKU; say it of that one"
            )


def _aliases_never_used(rules: Rules) -> Iterator[str]:
    for alias in (alias for named in rules.aliases.values() for alias in named):
        stores = alias.stores or _stores(rules)
        code = alias.sku or alias.code
        never = [store for store in stores if route_for(alias.code, store, rules) is None]
        if never and (alias.stores or len(never) == len(stores)):
            yield (
                f"{alias.place}: alias {alias.code} is never used in {', '.join(never)}: no route's prefix fits "
                f"{code} there{elsewhere(code, never, rules)}; correct one of them"
            )
        further = [store for store in stores if alias.sku and alias_of(alias.sku, store, rules)]
        if further:
            yield (
                f"{alias.place}: alias {alias.code} stands for {alias.sku}, which is an alias itself "
                f"in {', '.join(further)}; write what that one stands for"
            )


def elsewhere(code: str, stores: Iterable[str], rules: Rules) -> str:
    """That a prefix is another store's, if it is."""
    fitting = [route for route in rules.routes if code.startswith(route.prefix) and not set(route.stores) & set(stores)]
    if not fitting:
        return ""
    route = max(fitting, key=lambda route: len(route.prefix))
    return f" ({route.prefix} is the prefix of {route.name} in {', '.join(route.stores)}, at {route.place})"


def _unused(rules: Rules) -> Iterator[str]:
    for unused in rules.unused:
        yield f'{unused.place}: no route uses "{unused.name}" of {unused.section}; name it in one, or leave it out'


def _narrow(rules: Rules) -> Iterator[str]:
    for route in rules.routes:
        room = LONGEST - len(route.prefix) - SKU_ID_LENGTH
        if route.code is CodeStyle.COMPACT and room < OFFER_ID_LENGTH:
            yield (
                f"{route.place}: the prefix {route.prefix} of {route.name} leaves {room} characters for the offer in "
                f"a compact code, and most offers need {OFFER_ID_LENGTH}; take a prefix of at most "
                f"{LONGEST - SKU_ID_LENGTH - OFFER_ID_LENGTH} characters, or code: reference"
            )


def _crossed(rules: Rules) -> Iterator[str]:
    """Codes that cannot be made anew where a longer prefix happens to fit them."""
    for one in rules.routes:
        longer = [r for r in rules.routes if r.prefix != one.prefix and r.prefix.startswith(one.prefix)]
        for other in longer if one.code is not CodeStyle.REFERENCE and not one.destinations else ():
            shared = sorted(set(one.stores) & set(other.stores))
            if shared:
                yield (
                    f"{one.place}: offers of {one.name} whose SKU codes happen to begin with {other.prefix} cannot be "
                    f"listed in {', '.join(shared)}: {other.name} at {other.place} takes such codes; give one of them "
                    "another prefix"
                )


def _undeclared(rules: Rules) -> Iterator[str]:
    """What is said of parcels where nobody asks for it."""
    for route in rules.routes:
        if route.parcels and not route.is_booked:
            yield (
                f"{route.place}: nobody is told the parcels of {route.name}, whose goods the forwarder declares; "
                "write ship: official or label_first, or leave parcels out"
            )
    for sku in rules.skus:
        if sku.parcels:
            taken = [route for store in sku.stores or _stores(rules) for route in routes_of(sku.code, store, rules)]
            asked = [route.parcels.choices for route in taken if route.is_booked and route.parcels]
            yield from _unasked(sku, sku.parcels, asked)


def _unasked(sku: SkuRule, parcels: ParcelPolicy, asked: Collection[Choices]) -> Iterator[str]:
    if not asked:
        yield (
            f"{sku.place}: nobody is told the parcels of SKU {sku.code}, since no route of it books any; write "
            "ship: official or label_first there, or leave parcels out"
        )
    elif parcels.choices not in asked and parcels.choices != (LineChoice(), ()):
        yield (
            f"{sku.place}: what the parcels of SKU {sku.code} say of lines counts for nothing, since a parcel takes a "
            "line as its route says; say it under the parcels of that"
        )


def _stores(rules: Rules) -> list[str]:
    return sorted({store for route in rules.routes for store in route.stores})
