"""Offers: a first import, and a resync that finds nothing changed."""

from __future__ import annotations

import asyncio
from pathlib import Path

from benchmarks.measure import Case, Figure
from benchmarks.places import NOW, Stopwatch, committed, database, raw, stored
from syncbridge.model.catalog import Offer
from syncbridge.store import catalogue
from syncbridge.store.types import to_json
from syncbridge.testing.builders import make_offer

GROUP = "offers"
OFFERS = 5000


def _offers() -> list[Offer]:
    return [make_offer(str(600000000000 + n)) for n in range(OFFERS)]


def _raw(folder: Path) -> Figure:
    rows = [("main", o.offer_id, to_json(o), "digest", len(o.specs), False, stored(NOW)) for o in _offers()]
    with raw(folder) as connection:
        watch = Stopwatch()
        with committed(connection):
            connection.executemany("INSERT INTO offer VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
        return Figure(OFFERS, watch.seconds, "rows made ready before")


async def _import(folder: Path) -> Figure:
    offers = _offers()
    async with database(folder) as db:
        watch = Stopwatch()
        await db.run(catalogue.keep, "main", offers, now=NOW)
        return Figure(OFFERS, watch.seconds, "JSON and digest made on the way")


async def _resync(folder: Path) -> Figure:
    offers = _offers()
    async with database(folder) as db:
        await db.run(catalogue.keep, "main", offers, now=NOW)
        watch = Stopwatch()
        changed = (await db.run(catalogue.news, "main", offers, under="")).changed
        seconds = watch.seconds
    assert not changed
    return Figure(OFFERS, seconds, "nothing written")


CASES = [
    Case(GROUP, "sqlite3 executemany", _raw),
    Case(GROUP, "catalogue.keep, first import", lambda folder: asyncio.run(_import(folder))),
    Case(GROUP, "catalogue.news, nothing new", lambda folder: asyncio.run(_resync(folder))),
]
