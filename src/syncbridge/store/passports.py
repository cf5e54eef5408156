"""What is known of one SKU: what feeds it, how its price came about, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session, col

from syncbridge.model.catalog import Binding, OwnListing
from syncbridge.store.rows import known_row, row_of, value
from syncbridge.store.tables.catalogue import BindingRow, ListingRow
from syncbridge.store.tables.plans import ChangeRow, PlanRow


@dataclass(frozen=True, slots=True)
class Planned:
    """A planned change of a SKU's price."""

    at: datetime
    before: str
    after: str
    reason: str
    rule: str
    state: str


def bound(session: Session, store: str, sku_code: str) -> tuple[Binding, OwnListing] | None:
    """A SKU and its listing; None if the store has no such SKU through us."""
    row = row_of(session, BindingRow, store, sku_code)
    if row is None:
        return None
    return value(Binding, row), value(OwnListing, known_row(session, ListingRow, row.listing))


def last_price_change(session: Session, listing: int, sku_code: str) -> Planned | None:
    """The newest plan that changes a SKU's price, or lists it."""
    query = (
        select(ChangeRow, PlanRow.made_at)  # type: ignore[call-overload]  # SQLModel types columns as values
        .join(PlanRow, col(PlanRow.id) == col(ChangeRow.plan))
        .where(
            col(ChangeRow.listing) == listing,
            col(ChangeRow.sku_code).in_((sku_code, "")),
            col(ChangeRow.field).in_(("price", "listing")),
        )
        .order_by(col(ChangeRow.id).desc())
        .limit(1)
    )
    found = session.execute(query).first()
    if found is None:
        return None
    change, at = found
    return Planned(at, change.before, change.after, change.reason, change.rule, change.state)
