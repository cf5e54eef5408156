"""Orders come in: a webhook is a hint, the poll is the truth, and both end in `take`, which reads the order."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session

from syncbridge.flows.bridge import Bridge, order_priority, order_subject
from syncbridge.model.orders import Order, OrderStage
from syncbridge.model.paging import read_to_end
from syncbridge.queue.execute import Done, Outcome, Park
from syncbridge.queue.job import Claim, NewJob, enqueue, settle_others
from syncbridge.rules.routing import Routing, Split, split
from syncbridge.store import catalogue, cursors, orders, purchases, timeline


async def poll(bridge: Bridge, job: Claim) -> Outcome:
    """Read which orders changed since last time, and take each that was not seen in this state."""
    store = job.account
    since = await bridge.db.read(cursors.get, f"orders:{store}")
    read = await read_to_end(bridge.channels[store].orders(since=since), since)

    def write(session: Session) -> None:
        now = bridge.clock.now()
        unseen = orders.unseen(session, store, read.items)
        wanted = [take_job(store, ref.order_id, ref.modified_at.isoformat(), now) for ref in unseen]
        wanted += [take_job(store, order_id, f"unreadable {why}", now) for order_id, why in read.failures]
        enqueue(session, wanted, now=now)
        cursors.put(session, f"orders:{store}", read.cursor)

    return Done(write)


async def take(bridge: Bridge, job: Claim) -> Outcome:
    """Read one order, keep it, and commit the intents to buy what it wants."""
    store = job.account
    order = await bridge.channels[store].order(job.args["order"])
    bound = await bridge.db.read(catalogue.bound_specs, store, {line.sku_code for line in order.lines})
    routing = split(order, store, bound, bridge.rules)
    unrouted = "; ".join(routing.unrouted) if order.state.wants_goods else ""

    def write(session: Session) -> None:
        settle_others(session, job)
        _keep(session, bridge, store, order, None if unrouted else routing)

    return Park("unrouted", unrouted, write) if unrouted else Done(write)


def take_job(store: str, order_id: str, version: str, now: datetime) -> NewJob:
    """The job that reads an order; `version` tells occasions to read it apart."""
    return NewJob(
        kind="orders.take",
        key=f"orders.take:{store}/{order_id}@{version}",
        account=store,
        run_at=now,
        priority=order_priority(None, now),
        subject=order_subject(store, order_id),
        lock=order_subject(store, order_id),
        args={"order": order_id, "store": store},
    )


def _keep(session: Session, bridge: Bridge, store: str, order: Order, routing: Routing | None) -> None:
    """Keep the order and, the first time it wants goods and every line has a route, intend to buy them."""
    if not orders.keep(session, store, order):
        return
    now = bridge.clock.now()
    subject = order_subject(store, order.order_id)
    timeline.note(session, subject, f"read: {order.state}", at=now, modified_at=order.modified_at)
    stage = orders.stage_of(session, store, order.order_id)
    if stage not in (OrderStage.WAITING, OrderStage.UNROUTED):
        return
    if not order.state.wants_goods:
        _wait_or_end(session, store, order)
    elif routing is None:
        orders.set_stage(session, store, order.order_id, OrderStage.UNROUTED)
    elif not routing.splits:
        orders.set_stage(session, store, order.order_id, OrderStage.NOT_OURS)
    else:
        orders.set_stage(session, store, order.order_id, OrderStage.BUYING)
        _intend(session, bridge, store, order, routing.splits)


def _wait_or_end(session: Session, store: str, order: Order) -> None:
    ended = order.state in ("shipped", "finished", "cancelled")
    orders.set_stage(session, store, order.order_id, OrderStage.ENDED if ended else OrderStage.WAITING)


def _intend(session: Session, bridge: Bridge, store: str, order: Order, splits: Sequence[Split]) -> None:
    now = bridge.clock.now()
    for part in splits:
        purchase = purchases.intend(session, store, order.order_id, part, now=now)
        timeline.note(
            session,
            order_subject(store, order.order_id),
            "intended",
            at=now,
            supplier=part.route.supplier,
            rule=part.route.place,
            lines=len(part.lines),
        )
        place = NewJob(
            kind="purchase.place",
            key=f"purchase.place:{purchase}",
            account=part.route.supplier,
            run_at=max(now, (order.paid_at or now) + bridge.terms.cool_off),
            priority=order_priority(order.ship_by, now),
            subject=order_subject(store, order.order_id),
            lock=f"purchase:{purchase}",
            args={"purchase": str(purchase), "order": order.order_id, "store": store},
        )
        enqueue(session, [place], now=now)
