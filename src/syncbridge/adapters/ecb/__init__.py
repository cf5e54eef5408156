"""The European Central Bank: reference rates of some thirty currencies, each working day (see README.md)."""

from __future__ import annotations

from syncbridge.adapters.ecb.client import EcbClient
from syncbridge.adapters.ecb.rates import EcbRates
from syncbridge.adapters.ecb.settings import EcbSettings
from syncbridge.ports import Adapter, Clock, Connection, MockVendor, Push, Wiring

__all__ = ["adapter"]


def _connect(settings: EcbSettings, wiring: Wiring) -> Connection:
    client = EcbClient(settings, wiring)
    return Connection(rates=EcbRates(client), close=client.close)


def _fresh_mock(clock: Clock, push: Push) -> MockVendor:
    from syncbridge.adapters.ecb.mock import EcbMock  # only who imitates the bank pays for it

    return EcbMock(clock)


adapter: Adapter[EcbSettings] = Adapter("ecb", EcbSettings, _connect, _fresh_mock)
