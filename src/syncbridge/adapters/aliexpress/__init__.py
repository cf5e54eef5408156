"""AliExpress: a seller's store as a channel (cross-border "POP" sellers; see README.md)."""

from __future__ import annotations

from syncbridge.adapters.aliexpress.authorising import AliExpressConsent
from syncbridge.adapters.aliexpress.channel import AliExpressChannel
from syncbridge.adapters.aliexpress.client import AliExpressClient
from syncbridge.adapters.aliexpress.settings import AliExpressSettings
from syncbridge.adapters.aliexpress.webhook import AliExpressWebhook
from syncbridge.ports import Adapter, Clock, Connection, MockVendor, Push, Wiring

__all__ = ["adapter"]


def _connect(settings: AliExpressSettings, wiring: Wiring) -> Connection:
    client = AliExpressClient(settings, wiring)
    return Connection(
        channel=AliExpressChannel(settings, client, wiring.clock),
        webhook=AliExpressWebhook(settings),
        renew=client.renew,
        close=client.close,
    )


def _fresh_mock(clock: Clock, push: Push) -> MockVendor:
    from syncbridge.adapters.aliexpress.mock import AliExpressMock  # only who imitates the vendor pays for it

    return AliExpressMock(clock, push)


adapter: Adapter[AliExpressSettings] = Adapter(
    "aliexpress", AliExpressSettings, _connect, _fresh_mock, AliExpressConsent
)
