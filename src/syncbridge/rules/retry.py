"""How often work is tried, and how long it waits in between."""

from __future__ import annotations

from dataclasses import dataclass

import tenacity


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Attempts, and the waits between them in seconds: doubling from `first`, full jitter, at most `cap`."""

    attempts: int
    first: float
    cap: float

    def wait(self, attempt: int) -> float:
        """Seconds to wait after this attempt (from 1) failed."""
        state = tenacity.RetryCallState(tenacity.Retrying(), None, (), {})
        state.attempt_number = attempt
        return tenacity.wait_random_exponential(multiplier=self.first, max=self.cap)(state)


MINUTE = 60.0
HOUR = 60 * MINUTE


ONCE = RetryPolicy(1, MINUTE, MINUTE)
POLLS = ("orders.poll", "purchase.poll", "fulfil.collect", "tokens.renew")


@dataclass(frozen=True, slots=True)
class RetryPolicies:
    """One policy for each sort of work."""

    purchase: RetryPolicy = RetryPolicy(8, 12 * MINUTE, 8 * HOUR)
    tracking: RetryPolicy = RetryPolicy(12, 15 * MINUTE, 12 * HOUR)
    catalogue: RetryPolicy = RetryPolicy(6, 12 * MINUTE, 2 * HOUR)

    def of(self, kind: str) -> RetryPolicy:
        """The policy of a job kind, by the flow it belongs to; the next tick is a poll's next attempt."""
        match kind.partition(".")[0]:
            case _ if kind in POLLS:
                return ONCE
            case "orders" | "purchase" | "withdraw" | "decisions":
                return self.purchase
            case "fulfil" | "book":
                return self.tracking
            case _:
                return self.catalogue
