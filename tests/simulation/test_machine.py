"""Any order of what buyers, suppliers, couriers, people and accidents do: the invariants hold after each step."""

from __future__ import annotations

import asyncio
import contextlib
import random
import tempfile
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule, run_state_machine_as_test

from syncbridge.demo.books import Balance
from syncbridge.demo.scenario import STORE, BuyerOrder, Trouble
from syncbridge.errors import SyncBridgeError
from syncbridge.flows import decisions, retry_queue
from syncbridge.flows.bridge import order_subject
from syncbridge.flows.jobs import JOBS, Flow
from syncbridge.flows.retry_queue import Entry
from syncbridge.testing.clock import VirtualLoop
from tests.simulation.test_control import call_then_write
from tests.simulation.sim import PATIENCE, Sim

T = TypeVar("T")
MONEY = (
    "purchases.sent:committed",
    "supplier.place:before",
    "supplier.place:answered",
    "purchase.place:closing",
    "supplier.pay:answered",
    "purchase.pay:closing",
    "channel.declare:answered",
)
"""The points where a kill could cost most."""
WRITES = ("alibaba.trade.createCrossOrder", "alibaba.trade.pay.protocolPay.preparePay")
WAITS = "WAIT_SELLER_SEND_GOODS"


class Trade(RuleBasedStateMachine):
    """A store with its goods listed, and everything that can happen to an order, in any order."""

    jobs: Mapping[str, Flow] = JOBS

    def __init__(self) -> None:
        super().__init__()
        random.seed(0)  # tenacity's jitter
        self.folder = tempfile.TemporaryDirectory()
        self.runner = asyncio.Runner(loop_factory=VirtualLoop)
        self.sim = Sim(1, Path(self.folder.name), offers=6, kills=0, fault_share=0.02, jobs=self.jobs)
        self.coming = [order for order in self.sim.scenario.orders if order.trouble is Trouble.NONE]
        self.made: list[BuyerOrder] = []

    def run(self, coroutine: Coroutine[object, object, T]) -> T:
        return self.runner.run(coroutine)

    @initialize()
    def open(self) -> None:
        self.run(self.sim.open())
        self.run(self.sim.world.list_everything(PATIENCE))
        self.dying = self.run(self.start_dying())

    @precondition(lambda self: self.coming)
    @rule(push=st.booleans(), point=st.sampled_from((*MONEY, "")), lost=st.sampled_from((*WRITES, "")))
    def buyer_orders(self, push: bool, point: str, lost: str) -> None:
        """And what comes of it may meet a kill where it costs most, or a lost answer."""
        order = self.coming.pop()
        self.made.append(order)
        if point:
            self.sim.trap.set = [(point, 1)]
        if lost:
            self.run(self.sim.world.supplier.fail(lost, "lose_answer"))
        self.run(self.sim.world.order(replace(order, by_webhook=push)))

    @precondition(lambda self: self.made)
    @rule(data=st.data(), push=st.booleans())
    def buyer_asks_to_cancel(self, data: st.DataObject, push: bool) -> None:
        order = data.draw(st.sampled_from(self.made))
        if self.run(self.sim.status(order.order_id)) == WAITS:
            self.run(self.tell(order, "ask_to_cancel", push=push))

    @precondition(lambda self: self.made)
    @rule(data=st.data(), agreed=st.booleans(), push=st.booleans())
    def cancel_is_settled(self, data: st.DataObject, agreed: bool, push: bool) -> None:
        order = data.draw(st.sampled_from(self.made))
        if self.run(self.sim.status(order.order_id)) == "IN_CANCEL":
            what = "accept_cancel" if agreed else "withdraw_cancel"
            self.run(self.tell(order, what, push=push))

    @precondition(lambda self: self.made)
    @rule(data=st.data(), times=st.integers(1, 3))
    def message_comes_again(self, data: st.DataObject, times: int) -> None:
        order = data.draw(st.sampled_from(self.made))
        self.run(self.tell(order, "push", times=times))

    @rule()
    def daemon_is_killed(self) -> None:
        self.run(self.sim.die())

    @rule(deaf=st.booleans())
    def messages_are_lost_or_not(self, deaf: bool) -> None:
        self.sim.deaf = deaf

    @rule()
    def others_do_their_part(self) -> None:
        """The person buys what is to be bought by hand, suppliers ship, the forwarder sends on."""
        self.run(self.sim.world.do_their_part())

    @rule(seconds=st.floats(0.1, 20))
    def time_passes(self, seconds: float) -> None:
        self.run(self.sim.right_clock.sleep(seconds))

    @rule(action=st.sampled_from(["retry", "drop", "not placed", "approve"]), data=st.data())
    def person_acts(self, action: str, data: st.DataObject) -> None:
        """On any entry of the queue; what would be unsafe is refused, and nothing changes."""
        found = self.run(self.sim.world.desk.queue())
        if found:
            self.run(self.decide(action, data.draw(st.sampled_from(found))))

    @invariant()
    def nothing_is_broken(self) -> None:
        assert not self.sim.broken

    def teardown(self) -> None:
        try:
            books = self.run(self.end())
        finally:
            self.runner.close()
            self.folder.cleanup()
        assert books.differences == ()
        assert (books.doubled, books.bought_after_cancel, books.outside_band) == (0, 0, 0)

    async def end(self) -> Balance:
        """Cancels are agreed to, messages come again, and everything runs to its end."""
        self.sim.deaf = False
        for order in self.made:
            if await self.sim.status(order.order_id) == "IN_CANCEL":
                await self.tell(order, "accept_cancel")
        await self.sim.settle()
        self.dying.cancel()
        self.sim.scenario = replace(self.sim.scenario, orders=tuple(self.made))
        return await self.sim.close()

    async def start_dying(self) -> asyncio.Task[None]:
        return asyncio.create_task(self.sim.die_in_traps())

    async def tell(self, order: BuyerOrder, what: str, **values: object) -> None:
        await self.sim.world.channel.tell(f"orders/{order.order_id}/{what}", **values)

    async def decide(self, action: str, entry: Entry) -> None:
        """A refusal in words changes nothing."""
        assert self.sim.life is not None
        now = self.sim.clock.now()
        with contextlib.suppress(SyncBridgeError):
            match action:
                case "retry":
                    await self.sim.life.db.run(retry_queue.retry, entry.id, now=now)
                case "approve":
                    await self.sim.life.db.run(decisions.approve, entry.id, why="fine", now=now)
                case "drop":
                    await self.sim.life.db.run(retry_queue.drop, entry.id, why="not wanted", now=now)
                    await self.cancel(entry.subject)
                case "not placed" if not self.is_bought(entry.mark):
                    quarantine = timedelta(seconds=self.sim.settings.quarantine)
                    await self.sim.life.db.run(
                        decisions.not_placed, entry.id, why="not there", quarantine=quarantine, now=now
                    )

    async def cancel(self, subject: str) -> None:
        """What the seller gives up, the seller cancels on the channel."""
        for order in self.made:
            if subject == order_subject(STORE, order.order_id) and await self.sim.status(order.order_id) == WAITS:
                await self.tell(order, "ask_to_cancel")
                await self.tell(order, "accept_cancel")

    def is_bought(self, mark: str) -> bool:
        """What the person sees on the supplier's page."""
        supplier, _ = self.sim.books()
        return any(mark in str(order["message"]) for order in supplier["orders"])


class NaiveTrade(Trade):
    """The same with the handler of the control."""

    jobs = {**JOBS, "purchase.place": call_then_write}


def search(machine: type[Trade], *, examples: int, steps: int, phases: Sequence[Phase] = tuple(Phase)) -> None:
    """Look for an order of things that breaks an invariant; the same each time."""
    profile = settings(
        max_examples=examples,
        stateful_step_count=steps,
        phases=phases,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(machine, settings=profile)


def test_no_order_of_things_breaks_an_invariant() -> None:
    search(Trade, examples=10, steps=15)


def test_the_search_finds_what_a_naive_handler_breaks() -> None:
    with pytest.raises(BaseException, match="was bought|I1") as found:
        search(NaiveTrade, examples=60, steps=15, phases=[Phase.generate])
    assert found.type is not KeyboardInterrupt
