"""What every channel must do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Protocol

import pytest

from syncbridge.errors import (
    NotFound,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    VendorError,
)
from syncbridge.model.catalog import ListingEdit, ListingStatus, PriceUpdate, SkuDraft, SkuProperty, StockUpdate
from syncbridge.model.orders import BuyerAddress, Order, OrderState
from syncbridge.model.paging import Cursor, cursor_at
from syncbridge.model.shipping import Shipment, ShippingService
from syncbridge.ports import Channel
from syncbridge.testing.builders import (
    make_listing_draft,
    make_order,
    usd,
)
from syncbridge.testing.contracts.faulty import Faulty, assert_nothing_leaked


class ChannelHarness(Faulty, Protocol):
    """The channel's side."""

    @property
    def channel(self) -> Channel:
        """Our side of it."""

    def buy(self, order: Order) -> None:
        """A buyer orders; the mock keeps the order's id, lines, money and address."""

    def ask_to_cancel(self, order_id: str) -> None:
        """The buyer asks for a cancel."""

    def accept_cancel(self, order_id: str) -> None:
        """What the buyer asked for is agreed to."""

    def change_address(self, order_id: str, address: BuyerAddress) -> None:
        """The buyer has another address."""

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

    async def test_a_cancel_asked_for_shows_and_takes_no_parcel(self, harness: ChannelHarness) -> None:
        """It is neither cancelled yet nor to be shipped any more."""
        order_id = self._order(harness)
        harness.ask_to_cancel(order_id)
        assert (await harness.channel.order(order_id)).state is OrderState.CANCELLING
        with pytest.raises(Rejected):
            await harness.channel.declare(order_id, harness.shipment(), complete=True)

    async def test_a_cancelled_order_is_listed_and_is_no_sale(self, harness: ChannelHarness) -> None:
        """Whoever only reads the list learns of it."""
        order_id = self._order(harness)
        _, cursor = await self._listed(harness, None)
        harness.pass_time(5 * 3600)
        harness.ask_to_cancel(order_id)
        harness.accept_cancel(order_id)
        seen, _ = await self._listed(harness, cursor)
        assert seen == {order_id}
        assert (await harness.channel.order(order_id)).state is OrderState.CANCELLED

    async def test_another_address_makes_a_newer_order(self, harness: ChannelHarness) -> None:
        """And is listed as a change."""
        order_id = self._order(harness)
        before = await harness.channel.order(order_id)
        _, cursor = await self._listed(harness, None)
        harness.pass_time(5 * 3600)
        address = BuyerAddress("Ana García", "612345678", "ES", "Sevilla", "Sevilla", "41001", "Calle Sierpes 2")
        harness.change_address(order_id, address)
        assert (await self._listed(harness, cursor))[0] == {order_id}
        after = await harness.channel.order(order_id)
        assert after.address == address
        assert after.modified_at > before.modified_at

    async def test_orders_are_listed_from_a_moment_on(self, harness: ChannelHarness) -> None:
        """Those that changed then or later, however long ago, and not everything there ever was."""
        harness.buy(make_order("8172481060036440", harness.clock.now()))
        harness.pass_time(timedelta(days=5).total_seconds())
        now = harness.clock.now()
        assert (await self._listed(harness, cursor_at(now - timedelta(days=6))))[0] == {"8172481060036440"}
        assert (await self._listed(harness, cursor_at(now - timedelta(days=1))))[0] == set()

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

    async def test_a_listing_shows_its_page(self, harness: ChannelHarness) -> None:
        """Title, description and images, so that it can be told when somebody changes them."""
        draft = make_listing_draft()
        shown = await harness.channel.listing(await harness.channel.publish(draft))
        assert (shown.title, shown.description_html, len(shown.images)) == (draft.title, draft.description_html, 1)

    async def test_an_edit_changes_the_words_it_names_and_nothing_else(self, harness: ChannelHarness) -> None:
        """Prices, stock, discounts, images and what else there is stay."""
        draft = make_listing_draft()
        discounted = replace(draft.skus[0], discount=usd("9.00"))
        listing_id = await harness.channel.publish(replace(draft, skus=(discounted, *draft.skus[1:])))
        before = await harness.channel.listing(listing_id)
        harness.pass_time(200)
        await harness.channel.edit(listing_id, ListingEdit(title="Notebook A5"))
        await harness.channel.edit(listing_id, ListingEdit(title="Notebook A5"))
        retitled = await harness.channel.listing(listing_id)
        await harness.channel.edit(listing_id, ListingEdit(description_html="<p>Ruled</p>"))
        reworded = await harness.channel.listing(listing_id)
        read = replace(before, modified_at=reworded.modified_at, status=reworded.status)
        assert reworded == replace(read, title="Notebook A5", description_html="<p>Ruled</p>")
        assert (retitled.title, retitled.description_html) == ("Notebook A5", draft.description_html)

    async def test_skus_are_added_once_and_the_others_stay(self, harness: ChannelHarness) -> None:
        """One whose code is there already stays as it is."""
        draft = make_listing_draft()
        listing_id = await harness.channel.publish(draft)
        before = await harness.channel.listing(listing_id)
        added = replace(draft.skus[0], sku_code="TYA009", properties=(SkuProperty("14", "700"),))
        for price in ("7.00", "8.00"):
            await harness.channel.edit(listing_id, ListingEdit(skus=(replace(added, price=usd(price)),)))
        *others, last = (await harness.channel.listing(listing_id)).skus
        assert tuple(others) == before.skus
        assert (last.sku_code, last.price, last.stock) == ("TYA009", usd("7.00"), added.stock)

    async def test_an_edit_of_a_missing_listing_is_not_found(self, harness: ChannelHarness) -> None:
        """Nothing is made of it."""
        with pytest.raises(NotFound):
            await harness.channel.edit("1005000000009999", ListingEdit(title="Notebook A5"))

    async def test_a_lost_answer_to_an_edit_is_not_a_no(self, harness: ChannelHarness) -> None:
        """It landed."""
        listing_id = await harness.channel.publish(make_listing_draft())
        harness.lose_next_answer()
        with pytest.raises(OutcomeUnknown):
            await harness.channel.edit(listing_id, ListingEdit(title="Notebook A5"))
        assert (await harness.channel.listing(listing_id)).title == "Notebook A5"

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

    async def test_a_discount_goes_out_with_the_price_and_is_lost_without_it(self, harness: ChannelHarness) -> None:
        """It reads back, so that whoever replaces a price can carry it."""
        first, second = make_listing_draft().skus
        listing_id, keys = await self._published(harness, replace(first, discount=usd("17.90")), second)
        one = keys["TYA001"]
        kept = PriceUpdate(listing_id, {one: usd("20.90"), keys["TYA002"]: usd("22.50")}, {one: usd("17.90")})
        assert list(await harness.channel.set_prices([kept])) == []
        shown = {s.sku_code: (s.price, s.discount) for s in (await harness.channel.listing(listing_id)).skus}
        assert shown == {"TYA001": (usd("20.90"), usd("17.90")), "TYA002": (usd("22.50"), None)}
        await harness.channel.set_prices([PriceUpdate(listing_id, {one: usd("21.90")})])
        assert {s.discount for s in (await harness.channel.listing(listing_id)).skus} == {None}

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

    async def test_a_declared_number_that_changed_is_replaced(self, harness: ChannelHarness) -> None:
        """The other parcels stay; one that is not declared cannot be replaced."""
        order_id = self._order(harness)
        first, second, third = (harness.shipment(number) for number in (1, 2, 3))
        with pytest.raises(Rejected):
            await harness.channel.redeclare(order_id, first, second, complete=False)
        await harness.channel.declare(order_id, first, complete=False)
        await harness.channel.declare(order_id, second, complete=True)
        await harness.channel.redeclare(order_id, first, third, complete=True)
        declared = await harness.channel.declared(order_id)
        assert sorted(s.number for s in declared) == sorted(s.number for s in (second, third))
        with pytest.raises(Rejected):
            await harness.channel.redeclare(order_id, first, third, complete=True)

    async def test_a_lost_answer_to_another_number_is_not_a_no(self, harness: ChannelHarness) -> None:
        """It landed once, and reading shows it."""
        order_id = self._order(harness)
        await harness.channel.declare(order_id, harness.shipment(1), complete=True)
        harness.lose_next_answer()
        with pytest.raises(OutcomeUnknown):
            await harness.channel.redeclare(order_id, harness.shipment(1), harness.shipment(2), complete=True)
        assert [s.number for s in await harness.channel.declared(order_id)] == [harness.shipment(2).number]

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

    async def _published(self, harness: ChannelHarness, *skus: SkuDraft) -> tuple[str, dict[str, str]]:
        listing_id = await harness.channel.publish(make_listing_draft(*skus))
        return listing_id, {s.sku_code: s.sku_key for s in (await harness.channel.listing(listing_id)).skus}

    def _order(self, harness: ChannelHarness) -> str:
        harness.buy(make_order("8172481060036440", harness.clock.now()))
        return "8172481060036440"
