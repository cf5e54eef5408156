"""Orders and their parcels as the vendor's books hold them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from syncbridge.adapters.aliexpress.mock.issue_book import Review

UNPAID = ("PLACE_ORDER_SUCCESS", "PAYMENT_PROCESSING")
ENDED = ("FINISH", "ARCHIVE")
CANCELLED = ("buyer_cancel_order", "buyer_cancel_order_in_risk")
NOT_PAID = ("buyer_cancel_notpay_order", "pay_timeout")
"""Statuses and end reasons of orders (aliexpress.md §5.3)."""


@dataclass
class Line:
    """One line of an order."""

    child_id: int
    product_id: int
    title: str
    sku_code: str
    quantity: int
    price: Decimal
    semi_managed: bool = False
    """Whether the platform's own flow ships it (aliexpress.md §10, 14)."""


@dataclass(frozen=True)
class Declared:
    """One declaration of a parcel."""

    service_name: str
    logistics_no: str
    send_type: str
    former: tuple[str, ...] = ()
    """The numbers it was declared under before, oldest first."""
    place: int = 0
    """The line of the order it is of, counted from 1; of all lines, if 0."""


@dataclass
class Order:
    """What a buyer bought."""

    order_id: int
    seller_id: str
    status: str
    lines: list[Line]
    address: dict[str, str]
    created_at: datetime
    modified_at: datetime
    ship_by: datetime
    declarations: list[Declared] = field(default_factory=list)
    status_before_cancel: str = ""
    cancel_reason: str = ""
    """The buyer's words, while and after a cancel is asked for."""
    cancel_asked_at: datetime | None = None
    end_reason: str = ""
    ended_at: datetime | None = None
    address_changed_at: list[datetime] = field(default_factory=list)
    cancel_refused_because: str = ""
    issue_status: str = "NO_ISSUE"
    review: Review | None = None
    seller_feedback: str = ""

    @property
    def buyer_login_id(self) -> str:
        """Who bought it."""
        return f"es{self.order_id % 10**10}"

    @property
    def oaid(self) -> str:
        """What deciphers its buyer."""
        return f"oaid{self.order_id}"

    def receipt_address(self, *, masked: bool) -> dict[str, str]:
        """Where it goes in the vendor's words, with stars for whom the seller may not see."""
        private = {"contact_person": "name", "mobile_no": "phone", "detail_address": "street"}
        shown = {
            word: f"{self.address[part][:1]}****" if masked else self.address[part] for word, part in private.items()
        }
        open_parts = {name: self.address[name] for name in ("country", "province", "city")}
        return shown | open_parts | {"zip": self.address["postcode"]}

    @property
    def was_paid(self) -> bool:
        """Whether the buyer's money came, whatever became of it."""
        return self.status not in UNPAID and self.end_reason not in NOT_PAID

    @property
    def cancelled_at(self) -> datetime | None:
        """When it ended without a sale."""
        return self.ended_at if self.end_reason in (*CANCELLED, *NOT_PAID) else None

    @property
    def total(self) -> Decimal:
        """What the buyer pays; freight is free."""
        return sum((line.price * line.quantity for line in self.lines), Decimal(0))


@dataclass
class WarehouseOrder:
    """A parcel booked on a line of the platform's own."""

    warehouse_order_id: int
    order_id: int
    service: str
    domestic_no: str
    created_at: datetime
    status: str = "init"
    number: str = ""
    first_number: str = ""
    """Before it was given another one."""
    reads: int = 0
    """How often it was looked at."""
    labels_asked: int = 0

    @property
    def lp_number(self) -> str:
        """The platform's own number, which is no tracking number."""
        return f"LP00{self.warehouse_order_id:012d}"
