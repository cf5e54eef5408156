"""Reads the forwarder's file from where it was read last time."""

from __future__ import annotations

import asyncio
import csv
from collections.abc import AsyncIterator
from pathlib import Path

from syncbridge.model.paging import Cursor, Page
from syncbridge.model.shipping import Shipment

COLUMNS = ("mark", "carrier", "number")
REPLACES = "replaces"
"""A column that may be there: the number whose place this row's takes; empty: it is that of a further parcel."""


class ForwarderCsv:
    """International parcels, one a row; a row that cannot be read is reported and the others go on."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def shipments(self, *, since: Cursor | None) -> AsyncIterator[Page[Shipment]]:
        """Rows after the cursor, which counts the lines read; a last line without its end is left for next time."""
        lines = await asyncio.to_thread(self._lines)
        start = int(since or 0)
        if start > len(lines):
            start = 0  # the forwarder began a new file
        if start == len(lines):
            return
        header = next(csv.reader(lines[:1]), [])
        places = {name.strip().lower(): place for place, name in enumerate(header)}
        items: list[Shipment] = []
        failures: list[tuple[str, str]] = []
        for number, row in enumerate(csv.reader(lines[max(start, 1) :]), start=max(start, 1) + 1):
            try:
                items.append(_shipment(row, places))
            except ValueError as error:
                failures.append((f"{self._path.name}:{number}", str(error)))
        yield Page(tuple(items), Cursor(str(len(lines))), tuple(failures))

    def _lines(self) -> list[str]:
        if not self._path.exists():
            return []
        text = self._path.read_text(encoding="utf-8-sig")
        complete = text[: text.rfind("\n") + 1]
        return complete.splitlines()


def _shipment(row: list[str], places: dict[str, int]) -> Shipment:
    missing = [name for name in COLUMNS if name not in places]
    if missing:
        raise ValueError(f"the file has no column {', '.join(missing)}; its first line must be {','.join(COLUMNS)}")
    values = [_cell(row, places[name]) for name in COLUMNS]
    if not all(values):
        raise ValueError(f"the row lacks its {', '.join(n for n, v in zip(COLUMNS, values, strict=True) if not v)}")
    mark, carrier, number = values
    return Shipment(carrier, number, mark, _cell(row, places[REPLACES]) if REPLACES in places else None)


def _cell(row: list[str], place: int) -> str:
    return row[place].strip() if place < len(row) else ""
