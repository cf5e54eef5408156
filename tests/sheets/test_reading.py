"""Tables as people save them, and files that are none or mean harm."""

from __future__ import annotations

import io
import zipfile
from datetime import date
from pathlib import Path

import pytest
from openpyxl import Workbook

from syncbridge.errors import SyncBridgeError
from syncbridge.sheets import reading
from syncbridge.sheets.reading import FORMULA, ROUNDED, Row, rows, rows_of_file

SHEET = "xl/worksheets/sheet1.xml"


def workbook(*lines: list[object]) -> bytes:
    book = Workbook()
    for line in lines:
        book.active.append(line)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def with_part(raw: bytes, name: str, content: bytes) -> bytes:
    """The same file with one part replaced."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(raw)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.namelist():
            new.writestr(part, content if part == name else old.read(part))
    return out.getvalue()


def cells(raw: bytes) -> list[tuple[str, ...]]:
    return [row.cells for row in rows(raw, "offers")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk", "utf-16"])
def test_a_table_reads_in_every_encoding_a_spreadsheet_saves(encoding: str) -> None:
    assert cells("商品链接,备注\r\n676651652931,红色\r\n".encode(encoding)) == [
        ("商品链接", "备注"),
        ("676651652931", "红色"),
    ]


@pytest.mark.parametrize("sign", [",", ";", "\t"])
def test_columns_are_parted_as_the_spreadsheets_country_does(sign: str) -> None:
    assert cells(f"offer{sign}note\n1{sign}2".encode()) == [("offer", "note"), ("1", "2")]


def test_empty_rows_are_passed_over_and_the_others_keep_their_numbers() -> None:
    assert [row.number for row in rows(b"offer\n\n,\n1", "offers")] == [1, 4]
    assert [row.number for row in rows(workbook(["offer"], [], [None], ["1"]), "offers")] == [1, 4]


def test_a_cell_of_several_lines_is_one_cell() -> None:
    assert cells(b'a,b\n"one\ntwo",3') == [("a", "b"), ("one\ntwo", "3")]


def test_numbers_of_a_workbook_are_read_without_a_point() -> None:
    assert cells(workbook([676651652931, 6.5, None, " x ", True, date(2026, 11, 1)])) == [
        ("676651652931", "6.5", "", "x", "True", "2026-11-01 00:00:00")
    ]


def test_signs_that_a_workbook_writes_as_codes_are_read_as_signs() -> None:
    assert cells(workbook(["a_x0042_c", "_xD83D_"])) == [("aBc", "?")]


def test_a_formula_is_named_and_not_reckoned() -> None:
    (row,) = rows(workbook(["=A2", "676651652931"]), "offers")

    assert row.spoilt == {0: FORMULA}


def test_a_number_longer_than_a_spreadsheet_keeps_is_named() -> None:
    (row,) = rows(workbook([1005008240034640, "1005008240034643"]), "offers")

    assert row.spoilt == {0: ROUNDED}


def test_a_power_of_ten_is_named() -> None:
    assert list(rows(b"6.76652E+11,a", "offers")) == [Row(1, ("6.76652E+11", "a"), {0: ROUNDED})]


@pytest.mark.parametrize(
    ("cell", "text"), [('"=""676651652931"""', "676651652931"), ("'=1", "=1"), ("'quoted", "'quoted")]
)
def test_what_keeps_a_spreadsheet_from_changing_a_cell_is_taken_off(cell: str, text: str) -> None:
    assert cells(f"{cell},x".encode()) == [(text, "x")]


def test_a_hundred_thousand_rows_are_read_one_after_another() -> None:
    found = rows(b"offer\n" + b"".join(b"%d\n" % (600000000000 + n) for n in range(100_000)), "offers")

    assert next(found).cells == ("offer",)
    assert sum(1 for _ in found) == 100_000


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old or a locked Excel file"),
        (b"PK\x03\x04 and no more", "damaged XLSX"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "no table of text"),
        (b"a,b\n\xff\xff\xff", "no table of text"),
        (with_part(workbook(["a"]), "xl/workbook.xml", b"<workbook/>"), "no XLSX that can be read"),
        (with_part(workbook(["a"]), SHEET, b"<worksheet><sheetData><row"), "no XLSX that can be read"),
        (b'a,b\n"' + b"x" * 200_000, "no table of text"),
    ],
)
def test_what_is_no_table_is_a_sentence(raw: bytes, why: str) -> None:
    with pytest.raises(SyncBridgeError, match=why):
        list(rows(raw, "offers"))


def test_a_workbook_that_unpacks_to_more_than_the_bound_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MOST_UNPACKED", 1024 * 1024)
    bomb = with_part(workbook(["a"]), SHEET, b" " * (1024 * 1024 + 1))

    assert len(bomb) < 20_000
    with pytest.raises(SyncBridgeError, match="unpacks to more than 1 MB"):
        list(rows(bomb, "offers"))


def test_a_workbook_whose_directory_lies_about_a_size_is_not_read_beyond_it() -> None:
    raw = with_part(workbook(["a"]), SHEET, b" " * 5_000_000)
    with zipfile.ZipFile(io.BytesIO(raw)) as parts:
        real = parts.getinfo(SHEET).file_size.to_bytes(4, "little")

    with pytest.raises(SyncBridgeError, match="XLSX"):
        list(rows(raw.replace(real, (100).to_bytes(4, "little")), "offers"))


def test_a_workbook_that_defines_entities_is_refused() -> None:
    laughs = b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><worksheet>&b;</worksheet>'

    with pytest.raises(SyncBridgeError, match="no XLSX that can be read"):
        list(rows(with_part(workbook(["a"]), SHEET, laughs), "offers"))


@pytest.mark.parametrize("said", [b"A1:XFD1048576", b"A1:A1"])
def test_a_workbook_is_as_large_as_it_is_whatever_it_says(said: bytes) -> None:
    raw = workbook(["1"], ["2"])
    with zipfile.ZipFile(io.BytesIO(raw)) as parts:
        sheet = parts.read(SHEET).replace(b"A1:A2", said)

    assert [row.cells for row in rows(with_part(raw, SHEET, sheet), "offers")] == [("1",), ("2",)]


def test_rows_beyond_the_bound_are_told_and_not_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MOST_ROWS", 2)

    with pytest.raises(SyncBridgeError, match="more than 2 rows"):
        list(rows(b"1\n2\n3", "offers"))


def test_a_file_too_large_or_not_there_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SyncBridgeError, match="cannot be read"):
        rows_of_file(tmp_path / "none.csv")
    monkeypatch.setattr(reading, "MOST_BYTES", 1)
    (tmp_path / "big.csv").write_bytes(b"123")
    with pytest.raises(SyncBridgeError, match="larger than"):
        rows_of_file(tmp_path / "big.csv")
