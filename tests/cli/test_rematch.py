"""``syncbridge rematch`` and ``syncbridge offers``: what was lost beside what may take its place, and the past."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import Session

from syncbridge.model.catalog import ListingState, OwnListing
from syncbridge.rules import planning
from syncbridge.rules.polling import Watched
from syncbridge.store import catalogue, holds, lost_specs, offer_history, readings
from syncbridge.store.readings import Reading
from syncbridge.testing.builders import make_listing_draft, make_offer, make_spec
from tests.cli.test_queue import NOW, Desk
from tests.rules.conftest import make_route, make_rules

OFFER = "676651652931"
RED = replace(make_spec(1, code="HB-R"), attributes=(("颜色", "红色\x1b[2J"),))
NEW_RED = replace(RED, spec_id="9", goods_code="HB-X", attributes=(("颜色", "红色 新款"),))


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def lose(session: Session) -> str:
    """A SKU that was listed, and whose spec has another name now; answers its code."""
    before, after = make_offer(OFFER, RED), make_offer(OFFER, NEW_RED)
    wanted = planning.fresh(before, "toys", make_route(), make_rules())
    listing = OwnListing(0, "toys", "main", OFFER, "toys", ListingState.ON_SALE, "1", make_listing_draft(), None)
    catalogue.propose(session, [(listing, wanted)], now=NOW)
    catalogue.keep(session, "main", [before], now=NOW)
    offer_history.append(session, "main", {}, [before], now=NOW)
    readings.keep(session, "main", [Reading(OFFER, NOW, NOW + timedelta(hours=6), Watched())])
    catalogue.keep(session, "main", [after], now=NOW)
    (sku,) = lost_specs.feeding(session, "main", [OFFER])
    lost_specs.lose(session, "main", [(sku, RED, 0)], now=NOW)
    return sku.sku_code


def test_what_was_lost_is_shown_beside_what_may_take_its_place_with_the_command(desk: Desk) -> None:
    (code,) = desk.change(lose)

    out = desk.run("list", group="rematch").stdout

    assert f"1 · sku toys/{code} · offer main/{OFFER} · since" in out
    assert "    was: 红色 [2J · 13.90 CNY · HB-R\n" in out
    assert "红色 新款 · 13.90 CNY · HB-X (code 0, text" in out
    assert "    → syncbridge rematch accept 1 --spec 9\n    → syncbridge rematch refuse 1\n" in out


def test_the_list_is_there_for_programs_too(desk: Desk) -> None:
    desk.change(lose)

    (lost,) = json.loads(desk.run("list", "--json", group="rematch").stdout)["lost"]

    assert (lost["id"], lost["lost"]["goods_code"]) == ("1", "HB-R")
    assert [(m["spec"], m["likeness"]["code"]) for m in lost["matches"]] == [("9", 0)]


def test_accepting_binds_and_refusing_settles(desk: Desk) -> None:
    (code,) = desk.change(lose)

    told = desk.run("accept", "1", group="rematch")

    assert (told.exit_code, told.stderr) == (0, "1 has its spec; its stock follows by itself\n")
    bound = desk.change(lambda session: catalogue.bound_specs(session, "toys", [code]))[0]
    assert bound[code].spec_id == "9"
    again = desk.run("refuse", "1", group="rematch")
    assert (again.exit_code, again.stderr) == (1, "there is nothing to decide under 1; see: syncbridge rematch list\n")
    assert desk.run("list", group="rematch").stdout == "Every SKU has its spec.\n"


def test_new_variants_are_listed_and_dismissed(desk: Desk) -> None:
    desk.change(
        lambda session: holds.open_hold(
            session, "new_variant", f"offer main/{OFFER}", {"why": "added", "variants": "绿色"}, now=NOW
        )
    )

    assert f"new-1 · offer main/{OFFER} · 绿色\n" in desk.run("list", group="rematch").stdout
    assert desk.run("refuse", "new-1", "x", group="rematch").exit_code == 3
    assert desk.run("list", group="rematch").stdout == "Every SKU has its spec.\n"


def test_the_past_of_an_offer_is_shown_with_when_it_is_read_again(desk: Desk) -> None:
    desk.change(lose)

    out = desk.run("history", OFFER, group="offers").stdout

    assert out.startswith(f"offer main/{OFFER} · read {NOW:%Y-%m-%d %H:%M}, again ")
    assert f"    {NOW:%Y-%m-%d %H:%M} · {RED.spec_id} · 13.90 CNY · stock 100\n" in out
    (found,) = json.loads(desk.run("history", OFFER, "--json", group="offers").stdout)["offers"]
    assert found["history"][0] | {"at": ""} == {
        "at": "",
        "spec": RED.spec_id,
        "wording": None,
        "cost": "13.90 CNY",
        "stock": 100,
    }
    assert desk.run("history", OFFER, "--supplier", "second", group="offers").stderr.endswith("was never read.\n")
