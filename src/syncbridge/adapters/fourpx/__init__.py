"""4PX 递四方: a forwarder whose lines take parcels abroad (direct shipping; see README.md)."""

from __future__ import annotations

from syncbridge.adapters.fourpx.carrier import FourPxCarrier
from syncbridge.adapters.fourpx.client import FourPxClient
from syncbridge.adapters.fourpx.settings import FourPxSettings
from syncbridge.ports import Adapter, Clock, Connection, MockVendor, Push, Wiring

__all__ = ["adapter"]


def _connect(settings: FourPxSettings, wiring: Wiring) -> Connection:
    client = FourPxClient(settings, wiring)
    return Connection(carrier=FourPxCarrier(settings, client, wiring.clock), close=client.close)


def _fresh_mock(clock: Clock, push: Push) -> MockVendor:
    from syncbridge.adapters.fourpx.mock import FourPxMock  # only who imitates the vendor pays for it

    return FourPxMock(clock)


adapter: Adapter[FourPxSettings] = Adapter("fourpx", FourPxSettings, _connect, _fresh_mock)
