"""Our listings beside what the channel was last seen to show of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import and_, bindparam, func, or_, select, update
from sqlmodel import Session, col

from syncbridge.model.catalog import Binding, Listing, ListingState, OwnListing, Seen, Sku
from syncbridge.model.orders import OrderStage, OrderState
from syncbridge.rules import drift
from syncbridge.rules.drift import CLOCKS_DIFFER, Sales
from syncbridge.store.rows import row_of, value
from syncbridge.store.tables.buying import OrderRow
from syncbridge.store.tables.catalogue import BindingRow, ListingRow
from syncbridge.store.tables.plans import LockRow
from syncbridge.store.tables.work import Job, JobState
from syncbridge.store.types import MoneyText, UtcTime

ON_THE_CHANNEL = (ListingState.ON_SALE, ListingState.OFFLINE, ListingState.TAKEN_DOWN)
PUSHES = ("prices.push", "stock.push", "stock.online")
NOT_BOUGHT_YET = (OrderStage.WAITING, OrderStage.UNROUTED, OrderStage.BUYING)


def changed(session: Session, store: str, listed: Sequence[Listing]) -> list[int]:
    """Which of these rows of the channel's list are ours and not as they were last read, by our number."""
    columns = (col(ListingRow.id), col(ListingRow.listing_id), col(ListingRow.state), col(ListingRow.seen))
    known = session.connection().execute(
        select(*columns).where(
            col(ListingRow.store) == store,
            col(ListingRow.listing_id).in_([listing.listing_id for listing in listed]),
            col(ListingRow.state).in_([*ON_THE_CHANNEL, ListingState.GONE]),
        )
    )
    ours = {row.listing_id: row for row in known}
    return [
        own.id
        for one in listed
        if (own := ours.get(one.listing_id)) and not drift.is_as_seen(one, ListingState(own.state), own.seen)
    ]


def unlisted(session: Session, store: str, listed: Collection[str]) -> tuple[list[int], int]:
    """Our listings that the channel should have and does not list, and how many it should have."""
    query = select(col(ListingRow.id), col(ListingRow.listing_id)).where(
        col(ListingRow.store) == store, col(ListingRow.state).in_(ON_THE_CHANNEL)
    )
    ours = session.connection().execute(query).all()
    return [row.id for row in ours if row.listing_id not in listed], len(ours)


def numbered(session: Session, store: str, listing_ids: Collection[str]) -> list[int]:
    """Our numbers of the listings that have these ids on the channel."""
    query = select(col(ListingRow.id)).where(
        col(ListingRow.store) == store, col(ListingRow.listing_id).in_(listing_ids)
    )
    return [row.id for row in session.connection().execute(query)]


def behind(session: Session, store: str) -> list[int]:
    """Our listings that were not given what is wanted, although no push of theirs waits or is parked."""
    prices, amounts = (
        func.sum(and_(col(BindingRow.sku_key).is_not(None), differs))
        for differs in (
            col(BindingRow.price_wanted) != col(BindingRow.price),
            col(BindingRow.stock_wanted) != col(BindingRow.stock),
        )
    )
    query = (
        select(col(ListingRow.id))
        .join(BindingRow, col(BindingRow.listing) == col(ListingRow.id))
        .where(col(ListingRow.store) == store, col(ListingRow.state).in_([ListingState.ON_SALE, ListingState.OFFLINE]))
        .group_by(col(ListingRow.id))
        .having(or_(prices > 0, and_(amounts > 0, func.sum(col(BindingRow.stock_wanted)) > 0)))
    )
    spoken_for = pushes_waiting(session, store)
    return [row.id for row in session.connection().execute(query) if f"listing {store}/{row.id}" not in spoken_for]


def pushes_waiting(session: Session, store: str) -> set[str]:
    """The subjects of this store's pushes that wait, run or are parked."""
    query = select(col(Job.subject)).where(
        col(Job.state).in_([JobState.READY, JobState.RUNNING, JobState.PARKED]),
        col(Job.kind).in_(PUSHES),
        col(Job.account) == store,
    )
    return set(session.connection().scalars(query))


def sales(
    session: Session, store: str, bindings: Iterable[Binding], *, until: datetime, complete: bool
) -> dict[str, Sales]:
    """What buyers took of these SKUs, and gave back, since their stock was last known, up to a time."""
    since = {b.sku_code: b.stock_at - CLOCKS_DIFFER for b in bindings if b.stock_at is not None}
    if not since:
        return {}
    query = select(
        col(OrderRow.state),
        col(OrderRow.stage),
        col(OrderRow.created_at),
        col(OrderRow.modified_at),
        col(OrderRow.lines),
    ).where(
        col(OrderRow.store) == store,
        or_(col(OrderRow.modified_at) >= min(since.values()), col(OrderRow.stage).in_(NOT_BOUGHT_YET)),
    )
    taken, returned, waiting = (dict.fromkeys(since, 0) for _ in range(3))
    for row in session.connection().execute(query):
        for line in row.lines:
            if (began := since.get(line.sku_code)) is None:
                continue
            if began <= row.created_at <= until + CLOCKS_DIFFER:
                taken[line.sku_code] += line.quantity
            if row.state == OrderState.CANCELLED and row.modified_at >= began:
                returned[line.sku_code] += line.quantity
            elif row.stage in NOT_BOUGHT_YET:
                waiting[line.sku_code] += line.quantity
    return {code: Sales(taken[code], returned[code], waiting[code], complete) for code in since}


def believe(
    session: Session, store: str, skus: Sequence[Sku], *, but_stock: Collection[str] = (), now: datetime
) -> None:
    """Note how the channel addresses these SKUs and what it shows; `but_stock` of those that is not clear yet."""
    prices = [
        {
            "b_store": store,
            "b_sku": sku.sku_code,
            "b_key": sku.sku_key,
            "b_price": sku.price,
            "b_discount": sku.discount,
        }
        for sku in skus
    ]
    if prices:
        session.connection().execute(_SHOWN_PRICE, prices)
    believe_stock(session, store, {s.sku_code: s.stock for s in skus if s.sku_code not in but_stock}, now=now)


def believe_stock(session: Session, store: str, shown: Mapping[str, int], *, now: datetime) -> None:
    """Note the stock these SKUs showed at that time."""
    rows = [{"b_store": store, "b_sku": code, "b_stock": amount, "b_now": now} for code, amount in shown.items()]
    if rows:
        session.connection().execute(_SHOWN_STOCK, rows)


_SKU = (col(BindingRow.store) == bindparam("b_store"), col(BindingRow.sku_code) == bindparam("b_sku"))
_SHOWN_PRICE = (
    update(BindingRow)
    .where(*_SKU)
    .values(
        sku_key=bindparam("b_key"),
        price=bindparam("b_price", type_=MoneyText()),
        price_sent=None,
        discount=bindparam("b_discount", type_=MoneyText()),
    )
)
_SHOWN_STOCK = (
    update(BindingRow)
    .where(*_SKU)
    .values(stock=bindparam("b_stock"), stock_sent=None, stock_at=bindparam("b_now", type_=UtcTime()))
)


def unbind(session: Session, store: str, sku_codes: Collection[str]) -> None:
    """Push nothing to these SKUs any more; orders of them still resolve."""
    session.connection().execute(
        update(BindingRow)
        .where(col(BindingRow.store) == store, col(BindingRow.sku_code).in_(sku_codes))
        .values(sku_key=None, price=None, price_sent=None, stock=None, stock_sent=None, stock_at=None)
    )


def saw(session: Session, listing: int, seen: Seen) -> None:
    """Note what a listing showed."""
    session.connection().execute(update(ListingRow).where(col(ListingRow.id) == listing).values(seen=seen))


def switching(session: Session, listing: int, state: ListingState) -> None:
    """Commit that the channel is about to be asked to put it on sale, or off."""
    session.connection().execute(update(ListingRow).where(col(ListingRow.id) == listing).values(state_sent=state.value))


def switched(session: Session, listing: int, state: ListingState, *, now: datetime) -> None:
    """The channel put it on sale, or off, because we asked."""
    session.connection().execute(
        update(ListingRow)
        .where(col(ListingRow.id) == listing)
        .values(state=state.value, state_sent=None, pushed_at=now)
    )


def shows(session: Session, listing: int, state: ListingState) -> None:
    """The channel shows it in this state."""
    session.connection().execute(
        update(ListingRow).where(col(ListingRow.id) == listing).values(state=state.value, state_sent=None)
    )


def get(session: Session, number: int) -> OwnListing | None:
    """Our listing of that number."""
    row = row_of(session, ListingRow, number)
    return None if row is None else value(OwnListing, row)


def reworded(session: Session, own: OwnListing, fields: Collection[str], *, now: datetime) -> None:
    """The channel took other words of ours, by field: what the next reading shows of them is none of the seller's."""
    if (seen := own.seen) is not None:
        title, description = ("" if field in fields else getattr(seen, field) for field in ("title", "description"))
        seen = replace(seen, title=title, description=description, modified_at=None)
    values = {"seen": seen, "pushed_at": now}
    session.connection().execute(update(ListingRow).where(col(ListingRow.id) == own.id).values(values))


@dataclass(frozen=True, slots=True)
class Listed:
    """A listing in one line."""

    id: int
    store: str
    listing_id: str | None
    state: ListingState
    title: str
    skus: int
    locks: int


def all_of(session: Session, store: str | None) -> list[Listed]:
    """Every listing of a store, or of all."""
    skus, kept = (
        select(func.count()).where(listing == col(ListingRow.id)).scalar_subquery()
        for listing in (col(BindingRow.listing), col(LockRow.listing))
    )
    query = select(ListingRow, skus, kept).order_by(col(ListingRow.id))
    if store is not None:
        query = query.where(col(ListingRow.store) == store)
    return [
        Listed(row.id or 0, row.store, row.listing_id, ListingState(row.state), _title(row), count, locked)
        for row, count, locked in session.execute(query)
    ]


def _title(row: ListingRow) -> str:
    return row.seen.title if row.seen else row.draft.title
