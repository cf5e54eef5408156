"""Several orders of one buyer become one purchase where the route says so; what cannot go along is bought alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session

from syncbridge.errors import NotGranted, Rejected, VendorError
from syncbridge.flows import gates, vendor_orders
from syncbridge.flows.bridge import Bridge, day_began, order_priority
from syncbridge.model.money import Money
from syncbridge.model.orders import Order
from syncbridge.model.purchasing import Purchase, PurchaseDraft, Quote
from syncbridge.queue import dead_letters
from syncbridge.queue.execute import Snooze
from syncbridge.rules import merging, purchasing
from syncbridge.rules.mapping import Route
from syncbridge.rules.routing import MOST_LINES
from syncbridge.store import catalogue, holds, orders, purchases, timeline
from syncbridge.store import merging as store
from syncbridge.store.tables.work import JobState

TURN = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class Batch:
    """What one call buys for several purchases."""

    others: tuple[Purchase, ...]
    """All but the one that is being sent."""
    draft: PurchaseDraft
    quote: Quote


async def batch(bridge: Bridge, purchase: Purchase, route: Route) -> Batch | Snooze | None:
    """What goes along with a purchase that may be sent now; None: it goes alone.

    It waits for orders of its buyer that still cool off, unless it would be late for that.
    """
    found = await bridge.db.read(_candidates, purchase) if route.merge else []
    mine = await _read(bridge, purchase) if found else None
    if mine is None:
        return None
    latest = order_priority(mine.ship_by, bridge.clock.now())
    others, waits = [], []
    for one in found:
        order = await _read(bridge, one)
        match gates.verdict(bridge, one, order) if order else None:
            case purchasing.Go() if await gates.supplier(bridge, one) is None:
                others.append(one)
            case purchasing.Wait(until=datetime() as until) if until <= latest:
                waits.append(until)
    if waits:
        return Snooze(max(waits), "cool_off", "another order of the buyer cools off; they are bought together")
    return await _quoted(bridge, purchase, others, route) if others else None


def are_running(session: Session, others: Sequence[Purchase]) -> bool:
    """Whether the job of one of these runs at this moment: it may just decide to buy it elsewhere."""
    jobs = [dead_letters.named(session, vendor_orders.place_key(one)) for one in others]
    return any(job is not None and job.state == JobState.RUNNING for job in jobs)


def _candidates(session: Session, purchase: Purchase) -> list[Purchase]:
    """Purchases from the same shop that nothing holds, as many as one vendor order takes."""
    chosen = [purchase]
    shops = _shops(session, purchase)
    if None in shops or _is_held(session, purchase):
        return []
    for one in store.alike(session, purchase):
        fits = len(chosen) < merging.MOST_PURCHASES and len(merging.lines([*chosen, one])) <= MOST_LINES
        if fits and _shops(session, one) == shops and not _is_held(session, one):
            chosen.append(one)
    return chosen[1:]


def _shops(session: Session, purchase: Purchase) -> set[str | None]:
    offers = catalogue.offers(session, purchase.supplier, {line.offer_id for line in purchase.lines})
    return {offer.supplier_id if offer else None for offer in offers.values()}


def _is_held(session: Session, purchase: Purchase) -> bool:
    place = dead_letters.named(session, vendor_orders.place_key(purchase))
    is_parked = place is not None and place.state == JobState.PARKED
    return is_parked or bool(holds.open_figures(session, [purchase.subject]))


def turn(purchase: Purchase, others: Sequence[Purchase]) -> timedelta:
    """Until it is looked again what goes along; the earliest first, so that jobs do not stay in each other's way."""
    return TURN * (1 + sum(other.id < purchase.id for other in others)) if others else timedelta()


def sent(
    session: Session,
    purchase: Purchase,
    quote: Quote,
    others: Sequence[Purchase],
    *,
    cap: Money,
    day_began: datetime,
    now: datetime,
) -> None:
    """Commit that one call goes out for all of them; raises as `purchases.sent` does."""
    if are_running(session, others):
        raise purchases.NotIntended("another order of the buyer is just being bought by itself")
    ids = [other.id for other in others]
    purchases.sent(session, purchase.id, quote, others=ids, cap=cap, day_began=day_began, now=now)
    for one in [purchase, *others]:
        timeline.note(session, one.subject, "sent with others of the buyer", at=now, mark=purchase.mark)


async def _read(bridge: Bridge, purchase: Purchase) -> Order | None:
    """Its channel order as it is now; None unless that is for the address we know."""
    try:
        order = await bridge.channels[purchase.store].order(purchase.order_id)
    except VendorError:  # its own job meets it too, and tells
        return None
    return order if orders.address_digest(order.address) == purchase.address_digest else None


async def _quoted(bridge: Bridge, purchase: Purchase, others: Sequence[Purchase], route: Route) -> Batch | None:
    """The quote for all of them; None if the supplier, the margin or the cap of the day is against it."""
    together = [purchase, *others]
    draft = PurchaseDraft(merging.lines(together), purchase.relay, note=merging.note(together))
    cap = bridge.terms.of(purchase.supplier).daily_cap
    assert cap is not None  # noqa: S101  the gate saw to it
    try:
        quote = await bridge.suppliers[purchase.supplier].preview(draft)
        today = day_began(bridge.clock.now())
        await bridge.db.read(purchases.check_cap, purchase.supplier, quote, cap=cap, day_began=today)
    except (NotGranted, Rejected, purchases.CapReached):
        return None
    if not quote.trade_types or await gates.price(bridge, purchase, route, quote, others) is not None:
        return None
    return Batch(tuple(others), draft, quote)
