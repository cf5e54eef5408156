"""17TRACK's words: the parts of its answers that are read, its states as ours, its times in UTC.

Codes and carriers arrive as numbers, and are taken as text too; most documented fields may be null.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TypeAlias

import msgspec

from syncbridge.model.shipping import Movement

Text: TypeAlias = str | int | None
"""A field that comes as text or as a number, or not at all."""

STATES = {
    "NotFound": Movement.UNKNOWN,
    "NotFound_Other": Movement.UNKNOWN,
    "NotFound_InvalidCode": Movement.UNKNOWN,
    "InfoReceived": Movement.ANNOUNCED,
    "InTransit": Movement.MOVING,
    "InTransit_PickedUp": Movement.MOVING,
    "InTransit_Departure": Movement.MOVING,
    "InTransit_Arrival": Movement.MOVING,
    "InTransit_CustomsProcessing": Movement.MOVING,
    "InTransit_CustomsReleased": Movement.MOVING,
    "InTransit_CustomsRequiringInformation": Movement.ABNORMAL,
    "InTransit_Other": Movement.MOVING,
    "Expired": Movement.ABNORMAL,
    "Expired_Other": Movement.ABNORMAL,
    "AvailableForPickup": Movement.TO_COLLECT,
    "AvailableForPickup_Other": Movement.TO_COLLECT,
    "OutForDelivery": Movement.OUT_FOR_DELIVERY,
    "OutForDelivery_Other": Movement.OUT_FOR_DELIVERY,
    "DeliveryFailure": Movement.NOT_DELIVERED,
    "DeliveryFailure_NoBody": Movement.NOT_DELIVERED,
    "DeliveryFailure_Security": Movement.NOT_DELIVERED,
    "DeliveryFailure_Rejected": Movement.NOT_DELIVERED,
    "DeliveryFailure_InvalidAddress": Movement.NOT_DELIVERED,
    "DeliveryFailure_Other": Movement.NOT_DELIVERED,
    "Delivered": Movement.DELIVERED,
    "Delivered_Other": Movement.DELIVERED,
    "Exception": Movement.ABNORMAL,
    "Exception_NoBody": Movement.NOT_DELIVERED,
    "Exception_Rejected": Movement.NOT_DELIVERED,
    "Exception_Returning": Movement.RETURNED,
    "Exception_Returned": Movement.RETURNED,
    "Exception_Security": Movement.ABNORMAL,
    "Exception_Damage": Movement.ABNORMAL,
    "Exception_Delayed": Movement.ABNORMAL,
    "Exception_Lost": Movement.ABNORMAL,
    "Exception_Destroyed": Movement.ABNORMAL,
    "Exception_Cancel": Movement.ABNORMAL,
    "Exception_Other": Movement.ABNORMAL,
    "PickedUp": Movement.MOVING,
    "Departure": Movement.MOVING,
    "Arrival": Movement.MOVING,
    "Returning": Movement.RETURNED,
    "Returned": Movement.RETURNED,
}
"""Statuses, sub-statuses and stages; a parcel on its way back counts as returned, one given up on as abnormal."""


def movement(status: Text, sub_status: Text) -> Movement:
    """How far a parcel is, by its status, which its sub-status makes finer but never delivered.

    A word no document knows is UNKNOWN: it neither ends the following, as DELIVERED would, nor says that all is
    well, as MOVING would; a parcel nobody knows anything of for long is looked at by a person.
    """
    said = STATES.get(as_text(status), Movement.UNKNOWN)
    finer = STATES.get(as_text(sub_status), said)
    return said if finer is Movement.DELIVERED else finer


def event_movement(stage: Text, sub_status: Text) -> Movement:
    """What an event says, whose stage is mostly null; UNKNOWN where no document knows either word."""
    words = (as_text(sub_status), as_text(stage))
    return next((STATES[word] for word in words if word in STATES), Movement.UNKNOWN)


def as_text(value: Text) -> str:
    """A number or a code as text; empty where there is none."""
    return "" if value is None else str(value).strip()


def utc(*texts: str | None) -> datetime | None:
    """The first of these ISO 8601 times that can be read, in UTC, which one without a zone is taken for."""
    for text in texts:
        try:
            at = datetime.fromisoformat(text or "")
        except ValueError:
            continue
        return at.replace(tzinfo=at.tzinfo or UTC).astimezone(UTC)
    return None


class Problem(msgspec.Struct):
    """Why a call, or one number of it, was refused."""

    code: Text = None
    message: Text = None


class Payload(msgspec.Struct):
    """Numbers that were taken and that were not, each still to be read, so that none spoils the others."""

    accepted: list[msgspec.Raw] | None = None
    rejected: list[msgspec.Raw] | None = None
    errors: list[Problem] | None = None


class Envelope(msgspec.Struct):
    """What every call answers; 0 is success, also where all numbers were rejected."""

    code: Text = None
    data: Payload | None = None


class RejectedNumber(msgspec.Struct):
    """A number that was not taken."""

    number: Text
    error: Problem


class Event(msgspec.Struct):
    """One thing a carrier told."""

    time_iso: str | None = None
    time_utc: str | None = None
    description: Text = None
    location: Text = None
    stage: Text = None
    sub_status: Text = None


class Provider(msgspec.Struct):
    """A carrier's events; of a parcel that two carriers move there are two."""

    events: list[Event] | None = None


class Tracking(msgspec.Struct):
    """All carriers of a parcel."""

    providers: list[Provider] | None = None


class LatestStatus(msgspec.Struct):
    """How far it is."""

    status: Text = None
    sub_status: Text = None


class TrackInfo(msgspec.Struct):
    """All that is known of a parcel."""

    latest_status: LatestStatus | None = None
    latest_event: Event | None = None
    tracking: Tracking | None = None


class AcceptedNumber(msgspec.Struct):
    """A number that was taken; ``register`` tells nothing of its parcel yet."""

    number: Text
    carrier: Text = None
    track_info: TrackInfo | None = None


class PushedMessage(msgspec.Struct):
    """A push: an event and the parcel as ``gettrackinfo`` tells it."""

    event: str
    data: AcceptedNumber
