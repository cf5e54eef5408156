"""The memory adapters pass first: they define what the contracts mean."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import pytest

from syncbridge.adapters.memory.channel import MemoryChannel
from syncbridge.adapters.memory.supplier import MemorySupplier
from syncbridge.model.catalog import Offer
from syncbridge.model.money import Money
from syncbridge.model.orders import BuyerAddress, Order, OrderState
from syncbridge.model.purchasing import PurchaseDraft
from syncbridge.model.shipping import ParcelDraft, Shipment
from syncbridge.testing.builders import make_parcel
from syncbridge.testing.clock import FixedClock
from syncbridge.testing.contracts.booking import BookingContract
from syncbridge.testing.contracts.channel import ChannelContract
from syncbridge.testing.contracts.receiving import ConfirmsContract, TracksDomesticContract
from syncbridge.testing.contracts.searching import SearchesContract
from syncbridge.testing.contracts.supplier import SupplierContract
from syncbridge.testing.contracts.withdrawing import CancelsContract, RefundsContract, UrgesContract


class MemorySupplierHarness:
    secrets = ("memory has no secret",)

    def __init__(self) -> None:
        self.clock = FixedClock()
        self.supplier = MemorySupplier(self.clock)

    def publish(self, offer: Offer) -> None:
        self.supplier.catalogue[offer.offer_id] = offer

    def withdraw(self, offer_id: str) -> None:
        del self.supplier.catalogue[offer_id]

    def refuse_orders(self) -> None:
        self.supplier.grants_orders = False

    def refuse_search(self) -> None:
        self.supplier.grants_search = False

    def vendor_orders(self) -> Mapping[str, object]:
        return self.supplier.books

    def buy_on_the_page(self, draft: PurchaseDraft) -> str:
        return self.supplier.bought_on_the_page(draft, total=Money.of("9.90", "CNY")).vendor_order_id

    def ship(self, vendor_order_id: str, number: str) -> None:
        self.supplier.ship(vendor_order_id, number)

    def pass_time(self, seconds: float) -> None:
        self.clock.advance(seconds)

    def tell(self, vendor_order_id: str, number: str, said: str, *, signed: bool) -> None:
        self.supplier.move(number, said, signed=signed)

    def answer_refund(self, vendor_order_id: str, *, agree: bool) -> None:
        self.supplier.answer_refund(vendor_order_id, agree=agree)

    def limit_next_call(self) -> None:
        self.supplier.limit_next = True

    def lose_next_answer(self) -> None:
        self.supplier.lose_next = True


class MemoryChannelHarness:
    secrets = ("memory has no secret",)

    def __init__(self) -> None:
        self.clock = FixedClock()
        self.channel = MemoryChannel(self.clock)

    def buy(self, order: Order) -> None:
        self.channel.books[order.order_id] = order

    def ask_to_cancel(self, order_id: str) -> None:
        self.channel.change(order_id, state=OrderState.CANCELLING)

    def accept_cancel(self, order_id: str) -> None:
        self.channel.change(order_id, state=OrderState.CANCELLED)

    def change_address(self, order_id: str, address: BuyerAddress) -> None:
        self.channel.change(order_id, address=address)

    def shipment(self, number: int = 1) -> Shipment:
        return Shipment("YANWEN_AM", f"UR{number:09d}YP")

    def declarations(self) -> Mapping[str, object]:
        return self.channel.declarations

    def listing_ids(self) -> tuple[str, ...]:
        return tuple(self.channel.shop)

    def pass_time(self, seconds: float) -> None:
        self.clock.advance(seconds)

    def limit_next_call(self) -> None:
        self.channel.limit_next = True

    def lose_next_answer(self) -> None:
        self.channel.lose_next = True


class MemoryBookingHarness:
    secrets = ("memory has no secret",)

    def __init__(self) -> None:
        self.clock = FixedClock()
        self.vendor = MemoryChannel(self.clock)

    def draft(self, number: int = 1) -> ParcelDraft:
        return make_parcel(f"MARK{number}", service="YANWEN_AM")

    def too_heavy(self) -> ParcelDraft:
        return make_parcel(weight_g=2001, service="YANWEN_AM")

    def bookings(self) -> Mapping[str, int]:
        return Counter(draft.mark for _, draft, _ in self.vendor.bookings.values())

    def pass_time(self, seconds: float) -> None:
        self.clock.advance(seconds)

    def limit_next_call(self) -> None:
        self.vendor.limit_next = True

    def lose_next_answer(self) -> None:
        self.vendor.lose_next = True


class TestMemorySupplier(
    SupplierContract,
    CancelsContract,
    RefundsContract,
    UrgesContract,
    SearchesContract,
    TracksDomesticContract,
    ConfirmsContract,
):
    @pytest.fixture
    def harness(self) -> MemorySupplierHarness:
        return MemorySupplierHarness()


class TestMemoryChannel(ChannelContract):
    @pytest.fixture
    def harness(self) -> MemoryChannelHarness:
        return MemoryChannelHarness()


class TestMemoryBooking(BookingContract):
    @pytest.fixture
    def harness(self) -> MemoryBookingHarness:
        return MemoryBookingHarness()
