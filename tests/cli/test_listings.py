"""``syncbridge listings`` and ``syncbridge reconcile`` at the command line."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session, select
from typer.testing import CliRunner, Result

from syncbridge.bootstrap import SystemClock, open_database
from syncbridge.cli.main import app
from syncbridge.model.catalog import ListingState, OwnListing, Sku
from syncbridge.rules.planning import Wanted
from syncbridge.rules.stock import of_spec
from syncbridge.settings import load_settings
from syncbridge.store import catalogue, listings, locks
from syncbridge.store.tables.work import Job
from syncbridge.testing.builders import make_listing_draft, make_offer, usd
from tests.databases import as_after_a_first_start
from tests.web.conftest import write_settings

NOW = SystemClock().now()
OFFER = make_offer()


class Desk:
    """A person at the command line, with a listing of two SKUs of which one has a kept price."""

    def __init__(self, folder: Path) -> None:
        self.config = write_settings(folder)
        as_after_a_first_start(load_settings(self.config, environ={}))
        asyncio.run(self._fill())

    async def _fill(self) -> None:
        db = open_database(load_settings(self.config, environ={}))
        await db.run(_fill)
        await db.close()

    def run(self, *args: str) -> Result:
        return CliRunner().invoke(app, ["--config", str(self.config), *args], env={"COLUMNS": "250", "LC_ALL": "C"})

    def json(self, *args: str) -> Any:
        result = self.run(*args, "--json")
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    def jobs(self) -> list[str]:
        async def read() -> list[str]:
            db = open_database(load_settings(self.config, environ={}))
            found = await db.read(lambda session: [job.subject for job in session.scalars(select(Job))])
            await db.close()
            return found

        return asyncio.run(read())


def _fill(session: Session) -> None:
    catalogue.keep(session, "main", [OFFER], now=NOW)
    draft = make_listing_draft()
    skus = [
        Wanted(f"TYA00{n}", spec, None, 7, "shop.yaml:1:1", of_spec(OFFER, spec.spec_id))
        for n, spec in enumerate(OFFER.specs, start=1)
    ]
    own = OwnListing(0, "toys", "main", OFFER.offer_id, "toys", ListingState.ON_SALE, None, draft, None)
    catalogue.propose(session, [(own, skus)], now=NOW)
    catalogue.posted(session, 1, "1005000000000001")
    catalogue.set_state(session, 1, ListingState.ON_SALE)
    shown = [Sku("14:193", "TYA001", usd("9.49"), 7), Sku("14:175", "TYA002", usd("8.49"), 7)]
    listings.believe(session, "toys", shown, now=NOW)
    locks.lock(session, "toys", [("TYA001", "price")], "changed in the seller centre", now=NOW)
    locks.lock_listings(session, [(1, "title")], "changed in the seller centre", now=NOW)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_listings_are_listed_with_their_locks(desk: Desk) -> None:
    (one,) = desk.json("listings", "list")["listings"]

    assert one == {
        "listing": 1,
        "store": "toys",
        "listing_id": "1005000000000001",
        "state": "on_sale",
        "title": "Notebook B5",
        "skus": 2,
        "locks": 2,
    }
    assert (
        "1 · toys · 1005000000000001 · on_sale · 2 SKUs · 2 locked · Notebook B5" in desk.run("listings", "list").output
    )
    assert "There is no listing" in desk.run("listings", "list", "--store", "books").output


def test_a_listing_is_shown_with_supplier_rules_channel_and_lock_side_by_side(desk: Desk) -> None:
    shown = desk.json("listings", "show", "1")
    first, second = shown["skus"]

    assert (first["cost"], first["supplier_stock"]) == ("13.90 CNY", 100)
    assert first["price"] == {"rules": "7.99 USD", "wanted": "9.49 USD", "shown": "9.49 USD"}
    assert [lock["field"] for lock in first["locks"]] == ["price"]
    assert second["locks"] == []
    assert [lock["field"] for lock in shown["locks"]] == ["title"]
    told = desk.run("listings", "show", "1").output
    assert (
        "        price: rules 7.99 USD · wanted 9.49 USD · shown 9.49 USD · kept: the seller's own price since" in told
    )


def test_an_unknown_listing_is_said_to_be_none(desk: Desk) -> None:
    result = desk.run("listings", "show", "7")

    assert result.exit_code == 1
    assert "there is no listing 7; see: syncbridge listings list" in result.output


def test_locks_are_listed_with_their_reason(desk: Desk) -> None:
    found = desk.json("listings", "locks")["locks"]

    assert [(lock["sku"], lock["field"], lock["why"]) for lock in found] == [
        (None, "title", "changed in the seller centre"),
        ("TYA001", "price", "changed in the seller centre"),
    ]
    assert "1 · toys · TYA001 · price · since" in desk.run("listings", "locks").output
    assert "The seller keeps nothing" in desk.run("listings", "locks", "--store", "books").output


def test_a_field_given_back_is_unlocked_and_its_offer_read_again(desk: Desk) -> None:
    given = desk.json("listings", "unlock", "1", "--sku", "TYA001", "--field", "price")["unlocked"]

    assert [(lock["sku"], lock["field"]) for lock in given] == [("TYA001", "price")]
    assert [lock["field"] for lock in desk.json("listings", "locks")["locks"]] == ["title"]
    assert desk.jobs() == [f"offer main/{OFFER.offer_id}"]


def test_everything_a_seller_keeps_of_a_listing_is_given_back_at_once(desk: Desk) -> None:
    assert "1 title is given back to the rules" in " ".join(desk.run("listings", "unlock", "1").output.split())
    assert desk.json("listings", "locks")["locks"] == []

    again = desk.run("listings", "unlock", "1")
    assert again.exit_code == 1
    assert "no such field of listing 1 is locked; see: syncbridge listings show 1" in again.output


def test_a_store_that_is_none_is_not_reconciled(desk: Desk) -> None:
    result = desk.run("reconcile", "--store", "toyz")

    assert result.exit_code == 4
    assert 'no store is named "toyz"; did you mean "toys"?' in result.output
