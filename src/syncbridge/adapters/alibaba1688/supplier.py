"""1688 as a supplier: offers of a pool, purchases through the cross-border order APIs."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

from syncbridge.adapters.alibaba1688 import reading, refunds, wire
from syncbridge.adapters.alibaba1688.client import OpenClient, long
from syncbridge.adapters.alibaba1688.settings import Alibaba1688Settings
from syncbridge.adapters.alibaba1688.signing import VENDOR
from syncbridge.errors import NotGranted, Rejected
from syncbridge.model.catalog import Offer, Search
from syncbridge.model.paging import Cursor, Page
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
    RelayAddress,
    VendorOrderState,
)
from syncbridge.model.shipping import Shipment, Track
from syncbridge.ports import Clock

PAGE = 20
OVERLAP = timedelta(minutes=75)
"""Read again at the start of a window: our clock may have been wrong when the window's start was noted."""
_LONGEST_DESCRIPTION = 150
_MEMORY = timedelta(days=90)
"""How far back the vendor's list of current orders goes (1688.md §5.7)."""


class Alibaba1688Supplier:
    """One buyer account."""

    def __init__(self, client: OpenClient, settings: Alibaba1688Settings, clock: Clock) -> None:
        self._client = client
        self._settings = settings
        self._clock = clock

    async def offers(self, *, since: Cursor | None) -> AsyncIterator[Page[Offer]]:
        """The configured pool, in pages of 20; a cursor names the vendor's query task and the next page of it."""
        if not self._settings.offer_pool_id:
            raise NotGranted(
                "no offer pool is configured; set offer_pool_id, or import offers by their ids",
                vendor=VENDOR,
                code="no_pool",
            )
        task_id, _, number = (since or f"{self._clock.now():%Y%m%d%H%M%S}:1").partition(":")
        page = int(number)
        while entries := await self._client.pool(task_id, page, PAGE):
            page += 1
            yield await self._page_of_offers([str(entry.offer_id) for entry in entries], Cursor(f"{task_id}:{page}"))

    async def offer(self, offer_id: str) -> Offer:
        """One offer; raises NotFound if it was taken down."""
        return reading.offer(await self._client.detail(offer_id))

    async def search(self, query: Search, *, since: Cursor | None) -> AsyncIterator[Page[str]]:
        """Ids of what is found, in pages of 20; a cursor names the next page."""
        number = int(since or 1)
        while True:
            listed = await self._client.search(query, number, PAGE)
            if not listed.data:
                return
            number += 1
            yield _page_of_ids(listed.data, Cursor(str(number)))
            if listed.total_page is not None and number > listed.total_page:
                return

    def offer_named(self, text: str) -> str:
        """The id itself, or the one in an address of 1688."""
        return reading.offer_named(text)

    async def follow(self, offer_id: str) -> None:
        """Ask for price and stock messages about an offer."""
        await self._client.follow(offer_id)

    async def preview(self, draft: PurchaseDraft) -> Quote:
        """Price, freight, flow and trade types; without a flow in the draft the vendor picks the best one."""
        return reading.quote(await self._client.preview(_purchase(draft)))

    async def place(self, draft: PurchaseDraft, *, key: IntentKey) -> Placement:
        """Buy under the outer order id; the draft must carry the flow its preview named."""
        if not draft.flow:
            raise Rejected("the draft names no flow; preview it and take the flow from there", vendor=VENDOR)
        params = _purchase(draft) | {"outOrderId": key.out_order_id, "message": draft.note}
        if draft.trade_type:
            params["tradeType"] = draft.trade_type
        return reading.placement(await self._client.create(params), draft)

    async def find(self, key: IntentKey, *, since: datetime) -> Found:
        """Look through all orders of the time; the vendor's own filter by outer order id may be loose (§5.5)."""
        mine: dict[str, PlacedOrder] = {}
        others_are_newer, all_readable = False, True
        async for page in self._listed({"createStartTime": wire.time_param(since - OVERLAP)}, Cursor("")):
            all_readable = all_readable and not page.failures
            for listed in page.items:
                if (order := await self._named(listed, key)) is not None:
                    mine[order.vendor_order_id] = order  # a new order shifts the pages, so one may come twice
                elif listed.created_at and listed.created_at > since:
                    others_are_newer = True
        return Found(tuple(mine.values()), fresh=others_are_newer and all_readable)

    async def pay(self, vendor_order_ids: Sequence[str]) -> PaymentResult:
        """Pay one after the other; a request id per order lets the vendor see a repeated request."""
        paid: list[str] = []
        unpaid: list[str] = []
        for vendor_order_id in vendor_order_ids:
            answer = await self._client.pay(vendor_order_id, f"pay{vendor_order_id}")
            (paid if answer.pay_success else unpaid).append(vendor_order_id)
        return PaymentResult(tuple(paid), tuple(unpaid))

    async def order(self, vendor_order_id: str) -> PlacedOrder:
        """One vendor order; raises NotFound."""
        return reading.order(await self._client.order_view(vendor_order_id))

    async def orders(self, *, since: Cursor | None) -> AsyncIterator[Page[PlacedOrder]]:
        """Orders modified since, with an overlap; the last page's cursor is the time before the first was read.

        The window has no end: one that has may lose an order that changes while its pages are turned.
        """
        now = self._clock.now()
        start = datetime.fromisoformat(since) if since else now - _MEMORY
        resume = Cursor(start.isoformat())
        held: Page[PlacedOrder] = Page((), resume)
        async for page in self._listed({"modifyStartTime": wire.time_param(start - OVERLAP)}, resume):
            if held.items or held.failures:
                yield held
            held = page
        yield Page(held.items, Cursor(now.isoformat()), held.failures)

    async def shipments(self, vendor_order_id: str) -> Sequence[Shipment]:
        """Parcels that have a tracking number."""
        return reading.shipments(await self._client.logistics(vendor_order_id))

    async def whereabouts(self, vendor_order_id: str) -> Sequence[Track]:
        """How far its parcels are: states come with the parcels, times with what couriers told (§5.11)."""
        parcels = await self._client.logistics(vendor_order_id)
        traces = await self._client.traces(vendor_order_id) if parcels else []
        return reading.tracks(parcels, traces)

    async def confirm(self, vendor_order_id: str) -> None:
        """Say that every line of an order arrived (§5.9)."""
        counts = refunds.entries(await self._client.order_view(vendor_order_id))
        await self._client.confirm(vendor_order_id, list(counts))

    async def cancel(self, vendor_order_id: str) -> None:
        """Close an unpaid order; one that is closed already is done. Transient in its first ten seconds (§5.9)."""
        try:
            await self._client.cancel(vendor_order_id)
        except Rejected as refused:
            if refused.code != "ORDER_STATUS_ERROR" or not await self._is_closed(vendor_order_id):
                raise

    async def urge(self, vendor_order_id: str) -> None:
        """Ask the seller to ship an order (§5.9)."""
        await self._client.urge(vendor_order_id)

    async def refunds(self, vendor_order_id: str) -> Sequence[Refund]:
        """The refunds listed for an order, and those only the order itself still names."""
        found = await self._client.refunds(vendor_order_id)
        listed = {refund.refund_id for refund in found}
        named = refunds.refund_ids(await self._client.order_view(vendor_order_id))
        found += [await self._client.refund(refund_id) for refund_id in named if refund_id not in listed]
        return refunds.refunds(found)

    async def refund(self, vendor_order_id: str, *, why: str) -> str:
        """Ask for goods and freight of an unshipped order; of `why` the first 150 characters are sent (§5.12)."""
        counts = refunds.entries(await self._client.order_view(vendor_order_id))
        reason = refunds.reason(await self._client.refund_reasons(vendor_order_id, list(counts)))
        if reason is None:
            raise Rejected(
                "1688 takes no refund of this order without a photo; ask for it on the order's page",
                vendor=VENDOR,
                code="5005",
            )
        most = await self._client.max_refund(vendor_order_id, counts)
        asked = {
            "applyPayment": most.max_goods_fee,
            "applyCarriage": 0 if reason.no_refund_carriage else most.max_post_fee or 0,
            "applyReasonId": reason.id,
            "description": why[:_LONGEST_DESCRIPTION],
        }
        return await self._client.create_refund(vendor_order_id, list(counts), asked)

    async def _is_closed(self, vendor_order_id: str) -> bool:
        return (await self.order(vendor_order_id)).state is VendorOrderState.CANCELLED

    async def _page_of_offers(self, offer_ids: Sequence[str], cursor: Cursor) -> Page[Offer]:
        items, failures = [], []
        for offer_id in offer_ids:
            try:
                items.append(await self.offer(offer_id))
            except Rejected as refused:  # of this offer; what concerns the account or the vendor ends the page
                failures.append((offer_id, str(refused)))
        return Page(tuple(items), cursor, tuple(failures))

    async def _listed(self, window: Mapping[str, object], cursor: Cursor) -> AsyncIterator[Page[PlacedOrder]]:
        number = 1
        while raws := await self._client.order_list({**window, "page": number, "pageSize": PAGE, "needMemoInfo": True}):
            yield _page_of_orders(raws, cursor)
            number += 1

    async def _named(self, listed: PlacedOrder, key: IntentKey) -> PlacedOrder | None:
        """The order if it is the key's. A list may leave out the outer order id, which an order itself shows."""
        if _carries(listed, key):
            return listed
        if listed.out_order_id is not None:
            return None
        order = await self.order(listed.vendor_order_id)
        return order if _carries(order, key) else None


def _carries(order: PlacedOrder, key: IntentKey) -> bool:
    mark = rf"(?<![0-9A-Za-z]){re.escape(key.mark)}(?![0-9A-Za-z])"
    return order.out_order_id == key.out_order_id or re.search(mark, order.note) is not None


def _page_of_ids(raws: Sequence[msgspec.Raw], cursor: Cursor) -> Page[str]:
    ids, failures = [], []
    for raw in raws:
        try:
            ids.append(str(msgspec.json.decode(raw, type=wire.FoundOffer, strict=False).offer_id))
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            failures.append(("", f"1688 found an offer and named no id of it: {error}"))
    return Page(tuple(ids), cursor, tuple(failures))


def _page_of_orders(raws: Sequence[msgspec.Raw], cursor: Cursor) -> Page[PlacedOrder]:
    items, failures = [], []
    for raw in raws:
        try:
            items.append(reading.order(msgspec.json.decode(raw, type=wire.TradeInfo, strict=False)))
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            failures.append((reading.order_id_in(raw), str(error)))
    return Page(tuple(items), cursor, tuple(failures))


def _purchase(draft: PurchaseDraft) -> dict[str, object]:
    params: dict[str, object] = {
        "addressParam": _address(draft.address),
        "cargoParamList": [_cargo(line) for line in draft.lines],
    }
    if draft.flow:
        params["flow"] = draft.flow
    return params


def _cargo(line: PurchaseLine) -> dict[str, object]:
    cargo: dict[str, object] = {"offerId": long(line.offer_id), "quantity": line.quantity}
    if line.spec_id:  # an offer without SKUs has none; that it is left out then is UNCONFIRMED (1688.md §8.1)
        cargo["specId"] = line.spec_id
    return cargo


def _address(address: RelayAddress) -> dict[str, object]:
    return {
        "fullName": address.name,
        "mobile": address.mobile,
        "postCode": address.postcode,
        "provinceText": address.province,
        "cityText": address.city,
        "areaText": address.district,
        "townText": address.town,
        "address": address.street,
    }
