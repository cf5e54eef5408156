"""How a vendor's changes are read: page by page, resumable at a cursor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, NewType, TypeVar

Cursor = NewType("Cursor", str)
"""An opaque place in a vendor's changes: the caller stores it and hands it back unchanged."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some of a vendor's items, and where reading goes on after them."""

    items: tuple[T, ...]
    cursor: Cursor
    failures: tuple[tuple[str, str], ...] = ()
    """Items that could not be read, as (id, reason); the rest of the page is sound."""
