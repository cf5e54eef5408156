"""What should change on the channel because an offer changed, and which changes a brake stops."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from syncbridge.errors import MappingError
from syncbridge.model.catalog import GivenText, ListingDraft, Lock, Offer, SkuDraft, SkuProperty, Spec
from syncbridge.model.money import Money
from syncbridge.rules import stock
from syncbridge.rules.codes import sku_code
from syncbridge.rules.costs import Cost, cost_of, doubtful, off_the_median
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
from syncbridge.rules.routing import route_for
from syncbridge.rules.stock import UNPRICED, Free, of_spec

MOST_TITLE = 128
MOST_IMAGES = 6
SMALL_RUN = 20
"""Runs that touch fewer SKUs are not measured against the store's size."""
RUN_GUARDS = {"price": "repriced_share", "stock": "zeroed_share"}
"""The brakes on a whole run, by the field they stop; each opens one hold for a store."""
UNKNOWN = "unknown"
"""What a price is to become that cannot be made."""
HOLDS = (STEP, DOUBT, CEILING, "stock_step")
"""Every kind of hold that a step of one SKU may meet."""


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
    rule: str
    """Where the route that decides is written."""
    free: Free
    """What the stock follows from."""
    doubt: Doubt | None = None
    """Why the price must not go out by itself, if it must not."""


@dataclass(frozen=True, slots=True)
class Recent:
    """SKUs of a store that plans of the last hour change: what comes page by page counts as one run."""

    repriced: int = 0
    zeroed: int = 0


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
    """The median of what the spec cost of late; None where no history is kept."""
    locks: Mapping[str, Lock] = field(default_factory=dict)
    """The fields the seller keeps."""
    free: Free | None = None
    """What its suppliers have; None: it is one of its spec, none of which is reserved."""


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
    """Why a guard stopped it; empty: none did."""
    rule: str = ""
    """Where the rule that asks for it is written."""
    guard: str = ""
    """Which guard stopped it: the kind of the hold."""
    by_rate: bool = False
    """Whether nothing but an exchange rate moved the price."""
    kept: str = ""
    """Whose value stays instead, and since when, where the seller keeps the field."""

    @property
    def goes(self) -> bool:
        """Whether nothing keeps it back."""
        return not self.held and not self.kept

    @property
    def reprices(self) -> bool:
        """Whether it changes a price, and nothing keeps it back. A rate has guards of its own, and moves all prices."""
        return self.field == "price" and self.goes and not self.by_rate

    @property
    def zeroes(self) -> bool:
        """Whether it takes a SKU off sale, and nothing keeps it back."""
        return self.field == "stock" and self.after == "0" and self.goes


def fresh(offer: Offer, store: str, route: Route, rules: Rules) -> tuple[Wanted, ...]:
    """Every spec of an offer that is not listed yet, as a SKU with a new code of the route."""
    codes = [sku_code(route, store, offer, spec, rules) for spec in offer.specs]
    new = [Shown(code, spec.spec_id, None, 0) for spec, code in zip(offer.specs, codes, strict=True)]
    return tuple(_wanted(offer, spec, sku, route, rules) for spec, sku in zip(offer.specs, new, strict=True))


def wanted(offer: Offer, store: str, shown: Sequence[Shown], rules: Rules) -> tuple[Wanted, ...]:
    """The SKUs of a store that an offer feeds, as the route of each code wants them; without a route it stays as is."""
    specs = {spec.spec_id: spec for spec in offer.specs}
    result = []
    for sku in shown:
        route = route_for(sku.sku_code, store, rules)
        spec = specs.get(sku.spec_id)
        if route is not None and spec is not None:
            result.append(_wanted(offer, spec, sku, route, rules))
    return tuple(result)


def steps(offer: Offer, wanted: Sequence[Wanted], shown: Sequence[Shown], brakes: Brakes) -> tuple[Step, ...]:
    """The changes that lead from what is shown to what is wanted, with brakes on each price; locked ones are kept.

    While a rate is stale, prices that need it wait: its own hold says so, once for all of them.
    """
    last = {sku.sku_code: sku for sku in shown}
    changes: list[Step] = []
    for sku in wanted:
        now = last[sku.sku_code]
        if _moves(sku, now):
            changes.append(_price_step(sku, now, brakes))
        if sku.stock != now.stock:
            changes.append(Step(sku.sku_code, "stock", str(now.stock), str(sku.stock), sku.free.why, rule=sku.rule))
    listed = {spec.spec_id for spec in offer.specs}
    for now in shown:
        if now.spec_id not in listed and now.stock:
            why = "the supplier no longer lists this spec"
            changes.append(Step(now.sku_code, "stock", str(now.stock), "0", why))
    return tuple(_kept(step, last[step.sku_code].locks) for step in changes)


def brake(changes: Sequence[Step], store_skus: int, recent: Recent, brakes: Brakes) -> tuple[Step, ...]:
    """Hold what would reprice or zero too large a share of a store, together with what did within the last hour."""
    run = Recent(
        recent.repriced + sum(step.reprices for step in changes), recent.zeroed + sum(step.zeroes for step in changes)
    )
    touched = len({step.sku_code for step in changes}) + recent.repriced + recent.zeroed
    stopped = tripped(run, touched, store_skus, brakes)
    return tuple(_stopped(step, stopped.get(_braked(step), "")) for step in changes)


def tripped(run: Recent, touched: int, store_skus: int, brakes: Brakes) -> dict[str, str]:
    """The fields a run that touches so many SKUs changes too much of, each with the reason in figures."""
    stopped = {}
    if touched >= SMALL_RUN and run.repriced > store_skus * brakes.repriced_share:
        stopped["price"] = f"{run.repriced} of {store_skus} SKUs of the store would be repriced in one run"
    if touched >= SMALL_RUN and run.zeroed > store_skus * brakes.zeroed_share:
        stopped["stock"] = f"{run.zeroed} of {store_skus} SKUs of the store would go to zero in one run"
    return stopped


def draft(offer: Offer, route: Route, skus: Sequence[Wanted], given: GivenText | None = None) -> ListingDraft:
    """The listing of an offer; SKUs without a price are left out. Raises ValueError if there are too many."""
    policy = route.listing
    priced = [sku for sku in skus if sku.priced is not None and sku.doubt is None]
    if not priced:
        raise ValueError(next((s.doubt.why for s in skus if s.doubt), "the supplier shows no price for any spec"))
    if len(priced) > len(policy.variant_value_ids):
        raise ValueError(
            f"{len(priced)} specs, but the route's listing policy has {len(policy.variant_value_ids)} values"
        )
    title, description = words(offer, given)
    return ListingDraft(
        title=title,
        description_html=description,
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


def with_sku(draft: ListingDraft, sku: Wanted, route: Route) -> ListingDraft:
    """A listing's draft with one more SKU, on the first value of the route that none has. Raises ValueError."""
    policy = route.listing
    taken = {value.value_id for one in draft.skus for value in one.properties}
    free = next((value_id for value_id in policy.variant_value_ids if value_id not in taken), None)
    if len(draft.skus) == 1 and not taken:
        raise ValueError("the listing has a single SKU without variants; put it on sale anew to have some")
    if free is None:
        raise ValueError(f"all {len(policy.variant_value_ids)} values of the route's listing policy are taken")
    return replace(draft, skus=(*draft.skus, _sku_draft(sku, policy.variant_property_id, free, single=False)))


def words(offer: Offer, given: GivenText | None) -> tuple[str, str]:
    """Title and description of an offer's listing: what a person gave, else the supplier's."""
    title = (given and given.title) or _fitted(offer.title)
    return title, (given and given.description_html) or offer.description_html or f"<p>{_fitted(offer.title)}</p>"


def _sku_draft(sku: Wanted, property_id: str, value_id: str, *, single: bool) -> SkuDraft:
    assert sku.priced is not None  # noqa: S101  only priced ones are drafted
    name = " ".join(value for _, value in sku.spec.attributes)[:70] or None
    properties = () if single else (SkuProperty(property_id, value_id, name, sku.spec.image_url),)
    return SkuDraft(sku.sku_code, sku.priced.price, sku.stock, properties, countries=sku.priced.countries)


def _fitted(title: str) -> str:
    if len(title) <= MOST_TITLE:
        return title
    return title[:MOST_TITLE].rsplit(" ", 1)[0]


def _wanted(offer: Offer, spec: Spec, sku: Shown, route: Route, rules: Rules) -> Wanted:
    """A SKU as its route wants it; what cannot be priced is not sold."""
    cost = cost_of(offer, spec, route.price)
    sellable = cost is not None and cost.money.amount > 0
    free = (sku.free or of_spec(offer, spec.spec_id)) if sellable else UNPRICED
    amount = stock.shown(free.amount, route.stock, sku.stock)
    priced, doubt = _priced(cost, offer, spec, sku, route, rules) if cost is not None else (None, None)
    return Wanted(sku.sku_code, spec, priced, amount, str(route.place), free, doubt)


def _priced(
    cost: Cost, offer: Offer, spec: Spec, sku: Shown, route: Route, rules: Rules
) -> tuple[Priced | None, Doubt | None]:
    """The price of a spec, and why it must not go out by itself; no price is made of a cost that cannot be right."""
    last = sku.passport.get("cost")
    doubt = doubtful(cost.money, route.price, last=Money.parse(last) if last else None)
    if doubt is not None:
        return None, doubt
    weight = spec.weight_g or offer.weight_g or route.listing.weight_g
    parcel = Parcel(weight_g=weight, package_cm=route.listing.package_cm)
    goods = Goods(cost.money, parcel, route.listing.category_id, cost.postage_paid)
    try:
        priced = price(goods, route.price, rules.rates, route.role)
    except MappingError as error:
        return None, Doubt(STALE, str(error))
    basis = {"cost is the": cost.basis} if cost.basis else {}
    passport = {**basis, **priced.passport, "rule": f"{route.name} ({route.place})"}
    return replace(priced, passport=passport), priced.doubt


def _moves(sku: Wanted, now: Shown) -> bool:
    """Whether a price is to change, or cannot be known; what waits for a rate does not."""
    if sku.doubt is not None and sku.doubt.kind == STALE:
        return False
    return sku.doubt is not None if sku.priced is None else sku.priced.price != now.price


def _price_step(sku: Wanted, now: Shown, brakes: Brakes) -> Step:
    doubt, by_rate, reason, after = sku.doubt, False, "no price can be made", UNKNOWN
    if sku.priced is not None:
        doubt = doubt or _too_far(sku.priced, now, brakes)
        by_rate = only_the_rate_moved(now.passport, sku.priced.passport)
        reason, after = f"cost {sku.priced.passport['cost']}", str(sku.priced.price)
    held, guard = (doubt.why, doubt.kind) if doubt else ("", "")
    return Step(sku.sku_code, "price", str(now.price), after, reason, held, sku.rule, guard, by_rate)


def _too_far(priced: Priced, now: Shown, brakes: Brakes) -> Doubt | None:
    """Too far from the last price or from what it cost of late, or not above the discount set in the store."""
    if now.price is None or not now.price.amount:
        return None
    move = (priced.price.amount - now.price.amount) / now.price.amount
    if abs(move) > brakes.price_step:
        return Doubt(STEP, f"price would move by {move:+.0%}, more than {brakes.price_step:.0%}")
    if now.discount is not None and now.discount >= priced.price:
        return Doubt(STEP, f"the discount of {now.discount} set in the store would not be below {priced.price}")
    return off_the_median(Money.parse(priced.passport["cost"]), now.recent, brakes.price_step)


def _stopped(step: Step, why: str) -> Step:
    return replace(step, held=why, guard=RUN_GUARDS[step.field]) if why else step


def _kept(step: Step, locks: Mapping[str, Lock]) -> Step:
    lock = locks.get(step.field)
    return step if lock is None else replace(step, held="", guard="", kept=f"kept: {lock}")


def _braked(step: Step) -> str:
    """Which brake of the run a step is under; more stock than nothing is under none."""
    return step.field if step.reprices or step.zeroes else ""
