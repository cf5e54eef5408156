"""`syncbridge rules` says whether the mapping files are sound, and which rule decides about a SKU."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from syncbridge.cli.main import app

SHIPPED = Path(__file__).parents[2] / "mappings"


@pytest.fixture(autouse=True)
def mappings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with a copy of the shipped example, and no settings of the developer's own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    return Path(shutil.copytree(SHIPPED, tmp_path / "mappings"))


def run(*args: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["rules", *args])
    return result.exit_code, result.stdout, result.stderr


def spoil(old: str, new: str, file: str = "mappings/example.yaml") -> None:
    path = Path(file)
    path.write_text(path.read_text("utf-8").replace(old, new, 1), "utf-8")


@pytest.mark.parametrize("path", [[], ["mappings"], ["mappings/"]])
def test_the_example_is_in_order(path: list[str]) -> None:
    assert run("check", *path) == (0, "4 routes and 10 cases are in order\n", "")


def test_a_single_file_is_checked_without_the_cases_beside_it() -> None:
    assert run("check", "mappings/example.yaml") == (0, "4 routes and 0 cases are in order\n", "")


def test_a_broken_file_ends_with_4_and_its_place() -> None:
    spoil("multiplier: 1.8", "multiplier: 0")

    code, out, err = run("check")

    assert (code, out) == (4, "")
    assert err.startswith("mappings/example.yaml:37:17: 0 makes no sense here")


def test_routes_in_each_others_way_end_with_4_and_their_place() -> None:
    spoil("prefix: HB", "prefix: TY")

    code, _, err = run("check")

    assert code == 4
    assert "never gets a SKU of toys" in err
    assert all(line.startswith("mappings/") for line in err.splitlines())


def test_a_case_that_comes_out_otherwise_ends_with_4_and_its_place() -> None:
    spoil("7.99 USD", "8.99 USD", "mappings/cases/example.yaml")

    code, _, err = run("check")

    assert code == 4
    assert err == "mappings/cases/example.yaml:5:5: a cost of 13.90 CNY becomes 7.99 USD, expected 8.99 USD\n"


def test_a_broken_case_file_ends_with_4() -> None:
    spoil("store: toys", "shop: toys", "mappings/cases/example.yaml")

    code, _, err = run("check")

    assert code == 4
    assert 'mappings/cases/example.yaml:6:5: there is no key "shop" here' in err


def test_problems_are_data_where_json_is_wanted() -> None:
    spoil("multiplier: 1.8", "multiplier: 0")

    code, out, err = run("check", "--json")

    answer = json.loads(out)
    assert (code, err) == (4, "")
    assert (answer["version"], answer["ok"]) == (1, False)
    assert answer["problems"][0].startswith("mappings/example.yaml:37:17: ")


def test_an_example_in_order_is_so_in_json() -> None:
    code, out, _ = run("check", "--json")

    assert code == 0
    assert json.loads(out) == {
        "version": 1,
        "ok": True,
        "routes": 4,
        "cases": 10,
        "problems": [],
        "warnings": [],
    }


def test_mappings_that_are_not_there_end_with_4() -> None:
    code, _, err = run("check", "gone")

    assert code == 4
    assert err == "gone: there is no mapping file; name a .yaml file or a folder that holds some\n"


def test_accounts_are_checked_where_the_settings_name_some() -> None:
    Path("syncbridge.toml").write_text('[accounts.toy]\nadapter = "aliexpress"\n', "utf-8")

    code, _, err = run("check")

    assert code == 4
    assert 'the settings have no account "toys"; did you mean "toy"?' in err


def test_broken_settings_end_with_4() -> None:
    Path("syncbridge.toml").write_text("[web]\nport = 99999\n", "utf-8")

    code, _, err = run("check")

    assert code == 4
    assert err.startswith("syncbridge.toml: web.port must be at most 65535")


def test_a_sku_is_explained_by_rule_file_and_line() -> None:
    code, out, err = run("explain", "HB7K2M", "--store", "toys")

    assert (code, err) == (0, "")
    assert out.startswith(
        "SKU HB7K2M of store toys takes route toys-byhand by its prefix HB (mappings/example.yaml:135:5)\n"
    )
    assert "byhand, bought automatically" in out
    assert "forwarder (YANWEN is YANWEN_AM)" in out


def test_a_sku_is_explained_in_json() -> None:
    code, out, _ = run("explain", "TYA001", "--store", "toys", "--json")

    answer = json.loads(out)
    assert code == 0
    assert (answer["sku"], answer["store"]) == ("TYA001", "toys")
    assert (answer["route"]["name"], answer["route"]["line"]) == ("toys-main", 105)
    assert answer["route"]["price"]["packing"] == "1.00 CNY"


def test_the_way_abroad_the_line_and_what_is_declared_are_explained_for_each_country() -> None:
    spoil(
        "    prefer: cheapest",
        "    lines: [YANWEN_AM]\n    longest: 30 days\n    dearest: 60.00 CNY\n    prefer: cheapest",
    )
    spoil("    prefer: cheapest", "    prefer: cheapest\n    countries:\n      FR: {prefer: fastest}")

    _, out, _ = run("explain", "TYA001", "--store", "toys")

    way = "by forwarder if it books parcels, else by the store (YANWEN is YANWEN_AM)"
    line = "of YANWEN_AM, in at most 30 days, for at most 60.00 CNY"
    assert "  ship      forwarder: a forwarder receives the parcel by its mark\n  carrier   forwarder (YANWEN is" in out
    assert (
        "  except    orders to ES, FR take route toys-main-official: main, bought automatically, 杭州市, official, "
        "forwarder (mappings/example.yaml:125:5)\n"
        f"  ship      official: booked once the supplier's waybill is known, {way}\n"
        f"  line      the cheapest {line}; to FR: the fastest {line}\n"
        "  declared  notebook 笔记本, HS code 482010, paper, no battery, worth 30 % of what the buyer paid\n"
    ) in out


def test_who_books_where_no_carrier_is_named_and_what_little_is_declared() -> None:
    file = Path("mappings/example.yaml")
    carrier = re.compile(r"    carrier: forwarder\n    services:.*\n      YANWEN: YANWEN_AM\n")
    booked = "    ship: label_first\n    parcels: stationery\n"
    file.write_text(carrier.sub(booked, file.read_text("utf-8"), count=1), "utf-8")
    for line in ('    hs_code: "482010"\n', "    material: paper\n"):
        spoil(line, "")
    spoil("battery: false", "battery: true")
    spoil("value: 30 %", "value: 3.00 USD")

    _, out, _ = run("explain", "TYA001", "--store", "toys")

    assert (
        "  ship      label_first: booked before it is bought, and the supplier sticks the label on, by the store\n"
        "  line      the cheapest of all that are offered\n"
        "  declared  notebook 笔记本, no HS code, no material, with a battery, worth 3.00 USD\n"
    ) in out
    assert (
        "  except    orders to US take route toys-main-label-first: main, bought automatically, 杭州市, label_first ("
        in out
    )


def test_parcels_are_explained_in_json() -> None:
    spoil("    prefer: cheapest", "    prefer: cheapest\n    countries:\n      FR: {longest: 9 days, dearest: 5 CNY}")

    _, out, _ = run("explain", "TYA001", "--store", "toys", "--json")

    answer = json.loads(out)
    assert (answer["route"]["ship"], answer["route"]["carrier"]) == ("forwarder", "forwarder")
    assert answer["route"]["parcels"] is None
    assert [one["ship"] for one in answer["by_destination"]] == ["official", "label_first"]
    assert answer["by_destination"][0]["parcels"] == {
        "name_cn": "笔记本",
        "name_en": "notebook",
        "value": "30 %",
        "hs_code": "482010",
        "material": "paper",
        "battery": False,
        "lines": [],
        "prefer": "cheapest",
        "longest_days": None,
        "dearest": None,
        "countries": {"FR": {"lines": [], "prefer": "cheapest", "longest_days": 9, "dearest": "5.00 CNY"}},
    }


def test_what_is_declared_of_a_sku_is_explained_with_its_place() -> None:
    spoil("  - code: TYSET3", "  - code: TYA001\n    parcels: stationery\n\n  - code: TYSET3")

    _, out, _ = run("explain", "TYA001", "--store", "toys")
    _, as_json, _ = run("explain", "TYA001", "--store", "toys", "--json")

    declared = "declared  notebook 笔记本, HS code 482010, paper, no battery, worth 30 % of what the buyer paid"
    assert f"{declared} (mappings/example.yaml:" in out
    assert json.loads(as_json)["sku_rule"]["parcels"]["hs_code"] == "482010"


def test_a_sku_no_prefix_fits_is_told_the_prefixes() -> None:
    assert run("explain", "XX1", "--store", "toys") == (
        1,
        "",
        "no route's prefix fits SKU XX1 of store toys; the prefixes there are: HB, TY\n",
    )


def test_a_store_no_route_is_for_is_told_the_nearest() -> None:
    assert run("explain", "TY1", "--store", "toy") == (1, "", 'no route is for a store "toy"; did you mean "toys"?\n')


def test_a_set_is_explained_with_its_parts_and_backups() -> None:
    _, out, _ = run("explain", "TYSET3", "--store", "toys")
    _, as_json, _ = run("explain", "TYSET3", "--store", "toys", "--json")

    assert "  parts     3 × 676651652931/b222c2964434b1ab3e92753338fa6af2 + 1 × 689004512207/" in out
    assert "  backup    1. byhand: 1 × 700213355418/6490904c6269fa48d8ba74ca9e99b7df (mappings/example.yaml:" in out
    rule = json.loads(as_json)["sku_rule"]
    assert [part["quantity"] for part in rule["parts"]] == [3, 1]
    assert [backup["supplier"] for backup in rule["backups"]] == ["byhand"]


def test_a_route_of_own_stock_is_explained_so() -> None:
    spoil("buy: auto", "buy: own_stock")

    _, out, _ = run("explain", "TYA001", "--store", "toys")

    assert "not bought: the seller ships from own stock" in out


def test_no_route_is_null_in_json() -> None:
    code, out, _ = run("explain", "XX1", "--store", "toys", "--json")

    assert code == 1
    assert json.loads(out) == {
        "version": 1,
        "sku": "XX1",
        "store": "toys",
        "stands_for": "XX1",
        "route": None,
        "by_destination": [],
        "sku_rule": None,
        "says": [],
        "means": [],
    }


def test_a_store_has_to_be_named() -> None:
    assert run("explain", "TY1")[0] == 2
