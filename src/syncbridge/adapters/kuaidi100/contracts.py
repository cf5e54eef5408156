"""快递100's side of the table: `syncbridge adapters check kuaidi100`."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl

import pytest

from syncbridge.adapters.http import Request
from syncbridge.adapters.kuaidi100 import adapter
from syncbridge.adapters.kuaidi100.mock import Kuaidi100Mock
from syncbridge.adapters.kuaidi100.settings import Kuaidi100Settings
from syncbridge.adapters.kuaidi100.tracker import Kuaidi100Tracker
from syncbridge.adapters.kuaidi100.webhook import Kuaidi100Webhook
from syncbridge.model.events import EventKind, RawRequest
from syncbridge.model.shipping import Movement, Trail
from syncbridge.ports import Tokens
from syncbridge.testing.clock import FixedClock, VirtualLoop
from syncbridge.testing.contracts.tracking import WatchingContract
from syncbridge.testing.contracts.webhook import WebhookContract
from syncbridge.testing.faults import Fault, FaultTransport
from syncbridge.testing.wiring import wiring_for

STATES = {
    Movement.ANNOUNCED: "102",
    Movement.MOVING: "1002",
    Movement.TO_COLLECT: "501",
    Movement.OUT_FOR_DELIVERY: "5",
    Movement.DELIVERED: "3",
    Movement.NOT_DELIVERED: "206",
    Movement.ABNORMAL: "13",
    Movement.RETURNED: "6",
}
CARRIERS = {"YTO": "yuantong", "SF": "shunfeng", "NONE_SUCH": "nonesuch"}


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, object]]:
    return "asyncio", {"loop_factory": VirtualLoop}


async def nobody_listens(url: str, body: bytes, headers: Mapping[str, str]) -> int:
    return 0


def trail(number: str = "YT0000000000001", carrier: str = "YTO", **hints: str) -> Trail:
    return Trail(carrier, number, "8172481060036440", "CN", hints)


class Tracker:
    """The mock and our tracker."""

    tracks: Kuaidi100Tracker
    carrier = "YTO"

    def __init__(self, **settings: object) -> None:
        self.clock = FixedClock()
        self.mock = Kuaidi100Mock(self.clock, nobody_listens)
        self.forms: list[dict[str, str]] = []
        self.faults: list[Fault | None] = []
        self._fault: Fault | None = None
        given = {
            "customer": self.mock.customer,
            "key": self.mock.key,
            "callback_url": "https://us/webhooks/k",
            "salt": "testsalt",
            "carriers": CARRIERS,
        }
        self.settings = Kuaidi100Settings(base_url="http://kuaidi100/", **given | settings)  # type: ignore[arg-type]
        self.wiring = wiring_for(FaultTransport(self.mock.asgi(), self._decide), self.clock, Tokens(""))
        self.tracks = self.connected()

    def connected(self) -> Kuaidi100Tracker:
        """Our tracker as after a start: it remembers nothing."""
        tracks = adapter.connect(self.settings, self.wiring).tracks
        assert isinstance(tracks, Kuaidi100Tracker)
        return tracks

    def move(self, number: str, movement: Movement, said: str) -> None:
        self.mock.move(number, STATES[movement], said)

    def mumble(self, number: str) -> Movement:
        self.mock.move(number, "3000", "zzz", name="似乎签收")
        return Movement.UNKNOWN

    def pass_time(self) -> None:
        self.clock.advance(1800)

    def spoil(self, fault: Fault) -> None:
        self._fault = fault

    def unwatchable(self) -> Trail:
        return trail("YT0000000000009", "NONE_SUCH")

    def _decide(self, request: Request) -> Fault | None:
        self.forms.append(dict(parse_qsl(request.content.decode(), keep_blank_values=True)))
        return self.faults.pop(0) if self.faults else self._fault


@pytest.fixture
def harness() -> Tracker:
    return Tracker()


class TestKuaidi100(WatchingContract):
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
