"""The shopping list as a table for spreadsheets, and the order numbers that come back in it."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from defusedcsv import csv

from syncbridge.cli.output import plain
from syncbridge.sheets.cells import AS_TEXT, guarded, plain_id
from syncbridge.sheets.reading import Row, rows

if TYPE_CHECKING:
    from syncbridge.flows.shopping import ShoppingLine

COLUMNS = (
    "id", "ship_by", "supplier", "shop", "order", "offer", "link", "title", "spec", "quantity", "cost", "currency",
    "relay", "note", "mark", "number",
)  # fmt: skip


def written(lines: Sequence[ShoppingLine]) -> str:
    """The table with a byte order mark; the column ``number`` is left to be filled in."""
    out = io.StringIO(newline="")
    out.write("\ufeff")
    writer = csv.DictWriter(out, COLUMNS)
    writer.writeheader()
    writer.writerows(_row(line) for line in lines)
    return out.getvalue()


def pasted(raw: bytes) -> tuple[dict[str, list[str]], list[str]]:
    """The order numbers under each mark, and the lines that cannot be read, as ``line 3``.

    Takes our table with its columns ``mark`` and ``number``, whose rows may be left without a number, or lines of a
    mark and a number. Raises SyncBridgeError for what is neither.
    """
    named: dict[str, list[str]] = {}
    unread: list[str] = []
    for line, mark, number in _pairs(list(rows(raw, "the table"))):
        if mark and number:
            numbers = named.setdefault(mark, [])
            numbers += [] if number in numbers else [number]
        elif number:
            unread.append(f"line {line}")
    return named, unread


def _row(line: ShoppingLine) -> Mapping[str, object]:
    return {
        "id": line.id,
        "ship_by": f"{line.ship_by:%Y-%m-%d %H:%M} UTC" if line.ship_by else "",
        "supplier": line.supplier,
        "shop": _safe(line.shop),
        "order": line.order,
        "offer": line.offer_id + AS_TEXT,
        "link": line.link,
        "title": _safe(line.title),
        "spec": _safe(line.spec),
        "quantity": line.quantity,
        "cost": f"{line.cost.amount}" if line.cost else "",
        "currency": line.cost.currency if line.cost else "",
        "relay": _safe(line.relay),
        "note": line.note,
        "mark": line.mark + AS_TEXT,
        "number": "",
    }


def _safe(text: str) -> str:
    """A supplier's words on one line, and no formula."""
    return guarded(plain(text))


def _pairs(found: Sequence[Row]) -> Iterator[tuple[int, str, str]]:
    """(line, mark, number) of each row; what is no pair comes as a number without a mark."""
    head = [cell.lower() for cell in found[0].cells] if found else []
    is_table = "mark" in head and "number" in head
    for row in found[1:] if is_table else found:
        if is_table:
            cells = dict(zip(head, map(plain_id, row.cells), strict=False))
            yield row.number, cells.get("mark", ""), cells.get("number", "")
        else:
            words = " ".join(map(plain_id, row.cells)).split()
            yield (row.number, words[0], words[1]) if len(words) == 2 else (row.number, "", " ".join(words))
