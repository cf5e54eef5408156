"""4PX's side of the table, and a vendor whose answers the test writes."""

from __future__ import annotations

import json
from collections.abc import Callable

import httpx
import pytest

from syncbridge.adapters.fourpx import adapter
from syncbridge.adapters.fourpx.carrier import FourPxCarrier
from syncbridge.adapters.fourpx.contracts import SENDER, Forwarder, anyio_backend, forwarder
from syncbridge.adapters.fourpx.settings import FourPxSettings
from syncbridge.ports import Tokens
from syncbridge.testing.clock import FixedClock
from syncbridge.testing.wiring import wiring_for

__all__ = ["SENDER", "Forwarder", "anyio_backend", "forwarder"]
Answering = Callable[..., FourPxCarrier]


@pytest.fixture(scope="session")
def make_forwarder() -> type[Forwarder]:
    return Forwarder


@pytest.fixture
def answering() -> Answering:
    """A carrier whose vendor answers what the test says to a method and its body."""

    def make(answers: Callable[[str, dict[str, object]], object], **settings: object) -> FourPxCarrier:
        def handle(request: httpx.Request) -> httpx.Response:
            answer = answers(request.url.params.get("method", ""), json.loads(request.content or b"{}"))
            return answer if isinstance(answer, httpx.Response) else httpx.Response(200, content=json.dumps(answer))

        keys = {"app_key": "testkey", "app_secret": "testsecret", "sender": SENDER}
        chosen = FourPxSettings.model_validate({**keys, **settings})
        wiring = wiring_for(httpx.MockTransport(handle), FixedClock(), Tokens(""))
        made = adapter.connect(chosen, wiring).carrier
        assert isinstance(made, FourPxCarrier)
        return made

    return make
