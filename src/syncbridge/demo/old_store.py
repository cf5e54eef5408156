"""A store as sellers bring it: years old, with codes of every sort, and the offers it was always bought from."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from syncbridge.demo.scenario import GOODS, drawn_offer

PREFIX, OLD_PREFIX, FOREIGN_PREFIX = "TY", "OLD", "ZZ"
MADE_OF = ("steel", "bamboo", "cotton", "silicone", "leather", "glass", "ceramic", "paper", "felt", "cork", "wool")
STYLES = ("folding", "round", "slim", "retro", "striped", "portable", "quiet", "double", "tall", "padded", "tiny",
          "hanging", "magnetic")  # fmt: skip
IN_ENGLISH = ("Black", "White", "Red", "Blue", "Green", "Yellow", "Purple", "Gray", "Pink", "Orange", "Beige", "Brown")
"""The colours of offers, as the seller called them."""
_VALUES = (193, 29, 10, 173, 175, 366, 496, 691, 1052, 350852, 771, 365458)
_MARKUP = Decimal("0.14") * 3
_SKUS = 10


class Sort(StrEnum):
    """How a product's SKUs got their codes."""

    GOODS_CODE = "goods_code"
    """The prefix and the supplier's goods code, without the signs the channel does not take."""
    ALIAS = "alias"
    """Old ones, which the mapping files list."""
    OWN = "own"
    """The prefix and whatever came to mind; only the likeness tells."""
    NONE = "none"
    REPEATED = "repeated"
    """Those of the product before."""
    FOREIGN = "foreign"
    """A prefix no route has."""


@dataclass(frozen=True, slots=True)
class OldStore:
    """Offers and products in their vendors' own words, and what the seller remembers of the codes."""

    offers: Sequence[dict[str, object]]
    products: Sequence[dict[str, object]]
    sorts: Sequence[Sort]
    """Of each product."""
    aliases: Sequence[Mapping[str, str]]
    """Old codes with the offer and spec each stands for: the ``aliases`` of a mapping file."""


def make(seed: int, count: int) -> OldStore:
    """So many products of ten SKUs each, one for each offer."""
    dice = random.Random(seed)  # noqa: S311  a story, not a secret
    offers = [_offer(dice, number) for number in range(1, count + 1)]
    sorts = [_sort(number) for number in range(1, count + 1)]
    products: list[dict[str, object]] = []
    aliases: list[Mapping[str, str]] = []
    for number, (offer, sort) in enumerate(zip(offers, sorts, strict=True), 1):
        like = offers[number - 2] if sort is Sort.REPEATED else offer
        codes = [_code(dice, sort, spec, number, place) for place, spec in enumerate(_specs(like))]
        if sort is Sort.ALIAS:
            ids = [(code, spec) for code, spec in zip(codes, _specs(offer), strict=True)]
            aliases += [{"code": code, "offer": str(offer["offerId"]), "spec": spec["specId"]} for code, spec in ids]
        products.append(_product(offer, number, codes))
    return OldStore(offers, products, sorts, aliases)


def _sort(number: int) -> Sort:
    rare = {9: Sort.NONE, 19: Sort.REPEATED, 29: Sort.FOREIGN}.get(number % 50)
    return rare or {3: Sort.ALIAS, 7: Sort.OWN}.get(number % 10, Sort.GOODS_CODE)


def _offer(dice: random.Random, number: int) -> dict[str, object]:
    offer = drawn_offer(dice, number, _SKUS)
    style, stuff = STYLES[number % len(STYLES)], MADE_OF[number // len(STYLES) % len(MADE_OF)]
    title = f"{style} {stuff} {GOODS[number % len(GOODS)].lower()}"
    offer |= {"subject": f"{title} 批发", "subjectTrans": title, "productSkuInfos": _specs(offer)[:_SKUS]}
    for place, spec in enumerate(_specs(offer)):
        spec["cargoNumber"] = f"G{number:04d}-{place:02d}"
    return offer


def _product(offer: Mapping[str, object], number: int, codes: Sequence[str]) -> dict[str, object]:
    return {
        "title": f"New {offer['subjectTrans']} for home and office, free shipping",
        "images": [f"https://ae01.alicdn.com/kf/{number}.jpg"],
        "status": {4: "offline", 29: "offline", 55: "auditing", 56: "editingRequired"}.get(number % 100, "onSelling"),
        "skus": [
            {
                "code": code,
                "price": f"{Decimal(spec['price']) * _MARKUP + 2:.2f}",
                "stock": min(int(spec["amountOnSale"]), 50),
                "properties": [
                    {
                        "sku_property_id": 14,
                        "property_value_id": _VALUES[place],
                        "property_value_definition_name": IN_ENGLISH[place],
                    }
                ],
            }
            for place, (code, spec) in enumerate(zip(codes, _specs(offer), strict=True))
        ],
    }


def _code(dice: random.Random, sort: Sort, spec: Mapping[str, str], number: int, place: int) -> str:
    match sort:
        case Sort.GOODS_CODE | Sort.REPEATED:
            return PREFIX + spec["cargoNumber"].replace("-", "")
        case Sort.ALIAS:
            return f"{OLD_PREFIX}{number}{place:02d}"
        case Sort.OWN:
            return f"{PREFIX}x{dice.randrange(10**9):09d}"
        case Sort.FOREIGN:
            return f"{FOREIGN_PREFIX}{number}{place:02d}"
        case Sort.NONE:
            return ""


def _specs(offer: Mapping[str, object]) -> list[dict[str, str]]:
    specs = offer["productSkuInfos"]
    assert isinstance(specs, list)  # noqa: S101  made above
    return specs
