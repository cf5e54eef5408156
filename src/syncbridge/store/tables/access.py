"""Accounts: until when they are open, what they may call, and what currencies are worth."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Column, text
from sqlmodel import Field, SQLModel

from syncbridge.store.types import Encrypted, time_column


class AccountState(SQLModel, table=True):
    """What an account needs beside its settings: tokens in force, and whether it is paused."""

    __tablename__ = "account_state"

    account: str = Field(primary_key=True)
    tokens: str | None = Field(default=None, sa_column=Column(Encrypted(), nullable=True))
    seed: str = ""
    """Digest of the configured tokens these came from; when it changes, the configuration wins."""
    paused_until: datetime | None = Field(default=None, sa_column=time_column(nullable=True))
    paused_why: str = ""
    reconciled_at: datetime | None = Field(default=None, sa_column=time_column(nullable=True))
    """When the account's own ledger was last read to its end; nothing is sent before that after a start."""
    stretch: float = Field(default=1.0, sa_column_kwargs={"server_default": "1"})
    """How far apart its offers are read; see `rules.polling`."""
    latest: float = Field(default=86400.0, sa_column_kwargs={"server_default": "86400"})
    """Seconds after which each of them is read again."""
    renewing_until: datetime | None = Field(default=None, sa_column=time_column(nullable=True))
    """So long one process alone may renew the tokens."""
    told: str = Field(default="", sa_column_kwargs={"server_default": text("''")})
    """What people were last told of the tokens' end, so that they are told once."""


class NotGrantedRow(SQLModel, table=True):
    """A call that the vendor does not let an account make."""

    __tablename__ = "not_granted"

    account: str = Field(primary_key=True)
    api: str = Field(primary_key=True)
    vendor: str
    code: str
    why: str
    since: datetime = Field(sa_column=time_column())
    ask_at: datetime = Field(sa_column=time_column())
    """From then on it is asked once more."""


class QuotaRow(SQLModel, table=True):
    """The generic cell rate algorithm's one number per vendor quota; no group stands for all of an account's calls."""

    __tablename__ = "quota"

    account: str = Field(primary_key=True)
    group: str = Field(primary_key=True)
    next_at: datetime = Field(sa_column=time_column())
    """When the next call would be due at an even pace."""
    day: str = Field(default="", sa_column_kwargs={"server_default": text("''")})
    """The date in China of the last call."""
    calls: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    """How many were reserved that day."""
    banned_until: datetime | None = Field(default=None, sa_column=time_column(nullable=True))
    """Until then the vendor takes no such calls."""
    banned_why: str = Field(default="", sa_column_kwargs={"server_default": text("''")})


class RateRow(SQLModel, table=True):
    """The exchange rate in force of a pair, and the last one told; rates and days as text, exact."""

    __tablename__ = "rate"

    pair: str = Field(primary_key=True)
    """Such as CNY/USD."""
    value: str
    day: str
    source: str
    since: datetime = Field(sa_column=time_column())
    told: str
    told_day: str
