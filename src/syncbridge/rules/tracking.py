"""Whether a tracking number may be declared, and how; and what becomes of a number that comes beside another."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from enum import Enum, auto

from syncbridge.model.orders import OrderLine
from syncbridge.model.shipping import ParcelState, Shipment, ShippingService
from syncbridge.rules.mapping import ShippingWay

MOST_NAMED = 5
"""Carriers named in place of one that is not on the list."""


class Fate(Enum):
    """What becomes of an announced number."""

    KNOWN = auto()
    """Nothing: it came before."""
    DECLARE = auto()
    REPLACE = auto()
    """It takes the place of another number."""
    ASK = auto()
    """There is another number under its mark, and nobody says which of them holds, or whether both do."""


@dataclass(frozen=True, slots=True)
class Packed:
    """How much of a purchase is known to be parcels of its own."""

    way: ShippingWay
    vendor_orders: int
    """Those not cancelled."""
    announced: int
    """International numbers that were announced for it, each that took another's place once."""


def problem(shipment: Shipment, services: Sequence[ShippingService], *, domestic: bool) -> str | None:
    """Why the channel would refuse this number, or None if it would not; `domestic` numbers are never told it."""
    if domestic:
        return f"{shipment.number} is the supplier's domestic number; the channel needs the international one"
    service = _service(shipment, services)
    if service is None:
        return f"{shipment.carrier} is not on the channel's list of carriers; map it under services of the route"
    if service.is_other and not (shipment.site and shipment.operator):
        form = f"{{key: {service.key}, site: https://…, carrier: …}}"
        return f"{service.key} wants the carrier's name and site, too; write {form} under services of the route"
    if service.number_pattern and not re.fullmatch(service.number_pattern, shipment.number):
        return f"{shipment.number} does not look like a number of {service.name} ({service.number_pattern})"
    return None


def accepted(shipment: Shipment, services: Sequence[ShippingService]) -> str:
    """What the channel takes in place of what it refused: the carrier's pattern, or else the carriers most like it."""
    service = _service(shipment, services)
    if service is None:
        keys = [service.key for service in services]
        return ", ".join(get_close_matches(shipment.carrier.upper(), keys, n=MOST_NAMED, cutoff=0))
    return f"{service.key} {service.number_pattern}".strip()


def fate(shipment: Shipment, known: Mapping[str, ParcelState]) -> Fate:
    """What becomes of a number, given those `known` under its mark."""
    others = {number for number, state in known.items() if state is ParcelState.ANNOUNCED} - {shipment.number}
    if shipment.replaces in others:
        return Fate.REPLACE
    if shipment.number in known:
        return Fate.KNOWN
    if others and shipment.replaces != "":
        return Fate.ASK
    return Fate.DECLARE


def purchase_mark(mark: str) -> str:
    """The mark of the purchase that a parcel's is made from: further parcels have a number behind it."""
    return mark.partition("-")[0]


def parcels(purchases: Sequence[Packed]) -> int:
    """How many parcels the purchases of an order make: booked ones one a vendor order, a forwarder's one each.

    More if more were announced.
    """
    return sum(max(one.announced, _at_least(one)) for one in purchases)


def is_complete(declared: int, parcels: int) -> bool:
    """Whether one more declaration makes the order wholly shipped."""
    return declared + 1 >= parcels


def has_own_stock(lines: Sequence[OrderLine], bought: Collection[str]) -> bool:
    """Whether the seller ships lines of an order that are not among those `bought`, by id; unknown if none is."""
    return bool(bought) and any(line.ours_to_ship and line.line_id not in bought for line in lines)


def _at_least(one: Packed) -> int:
    return 1 if one.way is ShippingWay.FORWARDER else max(1, one.vendor_orders)


def _service(shipment: Shipment, services: Sequence[ShippingService]) -> ShippingService | None:
    return next((service for service in services if service.key == shipment.carrier), None)
