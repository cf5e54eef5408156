"""How like a SKU of an existing store and a supplier's spec are, from 0 to 1, with each reason in words.

What cannot be compared counts as half. So texts alone never reach 0.9: that takes pictures that agree, too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from rapidfuzz import fuzz, utils

from syncbridge.errors import MappingError
from syncbridge.model.adoption import Candidate
from syncbridge.model.catalog import Listing, Offer, Sku, Spec
from syncbridge.rules.chinese import english
from syncbridge.rules.pricing import Rates, convert

TITLE, VARIANT, PICTURE, CODE, PRICE = 0.30, 0.25, 0.25, 0.10, 0.10
"""What each sign weighs; together 1."""
UNKNOWN = 0.5
AGREES = 0.85
"""From here on two variants count as the same in words."""
LEAST_SCORE = 0.60
"""What is less like is not proposed."""
OTHER_VARIANT = 0.59
"""The most that another variant of the very same goods comes to, so that it is shown and never proposed."""
LEAST_CODE = 4
"""Shorter goods codes are found in any code by chance."""
FAR = 24
"""Of 64 bits: so different are pictures that have nothing in common."""
USUAL = (Decimal("1.2"), Decimal(8))
POSSIBLE = (Decimal(1), Decimal(20))
"""How many times its cost a price usually is, and can be."""
_SHORT = 3
_LATIN = re.compile("[a-z]{2}")
Pictures = Mapping[str, str]
"""What pictures look like, by address: 64 bits as 16 hex digits."""


@dataclass(frozen=True, slots=True)
class Sign:
    """One thing that speaks for or against; without a value it could not be compared."""

    weight: float
    value: float | None = None
    reason: str = ""

    @property
    def counts(self) -> float:
        """Its part of the score."""
        return self.weight * (UNKNOWN if self.value is None else self.value)


@lru_cache(maxsize=16_384)
def bare(code: str) -> str:
    """A code as channels take it: letters and digits, in capitals."""
    return re.sub(r"[^0-9A-Z]", "", code.upper())


def prepared(title: str) -> str:
    """A title's words, ready to be compared; empty if none of them is in Latin letters."""
    words: str = utils.default_process(title)
    return words if _LATIN.search(words) else ""


def page_signs(listing: Listing, offer: Offer, pictures: Pictures) -> tuple[Sign, Sign]:
    """What two pages say before their variants are looked at: title and pictures."""
    return _title(listing.title, offer.title), _picture(listing, offer, pictures)


def candidate(sku: Sku, supplier: str, offer: Offer, spec: Spec, page: tuple[Sign, Sign], rates: Rates) -> Candidate:
    """A spec as what may feed a SKU."""
    variant = _variant(sku, offer, spec)
    signs = [*page, variant, _code(sku, offer, spec), _price(sku, spec, rates)]
    score = round(sum(sign.counts for sign in signs), 3)
    if variant.value is not None and variant.value < AGREES:
        score = min(score, OTHER_VARIANT)
    reasons = tuple(sign.reason for sign in signs if sign.reason)
    return Candidate(supplier, offer.offer_id, spec.spec_id, score, reasons)


def apart(one: str, other: str) -> int:
    """In how many of 64 bits two pictures differ."""
    return (int(one, 16) ^ int(other, 16)).bit_count()


def pictures_of(listing: Listing) -> Iterator[str]:
    """The pictures of a listing that are compared: its first, and those of its SKUs."""
    yield from listing.images[:1]
    yield from (prop.image_url for sku in listing.skus for prop in sku.properties if prop.image_url)


def pictures_of_offer(offer: Offer) -> Iterator[str]:
    """The same of an offer; suppliers show the whole article on one of the first three."""
    yield from offer.images[:3]


def nearest(ours: Iterable[str], theirs: Iterable[str], pictures: Pictures) -> int | None:
    """How far apart the two most alike are; None if none of one side is known."""
    mine = [pictures[url] for url in ours if pictures.get(url)]
    other = [pictures[url] for url in theirs if pictures.get(url)]
    return min((apart(one, two) for one in mine for two in other), default=None)


def _title(ours: str, theirs: str) -> Sign:
    one, two = prepared(ours), prepared(theirs)
    if not one or not two:
        return Sign(TITLE, None, "the titles are in different languages")
    alike = (fuzz.token_set_ratio(one, two) + fuzz.token_sort_ratio(one, two)) / 200
    return Sign(TITLE, alike, f"titles {alike:.0%} alike")


def _picture(listing: Listing, offer: Offer, pictures: Pictures) -> Sign:
    bits = nearest(pictures_of(listing), pictures_of_offer(offer), pictures)
    if bits is None:
        return Sign(PICTURE)
    return Sign(PICTURE, max(0.0, 1 - bits / FAR), f"pictures differ in {bits} of 64 bits")


def _variant(sku: Sku, offer: Offer, spec: Spec) -> Sign:
    names = [prop.name for prop in sku.properties if prop.name]
    values = [value for _, value in spec.attributes if value]
    if not sku.properties and len(offer.specs) == 1:
        return Sign(VARIANT, 1.0, "both have one variant only")
    if not names or not values:
        return Sign(VARIANT)
    words = [english(value).lower() for value in values]
    alike = sum(max(_same_word(name.lower(), word) for word in words) for name in names) / len(names)
    verb = "agrees with" if alike >= AGREES else "is not"
    return Sign(VARIANT, alike, f"variant {' '.join(names)} {verb} {' '.join(values)}")


def _same_word(ours: str, theirs: str) -> float:
    """Sizes and numbers are the same or not; longer words may be spelt otherwise."""
    if ours == theirs:
        return 1.0
    if min(len(ours), len(theirs)) <= _SHORT or any(map(str.isdigit, ours + theirs)):
        return 0.0
    return fuzz.token_sort_ratio(ours, theirs) / 100


def _code(sku: Sku, offer: Offer, spec: Spec) -> Sign:
    code = bare(sku.sku_code)
    for goods_code in (spec.goods_code, offer.goods_code):
        named = bare(goods_code or "")
        if len(named) >= LEAST_CODE and named in code:
            return Sign(CODE, 1.0, f"the code contains the goods code {goods_code}")
    return Sign(CODE)


def _price(sku: Sku, spec: Spec, rates: Rates) -> Sign:
    if spec.cost is None or not spec.cost.amount:
        return Sign(PRICE)
    try:
        cost = convert(spec.cost, sku.price.currency, rates)
    except MappingError:
        return Sign(PRICE)
    times = sku.price.amount / cost.amount
    value = 1.0 if USUAL[0] <= times <= USUAL[1] else 0.4 if POSSIBLE[0] <= times <= POSSIBLE[1] else 0.0
    return Sign(PRICE, value, f"the price is {times:.1f} times the cost")
