"""The fields that a seller keeps: what plans leave as it is, and since when."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import bindparam, delete, insert, literal, or_, select, tuple_, update
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlmodel import Session, col

from syncbridge.model.catalog import ChangeState, Lock
from syncbridge.store.rows import rows_of, value
from syncbridge.store.tables.catalogue import BindingRow, ListingRow, OfferRow
from syncbridge.store.tables.plans import ChangeRow, LockRow
from syncbridge.store.tables.work import TimelineRow
from syncbridge.store.types import UtcTime

LISTING_FIELDS = ("title", "description", "images", "status")


def lock(session: Session, store: str, fields: Sequence[tuple[str, str]], why: str, *, now: datetime) -> None:
    """Keep these (SKU code, ``price`` or ``stock``) of a store as the channel shows them; an older lock stays."""
    rows = _rows(store, fields)
    if not rows:
        return
    session.connection().execute(_LOCK, [{**row, "b_why": why, "b_now": now} for row in rows])
    session.connection().execute(_KEEP, rows)
    follow(session, store, fields)
    _note(session, store, rows, "locked", why, now)


def follow(session: Session, store: str, fields: Sequence[tuple[str, str]]) -> None:
    """Want what the channel shows, for these (SKU code, field) that the seller keeps."""
    rows = _rows(store, fields)
    for field, statement in _AS_SHOWN.items():
        if mine := [row for row in rows if row["b_field"] == field]:
            session.connection().execute(statement, mine)


def unlock(session: Session, store: str, fields: Iterable[tuple[str, str]], *, now: datetime) -> None:
    """Give these (SKU code, field) back to the rules: the next plan of their offers shows what changes."""
    rows = _rows(store, fields)
    if not rows:
        return
    session.connection().execute(_UNLOCK, rows)
    session.connection().execute(_UNPLAN, rows)
    _note(session, store, rows, "unlocked", "given back to the rules", now)


def lock_listings(session: Session, fields: Iterable[tuple[int, str]], why: str, *, now: datetime) -> None:
    """Keep these (listing, `LISTING_FIELDS`) as the channel shows them; an older lock stays."""
    rows = [
        {"listing": listing, "sku_code": "", "field": field, "why": why, "since": now, "told": ""}
        for listing, field in fields
    ]
    if rows:
        session.connection().execute(upsert(LockRow).on_conflict_do_nothing(), rows)


def unlock_listings(session: Session, fields: Iterable[tuple[int, str]]) -> None:
    """Give these (listing, field) back to the rules."""
    if rows := [{"b_listing": listing, "b_sku": "", "b_field": field} for listing, field in fields]:
        session.connection().execute(delete(LockRow).where(*_ONE), rows)


def of(session: Session, listings: Collection[int]) -> dict[tuple[int, str], dict[str, Lock]]:
    """The locks of these listings: by (listing, SKU code or none), the locked fields."""
    found: dict[tuple[int, str], dict[str, Lock]] = {}
    for row in rows_of(session, _OF_LISTINGS, b_listings=list(listings)):
        found.setdefault((row.listing, row.sku_code), {})[row.field] = value(Lock, row)
    return found


_OF_LISTINGS = select(LockRow).where(col(LockRow.listing).in_(bindparam("b_listings", expanding=True)))


def of_store(session: Session, store: str | None) -> list[tuple[str, Lock]]:
    """Every lock of a store, or of all: (store, lock), the oldest first."""
    query = select(ListingRow, LockRow).join(LockRow, col(ListingRow.id) == col(LockRow.listing))
    if store is not None:
        query = query.where(col(ListingRow.store) == store)
    rows = session.execute(query.order_by(col(LockRow.since), col(LockRow.listing), col(LockRow.sku_code)))
    return [(listing.store, value(Lock, row)) for listing, row in rows]


def tell(session: Session, kept: Mapping[tuple[int, str, str], str]) -> set[tuple[int, str, str]]:
    """Which of these (listing, SKU code, field) were not told yet to be kept back from what the rules want."""
    rows = rows_of(session, _OF_LISTINGS, b_listings=list({listing for listing, _, _ in kept}))
    told = {(row.listing, row.sku_code, row.field): row.told for row in rows}
    fresh = {which for which, wanted in kept.items() if told.get(which) != wanted}
    told_now = [
        {"b_listing": listing, "b_sku": sku_code, "b_field": field, "b_told": kept[listing, sku_code, field]}
        for listing, sku_code, field in fresh
    ]
    if told_now:
        session.connection().execute(update(LockRow).where(*_ONE).values(told=bindparam("b_told")), told_now)
    return fresh


def _rows(store: str, fields: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"b_store": store, "b_sku": sku_code, "b_field": field} for sku_code, field in fields]


def _note(session: Session, store: str, rows: Sequence[Mapping[str, str]], event: str, why: str, now: datetime) -> None:
    notes = [
        {
            "at": now,
            "subject": f"sku {store}/{row['b_sku']}",
            "event": f"{row['b_field']} {event}",
            "details": {"why": why},
        }
        for row in rows
    ]
    session.connection().execute(insert(TimelineRow), notes)


_SKU = (col(BindingRow.store) == bindparam("b_store"), col(BindingRow.sku_code) == bindparam("b_sku"))
_ONE = (
    col(LockRow.listing) == bindparam("b_listing"),
    col(LockRow.sku_code) == bindparam("b_sku"),
    col(LockRow.field) == bindparam("b_field"),
)
_LOCK = (
    upsert(LockRow)
    .from_select(
        ["listing", "sku_code", "field", "why", "since", "told"],
        select(
            col(BindingRow.listing),
            col(BindingRow.sku_code),
            bindparam("b_field"),
            bindparam("b_why"),
            bindparam("b_now", type_=UtcTime()),
            literal(""),
        ).where(*_SKU),
    )
    .on_conflict_do_nothing()
)
_KEEP = (
    update(ChangeRow)
    .where(
        col(ChangeRow.listing) == select(col(BindingRow.listing)).where(*_SKU).scalar_subquery(),
        col(ChangeRow.sku_code) == bindparam("b_sku"),
        col(ChangeRow.field) == bindparam("b_field"),
        or_(col(ChangeRow.state) == ChangeState.PROPOSED, col(ChangeRow.state) == ChangeState.APPROVED),
    )
    .values(state=ChangeState.KEPT.value)
)
"""What was decided before the lock and did not go out, does not."""
_AS_SHOWN = {
    "price": update(BindingRow).where(*_SKU, col(BindingRow.price).is_not(None)).values(price_wanted=BindingRow.price),
    "stock": update(BindingRow).where(*_SKU, col(BindingRow.stock).is_not(None)).values(stock_wanted=BindingRow.stock),
}
_UNLOCK = delete(LockRow).where(
    col(LockRow.listing) == select(col(BindingRow.listing)).where(*_SKU).scalar_subquery(),
    col(LockRow.sku_code) == bindparam("b_sku"),
    col(LockRow.field) == bindparam("b_field"),
)
_UNPLAN = (
    update(OfferRow)
    .where(
        tuple_(col(OfferRow.account), col(OfferRow.offer_id)).in_(
            select(col(BindingRow.supplier), col(BindingRow.offer_id)).where(*_SKU)
        )
    )
    .values(planned_under="")
)
