"""Rows of a person's table that were not taken: where, what was written, why, and what to do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from syncbridge.cli.output import plain, show

if TYPE_CHECKING:
    from syncbridge.texts import Texts

SHOWN = 50
"""For people so many are listed; programs get all."""


class TableRow(Protocol):
    """A row, with the code of its cause."""

    @property
    def number(self) -> int:
        """As the spreadsheet counts."""

    @property
    def written(self) -> str:
        """What stands there."""

    @property
    def code(self) -> str:
        """Names the cause in the texts."""

    @property
    def why(self) -> str:
        """The cause in detail."""


def row_as_json(row: TableRow, words: Texts, run: int = 0) -> dict[str, object]:
    """A row for programs; `run` is the import it belongs to."""
    text = words.of(row.code)
    return {
        "row": row.number,
        "written": row.written,
        "code": row.code,
        "cause": text.cause,
        "why": row.why,
        "next_step": text.todo.replace("{id}", str(run)),
    }


def print_rows(rows: Sequence[TableRow], words: Texts, run: int = 0) -> None:
    """Rows for people."""
    label = words.labels
    for row in rows[:SHOWN]:
        text = words.of(row.code)
        why = f" ({plain(row.why)})" if row.why else ""
        show(f"! {label['row']} {row.number} · {plain(row.written) or label['empty_cell']} · {text.cause}{why}")
        show(f"    → {text.todo.replace('{id}', str(run))}")
    if len(rows) > SHOWN:
        show(f"… {len(rows) - SHOWN} {label['more_rows']} --json")
