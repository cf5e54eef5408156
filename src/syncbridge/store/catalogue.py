"""Offers, our listings of them, and the bindings between specs and SKUs."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import bindparam, func, insert, or_, select, update
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlmodel import Session, col

from syncbridge.model.catalog import (
    Binding,
    ChangeState,
    ListingDraft,
    ListingState,
    Offer,
    OwnListing,
)
from syncbridge.model.money import Money
from syncbridge.rules.planning import Step, Wanted
from syncbridge.rules.routing import BoundSpec
from syncbridge.store import plans
from syncbridge.store.rows import chunks, known_row, row_of, rows_of, value
from syncbridge.store.tables.catalogue import BindingRow, ListingRow, OfferRow
from syncbridge.store.tables.plans import ChangeRow
from syncbridge.store.types import MoneyText, UtcTime, to_json

ONCE_READ = "once read"
"""In place of the digest of rules: what the supplier shows now has to be known before the offer is planned."""


@dataclass(frozen=True, slots=True)
class News:
    """What of some offers, just read, is new."""

    changed: list[Offer]
    """Those that are not as they were when last read."""
    unplanned: list[Offer]
    """Those, and what was not planned yet under these rules."""


def news(session: Session, account: str, offers: Iterable[Offer], *, under: str) -> News:
    """What is new about these offers; compares digests only. `under` is the digest of the rules in force."""
    by_id = {offer.offer_id: offer for offer in offers}
    known = session.connection().execute(_DIGESTS, {"b_account": account, "b_offers": list(by_id)})
    seen = {row.offer_id: row for row in known}
    changed, unplanned = [], []
    for offer_id, offer in by_id.items():
        row = seen.get(offer_id)
        if row is None or row.digest != _digest(offer):
            changed.append(offer)
        elif row.planned_under != under:
            unplanned.append(offer)
    return News(changed, [*changed, *unplanned])


_THESE = (
    col(OfferRow.account) == bindparam("b_account"),
    col(OfferRow.offer_id).in_(bindparam("b_offers", expanding=True)),
)
_DIGESTS = select(col(OfferRow.offer_id), col(OfferRow.digest), col(OfferRow.planned_under)).where(*_THESE)


def planned(session: Session, account: str, offers: Iterable[Offer], *, under: str, read: bool = True) -> None:
    """Note that these offers, as they are kept, were planned under the rules with this digest.

    Where they were not just `read`, those that have to be are planned again after that.
    """
    named = {"b_account": account, "b_offers": [offer.offer_id for offer in offers], "b_under": under}
    session.connection().execute(_PLANNED if read else _PLANNED_UNREAD, named)


_PLANNED = update(OfferRow).where(*_THESE).values(planned_under=bindparam("b_under"))
_PLANNED_UNREAD = _PLANNED.where(col(OfferRow.planned_under) != ONCE_READ)


def unplanned(session: Session, account: str, *, under: str, most: int) -> list[Offer]:
    """Offers, as they are kept, that were not planned under the rules with this digest."""
    planned = col(OfferRow.planned_under)
    query = select(col(OfferRow.snapshot)).where(
        col(OfferRow.account) == account,
        or_(planned < under, planned > under),  # each is a range of the index, as "not equal" is not
        planned != ONCE_READ,
    )
    return list(session.connection().scalars(query.limit(most)))


def unplan(session: Session, account: str, offer_ids: Collection[str], *, once_read: bool = False) -> None:
    """Plan these offers again, changed or not: from what is known of them, or only once they were read anew."""
    session.connection().execute(
        update(OfferRow)
        .where(
            col(OfferRow.account) == account,
            col(OfferRow.offer_id).in_(offer_ids),
            col(OfferRow.planned_under) != ONCE_READ,
        )
        .values(planned_under=ONCE_READ if once_read else "")
    )


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
    session.connection().execute(_KEEP, rows)


_READ = upsert(OfferRow)
_KEEP = _READ.on_conflict_do_update(
    index_elements=["account", "offer_id"],
    set_={
        **{name: _READ.excluded[name] for name in ("snapshot", "digest", "spec_count", "changed_at")},
        "planned_under": "",
    },
)


def offer(session: Session, account: str, offer_id: str) -> Offer | None:
    """The last snapshot of an offer."""
    row = row_of(session, OfferRow, account, offer_id)
    return None if row is None else row.snapshot


def accounts(session: Session) -> list[str]:
    """The supplier accounts that offers were read from."""
    return list(session.connection().scalars(select(col(OfferRow.account)).distinct().order_by(col(OfferRow.account))))


def offers_after(session: Session, account: str, offer_id: str, most: int) -> list[Offer]:
    """The last snapshots of the offers whose ids come next after one, at most so many."""
    query = select(col(OfferRow.snapshot)).where(col(OfferRow.account) == account, col(OfferRow.offer_id) > offer_id)
    return list(session.connection().scalars(query.order_by(col(OfferRow.offer_id)).limit(most)))


def offers(session: Session, account: str, offer_ids: Collection[str]) -> dict[str, Offer | None]:
    """The last snapshots of these offers, by id; None for one that was never read."""
    rows = session.connection().execute(_SNAPSHOTS, {"b_account": account, "b_offers": list(offer_ids)})
    known = {row.offer_id: row.snapshot for row in rows}
    return {offer_id: known.get(offer_id) for offer_id in offer_ids}


_SNAPSHOTS = select(col(OfferRow.offer_id), col(OfferRow.snapshot)).where(*_THESE)


def snapshots(session: Session, named: Mapping[str, Collection[str]]) -> dict[tuple[str, str], Offer]:
    """The last snapshots of offers named by supplier account, as far as they were read; by account and offer id."""
    return {
        (account, offer_id): offer
        for account, ids in named.items()
        for offer_id, offer in offers(session, account, ids).items()
        if offer is not None
    }


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
    accounts: dict[str, str] = {}  # each one's name once, for there may be a hundred thousand rows
    rows = session.connection().execute(query).yield_per(1_000)
    return [(accounts.setdefault(row.account, row.account), row.offer_id) for row in rows]


@dataclass(frozen=True, slots=True)
class Shelved:
    """A listing, and those of its SKUs that one offer feeds."""

    listing: OwnListing
    bindings: list[Binding]


def shelf(session: Session, supplier: str, offer_ids: Collection[str]) -> dict[str, list[Shelved]]:
    """The listings that each of these offers feeds, made of it or adopted, by offer id."""
    fed: dict[tuple[str, int], list[Binding]] = {}
    for row in rows_of(session, _BOUND, b_supplier=supplier, b_offers=list(offer_ids)):
        fed.setdefault((row.offer_id, row.listing), []).append(value(Binding, row))
    listings = list({listing for _, listing in fed})
    by_id = {row.id: value(OwnListing, row) for row in rows_of(session, _LISTINGS, b_ids=listings)}
    found: dict[str, list[Shelved]] = {offer_id: [] for offer_id in offer_ids}
    for (offer_id, listing), bindings in fed.items():
        found[offer_id].append(Shelved(by_id[listing], bindings))
    return found


_BOUND = (
    select(BindingRow)
    .where(
        col(BindingRow.supplier) == bindparam("b_supplier"),
        col(BindingRow.offer_id).in_(bindparam("b_offers", expanding=True)),
    )
    .order_by(col(BindingRow.sku_code))
)
_LISTINGS = select(ListingRow).where(col(ListingRow.id).in_(bindparam("b_ids", expanding=True)))


def listing(session: Session, listing: int) -> OwnListing:
    """Our listing."""
    return value(OwnListing, known_row(session, ListingRow, listing))


def bindings(session: Session, listing: int) -> list[Binding]:
    """The SKUs of a listing."""
    return [value(Binding, row) for row in rows_of(session, _BINDINGS, b_listing=listing)]


_BINDINGS = (
    select(BindingRow).where(col(BindingRow.listing) == bindparam("b_listing")).order_by(col(BindingRow.sku_code))
)


def bindings_of(session: Session, listings: Collection[int]) -> list[Binding]:
    """The SKUs of these listings."""
    query = select(BindingRow).order_by(col(BindingRow.listing), col(BindingRow.sku_code))
    return [
        value(Binding, row)
        for some in chunks(listings)
        for row in rows_of(session, query.where(col(BindingRow.listing).in_(some)))
    ]


def propose(
    session: Session, listings: Sequence[tuple[OwnListing, Sequence[Wanted]]], *, now: datetime
) -> list[OwnListing]:
    """Write the intents to list these offers, with their bindings; answers them with the ids they got with us."""
    session.connection().execute(
        insert(ListingRow),
        [
            {
                "store": listing.store,
                "supplier": listing.supplier,
                "offer_id": listing.offer_id,
                "route": listing.route,
                "state": listing.state,
                "draft": listing.draft,
                "created_at": now,
            }
            for listing, _ in listings
        ],
    )
    by_name = _listing_ids(session, {listing.offer_id for listing, _ in listings})
    ids = [by_name[listing.store, listing.supplier, listing.offer_id] for listing, _ in listings]
    session.connection().execute(
        upsert(BindingRow).on_conflict_do_nothing(),
        [
            _binding_row(listing, listing_id, sku)
            for listing_id, (listing, skus) in zip(ids, listings, strict=True)
            for sku in skus
        ],
    )
    return [replace(listing, id=listing_id) for listing_id, (listing, _) in zip(ids, listings, strict=True)]


def add_sku(session: Session, listing: OwnListing, sku: Wanted) -> None:
    """One more SKU of a listing, whose draft has it already."""
    session.connection().execute(insert(BindingRow), [_binding_row(listing, listing.id, sku)])
    values = update(ListingRow).where(col(ListingRow.id) == listing.id).values(draft=listing.draft)
    session.connection().execute(values)


def _binding_row(listing: OwnListing, listing_id: int, sku: Wanted) -> dict[str, object]:
    return {
        "store": listing.store,
        "sku_code": sku.sku_code,
        "listing": listing_id,
        "supplier": listing.supplier,
        "offer_id": listing.offer_id,
        "spec_id": sku.spec.spec_id,
        "price_wanted": sku.priced.price if sku.priced else None,
        "stock_wanted": sku.stock,
        "passport": dict(sku.priced.passport) if sku.priced else {},
    }


def _listing_ids(session: Session, offer_ids: Collection[str]) -> dict[tuple[str, str, str], int]:
    """Ids with us of the listings made of these offers, by store, supplier and offer."""
    names = (col(ListingRow.store), col(ListingRow.supplier), col(ListingRow.offer_id))
    rows = session.connection().execute(
        select(*names, col(ListingRow.id)).where(col(ListingRow.offer_id).in_(offer_ids))
    )
    return {(row.store, row.supplier, row.offer_id): row.id for row in rows}


def want(session: Session, store: str, steps: Sequence[Step], passports: Mapping[str, Mapping[str, str]]) -> None:
    """Set the wanted price and stock of a store's SKUs where nothing keeps the step back."""
    prices = [
        {
            "b_store": store,
            "b_sku": step.sku_code,
            "b_price": Money.parse(step.after),
            "b_passport": dict(passports.get(step.sku_code, {})),
        }
        for step in steps
        if step.field == "price" and step.goes
    ]
    stocks = [
        {"b_store": store, "b_sku": step.sku_code, "b_stock": int(step.after)}
        for step in steps
        if step.field == "stock" and step.goes
    ]
    for statement, rows in ((_WANT_PRICE, prices), (_WANT_STOCK, stocks)):
        if rows:
            session.connection().execute(statement, rows)


_SKU = (col(BindingRow.store) == bindparam("b_store"), col(BindingRow.sku_code) == bindparam("b_sku"))
_WANT_PRICE = (
    update(BindingRow).where(*_SKU).values(price_wanted=bindparam("b_price"), passport=bindparam("b_passport"))
)
_WANT_STOCK = update(BindingRow).where(*_SKU).values(stock_wanted=bindparam("b_stock"))


def sku_count(session: Session, store: str) -> int:
    """How many SKUs a store has through us."""
    query = select(func.count()).select_from(BindingRow).where(col(BindingRow.store) == store)
    return session.connection().execute(query).scalar_one()


def sent(session: Session, listing: OwnListing, draft: ListingDraft, *, now: datetime) -> bool:
    """Commit that this draft goes out now; False if somebody else moved the listing meanwhile."""
    result = session.connection().execute(
        update(ListingRow)
        .where(col(ListingRow.id) == listing.id, col(ListingRow.state) == listing.state)
        .values(
            state=ListingState.SENT.value,
            sent_at=now,
            first_sent_at=func.coalesce(ListingRow.first_sent_at, bindparam("b_now", now, type_=UtcTime())),
            missed_at=None,
            draft=draft,
        )
    )
    if result.rowcount != 1:
        return False
    rows = [
        {"b_listing": listing.id, "b_sku": sku.sku_code, "b_price": sku.price, "b_stock": sku.stock, "b_now": now}
        for sku in draft.skus
    ]
    session.connection().execute(_SENT, rows)
    return True


_SENT = (
    update(BindingRow)
    .where(col(BindingRow.listing) == bindparam("b_listing"), col(BindingRow.sku_code) == bindparam("b_sku"))
    .values(
        price_sent=bindparam("b_price", type_=MoneyText()),
        stock_sent=bindparam("b_stock"),
        stock_at=bindparam("b_now", type_=UtcTime()),
    )
)


def missed(session: Session, listing: int, *, now: datetime) -> None:
    """A sent listing was looked for and not found."""
    session.connection().execute(update(ListingRow).where(col(ListingRow.id) == listing).values(missed_at=now))


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


def intend(session: Session, listings: Collection[int]) -> None:
    """Decide that these proposed listings go out."""
    rows = [{"b_id": listing} for listing in listings]
    if rows:
        session.connection().execute(_INTEND, rows)


_INTEND = (
    update(ListingRow)
    .where(col(ListingRow.id) == bindparam("b_id"), col(ListingRow.state) == ListingState.PROPOSED)
    .values(state=ListingState.INTENDED.value)
)


def sending(session: Session, listing: OwnListing, field: str, values: Mapping[str, Money | int]) -> None:
    """Commit what is about to be sent, by SKU code: until it is answered the channel may show it or not."""
    rows = [{"b_store": listing.store, "b_sku": code, "b_given": given} for code, given in values.items()]
    session.connection().execute(_SENDING[field], rows)


def pushed(
    session: Session, listing: OwnListing, field: str, values: Mapping[str, Money | int], *, now: datetime
) -> None:
    """Note what the channel was given, by SKU code, and which changes that ends."""
    rows = [{"b_store": listing.store, "b_sku": code, "b_given": given, "b_now": now} for code, given in values.items()]
    session.connection().execute(_PUSHED[field], rows)
    session.connection().execute(update(ListingRow).where(col(ListingRow.id) == listing.id).values(pushed_at=now))
    plans.settle(session, listing, field)


_SENDING = {
    "price": update(BindingRow).where(*_SKU).values(price_sent=bindparam("b_given", type_=MoneyText())),
    "stock": update(BindingRow).where(*_SKU).values(stock_sent=bindparam("b_given")),
}
_PUSHED = {
    "price": update(BindingRow).where(*_SKU).values(price=bindparam("b_given", type_=MoneyText()), price_sent=None),
    "stock": update(BindingRow)
    .where(*_SKU)
    .values(stock=bindparam("b_given"), stock_sent=None, stock_at=bindparam("b_now", type_=UtcTime())),
}


def offers_of_skus(session: Session, skus: Collection[tuple[str, str]]) -> set[tuple[str, str]]:
    """The offers, by supplier account and id, that these SKUs are bound to; by store, or any for an empty one."""
    query = select(col(BindingRow.store), col(BindingRow.sku_code), col(BindingRow.supplier), col(BindingRow.offer_id))
    rows = session.connection().execute(query.where(col(BindingRow.sku_code).in_({code for _, code in skus})))
    return {
        (row.supplier, row.offer_id)
        for row in rows
        if not {(row.store, row.sku_code), ("", row.sku_code)}.isdisjoint(skus)
    }


def first_plan_over(session: Session, store: str, sku_codes: Collection[str]) -> None:
    """A person has decided about the first changes of these adopted SKUs, or there were none."""
    rows = [{"b_store": store, "b_sku": sku_code} for sku_code in sku_codes]
    if rows:
        session.connection().execute(_FIRST_PLAN_OVER, rows)


_FIRST_PLAN_OVER = update(BindingRow).where(*_SKU, col(BindingRow.first_plan)).values(first_plan=False)


def bound_specs(session: Session, store: str, sku_codes: Collection[str]) -> dict[str, BoundSpec]:
    """The specs that feed these SKUs of a store."""
    query = select(BindingRow).where(col(BindingRow.store) == store, col(BindingRow.sku_code).in_(sku_codes))
    return {row.sku_code: BoundSpec(row.supplier, row.offer_id, row.spec_id) for row in rows_of(session, query)}


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


def _digest(offer: Offer) -> str:
    return hashlib.blake2b(to_json(offer).encode(), digest_size=16).hexdigest()
