"""What the supplier's ledger shows: ours move on, what was bought by hand is adopted, the rest is an open item."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import product

from sqlmodel import Session

from syncbridge.flows import abroad, forecasts, fulfil, stock
from syncbridge.flows.bridge import Bridge, order_priority
from syncbridge.model.purchasing import PlacedOrder, Purchase, PurchaseState, VendorOrderState
from syncbridge.model.shipping import Shipment
from syncbridge.queue.job import NewJob, enqueue, park_again, wake
from syncbridge.rules import purchasing
from syncbridge.rules.merging import BOUGHT
from syncbridge.store import holds, merging, orders, placed_orders, purchases, timeline, waybills

NO_PARCEL = "shipped_without_parcel"
"""The hold of a vendor order that is shipped, and shows no parcel that could be followed: 不需要物流."""
NOT_ABOUT_BUYING = ("address_changed", "order_ended", "merged_cancelled")
"""Holds on an order that its being bought does not settle."""
GOING_ON = (*BOUGHT, PurchaseState.DECLARED)
"""A parcel of what was bought by hand may be declared before the vendor order is seen."""


def adopted(session: Session, bridge: Bridge, purchase: Purchase, found: Sequence[PlacedOrder]) -> None:
    """These are the vendor orders of the intent: keep them, and pay those we sent; by hand, the person pays.

    Orders made for several purchases are kept under one, whichever of them finds them.
    """
    if _has(session, purchase, found):  # the look-up and the poll may find the same at the same time
        note(session, bridge, purchase.supplier, found)
        return
    now = bridge.clock.now()
    holder = placed_orders.holder(session, purchase, found)
    placed_orders.adopt(session, holder, found, now=now)
    joined = merging.join(session, holder, found, when=purchases.UNPLACED)
    numbers = ", ".join(order.vendor_order_id for order in found)
    for one in joined if holder.id != purchase.id else merging.together(session, holder):
        timeline.note(session, one.subject, "placed", at=now, vendor_orders=numbers, mark=one.mark)
        stock.taken(session, one, now=now)
        wake(session, place_key(one), now=now)
        holds.close_subject(session, one.subject, but=NOT_ABOUT_BUYING, now=now)
        abroad.to_hand(session, one, now=now)
    for one, parcel in product(joined, merging.parcels(session, holder)):
        fulfil.pass_on(session, bridge, one, parcel)
    unpaid = [order for order in found if order.state is VendorOrderState.UNPAID]
    if purchase.state is not PurchaseState.BY_HAND:
        enqueue(session, [_pay_job(session, holder, order, now) for order in unpaid], now=now)
    note(session, bridge, purchase.supplier, [order for order in found if order.state.is_paid])


def _has(session: Session, purchase: Purchase, found: Sequence[PlacedOrder]) -> bool:
    now = purchases.get(session, purchase.id)
    known = placed_orders.of_purchase(session, now.holder).keys()
    return now.state not in purchases.UNPLACED and known >= {order.vendor_order_id for order in found}


def by_hand(session: Session, bridge: Bridge, purchase: Purchase, why: str) -> None:
    """A person is to buy it on the supplier's page; what they bought is found by its mark."""
    purchases.move(session, purchase.id, PurchaseState.BY_HAND, when=purchases.UNPLACED)
    timeline.note(session, purchase.subject, "to be bought by hand", at=bridge.clock.now(), why=why)
    abroad.label_first(session, bridge, purchase)


def recognise(session: Session, bridge: Bridge, purchase: Purchase) -> None:
    """A vendor order that carries the name of an intent just made was bought before a backup was restored."""
    found = placed_orders.unclaimed(session, purchase)
    if found:
        adopted(session, bridge, purchase, found)


def note(session: Session, bridge: Bridge, account: str, seen: Sequence[PlacedOrder], *, occasion: str = "") -> None:
    """Vendor orders as they are now: ours move on, others are matched to open cards or kept as open items.

    The parcels of those that left are read once for each change of them, and for each `occasion` there is beside.
    """
    now = bridge.clock.now()
    cards = [card for card in purchases.open_cards(session, account) if _may_adopt(bridge, card)]
    for order in seen:
        news = placed_orders.is_news(session, account, order)
        placed_orders.see(session, account, order, now=now)
        purchase = placed_orders.purchase_of(session, account, order.vendor_order_id)
        if purchase is None:
            _claim(session, bridge, account, order, cards)
            continue
        if order.state is VendorOrderState.CANCELLED:
            _cancelled(session, bridge, purchase, order, news=news)
        if order.state.is_paid:
            paid(session, bridge, purchase, order)
        if order.has_left:
            reading = occasion or f"{order.state} {order.modified_at}"
            enqueue(session, [waybill_job(purchase, order.vendor_order_id, reading, now)], now=now)


def _may_adopt(bridge: Bridge, card: Purchase) -> bool:
    """A purchase of unknown outcome is left to its own look-up until the quarantine is over."""
    if card.state is not PurchaseState.UNKNOWN or card.sent_at is None:
        return True
    return bridge.clock.now() >= card.sent_at + bridge.terms.quarantine


def _claim(session: Session, bridge: Bridge, account: str, order: PlacedOrder, cards: Sequence[Purchase]) -> None:
    """A vendor order nobody owns: an open card's, or one too many of a purchase, or none of ours."""
    if order.state is VendorOrderState.CANCELLED:
        return
    card = next((card for card in cards if _fits(card, order)), None)
    if card is not None:
        adopted(session, bridge, card, [order])
        return
    known = placed_orders.named_by(session, order)
    if known is None or known.state in purchases.UNPLACED:
        return
    if known.state in GOING_ON and purchasing.is_part(order, known, placed_orders.seen(session, known.id)):
        adopted(session, bridge, known, [order])
    else:
        _one_too_many(session, account, order, known, bridge.clock.now())


def _one_too_many(session: Session, account: str, order: PlacedOrder, purchase: Purchase, now: datetime) -> None:
    """Somebody bought what was bought already, or what nobody wants any more: a person is to cancel it; told once."""
    why = f"it carries the mark of purchase {purchase.mark}, which is {purchase.state}; cancel it at the supplier"
    subject, figures = f"vendor order {account}/{order.vendor_order_id}", {"why": why, "order": purchase.subject}
    if holds.open_hold(session, "vendor_order_extra", subject, figures, now=now):
        told = {"vendor_order": order.vendor_order_id, "mark": purchase.mark}
        timeline.note(session, purchase.subject, "placed, not wanted", at=now, **told)


def _cancelled(session: Session, bridge: Bridge, purchase: Purchase, order: PlacedOrder, *, news: bool) -> None:
    """The supplier's order is gone although the buyer still waits: back to the retry queue with it."""
    if set(placed_orders.of_purchase(session, purchase.id).values()) - {VendorOrderState.CANCELLED}:
        if news and purchase.state in BOUGHT:
            _part_cancelled(session, purchase, order, bridge.clock.now())
        return
    for one in merging.together(session, purchase):
        _gone(session, bridge, one, order)
    merging.part(session, purchase.id)
    holds.close_holds(session, "merged_cancelled", [purchase.subject], now=bridge.clock.now())
    wake(session, pay_key(purchase, order.vendor_order_id), now=bridge.clock.now())


def _gone(session: Session, bridge: Bridge, purchase: Purchase, order: PlacedOrder) -> None:
    now = bridge.clock.now()
    stock.taken(session, purchase, now=now)
    if purchases.move(session, purchase.id, PurchaseState.STOPPED, when=[PurchaseState.WITHDRAWING]):
        timeline.note(session, purchase.subject, "taken back at the supplier", at=now, mark=purchase.mark)
        for vendor_order_id in placed_orders.of_purchase(session, purchase.holder):
            wake(session, withdraw_key(purchase, vendor_order_id), now=now)
        orders.settle(session, purchase.store, purchase.order_id)
        return
    if purchases.move(session, purchase.id, PurchaseState.REFUSED, when=BOUGHT):
        why = f"the supplier's order {order.vendor_order_id} was cancelled; buy it again or elsewhere"
        park_again(session, place_key(purchase), code="vendor_cancelled", why=why, now=now)
        timeline.note(
            session, purchase.subject, "cancelled by the supplier", at=now, vendor_order=order.vendor_order_id
        )


def _part_cancelled(session: Session, purchase: Purchase, order: PlacedOrder, now: datetime) -> None:
    """The rest of the purchase goes on, so that a person is to see to this part; told once."""
    why = f"the supplier cancelled order {order.vendor_order_id}, which was a part of purchase {purchase.mark}"
    subject = f"{purchase.subject} {order.vendor_order_id}"
    holds.open_hold(session, holds.LINE_REFUSED, subject, {"why": why, "purchase": purchase.mark}, now=now)


def _fits(card: Purchase, order: PlacedOrder) -> bool:
    """A vendor order belongs to a card if it carries its key or mark, and nothing less."""
    return order.out_order_id == card.out_order_id or card.mark in order.note


def paid(session: Session, bridge: Bridge, purchase: Purchase, order: PlacedOrder) -> None:
    """The money for a vendor order has left."""
    now = bridge.clock.now()
    placed_orders.paid(session, purchase, order, now=now)
    wake(session, pay_key(purchase, order.vendor_order_id), now=now)


def shipped(session: Session, bridge: Bridge, account: str, vendor_order_id: str, parcels: Sequence[Shipment]) -> None:
    """The supplier handed these domestic parcels to a courier, or says that it shipped and shows none.

    Those whose way abroad is booked are, now.
    """
    purchase = placed_orders.purchase_of(session, account, vendor_order_id)
    if purchase is None:
        return
    now, subject = bridge.clock.now(), f"vendor order {account}/{vendor_order_id}"
    if not parcels:
        if not (waybills.living(session, account, vendor_order_id) or holds.was_opened(session, NO_PARCEL, subject)):
            holds.open_hold(session, NO_PARCEL, subject, {"order": purchase.subject}, now=now)
        return
    new, gone = waybills.keep(session, account, vendor_order_id, parcels, now=now)
    placed_orders.shipped(session, purchase)
    abroad.shipped(session, bridge, purchase, vendor_order_id, parcels)
    holds.close_holds(session, NO_PARCEL, [subject], now=now)
    told = {"waybills": ", ".join(new), "instead_of": ", ".join(gone)}
    for one in merging.together(session, purchase) if new or gone else []:
        event = "waybill changed" if gone else "shipped by the supplier"
        timeline.note(session, one.subject, event, at=now, **{name: value for name, value in told.items() if value})


def _pay_job(session: Session, purchase: Purchase, order: PlacedOrder, now: datetime) -> NewJob:
    ship_by = orders.ship_by(session, purchase.store, purchase.order_id)
    lead = forecasts.lead_time(session, purchase.supplier, purchase.route, purchase.lines)
    return NewJob(
        kind="purchase.pay",
        key=pay_key(purchase, order.vendor_order_id),
        account=purchase.supplier,
        run_at=now,
        priority=order_priority(ship_by, now, lead),
        subject=purchase.subject,
        lock=f"purchase:{purchase.id}",
        args={
            "purchase": str(purchase.id),
            "vendor_order": order.vendor_order_id,
            "order": purchase.order_id,
            "store": purchase.store,
        },
    )


def place_key(purchase: Purchase) -> str:
    """The key of the job that buys it."""
    return f"purchase.place:{purchase.id}"


def withdraw_key(purchase: Purchase, vendor_order_id: str) -> str:
    """The key of the job that takes one of its vendor orders back."""
    return f"withdraw.order:{purchase.supplier}/{vendor_order_id}"


def pay_key(purchase: Purchase, vendor_order_id: str) -> str:
    """The key of the job that pays one of its vendor orders."""
    return f"purchase.pay:{purchase.supplier}/{vendor_order_id}"


def waybill_job(purchase: Purchase, vendor_order_id: str, occasion: str, now: datetime) -> NewJob:
    """The job that reads its domestic parcels; `occasion` tells reasons to read them apart."""
    return NewJob(
        kind="purchase.waybill",
        key=f"purchase.waybill:{purchase.supplier}/{vendor_order_id}@{occasion}",
        account=purchase.supplier,
        run_at=now,
        priority=order_priority(None, now),
        subject=purchase.subject,
        args={"vendor_order": vendor_order_id, "order": purchase.order_id, "store": purchase.store},
    )
