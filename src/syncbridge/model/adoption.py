"""An existing store on its way under syncbridge: what was read, and which specs its SKUs may be."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from syncbridge.model.catalog import Listing, Sku


class AdoptionState(StrEnum):
    """Where a SKU of an existing store stands."""

    READ = "read"
    """Nothing was compared yet."""
    BY_RULE = "by_rule"
    """Its code names one spec; waits for a person's yes."""
    PROPOSED = "proposed"
    """One spec is most like it; waits for a person's yes."""
    UNCLEAR = "unclear"
    """No single spec can be named; a person does, or repairs the cause."""
    IGNORED = "ignored"
    """Stays the seller's own business."""
    APPROVED = "approved"
    """Bound, and kept true from now on."""


@dataclass(frozen=True, slots=True)
class SkuPlace:
    """One SKU of a store, told apart even where its code is empty or used twice."""

    listing_id: str
    sku_key: str

    def __str__(self) -> str:
        return f"{self.listing_id}/{self.sku_key}"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A spec that may feed a SKU, and why."""

    supplier: str
    offer_id: str
    spec_id: str
    score: float
    """From 0 to 1."""
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found out about a SKU; the first of its candidates is the one to approve, unless it is unclear."""

    state: AdoptionState
    cause: str
    """A code with words in every language: how it was bound, or why it is not."""
    candidates: tuple[Candidate, ...] = ()
    figures: tuple[str, ...] = ()
    """What the words cannot know, such as where else the code is used."""


@dataclass(frozen=True, slots=True)
class FoundSku:
    """A SKU of an existing store with what was found out about it."""

    listing: Listing
    """With all its SKUs."""
    sku: Sku
    verdict: Verdict

    @property
    def place(self) -> SkuPlace:
        """Where it is."""
        return SkuPlace(self.listing.listing_id, self.sku.sku_key)


@dataclass(frozen=True, slots=True)
class Adoption:
    """How far the adoption of a store is."""

    store: str
    listings: int
    counts: dict[AdoptionState, int] = field(default_factory=dict)
    """SKUs by state."""
    causes: dict[str, int] = field(default_factory=dict)
    """SKUs that are unclear or ignored, by cause."""
