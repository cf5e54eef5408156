"""Sellers who are asked for money: they agree after a while, or answer as they are told."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from syncbridge.adapters.alibaba1688.mock import logistics
from syncbridge.adapters.alibaba1688.mock.pushes import Pushes
from syncbridge.adapters.alibaba1688.mock.records import Refund, VendorOrder
from syncbridge.adapters.alibaba1688.mock.refusals import BusinessRefusal
from syncbridge.adapters.alibaba1688.mock.state import State
from syncbridge.adapters.alibaba1688.mock.views import time_text


class Sellers:
    """Answers refunds and tells the buyer (1688.md §6.2)."""

    def __init__(self, state: State, pushes: Pushes) -> None:
        self._state = state
        self._pushes = pushes
        self._thinking: set[asyncio.Task[None]] = set()

    def asked(self, order: VendorOrder, refund: Refund) -> None:
        """Tell that money was asked for, and think about it for as long as the switch says."""
        self._moved(order, refund, "", "BUYER_APPLY_REFUND", "buyer")
        self._begin_to_think(order, refund)

    def agree(self, order: VendorOrder, refund: Refund) -> None:
        """Give the money back, which may close the order; where goods are to go back first, ask for those."""
        before = refund.status
        if refund.wants_return and before != "waitsellerreceive":
            refund.status, refund.modified_at = "waitbuyersend", self._state.now()
            self._moved(order, refund, before, "SELLER_AGREE_REFUND_PROCOTOL", "seller")
            return
        self._state.give_back(order, refund)
        action = "SELLER_RECEIVE_GOODS" if refund.wants_return else "SELLER_AGREE_REFUND"
        self._moved(order, refund, before, action, "seller")
        if order.status == "cancel":
            self._pushes.order_changed(order, "ORDER_SELLER_CLOSE")

    def sent_back(self, order: VendorOrder, refund: Refund) -> None:
        """Tell that the goods are on their way back, and think about them."""
        self._moved(order, refund, "waitbuyersend", "BUYER_SEND_GOODS", "buyer")
        self._begin_to_think(order, refund)

    def cancelled(self, order: VendorOrder, refund: Refund) -> None:
        """Tell that the buyer took the request back."""
        self._moved(order, refund, "", "BUYER_CANCEL_REFUND", "buyer")

    def refuse(self, order: VendorOrder, refund: Refund, reason: str) -> None:
        """Say no; the request stays open for the buyer to change."""
        before = refund.status
        self._state.turn_down(order, refund, reason)
        self._moved(order, refund, before, "SELLER_REJECT_REFUND", "seller")

    def ship(self, order: VendorOrder, number: str, company: str, lines: Sequence[int] = ()) -> None:
        """Hand a parcel with these lines, or all, to a courier; a refund under way is closed by that."""
        refund = order.refund_under_way
        self._state.ship(order, number, company, lines)
        whole = order.status == "waitbuyerreceive"
        self._pushes.order_changed(order, "ANNOUNCE_SENDGOODS" if whole else "PART_PART_SENDGOODS")
        if refund is not None:
            self._moved(order, refund, "", "SELLER_SEND_GOODS_CLOSE", "seller")

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
        if refund.status in ("waitselleragree", "waitsellerreceive"):
            self.agree(order, refund)

    def _begin_to_think(self, order: VendorOrder, refund: Refund) -> None:
        if (delay := self._state.switches.refund_delay_seconds) is not None:
            task = asyncio.create_task(self._think(order, refund, delay))
            self._thinking.add(task)
            task.add_done_callback(self._thinking.discard)

    def _moved(self, order: VendorOrder, refund: Refund, before: str, action: str, operator: str) -> None:
        refund.operations.append(
            {
                "id": int(refund.refund_id.removeprefix("TQ")) * 100 + len(refund.operations),
                "refundId": refund.refund_id,
                "beforeOperateStatus": before or None,
                "afterOperateStatus": refund.status,
                "operateRemark": action,
                "operatorRoleId": {"buyer": 1, "seller": 2, "system": 3}[operator],
                "gmtCreate": time_text(refund.modified_at),
                "gmtModified": time_text(refund.modified_at),
                "vouchers": list(refund.vouchers),
                "freightBill": refund.freight_bill or None,
                "messageStatus": 1,
                "msgType": 7,
            }
        )
        self._pushes.refund_changed(order, refund, action, operator)
