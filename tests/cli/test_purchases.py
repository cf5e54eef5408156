"""``syncbridge purchases``: buying by hand, from the list to the numbers."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import pytest
from sqlmodel import Session

from syncbridge.cli.shopping_csv import COLUMNS, pasted
from syncbridge.errors import SyncBridgeError
from syncbridge.model.purchasing import PurchaseState
from syncbridge.store import catalogue, purchases
from syncbridge.testing.builders import make_offer, make_spec
from tests.cli.test_queue import NOW, ORDER, Desk, job_args, parked

EVIL = '=HYPERLINK("http://x","Gift")'


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def card(desk: Desk, title: str = "Notebook B5") -> str:
    """A purchase to be made by hand; answers its mark."""

    def make(session: Session) -> str:
        parked(session, state=PurchaseState.BY_HAND)
        spec = replace(make_spec(1), spec_id="1")
        catalogue.keep(session, "main", [make_offer("676651652931", spec, title=title)], now=NOW)
        return purchases.get(session, 1).mark

    (mark,) = desk.change(make)
    return str(mark)


def table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline="")))


def test_the_shopping_list_names_shop_link_and_note(desk: Desk) -> None:
    mark = card(desk)

    text = desk.run("shopping-list", group="purchases").stdout

    assert text.splitlines()[0] == "main · 杭州文具有限公司"
    assert "hand-1 · 2 × Notebook B5 · 颜色: 白色; 款号: 1 · expected 27.80 CNY · ship by" in text
    assert "https://detail.1688.com/offer/676651652931.html" in text
    assert f"唛头 {mark}" in text


def test_the_shopping_list_speaks_chinese(desk: Desk) -> None:
    card(desk)

    assert "买家留言" in desk.run("shopping-list", "--lang", "zh", group="purchases").stdout


def test_with_nothing_to_buy_the_list_says_so(desk: Desk) -> None:
    assert desk.run("shopping-list", group="purchases").stdout == "Nothing is to be bought by hand.\n"
    assert desk.answer("shopping-list", group="purchases")["lines"] == []


def test_the_table_keeps_ids_as_text_and_leaves_a_column_for_the_number(desk: Desk, tmp_path: Path) -> None:
    mark = card(desk)
    file = tmp_path / "list.csv"

    assert desk.run("shopping-list", "--csv", str(file), group="purchases").exit_code == 0

    raw = file.read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    (row,) = table(raw.decode())
    assert tuple(row) == COLUMNS
    assert (row["offer"], row["mark"], row["number"]) == ("676651652931\t", f"{mark}\t", "")
    assert (row["cost"], row["currency"], row["quantity"]) == ("27.80", "CNY", "2")


@pytest.mark.parametrize("title", [EVIL, "@SUM(1)", "＝1+1", "+cmd|' /C calc'!A0", "\t=1+1", "\r=1+1"])
def test_a_suppliers_title_is_no_formula(desk: Desk, title: str) -> None:
    card(desk, title)

    (row,) = table(desk.run("shopping-list", "--csv", "-", group="purchases").stdout_bytes.decode())

    assert row["title"].startswith("'")


def test_a_table_that_may_hold_numbers_is_not_written_over(desk: Desk, tmp_path: Path) -> None:
    card(desk)
    file = tmp_path / "list.csv"
    file.write_text("filled in")

    result = desk.run("shopping-list", "--csv", str(file), group="purchases")

    assert result.exit_code == 2
    assert file.read_text() == "filled in"


def test_a_filled_in_table_gives_each_card_its_number(desk: Desk, tmp_path: Path) -> None:
    card(desk)
    text = desk.run("shopping-list", "--csv", "-", group="purchases").stdout_bytes.decode()
    file = tmp_path / "list.csv"
    (row,) = table(text)
    with file.open("w", encoding="utf-8-sig", newline="") as out:
        writer = csv.DictWriter(out, COLUMNS)
        writer.writeheader()
        writer.writerow(row | {"number": "880000000000000001"})

    result = desk.run("paste", str(file), group="purchases")

    assert result.exit_code == 0
    (args,) = desk.change(lambda session: job_args(session, "decisions.adopt"))
    assert isinstance(args, dict)
    assert args["vendor_orders"] == "880000000000000001"


def test_one_bad_line_never_stops_the_others(desk: Desk) -> None:
    mark = card(desk)
    lines = f"NOSUCHMK 880000000000000009\n{mark} 880000000000000001\nwhat is this\n"

    result = desk.run("paste", "-", "--json", group="purchases", stdin=lines.encode())

    assert result.exit_code == 3
    told = {one["id"]: one["why"] for one in json.loads(result.stdout)["results"]}
    assert told == {
        "NOSUCHMK": "no purchase has the mark NOSUCHMK; copy it from: syncbridge purchases list",
        mark: "",
        "line 3": "write a mark and an order number",
    }


def test_a_table_without_numbers_says_so(desk: Desk) -> None:
    card(desk)
    text = desk.run("shopping-list", "--csv", "-", group="purchases").stdout_bytes

    result = desk.run("paste", "-", group="purchases", stdin=text)

    assert (result.exit_code, result.stderr) == (0, "There is no number in it; fill in the column `number`.\n")


@pytest.mark.parametrize(
    ("raw", "named", "unread"),
    [
        (b"K7M2Q4XA 88001", {"K7M2Q4XA": ["88001"]}, []),
        (b"K7M2Q4XA\t88001\r\n\r\n", {"K7M2Q4XA": ["88001"]}, []),
        (b"K7M2Q4XA,88001", {"K7M2Q4XA": ["88001"]}, []),
        (b"K7M2Q4XA 88001\nK7M2Q4XA 88002\nK7M2Q4XA 88001", {"K7M2Q4XA": ["88001", "88002"]}, []),
        (b"K7M2Q4XA", {}, ["line 1"]),
        (b"number;mark\n88001;'K7M2Q4XA\n;K7M2Q4XB", {"K7M2Q4XA": ["88001"]}, []),
        (b"mark,number\n,88001", {}, ["line 2"]),
        ("\ufeffmark,number\nK7M2Q4XA\t,88001\t".encode(), {"K7M2Q4XA": ["88001"]}, []),
        ("mark,title,number\nK7M2Q4XA,红色,88001".encode("gb18030"), {"K7M2Q4XA": ["88001"]}, []),
        (b"", {}, []),
    ],
)
def test_numbers_are_read_however_a_spreadsheet_saved_them(
    raw: bytes, named: dict[str, list[str]], unread: list[str]
) -> None:
    assert pasted(raw) == (named, unread)


def test_what_is_no_table_is_refused_in_words() -> None:
    with pytest.raises(SyncBridgeError, match="save it as CSV"):
        pasted(b'"' + b"x" * 200_000)


def test_every_purchase_is_listed_with_its_state(desk: Desk) -> None:
    mark = card(desk)

    text = desk.run("list", group="purchases").stdout
    (one,) = desk.answer("list", group="purchases")["purchases"]

    assert text == f"{mark} · by_hand · order toys/{ORDER} · main · 30.00 CNY\n"
    assert (one["mark"], one["state"], one["order"], one["vendor_orders"]) == (mark, "by_hand", ORDER, [])
    assert desk.answer("list", "--supplier", "other", group="purchases")["purchases"] == []
