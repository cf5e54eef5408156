"""``syncbridge explain``: why a SKU costs what it costs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from syncbridge.cli.database import with_bridge
from syncbridge.cli.output import plain, show, show_json

if TYPE_CHECKING:
    from syncbridge.flows.explain import Explanation


def explain(
    ctx: typer.Context,
    sku: Annotated[str, typer.Argument(help="SKU code as on the channel.")],
    store: Annotated[str, typer.Option(help="Account of the store.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """The price of a SKU, term by term: cost, freight, rate, shares, floor, rule; and what holds it."""
    from syncbridge.flows.explain import explained

    found = with_bridge(ctx, lambda session, bridge: explained(session, bridge, store, sku))
    if as_json:
        show_json(_as_json(found))
    else:
        show("\n".join(_in_words(found)))


def _as_json(found: Explanation) -> dict[str, object]:
    binding, planned = found.binding, found.planned
    return {
        "sku": binding.sku_code,
        "store": binding.store,
        "supplier": binding.supplier,
        "offer": binding.offer_id,
        "spec": binding.spec_id,
        "listing": found.listing.listing_id,
        "listing_state": found.listing.state,
        "price": _text(binding.price),
        "price_wanted": _text(binding.price_wanted),
        "discount": _text(binding.discount),
        "passport": dict(binding.passport),
        "planned": None
        if planned is None
        else {
            "at": planned.at.isoformat(),
            "before": planned.before,
            "after": planned.after,
            "reason": planned.reason,
            "rule": planned.rule,
            "state": planned.state,
        },
        "stock": binding.stock,
        "stock_wanted": binding.stock_wanted,
        "supplier_stock": found.supplier_stock,
        "held": [
            {"kind": hold.kind, "subject": hold.subject, "since": hold.opened_at.isoformat(), **hold.figures}
            for hold in found.held
        ],
    }


def _in_words(found: Explanation) -> list[str]:
    binding = found.binding
    listing = found.listing.listing_id or "not on the channel yet"
    head = f"SKU {binding.sku_code} of store {binding.store} · listing {listing} · {found.listing.state}"
    fed = f"fed by offer {binding.supplier}/{binding.offer_id}, spec {binding.spec_id or 'the only one'}"
    return [head, f"  {fed}", *_price(found), *_stock(found), *_held(found)]


def _price(found: Explanation) -> list[str]:
    binding, planned = found.binding, found.planned
    shown = _text(binding.price) or "none yet"
    lines = [f"  price {shown}" + ("" if binding.price == binding.price_wanted else f", wanted {binding.price_wanted}")]
    lines += [f"    discount set in the store: {binding.discount}"] if binding.discount else []
    width = max(map(len, binding.passport), default=0)
    lines += [f"    {name:<{width}}  {plain(text)}" for name, text in binding.passport.items()]
    if planned is not None:
        change = f"{plain(planned.before)} → {plain(planned.after)} ({plain(planned.reason)})"
        lines.append(f"    last planned {planned.at:%Y-%m-%d %H:%M} UTC: {change}, {planned.state}")
    return lines


def _stock(found: Explanation) -> list[str]:
    binding = found.binding
    there = "unknown" if found.supplier_stock is None else found.supplier_stock
    why = f"the supplier's is {there}"
    if found.route is not None:
        why += f", {found.route.stock.buffer} are kept back, at most {found.route.stock.cap} are shown"
    wanted = "" if binding.stock == binding.stock_wanted else f", wanted {binding.stock_wanted}"
    shown = "none yet" if binding.stock is None else binding.stock
    return [f"  stock {shown}{wanted}: {why}"]


def _held(found: Explanation) -> list[str]:
    return [
        f"  held: {hold.kind} of {hold.subject} since {hold.opened_at:%Y-%m-%d %H:%M} UTC: {plain(hold.figures['why'])}"
        for hold in found.held
    ]


def _text(money: object) -> str | None:
    return None if money is None else str(money)
