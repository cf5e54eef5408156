"""AliExpress's own shipping: lines compared, parcels booked and found again, labels (aliexpress.md §6.2)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence

from syncbridge.adapters.aliexpress import parcel_drafts, parcel_reading
from syncbridge.adapters.aliexpress.client import REFUSED, AliExpressClient
from syncbridge.adapters.aliexpress.refusals import VENDOR
from syncbridge.adapters.aliexpress.settings import AliExpressSettings
from syncbridge.adapters.aliexpress.wire import as_text
from syncbridge.errors import RateLimited, Rejected, Transient, VendorError
from syncbridge.model.shipping import Booking, Label, LineQuote, ParcelDraft, Track, Trail


class OnlineShipping:
    """What the channel answers as `Books` and `Tracks`.

    The vendor takes no key of ours with a booking. Of what it takes, only the domestic waybill can be looked up again
    (``china_logistics_id``), so a parcel is booked under the supplier's waybill, or under its mark where there is none
    yet. Whatever is booked for the order under either is answered as the mark's: two parcels of one order under one
    waybill cannot be told apart. Where more than one is answered, or one that is another parcel's already, a person
    has to say which it is.
    """

    def __init__(self, settings: AliExpressSettings, client: AliExpressClient) -> None:
        self._settings = settings
        self._client = client

    async def lines(self, draft: ParcelDraft) -> Sequence[LineQuote]:
        """The lines the platform offers for the parcel; raises Rejected where there is none."""
        if self._settings.quotes == "query":
            seen = await self._client.queried_services(parcel_drafts.query(draft))
        else:
            seen = await self._client.online_services(parcel_drafts.quote(draft))
        found = [line for line in map(parcel_reading.line, seen) if line.service]
        if not found:
            what = f"{draft.weight_g} g to {draft.receiver.country}"
            raise Rejected(f"no line of AliExpress takes parcel {draft.mark}: {what}", vendor=VENDOR, code="no_line")
        return found

    async def book(self, draft: ParcelDraft) -> Booking:
        """Book a parcel from the seller's default addresses. A second call books a second one: look `booked` up."""
        order = await self._client.order(draft.order_id)
        product_ids = {as_text(child.child_order_id): as_text(child.product_id) for child in order.child_order_list}
        found = [*parcel_drafts.problems(draft, product_ids)]
        addresses = await self._client.addresses()
        missing = parcel_drafts.missing_addresses(addresses)
        found += [f"the seller centre has no address for {', '.join(missing)}"] if missing else []
        if found:
            said = f"AliExpress would refuse parcel {draft.mark}: {'; '.join(found)}"
            raise Rejected(said, vendor=VENDOR, code="draft")
        parcel = parcel_drafts.warehouse_order(draft, product_ids, addresses, self._settings)
        return parcel_reading.made(await self._client.create_warehouse_order(parcel), draft)

    async def booked(self, draft: ParcelDraft) -> Sequence[Booking]:
        """What is booked for the order under the waybill or the mark, however long ago."""
        found: dict[str, Booking] = {}
        for key in dict.fromkeys((parcel_drafts.waybill(draft), draft.mark)):
            number, last = 1, 1
            while number <= last:
                query = {"order_id": draft.order_id, "china_logistics_id": key, "current_page": str(number)}
                page = await self._client.logistics_orders(query)
                for seen in page.result_list:
                    if as_text(seen.order_id) in ("", draft.order_id):
                        one = parcel_reading.booking(seen, draft)
                        found[one.booking_id] = one
                number, last = number + 1, page.total_page or 1
        return [*found.values()]

    async def label(self, booking: Booking) -> Label | None:
        """The label as PDF; None while there is no number, without which the vendor gives none."""
        body = await self._client.print_info(booking.number) if booking.number else ""
        if not body:
            return None
        try:
            content = base64.b64decode(body, validate=True)
        except binascii.Error as error:
            raise _no_label(booking) from error
        if not content.startswith(b"%PDF-"):
            raise _no_label(booking)
        return Label(content)

    async def track(self, trails: Sequence[Trail]) -> Sequence[Track]:
        """One call for each parcel. One nobody knows of is unknown; one that cannot be told of now is left out.

        Where it asks for a pause, those known so far are answered. If none is, raises why the first could not be.
        """
        tracks: list[Track] = []
        problem: VendorError | None = None
        for trail in {trail.number: trail for trail in trails}.values():
            try:
                events = await self._client.tracking(parcel_drafts.trail(trail))
            except RateLimited as error:
                problem = problem or error
                break
            except (Transient, Rejected) as error:
                if error.code != REFUSED:
                    problem = problem or error
                    continue
                events = []
            tracks.append(parcel_reading.track(trail.number, events))
        if problem and not tracks:
            raise problem
        return tracks


def _no_label(booking: Booking) -> Rejected:
    what = f"what AliExpress gives as the label of {booking.number} is no PDF"
    return Rejected(what, vendor=VENDOR, code="label_unreadable")
