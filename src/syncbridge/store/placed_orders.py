"""Vendor orders as last read, and the purchases they became of."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, bindparam, case, func, literal, or_, select, update
from sqlalchemy.dialects.sqlite import Insert
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlmodel import Session, col

from syncbridge.model.money import Money
from syncbridge.model.purchasing import IntentKey, PlacedOrder, Purchase, PurchaseState, SeenOrder, VendorOrderState
from syncbridge.rules.deadlines import Progress
from syncbridge.rules.merging import marks
from syncbridge.store import purchases
from syncbridge.store.rows import chunks, known_row, row_of, rows_of, value
from syncbridge.store.tables.buying import PurchaseRow, VendorOrderRow


def see(session: Session, supplier: str, order: PlacedOrder, *, now: datetime) -> None:
    """Keep a vendor order as last read, whoever made it."""
    row = {
        "supplier": supplier,
        "vendor_order_id": order.vendor_order_id,
        "state": order.state.value,
        "total": order.total,
        "out_order_id": order.out_order_id or "",
        "note": order.note,
        "lines": list(order.lines),
        "created_at": order.created_at,
        "seen_at": now,
        "paid_at": order.paid_at,
        "shipped_at": order.shipped_at,
    }
    session.connection().execute(_SEE if order.created_at is not None else _SEE_PLACED, row)


_READ = upsert(VendorOrderRow)


def _seen_again(*names: str) -> Insert:
    """Keep these of a vendor order that is known already, and when it was paid and shipped."""
    times = {
        "paid_at": _noticed("paid_at", [state.value for state in VendorOrderState if state.is_paid]),
        "shipped_at": _noticed("shipped_at", [state.value for state in VendorOrderState if state.is_shipped]),
    }
    return _READ.on_conflict_do_update(
        index_elements=["supplier", "vendor_order_id"], set_={name: _READ.excluded[name] for name in names} | times
    )


def _noticed(name: str, since: Sequence[str]) -> ColumnElement[datetime]:
    """The time the supplier says, or we saw it come into a state `since` which it has happened.

    Of what had happened when we first saw the order, nobody knows it.
    """
    fresh = _READ.excluded
    happens = case((fresh.state.in_(since) & col(VendorOrderRow.state).not_in(since), fresh.seen_at))
    return func.coalesce(fresh[name], getattr(VendorOrderRow, name), happens)


_SEE_PLACED = _seen_again("state", "total", "seen_at")
"""Right after placing, nothing else is known yet."""
_SEE = _seen_again("state", "total", "seen_at", "out_order_id", "note", "lines", "created_at")


def is_news(session: Session, supplier: str, order: PlacedOrder) -> bool:
    """Whether a vendor order is not in the state we last saw it in."""
    row = row_of(session, VendorOrderRow, supplier, order.vendor_order_id)
    return row is None or row.state != order.state


def adopt(session: Session, purchase: Purchase, orders: Sequence[PlacedOrder], *, now: datetime) -> None:
    """These vendor orders are what the purchase became."""
    for order in orders:
        see(session, purchase.supplier, order, now=now)
    session.connection().execute(
        update(VendorOrderRow)
        .where(
            col(VendorOrderRow.supplier) == purchase.supplier,
            col(VendorOrderRow.vendor_order_id).in_([order.vendor_order_id for order in orders]),
        )
        .values(purchase=purchase.id)
    )
    purchases.move(session, purchase.id, PurchaseState.PLACED, when=purchases.UNPLACED)


def paid(session: Session, purchase: Purchase, order: PlacedOrder, *, now: datetime) -> None:
    """A vendor order is paid; with its last one the purchase is."""
    see(session, purchase.supplier, order, now=now)
    alive = [state for state in of_purchase(session, purchase.id).values() if state is not VendorOrderState.CANCELLED]
    if all(state.is_paid for state in alive):
        purchases.move(session, purchase.id, PurchaseState.PAID, when=[PurchaseState.PLACED])


def shipped(session: Session, purchase: Purchase) -> None:
    """The supplier handed a domestic parcel of it over."""
    purchases.move(session, purchase.id, PurchaseState.SHIPPED, when=[PurchaseState.PLACED, PurchaseState.PAID])


def refund_asked(session: Session, supplier: str, vendor_order_id: str, refund_id: str) -> None:
    """The supplier knows that we want the money back."""
    session.connection().execute(
        update(VendorOrderRow)
        .where(col(VendorOrderRow.supplier) == supplier, col(VendorOrderRow.vendor_order_id) == vendor_order_id)
        .values(refund_id=refund_id)
    )


def of_purchase(session: Session, purchase: int) -> dict[str, VendorOrderState]:
    """The state of each vendor order of a purchase, by id."""
    rows = session.connection().execute(_OF_PURCHASE, {"b_purchase": purchase})
    return {row.vendor_order_id: VendorOrderState(row.state) for row in rows}


_OF_PURCHASE = select(col(VendorOrderRow.vendor_order_id), col(VendorOrderRow.state)).where(
    col(VendorOrderRow.purchase) == bindparam("b_purchase")
)


def urged(session: Session, supplier: str, vendor_order_id: str, *, now: datetime) -> None:
    """Its supplier was asked to ship it, or could not be."""
    session.connection().execute(
        update(VendorOrderRow)
        .where(col(VendorOrderRow.supplier) == supplier, col(VendorOrderRow.vendor_order_id) == vendor_order_id)
        .values(urged_at=now)
    )


def progress(session: Session, holders: Collection[int]) -> dict[int, dict[str, Progress]]:
    """How far the living vendor orders of these purchases are, by purchase and id.

    What was paid or shipped before we kept the times has the nearest that is known.
    """
    found: dict[int, dict[str, Progress]] = {}
    for some in chunks(holders):
        query = select(VendorOrderRow).where(
            col(VendorOrderRow.purchase).in_(some), col(VendorOrderRow.state) != VendorOrderState.CANCELLED
        )
        for row in rows_of(session, query):
            found.setdefault(row.purchase or 0, {})[row.vendor_order_id] = _progress(row)
    return found


def _progress(row: VendorOrderRow) -> Progress:
    state = VendorOrderState(row.state)
    paid_at = (row.paid_at or row.created_at or row.seen_at) if state.is_paid else None
    return Progress(paid_at, (row.shipped_at or row.seen_at) if state.is_shipped else None, row.urged_at)


def seen(session: Session, purchase: int) -> list[SeenOrder]:
    """The living vendor orders of a purchase, with all we keep of them."""
    query = select(VendorOrderRow).where(
        col(VendorOrderRow.purchase) == purchase, col(VendorOrderRow.state) != VendorOrderState.CANCELLED
    )
    return [value(SeenOrder, row) for row in rows_of(session, query)]


def total_of_others(session: Session, purchase: int, order: PlacedOrder) -> Money:
    """What the other living vendor orders of a purchase cost together."""
    query = select(VendorOrderRow).where(
        col(VendorOrderRow.purchase) == purchase,
        col(VendorOrderRow.vendor_order_id) != order.vendor_order_id,
        col(VendorOrderRow.state) != VendorOrderState.CANCELLED,
    )
    total = Money.zero(order.total.currency)
    for row in rows_of(session, query):
        total += row.total
    return total


def purchase_of(session: Session, supplier: str, vendor_order_id: str) -> Purchase | None:
    """The purchase a vendor order belongs to."""
    row = row_of(session, VendorOrderRow, supplier, vendor_order_id)
    return None if row is None or row.purchase is None else purchases.get(session, row.purchase)


def purchases_of(session: Session, named: Collection[tuple[str, str]]) -> dict[tuple[str, str], Purchase]:
    """The same for many, by (supplier, vendor order id)."""
    owners = {
        (row.supplier, row.vendor_order_id): row.purchase
        for supplier in {supplier for supplier, _ in named}
        for some in chunks({number for account, number in named if account == supplier})
        for row in session.connection().execute(
            _OWNERS.where(col(VendorOrderRow.supplier) == supplier, col(VendorOrderRow.vendor_order_id).in_(some))
        )
    }
    found = purchases.numbered(session, set(owners.values()))
    return {order: found[owner] for order, owner in owners.items()}


_OWNERS = select(col(VendorOrderRow.supplier), col(VendorOrderRow.vendor_order_id), col(VendorOrderRow.purchase)).where(
    col(VendorOrderRow.purchase).is_not(None)
)


def holder(session: Session, purchase: Purchase, orders: Sequence[PlacedOrder]) -> Purchase:
    """The purchase these vendor orders of a purchase are kept under: another they were made for too, if it has them."""
    known = purchase_of(session, purchase.supplier, orders[0].vendor_order_id)
    if known is not None and purchase.mark in marks(orders[0].note):
        return known
    return purchases.get(session, purchases.get(session, purchase.id).holder)


def named_by(session: Session, order: PlacedOrder) -> Purchase | None:
    """The purchase whose name or mark a vendor order carries, or that holds its orders, whatever its state."""
    named = col(PurchaseRow.out_order_id) == (order.out_order_id or "")
    marked = literal(order.note).contains(col(PurchaseRow.mark))
    found = rows_of(session, select(PurchaseRow).where(or_(named, marked)).limit(1))
    return purchases.get(session, found[0].merged_into or found[0].id or 0) if found else None


def unowned(session: Session, purchase: Purchase, *, slack: timedelta) -> list[SeenOrder]:
    """Vendor orders of its account that belong to no purchase, made since it was sent, less some slack for clocks.

    One to be bought by hand counts from its intent; vendor orders whose time is not known are among them.
    """
    row = known_row(session, PurchaseRow, purchase.id)
    made = col(VendorOrderRow.created_at)
    query = select(VendorOrderRow).where(
        col(VendorOrderRow.supplier) == purchase.supplier,
        col(VendorOrderRow.purchase).is_(None),
        or_(made >= (row.sent_at or row.created_at) - slack, made.is_(None)),
    )
    return [value(SeenOrder, order) for order in rows_of(session, query)]


def unclaimed(session: Session, purchase: Purchase) -> list[PlacedOrder]:
    """Living vendor orders that carry a purchase's name or mark and belong to none: of a time a backup forgot.

    One made for several purchases may belong to another of them.
    """
    found = rows_of(
        session,
        _bearing(purchase.supplier, [purchase.key]).where(func.coalesce(VendorOrderRow.purchase, 0) != purchase.holder),
    )
    return [_placed(row) for row in found if row.purchase is None or purchase.mark in marks(row.note)]


def unclaimed_of(session: Session, supplier: str, keys: Sequence[IntentKey]) -> list[PlacedOrder]:
    """The same for purchases that are not intended yet, by the names they would have."""
    found = rows_of(session, _bearing(supplier, keys).where(col(VendorOrderRow.purchase).is_(None)))
    return [_placed(row) for row in found]


def _bearing(supplier: str, keys: Sequence[IntentKey]) -> Select[VendorOrderRow]:
    return select(VendorOrderRow).where(
        col(VendorOrderRow.supplier) == supplier,
        col(VendorOrderRow.state) != VendorOrderState.CANCELLED,
        or_(
            col(VendorOrderRow.out_order_id).in_([key.out_order_id for key in keys]),
            *(col(VendorOrderRow.note).contains(key.mark, autoescape=True) for key in keys),
        ),
    )


def _placed(row: VendorOrderRow) -> PlacedOrder:
    return PlacedOrder(
        row.vendor_order_id,
        VendorOrderState(row.state),
        row.total,
        Money.zero(row.total.currency),
        row.out_order_id,
        row.note,
        tuple(row.lines),
        row.created_at,
    )
