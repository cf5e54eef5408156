"""What a buyer bought on a channel."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from syncbridge.model.money import Money


class OrderState(StrEnum):
    """Where an order stands on the channel; only TO_SHIP and PART_SHIPPED may be bought for."""

    UNPAID = "unpaid"
    RISK_CONTROL = "risk_control"
    TO_SHIP = "to_ship"
    PART_SHIPPED = "part_shipped"
    SHIPPED = "shipped"
    CANCELLING = "cancelling"
    FROZEN = "frozen"
    DISPUTED = "disputed"
    CANCELLED = "cancelled"
    """Ended without a sale."""
    FINISHED = "finished"
    OTHER = "other"

    @property
    def wants_goods(self) -> bool:
        """Whether the buyer is still owed goods by us."""
        return self in (OrderState.TO_SHIP, OrderState.PART_SHIPPED)


@dataclass(frozen=True, slots=True)
class OrderRef:
    """An order and the state of it that was seen, as a list shows it."""

    order_id: str
    modified_at: datetime
    status: str = ""
    """The channel's word for it; a second may hold two changes."""

    @property
    def version(self) -> str:
        """Tells what was seen of one order apart."""
        return f"{self.modified_at.isoformat()} {self.status}".strip()


@dataclass(frozen=True, slots=True)
class OrderLine:
    """One SKU and a quantity."""

    line_id: str
    listing_id: str
    sku_code: str
    quantity: int
    title: str
    price: Money
    """Of one unit."""
    ours_to_ship: bool = True
    """False for warehouse-sent and semi-managed lines, which are left alone."""


@dataclass(frozen=True, slots=True)
class BuyerAddress:
    """Where the buyer lives; personal data, encrypted at rest and masked on screen."""

    name: str
    phone: str
    country: str
    province: str
    city: str
    postcode: str
    street: str


@dataclass(frozen=True, slots=True)
class Order:
    """A channel order as last read."""

    order_id: str
    state: OrderState
    modified_at: datetime
    created_at: datetime
    lines: tuple[OrderLine, ...]
    total: Money
    address: BuyerAddress | None = None
    paid_at: datetime | None = None
    ship_by: datetime | None = None
    status: str = ""
    """The channel's word for the state, as its lists have it."""

    @property
    def destination(self) -> str:
        """The country it goes to, in the channel's letters; empty if the channel shows none."""
        return self.address.country if self.address else ""


class OrderStage(StrEnum):
    """What we are doing for a channel order; each order is in exactly one."""

    WAITING = "waiting"
    """Not to be bought for: unpaid, in risk control, frozen."""
    UNROUTED = "unrouted"
    """A line has no rule or no binding; a person is asked."""
    BUYING = "buying"
    DECLARED = "declared"
    """Every parcel is declared to the channel."""
    NOT_OURS = "not_ours"
    """Every line is sent by somebody else, or by the seller from own stock."""
    ENDED = "ended"
    """Cancelled, shipped or finished without us."""
