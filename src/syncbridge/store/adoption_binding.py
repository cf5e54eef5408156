"""SKUs of an existing store are bound as a person approved, many at once."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, bindparam, delete, literal, or_, select, update
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlmodel import Session, col

from syncbridge.model.adoption import AdoptionState, Candidate, FoundSku
from syncbridge.model.catalog import Listing, ListingDraft, ListingState, ListingStatus, SkuDraft
from syncbridge.store import adoption, holds, locks
from syncbridge.store.tables.catalogue import BindingRow, ListingRow, OfferRow
from syncbridge.store.tables.onboarding import AdoptionSkuRow
from syncbridge.store.tables.plans import ChangeRow, LockRow

_STATES = {
    ListingStatus.ON_SALE: ListingState.ON_SALE,
    ListingStatus.AUDITING: ListingState.POSTED,
    ListingStatus.TAKEN_DOWN: ListingState.TAKEN_DOWN,
    ListingStatus.REFUSED: ListingState.TAKEN_DOWN,
}
"""Where an adopted listing stands with us; what is none of these is off sale."""
OFFLINE = ListingState.OFFLINE


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
    withdraw_proposals(session, store, choices, now=now)
    named = {choice.found.listing.listing_id for choice in choices}
    whole = adoption.found(session, store, col(AdoptionSkuRow.listing_id).in_(named))
    pages = {found.listing.listing_id: found.listing for found in whole}
    session.connection().execute(
        upsert(ListingRow).on_conflict_do_nothing(),
        [
            {
                "store": store,
                "supplier": "",
                "offer_id": page.listing_id,
                "route": "",
                "state": _state(page).value,
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
    _keep_off_sale(session, [ids[page.listing_id] for page in pages.values() if _state(page) is OFFLINE], now)
    read_at = adoption.read_at(session, store, named)
    session.connection().execute(_BIND, [_binding(store, choice, ids, read_at) for choice in choices])
    session.connection().execute(_APPROVED, [_approved(store, choice) for choice in choices])
    _note_whole(session, store, pages)
    _plan_again(session, store, ids.values())
    return [ids[page.listing_id] for page in pages.values() if page.status is ListingStatus.AUDITING]


def withdraw_proposals(session: Session, store: str, choices: Sequence[Choice] | None = None, *, now: datetime) -> None:
    """Proposals to list offers that the store sells already make way; nothing of them was ever on the channel.

    Without choices all of them do, since it is not known yet what the store sells.
    """
    feeds = {(choice.supplier, choice.offer_id) for choice in choices or ()}
    codes = {choice.found.sku.sku_code for choice in choices or ()}
    proposed = (
        select(col(ListingRow.id), col(ListingRow.supplier), col(ListingRow.offer_id), col(BindingRow.sku_code))
        .outerjoin(BindingRow, col(BindingRow.listing) == col(ListingRow.id))
        .where(col(ListingRow.store) == store, col(ListingRow.state) == ListingState.PROPOSED.value)
    )
    rows = session.connection().execute(proposed)
    ids = {row.id for row in rows if choices is None or (row.supplier, row.offer_id) in feeds or row.sku_code in codes}
    for statement in _WITHDRAW if ids else ():
        session.connection().execute(statement, [{"b_id": listing} for listing in sorted(ids)])
    holds.close_subjects(session, [f"listing {store}/{listing}" for listing in ids], now=now)


def plan_all_again(session: Session) -> None:
    """A store's SKUs are all decided: what is not among them may be listed in it now."""
    session.connection().execute(update(OfferRow).values(planned_under=""))


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


def _state(page: Listing) -> ListingState:
    return _STATES.get(page.status, OFFLINE)


def _keep_off_sale(session: Session, listings: Sequence[int], now: datetime) -> None:
    """What the seller took off sale stays so until the seller puts it back."""
    locks.lock_listings(session, [(listing, "status") for listing in listings], "off sale when it was adopted", now=now)


def _binding(store: str, choice: Choice, ids: Mapping[str, int], read_at: Mapping[str, datetime]) -> dict[str, object]:
    sku, listing_id = choice.found.sku, choice.found.listing.listing_id
    return {
        "store": store,
        "sku_code": sku.sku_code,
        "listing": ids[listing_id],
        "supplier": choice.supplier,
        "offer_id": choice.offer_id,
        "spec_id": choice.spec_id,
        "sku_key": sku.sku_key,
        "price_wanted": sku.price,
        "price": sku.price,
        "stock_wanted": sku.stock,
        "stock": sku.stock,
        "stock_at": read_at[listing_id],
        "discount": sku.discount,
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
    """The listing as it was read."""
    return ListingDraft(
        title=page.title,
        description_html=page.description_html,
        category_id=page.category_id,
        images=page.images,
        skus=tuple(SkuDraft(sku.sku_code, sku.price, sku.stock, sku.properties) for sku in page.skus),
        freight_template_id=page.freight_template_id,
    )


_WITHDRAW = (
    delete(ChangeRow).where(col(ChangeRow.listing) == bindparam("b_id")),
    delete(LockRow).where(col(LockRow.listing) == bindparam("b_id")),
    delete(BindingRow).where(col(BindingRow.listing) == bindparam("b_id")),
    delete(ListingRow).where(col(ListingRow.id) == bindparam("b_id")),
)
_PLACE = (
    col(AdoptionSkuRow.store) == bindparam("b_store"),
    col(AdoptionSkuRow.listing_id) == bindparam("b_listing"),
    col(AdoptionSkuRow.sku_key) == bindparam("b_key"),
)
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
