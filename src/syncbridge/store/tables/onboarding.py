"""Offers and listings that are being taken in."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Column, Index
from sqlmodel import Field, SQLModel

from syncbridge.model.adoption import Candidate
from syncbridge.model.catalog import SkuProperty
from syncbridge.model.money import Money
from syncbridge.store.types import Json, money_column, time_column


class ImportRunRow(SQLModel, table=True):
    """Offers a person asked for at once."""

    __tablename__ = "import_run"

    id: int | None = Field(default=None, primary_key=True)
    account: str
    source: str
    what: str
    """The file, the words or the shop."""
    stores: list[str] = Field(sa_column=Column(Json(list[str]), nullable=False))
    most: int | None = None
    begun_at: datetime = Field(sa_column=time_column())
    listed_at: datetime | None = Field(default=None, sa_column=time_column(nullable=True))
    """When it was known which offers they are."""
    ended_at: datetime | None = Field(default=None, sa_column=time_column(nullable=True))


class ImportItemRow(SQLModel, table=True):
    """One of these offers: what was written, and what became of it."""

    __tablename__ = "import_item"
    __table_args__ = (
        Index("import_item_next", "run", "state", "tries", "number"),
        Index("import_item_offer", "run", "offer_id"),
    )

    run: int = Field(primary_key=True, foreign_key="import_run.id")
    number: int = Field(primary_key=True)
    """Of the file's row, or the how-manieth it is."""
    written: str
    offer_id: str
    """Empty if what was written names none."""
    state: str
    code: str = ""
    why: str = ""
    tries: int = 0
    done_at: datetime | None = Field(default=None, sa_column=time_column(nullable=True))


class AdoptionListingRow(SQLModel, table=True):
    """A listing of an existing store as it was read, on its way under syncbridge."""

    __tablename__ = "adoption_listing"

    store: str = Field(primary_key=True)
    listing_id: str = Field(primary_key=True)
    title: str
    status: str
    category_id: str
    freight_template_id: str
    description_html: str
    images: list[str] = Field(sa_column=Column(Json(list[str]), nullable=False))
    read_at: datetime = Field(sa_column=time_column())


class AdoptionSkuRow(SQLModel, table=True):
    """One of its SKUs, and which spec may feed it."""

    __tablename__ = "adoption_sku"
    __table_args__ = (
        Index("adoption_sku_code", "store", "sku_code"),
        Index("adoption_sku_state", "store", "state"),
    )

    store: str = Field(primary_key=True)
    listing_id: str = Field(primary_key=True)
    sku_key: str = Field(primary_key=True)
    sku_code: str
    price: Money = Field(sa_column=money_column(nullable=False))
    stock: int
    discount: Money | None = Field(default=None, sa_column=money_column())
    properties: list[SkuProperty] = Field(sa_column=Column(Json(list[SkuProperty]), nullable=False))
    state: str
    cause: str = ""
    figures: list[str] = Field(sa_column=Column(Json(list[str]), nullable=False))
    candidates: list[Candidate] = Field(sa_column=Column(Json(list[Candidate]), nullable=False))
    score: float = 0.0
    """Of the first candidate."""
