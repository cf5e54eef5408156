"""What every supplier must do."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
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
    VendorError,
)
from syncbridge.model.catalog import MixRule, Offer
from syncbridge.model.paging import Cursor, Page, cursor_at
from syncbridge.model.purchasing import PlacedOrder, PurchaseDraft, PurchaseLine, VendorOrderState
from syncbridge.ports import Supplier
from syncbridge.testing.builders import (
    cny,
    make_draft,
    make_key,
    make_offer,
    make_spec,
)
from syncbridge.testing.contracts.faulty import Faulty, assert_nothing_leaked


class SupplierHarness(Faulty, Protocol):
    """The supplier's side."""

    @property
    def supplier(self) -> Supplier:
        """Our side of it."""

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

    async def test_a_withdrawn_offer_cannot_be_bought(self, harness: SupplierHarness) -> None:
        """It is not found, so that another is looked for."""
        harness.publish(make_offer())
        harness.withdraw("676651652931")
        with pytest.raises(NotFound):
            await harness.supplier.preview(make_draft())

    async def test_below_an_offers_minimum_is_rejected(self, harness: SupplierHarness) -> None:
        """All its specs together count; it is no want of stock."""
        harness.publish(make_offer(moq=4))
        with pytest.raises(Rejected) as caught:
            await harness.supplier.preview(make_draft())
        assert not isinstance(caught.value, OutOfStock)
        two = (PurchaseLine("676651652931", f"{1:032x}", 2), PurchaseLine("676651652931", f"{2:032x}", 2))
        assert (await harness.supplier.preview(make_draft(*two))).goods == cny("57.60")

    async def test_a_broken_lot_is_rejected(self, harness: SupplierHarness) -> None:
        """Whole lots are not."""
        harness.publish(make_offer(lot=3))
        assert (await harness.supplier.preview(make_draft())).goods == cny("41.70")
        with pytest.raises(Rejected):
            await harness.supplier.preview(make_draft(PurchaseLine("676651652931", f"{1:032x}", 4)))

    @pytest.mark.parametrize(
        ("mix", "sold"),
        [
            (MixRule(general=True, amount=cny("1000"), number=3), True),
            (MixRule(general=True, amount=cny("41"), number=100), True),
            (MixRule(general=True, amount=cny("42"), number=4), False),
            (MixRule(general=True, amount=None, number=None), False),
            (MixRule(general=False, amount=cny("1"), number=1), False),
        ],
    )
    async def test_a_mixed_batch_stands_in_for_the_minimum(
        self, harness: SupplierHarness, mix: MixRule, sold: bool
    ) -> None:
        """So many pieces or so much money of the whole purchase is enough, where the supplier mixes."""
        harness.publish(make_offer(moq=10, mix=mix))
        assert (await harness.supplier.offer("676651652931")).mix == mix
        if sold:
            assert (await harness.supplier.preview(make_draft())).goods == cny("41.70")
        else:
            with pytest.raises(Rejected):
                await harness.supplier.preview(make_draft())

    async def test_what_was_placed_is_found_by_its_key(self, harness: SupplierHarness) -> None:
        """With its key, note, lines, money and state."""
        harness.publish(make_offer())
        before = harness.clock.now() - timedelta(seconds=1)
        draft = await priced(harness, make_draft(note=f"mark {make_key().mark}"))
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
        await harness.supplier.place(await priced(harness, make_draft()), key=make_key(1))
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
        draft = await priced(harness, make_draft())
        harness.lose_next_answer()
        with pytest.raises(OutcomeUnknown):
            await harness.supplier.place(draft, key=make_key())
        assert len(harness.vendor_orders()) == 1
        assert len((await harness.supplier.find(make_key(), since=before)).orders) == 1

    async def test_an_account_without_the_right_is_told_so(self, harness: SupplierHarness) -> None:
        """So that a person can buy instead."""
        harness.publish(make_offer())
        draft = await priced(harness, make_draft())
        harness.refuse_orders()
        with pytest.raises(NotGranted):
            await harness.supplier.place(draft, key=make_key())
        assert not harness.vendor_orders()

    async def test_a_paid_order_reads_as_paid(self, harness: SupplierHarness) -> None:
        """Whatever the payment call answered, the order tells."""
        vendor_order_id = await placed(harness)
        assert not (await harness.supplier.order(vendor_order_id)).state.is_paid
        await harness.supplier.pay([vendor_order_id])
        assert (await harness.supplier.order(vendor_order_id)).state.is_paid

    async def test_a_missing_vendor_order_is_not_found(self, harness: SupplierHarness) -> None:
        """Not an empty order."""
        with pytest.raises(NotFound):
            await harness.supplier.order("880000000000009999")

    async def test_no_parcel_yet_is_an_empty_list(self, harness: SupplierHarness) -> None:
        """And a parcel appears with its number once shipped."""
        vendor_order_id = await placed(harness)
        await harness.supplier.pay([vendor_order_id])
        assert list(await harness.supplier.shipments(vendor_order_id)) == []
        harness.ship(vendor_order_id, "YT9988776655443")
        (parcel,) = await harness.supplier.shipments(vendor_order_id)
        assert parcel.number == "YT9988776655443"
        assert (await harness.supplier.order(vendor_order_id)).state is VendorOrderState.SHIPPED

    async def test_changed_vendor_orders_are_listed(self, harness: SupplierHarness) -> None:
        """Everything at first; later what changed since the cursor."""
        vendor_order_id = await placed(harness)
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

    async def test_vendor_orders_are_listed_from_a_moment_on(self, harness: SupplierHarness) -> None:
        """Those that changed then or later, however long ago, and not everything there ever was."""
        vendor_order_id = await placed(harness)
        harness.pass_time(timedelta(days=5).total_seconds())
        found = {
            days: [order.vendor_order_id async for page in self._from(harness, days) for order in page.items]
            for days in (6, 1)
        }
        assert found == {6: [vendor_order_id], 1: []}

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

    def _from(self, harness: SupplierHarness, days: int) -> AsyncIterator[Page[PlacedOrder]]:
        return harness.supplier.orders(since=cursor_at(harness.clock.now() - timedelta(days=days)))


async def priced(harness: SupplierHarness, draft: PurchaseDraft) -> PurchaseDraft:
    """The draft with the flow and trade type its preview names."""
    quote = await harness.supplier.preview(draft)
    return PurchaseDraft(draft.lines, draft.address, draft.note, quote.flow, quote.trade_types[0])


async def placed(harness: SupplierHarness) -> str:
    """An unpaid vendor order of one offer."""
    harness.publish(make_offer())
    draft = await priced(harness, make_draft())
    (order,) = (await harness.supplier.place(draft, key=make_key())).orders
    return order.vendor_order_id
