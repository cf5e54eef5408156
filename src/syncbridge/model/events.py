"""A vendor telling us something happened: a hint, never the truth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class EventKind(StrEnum):
    """What to re-read because of an event."""

    OFFER_CHANGED = "offer_changed"
    ORDER_CHANGED = "order_changed"
    PURCHASE_CHANGED = "purchase_changed"
    PARCEL_MOVED = "parcel_moved"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class RawRequest:
    """A webhook as it came in: lower-case header names, the body's very bytes."""

    headers: Mapping[str, str]
    query: str
    body: bytes


@dataclass(frozen=True, slots=True)
class VendorEvent:
    """One event, normalised; its `key` is the same whenever the vendor sends it again."""

    key: str
    kind: EventKind
    topic: str
    """The vendor's own word."""
    subjects: tuple[str, ...]
    """Ids of the offers, orders or vendor orders to re-read, or numbers of the parcels to look for."""
    message_id: str = ""
    """The vendor's id of the message, which its `key` begins with before a colon; empty where it has none."""
