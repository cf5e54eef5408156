"""Purchases: what is to be bought for an order at one supplier, and how far that has come."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import and_, bindparam, exists, func, or_, select, update
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from syncbridge.errors import SyncBridgeError
from syncbridge.model.money import Money
from syncbridge.model.orders import OrderState
from syncbridge.model.purchasing import Purchase, PurchaseState, Quote, SeenOrder, VendorOrderState
from syncbridge.rules.routing import Split, intent_key
from syncbridge.store import merging
from syncbridge.store import orders as channel_orders
from syncbridge.store.rows import chunks, known_row, row_of, rows_of, value
from syncbridge.store.tables.buying import OrderRow, PurchaseRow, VendorOrderRow


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
    intent = {
        "store": store,
        "order_id": order_id,
        "supplier": split.route.supplier,
        "split": split.number,
        "route": split.route.name,
        "out_order_id": key.out_order_id,
        "mark": key.mark,
        "state": PurchaseState.INTENDED.value,
        "lines": list(split.lines),
        "payout": split.payout,
        "relay": split.route.relay,
        "fresh_look_ups": 0,
        "line_ids": list(split.line_ids),
        "alternative": split.alternative,
        "approvals": {},
        "address_digest": address_digest,
        "created_at": now,
    }
    session.connection().execute(_INTEND, intent)
    query = select(col(PurchaseRow.id), col(PurchaseRow.line_ids)).where(
        col(PurchaseRow.out_order_id) == key.out_order_id
    )
    row = session.connection().execute(query).one()
    if row.line_ids != list(split.line_ids):
        raise AlreadyIntended(f"purchase {key.mark} was made for other lines of order {order_id}; buy these by hand")
    return row.id or 0


_INTEND = upsert(PurchaseRow).on_conflict_do_nothing()


def note_address(session: Session, purchase: int, address_digest: str) -> None:
    """The buyer's address, as it is now, makes no difference to the purchase."""
    session.connection().execute(
        update(PurchaseRow).where(col(PurchaseRow.id) == purchase).values(address_digest=address_digest)
    )


def get(session: Session, purchase: int) -> Purchase:
    """A purchase."""
    return _purchase(known_row(session, PurchaseRow, purchase))


def of_order(session: Session, store: str, order_id: str) -> list[Purchase]:
    """All purchases for an order."""
    query = select(PurchaseRow).where(col(PurchaseRow.store) == store, col(PurchaseRow.order_id) == order_id)
    return [_purchase(row) for row in rows_of(session, query)]


def of_orders(session: Session, named: Collection[tuple[str, str]]) -> list[Purchase]:
    """All purchases for these orders, by (store, order id)."""
    return [
        _purchase(row)
        for some in chunks({order_id for _, order_id in named})
        for row in rows_of(session, select(PurchaseRow).where(col(PurchaseRow.order_id).in_(some)))
        if (row.store, row.order_id) in named
    ]


def on_the_clock(session: Session) -> list[tuple[Purchase, datetime]]:
    """Purchases that are to be declared still, and when their orders must be shipped, for all that the channel says so.

    Those of orders that want no goods at this moment, as while the buyer asks to cancel, are not among them.
    """
    query = (
        select(PurchaseRow, col(OrderRow.ship_by))
        .join(
            OrderRow,
            and_(col(OrderRow.store) == col(PurchaseRow.store), col(OrderRow.order_id) == col(PurchaseRow.order_id)),
        )
        .where(
            col(PurchaseRow.state).in_([state.value for state in TO_DECLARE]),
            col(OrderRow.state).in_([state.value for state in OrderState if state.wants_goods]),
            col(OrderRow.ship_by).is_not(None),
        )
        .order_by(col(OrderRow.ship_by), col(PurchaseRow.id))
    )
    return [(_purchase(row), ship_by) for row, ship_by in session.execute(query)]


def by_mark(session: Session, mark: str) -> Purchase | None:
    """The purchase a parcel mark names."""
    found = rows_of(session, select(PurchaseRow).where(col(PurchaseRow.mark) == mark))
    return _purchase(found[0]) if found else None


def by_marks(session: Session, marks: Collection[str]) -> dict[str, Purchase]:
    """The same for many, by mark."""
    return {
        row.mark: _purchase(row)
        for some in chunks(marks)
        for row in rows_of(session, select(PurchaseRow).where(col(PurchaseRow.mark).in_(some)))
    }


def known(session: Session, purchase: int) -> Purchase | None:
    """The purchase of that number, if there is one."""
    row = row_of(session, PurchaseRow, purchase)
    return None if row is None else _purchase(row)


def numbered(session: Session, ids: Collection[int]) -> dict[int, Purchase]:
    """The purchases of these numbers, as far as there are any."""
    return {row.id or 0: _purchase(row) for row in rows_of(session, _NUMBERED, b_ids=list(ids))} if ids else {}


_NUMBERED = select(PurchaseRow).where(col(PurchaseRow.id).in_(bindparam("b_ids", expanding=True)))


def all_of(session: Session, supplier: str | None) -> list[tuple[Purchase, list[SeenOrder]]]:
    """Every purchase of an account, or of all, oldest first, each with the vendor orders it became."""
    query = select(PurchaseRow).order_by(col(PurchaseRow.id))
    became: dict[int, list[SeenOrder]] = {}
    for row in rows_of(session, select(VendorOrderRow).where(col(VendorOrderRow.purchase).is_not(None))):
        became.setdefault(row.purchase or 0, []).append(value(SeenOrder, row))
    if supplier is not None:
        query = query.where(col(PurchaseRow.supplier) == supplier)
    return [(purchase, became.get(purchase.holder, [])) for purchase in map(_purchase, rows_of(session, query))]


def open_cards(session: Session, supplier: str) -> list[Purchase]:
    """Purchases of an account whose vendor order is not known: to be bought, by hand, or unclear.

    Those still to be bought are among them for the sake of a restored backup, which may not know that they were.
    """
    return [_purchase(row) for row in rows_of(session, _OPEN_CARDS, b_supplier=supplier)]


_OPEN_CARDS = select(PurchaseRow).where(
    col(PurchaseRow.supplier) == bindparam("b_supplier"),
    col(PurchaseRow.state).in_([PurchaseState.INTENDED, PurchaseState.BY_HAND, PurchaseState.UNKNOWN]),
    col(PurchaseRow.merged_into).is_(None),
)


def unshipped(session: Session, supplier: str) -> list[Purchase]:
    """Those of an account that were sent by us and paid, and that nothing was shipped of."""
    query = select(PurchaseRow).where(
        col(PurchaseRow.supplier) == supplier,
        col(PurchaseRow.state) == PurchaseState.PAID,
        col(PurchaseRow.sent_at).is_not(None),
        col(PurchaseRow.merged_into).is_(None),
    )
    return [_purchase(row) for row in rows_of(session, query.order_by(col(PurchaseRow.id)))]


def to_buy_by_hand(session: Session) -> list[Purchase]:
    """Purchases a person must make, of all accounts."""
    return [_purchase(row) for row in rows_of(session, _BY_HAND)]


_BY_HAND = select(PurchaseRow).where(col(PurchaseRow.state) == PurchaseState.BY_HAND).order_by(col(PurchaseRow.id))


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
    row = known_row(session, PurchaseRow, purchase)
    for one in [row, *(known_row(session, PurchaseRow, other) for other in others)]:
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
    change = _MOVE_TOGETHER if state in _AT_THE_SUPPLIER else _MOVE
    result = session.connection().execute(
        change, {"b_purchase": purchase, "b_when": [one.value for one in when], "b_state": state.value}
    )
    if result.rowcount and state not in _AT_THE_SUPPLIER:
        merging.unsend(session, purchase)
    return result.rowcount > 0


_FROM = (
    update(PurchaseRow)
    .where(col(PurchaseRow.state).in_(bindparam("b_when", expanding=True)))
    .values(state=bindparam("b_state"))
)
_MOVE = _FROM.where(col(PurchaseRow.id) == bindparam("b_purchase"))
_MOVE_TOGETHER = _FROM.where(
    or_(col(PurchaseRow.id) == bindparam("b_purchase"), col(PurchaseRow.merged_into) == bindparam("b_purchase"))
)


def count_fresh_look_up(session: Session, purchase: int) -> None:
    """Note that a look-up proven fresh found nothing."""
    session.connection().execute(
        update(PurchaseRow).where(col(PurchaseRow.id) == purchase).values(fresh_look_ups=PurchaseRow.fresh_look_ups + 1)
    )


UNPLACED = (PurchaseState.INTENDED, PurchaseState.SENT, PurchaseState.UNKNOWN, PurchaseState.BY_HAND)
"""States before the vendor order is known."""


TO_DECLARE = (*UNPLACED, PurchaseState.REFUSED, PurchaseState.PLACED, PurchaseState.PAID, PurchaseState.SHIPPED)
"""States in which the order waits for this purchase."""


RESERVING = (*UNPLACED, PurchaseState.REFUSED)
"""States in which a purchase may still take goods that the supplier shows."""


def reserved(session: Session, read_at: Mapping[tuple[str, str], datetime]) -> dict[tuple[str, str, str], int]:
    """Units that purchases will still take of what these offers showed, by supplier account, offer id and spec id.

    `read_at` says when each was read, by account and offer id: what was sent after that is not taken off yet.
    """
    if not read_at:
        return {}
    sent = [PurchaseState.PLACED.value, PurchaseState.PAID.value]
    query = select(
        col(PurchaseRow.supplier), col(PurchaseRow.lines), col(PurchaseRow.state), col(PurchaseRow.sent_at)
    ).where(
        col(PurchaseRow.supplier).in_({account for account, _ in read_at}),
        col(PurchaseRow.merged_into).is_(None),
        col(PurchaseRow.state).in_([state.value for state in RESERVING])
        | (col(PurchaseRow.state).in_(sent) & (col(PurchaseRow.sent_at) > min(read_at.values()))),
    )
    units: Counter[tuple[str, str, str]] = Counter()
    for row in session.connection().execute(query):
        for line in row.lines:
            at = read_at.get((row.supplier, line.offer_id))
            if at is not None and (row.state in RESERVING or row.sent_at > at):
                units[row.supplier, line.offer_id, line.spec_id] += line.quantity
    return dict(units)


def approve(session: Session, purchase: int, code: str, limit: str) -> None:
    """A person lets a halt pass, up to the figure shown."""
    row = known_row(session, PurchaseRow, purchase)
    session.connection().execute(
        update(PurchaseRow).where(col(PurchaseRow.id) == purchase).values(approvals={**row.approvals, code: limit})
    )


def figures(session: Session) -> dict[str, int]:
    """How many purchases are in each state."""
    rows = session.connection().execute(select(col(PurchaseRow.state), func.count()).group_by(col(PurchaseRow.state)))
    return dict(rows.all())


_NOT_SPENT = (PurchaseState.INTENDED, PurchaseState.REFUSED, PurchaseState.BY_HAND, PurchaseState.STOPPED)


def _spent(session: Session, supplier: str, since: datetime, currency: str) -> Money:
    """What went out by API, as quoted, and what the ledger shows of ours that we do not know to have sent."""
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
    unsent = (
        select(col(VendorOrderRow.total))
        .join(PurchaseRow, col(VendorOrderRow.purchase) == col(PurchaseRow.id))
        .where(
            col(VendorOrderRow.supplier) == supplier,
            col(VendorOrderRow.state) != VendorOrderState.CANCELLED,
            col(VendorOrderRow.created_at) >= since,
            col(PurchaseRow.sent_at).is_(None),
        )
    )
    return sum(session.connection().scalars(unsent), start=total)


def _purchase(row: PurchaseRow) -> Purchase:
    return value(Purchase, row)
