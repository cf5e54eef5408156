"""What a mapping file says, once read: routes by SKU prefix, and the policies they use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum

from syncbridge.model.catalog import Attribute
from syncbridge.model.money import Money
from syncbridge.model.purchasing import RelayAddress
from syncbridge.rules.patterns import Pattern


@dataclass(frozen=True, slots=True)
class Place:
    """Where in which file something was written; lines and columns count from 1."""

    file: str
    line: int
    column: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class PricePolicy:
    """How a cost becomes a price."""

    currency: str
    """Of the price, such as USD."""
    multiplier: Decimal
    """Price before fees = landed cost × multiplier."""
    commission: Decimal
    """The channel's share of the price, as a fraction: 0.08 is 8 %."""
    packing: Money
    """Added to the cost of each unit, in the supplier's currency."""
    freight: Money
    """International freight of each unit, in the supplier's currency."""
    minimum_margin: Decimal
    """Least profit as a fraction of the price; the floor."""
    ending: Decimal | None = None
    """Prices end so: 0.99 makes 12.37 into 12.99. None: to the cent."""


@dataclass(frozen=True, slots=True)
class StockPolicy:
    """How supplier stock becomes the stock shown."""

    buffer: int
    """Kept back from what the supplier shows."""
    cap: int
    """The most ever shown."""


@dataclass(frozen=True, slots=True)
class ListingPolicy:
    """What every listing of a route has in common."""

    category_id: str
    freight_template_id: str
    variant_property_id: str
    """The category's SKU attribute that tells variants apart."""
    variant_value_ids: tuple[str, ...]
    """Values of that attribute, dealt out to the variants in order; as many as a listing may have SKUs."""
    attributes: tuple[Attribute, ...] = ()
    locale: str = "en_US"
    weight_g: int = 500
    package_cm: tuple[int, int, int] = (20, 15, 5)
    dispatch_days: int = 3


class BuyMode(StrEnum):
    """Who sends the purchase."""

    AUTO = "auto"
    CONFIRM = "confirm"
    """Sent as with AUTO, once a person has said yes to it."""
    BY_HAND = "by_hand"
    OWN_STOCK = "own_stock"
    """Nobody: the seller ships from own stock, and such lines are left alone."""


class CodeStyle(StrEnum):
    """What follows the prefix in the code of a new SKU."""

    REFERENCE = "reference"
    """Ten characters made from the spec; only the binding leads back."""
    COMPACT = "compact"
    """The supplier's ids of offer and spec in base 36; leads back by itself."""
    GOODS_CODE = "goods_code"
    """The supplier's own goods code (货号)."""


@dataclass(frozen=True, slots=True)
class Route:
    """What a SKU prefix decides: stores, supplier account, buy mode, shipping way."""

    name: str
    prefix: str
    """SKU codes of the stores that start with it take this route; the longest prefix wins."""
    stores: tuple[str, ...]
    """Account names of the channels."""
    supplier: str
    """Account name of the supplier."""
    goods_code: str
    """Offers whose goods code starts with it are listed through this route; empty takes every offer."""
    buy: BuyMode
    relay: RelayAddress
    carrier: str
    """Account name of the forwarder that announces the international numbers."""
    services: Mapping[str, str]
    """The forwarder's word for a carrier → the channel's key of it."""
    price: PricePolicy
    stock: StockPolicy
    listing: ListingPolicy
    place: Place
    merge: bool = False
    """Whether purchases for several orders of one buyer become one vendor order."""
    destinations: tuple[str, ...] = ()
    """Countries (ISO 3166, two letters, in order) whose orders take this route; empty: all that no other route names.

    A route with destinations lists nothing: what is listed, and how, is said by the one of its prefix without any.
    """
    code: CodeStyle = CodeStyle.REFERENCE
    pattern: Pattern | None = None
    """How codes the seller gave name the supplier's goods code."""


@dataclass(frozen=True, slots=True)
class Part:
    """A spec, and how many of it one sold unit takes."""

    offer_id: str
    spec_id: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Way:
    """One way to buy a sold unit."""

    supplier: str
    """Account name."""
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class SkuRule:
    """What a mapping file says of one SKU, beside its route: what it is made of, and where else to buy it."""

    code: str
    stores: tuple[str, ...]
    """Account names of the channels; empty for every store."""
    parts: tuple[Part, ...]
    """Bought from the route's supplier; empty for one unit of the spec the SKU is bound to."""
    backups: tuple[Way, ...]
    """Tried in turn where the way before them fails."""
    place: Place


@dataclass(frozen=True, slots=True)
class Alias:
    """An old SKU code, and what it stands for: another SKU code, or a spec."""

    code: str
    stores: tuple[str, ...]
    """Account names of the channels; empty for every store."""
    sku: str
    """Empty where it stands for a spec."""
    part: Part | None
    place: Place


@dataclass(frozen=True, slots=True)
class Unused:
    """Something with a name that no route uses."""

    section: str
    name: str
    place: Place


@dataclass(frozen=True, slots=True)
class Rate:
    """What one unit of a currency is worth in another, on a day."""

    value: Decimal
    day: date


@dataclass(frozen=True, slots=True)
class Rules:
    """All mapping files together."""

    routes: tuple[Route, ...]
    rates: Mapping[tuple[str, str], Rate]
    """By (from, to), such as ("CNY", "USD")."""
    skus: tuple[SkuRule, ...] = ()
    aliases: Mapping[str, tuple[Alias, ...]] = field(default_factory=dict)
    """By the old code; more than one if stores differ."""
    unused: tuple[Unused, ...] = ()
