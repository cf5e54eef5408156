"""``syncbridge listings``: what the supplier says, the rules want and the channel shows, and what the seller keeps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from syncbridge.cli.database import in_database, with_bridge
from syncbridge.cli.output import plain, say, show, show_json

if TYPE_CHECKING:
    from syncbridge.flows.listings import ListingView, SkuView
    from syncbridge.model.catalog import Lock

listings = typer.Typer(help="Listings: what is wanted, what is shown, what the seller keeps.", no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Store = Annotated[str | None, typer.Option("--store", metavar="NAME", help="Only this store.")]
Number = Annotated[int, typer.Argument(metavar="NUMBER", help="As `listings list` shows it.")]


@listings.command("list")
def list_(ctx: typer.Context, store: Store = None, json: Json = False) -> None:
    """Every listing with its state, its number of SKUs, and how many fields the seller keeps."""
    from syncbridge.store import listings as stored

    found = in_database(ctx, lambda session: stored.all_of(session, store))
    if json:
        rows = [
            {"listing": one.id, "store": one.store, "listing_id": one.listing_id, "state": one.state.value}
            | {"title": one.title, "skus": one.skus, "locks": one.locks}
            for one in found
        ]
        show_json({"listings": rows})
        return
    for one in found:
        kept = f"{one.locks} locked" if one.locks else ""
        told = [str(one.id), one.store, one.listing_id or "–", one.state, f"{one.skus} SKUs", kept, one.title]
        show(plain(" · ".join(part for part in told if part)))
    if not found:
        say("There is no listing.")


@listings.command("show")
def show_(ctx: typer.Context, number: Number, json: Json = False) -> None:
    """One listing with all its SKUs, side by side; no vendor is called."""
    from syncbridge.flows import listings as flow

    seen = with_bridge(ctx, lambda session, bridge: flow.view(session, bridge, number))
    if json:
        show_json(_as_json(seen))
        return
    own = seen.listing
    title = own.seen.title if own.seen else own.draft.title
    show(plain(f"{own.id} · {own.store} · {own.listing_id or '–'} · {own.state} · {title}"))
    for lock in seen.locks.values():
        show("    " + plain(f"{lock}: {lock.why}"))
    for sku in seen.skus:
        _print(sku)


@listings.command("locks")
def locks_(ctx: typer.Context, store: Store = None, json: Json = False) -> None:
    """Every field the seller keeps, since when and why."""
    from syncbridge.store import locks

    found = in_database(ctx, lambda session: locks.of_store(session, store))
    if json:
        show_json({"locks": [{"store": name, **_lock_as_json(lock)} for name, lock in found]})
        return
    for name, lock in found:
        what = f"{lock.listing} · {name} · {lock.sku_code}".rstrip(" ·")
        show(plain(f"{what} · {lock.field} · since {lock.since:%Y-%m-%d %H:%M} UTC · {lock.why}"))
    if not found:
        say("The seller keeps nothing.")


@listings.command()
def unlock(
    ctx: typer.Context,
    number: Number,
    sku: Annotated[list[str] | None, typer.Option("--sku", metavar="CODE", help="Only of this SKU.")] = None,
    field: Annotated[list[str] | None, typer.Option("--field", help="Only this field, such as price.")] = None,
    json: Json = False,
) -> None:
    """Give fields back to the rules; what that changes goes out with the next plan, inside the brakes."""
    from syncbridge.flows import listings as flow

    given = with_bridge(
        ctx, lambda session, bridge: flow.give_back(session, bridge, number, skus=sku or (), fields=field or ())
    )
    if json:
        show_json({"unlocked": [_lock_as_json(lock) for lock in given]})
        return
    for lock in given:
        say(plain(f"{number} {lock.sku_code} {lock.field} is given back to the rules"))


def _print(sku: SkuView) -> None:
    binding, spec = sku.binding, sku.spec
    supplier = f"cost {spec.cost or 'unknown'}, stock {_amount(spec.stock)}" if spec else "no longer at the supplier"
    show("    " + plain(f"{binding.sku_code} · {supplier}"))
    shown = {"price": (binding.price_wanted, binding.price), "stock": (binding.stock_wanted, binding.stock)}
    for field, (wanted, there) in shown.items():
        lock = f" · kept: {sku.locks[field]}" if field in sku.locks else ""
        told = f"rules {sku.rules[field]} · wanted {_amount(wanted)} · shown {_amount(there)}{lock}"
        show("        " + plain(f"{field}: {told}"))


def _amount(value: object) -> str:
    return "unknown" if value is None else str(value)


def _as_json(seen: ListingView) -> dict[str, object]:
    own = seen.listing
    return {
        "listing": own.id,
        "store": own.store,
        "listing_id": own.listing_id,
        "state": own.state.value,
        "title": own.seen.title if own.seen else own.draft.title,
        "locks": _locks_as_json(seen.locks),
        "skus": [_sku_as_json(sku) for sku in seen.skus],
    }


def _sku_as_json(sku: SkuView) -> dict[str, object]:
    binding, spec = sku.binding, sku.spec
    return {
        "sku": binding.sku_code,
        "supplier": binding.supplier,
        "offer": binding.offer_id,
        "spec": binding.spec_id,
        "cost": str(spec.cost) if spec and spec.cost else None,
        "supplier_stock": spec.stock if spec else None,
        "price": {"rules": sku.rules["price"], "wanted": _text(binding.price_wanted), "shown": _text(binding.price)},
        "stock": {"rules": int(sku.rules["stock"]), "wanted": binding.stock_wanted, "shown": binding.stock},
        "locks": _locks_as_json(sku.locks),
    }


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _locks_as_json(kept: Mapping[str, Lock]) -> list[dict[str, object]]:
    return [_lock_as_json(lock) for lock in kept.values()]


def _lock_as_json(lock: Lock) -> dict[str, object]:
    return {
        "listing": lock.listing,
        "sku": lock.sku_code or None,
        "field": lock.field,
        "since": lock.since.isoformat(),
        "why": lock.why,
    }
