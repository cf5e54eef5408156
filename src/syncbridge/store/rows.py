"""Rows of the tables, and the values of the model that they hold."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import fields
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar, cast, get_type_hints

from sqlalchemy import Select, bindparam, inspect, select
from sqlmodel import Session, SQLModel

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T")
R = TypeVar("R", bound=SQLModel)
V = TypeVar("V", bound="DataclassInstance")
MOST_BOUND = 10_000
"""Values bound in one statement; SQLite takes 32,766."""


def rows_of(session: Session, query: Select[R], **bound: object) -> list[R]:
    """What a query for a whole table finds, as plain rows with the table's attributes.

    Not as objects of the ORM, which cost several times as much: nothing is changed here by its attributes.
    """
    return cast(list[R], session.connection().execute(query, bound).all())


def row_of(session: Session, table: type[R], *key: object) -> R | None:
    """The row of this key, as plain as the above; None if there is none."""
    return cast(R | None, _of_key(session, table, key).first())


def known_row(session: Session, table: type[R], *key: object) -> R:
    """The same where there must be one; raises NoResultFound."""
    return cast(R, _of_key(session, table, key).one())


def _of_key(session: Session, table: type[R], key: tuple[object, ...]) -> Any:
    return session.connection().execute(_by_key(table), {f"key{n}": part for n, part in enumerate(key)})


@cache
def _by_key(table: type[R]) -> Select[R]:
    """Built once for each table: making an expression costs several times what running it does."""
    columns = inspect(table).primary_key
    return select(table).where(*(column == bindparam(f"key{n}") for n, column in enumerate(columns)))


def value(kind: type[V], row: object) -> V:
    """The value whose fields the row has columns for; lists become tuples, texts of a state its enum."""
    return kind(**{name: _fitted(getattr(row, name), state) for name, state in _fields(kind)})


def chunks(values: Collection[T]) -> Iterator[list[T]]:
    """The values in lists that one statement can bind."""
    every = list(values)
    return (every[first : first + MOST_BOUND] for first in range(0, len(every), MOST_BOUND))


@cache
def _fields(kind: type[DataclassInstance]) -> tuple[tuple[str, type[StrEnum] | None], ...]:
    """The name of each field, and its enum if it is a state."""
    hints = get_type_hints(kind)
    return tuple((field.name, _state(hints[field.name])) for field in fields(kind))


def _state(hint: object) -> type[StrEnum] | None:
    return hint if isinstance(hint, type) and issubclass(hint, StrEnum) else None


def _fitted(stored: object, state: type[StrEnum] | None) -> object:
    if state is not None and isinstance(stored, str):
        return state(stored)
    return tuple(stored) if isinstance(stored, list) else stored
