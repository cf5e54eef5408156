"""A supplier in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from syncbridge.errors import NotFound, NotGranted, OutcomeUnknown, OutOfStock, RateLimited, Rejected
from syncbridge.model.catalog import MixRule, Offer, Search, Spec
from syncbridge.model.money import Money
from syncbridge.model.paging import Cursor, Page, cursor_at
from syncbridge.model.purchasing import (
    Found,
    IntentKey,
    PaymentResult,
    PlacedOrder,
    Placement,
    PurchaseDraft,
    PurchaseLine,
    Quote,
    Refund,
    RefundState,
    VendorOrderState,
)
from syncbridge.model.shipping import Movement, Shipment, Sighting, Track
from syncbridge.ports import Clock

PAGE = 20
FREIGHT = Money.of("5.00", "CNY")


class MemorySupplier:
    """Keeps offers and vendor orders in dictionaries, and can be told to fail once."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.catalogue: dict[str, Offer] = {}
        self.books: dict[str, PlacedOrder] = {}
        self.parcels: dict[str, list[Shipment]] = {}
        self.urged: dict[str, datetime] = {}
        self.sightings: dict[str, list[Sighting]] = {}
        """Of domestic parcels by number, the newest first."""
        self.asked_back: dict[str, list[Refund]] = {}
        self.grants_orders = True
        self.grants_search = True
        self.limit_next = False
        self.lose_next = False

    async def offers(self, *, since: Cursor | None) -> AsyncIterator[Page[Offer]]:
        """Every offer, in the order it was added."""
        start = int(since or 0)
        everything = list(self.catalogue.values())
        while start < len(everything):
            page = everything[start : start + PAGE]
            start += len(page)
            yield Page(tuple(page), Cursor(str(start)))

    async def offer(self, offer_id: str) -> Offer:
        """One offer."""
        self._answerable()
        if offer_id not in self.catalogue:
            raise NotFound(f"offer {offer_id} is not there", vendor="memory", code="gone")
        return self.catalogue[offer_id]

    async def search(self, query: Search, *, since: Cursor | None) -> AsyncIterator[Page[str]]:
        """Offers with the keyword in their title, of the shop, in the order they were added."""
        self._answerable()
        if not self.grants_search:
            raise NotGranted("this account may not search", vendor="memory", code="acl")
        found = [offer.offer_id for offer in self.catalogue.values() if _fits(offer, query)]
        for start in range(int(since or 0), len(found), PAGE):
            page = tuple(found[start : start + PAGE])
            yield Page(page, Cursor(str(start + len(page))))

    def offer_named(self, text: str) -> str:
        """An id is all there is."""
        if not text.isalnum():
            raise ValueError(f"{text!r} is no offer id")
        return text

    async def preview(self, draft: PurchaseDraft) -> Quote:
        """Cost times quantity, and a flat freight."""
        self._answerable()
        goods = Money.zero("CNY")
        for line in draft.lines:
            spec = self._spec(line)
            if spec.cost is None:
                raise Rejected(f"{line.spec_id} has no price", vendor="memory", code="no_price")
            if (spec.stock or 0) < line.quantity:
                raise OutOfStock(f"only {spec.stock} of {line.spec_id} left", vendor="memory", code="stock")
            goods += spec.cost * line.quantity
        self._check_terms(draft.lines, goods)
        return Quote(goods, FREIGHT, goods + FREIGHT, draft.flow or "general", ("alipay",))

    async def place(self, draft: PurchaseDraft, *, key: IntentKey) -> Placement:
        """Make one vendor order; a repeated key makes another, as the vendor would."""
        self._answerable()
        if not self.grants_orders:
            raise NotGranted("this account may not create orders", vendor="memory", code="acl")
        quote = await self.preview(draft)
        order = self.bought_on_the_page(draft, total=quote.total, out_order_id=key.out_order_id)
        self._answer_may_get_lost("purchase")
        return Placement((order,))

    def bought_on_the_page(self, draft: PurchaseDraft, *, total: Money, out_order_id: str | None = None) -> PlacedOrder:
        """What a purchase leaves in the books, whoever made it."""
        now = self.clock.now()
        order = PlacedOrder(
            vendor_order_id=str(880000000000000001 + len(self.books)),
            state=VendorOrderState.UNPAID,
            total=total,
            freight=FREIGHT,
            out_order_id=out_order_id,
            note=draft.note,
            lines=draft.lines,
            created_at=now,
            modified_at=now,
        )
        self.books[order.vendor_order_id] = order
        return order

    async def find(self, key: IntentKey, *, since: datetime) -> Found:
        """Orders with the key or the mark; fresh if any order is newer than `since`."""
        self._answerable()
        late = [order for order in self.books.values() if order.created_at and order.created_at > since]
        mine = [
            order for order in self.books.values() if order.out_order_id == key.out_order_id or key.mark in order.note
        ]
        return Found(tuple(mine), fresh=any(order not in mine for order in late))

    async def pay(self, vendor_order_ids: Sequence[str]) -> PaymentResult:
        """Mark those that wait for it paid."""
        self._answerable()
        due = [each for each in vendor_order_ids if self.books[each].state is VendorOrderState.UNPAID]
        for vendor_order_id in due:
            self._change(vendor_order_id, VendorOrderState.PAID)
        return PaymentResult(tuple(due), tuple(each for each in vendor_order_ids if each not in due))

    async def order(self, vendor_order_id: str) -> PlacedOrder:
        """One vendor order."""
        self._answerable()
        if vendor_order_id not in self.books:
            raise NotFound(f"no vendor order {vendor_order_id}", vendor="memory", code="gone")
        return self.books[vendor_order_id]

    async def orders(self, *, since: Cursor | None) -> AsyncIterator[Page[PlacedOrder]]:
        """Orders by time of change."""
        self._answerable()
        known = sorted(self.books.values(), key=lambda order: (order.modified_at, order.vendor_order_id))
        start = datetime.fromisoformat(since) if since else None
        fresh = [order for order in known if start is None or (order.modified_at and order.modified_at >= start)]
        yield Page(tuple(fresh), cursor_at(self.clock.now()))

    async def shipments(self, vendor_order_id: str) -> Sequence[Shipment]:
        """Parcels so far."""
        self._answerable()
        return tuple(self.parcels.get(vendor_order_id, ()))

    async def whereabouts(self, vendor_order_id: str) -> Sequence[Track]:
        """As the couriers told."""
        await self.order(vendor_order_id)
        found = []
        for parcel in self.parcels.get(vendor_order_id, ()):
            seen = tuple(self.sightings.get(parcel.number, ()))
            found.append(Track(parcel.number, seen[0].movement if seen else Movement.UNKNOWN, seen))
        return found

    async def confirm(self, vendor_order_id: str) -> None:
        """Call a shipped order received."""
        order = await self.order(vendor_order_id)
        if order.state is not VendorOrderState.SHIPPED:
            raise Rejected(f"{vendor_order_id} is {order.state}, not shipped", vendor="memory", code="state")
        self._change(vendor_order_id, VendorOrderState.RECEIVED)
        self._answer_may_get_lost("confirmation")

    async def cancel(self, vendor_order_id: str) -> None:
        """Close an unpaid order."""
        order = await self.order(vendor_order_id)
        if order.state is VendorOrderState.CANCELLED:
            return
        if order.state is not VendorOrderState.UNPAID:
            raise Rejected(f"{vendor_order_id} is {order.state}, not unpaid", vendor="memory", code="state")
        self._change(vendor_order_id, VendorOrderState.CANCELLED)
        self._answer_may_get_lost("cancel")

    async def urge(self, vendor_order_id: str) -> None:
        """Ask to ship a paid order, once in a day."""
        order, last = await self.order(vendor_order_id), self.urged.get(vendor_order_id)
        if order.state is not VendorOrderState.PAID:
            raise Rejected(f"{vendor_order_id} is {order.state}, not unshipped", vendor="memory", code="state")
        if last is not None and self.clock.now() - last < timedelta(hours=24):
            raise Rejected(f"{vendor_order_id} was asked for within the day", vendor="memory", code="state")
        self.urged[vendor_order_id] = self.clock.now()
        self._answer_may_get_lost("urge")

    async def refunds(self, vendor_order_id: str) -> Sequence[Refund]:
        """What was asked back."""
        await self.order(vendor_order_id)
        return tuple(reversed(self.asked_back.get(vendor_order_id, ())))

    async def refund(self, vendor_order_id: str, *, why: str) -> str:
        """Ask for the whole total of a paid order; a second request is refused while one is under way."""
        order = await self.order(vendor_order_id)
        asked = self.asked_back.get(vendor_order_id, [])
        if order.state is not VendorOrderState.PAID or any(each.state is RefundState.ASKED for each in asked):
            raise Rejected(f"{vendor_order_id} cannot be refunded now", vendor="memory", code="state")
        made = Refund(f"R{vendor_order_id}-{len(asked)}", RefundState.ASKED, order.total)
        self.asked_back[vendor_order_id] = [*asked, made]
        self._answer_may_get_lost("refund")
        return made.refund_id

    def answer_refund(self, vendor_order_id: str, *, agree: bool) -> None:
        """The supplier gives the money back, which closes the order, or refuses."""
        *_, asked = self.asked_back[vendor_order_id]
        state = RefundState.REFUNDED if agree else RefundState.CLOSED
        self.asked_back[vendor_order_id][-1] = replace(asked, state=state)
        if agree:
            self._change(vendor_order_id, VendorOrderState.CANCELLED)

    def ship(self, vendor_order_id: str, number: str) -> None:
        """The supplier hands the parcel to a courier; without a number it needs none (不需要物流)."""
        self._change(vendor_order_id, VendorOrderState.SHIPPED)
        if number:
            self.parcels.setdefault(vendor_order_id, []).append(Shipment("YTO", number))

    def renumber(self, vendor_order_id: str, old: str, new: str) -> None:
        """The supplier corrects the number of a parcel."""
        self.parcels[vendor_order_id] = [
            Shipment(parcel.carrier, new) if parcel.number == old else parcel
            for parcel in self.parcels[vendor_order_id]
        ]
        self._change(vendor_order_id, self.books[vendor_order_id].state)

    def move(self, number: str, said: str, *, signed: bool = False) -> None:
        """A courier tells of a domestic parcel."""
        movement = Movement.DELIVERED if signed else Movement.MOVING
        self.sightings.setdefault(number, []).insert(0, Sighting(self.clock.now(), movement, said))

    def _change(self, vendor_order_id: str, state: VendorOrderState) -> None:
        order = self.books[vendor_order_id]
        now = self.clock.now()
        paid_at = order.paid_at or (now if state.is_paid else None)
        shipped_at = order.shipped_at or (now if state.is_shipped else None)
        self.books[vendor_order_id] = replace(
            order, state=state, modified_at=now, paid_at=paid_at, shipped_at=shipped_at
        )

    def _check_terms(self, lines: Sequence[PurchaseLine], goods: Money) -> None:
        """Whole lots, and each offer's minimum unless the supplier mixes and the whole purchase is enough."""
        pieces = sum(line.quantity for line in lines)
        for offer_id in dict.fromkeys(line.offer_id for line in lines):
            offer = self.catalogue[offer_id]
            bought = sum(line.quantity for line in lines if line.offer_id == offer_id)
            if bought < offer.moq and not _is_enough(offer.mix, pieces, goods):
                raise Rejected(f"{bought} are below the minimum of {offer.moq}", vendor="memory", code="moq")
            if bought % (offer.lot or 1):
                raise Rejected(f"{bought} are no whole lots of {offer.lot}", vendor="memory", code="lot")

    def _spec(self, line: PurchaseLine) -> Spec:
        if line.offer_id not in self.catalogue:
            raise NotFound(f"offer {line.offer_id} is not there", vendor="memory", code="gone")
        for spec in self.catalogue[line.offer_id].specs:
            if spec.spec_id == line.spec_id:
                return spec
        raise Rejected(f"{line.spec_id} is not a spec of {line.offer_id}", vendor="memory", code="spec")

    def _answer_may_get_lost(self, what: str) -> None:
        if self.lose_next:
            self.lose_next = False
            raise OutcomeUnknown(f"no answer to the {what}", vendor="memory", code="no_answer")

    def _answerable(self) -> None:
        if self.limit_next:
            self.limit_next = False
            raise RateLimited("too many calls", vendor="memory", code="limit", retry_after=1.0)


def _fits(offer: Offer, query: Search) -> bool:
    return query.keyword.lower() in offer.title.lower() and query.shop in ("", offer.supplier_id)


def _is_enough(mix: MixRule | None, pieces: int, goods: Money) -> bool:
    if mix is None or not mix.general:
        return False
    return (mix.number is not None and pieces >= mix.number) or (mix.amount is not None and goods >= mix.amount)
