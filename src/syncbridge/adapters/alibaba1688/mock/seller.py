"""Sellers who are asked for money: they agree after a while, or answer as they are told."""

from __future__ import annotations

import asyncio

from syncbridge.adapters.alibaba1688.mock.pushes import Pushes
from syncbridge.adapters.alibaba1688.mock.refusals import BusinessRefusal
from syncbridge.adapters.alibaba1688.mock.state import Refund, State, VendorOrder


class Sellers:
    """Answers refunds and tells the buyer (1688.md §6.2)."""

    def __init__(self, state: State, pushes: Pushes) -> None:
        self._state = state
        self._pushes = pushes
        self._thinking: set[asyncio.Task[None]] = set()

    def asked(self, order: VendorOrder, refund: Refund) -> None:
        """Tell that money was asked for, and think about it for as long as the switch says."""
        self._pushes.refund_changed(order, refund, "BUYER_APPLY_REFUND", "buyer")
        if (delay := self._state.switches.refund_delay_seconds) is not None:
            task = asyncio.create_task(self._think(order, refund, delay))
            self._thinking.add(task)
            task.add_done_callback(self._thinking.discard)

    def agree(self, order: VendorOrder, refund: Refund) -> None:
        """Give the money back, which closes the order."""
        self._state.give_back(order, refund)
        self._pushes.refund_changed(order, refund, "SELLER_AGREE_REFUND", "seller")
        self._pushes.order_changed(order, "ORDER_SELLER_CLOSE")

    def refuse(self, order: VendorOrder, refund: Refund, reason: str) -> None:
        """Say no; the request stays open for the buyer to change."""
        self._state.turn_down(order, refund, reason)
        self._pushes.refund_changed(order, refund, "SELLER_REJECT_REFUND", "seller")

    def ship(self, order: VendorOrder, number: str, company: str) -> None:
        """Hand a parcel to a courier; a refund under way is closed by that."""
        refund = order.refund_under_way
        self._state.ship(order, number, company)
        self._pushes.order_changed(order, "ANNOUNCE_SENDGOODS")
        if refund is not None:
            self._pushes.refund_changed(order, refund, "SELLER_SEND_GOODS_CLOSE", "seller")

    def answer(self, order: VendorOrder, *, agree: bool, reason: str) -> None:
        """Answer what was asked back of an order; raises BusinessRefusal if nothing was."""
        refund = order.refund_under_way
        if refund is None:
            raise BusinessRefusal("5010", "nothing is asked back of this order")
        if agree:
            self.agree(order, refund)
        else:
            self.refuse(order, refund, reason)

    async def _think(self, order: VendorOrder, refund: Refund, seconds: float) -> None:
        await self._state.clock.sleep(seconds)
        if refund.status == "waitselleragree":
            self.agree(order, refund)
