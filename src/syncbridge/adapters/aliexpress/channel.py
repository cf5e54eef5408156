"""An AliExpress store as a channel: orders read, listings kept, parcels declared."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

from syncbridge.adapters.aliexpress import drafts, reading
from syncbridge.adapters.aliexpress.client import AliExpressClient
from syncbridge.adapters.aliexpress.refusals import VENDOR
from syncbridge.adapters.aliexpress.settings import AliExpressSettings
from syncbridge.adapters.aliexpress.shipping import OnlineShipping
from syncbridge.adapters.aliexpress.wire import pacific
from syncbridge.errors import NotFound, NotGranted, Rejected, VendorDown
from syncbridge.model.catalog import Listing, ListingDraft, ListingEdit, PriceUpdate, Refusal, StockUpdate
from syncbridge.model.orders import Order, OrderRef
from syncbridge.model.paging import Cursor, Page
from syncbridge.model.shipping import (
    Booking,
    Label,
    LineQuote,
    ParcelDraft,
    Shipment,
    ShippingService,
    Track,
    Trail,
)
from syncbridge.ports import Clock

T = TypeVar("T")
_Update = TypeVar("_Update", PriceUpdate, StockUpdate)
FIRST_READ = timedelta(days=3)
"""How far the first read of orders reaches back; what waited longer was surely seen to by hand."""
_LONGEST_RANGE = timedelta(days=179)
"""Of creation dates, which must go with dates of change; the vendor allows 180 days (aliexpress.md §5.1)."""
_LONGEST_FINISHED = timedelta(days=29)
"""The same for finished orders, of which the vendor shows 30 days."""
_STATUSES = ("auditing", "editingRequired", "onSelling", "offline")
"""In the order a listing passes through them, so that one which moves on during the read is met again."""
_FROM_THE_START = Cursor("")


class AliExpressChannel:
    """One store, behind the `Channel` port."""

    def __init__(self, settings: AliExpressSettings, client: AliExpressClient, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self._currency = settings.currency
        self._overlap = timedelta(minutes=settings.overlap_minutes)
        self._shipping = OnlineShipping(settings, client)

    async def orders(self, *, since: Cursor | None) -> AsyncIterator[Page[OrderRef]]:
        """Orders changed since: the unfinished, then the finished, which are listed apart (aliexpress.md §5.3).

        The cursor of the last page, which is empty, is the time the read began; the pages before repeat the read
        from its start. If orders came or went meanwhile, pages may have shifted, and the last page repeats it too.
        """
        began = self._clock.now()
        start = datetime.fromisoformat(since) - self._overlap if since else began - FIRST_READ
        unfinished = self._dates(start, began, _LONGEST_RANGE)
        finished = self._dates(start, began, _LONGEST_FINISHED) | {"order_status": "FINISH"}
        resume, settled = since or _FROM_THE_START, True
        for query in (unfinished, finished):  # in this order, so that one which ends meanwhile is met
            async for refs, failures, shifted in self._ordered(query):
                settled = settled and not shifted
                yield Page(refs, resume, failures)
        yield Page((), _time_cursor(began) if settled else resume)

    async def order(self, order_id: str) -> Order:
        """One order as it is now, its buyer without stars where that is granted; raises NotFound."""
        detail = await self._client.order(order_id)
        if detail.oaid and reading.is_masked(detail):
            with contextlib.suppress(NotGranted):
                detail = reading.deciphered(detail, await self._client.deciphered(order_id, detail.oaid))
        return _read(order_id, functools.partial(reading.order, detail))

    async def listings(self, *, since: datetime | None, resume: Cursor | None = None) -> AsyncIterator[Page[Listing]]:
        """Listings in every status, without SKUs; a cursor names the next status and page (aliexpress.md §4.2)."""
        query: dict[str, str] = {}
        if since:
            query["gmt_modified_start"] = pacific(since - self._overlap)
        first, _, place = (resume or f"{_STATUSES[0]} 1").partition(" ")
        number = int(place)
        for n in range(_STATUSES.index(first), len(_STATUSES)):
            following = f"{_STATUSES[n + 1]} 1" if n + 1 < len(_STATUSES) else ""
            async for page in self._listed(query, _STATUSES[n], number, Cursor(following)):
                yield page
            number = 1

    async def listing(self, listing_id: str) -> Listing:
        """One listing with its SKUs; raises NotFound."""
        product = await self._client.product(listing_id)
        return _read(listing_id, functools.partial(reading.listing, product, self._currency))

    async def publish(self, draft: ListingDraft) -> str:
        """Create a listing and answer its id; what the vendor would refuse is said before it is sent."""
        self._refuse(drafts.problems(draft, currency=self._currency))
        return await self._client.post(drafts.product(draft))

    async def edit(self, listing_id: str, edit: ListingEdit) -> None:
        """Change a listing's words, or add SKUs; the vendor replaces it whole (§4.2), so all goes back as read."""
        self._refuse(drafts.edit_problems(edit, currency=self._currency))
        product = await self._client.whole_product(listing_id)
        try:
            changed = drafts.edited(product, edit)
        except ValueError as error:
            said = f"AliExpress does not show all of listing {listing_id}, so it is not changed: {error}"
            raise VendorDown(said, vendor=VENDOR) from error
        try:
            await self._client.edit(listing_id, changed)
        except Rejected as error:
            refused = await self._explained(listing_id, error.code, str(error))
            raise Rejected(refused.message, vendor=VENDOR, code=refused.code, request_id=error.request_id) from error

    async def set_prices(self, updates: Sequence[PriceUpdate]) -> Sequence[Refusal]:
        """Replace prices, one call for each listing whose SKUs have no discount; the refused ones are named."""
        return await self._one_by_one(updates, self._set_prices)

    async def set_stock(self, updates: Sequence[StockUpdate]) -> Sequence[Refusal]:
        """Replace stock, one call for each listing; a listing must keep a SKU with stock (§10, 10)."""
        return await self._one_by_one(updates, lambda update: self._client.set_stock(update.listing_id, update.stock))

    async def set_on_sale(self, listing_ids: Sequence[str], *, on_sale: bool) -> Sequence[Refusal]:
        """Put listings on sale or take them off, in one call."""
        if not listing_ids:
            return ()
        switch = self._client.put_on_sale if on_sale else self._client.take_off_sale
        answer = await switch(listing_ids)
        return [
            await self._explained(str(listing_id), str(detail.error_code or "refused"), detail.error_message or "")
            for detail in answer.error_details
            for listing_id in detail.product_ids
        ]

    async def shipping_services(self) -> Sequence[ShippingService]:
        """Carriers the store may name, with their number patterns."""
        return tuple(reading.service(seen) for seen in await self._client.services())

    async def declared(self, order_id: str) -> Sequence[Shipment]:
        """Parcels declared so far."""
        return reading.parcels(await self._client.declared(order_id))

    async def declare(self, order_id: str, shipment: Shipment, *, complete: bool) -> None:
        """Declare a parcel. The vendor promises no protection against doubles: read `declared` first (§6.1)."""
        extras = _extras(shipment)
        parcel = shipment.carrier, shipment.number
        await self._client.declare(order_id, parcel, "all" if complete else "part", extras)

    async def redeclare(self, order_id: str, old: Shipment, new: Shipment, *, complete: bool) -> None:
        """Replace a declared parcel by another; read `declared` before and after (§6.1)."""
        extras = _extras(new)
        parcels = (old.carrier, old.number), (new.carrier, new.number)
        await self._client.redeclare(order_id, *parcels, "all" if complete else "part", extras)

    async def lines(self, draft: ParcelDraft) -> Sequence[LineQuote]:
        """The platform's own lines that would take a parcel; raises Rejected where none would."""
        return await self._shipping.lines(draft)

    async def book(self, draft: ParcelDraft) -> Booking:
        """Book a parcel on a line of the platform's own; a second call books a second one."""
        return await self._shipping.book(draft)

    async def booked(self, draft: ParcelDraft, *, since: datetime) -> Sequence[Booking]:
        """What is booked for the parcel, ever; if it is several, a person has to say which (`OnlineShipping`)."""
        return await self._shipping.booked(draft)

    async def label(self, booking: Booking) -> Label | None:
        """The label as PDF; None while it is not ready."""
        return await self._shipping.label(booking)

    async def track(self, trails: Sequence[Trail]) -> Sequence[Track]:
        """How far parcels are, as the platform was told by their carriers."""
        return await self._shipping.track(trails)

    def _dates(self, start: datetime, now: datetime, longest: timedelta) -> dict[str, str]:
        """The range of a read. Its end lies ahead, so that no hour of the autumn change falls behind it."""
        end = now + self._overlap
        return {
            "modified_date_start": pacific(max(start, end - longest)),
            "modified_date_end": pacific(end),
            "create_date_start": pacific(end - longest),
            "create_date_end": pacific(end),
        }

    async def _ordered(
        self, query: dict[str, str]
    ) -> AsyncIterator[tuple[tuple[OrderRef, ...], tuple[tuple[str, str], ...], bool]]:
        """Pages of the list of orders, and whether it has another length than on its first page."""
        number, count = 1, None
        while True:
            page = await self._client.orders({**query, "current_page": number})
            count = page.total_count if count is None else count
            refs, failures = reading.each(page.target_list, reading.order_ref, "order_id")
            yield refs, failures, page.total_count != count
            if number >= (page.total_page or 1):
                return
            number += 1

    async def _listed(
        self, query: dict[str, str], status: str, number: int, following: Cursor
    ) -> AsyncIterator[Page[Listing]]:
        """The pages of a status from this one on; after its last one reading goes on at `following`."""
        while True:
            page = await self._client.products({**query, "product_status_type": status, "current_page": number})
            read = functools.partial(reading.listed, status=status)
            items, failures = reading.each(page.aeop_a_e_product_display_d_t_o_list, read, "product_id")
            number += 1
            is_last = number > (page.total_page or 1)
            yield Page(items, following if is_last else Cursor(f"{status} {number}"), failures)
            if is_last:
                return

    def _refuse(self, found: Sequence[str]) -> None:
        if found:
            raise Rejected(f"AliExpress would refuse this listing: {'; '.join(found)}", vendor=VENDOR, code="draft")

    async def _set_prices(self, update: PriceUpdate) -> None:
        """One call for all SKUs, and one for each that has a discount: only that call takes a discount too."""
        for sku_key, price in update.prices.items():
            if said := drafts.price_problem(price, self._currency, update.discounts.get(sku_key)):
                raise Rejected(f"SKU {sku_key}: {said}", vendor=VENDOR, code="price")
        written = {key: f"{price.amount:f}" for key, price in update.prices.items()}
        for key in update.discounts.keys() & written.keys():
            discount = f"{update.discounts[key].amount:f}"
            await self._client.set_price(update.listing_id, key, written.pop(key), discount)
        if written:
            await self._client.set_prices(update.listing_id, written)

    async def _one_by_one(
        self, updates: Sequence[_Update], apply: Callable[[_Update], Awaitable[None]]
    ) -> Sequence[Refusal]:
        refused = []
        for update in updates:
            try:
                await apply(update)
            except Rejected as error:
                refused.append(await self._explained(update.listing_id, error.code, str(error)))
        return refused

    async def _explained(self, listing_id: str, code: str, said: str) -> Refusal:
        """Why a listing was refused. The vendor publishes no code for a listing still examined, so it is read."""
        try:
            product = await self._client.product(listing_id)
        except NotFound as missing:
            return Refusal(listing_id, missing.code, str(missing))
        if product.product_status_type == "auditing":
            return Refusal(listing_id, "auditing", f"AliExpress still examines it and takes no change; {said}")
        return Refusal(listing_id, code, said or "no reason given")


def _read(subject: str, read: Callable[[], T]) -> T:
    try:
        return read()
    except ValueError as error:
        raise VendorDown(f"AliExpress's answer about {subject} cannot be read: {error}", vendor=VENDOR) from error


def _extras(shipment: Shipment) -> Mapping[str, str]:
    """What services whose name begins with OTHER want besides (aliexpress.md §6.1)."""
    if not shipment.carrier.upper().startswith("OTHER"):
        return {}
    if not (shipment.site and shipment.operator):
        raise Rejected(
            f"{shipment.carrier} also wants a tracking site and the real carrier; name them, or declare it by hand",
            vendor=VENDOR,
            code="other_carrier",
        )
    return {"tracking_website": shipment.site, "actual_carrier": shipment.operator}


def _time_cursor(at: datetime) -> Cursor:
    return Cursor(at.isoformat())
