"""What every supplier must do that lets an order be taken back, or be asked for."""

from __future__ import annotations

from typing import Protocol

import pytest

from syncbridge.errors import NotFound, OutcomeUnknown, Rejected
from syncbridge.model.purchasing import RefundState, VendorOrderState
from syncbridge.ports import Cancels, Refunds, Urges
from syncbridge.testing.contracts.supplier import SupplierHarness, placed

_LONG_ENOUGH = 60.0
"""Seconds after which no supplier calls an order too young to cancel."""


class WithdrawingHarness(SupplierHarness, Protocol):
    """The supplier's side, where money can be asked back; the supplier answers only when told."""

    def answer_refund(self, vendor_order_id: str, *, agree: bool) -> None:
        """The supplier gives back what was asked, or refuses."""


class CancelsContract:
    """What every supplier must do that has the ability `Cancels`."""

    pytestmark = pytest.mark.anyio

    async def test_an_unpaid_order_is_cancelled(self, harness: SupplierHarness) -> None:
        """It reads so, cannot be paid any more, and cancelling it again is done."""
        vendor_order_id = await self._old_enough(harness)
        await _cancels(harness).cancel(vendor_order_id)
        await _cancels(harness).cancel(vendor_order_id)
        await harness.supplier.pay([vendor_order_id])
        assert (await harness.supplier.order(vendor_order_id)).state is VendorOrderState.CANCELLED

    async def test_a_paid_order_is_not_cancelled(self, harness: SupplierHarness) -> None:
        """It stays paid."""
        vendor_order_id = await self._old_enough(harness)
        await harness.supplier.pay([vendor_order_id])
        with pytest.raises(Rejected):
            await _cancels(harness).cancel(vendor_order_id)
        assert (await harness.supplier.order(vendor_order_id)).state is VendorOrderState.PAID

    async def test_a_missing_order_cannot_be_cancelled(self, harness: SupplierHarness) -> None:
        """It is not found."""
        with pytest.raises(NotFound):
            await _cancels(harness).cancel("880000000000009999")

    async def test_a_lost_answer_to_a_cancel_is_not_a_no(self, harness: SupplierHarness) -> None:
        """It landed, and asking again is safe."""
        vendor_order_id = await self._old_enough(harness)
        harness.lose_next_answer()
        with pytest.raises(OutcomeUnknown):
            await _cancels(harness).cancel(vendor_order_id)
        assert (await harness.supplier.order(vendor_order_id)).state is VendorOrderState.CANCELLED
        await _cancels(harness).cancel(vendor_order_id)

    async def _old_enough(self, harness: SupplierHarness) -> str:
        vendor_order_id = await placed(harness)
        harness.pass_time(_LONG_ENOUGH)
        return vendor_order_id


class UrgesContract:
    """What every supplier must do that has the ability `Urges`."""

    pytestmark = pytest.mark.anyio

    async def test_a_paid_order_is_asked_for_once_a_day(self, harness: SupplierHarness) -> None:
        """A second time within it is refused."""
        vendor_order_id = await placed(harness)
        await harness.supplier.pay([vendor_order_id])
        await _urges(harness).urge(vendor_order_id)
        with pytest.raises(Rejected):
            await _urges(harness).urge(vendor_order_id)
        harness.pass_time(24 * 3600)
        await _urges(harness).urge(vendor_order_id)

    async def test_what_is_not_paid_or_not_there_cannot_be_asked_for(self, harness: SupplierHarness) -> None:
        """With a reason."""
        with pytest.raises(Rejected):
            await _urges(harness).urge(await placed(harness))
        with pytest.raises(NotFound):
            await _urges(harness).urge("880000000000009999")


class RefundsContract:
    """What every supplier must do that has the ability `Refunds`."""

    pytestmark = pytest.mark.anyio

    async def test_nothing_asked_is_an_empty_list(self, harness: WithdrawingHarness) -> None:
        """Not an error."""
        assert list(await _refunds(harness).refunds(await self._paid(harness))) == []

    async def test_all_the_money_is_asked_back(self, harness: WithdrawingHarness) -> None:
        """Goods and freight, once: a second request is refused while the first is under way."""
        vendor_order_id = await self._paid(harness)
        refund_id = await _refunds(harness).refund(vendor_order_id, why="the buyer cancelled")
        with pytest.raises(Rejected):
            await _refunds(harness).refund(vendor_order_id, why="the buyer cancelled")
        (refund,) = await _refunds(harness).refunds(vendor_order_id)
        total = (await harness.supplier.order(vendor_order_id)).total
        assert (refund.refund_id, refund.state, refund.amount) == (refund_id, RefundState.ASKED, total)

    async def test_money_given_back_closes_the_order(self, harness: WithdrawingHarness) -> None:
        """The refund says how much it was."""
        vendor_order_id = await self._asked(harness)
        total = (await harness.supplier.order(vendor_order_id)).total
        harness.answer_refund(vendor_order_id, agree=True)
        (refund,) = await _refunds(harness).refunds(vendor_order_id)
        assert (refund.state, refund.amount) == (RefundState.REFUNDED, total)
        assert (await harness.supplier.order(vendor_order_id)).state is VendorOrderState.CANCELLED

    async def test_a_refused_refund_leaves_the_order_paid(self, harness: WithdrawingHarness) -> None:
        """And is closed for us."""
        vendor_order_id = await self._asked(harness)
        harness.answer_refund(vendor_order_id, agree=False)
        (refund,) = await _refunds(harness).refunds(vendor_order_id)
        assert refund.state is RefundState.CLOSED
        assert (await harness.supplier.order(vendor_order_id)).state is VendorOrderState.PAID

    async def test_an_unpaid_or_shipped_order_is_not_refunded(self, harness: WithdrawingHarness) -> None:
        """Nothing is asked for."""
        vendor_order_id = await placed(harness)
        with pytest.raises(Rejected):
            await _refunds(harness).refund(vendor_order_id, why="not paid")
        await harness.supplier.pay([vendor_order_id])
        harness.ship(vendor_order_id, "YT9988776655443")
        with pytest.raises(Rejected):
            await _refunds(harness).refund(vendor_order_id, why="on its way")
        assert list(await _refunds(harness).refunds(vendor_order_id)) == []

    async def test_a_missing_order_cannot_be_refunded(self, harness: WithdrawingHarness) -> None:
        """It is not found."""
        with pytest.raises(NotFound):
            await _refunds(harness).refund("880000000000009999", why="not there")
        with pytest.raises(NotFound):
            await _refunds(harness).refunds("880000000000009999")

    async def test_a_lost_answer_to_a_refund_is_not_a_no(self, harness: WithdrawingHarness) -> None:
        """It landed once, and reading shows it."""
        vendor_order_id = await self._paid(harness)
        harness.lose_next_answer()
        with pytest.raises(OutcomeUnknown):
            await _refunds(harness).refund(vendor_order_id, why="the buyer cancelled")
        (refund,) = await _refunds(harness).refunds(vendor_order_id)
        assert refund.state is RefundState.ASKED

    async def _paid(self, harness: WithdrawingHarness) -> str:
        vendor_order_id = await placed(harness)
        await harness.supplier.pay([vendor_order_id])
        return vendor_order_id

    async def _asked(self, harness: WithdrawingHarness) -> str:
        vendor_order_id = await self._paid(harness)
        await _refunds(harness).refund(vendor_order_id, why="the buyer cancelled")
        return vendor_order_id


def _cancels(harness: SupplierHarness) -> Cancels:
    assert isinstance(harness.supplier, Cancels)
    return harness.supplier


def _refunds(harness: WithdrawingHarness) -> Refunds:
    assert isinstance(harness.supplier, Refunds)
    return harness.supplier


def _urges(harness: SupplierHarness) -> Urges:
    assert isinstance(harness.supplier, Urges)
    return harness.supplier
