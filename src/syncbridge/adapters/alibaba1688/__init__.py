"""1688: the supplier, its messages, and a mock of both. See README.md in this folder."""

from __future__ import annotations

from syncbridge.adapters.alibaba1688.authorising import Alibaba1688Consent
from syncbridge.adapters.alibaba1688.client import OpenClient
from syncbridge.adapters.alibaba1688.settings import Alibaba1688Settings
from syncbridge.adapters.alibaba1688.supplier import Alibaba1688Supplier
from syncbridge.adapters.alibaba1688.webhook import Alibaba1688Webhook
from syncbridge.ports import Adapter, Clock, Connection, MockVendor, Push, Wiring


def _connect(settings: Alibaba1688Settings, wiring: Wiring) -> Connection:
    client = OpenClient(settings, wiring)
    return Connection(
        supplier=Alibaba1688Supplier(client, settings, wiring.clock),
        webhook=Alibaba1688Webhook(settings.app_secret, settings.former_app_secret),
        renew=client.renew,
        close=client.close,
    )


def _mock(clock: Clock, push: Push) -> MockVendor:
    from syncbridge.adapters.alibaba1688.mock.app import Mock1688  # a live account needs no mock and no web framework

    return Mock1688(clock, push)


adapter = Adapter(
    name="alibaba1688", settings=Alibaba1688Settings, connect=_connect, mock=_mock, authorize=Alibaba1688Consent
)
