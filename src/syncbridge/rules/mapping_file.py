"""Mapping files read: from text to the rules of `mapping`, or a sentence and its place for each problem."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from syncbridge.model.catalog import Attribute
from syncbridge.model.purchasing import RelayAddress
from syncbridge.rules import mapping_parcels
from syncbridge.rules import mapping_values as values
from syncbridge.rules.mapping import (
    Alias,
    BuyMode,
    CodeStyle,
    ListingPolicy,
    NewVariants,
    OtherCarrier,
    ParcelPolicy,
    Part,
    Rate,
    Route,
    Rules,
    ShippingWay,
    SkuRule,
    StockPolicy,
    Suppliers,
    Unused,
    Way,
)
from syncbridge.rules.mapping_prices import PriceBook
from syncbridge.rules.mapping_reader import Named, Notes, Section, Value, open_files
from syncbridge.rules.routing import MOST_LINES
from syncbridge.rules.wording import did_you_mean


def parse(files: Mapping[str, str], accounts: Collection[str] | None = None) -> Rules:
    """All mapping files, by name, together: what one defines the others may use.

    `accounts` are the names a route may use for its stores, supplier and carrier; None checks none. Raises MappingError
    with a line for each problem of every file, and then answers nothing at all.
    """
    notes = Notes()
    book = _Book(accounts)
    for file in open_files(files, notes):
        file.read(book.take_in)
    routes = book.read_routes()
    skus = tuple(value.read(book.sku) for value in book.skus)
    aliases = [value.read(book.alias) for value in book.aliases]
    notes.settle()
    return Rules(routes, book.rates, skus, _by_code(aliases), tuple(book.unused()), book.followed)


def parts(value: Value) -> tuple[Part, ...]:
    """What one sold unit is bought as: at most as many specs as one purchase takes."""
    found = tuple(item.read(_part) for item in value.items())
    if len(found) > MOST_LINES:
        raise value.unusable(f"these are {len(found)} parts, and one purchase takes at most {MOST_LINES} specs")
    return found


class _Book:
    """What the files have defined so far, by name."""

    def __init__(self, accounts: Collection[str] | None) -> None:
        self.rates: dict[tuple[str, str], Rate] = {}
        self.followed: dict[tuple[str, str], str] = {}
        self.skus: list[Value] = []
        self.aliases: list[Value] = []
        self._relays = Named[RelayAddress]("relays")
        self._prices = PriceBook()
        self._stocks = Named[StockPolicy]("stocks")
        self._listings = Named[ListingPolicy]("listings")
        self._parcels = Named[ParcelPolicy]("parcels")
        self._routes = Named[Route]("routes")
        self._accounts = accounts

    def take_in(self, file: Value) -> None:
        with Section(file) as keys:
            keys.may("rates", self._take_in_rates, None)
            keys.may("relays", self._relays.define, None)
            self._prices.take_in(keys)
            keys.may("stocks", self._stocks.define, None)
            keys.may("listings", self._listings.define, None)
            keys.may("parcels", self._parcels.define, None)
            keys.may("routes", self._routes.define_list, None)
            self.skus += keys.may("skus", Value.items, []) or []
            self.aliases += keys.may("aliases", Value.items, []) or []

    def read_routes(self) -> tuple[Route, ...]:
        """The routes, once every file was taken in: they may use and extend what another file defines."""
        self._relays.read(_relay)
        self._prices.read()
        self._stocks.read(_stock)
        self._listings.read(_listing)
        self._parcels.read(mapping_parcels.policy)
        return self._routes.read(self._route)

    def unused(self) -> list[Unused]:
        """What is named for nothing."""
        named = (self._relays, self._prices, self._stocks, self._listings, self._parcels)
        return [one for section in named for one in section.unused()]

    def _route(self, value: Value) -> Route:
        with Section(value) as keys:
            ship = keys.may("ship", values.shipping_way, ShippingWay.FORWARDER)
            carrier, services = self._carrier(keys, ship)
            route = Route(
                name=keys.must("name", Value.text, "notebooks"),
                prefix=keys.must("prefix", Value.text, "TY"),
                stores=keys.must("stores", values.list_of(self._account), "[toys]"),
                supplier=keys.must("supplier", self._account, "main"),
                goods_code=keys.may("goods_code", Value.text, ""),
                buy=keys.must("buy", values.buy_mode, "auto"),
                relay=keys.must("relay", self._relays.find, "hangzhou"),
                carrier=carrier,
                services={word: key for word, (key, _) in services.items()},
                price=keys.must("price", self._prices.find, "standard"),
                stock=keys.must("stock", self._stocks.find, "careful"),
                listing=keys.must("listing", self._listings.find, "notebooks"),
                place=value.place,
                merge=keys.may("merge", values.yes_or_no, False),
                role=keys.may("role", Value.text, ""),
                destinations=tuple(sorted(keys.may("destinations", values.list_of(values.country), ()) or ())),
                code=keys.may("code", values.code_style, CodeStyle.REFERENCE),
                pattern=keys.may("pattern", values.pattern, None),
                ship=ship,
                parcels=keys.may("parcels", self._parcels.find, None),
                others={word: other for word, (_, other) in services.items() if other},
            )
            if keys.sound:
                for problem in _problems(route):
                    raise value.unusable(problem)
        return route

    def _carrier(self, keys: Section, ship: ShippingWay) -> tuple[str, Mapping[str, tuple[str, OtherCarrier | None]]]:
        """The account and its words for carriers; only a forwarder must be named, else the store's channel may book."""
        if ship is ShippingWay.FORWARDER:
            account = keys.must("carrier", self._account, "forwarder")
            return account, keys.must("services", values.services, "{YANWEN: YANWEN_AM}") or {}
        return keys.may("carrier", self._account, ""), keys.may("services", values.services, {}) or {}

    def sku(self, value: Value) -> SkuRule:
        with Section(value) as keys:
            rule = SkuRule(
                code=keys.must("code", Value.text, "TYSET3"),
                stores=keys.may("stores", values.list_of(self._account), ()),
                parts=keys.may("parts", parts, ()),
                backups=keys.may("backups", self._ways, ()),
                place=value.place,
                parcels=keys.may("parcels", self._parcels.find, None),
            )
            if keys.sound and not (rule.parts or rule.backups or rule.parcels):
                raise value.unusable(f"nothing is said of SKU {rule.code}; write its parts, its backups or its parcels")
        return rule

    def alias(self, value: Value) -> Alias:
        """An old code, and what it stands for."""
        with Section(value) as keys:
            offer = keys.may("offer", Value.text, "")
            spec = keys.may("spec", Value.text, "")
            alias = Alias(
                code=keys.must("code", Value.text, "OLD-17"),
                stores=keys.may("stores", values.list_of(self._account), ()),
                sku=keys.may("sku", Value.text, ""),
                part=Part(offer, spec, 1) if offer and spec else None,
                place=value.place,
            )
            if keys.sound and (bool(alias.sku) == bool(offer or spec) or bool(offer) != bool(spec)):
                raise value.unusable(
                    f"{alias.code} must stand for one thing: write sku: and another SKU code, or offer: and spec:"
                )
            if keys.sound and alias.sku == alias.code:
                raise value.unusable(f"{alias.code} stands for itself; leave it out")
        return alias

    def _ways(self, value: Value) -> tuple[Way, ...]:
        return tuple(item.read(self._way) for item in value.items())

    def _way(self, value: Value) -> Way:
        with Section(value) as keys:
            return Way(
                supplier=keys.must("supplier", self._account, "second"),
                parts=keys.must("parts", parts, '[{offer: "676651652931", spec: "b222c296…", quantity: 1}]'),
            )

    def _take_in_rates(self, section: Value) -> None:
        for key, inner in section.pairs().values():
            pair = key.read(self._new_pair)
            if inner.is_text and not inner.text()[0].isdigit():
                self.followed[pair] = inner.read(self._account)
            else:
                self.rates[pair] = inner.read(_rate)

    def _new_pair(self, key: Value) -> tuple[str, str]:
        pair = values.currency_pair(key)
        if pair in self.rates or pair in self.followed:
            raise key.unusable(f"a rate for {'/'.join(pair)} is already given; keep one")
        return pair

    def _account(self, value: Value) -> str:
        name = value.text()
        if self._accounts is not None and name not in self._accounts:
            raise value.unusable(f'the settings have no account "{name}"{did_you_mean(name, self._accounts)}')
        return name


def _problems(route: Route) -> Iterator[str]:
    """What the keys of a route say against each other."""
    if route.merge and route.buy is not BuyMode.AUTO:
        yield f"merge goes with buy: auto only, and {route.name} says {route.buy}; drop one"
    if route.merge and route.is_booked:
        yield (
            f"merge goes with ship: forwarder only, for a booked parcel is of one order, and {route.name} says "
            f"{route.ship}; drop one"
        )
    if route.is_booked and route.parcels is None:
        yield (
            f"{route.name} says ship: {route.ship}, but not what customs are told of its goods; add the line parcels: "
            'and a name under "parcels:"'
        )
    if route.pattern and not route.pattern.start.startswith(route.prefix):
        yield (
            f'the pattern "{route.pattern.text}" of {route.name} must begin with its prefix {route.prefix}, '
            "for other codes do not take the route"
        )


def _by_code(aliases: Iterable[Alias]) -> dict[str, tuple[Alias, ...]]:
    found: dict[str, tuple[Alias, ...]] = {}
    for alias in aliases:
        found[alias.code] = (*found.get(alias.code, ()), alias)
    return found


def _part(value: Value) -> Part:
    with Section(value) as keys:
        return Part(
            offer_id=keys.must("offer", Value.text, '"676651652931"'),
            spec_id=keys.must("spec", Value.text, '"b222c2964434b1ab3e92753338fa6af2"'),
            quantity=keys.must("quantity", values.whole(1), "1"),
        )


def _rate(value: Value) -> Rate:
    with Section(value) as keys:
        return Rate(keys.must("rate", values.positive, "0.1389"), keys.must("day", values.day, "2026-11-20"))


def _relay(value: Value) -> RelayAddress:
    with Section(value) as keys:
        return RelayAddress(
            name=keys.must("name", Value.text, "转运仓"),
            mobile=keys.must("mobile", Value.text, '"13800000000"'),
            province=keys.must("province", Value.text, "浙江省"),
            city=keys.must("city", Value.text, "杭州市"),
            district=keys.must("district", Value.text, "滨江区"),
            street=keys.must("street", Value.text, "网商路699号"),
            town=keys.may("town", Value.text, ""),
            postcode=keys.may("postcode", Value.text, ""),
        )


def _stock(value: Value) -> StockPolicy:
    with Section(value) as keys:
        return StockPolicy(
            buffer=keys.must("buffer", values.whole(0), "2"),
            cap=keys.must("cap", values.whole(1), "200"),
            suppliers=keys.may("suppliers", values.suppliers, Suppliers.FIRST),
        )


def _listing(value: Value) -> ListingPolicy:
    with Section(value) as keys:
        return ListingPolicy(
            category_id=keys.must("category", values.digits, '"200135143"'),
            freight_template_id=keys.must("freight_template", values.digits, '"50164494212"'),
            variant_property_id=keys.must("variant_property", values.digits, '"14"'),
            variant_value_ids=keys.must("variant_values", values.list_of(values.digits), '["193", "175"]'),
            attributes=keys.may("attributes", _attributes, ()),
            locale=keys.may("locale", values.locale, "en_US"),
            weight_g=keys.may("weight", values.grams, 500),
            package_cm=keys.may("package", values.package_cm, (20, 15, 5)),
            dispatch_days=keys.may("dispatch_days", values.whole(1), 3),
            new_variants=keys.may("new_variants", values.new_variants, NewVariants.PROPOSE),
        )


def _attributes(value: Value) -> tuple[Attribute, ...]:
    return tuple(item.read(_attribute) for item in value.items())


def _attribute(value: Value) -> Attribute:
    with Section(value) as keys:
        attribute = Attribute(
            name_id=keys.may("name_id", values.digits, None),
            value_id=keys.may("value_id", values.digits, None),
            name=keys.may("name", Value.text, None),
            value=keys.may("value", Value.text, None),
        )
        named = attribute.name_id or attribute.name
        if keys.sound and not (named and (attribute.value_id or attribute.value)):
            raise value.unusable("an attribute needs name or name_id, and value or value_id")
    return attribute
