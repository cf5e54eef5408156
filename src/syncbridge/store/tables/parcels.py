"""Parcels of both legs."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Column, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from syncbridge.store.types import Encrypted, time_column


class WaybillRow(SQLModel, table=True):
    """A domestic parcel of a vendor order; its number is never declared to the channel, however old it is."""

    __tablename__ = "waybill"
    __table_args__ = (Index("waybill_number", "number"),)

    supplier: str = Field(primary_key=True)
    vendor_order_id: str = Field(primary_key=True)
    number: str = Field(primary_key=True)
    carrier: str
    """As the supplier names it."""
    seen_at: datetime = Field(sa_column=time_column())
    """When it was first read."""
    gone_at: datetime | None = Field(default=None, sa_column=time_column(nullable=True))
    """Since when the supplier shows it no more."""
    movement: str = ""
    said: str = ""
    moved_at: datetime | None = Field(default=None, sa_column=time_column(nullable=True))


class ParcelRow(SQLModel, table=True):
    """An international parcel of a purchase."""

    __tablename__ = "parcel"
    __table_args__ = (UniqueConstraint("purchase", "number"), Index("parcel_declared", "declared_at"))

    id: int | None = Field(default=None, primary_key=True)
    purchase: int = Field(foreign_key="purchase.id", index=True)
    carrier: str
    """As it was announced; once it is declared, the channel's key."""
    number: str
    mark: str = Field(default="", sa_column_kwargs={"server_default": text("''")})
    """It was announced under: the purchase's, or that of a further parcel of it."""
    state: str = Field(default="announced", sa_column_kwargs={"server_default": text("'announced'")})
    declared_at: datetime | None = Field(default=None, sa_column=time_column(nullable=True))
    movement: str = Field(default="", sa_column_kwargs={"server_default": text("''")})
    """How far it is; empty: nobody was asked yet."""
    said: str = Field(default="", sa_column_kwargs={"server_default": text("''")})
    """The last its carrier told, in their words."""
    moved_at: datetime | None = Field(default=None, sa_column=time_column(nullable=True))
    looked_at: datetime | None = Field(default=None, sa_column=time_column(nullable=True))


class BookingRow(SQLModel, table=True):
    """A parcel that is booked with whoever takes it abroad: the intent, and what became of it."""

    __tablename__ = "booking"
    __table_args__ = (Index("booking_made", "account", "booking_id"),)

    id: int | None = Field(default=None, primary_key=True)
    purchase: int = Field(foreign_key="purchase.id", index=True)
    mark: str = Field(unique=True)
    """That of the purchase; of further ones for it with a number behind."""
    vendor_order_id: str
    """Empty where the label comes first."""
    waybill: str
    """The supplier's, to the warehouse."""
    waybill_carrier: str
    state: str
    account: str = ""
    """Who was asked to take it."""
    draft: str | None = Field(default=None, sa_column=Column(Encrypted(), nullable=True))
    """As it was sent; holds the buyer's address."""
    service: str = ""
    booking_id: str = ""
    carrier: str = ""
    """The line's word for it."""
    number: str = ""
    label: str | None = Field(default=None, sa_column=Column(Encrypted(), nullable=True))
    """The file in base64."""
    looks: int = 0
    """Look-ups since it was sent that found nothing."""
    created_at: datetime = Field(sa_column=time_column())
    sent_at: datetime | None = Field(default=None, sa_column=time_column(nullable=True))
    booked_at: datetime | None = Field(default=None, sa_column=time_column(nullable=True))
    handed_at: datetime | None = Field(default=None, sa_column=time_column(nullable=True))
    """When a person saved the label to hand it to the supplier."""
