"""How much stock to show."""

from __future__ import annotations

from syncbridge.rules.mapping import StockPolicy


def shown(stock: int | None, policy: StockPolicy, last: int) -> int:
    """Supplier stock less the buffer, capped; an unknown stock keeps what was shown last, for null is not zero."""
    if stock is None:
        return last
    return max(0, min(stock - policy.buffer, policy.cap))
