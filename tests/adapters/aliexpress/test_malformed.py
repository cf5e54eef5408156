"""Calls nobody would make on purpose: the mock refuses each in the vendor's words, and never breaks."""

from __future__ import annotations

import functools
import json
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from syncbridge.adapters.aliexpress.mock.api_list import APIS
from syncbridge.testing.clock import run_virtual
from tests.adapters.aliexpress import catalogue_calls, parcel_calls, trade_calls
from tests.adapters.aliexpress.cases import CASES
from tests.adapters.aliexpress.shop import Shop

FEW, MANY = 300, 5100
FILLED = (catalogue_calls, parcel_calls, trade_calls)
"""The files whose calls are spoilt here."""
Sync = Callable[..., Awaitable[dict[str, Any]]]
Place = tuple[str | int, ...]
Spoilt = tuple[str, dict[str, Any]]
"""A call with its parameters."""


@functools.cache
def recorded() -> dict[str, dict[str, Any]]:
    """The parameters of every sound call, by API: what is spoilt is near to what is right."""
    seen: dict[str, dict[str, Any]] = {}

    async def record() -> None:
        for act in CASES.values():
            shop = await Shop().open()
            sync = shop.client.sync

            async def noting(
                method: str, file: bytes | None = None, sync: Sync = sync, **business: object
            ) -> dict[str, Any]:
                seen.setdefault(method, business)
                return await sync(method, file=file, **business)

            shop.client.sync = noting  # type: ignore[method-assign, assignment]  # noted
            await act(shop)
            await shop.http.aclose()

    run_virtual(record())
    return seen


ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**30), 10**30),
    st.floats(),
    st.text(max_size=20),
    st.sampled_from(
        ["", " ", "0", "-1", "9" * 5000, "1e999", "0000-00-00 00:00:00", "9999-12-31 23:59:59", "²", "\x00"]
    ),
    st.sampled_from(["1;2", "1;;", ";", "{}", "[]", "[{}]", "null", "NaN", "{", '"', "true", "<none>", "14:193"]),
)
JSON = st.recursive(
    ODD, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
)


def places(value: Any, path: Place = ()) -> Iterator[Place]:
    """Every place in a parameter's value where something may be put."""
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, below in inner:
        yield from places(below, (*path, name))


def replaced(value: Any, path: Sequence[Any], by: Any) -> Any:
    if not path:
        return by
    name, *rest = path
    changed = dict(value) if isinstance(value, dict) else list(value)
    changed[name] = replaced(value[name], rest, by)
    return changed


@st.composite
def spoilt(draw: st.DrawFn) -> Spoilt:
    """A call with one or a few of its values replaced, left out or added."""
    api = draw(st.sampled_from(sorted(APIS)))
    business = dict(recorded()[api])
    for _ in range(draw(st.integers(1, 3))):
        name = draw(st.sampled_from([*sorted(business), "colour"]))
        if name == "colour" or draw(st.integers(0, 5)) == 0:
            business.pop(name, None)
            business[draw(st.sampled_from([name, "image_bytes", "param0"]))] = draw(JSON)
        else:
            path = draw(st.sampled_from(list(places(business[name]))))
            business[name] = replaced(business[name], path, draw(JSON))
    return api, business


COMMON = st.dictionaries(
    st.sampled_from(
        ["app_key", "timestamp", "sign_method", "sign", "session", "access_token", "simplify", "method", "v"]
    ),
    st.sampled_from(["", " ", "0", "9" * 5000, "é", "2026-02-30 00:00:00", "md5", "sha256", "²", "1", "true"]),
    max_size=2,
)
BODIES = st.one_of(
    st.binary(max_size=60),
    st.sampled_from([b"%ff=%ff", b"a=1&a=2", b"\xff=1", b"--x\r\n\r\n--x--", b'--x\r\nname="a"\r\n\r\nb\r\n--x--']),
)
KINDS = st.sampled_from(
    [
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "multipart/form-data",
        "application/json",
        "",
    ]
)


async def send(shop: Shop, query: dict[str, str], body: bytes, kind: str) -> dict[str, Any]:
    answer = await shop.http.post(
        f"/sync?{urlencode(query)}", content=body, headers={"Content-Type": kind} if kind else {}
    )
    assert answer.status_code == 200
    told: dict[str, Any] = answer.json()
    return told


def text(value: object) -> str:
    """As it would go over the wire, surrogates left out, which no wire carries."""
    said = value if isinstance(value, str) else json.dumps(value)
    return said.encode("utf-8", "ignore").decode()


async def one_spoilt_call(call: Spoilt, spoilt_common: dict[str, str]) -> dict[str, Any]:
    shop = await Shop().open()
    await shop.product()
    api, business = call
    texts = {name: text(value) for name, value in business.items()}
    query = shop.client._common() | {"method": api, "session": shop.client.keys["access_token"], "simplify": "true"}
    query |= spoilt_common
    query.setdefault("sign", shop.client.sign(query | texts))
    answer = await send(shop, query, urlencode(texts).encode(), "application/x-www-form-urlencoded")
    await shop.http.aclose()
    return answer


async def one_body(body: bytes, kind: str, path: str) -> httpx.Response:
    shop = await Shop().open()
    answer = await shop.http.post(path, content=body, headers={"Content-Type": kind} if kind else {})
    await shop.http.aclose()
    return answer


def spoil(examples: int) -> None:
    """Three kinds of malformed calls, so many of each."""
    met: list[object] = []
    quietly = settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck), database=None)

    @quietly
    @given(spoilt())
    def signed_and_spoilt(call: Spoilt) -> None:
        met.append(answer := run_virtual(one_spoilt_call(call, {})))
        assert "error_response" in answer or "request_id" in answer

    @quietly
    @given(spoilt(), COMMON)
    def spoilt_before_it_is_signed(call: Spoilt, common: dict[str, str]) -> None:
        met.append(answer := run_virtual(one_spoilt_call(call, common)))
        assert "error_response" in answer or "request_id" in str(answer)

    @quietly
    @given(
        BODIES,
        KINDS,
        st.sampled_from(["/sync?method=a", "/rest/auth/token/create", "/_mock/accounts", "/_mock/orders"]),
    )
    def no_call_at_all(body: bytes, kind: str, path: str) -> None:
        met.append(answer := run_virtual(one_body(body, kind, path)))
        assert answer.status_code < 500

    signed_and_spoilt()
    spoilt_before_it_is_signed()
    no_call_at_all()
    assert len(met) >= 3 * examples


def test_a_few_hundred_malformed_calls_break_nothing() -> None:
    spoil(FEW // 3)


@pytest.mark.long
def test_thousands_of_malformed_calls_break_nothing() -> None:
    spoil(MANY // 3)
