"""Offers a person asked for: a run of items, and what became of each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Source(StrEnum):
    """Where the offers of a run were named."""

    OFFERS = "offers"
    """On the command line, by ids or addresses."""
    FILE = "file"
    KEYWORD = "keyword"
    SHOP = "shop"
    POOL = "pool"


class ItemState(StrEnum):
    """Where one item of a run stands."""

    WAITING = "waiting"
    IMPORTED = "imported"
    KNOWN = "known"
    """The account had it already."""
    DOUBLE = "double"
    """Another item, or another account, has the same offer."""
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class ImportItem:
    """One offer asked for: where, in which words, and what became of it."""

    number: int
    """Of the file's row, or the how-manieth it is; from 1."""
    written: str
    offer_id: str
    """Empty if what was written names none."""
    state: ItemState = ItemState.WAITING
    code: str = ""
    """Why it is not imported; the texts have words for each."""
    why: str = ""
    tries: int = 0


@dataclass(frozen=True, slots=True)
class ImportRun:
    """Offers a person asked for at once."""

    id: int
    account: str
    source: Source
    what: str
    """The file, the words or the shop."""
    stores: tuple[str, ...]
    """Where they are to be listed; empty: wherever a route leads."""
    most: int | None
    """So many of what is found are taken; None: all."""
    begun_at: datetime
    listed_at: datetime | None = None
    """When it was known which offers they are."""
    ended_at: datetime | None = None
