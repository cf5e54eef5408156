"""What the machine plays with: vendors in memory that keep their own books, fail as told, and note what is wrong.

Every answer of a vendor and every commit is a moment at which something else may happen: another job runs, the
buyer cancels, the process dies.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TypeVar

from syncbridge.adapters.memory.channel import MemoryChannel
from syncbridge.adapters.memory.supplier import MemorySupplier
from syncbridge.errors import AccessExpired, NotGranted, OutcomeUnknown, RateLimited, Unreachable
from syncbridge.model.catalog import Offer
from syncbridge.model.orders import Order, OrderRef
from syncbridge.model.paging import Cursor, Page
from syncbridge.model.purchasing import (
    Found,
    IntentKey,
    PaymentResult,
    PlacedOrder,
    Placement,
    PurchaseDraft,
    Quote,
    Refund,
    RefundState,
    RefusedLine,
    VendorOrderState,
)
from syncbridge.model.shipping import Shipment, ShippingService
from syncbridge.rules.mapping import BuyMode, Part, Place, Rules, SkuRule, Way
from syncbridge.rules.routing import intent_key
from syncbridge.testing.builders import make_offer, make_spec
from syncbridge.testing.clock import START, FixedClock
from tests.flows.conftest import ROUTE, RULES

T = TypeVar("T")
STORE, MAIN, SECOND, FORWARDER = "toys", "main", "second", "forwarder"
JUST_NOW = timedelta(seconds=10)
LATE = timedelta(seconds=60)
"""So long after its client gave up a vendor may still act: less than the quarantine."""
STOCKED = {"goods_code": "Z"}
OFFERS: dict[str, tuple[Offer, ...]] = {
    MAIN: (
        make_offer("600000000001", *(make_spec(n, cost="3.00") for n in (1, 2, 4, 7)), supplier_id="A", **STOCKED),
        make_offer("600000000002", *(make_spec(n, cost="3.00") for n in (3, 5, 6)), supplier_id="B", **STOCKED),
    ),
    SECOND: (make_offer("700000000001", *(make_spec(n, cost="3.50") for n in (9, 10)), supplier_id="C", **STOCKED),),
}


def part(number: int, quantity: int = 1) -> Part:
    """So many of the spec with this number."""
    offer = next(o for offers in OFFERS.values() for o in offers if any(s.spec_id == f"{number:032x}" for s in o.specs))
    return Part(offer.offer_id, f"{number:032x}", quantity)


SKUS: dict[str, tuple[Way, ...]] = {
    "TYPLAIN": (Way(MAIN, (part(1),)),),
    "TYOTHER": (Way(MAIN, (part(3),)),),
    "TYBACKED": (Way(MAIN, (part(2),)), Way(SECOND, (part(9),))),
    "TYSET": (Way(MAIN, (part(4, 2), part(5))), Way(SECOND, (part(10),))),
    "HDONE": (Way(MAIN, (part(6),)),),
    "CFONE": (Way(MAIN, (part(7),)),),
}
"""How each SKU can be bought; no spec feeds two of them. Codes that begin with ON are own stock, with ZZ nobody's."""
CODES = (*SKUS, "TYPLAIN", "TYBACKED", "TYSET", "ONSHELF", "ZZNOBODY")
ROUTES = tuple(
    replace(ROUTE, name=prefix, prefix=prefix, buy=buy)
    for prefix, buy in (
        ("TY", BuyMode.AUTO),
        ("HD", BuyMode.BY_HAND),
        ("CF", BuyMode.CONFIRM),
        ("ON", BuyMode.OWN_STOCK),
    )
)
MARKET_RULES: Rules = replace(
    RULES,
    routes=ROUTES,
    skus=tuple(
        SkuRule(code, (), first.parts, tuple(rest), Place("shop.yaml", 90)) for code, (first, *rest) in SKUS.items()
    ),
)
Piece = tuple[str, str, str]
"""Account, offer, spec."""


class Killed(BaseException):
    """The process ends here, with nothing tidied up."""


class Moments:
    """Lets something happen at a moment in the middle of the work."""

    def __init__(self) -> None:
        self._left = 0
        self._happens: Callable[[], Awaitable[None]] | None = None

    def plan(self, after: int, happens: Callable[[], Awaitable[None]]) -> None:
        """In place of what was planned before."""
        self._left, self._happens = after, happens

    def nothing(self) -> None:
        """No more surprises."""
        self._happens = None

    async def pass_by(self) -> None:
        """One moment."""
        if self._happens is None:
            return
        if self._left > 0:
            self._left -= 1
            return
        happens, self._happens = self._happens, None
        await happens()


class Wire:
    """The way to a vendor: it limits calls, its token expires, and answers get lost before it acted or after."""

    def __init__(self, moments: Moments) -> None:
        self._moments = moments
        self.expired = False
        self.troubles: dict[str, str] = {}
        """What befalls the next call of this name: ``limit``, ``unsent``, ``lost``, or what its vendor makes of it."""

    async def call(self, name: str, act: Callable[[str], Awaitable[T]]) -> T:
        """There, acted upon, and back; `act` is told of trouble that is not the wire's."""
        trouble = self.troubles.pop(name, "")
        await self._moments.pass_by()
        if self.expired:
            raise AccessExpired("authorise the account again", vendor="memory", code="AccessExpired")
        if trouble == "limit":
            raise RateLimited("too many calls", vendor="memory", code="limit", retry_after=1.0)
        if trouble == "unsent":
            raise _no_answer(name)
        answer = await act(trouble)
        await self._moments.pass_by()
        if trouble == "lost":
            raise _no_answer(name)
        return answer


WRITES = ("place", "pay", "cancel", "refund", "declare", "redeclare")


def _no_answer(name: str) -> Exception:
    kind = OutcomeUnknown if name in WRITES else Unreachable
    return kind(f"no answer to {name}", vendor="memory", code="no_answer")


class Watch:
    """The truth: whose each vendor order is, what was last read of each order, and everything that must not happen."""

    def __init__(self, clock: FixedClock) -> None:
        self.clock = clock
        self.order_of: dict[str, str] = {}
        """By `out_order_id` and by mark."""
        self.made_for: dict[tuple[str, str], str] = {}
        """(account, vendor order) a person bought without a mark → the mark it was for."""
        self.last_read: dict[str, Order] = {}
        self.wrongs: list[str] = []
        self.excused: Counter[tuple[str, Piece]] = Counter()
        """Pieces for an order that are too many because a person said something wrong."""
        self.confused: set[str] = set()
        """Orders about which a person said something wrong, or gave something up."""
        self.looked_at: dict[str, datetime] = {}
        self.decided: dict[str, Order] = {}
        """What was last read of each order when a purchase was last committed to be sent."""
        self._later: list[tuple[datetime, Callable[[], object]]] = []

    def expect(self, order_id: str) -> None:
        """All names that purchases for an order may bear: derived, so known beforehand."""
        for account in OFFERS:
            for number in (*range(8), *range(100, 108)):
                key = intent_key(STORE, order_id, account, number)
                self.order_of[key.out_order_id] = self.order_of[key.mark] = order_id

    def later(self, happens: Callable[[], object]) -> None:
        """A vendor acts although its client gave up."""
        self._later.append((self.clock.now() + LATE, happens))

    def pass_time(self, seconds: float) -> None:
        """Set the clock forward, and let happen what is due."""
        self.clock.advance(seconds)
        due = [happens for at, happens in self._later if at <= self.clock.now()]
        self._later = [(at, happens) for at, happens in self._later if at > self.clock.now()]
        for happens in due:
            happens()

    def owner(self, account: str, order: PlacedOrder) -> str | None:
        """The channel order a vendor order was made for."""
        names = [
            order.out_order_id or "",
            order.note.removeprefix("唛头 "),
            self.made_for.get((account, order.vendor_order_id), ""),
        ]
        return next((self.order_of[name] for name in names if name in self.order_of), None)

    def read(self, order: Order) -> None:
        """We know this of an order, unless we knew something newer."""
        self.looked_at[order.order_id] = self.clock.now()
        known = self.last_read.get(order.order_id)
        if known is None or known.modified_at <= order.modified_at:
            self.last_read[order.order_id] = order

    def money_step(self, what: str, order_id: str | None, reads: Mapping[str, Order]) -> None:
        """We are about to spend money for an order: read just now, and wanting goods as last read."""
        if self.clock.now() - self.looked_at.get(order_id or "", START) > JUST_NOW:
            self.wrongs.append(f"{what} for order {order_id}, which was not looked at before")
        read = reads.get(order_id or "")
        if read is None or not read.state.wants_goods:
            state = read.state if read else "never read"
            self.wrongs.append(f"{what} for order {order_id}, which was last read as {state}")


class WatchedSupplier:
    """A supplier account over its wire."""

    def __init__(self, name: str, watch: Watch, moments: Moments) -> None:
        self.name = name
        self.books = MemorySupplier(watch.clock)
        self.books.catalogue = {offer.offer_id: offer for offer in OFFERS[name]}
        self.wire = Wire(moments)
        self.payments: Counter[str] = Counter()
        self._watch = watch
        self._paying: set[str] = set()
        self.coming: dict[str, IntentKey] = {}
        """Keys of purchases that will appear although nobody was answered."""

    async def offers(self, *, since: Cursor | None) -> AsyncIterator[Page[Offer]]:
        async for page in self.books.offers(since=since):
            yield page

    async def offer(self, offer_id: str) -> Offer:
        return await self.wire.call("offer", lambda _: self.books.offer(offer_id))

    async def preview(self, draft: PurchaseDraft) -> Quote:
        return await self.wire.call("preview", lambda _: self.books.preview(draft))

    async def place(self, draft: PurchaseDraft, *, key: IntentKey) -> Placement:
        self._watch.money_step(f"{key.mark} is placed", self._watch.order_of.get(key.out_order_id), self._watch.decided)
        return await self.wire.call("place", lambda trouble: self._place(draft, key, trouble))

    async def _place(self, draft: PurchaseDraft, key: IntentKey, trouble: str) -> Placement:
        if trouble == "not_granted":
            raise NotGranted("this account may not create orders", vendor="memory", code="acl")
        quote = await self.books.preview(draft)
        if trouble == "late":
            self.coming[key.out_order_id] = key
            self._watch.later(lambda: self._appear(draft, key, quote))
            raise _no_answer("place")
        if trouble in ("split", "left_out") and len(draft.lines) > 1:
            return await self._in_parts(draft, key, trouble)
        return Placement((self._make(draft, key, quote),))

    async def _in_parts(self, draft: PurchaseDraft, key: IntentKey, trouble: str) -> Placement:
        """A vendor order of its own for each line; or the last line is left out."""
        refused: tuple[RefusedLine, ...] = ()
        lines = draft.lines
        if trouble == "left_out":
            lines, refused = lines[:-1], (RefusedLine(lines[-1], "stock", "this line is not to be had"),)
        parts = (
            [replace(draft, lines=(line,)) for line in lines] if trouble == "split" else [replace(draft, lines=lines)]
        )
        made = [self._make(each, key, await self.books.preview(each)) for each in parts]
        return Placement(tuple(made), refused)

    def _appear(self, draft: PurchaseDraft, key: IntentKey, quote: Quote) -> None:
        del self.coming[key.out_order_id]
        self._make(draft, key, quote)

    def _make(self, draft: PurchaseDraft, key: IntentKey, quote: Quote) -> PlacedOrder:
        return self.books.bought_on_the_page(draft, total=quote.total, out_order_id=key.out_order_id)

    async def find(self, key: IntentKey, *, since: datetime) -> Found:
        return await self.wire.call("find", lambda _: self.books.find(key, since=since))

    async def pay(self, orders: Sequence[str]) -> PaymentResult:
        for number in orders:
            if number in self.books.books:
                owner = self._watch.owner(self.name, self.books.books[number])
                self._watch.money_step(f"{number} is paid", owner, self._watch.last_read)
            if number in self._paying:
                self._watch.wrongs.append(f"{number} is paid again while a payment is under way")
        return await self.wire.call("pay", lambda trouble: self._pay(orders, trouble))

    async def _pay(self, orders: Sequence[str], trouble: str) -> PaymentResult:
        if trouble == "late":
            self._paying |= set(orders)
            self._watch.later(lambda: self._paid_late(orders))
            raise _no_answer("pay")
        if trouble == "denied":  # the money moves although the answer says no
            await self._books_pay(orders)
            return PaymentResult((), tuple(orders))
        return await self._books_pay(orders)

    def _paid_late(self, orders: Sequence[str]) -> None:
        self._paying -= set(orders)
        for number in orders:
            self.pay_on_the_page(number)

    async def _books_pay(self, orders: Sequence[str]) -> PaymentResult:
        result = await self.books.pay(orders)
        self.payments.update(result.paid)
        return result

    async def order(self, number: str) -> PlacedOrder:
        return await self.wire.call("order", lambda _: self.books.order(number))

    async def orders(self, *, since: Cursor | None) -> AsyncIterator[Page[PlacedOrder]]:
        async def listed(_: str) -> list[Page[PlacedOrder]]:
            return [page async for page in self.books.orders(since=since)]

        for page in await self.wire.call("orders", listed):
            yield page

    async def shipments(self, number: str) -> Sequence[Shipment]:
        return await self.wire.call("shipments", lambda _: self.books.shipments(number))

    async def cancel(self, number: str) -> None:
        await self.wire.call("cancel", lambda _: self.books.cancel(number))

    async def refunds(self, number: str) -> Sequence[Refund]:
        return await self.wire.call("refunds", lambda _: self.books.refunds(number))

    async def refund(self, number: str, *, why: str) -> str:
        return await self.wire.call("refund", lambda _: self.books.refund(number, why=why))

    def living(self, order_id: str | None = None) -> list[PlacedOrder]:
        """Vendor orders not cancelled, of one channel order or of all of ours."""
        alive = [order for order in self.books.books.values() if order.state is not VendorOrderState.CANCELLED]
        owned = [(order, self._watch.owner(self.name, order)) for order in alive]
        return [order for order, owner in owned if owner is not None and order_id in (None, owner)]

    def asked(self) -> list[str]:
        """Vendor orders whose refund the supplier has not answered."""
        return [number for number, known in self.books.asked_back.items() if known[-1].state is RefundState.ASKED]

    def set_state(self, number: str, state: VendorOrderState) -> None:
        """The supplier, or a person on its page, changes a vendor order."""
        order = self.books.books[number]
        self.books.books[number] = replace(order, state=state, modified_at=self._watch.clock.now())

    def pay_on_the_page(self, number: str) -> None:
        """By a person; nothing happens unless it waits for its money."""
        if self.books.books[number].state is VendorOrderState.UNPAID:
            self.payments[number] += 1
            self.set_state(number, VendorOrderState.PAID)

    def change_spec(self, number: int, *, stock: int | None = None, dearer: Decimal | None = None) -> None:
        """The supplier sells out or asks more."""
        wanted = part(number)
        offer = self.books.catalogue[wanted.offer_id]
        specs = [
            replace(
                spec,
                stock=spec.stock if stock is None else stock,
                cost=spec.cost * dearer if dearer and spec.cost else spec.cost,
            )
            if spec.spec_id == wanted.spec_id
            else spec
            for spec in offer.specs
        ]
        self.books.catalogue[wanted.offer_id] = replace(offer, specs=tuple(specs))

    def bill_more(self, number: str) -> None:
        """A vendor order that is not paid yet becomes dearer."""
        order = self.books.books[number]
        if order.state is VendorOrderState.UNPAID:
            self.books.books[number] = replace(order, total=order.total * 2, modified_at=self._watch.clock.now())


class WatchedChannel:
    """A store over its wire; what concerns its listings goes well."""

    def __init__(self, watch: Watch, moments: Moments) -> None:
        self.books = MemoryChannel(watch.clock)
        self.publish, self.listing, self.listings = self.books.publish, self.books.listing, self.books.listings
        self.set_prices, self.set_stock = self.books.set_prices, self.books.set_stock
        self.set_on_sale, self.edit = self.books.set_on_sale, self.books.edit
        self.wire = Wire(moments)
        self._watch = watch
        self.domestic: set[str] = set()

    async def orders(self, *, since: Cursor | None) -> AsyncIterator[Page[OrderRef]]:
        async def listed(_: str) -> list[Page[OrderRef]]:
            return [page async for page in self.books.orders(since=since)]

        for page in await self.wire.call("orders", listed):
            yield page

    async def order(self, order_id: str) -> Order:
        order = await self.wire.call("order", lambda _: self.books.order(order_id))
        self._watch.read(order)
        return order

    async def shipping_services(self) -> Sequence[ShippingService]:
        return await self.wire.call("services", lambda _: self.books.shipping_services())

    async def declared(self, order_id: str) -> Sequence[Shipment]:
        return await self.wire.call("declared", lambda _: self.books.declared(order_id))

    async def declare(self, order_id: str, shipment: Shipment, *, complete: bool) -> None:
        self._check(order_id, shipment)
        await self.wire.call("declare", lambda _: self.books.declare(order_id, shipment, complete=complete))

    async def redeclare(self, order_id: str, old: Shipment, new: Shipment, *, complete: bool) -> None:
        self._check(order_id, new)
        await self.wire.call("redeclare", lambda _: self.books.redeclare(order_id, old, new, complete=complete))

    def _check(self, order_id: str, shipment: Shipment) -> None:
        """No number is told of twice, nor a domestic one."""
        if shipment.number in self.domestic:
            self._watch.wrongs.append(f"domestic number {shipment.number} is declared")
        if any(known.number == shipment.number for known in self.books.declarations.get(order_id, ())):
            self._watch.wrongs.append(f"{shipment.number} is declared twice")
