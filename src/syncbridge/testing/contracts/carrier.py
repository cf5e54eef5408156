"""What every carrier must do."""

from __future__ import annotations

from typing import Protocol

import pytest

from syncbridge.model.shipping import Shipment
from syncbridge.ports import Carrier


class CarrierHarness(Protocol):
    """The forwarder's side."""

    @property
    def carrier(self) -> Carrier:
        """Our side of it."""

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
