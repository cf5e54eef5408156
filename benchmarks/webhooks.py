"""Webhooks kept: the inbox row and its job are durable before the 200. 64 senders at once, or one after the other."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from statistics import quantiles

from benchmarks.measure import Case, Figure, at_once
from benchmarks.places import NOW, Stopwatch, database, engine_in
from syncbridge.flows.events import jobs_for
from syncbridge.model.events import EventKind, VendorEvent
from syncbridge.queue import inbox
from syncbridge.store.db import Database, InlineDatabase

GROUP = "webhooks kept"
MESSAGES = 320
BODY = b'{"data":{"orderId":8172481060036440,"orderStatus":"WAIT_SELLER_SEND_GOODS"},"message_type":53}'


async def _commit_each(folder: Path) -> Figure:
    db = InlineDatabase(engine_in(folder))
    try:
        return await _measured(db, 1)
    finally:
        await db.close()


async def _ours(folder: Path) -> Figure:
    async with database(folder) as db:
        return await _measured(db, 64)


async def _measured(db: Database, most: int) -> Figure:
    waits: list[float] = []

    async def accept(number: int) -> None:
        event = VendorEvent(f"event {number}", EventKind.ORDER_CHANGED, "53", (str(number),))
        watch = Stopwatch()
        await db.run(inbox.accept, "toys", [event], BODY, jobs_for, now=NOW)
        waits.append(watch.seconds)

    watch = Stopwatch()
    await at_once(accept, range(MESSAGES), most)
    return Figure(MESSAGES, watch.seconds, f"{db.commits} commits, p99 {_p99(waits) * 1000:.0f} ms")


def _p99(waits: Sequence[float]) -> float:
    return quantiles(waits, n=100)[98]


CASES = [
    Case(GROUP, "a commit for each request", lambda folder: asyncio.run(_commit_each(folder))),
    Case(GROUP, "db.run, 64 at once", lambda folder: asyncio.run(_ours(folder))),
]
