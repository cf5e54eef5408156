"""What people wrote for an offer's listing in one store."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import bindparam, delete, select
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlmodel import Session, col

from syncbridge.model.catalog import GivenText
from syncbridge.store.rows import rows_of, value
from syncbridge.store.tables.catalogue import GivenTextRow

Place = tuple[str, str, str]
"""Store, supplier account, offer id."""


def of_offers(session: Session, supplier: str, offer_ids: Collection[str]) -> dict[tuple[str, str], GivenText]:
    """What was given for these offers, by store and offer."""
    query = select(GivenTextRow).where(
        col(GivenTextRow.supplier) == supplier, col(GivenTextRow.offer_id).in_(offer_ids)
    )
    return {(row.store, row.offer_id): value(GivenText, row) for row in rows_of(session, query)}


def give(session: Session, texts: Mapping[Place, GivenText | None], *, now: datetime) -> None:
    """Keep texts by place; None lets the supplier's words stand again."""
    rows = [
        {
            "store": store,
            "supplier": supplier,
            "offer_id": offer_id,
            "title": text.title,
            "description_html": text.description_html,
            "given_at": now,
        }
        for (store, supplier, offer_id), text in texts.items()
        if text is not None
    ]
    if rows:
        session.connection().execute(_GIVE, rows)
    gone = [
        {"b_store": store, "b_supplier": supplier, "b_offer": offer_id}
        for (store, supplier, offer_id), text in texts.items()
        if text is None
    ]
    if gone:
        session.connection().execute(_TAKE, gone)


_ASKED = upsert(GivenTextRow)
_GIVE = _ASKED.on_conflict_do_update(
    index_elements=["store", "supplier", "offer_id"],
    set_={name: getattr(_ASKED.excluded, name) for name in ("title", "description_html", "given_at")},
)
_TAKE = delete(GivenTextRow).where(
    col(GivenTextRow.store) == bindparam("b_store"),
    col(GivenTextRow.supplier) == bindparam("b_supplier"),
    col(GivenTextRow.offer_id) == bindparam("b_offer"),
)
