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


class CostBasis(StrEnum):
    """Which of a supplier's prices is the cost."""

    SKU = "sku"
    TIER = "tier"
    """The price of one unit when `PricePolicy.quantity` of them are bought."""
    DROPSHIP = "dropship"
    """一件代发: the price of one unit sent alone; where the supplier has none, as with SKU."""


@dataclass(frozen=True, slots=True)
class Aim:
    """What a price has to reach: a multiple of the landed cost, or a share of the price left as profit. One of them."""

    multiplier: Decimal | None = None
    margin: Decimal | None = None


@dataclass(frozen=True, slots=True)
class FreightRow:
    """What a forwarder asks for one parcel to a destination."""

    parcel: Money
    """For the parcel, with its first weight in it."""
    first_g: int
    """The weight that `parcel` pays for, in grams."""
    step: Money
    """For each further step of weight that is begun."""
    step_g: int
    place: Place


@dataclass(frozen=True, slots=True)
class FreightTable:
    """What a forwarder asks, by destination."""

    name: str
    rows: Mapping[str, FreightRow]
    """By country (ISO 3166-1, two letters)."""
    divisor: int | None = None
    """So many cubic centimetres count as a kilogram; None: only the weight counts."""


@dataclass(frozen=True, slots=True)
class CountryPrice:
    """What a country's price is made of otherwise."""

    aim: Aim | None
    """None: that of the policy."""
    destination: str
    """The row of the freight table."""


@dataclass(frozen=True, slots=True)
class PricePolicy:
    """How a cost becomes a price. All shares are fractions of the price: 0.08 is 8 %."""

    currency: str
    """Of the price, such as USD."""
    multiplier: Decimal | None
    """Price before the shares of others = landed cost × multiplier; None: `margin` counts."""
    commission: Decimal
    """The channel's share, for categories that `commissions` does not name."""
    packing: Money
    """Added to the cost of each unit; its currency is the supplier's."""
    freight: Money | FreightTable
    """The way abroad: for each unit in the supplier's currency, or by weight and destination."""
    minimum_margin: Decimal
    """Least profit; the floor."""
    endings: tuple[Decimal, ...] = ()
    """Prices end with the nearest of them upwards: 0.99 makes 12.37 into 12.99. None: to the smallest coin."""
    margin: Decimal | None = None
    """The profit aimed at, instead of `multiplier`."""
    roles: Mapping[str, Aim] = field(default_factory=dict)
    """Other aims for routes with these roles, such as traffic 引流款, profit 利润款, image 形象款."""
    basis: CostBasis = CostBasis.SKU
    quantity: int = 1
    domestic_freight: Money | None = None
    """Of each unit, in the supplier's currency; none where the dropship price pays the postage."""
    destination: str = ""
    """The row of the freight table that the price is made with."""
    commissions: Mapping[str, Decimal] = field(default_factory=dict)
    """The channel's share by category id."""
    ads: Decimal = Decimal(0)
    affiliate: Decimal = Decimal(0)
    payment_fee: Decimal = Decimal(0)
    fx_spread: Decimal = Decimal(0)
    """What the bank keeps of money changed from the price's currency into the costs'."""
    minimum_price: Money | None = None
    maximum_price: Money | None = None
    """A price above it is held, not lowered."""
    countries: Mapping[str, CountryPrice] = field(default_factory=dict)

    @property
    def spent_in(self) -> frozenset[str]:
        """The currencies its costs are in."""
        if isinstance(self.freight, Money):
            return frozenset({self.packing.currency, self.freight.currency})
        return frozenset({self.packing.currency, *(row.parcel.currency for row in self.freight.rows.values())})

    def fees(self, category_id: str) -> Decimal:
        """What others keep of a price, as a fraction of it."""
        return self.commissions.get(category_id, self.commission) + self.ads + self.affiliate + self.payment_fee


class Suppliers(StrEnum):
    """Whose stock is shown where a SKU has several suppliers."""

    FIRST = "first"
    """Of the first that has some, in the order they are bought from."""
    SUM = "sum"
    """Of all together."""


class NewVariants(StrEnum):
    """What becomes of specs that a supplier adds to an offer that is listed."""

    IGNORE = "ignore"
    PROPOSE = "propose"
    """A person is told."""


@dataclass(frozen=True, slots=True)
class StockPolicy:
    """How supplier stock becomes the stock shown."""

    buffer: int
    """Kept back from what the supplier shows."""
    cap: int
    """The most ever shown."""
    suppliers: Suppliers = Suppliers.FIRST


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
    new_variants: NewVariants = NewVariants.PROPOSE


class BuyMode(StrEnum):
    """Who sends the purchase."""

    AUTO = "auto"
    CONFIRM = "confirm"
    """Sent as with AUTO, once a person has said yes to it."""
    BY_HAND = "by_hand"
    OWN_STOCK = "own_stock"
    """Nobody: the seller ships from own stock, and such lines are left alone."""


class ShippingWay(StrEnum):
    """How a parcel gets from the relay address abroad."""

    FORWARDER = "forwarder"
    """A forwarder receives it by its mark, and announces the international number."""
    OFFICIAL = "official"
    """It is booked once the supplier's waybill is known."""
    LABEL_FIRST = "label_first"
    """It is booked before it is bought, and the supplier sticks its label on."""


@dataclass(frozen=True, slots=True)
class OtherCarrier:
    """What the channel wants to know of a carrier that is not on its list."""

    name: str
    site: str
    """Where its parcels are followed."""


class Preferred(StrEnum):
    """Which line is taken of those that may be."""

    CHEAPEST = "cheapest"
    FASTEST = "fastest"


@dataclass(frozen=True, slots=True)
class LineChoice:
    """Which lines may take a parcel abroad, and which of them is taken."""

    lines: tuple[str, ...] = ()
    """Their keys; empty: any that is offered."""
    prefer: Preferred = Preferred.CHEAPEST
    longest_days: int | None = None
    """A line that may take longer is not taken."""
    dearest: Money | None = None
    """A line that asks more, or does not say what it asks, is not taken."""


Choices = tuple[LineChoice, tuple[tuple[str, LineChoice], ...]]
"""A choice for all countries, and those of single ones."""


@dataclass(frozen=True, slots=True)
class ParcelPolicy:
    """How parcels are booked, and what customs are told of the goods in them."""

    name_cn: str
    name_en: str
    value: Money | Decimal
    """Declared of one piece: an amount, or a fraction of what the buyer paid for it."""
    hs_code: str = ""
    material: str = ""
    battery: bool = False
    choice: LineChoice = field(default_factory=LineChoice)
    countries: Mapping[str, LineChoice] = field(default_factory=dict)
    """Other choices by destination (ISO 3166, two letters)."""

    @property
    def choices(self) -> Choices:
        """All it says of lines: parcels it says the same of take the same ones."""
        return self.choice, tuple(sorted(self.countries.items(), key=lambda pair: pair[0]))


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
    """Account name of who announces the international numbers or books; empty where the store's channel books."""
    services: Mapping[str, str]
    """That account's word for a carrier → the channel's key of it."""
    price: PricePolicy
    stock: StockPolicy
    listing: ListingPolicy
    place: Place
    merge: bool = False
    """Whether purchases for several orders of one buyer become one vendor order."""
    role: str = ""
    """Which of the price policy's roles its goods have; empty: none."""
    destinations: tuple[str, ...] = ()
    """Countries (ISO 3166, two letters, in order) whose orders take this route; empty: all that no other route names.

    A route with destinations lists nothing: what is listed, and how, is said by the one of its prefix without any.
    """
    code: CodeStyle = CodeStyle.REFERENCE
    pattern: Pattern | None = None
    """How codes the seller gave name the supplier's goods code."""
    ship: ShippingWay = ShippingWay.FORWARDER
    parcels: ParcelPolicy | None = None
    """None only where a forwarder receives the parcels."""
    others: Mapping[str, OtherCarrier] = field(default_factory=dict)
    """By the word for it: carriers whose key at the channel stands for any that is not on its list."""

    @property
    def is_booked(self) -> bool:
        """Whether its parcels are booked by us, so that customs are told of them."""
        return self.ship is not ShippingWay.FORWARDER

    @property
    def way(self) -> str:
        """How its parcels get abroad and by whom, in a word or two; a forwarder's name says both."""
        said = (str(self.ship) if self.is_booked else "", self.carrier)
        return ", ".join(word for word in said if word)


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
    parcels: ParcelPolicy | None = None
    """What customs are told of it; None: what its route says. The line is chosen by the route's all the same."""


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
    source: str = ""
    """The account that told it; empty: the mapping files."""
    stale: bool = False
    """Whether nobody has told a newer one for so long that no price may be made with it."""


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
    followed: Mapping[tuple[str, str], str] = field(default_factory=dict)
    """Pairs whose rate an account tells, with its name."""
