"""`syncbridge rules` over a database: what the catalogue makes of the files, what a SKU means, and a simulation."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import Session
from typer.testing import CliRunner

from syncbridge.bootstrap import open_database
from syncbridge.cli.main import app
from syncbridge.model.catalog import ListingState, Offer, OwnListing
from syncbridge.model.orders import BuyerAddress
from syncbridge.rules import planning
from syncbridge.rules.mapping_file import parse
from syncbridge.settings import load_settings
from syncbridge.store import catalogue, orders
from syncbridge.testing.builders import make_listing_draft, make_offer, make_order, make_order_line, make_spec
from tests.databases import as_after_a_first_start
from tests.mappings.test_mapping_file import GOOD

NOW = datetime(2026, 11, 20, tzinfo=UTC)
FOUND = make_offer("676651652931", make_spec(1, code="NB1001"), make_spec(2, code="NB1002"))
FRESH = make_offer("689004512207", make_spec(3, code="NB2001"), goods_code="NB2001")
BERLIN = BuyerAddress("Eva Maier", "1701234567", "DE", "Berlin", "Berlin", "10115", "Invalidenstr. 1")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with mapping files and a database: one offer listed, one only read, one order."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    write(GOOD)
    as_after_a_first_start(load_settings())
    fill(_fill)
    return tmp_path


def write(text: str, path: str = "mappings/shop.yaml") -> None:
    Path(path).parent.mkdir(exist_ok=True)
    Path(path).write_text(text, "utf-8")


def fill(work: Callable[[Session], object]) -> None:
    async def run() -> None:
        db = open_database(load_settings())
        await db.run(work)
        await db.close()

    asyncio.run(run())


def _fill(session: Session) -> None:
    catalogue.keep(session, "main", [FOUND, FRESH], now=NOW)
    _list(session, FOUND)
    order = make_order("81", datetime.now(UTC) - timedelta(days=2), make_order_line(CODE, 2), address=BERLIN)
    orders.keep(session, "toys", order)
    orders.keep(session, "toys", replace(order, order_id="80", created_at=NOW - timedelta(days=300)))


def _list(session: Session, offer: Offer) -> None:
    rules = parse({"shop.yaml": GOOD})
    skus = planning.fresh(offer, "toys", rules.routes[0], rules)
    draft = make_listing_draft()
    listing = OwnListing(0, "toys", "main", offer.offer_id, "notebooks", ListingState.ON_SALE, None, draft, None)
    catalogue.propose(session, [(listing, skus)], now=NOW)


def new_codes(offer: Offer, text: str = GOOD) -> list[str]:
    rules = parse({"shop.yaml": text})
    return [sku.sku_code for sku in planning.fresh(offer, "toys", rules.routes[0], rules)]


CODE, OTHER = new_codes(FOUND)


def run(*args: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["rules", *args])
    return result.exit_code, result.stdout, result.stderr


def with_key(line: str) -> str:
    return GOOD.replace("    prefix: TY", f"    prefix: TY\n    {line}", 1).replace("    goods_code: NB\n", "", 1)


def test_files_that_fit_the_catalogue_are_in_order() -> None:
    assert run("check") == (0, "1 routes and 0 cases are in order\n", "")


def test_nothing_is_made_where_there_is_no_database(folder: Path) -> None:
    Path("syncbridge.db").unlink()
    before = sorted(os.listdir(folder))

    assert run("check")[0] == 0
    assert run("explain", CODE, "--store", "toys")[0] == 0
    assert run("simulate", "mappings")[0] == 4
    assert [name for name in sorted(os.listdir(folder)) if not name.startswith("syncbridge.db")] == [
        name for name in before if not name.startswith("syncbridge.db")
    ]
    assert not Path("syncbridge.db").exists()


def lose_the_key() -> None:
    Path("syncbridge.key").unlink()


def damage() -> None:
    Path("syncbridge.db").write_bytes(b"no database" * 1000)


def empty() -> None:
    Path("syncbridge.db").write_bytes(b"")


@pytest.mark.parametrize(("spoil", "told"), [(lose_the_key, "the key file "), (damage, ""), (empty, "the tables of ")])
def test_a_database_that_cannot_be_read_is_a_warning_where_the_files_alone_say_enough(
    spoil: Callable[[], None], told: str
) -> None:
    spoil()

    for args in (["check"], ["explain", CODE, "--store", "toys"]):
        code, _, err = run(*args)
        assert code == 0
        assert err.startswith(f"warning: the catalogue was not looked at: {told}")
    code, out, _ = run("simulate", "mappings")
    assert (code in (1, 4), out) == (True, "")
    assert Path("syncbridge.key").exists() is (spoil is not lose_the_key)


def test_two_specs_that_would_get_one_code_are_a_problem() -> None:
    fill(lambda session: catalogue.keep(session, "main", [make_offer("7", make_spec(1, code="NB2001"))], now=NOW))
    write(with_key("code: goods_code"))

    code, _, err = run("check")

    assert code == 4
    assert err == (
        f"mappings/shop.yaml:40:5: 7/{1:032x} would get the SKU code TYNB2001 in toys, which is that of "
        f"689004512207/{3:032x}; give route notebooks code: reference or compact\n"
    )


def test_a_code_that_another_sku_has_already_is_a_problem() -> None:
    fill(lambda session: catalogue.keep(session, "main", [make_offer("7", make_spec(9, code=CODE[2:]))], now=NOW))
    write(with_key("code: goods_code"))

    assert f"which is that of 676651652931/{1:032x}" in run("check")[2]


def test_offers_that_can_get_no_code_are_a_warning_once_for_a_route() -> None:
    bare = [make_offer(name, make_spec(1)) for name in ("7", "8", "9")]
    fill(lambda session: catalogue.keep(session, "main", bare, now=NOW))
    write(with_key("code: goods_code"))

    code, _, err = run("check")

    assert code == 0
    assert err.startswith(f"warning: mappings/shop.yaml:40:5: 7/{1:032x} has no goods code; ")
    assert err.endswith("(and 2 more offers)\n")
    assert len(err.splitlines()) == 1


def test_skus_no_route_takes_are_a_warning_that_says_whose_prefix_they_have() -> None:
    routes = GOOD.replace("prefix: TY", "prefix: XX", 1)
    write(f"{routes}  - {{name: garden, extends: notebooks, prefix: TY, stores: [garden]}}\n")

    code, _, err = run("check")

    assert code == 0
    assert err == (
        f"warning: store toys: no route takes 2 of its SKUs, such as {min(CODE, OTHER)} (TY is the prefix of garden in "
        f"garden, at mappings/shop.yaml:{GOOD.count(chr(10)) + 1}:5); write a route for them, or an alias each\n"
    )


def test_parts_backups_and_aliases_that_nobody_sells_are_warnings() -> None:
    write(
        f"""{GOOD}skus:
  - code: TYSET3
    parts: [{{offer: "676651652931", spec: '{2:032x}', quantity: 3}}, {{offer: "1", spec: a, quantity: 1}}]
    backups: [{{supplier: second, parts: [{{offer: "676651652931", spec: '{1:032x}', quantity: 1}}]}}]
aliases:
  - {{code: TYOLD, offer: "676651652931", spec: zz}}
"""
    )

    code, out, err = run("check", "--json")

    line = GOOD.count("\n") + 2
    assert (code, err) == (0, "")
    assert json.loads(out)["warnings"] == [
        f"mappings/shop.yaml:{line}:5: offer 1 of SKU TYSET3 was never read from account main; add it to the pool of "
        "that account, or orders for it wait",
        f"mappings/shop.yaml:{line}:5: offer 676651652931 of SKU TYSET3 was never read from account second; add it to "
        "the pool of that account, or orders for it wait",
        f"mappings/shop.yaml:{line + 4}:5: offer 676651652931 of SKU TYOLD has no spec zz; write one that it has",
    ]


def test_a_bound_sku_is_explained_with_its_spec() -> None:
    code, out, _ = run("explain", CODE, "--store", "toys")

    assert code == 0
    assert f"  spec      676651652931/{1:032x} of main: Notebook B5 颜色 " in out
    assert out.endswith("(binding)\n")


def test_what_a_code_means_is_told_with_what_makes_it_so() -> None:
    write(with_key('pattern: "TY-{goods}-{any}"') + f"aliases:\n  - {{code: OLD-7, sku: {OTHER}}}\n")

    _, out, _ = run("explain", "TY-NB2001-RED", "--store", "toys")
    assert "  code says goods code NB2001 (pattern, mappings/shop.yaml:40:5)\n" in out
    assert f"  spec      689004512207/{3:032x} of main: " in out
    assert out.endswith("(pattern, mappings/shop.yaml:40:5)\n")

    _, old, _ = run("explain", "OLD-7", "--store", "toys")
    assert old.startswith(f"SKU OLD-7 of store toys, which stands for {OTHER}, takes route notebooks")
    assert f"  spec      676651652931/{2:032x} of main: " in old


def test_a_compact_code_is_led_back_to_its_spec() -> None:
    write(with_key("code: compact"))
    (compact,) = new_codes(FRESH, with_key("code: compact"))

    code, out, _ = run("explain", compact, "--store", "toys", "--json")

    answer = json.loads(out)
    assert code == 0
    assert [(one["through"], one["offer"], one["sku_id"]) for one in answer["says"]] == [
        ("compact code", "689004512207", FRESH.specs[0].sku_id)
    ]
    assert [(one["offer"], one["spec"]) for one in answer["means"]] == [("689004512207", f"{3:032x}")]


@pytest.mark.parametrize(("offer", "told"), [("676651652931", "Notebook B5"), ("1", "never read")])
def test_a_spec_an_alias_names_counts_before_the_binding(offer: str, told: str) -> None:
    write(f"{GOOD}aliases:\n  - {{code: {CODE}, offer: '{offer}', spec: '{2:032x}'}}\n")

    _, out, _ = run("explain", CODE, "--store", "toys")

    first, second = [line for line in out.splitlines() if line.startswith("  spec ")]
    assert f"{offer}/{2:032x} of main: {told}" in first
    assert first.endswith(f"(alias, mappings/shop.yaml:{GOOD.count(chr(10)) + 2}:5)")
    assert second.endswith("(binding)")


def test_routes_by_destination_are_told_beside_the_general_one() -> None:
    write(f"{GOOD}  - {{name: german, extends: notebooks, destinations: [DE, UK], carrier: dhl}}\n")

    _, out, _ = run("explain", CODE, "--store", "toys")

    assert (
        "  except    orders to DE, GB take route german: main, bought by hand, 杭州市, dhl (mappings/shop.yaml:" in out
    )


def test_a_simulation_of_the_rules_in_force_finds_nothing() -> None:
    code, out, err = run("simulate", "mappings")

    first, second = out.splitlines()
    assert (code, err) == (0, "")
    assert first.startswith("2 offers with 2 SKUs, and 1 orders since ")
    assert first.endswith("were tried under both rules; nothing was written")
    assert second == "nothing would come out otherwise"


def test_a_simulation_counts_first_and_then_tells_each_difference() -> None:
    german = "  - {name: german, extends: notebooks, destinations: [DE], carrier: dhl}\n"
    write(GOOD.replace("multiplier: 1.8", "multiplier: 3") + german, "other/shop.yaml")
    before = Path("syncbridge.db").read_bytes()

    code, out, _ = run("simulate", "other")

    assert code == 0
    lines = out.splitlines()
    assert lines[1:7] == [
        "would come out otherwise:",
        "  listing   0",
        "  route     0",
        "  price     2",
        "  stock     0",
        "  order     1",
    ]
    assert sorted(lines[7:9]) == sorted(f"price toys {code}: 7.99 USD → 12.99 USD" for code in (CODE, OTHER))
    assert lines[9].startswith(f"order toys 81: notebooks: 2 × 676651652931/{1:032x} from main (by_hand) to 杭州市, ")
    assert lines[9].endswith(", dhl")
    assert Path("syncbridge.db").read_bytes() == before


def test_a_simulation_in_json_has_the_same() -> None:
    write(GOOD.replace("cap: 200", "cap: 5"), "other/shop.yaml")

    code, out, _ = run("simulate", "other", "--since", "2026-01-01", "--json")

    answer = json.loads(out)
    assert code == 0
    assert (answer["offers"], answer["skus"], answer["orders"]) == (2, 2, 2)
    assert answer["counts"] == {"listing": 0, "route": 0, "price": 0, "stock": 2, "order": 0}
    assert [(one["before"], one["after"]) for one in answer["differences"]] == [("98", "5"), ("98", "5")]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (GOOD.replace("multiplier: 1.8", "multiplier: 0"), "0 makes no sense"),
        (GOOD.replace("CNY/USD", "CNY/EUR"), "rate"),
    ],
)
def test_rules_that_could_not_be_used_are_not_simulated(text: str, told: str) -> None:
    write(text, "other/shop.yaml")

    code, out, err = run("simulate", "other")

    assert (code, out) == (4, "")
    assert told in err
