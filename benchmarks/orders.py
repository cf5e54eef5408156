"""Orders to purchases: read, routed, intended, sent and placed over the memory adapters, which answer at once."""

from __future__ import annotations

import asyncio
import functools
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

from sqlalchemy import select
from sqlmodel import Session, col

from benchmarks.measure import Case, Figure, at_once
from benchmarks.places import NOW, Stopwatch, database
from syncbridge.adapters.memory.channel import MemoryChannel
from syncbridge.adapters.memory.supplier import MemorySupplier
from syncbridge.bootstrap import SystemClock
from syncbridge.flows import plan
from syncbridge.flows.bridge import AccountTerms, Bridge, Terms
from syncbridge.flows.jobs import JOBS
from syncbridge.flows.orders import take_job
from syncbridge.queue import job as jobs
from syncbridge.queue.execute import Worker
from syncbridge.rules.codes import reference_code
from syncbridge.rules.mapping import BuyMode, ListingPolicy, Place, PricePolicy, Rate, Route, Rules, StockPolicy
from syncbridge.rules.retry import RetryPolicies
from syncbridge.store import accounts, catalogue, purchases
from syncbridge.store.db import Database
from syncbridge.store.tables.work import Job
from syncbridge.testing.builders import RELAY, cny, make_offer, make_order, make_order_line, make_spec

GROUP = "orders placed"
ORDERS = 50
OFFER = make_offer("676651652931", make_spec(1, stock=1_000_000))
PRICE = PricePolicy("USD", Decimal("1.8"), Decimal("0.08"), cny("1.00"), cny("12.00"), Decimal("0.10"))
LISTING = ListingPolicy("200135143", "50164494212", "14", ("29", "193"))
ROUTE = Route(
    name="toys",
    prefix="TY",
    stores=("toys",),
    supplier="main",
    goods_code="",
    buy=BuyMode.AUTO,
    relay=RELAY,
    carrier="forwarder",
    services={},
    price=PRICE,
    stock=StockPolicy(buffer=0, cap=200),
    listing=LISTING,
    place=Place("bench.yaml", 1),
)
RULES = Rules((ROUTE,), {("CNY", "USD"): Rate(Decimal("0.14"), date(2026, 11, 24))})
TERMS = Terms(
    cool_off=timedelta(0),
    accounts={"toys": AccountTerms(live=True), "main": AccountTerms(daily_cap=cny("100000000.00"))},
)


async def _placed(folder: Path, most: int) -> Figure:
    clock = SystemClock()
    supplier, channel = MemorySupplier(clock), MemoryChannel(clock)
    supplier.catalogue[OFFER.offer_id] = OFFER
    async with database(folder) as db:
        bridge = Bridge(db, clock, RULES, TERMS, {"main": supplier}, {"toys": channel}, {}, clock.now())
        await db.run(accounts.ledger_read, "main", at=clock.now())
        handlers = {kind: functools.partial(flow, bridge) for kind, flow in JOBS.items()}
        worker = Worker(db, clock, handlers, RetryPolicies())
        await db.run(_list_offer, bridge)
        _sell(channel)
        watch, units, commits = Stopwatch(), db.units, db.commits
        for kind in ("orders.take", "purchase.place"):
            await at_once(worker.execute, await db.read(_ids, kind), most)
        seconds = watch.seconds
        assert await _all_placed(db, supplier)
        units, commits = db.units - units, db.commits - commits
        return Figure(ORDERS, seconds, f"{units / ORDERS:g} units and {commits / ORDERS:.2f} commits an order")


def _list_offer(session: Session, bridge: Bridge) -> None:
    """The offer is ours to sell, and every order has been heard of."""
    catalogue.keep(session, "main", [OFFER], now=NOW)
    plan.offers_read(session, bridge, "main", [OFFER], cause="benchmark")
    jobs.enqueue(session, [take_job("toys", str(number), "heard", NOW) for number in range(ORDERS)], now=NOW)


def _sell(channel: MemoryChannel) -> None:
    line = make_order_line(reference_code(ROUTE, "toys", OFFER.offer_id, OFFER.specs[0].spec_id, RULES), 2)
    for number in range(ORDERS):
        channel.books[str(number)] = make_order(str(number), NOW, line)


def _ids(session: Session, kind: str) -> list[int]:
    return [row.id for row in session.connection().execute(select(col(Job.id)).where(col(Job.kind) == kind))]


async def _all_placed(db: Database, supplier: MemorySupplier) -> bool:
    return await db.read(purchases.figures) == {"placed": ORDERS} and len(supplier.books) == ORDERS


CASES = [
    Case(GROUP, "one at a time", lambda folder: asyncio.run(_placed(folder, 1))),
    Case(GROUP, "20 at once", lambda folder: asyncio.run(_placed(folder, 20))),
]
