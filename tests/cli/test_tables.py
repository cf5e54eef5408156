"""``syncbridge export`` and the way back, in both formats and languages."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook
from sqlmodel import Session

from syncbridge.cli.edited_file import edited_rows, heads
from syncbridge.flows.exporting import IDS
from syncbridge.flows.exporting import TABLES as EXPORTED
from syncbridge.model.catalog import ListingState, OwnListing
from syncbridge.rules import edited, planning
from syncbridge.rules.mapping import Rules
from syncbridge.sheets.reading import rows_of_file
from syncbridge.sheets.writing import Write, csv_table, xlsx_table
from syncbridge.store import catalogue
from syncbridge.testing.builders import make_offer, make_spec
from syncbridge.texts import LANGUAGES, texts
from tests.cli.test_queue import NOW, Desk
from tests.flows.conftest import ROUTE, RULES

EVIL = '=HYPERLINK("http://x","Gift")'
WORDS = st.characters(exclude_categories=["Cs"])
TABLES = ("bindings", "prices", "listings")


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    desk = Desk(tmp_path)
    desk.change(lambda session: stocked(session, RULES))
    return desk


def stocked(session: Session, rules: Rules) -> None:
    """Two offers, one of whose words are evil, listed in toys."""
    offers = [make_offer("676651652931", title=EVIL), make_offer("620201390233", make_spec(3, code="0012"))]
    catalogue.keep(session, "main", offers, now=NOW)
    fresh = []
    for offer in offers:
        wanted = planning.fresh(offer, "toys", ROUTE, rules)
        draft = planning.draft(offer, ROUTE, wanted)
        state = ListingState.PROPOSED
        fresh.append((OwnListing(0, "toys", "main", offer.offer_id, "toys", state, None, draft, None), wanted))
    catalogue.propose(session, fresh, now=NOW)


def export(desk: Desk, table: str, file: Path, *more: str) -> None:
    result = desk.run(table, "--out", str(file), *more, group="export")
    assert (result.exit_code, result.stdout) == (0, ""), result.output


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("form", ["csv", "xlsx"])
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_what_is_exported_comes_back_unchanged(desk: Desk, tmp_path: Path, table: str, form: str, lang: str) -> None:
    file = tmp_path / f"t.{form}"
    export(desk, table, file, "--lang", lang)

    told = desk.answer(table, str(file), group="import")

    assert (told["changes"], told["failures"]) == ([], [])
    assert told["unchanged"] == (2 if table == "listings" else 3)


@example(title="_x0041_", description="a_x000D_b", lang="en")
@settings(max_examples=60)
@given(title=st.text(WORDS, max_size=60), description=st.text(WORDS, max_size=200), lang=st.sampled_from(LANGUAGES))
def test_every_text_a_person_may_give_comes_back_as_it_is(title: str, description: str, lang: str) -> None:
    given = edited.text(title, description)
    table, words = EXPORTED["listings"], texts(lang)
    row = dict.fromkeys(table.columns, "x") | {"title": given.title, "description": given.description_html}
    with tempfile.TemporaryDirectory() as folder:
        for file, write_to in ((Path(folder) / "t.csv", as_csv), (Path(folder) / "t.xlsx", xlsx_table)):
            with write_to(file, heads(table, words)) as write:
                write(row)
            (back,) = edited_rows(rows_of_file(file), table, texts("en"), "t")
            assert edited.text(back.cells["title"], back.cells["description"]) == given


@contextmanager
def as_csv(file: Path, head: Mapping[str, str]) -> Iterator[Write]:
    with file.open("wb") as out, csv_table(out, head, IDS) as write:
        yield write


def test_a_csv_opens_in_a_spreadsheet_with_ids_as_text_and_no_formula(desk: Desk) -> None:
    result = desk.run("bindings", group="export")

    text = result.stdout_bytes.decode("utf-8")
    assert text.startswith("\ufeffstore,SKU,listing,title")
    assert "676651652931\t" in text
    assert '"\'=HYPERLINK(""http://x"",""Gift"")"' in text
    assert "0012\t" in text
    assert result.stderr == "3 rows\n"


def test_a_workbook_has_only_text(desk: Desk, tmp_path: Path) -> None:
    export(desk, "bindings", tmp_path / "t.xlsx")

    sheet = load_workbook(tmp_path / "t.xlsx").worksheets[0]
    assert {cell.data_type for row in sheet.iter_rows(min_row=2) for cell in row if cell.value} == {"s"}
    assert EVIL in {row[3].value for row in sheet.iter_rows(min_row=2)}


def test_a_table_that_may_hold_edits_is_not_written_over(desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "t.csv"
    file.write_text("edited")

    result = desk.run("prices", "--out", str(file), group="export")

    assert (result.exit_code, file.read_text()) == (2, "edited")


def test_what_cannot_be_finished_leaves_no_file(desk: Desk, tmp_path: Path) -> None:
    desk.change(lambda s: catalogue.keep(s, "main", [make_offer("1", title="x" * 40_000)], now=NOW))
    result = desk.run("offers", "--out", str(tmp_path / "t.xlsx"), group="export")

    assert (result.exit_code, (tmp_path / "t.xlsx").exists()) == (1, False)
    assert "write the table as CSV" in result.stderr


@pytest.mark.parametrize(
    ("args", "why"),
    [
        (["prices", "--store", "tyos"], "there is no store tyos"),
        (["prices", "--format", "xlsx"], "name a file"),
        (["prices", "--out", "/nowhere/at/all.csv"], "cannot be written"),
    ],
)
def test_what_cannot_be_exported_is_a_sentence(desk: Desk, args: list[str], why: str) -> None:
    result = desk.run(*args, group="export")

    assert result.exit_code in (1, 2)
    assert why in " ".join(result.stderr.replace("│", " ").split())


def test_edited_prices_are_proposed_and_told_in_the_sellers_language(desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "价格.csv"
    export(desk, "prices", file, "--lang", "zh")
    head, first, second, third = file.read_text("utf-8-sig").splitlines()
    changed = [first.replace("7.99,USD", "19.99,USD"), second.replace(",7.99,", ",free,"), third]
    file.write_bytes("\r\n".join([head, *changed]).encode("gbk"))

    result = desk.run("prices", str(file), group="import", LC_ALL="zh_CN.UTF-8")

    assert result.exit_code == 3
    assert "7.99 USD → 19.99 USD" in result.stdout
    assert "已修改 1 · 未变 1 · 失败 1" in result.stdout
    assert "toys: 已修改 1 · 等待批准：计划 1" in result.stdout
    assert "! 行 3 · toys" in result.stdout
    assert "售价无法使用。" in result.stdout
    again = json.loads(desk.run("prices", str(file), "--json", group="import").stdout)
    assert (again["changes"], again["unchanged"], [row["row"] for row in again["failures"]]) == ([], 2, [3])


def test_a_table_without_a_column_names_it(desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "t.csv"
    file.write_text("store,SKU\ntoys,X")

    assert "t.csv lacks the columns price, currency" in desk.run("prices", str(file), group="import").stderr
    file.write_text("")
    assert "t.csv is empty" in desk.run("prices", str(file), group="import").stderr


def test_a_formula_in_a_workbook_is_refused_with_its_row(desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "t.xlsx"
    export(desk, "prices", file)
    book = load_workbook(file)
    book.worksheets[0]["H2"] = "=1+1"
    book.worksheets[0]["H3"] = 5.55
    book.save(file)

    told = json.loads(desk.run("prices", str(file), "--json", group="import").stdout)

    assert [(row["row"], row["code"]) for row in told["failures"]] == [(2, "row_formula")]
    assert [(change["number"], change["after"]) for change in told["changes"]] == [(3, "5.55 USD")]
