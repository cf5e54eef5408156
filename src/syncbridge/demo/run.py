"""Runs a demo as things really run: the mock vendors and the daemon as processes of their own, over loopback HTTP."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import shutil
import signal
import socket
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from sqlmodel import Session

import syncbridge
from syncbridge.adapters.forwarder_csv.mock import ForwarderMock
from syncbridge.bootstrap import SystemClock, open_database
from syncbridge.demo.books import Story, balance, too_many
from syncbridge.demo.report import Report, our_figures
from syncbridge.demo.scenario import BY_HAND, MAIN, STORE, Scenario, make
from syncbridge.demo.world import POOLS, Desk, Say, World
from syncbridge.errors import SyncBridgeError
from syncbridge.flows.retry_queue import entries
from syncbridge.rules.mapping_file import parse
from syncbridge.settings import load_settings, read_mappings
from syncbridge.store import purchases
from syncbridge.store.db import SqliteDatabase
from syncbridge.testing.control import MockControl
from syncbridge.testing.loopback import free_port

T = TypeVar("T")
PATIENCE = 120.0
"""Seconds without the expected that make a demo give up."""
SLOWER_UNDER_KILLS = 3
DELAY_UNDER_KILLS = 0.4
"""Seconds the supplier takes to answer a purchase it has made, so that kills fall into them."""


@dataclass(frozen=True, slots=True)
class Options:
    """What kind of demo."""

    seed: int = 1
    offers: int = 32
    orders: int = 24
    kills: int = 0
    """How often the daemon is killed without warning, and started again."""
    keep: bool = False


@dataclass(slots=True)
class Daemon:
    """The daemon's process, which can be killed and started again."""

    folder: Path
    port: int
    process: asyncio.subprocess.Process | None = None
    kills: int = 0

    async def start(self) -> None:
        """Start it and wait until it answers."""
        with (self.folder / "daemon.log").open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                *_python(), "--config", str(self.folder / "syncbridge.toml"), "daemon", stdout=log, stderr=log
            )
        while not _listens(self.port):
            if self.process.returncode is not None:
                raise SyncBridgeError(f"the daemon did not start:\n{(self.folder / 'daemon.log').read_text()[-2000:]}")
            await asyncio.sleep(0.05)

    async def ended_by_itself(self) -> SyncBridgeError:
        """What to say once a daemon has ended that nobody stopped; waits until then."""
        assert self.process is not None  # noqa: S101  it was started
        code = await self.process.wait()
        said = (self.folder / "daemon.log").read_text()[-2000:]
        return SyncBridgeError(f"the daemon ended by itself, with code {code}:\n{said}")

    async def kill(self) -> None:
        """SIGKILL, and no time to tidy up."""
        if self.process is not None and self.process.returncode is None:
            self.process.kill()
            await self.process.wait()
            self.kills += 1

    async def stop(self) -> None:
        """SIGTERM: let it end in order."""
        if self.process is not None and self.process.returncode is None:
            self.process.send_signal(signal.SIGTERM)
            await self.process.wait()


async def run(options: Options, say: Say, *, on_keep: Callable[[str, str, Path], Awaitable[None]]) -> Report:
    """Play a scenario to its end and hold the books against it. Raises TimeoutError or SyncBridgeError."""
    began = time.monotonic()
    scenario = make(options.seed, offers=options.offers, orders=options.orders)
    with _folder() as folder:
        say("starting the mock vendors")
        async with _mocks(folder) as base_url:
            daemon = Daemon(folder, free_port())
            async with _world(scenario, folder, base_url, say) as world:
                await world.open_accounts(f"http://127.0.0.1:{daemon.port}")
                _write_settings(folder, world, base_url, daemon.port)
                try:
                    say("starting the daemon")
                    await daemon.start()
                    await _trade(options, world, daemon)
                    report = await _report(scenario, folder, world, daemon, began)
                    if options.keep:
                        await on_keep(f"http://127.0.0.1:{daemon.port}", base_url, folder / "syncbridge.toml")
                finally:
                    await daemon.stop()
            return report


async def _trade(options: Options, world: World, daemon: Daemon) -> None:
    patience = PATIENCE * (SLOWER_UNDER_KILLS if options.kills else 1)
    if not options.kills:
        await _unless(daemon.ended_by_itself(), world.trade(patience))
        return
    await world.supplier.tell("switches", trade_delay_seconds=DELAY_UNDER_KILLS)
    killing = asyncio.create_task(_kill_at_random(options, daemon, world.say))

    async def pace(number: int) -> None:
        due = options.kills * number // options.orders
        while daemon.kills < due and not killing.done():  # noqa: ASYNC110  two tasks, one counter
            await asyncio.sleep(0.1)

    world.pace = pace
    await world.trade(patience)
    await killing


async def _unless(trouble: Coroutine[object, object, Exception], work: Coroutine[object, object, None]) -> None:
    """Do the work, and raise the trouble as soon as there is any."""
    working, watching = asyncio.ensure_future(work), asyncio.ensure_future(trouble)
    await asyncio.wait({working, watching}, return_when=asyncio.FIRST_COMPLETED)
    if not working.done():
        working.cancel()
        raise watching.result()
    watching.cancel()
    working.result()


async def _kill_at_random(options: Options, daemon: Daemon, say: Say) -> None:
    dice = random.Random(options.seed)  # noqa: S311  which moments is no secret
    while daemon.kills < options.kills:
        await asyncio.sleep(dice.uniform(0.1, 1.6))
        await daemon.kill()
        say(f"the daemon was killed, {daemon.kills} of {options.kills} times")
        await daemon.start()


async def _report(scenario: Scenario, folder: Path, world: World, daemon: Daemon, began: float) -> Report:
    db = _database(folder)
    try:
        queue = await db.read(entries)
        figures = await db.read(our_figures)
    finally:
        await db.close()
    supplier, channel = await world.supplier.books(), await world.channel.books()
    waiting = {entry.subject for entry in queue}
    story = Story(scenario, world.rules, world.forwarder.sent, waiting, too_many(queue))
    books = balance(story, supplier, channel)
    return Report(
        figures=figures,
        books=books,
        listings=sum(product["status"] == "onSelling" for product in channel["products"]),
        bought_by_hand=len(world.bought_by_hand),
        webhooks_rejected=world.webhooks_rejected,
        kills=daemon.kills,
        seconds=time.monotonic() - began,
    )


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="syncbridge-demo-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.asynccontextmanager
async def _mocks(folder: Path) -> AsyncIterator[str]:
    """The mock vendors' process; answers where it listens."""
    with (folder / "mock.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *_python(), "mock", "all", "--port", "0", stdout=asyncio.subprocess.PIPE, stderr=log
        )
    try:
        assert process.stdout is not None  # noqa: S101  asked for a pipe
        line = await process.stdout.readline()
        if not line:
            raise SyncBridgeError(f"the mocks did not start:\n{(folder / 'mock.log').read_text()[-2000:]}")
        yield json.loads(line)["aliexpress"]["base_url"].rsplit("/", 1)[0]
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


@contextlib.asynccontextmanager
async def _world(scenario: Scenario, folder: Path, base_url: str, say: Say) -> AsyncIterator[World]:
    mappings = folder / "mappings"
    mappings.mkdir()
    shutil.copy(mappings_folder() / "example.yaml", mappings)
    rules = parse(read_mappings(mappings))
    forwarder = ForwarderMock(folder / "forwarder.csv")
    reader = _Reader(folder)
    desk = Desk(cards=lambda: reader.read(purchases.to_buy_by_hand), queue=lambda: reader.read(entries))
    async with (
        MockControl(f"{base_url}/alibaba1688") as supplier,
        MockControl(f"{base_url}/aliexpress") as channel,
    ):
        try:
            yield World(scenario, supplier, channel, forwarder, rules, SystemClock(), desk, say)
        finally:
            await reader.close()


@dataclass(slots=True)
class _Reader:
    """Reads the daemon's database beside it, once there is one."""

    folder: Path
    _db: SqliteDatabase | None = field(default=None)

    async def read(self, fn: Callable[[Session], T]) -> T:
        if self._db is None:
            self._db = _database(self.folder)
        return await self._db.read(fn)

    async def close(self) -> None:
        if self._db is not None:
            await self._db.close()


def _database(folder: Path) -> SqliteDatabase:
    return open_database(load_settings(folder / "syncbridge.toml", environ={}))


def mappings_folder() -> Path:
    """The example mapping files: in the package, or beside its source."""
    package = Path(syncbridge.__file__).parent
    shipped = package / "mappings"
    return shipped if shipped.is_dir() else package.parents[1] / "mappings"


def _write_settings(folder: Path, world: World, base_url: str, port: int) -> None:
    """The settings of a demo: everything waits seconds instead of minutes, and the rules stay the same.

    Jobs get many attempts, since a demo may kill so often that innocent ones would pass for the killers.
    """
    text = f"""\
cool_off = 1

[web]
port = {port}

[workers]
idle = 0.1

[deadlines]
total = 2
read = 1
margin = 1
quarantine = 5

[jobs]
lease = 10
renewal = 3
sweep = 1

[polls]
orders = 1
purchases = 1
offers = 10
carrier = 1

[waits]
audit = 0.5
read_back = 0.5
booking = 0.5
orders = 2

[retry]
purchase = {{ attempts = 40, first = 0.5, cap = 4 }}
tracking = {{ attempts = 40, first = 0.5, cap = 4 }}
catalogue = {{ attempts = 40, first = 0.5, cap = 4 }}

[limits]
alibaba1688 = {{ per_second = 400 }}
aliexpress = {{ per_second = 400 }}

[accounts.forwarder]
adapter = "forwarder_csv"
path = "forwarder.csv"
"""
    for name in (MAIN, BY_HAND):
        text += _account(name, "alibaba1688", f"{base_url}/alibaba1688", world)
        text += f'daily_spending_cap = "100000.00 CNY"\noffer_pool_id = "{POOLS[name]}"\n'
    text += _account(STORE, "aliexpress", f"{base_url}/aliexpress", world) + "live = true\n"
    file = folder / "syncbridge.toml"
    file.touch(mode=0o600)
    file.write_text(text, encoding="utf-8")


def _account(name: str, adapter: str, base_url: str, world: World) -> str:
    keys = world.accounts[name]
    lines = [f"\n[accounts.{name}]", f'adapter = "{adapter}"', f'base_url = "{base_url}"', f'auth_url = "{base_url}"']
    lines += [f'{key} = "{keys[key]}"' for key in ("app_key", "app_secret", "access_token", "refresh_token")]
    return "\n".join(lines) + "\n"


def _python() -> tuple[str, ...]:
    return (sys.executable, "-m", "syncbridge")


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.2)
        return probe.connect_ex(("127.0.0.1", port)) == 0
