"""The catalogue as rows, a chunk at a time, so that a million SKUs take little memory."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, select
from sqlmodel import Session, col

from syncbridge.model.catalog import Binding, GivenText, Offer, OwnListing, Spec
from syncbridge.store.rows import value
from syncbridge.store.tables.catalogue import BindingRow, GivenTextRow, ListingRow, OfferRow

CHUNK = 500
_STREAM = {"yield_per": CHUNK}


@dataclass(frozen=True, slots=True)
class BoundLine:
    """A binding beside the offer it names and the listing it is part of."""

    binding: Binding
    listing_id: str | None
    offer: Offer | None
    """None: it was never read."""

    @property
    def spec(self) -> Spec | None:
        """The spec that feeds the SKU; None if the offer lacks it."""
        specs = self.offer.specs if self.offer else ()
        return next((spec for spec in specs if spec.spec_id == self.binding.spec_id), None)


@dataclass(frozen=True, slots=True)
class ListingLine:
    """A listing beside its offer and what a person wrote for it."""

    listing: OwnListing
    offer: Offer | None
    given: GivenText


@dataclass(frozen=True, slots=True)
class OfferLine:
    """An offer of an account."""

    account: str
    offer: Offer
    changed_at: datetime
    stores: Sequence[str]
    """Where a person wants it; empty: wherever a route leads."""


def bindings(session: Session, store: str | None) -> Iterator[BoundLine]:
    """Every binding, of one store or all, by SKU code."""
    query = (
        select(BindingRow, col(ListingRow.listing_id))
        .join(ListingRow, col(ListingRow.id) == col(BindingRow.listing))
        .order_by(col(BindingRow.store), col(BindingRow.sku_code))
    )
    if store is not None:
        query = query.where(col(BindingRow.store) == store)
    for rows in session.execute(query, execution_options=_STREAM).partitions():
        known = _offers(session, {(row.supplier, row.offer_id) for row, _ in rows})
        for row, listing_id in rows:
            yield BoundLine(value(Binding, row), listing_id, known.get((row.supplier, row.offer_id)))


def listings(session: Session, store: str | None) -> Iterator[ListingLine]:
    """Every listing, of one store or all, in the order they were made."""
    texts = and_(
        col(GivenTextRow.store) == col(ListingRow.store),
        col(GivenTextRow.supplier) == col(ListingRow.supplier),
        col(GivenTextRow.offer_id) == col(ListingRow.offer_id),
    )
    query = select(ListingRow, GivenTextRow).outerjoin(GivenTextRow, texts).order_by(col(ListingRow.id))
    if store is not None:
        query = query.where(col(ListingRow.store) == store)
    for rows in session.execute(query, execution_options=_STREAM).partitions():
        known = _offers(session, {(row.supplier, row.offer_id) for row, _ in rows})
        for row, text in rows:
            given = GivenText() if text is None else value(GivenText, text)
            yield ListingLine(value(OwnListing, row), known.get((row.supplier, row.offer_id)), given)


def offers(session: Session, store: str | None) -> Iterator[OfferLine]:
    """Every offer, or those that feed a SKU of a store."""
    query = select(OfferRow).order_by(col(OfferRow.account), col(OfferRow.offer_id))
    if store is not None:
        bound = select(col(BindingRow.store)).where(
            col(BindingRow.store) == store,
            col(BindingRow.supplier) == col(OfferRow.account),
            col(BindingRow.offer_id) == col(OfferRow.offer_id),
        )
        query = query.where(bound.exists())
    for rows in session.scalars(query, execution_options=_STREAM).partitions():
        for row in rows:
            yield OfferLine(row.account, row.snapshot, row.changed_at, row.stores or ())


def _offers(session: Session, named: Collection[tuple[str, str]]) -> dict[tuple[str, str], Offer]:
    by_account: dict[str, list[str]] = {}
    for account, offer_id in named:
        by_account.setdefault(account, []).append(offer_id)
    return {
        (account, row.offer_id): row.snapshot
        for account, offer_ids in by_account.items()
        for row in session.connection().execute(
            select(col(OfferRow.offer_id), col(OfferRow.snapshot)).where(
                col(OfferRow.account) == account, col(OfferRow.offer_id).in_(offer_ids)
            )
        )
    }
