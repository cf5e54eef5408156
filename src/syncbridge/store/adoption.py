"""An existing store on its way under syncbridge: what was read, what was found out, and what a person approved."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, and_, bindparam, delete, func, literal, or_, select, update
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlmodel import Session, col

from syncbridge.model.adoption import Adoption, AdoptionState, FoundSku, SkuPlace, Verdict
from syncbridge.model.catalog import Listing, ListingState, ListingStatus, Offer, Sku, Spec
from syncbridge.store.rows import rows_of
from syncbridge.store.tables.catalogue import BindingRow, ListingRow, OfferRow, PictureRow
from syncbridge.store.tables.onboarding import AdoptionListingRow, AdoptionSkuRow

_DECIDED = (AdoptionState.APPROVED, AdoptionState.IGNORED)


def unknown_listings(session: Session, store: str, listing_ids: Collection[str]) -> list[str]:
    """Those of these listings to be read: not made by us, and not adopted whole."""
    ours = select(col(ListingRow.listing_id)).where(
        col(ListingRow.store) == store,
        col(ListingRow.listing_id).in_(listing_ids),
        or_(col(ListingRow.supplier) != "", col(ListingRow.whole)),
    )
    known = {row.listing_id for row in session.connection().execute(ours)}
    return [listing_id for listing_id in listing_ids if listing_id not in known]


def keep(session: Session, store: str, listing: Listing, *, now: datetime) -> None:
    """Keep a listing as it was read; what a person decided about its SKUs stays, what it lost is forgotten."""
    values = {
        "title": listing.title,
        "status": listing.status.value,
        "category_id": listing.category_id,
        "freight_template_id": listing.freight_template_id,
        "description_html": listing.description_html,
        "images": list(listing.images),
        "read_at": now,
    }
    page = upsert(AdoptionListingRow).values(store=store, listing_id=listing.listing_id, **values)
    session.connection().execute(page.on_conflict_do_update(index_elements=["store", "listing_id"], set_=values))
    forget(session, store, listing.listing_id, but=[sku.sku_key for sku in listing.skus])
    if not listing.skus:
        return
    rows = [
        {
            "store": store,
            "listing_id": listing.listing_id,
            "sku_key": sku.sku_key,
            "sku_code": sku.sku_code,
            "price": sku.price,
            "stock": sku.stock,
            "discount": sku.discount,
            "properties": list(sku.properties),
            "state": AdoptionState.READ.value,
            "figures": [],
            "candidates": [],
        }
        for sku in listing.skus
    ]
    given = upsert(AdoptionSkuRow)
    fresh = {name: getattr(given.excluded, name) for name in ("sku_code", "price", "stock", "discount", "properties")}
    session.connection().execute(
        given.on_conflict_do_update(index_elements=["store", "listing_id", "sku_key"], set_=fresh), rows
    )


def forget(session: Session, store: str, listing_id: str, *, but: Collection[str] = ()) -> None:
    """Forget the SKUs of a listing, but for those with these keys, and the listing if none is left."""
    gone = delete(AdoptionSkuRow).where(
        col(AdoptionSkuRow.store) == store,
        col(AdoptionSkuRow.listing_id) == listing_id,
        col(AdoptionSkuRow.sku_key).not_in(but),
    )
    session.connection().execute(gone)
    if not but:
        page = delete(AdoptionListingRow).where(
            col(AdoptionListingRow.store) == store, col(AdoptionListingRow.listing_id) == listing_id
        )
        session.connection().execute(page)


def stores(session: Session) -> list[str]:
    """The stores of which something was read."""
    query = select(col(AdoptionListingRow.store)).distinct().order_by(col(AdoptionListingRow.store))
    return [row.store for row in session.connection().execute(query)]


def undecided(session: Session) -> set[str]:
    """The stores in which a person has not decided about every SKU that was read."""
    query = select(col(AdoptionSkuRow.store)).where(col(AdoptionSkuRow.state).not_in(_DECIDED)).distinct()
    return {row.store for row in session.connection().execute(query)}


def found(session: Session, store: str, *which: ColumnElement[bool]) -> list[FoundSku]:
    """The SKUs of a store that fit, by listing; each listing comes with all its SKUs that fit."""
    query = (
        select(AdoptionSkuRow, AdoptionListingRow)
        .join(
            AdoptionListingRow,
            and_(
                col(AdoptionListingRow.store) == col(AdoptionSkuRow.store),
                col(AdoptionListingRow.listing_id) == col(AdoptionSkuRow.listing_id),
            ),
        )
        .where(col(AdoptionSkuRow.store) == store, *which)
        .order_by(col(AdoptionSkuRow.listing_id), col(AdoptionSkuRow.sku_key))
    )
    pages: dict[str, AdoptionListingRow] = {}
    skus: dict[str, list[tuple[Sku, Verdict]]] = {}
    for row, page in session.execute(query):
        pages[page.listing_id] = page
        skus.setdefault(page.listing_id, []).append((_sku(row), _verdict(row)))
    return [
        FoundSku(listing, sku, verdict)
        for listing_id, some in skus.items()
        for listing in [_listing(pages[listing_id], [sku for sku, _ in some])]
        for sku, verdict in some
    ]


def open_skus(session: Session, store: str) -> list[FoundSku]:
    """Those that are not bound yet."""
    return found(session, store, col(AdoptionSkuRow.state) != AdoptionState.APPROVED)


def in_state(session: Session, store: str, *states: AdoptionState) -> list[FoundSku]:
    """Those in one of these states."""
    return found(session, store, col(AdoptionSkuRow.state).in_(states))


def read_at(session: Session, store: str, listing_ids: Collection[str]) -> dict[str, datetime]:
    """When these listings were read."""
    query = select(col(AdoptionListingRow.listing_id), col(AdoptionListingRow.read_at)).where(
        col(AdoptionListingRow.store) == store, col(AdoptionListingRow.listing_id).in_(listing_ids)
    )
    return {row.listing_id: row.read_at for row in session.connection().execute(query)}


def named(session: Session, store: str, name: str) -> list[FoundSku]:
    """Those a person means by a SKU code, a listing's id, or a listing's id and a SKU's key: ``1005…/14:193``."""
    listing_id, _, sku_key = name.partition("/")
    return found(
        session,
        store,
        or_(
            and_(col(AdoptionSkuRow.sku_code) == name, literal(bool(name))),
            col(AdoptionSkuRow.listing_id) == name,
            and_(col(AdoptionSkuRow.listing_id) == listing_id, col(AdoptionSkuRow.sku_key) == sku_key),
        ),
    )


def taken(session: Session, store: str) -> dict[str, str]:
    """SKU codes of a store that are bound, with the channel's id of the listing each is in."""
    query = (  # what is only proposed makes way
        select(col(BindingRow.sku_code), func.coalesce(col(ListingRow.listing_id), "").label("listing_id"))
        .join(ListingRow, col(ListingRow.id) == col(BindingRow.listing))
        .where(col(BindingRow.store) == store, col(ListingRow.state) != ListingState.PROPOSED.value)
    )
    return {row.sku_code: row.listing_id for row in session.connection().execute(query)}


def offers_with_ids(session: Session, offer_ids: Collection[str]) -> dict[str, dict[str, Offer]]:
    """These offers as last read, by id and supplier account."""
    by_id: dict[str, dict[str, Offer]] = {}
    for row in rows_of(session, select(OfferRow).where(col(OfferRow.offer_id).in_(offer_ids))):
        by_id.setdefault(row.offer_id, {})[row.account] = row.snapshot
    return by_id


def specs_of(session: Session, skus: Iterable[FoundSku]) -> dict[tuple[str, str, str], Spec]:
    """The specs that are candidates for these SKUs, by supplier account, offer and spec."""
    offer_ids = {candidate.offer_id for found in skus for candidate in found.verdict.candidates}
    known = offers_with_ids(session, offer_ids)
    return {
        (account, offer_id, spec.spec_id): spec
        for offer_id, by_account in known.items()
        for account, offer in by_account.items()
        for spec in offer.specs
    }


def offers(session: Session) -> dict[str, list[Offer]]:
    """Every offer as last read, by supplier account."""
    by_account: dict[str, list[Offer]] = {}
    for row in rows_of(session, select(OfferRow).order_by(col(OfferRow.account), col(OfferRow.offer_id))):
        by_account.setdefault(row.account, []).append(row.snapshot)
    return by_account


def judge(session: Session, store: str, verdicts: Mapping[SkuPlace, Verdict]) -> None:
    """Write what was found out, in one statement; what is approved meanwhile stays so."""
    if not verdicts:
        return
    rows = [
        {
            "b_store": store,
            "b_listing": place.listing_id,
            "b_key": place.sku_key,
            "b_state": verdict.state.value,
            "b_cause": verdict.cause,
            "b_figures": list(verdict.figures),
            "b_candidates": list(verdict.candidates),
            "b_score": verdict.candidates[0].score if verdict.candidates else 0.0,
        }
        for place, verdict in verdicts.items()
    ]
    session.connection().execute(_JUDGE, rows)


def counts(session: Session, store: str) -> Adoption:
    """How far the adoption of a store is."""
    listings = session.connection().execute(
        select(func.count()).select_from(AdoptionListingRow).where(col(AdoptionListingRow.store) == store)
    )
    grouped = session.connection().execute(
        select(col(AdoptionSkuRow.state), col(AdoptionSkuRow.cause), func.count().label("skus"))
        .where(col(AdoptionSkuRow.store) == store)
        .group_by(col(AdoptionSkuRow.state), col(AdoptionSkuRow.cause))
    )
    adoption = Adoption(store, listings.scalar_one())
    for row in grouped:
        state = AdoptionState(row.state)
        adoption.counts[state] = adoption.counts.get(state, 0) + row.skus
        if state in (AdoptionState.UNCLEAR, AdoptionState.IGNORED):
            adoption.causes[row.cause] = adoption.causes.get(row.cause, 0) + row.skus
    return adoption


def ignore(session: Session, store: str, places: Iterable[SkuPlace], *, undo: bool) -> None:
    """Leave SKUs alone from now on, or look at them again."""
    state, cause = (AdoptionState.READ, "") if undo else (AdoptionState.IGNORED, "by_person")
    rows = [
        {"b_store": store, "b_listing": place.listing_id, "b_key": place.sku_key, "b_state": state, "b_cause": cause}
        for place in places
    ]
    session.connection().execute(_IGNORE, rows)


def pictures(session: Session, urls: Collection[str] | None = None) -> dict[str, str]:
    """What pictures look like, by address; empty for one that cannot be had. All that are known, or of these."""
    query = select(col(PictureRow.url), col(PictureRow.fingerprint))
    if urls is not None:
        query = query.where(col(PictureRow.url).in_(urls))
    return {row.url: row.fingerprint for row in session.connection().execute(query)}


def keep_pictures(session: Session, seen: Mapping[str, tuple[str, str]], *, now: datetime) -> None:
    """Keep (what it looks like, why that is not known) by address."""
    rows = [
        {"url": url, "fingerprint": fingerprint, "why": why, "seen_at": now} for url, (fingerprint, why) in seen.items()
    ]
    if rows:
        session.connection().execute(upsert(PictureRow).on_conflict_do_nothing(), rows)


def _sku(row: AdoptionSkuRow) -> Sku:
    return Sku(row.sku_key, row.sku_code, row.price, row.stock, row.discount, tuple(row.properties))


def _verdict(row: AdoptionSkuRow) -> Verdict:
    return Verdict(AdoptionState(row.state), row.cause, tuple(row.candidates), tuple(row.figures))


def _listing(page: AdoptionListingRow, skus: Sequence[Sku]) -> Listing:
    return Listing(
        listing_id=page.listing_id,
        title=page.title,
        status=ListingStatus(page.status),
        skus=tuple(skus),
        modified_at=None,
        images=tuple(page.images),
        description_html=page.description_html,
        category_id=page.category_id,
        freight_template_id=page.freight_template_id,
    )


_PLACE = (
    col(AdoptionSkuRow.store) == bindparam("b_store"),
    col(AdoptionSkuRow.listing_id) == bindparam("b_listing"),
    col(AdoptionSkuRow.sku_key) == bindparam("b_key"),
)
_OPEN = col(AdoptionSkuRow.state) != AdoptionState.APPROVED.value
_JUDGE = (
    update(AdoptionSkuRow)
    .where(*_PLACE, _OPEN)
    .values(
        state=bindparam("b_state"),
        cause=bindparam("b_cause"),
        figures=bindparam("b_figures"),
        candidates=bindparam("b_candidates"),
        score=bindparam("b_score"),
    )
)
_IGNORE = update(AdoptionSkuRow).where(*_PLACE, _OPEN).values(state=bindparam("b_state"), cause=bindparam("b_cause"))
