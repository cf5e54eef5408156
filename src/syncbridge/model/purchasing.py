"""What we buy to fill an order."""

from __future__ import annotations

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
