"""A purchase is made once: intent, gate, quote, `sent`, create; and after an unclear answer a look, never a guess.

Only a purchase in state `intended` is sent. Whatever else is found, by this flow after a crash or by the poll,
is looked up at the supplier first, and not before the quarantine is over.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlmodel import Session

from syncbridge.errors import (
    AccessExpired,
    NotGranted,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    Transient,
    VendorError,
)
from syncbridge.flows.bridge import Bridge, day_began, order_priority
from syncbridge.model.paging import read_to_end
from syncbridge.model.purchasing import (
    PlacedOrder,
    Placement,
    Purchase,
    PurchaseDraft,
    PurchaseState,
    Quote,
    VendorOrderState,
)
from syncbridge.queue.execute import PAUSE, RATE_LIMIT_SECONDS, Done, Outcome, Park, Retry, Snooze, Write
from syncbridge.queue.job import Claim, NewJob, enqueue, park_again, wake
from syncbridge.rules import purchasing
from syncbridge.rules.mapping import BuyMode
from syncbridge.rules.pricing import margin
from syncbridge.store import accounts, cursors, holds, orders, purchases, timeline

FRESH_LOOK_UPS = 2
"""So many spaced look-ups, each proven fresh, must find nothing before an account may send again by itself."""


async def place(bridge: Bridge, job: Claim) -> Outcome:
    """Buy what an order wants from one supplier."""
    purchase = await bridge.db.read(purchases.get, int(job.args["purchase"]))
    match purchase.state:
        case PurchaseState.INTENDED:
            return await _buy(bridge, purchase)
        case PurchaseState.SENT | PurchaseState.UNKNOWN:
            return await _settle(bridge, purchase)
        case PurchaseState.REFUSED:  # the supplier said a clear no, and a person asks again
            await bridge.db.run(purchases.move, purchase.id, PurchaseState.INTENDED, when=[PurchaseState.REFUSED])
            return await _buy(bridge, purchase)
        case _:
            return Done()


async def pay(bridge: Bridge, job: Claim) -> Outcome:
    """Pay one vendor order, after looking at it: it may be paid, dearer, or no longer wanted."""
    purchase = await bridge.db.read(purchases.get, int(job.args["purchase"]))
    if job.previous_claim_at is not None:
        settled = job.previous_claim_at + bridge.terms.quarantine
        if bridge.clock.now() < settled:
            return Snooze(settled, "settling", "an earlier payment may still be under way")
    supplier = bridge.suppliers[purchase.supplier]
    order = await supplier.order(job.args["vendor_order"])
    if order.state.is_paid:
        return Done(lambda session: _paid(session, bridge, purchase, order))
    stopped = await _money_gate(bridge, purchase, order)
    if stopped is not None:
        return stopped
    settled = bridge.clock.now() + bridge.terms.quarantine
    try:
        result = await supplier.pay([order.vendor_order_id])
    except OutcomeUnknown as error:
        return Retry("unknown", str(error), at=settled)
    if order.vendor_order_id not in result.paid:
        why = "the supplier says it is not paid; it is read again before a second try"
        return Retry("not_paid", why, at=settled)
    try:
        after = await supplier.order(order.vendor_order_id)
    except VendorError as error:  # the money may have left: no second try before the quarantine is over
        return Retry("not_shown", str(error), at=settled)
    if not after.state.is_paid:
        return Retry("not_shown", "the supplier took the payment but does not show it yet", at=settled)
    return Done(lambda session: _paid(session, bridge, purchase, after))


async def poll(bridge: Bridge, job: Claim) -> Outcome:
    """Read which vendor orders changed: follow ours, adopt what was bought by hand, keep the rest in the ledger."""
    account = job.account
    since = await bridge.db.read(cursors.get, f"purchases:{account}")
    read = await read_to_end(bridge.suppliers[account].orders(since=since), since)

    def write(session: Session) -> None:
        _note(session, bridge, account, read.items)
        for vendor_order_id, why in read.failures:
            subject = f"vendor order {account}/{vendor_order_id}"
            holds.open_hold(session, "vendor_order_unreadable", subject, {"why": why}, now=bridge.clock.now())
        cursors.put(session, f"purchases:{account}", read.cursor)

    return Done(write)


async def follow(bridge: Bridge, job: Claim) -> Outcome:
    """Re-read one vendor order, because a message mentioned it."""
    order = await bridge.suppliers[job.account].order(job.args["vendor_order"])
    return Done(lambda session: _note(session, bridge, job.account, [order]))


async def waybill(bridge: Bridge, job: Claim) -> Outcome:
    """Read the domestic parcels of a vendor order the supplier has shipped."""
    vendor_order_id = job.args["vendor_order"]
    parcels = await bridge.suppliers[job.account].shipments(vendor_order_id)
    numbers = [parcel.number for parcel in parcels]
    return Done(lambda session: _shipped(session, bridge, job.account, vendor_order_id, numbers))


async def _buy(bridge: Bridge, purchase: Purchase) -> Outcome:
    stopped = await _gate(bridge, purchase)
    if stopped is not None:
        return stopped
    route = bridge.route(purchase.route)
    if route.buy is BuyMode.BY_HAND:
        return Done(lambda session: _by_hand(session, bridge, purchase, f"route {route.name} buys by hand"))
    supplier = bridge.suppliers[purchase.supplier]
    draft = PurchaseDraft(purchase.lines, purchase.relay, note=f"唛头 {purchase.mark}")
    try:
        quote = await supplier.preview(draft)
    except NotGranted:
        return Done(lambda session: _by_hand(session, bridge, purchase, "the account may not quote orders by API"))
    if not quote.trade_types:
        return Done(lambda session: _by_hand(session, bridge, purchase, "the supplier cannot be ordered from by API"))
    units = sum(line.quantity for line in purchase.lines)
    left = margin(purchase.payout, quote.total, route.price, units, bridge.rules.rates)
    halt = purchasing.enough(left, max(route.price.minimum_margin, bridge.terms.margin_floor))
    if halt is not None:
        return _halted(bridge, purchase, halt)
    return await _send(bridge, purchase, draft, quote)


async def _send(bridge: Bridge, purchase: Purchase, draft: PurchaseDraft, quote: Quote) -> Outcome:
    """Commit `sent`, then call; from here on only a clear answer or a look-up says what happened."""
    cap = bridge.terms.of(purchase.supplier).daily_cap
    assert cap is not None  # noqa: S101  the gate saw to it
    sent_at = bridge.clock.now()
    try:
        await bridge.db.run(purchases.sent, purchase.id, quote, cap=cap, day_began=day_began(sent_at), now=sent_at)
    except purchases.NotIntended as error:
        return Snooze(sent_at, "not_intended", str(error))  # the poll found it meanwhile: look again
    except purchases.CapReached as error:
        return _halted(bridge, purchase, purchasing.Halt("cap", str(error)))
    final = PurchaseDraft(draft.lines, draft.address, draft.note, quote.flow, quote.trade_types[0])
    try:
        placement = await bridge.suppliers[purchase.supplier].place(final, key=purchase.key)
    except NotGranted:
        why = "the account may not create orders by API"
        return Done(lambda session: _by_hand(session, bridge, purchase, why))
    except OutcomeUnknown as error:
        until = sent_at + bridge.terms.quarantine
        return Snooze(until, "unknown", str(error), _moves(bridge, purchase, PurchaseState.UNKNOWN))
    except AccessExpired as error:
        return _paused(bridge, purchase.supplier, error, _moves(bridge, purchase, PurchaseState.INTENDED))
    except Transient as error:
        return _not_sent(bridge, purchase, error)
    except Rejected as error:
        return Park(error.code, str(error), _moves(bridge, purchase, PurchaseState.REFUSED))
    return _answered(bridge, purchase, placement)


async def _settle(bridge: Bridge, purchase: Purchase) -> Outcome:
    """Look for a purchase that may have been made."""
    assert purchase.sent_at is not None  # noqa: S101  set with the state
    now = bridge.clock.now()
    until = purchase.sent_at + bridge.terms.quarantine
    if now < until:
        why = "no clear answer from the supplier; looking after the quarantine"
        return Snooze(until, "unknown", why, _moves(bridge, purchase, PurchaseState.UNKNOWN))
    found = await bridge.suppliers[purchase.supplier].find(purchase.key, since=purchase.sent_at)
    alive = [order for order in found.orders if order.state is not VendorOrderState.CANCELLED]
    if alive:
        return Done(lambda session: adopted(session, bridge, purchase, alive))
    if found.fresh and bridge.terms.of(purchase.supplier).resend_unknown:
        return _look_again_or_resend(bridge, purchase)
    why = "the supplier shows no such order; a person must adopt its number or declare it not placed"
    return Park("unknown", why, _moves(bridge, purchase, PurchaseState.UNKNOWN))


def _look_again_or_resend(bridge: Bridge, purchase: Purchase) -> Outcome:
    """Two spaced fresh look-ups that find nothing let the same intent be sent again, where the seller allows it."""
    now = bridge.clock.now()
    if purchase.fresh_look_ups + 1 < FRESH_LOOK_UPS:
        until = now + bridge.terms.quarantine
        return Snooze(
            until,
            "unknown",
            "not found in a fresh list; looking once more",
            lambda session: purchases.count_fresh_look_up(session, purchase.id),
        )
    why = "not found in two fresh lists; sending the same intent again"
    return Snooze(now, "resend", why, _moves(bridge, purchase, PurchaseState.INTENDED))


async def _gate(bridge: Bridge, purchase: Purchase) -> Outcome | None:
    """Read the channel order again: only what is wanted now is bought."""
    try:
        order = await bridge.channels[purchase.store].order(purchase.order_id)
    except AccessExpired as error:
        return _paused(bridge, purchase.store, error)
    now = bridge.clock.now()
    verdict = purchasing.gate(
        order,
        live=bridge.terms.of(purchase.store).live,
        cap_set=bridge.terms.of(purchase.supplier).daily_cap is not None,
        buy_from=(order.paid_at or now) + bridge.terms.cool_off,
        now=now,
    )
    match verdict:
        case purchasing.Stop(why):
            return Done(lambda session: _stopped(session, bridge, purchase, why))
        case purchasing.Wait(until, code, why):
            return Snooze(until or now + bridge.terms.cool_off, code, why)
        case purchasing.Halt():
            return _halted(bridge, purchase, verdict)
    return None


async def _money_gate(bridge: Bridge, purchase: Purchase, order: PlacedOrder) -> Outcome | None:
    """The last look before money leaves: the order must still be wanted, and the price the one agreed to."""
    if order.state is VendorOrderState.CANCELLED:
        return Done(lambda session: _note(session, bridge, purchase.supplier, [order]))
    stopped = await _gate(bridge, purchase)
    if isinstance(stopped, Done):
        why = f"the channel order no longer wants goods; cancel the supplier's order {order.vendor_order_id}"
        return _halted(bridge, purchase, purchasing.Halt("order_ended", why))
    if stopped is not None:
        return stopped
    total = order.total + await bridge.db.read(purchases.total_of_others, purchase.id, order)
    agreed = purchase.quote.total if purchase.quote else total
    if total > agreed:
        why = f"the supplier asks {total}, {agreed} was agreed to"
        return _halted(bridge, purchase, purchasing.Halt("price_changed", why))
    return None


def _answered(bridge: Bridge, purchase: Purchase, placement: Placement) -> Outcome:
    def write(session: Session) -> None:
        adopted(session, bridge, purchase, placement.orders)
        for refused in placement.refused:
            subject = f"{purchase.subject} {refused.line.spec_id}"
            holds.open_hold(session, holds.LINE_REFUSED, subject, {"why": refused.message}, now=bridge.clock.now())

    return Done(write)


def adopted(session: Session, bridge: Bridge, purchase: Purchase, found: Sequence[PlacedOrder]) -> None:
    """These are the vendor orders of the intent: keep them, and pay those we sent; by hand, the person pays."""
    now = bridge.clock.now()
    purchases.adopt(session, purchase, found, now=now)
    numbers = ", ".join(order.vendor_order_id for order in found)
    timeline.note(session, purchase.subject, "placed", at=now, vendor_orders=numbers, mark=purchase.mark)
    unpaid = [order for order in found if order.state is VendorOrderState.UNPAID]
    if purchase.state is not PurchaseState.BY_HAND:
        enqueue(session, [_pay_job(session, purchase, order, now) for order in unpaid], now=now)
    wake(session, f"purchase.place:{purchase.id}", now=now)
    holds.close_subject(session, purchase.subject, now=now)
    _note(session, bridge, purchase.supplier, [order for order in found if order.state.is_paid])


def _note(session: Session, bridge: Bridge, account: str, seen: Sequence[PlacedOrder]) -> None:
    """Vendor orders as they are now: ours move on, others are matched to open cards or kept as open items."""
    now = bridge.clock.now()
    cards = [card for card in purchases.open_cards(session, account) if _may_adopt(bridge, card)]
    for order in seen:
        purchases.see(session, account, order, now=now)
        purchase = purchases.purchase_of(session, account, order.vendor_order_id)
        if purchase is None:
            _claim(session, bridge, account, order, cards)
            continue
        if order.state is VendorOrderState.CANCELLED:
            _cancelled(session, bridge, purchase, order)
        if order.state.is_paid:
            _paid(session, bridge, purchase, order)
        if order.state in (VendorOrderState.SHIPPED, VendorOrderState.RECEIVED):
            enqueue(session, [_waybill_job(purchase, order.vendor_order_id, now)], now=now)


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
    known = purchases.by_out_order_id(session, order.out_order_id or "")
    if known is not None and known.state not in purchases.UNPLACED:
        why = f"another order of purchase {known.mark} appeared at the supplier; cancel it there, or it is bought twice"
        subject = f"vendor order {account}/{order.vendor_order_id}"
        holds.open_hold(session, "vendor_order_extra", subject, {"why": why}, now=bridge.clock.now())


def _cancelled(session: Session, bridge: Bridge, purchase: Purchase, order: PlacedOrder) -> None:
    """The supplier's order is gone although the buyer still waits: back to the retry queue with it."""
    if any(state is not VendorOrderState.CANCELLED for _, state, _ in purchases.vendor_orders(session, purchase.id)):
        return
    bought = [PurchaseState.PLACED, PurchaseState.PAID, PurchaseState.SHIPPED]
    if purchases.move(session, purchase.id, PurchaseState.REFUSED, when=bought):
        now = bridge.clock.now()
        why = f"the supplier's order {order.vendor_order_id} was cancelled; buy it again or elsewhere"
        park_again(session, f"purchase.place:{purchase.id}", code="vendor_cancelled", why=why, now=now)
        timeline.note(
            session, purchase.subject, "cancelled by the supplier", at=now, vendor_order=order.vendor_order_id
        )


def _fits(card: Purchase, order: PlacedOrder) -> bool:
    """A vendor order belongs to a card if it carries its key or mark, and nothing less."""
    return order.out_order_id == card.out_order_id or card.mark in order.note


def _paid(session: Session, bridge: Bridge, purchase: Purchase, order: PlacedOrder) -> None:
    now = bridge.clock.now()
    purchases.paid(session, purchase, order, now=now)
    wake(session, _pay_key(purchase, order.vendor_order_id), now=now)


def _shipped(session: Session, bridge: Bridge, account: str, vendor_order_id: str, numbers: Sequence[str]) -> None:
    purchase = purchases.purchase_of(session, account, vendor_order_id)
    if purchase is None or not numbers:
        return
    purchases.shipped(session, purchase, vendor_order_id, numbers)
    timeline.note(session, purchase.subject, "shipped by the supplier", at=bridge.clock.now(), waybills=numbers)


def _by_hand(session: Session, bridge: Bridge, purchase: Purchase, why: str) -> None:
    purchases.move(session, purchase.id, PurchaseState.BY_HAND, when=purchases.UNPLACED)
    timeline.note(session, purchase.subject, "to be bought by hand", at=bridge.clock.now(), why=why)


def _stopped(session: Session, bridge: Bridge, purchase: Purchase, why: str) -> None:
    purchases.move(session, purchase.id, PurchaseState.STOPPED, when=[PurchaseState.INTENDED])
    timeline.note(session, purchase.subject, "not bought", at=bridge.clock.now(), why=why)


def _halted(bridge: Bridge, purchase: Purchase, halt: purchasing.Halt) -> Outcome:
    """A guard stops it: a person sees the figures, and retries once they are right."""

    def write(session: Session) -> None:
        now = bridge.clock.now()
        holds.open_hold(session, halt.code, purchase.subject, {"why": halt.why}, now=now)
        timeline.note(session, purchase.subject, f"held: {halt.code}", at=now, why=halt.why)

    return Park(halt.code, halt.why, write)


def _paused(bridge: Bridge, account: str, error: AccessExpired, undo: Write | None = None) -> Outcome:
    """The account that must be authorised again rests, which need not be the one the job runs for."""

    def write(session: Session) -> None:
        accounts.pause(session, account, until=until, why=str(error))
        if undo is not None:
            undo(session)

    until = bridge.clock.now() + PAUSE
    return Snooze(until, error.code, str(error), write)


def _not_sent(bridge: Bridge, purchase: Purchase, error: Transient) -> Outcome:
    """The supplier clearly did nothing: the same intent is sent later."""
    undo = _moves(bridge, purchase, PurchaseState.INTENDED)
    if isinstance(error, RateLimited):
        wait = timedelta(seconds=error.retry_after or RATE_LIMIT_SECONDS)
        return Snooze(bridge.clock.now() + wait, error.code, str(error), undo)
    at = bridge.clock.now() + timedelta(seconds=error.retry_after) if error.retry_after else None
    return Retry(error.code, str(error), undo, at)


def _moves(bridge: Bridge, purchase: Purchase, state: PurchaseState) -> Write:
    def write(session: Session) -> None:
        if purchases.move(session, purchase.id, state, when=[PurchaseState.SENT, PurchaseState.UNKNOWN]):
            timeline.note(session, purchase.subject, f"purchase {state}", at=bridge.clock.now())

    return write


def _pay_job(session: Session, purchase: Purchase, order: PlacedOrder, now: datetime) -> NewJob:
    ship_by = orders.ship_by(session, purchase.store, purchase.order_id)
    return NewJob(
        kind="purchase.pay",
        key=_pay_key(purchase, order.vendor_order_id),
        account=purchase.supplier,
        run_at=now,
        priority=order_priority(ship_by, now),
        subject=purchase.subject,
        lock=f"purchase:{purchase.id}",
        args={
            "purchase": str(purchase.id),
            "vendor_order": order.vendor_order_id,
            "order": purchase.order_id,
            "store": purchase.store,
        },
    )


def _pay_key(purchase: Purchase, vendor_order_id: str) -> str:
    return f"purchase.pay:{purchase.supplier}/{vendor_order_id}"


def _waybill_job(purchase: Purchase, vendor_order_id: str, now: datetime) -> NewJob:
    return NewJob(
        kind="purchase.waybill",
        key=f"purchase.waybill:{purchase.supplier}/{vendor_order_id}",
        account=purchase.supplier,
        run_at=now,
        priority=order_priority(None, now),
        subject=purchase.subject,
        args={"vendor_order": vendor_order_id, "order": purchase.order_id, "store": purchase.store},
    )
