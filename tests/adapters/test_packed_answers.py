"""Answers that come packed though nobody asked for that: read, but unpacked no further than any honest one is long."""

from __future__ import annotations

import gzip
import zlib

import httpx
import pytest
from pydantic import SecretStr

from syncbridge.adapters.aliexpress import adapter
from syncbridge.adapters.aliexpress.settings import AliExpressSettings
from syncbridge.adapters.http import MAX_ANSWER_BYTES
from syncbridge.errors import OutcomeUnknown
from syncbridge.model.shipping import Shipment
from syncbridge.ports import Channel, Tokens
from syncbridge.testing.clock import FixedClock
from syncbridge.testing.wiring import wiring_for

pytestmark = pytest.mark.anyio
ANSWER = b'{"result_success": true, "result_list": []}'
UNPACKING = zlib.decompressobj


def store(body: bytes, kind: str) -> Channel:
    """A store whose vendor answers this, so packed."""

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.params["method"] == "global.seller.relation.query":
            return httpx.Response(200, json={"seller_relation_list": []})
        return httpx.Response(200, stream=httpx.ByteStream(body), headers={"Content-Encoding": kind})

    settings = AliExpressSettings(
        app_key="500123", app_secret=SecretStr("s"), base_url="http://vendor", auth_url="http://vendor"
    )
    wiring = wiring_for(httpx.MockTransport(answer), FixedClock(), Tokens("at", "rt"))
    channel = adapter.connect(settings, wiring).channel
    assert channel is not None
    return channel


async def write(channel: Channel) -> None:
    await channel.declare("1", Shipment("YANWEN_AM", "UR1YP"), complete=True)


@pytest.mark.parametrize("kind", ["gzip", "deflate"])
async def test_an_answer_packed_though_nobody_asked_is_read(kind: str) -> None:
    packed = gzip.compress(ANSWER) if kind == "gzip" else zlib.compress(ANSWER)
    assert list(await store(packed, kind).shipping_services()) == []


class Unpacking:
    """Unpacks, and notes how much it made."""

    made = 0

    def __init__(self, bits: int) -> None:
        self._real = UNPACKING(bits)

    def decompress(self, chunk: bytes, most: int = 0) -> bytes:
        plain = self._real.decompress(chunk, most)
        Unpacking.made += len(plain)
        return plain


async def test_row_15_an_answer_is_unpacked_no_further_than_the_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zlib, "decompressobj", Unpacking)
    monkeypatch.setattr(Unpacking, "made", 0)
    bomb = gzip.compress(b" " * (20 * MAX_ANSWER_BYTES), 1)

    with pytest.raises(OutcomeUnknown, match="ReadError"):
        await write(store(bomb, "gzip"))
    assert Unpacking.made == MAX_ANSWER_BYTES + 1


async def test_row_15_what_cannot_be_unpacked_is_no_answer() -> None:
    with pytest.raises(OutcomeUnknown, match="ReadError"):
        await write(store(b"<html>", "gzip"))
