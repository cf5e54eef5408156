"""Money asked back: the vendor's words for it, and ours (1688.md §5.12)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

from syncbridge.adapters.alibaba1688 import wire
from syncbridge.model.purchasing import Refund, RefundState

STATES = {
    "refundsuccess": RefundState.REFUNDED,
    "refundclose": RefundState.CLOSED,
    "waitbuyermodify": RefundState.CLOSED,
}
"""The vendor's refund states (1688.md §5.6); ``waitbuyermodify`` is a seller's no, any other word is under way."""
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


class RefundReason(wire.Wire):
    """A reason a refund may be asked for (1688.md §5.12)."""

    id: int
    need_voucher: bool | None = None
    no_refund_carriage: bool | None = None
    """True: with it the freight is not given back."""


class RefundReasons(wire.Wire):
    """The reasons that fit an order as it stands."""

    reasons: list[RefundReason] | None = None


class MaxRefund(wire.Wire):
    """The most that may be asked back, in fen (1688.md §5.12)."""

    max_goods_fee: int
    max_post_fee: int | None = None


class CreatedRefund(wire.Wire):
    """What was made of a request for money."""

    refund_id: str


class RefundInfo(wire.Wire):
    """A request for money as it stands; amounts in fen, freight apart from goods (1688.md §5.12)."""

    refund_id: str
    status: str
    apply_payment: int | None = None
    apply_carriage: int | None = None
    refund_payment: int | None = None
    refund_carriage: int | None = None
    gmt_create: wire.Id | None = None

    def __post_init__(self) -> None:
        """Refuse a time of no known format, as a wrong shape."""
        wire.time_of(self.gmt_create)


class RefundDetail(wire.Wire):
    """One refund by its id."""

    op_order_refund_model_detail: RefundInfo


class OrderRefunds(wire.Wire):
    """The refunds of an order that are under way, or those that succeeded."""

    op_order_refund_models: list[RefundInfo] | None = None


def entries(trade: wire.TradeInfo) -> Mapping[str, int]:
    """How many were bought, by the ids refunds name the lines of an order with."""
    return {item.entry_id: int(item.quantity or 0) for item in trade.product_items or ()}


def refund_ids(trade: wire.TradeInfo) -> Sequence[str]:
    """The refunds an order names, those that were closed among them."""
    named = (trade.base_info.refund_id, *(item.refund_id for item in trade.product_items or ()))
    return tuple(dict.fromkeys(str(refund_id) for refund_id in named if refund_id))


def refunds(found: Iterable[RefundInfo]) -> Sequence[Refund]:
    """Each refund once as last read, the newest first."""
    latest = {each.refund_id: each for each in found}
    newest_first = sorted(latest.values(), key=lambda each: wire.time_of(each.gmt_create) or _LONG_AGO, reverse=True)
    return tuple(_refund(each) for each in newest_first)


def reason(reasons: Sequence[RefundReason]) -> RefundReason | None:
    """The first reason that wants no photo, rather one that gives the freight back."""
    plain = sorted((each for each in reasons if not each.need_voucher), key=lambda each: bool(each.no_refund_carriage))
    return plain[0] if plain else None


def _refund(found: RefundInfo) -> Refund:
    state = STATES.get(found.status, RefundState.ASKED)
    if state is RefundState.REFUNDED:
        amount = wire.fen(found.refund_payment) + wire.fen(found.refund_carriage)
    else:
        amount = wire.fen(found.apply_payment) + wire.fen(found.apply_carriage)
    return Refund(found.refund_id, state, amount)
