"""The control: handlers as most integrations have them must fail the harness, or the harness proves nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from sqlmodel import Session

from syncbridge.demo.books import Balance
from syncbridge.errors import NotGranted, OutcomeUnknown
from syncbridge.flows import purchase as protocol
from syncbridge.flows.bridge import Bridge
from syncbridge.flows.jobs import JOBS, Flow
from syncbridge.flows.vendor_orders import adopted, by_hand
from syncbridge.model.purchasing import PurchaseDraft, PurchaseState
from syncbridge.queue.execute import Done, Outcome, Retry, Snooze
from syncbridge.queue.job import Claim
from syncbridge.rules.mapping import ShippingWay
from syncbridge.store import purchases
from syncbridge.testing.faults import Fault
from tests.simulation.invariants import Broken
from tests.simulation.sim import Sim

SEEDS = range(6)
CREATE = "alibaba.trade.createCrossOrder"
"""Most of these calls are acted upon only after their caller gave up, which neither handler bears."""


async def call_then_write(bridge: Bridge, job: Claim) -> Outcome:
    """Create the order, then store its number, and try again if that failed."""
    purchase = await bridge.db.read(purchases.get, int(job.args["purchase"]))
    if purchase.state is not PurchaseState.INTENDED:
        return Done()
    if bridge.route(purchase.route).ship is ShippingWay.LABEL_FIRST:  # what waits for its label is not the point
        return await protocol.place(bridge, job)
    supplier = bridge.suppliers[purchase.supplier]
    draft = PurchaseDraft(purchase.lines, purchase.relay, note=f"唛头 {purchase.mark}")
    quote = await supplier.preview(draft)
    try:
        placement = await supplier.place(
            replace(draft, flow=quote.flow, trade_type=quote.trade_types[0]), key=purchase.key
        )
    except NotGranted:
        return Done(lambda session: by_hand(session, bridge, purchase, "no right to order"))
    except OutcomeUnknown as error:
        return Retry("unknown", str(error))
    return Done(lambda session: adopted(session, bridge, purchase, placement.orders))


async def look_at_once(bridge: Bridge, job: Claim) -> Outcome:
    """The protocol but for its quarantine: after an unclear answer look, and send again what is not found."""
    purchase = await bridge.db.read(purchases.get, int(job.args["purchase"]))
    if purchase.state not in (PurchaseState.SENT, PurchaseState.UNKNOWN):
        return await protocol.place(replace(bridge, terms=replace(bridge.terms, quarantine=timedelta(0))), job)
    assert purchase.sent_at is not None
    found = await bridge.suppliers[purchase.supplier].find(purchase.key, since=purchase.sent_at)
    if found.orders:
        return Done(lambda session: adopted(session, bridge, purchase, found.orders))
    unclear = [PurchaseState.SENT, PurchaseState.UNKNOWN]

    def send_again(session: Session) -> None:
        purchases.move(session, purchase.id, PurchaseState.INTENDED, when=unclear)

    return Snooze(bridge.clock.now(), "not_found", "not found, so it is sent again", send_again)


def test_a_handler_that_calls_and_then_writes_buys_twice(tmp_path: Path) -> None:
    assert bought_twice(tmp_path, {**JOBS, "purchase.place": call_then_write})


def test_a_look_up_without_a_quarantine_buys_twice(tmp_path: Path) -> None:
    assert bought_twice(tmp_path, {**JOBS, "purchase.place": look_at_once})


def test_the_purchase_protocol_buys_none_of_the_same_twice(tmp_path: Path) -> None:
    assert not bought_twice(tmp_path, JOBS)


def bought_twice(folder: Path, jobs: Mapping[str, Flow]) -> list[str]:
    """What of the seeds' worlds was bought twice; the first seed that shows one is enough."""
    for seed in SEEDS:
        found = _of_seed(Sim(seed, folder, fault_share=0.6, wire_faults=[Fault.LATE], faulty=CREATE, jobs=jobs))
        if found:
            return found
    return []


def _of_seed(sim: Sim) -> list[str]:
    try:
        books: Balance = sim.play()
    except Broken as broken:
        return [str(broken)] if "I1" in str(broken) else []
    return [difference for difference in books.differences if "was bought" in difference]
