"""Declared parcels and how far they were last seen."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, or_, select, update
from sqlmodel import Session, col

from syncbridge.model.shipping import ParcelState, Track
from syncbridge.rules.following import ENDED
from syncbridge.store.rows import chunks, value
from syncbridge.store.tables.buying import PurchaseRow
from syncbridge.store.tables.parcels import ParcelRow
from syncbridge.store.types import UtcTime


@dataclass(frozen=True, slots=True)
class Followed:
    """A declared parcel."""

    id: int
    store: str
    order_id: str
    carrier: str
    """The channel's key."""
    number: str
    declared_at: datetime
    movement: str
    """Empty: nobody was asked yet."""
    moved_at: datetime | None
    """When it was last seen, by its carrier's clock."""


def due(session: Session, store: str, *, before: datetime, most: int) -> list[Followed]:
    """Parcels on their way that were not looked for since, the longest first."""
    query = _DECLARED.where(
        col(PurchaseRow.store) == store,
        col(ParcelRow.movement).not_in(ENDED),
        or_(col(ParcelRow.looked_at).is_(None), col(ParcelRow.looked_at) < before),
    )
    rows = session.connection().execute(query.order_by(col(ParcelRow.looked_at), col(ParcelRow.id)).limit(most))
    return [value(Followed, row) for row in rows]


def numbered(session: Session, numbers: Collection[str]) -> list[Followed]:
    """Parcels of these numbers; several where one holds goods for several orders."""
    return [
        value(Followed, row)
        for some in chunks(numbers)
        for row in session.connection().execute(_DECLARED.where(col(ParcelRow.number).in_(some)))
    ]


def looked(session: Session, parcels: Collection[int], *, now: datetime) -> None:
    """Note that these parcels were looked for."""
    for some in chunks(parcels):
        session.connection().execute(update(ParcelRow).where(col(ParcelRow.id).in_(some)).values(looked_at=now))


def saw(session: Session, tracks: Mapping[int, Track]) -> None:
    """Note how far these parcels are."""
    rows = [
        {
            "b_id": parcel,
            "b_movement": track.movement.value,
            "b_said": track.sightings[0].said if track.sightings else "",
            "b_moved_at": track.sightings[0].at if track.sightings else None,
        }
        for parcel, track in tracks.items()
    ]
    if rows:
        session.connection().execute(_SAW, rows)


_SAW = (
    update(ParcelRow)
    .where(col(ParcelRow.id) == bindparam("b_id"))
    .values(
        movement=bindparam("b_movement"),
        said=bindparam("b_said"),
        moved_at=bindparam("b_moved_at", type_=UtcTime()),
    )
)
_DECLARED = (
    select(
        col(ParcelRow.id),
        col(PurchaseRow.store),
        col(PurchaseRow.order_id),
        col(ParcelRow.carrier),
        col(ParcelRow.number),
        col(ParcelRow.declared_at),
        col(ParcelRow.movement),
        col(ParcelRow.moved_at),
    )
    .join(PurchaseRow, col(PurchaseRow.id) == col(ParcelRow.purchase))
    .where(col(ParcelRow.declared_at).is_not(None), col(ParcelRow.state) == ParcelState.ANNOUNCED)
)
