"""What a cell may hold: no formula, and no id that a spreadsheet would take for a number."""

from __future__ import annotations

import re

AS_TEXT = "\t"
"""Ends a cell of digits, so that a spreadsheet does not round a long id or read a mark as a power of ten."""
_BEGINS_A_FORMULA = re.compile(r"'*\s*[=+\-@|%＝＋－＠\t\r\n]")
_GUARDED = re.compile(r"''*\s*[=+\-@|%＝＋－＠\t\r\n]")


def guarded(text: str) -> str:
    """The text with an apostrophe before what a spreadsheet would run as a formula; `unguarded` takes it off."""
    return f"'{text}" if _BEGINS_A_FORMULA.match(text) else text


def unguarded(cell: str) -> str:
    """A cell's text without the apostrophe `guarded` puts there; any other apostrophe stays."""
    return cell[1:] if _GUARDED.match(cell) else cell


def plain_id(cell: str) -> str:
    """An id or a mark without the apostrophe that people put before digits to keep them."""
    return cell.lstrip("'").strip()
