"""The bank's mock keeps what every source of exchange rates must."""

from __future__ import annotations

from syncbridge.adapters.ecb.contracts import TestEcb

__all__ = ["TestEcb"]
