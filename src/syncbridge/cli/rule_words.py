"""Rules and what they decide, in words for people and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from syncbridge.cli.output import plain
from syncbridge.model.money import Money
from syncbridge.rules.codes import Says
from syncbridge.rules.mapping import (
    BuyMode,
    CodeStyle,
    CostBasis,
    LineChoice,
    ParcelPolicy,
    Part,
    PricePolicy,
    Route,
    Rules,
    ShippingWay,
    SkuRule,
)
from syncbridge.rules.mapping_cases import in_words
from syncbridge.rules.routing import meant, route_for, rule_of
from syncbridge.rules.wording import did_you_mean

if TYPE_CHECKING:
    from syncbridge.flows.simulate import Simulation
    from syncbridge.flows.sku_meaning import Meaning

BOUGHT = {
    BuyMode.AUTO: "bought automatically",
    BuyMode.CONFIRM: "bought once a person confirmed it",
    BuyMode.BY_HAND: "bought by hand",
    BuyMode.OWN_STOCK: "not bought: the seller ships from own stock",
}
SHIPPED = {
    ShippingWay.FORWARDER: "a forwarder receives the parcel by its mark",
    ShippingWay.OFFICIAL: "booked once the supplier's waybill is known",
    ShippingWay.LABEL_FIRST: "booked before it is bought, and the supplier sticks the label on",
}
CODES = {
    CodeStyle.REFERENCE: "a reference, which its binding leads back from",
    CodeStyle.COMPACT: "compact: the supplier's ids of offer and sku",
    CodeStyle.GOODS_CODE: "the supplier's goods code",
}


def why_none(sku: str, store: str, known: Rules) -> str:
    """Why no route takes a SKU."""
    stores = {name for route in known.routes for name in route.stores}
    if store not in stores:
        return f'no route is for a store "{store}"{did_you_mean(store, stores)}'
    prefixes = sorted({route.prefix for route in known.routes if store in route.stores})
    return f"no route's prefix fits SKU {sku} of store {store}; the prefixes there are: {', '.join(prefixes)}"


def of_route(sku: str, store: str, route: Route, known: Rules) -> str:
    """Which route a SKU takes, and what that says."""
    lines = {
        "supplier": f"{route.supplier}, {BOUGHT[route.buy]}",
        "relay": f"{route.relay.name}, {route.relay.city}",
        **_shipping(route),
        "price": "; ".join(f"{name} {value}" for name, value in _price_terms(route.price).items() if value),
        "stock": f"at most {route.stock.cap}, {route.stock.buffer} kept back",
        "category": route.listing.category_id,
        "new codes": CODES[route.code],
    }
    code = meant(sku, store, known)
    named = f"SKU {sku} of store {store}" + (f", which stands for {code}," if code != sku else "")
    head = f"{named} takes route {route.name} by its prefix {route.prefix} ({route.place})"
    told = [*lines.items(), *(line for other in _by_destination(sku, store, known) for line in _exception(other))]
    return "\n".join([head, *(_line(name, text) for name, text in told)])


def of_rule(rule: SkuRule | None) -> list[str]:
    """What is said of this very SKU."""
    if rule is None:
        return []
    parts = [_line("parts", f"{in_words(rule.parts)} ({rule.place})")] if rule.parts else []
    backups = [f"{n}. {way.supplier}: {in_words(way.parts)}" for n, way in enumerate(rule.backups, start=1)]
    declared = [_line("declared", f"{_declaration(rule.parcels)} ({rule.place})")] if rule.parcels else []
    return [*parts, *(_line("backup", f"{text} ({rule.place})") for text in backups), *declared]


def of_code(says: Sequence[Says]) -> list[str]:
    """What the code itself says."""
    return [_line("code says", f"{_named(one)} ({one.through}, {one.place})") for one in says]


def of_spec(means: Sequence[Meaning]) -> list[str]:
    """The specs it means, as far as the database knows; titles are the supplier's own words."""
    lines = []
    for one in means:
        attributes = ", ".join(f"{name} {value}" for name, value in one.spec.attributes) if one.spec else ""
        title = plain(f"{one.offer.title} {attributes}") if one.offer else "never read"
        through = f"{one.through}, {one.place}" if one.place else one.through
        lines.append(_line("spec", f"{one.offer_id}/{one.spec_id} of {one.supplier}: {title} ({through})"))
    return lines


def of_simulation(found: Simulation, since: datetime) -> Iterator[str]:
    """Counts first, then each difference."""
    yield (
        f"{found.offers} offers with {found.skus} SKUs, and {found.orders} orders since {since:%Y-%m-%d %H:%M} UTC, "
        "were tried under both rules; nothing was written"
    )
    if not found.differences:
        yield "nothing would come out otherwise"
        return
    yield "would come out otherwise:"
    for kind, count in found.counts.items():
        yield _line(kind, str(count))
    for one in found.differences:
        yield f"{one.kind} {one.store} {one.subject}: {one.before} → {one.after}"


def simulation_as_json(found: Simulation) -> dict[str, object]:
    """The same for programs."""
    return {
        "offers": found.offers,
        "skus": found.skus,
        "orders": found.orders,
        "counts": found.counts,
        "differences": [
            {"kind": d.kind, "store": d.store, "subject": d.subject, "before": d.before, "after": d.after}
            for d in found.differences
        ],
    }


def explained_as_json(sku: str, store: str, known: Rules) -> dict[str, object]:
    """Which rules decide about a SKU, for programs."""
    route = route_for(sku, store, known)
    rule = rule_of(sku, store, known)
    return {
        "sku": sku,
        "store": store,
        "stands_for": meant(sku, store, known),
        "route": _route_as_json(route) if route else None,
        "by_destination": [_route_as_json(other) for other in _by_destination(sku, store, known)],
        "sku_rule": _ways(rule),
    }


def says_as_json(says: Says) -> dict[str, object]:
    """What a code says, for programs; null where it says nothing of the kind."""
    return {
        "through": says.through,
        "file": says.place.file,
        "line": says.place.line,
        "supplier": says.supplier,
        "offer": says.offer_id or None,
        "spec": says.spec_id or None,
        "sku_id": says.sku_id or None,
        "goods_code": says.goods_code or None,
    }


def means_as_json(means: Sequence[Meaning]) -> list[dict[str, object]]:
    """The specs a code means, for programs."""
    return [
        {
            "through": one.through,
            "file": one.place.file if one.place else None,
            "line": one.place.line if one.place else None,
            "supplier": one.supplier,
            "offer": one.offer_id,
            "spec": one.spec_id,
            "title": one.offer.title if one.offer else None,
        }
        for one in means
    ]


def _shipping(route: Route) -> dict[str, str]:
    """How its parcels get abroad, which line takes them, and what customs are told."""
    way = f"{route.ship}: {SHIPPED[route.ship]}"
    services = ", ".join(f"{theirs} is {ours}" for theirs, ours in route.services.items())
    if not route.is_booked or route.parcels is None:
        return {"ship": way, "carrier": f"{route.carrier} ({services})"}
    by_country = (f"to {country}: {_choice(choice)}" for country, choice in route.parcels.countries.items())
    booker = f"by {route.carrier} if it books parcels, else by the store" if route.carrier else "by the store"
    return {
        "ship": f"{way}, {booker}" + (f" ({services})" if services else ""),
        "line": "; ".join([_choice(route.parcels.choice), *by_country]),
        "declared": _declaration(route.parcels),
    }


def _exception(route: Route) -> Iterator[tuple[str, str]]:
    """How a route goes that is for some countries only."""
    yield (
        "except",
        f"orders to {', '.join(route.destinations)} take route {route.name}: {route.supplier}, {BOUGHT[route.buy]}, "
        f"{route.relay.city}, {route.way} ({route.place})",
    )
    yield from _shipping(route).items() if route.is_booked else ()


def _choice(choice: LineChoice) -> str:
    """Which line is taken."""
    bounds = []
    if choice.longest_days is not None:
        bounds.append(f"in at most {choice.longest_days} days")
    if choice.dearest is not None:
        bounds.append(f"for at most {choice.dearest}")
    return ", ".join([f"the {choice.prefer} of {', '.join(choice.lines) or 'all that are offered'}", *bounds])


def _declaration(policy: ParcelPolicy) -> str:
    """What customs are told of one piece."""
    worth = policy.value
    said = [
        f"{policy.name_en} {policy.name_cn}",
        f"HS code {policy.hs_code}" if policy.hs_code else "no HS code",
        policy.material or "no material",
        "with a battery" if policy.battery else "no battery",
        f"worth {worth}" if isinstance(worth, Money) else f"worth {_percent(worth)} of what the buyer paid",
    ]
    return ", ".join(said)


def _percent(fraction: Decimal) -> str:
    return f"{(fraction * 100).normalize():f} %"


def _by_destination(sku: str, store: str, known: Rules) -> list[Route]:
    """The routes beside that of a SKU, for orders to the countries they name."""
    general = route_for(sku, store, known)
    if general is None:
        return []
    return [r for r in known.routes if r.destinations and r.prefix == general.prefix and store in r.stores]


def _named(says: Says) -> str:
    if says.goods_code:
        return f"goods code {says.goods_code}"
    return f"offer {says.offer_id}" + (f", spec {says.spec_id}" if says.spec_id else f", sku {says.sku_id or 'alone'}")


def _line(name: str, text: str) -> str:
    return f"  {name:<9} {text}"


def _route_as_json(route: Route) -> dict[str, object]:
    return {
        "name": route.name,
        "prefix": route.prefix,
        "destinations": list(route.destinations),
        "file": route.place.file,
        "line": route.place.line,
        "column": route.place.column,
        "supplier": route.supplier,
        "buy": route.buy,
        "ship": route.ship,
        "carrier": route.carrier or None,
        "services": dict(route.services),
        "parcels": _parcels_as_json(route.parcels),
        "price": _price_terms(route.price),
        "stock": {"buffer": route.stock.buffer, "cap": route.stock.cap},
        "category": route.listing.category_id,
        "code": route.code,
        "pattern": route.pattern.text if route.pattern else None,
    }


def _ways(rule: SkuRule | None) -> dict[str, object] | None:
    if rule is None:
        return None
    backups = [{"supplier": way.supplier, "parts": _parts(way.parts)} for way in rule.backups]
    return {
        "file": rule.place.file,
        "line": rule.place.line,
        "parts": _parts(rule.parts),
        "backups": backups,
        "parcels": _parcels_as_json(rule.parcels),
    }


def _parcels_as_json(policy: ParcelPolicy | None) -> dict[str, object] | None:
    if policy is None:
        return None
    return {
        "name_cn": policy.name_cn,
        "name_en": policy.name_en,
        "value": str(policy.value) if isinstance(policy.value, Money) else _percent(policy.value),
        "hs_code": policy.hs_code or None,
        "material": policy.material or None,
        "battery": policy.battery,
        **_choice_as_json(policy.choice),
        "countries": {country: _choice_as_json(choice) for country, choice in policy.countries.items()},
    }


def _choice_as_json(choice: LineChoice) -> dict[str, object]:
    return {
        "lines": list(choice.lines),
        "prefer": choice.prefer,
        "longest_days": choice.longest_days,
        "dearest": str(choice.dearest) if choice.dearest else None,
    }


def _parts(parts: tuple[Part, ...]) -> list[dict[str, object]]:
    return [{"offer": part.offer_id, "spec": part.spec_id, "quantity": part.quantity} for part in parts]


def _price_terms(policy: PricePolicy) -> dict[str, str | None]:
    freight = policy.freight
    terms = {
        "currency": policy.currency,
        "multiplier": str(policy.multiplier) if policy.multiplier is not None else None,
        "packing": str(policy.packing),
        "freight": str(freight) if isinstance(freight, Money) else f"{freight.name} to {policy.destination}",
        "commission": str(policy.commission),
        "minimum_margin": str(policy.minimum_margin),
        "ending": " or ".join(str(ending) for ending in policy.endings) or None,
    }
    richer: dict[str, object] = {
        "margin": policy.margin,
        "cost": policy.basis if policy.basis is not CostBasis.SKU else None,
        "quantity": policy.quantity if policy.basis is CostBasis.TIER else None,
        "domestic_freight": policy.domestic_freight,
        "ads": policy.ads or None,
        "affiliate": policy.affiliate or None,
        "payment_fee": policy.payment_fee or None,
        "fx_spread": policy.fx_spread or None,
        "minimum_price": policy.minimum_price,
        "maximum_price": policy.maximum_price,
        "roles": ", ".join(policy.roles) or None,
        "countries": ", ".join(policy.countries) or None,
    }
    return terms | {name: str(value) for name, value in richer.items() if value is not None}
