"""The default driver: look for due jobs, and run as many at once as there are slots."""

from __future__ import annotations

import asyncio
import math
from datetime import timedelta

import structlog
from sqlalchemy.exc import DBAPIError

from syncbridge.queue import job as jobs
from syncbridge.queue.execute import DATABASE_PAUSE, Worker

log = structlog.get_logger("syncbridge.poll")
TELL_EVERY = 60.0
"""Seconds between two words about a database that does not answer."""
LAST_WORDS = 1.0
"""Seconds a job gets that is cut off."""

Running = dict[int, asyncio.Task[bool]]


async def poll(
    worker: Worker, *, slots: int, idle: float, sweep: float, wake: asyncio.Event, stop: asyncio.Event
) -> None:
    """Run jobs until `stop`, then let the running ones end; a cancelled driver cuts them off.

    It looks whenever a job ends or `wake` is set, and at the latest after `idle` seconds; every `sweep`
    seconds it takes jobs from workers whose lease is over. While the database cannot be used it waits, says so
    once a minute, and goes on by itself.
    """
    running: Running = {}
    time = asyncio.get_running_loop().time
    swept, told = time(), -math.inf
    try:
        while not stop.is_set():
            try:
                _collect(running)
                if time() - swept >= sweep:
                    swept = time()
                    await _sweep(worker, running)
                wake.clear()
                await _start(worker, running, slots)
            except DBAPIError as error:
                if time() - told >= TELL_EVERY:
                    told = time()
                    log.error("poll.database_fails", why=str(error.orig))
                await _something_happens({}, asyncio.Event(), stop, DATABASE_PAUSE)
            else:
                await _something_happens(running, wake, stop, idle)
        if running:
            await asyncio.wait(running.values())
    finally:
        await _cut_off(running)


def _collect(running: Running) -> None:
    """Forget jobs that ended; raises DBAPIError if the database failed one of them."""
    ended = [running.pop(job_id) for job_id, task in list(running.items()) if task.done()]
    for error in [task.exception() for task in ended]:
        if error is not None:
            raise error


async def _sweep(worker: Worker, running: Running) -> None:
    lease = timedelta(seconds=worker.lease)
    await worker.db.run(jobs.sweep, now=worker.clock.now(), held=list(running), lease=lease)


async def _start(worker: Worker, running: Running, slots: int) -> None:
    for job_id in await worker.db.read(jobs.due, now=worker.clock.now(), most=slots):
        if job_id not in running and len(running) < slots:
            running[job_id] = asyncio.create_task(worker.execute(job_id))


async def _cut_off(running: Running) -> None:
    """Cancel what still runs; its rows stay as they are, and the next owner takes them over."""
    left = {job_id: task for job_id, task in running.items() if not task.done()}
    for task in left.values():
        task.cancel()
    if left:
        log.warning("poll.cut_off", jobs=list(left))
        await asyncio.wait(left.values(), timeout=LAST_WORDS)


async def _something_happens(running: Running, wake: asyncio.Event, stop: asyncio.Event, idle: float) -> None:
    signals = [asyncio.ensure_future(wake.wait()), asyncio.ensure_future(stop.wait())]
    try:
        await asyncio.wait([*running.values(), *signals], timeout=idle, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for signal in signals:
            signal.cancel()
