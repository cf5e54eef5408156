"""AliExpress keeps what every channel and every source of webhooks must."""

from __future__ import annotations

import pytest

from syncbridge.adapters.aliexpress import adapter
from syncbridge.adapters.aliexpress.mock.pushing import message
from syncbridge.adapters.aliexpress.webhook import AliExpressWebhook, signature
from syncbridge.model.events import EventKind, RawRequest
from syncbridge.testing.builders import make_order
from syncbridge.testing.contracts.booking import BookingContract
from syncbridge.testing.contracts.channel import ChannelContract
from syncbridge.testing.contracts.webhook import WebhookContract


class TestAliExpressChannel(ChannelContract):
    @pytest.fixture
    def harness(self, store):
        return store


class TestAliExpressChannelInLists(ChannelContract):
    """The same with ``simplify`` off, where every list is wrapped."""

    @pytest.fixture
    def harness(self, make_store):
        return make_store(simplify=False)


class TestAliExpressBooks(BookingContract):
    @pytest.fixture
    def harness(self, store):
        return store


class TestAliExpressBooksInLists(BookingContract):
    """The same in wrapped lists, with the newer call for lines and the newer keys of goods."""

    @pytest.fixture
    def harness(self, make_store):
        store = make_store(simplify=False, quotes="query", declared_keys="snake")
        store.mock.world.declared_keys = "snake"
        return store


class AliExpressPushes:
    """The mock's own message about an order, as it leaves the mock."""

    def __init__(self, store) -> None:
        self.webhook = AliExpressWebhook(store.settings)
        store.buy(make_order("8172481060036440", store.clock.now()))
        (order,) = store.mock.world.orders.values()
        self._account, self._body = store.account, message(store.account, order)

    def genuine(self) -> RawRequest:
        signed = signature(self._account.app_key, self._account.app_secret, self._body)
        return RawRequest({"authorization": signed}, "", self._body)

    def kind(self) -> EventKind:
        return EventKind.ORDER_CHANGED


class TestAliExpressWebhook(WebhookContract):
    @pytest.fixture
    def harness(self, store):
        return AliExpressPushes(store)


def test_the_adapter_goes_by_its_entry_point_name():
    assert adapter.name == "aliexpress"
