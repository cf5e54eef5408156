"""What a person says of the numbers of an order's parcels: one was wrong, or one in doubt is a parcel's own."""

from __future__ import annotations

from collections.abc import Collection

from sqlmodel import Session

from syncbridge.errors import SyncBridgeError
from syncbridge.flows import fulfil
from syncbridge.flows.bridge import Bridge
from syncbridge.model.shipping import ParcelState, Shipment
from syncbridge.store import merging, parcels, waybills
from syncbridge.store.parcels import Parcel


def of_order(session: Session, order_id: str, stores: Collection[str]) -> list[Parcel]:
    """All international numbers of an order; raises SyncBridgeError if there is none."""
    found = parcels.of_order(session, order_id, stores)
    if not found:
        raise SyncBridgeError(f"no parcel of an order {order_id} was announced; see: syncbridge purchases list")
    return found


def correct(
    session: Session, bridge: Bridge, order_id: str, old: str, new: str, *, carrier: str, stores: Collection[str]
) -> None:
    """Another number takes the place of one; the channel is told so where it knows the old one.

    Where the parcel holds goods for several orders, for each. Without a `carrier` it is the old number's. Raises
    SyncBridgeError.
    """
    parcel = _numbered(session, order_id, old, stores)
    if parcel.state is ParcelState.REPLACED:
        raise SyncBridgeError(
            f"another number took the place of {old} already; see: syncbridge parcels list {order_id}"
        )
    if new == old:
        raise SyncBridgeError(f"{old} is the number it has; a carrier is corrected under services of the route")
    if waybills.is_domestic(session, new):
        raise SyncBridgeError(
            f"{new} is a domestic number of a supplier's parcel; the channel needs the international one"
        )
    for one in merging.together(session, parcel.purchase):
        if old in parcels.known(session, one, parcel.shipment.mark or ""):
            number = Shipment(carrier or parcel.shipment.carrier, new, parcel.shipment.mark, old)
            fulfil.replace_number(session, bridge, one, old, number)


def declare(session: Session, bridge: Bridge, order_id: str, number: str, *, stores: Collection[str]) -> None:
    """A number that came beside another is that of a further parcel. Raises SyncBridgeError if it is not in doubt."""
    parcel = _numbered(session, order_id, number, stores)
    if parcel.state is not ParcelState.DOUBTFUL:
        raise SyncBridgeError(f"{number} is not in doubt; see: syncbridge parcels list {order_id}")
    fulfil.declare_too(session, bridge, parcel)


def _numbered(session: Session, order_id: str, number: str, stores: Collection[str]) -> Parcel:
    found = of_order(session, order_id, stores)
    for parcel in found:
        if parcel.shipment.number == number:
            return parcel
    numbers = ", ".join(parcel.shipment.number for parcel in found)
    raise SyncBridgeError(f"order {order_id} has no parcel {number}; its numbers are {numbers}")
