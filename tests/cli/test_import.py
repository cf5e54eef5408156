"""``syncbridge import``: offers by id, address, file, words and shop, at a mock 1688."""

from __future__ import annotations

import asyncio
import functools
import json
import shutil
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner, Result

from syncbridge import bootstrap
from syncbridge.adapters.alibaba1688.mock.app import Mock1688
from syncbridge.adapters.alibaba1688.mock.words import wire_offer
from syncbridge.bootstrap import SystemClock, open_database
from syncbridge.cli.main import app
from syncbridge.cli.offers_file import offers_in
from syncbridge.errors import SyncBridgeError
from syncbridge.settings import load_settings
from syncbridge.sheets.reading import rows
from syncbridge.store.owner import sole_owner
from syncbridge.testing.builders import make_offer
from tests.databases import as_after_a_first_start
from tests.web.conftest import EXAMPLE, NOWHERE

IDS = [str(600000000000 + number) for number in range(30)]
PAGE = "https://detail.1688.com/offer/{}.html?spm=a26352"


class Seller:
    """Somebody with one 1688 account and a store that is not live."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.mock = Mock1688(SystemClock(), self._no_push)
        account = self.mock.state.add_account()
        self.account = account
        (folder / "mappings").mkdir()
        shutil.copy(EXAMPLE, folder / "mappings")
        self.config = folder / "syncbridge.toml"
        self.config.touch(mode=0o600)
        keys = f'app_key = "{account.app_key}"\napp_secret = "{account.app_secret}"\n'
        tokens = f'access_token = "{account.access_token}"\nrefresh_token = "{account.refresh_token}"\n'
        supplier = f'adapter = "alibaba1688"\noffer_pool_id = "1"\nbase_url = "{NOWHERE}"\n{keys}{tokens}'
        self.config.write_text(
            "[limits.alibaba1688]\nper_second = 1000\nper_day = 5000\n"
            f"[accounts.main]\n{supplier}[accounts.byhand]\n{supplier}"
            f'[accounts.toys]\nadapter = "aliexpress"\nbase_url = "{NOWHERE}"\napp_key = "1"\napp_secret = "s"\n'
            '[accounts.forwarder]\nadapter = "forwarder_csv"\npath = "forwarder.csv"\n'
        )
        transport = httpx.ASGITransport(app=self.mock.asgi())
        transports = {"main": transport, "byhand": transport}
        assemble = functools.partial(bootstrap.assemble, transports=transports)
        monkeypatch.setattr(bootstrap, "assemble", assemble)

    def stock_up(self, *offer_ids: str, **changes: object) -> None:
        for offer_id in offer_ids:
            self.mock.state.publish(wire_offer(make_offer(offer_id, **changes)))

    def run(self, *args: str, lang: str = "C") -> Result:
        return CliRunner().invoke(app, ["--config", str(self.config), "import", *args], env={"LC_ALL": lang})

    def answer(self, *args: str, code: int = 0) -> dict[str, Any]:
        result = self.run(*args, "--json")
        assert (result.exit_code, result.stderr) == (code, ""), result.output
        told: dict[str, Any] = json.loads(result.stdout)
        return told

    def file(self, name: str, content: str | bytes) -> str:
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return str(path)

    async def _no_push(self, *_: object) -> int:
        return 200


@pytest.fixture
def seller(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Seller:
    return Seller(tmp_path, monkeypatch)


def test_offers_are_imported_by_id_and_by_address(seller: Seller) -> None:
    seller.stock_up(*IDS[:2])

    told = seller.answer(IDS[0], PAGE.format(IDS[1]), "--account", "main")

    assert told["counts"]["imported"] == 2
    assert told["stores"] == {"toys": {"proposed": 2}}
    assert (told["run"], told["source"], told["failures"], told["stuck"]) == (1, "offers", [], None)
    assert 2400 < told["calls_left"] < 2500  # half of the day's 5,000 is for orders


def test_a_file_tells_each_row_that_failed_with_what_to_do(seller: Seller) -> None:
    seller.stock_up(*IDS[:2])
    lines = [
        "备注,商品链接",
        f"a,{IDS[0]}",
        "b,https://item.taobao.com/item.htm?id=1",
        f"c,{PAGE.format(IDS[0])}",
        "d,",
    ]
    file = seller.file("offers.csv", "\r\n".join([*lines, f"e,{IDS[5]}"]).encode("gbk"))

    result = seller.run(file, "--account", "main")

    assert result.exit_code == 3
    assert "imported 1 · doubles 1 · failed 3" in result.stdout
    assert (
        "! row 3 · https://item.taobao.com/item.htm?id=1 · The row names no offer. ('item.taobao.com'" in result.stdout
    )
    assert "! row 5 · (empty) · The row names no offer." in result.stdout
    assert f"! row 6 · {IDS[5]} · The supplier has taken the offer away." in result.stdout
    assert "! row 4 ·" in result.stdout
    assert "row 2 names the same offer" in result.stdout
    assert "if this is interrupted, it goes on with: syncbridge import --resume 1" in result.stderr


def test_an_import_speaks_chinese(seller: Seller) -> None:
    result = seller.run("x!", "--account", "main", lang="zh_CN.UTF-8")

    assert "失败 1" in result.stdout
    assert "! 行 1 · x! · 该行没有写明商品。" in result.stdout


def test_a_dry_run_tells_what_would_come_in_and_writes_nothing(seller: Seller) -> None:
    seller.stock_up(*IDS[:2])
    seller.run(IDS[0], "--account", "main")

    told = seller.answer(IDS[0], IDS[1], IDS[1], "--account", "main", "--dry-run")

    assert told["counts"] == {"waiting": 1, "imported": 0, "known": 1, "double": 1, "failed": 0}
    assert seller.answer("status")["run"] == 1
    result = seller.run("no id", "--account", "main", "--dry-run")
    assert (result.exit_code, result.stdout.splitlines()[0]) == (3, "would import 0 · failed 1")


def test_words_and_shops_are_searched(seller: Seller) -> None:
    seller.stock_up(*IDS[:25], supplier_id="BBBspz8Z4AmsyZ5SmwYL4Xi_A")
    seller.stock_up(*IDS[25:], supplier_id="other")

    assert seller.answer("keyword", "notebook", "--account", "main", "--most", "3")["counts"]["imported"] == 3
    planned = seller.answer("shop", IDS[0], "--account", "main", "--dry-run")
    assert (planned["counts"]["waiting"], planned["counts"]["known"]) == (22, 3)
    assert seller.answer("shop", "other", "--account", "main")["counts"]["imported"] == 5
    assert seller.answer("pool", "--account", "main")["counts"] == {
        "waiting": 0, "imported": 22, "known": 8, "double": 0, "failed": 0,
    }  # fmt: skip


def test_a_search_that_is_not_granted_says_so_and_how_to_go_on(seller: Seller) -> None:
    seller.account.grants_search = False

    result = seller.run("keyword", "notebook", "--account", "main")

    assert result.exit_code == 3
    assert "the app may not call this API" in result.stdout
    assert "syncbridge import --resume 1" in result.stdout


def test_what_a_killed_command_left_goes_on(seller: Seller) -> None:
    seller.stock_up(*IDS)
    killed(seller)

    told = seller.answer("--resume", "1")

    assert (told["counts"]["imported"], told["counts"]["waiting"]) == (30, 0)
    assert told["ended_at"] is not None


def killed(seller: Seller) -> None:
    """A command that died with its job in its hands."""
    from syncbridge.flows import importing
    from syncbridge.model.importing import ImportItem, Source
    from syncbridge.queue import job as jobs

    async def die() -> None:
        db = open_database(load_settings(seller.config, environ={}))
        now = SystemClock().now()
        items = tuple(ImportItem(number, one, one) for number, one in enumerate(IDS, 2))
        await db.run(importing.begin, importing.Request("main", Source.FILE, "f.csv", items), now=now)
        (job,) = await db.read(jobs.due, now=now, most=1)
        await db.run(jobs.claim, job, now=now, lease=jobs.LEASE)
        await db.close()

    asyncio.run(die())


def test_beside_a_daemon_the_command_only_writes_the_run_and_watches(
    seller: Seller, monkeypatch: pytest.MonkeyPatch
) -> None:
    seller.stock_up(IDS[0])
    from syncbridge.flows import attended

    watched: list[str] = []

    async def watch(*_: object) -> bool:
        watched.append("watched")
        return True

    monkeypatch.setattr(attended, "watch", watch)
    settings = load_settings(seller.config, environ={})
    as_after_a_first_start(settings)
    with sole_owner(settings.database_file):
        told = seller.answer(IDS[0], "--account", "main")

    assert (watched, told["counts"]["waiting"]) == (["watched"], 1)
    assert seller.mock.state.calls["product.search.queryProductDetail"] == 0


@pytest.mark.parametrize(
    ("args", "why"),
    [
        ([], "name offers or a file"),
        (["600000000000", "--resume", "1"], "name offers or a file"),
        (["600000000000"], "say which account"),
        (["600000000000", "--account", "mian"], "no supplier account mian"),
        (["600000000000", "--account", "main", "--store", "tyos"], "no store tyos"),
        (["600000000000", "offers.csv", "--account", "main"], "one file"),
        (["offers.csv", "--account", "main"], "cannot be read"),
        (["--resume", "7"], "no import 7"),
        (["status"], "nothing was imported yet"),
    ],
)
def test_what_cannot_be_meant_is_a_sentence(seller: Seller, args: list[str], why: str) -> None:
    as_after_a_first_start(load_settings(seller.config, environ={}))
    result = seller.run("offers", *args) if args[:1] != ["status"] else seller.run(*args)

    assert result.exit_code in (1, 2)
    assert why in " ".join(result.stderr.replace("│", " ").split())


@pytest.mark.parametrize(
    ("raw", "found"),
    [
        (b"offer\n600000000000", [(2, "600000000000", "")]),
        (b"note,Offer ID\nx,600000000000", [(2, "600000000000", "")]),
        ("备注,货源链接\nx,1".encode(), [(2, "1", "")]),
        (b"url,id\nx,600000000000", [(2, "600000000000", "")]),
        (b"600000000000\n'600000000001", [(1, "600000000000", ""), (2, "600000000001", "")]),
        (b"my goods\n600000000000", [(2, "600000000000", "")]),
        (b"offer\n6E+11", [(2, "6E+11", "row_rounded")]),
        (b"note,offer\nx", [(2, "", "")]),
    ],
)
def test_the_column_of_offers_is_found(raw: bytes, found: list[tuple[int, str, str]]) -> None:
    assert list(offers_in(rows(raw, "f.csv"), "f.csv")) == found


@pytest.mark.parametrize(("raw", "why"), [(b"", "is empty"), (b"\n,,\n", "is empty"), (b"a,b\n1,2", "several columns")])
def test_a_table_that_names_no_offers_says_what_to_write(raw: bytes, why: str) -> None:
    with pytest.raises(SyncBridgeError, match=why):
        list(offers_in(rows(raw, "f.csv"), "f.csv"))


def test_a_hundred_thousand_rows_are_taken(seller: Seller) -> None:
    content = "offer\n" + "\n".join(str(700000000000 + number % 99_999) for number in range(100_000))

    told = seller.answer(seller.file("big.csv", content), "--account", "main", "--dry-run")

    assert (told["counts"]["waiting"], told["counts"]["double"]) == (99_999, 1)
