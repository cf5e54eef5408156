"""The vendor's own books: accounts, products, orders, and the failures it was told to have."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from syncbridge.adapters.aliexpress.mock.issue_book import Issue
from syncbridge.adapters.aliexpress.mock.limits import Quota
from syncbridge.adapters.aliexpress.mock.order_book import ENDED, Order, WarehouseOrder
from syncbridge.adapters.fault_plan import FaultPlan, Planned
from syncbridge.ports import Clock

FaultName = Literal["lose_answer", "rate_limit", "token_expired", "unavailable", "html", "truncated"]
ACCESS_LIFETIME = timedelta(days=30)
REFRESH_LIFETIME = timedelta(days=60)
TEST_LIFETIMES = timedelta(days=1), timedelta(days=2)
"""Of tokens of an app in test status (aliexpress.md §2)."""
SELLER_CENTER = "seller_center"
"""Where a seller's account belongs; tokens of others open nothing here (aliexpress.md §10, 18)."""
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
    try:
        wall = datetime.strptime(text, _DATE).replace(tzinfo=_PACIFIC, fold=int(late))
        return wall.astimezone(ZoneInfo("UTC"))
    except (OverflowError, ValueError) as error:
        raise Refused("InvalidParameter", f"{text} is no date") from error


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
    platform: str = SELLER_CENTER
    business_types: tuple[str, ...] = ("POP",)
    callback: str = ""
    """Where its consent page may send the browser; anywhere, if empty."""
    ip_whitelist: tuple[str, ...] = ()
    withdrawn: tuple[str, ...] = ()
    """How the names of APIs begin that it may not call."""
    in_test: bool = False
    """Whether its app is in test status, with tokens of a day."""
    codes: dict[str, tuple[datetime, str]] = field(default_factory=dict)
    """Codes not used yet: until when, and the ``uuid`` they were asked for with."""
    pictures: list[str] = field(default_factory=list)


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


class World:
    """Everything the mock knows; time passes by the clock it was given, and nothing is left to chance."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.accounts: list[Account] = []
        self.products: dict[int, Product] = {}
        self.deleted: dict[int, Product] = {}
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
        self.orders_hidden_seconds = 0.0
        """So long a new order is missing from the lists."""
        self.mask_addresses = False
        """Whether an order shows its buyer in stars, to be deciphered by its ``oaid``."""
        self.issues: dict[int, Issue] = {}
        self.quota = Quota()
        self.refresh_grace = False
        """Whether a spent refresh token works until its successors are used; UNCONFIRMED (§11.10), so it does not."""
        self.calls: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.faults = FaultPlan()
        self._random = random.Random(1688)  # the same secrets in each run, so that a run can be repeated
        self._serial = 0

    def now(self) -> datetime:
        """The time by the clock."""
        return self.clock.now()

    def delete(self, product: Product) -> None:
        """Take a product away for good; only the list of deleted ones still shows it."""
        self.deleted[product.product_id] = self.products.pop(product.product_id)

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
            app_secret=self.secret(32),
            seller_id=str(self.serial(2000000000)),
            webhook_url=webhook_url,
            access_token="",
            refresh_token="",
            access_expires_at=now,
            refresh_expires_at=now,
        )
        self.accounts.append(account)
        self.authorise(account)
        return account

    def issue_tokens(self, account: Account) -> None:
        """A new pair of tokens; the old pair ends, and the day by which to authorise again stays (§2)."""
        account.spent_refresh_tokens.add(account.refresh_token)
        account.access_token = f"50000{self.secret(40)}"
        account.refresh_token = f"50001{self.secret(40)}"
        account.access_expires_at = self.now() + (TEST_LIFETIMES[0] if account.in_test else ACCESS_LIFETIME)
        account.issued.add(account.access_token)

    def authorise(self, account: Account) -> None:
        """The seller agreed anew: new tokens, and the day to do so again moves."""
        account.refresh_expires_at = self.now() + (TEST_LIFETIMES[1] if account.in_test else REFRESH_LIFETIME)
        self.issue_tokens(account)

    def account_of_app(self, app_key: str) -> Account | None:
        """Whose app it is."""
        return next((account for account in self.accounts if account.app_key == app_key), None)

    def account_once_opened_by(self, access_token: str) -> Account | None:
        """Whose token it is or was."""
        return next((account for account in self.accounts if access_token in account.issued), None)

    def plan_fault(self, api: str, fault: FaultName, count: int = 1) -> None:
        """Let the next calls of an API, or of any with ``*``, fail so."""
        self.faults.add(Planned(api, fault, count=count))

    def next_fault(self, api: str) -> str | None:
        """How this call is to fail."""
        return self.faults.next(api)

    def secret(self, digits: int) -> str:
        """So many hex digits nobody can guess who does not know the seed."""
        return f"{self._random.getrandbits(digits * 4):0{digits}x}"
