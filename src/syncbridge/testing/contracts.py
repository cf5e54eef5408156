"""What every adapter must do, as tests its author inherits.

Give a harness (the vendor's side of the table) as the fixture ``harness`` of a class that inherits a contract::

    class TestAcme(SupplierContract):
        @pytest.fixture
        def harness(self): return AcmeHarness()

The memory adapters pass first and define the meaning.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Protocol

import pytest

from syncbridge.errors import (
    NotFound,
    NotGranted,
    OutcomeUnknown,
    OutOfStock,
    RateLimited,
    Rejected,
    SignatureInvalid,
    VendorError,
)
from syncbridge.model.catalog import ListingStatus, Offer, PriceUpdate, StockUpdate
from syncbridge.model.events import EventKind, RawRequest
from syncbridge.model.orders import Order, OrderState
from syncbridge.model.paging import Cursor
from syncbridge.model.purchasing import PurchaseDraft, PurchaseLine, VendorOrderState
from syncbridge.model.shipping import Shipment, ShippingService
from syncbridge.ports import Carrier, Channel, Clock, Supplier, WebhookSource
from syncbridge.testing.builders import (
    cny,
    make_draft,
    make_key,
    make_listing_draft,
    make_offer,
    make_order,
    make_spec,
    usd,
)

pytestmark = pytest.mark.anyio


class Faulty(Protocol):
    """A vendor that can be told to fail."""

    clock: Clock
    secrets: tuple[str, ...]
    """Keys and tokens that must never be shown."""

    def limit_next_call(self) -> None:
        """Refuse the next call for its frequency."""

    def lose_next_answer(self) -> None:
        """Act on the next write, but let its answer get lost."""


class SupplierHarness(Faulty, Protocol):
    """The supplier's side."""

    supplier: Supplier

    def publish(self, offer: Offer) -> None:
        """Put an offer into the vendor's shop."""

    def withdraw(self, offer_id: str) -> None:
        """Take it out again."""

    def refuse_orders(self) -> None:
        """Take away the account's right to create orders."""

    def vendor_orders(self) -> Mapping[str, object]:
        """The vendor's own books: its orders by id."""

    def buy_on_the_page(self, draft: PurchaseDraft) -> str:
        """A person buys without us; answers the vendor order's id."""

    def ship(self, vendor_order_id: str, number: str) -> None:
        """The supplier hands the parcel to a courier."""

    def pass_time(self, seconds: float) -> None:
        """Move the clock."""


class SupplierContract:
    """What every supplier must do."""

    pytestmark = pytest.mark.anyio

    async def test_offers_survive_the_trip(self, harness: SupplierHarness) -> None:
        """Ids, specs, costs, stock, labels."""
        offer = make_offer(
            "676651652931",
            make_spec(1, code="NB-01"),
            make_spec(2, cost="14.90", stock=0),
            moq=2,
            lot=10,
            weight_g=350,
        )
        harness.publish(offer)
        read = await harness.supplier.offer(offer.offer_id)
        assert (read.offer_id, read.title, read.supplier_id) == (
            offer.offer_id,
            offer.title,
            offer.supplier_id,
        )
        assert (read.moq, read.lot, read.buyable, read.identities) == (2, 10, True, offer.identities)
        assert [(s.spec_id, s.sku_id, s.goods_code, s.cost, s.stock, s.attributes) for s in read.specs] == [
            (s.spec_id, s.sku_id, s.goods_code, s.cost, s.stock, s.attributes) for s in offer.specs
        ]

    async def test_reading_resumes_at_the_cursor(self, harness: SupplierHarness) -> None:
        """The first page's cursor leads to the rest, nothing missing."""
        wanted = {str(600000000000 + n) for n in range(45)}
        for offer_id in sorted(wanted):
            harness.publish(make_offer(offer_id))
        first = await anext(aiter(harness.supplier.offers(since=None)))
        seen = {offer.offer_id for offer in first.items}
        assert seen < wanted
        async for page in harness.supplier.offers(since=first.cursor):
            seen |= {offer.offer_id for offer in page.items}
        assert seen == wanted

    async def test_a_page_can_be_read_twice(self, harness: SupplierHarness) -> None:
        """The same cursor answers the same page."""
        for n in range(25):
            harness.publish(make_offer(str(600000000000 + n)))
        first = await anext(aiter(harness.supplier.offers(since=None)))
        once = await anext(aiter(harness.supplier.offers(since=first.cursor)))
        again = await anext(aiter(harness.supplier.offers(since=first.cursor)))
        assert once == again

    async def test_a_missing_offer_is_not_found(self, harness: SupplierHarness) -> None:
        """Never heard of, or withdrawn."""
        with pytest.raises(NotFound):
            await harness.supplier.offer("600000000000")
        harness.publish(make_offer())
        harness.withdraw("676651652931")
        with pytest.raises(NotFound):
            await harness.supplier.offer("676651652931")

    async def test_money_keeps_its_cents_and_its_currency(self, harness: SupplierHarness) -> None:
        """3 × 13.90 yuan are 41.70 yuan; the total is goods and freight."""
        harness.publish(make_offer())
        quote = await harness.supplier.preview(make_draft())
        assert quote.goods == cny("41.70")
        assert quote.total == quote.goods + quote.freight
        assert quote.flow
        assert quote.trade_types

    async def test_too_many_is_out_of_stock(self, harness: SupplierHarness) -> None:
        """And not just any refusal."""
        harness.publish(make_offer())
        with pytest.raises(OutOfStock):
            await harness.supplier.preview(make_draft(PurchaseLine("676651652931", f"{2:032x}", 8)))

    async def test_what_was_placed_is_found_by_its_key(self, harness: SupplierHarness) -> None:
        """With its key, note, lines, money and state."""
        harness.publish(make_offer())
        before = harness.clock.now() - timedelta(seconds=1)
        draft = await self._priced(harness, make_draft(note=f"mark {make_key().mark}"))
        placement = await harness.supplier.place(draft, key=make_key())
        (placed,) = placement.orders
        assert not placement.refused
        found = await harness.supplier.find(make_key(), since=before)
        (order,) = found.orders
        assert order.vendor_order_id == placed.vendor_order_id
        assert order.total == placed.total
        assert order.out_order_id == make_key().out_order_id
        assert make_key().mark in order.note
        assert order.lines == draft.lines
        assert order.state is VendorOrderState.UNPAID

    async def test_another_key_is_not_found(self, harness: SupplierHarness) -> None:
        """Even where the vendor's filter is loose."""
        harness.publish(make_offer())
        before = harness.clock.now() - timedelta(seconds=1)
        await harness.supplier.place(await self._priced(harness, make_draft()), key=make_key(1))
        found = await harness.supplier.find(make_key(2), since=before)
        assert found.orders == ()

    async def test_a_purchase_by_hand_is_found_by_its_mark(self, harness: SupplierHarness) -> None:
        """A person who copied the note onto the page leaves no key."""
        harness.publish(make_offer())
        before = harness.clock.now() - timedelta(seconds=1)
        bought = harness.buy_on_the_page(make_draft(note=f"please print {make_key().mark}"))
        found = await harness.supplier.find(make_key(), since=before)
        assert [order.vendor_order_id for order in found.orders] == [bought]
        assert found.orders[0].out_order_id is None

    async def test_an_old_list_is_not_called_fresh(self, harness: SupplierHarness) -> None:
        """Fresh only if it shows another order created after the time asked about."""
        harness.publish(make_offer())
        harness.buy_on_the_page(make_draft(note="an older one"))
        harness.pass_time(10)
        sent = harness.clock.now()
        harness.pass_time(10)
        assert not (await harness.supplier.find(make_key(), since=sent)).fresh
        harness.buy_on_the_page(make_draft(note="somebody else's"))
        assert (await harness.supplier.find(make_key(), since=sent)).fresh

    async def test_a_lost_answer_to_a_purchase_is_not_a_no(self, harness: SupplierHarness) -> None:
        """It landed once, is said to be unknown, and is not sent again."""
        harness.publish(make_offer())
        before = harness.clock.now() - timedelta(seconds=1)
        draft = await self._priced(harness, make_draft())
        harness.lose_next_answer()
        with pytest.raises(OutcomeUnknown):
            await harness.supplier.place(draft, key=make_key())
        assert len(harness.vendor_orders()) == 1
        assert len((await harness.supplier.find(make_key(), since=before)).orders) == 1

    async def test_an_account_without_the_right_is_told_so(self, harness: SupplierHarness) -> None:
        """So that a person can buy instead."""
        harness.publish(make_offer())
        draft = await self._priced(harness, make_draft())
        harness.refuse_orders()
        with pytest.raises(NotGranted):
            await harness.supplier.place(draft, key=make_key())
        assert not harness.vendor_orders()

    async def test_a_paid_order_reads_as_paid(self, harness: SupplierHarness) -> None:
        """Whatever the payment call answered, the order tells."""
        vendor_order_id = await self._placed(harness)
        assert not (await harness.supplier.order(vendor_order_id)).state.is_paid
        await harness.supplier.pay([vendor_order_id])
        assert (await harness.supplier.order(vendor_order_id)).state.is_paid

    async def test_a_missing_vendor_order_is_not_found(self, harness: SupplierHarness) -> None:
        """Not an empty order."""
        with pytest.raises(NotFound):
            await harness.supplier.order("880000000000009999")

    async def test_no_parcel_yet_is_an_empty_list(self, harness: SupplierHarness) -> None:
        """And a parcel appears with its number once shipped."""
        vendor_order_id = await self._placed(harness)
        await harness.supplier.pay([vendor_order_id])
        assert list(await harness.supplier.shipments(vendor_order_id)) == []
        harness.ship(vendor_order_id, "YT9988776655443")
        (parcel,) = await harness.supplier.shipments(vendor_order_id)
        assert parcel.number == "YT9988776655443"
        assert (await harness.supplier.order(vendor_order_id)).state is VendorOrderState.SHIPPED

    async def test_changed_vendor_orders_are_listed(self, harness: SupplierHarness) -> None:
        """Everything at first; later what changed since the cursor."""
        vendor_order_id = await self._placed(harness)
        cursor: Cursor | None = None
        seen: list[str] = []
        async for page in harness.supplier.orders(since=None):
            seen += [order.vendor_order_id for order in page.items]
            cursor = page.cursor
        assert seen == [vendor_order_id]
        harness.pass_time(60)
        await harness.supplier.pay([vendor_order_id])
        states: dict[str, VendorOrderState] = {}
        async for page in harness.supplier.orders(since=cursor):
            states |= {order.vendor_order_id: order.state for order in page.items}
        assert states == {vendor_order_id: VendorOrderState.PAID}

    async def test_a_rate_limit_is_said_so(self, harness: SupplierHarness) -> None:
        """With the wait the vendor asks for, and without trying again inside the call."""
        harness.publish(make_offer())
        harness.limit_next_call()
        with pytest.raises(RateLimited) as caught:
            await harness.supplier.offer("676651652931")
        assert caught.value.retry_after
        assert (await harness.supplier.offer("676651652931")).offer_id == "676651652931"

    async def test_no_secret_reaches_a_log_or_an_error(
        self, harness: SupplierHarness, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Neither a key nor a token."""
        caplog.set_level("DEBUG")
        with pytest.raises(VendorError) as missing:
            await harness.supplier.offer("600000000000")
        harness.limit_next_call()
        with pytest.raises(VendorError) as limited:
            await harness.supplier.order("1")
        assert_nothing_leaked(harness.secrets, caplog, capsys, missing.value, limited.value)

    async def _priced(self, harness: SupplierHarness, draft: PurchaseDraft) -> PurchaseDraft:
        quote = await harness.supplier.preview(draft)
        return PurchaseDraft(draft.lines, draft.address, draft.note, quote.flow, quote.trade_types[0])

    async def _placed(self, harness: SupplierHarness) -> str:
        harness.publish(make_offer())
        draft = await self._priced(harness, make_draft())
        (order,) = (await harness.supplier.place(draft, key=make_key())).orders
        return order.vendor_order_id


class ChannelHarness(Faulty, Protocol):
    """The channel's side."""

    channel: Channel

    def buy(self, order: Order) -> None:
        """A buyer orders; the mock keeps the order's id, lines, money and address."""

    def shipment(self, number: int = 1) -> Shipment:
        """A shipment the channel would accept, different for each number."""

    def declarations(self) -> Mapping[str, object]:
        """The channel's own books: what was declared, by order id."""

    def listing_ids(self) -> tuple[str, ...]:
        """The channel's own books: its listings."""

    def pass_time(self, seconds: float) -> None:
        """Move the clock."""


class ChannelContract:
    """What every channel must do."""

    pytestmark = pytest.mark.anyio

    async def test_orders_survive_the_trip(self, harness: ChannelHarness) -> None:
        """State, times, lines, money, address."""
        order = make_order("8172481060036440", harness.clock.now())
        harness.buy(order)
        read = await harness.channel.order(order.order_id)
        assert read.state is OrderState.TO_SHIP
        assert read.total == order.total
        assert read.address == order.address
        assert abs(read.created_at - order.created_at) < timedelta(seconds=1)
        assert read.paid_at is not None
        assert read.ship_by is not None
        assert order.ship_by is not None
        assert abs(read.ship_by - order.ship_by) < timedelta(seconds=61)
        assert [(ln.sku_code, ln.quantity, ln.price, ln.ours_to_ship) for ln in read.lines] == [
            (ln.sku_code, ln.quantity, ln.price, ln.ours_to_ship) for ln in order.lines
        ]

    async def test_a_missing_order_is_not_found(self, harness: ChannelHarness) -> None:
        """Not an empty order."""
        with pytest.raises(NotFound):
            await harness.channel.order("8172481060036999")

    async def test_new_orders_are_listed_since_the_cursor(self, harness: ChannelHarness) -> None:
        """Each order is in the list after it was made, whatever was read before."""
        harness.buy(make_order("8172481060036440", harness.clock.now()))
        seen, cursor = await self._listed(harness, None)
        assert seen == {"8172481060036440"}
        harness.pass_time(600)
        harness.buy(make_order("8172481060036441", harness.clock.now()))
        seen, _ = await self._listed(harness, cursor)
        assert "8172481060036441" in seen

    async def test_a_list_can_be_read_twice(self, harness: ChannelHarness) -> None:
        """The same cursor answers the same orders."""
        for n in range(60):
            harness.buy(make_order(str(8172481060036000 + n), harness.clock.now()))
        once, cursor = await self._listed(harness, None)
        assert len(once) == 60
        again, _ = await self._listed(harness, None)
        assert once == again
        assert cursor

    async def test_a_published_listing_reads_back(self, harness: ChannelHarness) -> None:
        """Its SKU codes, prices and stock, by the keys later calls use."""
        draft = make_listing_draft()
        listing_id = await harness.channel.publish(draft)
        read = await harness.channel.listing(listing_id)
        assert {(s.sku_code, s.price, s.stock) for s in read.skus} == {
            (s.sku_code, s.price, s.stock) for s in draft.skus
        }
        assert len({s.sku_key for s in read.skus}) == 2

    async def test_a_missing_listing_is_not_found(self, harness: ChannelHarness) -> None:
        """Not an empty listing."""
        with pytest.raises(NotFound):
            await harness.channel.listing("1005000000009999")

    async def test_a_lost_answer_to_a_listing_is_not_a_no(self, harness: ChannelHarness) -> None:
        """It landed once and is in the list of listings."""
        harness.lose_next_answer()
        with pytest.raises(OutcomeUnknown):
            await harness.channel.publish(make_listing_draft())
        (made,) = harness.listing_ids()
        seen = set()
        async for page in harness.channel.listings(since=None):
            seen |= {listing.listing_id for listing in page.items}
        assert seen == {made}

    async def test_a_draft_without_stock_is_rejected(self, harness: ChannelHarness) -> None:
        """With a reason, and nothing is published."""
        draft = make_listing_draft()
        empty = tuple(type(s)(s.sku_code, s.price, 0, s.properties) for s in draft.skus)
        with pytest.raises(Rejected):
            await harness.channel.publish(make_listing_draft(*empty))
        assert harness.listing_ids() == ()

    async def test_prices_are_replaced(self, harness: ChannelHarness) -> None:
        """Of the SKUs named; the others stay."""
        listing_id, keys = await self._published(harness)
        update = PriceUpdate(listing_id, {keys["TYA001"]: usd("20.90")})
        assert list(await harness.channel.set_prices([update])) == []
        prices = {s.sku_code: s.price for s in (await harness.channel.listing(listing_id)).skus}
        assert prices == {"TYA001": usd("20.90"), "TYA002": usd("21.50")}

    async def test_stock_is_replaced(self, harness: ChannelHarness) -> None:
        """Of the SKUs named; the others stay."""
        listing_id, keys = await self._published(harness)
        update = StockUpdate(listing_id, {keys["TYA002"]: 12})
        assert list(await harness.channel.set_stock([update])) == []
        stock = {s.sku_code: s.stock for s in (await harness.channel.listing(listing_id)).skus}
        assert stock == {"TYA001": 7, "TYA002": 12}

    async def test_a_refused_listing_does_not_stop_the_others(self, harness: ChannelHarness) -> None:
        """It is named with a reason, and the others are done."""
        listing_id, keys = await self._published(harness)
        updates = [
            StockUpdate("1005000000009999", {"14:193": 1}),
            StockUpdate(listing_id, {keys["TYA001"]: 3}),
        ]
        refusals = await harness.channel.set_stock(updates)
        assert [refusal.listing_id for refusal in refusals] == ["1005000000009999"]
        assert refusals[0].message
        stock = {s.sku_code: s.stock for s in (await harness.channel.listing(listing_id)).skus}
        assert stock["TYA001"] == 3

    async def test_a_listing_goes_off_and_on_sale(self, harness: ChannelHarness) -> None:
        """And says so when read."""
        listing_id, _ = await self._published(harness)
        assert list(await harness.channel.set_on_sale([listing_id], on_sale=False)) == []
        assert (await harness.channel.listing(listing_id)).status is ListingStatus.OFFLINE
        assert list(await harness.channel.set_on_sale([listing_id], on_sale=True)) == []
        assert (await harness.channel.listing(listing_id)).status is ListingStatus.ON_SALE

    async def test_a_declared_shipment_reads_back(self, harness: ChannelHarness) -> None:
        """Nothing before, the very number after."""
        order_id = self._order(harness)
        assert list(await harness.channel.declared(order_id)) == []
        await harness.channel.declare(order_id, harness.shipment(1), complete=False)
        await harness.channel.declare(order_id, harness.shipment(2), complete=True)
        declared = await harness.channel.declared(order_id)
        assert [(s.carrier, s.number) for s in declared] == [
            (s.carrier, s.number) for s in (harness.shipment(1), harness.shipment(2))
        ]

    async def test_a_lost_answer_to_a_declaration_is_not_a_no(self, harness: ChannelHarness) -> None:
        """It landed once, and reading shows it."""
        order_id = self._order(harness)
        harness.lose_next_answer()
        with pytest.raises(OutcomeUnknown):
            await harness.channel.declare(order_id, harness.shipment(), complete=True)
        assert len(await harness.channel.declared(order_id)) == 1

    async def test_carriers_say_what_their_numbers_look_like(self, harness: ChannelHarness) -> None:
        """And the harness's own shipment is one of them."""
        services: dict[str, ShippingService] = {s.key: s for s in await harness.channel.shipping_services()}
        assert services[harness.shipment().carrier].number_pattern

    async def test_a_rate_limit_is_said_so(self, harness: ChannelHarness) -> None:
        """With the wait the vendor asks for."""
        order_id = self._order(harness)
        harness.limit_next_call()
        with pytest.raises(RateLimited) as caught:
            await harness.channel.order(order_id)
        assert caught.value.retry_after

    async def test_no_secret_reaches_a_log_or_an_error(
        self, harness: ChannelHarness, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Neither a key nor a token."""
        caplog.set_level("DEBUG")
        with pytest.raises(VendorError) as missing:
            await harness.channel.order("8172481060036999")
        harness.limit_next_call()
        with pytest.raises(VendorError) as limited:
            await harness.channel.order("8172481060036999")
        assert_nothing_leaked(harness.secrets, caplog, capsys, missing.value, limited.value)

    async def _listed(self, harness: ChannelHarness, since: Cursor | None) -> tuple[set[str], Cursor | None]:
        seen: set[str] = set()
        cursor = since
        async for page in harness.channel.orders(since=since):
            seen |= {ref.order_id for ref in page.items}
            cursor = page.cursor
        return seen, cursor

    async def _published(self, harness: ChannelHarness) -> tuple[str, dict[str, str]]:
        listing_id = await harness.channel.publish(make_listing_draft())
        return listing_id, {s.sku_code: s.sku_key for s in (await harness.channel.listing(listing_id)).skus}

    def _order(self, harness: ChannelHarness) -> str:
        harness.buy(make_order("8172481060036440", harness.clock.now()))
        return "8172481060036440"


class CarrierHarness(Protocol):
    """The forwarder's side."""

    carrier: Carrier

    def announce(self, shipment: Shipment) -> None:
        """Say that a parcel went abroad."""

    def announce_nonsense(self) -> None:
        """Say something that cannot be read."""


class CarrierContract:
    """What every carrier must do."""

    pytestmark = pytest.mark.anyio

    async def test_nothing_announced_is_nothing_read(self, harness: CarrierHarness) -> None:
        """Not an error."""
        assert [page async for page in harness.carrier.shipments(since=None)] == []

    async def test_a_parcel_is_read_with_its_mark(self, harness: CarrierHarness) -> None:
        """And its carrier and number as they were announced."""
        parcel = Shipment("YANWEN", "UR000000001YP", "SB7K2M9Q")
        harness.announce(parcel)
        pages = [page async for page in harness.carrier.shipments(since=None)]
        assert [item for page in pages for item in page.items] == [parcel]

    async def test_reading_resumes_at_the_cursor(self, harness: CarrierHarness) -> None:
        """Only what came since; the same cursor answers the same."""
        harness.announce(Shipment("YANWEN", "UR000000001YP", "A"))
        (first,) = [page async for page in harness.carrier.shipments(since=None)]
        later = Shipment("YANWEN", "UR000000002YP", "B")
        harness.announce(later)
        for _ in range(2):
            (page,) = [page async for page in harness.carrier.shipments(since=first.cursor)]
            assert page.items == (later,)

    async def test_an_unreadable_parcel_does_not_stop_the_others(self, harness: CarrierHarness) -> None:
        """It is named with a reason."""
        harness.announce_nonsense()
        harness.announce(Shipment("YANWEN", "UR000000002YP", "B"))
        pages = [page async for page in harness.carrier.shipments(since=None)]
        assert [item.mark for page in pages for item in page.items] == ["B"]
        ((where, why),) = [failure for page in pages for failure in page.failures]
        assert where
        assert why


class WebhookHarness(Protocol):
    """A vendor that pushes."""

    webhook: WebhookSource

    def genuine(self) -> RawRequest:
        """A message the vendor signed, about one order or offer."""

    def kind(self) -> EventKind:
        """What that message is about."""


class WebhookContract:
    """What every source of webhooks must do."""

    def test_a_genuine_message_is_accepted(self, harness: WebhookHarness) -> None:
        """And says what to re-read."""
        request = harness.genuine()
        harness.webhook.verify(request)
        (event,) = harness.webhook.events(request)
        assert event.kind is harness.kind()
        assert event.subjects
        assert event.key

    def test_a_changed_body_is_refused(self, harness: WebhookHarness) -> None:
        """One byte is enough."""
        request = harness.genuine()
        spoiled = request.body.replace(b"1", b"2", 1)
        with pytest.raises(SignatureInvalid):
            harness.webhook.verify(RawRequest(request.headers, request.query, spoiled))

    def test_an_unsigned_message_is_refused(self, harness: WebhookHarness) -> None:
        """Neither header nor parameter."""
        with pytest.raises(SignatureInvalid):
            harness.webhook.verify(RawRequest({}, "", b'{"data":{}}'))

    def test_the_same_message_has_the_same_key(self, harness: WebhookHarness) -> None:
        """So that it is kept once."""
        one, other = harness.webhook.events(harness.genuine()), harness.webhook.events(harness.genuine())
        assert [event.key for event in one] == [event.key for event in other]

    def test_an_unreadable_message_is_said_so(self, harness: WebhookHarness) -> None:
        """With ValueError, after its signature was checked elsewhere."""
        with pytest.raises(ValueError, match=r"."):
            harness.webhook.events(RawRequest({}, "", b"message=%7Bnot+json"))


def assert_nothing_leaked(
    secrets: tuple[str, ...],
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
    *errors: VendorError,
) -> None:
    """No secret in the logs, the output, or any text an error carries."""
    printed = capsys.readouterr()
    shown = [caplog.text, printed.out, printed.err]
    shown += [text for error in errors for text in (str(error), repr(error), error.body, repr(error.__dict__))]
    for secret in secrets:
        assert all(secret not in text for text in shown)
