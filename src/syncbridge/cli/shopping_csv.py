"""The shopping list as a table for spreadsheets, and the order numbers that come back in it."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from defusedcsv import csv

from syncbridge.cli.output import plain
from syncbridge.errors import SyncBridgeError

if TYPE_CHECKING:
    from syncbridge.flows.shopping import ShoppingLine

COLUMNS = (
    "id", "ship_by", "supplier", "shop", "order", "offer", "link", "title", "spec", "quantity", "cost", "currency",
    "relay", "note", "mark", "number",
)  # fmt: skip
_WIDE_SIGNS = "＝＋－＠"
_AS_TEXT = "\t"
"""Ends a cell of digits, so that a spreadsheet does not round a long id or read a mark as a power of ten."""


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
    for line, mark, number in _pairs(_rows(_text(raw))):
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
        "offer": line.offer_id + _AS_TEXT,
        "link": line.link,
        "title": _safe(line.title),
        "spec": _safe(line.spec),
        "quantity": line.quantity,
        "cost": f"{line.cost.amount}" if line.cost else "",
        "currency": line.cost.currency if line.cost else "",
        "relay": _safe(line.relay),
        "note": line.note,
        "mark": line.mark + _AS_TEXT,
        "number": "",
    }


def _safe(text: str) -> str:
    """A supplier's words on one line; the library sees to signs that begin a formula, but for the wide ones."""
    clean = plain(text)
    return f"'{clean}" if clean.startswith(tuple(_WIDE_SIGNS)) else clean


def _text(raw: bytes) -> str:
    """What a spreadsheet saved: UTF-8, or what a Chinese one still prefers."""
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("gb18030", "replace")


def _rows(text: str) -> list[list[str]]:
    lines = text.splitlines()
    first = lines[0] if lines else ""
    try:
        rows = list(csv.reader(lines, delimiter=max(",;\t", key=first.count)))
    except csv.Error as error:
        raise SyncBridgeError("this is no table of text; save it as CSV, or write lines: mark number") from error
    return [[cell.strip().lstrip("'") for cell in row] for row in rows]


def _pairs(rows: Sequence[list[str]]) -> Iterator[tuple[int, str, str]]:
    """(line, mark, number) of each row; what is no pair comes as a number without a mark."""
    head = [cell.lower() for cell in rows[0]] if rows else []
    is_table = "mark" in head and "number" in head
    for line, row in enumerate(rows, 1):
        if is_table and line > 1:
            cells = dict(zip(head, row, strict=False))
            yield line, cells.get("mark", ""), cells.get("number", "")
        elif not is_table:
            words = " ".join(row).split()
            yield (line, words[0], words[1]) if len(words) == 2 else (line, "", " ".join(words))
