"""快递100 keeps what everyone must who tells how far parcels are, and every source of webhooks."""

from __future__ import annotations

import pytest

from syncbridge.adapters.kuaidi100.webhook import Kuaidi100Webhook
from syncbridge.model.events import EventKind, RawRequest
from syncbridge.testing.contracts.tracking import TrackingContract
from syncbridge.testing.contracts.webhook import WebhookContract
from tests.adapters.kuaidi100.conftest import Tracker


class TestKuaidi100(TrackingContract):
    pass


class Pushes:
    """The mock's own message about a parcel, as it leaves the mock."""

    def __init__(self, tracker: Tracker) -> None:
        self.webhook = Kuaidi100Webhook(tracker.settings.salt)
        self._body = tracker.mock.message(tracker.mock.move("YT0000000000001", "0", "left"), "testsalt")

    def genuine(self) -> RawRequest:
        return RawRequest({}, "", self._body)

    def kind(self) -> EventKind:
        return EventKind.PARCEL_MOVED


class TestKuaidi100Webhook(WebhookContract):
    @pytest.fixture
    def harness(self, harness: Tracker) -> Pushes:
        return Pushes(harness)
