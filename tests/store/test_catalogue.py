"""What was read is compared by digest, which is the same in every process."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from syncbridge.model.catalog import MixRule
from syncbridge.store import catalogue
from syncbridge.store.db import SqliteDatabase
from syncbridge.testing.builders import cny, make_offer, make_spec
from syncbridge.testing.clock import START

pytestmark = pytest.mark.anyio
SCRIPT = """
from syncbridge.store.catalogue import _digest
from syncbridge.testing.builders import make_offer
print(_digest(make_offer(identities=frozenset("abcdefghij"))))
"""


def test_a_digest_is_the_same_in_every_process() -> None:
    digests = set()
    for seed in ("1", "2", "3"):
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        )
        digests.add(done.stdout)

    assert len(digests) == 1
    assert len(digests.pop().strip()) == 32


async def test_only_offers_that_changed_are_changed(db: SqliteDatabase) -> None:
    same, dearer = make_offer("1"), make_offer("2")
    await db.run(catalogue.keep, "main", [same, dearer], now=START)
    await db.run(catalogue.planned, "main", [same, dearer], under="these rules")
    dearer = replace(dearer, specs=(make_spec(1, cost="13.91"), make_spec(2)))
    read = [same, dearer, make_offer("3")]

    news = await db.read(catalogue.news, "main", read, under="these rules")
    assert news.changed == news.unplanned == [dearer, make_offer("3")]
    assert (await db.read(catalogue.news, "second", [same], under="these rules")).changed == [same]


async def test_an_offer_planned_under_other_rules_is_unplanned_though_it_did_not_change(db: SqliteDatabase) -> None:
    offer = make_offer("1")
    await db.run(catalogue.keep, "main", [offer], now=START)
    await db.run(catalogue.planned, "main", [offer], under="old rules")

    news = await db.read(catalogue.news, "main", [offer], under="new rules")
    assert (news.changed, news.unplanned) == ([], [offer])


async def test_an_offer_is_kept_whole(db: SqliteDatabase) -> None:
    offer = make_offer("1", make_spec(1, cost=None, stock=None))
    await db.run(catalogue.keep, "main", [offer], now=START)

    assert await db.read(catalogue.offer, "main", "1") == offer
    assert await db.read(catalogue.offer, "main", "2") is None


async def test_offers_are_read_together_and_one_that_never_was_read_is_none(db: SqliteDatabase) -> None:
    offer = make_offer("1", mix=MixRule(True, cny("100.00"), 2))
    await db.run(catalogue.keep, "main", [offer, make_offer("3")], now=START)

    assert await db.read(catalogue.offers, "main", {"1", "2"}) == {"1": offer, "2": None}
    assert await db.read(catalogue.offers, "second", {"1"}) == {"1": None}


async def test_keeping_an_offer_again_keeps_that_it_is_followed(db: SqliteDatabase) -> None:
    offer = make_offer("1")
    await db.run(catalogue.keep, "main", [offer], now=START)
    await db.run(catalogue.followed, "main", "1")
    await db.run(catalogue.keep, "main", [replace(offer, title="Notebook A5")], now=START)

    followed = await db.read(
        lambda session: session.connection().exec_driver_sql("SELECT followed FROM offer").scalar_one()
    )
    assert followed == 1


async def test_a_resync_can_be_bounded_by_offer_and_time(db: SqliteDatabase) -> None:
    await db.run(catalogue.keep, "main", [make_offer("1"), make_offer("2")], now=START)

    async def asked(offers: tuple[str, ...] = (), since: datetime | None = None) -> list[tuple[str, str]]:
        return await db.read(catalogue.offers_to_resync, store=None, offers=offers, prefixes=(), since=since)

    assert await asked() == [("main", "1"), ("main", "2")]
    assert await asked(("2",)) == [("main", "2")]
    assert await asked(since=START) == [("main", "1"), ("main", "2")]
    assert await asked(since=START + timedelta(seconds=1)) == []
