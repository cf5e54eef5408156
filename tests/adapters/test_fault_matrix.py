"""Rows of the fault matrix that the shared client must hold: a clock that is not the vendor's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import datetime, timedelta
from email.utils import format_datetime
from urllib.parse import parse_qs

import httpx
import pytest
import structlog
from pydantic import SecretStr

from syncbridge.adapters import http
from syncbridge.adapters.aliexpress import adapter
from syncbridge.adapters.aliexpress.settings import AliExpressSettings
from syncbridge.errors import OutcomeUnknown, Rejected, Unreachable, VendorDown
from syncbridge.model.shipping import Shipment
from syncbridge.ports import Channel, Clock, Tokens
from syncbridge.testing.clock import START, FixedClock, VirtualClock, run_virtual
from syncbridge.testing.wiring import wiring_for

pytestmark = pytest.mark.anyio
SERVICES = {"result_success": True, "result_list": []}
REFUSED = {"type": "ISV", "code": "InvalidParameter", "message": "timestamp is more than 7200 seconds off"}
Answering = Callable[[httpx.Request], httpx.Response]


class Vendor(httpx.AsyncBaseTransport):
    """Takes calls signed within two hours of its own time, and dates its answers."""

    def __init__(self, clock: FixedClock, ahead: timedelta) -> None:
        self._clock = clock
        self.ahead = ahead
        self.offs: list[float] = []
        """How far off each call was signed, in seconds."""
        self.date: str | None = None

    def now(self) -> datetime:
        return self._clock.now() + self.ahead

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.params["method"] == "global.seller.relation.query":
            return httpx.Response(200, json={"seller_relation_list": []})
        (stamp,) = parse_qs(request.url.query.decode())["timestamp"]
        self.offs.append(int(stamp) / 1000 - self.now().timestamp())
        date = format_datetime(self.now(), usegmt=True) if self.date is None else self.date
        told = REFUSED if abs(self.offs[-1]) > 7200 else SERVICES
        return httpx.Response(200, json=told, headers={"Date": date})


def store(vendor: httpx.AsyncBaseTransport, clock: Clock) -> Channel:
    settings = AliExpressSettings(
        app_key="500123", app_secret=SecretStr("s"), base_url="http://vendor", auth_url="http://vendor"
    )
    channel = adapter.connect(settings, wiring_for(vendor, clock, Tokens("at", "rt"), account="toys")).channel
    assert channel is not None
    return channel


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(START)


@pytest.fixture
def logs() -> Iterator[list[structlog.typing.EventDict]]:
    with structlog.testing.capture_logs() as captured:
        yield captured


class Dripping(httpx.AsyncBaseTransport, httpx.AsyncByteStream):
    """Answers at once, and then sends a byte a second without end."""

    def __init__(self) -> None:
        self.sent: list[int] = []
        """How many bytes of each answer were waited for."""
        self.closed = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.params["method"] == "global.seller.relation.query":
            return httpx.Response(200, json={"seller_relation_list": []})
        self.sent.append(0)
        return httpx.Response(200, stream=self)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            yield b" "
            self.sent[-1] += 1
            await asyncio.sleep(1)

    async def aclose(self) -> None:
        self.closed += 1


def test_row_13_an_answer_that_drips_ends_with_the_total_deadline_and_frees_its_connection() -> None:
    vendor, total = Dripping(), wiring_for(None, FixedClock(START), Tokens("")).deadlines.total

    async def ask() -> None:
        channel = store(vendor, VirtualClock(START))
        with pytest.raises(Unreachable):
            await channel.shipping_services()
        with pytest.raises(OutcomeUnknown):
            await channel.declare("1", Shipment("CAINIAO_STANDARD", "LX1", "M1"), complete=True)

    run_virtual(ask())

    assert vendor.sent == [total] * 2, "one deadline is for all tries of a read"
    assert vendor.closed == 2


@pytest.mark.parametrize("minutes", [-200, -10, 10, 200])
async def test_row_17_a_vendor_whose_clock_differs_is_signed_for_in_its_time_and_named_once(
    clock: FixedClock, logs: list[structlog.typing.EventDict], minutes: int
) -> None:
    vendor = Vendor(clock, timedelta(minutes=minutes))
    channel = store(vendor, clock)
    for _ in range(3):
        await channel.shipping_services()

    assert [abs(off) < 1 for off in vendor.offs[-2:]] == [True, True]
    told = [(log["account"], log["seconds"]) for log in logs if log["event"] == "http.clock_differs"]
    assert told == [("toys", minutes * 60)]


async def test_row_17_less_than_a_minute_is_nobodys_mistake(
    clock: FixedClock, logs: list[structlog.typing.EventDict]
) -> None:
    vendor = Vendor(clock, timedelta(seconds=58))
    channel = store(vendor, clock)
    for _ in range(2):
        await channel.shipping_services()

    assert vendor.offs == [-58, -58]
    assert "http.clock_differs" not in [log["event"] for log in logs]


async def test_row_17_a_clock_that_is_put_right_is_trusted_again(clock: FixedClock) -> None:
    vendor = Vendor(clock, timedelta(hours=1))
    channel = store(vendor, clock)
    await channel.shipping_services()
    vendor.ahead = timedelta(0)
    for _ in range(2):
        await channel.shipping_services()

    assert vendor.offs == [-3600, 3600, 0]


async def test_row_17_a_write_refused_for_its_time_is_tried_later_and_then_in_the_right_time(clock: FixedClock) -> None:
    vendor = Vendor(clock, timedelta(hours=3))
    channel = store(vendor, clock)
    with pytest.raises(VendorDown, match="clocks differed") as first:
        await channel.declare("1", Shipment("YANWEN_AM", "UR1YP"), complete=True)
    await channel.declare("1", Shipment("YANWEN_AM", "UR1YP"), complete=True)

    assert first.value.code == "InvalidParameter"
    assert vendor.offs == [-3 * 3600, 0]


async def test_row_17_a_refusal_by_a_vendor_whose_time_is_known_stays_one(clock: FixedClock) -> None:
    vendor = Vendor(clock, timedelta(hours=1))
    channel = store(vendor, clock)
    await channel.shipping_services()
    vendor.ahead += timedelta(hours=3)
    vendor.date = format_datetime(clock.now() + timedelta(hours=1), usegmt=True)  # as it said before

    with pytest.raises(Rejected):
        await channel.declare("1", Shipment("YANWEN_AM", "UR1YP"), complete=True)


@pytest.mark.parametrize("date", ["", "yesterday", "Mon, 99 Mar 2026 99:99:99 GMT", "0"])
async def test_row_17_a_date_that_cannot_be_read_changes_nothing(clock: FixedClock, date: str) -> None:
    vendor = Vendor(clock, timedelta(0))
    vendor.date = date
    channel = store(vendor, clock)
    for _ in range(2):
        await channel.shipping_services()

    assert vendor.offs == [0, 0]


def test_the_certificates_are_read_once_for_all_accounts(clock: FixedClock, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []
    made = httpx.create_ssl_context

    def count() -> object:
        read.append(1)
        return made()

    http._tls.cache_clear()
    monkeypatch.setattr(httpx, "create_ssl_context", count)
    for account in ("a", "b", "c"):
        settings = AliExpressSettings(app_key="500123", app_secret=SecretStr("s"))
        adapter.connect(settings, wiring_for(None, clock, Tokens("at"), account=account))

    assert read == [1]
