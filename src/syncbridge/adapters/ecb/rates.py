"""The bank as a source of exchange rates, beside its history that is installed with a library."""

from __future__ import annotations

import asyncio
import functools
from typing import TYPE_CHECKING

from syncbridge.adapters.ecb import wire
from syncbridge.adapters.ecb.client import EcbClient
from syncbridge.model.rates import DailyRates, Pair

if TYPE_CHECKING:
    from currency_converter import CurrencyConverter


class EcbRates:
    """Behind the `ExchangeRates` port."""

    def __init__(self, client: EcbClient) -> None:
        self._client = client

    async def daily(self) -> DailyRates:
        """The newest rates, published at about 16:00 in Frankfurt on days its payment system TARGET is open."""
        return await self._client.daily()

    async def packaged(self, pair: Pair) -> DailyRates | None:
        """The last day of the installed history that knows both currencies; of the rouble it is 2022-03-01."""
        return await asyncio.to_thread(_packaged, pair)


def _packaged(pair: Pair) -> DailyRates | None:
    history = _history()
    others = [currency for currency in pair if currency != wire.BASE]
    if not others or not set(others) <= set(history.currencies):
        return None
    day = min(history.bounds[currency].last_date for currency in others)
    values = {currency: history.convert(1, wire.BASE, currency, date=day) for currency in others}
    return DailyRates(wire.BASE, day, values)


@functools.cache
def _history() -> CurrencyConverter:
    """Read once, and only where somebody asks: it takes a quarter of a second."""
    from currency_converter import CurrencyConverter

    return CurrencyConverter(decimal=True, fallback_on_missing_rate=True, fallback_on_missing_rate_method="last_known")
