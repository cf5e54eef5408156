"""What must be true after every step of the trade, and once it has come to rest."""

from __future__ import annotations

import asyncio
import re
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import ClassVar

from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
)

from syncbridge.flows import audit
from syncbridge.flows.bridge import order_subject
from syncbridge.flows.jobs import JOBS
from syncbridge.flows.retry_queue import Entry
from syncbridge.model.events import EventKind, VendorEvent
from syncbridge.model.ledger import Kind
from syncbridge.model.orders import Order, OrderState
from syncbridge.model.purchasing import PlacedOrder, Purchase, VendorOrderState
from syncbridge.rules.mapping import Part
from syncbridge.store import placed_orders, purchases
from syncbridge.testing.clock import FixedClock
from syncbridge.texts import LANGUAGES, OTHER, texts
from tests.simulation.market import OFFERS, SKUS, STORE, Piece, Watch, WatchedSupplier
from tests.simulation.process import POLLS, Facts, Process, look, next_due

_VENDOR_ORDER = re.compile(r"88\d{16}")


class Proof(RuleBasedStateMachine):
    """What is traded, and what must be true of it; the rules say what happens."""

    flows: ClassVar = JOBS

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.runner = asyncio.Runner()
        self.watch = Watch(FixedClock())
        self.process = Process(Path(self.folder.name), self.watch, self.flows)
        self.events: list[VendorEvent] = []
        self.acknowledged: set[str] = set()
        self.known: Mapping[str, datetime] = {}
        self.bought: list[tuple[datetime, str, PlacedOrder]] = []
        self.saved: tuple[datetime, bytes, set[str]] | None = None
        self.restored = False
        self.parcels = 0
        self.queue: Sequence[Entry] = []

    # what the rules work with

    def run(self, doing: Coroutine[object, object, object]) -> None:
        self.runner.run(self.process.surviving(doing))

    def read(self, fn: Callable[..., object], *args: object) -> object:
        return self.runner.run(self.process.db.read(fn, *args))

    @property
    def orders(self) -> list[Order]:
        return list(self.process.channel.books.books.values())

    def order(self, n: int, *states: OrderState) -> Order | None:
        fitting = [order for order in self.orders if not states or order.state in states]
        return fitting[n % len(fitting)] if fitting else None

    def vendor_order(self, account: str, n: int, *states: VendorOrderState) -> PlacedOrder | None:
        fitting = [order for order in self.process.suppliers[account].living() if not states or order.state in states]
        return fitting[n % len(fitting)] if fitting else None

    def any_made(self, *states: VendorOrderState) -> bool:
        return any(self.vendor_order(account, 0, *states) for account in OFFERS)

    def purchases_of(self, entry: Entry) -> Purchase | None:
        return self.read(purchases.get, entry.purchase) if entry.purchase else None  # type: ignore[return-value]

    def made(self, purchase: Purchase) -> list[PlacedOrder]:
        """The truth about a purchase: its living vendor orders."""
        supplier = self.process.suppliers[purchase.supplier]
        return [order for order in supplier.living() if self.is_of(supplier, order, purchase)]

    def is_of(self, supplier: WatchedSupplier, order: PlacedOrder, purchase: Purchase) -> bool:
        meant = self.watch.made_for.get((supplier.name, order.vendor_order_id))
        return order.out_order_id == purchase.out_order_id or purchase.mark in order.note or meant == purchase.mark

    def change(self, order: Order | None, **changes: object) -> None:
        if order is not None:
            self.watch.pass_time(1)
            changed = replace(order, modified_at=self.watch.clock.now(), **changes)  # type: ignore[arg-type]  # the class's own fields
            self.process.channel.books.books[order.order_id] = changed
            self.announce(changed)

    def announce(self, order: Order) -> None:
        key = f"{order.order_id}@{order.modified_at.isoformat()}"
        self.events.append(VendorEvent(key, EventKind.ORDER_CHANGED, "order", (order.order_id,)))

    # what is always true

    @invariant()
    def all_holds(self) -> None:
        self.nothing_wrong_was_done()
        self.no_line_is_bought_more_than_once()
        self.our_own_tables_are_sound()
        self.every_cause_has_words_in_both_languages()

    def nothing_wrong_was_done(self) -> None:
        assert self.watch.wrongs == []
        for account, supplier in self.process.suppliers.items():
            assert [number for number, times in supplier.payments.items() if times > 1] == [], account

    def no_line_is_bought_more_than_once(self) -> None:
        for order in self.orders:
            for code, ways in SKUS.items():
                ordered = sum(line.quantity for line in order.lines if line.sku_code == code)
                units = sum(max(self.units(order, way.supplier, way.parts)) for way in ways)
                assert units <= ordered, f"{units} of {ordered} {code} bought for {order.order_id}"

    def units(self, order: Order, account: str, parts: Sequence[Part], *, excused: bool = True) -> list[int]:
        """So many sold units each part of a way is enough for; what a person's error made is left out."""
        pieces: Counter[Piece] = Counter()
        for made in self.process.suppliers[account].living(order.order_id):
            for line in made.lines:
                pieces[account, line.offer_id, line.spec_id] += line.quantity
        found = []
        for part in parts:
            piece = (account, part.offer_id, part.spec_id)
            allowed = self.watch.excused[order.order_id, piece] if excused else 0
            found.append((max(0, pieces[piece] - allowed) + part.quantity - 1) // part.quantity)
        return found

    def our_own_tables_are_sound(self) -> None:
        facts: Facts = self.read(look)  # type: ignore[assignment]  # what it answers
        assert self.acknowledged <= facts.inbox.keys()
        assert set(facts.inbox.values()) <= {1}
        assert not facts.broken
        assert [number for number, at in self.known.items() if facts.versions[number] < at] == []
        self.known, self.queue = facts.versions, facts.queue

    def every_cause_has_words_in_both_languages(self) -> None:
        for entry in self.queue:
            for language in LANGUAGES:
                words = texts(language)
                assert words.of(entry.code, entry.what) is not words.causes[OTHER], entry.code

    # at the end

    def teardown(self) -> None:
        try:
            self.run(self.come_to_rest())
            self.all_holds()
            self.nothing_is_lost()
            self.the_books_agree()
        finally:
            self.runner.run(self.process.close())
            self.runner.close()
            self.folder.cleanup()

    async def come_to_rest(self) -> None:
        process = self.process
        process.moments.nothing()
        for wire in (process.channel.wire, *(supplier.wire for supplier in process.suppliers.values())):
            wire.expired = False
            wire.troubles.clear()
        for _ in range(60):
            await process.ask(POLLS)
            await process.work()
            due = await process.db.read(next_due)
            if due is None:
                break
            self.watch.pass_time(max(130.0, (due - self.watch.clock.now()).total_seconds()))  # some wait for a pause
        else:
            raise AssertionError("it never comes to rest")
        for _ in range(2):
            self.watch.pass_time(700)
            await process.ask(POLLS)
            await process.work()

    def nothing_is_lost(self) -> None:
        """What we owe is bought, or stands before a person."""
        told = [entry.subject for entry in self.queue]
        numbered = " ".join(subject.replace("/", " ") for subject in told)
        assert {order.order_id for order in self.orders} - self.watch.confused <= self.known.keys()
        for order in self.orders:
            subject = order_subject(STORE, order.order_id)
            if subject in {" ".join(each.split(" ")[:2]) for each in told} or order.order_id in self.watch.confused:
                continue
            if order.state.wants_goods:
                assert self.lacking(order) == [], f"{subject} is forgotten"
            if order.state is OrderState.CANCELLED:
                left = [made for made in self.left_of(order) if f" {made.vendor_order_id}" not in numbered]
                assert left == [], f"{subject} is not taken back"

    def left_of(self, order: Order) -> list[PlacedOrder]:
        """Vendor orders of purchases we know; those of others are the audit's to tell."""
        left = [made for supplier in self.process.suppliers.values() for made in supplier.living(order.order_id)]
        return [made for made in left if self.read(placed_orders.named_by, made)]

    def lacking(self, order: Order) -> list[str]:
        """Codes of an order of which not all is bought and paid."""
        wanted: defaultdict[str, int] = defaultdict(int)
        for line in order.lines:
            wanted[line.sku_code] += line.quantity
        return [
            code for code, ordered in wanted.items() if not code.startswith("ON") and self.got(order, code) < ordered
        ]

    def got(self, order: Order, code: str) -> int:
        return sum(min(self.units(order, way.supplier, way.parts, excused=False)) for way in SKUS.get(code, ()))

    def the_books_agree(self) -> None:
        """A difference is told of in the queue, or comes of what a person did."""
        since = self.watch.clock.now() - timedelta(days=60)
        found = self.runner.run(audit.audit(self.process.bridge, since=since))
        told = " ".join(f"{entry.subject} {entry.reason}" for entry in self.queue)
        for one in found.differences:
            about = {order.order_id for order in self.orders if order.order_id in f"{one.subject} {one.why}"}
            if one.kind is Kind.ORPHAN and self.restored:
                continue
            numbers = [one.subject.rpartition("/")[2], *_VENDOR_ORDER.findall(one.why)]
            assert any(number in told for number in numbers) or about & self.watch.confused, one
