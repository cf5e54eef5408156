"""The bank's side of the table, and our way to it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import pytest

from syncbridge.adapters.ecb import adapter
from syncbridge.adapters.ecb.mock import EcbMock
from syncbridge.adapters.ecb.settings import EcbSettings
from syncbridge.ports import ExchangeRates, Tokens
from syncbridge.testing.clock import FixedClock, VirtualLoop
from syncbridge.testing.faults import FaultTransport
from syncbridge.testing.wiring import wiring_for


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, object]]:
    return "asyncio", {"loop_factory": VirtualLoop}


class Bank:
    rates: ExchangeRates

    def __init__(self) -> None:
        self.clock = FixedClock()
        self.mock = EcbMock(self.clock)
        transport = FaultTransport(self.mock.asgi(), lambda _: None)
        connection = adapter.connect(EcbSettings(base_url="http://ecb/"), wiring_for(transport, self.clock, Tokens("")))
        assert connection.rates is not None
        self.rates = connection.rates

    def publish(self, day: date, values: Mapping[str, str]) -> None:
        self.mock.publish(day, values)

    def fall_silent(self) -> None:
        self.mock.unavailable = 10


@pytest.fixture
def harness() -> Bank:
    return Bank()
