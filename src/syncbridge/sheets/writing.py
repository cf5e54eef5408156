"""A table written as CSV or XLSX, row by row: ids stay text, and no cell is run as a formula."""

from __future__ import annotations

import io
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from defusedcsv import csv

from syncbridge.errors import SyncBridgeError
from syncbridge.sheets.cells import AS_TEXT, guarded

MOST_XLSX_ROWS = 1_048_576
Write = Callable[[Mapping[str, str]], None]


@contextmanager
def csv_table(out: BinaryIO, head: Mapping[str, str], ids: Collection[str]) -> Iterator[Write]:
    """Rows by column key, as UTF-8 with a byte order mark; `head` names the columns, `ids` are kept as text."""
    text = io.TextIOWrapper(out, "utf-8-sig", newline="")
    writer = csv.writer(text)
    writer.writerow(head.values())

    def write(row: Mapping[str, str]) -> None:
        writer.writerow([_csv_cell(row[key], is_id=key in ids) for key in head])

    try:
        yield write
        text.flush()
    finally:
        text.detach()


@contextmanager
def xlsx_table(file: Path, head: Mapping[str, str]) -> Iterator[Write]:
    """The same as a workbook of one sheet in which every cell is text. Raises SyncBridgeError beyond a sheet's end."""
    from xlsxwriter import Workbook  # here, since it is slow to load and seldom needed

    never = {"strings_to_formulas": False, "strings_to_numbers": False, "strings_to_urls": False}
    with Workbook(file, {"constant_memory": True, **never}) as book:
        sheet, as_text = book.add_worksheet(), book.add_format({"num_format": "@"})
        sheet.freeze_panes(1, 0)
        sheet.write_row(0, 0, list(head.values()), book.add_format({"bold": True}))
        written = 0

        def write(row: Mapping[str, str]) -> None:
            nonlocal written
            written += 1
            if written >= MOST_XLSX_ROWS:
                raise SyncBridgeError(f"a sheet holds {MOST_XLSX_ROWS:,} rows and no more; write it as CSV")
            _write_row(sheet.write_string, written, [row[key] for key in head], as_text)

        yield write


def _write_row(write: Callable[..., object], number: int, cells: Sequence[str], as_text: object) -> None:
    for column, cell in enumerate(cells):
        if write(number, column, cell, as_text) != 0:
            raise SyncBridgeError(f"row {number + 1} has a text of {len(cell):,} characters; write the table as CSV")


def _csv_cell(text: str, *, is_id: bool) -> str:
    return text + AS_TEXT if is_id and text else guarded(text)
