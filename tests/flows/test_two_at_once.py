"""Two programs work on one database: what both were asked for goes out once."""

from __future__ import annotations

import asyncio
import functools
from pathlib import Path

import pytest
from sqlmodel import SQLModel, select

from syncbridge.flows import approval, at_once, proposal
from syncbridge.flows.bridge import Bridge
from syncbridge.flows.jobs import JOBS
from syncbridge.flows.proposal import Scope
from syncbridge.queue.execute import Worker
from syncbridge.rules.retry import RetryPolicies
from syncbridge.store.db import SqliteDatabase, open_engine
from syncbridge.store.tables import ChangeRow, ListingRow
from tests.flows.conftest import Shop, Unrenewed
from tests.flows.desk import dearer, list_many
from tests.flows.shelf import Calls

pytestmark = pytest.mark.anyio


class Program:
    """One of several programs on a shop's database."""

    def __init__(self, shop: Shop) -> None:
        self.db = SqliteDatabase(open_engine(f"sqlite:///{shop.file}", shop.keys, durable=False))
        one = shop.bridge
        self.bridge = Bridge(
            self.db, one.clock, one.rules, one.terms, one.suppliers, one.channels, one.carriers, one.ledger_from
        )
        handlers = {kind: functools.partial(flow, self.bridge) for kind, flow in JOBS.items()}
        self.worker = Worker(self.db, Unrenewed(shop.clock), handlers, RetryPolicies())

    async def plan(self) -> list[int]:
        chosen = await self.db.read(proposal.select, self.bridge, Scope())
        return await proposal.propose(self.bridge, chosen, Scope())

    async def apply(self, plan: int, file: Path) -> None:
        keys = await self.db.run(approval.apply, self.bridge, plan)
        await at_once.carried_out(self.bridge, self.worker, file, keys, lambda _: None)
