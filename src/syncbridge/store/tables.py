"""The tables. Rows are seen by `store` only; everything else gets values of `model`."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Column, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from syncbridge.model.adoption import Candidate
from syncbridge.model.catalog import ListingDraft, Offer, Seen, SkuProperty, Spec
from syncbridge.model.money import Money
from syncbridge.model.orders import OrderLine
from syncbridge.model.purchasing import PurchaseLine, Quote, RelayAddress
from syncbridge.store.types import Encrypted, Json, MoneyText, UtcTime


def _time(*, nullable: bool = False) -> Column[datetime]:
    return Column(UtcTime(), nullable=nullable)


def _money(*, nullable: bool = True) -> Column[Money]:
    return Column(MoneyText(), nullable=nullable)


class JobState(StrEnum):
    """Where a job stands."""

    READY = "ready"
    """Waits for its time, or for a worker."""
    RUNNING = "running"
    """Held by a worker until its lease ends."""
    DONE = "done"
    PARKED = "parked"
    """A dead letter: waits for a person, with its reason."""
    DROPPED = "dropped"
    """A person said it need not be done."""


class Job(SQLModel, table=True):
    """One named piece of work with at most one remote write."""

    __tablename__ = "job"
    __table_args__ = (
        Index("job_due", "run_at", sqlite_where=text("state = 'ready'"), postgresql_where=text("state = 'ready'")),
        Index(
            "job_leased",
            "lease_until",
            sqlite_where=text("state = 'running'"),
            postgresql_where=text("state = 'running'"),
        ),
        Index(
            "job_one_per_lock",
            "lock",
            unique=True,
            sqlite_where=text("state = 'running' AND lock IS NOT NULL"),
            postgresql_where=text("state = 'running' AND lock IS NOT NULL"),
        ),
        Index("job_state", "state", "kind"),
    )

    id: int | None = Field(default=None, primary_key=True)
    kind: str
    key: str = Field(unique=True)
    account: str
    subject: str = ""
    """What it is about, for people: ``order toys/8172…``."""
    args: dict[str, str] = Field(sa_column=Column(Json(dict[str, str]), nullable=False))
    priority: datetime = Field(sa_column=_time())
    """Ship-by time less expected lead time; sooner goes first."""
    lock: str | None = None
    """Jobs with the same lock never run at once."""
    state: str = JobState.READY
    run_at: datetime = Field(sa_column=_time())
    attempt: int = 0
    token: str | None = None
    lease_until: datetime | None = Field(default=None, sa_column=_time(nullable=True))
    claimed_at: datetime | None = Field(default=None, sa_column=_time(nullable=True))
    previous_claim_at: datetime | None = Field(default=None, sa_column=_time(nullable=True))
    reason_code: str = ""
    reason: str = ""
    created_at: datetime = Field(sa_column=_time())
    finished_at: datetime | None = Field(default=None, sa_column=_time(nullable=True))


class InboxRow(SQLModel, table=True):
    """Events accepted, each once."""

    __tablename__ = "inbox"
    __table_args__ = (UniqueConstraint("account", "key"), Index("inbox_received", "account", "received_at"))

    id: int | None = Field(default=None, primary_key=True)
    account: str
    key: str
    kind: str
    topic: str
    body: str = Field(sa_column=Column(Encrypted(), nullable=False))
    received_at: datetime = Field(sa_column=_time())


class AccountState(SQLModel, table=True):
    """What an account needs beside its settings: tokens in force, and whether it is paused."""

    __tablename__ = "account_state"

    account: str = Field(primary_key=True)
    tokens: str | None = Field(default=None, sa_column=Column(Encrypted(), nullable=True))
    seed: str = ""
    """Digest of the configured tokens these came from; when it changes, the configuration wins."""
    paused_until: datetime | None = Field(default=None, sa_column=_time(nullable=True))
    paused_why: str = ""
    reconciled_at: datetime | None = Field(default=None, sa_column=_time(nullable=True))
    """When the account's own ledger was last read to its end; nothing is sent before that after a start."""
    stretch: float = Field(default=1.0, sa_column_kwargs={"server_default": "1"})
    """How far apart its offers are read; see `rules.polling`."""
    latest: float = Field(default=86400.0, sa_column_kwargs={"server_default": "86400"})
    """Seconds after which each of them is read again."""
    renewing_until: datetime | None = Field(default=None, sa_column=_time(nullable=True))
    """So long one process alone may renew the tokens."""
    told: str = Field(default="", sa_column_kwargs={"server_default": text("''")})
    """What people were last told of the tokens' end, so that they are told once."""


class NotGrantedRow(SQLModel, table=True):
    """A call that the vendor does not let an account make."""

    __tablename__ = "not_granted"

    account: str = Field(primary_key=True)
    api: str = Field(primary_key=True)
    vendor: str
    code: str
    why: str
    since: datetime = Field(sa_column=_time())
    ask_at: datetime = Field(sa_column=_time())
    """From then on it is asked once more."""


class QuotaRow(SQLModel, table=True):
    """The generic cell rate algorithm's one number per vendor quota; no group stands for all of an account's calls."""

    __tablename__ = "quota"

    account: str = Field(primary_key=True)
    group: str = Field(primary_key=True)
    next_at: datetime = Field(sa_column=_time())
    """When the next call would be due at an even pace."""
    day: str = Field(default="", sa_column_kwargs={"server_default": text("''")})
    """The date in China of the last call."""
    calls: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    """How many were reserved that day."""
    banned_until: datetime | None = Field(default=None, sa_column=_time(nullable=True))
    """Until then the vendor takes no such calls."""
    banned_why: str = Field(default="", sa_column_kwargs={"server_default": text("''")})


class CursorRow(SQLModel, table=True):
    """How far a vendor's changes were read."""

    __tablename__ = "cursor"

    name: str = Field(primary_key=True)
    value: str


class OfferRow(SQLModel, table=True):
    """The last snapshot of an offer."""

    __tablename__ = "offer"
    __table_args__ = (Index("offer_planned", "account", "planned_under"),)

    account: str = Field(primary_key=True)
    offer_id: str = Field(primary_key=True, index=True)
    snapshot: Offer = Field(sa_column=Column(Json(Offer), nullable=False))
    digest: str
    spec_count: int
    followed: bool = False
    changed_at: datetime = Field(sa_column=_time())
    planned_under: str = Field(default="", sa_column_kwargs={"server_default": text("''")})
    """Digest of the rules its last plan was made under; empty: what changed since is not planned. See `catalogue`."""
    stores: list[str] | None = Field(default=None, sa_column=Column(Json(list[str]), nullable=True))
    """Where a person wants it listed; None: wherever a route leads."""


class ReadingRow(SQLModel, table=True):
    """When an offer was read and is read again; apart from its snapshot, since it changes at each reading."""

    __tablename__ = "reading"
    __table_args__ = (Index("reading_due", "account", "next_read_at"), Index("reading_pace", "account", "pace"))

    account: str = Field(primary_key=True)
    offer_id: str = Field(primary_key=True)
    read_at: datetime = Field(sa_column=_time())
    next_read_at: datetime = Field(sa_column=_time())
    change_rate: float
    """Changes a day, as far as was seen."""
    pace: int
    """How often it is worth reading beside others; see `rules.polling`."""
    sold: float = Field(default=0.0, sa_column_kwargs={"server_default": "0"})
    """Sales of late; half of them are forgotten every week."""
    watched_days: float = Field(default=1.0, sa_column_kwargs={"server_default": "1"})
    """How long it was watched for, as far as that is remembered."""


class OfferHistoryRow(SQLModel, table=True):
    """What a spec cost and how many there were, from then until its next row."""

    __tablename__ = "offer_history"
    __table_args__ = (Index("offer_history_spec", "account", "offer_id", "at"), Index("offer_history_at", "at"))

    id: int | None = Field(default=None, primary_key=True)
    account: str
    offer_id: str
    spec_id: str
    at: datetime = Field(sa_column=_time())
    cost: Money | None = Field(default=None, sa_column=_money())
    stock: int | None = None


class LostSpecRow(SQLModel, table=True):
    """A SKU whose spec the supplier no longer lists, with that spec as it was last seen, and what was decided."""

    __tablename__ = "lost_spec"
    __table_args__ = (
        Index(
            "lost_spec_open_once",
            "store",
            "sku_code",
            unique=True,
            sqlite_where=text("state = 'open'"),
            postgresql_where=text("state = 'open'"),
        ),
        Index("lost_spec_offer", "account", "offer_id", "state"),
    )

    id: int | None = Field(default=None, primary_key=True)
    store: str
    sku_code: str
    account: str
    offer_id: str
    spec: Spec = Field(sa_column=Column(Json(Spec), nullable=False))
    position: int
    """Its place among the specs of the offer, from 0."""
    state: str
    found_spec_id: str = ""
    """The spec that took its place, once that is decided."""
    lost_at: datetime = Field(sa_column=_time())
    decided_at: datetime | None = Field(default=None, sa_column=_time(nullable=True))


class GivenTextRow(SQLModel, table=True):
    """What a person wrote for an offer's listing in one store, in place of the supplier's words."""

    __tablename__ = "given_text"

    store: str = Field(primary_key=True)
    supplier: str = Field(primary_key=True)
    offer_id: str = Field(primary_key=True)
    title: str
    description_html: str
    given_at: datetime = Field(sa_column=_time())


class ImportRunRow(SQLModel, table=True):
    """Offers a person asked for at once."""

    __tablename__ = "import_run"

    id: int | None = Field(default=None, primary_key=True)
    account: str
    source: str
    what: str
    """The file, the words or the shop."""
    stores: list[str] = Field(sa_column=Column(Json(list[str]), nullable=False))
    most: int | None = None
    begun_at: datetime = Field(sa_column=_time())
    listed_at: datetime | None = Field(default=None, sa_column=_time(nullable=True))
    """When it was known which offers they are."""
    ended_at: datetime | None = Field(default=None, sa_column=_time(nullable=True))


class ImportItemRow(SQLModel, table=True):
    """One of these offers: what was written, and what became of it."""

    __tablename__ = "import_item"
    __table_args__ = (
        Index("import_item_next", "run", "state", "tries", "number"),
        Index("import_item_offer", "run", "offer_id"),
    )

    run: int = Field(primary_key=True, foreign_key="import_run.id")
    number: int = Field(primary_key=True)
    """Of the file's row, or the how-manieth it is."""
    written: str
    offer_id: str
    """Empty if what was written names none."""
    state: str
    code: str = ""
    why: str = ""
    tries: int = 0
    done_at: datetime | None = Field(default=None, sa_column=_time(nullable=True))


class ListingRow(SQLModel, table=True):
    """A product page of a store: one we made of an offer, or one that was adopted.

    An adopted one has no supplier, and the channel's id in place of an offer's: only its bindings say what feeds it.
    """

    __tablename__ = "listing"
    __table_args__ = (UniqueConstraint("store", "supplier", "offer_id"),)

    id: int | None = Field(default=None, primary_key=True)
    store: str
    supplier: str
    offer_id: str = Field(index=True)
    route: str
    state: str
    listing_id: str | None = Field(default=None, index=True)
    draft: ListingDraft = Field(sa_column=Column(Json(ListingDraft), nullable=False))
    sent_at: datetime | None = Field(default=None, sa_column=_time(nullable=True))
    first_sent_at: datetime | None = Field(default=None, sa_column=_time(nullable=True))
    """Since when it may be on the channel without our knowing."""
    missed_at: datetime | None = Field(default=None, sa_column=_time(nullable=True))
    """When it was looked for and not found since it was last sent."""
    created_at: datetime = Field(sa_column=_time())
    whole: bool = Field(default=True, sa_column_kwargs={"server_default": text("1")})
    """Whether all SKUs the channel shows are bound."""
    seen: Seen | None = Field(default=None, sa_column=Column(Json(Seen), nullable=True))
    pushed_at: datetime | None = Field(default=None, sa_column=_time(nullable=True))
    state_sent: str | None = None


class BindingRow(SQLModel, table=True):
    """Which spec feeds which SKU, with the price and stock wanted and pushed."""

    __tablename__ = "binding"
    __table_args__ = (Index("binding_offer", "supplier", "offer_id"),)

    store: str = Field(primary_key=True)
    sku_code: str = Field(primary_key=True)
    listing: int = Field(foreign_key="listing.id", index=True)
    supplier: str
    offer_id: str
    spec_id: str
    sku_key: str | None = None
    price_wanted: Money | None = Field(default=None, sa_column=_money())
    price: Money | None = Field(default=None, sa_column=_money())
    stock_wanted: int = 0
    stock: int | None = None
    price_sent: Money | None = Field(default=None, sa_column=_money())
    stock_sent: int | None = None
    stock_at: datetime | None = Field(default=None, sa_column=_time(nullable=True))
    passport: dict[str, str] = Field(sa_column=Column(Json(dict[str, str]), nullable=False))
    """Why the wanted price is what it is: cost, rate, fees, rule, line."""
    discount: Money | None = Field(default=None, sa_column=_money())
    """What the store's own discount asks, as last read."""
    first_plan: bool = Field(default=False, sa_column_kwargs={"server_default": text("0")})
    """Adopted, and no person has applied its first plan yet."""
    unsure: str = Field(default="", sa_column_kwargs={"server_default": text("''")})
    """Why nobody knows how many of it can be bought; empty: it is known."""


class AdoptionListingRow(SQLModel, table=True):
    """A listing of an existing store as it was read, on its way under syncbridge."""

    __tablename__ = "adoption_listing"

    store: str = Field(primary_key=True)
    listing_id: str = Field(primary_key=True)
    title: str
    status: str
    category_id: str
    freight_template_id: str
    description_html: str
    images: list[str] = Field(sa_column=Column(Json(list[str]), nullable=False))
    read_at: datetime = Field(sa_column=_time())


class AdoptionSkuRow(SQLModel, table=True):
    """One of its SKUs, and which spec may feed it."""

    __tablename__ = "adoption_sku"
    __table_args__ = (
        Index("adoption_sku_code", "store", "sku_code"),
        Index("adoption_sku_state", "store", "state"),
    )

    store: str = Field(primary_key=True)
    listing_id: str = Field(primary_key=True)
    sku_key: str = Field(primary_key=True)
    sku_code: str
    price: Money = Field(sa_column=_money(nullable=False))
    stock: int
    discount: Money | None = Field(default=None, sa_column=_money())
    properties: list[SkuProperty] = Field(sa_column=Column(Json(list[SkuProperty]), nullable=False))
    state: str
    cause: str = ""
    figures: list[str] = Field(sa_column=Column(Json(list[str]), nullable=False))
    candidates: list[Candidate] = Field(sa_column=Column(Json(list[Candidate]), nullable=False))
    score: float = 0.0
    """Of the first candidate."""


class PictureRow(SQLModel, table=True):
    """What a picture looks like, by its address; fetched once."""

    __tablename__ = "picture"

    url: str = Field(primary_key=True)
    fingerprint: str
    """64 bits as 16 hex digits; empty if it cannot be had."""
    why: str = ""
    seen_at: datetime = Field(sa_column=_time())


class RateRow(SQLModel, table=True):
    """The exchange rate in force of a pair, and the last one told; rates and days as text, exact."""

    __tablename__ = "rate"

    pair: str = Field(primary_key=True)
    """Such as CNY/USD."""
    value: str
    day: str
    source: str
    since: datetime = Field(sa_column=_time())
    told: str
    told_day: str


class PlanRow(SQLModel, table=True):
    """The changes of one run in one store, and why there was a run."""

    __tablename__ = "plan"
    __table_args__ = (Index("plan_recent", "store", "made_at"),)

    id: int | None = Field(default=None, primary_key=True)
    store: str = Field(default="", sa_column_kwargs={"server_default": text("''")})
    cause: str
    made_at: datetime = Field(sa_column=_time())
    repriced: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    """SKUs whose price it changes without asking a person."""
    zeroed: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    """SKUs whose stock it sets to zero without asking a person."""


class ChangeRow(SQLModel, table=True):
    """One outward catalogue write, before and after, with its reason and rule."""

    __tablename__ = "change"
    __table_args__ = (
        Index("change_plan", "plan", "listing"),
        Index("change_listing", "listing", "state"),
        Index(
            "change_held",
            "guard",
            "plan",
            sqlite_where=text("state = 'held'"),
            postgresql_where=text("state = 'held'"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    plan: int = Field(foreign_key="plan.id")
    listing: int = Field(foreign_key="listing.id")
    sku_code: str = ""
    field: str
    before: str
    after: str
    reason: str
    rule: str
    state: str
    guard: str = Field(default="", sa_column_kwargs={"server_default": text("''")})
    result: str = Field(default="", sa_column_kwargs={"server_default": text("''")})
    passport: dict[str, str] = Field(sa_column=Column(Json(dict[str, str]), nullable=False, server_default="{}"))
    """Of a price that waits for a person; the binding has that of the price decided on."""


class LockRow(SQLModel, table=True):
    """A field the seller keeps, of a SKU, or of the listing itself (no SKU code)."""

    __tablename__ = "lock"

    listing: int = Field(foreign_key="listing.id", primary_key=True)
    sku_code: str = Field(primary_key=True)
    field: str = Field(primary_key=True)
    why: str
    since: datetime = Field(sa_column=_time())
    told: str = ""
    """What the rules wanted instead when a plan last said that it is kept back."""


class HoldRow(SQLModel, table=True):
    """Stopped by a guard, waiting for a person; open while `closed_at` is empty."""

    __tablename__ = "hold"
    __table_args__ = (
        Index(
            "hold_open_once",
            "kind",
            "subject",
            unique=True,
            sqlite_where=text("closed_at IS NULL"),
            postgresql_where=text("closed_at IS NULL"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    kind: str
    subject: str
    figures: dict[str, str] = Field(sa_column=Column(Json(dict[str, str]), nullable=False))
    opened_at: datetime = Field(sa_column=_time())
    closed_at: datetime | None = Field(default=None, sa_column=_time(nullable=True))


class OrderRow(SQLModel, table=True):
    """A channel order as last read."""

    __tablename__ = "channel_order"

    store: str = Field(primary_key=True)
    order_id: str = Field(primary_key=True)
    state: str
    status: str = Field(default="", sa_column_kwargs={"server_default": text("''")})
    """The channel's word for the state."""
    stage: str
    modified_at: datetime = Field(sa_column=_time())
    created_at: datetime = Field(sa_column=_time())
    paid_at: datetime | None = Field(default=None, sa_column=_time(nullable=True))
    ship_by: datetime | None = Field(default=None, sa_column=_time(nullable=True))
    total: Money = Field(sa_column=_money(nullable=False))
    lines: list[OrderLine] = Field(sa_column=Column(Json(list[OrderLine]), nullable=False))
    address: str | None = Field(default=None, sa_column=Column(Encrypted(), nullable=True))


class PurchaseRow(SQLModel, table=True):
    """The intent to buy some lines of an order from one supplier, and what became of it."""

    __tablename__ = "purchase"
    __table_args__ = (UniqueConstraint("store", "order_id", "supplier", "split"),)

    id: int | None = Field(default=None, primary_key=True)
    store: str
    order_id: str = Field(index=True)
    supplier: str
    split: int
    route: str
    out_order_id: str = Field(unique=True)
    mark: str = Field(unique=True)
    state: str = Field(index=True)
    lines: list[PurchaseLine] = Field(sa_column=Column(Json(list[PurchaseLine]), nullable=False))
    payout: Money = Field(sa_column=_money(nullable=False))
    """What is left of the sale of these lines after the shares of the channel, of advertising and of payment."""
    relay: RelayAddress = Field(sa_column=Column(Json(RelayAddress), nullable=False))
    quote: Quote | None = Field(default=None, sa_column=Column(Json(Quote), nullable=True))
    sent_at: datetime | None = Field(default=None, sa_column=_time(nullable=True))
    fresh_look_ups: int = 0
    """Look-ups since it was sent that were proven fresh and found nothing."""
    line_ids: list[str] = Field(sa_column=Column(Json(list[str]), nullable=False, server_default="[]"))
    alternative: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    approvals: dict[str, str] = Field(sa_column=Column(Json(dict[str, str]), nullable=False, server_default="{}"))
    address_digest: str = Field(default="", sa_column_kwargs={"server_default": text("''")})
    merged_into: int | None = Field(default=None, index=True)
    """The purchase whose vendor orders are made for this one too."""
    created_at: datetime = Field(sa_column=_time())


class VendorOrderRow(SQLModel, table=True):
    """A supplier's order; without a purchase it is an open item of the ledger."""

    __tablename__ = "vendor_order"
    __table_args__ = (Index("vendor_order_shipped", "supplier", "shipped_at"),)

    supplier: str = Field(primary_key=True)
    vendor_order_id: str = Field(primary_key=True)
    purchase: int | None = Field(default=None, foreign_key="purchase.id", index=True)
    state: str
    total: Money = Field(sa_column=_money(nullable=False))
    out_order_id: str = Field(default="", index=True, sa_column_kwargs={"server_default": text("''")})
    note: str = Field(default="", sa_column_kwargs={"server_default": text("''")})
    """The buyer note, which carries the parcel mark."""
    lines: list[PurchaseLine] = Field(sa_column=Column(Json(list[PurchaseLine]), nullable=False, server_default="[]"))
    created_at: datetime | None = Field(default=None, sa_column=_time(nullable=True))
    """When the supplier says it was made."""
    refund_id: str | None = None
    seen_at: datetime = Field(sa_column=_time())
    paid_at: datetime | None = Field(default=None, sa_column=_time(nullable=True))
    """As the supplier says, else as we noticed."""
    shipped_at: datetime | None = Field(default=None, sa_column=_time(nullable=True))
    """The same."""
    urged_at: datetime | None = Field(default=None, sa_column=_time(nullable=True))
    """When we last asked to ship it, or tried to."""


class WaybillRow(SQLModel, table=True):
    """A domestic parcel of a vendor order; its number is never declared to the channel, however old it is."""

    __tablename__ = "waybill"
    __table_args__ = (Index("waybill_number", "number"),)

    supplier: str = Field(primary_key=True)
    vendor_order_id: str = Field(primary_key=True)
    number: str = Field(primary_key=True)
    carrier: str
    """As the supplier names it."""
    seen_at: datetime = Field(sa_column=_time())
    """When it was first read."""
    gone_at: datetime | None = Field(default=None, sa_column=_time(nullable=True))
    """Since when the supplier shows it no more."""
    movement: str = ""
    said: str = ""
    moved_at: datetime | None = Field(default=None, sa_column=_time(nullable=True))


class ParcelRow(SQLModel, table=True):
    """An international parcel of a purchase."""

    __tablename__ = "parcel"
    __table_args__ = (UniqueConstraint("purchase", "number"), Index("parcel_declared", "declared_at"))

    id: int | None = Field(default=None, primary_key=True)
    purchase: int = Field(foreign_key="purchase.id", index=True)
    carrier: str
    """As it was announced; once it is declared, the channel's key."""
    number: str
    mark: str = Field(default="", sa_column_kwargs={"server_default": text("''")})
    """It was announced under: the purchase's, or that of a further parcel of it."""
    state: str = Field(default="announced", sa_column_kwargs={"server_default": text("'announced'")})
    declared_at: datetime | None = Field(default=None, sa_column=_time(nullable=True))
    movement: str = Field(default="", sa_column_kwargs={"server_default": text("''")})
    """How far it is; empty: nobody was asked yet."""
    said: str = Field(default="", sa_column_kwargs={"server_default": text("''")})
    """The last its carrier told, in their words."""
    moved_at: datetime | None = Field(default=None, sa_column=_time(nullable=True))
    looked_at: datetime | None = Field(default=None, sa_column=_time(nullable=True))


class BookingRow(SQLModel, table=True):
    """A parcel that is booked with whoever takes it abroad: the intent, and what became of it."""

    __tablename__ = "booking"
    __table_args__ = (Index("booking_made", "account", "booking_id"),)

    id: int | None = Field(default=None, primary_key=True)
    purchase: int = Field(foreign_key="purchase.id", index=True)
    mark: str = Field(unique=True)
    """That of the purchase; of further ones for it with a number behind."""
    vendor_order_id: str
    """Empty where the label comes first."""
    waybill: str
    """The supplier's, to the warehouse."""
    waybill_carrier: str
    state: str
    account: str = ""
    """Who was asked to take it."""
    draft: str | None = Field(default=None, sa_column=Column(Encrypted(), nullable=True))
    """As it was sent; holds the buyer's address."""
    service: str = ""
    booking_id: str = ""
    carrier: str = ""
    """The line's word for it."""
    number: str = ""
    label: str | None = Field(default=None, sa_column=Column(Encrypted(), nullable=True))
    """The file in base64."""
    looks: int = 0
    """Look-ups since it was sent that found nothing."""
    created_at: datetime = Field(sa_column=_time())
    sent_at: datetime | None = Field(default=None, sa_column=_time(nullable=True))
    booked_at: datetime | None = Field(default=None, sa_column=_time(nullable=True))
    handed_at: datetime | None = Field(default=None, sa_column=_time(nullable=True))
    """When a person saved the label to hand it to the supplier."""


class LeadTimeRow(SQLModel, table=True):
    """A time that is expected to pass, measured on our own purchases; see `rules.deadlines`."""

    __tablename__ = "lead_time"

    basis: str = Field(primary_key=True)
    """``offer``, ``shop`` or ``route``."""
    account: str = Field(primary_key=True)
    """Of the supplier; empty for a route."""
    name: str = Field(primary_key=True)
    """The offer's id, the shop's, or the route's name."""
    seconds: int
    sample: int
    """Of how many; 0 for a route that too few parcels went by yet."""
    measured_at: datetime = Field(sa_column=_time())


class TimelineRow(SQLModel, table=True):
    """What happened to an order, a listing or an account; appended, never changed."""

    __tablename__ = "timeline"

    id: int | None = Field(default=None, primary_key=True)
    at: datetime = Field(sa_column=_time())
    subject: str = Field(index=True)
    event: str
    details: dict[str, str] = Field(sa_column=Column(Json(dict[str, str]), nullable=False))
