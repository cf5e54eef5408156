"""Orders come in: a webhook is a hint, the poll is the truth, and both end in `take`, which reads the order."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlmodel import Session

from syncbridge.flows import abroad, forecasts, fulfil, gates, stock, vendor_orders
from syncbridge.flows.bridge import Bridge, order_priority, order_subject
from syncbridge.model.orders import Order, OrderStage, OrderState
from syncbridge.model.paging import read_to_end
from syncbridge.model.purchasing import Purchase, PurchaseState
from syncbridge.queue.execute import Done, Outcome, Park
from syncbridge.queue.job import Claim, NewJob, enqueue, settle_others
from syncbridge.rules.routing import (
    Bindings,
    Offers,
    Routing,
    Split,
    backup_keys,
    intent_key,
    meant,
    next_backup,
    offers_of,
    split,
)
from syncbridge.store import catalogue, cursors, holds, orders, placed_orders, purchases, readings, timeline

ADDRESS_CHANGED = "address_changed"
UNSENT = (PurchaseState.INTENDED, PurchaseState.REFUSED)
"""Nothing of such a purchase is at the supplier; of one by hand, nobody knows."""


async def poll(bridge: Bridge, job: Claim) -> Outcome:
    """Read which orders changed since last time, and take each that was not seen in this state."""
    store = job.account
    since = await bridge.db.read(cursors.get, f"orders:{store}")
    read = await read_to_end(bridge.channels[store].orders(since=since), since)

    def write(session: Session) -> None:
        now = bridge.clock.now()
        unseen = orders.unseen(session, store, read.items)
        wanted = [take_job(store, ref.order_id, ref.version, now) for ref in unseen]
        wanted += [take_job(store, order_id, f"unreadable {why}", now) for order_id, why in read.failures]
        enqueue(session, wanted, now=now)
        cursors.put(session, f"orders:{store}", read.cursor)

    return Done(write)


async def take(bridge: Bridge, job: Claim) -> Outcome:
    """Read one order, keep it, and commit the intents to buy what it wants."""
    store = job.account
    order = await bridge.channels[store].order(job.args["order"])
    routing = await bridge.db.read(_route, bridge, store, order)
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


def intend(session: Session, bridge: Bridge, store: str, order_id: str, splits: Sequence[Split]) -> None:
    """Commit to buy these splits of an order that is kept, and the jobs that place them.

    Raises AlreadyIntended if a line of theirs is fed by a purchase that is not stopped: stop that first.
    """
    now = bridge.clock.now()
    order = orders.get(session, store, order_id)
    subject = order_subject(store, order_id)
    fed = _fed(purchases.of_order(session, store, order_id))
    for part in splits:
        if not fed.isdisjoint(part.line_ids):
            raise purchases.AlreadyIntended(f"{subject}: lines {', '.join(part.line_ids)} are being bought already")
    digest = orders.address_digest(order.address)
    for part in splits:
        purchase = purchases.intend(session, store, order_id, part, address_digest=digest, now=now)
        stock.reserve(session, purchases.get(session, purchase), "intended", now=now)
        vendor_orders.recognise(session, bridge, purchases.get(session, purchase))
        fulfil.recognise(session, bridge, purchases.get(session, purchase), part.route.carrier)
        timeline.note(
            session,
            subject,
            "intended",
            at=now,
            supplier=part.route.supplier,
            rule=part.route.place,
            lines=len(part.lines),
            alternative=part.alternative,
        )
        lead = forecasts.lead_time(session, part.route.supplier, part.route.name, part.lines)
        enqueue(session, [_place_job(bridge, store, order, part, purchase, lead)], now=now)


def reroute(session: Session, bridge: Bridge, purchase: Purchase) -> Sequence[Split] | None:
    """How to buy what a purchase feeds from the next backup, writing nothing; None if a person must decide."""
    store = purchase.store
    others = [
        other
        for other in purchases.of_order(session, store, purchase.order_id)
        if other.id != purchase.id and other.state is not PurchaseState.STOPPED
    ]
    order = orders.get(session, store, purchase.order_id)
    return next_backup(purchase, order, others, _offers(session, order, store, {}, bridge), bridge.rules)


def is_bought_from_backup(session: Session, bridge: Bridge, purchase: Purchase) -> bool:
    """Whether a supplier shows it bought from a later backup, which a restored database does not know any more."""
    order = orders.get(session, purchase.store, purchase.order_id)
    keys = backup_keys(purchase, order, bridge.rules)
    return any(placed_orders.unclaimed_of(session, supplier, names) for supplier, names in keys.items())


def switch(session: Session, bridge: Bridge, purchase: Purchase, splits: Sequence[Split], why: str) -> None:
    """Buy elsewhere what a purchase feeds that was never made, or clearly refused."""
    unmade = [PurchaseState.INTENDED, PurchaseState.SENT, PurchaseState.REFUSED]
    if purchases.move(session, purchase.id, PurchaseState.STOPPED, when=unmade):
        now = bridge.clock.now()
        stock.reserve(session, purchase, "switched", now=now)
        abroad.give_up(session, purchase, now=now)
        timeline.note(session, purchase.subject, "switched to a backup", at=now, mark=purchase.mark, why=why)
        holds.close_subject(session, purchase.subject, now=now)
        intend(session, bridge, purchase.store, purchase.order_id, splits)


def _route(session: Session, bridge: Bridge, store: str, order: Order) -> Routing:
    codes = {line.sku_code for line in order.lines}
    codes |= {meant(code, store, bridge.rules) for code in codes}
    bindings = catalogue.bound_specs(session, store, codes)
    offers = _offers(session, order, store, bindings, bridge)
    return split(order, store, bindings, offers, bridge.rules)


def _offers(session: Session, order: Order, store: str, bindings: Bindings, bridge: Bridge) -> Offers:
    """The snapshots of all offers that could feed the lines of an order."""
    return catalogue.snapshots(session, offers_of(order, store, bindings, bridge.rules))


def _fed(bought: Sequence[Purchase]) -> set[str]:
    """The order lines that purchases feed, unless they are stopped."""
    alive = [purchase for purchase in bought if purchase.state is not PurchaseState.STOPPED]
    return {line_id for purchase in alive for line_id in purchase.line_ids}


def _keep(session: Session, bridge: Bridge, store: str, order: Order, routing: Routing | None) -> None:
    """Keep the order and, the first time it wants goods and every line has a route, intend to buy them."""
    if not orders.keep(session, store, order):
        return
    now = bridge.clock.now()
    subject = order_subject(store, order.order_id)
    timeline.note(session, subject, f"read: {order.state}", at=now, modified_at=order.modified_at)
    stage = orders.stage_of(session, store, order.order_id)
    if stage is OrderStage.BUYING:
        gates.order_changed(session, bridge, store, order)
    if stage not in (OrderStage.WAITING, OrderStage.UNROUTED):
        _watch_address(session, store, order, now)
    elif not order.state.wants_goods:
        _wait_or_end(session, store, order)
        if routing is not None and _may_be_bought(session, bridge, store, order, routing):
            _begin(session, bridge, store, order, routing)
            gates.order_changed(session, bridge, store, order)
    elif routing is None:
        orders.set_stage(session, store, order.order_id, OrderStage.UNROUTED)
    else:
        _begin(session, bridge, store, order, routing)


def _may_be_bought(session: Session, bridge: Bridge, store: str, order: Order, routing: Routing) -> bool:
    """Whether a cancelled order may have been bought for before a backup was restored: its supplier's ledger says."""
    if order.state is not OrderState.CANCELLED:
        return False
    for part in routing.splits:
        supplier = part.route.supplier
        key = intent_key(store, order.order_id, supplier, part.number)
        if gates.ledger_unread(session, bridge, supplier) or placed_orders.unclaimed_of(session, supplier, [key]):
            return True
    return False


def _wait_or_end(session: Session, store: str, order: Order) -> None:
    ended = order.state in (OrderState.SHIPPED, OrderState.FINISHED, OrderState.CANCELLED)
    orders.set_stage(session, store, order.order_id, OrderStage.ENDED if ended else OrderStage.WAITING)


def _begin(session: Session, bridge: Bridge, store: str, order: Order, routing: Routing) -> None:
    """Every line has its place: buy what is to be bought, and leave the seller's own stock alone."""
    if routing.own_stock:
        subject = order_subject(store, order.order_id)
        skus = ", ".join(routing.own_stock)
        timeline.note(session, subject, "left to the seller's own stock", at=bridge.clock.now(), skus=skus)
    stage = OrderStage.BUYING if routing.splits else OrderStage.NOT_OURS
    orders.set_stage(session, store, order.order_id, stage)
    for part in routing.splits:
        readings.sold(session, part.route.supplier, {line.offer_id for line in part.lines})
    intend(session, bridge, store, order.order_id, routing.splits)


def _watch_address(session: Session, store: str, order: Order, now: datetime) -> None:
    """Take note of an address the buyer changed; where something may be bought already, a person is told."""
    digest = orders.address_digest(order.address)
    if not digest:
        return
    subject = order_subject(store, order.order_id)
    late = []
    for purchase in purchases.of_order(session, store, order.order_id):
        if purchase.state is PurchaseState.STOPPED or digest == purchase.address_digest:
            continue
        if purchase.state in UNSENT or not purchase.address_digest:
            purchases.note_address(session, purchase.id, digest)
            timeline.note(session, subject, "address noted", at=now, mark=purchase.mark)
        elif purchase.approvals.get(ADDRESS_CHANGED) != digest:
            late.append(purchase.mark)
    if late:
        why = (
            f"the buyer changed the address after {', '.join(late)} went to the supplier; "
            "give the forwarder the new one, which the order on the channel shows, before the parcel leaves"
        )
        holds.open_hold(session, ADDRESS_CHANGED, subject, {"why": why, "limit": digest}, now=now)
    else:
        holds.close_holds(session, ADDRESS_CHANGED, [subject], now=now)


def _place_job(bridge: Bridge, store: str, order: Order, part: Split, purchase: int, lead: timedelta) -> NewJob:
    now = bridge.clock.now()
    return NewJob(
        kind="purchase.place",
        key=f"purchase.place:{purchase}",
        account=part.route.supplier,
        run_at=max(now, (order.paid_at or now) + bridge.terms.cool_off),
        priority=order_priority(order.ship_by, now, lead),
        subject=order_subject(store, order.order_id),
        lock=f"purchase:{purchase}",
        args={"purchase": str(purchase), "order": order.order_id, "store": store},
    )
