"""SKUs of which nobody knows how many can be bought."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sqlalchemy import bindparam, select, update
from sqlmodel import Session, col

from syncbridge.store.rows import chunks
from syncbridge.store.tables.catalogue import BindingRow


def note(session: Session, reasons: Mapping[tuple[str, str], str]) -> None:
    """Note why it is not known, by store and SKU code; an empty reason: it is."""
    rows = [{"b_store": store, "b_sku": code, "b_why": why} for (store, code), why in reasons.items()]
    if rows:
        session.connection().execute(_NOTE, rows)


_NOTE = (
    update(BindingRow)
    .where(col(BindingRow.store) == bindparam("b_store"), col(BindingRow.sku_code) == bindparam("b_sku"))
    .values(unsure=bindparam("b_why"))
)


def of(session: Session, listings: Collection[int]) -> dict[int, dict[str, str]]:
    """The reasons by SKU code, in its order, of each of these listings that has such a SKU."""
    query = (
        select(col(BindingRow.listing), col(BindingRow.sku_code), col(BindingRow.unsure))
        .where(col(BindingRow.unsure) != "")
        .order_by(col(BindingRow.sku_code))
    )
    found: dict[int, dict[str, str]] = {}
    for some in chunks(listings):
        for row in session.connection().execute(query.where(col(BindingRow.listing).in_(some))):
            found.setdefault(row.listing, {})[row.sku_code] = row.unsure
    return found
