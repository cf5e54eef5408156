"""4PX's parcels and lines in our words. All raise ValueError for what cannot be read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import msgspec

from syncbridge.adapters.fourpx import wire
from syncbridge.model.shipping import Booking, LineQuote, ParcelDraft, Shipment


def consignment(row: dict[str, object]) -> wire.Consignment:
    """One row of ``ds.xms.order.get``."""
    return msgspec.convert(row, wire.Row, strict=False).consignment_info


def mark_in(row: dict[str, object]) -> str:
    """Whose row it is, even if the rest of it cannot be read."""
    info = row.get("consignment_info")
    return str(info.get("ref_no", "")) if isinstance(info, dict) else ""


def booking(seen: wire.Consignment) -> Booking:
    """A booked parcel; the line's code is also the carrier's word, which a route maps to the channel's key."""
    service = seen.logistics_product_code or ""
    return Booking(
        booking_id=seen.tracking_no or seen.ds_consignment_no,
        mark=seen.ref_no,
        service=service,
        carrier=service,
        number=number(seen.logistics_channel_no),
        cancelled=seen.consignment_status == wire.CLOSED,
    )


def created(seen: wire.Created, service: str) -> Booking:
    """The same, just booked."""
    booking_id = seen.tracking_no or seen.ds_consignment_no
    return Booking(booking_id, seen.ref_no, service, service, number(seen.logistics_channel_no))


@dataclass(frozen=True, slots=True)
class Announced:
    """What a row has to tell: a parcel with its number, or why there is none; nothing while that is awaited."""

    key: str = ""
    """Tells it apart, so that it is told once; empty if there is nothing to tell."""
    shipment: Shipment | None = None
    failure: tuple[str, str] | None = None
    created_at: datetime | None = None
    """None: it cannot be read."""
    waits: bool = False
    """Whether a number may still come."""


def announced(row: dict[str, object]) -> Announced:
    """What a row of ``ds.xms.order.get`` tells; never raises. A closed parcel goes nowhere and tells nothing."""
    try:
        seen = consignment(row)
    except msgspec.ValidationError as error:
        mark = mark_in(row)
        return Announced(f"!{mark}", failure=(mark or "a parcel", str(error)))
    known, at = number(seen.logistics_channel_no), seen.created_at
    if seen.consignment_status == wire.CLOSED:
        return Announced(created_at=at)
    if known:
        return Announced(
            f"{seen.ref_no} {known}", Shipment(seen.logistics_product_code or "", known, seen.ref_no), None, at
        )
    waits = seen.consignment_status not in wire.ENDED
    if seen.get_no_exmsg:
        return Announced(f"!{seen.ref_no}", None, (seen.ref_no, f"4PX has no number: {seen.get_no_exmsg}"), at, waits)
    return Announced(created_at=at, waits=waits)


def number(said: str | None) -> str:
    """The international number; empty while the vendor has none."""
    return (said or "").strip()


def line(product: wire.Product, estimate: wire.Estimate) -> LineQuote:
    """A line that would take the parcel."""
    code = product.logistics_product_code
    name = product.logistics_product_name_cn or product.logistics_product_name_en or code
    takes = {"Y": True, "N": False}.get(product.with_battery or "")
    return LineQuote(code, name, wire.yuan(estimate.lump_sum_fee), wire.days(estimate.estimated_time), takes)


def takes(product: wire.Product, draft: ParcelDraft) -> bool:
    """Whether a line may be asked about a parcel at all: one with a battery goes where they are not forbidden."""
    return not (draft.battery and product.with_battery == "N")
