"""Orders, what was bought for them, and how long that takes."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Column, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from syncbridge.model.money import Money
from syncbridge.model.orders import OrderLine
from syncbridge.model.purchasing import PurchaseLine, Quote, RelayAddress
from syncbridge.store.types import Encrypted, Json, money_column, time_column


class OrderRow(SQLModel, table=True):
    """A channel order as last read."""

    __tablename__ = "channel_order"

    store: str = Field(primary_key=True)
    order_id: str = Field(primary_key=True)
    state: str
    status: str = Field(default="", sa_column_kwargs={"server_default": text("''")})
    """The channel's word for the state."""
    stage: str
    modified_at: datetime = Field(sa_column=time_column())
    created_at: datetime = Field(sa_column=time_column())
    paid_at: datetime | None = Field(default=None, sa_column=time_column(nullable=True))
    ship_by: datetime | None = Field(default=None, sa_column=time_column(nullable=True))
    total: Money = Field(sa_column=money_column(nullable=False))
    lines: list[OrderLine] = Field(sa_column=Column(Json(list[OrderLine]), nullable=False))
    address: str | None = Field(default=None, sa_column=Column(Encrypted(), nullable=True))


class PurchaseRow(SQLModel, table=True):
    """The intent to buy some lines of an order from one supplier, and what became of it."""

    __tablename__ = "purchase"
    __table_args__ = (UniqueConstraint("store", "order_id", "supplier", "split"),)

    id: int | None = Field(default=None, primary_key=True)
    store: str
    order_id: str = Field(index=True)
    supplier: str
    split: int
    route: str
    out_order_id: str = Field(unique=True)
    mark: str = Field(unique=True)
    state: str = Field(index=True)
    lines: list[PurchaseLine] = Field(sa_column=Column(Json(list[PurchaseLine]), nullable=False))
    payout: Money = Field(sa_column=money_column(nullable=False))
    """What is left of the sale of these lines after the shares of the channel, of advertising and of payment."""
    relay: RelayAddress = Field(sa_column=Column(Json(RelayAddress), nullable=False))
    quote: Quote | None = Field(default=None, sa_column=Column(Json(Quote), nullable=True))
    sent_at: datetime | None = Field(default=None, sa_column=time_column(nullable=True))
    fresh_look_ups: int = 0
    """Look-ups since it was sent that were proven fresh and found nothing."""
    line_ids: list[str] = Field(sa_column=Column(Json(list[str]), nullable=False, server_default="[]"))
    alternative: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    approvals: dict[str, str] = Field(sa_column=Column(Json(dict[str, str]), nullable=False, server_default="{}"))
    address_digest: str = Field(default="", sa_column_kwargs={"server_default": text("''")})
    merged_into: int | None = Field(default=None, index=True)
    """The purchase whose vendor orders are made for this one too."""
    created_at: datetime = Field(sa_column=time_column())


class VendorOrderRow(SQLModel, table=True):
    """A supplier's order; without a purchase it is an open item of the ledger."""

    __tablename__ = "vendor_order"
    __table_args__ = (Index("vendor_order_shipped", "supplier", "shipped_at"),)

    supplier: str = Field(primary_key=True)
    vendor_order_id: str = Field(primary_key=True)
    purchase: int | None = Field(default=None, foreign_key="purchase.id", index=True)
    state: str
    total: Money = Field(sa_column=money_column(nullable=False))
    out_order_id: str = Field(default="", index=True, sa_column_kwargs={"server_default": text("''")})
    note: str = Field(default="", sa_column_kwargs={"server_default": text("''")})
    """The buyer note, which carries the parcel mark."""
    lines: list[PurchaseLine] = Field(sa_column=Column(Json(list[PurchaseLine]), nullable=False, server_default="[]"))
    created_at: datetime | None = Field(default=None, sa_column=time_column(nullable=True))
    """When the supplier says it was made."""
    refund_id: str | None = None
    seen_at: datetime = Field(sa_column=time_column())
    paid_at: datetime | None = Field(default=None, sa_column=time_column(nullable=True))
    """As the supplier says, else as we noticed."""
    shipped_at: datetime | None = Field(default=None, sa_column=time_column(nullable=True))
    """The same."""
    urged_at: datetime | None = Field(default=None, sa_column=time_column(nullable=True))
    """When we last asked to ship it, or tried to."""


class LeadTimeRow(SQLModel, table=True):
    """A time that is expected to pass, measured on our own purchases; see `rules.deadlines`."""

    __tablename__ = "lead_time"

    basis: str = Field(primary_key=True)
    """``offer``, ``shop`` or ``route``."""
    account: str = Field(primary_key=True)
    """Of the supplier; empty for a route."""
    name: str = Field(primary_key=True)
    """The offer's id, the shop's, or the route's name."""
    seconds: int
    sample: int
    """Of how many; 0 for a route that too few parcels went by yet."""
    measured_at: datetime = Field(sa_column=time_column())
