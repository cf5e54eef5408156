"""How prices are written in a mapping file: policies, freight tables and commissions by category."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal

from syncbridge.model.money import Money
from syncbridge.rules import mapping_values as values
from syncbridge.rules.mapping import Aim, CostBasis, CountryPrice, FreightRow, FreightTable, PricePolicy, Unused
from syncbridge.rules.mapping_reader import Named, Section, Value

NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True)
class Commission:
    """The channel's share of a price."""

    default: Decimal
    categories: Mapping[str, Decimal] = field(default_factory=dict)
    """By category id, where it is another."""


class PriceBook:
    """Price policies by name, with the tables that they name."""

    def __init__(self) -> None:
        self._freights = Named[FreightTable]("freights")
        self._commissions = Named[Commission]("commissions")
        self._prices = Named[PricePolicy]("prices")

    def take_in(self, keys: Section) -> None:
        """The sections of one file, unread."""
        keys.may("freights", self._freights.define, None)
        keys.may("commissions", self._commissions.define, None)
        keys.may("prices", self._prices.define, None)

    def read(self) -> None:
        """Read them, once every file was taken in."""
        self._freights.read(_freight_table)
        self._commissions.read(_commission_table)
        self._prices.read(self._policy)

    def find(self, value: Value) -> PricePolicy:
        """The policy that a text names."""
        return self._prices.find(value)

    def unused(self) -> list[Unused]:
        """What is named for nothing."""
        return [*self._freights.unused(), *self._commissions.unused(), *self._prices.unused()]

    def _policy(self, value: Value) -> PricePolicy:
        with Section(value) as keys:
            commission = keys.must("commission", self._commission, "8 %")
            policy = PricePolicy(
                currency=keys.must("currency", values.currency, "USD"),
                multiplier=keys.may("multiplier", values.positive, None),
                margin=keys.may("margin", values.share, None),
                commission=NOTHING,
                packing=keys.must("packing", values.money, "1.00 CNY"),
                freight=keys.must("freight", self._freight, "12.00 CNY"),
                destination=keys.may("destination", values.country, ""),
                minimum_margin=keys.must("minimum_margin", values.share, "10 %"),
                endings=keys.may("ending", _endings, ()),
                roles=keys.may("roles", _roles, {}),
                basis=keys.may("cost", values.cost_basis, CostBasis.SKU),
                quantity=keys.may("quantity", values.whole(1), 1),
                domestic_freight=keys.may("domestic_freight", values.money, None),
                ads=keys.may("ads", values.share, NOTHING),
                affiliate=keys.may("affiliate", values.share, NOTHING),
                payment_fee=keys.may("payment_fee", values.share, NOTHING),
                fx_spread=keys.may("fx_spread", values.share, NOTHING),
                minimum_price=keys.may("minimum_price", values.money, None),
                maximum_price=keys.may("maximum_price", values.money, None),
                countries=keys.may("countries", _countries, {}),
            )
            if not value.notes:  # what it names may be unsound, too
                policy = replace(policy, commission=commission.default, commissions=commission.categories)
                for problem in _problems(policy):
                    raise value.unusable(problem)
        return policy

    def _commission(self, value: Value) -> Commission:
        """A share, or the name of a table."""
        if self._commissions.has(value) or value.text()[0].isalpha():
            return self._commissions.find(value)
        return Commission(values.share(value))

    def _freight(self, value: Value) -> Money | FreightTable:
        """An amount for each unit, or the name of a table."""
        if self._freights.has(value) or value.text()[0].isalpha():
            return self._freights.find(value)
        return values.money(value)


def _commission_table(value: Value) -> Commission:
    with Section(value) as keys:
        return Commission(
            default=keys.must("default", values.share, "8 %"),
            categories=keys.may("categories", _shares_by_id, {}),
        )


def _shares_by_id(value: Value) -> dict[str, Decimal]:
    return {key.read(values.digits): inner.read(values.share) for key, inner in value.pairs().values()}


def _freight_table(value: Value) -> FreightTable:
    with Section(value) as keys:
        return FreightTable(
            name=value.name,
            rows=keys.must("destinations", _freight_rows, "{US: {parcel: 18.00 CNY, per_kg: 62.00 CNY}}") or {},
            divisor=keys.may("divisor", values.whole(1), None),
        )


def _freight_rows(value: Value) -> dict[str, FreightRow]:
    return {key.read(values.country): inner.read(_freight_row) for key, inner in value.pairs().values()}


def _freight_row(value: Value) -> FreightRow:
    """Either by the kilogram, or for a first weight and steps above it."""
    with Section(value) as keys:
        parcel = keys.must("parcel", values.money, "18.00 CNY")
        per_kg = keys.may("per_kg", values.money, None)
        first = keys.may("first_weight", values.grams, None)
        step_g = keys.may("step_weight", values.grams, None)
        step = keys.may("step", values.money, None)
        if not keys.sound:
            return FreightRow(parcel, 0, parcel, 1, value.place)  # what was noted keeps it from being seen
        if {money.currency for money in (per_kg, step) if money} - {parcel.currency}:
            raise value.unusable("a row is in one currency; write all its amounts in that one")
        if per_kg is not None and (first, step_g, step) == (None, None, None):
            return FreightRow(parcel, 0, Money(per_kg.amount / 1000, per_kg.currency), 1, value.place)
        if per_kg is None and first is not None and step_g is not None and step is not None:
            return FreightRow(parcel, first, step, step_g, value.place)
    raise value.unusable("write per_kg, or first_weight with step_weight and step, beside parcel")


def _endings(value: Value) -> tuple[Decimal, ...]:
    """One, or a list of them."""
    return (values.decimal(value),) if value.is_text else tuple(item.read(values.decimal) for item in value.items())


def _roles(value: Value) -> dict[str, Aim]:
    return {name: inner.read(_role) for name, (_, inner) in value.pairs().items()}


def _role(value: Value) -> Aim:
    with Section(value) as keys:
        aim = _aim(keys)
        if keys.sound and aim is None:
            raise value.unusable("write one of multiplier and margin")
    return aim or Aim()


def _aim(keys: Section) -> Aim | None:
    multiplier, margin = keys.may("multiplier", values.positive, None), keys.may("margin", values.share, None)
    return None if (multiplier is None) == (margin is None) else Aim(multiplier, margin)


def _countries(value: Value) -> dict[str, CountryPrice]:
    countries = {}
    for key, inner in value.pairs().values():
        name = key.read(values.country)
        countries[name] = inner.read(lambda section, name=name: _country(section, name))  # type: ignore[misc]
    return countries


def _country(value: Value, name: str) -> CountryPrice:
    with Section(value) as keys:
        return CountryPrice(_aim(keys), keys.may("destination", values.country, name))


def _problems(policy: PricePolicy) -> Iterator[str]:
    """What its keys say against each other."""
    yield from _about_currencies(policy)
    yield from _about_shares(policy)
    yield from _about_destinations(policy)
    for ending in policy.endings:
        if ending >= 1 or Money(ending, policy.currency).rounded().amount != ending:
            yield f'the ending {ending} is not one of {policy.currency}; write only the "0.99" of a price'


def _about_currencies(policy: PricePolicy) -> Iterator[str]:
    flat = policy.freight if isinstance(policy.freight, Money) else None
    theirs = {policy.packing.currency, *_currency(flat), *_currency(policy.domestic_freight)}
    if len(theirs) > 1:
        yield "packing and freight are in different currencies; write both in the supplier's"
    ours = {*_currency(policy.minimum_price), *_currency(policy.maximum_price)}
    if ours - {policy.currency}:
        yield f"minimum_price and maximum_price are prices; write them in {policy.currency}"
    elif policy.minimum_price and policy.maximum_price and policy.minimum_price > policy.maximum_price:
        yield "minimum_price is above maximum_price; exchange them"


def _currency(money: Money | None) -> tuple[str, ...]:
    return () if money is None else (money.currency,)


def _about_shares(policy: PricePolicy) -> Iterator[str]:
    if policy.multiplier is None and policy.margin is None:
        yield '"multiplier" is missing; add the line multiplier: 1.8, or the line margin: 25 %'
    elif policy.multiplier is not None and policy.margin is not None:
        yield "multiplier and margin are both written, and a price can reach one only; leave one out"
    aims = [*policy.roles.values(), *(own.aim for own in policy.countries.values() if own.aim)]
    most = max(policy.minimum_margin, policy.margin or NOTHING, *(aim.margin or NOTHING for aim in aims), NOTHING)
    fees = max(policy.fees(category) for category in ("", *policy.commissions))
    if fees + most >= 1:
        yield (
            f"commission, ads, affiliate, payment_fee and margin take {((fees + most) * 100).normalize():f} % "
            f"of a price and leave nothing to pay the goods from; lower one of them"
        )


def _about_destinations(policy: PricePolicy) -> Iterator[str]:
    if isinstance(policy.freight, Money):
        for name, own in policy.countries.items():
            if own.aim is None:
                yield f"{name} has no price of its own: write multiplier or margin, or a freight table under freight"
    elif not policy.destination:
        yield "freight names a table; add the line destination: US, the country the price is made for"
    else:
        rows = policy.freight.rows
        for destination in dict.fromkeys((policy.destination, *(own.destination for own in policy.countries.values()))):
            if destination not in rows:
                there = ", ".join(sorted(rows))
                yield f"the freight table {policy.freight.name} has no destination {destination}; there are {there}"
