"""快递100: how far parcels of Chinese and many foreign carriers are (see README.md)."""

from __future__ import annotations

from syncbridge.adapters.kuaidi100.client import Kuaidi100Client
from syncbridge.adapters.kuaidi100.settings import Kuaidi100Settings
from syncbridge.adapters.kuaidi100.tracker import Kuaidi100Tracker
from syncbridge.adapters.kuaidi100.webhook import Kuaidi100Webhook
from syncbridge.ports import Adapter, Clock, Connection, MockVendor, Push, Wiring

__all__ = ["adapter"]


def _connect(settings: Kuaidi100Settings, wiring: Wiring) -> Connection:
    client = Kuaidi100Client(settings, wiring)
    return Connection(
        tracks=Kuaidi100Tracker(settings, client, wiring.clock),
        webhook=Kuaidi100Webhook(settings.salt),
        close=client.close,
    )


def _fresh_mock(clock: Clock, push: Push) -> MockVendor:
    from syncbridge.adapters.kuaidi100.mock import Kuaidi100Mock  # only who imitates the vendor pays for it

    return Kuaidi100Mock(clock, push)


adapter: Adapter[Kuaidi100Settings] = Adapter("kuaidi100", Kuaidi100Settings, _connect, _fresh_mock)
