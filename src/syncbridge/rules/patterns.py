"""How a SKU code the seller once gave names the supplier's goods code: ``TY-{goods}-{any}``, and nothing cleverer.

Signs stand for themselves, ``{goods}`` for the goods code, ``{any}`` for one character or more that say nothing.
A place reaches to the next sign after it, the last one to the end; so it is always plain what is meant.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

GOODS, ANY = "{goods}", "{any}"
_PIECES = re.compile(r"(\{[^{}]*\})")


@dataclass(frozen=True, slots=True)
class Pattern:
    """A pattern as written, and its pieces: signs at even places, ``{goods}`` or ``{any}`` between them."""

    text: str
    pieces: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> Pattern:
        """Raises ValueError with the end of a sentence that says what is wrong with it."""
        pieces = tuple(_PIECES.split(text))
        signs, places = pieces[::2], pieces[1::2]
        for place in places:
            if place not in (GOODS, ANY):
                raise ValueError(f"has {place}; there are only {GOODS} and {ANY}")
        if places.count(GOODS) != 1:
            raise ValueError(f"must have {GOODS} once, where the supplier's goods code stands, such as TY-{GOODS}")
        if any("{" in sign or "}" in sign for sign in signs):
            raise ValueError("has a brace without its other half")
        if any(not sign for sign in signs[1:-1]):
            raise ValueError("must have a sign between two places, so that it is plain where the first ends")
        return cls(text, pieces)

    @property
    def start(self) -> str:
        """What every code begins with."""
        return self.pieces[0]

    def goods_code(self, sku_code: str) -> str | None:
        """The goods code a SKU code names; None if it does not fit."""
        end = self.pieces[-1]
        if not sku_code.startswith(self.start) or not sku_code.endswith(end):
            return None
        rest = sku_code[len(self.start) : len(sku_code) - len(end)]
        goods = None
        for place, sign in zip(self.pieces[1::2], (*self.pieces[2:-1:2], ""), strict=True):
            found, at, rest = rest.partition(sign) if sign else (rest, "", "")
            if not found or at != sign:
                return None
            goods = found if place == GOODS else goods
        return goods
