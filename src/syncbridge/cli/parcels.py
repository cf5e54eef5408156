"""``syncbridge parcels``: the international numbers of an order, and what a person says of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from syncbridge.cli.database import in_database, settings_of, with_bridge
from syncbridge.cli.output import plain, say, show, show_json

if TYPE_CHECKING:
    from sqlmodel import Session

    from syncbridge.flows.bridge import Bridge
    from syncbridge.store.parcels import Parcel

parcels = typer.Typer(help="The international numbers of an order's parcels.", no_args_is_help=True)
Order = Annotated[str, typer.Argument(metavar="ORDER", help="The channel order's id.")]
Store = Annotated[str | None, typer.Option("--store", metavar="NAME", help="Only this store's order of that id.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@parcels.command("list")
def list_(ctx: typer.Context, order: Order, store: Store = None, json: Json = False) -> None:
    """Every number that was announced for an order, and what it is."""
    from syncbridge.flows import numbers

    found = in_database(ctx, lambda session: numbers.of_order(session, order, _stores(ctx, store)))
    if json:
        show_json({"parcels": [_as_json(parcel) for parcel in found]})
        return
    for parcel in found:
        declared = f"declared {parcel.declared_at:%Y-%m-%d %H:%M} UTC" if parcel.declared_at else "not declared"
        told = [parcel.shipment.number, parcel.shipment.carrier, parcel.state, declared, parcel.shipment.mark or ""]
        show(plain(" · ".join(part for part in told if part)))


@parcels.command()
def correct(
    ctx: typer.Context,
    order: Order,
    old: Annotated[str, typer.Argument(metavar="OLD", help="The number that is wrong.")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="The number that holds.")],
    carrier: Annotated[
        str, typer.Option("--carrier", metavar="WORD", help="A word of the route's services; that of OLD if left out.")
    ] = "",
    store: Store = None,
) -> None:
    """Let a number take the place of another, also of one that is declared."""
    from syncbridge.flows import numbers

    stores = _stores(ctx, store)

    def act(session: Session, bridge: Bridge) -> None:
        numbers.correct(session, bridge, order, old.strip(), new.strip(), carrier=carrier, stores=stores)

    with_bridge(ctx, act)
    say(f"{new} takes the place of {old} as soon as the daemon sees it")


@parcels.command()
def declare(
    ctx: typer.Context,
    order: Order,
    number: Annotated[str, typer.Argument(metavar="NUMBER", help="A number that came beside another.")],
    store: Store = None,
) -> None:
    """Say that a number in doubt is that of a further parcel."""
    from syncbridge.flows import numbers

    stores = _stores(ctx, store)
    with_bridge(ctx, lambda session, bridge: numbers.declare(session, bridge, order, number.strip(), stores=stores))
    say(f"{number} is declared as soon as the daemon sees it")


def _stores(ctx: typer.Context, store: str | None) -> list[str]:
    return [store] if store else list(settings_of(ctx).accounts)


def _as_json(parcel: Parcel) -> dict[str, object]:
    return {
        "number": parcel.shipment.number,
        "carrier": parcel.shipment.carrier,
        "state": parcel.state,
        "mark": parcel.shipment.mark,
        "store": parcel.purchase.store,
        "declared_at": parcel.declared_at.isoformat(timespec="seconds") if parcel.declared_at else None,
    }
