"""Offers as they were read, listings, and what binds the two."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Column, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from syncbridge.model.catalog import ListingDraft, Offer, Seen, Spec
from syncbridge.model.money import Money
from syncbridge.store.types import Json, money_column, time_column


class OfferRow(SQLModel, table=True):
    """The last snapshot of an offer."""

    __tablename__ = "offer"
    __table_args__ = (Index("offer_planned", "account", "planned_under"),)

    account: str = Field(primary_key=True)
    offer_id: str = Field(primary_key=True, index=True)
    snapshot: Offer = Field(sa_column=Column(Json(Offer), nullable=False))
    digest: str
    spec_count: int
    followed: bool = False
    changed_at: datetime = Field(sa_column=time_column())
    planned_under: str = Field(default="", sa_column_kwargs={"server_default": text("''")})
    """Digest of the rules its last plan was made under; empty: what changed since is not planned. See `catalogue`."""
    stores: list[str] | None = Field(default=None, sa_column=Column(Json(list[str]), nullable=True))
    """Where a person wants it listed; None: wherever a route leads."""


class ReadingRow(SQLModel, table=True):
    """When an offer was read and is read again; apart from its snapshot, since it changes at each reading."""

    __tablename__ = "reading"
    __table_args__ = (Index("reading_due", "account", "next_read_at"), Index("reading_pace", "account", "pace"))

    account: str = Field(primary_key=True)
    offer_id: str = Field(primary_key=True)
    read_at: datetime = Field(sa_column=time_column())
    next_read_at: datetime = Field(sa_column=time_column())
    change_rate: float
    """Changes a day, as far as was seen."""
    pace: int
    """How often it is worth reading beside others; see `rules.polling`."""
    sold: float = Field(default=0.0, sa_column_kwargs={"server_default": "0"})
    """Sales of late; half of them are forgotten every week."""
    watched_days: float = Field(default=1.0, sa_column_kwargs={"server_default": "1"})
    """How long it was watched for, as far as that is remembered."""


class OfferHistoryRow(SQLModel, table=True):
    """What a spec cost and how many there were, from then until its next row."""

    __tablename__ = "offer_history"
    __table_args__ = (Index("offer_history_spec", "account", "offer_id", "at"), Index("offer_history_at", "at"))

    id: int | None = Field(default=None, primary_key=True)
    account: str
    offer_id: str
    spec_id: str
    at: datetime = Field(sa_column=time_column())
    cost: Money | None = Field(default=None, sa_column=money_column())
    stock: int | None = None


class LostSpecRow(SQLModel, table=True):
    """A SKU whose spec the supplier no longer lists, with that spec as it was last seen, and what was decided."""

    __tablename__ = "lost_spec"
    __table_args__ = (
        Index(
            "lost_spec_open_once",
            "store",
            "sku_code",
            unique=True,
            sqlite_where=text("state = 'open'"),
            postgresql_where=text("state = 'open'"),
        ),
        Index("lost_spec_offer", "account", "offer_id", "state"),
    )

    id: int | None = Field(default=None, primary_key=True)
    store: str
    sku_code: str
    account: str
    offer_id: str
    spec: Spec = Field(sa_column=Column(Json(Spec), nullable=False))
    position: int
    """Its place among the specs of the offer, from 0."""
    state: str
    found_spec_id: str = ""
    """The spec that took its place, once that is decided."""
    lost_at: datetime = Field(sa_column=time_column())
    decided_at: datetime | None = Field(default=None, sa_column=time_column(nullable=True))


class GivenTextRow(SQLModel, table=True):
    """What a person wrote for an offer's listing in one store, in place of the supplier's words."""

    __tablename__ = "given_text"

    store: str = Field(primary_key=True)
    supplier: str = Field(primary_key=True)
    offer_id: str = Field(primary_key=True)
    title: str
    description_html: str
    given_at: datetime = Field(sa_column=time_column())


class ListingRow(SQLModel, table=True):
    """A product page of a store: one we made of an offer, or one that was adopted.

    An adopted one has no supplier, and the channel's id in place of an offer's: only its bindings say what feeds it.
    """

    __tablename__ = "listing"
    __table_args__ = (UniqueConstraint("store", "supplier", "offer_id"),)

    id: int | None = Field(default=None, primary_key=True)
    store: str
    supplier: str
    offer_id: str = Field(index=True)
    route: str
    state: str
    listing_id: str | None = Field(default=None, index=True)
    draft: ListingDraft = Field(sa_column=Column(Json(ListingDraft), nullable=False))
    sent_at: datetime | None = Field(default=None, sa_column=time_column(nullable=True))
    first_sent_at: datetime | None = Field(default=None, sa_column=time_column(nullable=True))
    """Since when it may be on the channel without our knowing."""
    missed_at: datetime | None = Field(default=None, sa_column=time_column(nullable=True))
    """When it was looked for and not found since it was last sent."""
    created_at: datetime = Field(sa_column=time_column())
    whole: bool = Field(default=True, sa_column_kwargs={"server_default": text("1")})
    """Whether all SKUs the channel shows are bound."""
    seen: Seen | None = Field(default=None, sa_column=Column(Json(Seen), nullable=True))
    pushed_at: datetime | None = Field(default=None, sa_column=time_column(nullable=True))
    state_sent: str | None = None


class BindingRow(SQLModel, table=True):
    """Which spec feeds which SKU, with the price and stock wanted and pushed."""

    __tablename__ = "binding"
    __table_args__ = (Index("binding_offer", "supplier", "offer_id"),)

    store: str = Field(primary_key=True)
    sku_code: str = Field(primary_key=True)
    listing: int = Field(foreign_key="listing.id", index=True)
    supplier: str
    offer_id: str
    spec_id: str
    sku_key: str | None = None
    price_wanted: Money | None = Field(default=None, sa_column=money_column())
    price: Money | None = Field(default=None, sa_column=money_column())
    stock_wanted: int = 0
    stock: int | None = None
    price_sent: Money | None = Field(default=None, sa_column=money_column())
    stock_sent: int | None = None
    stock_at: datetime | None = Field(default=None, sa_column=time_column(nullable=True))
    passport: dict[str, str] = Field(sa_column=Column(Json(dict[str, str]), nullable=False))
    """Why the wanted price is what it is: cost, rate, fees, rule, line."""
    discount: Money | None = Field(default=None, sa_column=money_column())
    """What the store's own discount asks, as last read."""
    first_plan: bool = Field(default=False, sa_column_kwargs={"server_default": text("0")})
    """Adopted, and no person has applied its first plan yet."""
    unsure: str = Field(default="", sa_column_kwargs={"server_default": text("''")})
    """Why nobody knows how many of it can be bought; empty: it is known."""


class PictureRow(SQLModel, table=True):
    """What a picture looks like, by its address; fetched once."""

    __tablename__ = "picture"

    url: str = Field(primary_key=True)
    fingerprint: str
    """64 bits as 16 hex digits; empty if it cannot be had."""
    why: str = ""
    seen_at: datetime = Field(sa_column=time_column())
