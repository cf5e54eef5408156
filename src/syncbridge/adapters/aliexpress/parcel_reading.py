"""Lines, booked parcels and tracking of AliExpress in our words (aliexpress.md §6)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from syncbridge.adapters.aliexpress import wire_logistics
from syncbridge.adapters.aliexpress.wire import Text, as_text, utc
from syncbridge.model.money import Money
from syncbridge.model.shipping import Booking, LineQuote, Movement, ParcelDraft, Sighting, Track

_COST = re.compile(
    r"^\s*(CN\s*[¥￥]|CNY|RMB|[¥￥]|USD?\s*\$?|\$)?\s*(\d+(?:\.\d+)?)\s*(CNY|RMB|USD|元)?\s*$", re.IGNORECASE
)
_YUAN, _DOLLARS = ("CN", "RMB", "¥", "￥", "元"), ("US", "$")
_DAYS = re.compile(r"^\D*(\d{1,3})(?:\s*[-~至到]\s*(\d{1,3}))?\D*$")
_DELIVERED = frozenset({"GTMS_SIGNED", "GSTA_SIGN", "GSTA_BUYER_SIGN"})
_SIGNED_SOMEWHERE = frozenset({"SIGNED", "STA_SIGN"})
"""Delivered, "within China" in the vendor's words: it may be the warehouse that signed."""
_NOT_DELIVERED = frozenset(
    {"GTMS_DEL_FAILURE", "GTMS_SIGN_FAILURE", "GTMS_STA_SIGN_FAILURE", "GSTA_SIGN_FAIL", "GSTA_BUYER_SIGN_FAIL"}
    | {"STA_SIGN_FAIL", "FAILED"}
)
_MOVEMENTS = {
    **dict.fromkeys(_DELIVERED, Movement.DELIVERED),
    **dict.fromkeys(_NOT_DELIVERED, Movement.NOT_DELIVERED),
    **dict.fromkeys(("CONSIGN", "OM_CONSIGN", "GTMS_ASN"), Movement.ANNOUNCED),
    **dict.fromkeys(("GTMS_WAIT_SELF_PICK", "GTMS_STA_SIGNED", "GSTA_INBOUND"), Movement.TO_COLLECT),
    **dict.fromkeys(("GTMS_DELIVERING", "GTMS_RE_DELIVERING"), Movement.OUT_FOR_DELIVERY),
    **dict.fromkeys(
        ("LH_POST_COLLECTION", "REJECT", "GWMS_REJECT", "GWMS_EXCEPTION", "GWMS_CANCEL", "RT_DESTROY", "RT_WH_DESTROY"),
        Movement.ABNORMAL,
    ),
    "RETURNED": Movement.RETURNED,
}
_WAYS = ("PU_", "SC_", "TD_", "CC_", "LH_", "CUS_", "CIQ_", "GTMS_", "GSTA", "GWMS_")
_WITHIN_CHINA = frozenset({"GOT", "DEPARTURE", "ARRIVAL", "SENT_SCAN", *_SIGNED_SOMEWHERE})
_ABROAD = ("LH_ARRIVE", "CC_IM_", "GTMS_", "GSTA")
_EPOCH = datetime.fromtimestamp(0, UTC)


def line(seen: wire_logistics.OnlineService) -> LineQuote:
    """A line that would take a parcel; whether it takes batteries nobody says."""
    service = as_text(seen.logistics_service_id)
    cost = _cost(seen.discount_trial_result) or _cost(seen.trial_result)
    return LineQuote(service, seen.logistics_service_name or service, cost, _days(seen.logistics_timeliness))


def _cost(said: Text) -> Money | None:
    """An amount with its currency; None for one without, or for other words."""
    found = _COST.match(as_text(said))
    if found is None:
        return None
    marks = f"{found[1] or ''}{found[3] or ''}".upper()
    currency = "CNY" if any(mark in marks for mark in _YUAN) else "USD" if any(m in marks for m in _DOLLARS) else ""
    return Money.of(found[2], currency) if currency else None


def _days(said: Text) -> tuple[int, int] | None:
    found = _DAYS.match(as_text(said))
    if found is None:
        return None
    least, most = int(found[1]), int(found[2] or found[1])
    return (least, most) if least <= most else None


def booking(seen: wire_logistics.LogisticsOrder, draft: ParcelDraft) -> Booking:
    """A booked parcel of a mark; its number is the newest one, never the platform's own LP number."""
    service = seen.international_logistics_type or draft.service
    cancelled = (seen.logistics_status or "").lower().endswith("closed")
    number = as_text(seen.internationallogistics_id).strip()
    return Booking(as_text(seen.online_logistics_id), draft.mark, service, service, number, cancelled)


def made(seen: wire_logistics.WarehouseOrder, draft: ParcelDraft) -> Booking:
    """The same, just booked."""
    number = as_text(seen.intl_tracking_no).strip()
    return Booking(as_text(seen.warehouse_order_id), draft.mark, draft.service, draft.service, number)


def track(number: str, events: Sequence[wire_logistics.Event]) -> Track:
    """How far a parcel is: as its newest event says whose code is known; never delivered by an unknown one.

    An event without a time that can be read is left out.
    """
    found = sorted(_sightings(events), key=lambda pair: pair[0].at, reverse=True)
    known = [sighting.movement for sighting, code in found if _is_known(code)]
    movement = known[0] if known else Movement.MOVING if found else Movement.UNKNOWN
    return Track(number, movement, tuple(sighting for sighting, _ in found))


def _sightings(events: Sequence[wire_logistics.Event]) -> Iterator[tuple[Sighting, str]]:
    dated = [(at, event) for event in events if (at := _time(event.event_date)) is not None]
    abroad_since = min((at for at, event in dated if _is_abroad(_code(event))), default=None)
    for at, event in dated:
        abroad = abroad_since is not None and abroad_since <= at
        moved = _movement(_code(event), abroad=abroad)
        yield Sighting(at, moved, event.event_desc or _code(event), event.address or ""), _code(event)


def _movement(code: str, *, abroad: bool) -> Movement:
    if code in _MOVEMENTS:
        return _MOVEMENTS[code]
    if code in _SIGNED_SOMEWHERE:
        return Movement.DELIVERED if abroad else Movement.MOVING
    if code.endswith(("_FAILURE", "_FAIL")):
        return Movement.ABNORMAL
    return Movement.RETURNED if code.startswith("RT_") else Movement.MOVING


def _is_known(code: str) -> bool:
    """Whether a code tells where a parcel is; ``…_OTHER`` does not."""
    if code.endswith("_OTHER"):
        return False
    return code in _MOVEMENTS or code in _WITHIN_CHINA or code.startswith((*_WAYS, "RT_"))


def _is_abroad(code: str) -> bool:
    return code != "GTMS_ASN" and code.startswith(_ABROAD)


def _code(event: wire_logistics.Event) -> str:
    """An event's code; the vendor's list spells two of them with a full-width underscore."""
    return (event.action_code or "").strip().upper().replace("＿", "_")


def _time(said: Text) -> datetime | None:
    """A time in epoch milliseconds or as a date of the vendor's; None for neither."""
    text = as_text(said).strip()
    try:
        return _EPOCH + timedelta(milliseconds=int(text)) if text.isdecimal() else utc(text)
    except (ValueError, OverflowError):
        return None
