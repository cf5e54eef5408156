"""International parcels, and what they are for."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlmodel import Session, col

from syncbridge.model.purchasing import Purchase, PurchaseState
from syncbridge.model.shipping import Shipment
from syncbridge.store import purchases
from syncbridge.store.rows import chunks
from syncbridge.store.tables import ParcelRow


@dataclass(frozen=True, slots=True)
class Parcel:
    """An international parcel and what it is for."""

    id: int
    shipment: Shipment
    purchase: Purchase
    declared: bool


def announce(session: Session, purchase: Purchase, shipment: Shipment) -> int | None:
    """Keep an international parcel; answers its id, None if it was known."""
    statement = upsert(ParcelRow).values(purchase=purchase.id, carrier=shipment.carrier, number=shipment.number)
    if session.connection().execute(statement.on_conflict_do_nothing()).rowcount != 1:
        return None
    query = select(col(ParcelRow.id)).where(
        col(ParcelRow.purchase) == purchase.id, col(ParcelRow.number) == shipment.number
    )
    return session.connection().execute(query).scalar_one()


def get(session: Session, parcel: int) -> Parcel:
    """A parcel."""
    row = session.get_one(ParcelRow, parcel)
    purchase = purchases.get(session, row.purchase)
    return Parcel(parcel, Shipment(row.carrier, row.number, purchase.mark), purchase, row.declared_at is not None)


def announced(session: Session, ids: Collection[int]) -> set[int]:
    """Those of these purchases that an international number is known of."""
    return {
        purchase
        for some in chunks(ids)
        for purchase in session.scalars(select(col(ParcelRow.purchase)).where(col(ParcelRow.purchase).in_(some)))
    }


def declared(session: Session, parcel: int, purchase: Purchase, *, now: datetime) -> None:
    """The channel knows the parcel."""
    session.connection().execute(update(ParcelRow).where(col(ParcelRow.id) == parcel).values(declared_at=now))
    purchases.move(session, purchase.id, PurchaseState.DECLARED, when=list(PurchaseState))
