"""Who may make how many of the calls that a vendor allows on one day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

CATALOGUE = "catalogue"
"""The group of calls that leave a part of every quota to orders and tracking."""


@dataclass(frozen=True, slots=True)
class DayQuota:
    """Calls that a vendor allows on one day in China, and the part of them that the catalogue may make."""

    calls: int
    catalogue_share: Decimal

    def left(self, group: str, made: Mapping[str, int]) -> int:
        """How many more a group may make."""
        left = self.calls - sum(made.values())
        return min(left, int(self.calls * self.catalogue_share) - made.get(group, 0)) if group == CATALOGUE else left
