"""Offers, our listings of them, and the bindings between specs and SKUs."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, func, insert, select, update
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlmodel import Session, col

from syncbridge.model.catalog import (
    Binding,
    ChangeState,
    ListingDraft,
    ListingState,
    Offer,
    OwnListing,
    Sku,
)
from syncbridge.model.money import Money
from syncbridge.rules.planning import Step, Wanted
from syncbridge.rules.routing import BoundSpec
from syncbridge.store.rows import value
from syncbridge.store.tables import BindingRow, ChangeRow, ListingRow, OfferRow, PlanRow
from syncbridge.store.types import to_json


def changed(session: Session, account: str, offers: Iterable[Offer]) -> list[Offer]:
    """Those offers that are not as they were when last read; compares digests only."""
    by_id = {offer.offer_id: offer for offer in offers}
    known = session.connection().execute(
        select(col(OfferRow.offer_id), col(OfferRow.digest)).where(
            col(OfferRow.account) == account, col(OfferRow.offer_id).in_(by_id)
        )
    )
    digests = {row.offer_id: row.digest for row in known}
    return [offer for offer in by_id.values() if digests.get(offer.offer_id) != _digest(offer)]


def keep(session: Session, account: str, offers: Sequence[Offer], *, now: datetime, stores: Sequence[str] = ()) -> None:
    """Store these offers as the last snapshot, in one statement; new ones are for these stores, if any is named."""
    if not offers:
        return
    rows = [
        {
            "account": account,
            "offer_id": offer.offer_id,
            "snapshot": offer,
            "digest": _digest(offer),
            "spec_count": len(offer.specs),
            "followed": False,
            "changed_at": now,
            "stores": list(stores) or None,
        }
        for offer in offers
    ]
    statement = upsert(OfferRow)
    fresh = statement.excluded
    change = {
        "snapshot": fresh.snapshot,
        "digest": fresh.digest,
        "spec_count": fresh.spec_count,
        "changed_at": fresh.changed_at,
    }
    session.connection().execute(
        statement.on_conflict_do_update(index_elements=["account", "offer_id"], set_=change), rows
    )


def widen(session: Session, account: str, offer_ids: Collection[str], stores: Sequence[str]) -> None:
    """Let offers that were for some stores only be listed in these too."""
    changes = [
        {"b_account": account, "b_offer": offer_id, "b_stores": sorted({*chosen, *stores})}
        for offer_id, chosen in chosen_stores(session, account, offer_ids).items()
        if not chosen.issuperset(stores)
    ]
    if changes:
        session.connection().execute(_WIDEN, changes)


def chosen_stores(session: Session, account: str, offer_ids: Collection[str]) -> dict[str, frozenset[str]]:
    """The stores a person wants each of these offers listed in; only those of which a person said so."""
    query = select(col(OfferRow.offer_id), col(OfferRow.stores)).where(
        col(OfferRow.account) == account, col(OfferRow.offer_id).in_(offer_ids), col(OfferRow.stores).is_not(None)
    )
    return {row.offer_id: frozenset(row.stores) for row in session.connection().execute(query)}


_WIDEN = (
    update(OfferRow)
    .where(col(OfferRow.account) == bindparam("b_account"), col(OfferRow.offer_id) == bindparam("b_offer"))
    .values(stores=bindparam("b_stores", type_=OfferRow.__table__.c.stores.type))  # type: ignore[attr-defined]
)


def offer(session: Session, account: str, offer_id: str) -> Offer | None:
    """The last snapshot of an offer."""
    row = session.get(OfferRow, (account, offer_id))
    return None if row is None else row.snapshot


def offers(session: Session, account: str, offer_ids: Collection[str]) -> dict[str, Offer | None]:
    """The last snapshots of these offers, by id; None for one that was never read."""
    query = select(OfferRow).where(col(OfferRow.account) == account, col(OfferRow.offer_id).in_(offer_ids))
    known = {row.offer_id: row.snapshot for row in session.scalars(query)}
    return {offer_id: known.get(offer_id) for offer_id in offer_ids}


def followed(session: Session, account: str, offer_id: str) -> None:
    """Remember that the supplier sends messages about this offer."""
    session.connection().execute(
        update(OfferRow)
        .where(col(OfferRow.account) == account, col(OfferRow.offer_id) == offer_id)
        .values(followed=True)
    )


def offers_to_resync(
    session: Session,
    *,
    store: str | None,
    offers: Collection[str],
    prefixes: Collection[str],
    since: datetime | None,
) -> list[tuple[str, str]]:
    """(account, offer id) of the offers a resync was asked for; listed ones if a store or prefix is named."""
    query = select(col(OfferRow.account), col(OfferRow.offer_id)).order_by(col(OfferRow.offer_id))
    if offers:
        query = query.where(col(OfferRow.offer_id).in_(offers))
    if since is not None:
        query = query.where(col(OfferRow.changed_at) >= since)
    if store or prefixes:
        bound = select(col(BindingRow.offer_id)).where(
            col(BindingRow.supplier) == col(OfferRow.account), col(BindingRow.offer_id) == col(OfferRow.offer_id)
        )
        if store:
            bound = bound.where(col(BindingRow.store) == store)
        for prefix in prefixes:
            bound = bound.where(col(BindingRow.sku_code).startswith(prefix, autoescape=True))
        query = query.where(bound.exists())
    return [(row.account, row.offer_id) for row in session.connection().execute(query)]


def listing_of(session: Session, store: str, supplier: str, offer_id: str) -> OwnListing | None:
    """Our listing of an offer in a store."""
    query = select(ListingRow).where(
        col(ListingRow.store) == store, col(ListingRow.supplier) == supplier, col(ListingRow.offer_id) == offer_id
    )
    row = session.scalars(query).first()
    return None if row is None else value(OwnListing, row)


def listing(session: Session, listing: int) -> OwnListing:
    """Our listing."""
    return value(OwnListing, session.get_one(ListingRow, listing))


def bindings(session: Session, listing: int) -> list[Binding]:
    """The SKUs of a listing."""
    query = select(BindingRow).where(col(BindingRow.listing) == listing).order_by(col(BindingRow.sku_code))
    return [value(Binding, row) for row in session.scalars(query)]


def propose(session: Session, listing: OwnListing, skus: Sequence[Wanted], *, now: datetime) -> int:
    """Write the intent to list an offer, with its bindings; answers the id it got with us."""
    row = ListingRow(
        store=listing.store,
        supplier=listing.supplier,
        offer_id=listing.offer_id,
        route=listing.route,
        state=listing.state,
        draft=listing.draft,
        created_at=now,
    )
    session.add(row)
    session.flush()
    assert row.id is not None  # noqa: S101  just flushed
    _bind(session, row.id, listing, skus)
    return row.id


def want(session: Session, listing: OwnListing, steps: Sequence[Step], skus: Sequence[Wanted]) -> None:
    """Set the wanted price and stock of SKUs whose step no brake stopped."""
    passports = {sku.sku_code: dict(sku.priced.passport) for sku in skus if sku.priced}
    for step in steps:
        if step.held:
            continue
        row = session.get_one(BindingRow, (listing.store, step.sku_code))
        if step.field == "price":
            row.price_wanted = Money.parse(step.after)
            row.passport = passports.get(step.sku_code, {})
        else:
            row.stock_wanted = int(step.after)


def write_plan(
    session: Session, cause: str, steps: Sequence[tuple[int, str, Step]], *, live: bool, now: datetime
) -> int:
    """Write a plan: (listing, rule, step) each; answers its id."""
    plan = PlanRow(cause=cause, made_at=now)
    session.add(plan)
    session.flush()
    assert plan.id is not None  # noqa: S101  just flushed
    approved = ChangeState.APPROVED if live else ChangeState.PROPOSED
    rows = [
        {
            "plan": plan.id,
            "listing": listing,
            "sku_code": step.sku_code,
            "field": step.field,
            "before": step.before,
            "after": step.after,
            "reason": step.held or step.reason,
            "rule": rule,
            "state": ChangeState.HELD if step.held else approved,
        }
        for listing, rule, step in steps
    ]
    session.connection().execute(insert(ChangeRow), rows)
    return plan.id


def changes_since(session: Session, plan: int) -> list[tuple[OwnListing, Step, str]]:
    """The changes of every plan after this one, as (listing, step, state)."""
    query = (
        select(ChangeRow, ListingRow)
        .join(ListingRow, col(ListingRow.id) == col(ChangeRow.listing))
        .where(col(ChangeRow.plan) > plan)
        .order_by(col(ChangeRow.id))
    )
    return [
        (value(OwnListing, listing), Step(row.sku_code, row.field, row.before, row.after, row.reason), row.state)
        for row, listing in session.execute(query)
    ]


def last_plan(session: Session) -> int:
    """The newest plan; 0 if there is none."""
    return session.connection().execute(select(func.max(col(PlanRow.id)))).scalar_one() or 0


def sku_count(session: Session, store: str) -> int:
    """How many SKUs a store has through us."""
    query = select(func.count()).select_from(BindingRow).where(col(BindingRow.store) == store)
    return session.connection().execute(query).scalar_one()


def sent(session: Session, listing: int, draft: ListingDraft, *, now: datetime) -> bool:
    """Commit that this draft goes out now; False if somebody else sent the listing meanwhile."""
    result = session.connection().execute(
        update(ListingRow)
        .where(col(ListingRow.id) == listing, col(ListingRow.state) == ListingState.INTENDED)
        .values(state=ListingState.SENT.value, sent_at=now, draft=draft)
    )
    return result.rowcount == 1


def posted(session: Session, listing: int, listing_id: str) -> None:
    """The channel has the listing under this id."""
    session.connection().execute(
        update(ListingRow)
        .where(col(ListingRow.id) == listing)
        .values(state=ListingState.POSTED.value, listing_id=listing_id)
    )


def set_state(session: Session, listing: int, state: ListingState) -> None:
    """Move a listing on."""
    session.connection().execute(update(ListingRow).where(col(ListingRow.id) == listing).values(state=state.value))


def read_back(session: Session, listing: OwnListing, skus: Sequence[Sku]) -> None:
    """Note how the channel addresses each SKU, and what it shows."""
    for sku in skus:
        session.connection().execute(
            update(BindingRow)
            .where(col(BindingRow.store) == listing.store, col(BindingRow.sku_code) == sku.sku_code)
            .values(sku_key=sku.sku_key, price=sku.price, stock=sku.stock)
        )


def pushed(session: Session, listing: OwnListing, field: str, values: Mapping[str, Money | int]) -> None:
    """Note what the channel was given, by SKU code."""
    for sku_code, given in values.items():
        session.connection().execute(
            update(BindingRow)
            .where(col(BindingRow.store) == listing.store, col(BindingRow.sku_code) == sku_code)
            .values({field: given})
        )
    applied(session, listing.id, field, values)


def applied(session: Session, listing: int, field: str, sku_codes: Collection[str] | None = None) -> None:
    """Note that a listing's approved changes of a field went out; of these SKUs, or of all."""
    change = update(ChangeRow).where(
        col(ChangeRow.listing) == listing,
        col(ChangeRow.field) == field,
        col(ChangeRow.state) == ChangeState.APPROVED,
    )
    if sku_codes is not None:
        change = change.where(col(ChangeRow.sku_code).in_(sku_codes))
    session.connection().execute(change.values(state=ChangeState.APPLIED.value))


def bound_specs(session: Session, store: str, sku_codes: Collection[str]) -> dict[str, BoundSpec]:
    """The specs that feed these SKUs of a store."""
    query = select(BindingRow).where(col(BindingRow.store) == store, col(BindingRow.sku_code).in_(sku_codes))
    return {row.sku_code: BoundSpec(row.supplier, row.offer_id, row.spec_id) for row in session.scalars(query)}


@dataclass(frozen=True, slots=True)
class CatalogueFigures:
    """How much there is."""

    offers: int
    skus: int
    listings: int
    price_updates: int
    stock_updates: int


def figures(session: Session) -> CatalogueFigures:
    """Counts for people."""
    connection = session.connection()
    offers, skus = connection.execute(
        select(func.count(), func.coalesce(func.sum(col(OfferRow.spec_count)), 0)).select_from(OfferRow)
    ).one()
    listings = connection.execute(
        select(func.count()).select_from(ListingRow).where(col(ListingRow.state) == ListingState.ON_SALE)
    ).scalar_one()
    applied = connection.execute(
        select(col(ChangeRow.field), func.count())
        .where(col(ChangeRow.state) == ChangeState.APPLIED)
        .group_by(col(ChangeRow.field))
    )
    by_field = dict(applied.all())
    return CatalogueFigures(offers, int(skus), listings, by_field.get("price", 0), by_field.get("stock", 0))


def _bind(session: Session, row_id: int, listing: OwnListing, skus: Sequence[Wanted]) -> None:
    rows = [
        {
            "store": listing.store,
            "sku_code": sku.sku_code,
            "listing": row_id,
            "supplier": listing.supplier,
            "offer_id": listing.offer_id,
            "spec_id": sku.spec.spec_id,
            "price_wanted": sku.priced.price if sku.priced else None,
            "stock_wanted": sku.stock,
            "passport": dict(sku.priced.passport) if sku.priced else {},
        }
        for sku in skus
    ]
    session.connection().execute(upsert(BindingRow).on_conflict_do_nothing(), rows)


def _digest(offer: Offer) -> str:
    return hashlib.blake2b(to_json(offer).encode(), digest_size=16).hexdigest()
