"""How a vendor's changes are read: page by page, resumable at a cursor."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, NewType, TypeVar

Cursor = NewType("Cursor", str)
"""An opaque place in a vendor's changes: the caller stores it and hands it back unchanged."""

T = TypeVar("T")


def cursor_at(moment: datetime) -> Cursor:
    """Read orders, of a channel or of a supplier, that changed at that moment or later; no other list takes it."""
    return Cursor(moment.isoformat())


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some of a vendor's items, and where reading goes on after them."""

    items: tuple[T, ...]
    cursor: Cursor
    failures: tuple[tuple[str, str], ...] = ()
    """Items that could not be read, as (id, reason); the rest of the page is sound."""


async def read_to_end(pages: AsyncIterator[Page[T]], since: Cursor | None) -> Page[T]:
    """All pages as one; its cursor is the last page's, or `since` if there was none."""
    items: list[T] = []
    failures: list[tuple[str, str]] = []
    cursor = since or Cursor("")
    async for page in pages:
        items += page.items
        failures += page.failures
        cursor = page.cursor
    return Page(tuple(items), cursor, tuple(failures))
