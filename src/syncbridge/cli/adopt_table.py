"""The SKUs of an adoption as a table for spreadsheets, and the decisions that come back in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from syncbridge.cli.adopt_shown import cost_of, spec_words, variant_of
from syncbridge.cli.output import plain
from syncbridge.errors import SyncBridgeError
from syncbridge.sheets.cells import plain_id
from syncbridge.sheets.reading import Row
from syncbridge.sheets.writing import Write, csv_table, xlsx_table

if TYPE_CHECKING:
    from syncbridge.cli.adopt_shown import Specs
    from syncbridge.flows.adoption import Asked
    from syncbridge.model.adoption import FoundSku
    from syncbridge.texts import Texts

COLUMNS = (
    "listing", "key", "sku", "title", "variant", "price", "stock", "state", "why", "score", "offer", "spec",
    "spec_variant", "cost", "decision",
)  # fmt: skip
IDS = ("listing", "key", "sku", "offer", "spec")
_NEEDED = ("listing", "key", "offer", "spec", "decision")
_APPROVE, _IGNORE = ("approve", "批准"), ("ignore", "忽略")


def table_row(found: FoundSku, specs: Specs, words: Texts) -> dict[str, str]:
    """A SKU with its first candidate; ``decision`` is left to be filled in."""
    verdict = found.verdict
    first = verdict.candidates[0] if verdict.candidates else None
    cause = words.of(verdict.cause, "adopt").cause if verdict.cause else ""
    return {
        "listing": found.listing.listing_id,
        "key": found.sku.sku_key,
        "sku": found.sku.sku_code,
        "title": plain(found.listing.title),
        "variant": plain(variant_of(found)),
        "price": str(found.sku.price),
        "stock": str(found.sku.stock),
        "state": str(verdict.state),
        "why": plain("; ".join([cause, *verdict.figures, *(first.reasons if first else ())])),
        "score": f"{first.score:.2f}" if first else "",
        "offer": first.offer_id if first else "",
        "spec": first.spec_id if first else "",
        "spec_variant": plain(spec_words(first, specs)) if first else "",
        "cost": cost_of(first, specs) if first else "",
        "decision": "",
    }


def write_table(file: Path, rows: Sequence[Mapping[str, str]]) -> None:
    """Write a new file, XLSX if it is called so, else CSV. Raises SyncBridgeError if it exists or cannot be written."""
    head = {column: column for column in COLUMNS}
    try:
        file.open("xb").close()
        if file.suffix.lower() == ".xlsx":
            with xlsx_table(file, head) as write:
                _write(write, rows)
        else:
            with file.open("wb") as out, csv_table(out, head, IDS) as write:
                _write(write, rows)
    except FileExistsError as error:
        raise SyncBridgeError(f"{file} exists and may hold decisions; import it first, or name another") from error
    except OSError as error:
        raise SyncBridgeError(f"{file} cannot be written ({error.strerror})") from error


def _write(write: Write, rows: Iterable[Mapping[str, str]]) -> None:
    for row in rows:
        write(row)


def decisions(rows: Iterable[Row], name: str) -> tuple[list[Asked], list[tuple[str, str]]]:
    """What the filled-in table asks for, and (row, reason) of what cannot be understood.

    Raises SyncBridgeError if it is not our table.
    """
    left = iter(rows)
    head = [cell.lower() for cell in next(left, Row(1, ())).cells]
    if missing := [column for column in _NEEDED if column not in head]:
        raise SyncBridgeError(f"{name} lacks the columns {', '.join(missing)}; export the table anew and edit that")
    asked: list[Asked] = []
    refused: list[tuple[str, str]] = []
    for row in left:
        for one in _read(row, {column: head.index(column) for column in _NEEDED}):
            refused.append(one) if isinstance(one, tuple) else asked.append(one)
    return asked, refused


def _read(row: Row, places: Mapping[str, int]) -> Iterator[Asked | tuple[str, str]]:
    """The row's decision, or why there is none; nothing where none was written."""
    from syncbridge.flows.adoption import Asked
    from syncbridge.model.adoption import SkuPlace

    cells = {column: row.cells[place] if place < len(row.cells) else "" for column, place in places.items()}
    decision, name = cells.pop("decision").strip().lower(), f"row {row.number}"
    ids = {column: plain_id(cell) for column, cell in cells.items()}
    if not decision:
        return
    if any(place in row.spoilt for place in places.values()):
        yield name, "a spreadsheet has rounded one of its numbers; paste the ids as text"
    elif decision not in (*_APPROVE, *_IGNORE):
        yield name, f"write approve or ignore as its decision, not {decision}"
    else:
        place = SkuPlace(ids["listing"], ids["key"])
        yield Asked(name, place, decision in _IGNORE, ids["offer"], ids["spec"])
