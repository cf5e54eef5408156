"""The bank's one file, fetched."""

from __future__ import annotations

from datetime import timedelta

from syncbridge.adapters.ecb import wire
from syncbridge.adapters.ecb.settings import EcbSettings
from syncbridge.adapters.http import Answer, Call, Request, Signer, VendorHttp
from syncbridge.errors import AccessExpired, VendorDown
from syncbridge.model.rates import DailyRates
from syncbridge.ports import Tokens, Wiring

VENDOR = "ECB"
FILE = "/stats/eurofxref/eurofxref-daily.xml"


class EcbClient:
    """Asks for the newest rates."""

    def __init__(self, settings: EcbSettings, wiring: Wiring) -> None:
        self._url = settings.base_url.rstrip("/") + FILE
        self._clock = wiring.clock
        self._http = VendorHttp(VENDOR, wiring, _Unsigned(wiring.tokens))

    async def close(self) -> None:
        """Let go of the connections."""
        await self._http.close()

    async def daily(self) -> DailyRates:
        """The newest rates; raises VendorDown for an answer that holds none."""
        return await self._http.call(Call("eurofxref-daily", self._url, {}), self._judged)

    def _judged(self, answer: Answer) -> DailyRates:
        if answer.status != 200:
            raise VendorDown(f"the {VENDOR} answered {answer.status}", vendor=VENDOR, code=str(answer.status))
        try:
            rates = wire.daily(answer.body)
        except ValueError as error:
            raise VendorDown(
                f"the {VENDOR}'s rates cannot be read: {error}", vendor=VENDOR, code="unreadable"
            ) from error
        if rates.day > self._clock.now().date() + timedelta(days=1):
            what = f"the {VENDOR}'s rates are of {rates.day}, which is still to come"
            raise VendorDown(what, vendor=VENDOR, code="unreadable")
        return rates


class _Unsigned(Signer):
    """Asks for a public file: no key, no token."""

    def signed(self, request: Request, tokens: Tokens) -> Request:
        return Request("GET", request.url, headers=request.headers, extensions=request.extensions)

    def says_expired(self, answer: Answer) -> bool:
        return False

    def refresh_request(self, tokens: Tokens) -> Request:
        raise AccessExpired(f"the {VENDOR} gives no tokens", vendor=VENDOR)

    def refreshed(self, answer: Answer, old: Tokens) -> Tokens:
        raise AccessExpired(f"the {VENDOR} gives no tokens", vendor=VENDOR)
