"""Column types: UTC times, exact money, values as JSON, and what is encrypted at rest."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Generic, TypeVar, cast

import msgspec
from cryptography.fernet import InvalidToken, MultiFernet
from sqlalchemy import Column, DateTime, Text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

from syncbridge.errors import ConfigError
from syncbridge.model.money import Money

T = TypeVar("T")


class UtcTime(TypeDecorator[datetime]):
    """A time with zone UTC, whatever the database makes of it."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse a time without a zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value} has no time zone; times are stored as UTC")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Say that it is UTC."""
        return None if value is None else value.replace(tzinfo=UTC)


class MoneyText(TypeDecorator[Money]):
    """Money as ``13.90 CNY``: exact, and readable in the database."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Money | None, dialect: Dialect) -> str | None:
        """Amount, space, currency; every digit kept."""
        return None if value is None else f"{value.amount} {value.currency}"

    def process_result_value(self, value: str | None, dialect: Dialect) -> Money | None:
        """The same money."""
        return None if value is None else Money.parse(value)


class Json(TypeDecorator[T], Generic[T]):
    """A value of a model type as JSON text."""

    impl = Text
    cache_ok = True

    def __init__(self, kind: object) -> None:
        super().__init__()
        self.kind = kind
        self._read = reader(kind)

    def process_bind_param(self, value: T | None, dialect: Dialect) -> str | None:
        """As compact JSON."""
        return None if value is None else to_json(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> T | None:
        """Of the type it was."""
        return None if value is None else cast(T, self._read(value))


class Encrypted(TypeDecorator[str]):
    """Text that is unreadable without the key file: tokens, buyers, message bodies."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Encrypt with the newest key."""
        return None if value is None else keys_of(dialect).encrypt(value.encode()).decode()

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        """Decrypt with whichever key fits; raises ConfigError if none does."""
        if value is None:
            return None
        try:
            return keys_of(dialect).decrypt(value.encode()).decode()
        except InvalidToken:
            raise ConfigError(
                "the key file does not fit this database; put back the key file that belongs to it"
            ) from None


def time_column(*, nullable: bool = False) -> Column[datetime]:
    """A column of times in UTC."""
    return Column(UtcTime(), nullable=nullable)


def money_column(*, nullable: bool = True) -> Column[Money]:
    """A column of amounts, each with its currency."""
    return Column(MoneyText(), nullable=nullable)


def use_keys(dialect: Dialect, keys: MultiFernet) -> None:
    """Give a database its keys; each engine has a dialect of its own."""
    vars(dialect)["syncbridge_keys"] = keys


def keys_of(dialect: Dialect) -> MultiFernet:
    """The keys given to this database."""
    return cast(MultiFernet, vars(dialect)["syncbridge_keys"])


def to_json(value: object) -> str:
    """Compact JSON of model values; money, times and decimals as text."""
    return msgspec.json.encode(value, order="deterministic").decode()


def reader(kind: object) -> Callable[[str | bytes], object]:
    """What reads JSON into a type; it raises msgspec.ValidationError if it does not fit.

    To be made while its module is imported: msgspec lays a type out when it is first used, and the process dies of
    SIGSEGV if two threads do that at once.
    """
    return msgspec.json.Decoder(kind).decode
