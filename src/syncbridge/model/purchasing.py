"""What we buy to fill an order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from syncbridge.model.money import Money


@dataclass(frozen=True, slots=True)
class IntentKey:
    """The two names under which a purchase is found again at the supplier."""

    out_order_id: str
    mark: str
    """The parcel mark: short, on the parcel and in the buyer note."""


@dataclass(frozen=True, slots=True)
class RelayAddress:
    """The address in China a purchase is sent to."""

    name: str
    mobile: str
    province: str
    city: str
    district: str
    street: str
    town: str = ""
    postcode: str = ""


@dataclass(frozen=True, slots=True)
class PurchaseLine:
    """A spec and how many of it."""

    offer_id: str
    spec_id: str
    quantity: int


@dataclass(frozen=True, slots=True)
class PurchaseDraft:
    """A purchase we have decided on but not sent: one supplier, at most 50 lines."""

    lines: tuple[PurchaseLine, ...]
    address: RelayAddress
    note: str = ""
    """The buyer note; carries the parcel mark."""
    flow: str | None = None
    """The vendor's price scheme; None asks the preview for the best one."""
    trade_type: str | None = None


@dataclass(frozen=True, slots=True)
class Quote:
    """What the supplier would charge now."""

    goods: Money
    freight: Money
    total: Money
    flow: str
    trade_types: tuple[str, ...]
    """Empty: cannot be ordered through the API, buy it by hand."""


class VendorOrderState(StrEnum):
    """Where a vendor order stands at the supplier."""

    UNPAID = "unpaid"
    PAID = "paid"
    SHIPPED = "shipped"
    RECEIVED = "received"
    CANCELLED = "cancelled"
    OTHER = "other"

    @property
    def is_paid(self) -> bool:
        """Whether the money has left."""
        return self in (VendorOrderState.PAID, VendorOrderState.SHIPPED, VendorOrderState.RECEIVED)

    @property
    def is_shipped(self) -> bool:
        """Whether the supplier has handed it over."""
        return self in (VendorOrderState.SHIPPED, VendorOrderState.RECEIVED)


@dataclass(frozen=True, slots=True)
class PlacedOrder:
    """A vendor order as last read; right after placing, only id, total and freight are known."""

    vendor_order_id: str
    state: VendorOrderState
    total: Money
    freight: Money
    out_order_id: str | None = None
    note: str = ""
    lines: tuple[PurchaseLine, ...] = ()
    created_at: datetime | None = None
    modified_at: datetime | None = None
    paid_at: datetime | None = None
    """None: not yet, or the supplier does not say."""
    shipped_at: datetime | None = None
    """When all of it was; None as above."""
    part_shipped: bool = False
    """Some of it left, though it still counts as paid."""

    @property
    def has_left(self) -> bool:
        """Whether a parcel of it may be on its way, or was."""
        return self.part_shipped or self.state in (VendorOrderState.SHIPPED, VendorOrderState.RECEIVED)


@dataclass(frozen=True, slots=True)
class RefusedLine:
    """A line the supplier left out of what it placed."""

    line: PurchaseLine
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Placement:
    """The clear answer to a purchase: one call may make several vendor orders and refuse some lines."""

    orders: tuple[PlacedOrder, ...]
    refused: tuple[RefusedLine, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """What a look-up by intent showed."""

    orders: tuple[PlacedOrder, ...]
    fresh: bool
    """Whether the list was proven newer than the time asked about; an empty stale list proves nothing."""


@dataclass(frozen=True, slots=True)
class PaymentResult:
    """What the supplier said about a payment; unpaid ids may be paid all the same, so re-read them."""

    paid: tuple[str, ...]
    unpaid: tuple[str, ...] = ()


class RefundState(StrEnum):
    """Where a request for our money stands at the supplier."""

    ASKED = "asked"
    REFUNDED = "refunded"
    CLOSED = "closed"
    """Refused or taken back."""


@dataclass(frozen=True, slots=True)
class Refund:
    """A request for the money of a vendor order."""

    refund_id: str
    state: RefundState
    amount: Money


@dataclass(frozen=True, slots=True)
class SeenOrder:
    """A vendor order as we keep it, whoever made it; without a purchase it is an open item of the ledger."""

    supplier: str
    """Account name."""
    vendor_order_id: str
    purchase: int | None
    state: VendorOrderState
    total: Money
    out_order_id: str
    note: str
    lines: tuple[PurchaseLine, ...]
    created_at: datetime | None
    refund_id: str | None


class PurchaseState(StrEnum):
    """Where a purchase stands; only INTENDED may be sent without a look-up."""

    INTENDED = "intended"
    SENT = "sent"
    """The create call may have gone out."""
    UNKNOWN = "unknown"
    """No clear answer came; looked up after the quarantine, then a person decides."""
    BY_HAND = "by_hand"
    """Waits for a person to buy it on the supplier's page."""
    PLACED = "placed"
    PAID = "paid"
    SHIPPED = "shipped"
    """The supplier handed the parcel to a courier."""
    DECLARED = "declared"
    """The international number is declared to the channel."""
    REFUSED = "refused"
    """The supplier said no."""
    WITHDRAWING = "withdrawing"
    """The channel order no longer wants goods: being cancelled or refunded at the supplier."""
    STOPPED = "stopped"
    """Not wanted any more, or bought elsewhere; nothing of it is left to pay or to ship."""


@dataclass(frozen=True, slots=True)
class Purchase:
    """The intent to buy some lines of a channel order from one supplier, and what became of it."""

    id: int
    store: str
    order_id: str
    supplier: str
    """Account name."""
    route: str
    out_order_id: str
    mark: str
    state: PurchaseState
    lines: tuple[PurchaseLine, ...]
    payout: Money
    """What is left of the sale of these lines after the shares of the channel, of advertising and of payment."""
    relay: RelayAddress
    quote: Quote | None
    sent_at: datetime | None
    fresh_look_ups: int
    line_ids: tuple[str, ...]
    """The order lines it feeds."""
    alternative: int
    """Which way to buy those lines: 0 the rule's first, then its backup suppliers in turn."""
    approvals: Mapping[str, str]
    """What a person let pass: the code of a halt and the figure it was let pass at."""
    address_digest: str
    """Of the buyer's address as last taken note of; empty if none was read."""
    merged_into: int | None = None
    """The purchase that holds the vendor orders made for both, and the lines of both; None: itself."""

    @property
    def holder(self) -> int:
        """The purchase its vendor orders are kept under."""
        return self.merged_into or self.id

    @property
    def key(self) -> IntentKey:
        """Its names at the supplier."""
        return IntentKey(self.out_order_id, self.mark)

    @property
    def subject(self) -> str:
        """The order it belongs to, for people."""
        return f"order {self.store}/{self.order_id}"
