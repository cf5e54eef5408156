"""A table that a person edited, read by its heads in whatever language they are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from syncbridge.errors import SyncBridgeError
from syncbridge.flows.editing import EditedRow
from syncbridge.flows.exporting import IDS, Table
from syncbridge.sheets.cells import plain_id
from syncbridge.sheets.reading import Row
from syncbridge.texts import LANGUAGES, Texts, texts


def heads(table: Table, words: Texts) -> dict[str, str]:
    """What each column is called in a language."""
    return {column: words.labels[f"column_{column}"] for column in table.columns}


def edited_rows(rows: Iterable[Row], table: Table, words: Texts, name: str) -> list[EditedRow]:
    """The rows by column; columns we did not ask for are passed over. Raises SyncBridgeError if one is missing."""
    left = iter(rows)
    first = next(left, None)
    if first is None:
        raise SyncBridgeError(f"{name} is empty; export the table, edit that, and import it again")
    places = _places(first, table)
    wanted = (*table.keys, *table.edited)
    if missing := [words.labels[f"column_{column}"] for column in wanted if column not in places]:
        raise SyncBridgeError(f"{name} lacks the columns {', '.join(missing)}; export the table anew and edit that")
    return [_edited(row, {column: places[column] for column in wanted}) for row in left]


def _places(first: Row, table: Table) -> dict[str, int]:
    """Where each column stands."""
    called = {head.lower(): column for language in LANGUAGES for column, head in heads(table, texts(language)).items()}
    found: dict[str, int] = {}
    for place, cell in enumerate(first.cells):
        column = called.get(cell.lower())
        if column is not None:
            found.setdefault(column, place)
    return found


def _edited(row: Row, places: Mapping[str, int]) -> EditedRow:
    cells = {column: row.cells[place] if place < len(row.cells) else "" for column, place in places.items()}
    exact = {column: plain_id(cell) if column in IDS else cell for column, cell in cells.items()}
    return EditedRow(
        row.number, exact, {column: row.spoilt[place] for column, place in places.items() if place in row.spoilt}
    )
