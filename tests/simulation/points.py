"""Every named point of a day; some seed dies at each. `test_the_list_of_points_is_whole` keeps the list whole."""

from __future__ import annotations

from itertools import product

JOBS = (
    "book.parcel dispatch.check follow.poll fulfil.collect fulfil.declare import_.follow import_.page monitor.due "
    "monitor.replan offers.read orders.poll orders.take prices.push publish.confirm publish.post purchase.follow "
    "purchase.pay purchase.place purchase.poll purchase.waybill quiet.check reconcile.recent stock.push "
    "tokens.renew"
)
CALLS = (
    "carrier.shipments channel.book channel.booked channel.declare channel.declared channel.label channel.lines "
    "channel.listing channel.listings channel.order channel.orders channel.publish channel.set_prices "
    "channel.set_stock channel.shipping_services supplier.find supplier.follow supplier.offer supplier.offers "
    "supplier.order supplier.orders supplier.pay supplier.place supplier.preview supplier.shipments"
)
UNITS = (
    "accounts.claim_renewal accounts.clear_pauses accounts.replace_tokens accounts.seed_tokens alarms.forget_outages "
    "bookings.sent catalogue.sending catalogue.sent events.accept job.free_leases job.sweep monitor._plan "
    "purchases.sent quota.free_slots quota.lease_slots start.begin schedule.tick"
)


def _each(names: str, *moments: str) -> tuple[str, ...]:
    return tuple(f"{name}:{moment}" for name, moment in product(names.split(), moments))


POINTS = (
    *_each(JOBS, "claimed", "closing", "closed"),
    *_each(CALLS, "before", "answered"),
    *_each(UNITS, "begun", "committed"),
    "job.claim:begun",
)
"""Passed in every seed."""
SELDOM = (
    *_each(
        "alarms.tell audit.nightly decisions.adopt dispatch.urge domestic.check domestic.look monitor.forget "
        "reconcile.listing reconcile.stock reconcile.store stock.online tokens.calendar withdraw.order",
        "claimed",
        "closing",
        "closed",
    ),
    *_each(
        "channel.set_on_sale channel.track supplier.cancel supplier.refund supplier.refunds supplier.urge "
        "supplier.whereabouts",
        "before",
        "answered",
    ),
    *_each(
        "grants.ask_again grants.refuse job.renew listings.switching purchases.move quota.ban_calls start.beat",
        "begun",
        "committed",
    ),
    "job.claim:committed",
)
"""Passed in some."""
