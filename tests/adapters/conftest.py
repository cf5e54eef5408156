"""What docs/reference/vendors.md tells is read from the source; here every call a test sends is held against it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

import pytest

from syncbridge.adapters.http import Answer, Call, VendorHttp
from tests.adapters import vendor_calls


@pytest.fixture(autouse=True)
def each_call_is_told_of(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fails a test in which a method sends what nobody read out of it, or as another kind of call."""
    untold: list[str] = []
    send = VendorHttp.call

    async def watched(http: VendorHttp, call: Call, judge: Callable[[Answer], object]) -> object:
        untold.extend(vendor_calls.untold(call, _callers(sys._getframe())))
        return await send(http, call, judge)

    monkeypatch.setattr(VendorHttp, "call", watched)
    yield
    assert untold == [], "tests/adapters/sent.py does not read these out of the source; docs/reference/vendors.md lies"


def _callers(frame: FrameType | None) -> Iterator[tuple[Any, str]]:
    """The methods under way, each with its object."""
    while frame is not None:
        if frame.f_code.co_varnames[:1] == ("self",):
            yield frame.f_locals.get("self"), frame.f_code.co_name
        frame = frame.f_back
