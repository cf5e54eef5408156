"""A channel in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from syncbridge.errors import NotFound, OutcomeUnknown, RateLimited, Rejected
from syncbridge.model.catalog import (
    Listing,
    ListingDraft,
    ListingEdit,
    ListingStatus,
    PriceUpdate,
    Refusal,
    Sku,
    SkuDraft,
    StockUpdate,
)
from syncbridge.model.money import Money
from syncbridge.model.orders import BuyerAddress, Order, OrderRef, OrderState
from syncbridge.model.paging import Cursor, Page, cursor_at
from syncbridge.model.shipping import Booking, Label, LineQuote, ParcelDraft, Shipment, ShippingService
from syncbridge.ports import Clock

NUMBER_AFTER = timedelta(minutes=5)
"""From booking a parcel to its number and its label."""
HEAVIEST_G = 2000
LINES = (
    LineQuote("YANWEN_AM", "Yanwen", Money.of("38.00", "CNY"), (12, 25)),
    LineQuote("CAINIAO_STANDARD", "Cainiao Standard", Money.of("52.00", "CNY"), (8, 15)),
)
SERVICES = (ShippingService("YANWEN_AM", "Yanwen", r"^[A-Z]{2}\d{9}YP$"), ShippingService("OTHER", "Another", ""))


class MemoryChannel:
    """Keeps listings, orders, declarations and bookings in dictionaries, and can be told to fail once."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.books: dict[str, Order] = {}
        self.shop: dict[str, Listing] = {}
        self.declarations: dict[str, list[Shipment]] = {}
        self.bookings: dict[str, tuple[datetime, ParcelDraft, Booking]] = {}
        self.gives_numbers = True
        self.makes_labels = True
        self.limit_next = False
        self.lose_next = False

    async def orders(self, *, since: Cursor | None) -> AsyncIterator[Page[OrderRef]]:
        """Orders by time of change."""
        known = sorted(self.books.values(), key=lambda order: (order.modified_at, order.order_id))
        fresh = [order for order in known if not since or order.modified_at >= datetime.fromisoformat(since)]
        refs = tuple(OrderRef(order.order_id, order.modified_at, order.status) for order in fresh)
        yield Page(refs, cursor_at(self.clock.now()))

    async def order(self, order_id: str) -> Order:
        """One order."""
        self._answerable()
        if order_id not in self.books:
            raise NotFound(f"no order {order_id}", vendor="memory", code="gone")
        return self.books[order_id]

    async def listings(self, *, since: datetime | None, resume: Cursor | None = None) -> AsyncIterator[Page[Listing]]:
        """All listings, without SKUs, on one page."""
        known = sorted(self.shop.values(), key=lambda listing: listing.listing_id)
        fresh = [
            listing
            for listing in known
            if since is None or (listing.modified_at is not None and listing.modified_at >= since)
        ]
        yield Page(tuple(replace(listing, skus=()) for listing in fresh), Cursor(""))

    async def listing(self, listing_id: str) -> Listing:
        """One listing with its SKUs."""
        self._answerable()
        if listing_id not in self.shop:
            raise NotFound(f"no listing {listing_id}", vendor="memory", code="gone")
        return self.shop[listing_id]

    async def publish(self, draft: ListingDraft) -> str:
        """Make a listing; the same draft twice makes two, as the vendor would."""
        self._answerable()
        if not any(sku.stock > 0 for sku in draft.skus):
            raise Rejected("at least one SKU needs stock", vendor="memory", code="stock")
        listing_id = str(1005000000000001 + len(self.shop))
        skus = tuple(map(_shown, draft.skus))
        now = self.clock.now()
        self.shop[listing_id] = Listing(
            listing_id,
            draft.title,
            ListingStatus.ON_SALE,
            skus,
            now,
            now,
            images=draft.images,
            description_html=draft.description_html,
        )
        if self.lose_next:
            self.lose_next = False
            raise OutcomeUnknown("no answer to the listing", vendor="memory", code="no_answer")
        return listing_id

    async def edit(self, listing_id: str, edit: ListingEdit) -> None:
        """Change its words, or add SKUs."""
        shown = await self.listing(listing_id)
        known = {sku.sku_code for sku in shown.skus}
        if shown.status is ListingStatus.AUDITING:
            raise Rejected(f"listing {listing_id} is examined", vendor="memory", code="auditing")
        self.shop[listing_id] = replace(
            shown,
            title=edit.title or shown.title,
            description_html=edit.description_html or shown.description_html,
            skus=(*shown.skus, *(_shown(sku) for sku in edit.skus if sku.sku_code not in known)),
            modified_at=self.clock.now(),
        )
        if self.lose_next:
            self.lose_next = False
            raise OutcomeUnknown("no answer to the edit", vendor="memory", code="no_answer")

    async def set_prices(self, updates: Sequence[PriceUpdate]) -> Sequence[Refusal]:
        """Replace prices of known SKUs."""
        return self._update([(update.listing_id, update) for update in updates])

    async def set_stock(self, updates: Sequence[StockUpdate]) -> Sequence[Refusal]:
        """Replace stock of known SKUs."""
        return self._update([(update.listing_id, update) for update in updates])

    async def set_on_sale(self, listing_ids: Sequence[str], *, on_sale: bool) -> Sequence[Refusal]:
        """Put on sale or take off."""
        self._answerable()
        status = ListingStatus.ON_SALE if on_sale else ListingStatus.OFFLINE
        refused = []
        for listing_id in listing_ids:
            if listing_id in self.shop:
                self.shop[listing_id] = replace(self.shop[listing_id], status=status, modified_at=self.clock.now())
            else:
                refused.append(Refusal(listing_id, "gone", "no such listing"))
        return refused

    async def shipping_services(self) -> Sequence[ShippingService]:
        """One carrier, and any other."""
        self._answerable()
        return SERVICES

    async def declared(self, order_id: str) -> Sequence[Shipment]:
        """Declared so far."""
        self._answerable()
        return tuple(self.declarations.get(order_id, ()))

    async def declare(self, order_id: str, shipment: Shipment, *, complete: bool) -> None:
        """Declare a parcel; after a complete declaration no further one is taken."""
        self._answerable()
        order = self.books[order_id]
        _check(shipment)
        if not order.state.wants_goods:
            raise Rejected(f"order {order_id} takes no declaration now", vendor="memory", code="state")
        self.declarations.setdefault(order_id, []).append(shipment)
        self.change(order_id, state=OrderState.SHIPPED if complete else OrderState.PART_SHIPPED)
        if self.lose_next:
            self.lose_next = False
            raise OutcomeUnknown("no answer to the declaration", vendor="memory", code="no_answer")

    async def redeclare(self, order_id: str, old: Shipment, new: Shipment, *, complete: bool) -> None:
        """Replace a declared parcel where it stands."""
        self._answerable()
        _check(new)
        declared = self.declarations.get(order_id, [])
        place = next((n for n, one in enumerate(declared) if _key(one) == _key(old)), None)
        if place is None:
            raise Rejected(f"{old.number} is not declared for order {order_id}", vendor="memory", code="state")
        declared[place] = new
        self.change(order_id, state=OrderState.SHIPPED if complete else OrderState.PART_SHIPPED)
        if self.lose_next:
            self.lose_next = False
            raise OutcomeUnknown("no answer to the declaration", vendor="memory", code="no_answer")

    async def lines(self, draft: ParcelDraft) -> Sequence[LineQuote]:
        """Two lines for all that is not too heavy."""
        self._answerable()
        _refuse_heavy(draft)
        return LINES

    async def book(self, draft: ParcelDraft) -> Booking:
        """Book a parcel; the same draft twice makes two, as the vendor would."""
        self._answerable()
        _refuse_heavy(draft)
        if draft.service not in {line.service for line in LINES}:
            raise Rejected(f"there is no line {draft.service!r}", vendor="memory", code="draft")
        made = Booking(f"WH{len(self.bookings) + 1:06d}", draft.mark, draft.service, draft.service)
        self.bookings[made.booking_id] = (self.clock.now(), draft, made)
        if self.lose_next:
            self.lose_next = False
            raise OutcomeUnknown("no answer to the booking", vendor="memory", code="no_answer")
        return made

    async def booked(self, draft: ParcelDraft, *, since: datetime) -> Sequence[Booking]:
        """What was booked for the order under the waybill, or under the mark where there is none."""
        self._answerable()
        return [
            replace(self._now(booking_id), mark=draft.mark)
            for booking_id, (at, known, _) in self.bookings.items()
            if at >= since and known.order_id == draft.order_id and _waybill(known) in (_waybill(draft), draft.mark)
        ]

    async def label(self, booking: Booking) -> Label | None:
        """A file that names its number, once there is one."""
        self._answerable()
        number = self._now(booking.booking_id).number if self.makes_labels else ""
        return Label(f"%PDF-1.4 {number}".encode()) if number else None

    def cancel_booking(self, booking_id: str) -> None:
        """Whoever was to take the parcel will not."""
        at, draft, made = self.bookings[booking_id]
        self.bookings[booking_id] = (at, draft, replace(made, cancelled=True))

    def _now(self, booking_id: str) -> Booking:
        at, _, made = self.bookings[booking_id]
        if not self.gives_numbers or self.clock.now() < at + NUMBER_AFTER:
            return made
        return replace(made, number=f"UR9{booking_id[-6:]:>08}YP")

    def change(self, order_id: str, *, state: OrderState | None = None, address: BuyerAddress | None = None) -> None:
        """The buyer or the channel changes an order."""
        order = self.books[order_id]
        self.books[order_id] = replace(
            order, state=state or order.state, address=address or order.address, modified_at=self.clock.now()
        )

    def _update(self, updates: Sequence[tuple[str, PriceUpdate | StockUpdate]]) -> Sequence[Refusal]:
        self._answerable()
        refused = []
        for listing_id, update in updates:
            if listing_id not in self.shop:
                refused.append(Refusal(listing_id, "gone", "no such listing"))
                continue
            listing = self.shop[listing_id]
            skus = tuple(_changed(sku, update) for sku in listing.skus)
            self.shop[listing_id] = replace(listing, skus=skus, modified_at=self.clock.now())
        return refused

    def _answerable(self) -> None:
        if self.limit_next:
            self.limit_next = False
            raise RateLimited("too many calls", vendor="memory", code="limit", retry_after=1.0)


def _refuse_heavy(draft: ParcelDraft) -> None:
    if draft.weight_g > HEAVIEST_G:
        said = f"no line takes {draft.weight_g} g, the heaviest is {HEAVIEST_G} g"
        raise Rejected(said, vendor="memory", code="no_line")


def _waybill(draft: ParcelDraft) -> str:
    return draft.domestic_number or draft.mark


def _key(shipment: Shipment) -> tuple[str, str]:
    return shipment.carrier, shipment.number


def _check(shipment: Shipment) -> None:
    if shipment.carrier == "OTHER" and not (shipment.site and shipment.operator):
        raise Rejected("OTHER wants a tracking site and the carrier", vendor="memory", code="other_carrier")


def _changed(sku: Sku, update: PriceUpdate | StockUpdate) -> Sku:
    if isinstance(update, PriceUpdate):
        if sku.sku_key not in update.prices:
            return sku
        return replace(sku, price=update.prices[sku.sku_key], discount=update.discounts.get(sku.sku_key))
    return replace(sku, stock=update.stock.get(sku.sku_key, sku.stock))


def _shown(sku: SkuDraft) -> Sku:
    key = ";".join(f"{p.property_id}:{p.value_id}" for p in sku.properties) or "<none>"
    return Sku(key, sku.sku_code, sku.price, sku.stock, sku.discount)
