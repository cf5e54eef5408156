"""The control: a handler that calls and then writes must fail the harness, or the harness proves nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from syncbridge.errors import NotGranted, OutcomeUnknown
from syncbridge.flows.bridge import Bridge
from syncbridge.flows.jobs import JOBS
from syncbridge.flows.vendor_orders import adopted, by_hand
from syncbridge.model.purchasing import PurchaseDraft, PurchaseState
from syncbridge.queue.execute import Done, Outcome, Retry
from syncbridge.queue.job import Claim
from syncbridge.store import purchases
from tests.simulation.sim import Sim

SEEDS = (3, 9)


async def call_then_write(bridge: Bridge, job: Claim) -> Outcome:
    """What most integrations do: create the order, then store its number, and try again if that failed."""
    purchase = await bridge.db.read(purchases.get, int(job.args["purchase"]))
    if purchase.state is not PurchaseState.INTENDED:
        return Done()
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


def test_a_handler_that_calls_and_then_writes_doubles_orders(tmp_path: Path) -> None:
    naive = {**JOBS, "purchase.place": call_then_write}
    doubled = sum(Sim(seed, tmp_path, jobs=naive).play().doubled for seed in SEEDS)
    assert doubled > 0


def test_the_purchase_protocol_doubles_none_of_the_same(tmp_path: Path) -> None:
    assert sum(Sim(seed, tmp_path).play().doubled for seed in SEEDS) == 0


def test_a_seed_replays_exactly(tmp_path: Path) -> None:
    first, again = tmp_path / "first", tmp_path / "again"
    first.mkdir()
    again.mkdir()
    one, other = Sim(7, first), Sim(7, again)
    assert one.play() == other.play()
    assert one.faults == other.faults
