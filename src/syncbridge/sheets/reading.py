"""Rows of a CSV or XLSX file as text, whatever wrote it; bounded, so that no file can fill the memory."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from syncbridge.errors import SyncBridgeError
from syncbridge.sheets.cells import unguarded

if TYPE_CHECKING:
    from openpyxl.cell import Cell

MOST_BYTES = 64 * 1024 * 1024
MOST_UNPACKED = 512 * 1024 * 1024
"""Bytes of all parts of an XLSX together, as its own directory says; Python reads no more of a part than that."""
MOST_ROWS = 200_000
MOST_COLUMNS = 64
FORMULA = "row_formula"
ROUNDED = "row_rounded"
_ZIP = b"PK\x03\x04"
_OLE = b"\xd0\xcf\x11\xe0"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_POWER_OF_TEN = re.compile(r"[0-9](?:[.,][0-9]+)?[Ee]\+[0-9]{2}")
_LONGEST_EXACT = 10**15
"""Spreadsheets keep fifteen digits of a number."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row that is not empty."""

    number: int
    """As the spreadsheet counts, from 1."""
    cells: tuple[str, ...]
    spoilt: Mapping[int, str] = field(default_factory=dict)
    """By position, why a cell's text is not what was meant: `FORMULA` or `ROUNDED`."""


def rows_of_file(file: Path) -> Iterator[Row]:
    """The rows of a CSV or of the first sheet of an XLSX, told apart by content. Raises SyncBridgeError."""
    try:
        if file.stat().st_size > MOST_BYTES:
            raise SyncBridgeError(f"{file.name} is larger than {MOST_BYTES >> 20} MB; split it")
        raw = file.read_bytes()
    except OSError as error:
        raise SyncBridgeError(f"{file} cannot be read ({error.strerror})") from error
    return rows(raw, file.name)


def rows(raw: bytes, name: str) -> Iterator[Row]:
    """The rows of a file's content; `name` is for messages. Raises SyncBridgeError."""
    if raw.startswith(_OLE):
        raise SyncBridgeError(f"{name} is an old or a locked Excel file; save it as XLSX without a password, or as CSV")
    for row in _xlsx_rows(raw, name) if raw.startswith(_ZIP) else _csv_rows(_decoded(raw, name), name):
        if row.number > MOST_ROWS:
            raise SyncBridgeError(f"{name} has more than {MOST_ROWS:,} rows; split it")
        yield row


def _decoded(raw: bytes, name: str) -> str:
    """What a spreadsheet saved: UTF-8, UTF-16 with its mark, or what a Chinese one still prefers."""
    encoding = "utf-16" if raw.startswith(_UTF16) else "utf-8-sig"
    for attempt in (encoding, "gb18030"):
        try:
            text = raw.decode(attempt)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise SyncBridgeError(f"{name} is no table of text; save it as CSV (UTF-8) or as XLSX")


def _csv_rows(text: str, name: str) -> Iterator[Row]:
    first = text.partition("\n")[0]
    try:
        for number, cells in enumerate(csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(first)), 1):
            read = tuple(_csv_cell(cell) for cell in cells[:MOST_COLUMNS])
            if any(read):
                spoilt = {at: ROUNDED for at, cell in enumerate(read) if _POWER_OF_TEN.fullmatch(cell)}
                yield Row(number, read, spoilt)
    except csv.Error as error:
        raise SyncBridgeError(f"{name} is no table of text ({error}); save it as CSV (UTF-8) or as XLSX") from error


def _delimiter(first: str) -> str:
    return max(",;\t", key=first.count)


def _csv_cell(cell: str) -> str:
    text = cell.strip()
    if text.startswith('="') and text.endswith('"'):  # how some programs keep a spreadsheet from rounding an id
        text = text[2:-1]
    return unguarded(text)


def _xlsx_rows(raw: bytes, name: str) -> Iterator[Row]:
    _refuse_bomb(raw, name)
    from openpyxl import load_workbook  # here, since it is slow to load and seldom needed

    try:
        book = load_workbook(io.BytesIO(raw), read_only=True)
        sheet = book.worksheets[0]
        sheet.reset_dimensions()  # what a file says of its own size is not to be trusted
        for number, cells in enumerate(sheet.iter_rows(max_col=MOST_COLUMNS), 1):
            row = _xlsx_row(number, cells)
            if any(row.cells):
                yield row
    except SyncBridgeError:
        raise
    except Exception as error:  # the library raises whatever a broken part leads to
        raise SyncBridgeError(f"{name} is no XLSX that can be read; open it and save it again, or as CSV") from error


def _refuse_bomb(raw: bytes, name: str) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as parts:
            unpacked = sum(part.file_size for part in parts.infolist())
    except zipfile.BadZipFile as error:
        raise SyncBridgeError(f"{name} is a damaged XLSX; open it and save it again, or as CSV") from error
    if unpacked > MOST_UNPACKED:
        raise SyncBridgeError(f"{name} unpacks to more than {MOST_UNPACKED >> 20} MB; split it, or save it as CSV")


def _xlsx_row(number: int, cells: Sequence[Cell]) -> Row:
    spoilt = {at: why for at, cell in enumerate(cells) if (why := _spoilt(cell))}
    texts = [_xlsx_text(cell.value) for cell in cells]
    while texts and not texts[-1]:
        texts.pop()
    return Row(number, tuple(texts), spoilt)


def _spoilt(cell: Cell) -> str:
    if cell.data_type == "f":
        return FORMULA
    number = cell.value if isinstance(cell.value, int | float) else 0
    return ROUNDED if abs(number) >= _LONGEST_EXACT else ""


def _xlsx_text(value: object) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if value is None:
        return ""
    from openpyxl.utils.escape import unescape  # as above

    text: str = unescape(str(value))
    return text.encode(errors="replace").decode().strip()  # half a sign cannot be kept
