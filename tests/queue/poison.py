"""A worker that one of its jobs kills, begun again and again; run as a program: ``poison.py FILE BEGINNINGS``."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path

from cryptography.fernet import Fernet, MultiFernet

from syncbridge.bootstrap import SystemClock
from syncbridge.queue import job as jobs
from syncbridge.queue.drivers.poll import poll
from syncbridge.queue.execute import Done, Outcome, Worker
from syncbridge.queue.job import Claim
from syncbridge.rules.retry import RetryPolicies
from syncbridge.store.db import SqliteDatabase, open_engine

KILLS_AFTER = 0.05
WORKS = 0.15
"""Seconds the other jobs take: longer than the one that kills leaves them."""


async def flow(job: Claim) -> Outcome:
    await asyncio.sleep(KILLS_AFTER if job.key == "poison" else WORKS)
    if job.key == "poison":
        os._exit(9)
    return Done()


async def work(file: Path) -> None:
    """As the daemon begins, and for as long as it lives, or half a second."""
    db = SqliteDatabase(open_engine(f"sqlite:///{file}", MultiFernet([Fernet(Fernet.generate_key())]), durable=False))
    worker = Worker(db, SystemClock(), {"purchase.place": flow}, RetryPolicies())
    await db.run(jobs.free_leases, now=worker.clock.now())
    stop = asyncio.Event()
    asyncio.get_running_loop().call_later(0.5, stop.set)
    await poll(worker, slots=4, idle=0.02, sweep=15, wake=asyncio.Event(), stop=stop)
    await db.close()


def main(file: Path, beginnings: int) -> None:
    jobs.SPACING /= 20
    ends = []
    for _ in range(beginnings):
        pid = os.fork()
        if pid == 0:
            asyncio.run(work(file))
            os._exit(0)
        ends.append(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
    sys.stdout.write(json.dumps(ends) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
