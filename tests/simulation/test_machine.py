"""Buyers, suppliers, a forwarder, a person and mere bad luck in any order, held against what must always be true."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlmodel import Session

from syncbridge.errors import SyncBridgeError
from syncbridge.flows import decisions, gates, numbers, retry_queue
from syncbridge.flows.bridge import Bridge
from syncbridge.flows.events import jobs_for
from syncbridge.flows.jobs import JOBS
from syncbridge.flows.retry_queue import Entry
from syncbridge.model.money import Money
from syncbridge.model.orders import OrderState
from syncbridge.model.purchasing import PlacedOrder, Purchase, PurchaseDraft, VendorOrderState
from syncbridge.model.shipping import Shipment
from syncbridge.queue import inbox as inboxes
from syncbridge.queue.execute import Outcome
from syncbridge.store import placed_orders, purchases
from syncbridge.testing.builders import RELAY, make_order, make_order_line
from tests.simulation.market import CODES, LATE, MAIN, OFFERS, SECOND, SKUS, STORE
from tests.simulation.process import POLLS, TERMS
from tests.simulation.proof import Proof
from tests.simulation.test_control import call_then_write

LONG = os.environ.get("MACHINE") == "long"
EXAMPLES = int(os.environ.get("MACHINE_EXAMPLES", "300" if LONG else "12"))
SETTINGS = settings(
    max_examples=EXAMPLES,
    stateful_step_count=50 if LONG else 30,
    derandomize=not LONG,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    print_blob=False,
    phases=(Phase.generate, Phase.shrink),
    report_multiple_bugs=False,
)
WANTED = (OrderState.TO_SHIP, OrderState.PART_SHIPPED)
CONTROL = settings(SETTINGS, max_examples=200, derandomize=True, phases=(Phase.generate,))
"""Ends with the first failure."""
OPEN = (OrderState.UNPAID, OrderState.RISK_CONTROL, OrderState.TO_SHIP, OrderState.PART_SHIPPED, OrderState.CANCELLING)
ANY = st.integers(0, 7)
LINES = st.lists(st.tuples(st.sampled_from(CODES), st.integers(1, 2)), min_size=1, max_size=3)
ACCOUNTS = st.sampled_from([MAIN, MAIN, MAIN, SECOND])
CALLS = st.sampled_from(
    [
        ("place", "split"),
        ("place", "split"),
        ("place", "lost"),
        ("place", "unsent"),
        ("place", "late"),
        ("place", "limit"),
        ("place", "split"),
        ("place", "left_out"),
        ("place", "not_granted"),
        ("pay", "lost"),
        ("pay", "unsent"),
        ("pay", "late"),
        ("pay", "denied"),
        ("pay", "limit"),
        ("cancel", "lost"),
        ("cancel", "unsent"),
        ("refund", "lost"),
        ("refund", "unsent"),
        ("order", "unsent"),
        ("find", "limit"),
        ("find", "unsent"),
        ("preview", "unsent"),
        ("orders", "unsent"),
    ]
)


class Trade(Proof):
    """Everything that may happen, in any order."""

    # the buyer

    @initialize(codes=LINES, hours=st.integers(0, 2), trouble=CALLS)
    def the_first_buyer_orders(self, codes: Sequence[tuple[str, int]], hours: int, trouble: tuple[str, str]) -> None:
        self.a_buyer_orders(codes, paid=True)
        self.a_call_will_fail(MAIN, trouble)
        for _ in range(hours):
            self.the_daemon_lives(700)

    @precondition(lambda self: len(self.orders) < 4)
    @rule(codes=LINES, paid=st.booleans())
    def a_buyer_orders(self, codes: Sequence[tuple[str, int]], paid: bool) -> None:
        self.watch.pass_time(1)
        order_id = str(8172481060036440 + len(self.orders))
        lines = [make_order_line(code, many, line_id=str(n)) for n, (code, many) in enumerate(codes)]
        state = OrderState.TO_SHIP if paid else OrderState.UNPAID
        order = make_order(order_id, self.watch.clock.now(), *lines, state=state)
        self.watch.expect(order_id)
        self.process.channel.books.books[order_id] = order
        self.announce(order)

    @precondition(lambda self: self.order(0, OrderState.UNPAID, OrderState.RISK_CONTROL))
    @rule(n=ANY, to=st.sampled_from([OrderState.TO_SHIP, OrderState.RISK_CONTROL]))
    def an_order_is_paid_or_looked_at(self, n: int, to: OrderState) -> None:
        self.change(self.order(n, OrderState.UNPAID, OrderState.RISK_CONTROL), state=to)

    @precondition(lambda self: self.order(0, *WANTED))
    @rule(n=ANY)
    def a_buyer_asks_to_cancel(self, n: int) -> None:
        self.change(self.order(n, OrderState.TO_SHIP, OrderState.PART_SHIPPED), state=OrderState.CANCELLING)

    @precondition(lambda self: self.order(0, OrderState.CANCELLING))
    @rule(n=ANY)
    def a_buyer_withdraws_that(self, n: int) -> None:
        self.change(self.order(n, OrderState.CANCELLING), state=OrderState.TO_SHIP)

    @precondition(lambda self: self.order(0, *OPEN))
    @rule(n=ANY)
    def an_order_is_cancelled(self, n: int) -> None:
        self.change(self.order(n, *OPEN), state=OrderState.CANCELLED)

    @rule(n=ANY, street=st.sampled_from(["Calle Mayor 1", "Calle Menor 2", "Calle Nueva 3"]))
    def a_buyer_moves(self, n: int, street: str) -> None:
        order = self.order(n)
        if order is not None and order.address is not None:
            self.change(order, address=replace(order.address, street=street))

    # the way to us

    @precondition(lambda self: bool(self.events))
    @rule(n=ANY)
    def a_message_arrives_perhaps_again_perhaps_late(self, n: int) -> None:
        event = self.events[-1 - n % len(self.events)]

        async def arrive() -> None:
            now = self.watch.clock.now()
            await self.process.db.run(inboxes.accept, STORE, [event], b"{}", jobs_for, now=now)
            self.acknowledged.add(event.key)

        self.run(arrive())

    @rule()
    def work_is_done(self) -> None:
        self.run(self.process.work())

    @rule(polls=st.lists(st.sampled_from(POLLS), min_size=1, max_size=4, unique=True))
    def polls_tick(self, polls: list[tuple[str, str]]) -> None:
        self.run(self.process.ask(polls))
        self.run(self.process.work())

    @rule(seconds=st.sampled_from([5, 61, 130, 601, 4000, 90_000]))
    def time_passes(self, seconds: int) -> None:
        self.watch.pass_time(seconds)
        self.run(self.process.work())

    @rule(seconds=st.sampled_from([130, 700, 4000]))
    def the_daemon_lives(self, seconds: int) -> None:
        for _ in range(2):
            self.run(self.process.ask(POLLS))
            self.run(self.process.work())
            self.watch.pass_time(seconds)
            self.run(self.process.work())

    # trouble

    @rule(account=ACCOUNTS, trouble=CALLS)
    def a_call_will_fail(self, account: str, trouble: tuple[str, str]) -> None:
        self.process.suppliers[account].wire.troubles |= dict([trouble])

    @rule(
        call=st.sampled_from(["order", "orders", "declare", "redeclare", "declared"]),
        what=st.sampled_from(["lost", "unsent", "limit"]),
    )
    def a_call_to_the_store_will_fail(self, call: str, what: str) -> None:
        self.process.channel.wire.troubles[call] = what

    @rule(account=st.sampled_from([MAIN, SECOND, STORE]), expired=st.booleans())
    def a_token_expires_or_is_renewed(self, account: str, expired: bool) -> None:
        wire = self.process.channel.wire if account == STORE else self.process.suppliers[account].wire
        wire.expired = expired

    @rule(after=st.integers(0, 25))
    def the_process_will_be_killed(self, after: int) -> None:
        self.process.moments.plan(after, self.process.die)

    @rule(after=st.integers(0, 25), n=ANY, what=st.sampled_from(["work", "poll", "cancel", "ask", "supplier"]))
    def something_will_happen_meanwhile(self, after: int, n: int, what: str) -> None:
        async def happen() -> None:
            match what:
                case "cancel":
                    self.an_order_is_cancelled(n)
                    await self.hear()
                case "ask":
                    self.a_buyer_asks_to_cancel(n)
                    await self.hear()
                case "supplier":
                    self.a_supplier_cancels(MAIN, n)
                case "poll":
                    await self.process.ask(POLLS)
            while await self.process.do_one():
                pass

        self.process.moments.plan(after, happen)

    async def hear(self) -> None:
        event = self.events[-1]
        await self.process.db.run(inboxes.accept, STORE, [event], b"{}", jobs_for, now=self.watch.clock.now())

    @rule()
    def the_database_is_copied(self) -> None:
        self.run(self.process.beat())
        self.saved = (self.watch.clock.now(), self.process.back_up(), set(self.acknowledged))

    @precondition(lambda self: self.saved is not None)
    @rule()
    def an_old_copy_is_put_back(self) -> None:
        assert self.saved is not None
        at, copy, acknowledged = self.saved
        if self.watch.clock.now() - at <= TERMS.quarantine + LATE:
            return
        self.acknowledged, self.known, self.restored = set(acknowledged), {}, True
        for made_at, account, order in self.bought:
            if made_at >= at and (account, order.vendor_order_id) in self.watch.made_for:
                self.excuse(account, order)  # bought without the mark: now nobody knows of it
        self.run(self.process.start_again(copy))

    def excuse(self, account: str, order: PlacedOrder) -> None:
        owner = self.watch.owner(account, order)
        assert owner is not None
        self.watch.confused.add(owner)
        for line in order.lines:
            self.watch.excused[owner, (account, line.offer_id, line.spec_id)] += line.quantity

    # the suppliers

    @precondition(lambda self: self.any_made(VendorOrderState.UNPAID, VendorOrderState.PAID))
    @rule(account=ACCOUNTS, n=ANY)
    def a_supplier_cancels(self, account: str, n: int) -> None:
        order = self.vendor_order(account, n, VendorOrderState.UNPAID, VendorOrderState.PAID)
        if order is not None:
            self.watch.pass_time(1)
            self.process.suppliers[account].set_state(order.vendor_order_id, VendorOrderState.CANCELLED)

    @precondition(lambda self: self.any_made(VendorOrderState.PAID))
    @rule(account=ACCOUNTS, n=ANY)
    def a_supplier_ships(self, account: str, n: int) -> None:
        order = self.vendor_order(account, n, VendorOrderState.PAID)
        if order is not None:
            self.watch.pass_time(1)
            self.parcels += 1
            number = f"YT{self.parcels:09d}YP"
            self.process.channel.domestic.add(number)
            self.process.suppliers[account].books.ship(order.vendor_order_id, number)

    @precondition(lambda self: self.any_made(VendorOrderState.UNPAID))
    @rule(account=ACCOUNTS, n=ANY)
    def a_supplier_asks_more(self, account: str, n: int) -> None:
        order = self.vendor_order(account, n, VendorOrderState.UNPAID)
        if order is not None:
            self.watch.pass_time(1)
            self.process.suppliers[account].bill_more(order.vendor_order_id)

    @precondition(lambda self: any(supplier.asked() for supplier in self.process.suppliers.values()))
    @rule(account=ACCOUNTS, agree=st.booleans())
    def a_supplier_answers_a_refund(self, account: str, agree: bool) -> None:
        supplier = self.process.suppliers[account]
        for number in supplier.asked()[:1]:
            self.watch.pass_time(1)
            supplier.books.answer_refund(number, agree=agree)

    @rule(code=st.sampled_from(sorted(SKUS)), stock=st.sampled_from([0, 0, 1, 100]))
    def a_spec_is_sold_out_or_there_again(self, code: str, stock: int) -> None:
        spec = SKUS[code][0].parts[-1].spec_id
        self.process.suppliers[MAIN].change_spec(int(spec, 16), stock=stock)

    @rule(code=st.sampled_from(sorted(SKUS)), times=st.sampled_from([Decimal(20), Decimal("1.1"), Decimal("0.1")]))
    def a_price_changes(self, code: str, times: Decimal) -> None:
        spec = SKUS[code][0].parts[0].spec_id
        self.process.suppliers[MAIN].change_spec(int(spec, 16), dearer=times)

    # the forwarder

    @precondition(lambda self: self.any_made())
    @rule(account=ACCOUNTS, n=ANY, again=st.booleans(), beside=st.sampled_from(["unsaid", "further", "instead"]))
    def a_parcel_goes_abroad(self, account: str, n: int, again: bool, beside: str) -> None:
        sent = self.process.forwarder.sent
        if again and sent:
            sent.append(sent[n % len(sent)])
            return
        order = self.vendor_order(account, n)
        purchase = order and self.read(placed_orders.named_by, order)
        if isinstance(purchase, Purchase):
            self.parcels += 1
            known = [shipment.number for shipment in sent if shipment.mark == purchase.mark]
            instead = known[-1] if known else ""
            replaces = {"unsaid": None, "further": "", "instead": instead}[beside]
            sent.append(Shipment("YANWEN", f"UR{self.parcels:09d}YP", purchase.mark, replaces))

    @precondition(lambda self: any(entry.code == "two_numbers" for entry in self.queue))
    @rule(n=ANY, further=st.booleans())
    def a_person_says_what_a_second_number_is(self, n: int, further: bool) -> None:
        bridge = self.process.bridge

        def say(session: Session, entry: Entry) -> None:
            order_id, number = entry.subject.removeprefix(f"order {STORE}/").split(" ")
            if further:
                numbers.declare(session, bridge, order_id, number, stores=[STORE])
            else:
                old = entry.figures["beside"].split(", ")[0]
                numbers.correct(session, bridge, order_id, old, number, carrier="", stores=[STORE])

        self.decide(n, say, code="two_numbers")

    @rule(mark=st.sampled_from(["", "QQQQQQQQ"]))
    def a_parcel_bears_an_unknown_mark(self, mark: str) -> None:
        self.parcels += 1
        self.process.forwarder.sent.append(Shipment("YANWEN", f"UR{self.parcels:09d}YP", mark))

    # the person

    def decide(self, n: int, fn: Callable[[Session, Entry], None], **wanted: object) -> Entry | None:
        """Do something about an entry; None if there is none, or the program says no."""
        fitting = [entry for entry in self.queue if all(getattr(entry, k) == v for k, v in wanted.items())]
        if not fitting:
            return None
        entry = fitting[n % len(fitting)]
        try:
            self.runner.run(self.process.db.decide(fn, entry))
        except SyncBridgeError:
            return None
        return entry

    @precondition(lambda self: self.queue)
    @rule(n=ANY)
    def a_person_approves(self, n: int) -> None:
        now = self.watch.clock.now()
        self.decide(n, lambda session, entry: decisions.approve(session, entry.id, why="seen", now=now))

    @precondition(lambda self: self.queue)
    @rule(n=ANY)
    def a_person_retries(self, n: int) -> None:
        now = self.watch.clock.now()
        self.decide(n, lambda session, entry: retry_queue.retry(session, entry.id, now=now))

    @precondition(lambda self: self.queue)
    @rule(n=ANY)
    def a_person_drops(self, n: int) -> None:
        now = self.watch.clock.now()
        entry = self.decide(n, lambda session, entry: retry_queue.drop(session, entry.id, why="no", now=now))
        if entry is not None:
            self.watch.confused |= self.about(entry)

    def about(self, entry: Entry) -> set[str]:
        purchase = self.purchases_of(entry)
        named = {order.order_id for order in self.orders if order.order_id in entry.subject}
        return named | ({purchase.order_id} if purchase else set())

    @precondition(lambda self: self.queue)
    @rule(n=ANY)
    def a_person_switches(self, n: int) -> None:
        bridge = self.process.bridge
        self.decide(n, lambda session, entry: decisions.switch(session, bridge, entry.id, why="faster"))

    @precondition(lambda self: any(entry.code == "unknown" for entry in self.queue))
    @rule(n=ANY, carefully=st.booleans())
    def a_person_says_it_was_not_placed(self, n: int, carefully: bool) -> None:
        now = self.watch.clock.now()
        there: list[Purchase] = []

        def say(session: Session, entry: Entry) -> None:
            purchase = purchases.get(session, entry.purchase or 0)
            coming = purchase.out_order_id in self.process.suppliers[purchase.supplier].coming
            if self.made(purchase) or coming:
                if carefully:
                    raise SyncBridgeError("it is there")
                there.append(purchase)
            decisions.not_placed(session, entry.id, why="looked", quarantine=TERMS.quarantine, now=now)

        if self.decide(n, say, code="unknown") and there:
            (purchase,) = there
            self.watch.confused.add(purchase.order_id)
            for line in purchase.lines:
                self.watch.excused[purchase.order_id, (purchase.supplier, line.offer_id, line.spec_id)] += line.quantity

    @precondition(lambda self: self.queue)
    @rule(n=ANY, right=st.booleans())
    def a_person_names_a_number(self, n: int, right: bool) -> None:
        now = self.watch.clock.now()

        def name(session: Session, entry: Entry) -> None:
            purchase = purchases.known(session, entry.purchase or 0)
            if purchase is None:
                raise SyncBridgeError("about no purchase")
            theirs = [order.vendor_order_id for order in self.made(purchase)]
            others = [
                number for number in self.process.suppliers[purchase.supplier].books.books if number not in theirs
            ]
            numbers = theirs if right else [*others[-1:], *([] if others else ["nonsense1"])]
            if not numbers:
                raise SyncBridgeError("there is nothing to name")
            decisions.ask_to_adopt(session, entry.id, numbers, now=now)

        entry = self.decide(n, name)
        if entry is not None and not right:
            self.watch.confused |= self.about(entry)

    @precondition(lambda self: any(entry.state == "by_hand" for entry in self.queue))
    @rule(n=ANY, marked=st.booleans())
    def a_person_buys_by_hand(self, n: int, marked: bool) -> None:
        cards = [entry for entry in self.queue if entry.state == "by_hand"]
        purchase = self.purchases_of(cards[n % len(cards)]) if cards else None
        if purchase is None or self.made(purchase):
            return
        supplier = self.process.suppliers[purchase.supplier]
        if purchase.out_order_id in supplier.coming:
            return
        self.watch.pass_time(1)
        draft = PurchaseDraft(purchase.lines, RELAY, note=f"唛头 {purchase.mark}" if marked else "please hurry")
        order = supplier.books.bought_on_the_page(draft, total=price(draft))
        if not marked:
            self.watch.made_for[supplier.name, order.vendor_order_id] = purchase.mark
        self.bought.append((self.watch.clock.now(), supplier.name, order))

    @precondition(lambda self: self.any_made(VendorOrderState.UNPAID))
    @rule(account=ACCOUNTS, n=ANY)
    def a_person_pays_on_the_page(self, account: str, n: int) -> None:
        order = self.vendor_order(account, n, VendorOrderState.UNPAID)
        if order is not None:
            self.watch.pass_time(1)
            self.process.suppliers[account].pay_on_the_page(order.vendor_order_id)


def price(draft: PurchaseDraft) -> Money:
    """What a person pays on the page for one spec."""
    specs = {spec.spec_id: spec for offers in OFFERS.values() for offer in offers for spec in offer.specs}
    each = specs[draft.lines[0].spec_id].cost
    assert each is not None
    return each * sum(line.quantity for line in draft.lines)


TestTrade = Trade.TestCase
TestTrade.settings = SETTINGS


class Naive(Trade):
    """The same with a purchase that calls and then writes."""

    flows: ClassVar = {**JOBS, "purchase.place": call_then_write}


async def _let_all_pass(bridge: Bridge, purchase: Purchase) -> Outcome | None:
    return None


def test_the_machine_catches_a_handler_that_calls_and_then_writes() -> None:
    with pytest.raises(AssertionError):
        run_state_machine_as_test(Naive, settings=CONTROL)


def test_the_machine_catches_a_gate_that_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gates, "before_buying", _let_all_pass)
    with pytest.raises(AssertionError):
        run_state_machine_as_test(Trade, settings=CONTROL)
