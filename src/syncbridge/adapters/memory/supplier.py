"""A supplier in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import datetime

from syncbridge.errors import NotFound, NotGranted, OutcomeUnknown, OutOfStock, RateLimited, Rejected
from syncbridge.model.catalog import Offer, Spec
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
    VendorOrderState,
)
from syncbridge.model.shipping import Shipment
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
        self.grants_orders = True
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
        return Quote(goods, FREIGHT, goods + FREIGHT, draft.flow or "general", ("alipay",))

    async def place(self, draft: PurchaseDraft, *, key: IntentKey) -> Placement:
        """Make one vendor order; a repeated key makes another, as the vendor would."""
        self._answerable()
        if not self.grants_orders:
            raise NotGranted("this account may not create orders", vendor="memory", code="acl")
        quote = await self.preview(draft)
        order = self.bought_on_the_page(draft, total=quote.total, out_order_id=key.out_order_id)
        if self.lose_next:
            self.lose_next = False
            raise OutcomeUnknown("no answer to the purchase", vendor="memory", code="no_answer")
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
        """Mark them paid."""
        self._answerable()
        for vendor_order_id in vendor_order_ids:
            self._change(vendor_order_id, VendorOrderState.PAID)
        return PaymentResult(tuple(vendor_order_ids))

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

    def ship(self, vendor_order_id: str, number: str) -> None:
        """The supplier hands the parcel to a courier."""
        self._change(vendor_order_id, VendorOrderState.SHIPPED)
        self.parcels.setdefault(vendor_order_id, []).append(Shipment("YTO", number))

    def _change(self, vendor_order_id: str, state: VendorOrderState) -> None:
        order = self.books[vendor_order_id]
        self.books[vendor_order_id] = replace(order, state=state, modified_at=self.clock.now())

    def _spec(self, line: PurchaseLine) -> Spec:
        offer = self.catalogue.get(line.offer_id)
        for spec in offer.specs if offer else ():
            if spec.spec_id == line.spec_id:
                return spec
        raise Rejected(f"{line.spec_id} is not a spec of {line.offer_id}", vendor="memory", code="spec")

    def _answerable(self) -> None:
        if self.limit_next:
            self.limit_next = False
            raise RateLimited("too many calls", vendor="memory", code="limit", retry_after=1.0)
