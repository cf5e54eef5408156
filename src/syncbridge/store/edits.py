"""What people changed in tables, looked up and written many rows at a time."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import TypeVar

from sqlalchemy import bindparam, select, update
from sqlmodel import Session, col

from syncbridge.model.catalog import Binding, ChangeState, ListingDraft, ListingState, OwnListing
from syncbridge.rules.routing import BoundSpec
from syncbridge.store.rows import chunks, rows_of, value
from syncbridge.store.tables.catalogue import BindingRow, ListingRow, OfferRow
from syncbridge.store.tables.plans import ChangeRow

T = TypeVar("T")
CHUNK = 500
Sku = tuple[str, str]
"""Store and SKU code."""


def bindings(session: Session, skus: Iterable[Sku]) -> dict[Sku, Binding]:
    """The bindings of these SKUs; one that is not there is left out."""
    found: dict[Sku, Binding] = {}
    for store, codes in _by_first(skus):
        for some in _chunks(codes):
            query = select(BindingRow).where(col(BindingRow.store) == store, col(BindingRow.sku_code).in_(some))
            found |= {(store, row.sku_code): value(Binding, row) for row in rows_of(session, query)}
    return found


def listings(session: Session, places: Iterable[tuple[str, str, str]]) -> dict[tuple[str, str, str], OwnListing]:
    """The listings of these offers, by store, account and offer."""
    wanted = set(places)
    found: dict[tuple[str, str, str], OwnListing] = {}
    for some in _chunks({offer_id for _, _, offer_id in wanted}):
        for row in rows_of(session, select(ListingRow).where(col(ListingRow.offer_id).in_(some))):
            if (place := (row.store, row.supplier, row.offer_id)) in wanted:
                found[place] = value(OwnListing, row)
    return found


def proposed_prices(session: Session, skus: Collection[Sku]) -> dict[Sku, str]:
    """The newest price that is proposed for each of these SKUs and waits for a person."""
    found: dict[Sku, str] = {}
    for store, codes in _by_first(skus):
        for some in _chunks(codes):
            query = (
                select(col(ChangeRow.sku_code), col(ChangeRow.after))
                .join(ListingRow, col(ListingRow.id) == col(ChangeRow.listing))
                .where(
                    col(ListingRow.store) == store,
                    col(ChangeRow.sku_code).in_(some),
                    col(ChangeRow.field) == "price",
                    col(ChangeRow.state) == ChangeState.PROPOSED,
                )
                .order_by(col(ChangeRow.id))
            )
            found |= {(store, row.sku_code): row.after for row in session.connection().execute(query)}
    return found


def bind(session: Session, specs: Mapping[Sku, BoundSpec]) -> None:
    """Let these specs feed these SKUs; what follows is planned when their offers are read next."""
    if not specs:
        return
    rows = [
        {"b_store": store, "b_sku": code, "b_supplier": spec.supplier, "b_offer": spec.offer_id, "b_spec": spec.spec_id}
        for (store, code), spec in specs.items()
    ]
    session.connection().execute(_BIND, rows)
    offers = {(spec.supplier, spec.offer_id) for spec in specs.values()}
    session.connection().execute(_REPLAN, [{"b_account": account, "b_offer": offer} for account, offer in offers])


def reword(session: Session, listings: Sequence[OwnListing]) -> None:
    """Keep the drafts of listings that have not gone out yet."""
    if listings:
        session.connection().execute(_REWORD, [{"b_id": each.id, "b_draft": each.draft} for each in listings])


def want_words(session: Session, words: Mapping[int, Mapping[str, str]]) -> None:
    """Let listings want these words, by listing and field, whether they are on the channel or not."""
    for some in chunks(words):
        query = select(col(ListingRow.id), col(ListingRow.draft)).where(col(ListingRow.id).in_(some))
        drafts = [(row.id, row.draft) for row in session.connection().execute(query)]
        session.connection().execute(
            _WORDED, [{"b_id": listing, "b_draft": worded(draft, words[listing])} for listing, draft in drafts]
        )


def worded(draft: ListingDraft, words: Mapping[str, str]) -> ListingDraft:
    """A draft with these words, by field."""
    return replace(
        draft,
        title=words.get("title", draft.title),
        description_html=words.get("description", draft.description_html),
    )


def _by_first(skus: Iterable[Sku]) -> Iterator[tuple[str, list[str]]]:
    grouped: dict[str, list[str]] = {}
    for store, code in skus:
        grouped.setdefault(store, []).append(code)
    return iter(grouped.items())


def _chunks(items: Iterable[T]) -> Iterator[list[T]]:
    left = iter(items)
    while some := list(islice(left, CHUNK)):
        yield some


UNSENT = (ListingState.PROPOSED, ListingState.INTENDED)
"""States of a listing whose draft has not gone out."""
_BIND = (
    update(BindingRow)
    .where(col(BindingRow.store) == bindparam("b_store"), col(BindingRow.sku_code) == bindparam("b_sku"))
    .values(supplier=bindparam("b_supplier"), offer_id=bindparam("b_offer"), spec_id=bindparam("b_spec"))
)
_REPLAN = (
    update(OfferRow)
    .where(col(OfferRow.account) == bindparam("b_account"), col(OfferRow.offer_id) == bindparam("b_offer"))
    .values(planned_under="")
)
_WORDED = (
    update(ListingRow)
    .where(col(ListingRow.id) == bindparam("b_id"))
    .values(draft=bindparam("b_draft", type_=ListingRow.__table__.c.draft.type))  # type: ignore[attr-defined]
)
_REWORD = _WORDED.where(col(ListingRow.state).in_(UNSENT))
