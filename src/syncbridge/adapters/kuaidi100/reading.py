"""From 快递100's words to parcels."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import structlog

from syncbridge.adapters.kuaidi100 import wire
from syncbridge.model.shipping import Sighting, Track

log = structlog.get_logger("syncbridge.kuaidi100")


def track(told: wire.Told, number: str) -> Track:
    """How far a parcel is, the newest thing told first."""
    state = wire.as_text(told.state)
    if state not in wire.STATES:
        log.warning("kuaidi100.state_unknown", number=number, state=state)
    sightings = sorted(_sightings(told, number), key=lambda sighting: sighting.at, reverse=True)
    return Track(number, wire.movement(state), tuple(sightings))


def _sightings(told: wire.Told, number: str) -> Iterator[Sighting]:
    """An event that cannot be read, or has no time, has no place among them."""
    for raw in told.data or ():
        try:
            event = msgspec.json.decode(raw, type=wire.Event, strict=False)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            log.warning("kuaidi100.event_unreadable", number=number, why=str(error))
            continue
        at = wire.utc(event.ftime, event.time)
        if at is not None:
            place = wire.as_text(event.location) or wire.as_text(event.area_name)
            said = wire.as_text(event.context)
            yield Sighting(at, wire.movement(event.status_code, event.status), said, place)
