"""快递100 as someone who tells how far parcels are, and sends a message when one moves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

import structlog

from syncbridge.adapters.kuaidi100 import answers, reading
from syncbridge.adapters.kuaidi100.client import Kuaidi100Client
from syncbridge.adapters.kuaidi100.settings import Kuaidi100Settings
from syncbridge.errors import NotFound, Rejected, VendorError
from syncbridge.model.shipping import Movement, Track, Trail
from syncbridge.ports import Clock

REST = timedelta(minutes=30)
"""So long 快递100 does not want to be asked for the same number again; it locks the number otherwise."""
_NO_MESSAGES = "no messages can be had: set callback_url and salt of the account"
log = structlog.get_logger("syncbridge.kuaidi100")


class Kuaidi100Tracker:
    """Behind the `Tracks` and `Watches` ports.

    When a number was last asked for is remembered in this process only: after a restart, or beside another process,
    one may be asked for too early, which 快递100 refuses for that number.
    """

    def __init__(self, settings: Kuaidi100Settings, client: Kuaidi100Client, clock: Clock) -> None:
        self._carriers = settings.carriers
        self._watches = bool(settings.callback_url and settings.salt.get_secret_value())
        self._client = client
        self._clock = clock
        self._asked: dict[str, datetime] = {}

    async def track(self, trails: Sequence[Trail]) -> Sequence[Track]:
        """How far these parcels are, one call for each; those asked for in the last half hour are left out.

        So are those whose carrier is not under ``carriers`` of the account, and those 快递100 refuses. An error that
        may be the account's is raised only if nothing was told, since what was told could not be asked for again.
        """
        tracks: list[Track] = []
        failure: VendorError | None = None
        for trail in self._due(trails):
            self._asked[trail.number] = self._clock.now()
            try:
                tracks.append(await self._look(trail))
            except VendorError as error:
                log.warning("kuaidi100.refused", number=trail.number, why=str(error))
                if error.code not in answers.OF_ONE_PARCEL:
                    failure = error
                if answers.ends_the_round(error):
                    break
        if failure is not None and not tracks:
            raise failure
        return tracks

    async def watch(self, trails: Sequence[Trail]) -> Mapping[str, str]:
        """Subscribe to these parcels, one call for each."""
        if not self._watches:
            return {trail.number: _NO_MESSAGES for trail in trails}
        refused: dict[str, str] = {}
        for trail in trails:
            try:
                await self._client.subscribe(self._company(trail), trail.number, _phone(trail))
            except Rejected as error:
                refused[trail.number] = str(error)
        return refused

    def _due(self, trails: Sequence[Trail]) -> Iterator[Trail]:
        now = self._clock.now()
        self._asked = {number: at for number, at in self._asked.items() if now - at < REST}
        for trail in trails:
            if not self._company(trail):
                log.warning("kuaidi100.no_carrier", number=trail.number, carrier=trail.carrier)
            elif trail.number not in self._asked:
                yield trail

    async def _look(self, trail: Trail) -> Track:
        try:
            told = await self._client.query(self._company(trail), trail.number, _phone(trail))
        except NotFound:
            return Track(trail.number, Movement.UNKNOWN)
        return reading.track(told, trail.number)

    def _company(self, trail: Trail) -> str:
        return self._carriers.get(trail.carrier, "")


def _phone(trail: Trail) -> str:
    """The last digits of a telephone number, which some carriers want."""
    return trail.hints.get("phone", "")
