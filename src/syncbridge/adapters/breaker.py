"""Leaves a vendor alone that does not answer, and lets one read through now and then to see whether it is back."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

from syncbridge.errors import Outage, OutcomeUnknown, RateLimited, Unreachable, VendorDown, VendorError
from syncbridge.ports import Wiring

FAILURES = 8
"""So many calls in a row that got no answer are an outage."""
FIRST_REST = timedelta(seconds=30)
LONGEST_REST = timedelta(minutes=10)


class Breaker:
    """One account's: while its vendor is out, calls are refused at once and cost their jobs no attempt."""

    def __init__(self, vendor: str, wiring: Wiring) -> None:
        self._vendor = vendor
        self._wiring = wiring
        self._failures = 0
        self._rest = FIRST_REST
        self._rests_until = datetime.min.replace(tzinfo=UTC)

    def admit(self, *, write: bool) -> bool:
        """Let a call go out, or raise Outage. True: this read looks whether the vendor is back; a write never does."""
        if self._failures < FAILURES:
            return False
        now = self._wiring.clock.now()
        if write or now < self._rests_until:
            raise self._outage(f"{self._vendor} does not answer and is left alone for a while")
        self._rests_until = now + FIRST_REST  # the others wait for what it finds
        return True

    @contextlib.asynccontextmanager
    async def watching(self, *, looks: bool) -> AsyncIterator[None]:
        """Count what becomes of a call; any answer of the vendor's, a refusal too, ends an outage."""
        try:
            yield
        except OutcomeUnknown as error:
            await self._failed(error, looks=looks)
            raise
        except (Unreachable, VendorDown) as error:
            await self._failed(error, looks=looks)
            if self._failures < FAILURES:
                raise
            raise self._outage(str(error)) from error
        except VendorError as error:
            if not isinstance(error, RateLimited):
                await self._answered()
            raise
        else:
            await self._answered()

    async def _failed(self, error: VendorError, *, looks: bool) -> None:
        """Only a look in vain makes the rest longer: calls under way when the outage began say nothing new."""
        self._failures += 1
        if self._failures == FAILURES:
            self._rest = FIRST_REST
            self._rests_until = self._wiring.clock.now() + self._rest
            await self._wiring.health.lost(str(error))
        elif looks:
            self._rest = min(2 * self._rest, LONGEST_REST)
            self._rests_until = self._wiring.clock.now() + self._rest

    async def _answered(self) -> None:
        was_out, self._failures = self._failures >= FAILURES, 0
        if was_out:
            await self._wiring.health.back()

    def _outage(self, why: str) -> Outage:
        wait = max(1.0, (self._rests_until - self._wiring.clock.now()).total_seconds())
        return Outage(why, vendor=self._vendor, code="outage", retry_after=wait)
