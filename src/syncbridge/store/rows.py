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
    hints = _hints(kind)
    return kind(**{field.name: _fitted(getattr(row, field.name), hints[field.name]) for field in fields(kind)})


def chunks(values: Collection[T]) -> Iterator[list[T]]:
    """The values in lists that one statement can bind."""
    every = list(values)
    return (every[first : first + MOST_BOUND] for first in range(0, len(every), MOST_BOUND))


@cache
def _hints(kind: type) -> dict[str, object]:
    return get_type_hints(kind)


def _fitted(stored: object, hint: object) -> object:
    if isinstance(stored, list):
        return tuple(stored)
    if isinstance(stored, str) and isinstance(hint, type) and issubclass(hint, StrEnum):
        return hint(stored)
    return stored
