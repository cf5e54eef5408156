"""4PX's words: its answers as structs, and its times, weights and amounts (neighbours.md §4.1, appendix C).

``data`` is an object, a list, or either as JSON text inside a string; numbers come as text too. That ends here.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Annotated

import msgspec

from syncbridge.model.money import Money

Text = str | int | None
"""A field that comes as text or as a number, or not at all."""
CLOSED = "X"
ENDED = frozenset({"F", "R", CLOSED})
"""``consignment_status``: finished, returned, closed; no number is waited for any more."""
_NOT_ISO = {"UK": "GB", "SRB": "RS", "MNE": "ME", "KS": "XK"}
"""Letters of countries as buyers' addresses have them that are not those of ISO 3166-1."""
_EPOCH = datetime.fromtimestamp(0, UTC)
_LATEST = 4_102_444_800_000
"""The year 2100 in epoch milliseconds; what is later is no time."""
_DAYS = re.compile(r"^\s*(\d{1,3})(?:\s*[-~至到]\s*(\d{1,3}))?\D*$")


class Refusal(msgspec.Struct):
    """One reason why a call was not done."""

    error_code: Text = None
    error_msg: Text = None


class Envelope(msgspec.Struct):
    """Every answer: ``result`` 1 is done, 0 is not."""

    result: str | int
    msg: Text = None
    data: object = None
    errors: list[Refusal] | None = None


class Created(msgspec.Struct):
    """A parcel just booked; its number is often still empty."""

    ref_no: str
    tracking_no: str = msgspec.field(default="", name="4px_tracking_no")
    ds_consignment_no: str = ""
    logistics_channel_no: str | None = None


class Consignment(msgspec.Struct):
    """A booked parcel as it is now; ``get_no_exmsg`` says why its number could not be had."""

    ref_no: str
    consignment_create_date: Annotated[int, msgspec.Meta(ge=0, le=_LATEST)]
    tracking_no: str = msgspec.field(default="", name="4px_tracking_no")
    ds_consignment_no: str = ""
    logistics_channel_no: str | None = None
    get_no_exmsg: str | None = None
    logistics_product_code: str | None = None
    consignment_status: str | None = None

    @property
    def created_at(self) -> datetime:
        """When it was booked."""
        return _EPOCH + timedelta(milliseconds=self.consignment_create_date)


class Row(msgspec.Struct):
    """One parcel in the answer of ``ds.xms.order.get``."""

    consignment_info: Consignment


class LabelAddresses(msgspec.Struct):
    """Where the label is; empty while it is not ready."""

    logistics_label: str | None = None


class LabelInfo(msgspec.Struct):
    """The answer of ``ds.xms.label.get``."""

    label_url_info: LabelAddresses | None = None


class Product(msgspec.Struct):
    """A line."""

    logistics_product_code: str
    logistics_product_name_cn: str | None = None
    logistics_product_name_en: str | None = None
    with_battery: str | None = None


class Estimate(msgspec.Struct):
    """What a line would ask for a parcel, in yuan."""

    logistics_product_code: str
    lump_sum_fee: Text = None
    estimated_time: Text = None


def decoded(body: bytes | str) -> object:
    """JSON with fractions kept as text, so that no amount passes through a float; raises ValueError."""
    try:
        return msgspec.json.Decoder(float_hook=str).decode(body)
    except msgspec.DecodeError as error:
        raise ValueError(str(error)) from error


def data_of(envelope: Envelope) -> object:
    """What was answered, decoded once more where it is text; raises ValueError."""
    if isinstance(envelope.data, str):
        return decoded(envelope.data) if envelope.data.strip() else None
    return envelope.data


def encoded(body: object) -> str:
    """A body as JSON, with exact numbers for amounts."""
    return msgspec.json.Encoder(decimal_format="number").encode(body).decode()


def as_text(value: Text) -> str:
    """A code or a reason as text; empty where there is none."""
    return "" if value is None else str(value).strip()


def milliseconds(at: datetime) -> int:
    """A time as the vendor writes it."""
    return (at - _EPOCH) // timedelta(milliseconds=1)


def days(said: Text) -> tuple[int, int] | None:
    """``7-12`` as least and most; None for what is neither a number nor a range."""
    found = _DAYS.match(as_text(said))
    if found is None:
        return None
    least, most = int(found[1]), int(found[2] or found[1])
    return (least, most) if least <= most else None


def yuan(said: Text) -> Money | None:
    """An amount in CNY; None where none is told. Raises ValueError."""
    return Money.of(as_text(said), "CNY") if as_text(said) else None


def country(letters: str) -> str:
    """A country by ISO 3166-1."""
    return _NOT_ISO.get(letters, letters)


def hs_digits(code: str) -> str:
    """A customs code as digits only, which is all the vendor takes."""
    return re.sub(r"[.\s-]", "", code)


def amount(money: Money) -> Decimal:
    """An amount to the coin."""
    return money.rounded().amount
