"""The bank's file as its page shows it, with rates of your choice."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from xml.sax.saxutils import quoteattr

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from syncbridge.adapters.ecb.client import FILE
from syncbridge.ports import Clock

_RATES = {"USD": "1.1172", "JPY": "172.68", "GBP": "0.86205", "CNY": "7.4326"}
_SATURDAY = 5
_PAGE = """<?xml version="1.0" encoding="UTF-8"?>
<gesmes:Envelope xmlns:gesmes="http://www.gesmes.org/xml/2002-08-01" \
xmlns="http://www.ecb.int/vocabulary/2002-08-01/eurofxref">
	<gesmes:subject>Reference rates</gesmes:subject>
	<Cube>
		<Cube time='{day}'>
{rates}
		</Cube>
	</Cube>
</gesmes:Envelope>
"""


class EcbMock:
    """Shows one day's rates, as many times as asked."""

    def __init__(self, clock: Clock) -> None:
        self.day = _last_working_day(clock.now().date())
        self.rates: dict[str, str] = dict(_RATES)
        self.unavailable = 0
        """So many next calls are answered 503."""
        self.calls = 0

    def asgi(self) -> Starlette:
        """The file, and what lets a test publish another day."""
        return Starlette(
            routes=[
                Route(FILE, self._file, methods=["GET"]),
                Route("/_mock/accounts", self._open, methods=["POST"]),
                Route("/_mock/rates", self._publish, methods=["POST"]),
                Route("/_mock/faults", self._fail, methods=["POST"]),
                Route("/_books", self._show, methods=["GET"]),
            ]
        )

    def books(self) -> Mapping[str, object]:
        """What is published, and how often it was asked for."""
        return {"day": self.day.isoformat(), "rates": self.rates, "calls": self.calls}

    def publish(self, day: date, rates: Mapping[str, str]) -> None:
        """Another day's rates, per euro."""
        self.day, self.rates = day, dict(rates)

    async def _file(self, request: Request) -> Response:
        self.calls += 1
        if self.unavailable:
            self.unavailable -= 1
            return Response("Service Unavailable", 503)
        rates = "\n".join(
            f"\t\t\t<Cube currency={quoteattr(currency)} rate={quoteattr(rate)}/>"
            for currency, rate in self.rates.items()
        )
        return Response(_PAGE.format(day=self.day.isoformat(), rates=rates), media_type="text/xml")

    async def _open(self, request: Request) -> Response:
        return JSONResponse({})  # nobody needs an account

    async def _publish(self, request: Request) -> Response:
        asked = msgspec.json.decode(await request.body(), type=_Published)
        self.publish(asked.day, {**self.rates, **asked.rates})
        return JSONResponse(self.books())

    async def _fail(self, request: Request) -> Response:
        self.unavailable = msgspec.json.decode(await request.body(), type=_Fault).count
        return JSONResponse({})

    async def _show(self, request: Request) -> Response:
        return JSONResponse(self.books())


class _Published(msgspec.Struct, forbid_unknown_fields=True):
    day: date
    rates: dict[str, str]


class _Fault(msgspec.Struct, forbid_unknown_fields=True):
    count: int = 1


def _last_working_day(day: date) -> date:
    return day - timedelta(days=max(0, day.weekday() - _SATURDAY + 1))
