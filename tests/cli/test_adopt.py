"""``syncbridge adopt`` on a small old store, from the first look to the last decision."""

from __future__ import annotations

import csv
import functools
import io
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from openpyxl import load_workbook
from sqlmodel import select
from typer.testing import Result

from syncbridge import bootstrap
from syncbridge.adapters.aliexpress.mock import AliExpressMock
from syncbridge.adapters.aliexpress.mock.old_store import OldProduct, OldSku, stock_up
from syncbridge.adapters.aliexpress.mock.product_words import SkuProperty
from syncbridge.bootstrap import SystemClock
from syncbridge.store import catalogue
from syncbridge.store.tables.catalogue import BindingRow
from syncbridge.testing.builders import make_offer, make_spec
from tests.cli.test_queue import NOW, Desk
from tests.web.conftest import SECRET, STORE_KEY

OFFER = "676651652931"
EVIL = '=HYPERLINK("http://x","Lamp")'
RED, BLUE = "红色", "蓝色"


async def _nobody_listens(url: str, body: bytes, headers: Mapping[str, str]) -> int:
    return 0


def sku(code: str, name: str = "Red", value: int = 10, price: str = "9.00") -> OldSku:
    return OldSku(price, 5, code, [SkuProperty(14, value, name)])


class Seller(Desk):
    """A person at the command line whose store is a mock in process."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.mock = AliExpressMock(SystemClock(), _nobody_listens)
        account = self.mock.world.open_account()
        account.app_key, account.app_secret, account.access_token, account.refresh_token = STORE_KEY, SECRET, "at", "rt"
        text = self.config.read_text()
        self.config.write_text(text + "[images]\nfetch = false\n[limits.aliexpress]\nper_second = 1000\n")
        file = folder / "mappings" / "example.yaml"
        file.write_text(
            file.read_text("utf-8").replace("    prefix: TY\n", "    prefix: TY\n    code: goods_code\n"), "utf-8"
        )
        self.listing_ids = stock_up(
            self.mock.world,
            account,
            [
                OldProduct("Desk lamp", [sku("TYA1"), sku("TYA2", "Blue", 173)]),
                OldProduct("Desk lamp", [sku("TY77", "Blue", 173)]),
                OldProduct(EVIL, [sku(""), sku("ZZ1", "Blue", 173)], status="offline"),
            ],
        )
        self.account = account
        red, blue = (
            replace(make_spec(n, code=f"A{n}"), attributes=(("颜色", colour),)) for n, colour in ((1, RED), (2, BLUE))
        )
        offer = make_offer(OFFER, red, blue, title="Desk lamp")
        self.change(lambda session: catalogue.keep(session, "main", [offer], now=NOW))

    def adopt(self, *args: str) -> Result:
        return self.run(*args, group="adopt")

    def told(self, *args: str) -> dict[str, Any]:
        return self.answer(*args, group="adopt")

    def bound(self) -> dict[str, str]:
        (rows,) = self.change(lambda session: session.scalars(select(BindingRow)).all())
        return {row.sku_code: row.spec_id[-1] for row in rows}


@pytest.fixture
def seller(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Seller:
    made = Seller(tmp_path)
    transports = {"toys": httpx.ASGITransport(app=made.mock.asgi())}
    monkeypatch.setattr(bootstrap, "assemble", functools.partial(bootstrap.assemble, transports=transports))
    return made


@pytest.fixture
def read(seller: Seller) -> Seller:
    assert seller.adopt("toys").exit_code == 0
    return seller


def test_the_summary_says_what_each_number_means_and_what_to_do(seller: Seller) -> None:
    result = seller.adopt("toys")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0] == "toys: 3 listings, 5 SKUs"
    assert "      2  bound by rule: the code of each names one spec  → syncbridge adopt approve --rule" in lines
    assert "      1  proposed: one spec is most like each  → syncbridge adopt show --proposed" in lines
    assert "      2  unclear: look at these  → syncbridge adopt show --unclear" in lines
    assert "          1  It has no code, and orders name a SKU by nothing else. (no_code)" in lines
    assert "      0  ignored: they stay your own business" in lines
    assert lines[-1].startswith("Nothing is written to the store")
    assert "3 listings done" in result.stderr
    assert seller.bound() == {}


def test_the_summary_speaks_chinese_and_json(read: Seller) -> None:
    assert "不明确" in read.adopt("toys", "--lang", "zh").stdout
    assert read.told("toys") == {
        "version": 1,
        "store": "toys",
        "listings": 3,
        "skus": {"by_rule": 2, "proposed": 1, "unclear": 2, "ignored": 0, "approved": 0},
        "causes": {"no_code": 1, "unrouted_code": 1},
        "unread": [],
    }


def test_the_store_is_read_once_unless_asked_again(read: Seller) -> None:
    def calls() -> int:
        return read.mock.world.calls["aliexpress.offer.product.query"]

    before = calls()
    read.adopt("toys")
    assert calls() == before
    read.adopt("toys", "--read")
    assert calls() == before + 3


def test_a_listing_that_cannot_be_read_is_told_and_the_rest_is_there(seller: Seller) -> None:
    seller.mock.world.products[int(seller.listing_ids[1])].skus[0].price = "Infinity"
    result = seller.adopt("toys")
    assert result.exit_code == 3
    assert sum(line.startswith("! ") for line in result.stdout.splitlines()) == 1
    assert result.stdout.startswith("toys: 2 listings")


def test_a_store_that_is_not_in_the_settings_is_refused_with_those_that_are(seller: Seller) -> None:
    result = seller.adopt("main")
    assert (result.exit_code, result.stderr) == (4, "the settings have no store 'main'; there are: toys\n")


def test_what_may_feed_a_sku_is_shown_side_by_side_with_reasons_and_the_next_step(read: Seller) -> None:
    text = read.adopt("show", "--proposed").stdout
    assert f"{read.listing_ids[1]} · Desk lamp · on_sale" in text
    assert "  TY77 · Blue · 9.00 USD · × 5 · proposed, waits for your yes" in text
    assert f"0.82 · {OFFER} · {2:032x} · {BLUE} · 13.90 CNY: titles 100% alike; variant Blue agrees with {BLUE}" in text
    assert f"0.57 · {OFFER} · {1:032x} · {RED}" in text
    assert "→ Compare, then approve it: syncbridge adopt approve TY77" in text
    assert "TYA1" not in text


def test_unclear_skus_are_named_by_place_where_they_have_no_code(read: Seller) -> None:
    text = read.adopt("show", "--unclear").stdout
    assert f"{read.listing_ids[2]}/14:10 · Red" in text
    assert "No route takes its code" in text
    assert "HYPERLINK" in text
    assert read.adopt("show", "nobody").stdout == "There is no such SKU.\n"
    (found,) = read.told("show", "TYA1")["skus"]
    assert (found["state"], found["cause"], found["candidates"][0]["spec"]) == ("by_rule", "goods_code", f"{1:032x}")


def test_a_person_approves_by_rule_by_score_and_by_name(read: Seller) -> None:
    assert read.adopt("approve").exit_code == 2
    assert read.told("approve", "--rule") == {"version": 1, "skus": 2, "refused": []}
    assert read.bound() == {"TYA1": "1", "TYA2": "2"}
    assert read.told("approve", "--score", "0.9")["skus"] == 0
    assert read.adopt("approve", "TY77").stderr == "1 SKUs are bound\n"
    assert read.bound() == {"TYA1": "1", "TYA2": "2", "TY77": "2"}
    assert read.told("toys")["skus"]["approved"] == 3
    assert "approved" in read.adopt("show", "TYA1").stdout


def test_what_cannot_be_done_is_said_and_the_rest_is_done(read: Seller) -> None:
    result = read.adopt("approve", "TYA1", "ZZ1")
    assert (result.exit_code, read.bound()) == (3, {"TYA1": "1"})
    assert result.stdout == "! ZZ1: nothing is proposed for it; name its offer: syncbridge adopt bind ZZ1 OFFER SPEC\n"
    assert result.stderr == "1 SKUs are bound, 1 are not\n"
    assert read.adopt("approve", "ZZ1").exit_code == 1


def test_a_person_binds_and_ignores(read: Seller) -> None:
    assert read.told("bind", "TY77", OFFER, "A1")["skus"] == 1
    assert read.bound() == {"TY77": "1"}
    assert read.told("ignore", read.listing_ids[2])["skus"] == 2
    assert read.told("toys")["skus"]["ignored"] == 2
    assert "You said to leave it alone. (by_person)" in read.adopt("toys").stdout
    assert read.told("ignore", "--undo", "ZZ1")["skus"] == 1
    assert read.told("toys")["causes"] == {"by_person": 1, "unrouted_code": 1}


def test_before_a_store_was_read_the_way_to_begin_is_named(seller: Seller) -> None:
    result = seller.adopt("show")
    assert (result.exit_code, result.stderr) == (1, "no store was read yet; begin with: syncbridge adopt STORE\n")
    seller.adopt("toys")
    assert seller.adopt("show", "--store", "other").stderr == "name one of the stores that were read: --store toys\n"


def filled(rows: list[dict[str, str]], decide: Callable[[dict[str, str]], None]) -> list[dict[str, str]]:
    for row in rows:
        decide(row)
    return rows


def test_decisions_go_out_as_csv_and_come_back_in_it(read: Seller, tmp_path: Path) -> None:
    file = tmp_path / "skus.csv"
    assert read.adopt("export", str(file)).stderr == f"5 SKUs are written to {file}\n"
    text = file.read_text("utf-8-sig")
    assert "'=HYPERLINK" in text, "no spreadsheet runs a title"
    rows = list(csv.DictReader(io.StringIO(text, newline="")))

    def decide(row: dict[str, str]) -> None:
        sku_code = row["sku"].strip()
        row["decision"] = {"TYA1": "approve", "TYA2": "批准", "TY77": "approve", "ZZ1": "IGNORE"}.get(sku_code, "")
        row["spec"] = "A1" if sku_code == "TY77" else row["spec"]

    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, rows[0].keys())
    writer.writeheader()
    writer.writerows(filled(rows, decide))
    file.write_text(out.getvalue(), "utf-8")
    assert read.told("import", str(file)) == {"version": 1, "skus": 4, "refused": []}
    assert read.bound() == {"TYA1": "1", "TYA2": "2", "TY77": "1"}
    assert read.told("toys")["causes"] == {"by_person": 1, "no_code": 1}
    again = read.adopt("import", str(file))
    assert (again.exit_code, read.bound()) == (0, {"TYA1": "1", "TYA2": "2", "TY77": "1"})


def test_the_same_as_a_workbook(read: Seller, tmp_path: Path) -> None:
    file = tmp_path / "skus.xlsx"
    read.adopt("export", str(file))
    book = load_workbook(file)
    sheet = book.active
    head = [cell.value for cell in sheet[1]]
    for row in sheet.iter_rows(min_row=2):
        if row[head.index("sku")].value == "TYA1":
            row[head.index("decision")].value = "approve"
    book.save(file)
    assert read.told("import", str(file))["skus"] == 1
    assert read.bound() == {"TYA1": "1"}


def test_rows_that_make_no_sense_are_told_by_their_number(read: Seller, tmp_path: Path) -> None:
    listing = read.listing_ids[0]
    file = tmp_path / "skus.csv"
    lines = [
        "listing,key,sku,offer,spec,decision",
        f"{listing},14:10,TYA1,{OFFER},A1,perhaps",
        f"{listing},14:99,TYA1,{OFFER},A1,approve",
        f"1.00500E+15,14:10,TYA1,{OFFER},A1,approve",
        f"{listing},14:173,TYA2,{OFFER},A9,approve",
        f"{listing},14:173,TYA2,{OFFER},A2,",
        f"{listing},14:10,TYA1,{OFFER},A1,approve",
    ]
    file.write_text("\n".join(lines), "utf-8")
    result = read.adopt("import", str(file))
    assert (result.exit_code, read.bound()) == (3, {"TYA1": "1"})
    told = [line.split(":")[0] for line in result.stdout.splitlines()]
    assert told == ["! row 2", "! row 4", "! row 3", "! row 5"]
    file.write_text(f"listing,key,sku,offer,spec,decision\n{listing},14:10,TYA1,,,ignore\n", "utf-8")
    assert "it is bound already" in read.adopt("import", str(file)).stdout
    file.write_text("listing,decision\n1,approve\n", "utf-8")
    assert "lacks the columns key, offer, spec" in read.adopt("import", str(file)).stderr


def test_a_table_is_never_written_over_another(read: Seller, tmp_path: Path) -> None:
    file = tmp_path / "skus.csv"
    file.write_text("decisions", "utf-8")
    assert "exists and may hold decisions" in read.adopt("export", str(file)).stderr
    assert file.read_text("utf-8") == "decisions"
    assert "cannot be written" in read.adopt("export", str(tmp_path / "none" / "skus.csv")).stderr


def test_what_was_cut_off_goes_on_with_the_next_call(seller: Seller) -> None:
    from syncbridge.flows import adopt as flow

    seller.change(lambda session: flow.begin(session, "toys", now=SystemClock().now()))
    assert seller.adopt("toys").exit_code == 0
    (left,) = seller.change(lambda session: flow.is_unfinished(session, "toys"))
    assert left is False
    assert seller.mock.world.calls["aliexpress.offer.product.query"] == 3
