"""17TRACK: how far parcels of most of the world's carriers are (see README.md)."""

from __future__ import annotations

from syncbridge.adapters.track17.client import Track17Client
from syncbridge.adapters.track17.settings import Track17Settings
from syncbridge.adapters.track17.tracker import Track17Tracker
from syncbridge.adapters.track17.webhook import Track17Webhook
from syncbridge.ports import Adapter, Clock, Connection, MockVendor, Push, Wiring

__all__ = ["adapter"]


def _connect(settings: Track17Settings, wiring: Wiring) -> Connection:
    client = Track17Client(settings, wiring)
    return Connection(
        tracks=Track17Tracker(settings, client),
        webhook=Track17Webhook(settings),
        close=client.close,
    )


def _fresh_mock(clock: Clock, push: Push) -> MockVendor:
    from syncbridge.adapters.track17.mock import Track17Mock  # only who imitates the vendor pays for it

    return Track17Mock(clock, push)


adapter: Adapter[Track17Settings] = Adapter("track17", Track17Settings, _connect, _fresh_mock)
