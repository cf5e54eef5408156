"""Purchases, the vendor orders they became, and the parcels that came of those."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, exists, func, literal, or_, select, update
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from syncbridge.errors import SyncBridgeError
from syncbridge.model.money import Money
from syncbridge.model.purchasing import (
    IntentKey,
    PlacedOrder,
    Purchase,
    PurchaseState,
    Quote,
    SeenOrder,
    VendorOrderState,
)
from syncbridge.model.shipping import Shipment
from syncbridge.rules.merging import marks
from syncbridge.rules.routing import Split, intent_key
from syncbridge.store import merging
from syncbridge.store import orders as channel_orders
from syncbridge.store.rows import value
from syncbridge.store.tables import ParcelRow, PurchaseRow, VendorOrderRow


class CapReached(SyncBridgeError):
    """The purchase would spend more than the account's cap of the day."""


class NotIntended(SyncBridgeError):
    """The purchase was sent or settled by somebody else meanwhile."""


class NotWanted(SyncBridgeError):
    """The order was read anew meanwhile, and wants no goods now."""


class AlreadyIntended(SyncBridgeError):
    """What an order line wants is, or was, bought by another purchase."""


def intend(
    session: Session, store: str, order_id: str, split: Split, *, address_digest: str = "", now: datetime
) -> int:
    """Commit the decision to buy, once for each order, supplier account and split; answers its id.

    Raises AlreadyIntended if it was made before for other lines of the order: the mapping files changed in between.
    """
    key = intent_key(store, order_id, split.route.supplier, split.number)
    statement = upsert(PurchaseRow).values(
        store=store,
        order_id=order_id,
        supplier=split.route.supplier,
        split=split.number,
        route=split.route.name,
        out_order_id=key.out_order_id,
        mark=key.mark,
        state=PurchaseState.INTENDED.value,
        lines=list(split.lines),
        payout=split.payout,
        relay=split.route.relay,
        fresh_look_ups=0,
        line_ids=list(split.line_ids),
        alternative=split.alternative,
        approvals={},
        address_digest=address_digest,
        created_at=now,
    )
    session.connection().execute(statement.on_conflict_do_nothing())
    query = select(col(PurchaseRow.id), col(PurchaseRow.line_ids)).where(
        col(PurchaseRow.out_order_id) == key.out_order_id
    )
    row = session.connection().execute(query).one()
    if row.line_ids != list(split.line_ids):
        raise AlreadyIntended(f"purchase {key.mark} was made for other lines of order {order_id}; buy these by hand")
    return row.id or 0


def note_address(session: Session, purchase: int, address_digest: str) -> None:
    """The buyer's address, as it is now, makes no difference to the purchase."""
    session.connection().execute(
        update(PurchaseRow).where(col(PurchaseRow.id) == purchase).values(address_digest=address_digest)
    )


def get(session: Session, purchase: int) -> Purchase:
    """A purchase."""
    return _purchase(session.get_one(PurchaseRow, purchase))


def of_order(session: Session, store: str, order_id: str) -> list[Purchase]:
    """All purchases for an order."""
    query = select(PurchaseRow).where(col(PurchaseRow.store) == store, col(PurchaseRow.order_id) == order_id)
    return [_purchase(row) for row in session.scalars(query)]


def by_mark(session: Session, mark: str) -> Purchase | None:
    """The purchase a parcel mark names."""
    row = session.scalars(select(PurchaseRow).where(col(PurchaseRow.mark) == mark)).first()
    return None if row is None else _purchase(row)


def named_by(session: Session, order: PlacedOrder) -> Purchase | None:
    """The purchase whose name or mark a vendor order carries, or that holds its orders, whatever its state."""
    named = col(PurchaseRow.out_order_id) == (order.out_order_id or "")
    marked = literal(order.note).contains(col(PurchaseRow.mark))
    row = session.scalars(select(PurchaseRow).where(or_(named, marked)).limit(1)).first()
    return None if row is None else get(session, _purchase(row).holder)


def unclaimed(session: Session, purchase: Purchase) -> list[PlacedOrder]:
    """Living vendor orders that carry a purchase's name or mark and belong to none: of a time a backup forgot.

    One made for several purchases may belong to another of them.
    """
    found = session.scalars(
        _bearing(purchase.supplier, [purchase.key]).where(func.coalesce(VendorOrderRow.purchase, 0) != purchase.holder)
    )
    return [_placed(row) for row in found if row.purchase is None or purchase.mark in marks(row.note)]


def unclaimed_of(session: Session, supplier: str, keys: Sequence[IntentKey]) -> list[PlacedOrder]:
    """The same for purchases that are not intended yet, by the names they would have."""
    found = session.scalars(_bearing(supplier, keys).where(col(VendorOrderRow.purchase).is_(None)))
    return [_placed(row) for row in found]


def _bearing(supplier: str, keys: Sequence[IntentKey]) -> Select[VendorOrderRow]:
    return select(VendorOrderRow).where(
        col(VendorOrderRow.supplier) == supplier,
        col(VendorOrderRow.state) != VendorOrderState.CANCELLED,
        or_(
            col(VendorOrderRow.out_order_id).in_([key.out_order_id for key in keys]),
            *(col(VendorOrderRow.note).contains(key.mark, autoescape=True) for key in keys),
        ),
    )


def known(session: Session, purchase: int) -> Purchase | None:
    """The purchase of that number, if there is one."""
    row = session.get(PurchaseRow, purchase)
    return None if row is None else _purchase(row)


def numbered(session: Session, ids: Collection[int]) -> dict[int, Purchase]:
    """The purchases of these numbers, as far as there are any."""
    return {
        row.id or 0: _purchase(row) for row in session.scalars(select(PurchaseRow).where(col(PurchaseRow.id).in_(ids)))
    }


def all_of(session: Session, supplier: str | None) -> list[tuple[Purchase, list[SeenOrder]]]:
    """Every purchase of an account, or of all, oldest first, each with the vendor orders it became."""
    query = select(PurchaseRow).order_by(col(PurchaseRow.id))
    became: dict[int, list[SeenOrder]] = {}
    for row in session.scalars(select(VendorOrderRow).where(col(VendorOrderRow.purchase).is_not(None))):
        became.setdefault(row.purchase or 0, []).append(value(SeenOrder, row))
    if supplier is not None:
        query = query.where(col(PurchaseRow.supplier) == supplier)
    return [(purchase, became.get(purchase.holder, [])) for purchase in map(_purchase, session.scalars(query))]


def unowned(session: Session, purchase: Purchase, *, slack: timedelta) -> list[SeenOrder]:
    """Vendor orders of its account that belong to no purchase, made since it was sent, less some slack for clocks.

    One to be bought by hand counts from its intent; vendor orders whose time is not known are among them.
    """
    row = session.get_one(PurchaseRow, purchase.id)
    made = col(VendorOrderRow.created_at)
    query = select(VendorOrderRow).where(
        col(VendorOrderRow.supplier) == purchase.supplier,
        col(VendorOrderRow.purchase).is_(None),
        or_(made >= (row.sent_at or row.created_at) - slack, made.is_(None)),
    )
    return [value(SeenOrder, order) for order in session.scalars(query)]


def open_cards(session: Session, supplier: str) -> list[Purchase]:
    """Purchases of an account whose vendor order is not known: to be bought, by hand, or unclear.

    Those still to be bought are among them for the sake of a restored backup, which may not know that they were.
    """
    query = select(PurchaseRow).where(
        col(PurchaseRow.supplier) == supplier,
        col(PurchaseRow.state).in_([PurchaseState.INTENDED, PurchaseState.BY_HAND, PurchaseState.UNKNOWN]),
        col(PurchaseRow.merged_into).is_(None),
    )
    return [_purchase(row) for row in session.scalars(query)]


def to_buy_by_hand(session: Session) -> list[Purchase]:
    """Purchases a person must make, of all accounts."""
    query = select(PurchaseRow).where(col(PurchaseRow.state) == PurchaseState.BY_HAND).order_by(col(PurchaseRow.id))
    return [_purchase(row) for row in session.scalars(query)]


def sent(
    session: Session,
    purchase: int,
    quote: Quote,
    *,
    others: Sequence[int] = (),
    cap: Money,
    day_began: datetime,
    now: datetime,
) -> None:
    """Commit that the create call goes out now; raises NotIntended, NotWanted or CapReached, changing nothing then.

    The cap is checked in this very transaction, so that two purchases cannot both take its last yuan; so is that the
    `others`, bought by the same call, are for the same address still.
    """
    row = session.get_one(PurchaseRow, purchase)
    for one in [row, *(session.get_one(PurchaseRow, other) for other in others)]:
        if not channel_orders.is_wanted(session, one.store, one.order_id):
            raise NotWanted(
                f"order {one.store}/{one.order_id} changed this moment; it is read again before it is bought for"
            )
    check_cap(session, row.supplier, quote, cap=cap, day_began=day_began)
    change = {"state": PurchaseState.SENT.value, "sent_at": now, "fresh_look_ups": 0}
    which = update(PurchaseRow).where(col(PurchaseRow.state) == PurchaseState.INTENDED)
    its = which.where(col(PurchaseRow.id) == purchase).values(**change, quote=quote)
    if session.connection().execute(its).rowcount != 1:
        raise NotIntended(f"purchase {row.out_order_id} is {row.state}, so it is not sent")
    theirs = which.where(col(PurchaseRow.id).in_(others), col(PurchaseRow.address_digest) == row.address_digest)
    if others and session.connection().execute(theirs.values(change)).rowcount != len(others):
        raise NotIntended(f"a purchase to be sent together with {row.out_order_id} is not wanted so any more")
    merging.merge(session, purchase, others)


def check_cap(session: Session, supplier: str, quote: Quote, *, cap: Money, day_began: datetime) -> None:
    """Raise CapReached if this purchase would spend more than the account may on this day."""
    if quote.total.currency != cap.currency:
        raise CapReached(
            f"the cap is in {cap.currency}, the supplier asks {quote.total}; write the cap in its currency"
        )
    spent = _spent(session, supplier, day_began, cap.currency)
    if spent + quote.total > cap:
        raise CapReached(f"{spent} spent today, {quote.total} more would pass the cap of {cap}")


_AT_THE_SUPPLIER = (PurchaseState.UNKNOWN, PurchaseState.PLACED, PurchaseState.PAID, PurchaseState.SHIPPED)
"""Where a purchase goes, those bought together with it go, too."""


def move(session: Session, purchase: int, state: PurchaseState, *, when: Collection[PurchaseState]) -> bool:
    """Move a purchase on if it is in one of these states; answers whether it was, or one bought together with it.

    Those sent together with one that was clearly not made are to be bought still.
    """
    of_it = col(PurchaseRow.id) == purchase
    if state in _AT_THE_SUPPLIER:
        of_it |= col(PurchaseRow.merged_into) == purchase
    result = session.connection().execute(
        update(PurchaseRow).where(of_it, col(PurchaseRow.state).in_([s.value for s in when])).values(state=state.value)
    )
    if result.rowcount and state not in _AT_THE_SUPPLIER:
        merging.unsend(session, purchase)
    return result.rowcount > 0


def count_fresh_look_up(session: Session, purchase: int) -> None:
    """Note that a look-up proven fresh found nothing."""
    session.connection().execute(
        update(PurchaseRow).where(col(PurchaseRow.id) == purchase).values(fresh_look_ups=PurchaseRow.fresh_look_ups + 1)
    )


def adopt(session: Session, purchase: Purchase, orders: Sequence[PlacedOrder], *, now: datetime) -> None:
    """These vendor orders are what the purchase became."""
    for order in orders:
        see(session, purchase.supplier, order, now=now)
    session.connection().execute(
        update(VendorOrderRow)
        .where(
            col(VendorOrderRow.supplier) == purchase.supplier,
            col(VendorOrderRow.vendor_order_id).in_([order.vendor_order_id for order in orders]),
        )
        .values(purchase=purchase.id)
    )
    move(session, purchase.id, PurchaseState.PLACED, when=UNPLACED)


UNPLACED = (PurchaseState.INTENDED, PurchaseState.SENT, PurchaseState.UNKNOWN, PurchaseState.BY_HAND)
"""States before the vendor order is known."""


def is_news(session: Session, supplier: str, order: PlacedOrder) -> bool:
    """Whether a vendor order is not in the state we last saw it in."""
    row = session.get(VendorOrderRow, (supplier, order.vendor_order_id))
    return row is None or row.state != order.state


def see(session: Session, supplier: str, order: PlacedOrder, *, now: datetime) -> None:
    """Keep a vendor order as last read, whoever made it."""
    statement = upsert(VendorOrderRow).values(
        supplier=supplier,
        vendor_order_id=order.vendor_order_id,
        state=order.state.value,
        total=order.total,
        waybills=[],
        out_order_id=order.out_order_id or "",
        note=order.note,
        lines=list(order.lines),
        created_at=order.created_at,
        seen_at=now,
    )
    fresh = statement.excluded
    known = {"state": fresh.state, "total": fresh.total, "seen_at": fresh.seen_at}
    if order.created_at is not None:  # right after placing, nothing else is known yet
        known |= {name: fresh[name] for name in ("out_order_id", "note", "lines", "created_at")}
    session.connection().execute(
        statement.on_conflict_do_update(index_elements=["supplier", "vendor_order_id"], set_=known)
    )


def purchase_of(session: Session, supplier: str, vendor_order_id: str) -> Purchase | None:
    """The purchase a vendor order belongs to."""
    row = session.get(VendorOrderRow, (supplier, vendor_order_id))
    return None if row is None or row.purchase is None else get(session, row.purchase)


def holder(session: Session, purchase: Purchase, orders: Sequence[PlacedOrder]) -> Purchase:
    """The purchase these vendor orders of a purchase are kept under: another they were made for too, if it has them."""
    known = purchase_of(session, purchase.supplier, orders[0].vendor_order_id)
    if known is not None and purchase.mark in marks(orders[0].note):
        return known
    return get(session, get(session, purchase.id).holder)


def vendor_orders(session: Session, purchase: int) -> list[tuple[str, VendorOrderState, list[str]]]:
    """(id, state, domestic tracking numbers) of each vendor order of a purchase."""
    query = select(VendorOrderRow).where(col(VendorOrderRow.purchase) == purchase)
    return [(row.vendor_order_id, VendorOrderState(row.state), row.waybills) for row in session.scalars(query)]


def seen(session: Session, purchase: int) -> list[SeenOrder]:
    """The living vendor orders of a purchase, with all we keep of them."""
    query = select(VendorOrderRow).where(
        col(VendorOrderRow.purchase) == purchase, col(VendorOrderRow.state) != VendorOrderState.CANCELLED
    )
    return [value(SeenOrder, row) for row in session.scalars(query)]


def total_of_others(session: Session, purchase: int, order: PlacedOrder) -> Money:
    """What the other living vendor orders of a purchase cost together."""
    query = select(VendorOrderRow).where(
        col(VendorOrderRow.purchase) == purchase,
        col(VendorOrderRow.vendor_order_id) != order.vendor_order_id,
        col(VendorOrderRow.state) != VendorOrderState.CANCELLED,
    )
    total = Money.zero(order.total.currency)
    for row in session.scalars(query):
        total += row.total
    return total


def approve(session: Session, purchase: int, code: str, limit: str) -> None:
    """A person lets a halt pass, up to the figure shown."""
    row = session.get_one(PurchaseRow, purchase)
    session.connection().execute(
        update(PurchaseRow).where(col(PurchaseRow.id) == purchase).values(approvals={**row.approvals, code: limit})
    )


def refund_asked(session: Session, supplier: str, vendor_order_id: str, refund_id: str) -> None:
    """The supplier knows that we want the money back."""
    session.connection().execute(
        update(VendorOrderRow)
        .where(col(VendorOrderRow.supplier) == supplier, col(VendorOrderRow.vendor_order_id) == vendor_order_id)
        .values(refund_id=refund_id)
    )


def paid(session: Session, purchase: Purchase, order: PlacedOrder, *, now: datetime) -> None:
    """A vendor order is paid; with its last one the purchase is."""
    see(session, purchase.supplier, order, now=now)
    alive = [state for _, state, _ in vendor_orders(session, purchase.id) if state is not VendorOrderState.CANCELLED]
    if all(state.is_paid for state in alive):
        move(session, purchase.id, PurchaseState.PAID, when=[PurchaseState.PLACED])


def shipped(session: Session, purchase: Purchase, vendor_order_id: str, numbers: Sequence[str]) -> None:
    """The supplier handed these domestic parcels over."""
    session.connection().execute(
        update(VendorOrderRow)
        .where(
            col(VendorOrderRow.supplier) == purchase.supplier, col(VendorOrderRow.vendor_order_id) == vendor_order_id
        )
        .values(waybills=list(numbers))
    )
    move(session, purchase.id, PurchaseState.SHIPPED, when=[PurchaseState.PLACED, PurchaseState.PAID])


@dataclass(frozen=True, slots=True)
class Parcel:
    """An international parcel and what it is for."""

    id: int
    shipment: Shipment
    purchase: Purchase
    declared: bool


def announce(session: Session, purchase: Purchase, shipment: Shipment) -> int | None:
    """Keep an international parcel; answers its id, None if it was known."""
    statement = upsert(ParcelRow).values(purchase=purchase.id, carrier=shipment.carrier, number=shipment.number)
    if session.connection().execute(statement.on_conflict_do_nothing()).rowcount != 1:
        return None
    query = select(col(ParcelRow.id)).where(
        col(ParcelRow.purchase) == purchase.id, col(ParcelRow.number) == shipment.number
    )
    return session.connection().execute(query).scalar_one()


def parcel(session: Session, parcel: int) -> Parcel:
    """A parcel."""
    row = session.get_one(ParcelRow, parcel)
    purchase = get(session, row.purchase)
    return Parcel(parcel, Shipment(row.carrier, row.number, purchase.mark), purchase, row.declared_at is not None)


def declared(session: Session, parcel: int, purchase: Purchase, *, now: datetime) -> None:
    """The channel knows the parcel."""
    session.connection().execute(update(ParcelRow).where(col(ParcelRow.id) == parcel).values(declared_at=now))
    move(session, purchase.id, PurchaseState.DECLARED, when=list(PurchaseState))


def waybills(session: Session, store: str, order_id: str) -> set[str]:
    """All domestic tracking numbers of an order, none of which may be declared."""
    query = (
        select(col(VendorOrderRow.waybills))
        .join(PurchaseRow, func.coalesce(PurchaseRow.merged_into, PurchaseRow.id) == VendorOrderRow.purchase)
        .where(col(PurchaseRow.store) == store, col(PurchaseRow.order_id) == order_id)
    )
    return {number for (numbers,) in session.connection().execute(query) for number in numbers}


def figures(session: Session) -> dict[str, int]:
    """How many purchases are in each state."""
    rows = session.connection().execute(select(col(PurchaseRow.state), func.count()).group_by(col(PurchaseRow.state)))
    return dict(rows.all())


_NOT_SPENT = (PurchaseState.INTENDED, PurchaseState.REFUSED, PurchaseState.BY_HAND, PurchaseState.STOPPED)


def _spent(session: Session, supplier: str, since: datetime, currency: str) -> Money:
    other = aliased(PurchaseRow)
    is_for_another = exists().where(col(other.merged_into) == col(PurchaseRow.id), col(other.state).not_in(_NOT_SPENT))
    query = select(col(PurchaseRow.quote)).where(
        col(PurchaseRow.supplier) == supplier,
        col(PurchaseRow.sent_at) >= since,
        col(PurchaseRow.state).not_in(_NOT_SPENT) | is_for_another,
    )
    total = Money.zero(currency)
    for (quote,) in session.connection().execute(query):
        if quote is not None:
            total += quote.total
    return total


def _placed(row: VendorOrderRow) -> PlacedOrder:
    return PlacedOrder(
        row.vendor_order_id,
        VendorOrderState(row.state),
        row.total,
        Money.zero(row.total.currency),
        row.out_order_id,
        row.note,
        tuple(row.lines),
        row.created_at,
    )


def _purchase(row: PurchaseRow) -> Purchase:
    return value(Purchase, row)
