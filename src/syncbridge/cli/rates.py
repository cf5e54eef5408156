"""``syncbridge rates``: the exchange rates that prices are made with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from syncbridge.cli.database import with_bridge
from syncbridge.cli.output import show, show_json

if TYPE_CHECKING:
    from syncbridge.flows.rates import Listed

rates = typer.Typer(help="The exchange rates that prices are made with.", no_args_is_help=True)
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@rates.command(name="list")
def list_(ctx: typer.Context, as_json: AsJson = False) -> None:
    """Each pair, its rate in force, where it comes from, and what a guard says of it."""
    from syncbridge.flows.rates import listed

    found = with_bridge(ctx, listed)
    if as_json:
        show_json({"rates": [_as_json(one) for one in found]})
        return
    for one in found:
        show(_in_words(one))
        for kind, figures in one.held.items():
            show(f"    {kind}: {figures['why']}")
    if not found:
        show("The mapping files name no exchange rate.")


@rates.command()
def accept(
    ctx: typer.Context,
    pair: Annotated[str, typer.Argument(help="The pair whose new rate you believe, such as CNY/USD.")],
    as_json: AsJson = False,
) -> None:
    """Believe a rate that was held because it jumped; all prices that need it are made anew."""
    from syncbridge.flows.rates import accept as believe

    rate = with_bridge(ctx, lambda session, bridge: believe(session, bridge, pair))
    if as_json:
        show_json({"pair": rate.name, "rate": str(rate.value), "day": rate.day.isoformat(), "source": rate.source})
    else:
        show(f"{rate.name} is {rate.value} of {rate.day} from now on")


def _as_json(one: Listed) -> dict[str, object]:
    rate = one.rate
    return {
        "pair": one.name,
        "source": one.source or "mapping files",
        "rate": str(rate.value) if rate else None,
        "day": rate.day.isoformat() if rate else None,
        "stale": bool(rate and rate.stale),
        "told": str(one.told.told) if one.told else None,
        "told_day": one.told.told_day.isoformat() if one.told else None,
        "held": {kind: dict(figures) for kind, figures in one.held.items()},
    }


def _in_words(one: Listed) -> str:
    rate = one.rate
    source = one.source or "the mapping files"
    if rate is None:
        return f"{one.name} · none yet · from {source}"
    told = f" · last told {one.told.told} of {one.told.told_day}" if one.told else ""
    return f"{one.name} · {rate.value} of {rate.day} · from {source}{told}"
