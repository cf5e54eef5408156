"""What every supplier must do that tells of its domestic parcels, or is told that they arrived."""

from __future__ import annotations

from datetime import timedelta
from typing import Protocol

import pytest

from syncbridge.errors import NotFound, OutcomeUnknown, Rejected
from syncbridge.model.purchasing import VendorOrderState
from syncbridge.model.shipping import Movement
from syncbridge.ports import Confirms, TracksDomestic
from syncbridge.testing.contracts.supplier import SupplierHarness, placed

NUMBER = "YT9988776655443"


class ReceivingHarness(SupplierHarness, Protocol):
    """The supplier's side, and that of its couriers."""

    def tell(self, vendor_order_id: str, number: str, said: str, *, signed: bool) -> None:
        """A courier tells of a domestic parcel, now."""


class TracksDomesticContract:
    """What every supplier must do that has the ability `TracksDomestic`."""

    pytestmark = pytest.mark.anyio

    async def test_what_is_not_shipped_is_nowhere(self, harness: ReceivingHarness) -> None:
        """Not an error; so is what was shipped without a parcel."""
        vendor_order_id = await placed(harness)
        await harness.supplier.pay([vendor_order_id])
        assert list(await _tracks(harness).whereabouts(vendor_order_id)) == []
        harness.ship(vendor_order_id, "")
        assert list(await _tracks(harness).whereabouts(vendor_order_id)) == []

    async def test_a_domestic_parcel_is_followed_until_it_is_signed_for(self, harness: ReceivingHarness) -> None:
        """What its courier said comes newest first, with its time."""
        vendor_order_id = await _shipped(harness)
        (unseen,) = await _tracks(harness).whereabouts(vendor_order_id)
        assert (unseen.number, unseen.sightings) == (NUMBER, ())

        harness.tell(vendor_order_id, NUMBER, "left Yiwu", signed=False)
        harness.pass_time(3600)
        harness.tell(vendor_order_id, NUMBER, "signed for in Hangzhou", signed=True)
        (track,) = await _tracks(harness).whereabouts(vendor_order_id)
        assert track.movement is Movement.DELIVERED
        assert [one.said for one in track.sightings] == ["signed for in Hangzhou", "left Yiwu"]
        assert abs(track.sightings[0].at - harness.clock.now()) < timedelta(seconds=1)

    async def test_a_missing_orders_parcels_are_not_found(self, harness: ReceivingHarness) -> None:
        """Not an empty list."""
        with pytest.raises(NotFound):
            await _tracks(harness).whereabouts("880000000000009999")


class ConfirmsContract:
    """What every supplier must do that has the ability `Confirms`."""

    pytestmark = pytest.mark.anyio

    async def test_a_shipped_order_is_called_received_once(self, harness: ReceivingHarness) -> None:
        """It reads so, and a second time is refused."""
        vendor_order_id = await _shipped(harness)
        await _confirms(harness).confirm(vendor_order_id)
        assert (await harness.supplier.order(vendor_order_id)).state is VendorOrderState.RECEIVED
        with pytest.raises(Rejected):
            await _confirms(harness).confirm(vendor_order_id)

    async def test_what_is_not_shipped_or_not_there_cannot_be_received(self, harness: ReceivingHarness) -> None:
        """With a reason, and nothing is done."""
        vendor_order_id = await placed(harness)
        await harness.supplier.pay([vendor_order_id])
        with pytest.raises(Rejected):
            await _confirms(harness).confirm(vendor_order_id)
        assert (await harness.supplier.order(vendor_order_id)).state is VendorOrderState.PAID
        with pytest.raises(NotFound):
            await _confirms(harness).confirm("880000000000009999")

    async def test_a_lost_answer_to_a_confirmation_is_not_a_no(self, harness: ReceivingHarness) -> None:
        """It landed, and the order shows it."""
        vendor_order_id = await _shipped(harness)
        harness.lose_next_answer()
        with pytest.raises(OutcomeUnknown):
            await _confirms(harness).confirm(vendor_order_id)
        assert (await harness.supplier.order(vendor_order_id)).state is VendorOrderState.RECEIVED


async def _shipped(harness: SupplierHarness) -> str:
    vendor_order_id = await placed(harness)
    await harness.supplier.pay([vendor_order_id])
    harness.ship(vendor_order_id, NUMBER)
    return vendor_order_id


def _tracks(harness: SupplierHarness) -> TracksDomestic:
    assert isinstance(harness.supplier, TracksDomestic)
    return harness.supplier


def _confirms(harness: SupplierHarness) -> Confirms:
    assert isinstance(harness.supplier, Confirms)
    return harness.supplier
