"""One listing and one order of the real daemon over loopback HTTP, from the offer to the declaration, through kills."""

from __future__ import annotations

import asyncio
import signal
import socket
import sqlite3
import sys
import time
from collections.abc import Sequence
from contextlib import closing
from copy import deepcopy
from dataclasses import dataclass, field
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from syncbridge.adapters.forwarder_csv.mock import ForwarderMock
from syncbridge.demo.books import DONE, Balance, Story, balance
from syncbridge.demo.scenario import BY_HAND, MAIN, STORE, BuyerOrder, Change, Scenario, Want, make
from syncbridge.demo.world import Books, code_of, listed, mark_in
from syncbridge.testing.control import MockControl
from tests.crash.doomed import Doom, start
from tests.simulation.sim import rules

PATIENCE = 60.0
LOOK = 0.05
OFFER = make(1, offers=8, specs=2).offers[MAIN][1]


@dataclass
class Day:
    """Plays one day; `dooms` are what its lives die of, one after the other."""

    number: int
    """Tells the offers and orders of days apart that share their vendors."""
    folder: Path
    vendors: str
    dooms: Sequence[Doom]
    kills: int = 0
    life: ForkServerProcess | None = None
    unmet: list[Doom] = field(default_factory=list)

    def play(self) -> Balance:
        """Live it to its end and hold the vendors' books against it; raises TimeoutError."""
        self.scenario = _scenario(self.number)
        self.order = self.scenario.orders[0]
        self.forwarder = ForwarderMock(self.folder / "forwarder.csv")
        self.unmet = list(self.dooms)
        try:
            return asyncio.run(self._play())
        finally:
            if self.life is not None:
                self.life.kill()
                self.life.join()

    async def _play(self) -> Balance:
        async with (
            MockControl(f"{self.vendors}/alibaba1688") as self.supplier,
            MockControl(f"{self.vendors}/aliexpress") as self.channel,
        ):
            await self._open()
            end = time.monotonic() + PATIENCE
            while not await self._over():
                if time.monotonic() > end:
                    raise TimeoutError(f"the day did not end; left were {self.unmet}")
                self._keep_alive()
                await asyncio.sleep(LOOK)
            return balance(Story(self.scenario, rules(), self.forwarder.sent, set()), *await self._books())

    def _keep_alive(self) -> None:
        """Start the daemon, and again after each death; anything but its own SIGKILL is a defect."""
        if self.life is not None and self.life.is_alive():
            return
        if self.life is not None:
            self.life.join()
            log = (self.folder / "daemon.log").read_text()[-2000:]
            assert self.life.exitcode == -signal.SIGKILL, f"the daemon ended with {self.life.exitcode}:\n{log}"
            self.kills += 1
            self.unmet.pop(0)
        self.life = start(self.folder / "syncbridge.toml", self.unmet[0] if self.unmet else Doom())

    async def _over(self) -> bool:
        """Everybody else does their part; true once the order is declared, we have noted it, and nobody is to die."""
        supplier, channel = await self._books()
        products, orders = channel["products"], channel["orders"]
        if not orders and products and products[0]["status"] == "onSelling":
            await self._buyer_orders()
        for order in supplier["orders"]:
            if order["status"] == "waitsellersend":
                number = f"YT{str(order['orderId'])[-13:]}"
                await self.supplier.tell(f"orders/{order['orderId']}/ship", number=number, company="圆通速递(YTO)")
            elif order["parcels"]:
                self.forwarder.receive(mark_in(str(order["message"])))
        if not supplier["orders"]:
            await self._person_looks()
        declared = bool(orders) and orders[0]["status"] in DONE
        return declared and not self._lacks_notes() and not (self.unmet and self.life and not self.life.is_alive())

    async def _person_looks(self) -> None:
        """What was sent and is not found waits for a person, who sees on the supplier's page that it was never made."""
        for (job,) in self._ours("SELECT id FROM job WHERE state = 'parked' AND reason_code = 'unknown'"):
            command = ("--config", str(self.folder / "syncbridge.toml"), "queue", "not-placed", str(job))
            told = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "syncbridge", *command, "--reason", "not on the page"),
                stdout=asyncio.subprocess.DEVNULL,
            )
            assert await told.wait() == 0

    async def _buyer_orders(self) -> None:
        token = self.accounts[STORE]["access_token"]
        lines = [{"sku_code": code_of(want, rules()), "quantity": want.quantity} for want in self.order.wants]
        await self.channel.tell("orders", access_token=token, order_id=self.order.order_id, lines=lines)

    def _lacks_notes(self) -> bool:
        """Whether our own tables are not yet where the vendors' books are."""
        return self._ours("SELECT count(*) FROM purchase WHERE state = 'declared'") == [(0,)]

    def _ours(self, query: str) -> list[tuple[int]]:
        """Rows of our own tables, none before there are any."""
        try:
            with closing(sqlite3.connect(f"file:{self.folder}/syncbridge.db?mode=ro", uri=True)) as ours:
                return ours.execute(query).fetchall()
        except sqlite3.OperationalError:
            return []

    async def _books(self) -> tuple[Books, Books]:
        """Of what the vendors have, what is this day's."""
        supplier, channel = await self.supplier.books(), await self.channel.books()
        members = {account.get("member_id") for account in self.accounts.values()}
        orders = [order for order in supplier["orders"] if order["member_id"] in members]
        ids = {order["orderId"] for order in orders}
        code = code_of(self.order.wants[0], rules())
        return (
            {"orders": orders, "money": [move for move in supplier["money"] if move["orderId"] in ids]},
            {
                "products": [p for p in channel["products"] if code in {s["sku_code"] for s in listed(p["skus"])}],
                "orders": [order for order in channel["orders"] if order["order_id"] == self.order.order_id],
            },
        )

    async def _open(self) -> None:
        self.accounts: dict[str, dict[str, object]] = {}
        port = _free_port()
        for name in (MAIN, BY_HAND):
            url = f"http://127.0.0.1:{port}/webhooks/{name}"
            self.accounts[name] = await self.supplier.tell("accounts", webhook_url=url)
        url = f"http://127.0.0.1:{port}/webhooks/{STORE}"
        self.accounts[STORE] = await self.channel.tell("accounts", webhook_url=url)
        await self.channel.tell("settings", refresh_grace=True, audit_seconds=0.1)
        await self.supplier.tell("offers", offers=list(self.scenario.offers[MAIN]), pool=str(700000 + self.number))
        _write_settings(self.folder, self.vendors, port, self.accounts, str(700000 + self.number))


def _scenario(number: int) -> Scenario:
    """One offer of two specs and more, and one order for the first."""
    offer = deepcopy(OFFER)
    offer["offerId"] = 630300000000 + number
    for place, spec in enumerate(listed(offer["productSkuInfos"])):
        spec["specId"] = f"{number:016x}{place:016x}"
        spec["skuId"] = 63030000000000 + 100 * number + place
    want = Want(MAIN, str(offer["offerId"]), f"{number:016x}{0:016x}", 2)
    nothing = Change("", "", "0")
    order = BuyerOrder(f"91724810{number:08d}", (want,), by_webhook=True)
    return Scenario(number, {MAIN: [offer], BY_HAND: []}, (order,), nothing, nothing, nothing)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def _write_settings(
    folder: Path, vendors: str, port: int, accounts: dict[str, dict[str, object]], pool: str
) -> None:
    """Everything waits tenths of seconds; the rules between the waits stay the same."""
    patient = "{ attempts = 60, first = 0.2, cap = 0.5 }"
    mappings = Path(__file__).parents[2] / "mappings"
    text = f"""\
cool_off = 0.1
mappings = "{mappings}"
web = {{ port = {port} }}
workers = {{ idle = 0.1 }}
deadlines = {{ total = 1, read = 0.5, margin = 0.2, quarantine = 2.2 }}
jobs = {{ lease = 10, renewal = 3, sweep = 1 }}
polls = {{ orders = 0.5, purchases = 0.5, offers = 2, carrier = 0.3 }}
waits = {{ audit = 0.2, read_back = 2.2 }}
retry = {{ purchase = {patient}, tracking = {patient}, catalogue = {patient} }}
limits = {{ alibaba1688 = {{ per_second = 400 }}, aliexpress = {{ per_second = 400 }} }}

[accounts.forwarder]
adapter = "forwarder_csv"
path = "{folder}/forwarder.csv"
"""
    for name, keys in accounts.items():
        adapter = "aliexpress" if name == STORE else "alibaba1688"
        text += f'\n[accounts.{name}]\nadapter = "{adapter}"\n'
        text += f'base_url = "{vendors}/{adapter}"\nauth_url = "{vendors}/{adapter}"\n'
        for key in ("app_key", "app_secret", "access_token", "refresh_token"):
            text += f'{key} = "{keys[key]}"\n'
        text += "live = true\n" if name == STORE else f'daily_spending_cap = "100000.00 CNY"\noffer_pool_id = "{pool}"\n'
    file = folder / "syncbridge.toml"
    file.touch(mode=0o600)
    file.write_text(text, encoding="utf-8")
