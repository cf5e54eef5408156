"""4PX's side of the table: `syncbridge adapters check fourpx`."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from syncbridge.adapters.fourpx import adapter
from syncbridge.adapters.fourpx.carrier import FourPxCarrier
from syncbridge.adapters.fourpx.mock import FourPxMock
from syncbridge.adapters.fourpx.settings import FourPxSettings
from syncbridge.adapters.http import Request
from syncbridge.model.shipping import ParcelDraft, Shipment
from syncbridge.ports import Tokens
from syncbridge.testing.builders import make_parcel
from syncbridge.testing.clock import FixedClock, VirtualLoop
from syncbridge.testing.contracts.booking import BookingContract
from syncbridge.testing.contracts.carrier import CarrierContract
from syncbridge.testing.faults import Fault, FaultTransport
from syncbridge.testing.wiring import wiring_for

SENDER = {"first_name": "Li", "phone": "13800000000", "state": "Zhejiang", "city": "Hangzhou", "street": "Wangshang 1"}


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, object]]:
    return "asyncio", {"loop_factory": VirtualLoop}


class Forwarder:
    """Our account at the mock."""

    def __init__(self, **settings: object) -> None:
        self.clock = FixedClock()
        self.mock = FourPxMock(self.clock)
        self.account = self.mock.desk.open_account()
        self.secrets = (self.account.app_secret,)
        self.next_faults: list[Fault] = []
        self.sent: list[Request] = []
        keys = {"app_key": self.account.app_key, "app_secret": self.account.app_secret}
        self.settings = FourPxSettings.model_validate({"base_url": "http://mock", "sender": SENDER, **keys, **settings})
        wiring = wiring_for(FaultTransport(self.mock.asgi(), self._decide), self.clock, Tokens(""))
        made = adapter.connect(self.settings, wiring).carrier
        assert isinstance(made, FourPxCarrier)
        self.vendor = self.carrier = made

    def draft(self, number: int = 1) -> ParcelDraft:
        return make_parcel(f"SB7K2M{number:02d}", service="A1")

    def too_heavy(self) -> ParcelDraft:
        return make_parcel("SB7K2M99", service="A1", weight_g=30_000)

    def bookings(self) -> Mapping[str, int]:
        return {one.ref_no: 1 + one.asked_again for one in self.account.parcels.values()}

    def announce(self, shipment: Shipment) -> None:
        self.mock.desk.announce(self.account, shipment.mark or "", shipment.carrier, shipment.number)

    def announce_nonsense(self) -> None:
        self.mock.desk.announce(self.account, "SPOILT", "A1").spoilt = True

    def pass_time(self, seconds: float) -> None:
        self.clock.advance(seconds)

    def limit_next_call(self) -> None:
        self.mock.desk.faults.append(("*", "rate_limit"))

    def lose_next_answer(self) -> None:
        self.next_faults.append(Fault.LOSE_ANSWER)

    def _decide(self, request: Request) -> Fault | None:
        self.sent.append(request)
        return self.next_faults.pop(0) if self.next_faults else None


@pytest.fixture
def forwarder() -> Forwarder:
    return Forwarder()


class TestFourPxCarrier(CarrierContract):
    @pytest.fixture
    def harness(self, forwarder: Forwarder) -> Forwarder:
        return forwarder


class TestFourPxBooks(BookingContract):
    @pytest.fixture
    def harness(self, forwarder: Forwarder) -> Forwarder:
        return forwarder


class TestFourPxBooksInTexts(BookingContract):
    """The same where data are text, an unknown number is an empty list, and a late label is a refusal."""

    @pytest.fixture
    def harness(self, forwarder: Forwarder) -> Forwarder:
        forwarder.mock.data_as_text = True
        forwarder.mock.desk.unknown_number = "empty"
        forwarder.mock.desk.late_label = "refused"
        return forwarder
