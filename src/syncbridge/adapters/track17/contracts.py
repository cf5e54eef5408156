"""17TRACK's side of the table: `syncbridge adapters check track17`."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from syncbridge.adapters.http import Request
from syncbridge.adapters.track17 import adapter
from syncbridge.adapters.track17.mock import Track17Mock
from syncbridge.adapters.track17.settings import Track17Settings
from syncbridge.adapters.track17.tracker import Track17Tracker
from syncbridge.adapters.track17.webhook import Track17Webhook
from syncbridge.model.events import EventKind, RawRequest
from syncbridge.model.shipping import Movement, Trail
from syncbridge.ports import Tokens
from syncbridge.testing.clock import FixedClock, VirtualLoop
from syncbridge.testing.contracts.tracking import WatchingContract
from syncbridge.testing.contracts.webhook import WebhookContract
from syncbridge.testing.faults import Fault, FaultTransport
from syncbridge.testing.wiring import wiring_for

STATUSES = {
    Movement.ANNOUNCED: ("InfoReceived", "InfoReceived"),
    Movement.MOVING: ("InTransit", "InTransit_Departure"),
    Movement.TO_COLLECT: ("AvailableForPickup", "AvailableForPickup_Other"),
    Movement.OUT_FOR_DELIVERY: ("OutForDelivery", "OutForDelivery_Other"),
    Movement.DELIVERED: ("Delivered", "Delivered_Other"),
    Movement.NOT_DELIVERED: ("DeliveryFailure", "DeliveryFailure_NoBody"),
    Movement.ABNORMAL: ("Exception", "Exception_Lost"),
    Movement.RETURNED: ("Exception", "Exception_Returning"),
}


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, object]]:
    return "asyncio", {"loop_factory": VirtualLoop}


async def nobody_listens(url: str, body: bytes, headers: Mapping[str, str]) -> int:
    return 0


def trail(number: str = "RR000000001CN", carrier: str = "CHINA_POST") -> Trail:
    return Trail(carrier, number, "8172481060036440", "RU")


class Tracker:
    """The mock and our tracker, which calls at the vendor's pace: time passes with each call."""

    tracks: Track17Tracker
    carrier = "CHINA_POST"

    def __init__(self, **settings: object) -> None:
        self.clock = FixedClock()
        self.mock = Track17Mock(self.clock, nobody_listens)
        self.pace = 0.4
        self.sent: list[Request] = []
        self._fault: Fault | None = None
        chosen = {"token": self.mock.token, "carriers": {"CHINA_POST": 3011}} | settings
        self.settings = Track17Settings(base_url="http://17track/", **chosen)  # type: ignore[arg-type]
        wiring = wiring_for(FaultTransport(self.mock.asgi(), self._decide), self.clock, Tokens(""))
        tracks = adapter.connect(self.settings, wiring).tracks
        assert isinstance(tracks, Track17Tracker)
        self.tracks = tracks

    def move(self, number: str, movement: Movement, said: str) -> None:
        status, sub_status = STATUSES[movement]
        self.mock.move(number, status, said, sub_status=sub_status)

    def mumble(self, number: str) -> Movement:
        self.mock.move(number, "Teleported", "zzz", sub_status="Delivered_Twice")
        return Movement.UNKNOWN

    def pass_time(self) -> None:
        self.clock.advance(3600)

    def spoil(self, fault: Fault) -> None:
        self._fault = fault

    def unwatchable(self) -> Trail:
        self.mock.undetectable.add("00012345")
        return trail("00012345", "SOMEBODY")

    def _decide(self, request: Request) -> Fault | None:
        self.clock.advance(self.pace)
        self.sent.append(request)
        return self._fault


@pytest.fixture
def harness() -> Tracker:
    return Tracker()


class TestTrack17(WatchingContract):
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
