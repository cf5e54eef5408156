"""17TRACK keeps what everyone must who tells how far parcels are, and every source of webhooks."""

from __future__ import annotations

import pytest

from syncbridge.adapters.track17.webhook import Track17Webhook
from syncbridge.model.events import EventKind, RawRequest
from syncbridge.testing.contracts.tracking import TrackingContract
from syncbridge.testing.contracts.webhook import WebhookContract
from tests.adapters.track17.conftest import Tracker


class TestTrack17(TrackingContract):
    pass


class Pushes:
    """The mock's own message about a parcel, as it leaves the mock."""

    def __init__(self, tracker: Tracker) -> None:
        self.webhook = Track17Webhook(tracker.settings)
        self._body, self._headers = tracker.mock.message(tracker.mock.move("RR000000001CN", "InTransit", "left"))

    def genuine(self) -> RawRequest:
        return RawRequest({name.lower(): value for name, value in self._headers.items()}, "", self._body)

    def kind(self) -> EventKind:
        return EventKind.PARCEL_MOVED


class TestTrack17Webhook(WebhookContract):
    @pytest.fixture
    def harness(self, harness: Tracker) -> Pushes:
        return Pushes(harness)
