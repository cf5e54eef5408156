"""SKU codes: which one a new SKU gets, and what a code says of the spec that feeds it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from syncbridge.errors import MappingError
from syncbridge.model.catalog import Offer, Spec
from syncbridge.rules.mapping import CodeStyle, Place, Route, Rules
from syncbridge.rules.routing import alias_of, meant, route_for, short_name

LONGEST = 20
"""Letters and digits of a SKU code of AliExpress (aliexpress.md §4)."""
REFERENCE_LENGTH = 10
SKU_ID_LENGTH = 9
"""In base 36, what 1688's sku ids need: they have 13 digits, and 14 still fit."""
MOST_TRIES = 1000
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_ID = re.compile(r"[1-9][0-9]*")
_COMPACT = re.compile(rf"([1-9A-Z][0-9A-Z]*)([0-9A-Z]{{{SKU_ID_LENGTH}}})")


class Through(StrEnum):
    """What in the mapping files makes a code say something."""

    ALIAS = "alias"
    COMPACT = "compact code"
    PATTERN = "pattern"
    GOODS_CODE = "goods code"


@dataclass(frozen=True, slots=True)
class Says:
    """What a SKU code says of the spec that feeds it: ids, or a goods code."""

    through: Through
    place: Place
    """Of the rule that makes it so."""
    supplier: str
    """Account name."""
    offer_id: str = ""
    spec_id: str = ""
    sku_id: str = ""
    goods_code: str = ""

    def fits(self, offer: Offer, spec: Spec) -> bool:
        """Whether it may be this spec; a goods code, or an offer alone, may fit several."""
        if self.goods_code:
            return self.goods_code in (spec.goods_code, offer.goods_code)
        if self.offer_id != offer.offer_id:
            return False
        return self.spec_id == spec.spec_id if self.spec_id else self.sku_id == spec.sku_id


def sku_code(route: Route, store: str, offer: Offer, spec: Spec, rules: Rules) -> str:
    """A code for a new SKU, in the style of its route.

    Raises MappingError if there is none that is this spec's alone and takes this route.
    """
    if route.code is CodeStyle.REFERENCE:
        return reference_code(route, store, offer.offer_id, spec.spec_id, rules)
    naming = _compact if route.code is CodeStyle.COMPACT else _goods_code
    code = route.prefix + naming(route, offer, spec)
    named = f"{route.place}: SKU code {code} of {_named(offer, spec)}"
    if len(code) > LONGEST:
        raise MappingError(
            f"{named} would have {len(code)} characters, and {LONGEST} is the most; "
            f"give route {route.name} a shorter prefix or code: reference"
        )
    other = route_for(code, store, rules)
    if other != route or alias_of(code, store, rules) is not None:
        by = f"route {other.name} at {other.place}" if other and other != route else "an alias"
        raise MappingError(f"{named} would be taken by {by}; give route {route.name} a prefix of its own")
    return code


def readings(sku_code: str, store: str, rules: Rules) -> tuple[Says, ...]:
    """What a SKU code of a store may say, the surest first; look each up, for ids and goods codes may exist nowhere.

    Empty where no route takes the code, or its route makes nothing of it.
    """
    route = route_for(sku_code, store, rules)
    if route is None:
        return ()
    alias = alias_of(sku_code, store, rules)
    if alias and alias.part:
        part = alias.part
        return (Says(Through.ALIAS, alias.place, route.supplier, offer_id=part.offer_id, spec_id=part.spec_id),)
    code = meant(sku_code, store, rules)
    rest = code.removeprefix(route.prefix)
    found = []
    if route.code is CodeStyle.COMPACT and (ids := decoded(rest)):
        found.append(Says(Through.COMPACT, route.place, route.supplier, offer_id=ids[0], sku_id=ids[1]))
    if route.pattern and (goods := route.pattern.goods_code(code)):
        found.append(Says(Through.PATTERN, route.place, route.supplier, goods_code=goods))
    if route.code is CodeStyle.GOODS_CODE and _is_plain(rest):
        found.append(Says(Through.GOODS_CODE, route.place, route.supplier, goods_code=rest))
    return tuple(found)


def reference_code(route: Route, store: str, offer_id: str, spec_id: str, rules: Rules) -> str:
    """The prefix and ten characters made from the spec, which no longer prefix fits; raises as `sku_code` does."""
    for attempt in range(MOST_TRIES):
        name = f"{route.supplier}|{offer_id}|{spec_id}|{attempt}"
        code = route.prefix + short_name(name, REFERENCE_LENGTH)
        if route_for(code, store, rules) == route:
            return code
    raise MappingError(
        f"{route.place}: every SKU code of route {route.name} would be taken by another route of store {store}; "
        f"give it a prefix of its own"
    )


def encoded(offer_id: str, sku_id: str) -> str | None:
    """Both ids in base 36, the sku id as nine characters; None if one is no number, or the sku id too large."""
    sku = _base36(sku_id) if sku_id else "0"
    offer = _base36(offer_id)
    if not offer or not sku or len(sku) > SKU_ID_LENGTH:
        return None
    return offer + sku.rjust(SKU_ID_LENGTH, "0")


def decoded(code: str) -> tuple[str, str] | None:
    """The ids of offer and sku that `encoded` was given; None if it made no such code."""
    match = _COMPACT.fullmatch(code)
    if match is None:
        return None
    sku = int(match[2], 36)
    return str(int(match[1], 36)), str(sku) if sku else ""


def _compact(route: Route, offer: Offer, spec: Spec) -> str:
    if not spec.sku_id and len(offer.specs) > 1:
        raise MappingError(
            f"{route.place}: {_named(offer, spec)} has no sku id of its own, which a compact code needs; "
            f"give route {route.name} code: reference"
        )
    code = encoded(offer.offer_id, spec.sku_id)
    if code is None:
        raise MappingError(
            f"{route.place}: the ids of {_named(offer, spec)} do not fit into a compact code; "
            f"give route {route.name} code: reference"
        )
    return code


def _goods_code(route: Route, offer: Offer, spec: Spec) -> str:
    goods = spec.goods_code or offer.goods_code or ""
    alike = [one for one in offer.specs if (one.goods_code or offer.goods_code or "") == goods]
    why = ""
    if not goods:
        why = "has no goods code"
    elif not _is_plain(goods):
        why = f"has the goods code {goods}, which is not of letters and digits alone"
    elif len(alike) > 1:
        why = f"has the goods code {goods}, as {len(alike) - 1} other specs of the offer have"
    if why:
        raise MappingError(
            f"{route.place}: {_named(offer, spec)} {why}; give route {route.name} code: reference or compact"
        )
    return goods


def _is_plain(goods_code: str) -> bool:
    return goods_code.isascii() and goods_code.isalnum()


def _named(offer: Offer, spec: Spec) -> str:
    return f"{offer.offer_id}/{spec.spec_id}"


def _base36(number: str) -> str | None:
    if not _ID.fullmatch(number):
        return None
    rest, digits = int(number), ""
    while rest:
        rest, digit = divmod(rest, 36)
        digits = _DIGITS[digit] + digits
    return digits
