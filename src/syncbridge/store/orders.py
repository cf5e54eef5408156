"""Channel orders as last read."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import cast

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlmodel import Session, col

from syncbridge.model.money import Money
from syncbridge.model.orders import BuyerAddress, Order, OrderRef, OrderStage, OrderState
from syncbridge.model.purchasing import Purchase, PurchaseState
from syncbridge.store.rows import chunks, known_row, row_of, rows_of
from syncbridge.store.tables.buying import OrderRow, PurchaseRow
from syncbridge.store.types import reader, to_json

_read_address = reader(BuyerAddress)
PAGE = 200
"""Orders read at once where many are."""


def unseen(session: Session, store: str, refs: Sequence[OrderRef]) -> list[OrderRef]:
    """Those of a list that we have not read in this state yet."""
    known = session.connection().execute(
        select(col(OrderRow.order_id), col(OrderRow.modified_at), col(OrderRow.status)).where(
            col(OrderRow.store) == store, col(OrderRow.order_id).in_([ref.order_id for ref in refs])
        )
    )
    seen = {row.order_id: OrderRef(row.order_id, row.modified_at, row.status) for row in known}
    return [ref for ref in refs if ref.order_id not in seen or _is_later(ref, seen[ref.order_id])]


def _is_later(ref: OrderRef, seen: OrderRef) -> bool:
    """Channels count whole seconds: an order read in the second it changed may have changed again in it."""
    if ref.modified_at == seen.modified_at:
        return ref.status not in ("", seen.status)
    return ref.modified_at > seen.modified_at


def keep(session: Session, store: str, order: Order) -> bool:
    """Store what was read, unless something newer is known; answers whether it was stored."""
    row = {
        "store": store,
        "order_id": order.order_id,
        "state": order.state.value,
        "status": order.status,
        "stage": OrderStage.WAITING.value,
        "modified_at": order.modified_at,
        "created_at": order.created_at,
        "paid_at": order.paid_at,
        "ship_by": order.ship_by,
        "total": order.total,
        "lines": list(order.lines),
        "address": to_json(order.address) if order.address else None,
    }
    return session.connection().execute(_KEEP, row).rowcount == 1


_READ = upsert(OrderRow)
_KEEP = _READ.on_conflict_do_update(
    index_elements=["store", "order_id"],
    set_={
        **{name: _READ.excluded[name] for name in ("state", "status", "modified_at", "paid_at", "total", "lines")},
        **{name: func.coalesce(_READ.excluded[name], getattr(OrderRow, name)) for name in ("ship_by", "address")},
    },
    where=_READ.excluded.modified_at >= OrderRow.modified_at,
)


def get(session: Session, store: str, order_id: str) -> Order:
    """An order as last read, with the last address that was."""
    return _order(known_row(session, OrderRow, store, order_id))


def of_ids(session: Session, named: Collection[tuple[str, str]]) -> dict[tuple[str, str], Order]:
    """These orders as last read, by (store, order id), as far as they are known."""
    return {
        (row.store, row.order_id): _order(row)
        for store in {store for store, _ in named}
        for some in chunks({order_id for there, order_id in named if there == store})
        for row in rows_of(
            session, select(OrderRow).where(col(OrderRow.store) == store, col(OrderRow.order_id).in_(some))
        )
    }


def _order(row: OrderRow) -> Order:
    return Order(
        order_id=row.order_id,
        state=OrderState(row.state),
        modified_at=row.modified_at,
        created_at=row.created_at,
        lines=tuple(row.lines),
        total=row.total,
        address=cast(BuyerAddress, _read_address(row.address)) if row.address else None,
        paid_at=row.paid_at,
        ship_by=row.ship_by,
        status=row.status,
    )


def since(session: Session, first: datetime) -> Iterator[list[tuple[str, Order]]]:
    """The orders made from then on, oldest first, a page at a time: (store, order)."""
    query = select(OrderRow).where(col(OrderRow.created_at) >= first).order_by(col(OrderRow.created_at))
    for rows in session.execute(query, execution_options={"yield_per": PAGE}).scalars().partitions():
        yield [(row.store, _order(row)) for row in rows]


def stage_of(session: Session, store: str, order_id: str) -> OrderStage | None:
    """What we are doing for an order; None if it is not known."""
    row = row_of(session, OrderRow, store, order_id)
    return None if row is None else OrderStage(row.stage)


def ship_by(session: Session, store: str, order_id: str) -> datetime | None:
    """When the order must be shipped, if the channel said so."""
    seen = glances(session, [(store, order_id)])
    return seen[store, order_id][0] if seen else None


def glances(
    session: Session, named: Collection[tuple[str, str]]
) -> dict[tuple[str, str], tuple[datetime | None, Money]]:
    """Ship-by time and total of the orders known of (store, order id), without a look at their buyers."""
    return {
        (row.store, row.order_id): (row.ship_by, row.total)
        for some in chunks({order_id for _, order_id in named})
        for row in session.connection().execute(_GLANCES, {"b_ids": some})
        if (row.store, row.order_id) in named
    }


_GLANCES = select(col(OrderRow.store), col(OrderRow.order_id), col(OrderRow.ship_by), col(OrderRow.total)).where(
    col(OrderRow.order_id).in_(bindparam("b_ids", expanding=True))
)


def set_stage(session: Session, store: str, order_id: str, stage: OrderStage) -> None:
    """Move an order on."""
    session.connection().execute(
        update(OrderRow)
        .where(col(OrderRow.store) == store, col(OrderRow.order_id) == order_id)
        .values(stage=stage.value)
    )


def settle(session: Session, store: str, order_id: str) -> None:
    """End an order of which nothing is left to buy or to declare: all its purchases are declared or given up."""
    query = select(col(PurchaseRow.state)).where(col(PurchaseRow.store) == store, col(PurchaseRow.order_id) == order_id)
    states = {PurchaseState(state) for state in session.connection().scalars(query)}
    if not states <= {PurchaseState.DECLARED, PurchaseState.STOPPED}:
        return
    if PurchaseState.DECLARED in states:
        set_stage(session, store, order_id, OrderStage.DECLARED)
    elif not OrderState(known_row(session, OrderRow, store, order_id).state).wants_goods:
        set_stage(session, store, order_id, OrderStage.ENDED)


def is_wanted(session: Session, store: str, order_id: str) -> bool:
    """Whether the buyer still wants an order, as far as we know; another job may have read it this moment."""
    query = select(col(OrderRow.state)).where(col(OrderRow.store) == store, col(OrderRow.order_id) == order_id)
    state = session.connection().scalars(query).first()
    return state is None or OrderState(state).wants_goods


def address_of(session: Session, store: str, order_id: str) -> BuyerAddress | None:
    """Where the buyer lives."""
    row = row_of(session, OrderRow, store, order_id)
    return None if row is None or row.address is None else cast(BuyerAddress, _read_address(row.address))


def units(session: Session, purchase: Purchase) -> int:
    """How many sold units a purchase is for: of a set each counts once, however many pieces it is made of."""
    lines = known_row(session, OrderRow, purchase.store, purchase.order_id).lines
    sold = sum(line.quantity for line in lines if line.line_id in purchase.line_ids)
    return sold or sum(line.quantity for line in purchase.lines)


def address_digest(address: BuyerAddress | None) -> str:
    """What tells one buyer's address from another without showing it; empty for none."""
    return hashlib.blake2b(to_json(address).encode(), digest_size=16).hexdigest() if address else ""


def figures(session: Session) -> dict[str, int]:
    """How many orders are in each stage."""
    rows = session.connection().execute(select(col(OrderRow.stage), func.count()).group_by(col(OrderRow.stage)))
    return dict(rows.all())
