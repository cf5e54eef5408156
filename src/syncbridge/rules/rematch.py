"""Which spec took the place of one that a supplier renamed or rebuilt: likely ones first, and a person decides.

There is one exception. A spec with the same goods code and the same attributes, word for word, is the same goods under
a new id, as long as no other is so too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from syncbridge.model.catalog import Spec

_WEIGHT = {"code": 35, "text": 35, "price": 15, "image": 10, "position": 5}
"""What each likeness counts, of 100; what one side does not say counts for nothing, neither way."""


@dataclass(frozen=True, slots=True)
class Lost:
    """A spec that is not in its offer any more, as it was last seen."""

    spec: Spec
    position: int
    """Its place among the specs of the offer, from 0."""


@dataclass(frozen=True, slots=True)
class Match:
    """A spec of the offer as it is now, and how like the lost one it is."""

    spec: Spec
    likeness: Mapping[str, int]
    """From 0 to 100, for each thing that both show: code, text, price, image, position."""

    @property
    def score(self) -> int:
        """From 0 to 100; nothing is ever decided because of it."""
        weight = sum(_WEIGHT[name] for name in self.likeness)
        return round(sum(_WEIGHT[name] * likeness for name, likeness in self.likeness.items()) / weight)


def matches(lost: Lost, specs: Sequence[Spec], taken: Iterable[str] = ()) -> list[Match]:
    """The specs of an offer that feed no SKU of the store yet, the likeliest first."""
    feeding = set(taken)
    found = [
        Match(spec, dict(_likeness(lost, spec, position)))
        for position, spec in enumerate(specs)
        if spec.spec_id not in feeding
    ]
    return sorted(found, key=lambda match: (-match.score, match.spec.spec_id))


def certain(lost: Lost, found: Sequence[Match]) -> Spec | None:
    """The one spec that is the same goods: same goods code, same attributes. None if none is, or several are."""
    same = [match.spec for match in found if _is_same(lost.spec, match.spec)]
    return same[0] if len(same) == 1 else None


def wording(spec: Spec) -> str:
    """A spec for people: its attributes' values, or its id where it has none."""
    return " ".join(value for _, value in spec.attributes) or spec.spec_id


def _is_same(one: Spec, other: Spec) -> bool:
    return bool(one.goods_code) and one.goods_code == other.goods_code and one.attributes == other.attributes


def _likeness(lost: Lost, spec: Spec, position: int) -> Iterable[tuple[str, int]]:
    from rapidfuzz import fuzz  # a restart need not load what is seldom asked

    before = lost.spec
    if before.goods_code and spec.goods_code:
        yield "code", 100 if before.goods_code == spec.goods_code else 0
    yield "text", round(fuzz.token_sort_ratio(wording(before), wording(spec)))
    if before.cost is not None and spec.cost is not None and before.cost.currency == spec.cost.currency:
        yield "price", _near(before.cost.amount, spec.cost.amount)
    if before.image_url and spec.image_url:
        yield "image", 100 if before.image_url == spec.image_url else 0
    yield "position", 100 if position == lost.position else 0


def _near(one: Decimal, other: Decimal) -> int:
    """100 for the same amount, 0 from a half or a double on."""
    larger = max(one, other)
    return 100 if not larger else round(max(Decimal(0), 1 - 2 * abs(one - other) / larger) * 100)
