"""A seller's old store in the mocks, and syncbridge beside it: the real adapters, in process, on virtual time."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx

from syncbridge.adapters.alibaba1688 import adapter as alibaba1688
from syncbridge.adapters.aliexpress import adapter as aliexpress
from syncbridge.bootstrap import App, assemble
from syncbridge.demo.old_store import OldStore, Sort, make
from syncbridge.demo.run import mappings_folder
from syncbridge.flows import adopt, adoption, approval, attended, proposal
from syncbridge.flows.approval import Decided
from syncbridge.flows.attended import CATALOGUE_KINDS
from syncbridge.model.adoption import Adoption
from syncbridge.queue import job as jobs
from syncbridge.queue.job import NewJob
from syncbridge.settings import AccountSettings, Settings
from syncbridge.store.db import InlineDatabase
from syncbridge.testing.clock import VirtualClock
from syncbridge.testing.control import MockControl
from tests import databases

CATALOGUE = (*CATALOGUE_KINDS, "reconcile.store")
Product = dict[str, Any]  # the mock's own shape


async def _nobody_listens(url: str, body: bytes, headers: Mapping[str, str]) -> int:
    return 0


class OldShop:
    """The store, its supplier, and what the seller does."""

    def __init__(self, folder: Path, count: int) -> None:
        self.folder = folder
        self.clock = VirtualClock()
        self.old: OldStore = make(1688, count)
        self.supplier_mock = alibaba1688.mock(self.clock, _nobody_listens)  # type: ignore[misc]  # it has one
        self.channel_mock = aliexpress.mock(self.clock, _nobody_listens)  # type: ignore[misc]  # it has one
        self.supplier = MockControl("http://mock", app=self.supplier_mock.asgi())
        self.channel = MockControl("http://mock", app=self.channel_mock.asgi())
        self.db = InlineDatabase(databases.new_file(folder / "old.db"))
        self._options: dict[str, dict[str, object]] = {}
        self.app: App

    async def open(self) -> None:
        """The seller's vendors, as they were; and syncbridge, which is not live yet."""
        keys = {name: await control.tell("accounts") for name, control in self._controls().items()}
        await self.supplier.tell("offers", offers=list(self.old.offers), pool="1")
        token = keys["toys"]["access_token"]
        await self.channel.tell("products", access_token=token, products=list(self.old.products))
        self._write_mappings()
        common = {"base_url": "http://mock", "auth_url": "http://mock"}
        ours = ("app_key", "app_secret", "access_token", "refresh_token")
        self._options = {name: common | {word: told[word] for word in ours} for name, told in keys.items()}
        await self.connect(live=False)

    async def connect(self, *, live: bool) -> None:
        """Start afresh with the settings as they are now."""
        options = self._options
        settings = Settings(
            mappings=self.folder / "mappings",
            images={"fetch": False},  # type: ignore[arg-type]  # pydantic reads it
            limits={"alibaba1688": {"per_second": 50}, "aliexpress": {"per_second": 50}},  # type: ignore[dict-item]
            accounts={
                "main": AccountSettings(adapter="alibaba1688", options=options["main"] | {"offer_pool_id": "1"}),
                "toys": AccountSettings(adapter="aliexpress", live=live, options=options["toys"]),
                "forwarder": AccountSettings(adapter="forwarder_csv", options={"path": str(self.folder / "none.csv")}),
            },
        )
        apps = {"main": self.supplier_mock.asgi(), "toys": self.channel_mock.asgi()}
        transports = {name: httpx.ASGITransport(app=app) for name, app in apps.items()}  # type: ignore[arg-type]
        self.app = await assemble(settings, self.db, clock=self.clock, transports=transports)

    async def close(self) -> None:
        """Let go of everything."""
        await self.app.close()
        for control in self._controls().values():
            await control.__aexit__(None, None, None)

    async def poll_offers(self, run: str) -> None:
        """The clock asks for the offers."""
        now = self.clock.now()
        page = NewJob("import_.page", f"import_.page:main:{run}", "main", now, now, args={"run": run})
        await self.db.run(jobs.enqueue, [page], now=now)
        await self.work()

    async def work(self) -> None:
        """Do the catalogue work that is due, until nothing is left."""
        worker = self.app.worker()
        while due := await self.db.read(jobs.due_of, CATALOGUE, now=self.clock.now(), most=1):
            await worker.execute(due[0])

    async def adopt(self) -> Adoption:
        """Read the store and find out what feeds its SKUs."""
        run = await self.db.run(adopt.begin, "toys", now=self.clock.now())
        bridge = self.app.bridge
        look = functools.partial(adopt.standing, bridge=bridge, store="toys", run=run)
        await attended.work(bridge, self.app.worker(), look, lambda _: None)
        return await adoption.propose(self.app.bridge, "toys", lambda done, of: None)

    async def plan(self) -> list[int]:
        """A person asks what would change in the store."""
        scope = proposal.Scope("toys")
        offers = await self.db.read(proposal.select, self.app.bridge, scope)
        return await proposal.propose(self.app.bridge, offers, scope)

    async def apply(self, plan_id: int) -> None:
        """A person approves a plan, and it goes out."""
        await approval.apply(self.app.bridge, plan_id)
        await self.work()

    async def revert(self, plan_id: int) -> Decided:
        """A person takes a plan back."""
        decided = await approval.revert(self.app.bridge, plan_id)
        await self.work()
        return decided

    async def reconcile(self) -> None:
        """The clock asks what the channel shows, two hours later."""
        await self.clock.sleep(2 * 3600)
        now = self.clock.now()
        whole = NewJob("reconcile.store", f"reconcile.store:toys:{now.isoformat()}", "toys", now, now)
        await self.db.run(jobs.enqueue, [whole], now=now)
        await self.work()

    async def products(self) -> list[Product]:
        """What the channel's own books say of its products."""
        return list((await self.channel.books())["products"])

    async def calls(self) -> dict[str, int]:
        """How often each of the channel's APIs was called, by the last word of its name."""
        called: Mapping[str, int] = (await self.channel.books())["calls"]  # type: ignore[assignment]  # its own shape
        return {api.rsplit(".", 1)[-1]: number for api, number in called.items()}

    def sort_of(self, product: Product) -> Sort:
        """How a product of the books got its codes."""
        titles = [one["title"] for one in self.old.products]
        return self.old.sorts[titles.index(product["title"])]

    def _controls(self) -> dict[str, MockControl]:
        return {"main": self.supplier, "toys": self.channel}

    def _write_mappings(self) -> None:
        """The example's policies, with a route for each sort of old code."""
        folder = self.folder / "mappings"
        folder.mkdir()
        head = (mappings_folder() / "example.yaml").read_text("utf-8").partition("\nroutes:")[0]
        routes = [_route("goods", "TY", "goods_code", "G"), _route("old", "OLD", "reference", "nothing new")]
        lines = "".join(f"  - {json.dumps(dict(one))}\n" for one in self.old.aliases)
        aliases = f"\naliases:\n{lines}" if lines else ""
        (folder / "old.yaml").write_text(f"{head}\nroutes:\n{''.join(routes)}{aliases}", "utf-8")


def _route(name: str, prefix: str, code: str, goods_code: str) -> str:
    return f"""
  - name: {name}
    prefix: {prefix}
    code: {code}
    goods_code: {goods_code}
    stores: [toys]
    supplier: main
    buy: by_hand
    relay: hangzhou
    carrier: forwarder
    services:
      YANWEN: YANWEN_AM
    price: standard
    stock: careful
    listing: notebooks
"""
