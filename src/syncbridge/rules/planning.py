"""What should change on the channel because an offer changed, and which changes a brake stops."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from syncbridge.model.catalog import ListingDraft, Lock, Offer, SkuDraft, SkuProperty, Spec
from syncbridge.model.money import Money
from syncbridge.rules import stock
from syncbridge.rules.codes import sku_code
from syncbridge.rules.mapping import Route, Rules
from syncbridge.rules.pricing import Priced, price
from syncbridge.rules.routing import route_for

MOST_TITLE = 128
MOST_IMAGES = 6
SMALL_RUN = 20
"""Runs that touch fewer SKUs are not measured against the store's size."""
RUN_GUARDS = {"price": "repriced_share", "stock": "zeroed_share"}
"""The brakes on a whole run, by the field they stop; each opens one hold for a store."""


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
    """None: the supplier shows no price, so the last one stays."""
    stock: int
    rule: str
    """Where the route that decides is written."""


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
    locks: Mapping[str, Lock] = field(default_factory=dict)
    """The fields the seller keeps."""


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
    kept: str = ""
    """Whose value stays instead, and since when, where the seller keeps the field."""

    @property
    def goes(self) -> bool:
        """Whether nothing keeps it back."""
        return not self.held and not self.kept

    @property
    def reprices(self) -> bool:
        """Whether it changes a price, and nothing keeps it back."""
        return self.field == "price" and self.goes

    @property
    def zeroes(self) -> bool:
        """Whether it takes a SKU off sale, and nothing keeps it back."""
        return self.field == "stock" and self.after == "0" and self.goes


def fresh(offer: Offer, store: str, route: Route, rules: Rules) -> tuple[Wanted, ...]:
    """Every spec of an offer that is not listed yet, as a SKU with a new code of the route."""
    codes = [sku_code(route, store, offer, spec, rules) for spec in offer.specs]
    return tuple(_wanted(offer, spec, code, route, rules, 0) for spec, code in zip(offer.specs, codes, strict=True))


def wanted(offer: Offer, store: str, shown: Sequence[Shown], rules: Rules) -> tuple[Wanted, ...]:
    """The SKUs of a store that an offer feeds, as the route of each code wants them; without a route it stays as is."""
    specs = {spec.spec_id: spec for spec in offer.specs}
    result = []
    for sku in shown:
        route = route_for(sku.sku_code, store, rules)
        spec = specs.get(sku.spec_id)
        if route is not None and spec is not None:
            result.append(_wanted(offer, spec, sku.sku_code, route, rules, sku.stock))
    return tuple(result)


def steps(offer: Offer, wanted: Sequence[Wanted], shown: Sequence[Shown], brakes: Brakes) -> tuple[Step, ...]:
    """The changes that lead from what is shown to what is wanted, with brakes on each price; locked ones are kept."""
    last = {sku.sku_code: sku for sku in shown}
    changes: list[Step] = []
    for sku in wanted:
        now = last[sku.sku_code]
        if sku.priced is not None and sku.priced.price != now.price:
            changes.append(_price_step(sku, now.price, sku.priced, brakes))
        if sku.stock != now.stock:
            reason = f"supplier stock {sku.spec.stock}"
            changes.append(Step(sku.sku_code, "stock", str(now.stock), str(sku.stock), reason, rule=sku.rule))
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


def draft(offer: Offer, route: Route, skus: Sequence[Wanted]) -> ListingDraft:
    """The listing of an offer; SKUs without a price are left out. Raises ValueError if there are too many."""
    policy = route.listing
    priced = [sku for sku in skus if sku.priced is not None]
    if not priced:
        raise ValueError("the supplier shows no price for any spec")
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
    return SkuDraft(sku.sku_code, sku.priced.price, sku.stock, properties)


def _fitted(title: str) -> str:
    if len(title) <= MOST_TITLE:
        return title
    return title[:MOST_TITLE].rsplit(" ", 1)[0]


def _wanted(offer: Offer, spec: Spec, code: str, route: Route, rules: Rules, last: int) -> Wanted:
    """A SKU as its route wants it; an unbuyable offer, or a spec without a price, shows no stock."""
    sellable = spec.cost is not None and spec.cost.amount > 0
    priced = price(spec.cost, route.price, rules.rates) if spec.cost is not None and sellable else None
    amount = stock.shown(spec.stock, route.stock, last) if offer.buyable and sellable else 0
    return Wanted(code, spec, priced, amount, str(route.place))


def _price_step(sku: Wanted, before: Money | None, priced: Priced, brakes: Brakes) -> Step:
    reason = f"cost {priced.passport['cost']}"
    held = ""
    if before is not None and before.amount:
        move = (priced.price.amount - before.amount) / before.amount
        if abs(move) > brakes.price_step:
            held = f"price would move by {move:+.0%}, more than {brakes.price_step:.0%}"
    return Step(sku.sku_code, "price", str(before), str(priced.price), reason, held, sku.rule, held and "price_step")


def _stopped(step: Step, why: str) -> Step:
    return replace(step, held=why, guard=RUN_GUARDS[step.field]) if why else step


def _kept(step: Step, locks: Mapping[str, Lock]) -> Step:
    lock = locks.get(step.field)
    return step if lock is None else replace(step, held="", guard="", kept=f"kept: {lock}")


def _braked(step: Step) -> str:
    """Which brake of the run a step is under; more stock than nothing is under none."""
    return step.field if step.reprices or step.zeroes else ""
