"""What should change on the channel because an offer changed, and which changes a brake stops."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from syncbridge.model.catalog import GivenText, ListingDraft, Offer, SkuDraft, SkuProperty, Spec
from syncbridge.model.money import Money
from syncbridge.rules import stock
from syncbridge.rules.mapping import Route, Rules
from syncbridge.rules.pricing import Priced, price
from syncbridge.rules.routing import sku_code

MOST_TITLE = 128
MOST_IMAGES = 6
SMALL_RUN = 20
"""Runs that touch fewer SKUs are not measured against the store's size."""


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


@dataclass(frozen=True, slots=True)
class Shown:
    """A SKU as it was last pushed, or is about to be."""

    sku_code: str
    spec_id: str
    price: Money | None
    stock: int


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


def wanted(offer: Offer, store: str, route: Route, rules: Rules, shown: Sequence[Shown] = ()) -> tuple[Wanted, ...]:
    """Every SKU of an offer as the route wants it; a SKU keeps its code, an unbuyable offer shows no stock."""
    last = {sku.spec_id: sku for sku in shown}
    result = []
    for spec in offer.specs:
        known = last.get(spec.spec_id)
        code = known.sku_code if known else sku_code(route, store, offer.offer_id, spec.spec_id, rules)
        sellable = spec.cost is not None and spec.cost.amount > 0
        priced = price(spec.cost, route.price, rules.rates) if spec.cost is not None and sellable else None
        amount = stock.shown(spec.stock, route.stock, known.stock if known else 0)
        result.append(Wanted(code, spec, priced, amount if offer.buyable and sellable else 0))
    return tuple(result)


def steps(wanted: Sequence[Wanted], shown: Sequence[Shown], brakes: Brakes) -> tuple[Step, ...]:
    """The changes that lead from what is shown to what is wanted, with brakes on each price."""
    last = {sku.sku_code: sku for sku in shown}
    changes: list[Step] = []
    for sku in wanted:
        now = last.get(sku.sku_code)
        if now is None:
            continue
        if sku.priced is not None and sku.priced.price != now.price:
            changes.append(_price_step(sku.sku_code, now.price, sku.priced, brakes))
        if sku.stock != now.stock:
            reason = f"supplier stock {sku.spec.stock}"
            changes.append(Step(sku.sku_code, "stock", str(now.stock), str(sku.stock), reason))
    gone = {sku.sku_code for sku in shown} - {sku.sku_code for sku in wanted}
    for code in sorted(gone):
        if last[code].stock:
            changes.append(Step(code, "stock", str(last[code].stock), "0", "the supplier no longer lists this spec"))
    return tuple(changes)


def brake(changes: Sequence[Step], store_skus: int, brakes: Brakes) -> tuple[Step, ...]:
    """Hold a run that would reprice or zero too large a share of a store."""
    if len({step.sku_code for step in changes}) < SMALL_RUN:
        return tuple(changes)
    repriced = [step for step in changes if step.field == "price" and not step.held]
    zeroed = [step for step in changes if step.field == "stock" and step.after == "0"]
    stopped = {}
    if len(repriced) > store_skus * brakes.repriced_share:
        stopped["price"] = f"{len(repriced)} of {store_skus} SKUs of the store would be repriced in one run"
    if len(zeroed) > store_skus * brakes.zeroed_share:
        stopped["stock"] = f"{len(zeroed)} of {store_skus} SKUs of the store would go to zero in one run"
    return tuple(_held(step, stopped) for step in changes)


def draft(offer: Offer, route: Route, skus: Sequence[Wanted], given: GivenText | None = None) -> ListingDraft:
    """The listing of an offer; SKUs without a price are left out. Raises ValueError if there are too many."""
    policy = route.listing
    priced = [sku for sku in skus if sku.priced is not None]
    if not priced:
        raise ValueError("the supplier shows no price for any spec")
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


def words(offer: Offer, given: GivenText | None) -> tuple[str, str]:
    """Title and description of an offer's listing: what a person gave, else the supplier's."""
    title = (given and given.title) or _fitted(offer.title)
    return title, (given and given.description_html) or offer.description_html or f"<p>{_fitted(offer.title)}</p>"


def _sku_draft(sku: Wanted, property_id: str, value_id: str, *, single: bool) -> SkuDraft:
    assert sku.priced is not None  # noqa: S101  only priced ones are drafted
    name = " ".join(value for _, value in sku.spec.attributes)[:70] or None
    properties = () if single else (SkuProperty(property_id, value_id, name, sku.spec.image_url),)
    return SkuDraft(sku.sku_code, sku.priced.price, sku.stock, properties)


def _fitted(title: str) -> str:
    if len(title) <= MOST_TITLE:
        return title
    return title[:MOST_TITLE].rsplit(" ", 1)[0]


def _price_step(code: str, before: Money | None, priced: Priced, brakes: Brakes) -> Step:
    reason = f"cost {priced.passport['cost']}"
    held = ""
    if before is not None and before.amount:
        move = (priced.price.amount - before.amount) / before.amount
        if abs(move) > brakes.price_step:
            held = f"price would move by {move:+.0%}, more than {brakes.price_step:.0%}"
    return Step(code, "price", str(before), str(priced.price), reason, held)


def _held(step: Step, stopped: dict[str, str]) -> Step:
    return replace(step, held=step.held or stopped.get(step.field, ""))
