"""Our books held against the vendors': each channel order in one state, each vendor order of exactly one intent.

Whatever may still be on its way is no difference: a change counts only once a poll that began well after it has
come to its end. What a person sees in the retry queue, or has dropped there, is not forgotten.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence, Set
from datetime import datetime, timedelta

from syncbridge.model.ledger import Audit, Books, Difference, KeptOrder, Kind, Shown
from syncbridge.model.orders import OrderStage, OrderState
from syncbridge.model.purchasing import Purchase, PurchaseState, SeenOrder, VendorOrderState

GRACE = timedelta(minutes=10)
"""What a poll saw is worked through by then; lists of the vendors lag no longer."""
UNREAD_AFTER = timedelta(hours=6)
"""An account no poll has read for so long is not known well enough to be proven."""

OPEN_STAGES = (OrderStage.WAITING, OrderStage.UNROUTED, OrderStage.BUYING)
TO_DO = (PurchaseState.INTENDED, PurchaseState.SENT, PurchaseState.UNKNOWN)
"""A job must be there to go on with them."""
BOUGHT = (PurchaseState.PLACED, PurchaseState.PAID, PurchaseState.SHIPPED)
"""A vendor order must be there for them."""
COMMITTED = (*TO_DO, PurchaseState.BY_HAND, *BOUGHT)
DEAD = (PurchaseState.REFUSED, PurchaseState.STOPPED)

# What `routing.intent_key` makes of an intent, and what a buyer note of ours says.
_OUT_ORDER_ID = re.compile(r"SB[A-Z2-7]{16}")
_MARK = re.compile(r"(?<![0-9A-Za-z])[A-Z2-7]{8}(?![0-9A-Za-z])")
_OUR_NOTE = re.compile(r"唛头[\s:\uff1a]*[A-Z2-7]{8}(?![0-9A-Za-z])")


def balance(books: Books, shown: Shown | None, *, since: datetime, at: datetime, store: str | None = None) -> Audit:
    """Hold the books against each other; `shown` is None where the vendors were not asked.

    With a store, only what may concern that store is told.
    """
    view = _View(books, shown or Shown())
    found = [*_unread(view, at), *_lost(view), *_kept(view), *_vendor_orders(view), *_bought(view)]
    stages = Counter(order.stage.value for order in books.orders if store in (None, order.store))
    owned = [order for order in view.vendor_orders if view.owners(order)]
    foreign = [order for order in view.vendor_orders if not view.owners(order) and not _our_name(order)]
    return Audit(
        since=since,
        at=at,
        live=shown is not None,
        stages=dict(sorted(stages.items())),
        vendor_orders=len(owned),
        foreign=tuple(_subject(order) for order in foreign),
        differences=tuple(one for one in found if store is None or one.store in ("", store)),
    )


def to_ask(books: Books, shown: Shown) -> list[tuple[str, str]]:
    """(account, id) of vendor orders we count on that the lists did not show, since they did not change lately."""
    bought = {purchase.holder for purchase in books.purchases if purchase.state in BOUGHT}
    listed = {(account, order.vendor_order_id) for account, orders in shown.vendor_orders.items() for order in orders}
    counted_on = [(known.supplier, known.vendor_order_id) for known in books.vendor_orders if known.purchase in bought]
    return [key for key in counted_on if key not in listed and key[0] in shown.vendor_orders]


class _View:
    """Both sides, indexed."""

    def __init__(self, books: Books, shown: Shown) -> None:
        self.books = books
        self.shown = shown
        self.orders = {(order.store, order.order_id): order for order in books.orders}
        self.purchases = {purchase.id: purchase for purchase in books.purchases}
        self.wanted = {purchase.holder for purchase in books.purchases if purchase.state not in DEAD}
        self.vendor_orders = _as_of_now(books, shown)
        self.changed_at = {
            (account, order.vendor_order_id): order.modified_at or order.created_at
            for account, orders in shown.vendor_orders.items()
            for order in orders
        }
        self.changing = {
            (store, ref.order_id)
            for store, refs in shown.orders.items()
            for ref in refs
            if not self.is_settled(store, ref.modified_at)
        }
        self._named = {
            name: p.holder if p.holder in self.purchases else p.id
            for p in books.purchases
            for name in (p.out_order_id, p.mark)
        }
        self.of_purchase: dict[int, list[SeenOrder]] = {}
        for order in self.vendor_orders:
            for owner in self.owners(order) if order.purchase is None else {order.purchase}:
                self.of_purchase.setdefault(owner, []).append(order)

    def owners(self, order: SeenOrder) -> set[int]:
        """The purchases a vendor order is kept as, or bears the name of."""
        names = (order.out_order_id, *_MARK.findall(order.note))
        named = {self._named[name] for name in names if name in self._named}
        return named if order.purchase is None else named | {order.purchase}

    def made(self, purchase: Purchase) -> list[SeenOrder]:
        """The vendor orders of a purchase, which may be those of others, too."""
        return self.of_purchase.get(purchase.holder, [])

    def living(self, purchase: Purchase) -> list[SeenOrder]:
        """Those of them that were not cancelled."""
        return [order for order in self.made(purchase) if order.state is not VendorOrderState.CANCELLED]

    def is_settled(self, account: str, changed_at: datetime | None) -> bool:
        """Whether a poll must have seen a change, and what follows from it be done."""
        reads = self.books.reads.get(account)
        return changed_at is None or (reads is not None and changed_at <= reads.last - GRACE)

    def is_known_change(self, order: SeenOrder) -> bool:
        """Whether the state of a vendor order is no news."""
        return self.is_settled(order.supplier, self.changed_at.get((order.supplier, order.vendor_order_id)))


def _as_of_now(books: Books, shown: Shown) -> list[SeenOrder]:
    """Vendor orders as we keep them, with what their suppliers show now over it; a list may leave fields out."""
    known = {(order.supplier, order.vendor_order_id): order for order in books.vendor_orders}
    for account, orders in shown.vendor_orders.items():
        for order in orders:
            kept = known.get((account, order.vendor_order_id))
            known[account, order.vendor_order_id] = SeenOrder(
                supplier=account,
                vendor_order_id=order.vendor_order_id,
                purchase=kept.purchase if kept else None,
                state=order.state,
                total=order.total,
                out_order_id=order.out_order_id or (kept.out_order_id if kept else ""),
                note=order.note or (kept.note if kept else ""),
                lines=order.lines or (kept.lines if kept else ()),
                created_at=order.created_at,
                refund_id=kept.refund_id if kept else None,
            )
    return [order for key, order in known.items() if key not in shown.gone]


def _unread(view: _View, at: datetime) -> Iterator[Difference]:
    for subject, why in view.shown.unreadable:
        yield Difference(Kind.UNREADABLE, subject, why)
    for account, reads in view.books.reads.items():
        if reads is None or reads.last < at - UNREAD_AFTER:
            last = f"since {reads.last:%Y-%m-%d %H:%M} UTC" if reads else "yet"
            yield Difference(Kind.UNREAD, f"account {account}", f"no poll has read the account to its end {last}")


def _lost(view: _View) -> Iterator[Difference]:
    """Orders the channel shows that we never kept; what changed before we first read the store is not ours to know."""
    for store, refs in view.shown.orders.items():
        reads = view.books.reads.get(store)
        for ref in {ref.order_id: ref for ref in refs}.values():
            subject = f"order {store}/{ref.order_id}"
            if (store, ref.order_id) in view.books.kept or subject in view.books.attended:
                continue
            if reads and ref.modified_at > reads.first and view.is_settled(store, ref.modified_at):
                why = f"the channel shows it, changed {ref.modified_at:%Y-%m-%d %H:%M} UTC, and we never kept it"
                yield Difference(Kind.LOST, subject, why, store)


def _kept(view: _View) -> Iterator[Difference]:
    bought_for: dict[tuple[str, str], list[Purchase]] = {}
    for purchase in view.books.purchases:
        bought_for.setdefault((purchase.store, purchase.order_id), []).append(purchase)
    settled = view.books.attended | view.books.given_up
    for key, order in view.orders.items():
        purchases = bought_for.get(key, [])
        known = order.subject in settled or key in view.changing
        for kind, why in [
            *_idle(view, purchases),
            *([] if known else _forgotten(order, purchases)),
            *_disagreeing(order, purchases),
            *_overbought(order, purchases),
        ]:
            yield Difference(kind, order.subject, why, order.store)


def _idle(view: _View, purchases: Sequence[Purchase]) -> Iterator[tuple[Kind, str]]:
    for purchase in purchases:
        if purchase.state in TO_DO and purchase.id not in view.books.working:
            yield Kind.FORGOTTEN, f"purchase {purchase.mark} is {purchase.state}, and no job goes on with it"


def _forgotten(order: KeptOrder, purchases: Sequence[Purchase]) -> Iterator[tuple[Kind, str]]:
    """Nothing goes on with an order that still wants goods."""
    if not order.state.wants_goods or order.stage not in OPEN_STAGES:
        return
    if not purchases:
        yield Kind.FORGOTTEN, f"it wants goods and is {order.stage}, with no purchase and nothing in the retry queue"
    elif all(purchase.state in DEAD for purchase in purchases):
        states = ", ".join(f"{purchase.mark} {purchase.state}" for purchase in purchases)
        yield Kind.FORGOTTEN, f"it wants goods, but no purchase for it lives: {states}"


def _disagreeing(order: KeptOrder, purchases: Sequence[Purchase]) -> Iterator[tuple[Kind, str]]:
    """The stage says one thing, the purchases another."""
    states = {purchase.state for purchase in purchases}
    busy = states & set(COMMITTED)
    if order.stage is not OrderStage.BUYING and busy:
        yield Kind.DISAGREES, f"the order is {order.stage}, but a purchase for it is {', '.join(sorted(busy))}"
    if order.stage is OrderStage.BUYING and _is_all_declared(states):
        yield Kind.DISAGREES, f"the order is {order.stage}, but every purchase for it that lives is declared"


def _is_all_declared(states: Set[PurchaseState]) -> bool:
    return PurchaseState.DECLARED in states and states <= {PurchaseState.DECLARED, PurchaseState.STOPPED}


def _overbought(order: KeptOrder, purchases: Sequence[Purchase]) -> Iterator[tuple[Kind, str]]:
    """A line may be bought in parts, of several suppliers; in two ways, or a part of it twice, it is too many.

    So it is while the goods are not declared, if the channel took the line off the order. How many pieces a sold
    unit is bought as is the mapping's matter; that the vendor orders of a purchase do not exceed it is `_doubled`'s.
    """
    live = [p for p in purchases if p.state in COMMITTED or p.state is PurchaseState.DECLARED]
    wanted = {line.line_id: line.quantity for line in order.lines if line.ours_to_ship}
    for line_id in sorted({line_id for purchase in live for line_id in purchase.line_ids}):
        feeding = [purchase for purchase in live if line_id in purchase.line_ids]
        marks = ", ".join(purchase.mark for purchase in feeding)
        quantity = wanted.get(line_id, 0)
        if not quantity and any(purchase.state in COMMITTED for purchase in feeding):
            yield Kind.OVERBOUGHT, f"line {line_id} is not ours to ship any more, but bought for by {marks}"
        elif quantity and _is_fed_twice(feeding):
            yield Kind.OVERBOUGHT, f"line {line_id}, ordered {quantity}, is bought {len(feeding)} times: {marks}"


def _is_fed_twice(feeding: Sequence[Purchase]) -> bool:
    specs = Counter(spec for purchase in feeding for spec in {(line.offer_id, line.spec_id) for line in purchase.lines})
    return len({purchase.alternative for purchase in feeding}) > 1 or max(specs.values(), default=0) > 1


def _vendor_orders(view: _View) -> Iterator[Difference]:
    """Every living vendor order that bears a name of ours belongs to one intent, which knows it."""
    for order in view.vendor_orders:
        if order.state is VendorOrderState.CANCELLED or not view.is_known_change(order):
            continue
        owners = sorted(view.owners(order))
        name = _our_name(order)
        if not owners and name:
            why = f"it bears a name of ours ({name}), but belongs to no purchase we know"
            yield Difference(Kind.ORPHAN, _subject(order), why)
        elif len(owners) > 1:
            marks = ", ".join(view.purchases[owner].mark if owner in view.purchases else str(owner) for owner in owners)
            yield Difference(Kind.CONTESTED, _subject(order), f"more than one purchase lays claim to it: {marks}")
        elif owners and order.purchase is None:
            yield from _unadopted(view, order, view.purchases[owners[0]])


def _unadopted(view: _View, order: SeenOrder, purchase: Purchase) -> Iterator[Difference]:
    """Where the purchase is doubled, that is said once."""
    is_too_many = any(_doubled(purchase, view.living(purchase)))
    if purchase.subject not in view.books.attended and not is_too_many:
        why = f"it is purchase {purchase.mark}, which is {purchase.state} and does not know it"
        yield Difference(Kind.ORPHAN, _subject(order), why, purchase.store)


def _bought(view: _View) -> Iterator[Difference]:
    for purchase in view.books.purchases:
        alive = view.living(purchase)
        for kind, why in [
            *([] if purchase.merged_into else _doubled(purchase, alive)),
            *_missing(view, purchase, alive),
            *_unwithdrawn(view, purchase, alive),
        ]:
            yield Difference(kind, purchase.subject, why, purchase.store)


def _doubled(purchase: Purchase, alive: Sequence[SeenOrder]) -> Iterator[tuple[Kind, str]]:
    """Several vendor orders may make up a purchase, but not more than it; one alone may, to reach a least quantity."""
    wanted: Counter[tuple[str, str]] = Counter()
    for line in purchase.lines:
        wanted[line.offer_id, line.spec_id] += line.quantity
    got: Counter[tuple[str, str]] = Counter()
    for order in alive:
        for line in order.lines:
            got[line.offer_id, line.spec_id] += line.quantity
    too_many = [spec for spec in got if got[spec] > wanted[spec]]
    if len(alive) > 1 and too_many:
        numbers = ", ".join(order.vendor_order_id for order in alive)
        pieces = ", ".join(f"{got[spec]} of {spec[1] or spec[0]} instead of {wanted[spec]}" for spec in too_many)
        yield Kind.DOUBLED, f"vendor orders {numbers} of purchase {purchase.mark} together are {pieces}"


def _missing(view: _View, purchase: Purchase, alive: Sequence[SeenOrder]) -> Iterator[tuple[Kind, str]]:
    made = view.made(purchase)
    if purchase.state not in BOUGHT or alive or not all(view.is_known_change(order) for order in made):
        return
    numbers = ", ".join(order.vendor_order_id for order in made)
    shows = f"shows {numbers} as cancelled" if made else "shows no order of it"
    yield Kind.MISSING, f"purchase {purchase.mark} is {purchase.state}, but {purchase.supplier} {shows}"


def _unwithdrawn(view: _View, purchase: Purchase, alive: Sequence[SeenOrder]) -> Iterator[tuple[Kind, str]]:
    """Something is left at the supplier although nobody wants it, and nobody takes it back."""
    order = view.orders.get((purchase.store, purchase.order_id))
    is_cancelled = order is not None and order.state is OrderState.CANCELLED and purchase.state in COMMITTED
    if not alive or not (is_cancelled or purchase.state is PurchaseState.STOPPED):
        return
    if purchase.state is PurchaseState.STOPPED and purchase.holder in view.wanted:
        return  # bought together with others, which are wanted still
    if purchase.subject not in view.books.attended:
        left = ", ".join(f"{order.vendor_order_id} ({order.state}, {order.total})" for order in alive)
        why = "the channel order is cancelled" if is_cancelled else f"purchase {purchase.mark} is stopped"
        yield Kind.UNWITHDRAWN, f"{why}, but {purchase.supplier} still has {left}"


def _our_name(order: SeenOrder) -> str:
    """The name an intent of ours would bear, if the vendor order bears one."""
    found = _OUT_ORDER_ID.fullmatch(order.out_order_id) or _OUR_NOTE.search(order.note)
    return found[0] if found else ""


def _subject(order: SeenOrder) -> str:
    return f"vendor order {order.supplier}/{order.vendor_order_id}"
