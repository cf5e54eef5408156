"""Sellers who are asked for money: they agree after a while, or answer as they are told."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from syncbridge.adapters.alibaba1688.mock import logistics
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

    def ship(self, order: VendorOrder, number: str, company: str, lines: Sequence[int] = ()) -> None:
        """Hand a parcel with these lines, or all, to a courier; a refund under way is closed by that."""
        refund = order.refund_under_way
        self._state.ship(order, number, company, lines)
        whole = order.status == "waitbuyerreceive"
        self._pushes.order_changed(order, "ANNOUNCE_SENDGOODS" if whole else "PART_PART_SENDGOODS")
        if refund is not None:
            self._pushes.refund_changed(order, refund, "SELLER_SEND_GOODS_CLOSE", "seller")

    def trace(self, order: VendorOrder, number: str, changed: str, remark: str) -> None:
        """A courier tells of a parcel, and the buyer is told that its status changed so."""
        parcel = self._state.parcel(order, number)
        parcel["status"] = logistics.STATES[changed]
        parcel["steps"].append(logistics.step(self._state.now(), remark))
        self._pushes.parcel_moved(order, parcel, changed)

    def renumber(self, order: VendorOrder, number: str, new: str) -> None:
        """Correct the number of a parcel."""
        parcel = self._state.parcel(order, number)
        parcel["number"], parcel["steps"] = new, []
        self._pushes.number_changed(order, parcel, number)

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
