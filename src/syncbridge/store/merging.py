"""Purchases that became one vendor order together: one of them holds it, the others name that one."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import or_, select, update
from sqlmodel import Session, col

from syncbridge.model.purchasing import PlacedOrder, Purchase, PurchaseLine, PurchaseState
from syncbridge.model.shipping import ParcelState, Shipment
from syncbridge.rules import merging
from syncbridge.rules.candidates import uncovered
from syncbridge.store.rows import known_row, rows_of, value
from syncbridge.store.tables.buying import PurchaseRow
from syncbridge.store.tables.parcels import ParcelRow


def together(session: Session, purchase: Purchase) -> list[Purchase]:
    """A purchase and all that were bought with it, the one that holds the vendor orders first."""
    of_it = or_(col(PurchaseRow.id) == purchase.holder, col(PurchaseRow.merged_into) == purchase.holder)
    query = select(PurchaseRow).where(of_it).order_by(col(PurchaseRow.merged_into).is_not(None), col(PurchaseRow.id))
    return [value(Purchase, row) for row in rows_of(session, query)]


def alike(session: Session, purchase: Purchase) -> list[Purchase]:
    """Other purchases to be made in the same way for the same buyer; none if it, or they, were sent once already."""
    if purchase.sent_at is not None or not purchase.address_digest:
        return []
    query = (
        select(PurchaseRow)
        .where(
            col(PurchaseRow.id) != purchase.id,
            col(PurchaseRow.state) == PurchaseState.INTENDED,
            col(PurchaseRow.sent_at).is_(None),
            col(PurchaseRow.supplier) == purchase.supplier,
            col(PurchaseRow.store) == purchase.store,
            col(PurchaseRow.route) == purchase.route,
            col(PurchaseRow.alternative) == purchase.alternative,
            col(PurchaseRow.address_digest) == purchase.address_digest,
        )
        .order_by(col(PurchaseRow.id))
    )
    found = [value(Purchase, row) for row in rows_of(session, query)]
    return [one for one in found if one.relay == purchase.relay and one.payout.currency == purchase.payout.currency]


def join(
    session: Session, holder: Purchase, found: Sequence[PlacedOrder], *, when: Collection[PurchaseState]
) -> list[Purchase]:
    """Purchases in one of these states that vendor orders name were bought with their holder; answers them.

    A restored backup does not know it, so the notes of the vendor orders say it.
    """
    marks = {mark for order in found for mark in merging.marks(order.note)}
    query = select(PurchaseRow).where(
        col(PurchaseRow.mark).in_(marks),
        col(PurchaseRow.supplier) == holder.supplier,
        col(PurchaseRow.id) != holder.id,
        col(PurchaseRow.merged_into).is_(None),
        col(PurchaseRow.state).in_([state.value for state in when]),
    )
    joined = [value(Purchase, row) for row in rows_of(session, query)]
    for one in joined:
        part(session, one.id)
    state = _state(together(session, holder))
    merge(session, holder.id, [one.id for one in joined])
    session.connection().execute(
        update(PurchaseRow).where(col(PurchaseRow.id).in_([one.id for one in joined])).values(state=state.value)
    )
    return joined


def merge(session: Session, holder: int, others: Sequence[int]) -> None:
    """One purchase holds the vendor orders of them all, and their lines."""
    ids = [holder, *others]
    if not others:
        return
    rows = [value(Purchase, known_row(session, PurchaseRow, one)) for one in ids]
    _set_lines(session, holder, list(merging.lines(rows)))
    session.connection().execute(update(PurchaseRow).where(col(PurchaseRow.id).in_(others)).values(merged_into=holder))


def part(session: Session, holder: int) -> None:
    """Those merged into a purchase are on their own again, in the states they are in."""
    query = select(col(PurchaseRow.lines)).where(col(PurchaseRow.merged_into) == holder)
    others = [line for (lines,) in session.connection().execute(query) for line in lines]
    if others:
        whole = select(col(PurchaseRow.lines)).where(col(PurchaseRow.id) == holder)
        _set_lines(session, holder, list(uncovered(session.connection().execute(whole).scalar_one(), others)))
        of_it = col(PurchaseRow.merged_into) == holder
        session.connection().execute(update(PurchaseRow).where(of_it).values(merged_into=None))


def unsend(session: Session, holder: int) -> None:
    """It is clear that a purchase was not made: those sent with it are to be bought still, each on its own."""
    unclear = [PurchaseState.SENT.value, PurchaseState.UNKNOWN.value]
    result = session.connection().execute(
        update(PurchaseRow)
        .where(col(PurchaseRow.merged_into) == holder, col(PurchaseRow.state).in_(unclear))
        .values(state=PurchaseState.INTENDED.value)
    )
    if result.rowcount:
        part(session, holder)


def parcels(session: Session, holder: Purchase) -> list[Shipment]:
    """International parcels that were announced for it so far, each one of its own."""
    query = select(ParcelRow).where(col(ParcelRow.purchase) == holder.id, col(ParcelRow.state) == ParcelState.ANNOUNCED)
    return [Shipment(row.carrier, row.number, row.mark, replaces="") for row in rows_of(session, query)]


def _set_lines(session: Session, purchase: int, lines: list[PurchaseLine]) -> None:
    session.connection().execute(update(PurchaseRow).where(col(PurchaseRow.id) == purchase).values(lines=lines))


def _state(others: Sequence[Purchase]) -> PurchaseState:
    """How far goods are that were bought for others; to be declared to its own order still, if to theirs already."""
    states = {purchase.state for purchase in others}
    if PurchaseState.DECLARED in states:
        return PurchaseState.SHIPPED
    return next((state for state in merging.BOUGHT if state in states), PurchaseState.PLACED)
