"""What each spec cost and how many there were, whenever one of them changed."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, bindparam, delete, func, insert, literal, select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from syncbridge.model.catalog import Offer
from syncbridge.model.money import Money
from syncbridge.store.rows import rows_of, value
from syncbridge.store.tables.catalogue import OfferHistoryRow

RECENT = 20
"""So many of a spec's last rows say what it cost of late."""


@dataclass(frozen=True, slots=True)
class Past:
    """Cost and stock of a spec from a moment on, until the next."""

    at: datetime
    spec_id: str
    cost: Money | None
    stock: int | None


def append(
    session: Session, account: str, before: Mapping[str, Offer | None], offers: Sequence[Offer], *, now: datetime
) -> None:
    """Note the specs of these offers whose cost or stock is not as it was before, in one statement."""
    rows = [
        {
            "account": account,
            "offer_id": offer.offer_id,
            "spec_id": spec.spec_id,
            "at": now,
            "cost": spec.cost,
            "stock": spec.stock,
        }
        for offer in offers
        for known in [_figures(before.get(offer.offer_id))]
        for spec in offer.specs
        if known.get(spec.spec_id) != (spec.cost, spec.stock)
    ]
    if rows:
        session.connection().execute(insert(OfferHistoryRow), rows)


def of_offer(session: Session, account: str, offer_id: str) -> list[Past]:
    """Everything noted of an offer's specs, oldest first."""
    query = (
        select(OfferHistoryRow)
        .where(col(OfferHistoryRow.account) == account, col(OfferHistoryRow.offer_id) == offer_id)
        .order_by(col(OfferHistoryRow.at), col(OfferHistoryRow.id))
    )
    return [value(Past, row) for row in rows_of(session, query)]


def recent_costs(session: Session, account: str, offer_ids: Collection[str]) -> dict[tuple[str, str], Money]:
    """The median of what each spec of these offers cost of late, by (offer id, spec id); one that was never shown
    a cost is left out. A cost counts once however often the stock changed meanwhile.
    """
    costs: dict[tuple[str, str], list[Money]] = {}
    for row in session.connection().execute(_RECENT, {"b_account": account, "b_offers": list(offer_ids)}):
        found = costs.setdefault((row.offer_id, row.spec_id), [])
        if row.cost is not None and row.cost not in found[-1:]:
            found.append(row.cost)
    return {key: _median(found) for key, found in costs.items() if found}


_SPEC = (col(OfferHistoryRow.offer_id), col(OfferHistoryRow.spec_id))
_NEWEST = func.row_number().over(partition_by=_SPEC, order_by=col(OfferHistoryRow.id).desc())
_RANKED = (
    select(*_SPEC, col(OfferHistoryRow.cost), _NEWEST.label("rank"))
    .where(
        col(OfferHistoryRow.account) == bindparam("b_account"),
        col(OfferHistoryRow.offer_id).in_(bindparam("b_offers", expanding=True)),
    )
    .subquery()
)
_RECENT = select(_RANKED).where(_RANKED.c.rank <= RECENT).order_by(_RANKED.c.rank)


def forget(session: Session, *, before: datetime) -> int:
    """Drop what is older, but for the last row of each spec, which still holds; answers how many rows."""
    later = aliased(OfferHistoryRow)
    is_past = (
        select(literal(1))
        .where(
            and_(
                col(later.account) == col(OfferHistoryRow.account),
                col(later.offer_id) == col(OfferHistoryRow.offer_id),
                col(later.spec_id) == col(OfferHistoryRow.spec_id),
                col(later.at) > col(OfferHistoryRow.at),
                col(later.at) <= before,
            )
        )
        .exists()
    )
    return (
        session.connection().execute(delete(OfferHistoryRow).where(col(OfferHistoryRow.at) < before, is_past)).rowcount
    )


def _figures(offer: Offer | None) -> dict[str, tuple[Money | None, int | None]]:
    return {} if offer is None else {spec.spec_id: (spec.cost, spec.stock) for spec in offer.specs}


def _median(costs: Sequence[Money]) -> Money:
    """Of the newest cost's currency; of two in the middle the higher one, which was really asked."""
    currency = costs[0].currency
    amounts = sorted(cost.amount for cost in costs if cost.currency == currency)
    return Money(amounts[len(amounts) // 2], currency)
