"""Whether a tracking number may be declared, and how."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from syncbridge.model.orders import OrderLine
from syncbridge.model.shipping import Shipment, ShippingService


def problem(shipment: Shipment, services: Sequence[ShippingService], domestic: Collection[str]) -> str | None:
    """Why the channel would refuse this number, or None if it would not."""
    if shipment.number in domestic:
        return f"{shipment.number} is the supplier's domestic number; the channel needs the international one"
    service = next((service for service in services if service.key == shipment.carrier), None)
    if service is None:
        return f"{shipment.carrier} is not on the channel's list of carriers; map it under services of the route"
    if service.number_pattern and not re.fullmatch(service.number_pattern, shipment.number):
        return f"{shipment.number} does not look like a number of {service.name} ({service.number_pattern})"
    return None


def is_complete(declared: int, parcels: int) -> bool:
    """Whether one more declaration makes the order wholly shipped."""
    return declared + 1 >= parcels


def has_own_stock(lines: Sequence[OrderLine], bought: Collection[str]) -> bool:
    """Whether the seller ships lines of an order that are not among those `bought`, by id; unknown if none is."""
    return bool(bought) and any(line.ours_to_ship and line.line_id not in bought for line in lines)
