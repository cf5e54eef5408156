"""快递100's side of the table, and a vendor whose answers the test writes."""

from __future__ import annotations

import json
from collections.abc import Callable

import httpx
import pytest

from syncbridge.adapters.kuaidi100 import adapter
from syncbridge.adapters.kuaidi100.contracts import CARRIERS, Tracker, anyio_backend, harness, trail
from syncbridge.adapters.kuaidi100.settings import Kuaidi100Settings
from syncbridge.adapters.kuaidi100.tracker import Kuaidi100Tracker
from syncbridge.ports import Tokens
from syncbridge.testing.clock import FixedClock
from syncbridge.testing.wiring import wiring_for

__all__ = ["Tracker", "anyio_backend", "harness", "trail"]


@pytest.fixture(scope="session")
def make_tracker() -> type[Tracker]:
    return Tracker


Answers = Callable[[httpx.Request], httpx.Response | object]


@pytest.fixture
def answering() -> Callable[..., Kuaidi100Tracker]:
    """A tracker whose vendor answers what the test says: JSON, its bytes, or a whole response."""

    def make(answers: Answers) -> Kuaidi100Tracker:
        def handle(request: httpx.Request) -> httpx.Response:
            answer = answers(request)
            if isinstance(answer, httpx.Response):
                return answer
            return httpx.Response(200, content=answer if isinstance(answer, bytes) else json.dumps(answer).encode())

        settings = Kuaidi100Settings(
            customer="TESTCUSTOMER",
            key="testkey",  # type: ignore[arg-type]
            callback_url="https://us/webhooks/k",
            salt="testsalt",  # type: ignore[arg-type]
            carriers=CARRIERS,
        )
        wiring = wiring_for(httpx.MockTransport(handle), FixedClock(), Tokens(""))
        tracks = adapter.connect(settings, wiring).tracks
        assert isinstance(tracks, Kuaidi100Tracker)
        return tracks

    return make
