"""What the mock's books are made of: orders with their lines and refunds, and messages."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from syncbridge.adapters.alibaba1688.mock.accounts import Account
from syncbridge.adapters.alibaba1688.mock.params import Json


@dataclass(frozen=True, slots=True)
class Line:
    """A spec, how many of it, and what one costs in yuan."""

    offer_id: int
    spec_id: str
    sku_id: int | None
    quantity: int
    unit_price: Decimal
    title: str

    @property
    def amount_fen(self) -> int:
        """Price times quantity."""
        return round(self.unit_price * self.quantity * 100)


@dataclass(slots=True)
class Refund:
    """A request for money of an order; amounts in fen."""

    refund_id: str
    goods_fen: int
    freight_fen: int
    reason_id: int
    description: str
    asked_at: datetime
    modified_at: datetime
    counts: dict[int, int]
    """How many of which line, by its id."""
    status: str = "waitselleragree"
    goods_status: int = 1
    """1: not received, 2: received, 3: sent back (1688.md §5.12)."""
    wants_return: bool = False
    """Whether the goods are to go back for it."""
    after_sale: bool = False
    vouchers: tuple[str, ...] = ()
    freight_bill: str = ""
    reject_reason: str = ""
    ended_at: datetime | None = None
    operations: list[Json] = field(default_factory=list)

    @property
    def is_under_way(self) -> bool:
        """Neither given nor closed; a refused one waits for the buyer to change it."""
        return self.status not in ("refundsuccess", "refundclose")


@dataclass(slots=True)
class VendorOrder:
    """One order in the books; amounts in fen, times with the vendor's whole seconds."""

    order_id: int
    account: Account
    lines: tuple[Line, ...]
    freight_fen: int
    address: Json
    message: str
    out_order_id: str
    trade_type: str
    created_at: datetime
    modified_at: datetime
    status: str = "waitbuyerpay"
    paid_at: datetime | None = None
    shipped_at: datetime | None = None
    parcels: list[Json] = field(default_factory=list)
    refunds: list[Refund] = field(default_factory=list)
    urged: list[datetime] = field(default_factory=list)
    """When the buyer asked for it to be shipped."""
    discount_fen: int = 0
    """What the seller took off the goods after the order was made; less than nothing where they made them dearer."""
    memo: str = ""
    memo_icon: str = ""
    received_at: datetime | None = None
    closed_at: datetime | None = None
    close_reason: str = ""
    closed_by: str = ""
    """``BUYER`` of an unpaid order, ``CLOSE_TRADE_BY_SELLER`` by a refund, ``CLOSE_TRADE_BY_BOPS`` unpaid too long."""

    @property
    def entry_ids(self) -> list[int]:
        """Ids of its lines."""
        return [self.order_id + number for number in range(1, len(self.lines) + 1)]

    @property
    def refund_under_way(self) -> Refund | None:
        """What is asked back now, at most one."""
        return next((refund for refund in self.refunds if refund.is_under_way), None)

    @property
    def total_fen(self) -> int:
        """Goods and freight."""
        return self.goods_fen + self.freight_fen

    @property
    def goods_fen(self) -> int:
        """Goods alone."""
        return sum(line.amount_fen for line in self.lines) - self.discount_fen

    @property
    def refunded_fen(self) -> int:
        """What was given back so far."""
        return sum(each.goods_fen + each.freight_fen for each in self.refunds if each.status == "refundsuccess")


@dataclass(frozen=True, slots=True)
class NewOrder:
    """What a purchase asks for, once its lines were checked."""

    account: Account
    lines: tuple[Line, ...]
    address: Json
    message: str
    out_order_id: str = ""
    trade_type: str = "alipay"


@dataclass(frozen=True, slots=True)
class Message:
    """What an account was, or was to be, told (1688.md §6.1)."""

    msg_id: int
    account: Account
    topic: str
    born: datetime
    data: Json
