"""``syncbridge explain`` and ``syncbridge rates``: why a SKU costs what it costs, and what its rate is."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session

from syncbridge.bootstrap import assemble, open_database
from syncbridge.flows import plan
from syncbridge.flows.bridge import Bridge
from syncbridge.model.catalog import Offer
from syncbridge.model.rates import InForce
from syncbridge.rules.codes import sku_code
from syncbridge.settings import load_settings
from syncbridge.store import catalogue, holds, rates
from syncbridge.testing.builders import make_offer, make_spec
from tests.cli.test_queue import NOW, Desk

OFFER = make_offer("676651652931", make_spec(1), make_spec(2, cost="14.90", stock=7))
PAIR = ("CNY", "USD")


class Shelf(Desk):
    """A desk beside a catalogue."""

    def planned(self, work: Any = None, offer: Offer = OFFER) -> str:
        """List the offer; answers the first SKU's code. `work` is done with session and bridge before."""

        async def run() -> str:
            settings = load_settings(self.config, environ={})
            app = await assemble(settings, open_database(settings))
            try:
                return await app.bridge.db.run(self._list, app.bridge, offer, work)
            finally:
                await app.close()

        return asyncio.run(run())

    @staticmethod
    def _list(session: Session, bridge: Bridge, offer: Offer, work: Any) -> str:
        if work is not None:
            work(session)
        catalogue.keep(session, "main", [offer], now=NOW)
        plan.offers_read(session, bridge, "main", [offer], cause="test")
        route = next(route for route in bridge.rules.routes if route.supplier == "main")
        return sku_code(route, "toys", offer, offer.specs[0], bridge.rules)


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path)


def test_a_price_is_explained_term_by_term(shelf: Shelf) -> None:
    code = shelf.planned()

    lines = [" ".join(line.split()) for line in shelf.run(code, "--store", "toys", group="explain").stdout.splitlines()]
    assert lines[0].startswith(f"SKU {code} of store toys · listing not on the channel yet · ")
    assert f"fed by offer main/{OFFER.offer_id}, spec {OFFER.specs[0].spec_id}" in lines
    assert "price none yet, wanted 7.99 USD" in lines
    assert {"cost 13.90 CNY", "packing 1.00 CNY", "freight 12.00 CNY", "landed 26.90 CNY"} <= set(lines)
    assert {"multiplier 1.8", "commission 0.08", "floor 4.59 USD", "before ending 7.37 USD"} <= set(lines)
    assert any(line.startswith("rate 0.14") and " of 2026-11-20" in line for line in lines)
    assert any(line.startswith("rule toys-main (") and ".yaml:" in line for line in lines)
    assert any(line.startswith("last planned") and "offer 676651652931 is new" in line for line in lines)
    assert "stock none yet, wanted 98: the supplier's is 100, 2 are kept back, at most 200 are shown" in lines


def test_the_same_for_programs(shelf: Shelf) -> None:
    code = shelf.planned()

    answer = shelf.answer(code, "--store", "toys", group="explain")
    assert (answer["sku"], answer["offer"], answer["price"], answer["price_wanted"]) == (
        code,
        OFFER.offer_id,
        None,
        "7.99 USD",
    )
    assert answer["passport"]["cost"] == "13.90 CNY"
    assert answer["planned"]["before"] == "none"
    assert (answer["stock_wanted"], answer["supplier_stock"], answer["held"]) == (98, 100, [])


def test_what_holds_a_price_is_shown_with_it(shelf: Shelf) -> None:
    code = shelf.planned()
    figures = {"why": "price would move by +167%, more than 30%", "before": "7.99 USD", "after": "20.99 USD"}
    shelf.change(lambda session: holds.open_hold(session, "price_step", f"sku toys/{code}", figures, now=NOW))

    assert "held: price_step of sku toys/" in shelf.run(code, "--store", "toys", group="explain").stdout
    (held,) = shelf.answer(code, "--store", "toys", group="explain")["held"]
    assert (held["kind"], held["after"]) == ("price_step", "20.99 USD")


def test_a_stock_that_is_not_known_is_shown_with_its_sku_and_not_with_its_sibling(shelf: Shelf) -> None:
    code = shelf.planned(offer=make_offer("676651652931", make_spec(1, stock=None), make_spec(2, stock=7)))
    (every,) = shelf.change(lambda session: [one.sku_code for one in catalogue.bindings(session, 1)])
    assert isinstance(every, list)
    (sibling,) = {*every} - {code}

    (held,) = shelf.answer(code, "--store", "toys", group="explain")["held"]
    assert (held["kind"], held["subject"], held["codes"]) == ("stock_unsure", "listing toys/1", code)
    assert shelf.answer(sibling, "--store", "toys", group="explain")["held"] == []


def test_a_sku_nobody_has_is_told_with_the_next_step(shelf: Shelf) -> None:
    result = shelf.run("TYNONE", "--store", "toys", group="explain")

    assert result.exit_code == 1
    assert "syncbridge rules explain TYNONE --store toys" in result.stderr


def follow(shelf: Shelf) -> None:
    """The rate comes from an account."""
    text = shelf.config.read_text("utf-8")
    shelf.config.write_text(text + '\n[accounts.ecb]\nadapter = "ecb"\n', "utf-8")
    for file in load_settings(shelf.config, environ={}).mappings.glob("*.yaml"):
        written = "  CNY/USD:\n    rate: 0.1400\n    day: 2026-11-20"
        file.write_text(file.read_text("utf-8").replace(written, "  CNY/USD: ecb"), "utf-8")


def known(value: str) -> InForce:
    day = (NOW - timedelta(days=0)).date()
    return InForce(PAIR, Decimal(value), day, "ecb", NOW, Decimal(value), day)


def test_the_rates_of_the_mapping_files_are_listed(shelf: Shelf) -> None:
    assert shelf.run("list", group="rates").stdout == "CNY/USD · 0.1400 of 2026-11-20 · from the mapping files\n"
    (rate,) = shelf.answer("list", group="rates")["rates"]
    assert (rate["pair"], rate["source"], rate["rate"], rate["stale"]) == ("CNY/USD", "mapping files", "0.1400", False)


def test_a_rate_that_is_not_told_yet_is_listed_as_such(shelf: Shelf) -> None:
    follow(shelf)

    assert shelf.run("list", group="rates").stdout == "CNY/USD · none yet · from ecb\n"


def test_a_held_rate_is_listed_and_accepted(shelf: Shelf) -> None:
    follow(shelf)
    figures = {"why": "CNY/USD would move by +7.1%, more than 5%", "before": "0.1400", "after": "0.1500"}
    figures["day"] = NOW.date().isoformat()

    def outlier(session: Session) -> None:
        rates.keep(session, [known("0.1400")])
        holds.open_hold(session, "rate_outlier", "rate CNY/USD", figures, now=NOW)

    shelf.planned(outlier)
    assert "    rate_outlier: CNY/USD would move by +7.1%, more than 5%" in shelf.run("list", group="rates").stdout
    answer = shelf.answer("accept", "CNY/USD", group="rates")
    assert (answer["pair"], answer["rate"], answer["source"]) == ("CNY/USD", "0.1500", "ecb")
    (listed,) = shelf.answer("list", group="rates")["rates"]
    assert (listed["rate"], listed["told"], listed["held"]) == ("0.1500", "0.1500", {})


def test_nothing_held_is_nothing_to_accept(shelf: Shelf) -> None:
    result = shelf.run("accept", "CNY/USD", group="rates")

    assert (result.exit_code, result.stdout) == (1, "")
    assert "no rate of CNY/USD is held" in result.stderr


def test_an_account_that_tells_no_rates_is_refused_with_the_remedy(shelf: Shelf) -> None:
    follow(shelf)
    text = shelf.config.read_text("utf-8")
    shelf.config.write_text(text.replace('adapter = "ecb"', 'adapter = "forwarder_csv"\npath = "x.csv"'), "utf-8")

    result = shelf.run("list", group="rates")
    assert result.exit_code == 4
    assert "take the rate CNY/USD from the account 'ecb', which tells no rates (those that do: none)" in result.stderr
