"""SKUs whose spec the supplier no longer lists, and which spec took its place. Rows stay, so that old ids resolve."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select, update
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlmodel import Session, col

from syncbridge.model.catalog import Spec
from syncbridge.model.purchasing import PurchaseLine, PurchaseState
from syncbridge.store.rows import known_row, row_of, rows_of, value
from syncbridge.store.tables.buying import OrderRow, PurchaseRow
from syncbridge.store.tables.catalogue import BindingRow, LostSpecRow

UNSENT = (PurchaseState.INTENDED, PurchaseState.REFUSED, PurchaseState.BY_HAND)
"""Purchases whose lines may still be other ones."""


class LostState(StrEnum):
    """What became of a SKU that lost its spec."""

    OPEN = "open"
    REBOUND = "rebound"
    REFUSED = "refused"
    """A person said that no spec takes its place."""
    RETURNED = "returned"
    """The supplier lists the spec again."""


@dataclass(frozen=True, slots=True)
class LostSpec:
    """A SKU that lost its spec."""

    id: int
    store: str
    sku_code: str
    account: str
    """Of the supplier."""
    offer_id: str
    spec: Spec
    position: int
    state: LostState
    found_spec_id: str
    lost_at: datetime

    @property
    def subject(self) -> str:
        """The SKU, for people."""
        return f"sku {self.store}/{self.sku_code}"


@dataclass(frozen=True, slots=True)
class Feeding:
    """A SKU, and the spec that feeds it."""

    store: str
    sku_code: str
    offer_id: str
    spec_id: str


def feeding(session: Session, account: str, offer_ids: Collection[str]) -> list[Feeding]:
    """Every SKU that these offers feed."""
    query = select(BindingRow).where(col(BindingRow.supplier) == account, col(BindingRow.offer_id).in_(offer_ids))
    return [value(Feeding, row) for row in rows_of(session, query.order_by(col(BindingRow.sku_code)))]


def lose(session: Session, account: str, lost: Sequence[tuple[Feeding, Spec, int]], *, now: datetime) -> None:
    """Note that the specs of these SKUs are gone, with their places; one that is noted already stays as it is."""
    if not lost:
        return
    rows = [
        {
            "store": sku.store,
            "sku_code": sku.sku_code,
            "account": account,
            "offer_id": sku.offer_id,
            "spec": spec,
            "position": position,
            "state": LostState.OPEN.value,
            "found_spec_id": "",
            "lost_at": now,
        }
        for sku, spec, position in lost
    ]
    session.connection().execute(upsert(LostSpecRow).on_conflict_do_nothing(), rows)


def open_of(session: Session, account: str, offer_ids: Collection[str]) -> list[LostSpec]:
    """Those of these offers that are not decided."""
    query = select(LostSpecRow).where(
        col(LostSpecRow.account) == account,
        col(LostSpecRow.offer_id).in_(offer_ids),
        col(LostSpecRow.state) == LostState.OPEN,
    )
    return [value(LostSpec, row) for row in rows_of(session, query.order_by(col(LostSpecRow.id)))]


def all_open(session: Session) -> list[LostSpec]:
    """Everything that is not decided, oldest first."""
    query = select(LostSpecRow).where(col(LostSpecRow.state) == LostState.OPEN).order_by(col(LostSpecRow.id))
    return [value(LostSpec, row) for row in rows_of(session, query)]


def get(session: Session, lost: int) -> LostSpec | None:
    """One of them, decided or not."""
    row = row_of(session, LostSpecRow, lost)
    return None if row is None else value(LostSpec, row)


def decide(session: Session, lost: LostSpec, state: LostState, *, found_spec_id: str = "", now: datetime) -> bool:
    """Note what became of it; answers whether it was open."""
    result = session.connection().execute(
        update(LostSpecRow)
        .where(col(LostSpecRow.id) == lost.id, col(LostSpecRow.state) == LostState.OPEN)
        .values(state=state.value, found_spec_id=found_spec_id, decided_at=now)
    )
    return result.rowcount == 1


def rebind(session: Session, lost: LostSpec, spec_id: str) -> None:
    """From now on this spec feeds the SKU, also for orders that nothing was bought for yet."""
    session.connection().execute(
        update(BindingRow)
        .where(col(BindingRow.store) == lost.store, col(BindingRow.sku_code) == lost.sku_code)
        .values(spec_id=spec_id)
    )
    unsent = select(PurchaseRow).where(
        col(PurchaseRow.store) == lost.store,
        col(PurchaseRow.supplier) == lost.account,
        col(PurchaseRow.state).in_([state.value for state in UNSENT]),
    )
    for row in rows_of(session, unsent):
        lines = _moved(row.lines, lost, spec_id)
        if lines != row.lines and _is_for(session, row, lost.sku_code):
            change = update(PurchaseRow).where(col(PurchaseRow.id) == row.id).values(lines=lines)
            session.connection().execute(change)


def _moved(lines: Sequence[PurchaseLine], lost: LostSpec, spec_id: str) -> list[PurchaseLine]:
    """The same units of the new spec in place of the lost one."""
    old = (lost.offer_id, lost.spec.spec_id)
    units: Counter[tuple[str, str]] = Counter()
    for line in lines:
        spec = (line.offer_id, line.spec_id)
        units[(lost.offer_id, spec_id) if spec == old else spec] += line.quantity
    return [PurchaseLine(*spec, quantity) for spec, quantity in units.items()]


def _is_for(session: Session, row: PurchaseRow, sku_code: str) -> bool:
    """Whether the order's lines it feeds are of the SKU."""
    order = known_row(session, OrderRow, row.store, row.order_id)
    return any(line.sku_code == sku_code for line in order.lines if line.line_id in row.line_ids)
