"""International parcels, and what they are for."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlmodel import Session, col

from syncbridge.model.purchasing import Purchase, PurchaseState, VendorOrderState
from syncbridge.model.shipping import ParcelState, Shipment
from syncbridge.store import purchases
from syncbridge.store.rows import chunks, known_row, rows_of
from syncbridge.store.tables.buying import PurchaseRow, VendorOrderRow
from syncbridge.store.tables.parcels import ParcelRow


@dataclass(frozen=True, slots=True)
class Parcel:
    """An international parcel and what it is for."""

    id: int
    shipment: Shipment
    """With the carrier as it was announced; once it is declared, the channel's key."""
    purchase: Purchase
    state: ParcelState
    declared_at: datetime | None


def known(session: Session, purchase: Purchase, mark: str) -> dict[str, ParcelState]:
    """The numbers announced for a purchase under a mark."""
    query = select(col(ParcelRow.number), col(ParcelRow.state)).where(
        col(ParcelRow.purchase) == purchase.id, col(ParcelRow.mark) == mark
    )
    return {row.number: ParcelState(row.state) for row in session.connection().execute(query)}


def announce(
    session: Session, purchase: Purchase, shipment: Shipment, state: ParcelState = ParcelState.ANNOUNCED
) -> int | None:
    """Keep an international parcel; answers its id, None if it was known."""
    statement = upsert(ParcelRow).values(
        purchase=purchase.id,
        carrier=shipment.carrier,
        number=shipment.number,
        mark=shipment.mark or purchase.mark,
        state=state.value,
    )
    if session.connection().execute(statement.on_conflict_do_nothing()).rowcount != 1:
        return None
    return _id(session, purchase, shipment.number)


def stand_for(session: Session, purchase: Purchase, old: str, new: Shipment) -> tuple[int, int]:
    """Let a number take the place of another of the same purchase, under its mark; answers the ids of both."""
    row = known_row(session, ParcelRow, _id(session, purchase, old))
    statement = upsert(ParcelRow).values(
        purchase=purchase.id,
        carrier=new.carrier,
        number=new.number,
        mark=row.mark,
        state=ParcelState.ANNOUNCED.value,
    )
    fresh = {name: statement.excluded[name] for name in ("carrier", "mark", "state")}
    session.connection().execute(
        statement.on_conflict_do_update(index_elements=["purchase", "number"], set_={**fresh, "declared_at": None})
    )
    former = row.id or 0
    _set_state(session, former, ParcelState.REPLACED)
    return former, _id(session, purchase, new.number)


def settle(session: Session, parcel: int) -> None:
    """A number that was doubtful is one of its own."""
    _set_state(session, parcel, ParcelState.ANNOUNCED)


def former(session: Session, parcel: Parcel) -> set[str]:
    """The numbers of its mark whose place others have taken."""
    numbers = known(session, parcel.purchase, parcel.shipment.mark or "")
    return {number for number, state in numbers.items() if state is ParcelState.REPLACED}


def get(session: Session, parcel: int) -> Parcel:
    """A parcel."""
    return _parcel(session, known_row(session, ParcelRow, parcel))


def announced(session: Session, ids: Collection[int]) -> set[int]:
    """Those of these purchases that an international number is known of, and not in doubt."""
    query = select(col(ParcelRow.purchase)).where(col(ParcelRow.state) == ParcelState.ANNOUNCED)
    return {
        purchase
        for some in chunks(ids)
        for purchase in session.connection().scalars(query.where(col(ParcelRow.purchase).in_(some)))
    }


def of_order(session: Session, order_id: str, stores: Collection[str]) -> list[Parcel]:
    """All parcels of the order of that id in one of these stores, oldest first."""
    query = (
        select(ParcelRow)
        .join(PurchaseRow, col(PurchaseRow.id) == col(ParcelRow.purchase))
        .where(col(PurchaseRow.order_id) == order_id, col(PurchaseRow.store).in_(stores))
        .order_by(col(ParcelRow.id))
    )
    return [_parcel(session, row) for row in rows_of(session, query)]


def packed(session: Session, store: str, order_id: str) -> list[tuple[str, int, int]]:
    """Of each purchase of an order that is not given up: route, living vendor orders, international numbers."""
    holder = func.coalesce(PurchaseRow.merged_into, PurchaseRow.id)
    made = select(func.count()).where(
        col(VendorOrderRow.purchase) == holder, col(VendorOrderRow.state) != VendorOrderState.CANCELLED
    )
    announced = select(func.count()).where(
        col(ParcelRow.purchase) == col(PurchaseRow.id), col(ParcelRow.state) == ParcelState.ANNOUNCED
    )
    query = select(
        col(PurchaseRow.route),
        made.correlate(PurchaseRow).scalar_subquery().label("made"),
        announced.correlate(PurchaseRow).scalar_subquery().label("announced"),
    ).where(
        col(PurchaseRow.store) == store,
        col(PurchaseRow.order_id) == order_id,
        col(PurchaseRow.state) != PurchaseState.STOPPED,
    )
    return [(row.route, row.made, row.announced) for row in session.connection().execute(query)]


def declared(session: Session, parcel: int, purchase: Purchase, carrier: str, *, now: datetime) -> None:
    """The channel knows the parcel, under this key of its carrier."""
    session.connection().execute(
        update(ParcelRow).where(col(ParcelRow.id) == parcel).values(declared_at=now, carrier=carrier)
    )
    purchases.move(session, purchase.id, PurchaseState.DECLARED, when=list(PurchaseState))


def _parcel(session: Session, row: ParcelRow) -> Parcel:
    purchase = purchases.get(session, row.purchase)
    shipment = Shipment(row.carrier, row.number, row.mark or purchase.mark)
    return Parcel(row.id or 0, shipment, purchase, ParcelState(row.state), row.declared_at)


def _id(session: Session, purchase: Purchase, number: str) -> int:
    query = select(col(ParcelRow.id)).where(col(ParcelRow.purchase) == purchase.id, col(ParcelRow.number) == number)
    return session.connection().execute(query).scalar_one() or 0


def _set_state(session: Session, parcel: int, state: ParcelState) -> None:
    session.connection().execute(update(ParcelRow).where(col(ParcelRow.id) == parcel).values(state=state.value))
