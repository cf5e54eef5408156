"""Vendors whose answers never end, or unpack to more than any honest one: each call ends in time and lets go."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

import pytest

from syncbridge.adapters.aliexpress import adapter
from syncbridge.adapters.aliexpress.settings import AliExpressSettings
from syncbridge.adapters.http import MAX_ANSWER_BYTES
from syncbridge.errors import OutcomeUnknown, Unreachable, VendorError
from syncbridge.model.shipping import Shipment, ShippingService
from syncbridge.ports import Channel, Deadlines, Tokens
from syncbridge.testing.clock import FixedClock
from syncbridge.testing.wiring import NoLimit, wiring_for

pytestmark = pytest.mark.anyio
TOTAL, READ = 0.4, 0.3
ANSWER = b'{"result_success": true, "result_list": []}'
UNPACKING = zlib.decompressobj
Ask = Callable[[Channel], Awaitable[object]]


class Vendor:
    """Listens on a real socket, answers each call by head and parts, the last part again and again, or once."""

    def __init__(self) -> None:
        self.url = ""
        self.parts: Sequence[bytes] = ()
        self.endless = True
        self.every = 0.02
        self.calls = 0
        self._going: set[asyncio.Task[None]] = set()

    @property
    def open(self) -> int:
        """Connections of ours."""
        return len(self._going)

    def met(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        going = asyncio.ensure_future(self._answer(reader, writer))
        self._going.add(going)
        going.add_done_callback(self._going.discard)

    async def close(self) -> None:
        for going in self._going:
            going.cancel()
        await asyncio.gather(*self._going, return_exceptions=True)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.closing(writer), contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                asked = await reader.readuntil(b"\r\n\r\n")
                if b"seller.relation.query" in asked:  # what kind of shop it is, asked before all else
                    writer.write(ok(b'{"seller_relation_list": []}'))
                    continue
                self.calls += 1
                await self._tell(writer)

    async def _tell(self, writer: asyncio.StreamWriter) -> None:
        for part in self.parts:
            writer.write(part)
        while self.endless:
            await asyncio.sleep(self.every)
            writer.write(self.parts[-1])
            await writer.drain()


def ok(body: bytes, *headers: str) -> bytes:
    head = "\r\n".join(["HTTP/1.1 200 OK", f"Content-Length: {len(body)}", *headers, "", ""])
    return head.encode() + body


@pytest.fixture
async def vendor() -> AsyncIterator[Vendor]:
    listening = Vendor()
    server = await asyncio.start_server(listening.met, "127.0.0.1", 0)
    listening.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        yield listening
        await listening.close()


@pytest.fixture
def limiter() -> NoLimit:
    return NoLimit()


@pytest.fixture
async def channel(vendor: Vendor, limiter: NoLimit) -> AsyncIterator[Channel]:
    settings = AliExpressSettings.model_validate(
        {"app_key": "500123", "app_secret": "s", "base_url": vendor.url, "auth_url": vendor.url}
    )
    wiring = wiring_for(None, FixedClock(), Tokens("at", "rt"), deadlines=Deadlines(TOTAL, READ))
    object.__setattr__(wiring, "limiter", limiter)
    connection = adapter.connect(settings, wiring)
    assert connection.channel is not None
    yield connection.channel
    await connection.close()


async def read(channel: Channel) -> list[ShippingService]:
    return list(await channel.shipping_services())


async def write(channel: Channel) -> None:
    await channel.declare("1", Shipment("YANWEN_AM", "UR1YP"), complete=True)


async def let_go(vendor: Vendor, but: int = 0) -> None:
    """Wait until the vendor sees our connections closed."""
    async with asyncio.timeout(2):
        while vendor.open > but:  # noqa: ASYNC110  the vendor offers no event to wait for
            await asyncio.sleep(0.01)


SLOW = {
    "head by drops": (b"HTTP/1.1 200 OK\r\nX-A: ", b"a"),
    "one byte at a time": (b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", b" "),
    "chunks without end": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
}


@pytest.mark.parametrize("parts", SLOW)
@pytest.mark.parametrize(("ask", "kind"), [(read, Unreachable), (write, OutcomeUnknown)], ids=["read", "write"])
async def test_row_13_an_answer_by_drops_ends_with_the_total_deadline_and_its_connection_is_freed(
    vendor: Vendor, channel: Channel, limiter: NoLimit, parts: str, ask: Ask, kind: type[VendorError]
) -> None:
    vendor.parts = SLOW[parts]
    began = asyncio.get_running_loop().time()

    async with asyncio.timeout(5):
        with pytest.raises(kind, match="TimeoutError"):
            await ask(channel)

    assert asyncio.get_running_loop().time() - began >= TOTAL - 0.05
    assert vendor.calls == 1, "each drop came within the read timeout, and one deadline is for all tries"
    assert limiter.granted == 1 + vendor.calls, "the shop's type is asked before"
    await let_go(vendor, but=1)


async def test_row_13_more_slow_answers_than_there_are_connections_hold_nobody_up(
    vendor: Vendor, channel: Channel
) -> None:
    for _ in range(2):
        vendor.parts, vendor.endless = SLOW["one byte at a time"], True
        slow = await asyncio.gather(*(write(channel) for _ in range(7)), return_exceptions=True)
        vendor.parts, vendor.endless = [ok(ANSWER)], False

        assert {type(one) for one in slow} == {OutcomeUnknown}
        assert not await read(channel)
    await let_go(vendor, but=1)


@pytest.mark.parametrize("kind", ["gzip", "deflate"])
async def test_an_answer_packed_though_nobody_asked_is_read(vendor: Vendor, channel: Channel, kind: str) -> None:
    packed = gzip.compress(ANSWER) if kind == "gzip" else zlib.compress(ANSWER)
    vendor.parts, vendor.endless = [ok(packed, f"Content-Encoding: {kind}")], False

    assert not await read(channel)


class Unpacking:
    """Unpacks, and notes how much it made."""

    made = 0

    def __init__(self, bits: int) -> None:
        self._real = UNPACKING(bits)

    def decompress(self, chunk: bytes, most: int = 0) -> bytes:
        plain = self._real.decompress(chunk, most)
        Unpacking.made += len(plain)
        return plain


async def test_row_15_an_answer_is_unpacked_no_further_than_the_bound(
    vendor: Vendor, channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zlib, "decompressobj", Unpacking)
    monkeypatch.setattr(Unpacking, "made", 0)
    bomb = gzip.compress(b" " * (20 * MAX_ANSWER_BYTES), 1)
    vendor.parts, vendor.endless = [ok(bomb, "Content-Encoding: gzip")], False

    with pytest.raises(OutcomeUnknown, match="ReadError"):
        await write(channel)
    assert Unpacking.made == MAX_ANSWER_BYTES + 1


async def test_row_15_what_cannot_be_unpacked_is_no_answer(vendor: Vendor, channel: Channel) -> None:
    vendor.parts, vendor.endless = [ok(b"<html>", "Content-Encoding: gzip")], False

    with pytest.raises(OutcomeUnknown, match="ReadError"):
        await write(channel)
