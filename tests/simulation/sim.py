"""A world in process: the real flows and adapters, the mock vendors, faults on the wire, kills, and virtual time.

A seed draws everything, so a failing one replays exactly.
"""

from __future__ import annotations

import asyncio
import functools
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

import httpx
from cryptography.fernet import Fernet, MultiFernet
from sqlalchemy import Engine
from sqlmodel import Session, SQLModel
from starlette.applications import Starlette
from starlette.routing import Mount

from syncbridge.adapters.forwarder_csv.mock import ForwarderMock
from syncbridge.bootstrap import App, assemble, find_adapter
from syncbridge.demo.books import Balance, balance
from syncbridge.demo.run import mappings_folder
from syncbridge.demo.scenario import BY_HAND, MAIN, STORE, Scenario, make
from syncbridge.demo.world import POOLS, Desk, World
from syncbridge.flows import reconcile
from syncbridge.flows.jobs import JOBS, Flow
from syncbridge.flows.retry_queue import entries
from syncbridge.flows.schedule import Every, Intervals, schedules, tick
from syncbridge.queue import job as jobs
from syncbridge.queue.drivers.poll import poll
from syncbridge.rules.mapping_file import parse
from syncbridge.settings import Settings, read_mappings
from syncbridge.store import purchases
from syncbridge.store.db import InlineDatabase, open_engine
from syncbridge.testing.clock import VirtualClock, run_virtual
from syncbridge.testing.control import MockControl
from syncbridge.testing.faults import Fault, FaultTransport
from syncbridge.web.receiver import Receiver

P = ParamSpec("P")
T = TypeVar("T")
PATIENCE = 600.0
"""Virtual seconds."""
KEYS = MultiFernet([Fernet(Fernet.generate_key())])
WIRE_FAULTS = (
    Fault.CONNECT,
    Fault.UNAVAILABLE,
    Fault.LOSE_ANSWER,
    Fault.LOSE_ANSWER,
    Fault.RESET,
    Fault.TRUNCATE,
    Fault.HTML,
    Fault.SLOW,
)


class MortalDatabase(InlineDatabase):
    """A database whose process can be killed: nothing is written any more."""

    alive = True

    async def run(self, fn: Callable[Concatenate[Session, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        if not self.alive:
            raise asyncio.CancelledError
        return await super().run(fn, *args, **kwargs)


@dataclass(slots=True)
class Life:
    """One life of the daemon, from start to kill."""

    app: App
    db: MortalDatabase
    tasks: list[asyncio.Task[None]]

    async def kill(self) -> None:
        """No more writes, no more calls, nothing tidied up; what is on the wire goes on without it."""
        self.db.alive = False
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        await self.db.close()


@dataclass
class Sim:
    """A seed's world."""

    seed: int
    folder: Path
    offers: int = 7
    orders: int = 6
    kills: int = 4
    fault_share: float = 0.04
    jobs: Mapping[str, Flow] = field(default_factory=lambda: JOBS)
    life: Life | None = None
    faults: int = 0

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)
        self.clock = VirtualClock()

    def play(self) -> Balance:
        """Live through the scenario and hold the books against it."""
        random.seed(self.seed)  # tenacity's jitter
        return run_virtual(self._play())

    async def _play(self) -> Balance:
        scenario = make(self.seed, offers=self.offers, orders=self.orders)
        self.vendors = Starlette(
            routes=[Mount(f"/{name}", app=self._mock(name)) for name in ("alibaba1688", "aliexpress")]
        )
        self.wire = FaultTransport(self.vendors, self._decide, latency=lambda: self.dice.uniform(0.0, 0.3))
        engine = open_engine(f"sqlite:///{self.folder}/sim-{self.seed}.db", KEYS, durable=False)
        SQLModel.metadata.create_all(engine)
        async with self._control("alibaba1688") as supplier, self._control("aliexpress") as channel:
            world = self._world(scenario, supplier, channel, engine)
            await world.open_accounts("http://bridge")
            settings = self._settings(world)
            self.life = await self._begin(settings, engine)
            killing = asyncio.create_task(self._kill_at_random(settings, engine))
            await world.trade(PATIENCE)
            await killing
            assert self.life is not None
            waiting = {entry.subject for entry in await self.life.db.read(entries)}
            await self.life.kill()
            return balance(scenario, await supplier.books(), await channel.books(), world.forwarder.sent, waiting)

    async def _begin(self, settings: Settings, engine: Engine) -> Life:
        """Start the daemon: take over what the last one left, and work."""
        db = MortalDatabase(engine)
        accounts = (MAIN, BY_HAND, STORE)
        app = await assemble(settings, db, clock=self.clock, transports=dict.fromkeys(accounts, self.wire))
        await db.run(jobs.free_leases, now=self.clock.now())
        await db.run(reconcile.begin, app.bridge)
        wake = asyncio.Event()
        working = poll(app.worker(self.jobs), slots=8, idle=0.5, sweep=1.0, wake=wake, stop=asyncio.Event())
        ticking = [self._tick(db, one) for one in schedules(app.bridge, INTERVALS)]
        self.receiver = httpx.ASGITransport(app=Receiver(app, wake.set).asgi())
        return Life(app, db, [asyncio.create_task(work) for work in (working, *ticking)])

    async def _tick(self, db: InlineDatabase, every: Every) -> None:
        while True:
            await db.run(tick, every, now=self.clock.now())
            await self.clock.sleep(every.seconds)

    async def _kill_at_random(self, settings: Settings, engine: Engine) -> None:
        for _ in range(self.kills):
            await self.clock.sleep(self.dice.uniform(0.2, 9.0))
            assert self.life is not None
            life, self.life = self.life, None
            await life.kill()
            await self.clock.sleep(self.dice.uniform(0.0, 2.0))
            self.life = await self._begin(settings, engine)

    def _decide(self, request: httpx.Request) -> Fault | None:
        if self.dice.random() >= self.fault_share:
            return None
        self.faults += 1
        return self.dice.choice(WIRE_FAULTS)

    def _mock(self, name: str) -> object:
        adapter = find_adapter(name)
        assert adapter.mock is not None
        return adapter.mock(self.clock, self._push).asgi()

    async def _push(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        """A vendor's message reaches us if we are alive."""
        if self.life is None:
            return 0
        request = httpx.Request("POST", url, content=body, headers=dict(headers))
        try:
            response = await self.receiver.handle_async_request(request)
        except asyncio.CancelledError:
            return 0  # we died over it
        return response.status_code

    def _control(self, name: str) -> MockControl:
        return MockControl(f"http://mocks/{name}", app=self.vendors)

    def _world(self, scenario: Scenario, supplier: MockControl, channel: MockControl, engine: Engine) -> World:
        seller = InlineDatabase(engine)
        desk = Desk(
            cards=functools.partial(seller.read, purchases.to_buy_by_hand),
            queue=functools.partial(seller.read, entries),
        )
        forwarder = ForwarderMock(self.folder / f"forwarder-{self.seed}.csv")
        rules = parse(read_mappings(mappings_folder()))
        return World(scenario, supplier, channel, forwarder, rules, self.clock, desk, say=lambda _: None)

    def _settings(self, world: World) -> Settings:
        accounts: dict[str, dict[str, object]] = {
            "forwarder": {"adapter": "forwarder_csv", "path": self.folder / f"forwarder-{self.seed}.csv"}
        }
        for name, adapter in ((MAIN, "alibaba1688"), (BY_HAND, "alibaba1688"), (STORE, "aliexpress")):
            url = f"http://mocks/{adapter}"
            keys = {
                key: world.accounts[name][key] for key in ("app_key", "app_secret", "access_token", "refresh_token")
            }
            accounts[name] = {"adapter": adapter, "base_url": url, "auth_url": url, **keys}
        for name, pool in POOLS.items():
            accounts[name] |= {"daily_spending_cap": "100000.00 CNY", "offer_pool_id": pool}
        accounts[STORE]["live"] = True
        patient = {"attempts": 30, "first": 0.5, "cap": 4.0}
        return Settings.model_validate(
            {
                "mappings": mappings_folder(),
                "cool_off": 1.0,
                "deadlines": {"total": 2.0, "read": 1.0, "margin": 1.0, "quarantine": 5.0},
                "jobs": {"lease": 10.0, "renewal": 3.0, "sweep": 1.0},
                "waits": {"audit": 0.5, "read_back": 0.5},
                "retry": {"purchase": patient, "tracking": patient, "catalogue": patient},
                "limits": {"alibaba1688": {"per_second": 400}, "aliexpress": {"per_second": 400}},
                "accounts": accounts,
            }
        )


INTERVALS = Intervals(orders=3.0, purchases=3.0, offers=20.0, parcels=3.0)
