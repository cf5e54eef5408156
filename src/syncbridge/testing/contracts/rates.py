"""What every source of exchange rates must do."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Protocol

import pytest

from syncbridge.errors import Transient
from syncbridge.ports import ExchangeRates

DAY, NEXT_DAY = date(2026, 2, 26), date(2026, 2, 27)


class RatesHarness(Protocol):
    """The source's side of the table."""

    @property
    def rates(self) -> ExchangeRates:
        """Our side of it."""

    def publish(self, day: date, values: Mapping[str, str]) -> None:
        """Tell a day's rates, per unit of the source's base currency."""

    def fall_silent(self) -> None:
        """Answer no more with rates."""


class RatesContract:
    """What every source of exchange rates must do."""

    pytestmark = pytest.mark.anyio

    async def test_a_days_rates_are_exactly_as_told(self, harness: RatesHarness) -> None:
        """Every digit, none added by a float."""
        harness.publish(DAY, {"USD": "1.1172", "CNY": "7.43260"})
        told = await harness.rates.daily()
        assert (told.day, dict(told.values)) == (DAY, {"USD": Decimal("1.1172"), "CNY": Decimal("7.43260")})
        assert told.base not in told.values

    async def test_the_newest_day_is_told(self, harness: RatesHarness) -> None:
        """Not one that was kept."""
        harness.publish(DAY, {"USD": "1.1172"})
        await harness.rates.daily()
        harness.publish(NEXT_DAY, {"USD": "1.1199"})
        told = await harness.rates.daily()
        assert (told.day, told.values["USD"]) == (NEXT_DAY, Decimal("1.1199"))

    @pytest.mark.parametrize("rate", ["0", "-1.1172", "NaN", "Infinity", "N/A", ""])
    async def test_a_rate_that_is_none_leaves_its_currency_out(self, harness: RatesHarness, rate: str) -> None:
        """And the others are told."""
        harness.publish(DAY, {"USD": rate, "CNY": "7.4326"})
        assert dict((await harness.rates.daily()).values) == {"CNY": Decimal("7.4326")}

    async def test_silence_may_pass(self, harness: RatesHarness) -> None:
        """It is worth another try later."""
        harness.fall_silent()
        with pytest.raises(Transient):
            await harness.rates.daily()

    async def test_what_is_packaged_needs_nobody_and_is_not_of_tomorrow(self, harness: RatesHarness) -> None:
        """A currency nobody knows has no packaged rate."""
        harness.fall_silent()
        packaged = await harness.rates.packaged(("CNY", "USD"))
        assert packaged is None or packaged.values.keys() | {packaged.base} >= {"CNY", "USD"}
        assert await harness.rates.packaged(("CNY", "XXX")) is None
