"""What was bought for a cancelled order is taken back: cancelled while unpaid, refunded while unshipped.

One remote write an attempt, and the supplier's order is read before each: an answer that was lost is never guessed.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from sqlmodel import Session

from syncbridge.errors import NotGranted, OutcomeUnknown, Rejected
from syncbridge.flows import abroad, stock, vendor_orders
from syncbridge.flows.bridge import Bridge, order_priority, order_subject
from syncbridge.model.orders import Order, OrderState
from syncbridge.model.purchasing import PlacedOrder, Purchase, PurchaseState, RefundState, VendorOrderState
from syncbridge.ports import Cancels, Refunds, Supplier
from syncbridge.queue.execute import Done, Outcome, Park, Retry, Snooze
from syncbridge.queue.job import Claim, NewJob, enqueue, wake
from syncbridge.rules.merging import BOUGHT, cancelled, living
from syncbridge.store import holds, merging, orders, placed_orders, purchases, timeline

REFUND_WAIT = timedelta(hours=1)
"""Between looks at a refund the supplier has not answered."""
WHY = "买家取消了订单，请退款"
"""What the supplier reads: the buyer cancelled, please refund."""
_UNBOUGHT = (PurchaseState.INTENDED, PurchaseState.REFUSED, PurchaseState.BY_HAND)


def begin(session: Session, bridge: Bridge, store: str, order: Order) -> None:
    """Give up what is not bought, take back what is, and ask a person where neither can be done."""
    now = bridge.clock.now()
    holds.close_subject(session, order_subject(store, order.order_id), now=now)
    for purchase in purchases.of_order(session, store, order.order_id):
        if purchases.move(session, purchase.id, PurchaseState.STOPPED, when=_UNBOUGHT):
            why = f"the order is {order.state} on the channel"
            timeline.note(session, purchase.subject, "not bought", at=now, mark=purchase.mark, why=why)
            stock.reserve(session, purchase, "not wanted", now=now)
            abroad.give_up(session, purchase, now=now)
            wake(session, vendor_orders.place_key(purchase), now=now)
        elif _is_shared(session, purchase):
            _leave(session, bridge, purchase)
        elif order.state is OrderState.CANCELLED and purchases.move(
            session, purchase.id, PurchaseState.WITHDRAWING, when=[PurchaseState.PLACED, PurchaseState.PAID]
        ):
            abroad.give_up(session, purchase, now=now)
            _take_back(session, bridge, purchase)
        elif purchase.state in (PurchaseState.PLACED, PurchaseState.PAID, PurchaseState.SHIPPED):
            _ask(session, bridge, purchase, order)
    orders.settle(session, store, order.order_id)


def _is_shared(session: Session, purchase: Purchase) -> bool:
    """Whether it was bought together with what others still wait for."""
    others = [one for one in merging.together(session, purchase) if one.id != purchase.id]
    return purchase.state in BOUGHT and bool(living(others))


def _leave(session: Session, bridge: Bridge, purchase: Purchase) -> None:
    """Nothing of it can be taken back without what the others wait for, so a person is asked."""
    now = bridge.clock.now()
    purchases.move(session, purchase.id, PurchaseState.STOPPED, when=BOUGHT)
    timeline.note(session, purchase.subject, "not wanted, but bought together with others", at=now, mark=purchase.mark)
    together = merging.together(session, purchase)
    halt = cancelled(together)
    if halt is not None:
        figures = {"why": halt.why, "limit": halt.limit, "purchase": together[0].mark}
        holds.open_hold(session, "merged_cancelled", together[0].subject, figures, now=now)
    for vendor_order_id in placed_orders.of_purchase(session, purchase.holder):
        wake(session, vendor_orders.pay_key(purchase, vendor_order_id), now=now)


async def order(bridge: Bridge, job: Claim) -> Outcome:
    """Take one vendor order back."""
    purchase = await bridge.db.read(purchases.get, int(job.args["purchase"]))
    supplier = bridge.suppliers[purchase.supplier]
    seen = await supplier.order(job.args["vendor_order"])
    match seen.state:
        case VendorOrderState.CANCELLED:
            return _gone(bridge, purchase, seen)
        case VendorOrderState.UNPAID:
            return await _cancel(bridge, purchase, supplier, seen)
        case VendorOrderState.PAID:
            return await _refund(bridge, purchase, supplier, seen)
        case VendorOrderState.OTHER:
            return Park("vendor_state", f"the supplier gives order {seen.vendor_order_id} a state we do not know")
    why = (
        f"the goods of the supplier's order {seen.vendor_order_id} left although the buyer cancelled; "
        "have the parcel stopped at the relay or sent back"
    )
    return Park("shipped_after_cancel", why)


async def _cancel(bridge: Bridge, purchase: Purchase, supplier: Supplier, seen: PlacedOrder) -> Outcome:
    settled = bridge.clock.now() + bridge.terms.quarantine
    by_hand = Park(
        "cancel_by_hand", f"we may not cancel the supplier's order {seen.vendor_order_id}; do it on its page"
    )
    if not isinstance(supplier, Cancels):
        return by_hand
    try:
        await supplier.cancel(seen.vendor_order_id)
    except NotGranted:
        return by_hand
    except (OutcomeUnknown, Rejected) as error:  # it may be cancelled, or paid meanwhile: read again first
        return Retry("not_cancelled", str(error), at=settled)
    after = await supplier.order(seen.vendor_order_id)
    if after.state is not VendorOrderState.CANCELLED:
        return Retry("not_shown", "the supplier took the cancellation but does not show it yet", at=settled)
    return _gone(bridge, purchase, after)


async def _refund(bridge: Bridge, purchase: Purchase, supplier: Supplier, seen: PlacedOrder) -> Outcome:
    what = f"{seen.total} of the supplier's order {seen.vendor_order_id}"
    by_hand = Park("refund_by_hand", f"the account may not ask for refunds by API; ask for {what} on its page")
    if not isinstance(supplier, Refunds):
        return by_hand
    now = bridge.clock.now()
    try:
        asked = await supplier.refunds(seen.vendor_order_id)
        match asked[0].state if asked else None:
            case RefundState.REFUNDED:
                return _gone(bridge, purchase, replace(seen, state=VendorOrderState.CANCELLED))
            case RefundState.CLOSED:
                return Park(
                    "refund_refused", f"the supplier did not refund {seen.total} of order {seen.vendor_order_id}"
                )
            case None:
                refund_id = await supplier.refund(seen.vendor_order_id, why=WHY)
            case _:
                refund_id = asked[0].refund_id
    except NotGranted:
        return by_hand
    except OutcomeUnknown as error:
        return Retry("unknown", str(error), at=now + bridge.terms.quarantine)

    def write(session: Session) -> None:
        placed_orders.refund_asked(session, purchase.supplier, seen.vendor_order_id, refund_id)
        if not asked:
            timeline.note(session, purchase.subject, "refund asked", at=now, refund=refund_id, amount=seen.total)

    why = f"the supplier has not answered yet whether it refunds {what}"
    return Snooze(now + REFUND_WAIT, "refund_waiting", why, write)


def _gone(bridge: Bridge, purchase: Purchase, seen: PlacedOrder) -> Outcome:
    return Done(lambda session: vendor_orders.note(session, bridge, purchase.supplier, [seen]))


def _take_back(session: Session, bridge: Bridge, purchase: Purchase) -> None:
    now = bridge.clock.now()
    alive = [
        vendor_order_id
        for vendor_order_id, state in placed_orders.of_purchase(session, purchase.holder).items()
        if state is not VendorOrderState.CANCELLED
    ]
    timeline.note(session, purchase.subject, "taking back", at=now, vendor_orders=", ".join(alive))
    priority = order_priority(orders.ship_by(session, purchase.store, purchase.order_id), now)
    jobs = [
        NewJob(
            kind="withdraw.order",
            key=vendor_orders.withdraw_key(purchase, vendor_order_id),
            account=purchase.supplier,
            run_at=now,
            priority=priority,
            subject=purchase.subject,
            lock=f"purchase:{purchase.holder}",
            args={
                "purchase": str(purchase.id),
                "vendor_order": vendor_order_id,
                "order": purchase.order_id,
                "store": purchase.store,
            },
        )
        for vendor_order_id in alive
    ]
    enqueue(session, jobs, now=now)
    for vendor_order_id in alive:
        wake(session, vendor_orders.pay_key(purchase, vendor_order_id), now=now)


def _ask(session: Session, bridge: Bridge, purchase: Purchase, order: Order) -> None:
    """Bought, and neither cancelled nor to be shipped by us: only a person knows what happened."""
    why = f"the order is {order.state} on the channel, but purchase {purchase.mark} is {purchase.state}"
    holds.open_hold(session, "order_ended", purchase.subject, {"why": why}, now=bridge.clock.now())
