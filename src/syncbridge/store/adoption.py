"""An existing store on its way under syncbridge: what was read, what was found out, and what a person approved."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, bindparam, delete, func, literal, or_, select, update
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlmodel import Session, col

from syncbridge.model.adoption import Adoption, AdoptionState, Candidate, FoundSku, SkuPlace, Verdict
from syncbridge.model.catalog import Listing, ListingDraft, ListingState, ListingStatus, Offer, Sku, SkuDraft
from syncbridge.store.tables import (
    AdoptionListingRow,
    AdoptionSkuRow,
    BindingRow,
    ListingRow,
    OfferRow,
    PictureRow,
)

_STATES = {
    ListingStatus.ON_SALE: ListingState.ON_SALE,
    ListingStatus.AUDITING: ListingState.POSTED,
    ListingStatus.REFUSED: ListingState.REFUSED,
}
"""Where an adopted listing stands with us; what is none of these is off sale."""
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
            "properties": list(sku.properties),
            "state": AdoptionState.READ.value,
            "figures": [],
            "candidates": [],
        }
        for sku in listing.skus
    ]
    given = upsert(AdoptionSkuRow)
    fresh = {name: getattr(given.excluded, name) for name in ("sku_code", "price", "stock", "properties")}
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
    query = (
        select(col(BindingRow.sku_code), func.coalesce(col(ListingRow.listing_id), "").label("listing_id"))
        .join(ListingRow, col(ListingRow.id) == col(BindingRow.listing))
        .where(col(BindingRow.store) == store)
    )
    return {row.sku_code: row.listing_id for row in session.connection().execute(query)}


def offers_with_ids(session: Session, offer_ids: Collection[str]) -> dict[str, dict[str, Offer]]:
    """These offers as last read, by id and supplier account."""
    by_id: dict[str, dict[str, Offer]] = {}
    for row in session.scalars(select(OfferRow).where(col(OfferRow.offer_id).in_(offer_ids))):
        by_id.setdefault(row.offer_id, {})[row.account] = row.snapshot
    return by_id


def offers(session: Session) -> dict[str, list[Offer]]:
    """Every offer as last read, by supplier account."""
    by_account: dict[str, list[Offer]] = {}
    for row in session.scalars(select(OfferRow).order_by(col(OfferRow.account), col(OfferRow.offer_id))):
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


@dataclass(frozen=True, slots=True)
class Choice:
    """A SKU, and the spec that is to feed it."""

    found: FoundSku
    supplier: str
    offer_id: str
    spec_id: str


def bind(session: Session, store: str, choices: Sequence[Choice], *, now: datetime) -> list[int]:
    """Bring SKUs under syncbridge as the channel shows them, in a handful of statements.

    Answers our ids of the listings that are being audited. What they show counts as pushed and as wanted, so
    that a plan shows exactly the differences, and each waits for its first plan. Approving twice changes nothing; a
    SKU of an adopted listing that is bound already is bound anew if another spec is chosen.
    """
    pages = {choice.found.listing.listing_id: choice.found.listing for choice in choices}
    session.connection().execute(
        upsert(ListingRow).on_conflict_do_nothing(),
        [
            {
                "store": store,
                "supplier": "",
                "offer_id": page.listing_id,
                "route": "",
                "state": _STATES.get(page.status, ListingState.OFFLINE).value,
                "listing_id": page.listing_id,
                "draft": _draft(page),
                "created_at": now,
                "whole": False,
            }
            for page in pages.values()
        ],
    )
    ours = select(col(ListingRow.id), col(ListingRow.listing_id)).where(
        col(ListingRow.store) == store, col(ListingRow.supplier) == "", col(ListingRow.listing_id).in_(pages)
    )
    ids = {row.listing_id: row.id for row in session.connection().execute(ours)}
    session.connection().execute(_BIND, [_binding(store, choice, ids) for choice in choices])
    session.connection().execute(_APPROVED, [_approved(store, choice) for choice in choices])
    _note_whole(session, store, pages)
    _plan_again(session, store, ids.values())
    return [ids[page.listing_id] for page in pages.values() if page.status is ListingStatus.AUDITING]


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


def _note_whole(session: Session, store: str, listing_ids: Collection[str]) -> None:
    """Listings of which no SKU is left over are ours whole."""
    left = select(col(AdoptionSkuRow.listing_id)).where(
        col(AdoptionSkuRow.store) == store,
        col(AdoptionSkuRow.listing_id) == col(ListingRow.listing_id),
        col(AdoptionSkuRow.state) != AdoptionState.APPROVED,
    )
    session.connection().execute(
        update(ListingRow)
        .where(
            col(ListingRow.store) == store,
            col(ListingRow.supplier) == "",
            col(ListingRow.listing_id).in_(listing_ids),
            ~left.exists(),
        )
        .values(whole=True)
    )


def _plan_again(session: Session, store: str, listings: Collection[int]) -> None:
    """What these listings are fed by has something new to plan."""
    feeds = select(literal(1)).where(
        col(BindingRow.store) == store,
        col(BindingRow.listing).in_(listings),
        col(BindingRow.supplier) == col(OfferRow.account),
        col(BindingRow.offer_id) == col(OfferRow.offer_id),
    )
    session.connection().execute(update(OfferRow).where(feeds.exists()).values(planned_under=""))


def _binding(store: str, choice: Choice, ids: Mapping[str, int]) -> dict[str, object]:
    sku = choice.found.sku
    return {
        "store": store,
        "sku_code": sku.sku_code,
        "listing": ids[choice.found.listing.listing_id],
        "supplier": choice.supplier,
        "offer_id": choice.offer_id,
        "spec_id": choice.spec_id,
        "sku_key": sku.sku_key,
        "price_wanted": sku.price,
        "price": sku.price,
        "stock_wanted": sku.stock,
        "stock": sku.stock,
        "passport": {},
        "first_plan": True,
    }


def _approved(store: str, choice: Choice) -> dict[str, object]:
    place = choice.found.place
    return {
        "b_store": store,
        "b_listing": place.listing_id,
        "b_key": place.sku_key,
        "b_state": AdoptionState.APPROVED.value,
        "b_candidates": [Candidate(choice.supplier, choice.offer_id, choice.spec_id, _score(choice), ())],
    }


def _score(choice: Choice) -> float:
    bound = (choice.supplier, choice.offer_id, choice.spec_id)
    known = choice.found.verdict.candidates
    return next((one.score for one in known if (one.supplier, one.offer_id, one.spec_id) == bound), 0.0)


def _draft(page: Listing) -> ListingDraft:
    """The listing as it was read; its description stays on the channel."""
    return ListingDraft(
        title=page.title,
        description_html="",
        category_id=page.category_id,
        images=page.images,
        skus=tuple(SkuDraft(sku.sku_code, sku.price, sku.stock, sku.properties) for sku in page.skus),
        freight_template_id=page.freight_template_id,
    )


def _sku(row: AdoptionSkuRow) -> Sku:
    return Sku(row.sku_key, row.sku_code, row.price, row.stock, tuple(row.properties))


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
_APPROVED = (
    update(AdoptionSkuRow)
    .where(*_PLACE)
    .values(state=bindparam("b_state"), cause="", figures=[], candidates=bindparam("b_candidates"))
)
_BOUND = upsert(BindingRow)
_NEW = {name: _BOUND.excluded[name] for name in ("supplier", "offer_id", "spec_id", "first_plan")}
_BIND = _BOUND.on_conflict_do_update(
    index_elements=["store", "sku_code"],
    set_=_NEW,
    where=and_(
        col(BindingRow.listing) == _BOUND.excluded.listing,
        or_(
            col(BindingRow.supplier) != _BOUND.excluded.supplier,
            col(BindingRow.offer_id) != _BOUND.excluded.offer_id,
            col(BindingRow.spec_id) != _BOUND.excluded.spec_id,
        ),
    ),
)
