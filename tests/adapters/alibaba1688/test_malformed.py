"""Whatever is sent to the mock, it answers as the gateway does: a refusal or a result, never a failure of its own."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal
from hypothesis import given, settings
from hypothesis import strategies as st

from syncbridge.adapters.alibaba1688.mock.apis import ENDPOINTS
from syncbridge.adapters.alibaba1688.mock.app import Mock1688
from syncbridge.adapters.alibaba1688.mock.params import Field, Fields
from syncbridge.adapters.alibaba1688.mock.records import NewOrder
from syncbridge.adapters.alibaba1688.mock.shop import checked_lines
from syncbridge.adapters.alibaba1688.mock.state import State
from syncbridge.adapters.alibaba1688.mock.words import wire_offer
from syncbridge.testing.builders import make_offer
from syncbridge.testing.clock import FixedClock
from tests.adapters.alibaba1688.caller import ADDRESS, CARGO, OFFER

CALLS = 5
"""Made at one mock, one after the other."""
SYSTEM = ("system/currentTime", "system.oauth2/getToken", "system.oauth2/postponeToken", "no.such/api")
ORDER = 218_800_000_000_000_001
KNOWN = {
    "offerId": OFFER,
    "productId": OFFER,
    "orderId": ORDER,
    "tradeID": ORDER,
    "mainOrderId": str(ORDER),
    "specId": f"{1:032x}",
    "webSite": "1688",
    "flow": "general",
    "addressParam": ADDRESS,
    "cargoParamList": [CARGO],
    "goodsStatus": "refundWaitSellerSend",
    "refundId": "TQ8651493722000001",
    "id": ORDER + 1,
    "orderEntryIds": [ORDER + 1],
    "orderIdList": [ORDER],
    "orderIds": [ORDER],
    "categoryId": 1031910,
}
"""What is true of the mock, so that calls get further than the first look at them."""
HOSTILE = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([0, -1, 2**63, 10**40, 1e308, 0.5]),
    st.text(max_size=12),
    st.sampled_from(["", " ", "\0", "💥", "-", "NaN", "[" * 2000, '{"a":' * 2000, "9" * 5000, "20260302", "路" * 600]),
    st.lists(st.one_of(st.none(), st.integers(), st.text(max_size=3)), max_size=3),
    st.dictionaries(st.text(max_size=5), st.integers(), max_size=2),
)
GOOD = {
    "String": st.text(max_size=8),
    "Long": st.integers(-2, 2**63),
    "Integer": st.integers(-2, 60),
    "Double": st.floats(-1, 5, allow_nan=False),
    "Boolean": st.booleans(),
    "Date": st.sampled_from(["20260302090000000+0800", "00010101000000000+2359", "20261399999999999+0800"]),
    "Bytes": st.sampled_from(["/9j/4AAQ", "====", "\0"]),
}


def value_of(name: str, field: Field) -> st.SearchStrategy[Any]:
    """Something that fits, or something that does not."""
    fits: st.SearchStrategy[Any] = GOOD[field.type] if isinstance(field.type, str) else members_of(field.type)
    if field.many:
        fits = st.lists(fits, max_size=3)
    known = [st.just(KNOWN[name])] * 3 if name in KNOWN else []
    return st.one_of(*known, fits, HOSTILE)


def members_of(fields: Fields) -> st.SearchStrategy[dict[str, Any]]:
    """Some or all of the members, and now and then one nobody knows."""
    needed = {name: value_of(name, field) for name, field in fields.items() if field.required}
    others = {name: value_of(name, field) for name, field in fields.items() if not field.required}
    whole = st.fixed_dictionaries(needed, optional=others)
    partly = st.fixed_dictionaries({}, optional=needed | {"colour": HOSTILE})
    return st.one_of(whole, whole, partly)


@st.composite
def calls(draw: st.DrawFn) -> dict[str, Any]:
    """One request: an API, its parameters, and what is wrong with the rest of it."""
    api = draw(st.sampled_from([*ENDPOINTS, *SYSTEM]))
    fields = ENDPOINTS[api].fields if api in ENDPOINTS else {"code": Field("String"), "grant_type": Field("String")}
    flaw = draw(st.sampled_from(["", "", "", "", "signature", "token", "bytes", "multipart", "get"]))
    return {"api": api, "params": draw(members_of(fields)), "flaw": flaw, "bytes": draw(st.binary(max_size=30))}


class World:
    """A mock with one paid order, of which money was asked back."""

    def __init__(self) -> None:
        self.mock = Mock1688(FixedClock(), self._push)
        state = self.mock.state
        self.account = state.add_account()
        self.account.denied = frozenset()
        state.switches.refund_delay_seconds = None
        state.publish(wire_offer(make_offer()))
        self._order(state)
        self._client = httpx.AsyncClient(transport=httpx.ASGITransport(app=self.mock.asgi()), base_url="http://mock")

    async def meets(self, request: Mapping[str, Any]) -> httpx.Response:
        path = f"param2/1/{request['api']}/{self.account.app_key}"
        form = {name: v if isinstance(v, str) else json.dumps(v) for name, v in request["params"].items()}
        form["access_token"] = "void" if request["flaw"] == "token" else self.account.access_token
        text = path + "".join(sorted(name + value for name, value in form.items()))
        made = hmac.new(self.account.app_secret.encode(), text.encode("utf-8", "surrogatepass"), hashlib.sha1)
        form["_aop_signature"] = "x" if request["flaw"] == "signature" else made.hexdigest().upper()
        return await self._sent(f"/openapi/{path}", form, request)

    async def _sent(self, path: str, form: dict[str, str], request: Mapping[str, Any]) -> httpx.Response:
        kind = {"content-type": "application/x-www-form-urlencoded"}
        match request["flaw"]:
            case "bytes":
                return await self._client.post(path, content=request["bytes"], headers=kind)
            case "multipart":
                kind = {"content-type": "multipart/form-data; boundary=b"}
                return await self._client.post(path, params=form, content=b"--b\r\n" + request["bytes"], headers=kind)
            case "get":
                return await self._client.get(f"{path}?{urlencode(form)[:4000]}")
        return await self._client.post(path, content=urlencode(form).encode(), headers=kind)

    def _order(self, state: State) -> None:
        (order,) = state.buy(NewOrder(self.account, checked_lines(state, [CARGO]), ADDRESS, ""))
        state.pay(order)

    async def _push(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        return 200


@pytest.fixture(scope="module")
def portal() -> Iterator[BlockingPortal]:
    """The loop that all of this waits on."""
    with start_blocking_portal() as opened:
        yield opened


@pytest.mark.parametrize("worlds", [60, pytest.param(1000, marks=pytest.mark.long)])
def test_no_malformed_call_breaks_the_mock(portal: BlockingPortal, worlds: int) -> None:
    met: list[int] = []

    @settings(max_examples=worlds, database=None, derandomize=True)
    @given(st.lists(calls(), min_size=CALLS, max_size=CALLS))
    def survives(requests: list[dict[str, Any]]) -> None:
        world = World()
        for request in requests:
            answer = portal.call(world.meets, request)
            met.append(answer.status_code)
            assert answer.status_code < 500
            assert isinstance(answer.json(), dict | str)

    survives()
    assert len(met) >= worlds * CALLS
    assert {200, 400, 401} <= set(met)
