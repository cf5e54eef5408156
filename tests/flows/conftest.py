"""A small shop in memory: one supplier, one channel, one forwarder, and a worker that runs what is due."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import sqlite3
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from sqlmodel import Session

from syncbridge.adapters.memory.channel import MemoryChannel
from syncbridge.adapters.memory.supplier import MemorySupplier
from syncbridge.flows import retry_queue, start
from syncbridge.flows.bridge import AccountTerms, Bridge, Terms
from syncbridge.flows.jobs import JOBS
from syncbridge.flows.orders import take_job
from syncbridge.flows.retry_queue import Entry, entries
from syncbridge.flows.schedule import Every, tick
from syncbridge.model.catalog import Listing, Offer
from syncbridge.model.money import Money
from syncbridge.model.orders import Order, OrderLine
from syncbridge.model.paging import Cursor, Page
from syncbridge.model.shipping import Shipment
from syncbridge.ports import ExchangeRates, Notifier, Renew, Tracks
from syncbridge.queue import job as jobs
from syncbridge.queue.execute import Worker
from syncbridge.rules.codes import reference_code
from syncbridge.rules.mapping import (
    BuyMode,
    ListingPolicy,
    Place,
    PricePolicy,
    Rate,
    Route,
    Rules,
    StockPolicy,
)
from syncbridge.rules.retry import RetryPolicies
from syncbridge.store import accounts
from syncbridge.store.db import InlineDatabase
from syncbridge.testing.builders import RELAY, cny, make_offer, make_order, make_order_line
from syncbridge.testing.clock import FixedClock
from tests import databases

ROUTE = Route(
    name="toys",
    prefix="TY",
    stores=("toys",),
    supplier="main",
    goods_code="",
    buy=BuyMode.AUTO,
    relay=RELAY,
    carrier="forwarder",
    services={"YANWEN": "YANWEN_AM"},
    price=PricePolicy(
        "USD", Decimal("1.8"), Decimal("0.08"), cny("1.00"), cny("12.00"), Decimal("0.10"), (Decimal("0.99"),)
    ),
    stock=StockPolicy(buffer=2, cap=200),
    listing=ListingPolicy("200135143", "50164494212", "14", tuple(str(n) for n in range(100, 124))),
    place=Place("shop.yaml", 12),
)
RULES = Rules((ROUTE,), {("CNY", "USD"): Rate(Decimal("0.14"), date(2026, 3, 1))})


class MemoryForwarder:
    def __init__(self) -> None:
        self.sent: list[Shipment] = []

    async def shipments(self, *, since: Cursor | None) -> AsyncIterator[Page[Shipment]]:
        start = int(since or 0)
        if start < len(self.sent):
            yield Page(tuple(self.sent[start:]), Cursor(str(len(self.sent))))


class Unrenewed:
    """The shop's time for its worker, whose leases are not renewed: their sleeping would pass the time."""

    def __init__(self, clock: FixedClock) -> None:
        self.now, self.passed = clock.now, clock.passed

    async def sleep(self, _: float) -> None:
        await asyncio.Event().wait()


class Shop:
    """Everything, and what a test does with it."""

    def __init__(self, folder: Path) -> None:
        self.clock = FixedClock()
        self.supplier = MemorySupplier(self.clock)
        self.channel = MemoryChannel(self.clock)
        self.forwarder = MemoryForwarder()
        self.file = folder / "shop.db"
        engine = databases.new_file(self.file)
        self.born = self.clock.now()
        with Session(engine) as session:
            accounts.ledger_read(session, "main", at=self.born)
            session.commit()
        self.db = InlineDatabase(engine)
        self.terms = Terms(
            cool_off=timedelta(minutes=10),
            accounts={"toys": AccountTerms(live=True), "main": AccountTerms(daily_cap=cny("2000.00"))},
        )
        self.rules = RULES
        self.notifiers: tuple[Notifier, ...] = ()
        self.exchanges: dict[str, ExchangeRates] = {}
        self.trackers: dict[str, Tracks] = {}
        self.renewals: dict[str, Renew] = {}
        self.connect()

    def connect(self) -> None:
        """Start afresh with the terms and rules as they are now."""
        self.bridge = Bridge(
            self.db,
            self.clock,
            self.rules,
            self.terms,
            suppliers={"main": self.supplier},
            channels={"toys": self.channel},
            carriers={"forwarder": self.forwarder},
            ledger_from=self.born,
            notifiers=self.notifiers,
            exchanges=self.exchanges,
            trackers=self.trackers,
            renewals=self.renewals,
        )
        handlers = {kind: functools.partial(flow, self.bridge) for kind, flow in JOBS.items()}
        self.worker = Worker(self.db, Unrenewed(self.clock), handlers, RetryPolicies())

    def back_up(self) -> bytes:
        """The database as a file."""
        with contextlib.closing(sqlite3.connect(self.file)) as source:
            return source.serialize()

    async def restore(self, backup: bytes) -> None:
        """Put an old database back, and start as the daemon does."""
        await self.db.close()
        for left in self.file.parent.glob("shop.db*"):
            left.unlink()
        self.file.write_bytes(backup)
        self.db = InlineDatabase(databases.engine(self.file))
        await self.restart()

    async def restart(self) -> None:
        """What the daemon does at its start."""
        quarantine, now = self.terms.quarantine, self.clock.now()
        self.born = await self.db.read(start.ledger_from, quarantine=quarantine, now=now)
        self.connect()
        await self.db.run(jobs.free_leases, now=now)
        await self.db.run(start.begin, self.bridge)
        await self.work()

    def set_account(self, account: str, **changes: object) -> None:
        terms = replace(self.terms.of(account), **changes)  # type: ignore[arg-type]  # the class's own fields
        self.terms = replace(self.terms, accounts={**self.terms.accounts, account: terms})
        self.connect()

    async def work(self) -> None:
        """Run what is due until nothing is."""
        for _ in range(500):
            ids = await self.db.read(jobs.due, now=self.clock.now(), most=1)
            if not ids:
                return
            await self.worker.execute(ids[0])
        raise AssertionError("the work never ends")

    async def pass_time(self, seconds: float) -> None:
        self.clock.advance(seconds)
        await self.work()

    async def poll(self, kind: str, account: str) -> None:
        """The clock asks for a poll."""
        self.clock.advance(1)
        await self.db.run(tick, Every(kind, account, 1.0), now=self.clock.now())
        await self.work()

    async def list_offer(self, offer: Offer | None = None) -> Listing:
        """An offer comes in and is on sale."""
        chosen = offer or make_offer()
        self.supplier.catalogue[chosen.offer_id] = chosen
        await self.poll("import_.page", "main")
        return list(self.channel.shop.values())[-1]

    def code(self, spec: int = 0, offer: Offer | None = None) -> str:
        """The SKU code of a spec of the standard offer."""
        chosen = offer or make_offer()
        return reference_code(ROUTE, "toys", chosen.offer_id, chosen.specs[spec].spec_id, RULES)

    async def sell(self, order_id: str = "8172481060036440", *lines: OrderLine, **changes: object) -> Order:
        """A buyer orders, and a webhook says so."""
        chosen = lines or (make_order_line(self.code(), 2),)
        order = make_order(order_id, self.clock.now(), *chosen, **changes)
        self.channel.books[order_id] = order
        await self.hear_of(order_id)
        return order

    async def hear_of(self, order_id: str) -> None:
        job = take_job("toys", order_id, f"heard {self.clock.now()}", self.clock.now())
        await self.db.run(jobs.enqueue, [job], now=self.clock.now())
        await self.work()

    async def queue(self) -> list[Entry]:
        return await self.db.read(entries)

    def retry(self, session: Session, entry_id: str) -> None:
        """A person says: try it again."""
        retry_queue.retry(session, entry_id, now=self.clock.now())

    def forwards(
        self, mark: str, number: str = "UR000000001YP", *, carrier: str = "YANWEN", replaces: str | None = None
    ) -> None:
        self.forwarder.sent.append(Shipment(carrier, number, mark, replaces))


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


@pytest.fixture
def merging(shop: Shop) -> None:
    """The route merges one buyer's orders."""
    shop.rules = Rules((replace(ROUTE, merge=True),), RULES.rates)
    shop.connect()


def dollars(text: str) -> Money:
    return Money.parse(f"{text} USD")
