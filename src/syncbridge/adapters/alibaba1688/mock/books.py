"""The vendor's own ledger: what was bought, paid, taken back, called and refused."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from syncbridge.adapters.alibaba1688.mock.params import Json
from syncbridge.adapters.alibaba1688.mock.records import Refund, VendorOrder
from syncbridge.adapters.alibaba1688.mock.state import State, yuan_text


def books(state: State) -> Mapping[str, object]:
    """Everything as JSON values; money in yuan as text, times in UTC, null for what has not happened."""
    orders = state.orders.values()
    return {
        "orders": [_order(order) for order in orders],
        "money": state.money,
        "cancels": [_cancel(order) for order in orders if order.closed_at and not order.paid_at],
        "refunds": [_refund(order, refund) for order in orders for refund in order.refunds],
        "calls": dict(state.calls),
        "refused": dict(state.refused),
    }


def _order(order: VendorOrder) -> Json:
    return {
        "orderId": str(order.order_id),
        "member_id": order.account.member_id,
        "outOrderId": order.out_order_id,
        "message": order.message,
        "status": order.status,
        "total": yuan_text(order.total_fen),
        "createTime": _time(order.created_at),
        "payTime": _time(order.paid_at),
        "lines": [
            {"offerId": str(line.offer_id), "specId": line.spec_id, "quantity": line.quantity} for line in order.lines
        ],
        "address": order.address,
        "parcels": [{name: parcel[name] for name in ("number", "company", "status")} for parcel in order.parcels],
        "urged": [_time(at) for at in order.urged],
        "receiveTime": _time(order.received_at),
    }


def _cancel(order: VendorOrder) -> Json:
    return {"orderId": str(order.order_id), "amount": yuan_text(order.total_fen), "time": _time(order.closed_at)}


def _refund(order: VendorOrder, refund: Refund) -> Json:
    return {
        "refundId": refund.refund_id,
        "orderId": str(order.order_id),
        "status": refund.status,
        "amount": yuan_text(refund.goods_fen + refund.freight_fen),
        "description": refund.description,
        "applyTime": _time(refund.asked_at),
        "endTime": _time(refund.ended_at),
    }


def _time(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
