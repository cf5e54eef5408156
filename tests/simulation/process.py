"""The process that the machine runs and kills: the real flows on a database file, one job after another."""

from __future__ import annotations

import contextlib
import functools
import sqlite3
import tempfile
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from sqlalchemy import func
from sqlmodel import Session, col, select

from syncbridge.flows import start
from syncbridge.flows.bridge import AccountTerms, Bridge, Terms
from syncbridge.flows.jobs import JOBS, Flow
from syncbridge.flows.retry_queue import Entry, entries
from syncbridge.flows.schedule import Every, tick
from syncbridge.queue import job as jobs
from syncbridge.queue.execute import Worker
from syncbridge.rules.retry import RetryPolicies, RetryPolicy
from syncbridge.store import accounts, catalogue, purchases
from syncbridge.store.db import InlineDatabase
from syncbridge.store.tables.buying import OrderRow
from syncbridge.store.tables.work import InboxRow, Job, JobState
from syncbridge.testing.builders import cny
from syncbridge.testing.clock import START
from tests import databases
from tests.flows.conftest import MemoryForwarder, Unrenewed
from tests.simulation.market import (
    FORWARDER,
    MAIN,
    MARKET_RULES,
    OFFERS,
    SECOND,
    STORE,
    Killed,
    Moments,
    Watch,
    WatchedChannel,
    WatchedSupplier,
)

P = ParamSpec("P")
T = TypeVar("T")
TERMS = Terms(
    cool_off=timedelta(minutes=10),
    accounts={
        STORE: AccountTerms(live=True),
        MAIN: AccountTerms(daily_cap=cny("2000.00")),
        SECOND: AccountTerms(daily_cap=cny("2000.00")),
    },
)
POLLS = (("orders.poll", STORE), ("purchase.poll", MAIN), ("purchase.poll", SECOND), ("fulfil.collect", FORWARDER))
STEADY = RetryPolicies(*(RetryPolicy(8, 600.0, 600.0) for _ in range(3)))
MOST_JOBS = 400
"""More in one step never come to an end."""


class Database(InlineDatabase):
    """Before and after each commit is a moment."""

    def __init__(self, file: Path, moments: Moments, watch: Watch) -> None:
        super().__init__(databases.engine(file))
        self._moments = moments
        self._watch = watch

    async def run(self, fn: Callable[Concatenate[Session, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        await self._moments.pass_by()
        result = await super().run(fn, *args, **kwargs)
        if fn is purchases.sent:
            self._watch.decided = dict(self._watch.last_read)
        await self._moments.pass_by()
        return result

    async def decide(self, fn: Callable[Concatenate[Session, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """What a person does: at any moment, in one."""
        return await super().run(fn, *args, **kwargs)


class Process:
    """One daemon, its database, and all it talks to."""

    def __init__(self, folder: Path, watch: Watch, flows: Mapping[str, Flow] = JOBS) -> None:
        self.watch = watch
        self.clock = watch.clock
        self.moments = Moments()
        self.suppliers = {name: WatchedSupplier(name, watch, self.moments) for name in OFFERS}
        self.channel = WatchedChannel(watch, self.moments)
        self.forwarder = MemoryForwarder()
        self.file = folder / "market.db"
        self.file.write_bytes(_fresh())
        self._flows = flows
        self._open(START)

    def _open(self, ledger_from: datetime) -> None:
        self.db = Database(self.file, self.moments, self.watch)
        self.bridge = Bridge(
            self.db,
            self.clock,
            MARKET_RULES,
            TERMS,
            suppliers=self.suppliers,
            channels={STORE: self.channel},
            carriers={FORWARDER: self.forwarder},
            ledger_from=ledger_from,
        )
        handlers = {kind: functools.partial(flow, self.bridge) for kind, flow in self._flows.items()}
        self.worker = Worker(self.db, Unrenewed(self.clock), handlers, STEADY)

    async def work(self) -> None:
        """Run what is due until nothing is."""
        for _ in range(MOST_JOBS):
            if not await self.do_one():
                return
        raise AssertionError("the work never ends")

    async def do_one(self) -> bool:
        """The most urgent job that may run now, if there is one."""
        ids = await self.db.read(jobs.due, now=self.clock.now(), most=1)
        return bool(ids) and await self.worker.execute(ids[0])

    async def surviving(self, doing: Awaitable[object]) -> None:
        """Do something; killed over it, start again."""
        try:
            await doing
        except Killed:
            await self.start_again()

    async def beat(self) -> None:
        """Note that we are alive, as a running daemon does."""
        await self.db.decide(start.beat, now=self.clock.now())

    async def die(self) -> None:
        """Whatever runs ends here."""
        raise Killed

    async def ask(self, kinds: Collection[tuple[str, str]]) -> None:
        """The clock asks for these polls."""
        self.watch.pass_time(1)
        for kind, account in kinds:
            await self.db.run(tick, Every(kind, account, 1.0), now=self.clock.now())

    def back_up(self) -> bytes:
        """The database as a file, of a process that is alive."""
        with contextlib.closing(sqlite3.connect(self.file)) as source:
            return source.serialize()

    async def start_again(self, backup: bytes | None = None) -> None:
        """What the daemon does at its start; from a backup it does not know how long it slept."""
        self.moments.nothing()
        if backup is None:
            await self.db.run(start.beat, now=self.clock.now())  # noted within the last 30 s
        await self.db.close()
        if backup is not None:
            for left in self.file.parent.glob("market.db*"):
                left.unlink()
            self.file.write_bytes(backup)
        self._open(self.clock.now())
        now = self.clock.now()
        ledger_from = await self.db.read(start.ledger_from, quarantine=TERMS.quarantine, now=now)
        await self.db.close()
        self._open(ledger_from)
        await self.db.run(jobs.free_leases, now=now)
        await self.db.run(accounts.clear_pauses)
        await self.db.run(start.begin, self.bridge)

    async def close(self) -> None:
        await self.db.close()


@dataclass(frozen=True, slots=True)
class Facts:
    """What our tables say."""

    inbox: Mapping[str, int]
    """So many rows each event has."""
    broken: Sequence[str]
    """Jobs still running although nobody runs them, and jobs that failed in a way nobody foresaw."""
    versions: Mapping[str, datetime]
    """Of each order that is kept."""
    queue: Sequence[Entry]


def look(session: Session) -> Facts:
    """All of it at one moment."""
    inbox = select(col(InboxRow.key), func.count()).group_by(col(InboxRow.key))
    running = col(Job.state) == JobState.RUNNING
    broken = select(col(Job.key)).where(running | col(Job.reason_code).in_(["defect", "crashed"]))
    versions = select(col(OrderRow.order_id), col(OrderRow.modified_at))
    connection = session.connection()
    return Facts(
        dict(connection.execute(inbox).all()),
        connection.execute(broken).scalars().all(),
        dict(connection.execute(versions).all()),
        entries(session),
    )


def next_due(session: Session) -> datetime | None:
    """When the next job is due that waits for time to pass, and not for a vendor's answer."""
    waits = col(Job.reason_code).not_in(["refund_waiting", "not_payable"])
    query = select(func.min(col(Job.run_at))).where(col(Job.state) == JobState.READY, waits)
    return session.connection().execute(query).scalar()


@functools.cache
def _fresh() -> bytes:
    """A database that knows the offers, made once."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "fresh.db"
        with Session(databases.new_file(file)) as session:
            for account, offers in OFFERS.items():
                catalogue.keep(session, account, offers, now=START)
                accounts.ledger_read(session, account, at=START)
            session.commit()
        with contextlib.closing(sqlite3.connect(file)) as source:
            return source.serialize()
