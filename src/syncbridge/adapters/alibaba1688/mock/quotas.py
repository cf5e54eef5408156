"""How often an API may be called at the mock: so often in a time, or until a bought package is used up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from syncbridge.adapters.alibaba1688.mock.refusals import GatewayRefusal


@dataclass(slots=True)
class Quota:
    """So many calls; in each time of that length, or altogether if there is none (1688.md §3.1, §3.3)."""

    calls: int
    within: timedelta | None = None
    left: int = 0
    began: datetime | None = None

    def spend(self, now: datetime) -> None:
        """Take one call; raises GatewayRefusal if none is left."""
        if self.began is None or (self.within is not None and now - self.began >= self.within):
            self.began, self.left = now, self.calls
        if self.left <= 0 and self.within is None:
            raise GatewayRefusal("gw.NoUsageLeftError", "SLA bill has no usage left")
        if self.left <= 0:
            raise GatewayRefusal("gw.QosAppFrequencyLimit", "App call exceeds limited frequency")
        self.left -= 1
