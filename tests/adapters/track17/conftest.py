"""17TRACK's side of the table, and a vendor whose answers the test writes."""

from __future__ import annotations

import json
from collections.abc import Callable

import httpx
import pytest

from syncbridge.adapters.track17 import adapter
from syncbridge.adapters.track17.contracts import Tracker, anyio_backend, harness, trail
from syncbridge.adapters.track17.settings import Track17Settings
from syncbridge.adapters.track17.tracker import Track17Tracker
from syncbridge.ports import Tokens
from syncbridge.testing.clock import FixedClock
from syncbridge.testing.wiring import wiring_for

__all__ = ["Tracker", "anyio_backend", "harness", "trail"]


@pytest.fixture(scope="session")
def make_tracker() -> type[Tracker]:
    return Tracker


Answers = Callable[[httpx.Request], httpx.Response | object]


@pytest.fixture
def answering() -> Callable[..., Track17Tracker]:
    """A tracker whose vendor answers what the test says: JSON, its bytes, or a whole response."""

    def make(answers: Answers) -> Track17Tracker:
        def handle(request: httpx.Request) -> httpx.Response:
            answer = answers(request)
            if isinstance(answer, httpx.Response):
                return answer
            return httpx.Response(200, content=answer if isinstance(answer, bytes) else json.dumps(answer).encode())

        wiring = wiring_for(httpx.MockTransport(handle), FixedClock(), Tokens(""))
        tracks = adapter.connect(Track17Settings(token="testkey"), wiring).tracks  # type: ignore[arg-type]
        assert isinstance(tracks, Track17Tracker)
        return tracks

    return make
