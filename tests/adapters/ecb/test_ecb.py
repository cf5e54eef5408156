"""The bank's file: what is read of it, and what is refused."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import httpx
import pytest

from syncbridge.adapters import ecb
from syncbridge.adapters.ecb import wire
from syncbridge.adapters.ecb.contracts import Bank
from syncbridge.errors import VendorDown

pytestmark = pytest.mark.anyio
SAMPLE = (Path(ecb.__file__).with_name("samples") / "eurofxref-daily.xml").read_bytes()
BOMB = b"""<?xml version="1.0"?>
<!DOCTYPE lolz [<!ENTITY lol "lol"><!ENTITY lol2 "&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;">]>
<lolz>&lol2;</lolz>"""


def test_the_banks_file_reads() -> None:
    told = wire.daily(SAMPLE)

    assert (told.base, told.day) == ("EUR", date(2026, 10, 30))
    assert told.values == {
        "USD": Decimal("1.1172"),
        "JPY": Decimal("172.68"),
        "GBP": Decimal("0.86205"),
        "CNY": Decimal("7.4326"),
    }


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html><body>maintenance</body></html>",
        BOMB,
        SAMPLE[:400],
        SAMPLE.replace(b"2026-10-30", b"soon"),
        SAMPLE.replace(b"time=", b"when="),
    ],
)
def test_another_document_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"no file of rates|names no day|Invalid isoformat"):
        wire.daily(body)


def test_a_file_that_would_blow_up_is_not_even_read() -> None:
    with pytest.raises(ValueError, match="EntitiesForbidden"):
        wire.daily(BOMB)


async def test_rates_of_a_day_still_to_come_are_not_believed(harness: Bank) -> None:
    harness.publish(harness.clock.now().date() + timedelta(days=2), {"USD": "1.1"})

    with pytest.raises(VendorDown, match="which is still to come"):
        await harness.rates.daily()


async def test_the_file_is_asked_for_and_nothing_is_sent(harness: Bank) -> None:
    harness.publish(date(2026, 2, 26), {"USD": "1.1"})
    await harness.rates.daily()

    assert harness.mock.books() == {"day": "2026-02-26", "rates": {"USD": "1.1"}, "calls": 1}


async def test_anybody_may_fetch_the_file_and_nobody_may_send_it(harness: Bank) -> None:
    transport = httpx.ASGITransport(harness.mock.asgi())
    async with httpx.AsyncClient(transport=transport, base_url="http://mock") as http:
        got = await http.get("/stats/eurofxref/eurofxref-daily.xml")
        sent = await http.post("/stats/eurofxref/eurofxref-daily.xml", content=got.content)

    assert wire.daily(got.content).values["USD"] == Decimal("1.1172")
    assert sent.status_code == 405


@pytest.mark.parametrize(
    ("pair", "day", "values"),
    [
        (("CNY", "USD"), date(2026, 10, 30), {"CNY": Decimal("7.4326"), "USD": Decimal("1.1172")}),
        (("EUR", "USD"), date(2026, 10, 30), {"USD": Decimal("1.1172")}),
    ],
)
async def test_the_history_comes_with_the_program(
    harness: Bank, pair: tuple[str, str], day: date, values: dict[str, Decimal]
) -> None:
    packaged = await harness.rates.packaged(pair)

    assert packaged is not None
    assert (packaged.base, packaged.day, dict(packaged.values)) == ("EUR", day, values)
    assert harness.mock.calls == 0


async def test_row_37_the_rouble_ended_and_its_last_day_says_so(harness: Bank) -> None:
    packaged = await harness.rates.packaged(("CNY", "RUB"))

    assert packaged is not None
    assert packaged.day == date(2022, 3, 1)


async def test_the_euro_alone_is_no_pair(harness: Bank) -> None:
    assert await harness.rates.packaged(("EUR", "EUR")) is None
