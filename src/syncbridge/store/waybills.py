"""Domestic parcels of vendor orders: every number ever shown, and how far each parcel is."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, bindparam, exists, func, or_, select, update
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from syncbridge.model.purchasing import PurchaseState, VendorOrderState
from syncbridge.model.shipping import Movement, ParcelState, Shipment, Track
from syncbridge.store.rows import rows_of, value
from syncbridge.store.tables.buying import PurchaseRow, VendorOrderRow
from syncbridge.store.tables.parcels import ParcelRow, WaybillRow
from syncbridge.store.tables.work import HoldRow
from syncbridge.store.types import UtcTime


@dataclass(frozen=True, slots=True)
class Waybill:
    """A domestic parcel as its supplier shows it now."""

    number: str
    carrier: str
    seen_at: datetime
    """When it was first read."""
    movement: str
    """Empty: it was not looked for yet."""
    said: str
    moved_at: datetime | None


@dataclass(frozen=True, slots=True)
class Shipped:
    """A vendor order that left its supplier, and the channel order it is for."""

    vendor_order_id: str
    store: str
    order_id: str


@dataclass(frozen=True, slots=True)
class Received:
    """A vendor order whose parcels the relay address has signed for, all of them."""

    vendor_order_id: str
    store: str
    order_id: str
    numbers: str
    signed_at: datetime
    """The last of them."""


def keep(
    session: Session, supplier: str, vendor_order_id: str, parcels: Sequence[Shipment], *, now: datetime
) -> tuple[list[str], list[str]]:
    """Keep the parcels shown of a vendor order; answers the numbers that are new, and those that are shown no more."""
    shown = {parcel.number: parcel.carrier for parcel in parcels}
    rows = rows_of(session, select(WaybillRow).where(*_of(supplier, vendor_order_id)))
    known = {row.number: row.gone_at for row in rows}
    gone = [number for number, since in known.items() if since is None and number not in shown]
    session.connection().execute(
        _SHOWN,
        [
            {
                "supplier": supplier,
                "vendor_order_id": vendor_order_id,
                "number": number,
                "carrier": carrier,
                "seen_at": now,
                "movement": "",
                "said": "",
            }
            for number, carrier in shown.items()
        ],
    )
    if gone:
        its = (*_of(supplier, vendor_order_id), col(WaybillRow.number).in_(gone))
        session.connection().execute(update(WaybillRow).where(*its).values(gone_at=now))
    return [number for number in shown if number not in known], gone


_READ = upsert(WaybillRow)
_SHOWN = _READ.on_conflict_do_update(
    index_elements=["supplier", "vendor_order_id", "number"],
    set_={"carrier": _READ.excluded.carrier, "gone_at": None},
)


def living(session: Session, supplier: str, vendor_order_id: str) -> list[Waybill]:
    """The parcels its supplier shows of a vendor order, the first read first."""
    rows = rows_of(session, _LIVING, b_supplier=supplier, b_vendor_order=vendor_order_id)
    return [value(Waybill, row) for row in rows]


_LIVING = (
    select(WaybillRow)
    .where(
        col(WaybillRow.supplier) == bindparam("b_supplier"),
        col(WaybillRow.vendor_order_id) == bindparam("b_vendor_order"),
        col(WaybillRow.gone_at).is_(None),
    )
    .order_by(col(WaybillRow.seen_at), col(WaybillRow.number))
)


def is_domestic(session: Session, number: str) -> bool:
    """Whether a number was ever that of a domestic parcel, of whatever order, however its letters are written."""
    forms = {number, number.upper(), number.lower()}
    query = select(func.count()).select_from(WaybillRow).where(col(WaybillRow.number).in_(forms))
    return session.connection().execute(query).scalar_one() > 0


def saw(
    session: Session, supplier: str, vendor_order_id: str, tracks: Mapping[str, Track], *, now: datetime
) -> list[str]:
    """Note how far the parcels of a vendor order are, by number; answers those that are signed for since."""
    arrived = {number for number, track in tracks.items() if track.movement is Movement.DELIVERED}
    unsigned = {one.number for one in living(session, supplier, vendor_order_id) if one.movement != Movement.DELIVERED}
    rows = [
        {
            "b_supplier": supplier,
            "b_vendor_order": vendor_order_id,
            "b_number": number,
            "b_movement": track.movement.value,
            "b_said": track.sightings[0].said if track.sightings else "",
            "b_moved_at": track.sightings[0].at if track.sightings else now if number in arrived else None,
        }
        for number, track in tracks.items()
    ]
    if rows:
        session.connection().execute(_SAW, rows)
    return sorted(arrived & unsigned)


def under_way(session: Session, supplier: str, *, when: Collection[PurchaseState]) -> list[Shipped]:
    """Shipped vendor orders not all of whose parcels are signed for, or that show none.

    Of purchases in these states, those bought together being one.
    """
    unsigned = _waybills(col(WaybillRow.movement) != Movement.DELIVERED)
    query = (
        select(col(VendorOrderRow.vendor_order_id), col(PurchaseRow.store), col(PurchaseRow.order_id))
        .join(PurchaseRow, col(PurchaseRow.id) == col(VendorOrderRow.purchase))
        .where(
            col(VendorOrderRow.supplier) == supplier,
            col(VendorOrderRow.state) == VendorOrderState.SHIPPED,
            col(PurchaseRow.state).in_([state.value for state in when]),
            or_(unsigned, ~_waybills()),
        )
    )
    rows = session.connection().execute(query.order_by(col(VendorOrderRow.vendor_order_id)))
    return [value(Shipped, row) for row in rows]


def not_forwarded(
    session: Session, supplier: str, *, when: Collection[PurchaseState], before: datetime
) -> list[Received]:
    """Vendor orders that arrived at the relay address before then, and of whose purchase no parcel is announced."""
    signed_at = func.max(col(WaybillRow.moved_at), type_=UtcTime())
    announced = exists().where(col(ParcelRow.purchase) == col(VendorOrderRow.purchase))
    query = (
        select(
            col(VendorOrderRow.vendor_order_id),
            col(PurchaseRow.store),
            col(PurchaseRow.order_id),
            func.group_concat(col(WaybillRow.number), ", ").label("numbers"),
            signed_at.label("signed_at"),
        )
        .join(PurchaseRow, col(PurchaseRow.id) == col(VendorOrderRow.purchase))
        .join(WaybillRow, _IS_OF_IT)
        .where(
            col(VendorOrderRow.supplier) == supplier,
            col(PurchaseRow.state).in_([state.value for state in when]),
            col(WaybillRow.gone_at).is_(None),
            ~_waybills(col(WaybillRow.movement) != Movement.DELIVERED),
            ~announced,
        )
        .group_by(col(VendorOrderRow.vendor_order_id))
        .having(signed_at < before)
    )
    return [value(Received, row) for row in session.connection().execute(query)]


def confirmable(session: Session, supplier: str, rule: str) -> list[Shipped]:
    """Vendor orders whose goods arrived, as the `rule` understands it: ``signed`` or ``delivered``.

    Shipped, with no money asked back, and nothing held of what they were bought for.
    """
    if rule == "signed":
        arrived = _waybills() & ~_waybills(col(WaybillRow.movement) != Movement.DELIVERED)
    else:
        arrived = _parcels() & ~_parcels(col(ParcelRow.movement) != Movement.DELIVERED)
    query = (
        select(col(VendorOrderRow.vendor_order_id), col(PurchaseRow.store), col(PurchaseRow.order_id))
        .join(PurchaseRow, col(PurchaseRow.id) == col(VendorOrderRow.purchase))
        .where(
            col(VendorOrderRow.supplier) == supplier,
            col(VendorOrderRow.state) == VendorOrderState.SHIPPED,
            col(VendorOrderRow.refund_id).is_(None),
            col(PurchaseRow.state).not_in([PurchaseState.WITHDRAWING.value, PurchaseState.STOPPED.value]),
            arrived,
            ~_is_held(),
        )
    )
    return [value(Shipped, row) for row in session.connection().execute(query)]


def _of(supplier: str, vendor_order_id: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return col(WaybillRow.supplier) == supplier, col(WaybillRow.vendor_order_id) == vendor_order_id


def _waybills(*which: ColumnElement[bool]) -> ColumnElement[bool]:
    """Whether a vendor order shows a parcel of which this holds."""
    return exists().where(_IS_OF_IT, col(WaybillRow.gone_at).is_(None), *which).correlate(VendorOrderRow)


def _parcels(*which: ColumnElement[bool]) -> ColumnElement[bool]:
    """The same of the parcels that take its goods abroad."""
    of_it = col(ParcelRow.purchase) == col(VendorOrderRow.purchase)
    return exists().where(of_it, col(ParcelRow.state) == ParcelState.ANNOUNCED, *which).correlate(VendorOrderRow)


def _is_held() -> ColumnElement[bool]:
    """Whether anything is held of a vendor order, or of an order it was made for."""
    bought, subject = aliased(PurchaseRow), col(HoldRow.subject)
    holder = col(VendorOrderRow.purchase)
    together = or_(col(bought.id) == holder, col(bought.merged_into) == holder)
    order = "order " + col(bought.store) + "/" + col(bought.order_id)
    its_own = "vendor order " + col(VendorOrderRow.supplier) + "/" + col(VendorOrderRow.vendor_order_id)
    of_a_part = func.substr(subject, 1, func.length(order) + 1) == order + " "
    named = or_(subject == its_own, subject == order, of_a_part)
    return exists().where(together, col(HoldRow.closed_at).is_(None), named).correlate(VendorOrderRow)


_IS_OF_IT = (col(WaybillRow.supplier) == col(VendorOrderRow.supplier)) & (
    col(WaybillRow.vendor_order_id) == col(VendorOrderRow.vendor_order_id)
)
_SAW = (
    update(WaybillRow)
    .where(
        col(WaybillRow.supplier) == bindparam("b_supplier"),
        col(WaybillRow.vendor_order_id) == bindparam("b_vendor_order"),
        col(WaybillRow.number) == bindparam("b_number"),
    )
    .values(
        movement=bindparam("b_movement"),
        said=bindparam("b_said"),
        moved_at=bindparam("b_moved_at", type_=UtcTime()),
    )
)
