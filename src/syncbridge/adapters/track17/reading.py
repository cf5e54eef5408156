"""From 17TRACK's words to parcels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

import msgspec
import structlog

from syncbridge.adapters.track17 import wire
from syncbridge.model.shipping import Movement, Sighting, Track

T = TypeVar("T")
log = structlog.get_logger("syncbridge.track17")


def rows(raws: Sequence[msgspec.Raw] | None, shape: type[T]) -> Iterator[T]:
    """Each row of an answer; one that cannot be read is logged and left out."""
    for raw in raws or ():
        try:
            yield msgspec.json.decode(raw, type=shape, strict=False)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            log.warning("track17.row_unreadable", why=str(error))


def track(row: wire.AcceptedNumber, number: str) -> Track:
    """How far a parcel is, under the number it was asked for by."""
    info = row.track_info or wire.TrackInfo()
    latest = info.latest_status or wire.LatestStatus()
    if latest.status is not None and wire.as_text(latest.status) not in wire.STATES:
        log.warning("track17.state_unknown", number=number, status=latest.status)
    return Track(number, wire.movement(latest.status, latest.sub_status), _sightings(info.tracking))


def _sightings(tracking: wire.Tracking | None) -> tuple[Sighting, ...]:
    """What all its carriers told, the newest first; an event without a readable time has no place among them."""
    providers = (tracking.providers if tracking else None) or []
    told = (_sighting(event) for provider in providers for event in provider.events or [])
    each_once = dict.fromkeys(sighting for sighting in told if sighting is not None)
    return tuple(sorted(each_once, key=lambda sighting: sighting.at, reverse=True))


def _sighting(event: wire.Event) -> Sighting | None:
    at = wire.utc(event.time_utc, event.time_iso)
    if at is None:
        return None
    movement: Movement = wire.event_movement(event.stage, event.sub_status)
    return Sighting(at, movement, wire.as_text(event.description), wire.as_text(event.location))
