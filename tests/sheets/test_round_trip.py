"""What is written is read back letter for letter, and a spreadsheet runs none of it."""

from __future__ import annotations

import io
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook

from syncbridge.errors import SyncBridgeError
from syncbridge.sheets import writing
from syncbridge.sheets.cells import guarded, unguarded
from syncbridge.sheets.reading import rows, rows_of_file
from syncbridge.sheets.writing import csv_table, xlsx_table

HEAD = {"id": "货号", "title": "标题"}
EVIL = ['=HYPERLINK("http://x","y")', "@SUM(1)", "+1", "-1", "|calc", "%0", "＝1", "  =1", "\t=1", "'=1", "''+x"]
TEXT = st.text(st.characters(exclude_categories=["C"], include_characters="\n"), max_size=30).map(str.strip)


def as_csv(*lines: tuple[str, str]) -> bytes:
    out = io.BytesIO()
    with csv_table(out, HEAD, {"id"}) as write:
        for key, title in lines:
            write({"id": key, "title": title})
    return out.getvalue()


def as_xlsx(file: Path, *lines: tuple[str, str]) -> Path:
    with xlsx_table(file, HEAD) as write:
        for key, title in lines:
            write({"id": key, "title": title})
    return file


@pytest.mark.parametrize("text", EVIL)
def test_no_text_begins_a_formula(text: str, tmp_path: Path) -> None:
    line = as_csv(("1", text)).decode("utf-8-sig").split("\r\n", 1)[1]
    assert line.startswith(("1\t,'", "1\t,\"'"))
    book = load_workbook(as_xlsx(tmp_path / "t.xlsx", ("1", text)))
    assert book.worksheets[0]["B2"].data_type == "s"


@pytest.mark.parametrize("text", [*EVIL, "x", "", "'quoted'", "a=b"])
def test_the_guard_is_taken_off_again(text: str) -> None:
    assert unguarded(guarded(text)) == text


def test_ids_are_text_in_both(tmp_path: Path) -> None:
    assert as_csv(("676651652931", "x")).startswith("\ufeff货号,标题\r\n676651652931\t,x".encode())
    cell = load_workbook(as_xlsx(tmp_path / "t.xlsx", ("676651652931", "x"))).worksheets[0]["A2"]
    assert (cell.value, cell.data_type, cell.number_format) == ("676651652931", "s", "@")


@given(st.lists(st.tuples(st.from_regex(r"[0-9]{6,20}", fullmatch=True), TEXT), max_size=5))
def test_every_text_comes_back(lines: list[tuple[str, str]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        book = as_xlsx(Path(folder) / "t.xlsx", *lines)
        for found in (rows(as_csv(*lines), "t.csv"), rows_of_file(book)):
            assert [(row.cells[0], "".join(row.cells[1:])) for row in found] == [tuple(HEAD.values()), *lines]


def test_a_text_longer_than_a_cell_may_be_is_told(tmp_path: Path) -> None:
    with pytest.raises(SyncBridgeError, match="row 2 has a text of 40,000 characters; write the table as CSV"):
        as_xlsx(tmp_path / "t.xlsx", ("1", "x" * 40_000))


def test_more_rows_than_a_sheet_holds_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "MOST_XLSX_ROWS", 2)
    with pytest.raises(SyncBridgeError, match="2 rows and no more; write it as CSV"):
        as_xlsx(tmp_path / "t.xlsx", ("1", "x"), ("2", "y"))
