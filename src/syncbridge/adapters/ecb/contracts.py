"""The bank's side of the table: `syncbridge adapters check ecb`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import pytest

from syncbridge.adapters.ecb import adapter
from syncbridge.adapters.ecb.mock import EcbMock
from syncbridge.adapters.ecb.settings import EcbSettings
from syncbridge.ports import ExchangeRates, Tokens
from syncbridge.testing.clock import FixedClock, VirtualLoop
from syncbridge.testing.contracts.rates import RatesContract
from syncbridge.testing.faults import FaultTransport
from syncbridge.testing.wiring import wiring_for


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, object]]:
    """Virtual time."""
    return "asyncio", {"loop_factory": VirtualLoop}


class Bank:
    """The mock, and our way to it."""

    rates: ExchangeRates

    def __init__(self) -> None:
        self.clock = FixedClock()
        self.mock = EcbMock(self.clock)
        transport = FaultTransport(self.mock.asgi(), lambda _: None)
        connection = adapter.connect(EcbSettings(base_url="http://ecb/"), wiring_for(transport, self.clock, Tokens("")))
        assert connection.rates is not None
        self.rates = connection.rates

    def publish(self, day: date, values: Mapping[str, str]) -> None:
        """Tell a day's rates, per euro."""
        self.mock.publish(day, values)

    def fall_silent(self) -> None:
        """Answer 503."""
        self.mock.unavailable = 10


class TestEcb(RatesContract):
    """What every source of exchange rates must do."""

    @pytest.fixture
    def harness(self) -> Bank:
        """A fresh bank."""
        return Bank()
