"""17TRACK as someone who tells how far parcels are, and sends a message when one moves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import structlog

from syncbridge.adapters.track17 import answers, reading, wire
from syncbridge.adapters.track17.client import MOST, Item, Track17Client
from syncbridge.adapters.track17.settings import Track17Settings
from syncbridge.model.shipping import Movement, Track, Trail

log = structlog.get_logger("syncbridge.track17")

Asked = Mapping[str, Trail]
"""The parcels of one call, by number; numbers are told apart whatever the case 17TRACK writes them in."""


class Track17Tracker:
    """Behind the `Tracks` and `Watches` ports."""

    def __init__(self, settings: Track17Settings, client: Track17Client) -> None:
        self._carriers = settings.carriers
        self._client = client

    async def track(self, trails: Sequence[Trail]) -> Sequence[Track]:
        """How far these parcels are. One 17TRACK does not follow yet is registered, and left out this time."""
        tracks: list[Track] = []
        for asked in _calls(trails):
            told = await self._client.track_info(self._items(asked))
            refused = _refused(told, asked)
            tracks += _tracks(told, asked, refused).values()
            strangers = {key: asked[key] for key, code in refused.items() if code == answers.NOT_REGISTERED}
            if strangers:
                for number, why in (await self._register(strangers)).items():
                    log.warning("track17.not_registered", number=number, why=why)
        return tracks

    async def watch(self, trails: Sequence[Trail]) -> Mapping[str, str]:
        """Register these parcels; messages go to the address written in 17TRACK's console."""
        refused: dict[str, str] = {}
        for asked in _calls(trails):
            refused |= await self._register(asked)
        return refused

    async def _register(self, asked: Asked) -> Mapping[str, str]:
        """Why single numbers were not registered; being so already is as good."""
        told = await self._client.register(self._items(asked))
        taken = {_key(row.number) for row in reading.rows(told.accepted, wire.AcceptedNumber)}
        refused = {key: "17TRACK did not say whether it took it" for key in asked if key not in taken}
        for row in reading.rows(told.rejected, wire.RejectedNumber):
            key = _key(row.number)
            if wire.as_text(row.error.code) == answers.ALREADY_REGISTERED:
                refused.pop(key, None)
            elif key in refused:
                refused[key] = answers.reason(row.error)
        return {asked[key].number: why for key, why in refused.items()}

    def _items(self, asked: Asked) -> Sequence[Item]:
        return [self._item(trail) for trail in asked.values()]

    def _item(self, trail: Trail) -> Item:
        carrier = self._carriers.get(trail.carrier)
        return {"number": trail.number} | ({} if carrier is None else {"carrier": carrier})


def _calls(trails: Sequence[Trail]) -> Iterator[Asked]:
    """The parcels in calls that are not too long, each number once."""
    each = list({_key(trail.number): trail for trail in trails}.items())
    for start in range(0, len(each), MOST):
        yield dict(each[start : start + MOST])


def _tracks(told: wire.Payload, asked: Asked, refused: Mapping[str, str]) -> Mapping[str, Track]:
    """Those that were asked for, each once; a registered number nobody knows anything of yet is told as such."""
    tracks: dict[str, Track] = {}
    for row in reading.rows(told.accepted, wire.AcceptedNumber):
        key = _key(row.number)
        if key in asked:
            tracks.setdefault(key, reading.track(row, asked[key].number))
    for key, code in refused.items():
        if code == answers.NOTHING_KNOWN:
            tracks.setdefault(key, Track(asked[key].number, Movement.UNKNOWN))
        elif code != answers.NOT_REGISTERED:
            log.warning("track17.refused", number=asked[key].number, code=code)
    return tracks


def _refused(told: wire.Payload, asked: Asked) -> Mapping[str, str]:
    """The codes of the numbers that were not taken."""
    rejected = reading.rows(told.rejected, wire.RejectedNumber)
    return {_key(row.number): wire.as_text(row.error.code) for row in rejected if _key(row.number) in asked}


def _key(number: wire.Text) -> str:
    return wire.as_text(number).upper()
