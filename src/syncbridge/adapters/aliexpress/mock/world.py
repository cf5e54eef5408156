"""The vendor's own books: accounts, products, orders, and the failures it was told to have."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Literal
from zoneinfo import ZoneInfo

from syncbridge.ports import Clock

FaultName = Literal["lose_answer", "rate_limit", "token_expired", "unavailable"]
ACCESS_LIFETIME = timedelta(days=30)
REFRESH_LIFETIME = timedelta(days=60)
UNPAID = ("PLACE_ORDER_SUCCESS", "PAYMENT_PROCESSING")
ENDED = ("FINISH", "ARCHIVE")
CANCELLED = ("buyer_cancel_order", "buyer_cancel_order_in_risk")
NOT_PAID = ("buyer_cancel_notpay_order", "pay_timeout")
"""Statuses and end reasons of orders (aliexpress.md §5.3)."""
_PACIFIC = ZoneInfo("America/Los_Angeles")
_DATE = "%Y-%m-%d %H:%M:%S"


class Refused(Exception):
    """The gateway or the API behind it says no, in the vendor's codes (aliexpress.md §3)."""

    def __init__(self, code: str, msg: str, *, sub_code: str = "", sub_msg: str = "", type_: str = "ISV") -> None:
        super().__init__(msg)
        self.code = code
        self.msg = msg
        self.sub_code = sub_code
        self.sub_msg = sub_msg
        self.type = type_


def written(at: datetime) -> str:
    """A time as the vendor writes dates: the wall clock of Los Angeles (aliexpress.md §5.3)."""
    return at.astimezone(_PACIFIC).strftime(_DATE)


def understood(text: str, *, late: bool) -> datetime:
    """A date of a request in UTC. What autumn makes ambiguous is read so that less is found."""
    wall = datetime.strptime(text, _DATE).replace(tzinfo=_PACIFIC, fold=int(late))
    return wall.astimezone(ZoneInfo("UTC"))


@dataclass
class Account:
    """One seller's app and its tokens."""

    app_key: str
    app_secret: str
    seller_id: str
    webhook_url: str
    access_token: str
    refresh_token: str
    access_expires_at: datetime
    refresh_expires_at: datetime
    spent_refresh_tokens: set[str] = field(default_factory=set)
    """Those before, until the tokens they brought have been used."""
    issued: set[str] = field(default_factory=set)
    """Every access token it ever had."""


@dataclass
class Sku:
    """One SKU of a product."""

    id: str
    number: int
    sku_code: str
    price: str
    stock: int
    properties: list[dict[str, object]]
    discount: str | None = None
    former_prices: list[str] = field(default_factory=list)
    """What it cost before, oldest first."""


_OTHERS: Mapping[str, object] = {
    "package_type": False,
    "reduce_strategy": "place_order_withhold",
    "gross_weight": "0.500",
    "package_length": 20,
    "package_width": 15,
    "package_height": 5,
    "delivery_time": 3,
}
"""Of a product that was there before."""


@dataclass
class Product:
    """One product of a seller."""

    product_id: int
    seller_id: str
    title: str
    locale: str
    category_id: int
    images: str
    skus: list[Sku]
    created_at: datetime
    modified_at: datetime
    audited_at: datetime
    """Until then it is examined and takes no change."""
    details: list[dict[str, object]] = field(default_factory=list)
    """Descriptions as they were sent."""
    on_sale: bool = True
    freight_template_id: int = 50164494212
    offline_because: str = "user_offline"
    """Why it is off sale, when it is (aliexpress-fields.md, ws_display)."""
    refused: bool = False
    """Whether the examination ended with a no."""
    quotes: dict[str, dict[str, int]] = field(default_factory=dict)
    """Percents above a SKU's price, by country and SKU id."""
    translations: list[dict[str, object]] = field(default_factory=list)
    """Titles in other languages than its own."""
    others: dict[str, object] = field(default_factory=lambda: dict(_OTHERS))
    """What nobody here looks at, as it was last written: parcel, compliance, attributes."""
    price_calls: int = 0
    stock_calls: int = 0

    def status(self, now: datetime) -> str:
        """``auditing`` until it was examined, then as the seller put it, or ``editingRequired``."""
        if now < self.audited_at:
            return "auditing"
        if self.refused:
            return "editingRequired"
        return "onSelling" if self.on_sale else "offline"

    def changed_at(self, now: datetime) -> datetime:
        """The last change; the end of the examination is one."""
        return max(self.modified_at, self.audited_at) if now >= self.audited_at else self.modified_at

    def sku(self, sku_id: str) -> Sku | None:
        """The SKU with this id, as product.query names it."""
        return next((sku for sku in self.skus if sku.id == sku_id), None)


@dataclass
class Line:
    """One line of an order."""

    child_id: int
    product_id: int
    title: str
    sku_code: str
    quantity: int
    price: Decimal


@dataclass(frozen=True)
class Declared:
    """One declaration of a parcel."""

    service_name: str
    logistics_no: str
    send_type: str
    former: tuple[str, ...] = ()
    """The numbers it was declared under before, oldest first."""


@dataclass
class Order:
    """What a buyer bought."""

    order_id: int
    seller_id: str
    status: str
    lines: list[Line]
    address: dict[str, str]
    created_at: datetime
    modified_at: datetime
    ship_by: datetime
    declarations: list[Declared] = field(default_factory=list)
    status_before_cancel: str = ""
    cancel_reason: str = ""
    """The buyer's words, while and after a cancel is asked for."""
    cancel_asked_at: datetime | None = None
    end_reason: str = ""
    ended_at: datetime | None = None
    address_changed_at: list[datetime] = field(default_factory=list)

    @property
    def was_paid(self) -> bool:
        """Whether the buyer's money came, whatever became of it."""
        return self.status not in UNPAID and self.end_reason not in NOT_PAID

    @property
    def cancelled_at(self) -> datetime | None:
        """When it ended without a sale."""
        return self.ended_at if self.end_reason in (*CANCELLED, *NOT_PAID) else None

    @property
    def total(self) -> Decimal:
        """What the buyer pays; freight is free."""
        return sum((line.price * line.quantity for line in self.lines), Decimal(0))


@dataclass
class WarehouseOrder:
    """A parcel booked on a line of the platform's own."""

    warehouse_order_id: int
    order_id: int
    service: str
    domestic_no: str
    created_at: datetime
    status: str = "init"
    number: str = ""
    first_number: str = ""
    """Before it was given another one."""
    reads: int = 0
    """How often it was looked at."""
    labels_asked: int = 0

    @property
    def lp_number(self) -> str:
        """The platform's own number, which is no tracking number."""
        return f"LP00{self.warehouse_order_id:012d}"


@dataclass
class Planned:
    """A failure to come."""

    api: str
    fault: FaultName
    count: int


class World:
    """Everything the mock knows; time passes by the clock it was given, and nothing is left to chance."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.accounts: list[Account] = []
        self.products: dict[int, Product] = {}
        self.orders: dict[int, Order] = {}
        self.warehouse_orders: list[WarehouseOrder] = []
        self.trails: dict[str, list[dict[str, object]]] = {}
        """What carriers told, by number, oldest first."""
        self.reads_without_number = 2
        """So many looks at a booked parcel show no number yet."""
        self.labels_without_body = 1
        self.declared_keys: Literal["camel", "snake"] = "camel"
        """Which keys of declared goods it takes; UNCONFIRMED (§6.2)."""
        self.audit_seconds = 1.0
        self.refresh_grace = False
        """Whether a spent refresh token works until its successors are used; UNCONFIRMED (§11.10), so it does not."""
        self.calls: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self._faults: list[Planned] = []
        self._random = random.Random(1688)  # the same secrets in each run, so that a run can be repeated
        self._serial = 0

    def now(self) -> datetime:
        """The time by the clock."""
        return self.clock.now()

    def change(self, order: Order, status: str, end_reason: str = "") -> None:
        """Move an order to a status; one that ends does so for a reason."""
        order.status, order.end_reason = status, end_reason
        order.modified_at = self.now()
        order.ended_at = order.modified_at if status in ENDED else None

    def serial(self, base: int) -> int:
        """A number not given before."""
        self._serial += 1
        return base + self._serial

    def open_account(self, webhook_url: str = "") -> Account:
        """A seller with an authorised app."""
        now = self.now()
        account = Account(
            app_key=str(self.serial(500000)),
            app_secret=self._secret(32),
            seller_id=str(self.serial(2000000000)),
            webhook_url=webhook_url,
            access_token="",
            refresh_token="",
            access_expires_at=now,
            refresh_expires_at=now + REFRESH_LIFETIME,
        )
        self.accounts.append(account)
        self.issue_tokens(account)
        return account

    def issue_tokens(self, account: Account) -> None:
        """A new pair of tokens; the old pair ends, and the day by which to authorise again stays (§2)."""
        account.spent_refresh_tokens.add(account.refresh_token)
        account.access_token = f"50000{self._secret(40)}"
        account.refresh_token = f"50001{self._secret(40)}"
        account.access_expires_at = self.now() + ACCESS_LIFETIME
        account.issued.add(account.access_token)

    def account_of_app(self, app_key: str) -> Account | None:
        """Whose app it is."""
        return next((account for account in self.accounts if account.app_key == app_key), None)

    def account_once_opened_by(self, access_token: str) -> Account | None:
        """Whose token it is or was."""
        return next((account for account in self.accounts if access_token in account.issued), None)

    def plan_fault(self, api: str, fault: FaultName, count: int = 1) -> None:
        """Let the next calls of an API, or of any with ``*``, fail so."""
        self._faults.append(Planned(api, fault, count))

    def next_fault(self, api: str) -> FaultName | None:
        """How this call is to fail."""
        for planned in self._faults:
            if planned.count > 0 and planned.api in (api, "*"):
                planned.count -= 1
                return planned.fault
        return None

    def _secret(self, digits: int) -> str:
        return f"{self._random.getrandbits(digits * 4):0{digits}x}"
