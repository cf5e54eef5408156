"""A world in process: the real flows and adapters, the mock vendors, faults on the wire, kills, and virtual time.

A seed draws everything, so a failing one replays exactly.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import random
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import httpx
from starlette.applications import Starlette
from starlette.routing import Mount

from syncbridge.adapters.alibaba1688.mock.accounts import Account as Buyer
from syncbridge.adapters.alibaba1688.mock.app import Mock1688
from syncbridge.adapters.aliexpress.mock import AliExpressMock
from syncbridge.adapters.aliexpress.mock.world import Account as Seller
from syncbridge.adapters.forwarder_csv.mock import ForwarderMock
from syncbridge.bootstrap import assemble, find_adapter
from syncbridge.daemon import take_over
from syncbridge.demo.abroad import Books, owners_of, ways_of
from syncbridge.demo.books import Balance, Day, Story, balance, too_many
from syncbridge.demo.run import mappings_folder
from syncbridge.demo.scenario import BY_HAND, MAIN, STORE, Change, make
from syncbridge.demo.world import POOLS, Desk, World
from syncbridge.flows import start
from syncbridge.flows.jobs import JOBS, Flow
from syncbridge.flows.retry_queue import entries
from syncbridge.flows.schedule import Every, schedules, tick
from syncbridge.model.events import RawRequest
from syncbridge.ports import MockVendor
from syncbridge.queue.drivers.poll import poll
from syncbridge.rules.mapping import Rules
from syncbridge.rules.mapping_file import parse
from syncbridge.settings import Settings, read_mappings
from syncbridge.store import purchases
from syncbridge.store.db import InlineDatabase
from syncbridge.testing.clock import SteppedClock, VirtualClock, run_virtual
from syncbridge.testing.control import MockControl
from syncbridge.testing.faults import Fault, FaultTransport
from syncbridge.testing.points import WatchedDatabase, watch
from syncbridge.web.receiver import Receiver
from tests.simulation import database, invariants
from tests.simulation.life import Life, MortalDatabase, MortalTransport, Traps
from tests.simulation.pace import PER_SECOND, QUICK, Pace

PATIENCE = 1500.0
"""Virtual seconds; a clock set back by ten minutes makes everything wait so long."""
VENDORS = ("alibaba1688", "aliexpress")


@functools.cache
def rules() -> Rules:
    """The example's, read once."""
    return parse(read_mappings(mappings_folder()))


class InHand(MockControl):
    """Control of a mock in process, whose books are read without a call."""

    def __init__(self, name: str, vendor: MockVendor, app: Starlette) -> None:
        super().__init__(f"http://mocks/{name}", app=app)
        self._vendor = vendor

    async def books(self) -> Books:
        return self._vendor.books()  # type: ignore[return-value]  # the mocks' own shape


@dataclass
class Sim:
    """A seed's world."""

    seed: int
    folder: Path
    offers: int = 7
    orders: int = 6
    kills: int = 2
    """At random times."""
    traps: Sequence[tuple[str, int]] = ()
    """Kills at named points: where, and the how manieth time it is passed."""
    fault_share: float = 0.04
    wire_faults: Sequence[Fault] = (*Fault, Fault.LOSE_ANSWER)
    faulty: str = ""
    """Only calls whose address holds this fail."""
    jobs: Mapping[str, Flow] = field(default_factory=lambda: JOBS)
    events: Sequence[Callable[[Sim], Coroutine[object, object, None]]] = ()
    pace: Pace = QUICK
    life: Life | None = None
    deaf: bool = False
    """Whether every message to us is lost."""
    deaths: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    passed: Counter[str] = field(default_factory=Counter)
    repriced: list[Change] = field(default_factory=list)
    forgotten: set[tuple[str, str, str]] = field(default_factory=set)
    """What we had written when a backup was restored, which may know nothing of it."""

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)
        self.right_clock = VirtualClock(self.pace.start)
        self.clock = SteppedClock(self.right_clock)
        self.scenario = make(self.seed, offers=self.offers, orders=self.orders, specs=3)
        self.owners = owners_of(self.scenario)
        self.ways = ways_of(self.scenario, rules())

    def play(self) -> Balance:
        """Live through the scenario and hold the books against it. Raises Broken or TimeoutError."""
        random.seed(self.seed)  # tenacity's jitter
        return run_virtual(self._play())

    async def _play(self) -> Balance:
        await self.open()
        dying = [asyncio.create_task(self._die_at_random()), asyncio.create_task(self.die_in_traps())]
        happening = [asyncio.create_task(event(self)) for event in self.events]
        await self.world.trade(PATIENCE)
        await asyncio.gather(dying[0], *happening)
        await self.settle()
        async with self.changing:  # not while it is between two lives
            dying[1].cancel()
        return await self.close()

    async def open(self) -> None:
        """The vendors, empty tables, and the daemon's first life."""
        database.begin_anew()
        self.vendors = {name: self._vendor(name) for name in VENDORS}
        self.mocks = Starlette(
            routes=[
                Mount(f"/{name}", app=mock.asgi())  # type: ignore[arg-type]  # an ASGI app
                for name, mock in self.vendors.items()
            ]
        )
        self.wire = FaultTransport(self.mocks, self._decide, latency=lambda: self.dice.uniform(0.0, 0.3))
        self.world = self._world()
        self.trap = Traps(list(self.traps))
        self.changing = asyncio.Lock()
        self.broken: list[invariants.Broken] = []
        await self.world.open_accounts("http://bridge")
        self.settings = self._settings()
        await self.begin()

    async def settle(self) -> None:
        """Until everybody has done their part, and so have we, as far as we can.

        A buyer may change their mind back in the moment in which their order is parked for it: it goes on then.
        """
        for _ in range(LAST_CHANGES_OF_MIND):
            if self.broken:
                return
            await self.world.settle(PATIENCE)
            await self._rest()
            if await self.world.is_settled():
                return

    async def _rest(self) -> None:
        """Wait for our jobs and polls."""
        for seconds in range(0, LAST_POLLS, LOOK_AGAIN):
            under_way = seconds < LAST_JOBS and database.rows(UNDER_WAY)
            async with self.changing:
                if not under_way and not await self._unexplained():
                    return
            await self.right_clock.sleep(LOOK_AGAIN)

    async def _unexplained(self) -> list[str]:
        """Writes of ours that are not on the timeline yet, and whose orders wait for nobody."""
        assert self.life is not None
        waiting = {entry.subject for entry in await self.life.db.read(entries)}
        remembered = set(invariants.written(*self.books())) - self.forgotten
        return invariants.unexplained(remembered, self.owners, waiting)

    async def close(self) -> Balance:
        """Hold the books against the scenario, and end."""
        assert self.life is not None
        queue = await self.life.db.read(entries)
        self.broken += map(invariants.Broken, await self._unexplained())
        await self.life.end()
        supplier, channel = self.books()
        if self.broken:
            raise self.broken[0]
        day = Day(timedelta(seconds=2 * self.settings.deadlines.total), self.repriced)
        waiting = {entry.subject for entry in queue}
        story = Story(self.scenario, rules(), self.world.forwarder.sent, waiting, too_many(queue), day)
        return balance(story, supplier, channel)

    async def status(self, order_id: str) -> str | None:
        """Of an order on the channel, None before it is made."""
        orders = (await self.world.channel.books())["orders"]
        return next((str(order["status"]) for order in orders if order["order_id"] == order_id), None)

    def tally(self, books: Balance) -> dict[str, object]:
        """The figures of a seed that was played."""
        return {
            "seeds": 1,
            "kills": self.deaths,
            "faults": self.faults.total(),
            "doubled": books.doubled,
            "lost": books.lost,
            "bought_after_cancel": books.bought_after_cancel,
            "outside_band": books.outside_band,
            "points": self.trap.died_at,
        }

    def books(self) -> tuple[Books, Books]:
        """The supplier's and the channel's own."""
        supplier, channel = (vendor.books() for vendor in self.vendors.values())
        return supplier, channel  # type: ignore[return-value]  # the mocks' own shape

    async def begin(self) -> None:
        """Start the daemon, again if it dies of its start: take over what the last one left, and work."""
        while self.life is None:
            db = MortalDatabase(database.engine())
            try:
                self.life = await asyncio.ensure_future(self._start(db))
            except asyncio.CancelledError:
                if db.alive:
                    raise
                self.deaths += 1
                self.trap.sprung.clear()

    async def die(self, meanwhile: Callable[[], None] = lambda: None) -> None:
        """Kill the daemon, and start it again some time later."""
        async with self.changing:
            assert self.life is not None
            life, self.life = self.life, None
            await life.end()
            self.deaths += 1
            self.trap.sprung.clear()
            await self.right_clock.sleep(self.dice.uniform(0.0, 2.0))
            meanwhile()
            await self.begin()

    def authorise_again(self) -> None:
        """A person gives the daemon the tokens that are in force."""
        supplier, channel = self.vendors.values()
        assert isinstance(supplier, Mock1688)
        assert isinstance(channel, AliExpressMock)
        opened: list[Buyer | Seller] = [*supplier.state.accounts, *channel.world.accounts]
        in_force = dict(zip((MAIN, BY_HAND, STORE), opened, strict=True))
        for name, account in in_force.items():
            self.world.accounts[name] |= {"access_token": account.access_token, "refresh_token": account.refresh_token}
        self.settings = self._settings()

    def step_clock(self, seconds: float) -> None:
        """Set our machine's clock; the vendors' stay right."""
        self.clock.step(seconds)
        if self.life is not None:
            self.life.began = min(self.life.began, self.clock.now())

    async def _start(self, db: MortalDatabase) -> Life:
        reach = functools.partial(self._reach, db)
        transports = {name: MortalTransport(self.wire, db, self._called) for name in (MAIN, BY_HAND, STORE)}
        began = self.clock.now()
        app = await assemble(
            self.settings,
            WatchedDatabase(db, reach),
            clock=self.clock,
            transports=transports,
            rules=rules(),
        )
        watch(app, reach)
        await take_over(app)
        life = Life(db, app, began)
        wake = asyncio.Event()
        working = poll(
            app.worker(self.jobs),
            slots=8,
            idle=self.pace.idle,
            sweep=self.settings.jobs.sweep,
            wake=wake,
            stop=asyncio.Event(),
        )
        ticking = [self._tick(life, one) for one in schedules(app.bridge, self.pace.intervals)]
        life.tasks = [asyncio.create_task(work) for work in (working, self._beat(life), *ticking)]
        self.receiver = httpx.ASGITransport(app=Receiver(app, wake.set).asgi())
        return life

    async def _tick(self, life: Life, every: Every) -> None:
        while True:
            await life.app.bridge.db.run(tick, every, now=self.clock.now())
            await self.clock.sleep(every.seconds)

    async def _beat(self, life: Life) -> None:
        while True:
            await self.clock.sleep(start.BEAT_SECONDS)
            await life.app.bridge.db.run(start.beat, now=self.clock.now())

    async def _die_at_random(self) -> None:
        for _ in range(self.kills):
            await self.right_clock.sleep(self.dice.uniform(0.2, 9.0))
            await self.die()

    async def die_in_traps(self) -> None:
        """Take away what died at a named point, and start again."""
        while True:
            await self.trap.sprung.wait()
            if self.life is not None and not self.life.db.alive:
                await self.die()
            else:
                await asyncio.sleep(0)

    async def _reach(self, db: MortalDatabase, point: str) -> None:
        """Pass a named point: die there if a trap is set, else see that everything holds."""
        if not db.alive:
            raise asyncio.CancelledError
        self.passed[point] += 1
        self.trap.reach(point, db)
        with self._noting():
            if invariants.is_step(point) and self.life is not None:
                invariants.check_tables(self.life.began)
            if invariants.is_write(point):
                invariants.check_books(self.scenario, self.owners, self.ways, *self.books(), self.world.forwarder.sent)

    def _called(self, last_second: Sequence[float]) -> None:
        with self._noting():
            invariants.check_quota(len(last_second), PER_SECOND)

    @contextlib.contextmanager
    def _noting(self) -> Iterator[None]:
        """What is broken is kept for the end; raised here, the worker would take it for a failure of the job."""
        try:
            yield
        except invariants.Broken as broken:
            self.broken.append(broken)

    def _decide(self, request: httpx.Request) -> Fault | None:
        if self.faulty not in request.url.path or self.dice.random() >= self.fault_share:
            return None
        fault = self.dice.choice(self.wire_faults)
        self.faults[fault] += 1
        return fault

    def _vendor(self, name: str) -> MockVendor:
        make_mock = find_adapter(name).mock
        assert make_mock is not None
        return make_mock(self.right_clock, self._push)

    async def _push(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        """A vendor's message reaches us if we are alive and not deaf; what we answer 200 to is ours to keep (I2)."""
        if self.life is None or self.deaf:
            return 0
        request = httpx.Request("POST", url, content=body, headers=dict(headers))
        account = url.rpartition("/")[2]
        source = self.life.app.connections[account].webhook
        try:
            response = await self.receiver.handle_async_request(request)
        except asyncio.CancelledError:
            return 0  # we died over it
        if response.status_code == 200 and source is not None:
            keys = [event.key for event in source.events(RawRequest(dict(request.headers), "", body))]
            with self._noting():
                invariants.check_inbox(account, keys)
        return response.status_code

    def _world(self) -> World:
        supplier, channel = (InHand(name, mock, self.mocks) for name, mock in self.vendors.items())
        seller = InlineDatabase(database.engine())
        desk = Desk(
            cards=functools.partial(seller.read, purchases.to_buy_by_hand),
            queue=functools.partial(seller.read, entries),
        )
        file = self.folder / f"forwarder-{self.seed}.csv"
        forwarder = ForwarderMock(file)
        return World(
            self.scenario,
            supplier,
            channel,
            forwarder,
            rules(),
            self.right_clock,
            desk,
            say=lambda _: None,
            look=self.pace.look,
        )

    def _settings(self) -> Settings:
        file = self.folder / f"forwarder-{self.seed}.csv"
        accounts: dict[str, dict[str, object]] = {"forwarder": {"adapter": "forwarder_csv", "path": file}}
        for name, adapter in ((MAIN, "alibaba1688"), (BY_HAND, "alibaba1688"), (STORE, "aliexpress")):
            url = f"http://mocks/{adapter}"
            keys = self.world.accounts[name]
            given = {key: keys[key] for key in ("app_key", "app_secret", "access_token", "refresh_token")}
            accounts[name] = {"adapter": adapter, "base_url": url, "auth_url": url, **given}
        for name, pool in POOLS.items():
            accounts[name] |= {"daily_spending_cap": self.pace.cap, "offer_pool_id": pool}
        accounts[STORE]["live"] = True
        limits = {name: {"per_second": PER_SECOND} for name in VENDORS}
        given_here = {"mappings": mappings_folder(), "limits": limits, "accounts": accounts}
        return Settings.model_validate({**self.pace.waits, **given_here})


LAST_CHANGES_OF_MIND = 3
"""How often a day that seemed over may go on; after that the books tell what is left."""
LOOK_AGAIN = 2
"""Seconds between two looks at what is left."""
LAST_POLLS = 900
"""Seconds until everything is explained: a clock that is set back holds some polls up for as long."""
LAST_JOBS = 60
"""Seconds that jobs get to end after the last vendor's book is closed; some wait longer for a person."""
UNDER_WAY = (
    "SELECT key FROM job WHERE state IN ('ready', 'running')"
    " AND kind IN ('purchase.place', 'purchase.pay', 'withdraw.order', 'fulfil.declare', 'publish.post')"
)
