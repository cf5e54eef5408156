"""The bank's mock keeps what every source of exchange rates must."""

from __future__ import annotations

from syncbridge.testing.contracts.rates import RatesContract


class TestEcb(RatesContract):
    pass
