"""When purchases will be declared, by what was measured on our own; a few statements, however many they are."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session

from syncbridge.model.catalog import Offer
from syncbridge.model.purchasing import Purchase, PurchaseLine
from syncbridge.rules.deadlines import Forecast, Lead, LeadTimes, Progress, dispatch_lead, forecast, route_lead
from syncbridge.store import catalogue, lead_times, parcels, placed_orders


@dataclass(frozen=True, slots=True)
class Outlook:
    """How far a purchase is, and what is expected of the rest of its way."""

    leads: tuple[Lead, Lead]
    """At the supplier, and on the route."""
    progress: Mapping[str, Progress]
    """Of its living vendor orders, by their ids."""
    is_announced: bool
    """Whether its international number is known, so that only the channel is to be told."""

    def forecast(self, start: datetime) -> Forecast:
        """When it will be declared, if nothing can happen before `start`."""
        return Forecast(start) if self.is_announced else forecast(self.leads, [*self.progress.values()], start=start)


@dataclass(frozen=True, slots=True)
class Measures:
    """What was measured, for some offers and routes."""

    offers: Mapping[tuple[str, str], Offer]
    """By supplier account and offer id."""
    known: LeadTimes

    def leads(self, supplier: str, route: str, lines: Collection[PurchaseLine]) -> tuple[Lead, Lead]:
        """At a supplier account that these lines are bought from, and on the route."""
        offers = {line.offer_id: self.offers.get((supplier, line.offer_id)) for line in lines}
        return dispatch_lead(supplier, offers, self.known), route_lead(route, self.known)


def of_purchases(session: Session, bought: Collection[Purchase]) -> dict[int, Outlook]:
    """How far these purchases are, and what to expect of them, by id."""
    progress = placed_orders.progress(session, {purchase.holder for purchase in bought})
    announced = parcels.announced(session, [purchase.id for purchase in bought])
    named: dict[str, set[str]] = {}
    for purchase in bought:
        named.setdefault(purchase.supplier, set()).update(line.offer_id for line in purchase.lines)
    measures = of_offers(session, named, {purchase.route for purchase in bought})
    return {
        purchase.id: Outlook(
            measures.leads(purchase.supplier, purchase.route, purchase.lines),
            progress.get(purchase.holder, {}),
            purchase.id in announced,
        )
        for purchase in bought
    }


def of_offers(session: Session, named: Mapping[str, Collection[str]], routes: Collection[str]) -> Measures:
    """What was measured of offers, named by supplier account, and of routes."""
    offers = catalogue.snapshots(session, named)
    return Measures(offers, lead_times.known(session, {*routes, *_names(named, offers)}))


def _names(named: Mapping[str, Collection[str]], offers: Mapping[tuple[str, str], Offer]) -> Iterator[str]:
    yield from (offer_id for ids in named.values() for offer_id in ids)
    yield from (offer.supplier_id for offer in offers.values())


def lead_time(session: Session, supplier: str, route: str, lines: Collection[PurchaseLine]) -> timedelta:
    """What is expected to pass from buying these lines to declaring them; two statements, as for a job's priority."""
    measures = of_offers(session, {supplier: {line.offer_id for line in lines}}, [route])
    dispatch, passing_on = measures.leads(supplier, route, lines)
    return dispatch.time + passing_on.time
