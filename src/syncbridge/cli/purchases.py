"""``syncbridge purchases``: what was bought, what is to be bought by hand, and the numbers of what was."""

from __future__ import annotations

import sys
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from syncbridge.cli.batch import Result, one_by_one, tell
from syncbridge.cli.database import in_database
from syncbridge.cli.entries import Lang, words_of
from syncbridge.cli.output import plain, say, show, show_json

if TYPE_CHECKING:
    from sqlmodel import Session

    from syncbridge.flows.shopping import ShoppingLine
    from syncbridge.model.purchasing import Purchase, SeenOrder
    from syncbridge.texts import Texts

purchases = typer.Typer(help="What was bought, and what is to be bought by hand.", no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Account = Annotated[str | None, typer.Option("--supplier", metavar="NAME", help="Only this supplier account.")]


@purchases.command("list")
def list_(ctx: typer.Context, supplier: Account = None, json: Json = False) -> None:
    """Every purchase with its state, and the orders it became."""
    from syncbridge.store import purchases as store

    found = in_database(ctx, lambda session: store.all_of(session, supplier))
    if json:
        show_json({"purchases": [_as_json(purchase, orders) for purchase, orders in found]})
        return
    for purchase, orders in found:
        numbers = ", ".join(order.vendor_order_id for order in orders)
        cost = purchase.quote.total if purchase.quote else "–"
        told = [purchase.mark, purchase.state, purchase.subject, purchase.supplier, str(cost), numbers]
        show(plain(" · ".join(part for part in told if part)))
    if not found:
        say("There is no purchase.")


@purchases.command("shopping-list")
def shopping_list(
    ctx: typer.Context,
    csv: Annotated[Path | None, typer.Option("--csv", metavar="FILE", help="Write it as a table; - is stdout.")] = None,
    supplier: Account = None,
    lang: Lang = None,
    json: Json = False,
) -> None:
    """What to buy on the suppliers' pages, by account and shop, with the mark to write into the buyer note."""
    from syncbridge.cli.shopping_csv import written
    from syncbridge.flows import shopping

    found = in_database(ctx, lambda session: shopping.shopping_list(session, supplier))
    if json:
        show_json({"lines": [_line_as_json(line) for line in found]})
    elif csv == Path("-"):
        typer.echo(written(found).encode(), nl=False)
    elif csv:
        _write(csv, written(found))
        say(f"{len(found)} lines are written to {csv}")
    else:
        _print(found, words_of(ctx, lang))


@purchases.command()
def paste(
    ctx: typer.Context,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="The filled-in table, or lines `mark number`; - is stdin.")
    ],
    json: Json = False,
) -> None:
    """Take the order numbers of what was bought by hand. The daemon reads each order before it is taken."""
    from syncbridge.bootstrap import SystemClock
    from syncbridge.cli.shopping_csv import pasted
    from syncbridge.flows import decisions

    raw = sys.stdin.buffer.read() if file == Path("-") else _content(file)
    named, unread = pasted(raw)
    now = SystemClock().now()

    def act(session: Session, mark: str) -> None:
        decisions.ask_to_adopt_by_mark(session, mark, named[mark], now=now)

    results = one_by_one(ctx, list(named), act) if named else []
    results += [Result(where, "write a mark and an order number") for where in unread]
    if not results:
        say("There is no number in it; fill in the column `number`.")
        return
    tell(results, "takes its number as soon as the daemon has read the order", json=json)


def _write(file: Path, table: str) -> None:
    """Never over a table that is there: numbers may be filled in."""
    try:
        with file.open("x", encoding="utf-8", newline="") as out:
            out.write(table)
    except FileExistsError as error:
        raise typer.BadParameter(
            f"{file} exists and may hold order numbers; paste it first, or name another"
        ) from error
    except OSError as error:
        raise typer.BadParameter(f"{file} cannot be written ({error.strerror})") from error


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise typer.BadParameter(f"{file} cannot be read ({error.strerror})") from error


def _as_json(purchase: Purchase, orders: list[SeenOrder]) -> dict[str, object]:
    return {
        "mark": purchase.mark,
        "state": purchase.state,
        "store": purchase.store,
        "order": purchase.order_id,
        "supplier": purchase.supplier,
        "cost": str(purchase.quote.total) if purchase.quote else None,
        "payout": str(purchase.payout),
        "sent_at": purchase.sent_at.isoformat(timespec="seconds") if purchase.sent_at else None,
        "vendor_orders": [
            {"number": order.vendor_order_id, "state": order.state, "total": str(order.total)} for order in orders
        ],
    }


def _line_as_json(line: ShoppingLine) -> dict[str, object]:
    return {
        "id": line.id,
        "supplier": line.supplier,
        "shop": line.shop,
        "order": line.order,
        "ship_by": line.ship_by.isoformat(timespec="seconds") if line.ship_by else None,
        "offer": line.offer_id,
        "title": line.title,
        "link": line.link,
        "spec": line.spec,
        "quantity": line.quantity,
        "cost": str(line.cost) if line.cost else None,
        "relay": line.relay,
        "mark": line.mark,
        "note": line.note,
    }


def _print(found: list[ShoppingLine], words: Texts) -> None:
    label = words.labels
    for (supplier, shop), lines in groupby(found, key=lambda line: (line.supplier, line.shop)):
        show(plain(f"{supplier} · {shop}"))
        for line in lines:
            due = f" · {label['ship_by']} {line.ship_by:%Y-%m-%d %H:%M} UTC" if line.ship_by else ""
            cost = f" · {label['expected']} {line.cost}" if line.cost else ""
            show(plain(f"{line.id} · {line.quantity} × {line.title} · {line.spec}{cost}{due}"))
            show(f"    {line.link}")
            show(f"    {label['buyer_note']}: {line.note} · {label['relay']}: {plain(line.relay)}")
    if not found:
        show(label["nothing_to_buy"])
