"""``syncbridge offers``: what suppliers' offers cost and had, and when they are read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from syncbridge.cli.database import in_database
from syncbridge.cli.output import plain, say, show, show_json

if TYPE_CHECKING:
    from sqlmodel import Session

    from syncbridge.store.offer_history import Past
    from syncbridge.store.readings import Reading

offers = typer.Typer(help="What suppliers' offers cost and had.", no_args_is_help=True)


@offers.callback()
def _group() -> None:
    """Keep `history` a command of its own although it is the only one."""


@offers.command()
def history(
    ctx: typer.Context,
    offer: Annotated[str, typer.Argument(metavar="OFFER", help="Id of the offer.")],
    supplier: Annotated[str | None, typer.Option(metavar="NAME", help="Only as this account reads it.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Each change of cost and stock of an offer's specs, oldest first; and when it is read again."""
    found = in_database(ctx, lambda session: _found(session, offer, supplier))
    if json:
        show_json({"offers": [_as_json(*one) for one in found]})
        return
    for account, reading, names, past in found:
        told = f"read {reading.read_at:%Y-%m-%d %H:%M}, again {reading.next_read_at:%Y-%m-%d %H:%M} UTC"
        show(f"offer {account}/{reading.offer_id} · {told} · {reading.watched.change_rate:.2f} changes a day")
        for one in past:
            stock = "unknown" if one.stock is None else str(one.stock)
            name = names.get(one.spec_id, one.spec_id)
            told = f"{one.at:%Y-%m-%d %H:%M} · {name} · {one.cost or 'no price'} · stock {stock}"
            show(f"    {plain(told)}")
    if not found:
        say(f"Offer {offer} was never read.")


def _found(
    session: Session, offer_id: str, supplier: str | None
) -> list[tuple[str, Reading, dict[str, str], list[Past]]]:
    from syncbridge.rules.rematch import wording
    from syncbridge.store import catalogue, offer_history, readings

    found = []
    for account in readings.readers(session, offer_id):
        if supplier in (None, account):
            last = catalogue.offer(session, account, offer_id)
            names = {} if last is None else {spec.spec_id: wording(spec) for spec in last.specs}
            reading = readings.last(session, account, [offer_id])[offer_id]
            found.append((account, reading, names, offer_history.of_offer(session, account, offer_id)))
    return found


def _as_json(account: str, reading: Reading, names: dict[str, str], past: list[Past]) -> dict[str, object]:
    return {
        "supplier": account,
        "offer": reading.offer_id,
        "read_at": reading.read_at.isoformat(timespec="seconds"),
        "next_read_at": reading.next_read_at.isoformat(timespec="seconds"),
        "changes_a_day": round(reading.watched.change_rate, 4),
        "history": [
            {
                "at": one.at.isoformat(timespec="seconds"),
                "spec": one.spec_id,
                "wording": names.get(one.spec_id),
                "cost": str(one.cost) if one.cost else None,
                "stock": one.stock,
            }
            for one in past
        ],
    }
