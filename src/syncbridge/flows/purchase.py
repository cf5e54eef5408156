"""A purchase is made once: intent, gate, quote, `sent`, create; and after an unclear answer a look, never a guess.

Only a purchase in state `intended` is sent. Whatever else is found, by this flow after a crash or by the poll,
is looked up at the supplier first, and not before the quarantine is over.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import product

from sqlmodel import Session

from syncbridge.errors import (
    AccessExpired,
    NotGranted,
    OutcomeUnknown,
    Rejected,
    Transient,
    VendorError,
)
from syncbridge.flows import book, gates, merging, orders, variants, vendor_orders
from syncbridge.flows.bridge import Bridge, day_began
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
from syncbridge.queue.execute import Done, Outcome, Park, Retry, Snooze, Write
from syncbridge.queue.job import Claim
from syncbridge.rules import purchasing
from syncbridge.rules.mapping import BuyMode, Route
from syncbridge.rules.merging import living, note
from syncbridge.store import cursors, holds, placed_orders, purchases, timeline
from syncbridge.store import merging as store

FRESH_LOOK_UPS = 2
"""So many spaced look-ups, each proven fresh, must find nothing before an account may send again by itself."""


async def place(bridge: Bridge, job: Claim) -> Outcome:
    """Buy what an order wants from one supplier."""
    purchase = await bridge.db.read(purchases.get, int(job.args["purchase"]))
    if purchase.merged_into is not None and purchase.state in (PurchaseState.SENT, PurchaseState.UNKNOWN):
        why = "it was sent together with another order of the buyer, whose purchase is being settled"
        return Snooze(bridge.clock.now() + bridge.terms.quarantine, "merged", why)
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
    if not living(await bridge.db.read(store.together, purchase)):
        return Done()  # it is being taken back, which reads what a payment under way has done
    if job.previous_claim_at is not None:
        settled = job.previous_claim_at + bridge.terms.quarantine
        if bridge.clock.now() < settled:
            return Snooze(settled, "settling", "an earlier payment may still be under way")
    order = await bridge.suppliers[purchase.supplier].order(job.args["vendor_order"])
    if order.state.is_paid:
        return Done(lambda session: vendor_orders.paid(session, bridge, purchase, order))
    if order.state is VendorOrderState.CANCELLED:
        return Done(lambda session: vendor_orders.note(session, bridge, purchase.supplier, [order]))
    if order.state is not VendorOrderState.UNPAID:
        return Park("vendor_state", f"the supplier gives order {order.vendor_order_id} a state we do not know")
    return await gates.before_paying(bridge, purchase, order) or await _pay(bridge, purchase, order)


async def _pay(bridge: Bridge, purchase: Purchase, order: PlacedOrder) -> Outcome:
    """Pay, and believe only what the supplier shows afterwards."""
    supplier = bridge.suppliers[purchase.supplier]
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
    return Done(lambda session: vendor_orders.paid(session, bridge, purchase, after))


async def poll(bridge: Bridge, job: Claim) -> Outcome:
    """Read which vendor orders changed: follow ours, adopt what was bought by hand, keep the rest in the ledger."""
    account = job.account
    since = await bridge.db.read(cursors.get, f"purchases:{account}")
    try:
        read = await read_to_end(bridge.suppliers[account].orders(since=since), since)
    except NotGranted:
        return Done(lambda session: gates.no_ledger(session, bridge, account))

    def write(session: Session) -> None:
        vendor_orders.note(session, bridge, account, read.items)
        for vendor_order_id, why in read.failures:
            subject = f"vendor order {account}/{vendor_order_id}"
            holds.open_hold(session, "vendor_order_unreadable", subject, {"why": why}, now=bridge.clock.now())
        cursors.put(session, f"purchases:{account}", read.cursor)
        gates.ledger_read(session, bridge, account, began=job.claimed_at)

    return Done(write)


async def follow(bridge: Bridge, job: Claim) -> Outcome:
    """Re-read one vendor order and its parcels, because a message mentioned it."""
    order = await bridge.suppliers[job.account].order(job.args["vendor_order"])
    return Done(lambda session: vendor_orders.note(session, bridge, job.account, [order], occasion=job.key))


async def waybill(bridge: Bridge, job: Claim) -> Outcome:
    """Read the domestic parcels of a vendor order the supplier has shipped, wholly or in part."""
    vendor_order_id = job.args["vendor_order"]
    parcels = await bridge.suppliers[job.account].shipments(vendor_order_id)
    return Done(lambda session: vendor_orders.shipped(session, bridge, job.account, vendor_order_id, parcels))


async def _buy(bridge: Bridge, purchase: Purchase) -> Outcome:
    stopped = await gates.before_buying(bridge, purchase)
    if stopped is not None:
        return stopped
    if await bridge.db.read(orders.is_bought_from_backup, bridge, purchase):
        halt = purchasing.Halt("bought_elsewhere", "a backup supplier shows an order for it that we did not know of")
        return await _elsewhere(bridge, purchase, halt.why, gates.halted(bridge, purchase, halt))
    gone = await bridge.db.read(variants.gone, purchase)
    if gone is not None:
        return await _elsewhere(bridge, purchase, gone.why, gates.halted(bridge, purchase, gone))
    route = bridge.route(purchase.route)
    if route.buy is BuyMode.BY_HAND:
        return _by_hand(bridge, purchase, f"route {route.name} buys by hand")
    stopped = await gates.supplier(bridge, purchase)
    if stopped is not None:
        return stopped
    batch = await merging.batch(bridge, purchase, route)
    match batch:
        case Snooze():
            return batch
        case merging.Batch(others, draft, quote):
            return await _send(bridge, purchase, draft, quote, others)
    return await _buy_alone(bridge, purchase, route)


async def _buy_alone(bridge: Bridge, purchase: Purchase, route: Route) -> Outcome:
    """Have it quoted; a clear no, or too dear a yes, goes to the backup."""
    supplier = bridge.suppliers[purchase.supplier]
    draft = PurchaseDraft(purchase.lines, purchase.relay, note=note([purchase]))
    try:
        quote = await supplier.preview(draft)
    except NotGranted:
        return _by_hand(bridge, purchase, "the account may not quote orders by API")
    except Rejected as error:
        return await _elsewhere(bridge, purchase, str(error), await gates.refused(bridge, purchase, error))
    if not quote.trade_types:
        return _by_hand(bridge, purchase, "the supplier cannot be ordered from by API")
    halted = await gates.price(bridge, purchase, route, quote)
    if halted is not None:
        return await _elsewhere(bridge, purchase, halted.why, halted)
    number = await book.label_number(bridge, purchase)
    if not isinstance(number, str):
        return number
    return await _send(bridge, purchase, replace(draft, note=note([purchase], number)), quote)


async def _send(
    bridge: Bridge, purchase: Purchase, draft: PurchaseDraft, quote: Quote, others: Sequence[Purchase] = ()
) -> Outcome:
    """Commit `sent`, then call; from here on only a clear answer or a look-up says what happened."""
    cap = bridge.terms.of(purchase.supplier).daily_cap
    assert cap is not None  # noqa: S101  the gate saw to it
    sent_at = bridge.clock.now()
    try:
        today = day_began(sent_at)
        if others:
            await bridge.db.run(merging.sent, purchase, quote, others, cap=cap, day_began=today, now=sent_at)
        else:
            await bridge.db.run(purchases.sent, purchase.id, quote, cap=cap, day_began=today, now=sent_at)
    except purchases.NotIntended as error:
        at = sent_at + merging.turn(purchase, others)
        return Snooze(at, "not_intended", str(error))  # the poll found it meanwhile: look again
    except purchases.NotWanted as error:  # the next reading of the order wakes it
        return Snooze(sent_at + bridge.terms.cool_off, "not_payable", str(error))
    except purchases.CapReached as error:
        return gates.halted(bridge, purchase, purchasing.Halt("cap", str(error)))
    final = PurchaseDraft(draft.lines, draft.address, draft.note, quote.flow, quote.trade_types[0])
    try:
        placement = await bridge.suppliers[purchase.supplier].place(final, key=purchase.key)
    except NotGranted:
        return _by_hand(bridge, purchase, "the account may not create orders by API")
    except OutcomeUnknown as error:
        until = sent_at + bridge.terms.quarantine
        return Snooze(until, "unknown", str(error), _moves(bridge, purchase, PurchaseState.UNKNOWN))
    except AccessExpired as error:
        return gates.paused(bridge, purchase.supplier, error, _moves(bridge, purchase, PurchaseState.INTENDED))
    except Transient as error:
        return gates.not_sent(bridge, error, _moves(bridge, purchase, PurchaseState.INTENDED))
    except Rejected as error:
        refused = Park(error.code, str(error), _moves(bridge, purchase, PurchaseState.REFUSED))
        return await _elsewhere(bridge, purchase, str(error), refused)
    return _answered(bridge, [purchase, *others], placement)


async def _elsewhere(bridge: Bridge, purchase: Purchase, why: str, otherwise: Outcome) -> Outcome:
    """Buy the same lines from the next backup, where the mapping files name one; else what was to happen here."""
    splits = await bridge.db.read(orders.reroute, bridge, purchase)
    if splits is None:
        return otherwise
    return Done(lambda session: orders.switch(session, bridge, purchase, splits, why))


def _by_hand(bridge: Bridge, purchase: Purchase, why: str) -> Outcome:
    return Done(lambda session: vendor_orders.by_hand(session, bridge, purchase, why))


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
    alive = alive or await bridge.db.read(placed_orders.unclaimed, purchase)  # the ledger may have shown it before
    if alive:
        return Done(lambda session: vendor_orders.adopted(session, bridge, purchase, alive))
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


def _answered(bridge: Bridge, together: Sequence[Purchase], placement: Placement) -> Outcome:
    def write(session: Session) -> None:
        vendor_orders.adopted(session, bridge, together[0], placement.orders)
        for refused, purchase in product(placement.refused, together):
            spec_id = refused.line.spec_id
            if len(together) == 1 or spec_id in {line.spec_id for line in purchase.lines}:
                subject = f"{purchase.subject} {spec_id}"
                holds.open_hold(session, holds.LINE_REFUSED, subject, {"why": refused.message}, now=bridge.clock.now())

    return Done(write)


def _moves(bridge: Bridge, purchase: Purchase, state: PurchaseState) -> Write:
    def write(session: Session) -> None:
        if purchases.move(session, purchase.id, state, when=[PurchaseState.SENT, PurchaseState.UNKNOWN]):
            for one in store.together(session, purchase):
                timeline.note(session, one.subject, f"purchase {state}", at=bridge.clock.now())

    return write
