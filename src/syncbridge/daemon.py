"""The background process: one owner of the database, the clock, the workers and the receiver."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import UTC

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from sqlalchemy.exc import DBAPIError

from syncbridge.bootstrap import App, assemble, open_database
from syncbridge.errors import ConfigError, MappingError
from syncbridge.flows import alarms, rules_changed, start
from syncbridge.flows.schedule import Every, Intervals, schedules, tick
from syncbridge.queue import job as jobs
from syncbridge.queue.drivers.poll import LAST_WORDS, poll
from syncbridge.settings import Settings
from syncbridge.store import accounts, grants, quota
from syncbridge.store.backup import check, in_plain_words
from syncbridge.store.db import Database
from syncbridge.store.owner import sole_owner
from syncbridge.web.receiver import Receiver
from syncbridge.web.server import server

GRACE = 25
"""Seconds that running jobs get to end after SIGTERM."""
STEP = 2.0
"""Seconds by which the clock must move beside the time that passed to have been set."""
log = structlog.get_logger("syncbridge.daemon")


Assemble = Callable[[Settings, Database], Awaitable[App]]


async def run(settings: Settings, *, assemble: Assemble = assemble) -> None:
    """Work until SIGTERM or SIGINT; then let running jobs end and close. Raises ConfigError or MappingError."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        with contextlib.suppress(NotImplementedError):  # Windows has no such handlers; Ctrl+C cancels there
            loop.add_signal_handler(name, stop.set)
    with sole_owner(settings.database_file), _listener(settings) as listener:
        if settings.database_file.exists():
            check(settings.database_file, quick=True)
        db = open_database(settings, owned=True)
        with in_plain_words(settings.database_file):
            app = await assemble(settings, db)
        try:
            with in_plain_words(settings.database_file):
                await take_over(app)
            await _serve(app, listener, stop)
        finally:
            await app.close()
    log.info("daemon.stopped")


async def take_over(app: App) -> None:
    """The file lock proves the old owner dead: its jobs and its unused calls are ours, its pauses are tried again."""
    db, now = app.bridge.db, app.bridge.clock.now()
    freed = await db.run(jobs.free_leases, now=now)
    await db.run(quota.free_slots, now=now)
    await db.run(accounts.clear_pauses)
    await db.run(grants.ask_again, now=now)
    await db.run(alarms.forget_outages, now=now)
    await db.run(start.begin, app.bridge)
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
    every = schedules(app.bridge, _intervals(app.settings))
    for one in every:
        await _tick(app, one, wake)
    web = server(Receiver(app, wake.set).asgi())
    work = poll(
        app.worker(),
        slots=app.settings.workers.count,
        idle=app.settings.workers.idle,
        sweep=app.settings.jobs.sweep,
        wake=wake,
        stop=stop,
    )
    ticking = asyncio.create_task(_keep_ticking(app, every, wake))
    tasks = [asyncio.create_task(web.serve(sockets=[listener])), asyncio.create_task(work), ticking]
    for task in tasks:
        task.add_done_callback(lambda _: stop.set())
    try:
        await stop.wait()
    finally:
        ticking.cancel()
        web.should_exit = True
        await _ended(tasks)


async def _ended(tasks: Sequence[asyncio.Task[None]]) -> None:
    """Wait until all ended, and cut off what takes longer than the grace; raises what one of them raised."""
    ended, unended = await asyncio.wait(tasks, timeout=GRACE)
    for task in unended:
        task.cancel()
    if unended:
        log.warning("daemon.cut_off", seconds=GRACE)
        await asyncio.wait(unended, timeout=2 * LAST_WORDS)
    for task in ended:
        if not task.cancelled():
            task.result()


async def _keep_ticking(app: App, every: Sequence[Every], wake: asyncio.Event) -> None:
    """Tick as scheduled, and at once when the clock was set: the scheduler waits for times of day."""
    scheduler = AsyncIOScheduler(timezone=UTC, job_defaults={"misfire_grace_time": None, "coalesce": True})
    ticks = [scheduler.add_job(_tick, "interval", seconds=one.seconds, args=[app, one, wake]) for one in every]
    ticks.append(scheduler.add_job(_beat, "interval", seconds=start.BEAT_SECONDS, args=[app, wake]))
    scheduler.start()
    passed, clock = asyncio.get_running_loop().time, app.bridge.clock
    try:
        while True:
            began, at = passed(), clock.now()
            await asyncio.sleep(STEP / 2)
            step = (clock.now() - at).total_seconds() - (passed() - began)
            if abs(step) > STEP:
                log.warning("clock.stepped", seconds=round(step))
                for planned in ticks:
                    planned.modify(next_run_time=clock.now())
    finally:
        scheduler.shutdown(wait=False)


async def _tick(app: App, every: Every, wake: asyncio.Event) -> None:
    try:
        written = await app.bridge.db.run(tick, every, now=app.bridge.clock.now())
    except DBAPIError as error:
        log.error("tick.not_kept", kind=every.kind, account=every.account, why=str(error.orig))
    else:
        if written:
            wake.set()


async def _beat(app: App, wake: asyncio.Event) -> None:
    try:
        await app.bridge.db.run(start.beat, now=app.bridge.clock.now())
        if await reload_mappings(app):
            wake.set()
    except DBAPIError as error:
        log.error("beat.not_kept", why=str(error.orig))


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
    return Intervals(
        orders=polls.orders,
        purchases=polls.purchases,
        offers=polls.offers,
        due_offers=polls.due_offers,
        parcels=polls.carrier,
        quiet=ledger.quiet,
        listings=polls.listings,
        rates=polls.rates,
        tracks=polls.tracks,
        audit_hour=ledger.audit_hour,
    )
