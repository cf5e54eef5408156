"""4PX as a carrier whose lines can be compared and booked."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta

import msgspec

from syncbridge.adapters.addresses import SECONDS, Allowed
from syncbridge.adapters.fourpx import drafts, reading, wire
from syncbridge.adapters.fourpx.client import FourPxClient
from syncbridge.adapters.fourpx.settings import FourPxSettings
from syncbridge.adapters.fourpx.signing import VENDOR
from syncbridge.adapters.http import Fetched, fetch_at
from syncbridge.errors import OutcomeUnknown, Rejected, VendorDown
from syncbridge.model.paging import Cursor, Page
from syncbridge.model.shipping import Booking, Label, LineQuote, ParcelDraft, Shipment
from syncbridge.ports import Clock

WINDOW = timedelta(days=7)
"""The longest range of creation the vendor answers."""
OVERLAP = timedelta(hours=1)
"""How far its clock may be from ours."""
MOST_BYTES = 5 * 1024 * 1024
MOST_PRODUCTS = 200
"""In one call for estimates."""


class _Place(msgspec.Struct):
    """A cursor: from which creation on parcels are read again, and what was told of those already."""

    since: int
    told: list[str]


async def _fetch(url: str, address: str) -> Fetched:
    return await fetch_at(url, address, most=MOST_BYTES, seconds=SECONDS, kind="label")


class FourPxCarrier:
    """Behind the ports `Carrier` and `Books`."""

    def __init__(self, settings: FourPxSettings, client: FourPxClient, clock: Clock) -> None:
        self._settings = settings
        self._client = client
        self._clock = clock
        self.labels = Allowed(settings.label_hosts, "label_hosts of the account", "label", _fetch)

    async def lines(self, draft: ParcelDraft) -> Sequence[LineQuote]:
        """The account's lines for which the vendor estimates a cost; raises Rejected where there is none."""
        _refuse(draft, [*drafts.measures(draft)])
        products = {one.logistics_product_code: one for one in await self._client.products()}
        asked = [code for code, product in products.items() if reading.takes(product, draft)]
        found: list[LineQuote] = []
        for start in range(0, len(asked), MOST_PRODUCTS):
            for estimate in await self._client.estimates(drafts.quote(draft, asked[start : start + MOST_PRODUCTS])):
                if estimate.logistics_product_code in products:
                    found.append(_line(products[estimate.logistics_product_code], estimate))
        if not found:
            with_battery = " with a battery" if draft.battery else ""
            what = f"{draft.weight_g} g{with_battery} to {draft.receiver.country}"
            raise Rejected(f"no line of 4PX takes parcel {draft.mark}: {what}", vendor=VENDOR, code="no_line")
        return found

    async def book(self, draft: ParcelDraft) -> Booking:
        """Book a parcel, whose mark the vendor takes once only.

        A refusal is believed only if nothing is booked under the mark: else an earlier call did it, and it is to be
        looked up.
        """
        service = draft.service or self._settings.product
        _refuse(draft, [*drafts.problems(draft, service)])
        try:
            made = await self._client.create(drafts.order(draft, service, self._settings))
        except Rejected as error:
            if await self.booked(draft, since=self._clock.now() - WINDOW):
                said = f"4PX refused parcel {draft.mark}, which it has booked already ({error})"
                raise OutcomeUnknown(said, vendor=VENDOR, code="booked_already") from error
            raise
        return reading.created(made, service)

    async def booked(self, draft: ParcelDraft, *, since: datetime) -> Sequence[Booking]:
        """What is booked under the mark, ever; where the vendor refuses to look it up, among all booked since."""
        try:
            rows = await self._client.consignments({"request_no": draft.mark})
        except Rejected:  # which may mean that there is none; its codes are not public
            rows = [row async for row in self._created(since - OVERLAP)]
        found = [_booking(row) for row in rows if reading.mark_in(row) == draft.mark]
        return [*{one.booking_id: one for one in found}.values()]  # two windows share an instant

    async def label(self, booking: Booking) -> Label | None:
        """The label as PDF, from below `base_url` or a host of the settings; None while there is none.

        The vendor does not publish how it says that a label is not ready: a refusal counts as that while the parcel
        is booked and has no number.
        """
        try:
            url = await self._client.label(booking.booking_id)
        except Rejected:
            if await self._waits(booking):
                return None
            raise
        return Label(await self._pdf(url)) if url else None

    async def shipments(self, *, since: Cursor | None) -> AsyncIterator[Page[Shipment]]:
        """Parcels whose number came to be known, and once why there is none.

        The vendor lists by creation, so reading begins at the oldest parcel that still waits for its number, for at
        most `watch_days`; and it reaches back a week in any case, so that a number that changed is told again.
        """
        now = self._clock.now()
        first = now - timedelta(days=self._settings.watch_days)
        place = _place(since) or _Place(wire.milliseconds(first), [])
        start = max(first, datetime.fromtimestamp(place.since / 1000, UTC))
        told, fresh = set(place.told), dict[str, reading.Announced]()
        kept: list[reading.Announced] = []
        async for row in self._created(start):
            seen = reading.announced(row)
            kept.append(seen)
            if seen.key and seen.key not in told:
                fresh[seen.key] = seen  # by key, since two windows share an instant
        from_now = min([now - WINDOW, *(seen.created_at for seen in kept if seen.waits and seen.created_at)])
        if fresh or (since and from_now - start > WINDOW):
            known = {seen.key for seen in kept if seen.key and (seen.created_at is None or seen.created_at >= from_now)}
            cursor = _Place(wire.milliseconds(from_now), sorted(known))
            items = tuple(seen.shipment for seen in fresh.values() if seen.shipment)
            failures = tuple(seen.failure for seen in fresh.values() if seen.failure)
            yield Page(items, Cursor(msgspec.json.encode(cursor).decode()), failures)

    async def _created(self, since: datetime) -> AsyncIterator[dict[str, object]]:
        """Rows of all parcels created since, window by window."""
        until = self._clock.now() + OVERLAP
        while since < until:
            end = min(since + WINDOW, until)
            query = {
                "start_time_of_create_consignment": wire.milliseconds(since),
                "end_time_of_create_consignment": wire.milliseconds(end),
                "consignment_status": "ALL",
            }
            for row in await self._client.consignments(query):
                yield row
            since = end

    async def _waits(self, booking: Booking) -> bool:
        rows = await self._client.consignments({"request_no": booking.booking_id})
        now = [_booking(row) for row in rows if reading.mark_in(row) == booking.mark]
        return any(not one.number and not one.cancelled for one in now)

    async def _pdf(self, url: str) -> bytes:
        if url.startswith(f"{self._client.base_url}/"):
            content = await self._client.file(url)
        else:  # the vendor gives addresses of its file server without the s
            content = (await self.labels.get(url.replace("http://", "https://", 1))).body
        if not content.startswith(b"%PDF-"):
            raise Rejected(f"what 4PX gives as a label at {url} is no PDF", vendor=VENDOR, code="label_unreadable")
        return content


def _place(cursor: Cursor | None) -> _Place | None:
    """Where reading goes on; None for a cursor that is another carrier's, which had the account before."""
    try:
        return msgspec.json.decode(cursor or "", type=_Place)
    except msgspec.DecodeError:
        return None


def _refuse(draft: ParcelDraft, found: list[str]) -> None:
    if found:
        said = f"4PX would refuse parcel {draft.mark}: {'; '.join(found)}"
        raise Rejected(said, vendor=VENDOR, code="draft")


def _booking(row: dict[str, object]) -> Booking:
    try:
        return reading.booking(reading.consignment(row))
    except ValueError as error:
        raise VendorDown(f"4PX's parcel {reading.mark_in(row)} cannot be read: {error}", vendor=VENDOR) from error


def _line(product: wire.Product, estimate: wire.Estimate) -> LineQuote:
    try:
        return reading.line(product, estimate)
    except ValueError as error:
        code = product.logistics_product_code
        raise VendorDown(f"4PX's estimate for {code} cannot be read: {error}", vendor=VENDOR) from error
