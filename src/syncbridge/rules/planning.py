"""What should change on the channel because an offer changed, and which changes a brake stops."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from syncbridge.errors import MappingError
from syncbridge.model.catalog import ListingDraft, Offer, SkuDraft, SkuProperty, Spec
from syncbridge.model.money import Money
from syncbridge.rules import stock
from syncbridge.rules.costs import Cost, cost_of, doubtful
from syncbridge.rules.mapping import Route, Rules
from syncbridge.rules.pricing import (
    CEILING,
    DOUBT,
    STALE,
    STEP,
    Doubt,
    Goods,
    Parcel,
    Priced,
    only_the_rate_moved,
    price,
)
from syncbridge.rules.routing import sku_code

MOST_TITLE = 128
MOST_IMAGES = 6
SMALL_RUN = 20
"""Runs that touch fewer SKUs are not measured against the store's size."""
HOLDS = (STEP, DOUBT, CEILING, "stock_step")
"""Every kind of hold a step may meet."""


@dataclass(frozen=True, slots=True)
class Brakes:
    """Bounds that stop a run, as fractions."""

    price_step: Decimal = Decimal("0.30")
    repriced_share: Decimal = Decimal("0.25")
    zeroed_share: Decimal = Decimal("0.10")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A SKU as the rules want it."""

    sku_code: str
    spec: Spec
    priced: Priced | None
    """None: there is no price to be made, so the last one stays."""
    stock: int
    doubt: Doubt | None = None
    """Why the price must not go out by itself, if it must not."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A SKU as it was last pushed, or is about to be."""

    sku_code: str
    spec_id: str
    price: Money | None
    stock: int
    passport: Mapping[str, str] = field(default_factory=dict)
    """Of the price."""
    discount: Money | None = None
    recent: Money | None = None
    """The median of what it cost of late; None where no history is kept."""


@dataclass(frozen=True, slots=True)
class Step:
    """One change of one SKU."""

    sku_code: str
    field: str
    """``price`` or ``stock``."""
    before: str
    after: str
    reason: str
    held: str = ""
    """The brake that stopped it; empty: approved."""
    hold: str = ""
    """Kind of the hold, where it is not that of the field's brake."""
    by_rate: bool = False
    """Whether nothing but an exchange rate moved it."""


def wanted(
    offer: Offer, store: str, route: Route, rules: Rules, shown: Sequence[Shown] = (), brakes: Brakes = Brakes()
) -> tuple[Wanted, ...]:
    """Every SKU of an offer as the route wants it; a SKU keeps its code, an unbuyable offer shows no stock."""
    last = {sku.spec_id: sku for sku in shown}
    result = []
    for spec in offer.specs:
        known = last.get(spec.spec_id)
        code = known.sku_code if known else sku_code(route, store, offer.offer_id, spec.spec_id, rules)
        cost = cost_of(offer, spec, route.price)
        sellable = cost is not None and cost.money.amount > 0
        priced, doubt = _priced(cost, offer, spec, route, rules, known, brakes) if cost is not None else (None, None)
        amount = stock.shown(spec.stock, route.stock, known.stock if known else 0)
        result.append(Wanted(code, spec, priced, amount if offer.buyable and sellable else 0, doubt))
    return tuple(result)


def steps(wanted: Sequence[Wanted], shown: Sequence[Shown], brakes: Brakes) -> tuple[Step, ...]:
    """The changes that lead from what is shown to what is wanted, with brakes on each price.

    While a rate is stale, prices that need it wait: its own hold says so, once for all of them.
    """
    last = {sku.sku_code: sku for sku in shown}
    changes: list[Step] = []
    for sku in wanted:
        now = last.get(sku.sku_code)
        if now is None:
            continue
        if _wants_a_price(sku, now):
            changes.append(_price_step(sku, now, brakes))
        if sku.stock != now.stock:
            reason = f"supplier stock {sku.spec.stock}"
            changes.append(Step(sku.sku_code, "stock", str(now.stock), str(sku.stock), reason))
    gone = {sku.sku_code for sku in shown} - {sku.sku_code for sku in wanted}
    for code in sorted(gone):
        if last[code].stock:
            changes.append(Step(code, "stock", str(last[code].stock), "0", "the supplier no longer lists this spec"))
    return tuple(changes)


def brake(changes: Sequence[Step], store_skus: int, brakes: Brakes) -> tuple[Step, ...]:
    """Hold a run that would reprice or zero too large a share of a store.

    Prices that follow an exchange rate do not count: the rate has guards of its own, and moves them all.
    """
    if len({step.sku_code for step in changes}) < SMALL_RUN:
        return tuple(changes)
    repriced = [step for step in changes if step.field == "price" and not step.held and not step.by_rate]
    zeroed = [step for step in changes if step.field == "stock" and step.after == "0"]
    stopped = {}
    if len(repriced) > store_skus * brakes.repriced_share:
        stopped["price"] = f"{len(repriced)} of {store_skus} SKUs of the store would be repriced in one run"
    if len(zeroed) > store_skus * brakes.zeroed_share:
        stopped["stock"] = f"{len(zeroed)} of {store_skus} SKUs of the store would go to zero in one run"
    return tuple(_held(step, stopped) for step in changes)


def draft(offer: Offer, route: Route, skus: Sequence[Wanted]) -> ListingDraft:
    """The listing of an offer; SKUs without a price are left out. Raises ValueError if there are too many."""
    policy = route.listing
    priced = [sku for sku in skus if sku.priced is not None and sku.doubt is None]
    if not priced:
        raise ValueError(next((s.doubt.why for s in skus if s.doubt), "the supplier shows no price for any spec"))
    if len(priced) > len(policy.variant_value_ids):
        raise ValueError(
            f"{len(priced)} specs, but the route's listing policy has {len(policy.variant_value_ids)} values"
        )
    return ListingDraft(
        title=_fitted(offer.title),
        description_html=offer.description_html or f"<p>{_fitted(offer.title)}</p>",
        category_id=policy.category_id,
        images=offer.images[:MOST_IMAGES],
        skus=tuple(
            _sku_draft(sku, policy.variant_property_id, value_id, single=len(priced) == 1)
            for sku, value_id in zip(priced, policy.variant_value_ids, strict=False)
        ),
        freight_template_id=policy.freight_template_id,
        attributes=policy.attributes,
        locale=policy.locale,
        weight_g=offer.weight_g or policy.weight_g,
        package_cm=policy.package_cm,
        dispatch_days=policy.dispatch_days,
    )


def _sku_draft(sku: Wanted, property_id: str, value_id: str, *, single: bool) -> SkuDraft:
    assert sku.priced is not None  # noqa: S101  only priced ones are drafted
    name = " ".join(value for _, value in sku.spec.attributes)[:70] or None
    properties = () if single else (SkuProperty(property_id, value_id, name, sku.spec.image_url),)
    return SkuDraft(sku.sku_code, sku.priced.price, sku.stock, properties, countries=sku.priced.countries)


def _fitted(title: str) -> str:
    if len(title) <= MOST_TITLE:
        return title
    return title[:MOST_TITLE].rsplit(" ", 1)[0]


def _priced(
    cost: Cost, offer: Offer, spec: Spec, route: Route, rules: Rules, known: Shown | None, brakes: Brakes
) -> tuple[Priced | None, Doubt | None]:
    """The price of a spec, and whether it may go out by itself."""
    last = known.passport.get("cost") if known else None
    doubt = doubtful(
        cost.money,
        route.price,
        last=Money.parse(last) if last else None,
        recent=known.recent if known else None,
        step=brakes.price_step,
    )
    if doubt is not None and doubt.kind == DOUBT:
        return None, doubt
    weight = spec.weight_g or offer.weight_g or route.listing.weight_g
    parcel = Parcel(weight_g=weight, package_cm=route.listing.package_cm)
    goods = Goods(cost.money, parcel, route.listing.category_id, cost.postage_paid)
    try:
        priced = price(goods, route.price, rules.rates, route.role)
    except MappingError as error:
        return None, Doubt(STALE, str(error))
    terms = {"cost": str(cost.money)} | ({"cost is the": cost.basis} if cost.basis else {})
    passport = {**terms, **priced.passport, "rule": f"{route.name} ({route.place})"}
    return replace(priced, passport=passport), priced.doubt or doubt


def _wants_a_price(sku: Wanted, now: Shown) -> bool:
    if sku.doubt is not None and sku.doubt.kind == STALE:
        return False
    return sku.priced.price != now.price if sku.priced is not None else sku.doubt is not None


def _price_step(sku: Wanted, now: Shown, brakes: Brakes) -> Step:
    after = sku.priced.price if sku.priced else None
    doubt = sku.doubt or _too_far(after, now, brakes)
    passport = sku.priced.passport if sku.priced else {}
    return Step(
        sku.sku_code,
        "price",
        str(now.price),
        str(after) if after else "unknown",
        f"cost {passport['cost']}" if passport else "no price can be made",
        held=doubt.why if doubt else "",
        hold=doubt.kind if doubt else "",
        by_rate=bool(passport) and only_the_rate_moved(now.passport, passport),
    )


def _too_far(after: Money | None, now: Shown, brakes: Brakes) -> Doubt | None:
    """A step the brake stops, or one that would leave the store's own discount above the price."""
    if after is None or now.price is None or not now.price.amount:
        return None
    move = (after.amount - now.price.amount) / now.price.amount
    if abs(move) > brakes.price_step:
        return Doubt(STEP, f"price would move by {move:+.0%}, more than {brakes.price_step:.0%}")
    if now.discount is not None and now.discount >= after:
        return Doubt(STEP, f"the discount of {now.discount} set in the store would not be below {after}")
    return None


def _held(step: Step, stopped: dict[str, str]) -> Step:
    return replace(step, held=step.held or stopped.get(step.field, ""))
