"""A resync of a large catalogue with nothing changed: rows and calls written, rate, and peak memory of its process.

``python -m benchmarks.size`` prints a line for each size; a process of its own fills each database, another resyncs it.
"""

from __future__ import annotations

import asyncio
import functools
import json
import logging
import resource
import sqlite3
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import structlog
from sqlmodel import Session

from benchmarks.orders import ROUTE, RULES
from benchmarks.places import KEYS, NOW, Stopwatch, engine_in
from syncbridge.adapters.memory.channel import MemoryChannel
from syncbridge.adapters.memory.supplier import MemorySupplier
from syncbridge.bootstrap import SystemClock
from syncbridge.flows import attended, plan, resync
from syncbridge.flows.bridge import AccountTerms, Bridge, Terms
from syncbridge.flows.jobs import JOBS
from syncbridge.flows.resync import Selection
from syncbridge.model.catalog import Offer
from syncbridge.queue.execute import Worker
from syncbridge.rules.retry import RetryPolicies
from syncbridge.store import catalogue
from syncbridge.store.db import Database, SqliteDatabase, open_engine
from syncbridge.testing.builders import make_offer, make_spec

SIZES = (10_000, 100_000, 1_000_000)
SPECS = 10
PAGE = 500
LISTED = replace(ROUTE, listing=replace(ROUTE.listing, variant_value_ids=tuple(str(n) for n in range(1, SPECS + 1))))
TABLES = ("offer", "listing", "binding", "plan", "change", "hold", "timeline")


class Warehouse(MemorySupplier):
    """A supplier with any number of offers, made when they are asked for."""

    async def offer(self, offer_id: str) -> Offer:
        return an_offer(int(offer_id))


def an_offer(number: int) -> Offer:
    return make_offer(str(number), *(make_spec(n, stock=50 + number % 7) for n in range(1, SPECS + 1)))


def a_bridge(db: Database, *, live: bool) -> Bridge:
    clock = SystemClock()
    terms = Terms(accounts={"toys": AccountTerms(live=live)})
    rules = replace(RULES, routes=(LISTED,))
    return Bridge(db, clock, rules, terms, {"main": Warehouse(clock)}, {"toys": MemoryChannel(clock)}, {}, clock.now())


async def fill(folder: Path, skus: int) -> None:
    """A catalogue of so many SKUs, all on sale as wanted."""
    db = SqliteDatabase(engine_in(folder))
    proposing, selling = a_bridge(db, live=False), a_bridge(db, live=True)
    for first in range(0, skus // SPECS, PAGE):
        page = [an_offer(number) for number in range(first, min(first + PAGE, skus // SPECS))]
        await db.run(_kept, proposing, selling.basis, page)
    await db.run(_on_sale)
    await db.close()


def _kept(session: Session, bridge: Bridge, basis: str, page: list[Offer]) -> None:
    catalogue.keep(session, "main", page, now=NOW)
    plan.offers_read(session, bridge, "main", page, cause="size")
    catalogue.planned(session, "main", page, under=basis)


def _on_sale(session: Session) -> None:
    connection = session.connection()
    connection.exec_driver_sql("UPDATE listing SET state = 'on_sale', listing_id = 'L' || id")
    connection.exec_driver_sql("UPDATE binding SET sku_key = sku_code, price = price_wanted, stock = stock_wanted")


async def look_again(folder: Path) -> dict[str, object]:
    """Resync all of it, as the command does."""
    before = _rows(folder)
    db = SqliteDatabase(open_engine(f"sqlite:///{folder}/bench.db", KEYS))
    bridge = a_bridge(db, live=True)
    handlers = {kind: functools.partial(flow, bridge) for kind, flow in JOBS.items()}
    watch = Stopwatch()
    offers = await db.read(resync.select, bridge, Selection())
    asked = await db.run(resync.request, offers, now=bridge.clock.now())
    worker = Worker(db, bridge.clock, handlers, RetryPolicies())
    await attended.work(bridge, worker, lambda session: resync.standing(session, asked), lambda _: None)
    seconds, commits = watch.seconds, db.commits
    await db.close()
    assert asked.number == len(offers)
    return {
        "offers": len(offers),
        "rows written": 0 if _rows(folder) == before else 1,
        "commits": commits,
        "seconds": round(seconds, 1),
        "offers per second": round(len(offers) / seconds),
        "peak MB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def _rows(folder: Path) -> list[tuple[int, object]]:
    """How many rows each table of the catalogue has, and when an offer last changed."""
    with sqlite3.connect(folder / "bench.db") as connection:
        counts = [connection.execute(f'SELECT count(*), max(rowid) FROM "{table}"').fetchone() for table in TABLES]  # noqa: S608  fixed names
        return [*counts, connection.execute("SELECT count(*), max(changed_at) FROM offer").fetchone()]


def main() -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    match sys.argv[1:]:
        case ["fill", folder, skus]:
            asyncio.run(fill(Path(folder), int(skus)))
        case ["resync", folder]:
            print(json.dumps(asyncio.run(look_again(Path(folder)))))
        case sizes:
            for count in [int(size) for size in sizes] or SIZES:
                _measure(count)


def _measure(skus: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "benchmarks.size"]
        subprocess.run([*command, "fill", folder, str(skus)], check=True)
        done = subprocess.run([*command, "resync", folder], check=True, capture_output=True, text=True)
    print(f"{skus:,} SKUs: {done.stdout.strip()}", flush=True)


if __name__ == "__main__":
    main()
