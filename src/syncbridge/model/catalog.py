"""Offers we can buy and listings we sell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from syncbridge.model.money import Money


@dataclass(frozen=True, slots=True)
class Dropship:
    """What one unit costs that the supplier sends alone (一件代发)."""

    cost: Money
    postage_paid: bool
    """Whether the cost pays the way inside the supplier's country."""


@dataclass(frozen=True, slots=True)
class Spec:
    """One buyable variant of an offer."""

    spec_id: str
    """Unique inside the offer; what an order names."""
    sku_id: str
    """Unique at the vendor; what stock messages and order lines name. Empty if the vendor gives none."""
    goods_code: str | None
    attributes: tuple[tuple[str, str], ...]
    """Such as (("颜色", "红色"), ("尺码", "L"))."""
    cost: Money | None
    """None: the supplier shows no price, so it cannot be bought or priced."""
    stock: int | None
    """None: unknown, which is not zero."""
    image_url: str | None = None
    weight_g: int | None = None
    dropship: Dropship | None = None


@dataclass(frozen=True, slots=True)
class Tier:
    """The cost of one unit from a quantity on."""

    quantity: int
    cost: Money


@dataclass(frozen=True, slots=True)
class MixRule:
    """When a supplier sells less than an offer's minimum: together with enough others of theirs."""

    general: bool
    """Whether the supplier mixes at all."""
    amount: Money | None
    """Goods worth this much are enough; None: no amount is."""
    number: int | None
    """This many pieces are enough; None: no number is."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A supplier's product page."""

    offer_id: str
    title: str
    """In English where the vendor translates it, else as the supplier wrote it."""
    status: str
    """The vendor's word; see `buyable`."""
    buyable: bool
    supplier_id: str
    supplier_name: str
    specs: tuple[Spec, ...]
    tiers: tuple[Tier, ...] = ()
    by_quantity: bool = False
    """Whether `tiers` say what one unit costs; else they are a range over the specs' own prices."""
    moq: int = 1
    lot: int | None = None
    mix: MixRule | None = None
    images: tuple[str, ...] = ()
    description_html: str = ""
    identities: frozenset[str] = frozenset()
    """Supplier labels, such as 诚信通 and 超级工厂."""
    goods_code: str | None = None
    weight_g: int | None = None
    dispatch_hours: int | None = None


@dataclass(frozen=True, slots=True)
class Search:
    """What offers are looked for: by words, in one supplier's shop, or both."""

    keyword: str = ""
    shop: str = ""
    """The supplier's id, as their offers name it; empty: all suppliers."""


@dataclass(frozen=True, slots=True)
class SkuProperty:
    """One attribute value that tells a SKU from its siblings, in the channel's ids."""

    property_id: str
    value_id: str
    name: str | None = None
    """The seller's own word for the value, shown to buyers."""
    image_url: str | None = None


@dataclass(frozen=True, slots=True)
class SkuDraft:
    """One sellable variant we want on the channel."""

    sku_code: str
    price: Money
    stock: int
    properties: tuple[SkuProperty, ...] = ()
    discount: Money | None = None
    """What buyers pay while it is discounted; left out, the channel forgets it."""
    countries: Mapping[str, Money] = field(default_factory=dict)
    """Prices of countries that have their own, by ISO 3166-1."""


@dataclass(frozen=True, slots=True)
class Attribute:
    """A category attribute of a listing, by ids or by words."""

    name_id: str | None = None
    value_id: str | None = None
    name: str | None = None
    value: str | None = None


@dataclass(frozen=True, slots=True)
class ListingDraft:
    """A listing we have decided on but not sent."""

    title: str
    description_html: str
    category_id: str
    images: tuple[str, ...]
    skus: tuple[SkuDraft, ...]
    freight_template_id: str
    attributes: tuple[Attribute, ...] = ()
    locale: str = "en_US"
    weight_g: int = 500
    package_cm: tuple[int, int, int] = (20, 15, 5)
    dispatch_days: int = 3


@dataclass(frozen=True, slots=True)
class ListingEdit:
    """What is to change of a listing on the channel; what it leaves empty, and all else, stays as it is there."""

    title: str = ""
    description_html: str = ""
    skus: tuple[SkuDraft, ...] = ()
    """To be added; one whose code is there already stays as it is."""


@dataclass(frozen=True, slots=True)
class GivenText:
    """What a person wrote for a listing; an empty text leaves the supplier's."""

    title: str = ""
    description_html: str = ""


class ListingStatus(StrEnum):
    """Where a listing stands on the channel."""

    ON_SALE = "on_sale"
    OFFLINE = "offline"
    """The seller, or we, took it off sale."""
    EXPIRED = "expired"
    """Off sale because its time on the channel was over."""
    TAKEN_DOWN = "taken_down"
    """The channel took it off sale."""
    AUDITING = "auditing"
    REFUSED = "refused"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Sku:
    """One sellable variant as the channel shows it."""

    sku_key: str
    """How the channel's price and stock calls address it, such as ``14:193;5:100014064``."""
    sku_code: str
    """The seller's own; channels let it be empty, and let several listings use the same one."""
    price: Money
    stock: int
    discount: Money | None = None
    """What buyers pay at present, if less than the price."""
    properties: tuple[SkuProperty, ...] = ()


@dataclass(frozen=True, slots=True)
class Listing:
    """Our product page as the channel shows it. Without SKUs when read from a list."""

    listing_id: str
    title: str
    status: ListingStatus
    skus: tuple[Sku, ...]
    modified_at: datetime | None
    created_at: datetime | None = None
    images: tuple[str, ...] = ()
    category_id: str = ""
    freight_template_id: str = ""
    description_html: str = ""
    reason: str = ""
    """Why it is off sale, in the channel's word."""


@dataclass(frozen=True, slots=True)
class PriceUpdate:
    """New prices of one listing, by sku_key."""

    listing_id: str
    prices: Mapping[str, Money]
    discounts: Mapping[str, Money] = field(default_factory=dict)
    """Of those SKUs that have one; it goes out with the price, so that it is not lost."""


@dataclass(frozen=True, slots=True)
class StockUpdate:
    """New stock of one listing, by sku_key."""

    listing_id: str
    stock: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Refusal:
    """The channel would not take the update of this listing, for this reason."""

    listing_id: str
    code: str
    message: str


class ListingState(StrEnum):
    """Where one of our listings stands on its way to the channel."""

    PROPOSED = "proposed"
    """The store is not live: shown, not sent."""
    INTENDED = "intended"
    SENT = "sent"
    UNKNOWN = "unknown"
    POSTED = "posted"
    """On the channel; its SKU keys are not read yet, or it is being audited."""
    ON_SALE = "on_sale"
    OFFLINE = "offline"
    REFUSED = "refused"
    TAKEN_DOWN = "taken_down"
    """The channel took it off sale, or wants it corrected."""
    GONE = "gone"
    """The channel has it no more."""

    @property
    def is_sellable(self) -> bool:
        """Whether its prices and stock are kept true."""
        return self in (ListingState.ON_SALE, ListingState.OFFLINE)


@dataclass(frozen=True, slots=True)
class Seen:
    """What else a listing showed when it was last read; it tells what the seller changed since."""

    title: str
    description: str
    """A digest of it. An empty text is not known."""
    images: tuple[str, ...]
    sku_codes: tuple[str, ...]
    modified_at: datetime | None
    """None: it is to be read again."""


@dataclass(frozen=True, slots=True)
class OwnListing:
    """An offer in a store: the intent to list it, and what became of it."""

    id: int
    store: str
    supplier: str
    offer_id: str
    route: str
    state: ListingState
    listing_id: str | None
    """The channel's id, once known."""
    draft: ListingDraft
    sent_at: datetime | None
    first_sent_at: datetime | None = None
    """Since when it may be on the channel without our knowing."""
    missed_at: datetime | None = None
    """When it was looked for and not found since it was last sent."""
    seen: Seen | None = None
    pushed_at: datetime | None = None
    """When the channel last took a change of ours."""
    state_sent: ListingState | None = None
    """On sale or off, as it was last asked for and not yet answered."""
    whole: bool = True
    """Whether we feed all its SKUs; one that has others too is never taken off sale because ours are sold out."""


@dataclass(frozen=True, slots=True)
class Binding:
    """Which spec feeds which SKU of a listing, with the price and stock wanted and pushed."""

    store: str
    sku_code: str
    listing: int
    supplier: str
    offer_id: str
    spec_id: str
    sku_key: str | None
    """How the channel addresses the SKU, once read from there."""
    price_wanted: Money | None
    price: Money | None
    """What the channel was last given, or last showed."""
    stock_wanted: int
    stock: int | None
    price_sent: Money | None = None
    """What was last sent and not yet answered: the channel may show it."""
    stock_sent: int | None = None
    stock_at: datetime | None = None
    """Since when `stock` is known: what buyers took later is not in it."""
    passport: Mapping[str, str] = field(default_factory=dict)
    """Why the wanted price is what it is, term by term."""
    discount: Money | None = None
    """As last read from the channel."""
    first_plan: bool = False
    """Adopted, and nobody has applied its first plan yet: until then a person approves each of its changes."""
    unsure: str = ""
    """Why nobody knows how many of it can be bought; empty: it is known."""


class ChangeState(StrEnum):
    """Where a planned change stands; each ends in exactly one of the last six, with its reason."""

    PROPOSED = "proposed"
    """Waits for a person."""
    HELD = "held"
    """A guard stopped it; waits for a person."""
    APPROVED = "approved"
    """Decided, and on its way to the channel."""
    APPLIED = "applied"
    """The channel has it."""
    REFUSED = "refused"
    """The channel would not take it; a retry after a repair may still apply it."""
    STALE = "stale"
    """A person approved it when another value was there already; nothing was sent."""
    OVERTAKEN = "overtaken"
    """A later plan, or the supplier's next word, made it needless before it went out."""
    DROPPED = "dropped"
    """A person said no."""
    KEPT = "kept"
    """The seller keeps the field, so that it is not changed."""


@dataclass(frozen=True, slots=True)
class Change:
    """One outward catalogue write of a plan: what, from what to what, why, and what became of it."""

    id: int
    plan: int
    listing: int
    sku_code: str
    """Empty where it is about the listing itself."""
    field: str
    """``price`` or ``stock`` of a SKU, ``sku`` where one is added; of the listing ``listing`` where it is new,
    ``status``, ``title`` or ``description``.
    """
    before: str
    after: str
    reason: str
    rule: str
    """Where the rule that asks for it is written."""
    state: ChangeState
    guard: str
    """The kind of the hold, where a guard stopped it."""
    result: str
    """Why it stands where it stands: the guard's figures, the channel's words."""
    passport: Mapping[str, str]
    """Of a price: why it is what it is."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The changes of one run in one store, and why there was a run."""

    id: int
    store: str
    cause: str
    made_at: datetime


@dataclass(frozen=True, slots=True)
class Lock:
    """A field that the seller keeps: the rules do not change it on the channel."""

    listing: int
    sku_code: str
    """Empty: a field of the listing itself."""
    field: str
    """``price`` or ``stock`` of a SKU; ``title``, ``description``, ``images`` or ``status`` of a listing."""
    why: str
    since: datetime

    def __str__(self) -> str:
        return f"the seller's own {self.field} since {self.since:%Y-%m-%d %H:%M} UTC"
