"""What is looked at before money can leave: the order as it is now, the supplier, the price.

A halt carries its figures; it stops a purchase until a person repairs its cause or lets it pass at the figure shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlmodel import Session

from syncbridge.errors import AccessExpired, Outage, RateLimited, Rejected, Transient
from syncbridge.flows import rates, vendor_orders, withdraw
from syncbridge.flows.bridge import Bridge, order_subject
from syncbridge.model.catalog import Offer
from syncbridge.model.orders import Order, OrderState
from syncbridge.model.purchasing import PlacedOrder, Purchase, PurchaseLine, PurchaseState, Quote
from syncbridge.queue.execute import PAUSE, RATE_LIMIT_SECONDS, Done, Outcome, Park, Retry, Snooze, Write
from syncbridge.queue.job import waiting_for, wake_waiting
from syncbridge.rules import purchasing
from syncbridge.rules.costs import weighed
from syncbridge.rules.countries import iso
from syncbridge.rules.mapping import BuyMode, Route
from syncbridge.rules.merging import BOUGHT, cancelled
from syncbridge.rules.pricing import Parcel, margin
from syncbridge.rules.routing import route_for
from syncbridge.store import accounts, catalogue, holds, merging, orders, placed_orders, purchases, timeline

LEDGER = "ledger_unread"
"""The code under which purchases wait until their supplier's ledger was read after a start."""
LEDGER_WAIT = timedelta(minutes=5)
"""They look again by themselves after this; a reading that comes to its end wakes them at once."""


async def before_buying(bridge: Bridge, purchase: Purchase) -> Outcome | None:
    """The ledger read since the start, the channel order still wanting the goods, the supplier one we buy from."""
    if await bridge.db.read(ledger_unread, bridge, purchase.supplier):
        why = "the supplier's orders are read first, so that nothing is bought twice after a restored backup"
        return Snooze(bridge.clock.now() + LEDGER_WAIT, LEDGER, why)
    return await _order(bridge, purchase)


async def before_paying(bridge: Bridge, purchase: Purchase, order: PlacedOrder) -> Outcome | None:
    """The last look before money leaves: the order must still be wanted, and the price the one agreed to."""
    together = await bridge.db.read(merging.together, purchase)
    stopped = await (_order(bridge, purchase) if len(together) == 1 else _orders(bridge, purchase, together))
    if stopped is not None:
        return stopped
    total = order.total + await bridge.db.read(placed_orders.total_of_others, purchase.id, order)
    agreed = purchase.quote.total if purchase.quote else total
    if total > agreed:
        why = f"the supplier asks {total}, {agreed} was agreed to"
        return _unless_let_pass(bridge, purchase, purchasing.Halt("price_changed", why, str(total)))
    return None


async def price(
    bridge: Bridge, purchase: Purchase, route: Route, quote: Quote, others: Sequence[Purchase] = ()
) -> Park | None:
    """Enough must be left of what the channel pays out, and a route may ask a person each time.

    The quote is for the goods of `others` too.
    """
    together = (purchase, *others)
    payout = sum((one.payout for one in others), purchase.payout)
    parcel = await _parcel(bridge, together, route)
    known = await bridge.db.read(rates.current, bridge)
    left = margin(payout, quote.total, route.price, parcel, known.rules.rates)
    halt = purchasing.enough(left, max(route.price.minimum_margin, bridge.terms.margin_floor))
    stopped = _unless_let_pass(bridge, purchase, halt)
    if stopped is None and route.buy is BuyMode.CONFIRM:
        why = f"route {route.name} asks before it buys: {quote.total}, of which {quote.freight} freight"
        stopped = _unless_let_pass(bridge, purchase, purchasing.Halt("confirm", why, str(quote.total)))
    return stopped


async def _parcel(bridge: Bridge, together: Sequence[Purchase], route: Route) -> Parcel:
    """What goes abroad: the goods of purchases that one vendor order is for."""
    units = [await bridge.db.read(orders.units, one) for one in together]
    lines = [line for one in together for line in one.lines]
    weight = weighed(lines, await _offers(bridge, together[0].supplier, lines), route.listing.weight_g)
    address = await bridge.db.read(orders.address_of, together[0].store, together[0].order_id)
    return Parcel(sum(units), weight, route.listing.package_cm, iso(address.country) if address else "")


def halted(bridge: Bridge, purchase: Purchase, halt: purchasing.Halt) -> Park:
    """A guard stops it: a person sees the figures."""

    def write(session: Session) -> None:
        now = bridge.clock.now()
        figures = {"why": halt.why, "limit": halt.limit, "purchase": purchase.mark}
        holds.open_hold(session, halt.code, purchase.subject, figures, now=now)
        timeline.note(session, purchase.subject, f"held: {halt.code}", at=now, why=halt.why)

    return Park(halt.code, halt.why, write)


def paused(bridge: Bridge, account: str, error: AccessExpired, undo: Write | None = None) -> Outcome:
    """The account that must be authorised again rests, which need not be the one the job runs for."""

    def write(session: Session) -> None:
        accounts.pause(session, account, until=until, why=str(error))
        if undo is not None:
            undo(session)

    until = bridge.clock.now() + PAUSE
    return Snooze(until, error.code, str(error), write)


def not_sent(bridge: Bridge, error: Transient, undo: Write) -> Outcome:
    """The vendor clearly did nothing: the same intent is sent later."""
    if isinstance(error, RateLimited | Outage):
        wait = timedelta(seconds=error.retry_after or RATE_LIMIT_SECONDS)
        return Snooze(bridge.clock.now() + wait, error.code, str(error), undo)
    at = bridge.clock.now() + timedelta(seconds=error.retry_after) if error.retry_after else None
    return Retry(error.code, str(error), undo, at)


def ledger_unread(session: Session, bridge: Bridge, account: str) -> bool:
    """Whether the supplier's ledger may not yet show all that was bought before this start."""
    read_at = accounts.ledger_read_at(session, account)
    return read_at is None or read_at < bridge.ledger_from


def ledger_read(session: Session, bridge: Bridge, account: str, *, began: datetime) -> None:
    """A supplier's ledger was read to its end: what waited for that goes on."""
    accounts.ledger_read(session, account, at=began)
    wake_waiting(session, [LEDGER], account=account, now=bridge.clock.now())


def no_ledger(session: Session, bridge: Bridge, account: str) -> None:
    """A supplier whose orders we may not list is not bought from by API: nobody could look after a lost answer."""
    why = "the account may not list its orders by API, so a lost answer could never be looked up"
    for args in waiting_for(session, LEDGER, account):
        vendor_orders.by_hand(session, bridge, purchases.get(session, int(args["purchase"])), why)
    wake_waiting(session, [LEDGER], account=account, now=bridge.clock.now())


def order_changed(session: Session, bridge: Bridge, store: str, order: Order) -> None:
    """An order we buy for was read anew: what waited for it goes on, and what is not wanted any more is taken back."""
    if order.state in (OrderState.CANCELLED, OrderState.FINISHED):
        withdraw.begin(session, bridge, store, order)
    elif order.state.wants_goods:
        wake_waiting(
            session, purchasing.ORDER_CODES, subject=order_subject(store, order.order_id), now=bridge.clock.now()
        )


def verdict(bridge: Bridge, purchase: Purchase, order: Order) -> purchasing.Verdict:
    """Whether its channel order, as just read, lets a purchase go on."""
    now = bridge.clock.now()
    return purchasing.gate(
        order,
        live=bridge.terms.of(purchase.store).live,
        cap_set=bridge.terms.of(purchase.supplier).daily_cap is not None,
        buy_from=(order.paid_at or now) + bridge.terms.cool_off,
        now=now,
    )


async def _orders(bridge: Bridge, holder: Purchase, together: Sequence[Purchase]) -> Outcome | None:
    """Read each of the orders again that one vendor order is for; what stops one must not end it for the others."""
    wanted = [purchase for purchase in together if purchase.state in BOUGHT]
    for purchase in wanted:
        stopped = await _order(bridge, purchase)
        if stopped is not None:
            return stopped if len(wanted) == 1 else _look_again(bridge, stopped)
    return _unless_let_pass(bridge, holder, cancelled(together)) if wanted else Done()


def _look_again(bridge: Bridge, stopped: Outcome) -> Outcome:
    match stopped:
        case Done(write):
            why = "an order it was bought for does not want it any more"
            return Snooze(bridge.clock.now(), "merged_cancelled", why, write)
        case Park(code, why, write):
            return Snooze(bridge.clock.now() + bridge.terms.cool_off, code, why, write)
    return stopped


async def _order(bridge: Bridge, purchase: Purchase) -> Outcome | None:
    """Read the channel order again: only what is wanted now is bought."""
    try:
        order = await bridge.channels[purchase.store].order(purchase.order_id)
    except AccessExpired as error:
        return paused(bridge, purchase.store, error)
    now = bridge.clock.now()
    found = verdict(bridge, purchase, order)
    match found:
        case purchasing.Stop():
            return Done(lambda session: withdraw.begin(session, bridge, purchase.store, order))
        case purchasing.Wait(until, code, why):
            return Snooze(until or now + bridge.terms.cool_off, code, why)
        case purchasing.Halt():
            return halted(bridge, purchase, found)
    if not await bridge.db.read(orders.is_wanted, purchase.store, purchase.order_id):
        return Snooze(now + bridge.terms.cool_off, "not_payable", "another reading of the order, just made, differs")
    return _unless_let_pass(bridge, purchase, _moved(order, purchase) or _misrouted(bridge, order, purchase))


def _moved(order: Order, purchase: Purchase) -> purchasing.Halt | None:
    """The buyer lives elsewhere than when the purchase was sent; before that the new address is simply taken over."""
    digest = orders.address_digest(order.address)
    if purchase.state is PurchaseState.INTENDED or "" in (digest, purchase.address_digest):
        return None
    if digest == purchase.address_digest:
        return None
    why = "the buyer changed the address after the purchase; see that the forwarder gets the new one"
    return purchasing.Halt("address_changed", why, digest)


def _misrouted(bridge: Bridge, order: Order, purchase: Purchase) -> purchasing.Halt | None:
    """The buyer moved, before anything was sent, to a country whose orders take another way."""
    if purchase.state is not PurchaseState.INTENDED:
        return None
    lines = [line for line in order.lines if line.line_id in purchase.line_ids]
    routes = [route_for(line.sku_code, purchase.store, bridge.rules, order.destination) for line in lines]
    names = {route.name: route for route in routes if route is not None}
    by_country = [route for route in bridge.rules.routes if route.destinations]
    if not names or purchase.route in names or not any(r.name in {purchase.route, *names} for r in by_country):
        return None
    why = f"it was routed by {purchase.route}, and orders to {order.destination} take {', '.join(sorted(names))}"
    return purchasing.Halt("destination_changed", why, order.destination)


async def supplier(bridge: Bridge, purchase: Purchase) -> Outcome | None:
    """A supplier with the labels we ask for, as its offers were last read."""
    terms = bridge.terms.of(purchase.supplier)
    halt = purchasing.ineligible(await _offers(bridge, purchase.supplier, purchase.lines), terms.required_labels)
    if halt is not None and terms.without_labels == "by_hand":
        return Done(lambda session: vendor_orders.by_hand(session, bridge, purchase, halt.why))
    return _unless_let_pass(bridge, purchase, halt)


async def refused(bridge: Bridge, purchase: Purchase, error: Rejected) -> Park:
    """The supplier would not sell it so: with our own figures if it is the quantity."""
    offers = await _offers(bridge, purchase.supplier, purchase.lines)
    halt = purchasing.terms_problem(purchase.lines, offers)
    return Park(error.code, str(error)) if halt is None else halted(bridge, purchase, halt)


async def _offers(bridge: Bridge, supplier: str, lines: Sequence[PurchaseLine]) -> Mapping[str, Offer | None]:
    return await bridge.db.read(catalogue.offers, supplier, {line.offer_id for line in lines})


def _unless_let_pass(bridge: Bridge, purchase: Purchase, halt: purchasing.Halt | None) -> Park | None:
    if halt is None or purchasing.passes(halt, purchase.approvals):
        return None
    return halted(bridge, purchase, halt)
