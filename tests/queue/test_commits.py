"""How many write transactions a purchase takes: the figure the throughput of the whole rests on."""

from __future__ import annotations

from pathlib import Path

import pytest

from syncbridge.queue import job as jobs
from tests.flows.conftest import Shop

pytestmark = pytest.mark.anyio
TO_PLACED = 3
"""Claim; sent, with the cap; placed, with the job's close and the next job."""
TO_PAID = 5
"""And: claim; paid, with the job's close."""


async def run_next(shop: Shop) -> int:
    """Run the one job that is due; answers how many write transactions it took."""
    (job_id,) = await shop.db.read(jobs.due, now=shop.clock.now(), most=2)
    before = shop.db.units
    assert await shop.worker.execute(job_id)
    return shop.db.units - before


async def test_a_purchase_takes_three_transactions_to_placed_and_five_to_paid(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    await shop.list_offer()
    await shop.sell()
    shop.clock.advance(601)

    placing = await run_next(shop)
    assert [order.state for order in shop.supplier.books.values()] == ["unpaid"]
    paying = await run_next(shop)
    assert [order.state for order in shop.supplier.books.values()] == ["paid"]

    assert placing == TO_PLACED
    assert placing + paying == TO_PAID
    await shop.db.close()


async def test_a_job_that_only_reads_takes_two(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    await shop.list_offer()
    job = jobs.NewJob("purchase.poll", "poll", "main", shop.clock.now(), shop.clock.now())
    await shop.db.run(jobs.enqueue, [job], now=shop.clock.now())

    assert await run_next(shop) == 2
    await shop.db.close()
