"""Parcels and who moves them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Shipment:
    """One parcel: its carrier's key at the vendor and its tracking number."""

    carrier: str
    number: str
    mark: str | None = None
    """The parcel mark, where the vendor reports it."""


@dataclass(frozen=True, slots=True)
class ShippingService:
    """A carrier the channel accepts, with the pattern its numbers must match."""

    key: str
    name: str
    number_pattern: str
