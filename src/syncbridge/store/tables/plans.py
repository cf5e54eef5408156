"""What is to change on the channel, and what the seller keeps from it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Column, Index, text
from sqlmodel import Field, SQLModel

from syncbridge.store.types import Json, time_column


class PlanRow(SQLModel, table=True):
    """The changes of one run in one store, and why there was a run."""

    __tablename__ = "plan"
    __table_args__ = (Index("plan_recent", "store", "made_at"),)

    id: int | None = Field(default=None, primary_key=True)
    store: str = Field(default="", sa_column_kwargs={"server_default": text("''")})
    cause: str
    made_at: datetime = Field(sa_column=time_column())
    repriced: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    """SKUs whose price it changes without asking a person."""
    zeroed: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    """SKUs whose stock it sets to zero without asking a person."""


class ChangeRow(SQLModel, table=True):
    """One outward catalogue write, before and after, with its reason and rule."""

    __tablename__ = "change"
    __table_args__ = (
        Index("change_plan", "plan", "listing"),
        Index("change_listing", "listing", "state"),
        Index(
            "change_held",
            "guard",
            "plan",
            sqlite_where=text("state = 'held'"),
            postgresql_where=text("state = 'held'"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    plan: int = Field(foreign_key="plan.id")
    listing: int = Field(foreign_key="listing.id")
    sku_code: str = ""
    field: str
    before: str
    after: str
    reason: str
    rule: str
    state: str
    guard: str = Field(default="", sa_column_kwargs={"server_default": text("''")})
    result: str = Field(default="", sa_column_kwargs={"server_default": text("''")})
    passport: dict[str, str] = Field(sa_column=Column(Json(dict[str, str]), nullable=False, server_default="{}"))
    """Of a price that waits for a person; the binding has that of the price decided on."""


class LockRow(SQLModel, table=True):
    """A field the seller keeps, of a SKU, or of the listing itself (no SKU code)."""

    __tablename__ = "lock"

    listing: int = Field(foreign_key="listing.id", primary_key=True)
    sku_code: str = Field(primary_key=True)
    field: str = Field(primary_key=True)
    why: str
    since: datetime = Field(sa_column=time_column())
    told: str = ""
    """What the rules wanted instead when a plan last said that it is kept back."""
