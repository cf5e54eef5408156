"""``syncbridge labels``: the labels of booked parcels, and saving them to hand them on."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from syncbridge.cli.database import from_database, in_database
from syncbridge.cli.entries import Lang, words_of
from syncbridge.cli.output import plain, say, show, show_json
from syncbridge.errors import SyncBridgeError

if TYPE_CHECKING:
    from sqlmodel import Session

    from syncbridge.model.purchasing import Purchase
    from syncbridge.model.shipping import BookingIntent

labels = typer.Typer(help="Labels of booked parcels: see them, and save them to hand them on.", no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
OWNER_ONLY = 0o600
"""A label names the buyer."""


@labels.command("list")
def list_(ctx: typer.Context, lang: Lang = None, json: Json = False) -> None:
    """Every booked parcel that has not arrived, the newest first, with its number and whether its label is there."""
    from syncbridge.store import bookings

    found = from_database(ctx, bookings.labelled)
    if json:
        show_json({"labels": [_as_json(purchase, booking) for purchase, booking in found]})
        return
    words = words_of(ctx, lang).labels
    for purchase, booking in found:
        state = "label_handed" if booking.handed_at else "label_ready" if booking.has_label else "label_not_there"
        told = [booking.mark, purchase.subject, booking.carrier, booking.number or words["no_number"], words[state]]
        show(plain(" · ".join(told)))
    if not found:
        show(words["no_labels"])


@labels.command()
def save(
    ctx: typer.Context,
    order: Annotated[str, typer.Argument(metavar="ORDER", help="The order's number.")],
    to: Annotated[Path, typer.Option("--to", metavar="FILE", help="A new file; only you may read it.")],
    mark: Annotated[str | None, typer.Option("--mark", metavar="MARK", help="Of an order's several parcels.")] = None,
    lang: Lang = None,
) -> None:
    """Write an order's label to a file. It counts as handed to the supplier then."""
    purchase, booking, content = from_database(ctx, lambda session: _chosen(session, order, mark))
    _write(to, content)
    in_database(ctx, lambda session: _handed(session, purchase, booking))
    say(words_of(ctx, lang).labels["label_saved"].format(mark=booking.mark, number=booking.number, file=to))


def _chosen(session: Session, order: str, mark: str | None) -> tuple[Purchase, BookingIntent, bytes]:
    from syncbridge.store import bookings

    found = bookings.labelled(session, order)
    chosen = [(purchase, booking) for purchase, booking in found if mark in (None, booking.mark)]
    if len(chosen) > 1:
        marks = ", ".join(booking.mark for _, booking in chosen)
        raise SyncBridgeError(f"order {order} has several parcels; name one with --mark: {marks}")
    for purchase, booking in chosen:
        content = bookings.label_of(session, booking.mark)
        if content is not None:
            return purchase, booking, content
    raise SyncBridgeError(f"there is no label for order {order}; see: syncbridge labels list")


def _handed(session: Session, purchase: Purchase, booking: BookingIntent) -> None:
    from syncbridge.bootstrap import SystemClock
    from syncbridge.flows import abroad

    abroad.handed(session, purchase, booking, now=SystemClock().now())


def _write(file: Path, content: bytes) -> None:
    try:
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY), "wb") as out:
            out.write(content)
    except FileExistsError as error:
        raise typer.BadParameter(f"{file} exists; name a new file") from error
    except OSError as error:
        raise typer.BadParameter(f"{file} cannot be written ({error.strerror})") from error


def _as_json(purchase: Purchase, booking: BookingIntent) -> dict[str, object]:
    return {
        "mark": booking.mark,
        "store": purchase.store,
        "order": purchase.order_id,
        "account": booking.account,
        "booking": booking.booking_id,
        "carrier": booking.carrier,
        "number": booking.number or None,
        "label": booking.has_label,
        "handed_at": booking.handed_at.isoformat(timespec="seconds") if booking.handed_at else None,
    }
