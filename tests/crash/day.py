"""A day of the real daemon over loopback HTTP: one listing and one order, from the offer to the end, through kills."""

from __future__ import annotations

import asyncio
import signal
import socket
import sqlite3
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from syncbridge.adapters.forwarder_csv.mock import ForwarderMock
from syncbridge.bootstrap import open_database
from syncbridge.demo.abroad import Books, code_of, listed, mark_in
from syncbridge.demo.scenario import MAIN, STORE
from syncbridge.flows import decisions
from syncbridge.rules.mapping import Rules, ShippingWay
from syncbridge.rules.mapping_file import parse
from syncbridge.settings import load_settings
from syncbridge.testing.control import MockControl
from syncbridge.testing.loopback import free_port
from tests.crash.daemon import Doom, fork
from tests.crash.settings import ONE_SUPPLIER, cost_of, offer_of, want_of, write_settings

PATIENCE = 90.0
LOOK = 0.2
DONE = ("WAIT_BUYER_ACCEPT_GOODS", "FUND_PROCESSING", "FINISH")
DEARER = Decimal("3.00")
LESS = 48
BUFFER = 2
"""Kept back by the example's stock policy."""
COUNTRIES = {ShippingWay.FORWARDER: "BR", ShippingWay.OFFICIAL: "ES", ShippingWay.LABEL_FIRST: "US"}
"""Where an order goes that takes the way, by the example's routes."""
SHIPPED = "SELECT 1 FROM timeline WHERE event = 'shipped by the supplier'"


class Ending(StrEnum):
    """What becomes of the order."""

    DELIVERED = "delivered"
    CANCELLED_UNPAID = "cancelled as soon as it is bought"
    CANCELLED_PAID = "cancelled as soon as it is paid"


@dataclass
class Day:
    """One day; each of its lives ends by the next of its `dooms`, and a last one goes on to the end."""

    number: int
    """Tells the offers and orders of days apart that share their vendors."""
    folder: Path
    vendors: str
    dooms: Sequence[Doom] = ()
    ending: Ending = Ending.DELIVERED
    way: ShippingWay = ShippingWay.FORWARDER
    whole: bool = True
    """Whether the day goes on until every doom was met."""
    kills: int = 0
    supplier_books: Books = field(default_factory=dict)
    channel_books: Books = field(default_factory=dict)
    """The vendors' books as they were last, as far as they are about this day."""
    prices: set[str] = field(default_factory=set)
    """Every price the channel ever showed for the repriced SKU."""
    sold: bool = False
    """Whether the supplier sold most of the offer's stock elsewhere."""
    decided: int = 0
    """How often a person declared a purchase not placed."""
    complaints: list[str] = field(default_factory=list)

    async def play(self) -> Day:
        """Live it to its end; what does not fit by then is in `complaints`."""
        self.unmet = list(self.dooms)
        self.life: ForkServerProcess | None = None
        self.rules: Rules = parse({"one.yaml": ONE_SUPPLIER})
        self.order_id = f"91724810{self.number:08d}"
        self.codes = [code_of(want_of(self.number, place), self.rules) for place in range(3)]
        self.forwarder = ForwarderMock(self.folder / "forwarder.csv")
        try:
            async with (
                MockControl(f"{self.vendors}/alibaba1688") as self.supplier,
                MockControl(f"{self.vendors}/aliexpress") as self.channel,
            ):
                await self._open()
                await self._live()
        finally:
            self._end()
        return self

    def _end(self) -> None:
        if self.life is not None:
            self.life.kill()
            self.life.join()

    async def _open(self) -> None:
        port, pool = free_port(), str(700000 + self.number)
        hooks = f"http://127.0.0.1:{port}/webhooks"
        self.port = port
        self.accounts: dict[str, Mapping[str, object]] = {}
        self.accounts[MAIN] = await self.supplier.tell("accounts", webhook_url=f"{hooks}/{MAIN}")
        self.accounts[STORE] = await self.channel.tell("accounts", webhook_url=f"{hooks}/{STORE}")
        await self.channel.tell("settings", refresh_grace=True, audit_seconds=0.1)
        await self.supplier.tell("offers", offers=[offer_of(self.number)], pool=pool)
        write_settings(self.folder, self.vendors, port, self.accounts, pool)

    async def _live(self) -> None:
        end = time.monotonic() + PATIENCE
        while True:
            dead = self._died()
            over = await self._everybody_else()
            if dead:
                self._start()
            elif over and self._caught_up() and not (self.whole and self.unmet):
                return
            if time.monotonic() > end:
                self.complaints.append(f"the day did not end; unmet: {self.unmet}; {self._unfinished()}")
                return
            await asyncio.sleep(LOOK)

    def _died(self) -> bool:
        """Whether there is no daemon; anything but its own SIGKILL is a defect."""
        if self.life is None:
            return True
        if self.life.is_alive():
            return False
        said = (self.folder / "daemon.log").read_text()[-3000:]
        assert self.life.exitcode == -signal.SIGKILL, f"the daemon ended with {self.life.exitcode}:\n{said}"
        self.kills += 1
        self.unmet.pop(0)
        return True

    def _start(self) -> None:
        self.life = fork(self.folder / "syncbridge.toml", self.unmet[0] if self.unmet else Doom())

    def passed(self) -> list[tuple[float, str]]:
        """Every point passed so far, and when."""
        lines = (self.folder / "points.log").read_text().splitlines()
        return [(float(at), point) for at, _, point in (line.partition(" ") for line in lines)]

    async def _everybody_else(self) -> bool:
        """Buyer, supplier, forwarder and the person do their part; true once the vendors' books show the end."""
        self.supplier_books, self.channel_books = supplier, channel = await self._books()
        if self._unknown():
            await self._decide(supplier)
        if not channel["orders"]:
            if channel["products"] and channel["products"][0]["status"] == "onSelling" and self._listens():
                await self._buy()
            return False
        status = str(channel["orders"][0]["status"])
        if self.ending is not Ending.DELIVERED:
            return await self._cancel(supplier, status)
        await self._ship(supplier)
        return status in DONE and await self._reprice(channel)

    async def _buy(self) -> None:
        await self.channel.tell(
            "orders",
            access_token=self.accounts[STORE]["access_token"],
            order_id=self.order_id,
            lines=[{"sku_code": self.codes[0], "quantity": want_of(self.number, 0).quantity}],
            address={"country": COUNTRIES[self.way]},
        )

    async def _ship(self, supplier: Books) -> None:
        for order in supplier["orders"]:
            if order["status"] == "waitsellersend":
                number = f"YT{str(order['orderId'])[-13:]}"
                await self.supplier.tell(f"orders/{order['orderId']}/ship", number=number, company="圆通速递(YTO)")
            elif self.way is ShippingWay.FORWARDER and self.rows(SHIPPED):  # it travels for a while
                self.forwarder.receive(mark_in(str(order["message"])))

    async def _cancel(self, supplier: Books, status: str) -> bool:
        """The buyer asks and the seller agrees; true once nothing of it is left at the supplier."""
        orders = supplier["orders"]
        paid = self.ending is Ending.CANCELLED_PAID
        if status != "FINISH":
            if orders and (not paid or any(order["payTime"] for order in orders)):
                await self.channel.tell(f"orders/{self.order_id}/ask_to_cancel")
                await self.channel.tell(f"orders/{self.order_id}/accept_cancel")
            return False
        return all(order["status"] in ("cancel", "terminated") for order in orders)

    async def _reprice(self, channel: Books) -> bool:
        """After the order a stock of the offer changes, then a price; true once the channel shows both.

        One after the other, so that a life that is to end on the way of the price does not find it done already.
        """
        place = f"offers/{want_of(self.number, 1).offer_id}"
        restocked = str(self._shown(channel, 2)["stock"]) == str(LESS)
        if not self.sold:
            self.sold = True
            await self.supplier.tell(f"{place}/stock", spec_id=want_of(self.number, 2).spec_id, stock=LESS + BUFFER)
        elif self.prices:
            self.prices.add(str(self._shown(channel, 1)["price"]))
        elif restocked:
            self.prices = {str(self._shown(channel, 1)["price"])}
            dearer = cost_of(self.number, 1) + DEARER
            await self.supplier.tell(f"{place}/price", spec_id=want_of(self.number, 1).spec_id, price=f"{dearer:.2f}")
        return restocked and len(self.prices) > 1

    def _shown(self, channel: Books, place: int) -> dict[str, object]:
        skus = listed(channel["products"][0]["skus"])
        return next(sku for sku in skus if sku["sku_code"] == self.codes[place])

    async def _decide(self, supplier: Books) -> None:
        """A person who sees no such order on the supplier's page declares the purchase not placed."""
        if supplier["orders"]:
            self.complaints.append("the look-up found nothing, but the supplier has the order")
            return
        settings = load_settings(self.folder / "syncbridge.toml", environ={})
        db = open_database(settings)
        try:
            quarantine = timedelta(seconds=settings.quarantine)
            await db.run(
                decisions.not_placed,
                str(self._unknown()[0]),
                why="it is not on the supplier's page",
                quarantine=quarantine,
                now=datetime.now(UTC),
            )
        finally:
            await db.close()
        self.decided += 1

    def _unknown(self) -> list[int]:
        """Purchases that wait for a person because a look-up found nothing."""
        parked = "SELECT id FROM job WHERE kind = 'purchase.place' AND state = 'parked' AND reason_code = 'unknown'"
        return [int(str(job)) for (job,) in self.rows(parked)]

    def _caught_up(self) -> bool:
        return not self._unfinished()

    def _unfinished(self) -> list[tuple[object, ...]]:
        """Work of ours that is not done, but for what the clock asks for."""
        return self.rows(
            "SELECT key, state, reason_code, reason FROM job WHERE state IN ('ready', 'running') "
            "AND kind NOT IN ('orders.poll', 'purchase.poll', 'import_.page', 'fulfil.collect', 'quiet.check', "
            "'audit.nightly', 'monitor.due', 'monitor.forget', 'rates.refresh', 'dispatch.check', 'domestic.check', "
            "'follow.poll') AND kind NOT LIKE 'reconcile.%' AND kind NOT LIKE 'tokens.%'"
        )

    def rows(self, query: str) -> list[tuple[object, ...]]:
        """What a query finds in our tables; nothing before there are any."""
        file = self.folder / "syncbridge.db"
        if not file.exists():
            return []
        try:
            with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as ours:
                return ours.execute(query).fetchall()
        except sqlite3.OperationalError:  # the tables are being made
            return []

    async def _books(self) -> tuple[Books, Books]:
        """Of what the vendors have, what is this day's."""
        supplier, channel = await self.supplier.books(), await self.channel.books()
        members = {account.get("member_id") for account in self.accounts.values()}
        orders = [order for order in supplier["orders"] if order["member_id"] in members]
        ids = {order["orderId"] for order in orders}
        return (
            {
                "orders": orders,
                **{
                    book: [entry for entry in supplier[book] if entry["orderId"] in ids]
                    for book in ("money", "cancels", "refunds")
                },
            },
            {
                "products": [
                    product
                    for product in channel["products"]
                    if self.codes[0] in {sku["sku_code"] for sku in listed(product["skus"])}
                ],
                **{
                    book: [entry for entry in channel[book] if entry["order_id"] == self.order_id]
                    for book in ("orders", "warehouse_orders")
                },
            },
        )

    def _listens(self) -> bool:
        with socket.socket() as probe:
            probe.settimeout(0.2)
            return probe.connect_ex(("127.0.0.1", self.port)) == 0
