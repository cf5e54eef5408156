"""The background process: one owner of the database, the clock, the workers and the receiver."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import structlog
import uvicorn
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger
from sqlalchemy.engine import make_url

from syncbridge.bootstrap import App, assemble, open_database
from syncbridge.errors import ConfigError, MappingError
from syncbridge.flows import reconcile, rules_changed
from syncbridge.flows.schedule import Every, Intervals, schedules, tick
from syncbridge.queue import job as jobs
from syncbridge.queue.drivers.poll import poll
from syncbridge.settings import Settings
from syncbridge.store import accounts
from syncbridge.web.receiver import Receiver

GRACE = 25
"""Seconds that running jobs get to end after SIGTERM."""
log = structlog.get_logger("syncbridge.daemon")


@contextlib.contextmanager
def sole_owner(settings: Settings) -> Iterator[None]:
    """Hold the database's owner lock, which ends with the process however it dies; raises ConfigError if it is held."""
    file = Path(make_url(settings.database_url).database or "syncbridge.db")
    if not file.parent.is_dir():
        raise ConfigError(f"database_url: there is no folder {file.parent}; make it, or name another")
    lock = sqlite3.connect(f"{file}.owner", timeout=0, isolation_level=None)
    try:
        lock.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError:
        lock.close()
        raise ConfigError(
            f"another syncbridge daemon works on {file}; stop it first, or use another database"
        ) from None
    try:
        yield
    finally:
        lock.close()


async def run(settings: Settings) -> None:
    """Work until SIGTERM or SIGINT; then let running jobs end and close. Raises ConfigError or MappingError."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        with contextlib.suppress(NotImplementedError):  # Windows has no such handlers; Ctrl+C cancels there
            loop.add_signal_handler(name, stop.set)
    with sole_owner(settings), _listener(settings) as listener:
        db = open_database(settings)
        app = await assemble(settings, db)
        try:
            await _take_over(app)
            await _serve(app, listener, stop)
        finally:
            await app.close()
    log.info("daemon.stopped")


async def _take_over(app: App) -> None:
    """The file lock proves the old owner dead: its jobs are ours, and its pauses are tried again."""
    now = app.bridge.clock.now()
    freed = await app.bridge.db.run(jobs.free_leases, now=now)
    await app.bridge.db.run(accounts.clear_pauses)
    await app.bridge.db.run(reconcile.begin, app.bridge)
    log.info("daemon.started", jobs_taken_over=freed, web=f"{app.settings.web.host}:{app.settings.web.port}")


@contextlib.contextmanager
def _listener(settings: Settings) -> Iterator[socket.socket]:
    """The receiver's socket; raises ConfigError if it cannot be had."""
    address = (settings.web.host, settings.web.port)
    try:
        listener = socket.create_server(address)
    except OSError as error:
        where = f"{settings.web.host}:{settings.web.port}"
        raise ConfigError(
            f"web.port: cannot listen on {where} ({error.strerror}); stop what does, or change it"
        ) from None
    with listener:
        yield listener


async def _serve(app: App, listener: socket.socket, stop: asyncio.Event) -> None:
    wake = asyncio.Event()
    scheduler = AsyncIOScheduler()
    every = schedules(app.bridge, _intervals(app.settings))
    for one in every:
        scheduler.add_job(_tick, IntervalTrigger(seconds=one.seconds), args=[app, one, wake], max_instances=1)
    scheduler.add_job(_beat, IntervalTrigger(seconds=reconcile.BEAT_SECONDS), args=[app, wake], max_instances=1)
    for one in every:
        await _tick(app, one, wake)
    web = _Web(
        uvicorn.Config(
            Receiver(app, wake.set).asgi(),
            host=app.settings.web.host,
            port=app.settings.web.port,
            log_level="warning",
            access_log=False,
            lifespan="off",
        )
    )
    serving = asyncio.create_task(web.serve(sockets=[listener]))
    serving.add_done_callback(lambda _: stop.set())
    scheduler.start()
    working = asyncio.create_task(
        poll(
            app.worker(),
            slots=app.settings.workers.count,
            idle=app.settings.workers.idle,
            sweep=app.settings.jobs.sweep,
            wake=wake,
            stop=stop,
        )
    )
    working.add_done_callback(lambda _: stop.set())
    try:
        await stop.wait()
    finally:
        scheduler.shutdown(wait=False)
        web.should_exit = True
    async with asyncio.timeout(GRACE):
        await working
        await serving


async def _tick(app: App, every: Every, wake: asyncio.Event) -> None:
    if await app.bridge.db.run(tick, every, now=app.bridge.clock.now()):
        wake.set()


async def _beat(app: App, wake: asyncio.Event) -> None:
    await app.bridge.db.run(reconcile.beat, now=app.bridge.clock.now())
    if await reload_mappings(app):
        wake.set()


async def reload_mappings(app: App) -> bool:
    """Use the mapping files as they are now, or keep the old rules and say why; answers whether the rules are new."""
    try:
        changed = app.reload_mappings()
    except (ConfigError, MappingError) as error:
        await app.bridge.db.run(rules_changed.refused, app.bridge, str(error))
        return False
    if changed:
        await app.bridge.db.run(rules_changed.taken, app.bridge)
    return changed


def _intervals(settings: Settings) -> Intervals:
    polls, ledger = settings.polls, settings.ledger
    return Intervals(polls.orders, polls.purchases, polls.offers, polls.carrier, ledger.quiet, ledger.audit_hour)


class _Web(uvicorn.Server):
    """The web server as a task among others: signals belong to the daemon."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone."""
        yield
