"""Parcels, who moves them, and how far they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from syncbridge.model.money import Money
from syncbridge.model.orders import BuyerAddress


@dataclass(frozen=True, slots=True)
class Shipment:
    """One parcel: its carrier's key at the vendor and its tracking number."""

    carrier: str
    number: str
    mark: str | None = None
    """The parcel mark, where the vendor reports it."""
    replaces: str | None = None
    """The number whose place it takes; empty: none, it is a further parcel; None: nobody says."""
    site: str = ""
    """Where it can be followed, for a carrier that is not on the channel's list."""
    operator: str = ""
    """Who carries it, in the same case."""


class ParcelState(StrEnum):
    """What an international number is to us."""

    ANNOUNCED = "announced"
    """To be declared, or declared."""
    DOUBTFUL = "doubtful"
    """Its mark has another number already, and nobody says which of them holds."""
    REPLACED = "replaced"
    """Another number took its place."""


@dataclass(frozen=True, slots=True)
class ShippingService:
    """A carrier the channel accepts, with the pattern its numbers must match."""

    key: str
    name: str
    number_pattern: str

    @property
    def is_other(self) -> bool:
        """Whether it stands for carriers that are not on the list, which are to be named."""
        return self.key.upper().startswith("OTHER")


@dataclass(frozen=True, slots=True)
class Declared:
    """Goods of a parcel as customs are told of them."""

    name_cn: str
    name_en: str
    quantity: int
    value: Money
    """Of one unit."""
    weight_g: int
    """Of one unit."""
    hs_code: str = ""
    material: str = ""
    battery: bool = False
    line_id: str = ""
    """The order line they fill."""


@dataclass(frozen=True, slots=True)
class ParcelDraft:
    """A parcel that is to go abroad."""

    mark: str
    """The parcel mark, under which it is booked once."""
    order_id: str
    weight_g: int
    size_cm: tuple[int, int, int]
    goods: tuple[Declared, ...]
    receiver: BuyerAddress
    service: str = ""
    """The line's key; empty while lines are still compared."""
    domestic_carrier: str = ""
    domestic_number: str = ""
    """The supplier's waybill to the warehouse; empty where the label comes first."""

    @property
    def battery(self) -> bool:
        """Whether any of the goods has one."""
        return any(one.battery for one in self.goods)


@dataclass(frozen=True, slots=True)
class LineQuote:
    """A line that would take a parcel, and what it asks."""

    service: str
    name: str
    cost: Money | None
    """None: nobody says."""
    days: tuple[int, int] | None = None
    """Least and most, from the warehouse to the buyer."""
    takes_battery: bool | None = None
    """None: nobody says."""


@dataclass(frozen=True, slots=True)
class Booking:
    """A parcel as whoever moves it abroad has booked it."""

    booking_id: str
    mark: str
    service: str
    carrier: str
    """The line's word for the carrier, to be declared under the channel's."""
    number: str = ""
    """The international tracking number; empty until it is known."""
    cancelled: bool = False


class BookingState(StrEnum):
    """How far we are with the booking of a parcel; only INTENDED may be sent without a look-up."""

    INTENDED = "intended"
    SENT = "sent"
    """The call may have gone out."""
    UNKNOWN = "unknown"
    """No clear answer came; looked up after the quarantine."""
    BOOKED = "booked"
    CANCELLED = "cancelled"
    """By whoever was to take it; a person may have it booked anew."""
    UNUSED = "unused"
    """Not needed any more: the order is cancelled, the goods come from elsewhere, or it was booked anew."""


@dataclass(frozen=True, slots=True)
class BookingIntent:
    """The intent to book one parcel, and what became of it."""

    id: int
    purchase: int
    mark: str
    """Under which it is booked: the purchase's, and a number behind it from the second on."""
    vendor_order_id: str
    """Whose goods it takes; empty where the label comes first."""
    waybill: str
    waybill_carrier: str
    state: BookingState
    account: str
    """Who was asked to take it; empty while nobody was."""
    booking_id: str
    carrier: str
    """The line's word for it."""
    number: str
    has_label: bool
    looks: int
    created_at: datetime
    sent_at: datetime | None
    booked_at: datetime | None
    handed_at: datetime | None

    @property
    def is_ready(self) -> bool:
        """Whether its number and its label are there."""
        return self.state is BookingState.BOOKED and bool(self.number) and self.has_label

    @property
    def comes_first(self) -> bool:
        """Whether it is booked before its goods are bought."""
        return not self.vendor_order_id


@dataclass(frozen=True, slots=True)
class Label:
    """A shipping label as a file."""

    content: bytes
    media_type: str = "application/pdf"


class Movement(StrEnum):
    """How far a parcel is, as its carrier tells."""

    UNKNOWN = "unknown"
    """Nobody knows the number yet."""
    ANNOUNCED = "announced"
    """Its data came, the parcel did not."""
    MOVING = "moving"
    TO_COLLECT = "to_collect"
    """It waits where the buyer may fetch it."""
    OUT_FOR_DELIVERY = "out_for_delivery"
    DELIVERED = "delivered"
    NOT_DELIVERED = "not_delivered"
    """An attempt failed, or the buyer refused it."""
    ABNORMAL = "abnormal"
    """Held, damaged, lost, stopped by customs."""
    RETURNED = "returned"


@dataclass(frozen=True, slots=True)
class Sighting:
    """One thing a carrier tells of a parcel."""

    at: datetime
    movement: Movement
    said: str
    """In the carrier's words."""
    place: str = ""


@dataclass(frozen=True, slots=True)
class Trail:
    """A parcel to be looked for."""

    carrier: str
    """The channel's key of the carrier."""
    number: str
    order_id: str
    country: str
    """Where it goes, by ISO 3166-1."""
    hints: Mapping[str, str] = field(default_factory=dict)
    """What single carriers want besides, such as the last digits of a telephone number (``phone``)."""


@dataclass(frozen=True, slots=True)
class Track:
    """How far a parcel is."""

    number: str
    movement: Movement
    sightings: tuple[Sighting, ...] = ()
    """The newest first."""
