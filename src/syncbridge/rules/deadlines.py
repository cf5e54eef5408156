"""When an order will be declared, and which deadlines will be missed while something can still be done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from syncbridge.model.catalog import Offer
from syncbridge.rules.dispatch import PROMISED
from syncbridge.rules.mapping import ShippingWay

NOTICE = timedelta(hours=6)
"""A person wants to know so long before it is too late."""
NEWEST = 20
"""So many of the last times count; a supplier may have changed."""
FEWEST = 5
"""Fewer times than that tell nothing."""
PERCENT = 80
"""So many of a hundred times were not longer than the one that is expected."""


class Basis(StrEnum):
    """What an expected time is taken from."""

    OFFER = "offer"
    """Our own purchases of the offer."""
    SHOP = "shop"
    """Our own purchases from the shop that has the offer."""
    PROMISED = "promised"
    """What the offer promises."""
    ROUTE = "route"
    """Our own parcels of the route."""
    NO_HISTORY = "no_history"
    """Nothing was bought there, and nothing is promised."""
    NO_PARCELS = "no_parcels"
    """Too few went by the route."""


@dataclass(frozen=True, slots=True)
class Lead:
    """A time that is expected to pass, and what it is taken from."""

    time: timedelta
    basis: Basis
    sample: int = 0
    """How many of our own purchases it is taken from."""


LeadTimes = Mapping[tuple[Basis, str, str], Lead]
"""What was measured: of offers and shops by supplier account and id, of routes by no account and their name."""
UNMEASURED: Mapping[ShippingWay, Lead] = {
    ShippingWay.FORWARDER: Lead(timedelta(hours=48), Basis.NO_PARCELS),
    ShippingWay.OFFICIAL: Lead(timedelta(hours=12), Basis.NO_PARCELS),
    ShippingWay.LABEL_FIRST: Lead(timedelta(hours=1), Basis.NO_PARCELS),
}
"""From shipped by the supplier to declared, while too few parcels went so: a forwarder has to receive the parcel first,
the platform gives a number for the supplier's waybill, and where the label comes first the number is there."""
UNKNOWN = (Lead(PROMISED, Basis.NO_HISTORY), UNMEASURED[ShippingWay.FORWARDER])
"""Of what nobody knows where to buy yet."""


def measured(times: Sequence[timedelta], basis: Basis) -> Lead | None:
    """What to expect by times that passed, the newest first: few are longer. None if they are too few to tell.

    It is one of them (nearest rank), so that a single parcel that lay for weeks moves nothing.
    """
    newest = sorted(times[:NEWEST])
    if len(newest) < FEWEST:
        return None
    return Lead(newest[-(-len(newest) * PERCENT // 100) - 1], basis, len(newest))


def dispatch_lead(account: str, offers: Mapping[str, Offer | None], known: LeadTimes) -> Lead:
    """From paid to shipped, for a purchase of these offers: that of the slowest; None is one that was never read."""
    each = [_of_offer(account, offer_id, offer, known) for offer_id, offer in offers.items()]
    return max(each, key=lambda lead: lead.time, default=UNKNOWN[0])


def route_lead(route: str, known: LeadTimes) -> Lead:
    """From shipped by the supplier to declared, by the route's name."""
    return known.get((Basis.ROUTE, "", route), UNMEASURED[ShippingWay.FORWARDER])


def _of_offer(account: str, offer_id: str, offer: Offer | None, known: LeadTimes) -> Lead:
    shop = offer.supplier_id if offer else ""
    lead = known.get((Basis.OFFER, account, offer_id)) or known.get((Basis.SHOP, account, shop))
    if lead is not None:
        return lead
    if offer is not None and offer.dispatch_hours:
        return Lead(timedelta(hours=offer.dispatch_hours), Basis.PROMISED)
    return UNKNOWN[0]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a vendor order is; times are None for what has not happened."""

    paid_at: datetime | None
    shipped_at: datetime | None
    urged_at: datetime | None = None
    """When its supplier was last asked to ship it."""

    @property
    def waits_to_be_shipped(self) -> bool:
        """Whether it is paid, and no more."""
        return self.paid_at is not None and self.shipped_at is None


@dataclass(frozen=True, slots=True)
class Forecast:
    """When an order will be declared, and what that is expected by."""

    declared_at: datetime
    ahead: tuple[Lead, ...] = ()
    """What has to pass still: at the supplier, then on the route; none where only the channel is to be told."""


def forecast(leads: tuple[Lead, Lead], progress: Sequence[Progress], *, start: datetime) -> Forecast:
    """When what is bought in these vendor orders will be declared, with the last of them; none: it is still to be sent.

    `leads` are those of the supplier and of the route. What should have happened is expected at `start`, the next
    moment at which anything can.
    """
    each = [_of_vendor_order(leads, one, start) for one in progress or (Progress(None, None),)]
    return max(each, key=lambda one: one.declared_at)


def _of_vendor_order(leads: tuple[Lead, Lead], progress: Progress, start: datetime) -> Forecast:
    dispatch, route = leads
    if progress.shipped_at is not None:
        return Forecast(max(start, progress.shipped_at + route.time), (route,))
    shipped_at = max(start, (progress.paid_at or start) + dispatch.time)
    return Forecast(shipped_at + route.time, leads)


def late(act_by: datetime | None, next_attempt: datetime | None, *, now: datetime) -> timedelta | None:
    """The time left to act on what will otherwise be late, negative if it is late already; None if nothing threatens.

    `act_by` is the ship-by time less what has to pass still. What is tried again by itself threatens to be late only if
    that comes after it; what waits for a person, once it is near.
    """
    if act_by is None:
        return None
    left = act_by - now
    in_time = next_attempt <= act_by if next_attempt else left > NOTICE
    return None if in_time and left > timedelta(0) else left
