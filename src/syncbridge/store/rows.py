"""From a row to the value of the model that it holds."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import fields
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, TypeVar, get_type_hints

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T")
V = TypeVar("V", bound="DataclassInstance")
MOST_BOUND = 10_000
"""Values bound in one statement; SQLite takes 32,766."""


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
