"""The default driver: look for due jobs, and run as many at once as there are slots."""

from __future__ import annotations

import asyncio

import structlog

from syncbridge.queue import job as jobs
from syncbridge.queue.execute import Worker

log = structlog.get_logger("syncbridge.poll")


async def poll(
    worker: Worker, *, slots: int, idle: float, sweep: float, wake: asyncio.Event, stop: asyncio.Event
) -> None:
    """Run jobs until `stop`, then let the running ones end.

    It looks whenever a job ends or `wake` is set, and at the latest after `idle` seconds; every `sweep`
    seconds it takes jobs from workers whose lease is over.
    """
    running: dict[int, asyncio.Task[bool]] = {}
    swept = worker.clock.now()
    try:
        while not stop.is_set():
            now = worker.clock.now()
            if (now - swept).total_seconds() >= sweep:
                swept = now
                await worker.db.run(jobs.sweep, now=now)
            wake.clear()
            for job_id in await worker.db.read(jobs.due, now=now, most=slots):
                if job_id not in running and len(running) < slots:
                    running[job_id] = asyncio.create_task(worker.execute(job_id))
            await _something_happens(running, wake, stop, idle)
            for job_id in [job_id for job_id, task in running.items() if task.done()]:
                running.pop(job_id).result()
        if running:
            await asyncio.wait(running.values())
    finally:
        for task in running.values():
            task.cancel()


async def _something_happens(
    running: dict[int, asyncio.Task[bool]], wake: asyncio.Event, stop: asyncio.Event, idle: float
) -> None:
    signals = [asyncio.ensure_future(wake.wait()), asyncio.ensure_future(stop.wait())]
    try:
        await asyncio.wait([*running.values(), *signals], timeout=idle, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for signal in signals:
            signal.cancel()
