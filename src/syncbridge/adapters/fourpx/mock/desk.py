"""What 4PX keeps: accounts, lines, parcels by the customer's own number, and the failures it was told to have."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Literal

from syncbridge.adapters.fourpx.mock import words
from syncbridge.ports import Clock

FaultName = Literal["lose_answer", "rate_limit", "unavailable"]
_WEEK = timedelta(days=7)


class Refused(Exception):
    """4PX says no. Its codes are not public: these are the mock's own."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Line:
    """A line, with what it asks in yuan and what it takes."""

    code: str
    name_cn: str
    name_en: str
    mode: str
    countries: tuple[str, ...]
    first: Decimal
    per_kg: Decimal
    days: str
    battery: bool = False
    heaviest_g: int = 2000


LINES = (
    Line("A1", "联邮通挂号", "Post Link Registered", "5", ("ES", "FR", "DE", "GB"), Decimal(18), Decimal(62), "9-15"),
    Line("S1", "专线带电", "4PX Line Battery", "4", ("ES", "FR", "US"), Decimal(22), Decimal(78), "7-12", battery=True),
    Line("PX", "国际小包挂号", "Registered Air Mail", "3", ("ES", "US", "BR", "AU"), Decimal(15), Decimal(90), "15-30"),
)


@dataclass
class Consignment:
    """A booked parcel."""

    ref_no: str
    tracking_no: str
    ds_no: str
    product: str
    created_at: datetime
    weight_g: int
    status: str = "P"
    number: str = ""
    no_number_because: str = ""
    reads: int = 0
    """How often it was looked at."""
    label_asked: int = 0
    asked_again: int = 0
    """How often somebody tried to book the same number once more."""
    express_no: str = ""
    spoilt: bool = False
    """Whether it is shown without the time it was made."""

    def row(self) -> dict[str, object]:
        """As ``ds.xms.order.get`` shows it."""
        info: dict[str, object] = {
            "ds_consignment_no": self.ds_no,
            "4px_tracking_no": self.tracking_no,
            "ref_no": self.ref_no,
            "get_no_mode": "C",
            "logistics_channel_no": self.number,
            "get_no_exmsg": self.no_number_because or None,
            "logistics_product_code": self.product,
            "logistics_product_name": self.product,
            "consignment_status": self.status,
            "insure_status": "N",
            "is_hold_sign": "N",
            "consignment_create_date": int(self.created_at.timestamp() * 1000),
            "4px_inbound_date": None,
            "4px_outbound_date": None,
        }
        if self.spoilt:
            del info["consignment_create_date"]
        parcel: dict[str, object] = {
            "confirm_parcel_qty": "1",
            "confirm_parcel_weight": None,
            "parcel_list_confirm_info": [],
        }
        return {"consignment_info": info, "parcel_confirm_info": parcel}


@dataclass
class Account:
    """One customer."""

    app_key: str
    app_secret: str
    parcels: dict[str, Consignment] = field(default_factory=dict)
    """By ``ref_no``."""


class Desk:
    """Everything the mock knows; nothing is left to chance."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.accounts: dict[str, Account] = {}
        self.reads_without_number = 2
        """So many looks at a parcel show no number yet."""
        self.labels_without_address = 1
        self.late_label: Literal["empty", "refused"] = "empty"
        """How it says that a label is not ready, which is not documented."""
        self.unknown_number: Literal["empty", "refused"] = "refused"
        """How it says that there is no such parcel, which is not documented."""
        self.calls: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.faults: list[tuple[str, FaultName]] = []
        self._serial = 0

    def open_account(self) -> Account:
        """A customer with an app of its own."""
        serial = self._next()
        account = Account(f"4px-app-{serial:04d}", f"4px-secret-{serial:04d}")
        self.accounts[account.app_key] = account
        return account

    def next_fault(self, method: str) -> FaultName | None:
        """How this call is to fail."""
        for place, (planned, fault) in enumerate(self.faults):
            if planned in (method, "*"):
                del self.faults[place]
                return fault
        return None

    def create(self, account: Account, asked: words.Create) -> object:
        """Book a parcel; a number of the customer's that is known is refused."""
        if asked.ref_no in account.parcels:
            account.parcels[asked.ref_no].asked_again += 1
            raise Refused("ref_no_exists", f"ref_no {asked.ref_no} exists already")
        (parcel,) = asked.parcel_list
        line = next((one for one in LINES if one.code == asked.logistics_service_info.logistics_product_code), None)
        if line is None:
            raise Refused("product_unknown", f"no product {asked.logistics_service_info.logistics_product_code}")
        if said := _not_taken(line, asked.recipient_info.country, parcel.weight, battery=parcel.include_battery == "Y"):
            raise Refused("not_taken", said)
        express = asked.deliver_type_info.express_to_4px_info
        made = self.announce(account, asked.ref_no, line.code)
        made.weight_g, made.express_no = parcel.weight, (express.tracking_no or "") if express else ""
        return {
            "ds_consignment_no": made.ds_no,
            "4px_tracking_no": made.tracking_no,
            "label_barcode": made.tracking_no,
            "ref_no": made.ref_no,
            "logistics_channel_no": "",
        }

    def announce(self, account: Account, ref_no: str, product: str, number: str = "") -> Consignment:
        """A parcel there is, however it came to be."""
        serial = self._next()
        made = Consignment(
            ref_no, f"4PX30{serial:08d}CN", f"DS{serial:010d}", product, self.clock.now(), 0, number=number
        )
        account.parcels[ref_no] = made
        return made

    def get(self, account: Account, asked: words.Get) -> object:
        """Parcels by one number, or by creation within at most 7 days; looking makes the number come."""
        if asked.request_no is not None:
            found = self._named(account, asked.request_no)
            if not found and self.unknown_number == "refused":
                raise Refused("not_found", f"no consignment {asked.request_no}")
        else:
            start, end = asked.start_time_of_create_consignment, asked.end_time_of_create_consignment
            if start is None or end is None:
                raise Refused("param_invalid", "request_no or both ends of a range are needed")
            if not 0 <= end - start <= _WEEK // timedelta(milliseconds=1):
                raise Refused("param_invalid", "the range is over 7 days")
            every = account.parcels.values()
            found = [one for one in every if start <= int(one.created_at.timestamp() * 1000) <= end]
        found = [one for one in found if asked.consignment_status in ("ALL", one.status)]
        for one in found:
            one.reads += 1
            if one.reads > self.reads_without_number and not one.no_number_because and one.status != "X":
                one.number = one.number or f"UF{int(one.ds_no[2:]):09d}YP"
        return [one.row() for one in found]

    def label(self, account: Account, asked: words.GetLabel) -> object:
        """Where the label is; at first nowhere."""
        found = self._named(account, asked.request_no)
        if not found:
            raise Refused("not_found", f"no consignment {asked.request_no}")
        (parcel,) = found
        parcel.label_asked += 1
        ready = parcel.label_asked > self.labels_without_address
        if not ready and self.late_label == "refused":
            raise Refused("label_late", "the label is being made")
        address = f"/labels/{account.app_key}/{parcel.tracking_no}.pdf" if ready else ""
        return {"label_barcode": parcel.tracking_no, "label_url_info": {"logistics_label": address}}

    def products(self, account: Account, asked: words.ListProducts) -> object:
        """The lines."""
        return [
            {
                "logistics_product_code": line.code,
                "logistics_product_name_cn": line.name_cn,
                "logistics_product_name_en": line.name_en,
                "transport_mode": line.mode,
                "with_battery": "Y" if line.battery else "N",
                "order_track": "Y",
                "surface_mail": "N",
                "billing_volume_weight": "Y",
            }
            for line in LINES
            if asked.transport_mode in ("1", line.mode)
        ]

    def estimate(self, account: Account, asked: words.Estimate) -> object:
        """What the lines would ask, for those that would take the parcel."""
        sides = (asked.length, asked.width, asked.height)
        if any(sides) and not all(sides):
            raise Refused("param_invalid", "length, width and height go together")
        weight = int(asked.weight)
        return [
            {
                "logistics_product_code": line.code,
                "lump_sum_fee": f"{line.first + line.per_kg * weight / 1000:.2f}",
                "estimated_time": line.days,
                "is_show_track": "Y",
                "is_volume_cargo": "N",
                "charge_weight": None,
                "remarks": "",
            }
            for line in LINES
            if line.code in (asked.logistics_product_code or [line.code])
            and not _not_taken(line, asked.country_code, weight, battery=False)
        ]

    def books(self) -> dict[str, object]:
        """What the ledger says."""
        return {
            "parcels": [
                {
                    "ref_no": one.ref_no,
                    "tracking_no": one.tracking_no,
                    "product": one.product,
                    "status": one.status,
                    "number": one.number,
                    "weight_g": one.weight_g,
                    "express_no": one.express_no,
                    "asked_again": one.asked_again,
                    "label_asked": one.label_asked,
                }
                for account in self.accounts.values()
                for one in account.parcels.values()
            ],
            "calls": dict(self.calls),
            "refused": dict(self.refused),
        }

    def _named(self, account: Account, number: str) -> list[Consignment]:
        return [one for one in account.parcels.values() if number in (one.ref_no, one.tracking_no, one.number)]

    def _next(self) -> int:
        self._serial += 1
        return self._serial


def _not_taken(line: Line, country: str, weight_g: int, *, battery: bool) -> str:
    if country not in line.countries:
        return f"{line.code} does not go to {country}"
    if weight_g > line.heaviest_g:
        return f"{line.code} takes up to {line.heaviest_g} g"
    return f"{line.code} takes no battery" if battery and not line.battery else ""


METHODS: Mapping[str, tuple[str, type[words.Words], str]] = {
    "ds.xms.order.create": ("1.1.0", words.Create, "create"),
    "ds.xms.order.get": ("1.1.0", words.Get, "get"),
    "ds.xms.label.get": ("1.1.0", words.GetLabel, "label"),
    "ds.xms.logistics_product.getlist": ("1.0.0", words.ListProducts, "products"),
    "ds.xms.estimated_cost.get": ("1.0.0", words.Estimate, "estimate"),
}
"""Each method's version, body, and who acts on it."""
